// Records every run (`withRun`) of this process when it ends: its totals, the highest count of each signal, and its calls as digests.
// Listens to what guards tell anyway; a record that cannot be written is told on stderr and harms nobody.

import { type CrewView, driftOf } from '../crew.ts';
import { listen } from '../emit/channel.ts';
import { complain } from '../emit/complain.ts';
import { appName } from '../emit/outbox.ts';
import { shared } from '../emit/shared.ts';
import type { AgentEvent, CallEvent, RunEnded, RunStarted } from '../protocol/event.ts';
import type { Trip } from '../protocol/trip.ts';
import { SIGNALS } from './policy.ts';
import { type RecordedCall, type RunRecord, runRecords, runsFile } from './store.ts';

/** Options of {@link recordRuns}. */
export type RecorderOptions = {
  /** Default: `runs.jsonl` in the state folder. */
  file?: string;
  /** Whether calls are kept, for replay. Default true. */
  calls?: boolean;
  /** Kept with every record. */
  metadata?: Record<string, unknown>;
};

/** Calls that are kept of one run; of longer ones the first. */
const CALLS = 5_000;
const COSTS = 1_000;

type Open = {
  started: RunStarted;
  calls: RecordedCall[];
  leftOut: number;
  modelCalls: number;
  tokens: number;
  usd: number;
  costs: number[];
  observed: Map<string, number>;
  counts: Map<string, number>;
  trip: Trip | undefined;
};

/** Records runs from now on; gives how to stop that. */
export const recordRuns = (options: RecorderOptions = {}): (() => void) => {
  const records = runRecords(options.file ?? runsFile());
  const runs = new Map<string, Open>();
  const { settings } = shared;
  const before = settings.recordResults;
  settings.recordResults = options.calls !== false;

  const ended = (event: RunEnded): void => {
    const run = runs.get(event.runId);
    if (!run) return;
    runs.delete(event.runId);
    try {
      records.record(recordOf(run, event, options));
    } catch (error) {
      complain(`a run was not recorded: ${(error as Error).message}`);
    }
  };
  const stop = listen({
    onEvent: (event: AgentEvent) => {
      if (event.kind === 'runStarted') runs.set(event.runId, openOf(event));
      else if (event.kind === 'runEnded') ended(event);
      else note(runs.get(event.runId), event, options.calls !== false);
    },
    onTrip: trip => {
      const run = runs.get(trip.runId);
      if (!run) return;
      if (!trip.monitored) run.trip ??= trip;
      else if (trip.evidence.observed !== undefined && Object.hasOwn(SIGNALS, trip.reason))
        high(run, trip.reason, trip.evidence.observed);
    },
  });
  return () => {
    stop();
    settings.recordResults = before;
  };
};

const openOf = (started: RunStarted): Open => ({
  started,
  calls: [],
  leftOut: 0,
  modelCalls: 0,
  tokens: 0,
  usd: 0,
  costs: [],
  observed: new Map(),
  counts: new Map(),
  trip: undefined,
});

const high = (run: Open, signal: string, value: number): void => {
  if (value > (run.observed.get(signal) ?? -1)) run.observed.set(signal, value);
};

const note = (run: Open | undefined, event: AgentEvent, keep: boolean): void => {
  if (!run) return;
  if (event.kind === 'route') high(run, 'route', event.streak);
  else if (event.kind === 'state') high(run, 'state', event.tokens);
  else if (event.kind === 'call') noteCall(run, event, keep);
};

const noteCall = (run: Open, event: CallEvent, keep: boolean): void => {
  const { op, name, outcome, time, digest, resultDigest, error, usd = 0, inputTokens = 0, outputTokens = 0 } = event;
  // What was stopped did not happen.
  if (outcome === 'blocked') return;
  const tokens = inputTokens + outputTokens;
  run.tokens += tokens;
  run.usd += usd;
  if (op === 'model') {
    run.modelCalls++;
    run.costs.push(usd);
    if (run.costs.length > COSTS) run.costs.shift();
  }
  if (op === 'step' || op === 'tool') {
    const key = `${op} ${name}`;
    const count = op === 'tool' && outcome === 'ok' ? 0 : (run.counts.get(key) ?? 0) + 1;
    run.counts.set(key, count);
    high(run, op === 'step' ? 'step' : 'toolStorm', count);
  }
  if (!keep) return;
  if (run.calls.length >= CALLS) {
    run.leftOut++;
    return;
  }
  run.calls.push({
    at: Math.max(0, time - run.started.time),
    op,
    name,
    outcome,
    ...(digest === undefined ? {} : { digest }),
    ...(resultDigest === undefined ? {} : { result: resultDigest }),
    ...(error === undefined ? {} : { error }),
    ...(tokens > 0 ? { tokens } : {}),
    ...(usd > 0 ? { usd } : {}),
  });
};

const recordOf = (run: Open, { status, error, time }: RunEnded, options: RecorderOptions): RunRecord => {
  const drift = driftOf(run.costs, 6);
  if (drift !== undefined) high(run, 'drift', drift);
  const { started, trip } = run;
  const about = { user: started.user, feature: started.feature, plan: started.plan };
  const known = Object.fromEntries(Object.entries(about).filter(([, value]) => value !== undefined));
  const metadata = { ...known, ...options.metadata };
  return {
    app: appName(),
    run: started.name,
    status,
    ...(trip ? { reason: trip.reason } : {}),
    // The name alone: messages may quote what a model or a user said.
    ...(error === undefined ? {} : { error: /^[\w.$-]+/.exec(error)?.[0] ?? 'error' }),
    modelCalls: run.modelCalls,
    tokens: run.tokens,
    usd: run.usd,
    elapsedSeconds: Math.max(0, time - started.time) / 1_000,
    ...(run.costs.some(cost => cost > 0) ? { stepCosts: run.costs } : {}),
    observed: Object.fromEntries(run.observed),
    ...(options.calls === false ? {} : { calls: run.calls }),
    ...(run.leftOut > 0 ? { callsLeftOut: run.leftOut } : {}),
    ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
    time,
  };
};

/** The signals of a crew, for a record's `observed`. */
export const observedOf = ({ delegations, reassignments, stepCosts }: CrewView): Record<string, number> => {
  const most = (counts: readonly { count: number }[]): number => Math.max(0, ...counts.map(({ count }) => count));
  const drift = driftOf(stepCosts, 6);
  return {
    delegation: most(delegations),
    reassignment: most(reassignments),
    ...(drift === undefined ? {} : { drift }),
  };
};
