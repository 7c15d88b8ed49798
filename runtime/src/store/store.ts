// What a guard keeps over processes: its last trip and the window of calls before it, as keyed digests.

import type { MatchedCall, Trip } from '../protocol/trip.ts';

/** What is kept for one guard. */
export type StoredGuard = {
  trip: Trip;
  /** Milliseconds since the epoch at which it no longer holds. */
  until: number;
  /** The last calls, oldest first; never raw arguments. */
  window: MatchedCall[];
};

/**
 * Keeps trips over processes. Synchronous, since a trip must be on disk before it is thrown. What `load` throws stops the
 * call; `save` had better not throw, since that would be thrown in place of the trip.
 */
export type GuardStore = {
  /** What was kept under the label; undefined if nothing was. */
  load(label: string): StoredGuard | undefined;
  save(label: string, state: StoredGuard): void;
  clear(label: string): void;
};
