// The flow guard: counts steps, watches routers and the size of the state. Counters belong to a run and start fresh with each.
// Synchronous at the check, so concurrent steps cannot slip past a limit together.

import { emit } from './emit/channel.ts';
import { shared } from './emit/shared.ts';
import type { TripError } from './errors.ts';
import { errorOf, tripOf } from './errors.ts';
import type { AnyFunction } from './options.ts';
import type { Evidence, TripReason } from './protocol/trip.ts';
import { makeTrip } from './raise.ts';
import { activeRun, currentRun, isThenable, type Run } from './run.ts';
import { estimateTokens } from './tokens.ts';

/** Limits of a flow. Set each to the intended retries + 1. */
export type FlowOptions = {
  /** Label in panels. Default `flow`. */
  name?: string;
  /** How often each step may run in one run. Default 5. */
  maxInvocations?: number;
  /** How often the same route may be taken in a row. Default 4. */
  maxSameRoute?: number;
  /** Routes that may repeat. Default approved, done, complete, success. */
  terminalRoutes?: readonly string[];
  /** Tokens that the state may have before a step. Default 8,000. */
  maxStateTokens?: number;
  /** Counts tokens of a state. Default: an estimate. */
  tokens?: (state: unknown) => number;
  /** Records without stopping. Default: as configured. */
  monitor?: boolean;
};

/** Limits of one step; they override those of its flow. */
export type StepOptions = Omit<FlowOptions, 'name'> & {
  /** Name of the step. Default: the function's name. */
  name?: string;
  /** The state to check: true for `this.state`, else the first argument; or a function that gives it. Default false. */
  checkState?: boolean | ((...args: never[]) => unknown);
  /** The step's result is a route. Default false. */
  router?: boolean;
  /** The flow whose limits and counters hold. Default: one for the process. */
  flow?: FlowGuard;
};

/** Routes that end a cycle, unless told otherwise. */
export const TERMINAL_ROUTES: readonly string[] = ['approved', 'done', 'complete', 'success'];

const LAST_ROUTES = 10;

type Counters = {
  steps: Map<string, number>;
  routes: { route: string; streak: number; last: string[] };
};

const newCounters = (): Counters => ({ steps: new Map(), routes: { route: '', streak: 0, last: [] } });

const limit = (name: string, value: number, least: number): number => {
  if (!(value >= least)) throw new RangeError(`${name} must be at least ${least}, not ${value}`);
  return value;
};

/** See the file header. Made by {@link flowGuard}. */
export class FlowGuard {
  readonly label: string;
  readonly #options: FlowOptions;
  readonly #counters = new WeakMap<object, Counters>();

  /** Throws `RangeError` for limits that cannot work. */
  constructor(options: FlowOptions = {}) {
    this.label = options.name ?? 'flow';
    this.#options = options;
    this.#limits({});
  }

