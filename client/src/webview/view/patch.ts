// The difference between two models, small enough to send ten times a second, and its application.
// Relies on the fold keeping the identity of what it did not touch. Pure; knows neither the DOM nor vscode.

import type { Model } from '../../../../runtime/src/protocol/index.ts';
import type { Patch } from './messages.ts';

/** What turns `before` into `after`; without `before`, everything. */
export const diff = (before: Model | undefined, after: Model): Patch => {
  if (!before)
    return { ...after, reset: true, runIds: after.runs.map(run => run.runId), tripCount: after.trips.length };
  const known = new Map(before.runs.map(run => [run.runId, run]));
  const sameRuns =
    before.runs.length === after.runs.length &&
    before.runs.every((run, index) => run.runId === after.runs[index]?.runId);
  const patch: Patch = {
    reset: false,
    runs: before.runs === after.runs ? [] : after.runs.filter(run => known.get(run.runId) !== run),
    trips: newTrips(before, after),
    tripCount: after.trips.length,
    totals: after.totals,
  };
  if (!sameRuns) patch.runIds = after.runs.map(run => run.runId);
  if (before.agents !== after.agents) patch.agents = after.agents;
  if (before.apps !== after.apps) patch.apps = after.apps;
  if (before.users !== after.users) patch.users = after.users;
  if (before.features !== after.features) patch.features = after.features;
  return patch;
};

// Trips are only ever appended, and dropped at the front.
const newTrips = (before: Model, after: Model): Model['trips'] => {
  if (before.trips === after.trips) return [];
  const last = before.trips.at(-1);
  return last ? after.trips.slice(after.trips.findLastIndex(trip => trip.id === last.id) + 1) : after.trips;
};

/** `model` with `patch` applied. Runs and trips that the patch does not name keep their identity. */
export const merge = (model: Model, patch: Patch): Model => {
  const runs = new Map((patch.reset ? [] : model.runs).map(run => [run.runId, run]));
  for (const run of patch.runs) runs.set(run.runId, run);
  const ids = patch.runIds ?? [...runs.keys()];
  const trips = patch.reset ? patch.trips : [...model.trips, ...patch.trips];
  return {
    agents: patch.agents ?? model.agents,
    runs: ids.flatMap(id => runs.get(id) ?? []),
    trips: trips.slice(trips.length - patch.tripCount),
    apps: patch.apps ?? model.apps,
    users: patch.users ?? model.users,
    features: patch.features ?? model.features,
    totals: patch.totals,
  };
};
