// Replay: holds recorded runs against a policy, and tells what would have tripped, at which call, and what it had saved.

import { driftOf } from '../crew.ts';
import { Detector } from '../detector.ts';
import { signatureOf } from '../signature.ts';
import { signalsOf } from './calibrate.ts';
import { type Policy, reaches, SIGNALS, type Signal } from './policy.ts';
import type { RecordedCall, RunRecord } from './store.ts';

/** Where in a run a policy trips. */
export type ReplayPlace = {
  /** Number of the call, from 1. */
  call: number;
  name: string;
  /** Milliseconds after the start of the run. */
  at: number;
  /** What the run had cost until then. */
  modelCalls: number;
  usd: number;
};

/** What a policy would have stopped. */
export type Replay = {
  run: RunRecord;
  signal: Signal | 'loop';
  limit: number;
  observed: number;
  /** Rung of the detector, for `loop`. */
  rung?: string;
  /** Absent where only the run's totals are recorded, or the calls do not tell. */
  where?: ReplayPlace;
};

/** Signals that follow from recorded calls; the others are known by the run's totals alone. */
const FROM_CALLS: readonly Signal[] = ['modelCalls', 'tokens', 'usd', 'elapsedSeconds', 'step', 'toolStorm', 'drift'];

/** Holds recorded runs against a policy: which of them would have tripped first on what. */
export const replay = (runs: readonly RunRecord[], policy: Policy): Replay[] =>
  runs.flatMap(run => (run.calls ? byCalls(run, run.calls, policy) : undefined) ?? byTotals(run, policy) ?? []);

const byTotals = (run: RunRecord, { limits }: Policy): Replay | undefined => {
  const values = signalsOf(run);
  for (const [signal, limit] of Object.entries(limits) as [Signal, number][]) {
    // Of a run whose calls are known these were looked at there; one that was cut short counts by its totals.
    if (run.calls && !run.callsLeftOut && FROM_CALLS.includes(signal)) continue;
    const observed = Object.hasOwn(values, signal) ? values[signal]! : 0;
    if (reaches(signal, observed, limit)) return { run, signal, limit, observed };
  }
  return undefined;
};

const byCalls = (run: RunRecord, calls: readonly RecordedCall[], { limits, loop }: Policy): Replay | undefined => {
  // Digests say what is equal and nothing more: rungs that read arguments cannot be replayed.
  const options = { reworded: 0, sweep: 0, ...(typeof loop === 'object' ? loop : {}) };
  const detector = loop ? new Detector(options) : undefined;
  const total = { modelCalls: 0, tokens: 0, usd: 0 };
  const steps = new Map<string, number>();
  const failures = new Map<string, number>();
  const costs: number[] = [];

  for (const [index, call] of calls.entries()) {
    const where = { call: index + 1, name: call.name, at: call.at, modelCalls: total.modelCalls, usd: total.usd };
    const trips = (signal: Signal, observed: number): Replay | undefined => {
      const limit = limits[signal];
      return limit !== undefined && reaches(signal, observed, limit)
        ? { run, signal, limit, observed, where }
        : undefined;
    };
    // Before the call, in the order in which a guard looks.
    const signature = signatureOf(call.name, call.digest ?? index);
    const sighting = detector?.look(call.name, signature, call.at + 1);
    if (sighting?.stop) {
      return { run, signal: 'loop', limit: sighting.limit, observed: sighting.repeats, rung: sighting.rung, where };
    }
    if (call.op === 'step') steps.set(call.name, (steps.get(call.name) ?? 0) + 1);
    const before =
      trips('elapsedSeconds', call.at / 1_000) ??
      (call.op === 'step' ? trips('step', steps.get(call.name)!) : undefined) ??
      (call.op === 'model' ? trips('modelCalls', total.modelCalls + 1) : undefined) ??
      spent('tokens', limits, total.tokens, run, where) ??
      spent('usd', limits, total.usd, run, where);
    if (before) return before;

    const remembered = detector?.push(call.name, signature, call.at + 1);
    if (remembered) {
      if (call.outcome === 'error') detector?.failed(remembered, call.error ?? 'error');
      // A call without a digest of its result says nothing of progress: it counts as new.
      else detector?.done(remembered, call.result ?? `unknown ${index}`);
    }
    if (call.op === 'model') {
      total.modelCalls++;
      costs.push(call.usd ?? 0);
    }
    total.tokens += call.tokens ?? 0;
    total.usd += call.usd ?? 0;
    if (call.op === 'tool') failures.set(call.name, call.outcome === 'error' ? (failures.get(call.name) ?? 0) + 1 : 0);

    const after =
      (call.op === 'tool' ? trips('toolStorm', failures.get(call.name)!) : undefined) ??
      trips('drift', driftOf(costs, 6) ?? 0);
    if (after) return after;
  }
  return undefined;
};

/** A cap refuses the call after the one that reached it. */
const spent = (
  signal: 'tokens' | 'usd',
  limits: Policy['limits'],
  observed: number,
  run: RunRecord,
  where: ReplayPlace,
): Replay | undefined => {
  const limit = limits[signal];
  return limit !== undefined && observed >= limit ? { run, signal, limit, observed, where } : undefined;
};

/** What of a policy's limits replay tells by totals alone. */
export const totalsOnly = (policy: Policy): Signal[] =>
  (Object.keys(policy.limits) as Signal[]).filter(
    signal => Object.hasOwn(SIGNALS, signal) && !FROM_CALLS.includes(signal),
  );