  /**
   * Counts a step and throws `StepBudgetExceededError` if it ran too often in this run, `RunStoppedError` if somebody
   * stopped the run. Gives the count.
   */
  step(name: string, options: StepOptions = {}, instance?: object, above: AnyFunction = this.step): number {
    const { maxInvocations } = this.#limits(options);
    const { steps } = this.#of(instance);
    const run = currentRun();
    const { stopped } = run;
    if (stopped !== undefined) this.#trip('kill', `The run was stopped. ${stopped}`, {}, run, {}, above);
    const count = (steps.get(name) ?? 0) + 1;
    if (count > maxInvocations) {
      this.#trip(
        'step',
        `The step ${name} ran ${maxInvocations} times in this run, and that is its limit.`,
        {
          limit: maxInvocations,
          observed: count,
          unit: 'calls',
          subject: name,
          counts: [...steps].slice(0, 64).map(([step, times]) => ({ name: step, count: times })),
        },
        run,
        options,
        above,
      );
    }
    steps.set(name, count);
    run.steps.set(name, (run.steps.get(name) ?? 0) + 1);
    return count;
  }

  /** Notes a route and throws `RouterLoopError` if it was taken too often in a row. Gives the route. */
  route<T>(route: T, options: StepOptions = {}, instance?: object, above: AnyFunction = this.route): T {
    const { maxSameRoute, terminalRoutes } = this.#limits(options);
    const { routes } = this.#of(instance);
    const run = currentRun();
    const name = String(route);
    routes.streak = routes.route === name ? routes.streak + 1 : 1;
    routes.route = name;
    routes.last.push(name);
    if (routes.last.length > LAST_ROUTES) routes.last.shift();
    run.routes.set(name, (run.routes.get(name) ?? 0) + 1);
    if (shared.active) {
      run.announce();
      emit({
        kind: 'route',
        runId: run.id,
        time: Date.now(),
        route: name,
        streak: routes.streak,
        ...(options.name === undefined ? {} : { step: options.name }),
      });
    }
    if (routes.streak > maxSameRoute && !terminalRoutes.includes(name)) {
      this.#trip(
        'route',
        `The route ${name} was taken ${routes.streak} times in a row.`,
        { limit: maxSameRoute, observed: routes.streak, unit: 'repeats', subject: name, routes: [...routes.last] },
        run,
        options,
        above,
      );
    }
    return route;
  }

  /** Throws `StateBudgetError` if the state is too large; it names the largest field. Gives the tokens. */
  checkState(state: unknown, options: StepOptions = {}, above: AnyFunction = this.checkState): number {
    const { maxStateTokens, tokens: count } = this.#limits(options);
    const tokens = count(state);
    const run = currentRun();
    const largest = tokens > maxStateTokens || shared.active ? largestField(state, count) : undefined;
    if (shared.active) {
      run.announce();
      emit({
        kind: 'state',
        runId: run.id,
        time: Date.now(),
        tokens,
        limit: maxStateTokens,
        ...(options.name === undefined ? {} : { step: options.name }),
        ...(largest === undefined ? {} : { largest: largest.name }),
      });
    }
    if (tokens > maxStateTokens) {
      const evidence: Evidence = { limit: maxStateTokens, observed: tokens, unit: 'tokens' };
      if (largest) {
        evidence.subject = largest.name;
        evidence.counts = [{ name: largest.name, count: largest.tokens }];
      }
      const field = largest ? `; its largest field is ${largest.name} with about ${largest.tokens}` : '';
      this.#trip(
        'state',
        `The state has about ${tokens} tokens, ${maxStateTokens} are allowed${field}.`,
        evidence,
        run,
        options,
        above,
      );
    }
    return tokens;
  }

  /** Counts per step in this run. */
  counts(instance?: object): Record<string, number> {
    return Object.fromEntries(this.#of(instance).steps);
  }

  /** Starts the counters of this run anew. */
  reset(instance?: object): void {
    this.#counters.delete(this.#owner(instance));
  }

  #limits(step: StepOptions): Required<Omit<FlowOptions, 'name' | 'monitor'>> {
    const flow = this.#options;
    return {
      maxInvocations: limit('maxInvocations', step.maxInvocations ?? flow.maxInvocations ?? 5, 0),
      maxSameRoute: limit('maxSameRoute', step.maxSameRoute ?? flow.maxSameRoute ?? 4, 1),
      terminalRoutes: step.terminalRoutes ?? flow.terminalRoutes ?? TERMINAL_ROUTES,
      maxStateTokens: limit('maxStateTokens', step.maxStateTokens ?? flow.maxStateTokens ?? 8_000, 0),
      tokens: step.tokens ?? flow.tokens ?? estimateTokens,
    };
  }

  /** A run if there is one, else the object whose method it is, else the process. */
  #owner(instance: object | undefined): object {
    return activeRun()?.root ?? instance ?? currentRun();
  }

  #of(instance: object | undefined): Counters {
    const owner = this.#owner(instance);
    let counters = this.#counters.get(owner);
    if (!counters) {
      counters = newCounters();
      this.#counters.set(owner, counters);
    }
    return counters;
  }

  #trip(
    reason: TripReason,
    message: string,
    evidence: Evidence,
    run: Run,
    options: StepOptions,
    above: AnyFunction,
  ): void {
    const monitored = reason !== 'kill' && (options.monitor ?? this.#options.monitor ?? shared.settings.monitor);
    const trip = makeTrip({ reason, guard: this.label, message, evidence, run, time: Date.now(), above, monitored });
    if (!monitored) throw errorOf(trip);
  }
}

/** Makes a flow guard. Throws `RangeError` for limits that cannot work. */
export const flowGuard = (options: FlowOptions = {}): FlowGuard => new FlowGuard(options);

