// Makes a trip: id, run, place, journal, watchers. Says nothing about whether it is thrown.

import { randomUUID } from 'node:crypto';
import { emitTrip } from './emit/channel.ts';
import { appName } from './emit/outbox.ts';
import { shared } from './emit/shared.ts';
import { placeOf } from './place.ts';
import type { Evidence, Place, Trip, TripReason } from './protocol/trip.ts';
import type { Run } from './run.ts';

/** What is known where something trips. */
export type TripFacts = {
  reason: TripReason;
  /** Label of the guard. */
  guard: string;
  message: string;
  evidence: Evidence;
  run: Run;
  /** Time of the guard's clock. */
  time: number;
  /** The function under which the user's code is; what it called is left out of the place. */
  above?: ((...args: never[]) => unknown) | undefined;
  /** Where the guard was made, for when the stack shows only libraries. */
  made?: Place | undefined;
  monitored?: boolean;
  /** For whom and what, where it is not the run that knows. */
  user?: string;
  feature?: string;
};

/** Makes, journals and sends a trip. */
export const makeTrip = (facts: TripFacts): Trip => {
  const { run } = facts;
  const { user = run.user, feature = run.feature } = facts;
  const place = placeOf(facts.above) ?? facts.made;
  const trip: Trip = {
    id: randomUUID(),
    runId: run.id,
    run: run.name,
    app: appName(),
    pid: process.pid,
    time: facts.time,
    reason: facts.reason,
    guard: facts.guard,
    message: facts.message,
    evidence: facts.evidence,
  };
  if (place) trip.place = place;
  if (facts.monitored) trip.monitored = true;
  else run.tripped = true;
  if (user !== undefined) trip.user = user;
  if (feature !== undefined) trip.feature = feature;
  if (shared.active) run.announce();
  emitTrip(trip);
  return trip;
};
