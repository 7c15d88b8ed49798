// A trip: the guard stopped something. What it says, what it saw, and where in the user's code it happened.
// Plain JSON; knows nothing of how it was detected or sent.

/** Every reason for which a guard trips. Typed errors narrow by it. */
export const TRIP_REASONS = [
  'loop',
  'budget',
  'context',
  'step',
  'route',
  'state',
  'delegation',
  'toolStorm',
  'reassignment',
  'drift',
  'velocity',
  'cap',
  'kill',
] as const;

/** Why a guard tripped. */
export type TripReason = (typeof TRIP_REASONS)[number];

/** What `limit` and `observed` of an evidence count. */
export const UNITS = ['calls', 'tokens', 'usd', 'repeats', 'ratio', 'milliseconds'] as const;

/** What `limit` and `observed` of an evidence count. */
export type Unit = (typeof UNITS)[number];

/** A position in source code. Lines and columns are 1-based, `file` is an absolute path. */
export type Place = {
  file: string;
  line: number;
  column: number;
  /** Name of the function, where the stack knows it. */
  function?: string;
};

/** One of the calls that made up a loop. Never raw arguments unless the user opted in. */
export type MatchedCall = {
  /** Tool, model or step. */
  name: string;
  /** Keyed digest of the canonical arguments: equal calls have equal digests within one project. */
  digest: string;
  /** Characters of the canonical arguments. */
  length: number;
  /** Keyed digest of the volatile-stripped result, if there was one. */
  resultDigest?: string;
  /** Name of the error, if the call failed. */
  error?: string;
  /** Start of the call, milliseconds since the epoch. */
  time?: number;
  /** Canonical arguments, cut; only with `recordArguments: true`. */
  args?: string;
};

/** How often a named thing was seen. */
export type Count = { name: string; count: number };

/** What a trip is based on. Which fields are present depends on the reason. */
export type Evidence = {
  /** The configured limit that was reached. */
  limit?: number;
  /** What was observed against it. */
  observed?: number;
  unit?: Unit;
  /** Length of the cycle in calls (`loop`). */
  period?: number;
  /** How often the cycle was seen, the stopped one included (`loop`). */
  repeats?: number;
  /** Which rung of the detector saw it: `cycle`, `interleaved`, `sameError`, `stagnation`, `sweep`, `duplicate`. */
  rung?: string;
  /** Names of the calls of one cycle, in order. */
  pattern?: string[];
  /** The calls that matched, oldest first. */
  calls?: MatchedCall[];
  /** Steps, pairs or fields with their counts. */
  counts?: Count[];
  /** The last routes, oldest first (`route`). */
  routes?: string[];
  /** The step, route, field, pair or tool that reached the limit. */
  subject?: string;
  /** When the breaker lets a probe through, milliseconds since the epoch. */
  retryAt?: number;
};

/** A trip as it is journalled, sent and shown. At-least-once on the wire: receivers drop known ids. */
export type Trip = {
  /** Unique, `[A-Za-z0-9_-]{8,64}`. */
  id: string;
  runId: string;
  /** Name of the run, so that a trip replayed after a restart still has one. */
  run: string;
  app: string;
  pid: number;
  /** Milliseconds since the epoch. */
  time: number;
  reason: TripReason;
  /** Label of the guard that tripped. */
  guard: string;
  /** One or two sentences for people. */
  message: string;
  evidence: Evidence;
  /** Where in the user's code; absent if the stack shows only libraries. */
  place?: Place;
  /** The call was recorded, not stopped (monitoring mode). */
  monitored?: boolean;
  user?: string;
  feature?: string;
};
