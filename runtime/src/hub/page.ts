// Serves a live page on the hub's port. The page itself is public and holds no data; data comes by the viewer socket.
// A one-time ticket in the URL's fragment (which browsers never send) is exchanged for a session token; there is no
// cookie, since cookies of 127.0.0.1 go to every port, and so nothing is sent along with a request that a page forges.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Capability, headerValues, hostIsOurs, pageOrigin } from './admit.ts';
import { makeToken, sameToken } from './token.ts';

/** A file of the page. */
export type PageAsset = { type: string; body: string | Uint8Array };

/** What to serve. */
export type PageOptions = {
  /** By path, `/` is the page itself. Nothing else is served. */
  assets: Readonly<Record<string, PageAsset>>;
  /** Whether people at the page may reset, stop and raise. Default false. */
  control?: boolean;
  /** Called after a ticket was used, e.g. to print a fresh link. */
  onOpened?: () => void;
};

/** The served page. */
export type Page = {
  /** A fresh link, good for opening the page once; reloads of that tab go on working. */
  link(): string;
};

/** Path to which the page posts its ticket, as `text/plain`, to get `{ "token": ... }`. */
export const SESSION_PATH = '/session';

const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const MAX_TICKETS = 16;

/** Answers the requests for the page; `grant` makes a session token. */
export const servePage = (
  options: PageOptions,
  port: number,
  grant: (capability: Capability) => string,
): { page: Page; handle(request: IncomingMessage, response: ServerResponse): void } => {
  const assets = new Map(Object.entries(options.assets));
  const tickets: string[] = [];

  const answer = (response: ServerResponse, status: number, type: string, body: string | Uint8Array = ''): void => {
    response
      .writeHead(status, {
        'content-type': type,
        'content-length': Buffer.byteLength(body),
        'content-security-policy': CSP.replace("connect-src 'self'", `connect-src 'self' ws://127.0.0.1:${port}`),
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
      })
      .end(response.req.method === 'HEAD' ? undefined : body);
  };

  const session = (request: IncomingMessage, response: ServerResponse): void => {
    const origins = headerValues(request.rawHeaders, 'origin');
    if (origins.length !== 1 || origins[0] !== pageOrigin(port)) {
      answer(response, 403, 'text/plain');
      return;
    }
    let body = '';
    request.setEncoding('utf8');
    request.on('error', () => request.destroy());
    request.on('data', (chunk: string) => {
      body += chunk;
      if (body.length > 256) {
        answer(response, 413, 'text/plain');
        request.destroy();
      }
    });
    request.on('end', () => {
      if (response.writableEnded) return;
      let found = -1;
      for (const [index, ticket] of tickets.entries()) if (sameToken(body, ticket)) found = index;
      if (found < 0) {
        answer(response, 401, 'text/plain');
        return;
      }
      tickets.splice(found, 1);
      answer(
        response,
        200,
        'application/json',
        JSON.stringify({ token: grant(options.control ? 'controller' : 'viewer') }),
      );
      options.onOpened?.();
    });
  };

  return {
    page: {
      link() {
        const ticket = makeToken();
        tickets.push(ticket);
        if (tickets.length > MAX_TICKETS) tickets.shift();
        return `${pageOrigin(port)}/#${ticket}`;
      },
    },
    handle(request, response) {
      if (!hostIsOurs(request.rawHeaders, port)) return answer(response, 403, 'text/plain');
      const path = request.url ?? '';
      if (request.method === 'POST' && path === SESSION_PATH) return session(request, response);
      if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'text/plain');
      const asset = assets.get(path);
      if (asset) answer(response, 200, asset.type, asset.body);
      else answer(response, 404, 'text/plain');
    },
  };
};
