// guard(): wraps any function, sync or async, and gives back one of exactly the same type.
// Or makes a guard that is shared: a function of functions that is also a decorator, TC39 and legacy.

import { type Answered, type CallFacts, GuardCore, GuardedCall, type GuardView } from './core.ts';
import { complain } from './emit/complain.ts';
import { TripError } from './errors.ts';
import type { AnyFunction, GuardOptions } from './options.ts';
import type { Amounts } from './protocol/event.ts';
import { isThenable } from './run.ts';

/** What can be done with a guard besides calling through it. */
export type GuardHandle = {
  readonly label: string;
  /** Forgets windows, budget, breaker and stored trips. */
  reset(): void;
  /** A person spoke, or another round began: what was called before is no part of a loop. Budget and breaker stay. */
  newTurn(): void;
  /** Raises the budget; false if there is none. */
  raise(by: Amounts): boolean;
  /** State at this moment. */
  view(): GuardView;
  /** For adapters with hooks before and after a call: throws the trip, or gives the call to be told its outcome. */
  begin(facts: CallFacts): GuardedCall;
  /** Like `begin` for adapters that can wait: `onTrip` is awaited, and an answer of `onWarn` is given as it is. */
  enter(facts: CallFacts): Promise<GuardedCall | Answered>;
};

/** A guard that several functions share: one window, one budget, one breaker. */
export type Guard = GuardHandle & {
  /** Wraps a function under its own name. */
  <F extends AnyFunction>(fn: F): F;
  /** Wraps a function under a given name. */
  <F extends AnyFunction>(fn: F, name: string): F;
  /** TC39 method decorator. */
  <F extends AnyFunction>(fn: F, context: ClassMethodDecoratorContext): F;
  /** Legacy method decorator. */
  <F extends AnyFunction>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<F>,
  ): TypedPropertyDescriptor<F>;
};

const CORES = new WeakMap<object, GuardCore>();

/** Guards a function: the result has exactly its type. Throws `RangeError` for options that cannot work. */
export function guard<F extends AnyFunction>(fn: F, options?: GuardOptions<F>): F;
/** Makes a guard to be shared by functions, or used as a decorator. */
export function guard(options: GuardOptions): Guard;
export function guard<F extends AnyFunction>(first: F | GuardOptions, options: GuardOptions<F> = {}): F | Guard {
  if (typeof first !== 'function') return sharedGuard(first);
  const label = options.name ?? (first.name || 'call');
  return wrap(new GuardCore(options as GuardOptions, label, guard as AnyFunction), first, label);
}

/** The guard behind a guarded function or a shared guard; undefined for anything else. */
export const guardOf = (guarded: object): GuardHandle | undefined => {
  const core = CORES.get(guarded);
  return core && handleOf(core);
};

const handleOf = (core: GuardCore): GuardHandle => ({
  label: core.label,
  reset: () => core.reset(),
  newTurn: () => core.newTurn(),
  raise: by => core.raise(by),
  view: () => core.view(),
  begin: facts => core.begin(facts),
  enter: facts => core.enter(facts),
});

const sharedGuard = (options: GuardOptions): Guard => {
  const core = new GuardCore(options, options.name ?? 'guard', guard as AnyFunction);
  const decorate = (target: unknown, second?: unknown, descriptor?: PropertyDescriptor): unknown => {
    if (descriptor && typeof descriptor.value === 'function') {
      descriptor.value = wrap(core, descriptor.value as AnyFunction, String(second));
      return descriptor;
    }
    const fn = target as AnyFunction;
    const name =
      typeof second === 'string'
        ? second
        : typeof second === 'object' && second !== null
          ? String((second as { name: unknown }).name)
          : fn.name || core.label;
    return wrap(core, fn, name);
  };
  CORES.set(decorate, core);
  return Object.assign(decorate, handleOf(core)) as Guard;
};

const isAsync = (fn: AnyFunction): boolean => fn.constructor.name === 'AsyncFunction';

/** Wraps a function so that a guard sees its calls. */
export const wrap = <F extends AnyFunction>(core: GuardCore, fn: F, name: string): F => {
  const run = fn as unknown as (this: unknown, ...args: unknown[]) => unknown;
  const { signature, estimate } = core.options as {
    signature?: (...args: unknown[]) => unknown;
    estimate?: (...args: unknown[]) => { usd?: number; tokens?: number };
  };
  // Undefined until a call has shown it.
  let promises: boolean | undefined = isAsync(fn) || undefined;
  const guarded = function (this: unknown, ...args: unknown[]): unknown {
    const facts = {
      name,
      input: signature ? signature(...args) : args.length === 1 ? args[0] : args,
      payload: args[0],
      estimate: estimate?.(...args),
    };
    const call = core.check(facts, guarded as AnyFunction);
    if (!(call instanceof GuardedCall)) return refuse(core, call, promises);
    let output: unknown;
    try {
      output = run.apply(this, args);
    } catch (error) {
      call.fail(error);
      throw error;
    }
    if (!isThenable(output)) {
      promises = false;
      call.succeed(output);
      return output;
    }
    promises = true;
    return output.then(
      value => {
        call.succeed(value);
        return value;
      },
      error => {
        call.fail(error);
        throw error;
      },
    );
  };
  // The type promises the function's own properties as well.
  const {
    prototype: _,
    arguments: __,
    caller: ___,
    ...own
  } = Object.getOwnPropertyDescriptors(fn) as Record<string, PropertyDescriptor>;
  Object.defineProperties(guarded, own);
  CORES.set(guarded, core);
  return guarded as unknown as F;
};

/**
 * Throws the trip, after `onTrip`; as a rejection where the function gives promises. Of a function that is known to give
 * none the throw cannot wait: there an `onTrip` that gives a promise is only watched.
 */
const refuse = (core: GuardCore, refused: TripError | Answered, promises: boolean | undefined): unknown => {
  if (!(refused instanceof TripError)) return promises ? Promise.resolve(refused.instead) : refused.instead;
  let told: unknown;
  try {
    told = core.options.onTrip?.(refused);
  } catch (error) {
    if (promises) return Promise.reject(error);
    throw error;
  }
  if (isThenable(told)) {
    if (promises !== false) {
      return told.then(() => {
        throw refused;
      });
    }
    told.then(undefined, error => complain(`onTrip rejected: ${String(error)}`));
  }
  if (promises) return Promise.reject(refused);
  throw refused;
};
