// A run: one execution of an agent, with its counters. Carried by AsyncLocalStorage, so concurrent runs never mix.
// Outside any run the process itself is the run.

import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { channel, emit } from './emit/channel.ts';
import { appName } from './emit/outbox.ts';
import { shared } from './emit/shared.ts';
import { TripError } from './errors.ts';

/** What a run is called and whom it is for. */
export type RunOptions = { name: string; user?: string; feature?: string; plan?: string };

/** Totals of a run, as {@link runSummary} gives them. */
export type RunSummary = {
  runId: string;
  name: string;
  elapsedSeconds: number;
  modelCalls: number;
  calls: number;
  tokens: number;
  usd: number;
  /** Counts per step. */
  steps: Record<string, number>;
  /** Counts per route. */
  routes: Record<string, number>;
  tripped: boolean;
};

/** One execution. Made by {@link withRun}. */
export class Run {
  readonly id: string = randomUUID();
  readonly name: string;
  readonly user: string | undefined;
  readonly feature: string | undefined;
  readonly plan: string | undefined;
  /** The outermost run around this one; loop windows and step counters belong to it. */
  readonly root: Run;
  readonly startedAt = Date.now();
  calls = 0;
  /** Calls that have begun and not ended. */
  inFlight = 0;
  modelCalls = 0;
  tokens = 0;
  usd = 0;
  tripped = false;
  readonly steps = new Map<string, number>();
  readonly routes = new Map<string, number>();
  /** What guards keep for this run. */
  readonly kept = new Map<object, unknown>();
  #stopped: string | undefined;
  #announced = false;
  #ended = false;

  constructor(options: RunOptions, parent?: Run) {
    this.name = options.name;
    this.user = options.user ?? parent?.user;
    this.feature = options.feature ?? parent?.feature;
    this.plan = options.plan ?? parent?.plan;
    this.root = parent?.root ?? this;
    shared.runs.set(this.id, this);
  }

  /** Why somebody stopped it, or an outer run; undefined if nobody did. */
  get stopped(): string | undefined {
    return this.#stopped ?? (this.root === this ? undefined : this.root.stopped);
  }

  /** Stops it: its next guarded call throws `RunStoppedError`. */
  stop(why: string): void {
    this.#stopped = why;
  }

  /** Tells watchers that it began; once, and only if somebody watches. */
  announce(): void {
    if (this.#announced) return;
    this.#announced = true;
    emit({
      kind: 'runStarted',
      runId: this.id,
      time: this.startedAt,
      name: this.name,
      ...(this.user === undefined ? {} : { user: this.user }),
      ...(this.feature === undefined ? {} : { feature: this.feature }),
      ...(this.plan === undefined ? {} : { plan: this.plan }),
    });
  }

  /** Ends it. With the error that ended it, if one did. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    shared.runs.delete(this.id);
    if (!shared.active) return;
    this.announce();
    const tripped = this.tripped || error instanceof TripError;
    emit({
      kind: 'runEnded',
      runId: this.id,
      time: Date.now(),
      status: tripped ? 'tripped' : error === undefined ? 'ok' : 'error',
      ...(error === undefined ? {} : { error: String(error).slice(0, 500) }),
    });
  }
}

const scope = (): AsyncLocalStorage<Run> => {
  shared.scope ??= new AsyncLocalStorage<Run>();
  return shared.scope;
};

/** The run of this call, undefined outside {@link withRun}. */
export const activeRun = (): Run | undefined => shared.scope?.getStore();

/** The run of this call; outside {@link withRun} that of the process. */
export const currentRun = (): Run => {
  const run = shared.scope?.getStore();
  if (run) return run;
  if (!shared.processRun) {
    channel();
    shared.processRun = new Run({ name: appName() });
  }
  return shared.processRun;
};

/** Runs `fn` as one run: fresh counters and windows, its own line in the panel. Nested runs belong to the outer one. */
export const withRun = <T>(options: string | RunOptions, fn: (run: Run) => T): T => {
  channel();
  const run = new Run(typeof options === 'string' ? { name: options } : options, activeRun());
  if (shared.active) run.announce();
  let result: T;
  try {
    result = scope().run(run, () => fn(run));
  } catch (error) {
    run.end(error);
    throw error;
  }
  if (!isThenable(result)) {
    run.end();
    return result;
  }
  return result.then(
    value => {
      run.end();
      return value;
    },
    error => {
      run.end(error);
      throw error;
    },
  ) as T;
};

/** Totals of a run; without one, of the current run. */
export const runSummary = (run: Run = currentRun()): RunSummary => ({
  runId: run.id,
  name: run.name,
  elapsedSeconds: (Date.now() - run.startedAt) / 1000,
  modelCalls: run.modelCalls,
  calls: run.calls,
  tokens: run.tokens,
  usd: run.usd,
  steps: Object.fromEntries(run.steps),
  routes: Object.fromEntries(run.routes),
  tripped: run.tripped,
});

/** Whether a value is a promise or behaves like one. */
export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
