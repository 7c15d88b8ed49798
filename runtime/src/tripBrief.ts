// What a language model is told of runs and trips that it asks for: the latest of them, each trip in short. Pure; knows
// neither where trips are kept nor who asks.

import type { Trip } from './protocol/index.ts';

const USUAL = 10;
const MOST = 50;

/** The last of a list, as many as were asked for; anything but a number asks for ten. */
export const latest = <T>(list: readonly T[], limit: unknown): T[] =>
  list.slice(-(typeof limit === 'number' ? Math.max(1, Math.min(MOST, limit)) : USUAL));

/** A trip without the calls that matched; `pathOf` words the file of its place. */
export const inBrief = (trip: Trip, pathOf: (file: string) => string = file => file) => {
  const { run, app, time, reason, guard, message, evidence, place } = trip;
  return {
    run,
    app,
    time: new Date(time).toISOString(),
    reason,
    guard,
    message,
    pattern: evidence.pattern,
    limit: evidence.limit,
    observed: evidence.observed,
    place: place && `${pathOf(place.file)}:${place.line}`,
  };
};
