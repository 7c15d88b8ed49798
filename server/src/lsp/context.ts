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
}

/** Checks a home as it is now, telling the client that work is going on. */
export async function checkHome(context: Context, home: Home, token?: CancellationToken): Promise<Check> {
  if (!home.session.stale && home.session.latest) return home.session.latest;
  const done = context.status.begin();
  try {
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
