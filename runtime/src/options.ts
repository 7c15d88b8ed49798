// The options of a guard. Types only.

import type { BreakerOptions } from './breaker.ts';
import type { Budget, BudgetOptions, Spend } from './budget.ts';
import type { Clock } from './clock.ts';
import type { ContextOptions } from './context.ts';
import type { LoopOptions } from './detector.ts';
import type { TripError } from './errors.ts';
import type { Operation } from './protocol/event.ts';
import type { Evidence, TripReason } from './protocol/trip.ts';
import type { GuardStore } from './store/store.ts';
import type { Usage } from './usage.ts';

/** Any function. */
export type AnyFunction = (...args: never[]) => unknown;

/** First parameter of a function. */
export type InputOf<F extends AnyFunction> = Parameters<F>[0];

/** What a function gives, awaited. */
export type OutputOf<F extends AnyFunction> = Awaited<ReturnType<F>>;

/** The stage before a stop. */
export type Warning = { reason: TripReason; guard: string; message: string; evidence: Evidence; runId: string };

/** Options of {@link guard}. */
export type GuardOptions<F extends AnyFunction = AnyFunction> = {
  /** Name of the tool, and label of the guard in panels and controls. Default: the function's name. */
  name?: string;
  /** What is guarded. Default `tool`. */
  op?: Operation;
  /** The loop detector. Default true; false switches it off. */
  loop?: boolean | LoopOptions;
  /** Limits of dollars, tokens and calls; a `Budget` may be shared between guards. */
  budget?: BudgetOptions | Budget;
  /** Trips before the model's context overflows. */
  context?: boolean | ContextOptions;
  /** Opens after a trip: calls are rejected until it has cooled down. Default false. */
  breaker?: boolean | BreakerOptions;
  /** What of the arguments tells calls apart. Default: all of them, normalised. */
  signature?: (...args: Parameters<F>) => unknown;
  /** Keys of arguments that never tell calls apart, instead of the default ones. */
  volatileKeys?: Iterable<string>;
  /** What of a result counts as progress when it changes. Default: all of it, without what is volatile. */
  result?: (output: OutputOf<F>) => unknown;
  /** Dollars that a call cost. */
  cost?: (input: InputOf<F>, output: OutputOf<F>) => number;
  /** Tokens of an input, before it is sent. Default: an estimate. */
  tokens?: (input: InputOf<F>) => number;
  /** Tokens that a call used. Default: the usage figures that the usual clients return. */
  usage?: (output: OutputOf<F>) => Usage | undefined;
  /** The worst case of a call, held in the budget while it runs: with it, parallel calls never overshoot. */
  estimate?: (...args: Parameters<F>) => Partial<Spend>;
  /** Failures that the detector skips. Default: those marked retryable and the usual transient ones. */
  isRetryable?: (error: unknown) => boolean;
  /** Called before a trip is thrown. What it throws, or rejects with, is thrown instead. */
  onTrip?: (error: TripError) => void | Promise<void>;
  /** Called one repeat before a stop. Return `{ instead }` to give that to the agent in place of the call. */
  onWarn?: (warning: Warning) => undefined | { instead: OutputOf<F> };
  /** Records trips without stopping anything. Default: as configured, false. */
  monitor?: boolean;
  /** Keeps the trip over processes: a new process is refused before its first request, until reset or time to live. */
  store?: GuardStore;
  /** Time to live of a stored trip in milliseconds. Default 900,000. */
  storeTtlMs?: number;
  /** Whose loop window it is: each run's own (default) or one for the guard over all runs. */
  scope?: 'run' | 'guard';
  /** Time. Default: the machine's. */
  clock?: Clock;
};
