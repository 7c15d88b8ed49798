// Effect: how often a program runs under `retry`, `repeat` and the schedules. Run against the installed packages.
import { Effect, Schedule } from 'effect';
import { Effect as Effect3, Schedule as Schedule3 } from 'effect-3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { skipWaits } from './count.ts';

// A backoff without an end doubles a wait that is skipped: its numbers stay small for this many runs.
const CALLS = 20;
let calls = 0;
beforeEach(() => {
  calls = 0;
  skipWaits();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

async function count(run: () => Promise<unknown>): Promise<number | 'no end'> {
  await run().catch((error: unknown) => {
    if (!/busy|runaway/.test(String(error))) throw error;
  });
  return calls >= CALLS ? 'no end' : calls;
}

const busy = async () => {
  if (++calls < CALLS) throw new Error('busy');
};
const fine = () => {
  if (++calls >= CALLS) throw new Error('runaway');
};

describe('effect 4', () => {
  const asking = Effect.tryPromise({ try: busy, catch: error => error });
  const steady = Effect.sync(fine);
  const patient = Schedule.spaced('1 millis');
  test.each([
    ['{}', () => asking.pipe(Effect.retry({})), 'no end'],
    ['times', () => asking.pipe(Effect.retry({ times: 2 })), 3],
    ['times: 0', () => asking.pipe(Effect.retry({ times: 0 })), 1],
    ['times: Infinity', () => asking.pipe(Effect.retry({ times: Infinity })), 'no end'],
    ['the program first', () => Effect.retry(asking, { times: 2 }), 3],
    ['recurs', () => asking.pipe(Effect.retry(Schedule.recurs(2))), 3],
    ['forever', () => asking.pipe(Effect.retry(Schedule.forever)), 'no end'],
    ['exponential', () => asking.pipe(Effect.retry(Schedule.exponential('1 millis'))), 'no end'],
    ['spaced', () => asking.pipe(Effect.retry(patient)), 'no end'],
    ['a schedule and times', () => asking.pipe(Effect.retry({ schedule: patient, times: 3 })), 4],
    ['upTo', () => asking.pipe(Effect.retry(patient.pipe(Schedule.upTo({ times: 3 })))), 4],
    ['max', () => asking.pipe(Effect.retry(Schedule.max([patient, Schedule.recurs(3)]))), 4],
    ['min', () => asking.pipe(Effect.retry(Schedule.min([patient, Schedule.recurs(3)]))), 'no end'],
    ['jittered', () => asking.pipe(Effect.retry(Schedule.recurs(3).pipe(Schedule.jittered))), 4],
    ['eventually', () => Effect.eventually(asking), 'no end'],
    ['repeat with times', () => steady.pipe(Effect.repeat({ times: 3 })), 4],
    ['repeat with forever', () => steady.pipe(Effect.repeat(Schedule.forever)), 'no end'],
    ['forever of a program', () => Effect.forever(steady), 'no end'],
  ] as [string, () => Effect.Effect<unknown, unknown>, number | 'no end'][])('%s', async (_name, program, expected) => {
    expect(await count(() => Effect.runPromise(program()))).toBe(expected);
  });

  test('a retry without a policy is refused', () => {
    expect(() => Effect.runSync(asking.pipe((Effect.retry as () => never)()))).toThrow(TypeError);
  });
});

describe('effect 3', () => {
  const asking = Effect3.tryPromise({ try: busy, catch: error => error });
  const steady = Effect3.sync(fine);
  const patient = Schedule3.spaced('1 millis');
  test.each([
    ['{}', () => asking.pipe(Effect3.retry({})), 'no end'],
    ['times', () => asking.pipe(Effect3.retry({ times: 2 })), 3],
    ['times: 0', () => asking.pipe(Effect3.retry({ times: 0 })), 1],
    ['times: Infinity', () => asking.pipe(Effect3.retry({ times: Infinity })), 'no end'],
    ['recurs', () => asking.pipe(Effect3.retry(Schedule3.recurs(2))), 3],
    ['forever', () => asking.pipe(Effect3.retry(Schedule3.forever)), 'no end'],
    ['exponential', () => asking.pipe(Effect3.retry(Schedule3.exponential('1 millis'))), 'no end'],
    ['intersect', () => asking.pipe(Effect3.retry(patient.pipe(Schedule3.intersect(Schedule3.recurs(3))))), 4],
    ['compose', () => asking.pipe(Effect3.retry(patient.pipe(Schedule3.compose(Schedule3.recurs(3))))), 4],
    ['union', () => asking.pipe(Effect3.retry(patient.pipe(Schedule3.union(Schedule3.recurs(3))))), 'no end'],
    ['repeat with recurs', () => steady.pipe(Effect3.repeat(Schedule3.recurs(3))), 4],
    ['forever of a program', () => Effect3.forever(steady), 'no end'],
  ] as [string, () => Effect3.Effect<unknown, unknown>, number | 'no end'][])(
    '%s',
    async (_name, program, expected) => {
      expect(await count(() => Effect3.runPromise(program()))).toBe(expected);
    },
  );
});
