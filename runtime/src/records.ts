// Records of runs: kept in one append-only file, read back for queries, calibration and replay. A cut line is skipped.

import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** One finished run. */
export type RunRecord = {
  app: string;
  status: 'ok' | 'tripped';
  /** Name or message of what ended it. */
  error?: string;
  modelCalls: number;
  tokens: number;
  usd: number;
  elapsedSeconds: number;
  /** Dollars of its steps, oldest first, for cost drift. */
  stepCosts?: number[];
  /** The highest count of each signal that was observed, e.g. `{ delegation: 2, toolStorm: 1 }`. */
  observed?: Record<string, number>;
  metadata?: Record<string, unknown>;
  /** Milliseconds since the epoch; set when it is recorded. */
  time?: number;
};

const MAX_BYTES = 32 * 1024 * 1024;

/** A file of run records, mode 0600. */
export type RunRecords = {
  /** Appends a record. Throws `RangeError` for amounts that cannot be, and what the file system says. */
  record(run: RunRecord): void;
  /** All records that satisfy the query, oldest first. */
  query(where?: { app?: string; status?: RunRecord['status']; since?: number }): RunRecord[];
};

/** Opens the records in a file; at 32 MiB the older half of the history is the `.old` file beside it. */
export const runRecords = (file: string, now: () => number = Date.now): RunRecords => ({
  record(run) {
    for (const key of ['modelCalls', 'tokens', 'usd', 'elapsedSeconds'] as const) {
      if (!(run[key] >= 0)) throw new RangeError(`${key} of a run must not be ${run[key]}`);
    }
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // Each line begins on its own, even after one that a kill cut short.
    appendFileSync(file, `\n${JSON.stringify({ ...run, time: run.time ?? now() })}`, { mode: 0o600 });
    if (statSync(file).size > MAX_BYTES) renameSync(file, `${file}.old`);
  },
  query({ app, status, since = 0 } = {}) {
    return [...linesOf(`${file}.old`), ...linesOf(file)].filter(
      run =>
        (app === undefined || run.app === app) &&
        (status === undefined || run.status === status) &&
        (run.time ?? 0) >= since,
    );
  },
});

const linesOf = (file: string): RunRecord[] => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const runs: RunRecord[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    try {
      const run = JSON.parse(line) as RunRecord;
      if (typeof run?.app === 'string' && typeof run.modelCalls === 'number') runs.push(run);
    } catch (error) {
      // A line that a kill cut short; the next one is whole again.
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return runs;
};

/** A threshold that good runs suggest. */
export type Proposal = { signal: string; p95: number; from: number; to: number; runs: number };

/**
 * Thresholds for the signals of good runs: their 95th percentile times 2 to 3. Wants 10 to 20 runs that went well; with
 * fewer it throws `RangeError`, since a percentile of nothing protects nobody.
 */
export const calibrate = (runs: readonly RunRecord[]): Proposal[] => {
  const good = runs.filter(run => run.status === 'ok');
  if (good.length < 10) throw new RangeError(`calibration needs 10 good runs, there are ${good.length}`);
  const signals = new Map<string, number[]>();
  const note = (signal: string, value: number): void => {
    const values = signals.get(signal);
    if (values) values.push(value);
    else signals.set(signal, [value]);
  };
  for (const run of good) {
    note('modelCalls', run.modelCalls);
    note('tokens', run.tokens);
    note('usd', run.usd);
    note('elapsedSeconds', run.elapsedSeconds);
    for (const [signal, value] of Object.entries(run.observed ?? {})) note(signal, value);
  }
  const proposals: Proposal[] = [];
  for (const [signal, values] of signals) {
    values.sort((a, b) => a - b);
    const p95 = values[Math.ceil(values.length * 0.95) - 1]!;
    proposals.push({ signal, p95, from: p95 * 2, to: p95 * 3, runs: values.length });
  }
  return proposals;
};

/** What a policy would have stopped. */
export type Replay = { run: RunRecord; signal: string; limit: number; observed: number };

/** Holds recorded runs against limits by signal: which of them would have tripped, and on what. */
export const replay = (runs: readonly RunRecord[], limits: Readonly<Record<string, number>>): Replay[] => {
  const stopped: Replay[] = [];
  for (const run of runs) {
    const values: Record<string, number> = {
      modelCalls: run.modelCalls,
      tokens: run.tokens,
      usd: run.usd,
      elapsedSeconds: run.elapsedSeconds,
      ...run.observed,
    };
    for (const [signal, limit] of Object.entries(limits)) {
      const observed = Object.hasOwn(values, signal) ? values[signal]! : 0;
      if (observed > limit) {
        stopped.push({ run, signal, limit, observed });
        break;
      }
    }
  }
  return stopped;
};