const largestField = (
  state: unknown,
  count: (value: unknown) => number,
): { name: string; tokens: number } | undefined => {
  if (typeof state !== 'object' || state === null) return undefined;
  let largest: { name: string; tokens: number } | undefined;
  for (const [name, field] of Object.entries(state)) {
    const tokens = count(field);
    if (!largest || tokens > largest.tokens) largest = { name, tokens };
  }
  return largest;
};

let processFlow: FlowGuard | undefined;

/** A step as a decorator (TC39 or legacy) or a wrapper of a plain function; sync and async. */
export type StepDecorator = {
  <F extends AnyFunction>(fn: F, context?: ClassMethodDecoratorContext | string): F;
  <F extends AnyFunction>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<F>,
  ): TypedPropertyDescriptor<F>;
};

/** Guards one step of a flow: its count, the state before it, the route it gives. */
export function guardedStep<F extends AnyFunction>(fn: F, options?: StepOptions): F;
/** Makes a decorator or wrapper that guards steps. */
export function guardedStep(options?: StepOptions): StepDecorator;
export function guardedStep<F extends AnyFunction>(
  first: F | StepOptions = {},
  options: StepOptions = {},
): F | StepDecorator {
  if (typeof first === 'function') return wrapStep(first, options, options.name ?? first.name);
  const decorate = (target: unknown, second?: unknown, descriptor?: PropertyDescriptor): unknown => {
    if (descriptor && typeof descriptor.value === 'function') {
      descriptor.value = wrapStep(descriptor.value as AnyFunction, first, first.name ?? String(second));
      return descriptor;
    }
    const fn = target as AnyFunction;
    const given =
      typeof second === 'string'
        ? second
        : typeof second === 'object' && second !== null
          ? String((second as { name: unknown }).name)
          : fn.name;
    return wrapStep(fn, first, first.name ?? given);
  };
  return decorate as StepDecorator;
}

const wrapStep = <F extends AnyFunction>(fn: F, options: StepOptions, name: string): F => {
  processFlow ??= new FlowGuard();
  const flow = options.flow ?? processFlow;
  const named = { ...options, name };
  const run = fn as unknown as (this: unknown, ...args: unknown[]) => unknown;
  const guarded = function (this: unknown, ...args: unknown[]): unknown {
    const above = guarded as AnyFunction;
    // A class instance is a run of its own; `globalThis` and undefined are not.
    const instance = typeof this === 'object' && this !== null && this !== globalThis ? this : undefined;
    const started = Date.now();
    flow.step(name, named, instance, above);
    if (options.checkState) flow.checkState(stateFor(options.checkState, instance, args), named, above);
    let result: unknown;
    try {
      result = run.apply(this, args);
    } catch (error) {
      told(name, started, error);
      throw error;
    }
    const settle = (value: unknown): unknown => {
      told(name, started);
      return options.router ? flow.route(value, named, instance, above) : value;
    };
    if (!isThenable(result)) return settle(result);
    return result.then(settle, error => {
      told(name, started, error);
      throw error;
    });
  };
  Object.defineProperty(guarded, 'name', { value: fn.name, configurable: true });
  Object.defineProperty(guarded, 'length', { value: fn.length, configurable: true });
  return guarded as unknown as F;
};

const stateFor = (
  checkState: true | ((...args: never[]) => unknown),
  instance: object | undefined,
  args: unknown[],
): unknown => {
  if (typeof checkState === 'function') return (checkState as (...args: unknown[]) => unknown)(...args);
  return instance && 'state' in instance ? instance.state : args[0];
};

const told = (name: string, started: number, error?: unknown): void => {
  if (!shared.active) return;
  const run = currentRun();
  run.announce();
  emit({
    kind: 'call',
    runId: run.id,
    time: started,
    op: 'step',
    name,
    durationMs: Math.max(0, Date.now() - started),
    outcome: error === undefined ? 'ok' : 'error',
    ...(error === undefined ? {} : { error: error instanceof Error ? error.name : 'error' }),
  });
};

/** Runs `fn`; if a trip ends it, gives what `rescue` makes of the trip instead: the best result so far, say. */
export const failSoft = <T>(fn: () => T, rescue: (trip: TripError) => Awaited<T>): T => {
  const save = (error: unknown): Awaited<T> => {
    const trip = tripOf(error);
    if (!trip) throw error;
    return rescue(trip);
  };
  let result: T;
  try {
    result = fn();
  } catch (error) {
    return save(error) as T;
  }
  return isThenable(result) ? (result.then(undefined, save) as T) : result;
};
