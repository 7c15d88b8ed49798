// Decides about an HTTP request before anything is upgraded or served: Host, Origin, path, token. Pure; never throws.
// A browser page of a foreign origin, a rebound host name and a process without the token all end here.

import { SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from '../protocol/limits.ts';
import { sameToken } from './token.ts';

/** What a token lets its holder be. The role comes from the token, never from what a client says. */
export type Capability = 'agent' | 'viewer' | 'controller';

/** The parts of a request that decide. `headers` are raw: duplicates are still there. */
export type Request = { method: string; url: string; headers: readonly string[] };

/** What the hub knows about itself. */
export type Gate = {
  port: number;
  /** Finds the capability of a token; must take the same time for every unknown token. */
  capability(token: string): Capability | undefined;
};

/** In, or out with a status and a reason that names no secret. */
export type Admission = { ok: true; capability: Capability } | { ok: false; status: number; reason: string };

const refuse = (status: number, reason: string): Admission => ({ ok: false, status, reason });

/** All values of a header, by lower-case name. */
export const headerValues = (headers: readonly string[], name: string): string[] => {
  const values: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (headers[index]!.toLowerCase() === name) values.push(headers[index + 1]!);
  }
  return values;
};

/** Whether the request names exactly this server, so that a rebound host name finds nothing. */
export const hostIsOurs = (headers: readonly string[], port: number): boolean => {
  const hosts = headerValues(headers, 'host');
  return hosts.length === 1 && hosts[0] === `127.0.0.1:${port}`;
};

/** The origin of the page that the hub itself serves. */
export const pageOrigin = (port: number): string => `http://127.0.0.1:${port}`;

/** Whether an upgrade request may become a websocket, and as what. */
export const admit = (request: Request, gate: Gate): Admission => {
  const { headers } = request;
  if (request.method !== 'GET') return refuse(400, 'method');
  if (request.url !== '/') return refuse(400, 'path');
  if (!hostIsOurs(headers, gate.port)) return refuse(403, 'host');
  const origins = headerValues(headers, 'origin');
  if (origins.length > 1) return refuse(400, 'origin');
  const origin = origins[0];
  if (origin !== undefined && origin !== pageOrigin(gate.port)) return refuse(403, 'origin');
  const protocols = headerValues(headers, 'sec-websocket-protocol')
    .join(',')
    .split(',')
    .map(protocol => protocol.trim())
    .filter(protocol => protocol !== '');
  if (protocols.length > 8) return refuse(400, 'protocols');
  const tokens = protocols
    .filter(protocol => protocol.startsWith(TOKEN_SUBPROTOCOL_PREFIX))
    .map(protocol => protocol.slice(TOKEN_SUBPROTOCOL_PREFIX.length));
  for (const value of headerValues(headers, 'authorization')) {
    const bearer = /^Bearer ([\w-]{1,128})$/.exec(value);
    if (!bearer) return refuse(400, 'authorization');
    tokens.push(bearer[1]!);
  }
  if (tokens.length === 0) return refuse(401, 'no token');
  if (tokens.length > 1) return refuse(400, 'tokens');
  if (protocols.length > 0 && !protocols.includes(SUBPROTOCOL)) return refuse(400, 'protocol');
  const capability = gate.capability(tokens[0]!);
  if (capability === undefined) return refuse(401, 'token');
  // Browsers only ever get in as viewers, and viewers with an Origin only from the hub's own page.
  if (origin !== undefined && capability === 'agent') return refuse(403, 'origin');
  return { ok: true, capability };
};

/** A table of tokens. Looks at all of them, whichever matches. */
export class Keyring {
  readonly #keys: { token: string; capability: Capability }[] = [];
  readonly #limit: number;

  constructor(limit = 64) {
    this.#limit = limit;
  }

  /** Adds a token; beyond the limit the oldest after the first three go. */
  add(token: string, capability: Capability): void {
    this.#keys.push({ token, capability });
    if (this.#keys.length > this.#limit) this.#keys.splice(3, 1);
  }

  capability(given: string): Capability | undefined {
    let found: Capability | undefined;
    for (const key of this.#keys) if (sameToken(given, key.token)) found = key.capability;
    return found;
  }
}
