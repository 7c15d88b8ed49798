// Records of runs: kept in one append-only file, read back for queries, calibration and replay. A cut line is skipped.

import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { shared } from '../emit/shared.ts';
import type { Operation, Outcome } from '../protocol/event.ts';
import { ENV_STATE } from '../protocol/limits.ts';
import { TRIP_REASONS, type TripReason } from '../protocol/trip.ts';

/** How a run ended; `error`: by something that is no trip. */
export const RUN_STATUSES = ['ok', 'tripped', 'error'] as const;

/** One call of a recorded run. Arguments and results are keyed digests: equal ones are equal, and nobody can read them. */
export type RecordedCall = {
  /** Milliseconds after the start of the run. */
  at: number;
  op: Operation;
  name: string;
  outcome: Outcome;
  digest?: string;
  result?: string;
  /** Name of the error. */
  error?: string;
  tokens?: number;
  usd?: number;
};

/** One finished run. */
export type RunRecord = {
  app: string;
  status: (typeof RUN_STATUSES)[number];
  /** Name of the run. */
  run?: string;
  /** Why it tripped. */
  reason?: TripReason;
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
  /** Its calls, oldest first, where it was recorded by `recordRuns`. */
  calls?: RecordedCall[];
  /** Calls that are not among them, since there were too many. */
  callsLeftOut?: number;
  metadata?: Record<string, unknown>;
  /** End, milliseconds since the epoch; set when it is recorded. */
  time?: number;
};

/** What runs are asked for. */
export type RunQuery = {
  app?: string;
  status?: RunRecord['status'];
  reason?: TripReason;
  /** Milliseconds since the epoch, first and last. */
  since?: number;
  until?: number;
  /** The newest so many. */
  last?: number;
};

/** A file of run records, mode 0600. */
export type RunRecords = {
  /** Appends a record. Throws `RangeError` for amounts that cannot be, and what the file system says. */
  record(run: RunRecord): void;
  /** All records that satisfy the query, oldest first. */
  query(where?: RunQuery): RunRecord[];
};

const MAX_BYTES = 32 * 1024 * 1024;

/** Where runs are recorded unless a file is given: `runs.jsonl` in the state folder, `.loopbound` by default. */
export const runsFile = (): string =>
  join(resolve(shared.settings.stateDir ?? process.env[ENV_STATE] ?? '.loopbound'), 'runs.jsonl');

/** Opens the records in a file; at 32 MiB the older half of the history is the `.old` file beside it. */
export const runRecords = (file: string = runsFile(), now: () => number = Date.now): RunRecords => ({
  record(run) {
    for (const key of ['modelCalls', 'tokens', 'usd', 'elapsedSeconds'] as const) {
      if (!(run[key] >= 0)) throw new RangeError(`${key} of a run must not be ${run[key]}`);
    }
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // Each line begins on its own, even after one that a kill cut short.
    appendFileSync(file, `\n${JSON.stringify({ ...run, time: run.time ?? now() })}`, { mode: 0o600 });
    if (statSync(file).size > MAX_BYTES) renameSync(file, `${file}.old`);
  },
  query({ app, status, reason, since = 0, until = Number.POSITIVE_INFINITY, last } = {}) {
    const found = [...readRuns(`${file}.old`).runs, ...readRuns(file).runs].filter(
      run =>
        (app === undefined || run.app === app) &&
        (status === undefined || run.status === status) &&
        (reason === undefined || run.reason === reason) &&
        (run.time ?? 0) >= since &&
        (run.time ?? 0) <= until,
    );
    return last === undefined ? found : found.slice(Math.max(0, found.length - last));
  },
});

/** Records a run in the default file (see {@link runsFile}), or in the given one. Throws as {@link RunRecords} does. */
export const recordRun = (run: RunRecord, file?: string): void => runRecords(file).record(run);

/** A line of a file that is no record. */
export type OddLine = { line: number; why: string };

/** The records in a file, and what else is in it. A file that is not there has none; throws what else reading it says. */
export const readRuns = (file: string): { runs: RunRecord[]; odd: OddLine[]; exists: boolean } => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { runs: [], odd: [], exists: false };
    throw error;
  }
  const runs: RunRecord[] = [];
  const odd: OddLine[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const read = readRun(line);
    if (typeof read === 'string') odd.push({ line: index + 1, why: read });
    else runs.push(read);
  }
  return { runs, odd, exists: true };
};

/** A record, or why the line is none. */
const readRun = (line: string): RunRecord | string => {
  let run: Partial<RunRecord> | null;
  try {
    run = JSON.parse(line) as Partial<RunRecord> | null;
  } catch {
    return 'no JSON, or cut short';
  }
  if (typeof run !== 'object' || run === null) return 'no object';
  if (typeof run.app !== 'string') return 'app is no text';
  if (!RUN_STATUSES.includes(run.status as RunRecord['status'])) return `status is none of ${RUN_STATUSES.join(', ')}`;
  for (const key of ['modelCalls', 'tokens', 'usd', 'elapsedSeconds'] as const) {
    if (!(typeof run[key] === 'number' && run[key] >= 0)) return `${key} is no amount`;
  }
  if (run.reason !== undefined && !TRIP_REASONS.includes(run.reason)) return `there is no reason ${String(run.reason)}`;
  if (!Object.values(run.observed ?? {}).every(Number.isFinite)) return 'observed has what is no number';
  if (run.calls !== undefined) {
    if (!Array.isArray(run.calls)) return 'calls is no list';
    const wrong = run.calls.findIndex(
      call => typeof call?.name !== 'string' || typeof call.at !== 'number' || typeof call.op !== 'string',
    );
    if (wrong >= 0) return `calls[${wrong}] is no call`;
  }
  return run as RunRecord;
};
