// What every feature of the server works with: the connection, the sessions, the client's abilities, and one way to
// run a request that never fails.
import {
  type CancellationToken,
  type ClientCapabilities,
  type Connection,
  LSPErrorCodes,
  ResponseError,
} from 'vscode-languageserver/node';
import type { Check } from '../engine/check.ts';
import type { RuleInfo } from '../engine/engine.ts';
import { Cancelled } from '../program/cancelled.ts';
import type { Log } from '../workspace/log.ts';
import type { Home, Homes } from './homes.ts';
import type { Recorded } from './recorded.ts';
import type { Seen } from './seen.ts';
import type { Settings } from './settings.ts';
import type { Status } from './status.ts';

export interface Context {
  readonly connection: Connection;
  readonly homes: Homes;
  readonly client: ClientCapabilities;
  readonly settings: Settings;
  readonly status: Status;
  readonly seen: Seen;
  readonly recorded: Recorded;
  readonly log: Log;
  readonly rules: readonly RuleInfo[];
  /** Version of an open document; null for one that is not open. */
  versionOf(uri: string): number | null;
  /** The text of an open document. */
  textOf(uri: string): string | undefined;
  openUris(): readonly string[];
}

/** Whether a client asks again when told to: then a first answer may be an early one. */
export const canRefresh = ({ textDocument, workspace }: ClientCapabilities): boolean =>
  textDocument?.diagnostic !== undefined && workspace?.diagnostics?.refreshSupport === true;

/** Open files that are answered before the first check of their folder. */
const first = 4;

/** What an open file shows by itself, with what it imports, as long as its folder was never checked. */
export async function glanceAt(context: Context, home: Home, uri: string): Promise<Check | undefined> {
  const path = home.pathOf(uri);
  const text = context.textOf(uri);
  if (!canRefresh(context.client) || !home.isFolder || home.session.latest || path === undefined || text === undefined)
    return undefined;
  return home.glance(path, text);
}

/**
 * The first check of a large folder takes a while, and the whole processor with it: open files get their answer first.
 * What fails here fails again, and is told, where the file is asked for.
 */
async function openFilesFirst(context: Context, home: Home): Promise<void> {
  if (home.session.latest) return;
  const own = context.openUris().filter(uri => context.homes.of(uri) === home);
  await Promise.allSettled(
    own.slice(0, first).flatMap(uri => [glanceAt(context, home, uri), context.settings.of(uri)]),
  );
}

/** Checks a home as it is now, telling the client that work is going on. */
export async function checkHome(context: Context, home: Home, token?: CancellationToken): Promise<Check> {
  if (!home.session.stale && home.session.latest) return home.session.latest;
  const done = context.status.begin();
  try {
    await openFilesFirst(context, home);
    return await home.session.check({ cancelled: () => token?.isCancellationRequested ?? false });
  } finally {
    done();
  }
}

/**
 * Runs a request's work. What nobody wants any more is answered as cancelled; a bug of ours is logged with the request's
 * name and answered with `empty`.
 */
export async function answer<T>(
  context: Pick<Context, 'log'>,
  request: string,
  empty: T,
  work: () => Promise<T> | T,
): Promise<T | ResponseError<void>> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Cancelled) return new ResponseError(LSPErrorCodes.RequestCancelled, 'cancelled');
    context.log.error(`${request} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return empty;
  }
}
