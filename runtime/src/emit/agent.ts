// What a connection does with this process: its unacknowledged trips, and what controls do to it.
// Part of the lazily loaded connection; knows nothing of sockets.

import type { ControlAction } from '../protocol/message.ts';
import type { Trip } from '../protocol/trip.ts';
import { removeTrip } from '../tripFile.ts';
import { readTrips } from '../tripReader.ts';
import { complain } from './complain.ts';
import type { Outbox } from './outbox.ts';
import { shared } from './shared.ts';

/** Takes what earlier processes journalled in. */
export const takeJournal = ({ stateDir, trips }: Outbox): void => {
  if (stateDir === undefined) return;
  for (const trip of readTrips(stateDir)) trips.set(trip.id, trip);
};

/** Trips that no hub has acknowledged, oldest first. */
export const unacknowledged = ({ trips }: Outbox): Trip[] => [...trips.values()].sort((a, b) => a.time - b.time);

/** A hub has these trips: they are forgotten here. */
export const acknowledge = ({ stateDir, trips }: Outbox, ids: readonly string[]): void => {
  for (const id of ids) {
    const trip = trips.get(id);
    if (!trip) continue;
    trips.delete(id);
    if (stateDir === undefined) continue;
    try {
      removeTrip(stateDir, trip);
    } catch (error) {
      complain(`cannot clear the journal: ${String(error)}`);
    }
  }
};

/** Does what a panel asks; gives why not, or undefined if it was done. */
export const control = (action: ControlAction): string | undefined => {
  if (action.do === 'stopRun') {
    const run = shared.runs.get(action.runId);
    if (!run) return 'The run is not active.';
    run.stop('It was stopped from the panel.');
    return undefined;
  }
  const label = action.do === 'resetBreaker' ? action.breaker : action.guard;
  let done = 0;
  for (const ref of shared.guards.get(label) ?? []) {
    const guard = ref.deref();
    if (!guard) continue;
    if (action.do === 'resetBreaker') guard.reset();
    else if (!guard.raise(action.by)) continue;
    done++;
  }
  return done > 0 ? undefined : `There is no such guard: ${label}`;
};
