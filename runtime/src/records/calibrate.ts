// Calibration: thresholds that runs which went well suggest.

import { type Policy, SIGNALS, type Signal } from './policy.ts';
import type { RunRecord } from './store.ts';

/** A threshold that good runs suggest: from twice to three times their 95th percentile. */
export type Proposal = { signal: string; p95: number; from: number; to: number; runs: number };

/** Fewer good runs say nothing. */
export const MIN_RUNS = 10;

/** What a run had of each signal. */
export const signalsOf = (run: RunRecord): Record<string, number> => ({
  ...run.observed,
  modelCalls: run.modelCalls,
  tokens: run.tokens,
  usd: run.usd,
  elapsedSeconds: run.elapsedSeconds,
});

/**
 * Thresholds for the signals of good runs: their 95th percentile times 2 to 3. Wants 10 to 20 runs that went well; with
 * fewer it throws `RangeError`, since a percentile of nothing protects nobody.
 */
export const calibrate = (runs: readonly RunRecord[]): Proposal[] => {
  const good = runs.filter(run => run.status === 'ok');
  if (good.length < MIN_RUNS) {
    throw new RangeError(`calibration needs ${MIN_RUNS} good runs, there are ${good.length} of ${runs.length}`);
  }
  const signals = new Map<string, number[]>();
  for (const run of good) {
    for (const [signal, value] of Object.entries(signalsOf(run))) {
      const values = signals.get(signal);
      if (values) values.push(value);
      else signals.set(signal, [value]);
    }
  }
  return [...signals].map(([signal, values]) => {
    values.sort((a, b) => a - b);
    const p95 = values[Math.ceil(values.length * 0.95) - 1]!;
    return { signal, p95, from: p95 * 2, to: p95 * 3, runs: values.length };
  });
};

/**
 * A policy of the proposals, at `factor` times the 95th percentile (2 to 3), and no limit below the guard's default. What no
 * policy limits is left out.
 */
export const policyFrom = (proposals: readonly Proposal[], factor = 3): Policy => {
  if (!(factor >= 2 && factor <= 3)) throw new RangeError(`the factor must be from 2 to 3, not ${factor}`);
  const limits: Policy['limits'] = {};
  for (const { signal, p95 } of proposals) {
    if (!Object.hasOwn(SIGNALS, signal)) continue;
    const { least = 0 } = SIGNALS[signal as Signal] as { least?: number };
    const limit = Math.max(least, p95 * factor);
    // Counts are whole; dollars, seconds and ratios are not.
    const rounded = ['usd', 'elapsedSeconds', 'drift'].includes(signal)
      ? Number(limit.toPrecision(3))
      : Math.ceil(limit);
    if (rounded > 0) limits[signal as Signal] = rounded;
  }
  return { version: 1, limits, loop: { mode: 'progress', repeats: 3 } };
};
