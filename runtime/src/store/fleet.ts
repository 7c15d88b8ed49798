// One budget for all processes of an application: reserves in a ledger before a call, settles after it.
// For functions that are asynchronous anyway; put it outside a guard: what the guard refuses is given back.

import { type Shortage, type Spend, shortageText } from '../budget.ts';
import { type Clock, systemClock } from '../clock.ts';
import { shared } from '../emit/shared.ts';
import {
  type AnyFunction,
  type BudgetOptions,
  currentRun,
  errorOf,
  type InputOf,
  isShort,
  makeTrip,
  type OutputOf,
  TripError,
  type Usage,
  usageOf,
} from '../index.ts';
import { placeOf } from '../place.ts';
import type { Place } from '../protocol/trip.ts';
import type { Account, Balance, Hold, Ledger } from './ledger.ts';

/** How a fleet budget reads the calls of a function. */
export type FleetOptions<F extends AnyFunction = AnyFunction> = {
  /** The worst case of a call, held while it runs: with it, parallel calls never overshoot. */
  estimate?: (...args: Parameters<F>) => Partial<Spend>;
  /** Dollars that a call cost. */
  cost?: (input: InputOf<F>, output: OutputOf<F>) => number;
  /** Tokens that a call used. Default: the usage figures that the usual clients return. */
  usage?: (output: OutputOf<F>) => Usage | undefined;
  /** Called before a trip is thrown. */
  onTrip?: (error: TripError) => void | Promise<void>;
};

/** See the file header. Made by {@link fleetBudget}. */
export class FleetBudget {
  readonly account: Account;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #made: Place | undefined;

  /** Throws `RangeError` for a budget without a limit. */
  constructor(ledger: Ledger, name: string, limits: Omit<BudgetOptions, 'reserve'>, clock: Clock = systemClock) {
    const { maxUsd, maxTokens, maxCalls, windowMs } = limits;
    if (maxUsd === undefined && maxTokens === undefined && maxCalls === undefined) {
      throw new RangeError('a fleet budget needs maxUsd, maxTokens or maxCalls');
    }
    this.account = {
      key: name,
      limit: {
        ...(maxUsd === undefined ? {} : { usd: maxUsd }),
        ...(maxTokens === undefined ? {} : { tokens: maxTokens }),
        ...(maxCalls === undefined ? {} : { calls: maxCalls }),
      },
      ...(windowMs === undefined ? {} : { windowMs }),
    };
    this.#ledger = ledger;
    this.#clock = clock;
    this.#made = placeOf(fleetBudget as AnyFunction);
  }

  /** What all processes have spent and hold. Rejects with `LedgerUnavailableError`. */
  balance(): Promise<Balance> {
    return this.#ledger.balance(this.account);
  }

  /**
   * Holds a place for a call. Rejects with `BudgetExceededError`, or with `LedgerUnavailableError` while the ledger is
   * gone and fails closed. In monitoring mode a call that is not covered passes and is counted.
   */
  async reserve(estimate?: Partial<Spend>): Promise<Hold> {
    const held = await this.#ledger.reserve(this.account, estimate);
    if (!isShort(held)) return held;
    const monitored = shared.settings.monitor;
    const error = errorOf(this.#tripOf(held, monitored));
    if (!monitored) throw error;
    return {
      settle: async spend => void (await this.#ledger.charge(this.account, spend)),
      release: () => Promise.resolve(),
    };
  }

  /** Wraps an asynchronous function; what it throws or gives stays as it is. */
  guard<F extends (...args: never[]) => PromiseLike<unknown>>(fn: F, options: FleetOptions<F> = {}): F {
    const budget = this;
    const guarded = async function (this: unknown, ...args: Parameters<F>): Promise<unknown> {
      let hold: Hold;
      try {
        hold = await budget.reserve(options.estimate?.(...args));
      } catch (error) {
        if (error instanceof TripError) await options.onTrip?.(error);
        throw error;
      }
      let output: OutputOf<F>;
      try {
        output = (await fn.apply(this, args)) as OutputOf<F>;
      } catch (error) {
        // A guard within refused the call; any other failure was a call.
        await (error instanceof TripError ? hold.release() : hold.settle({ usd: 0, tokens: 0 }));
        throw error;
      }
      const used = options.usage ? options.usage(output) : usageOf(output);
      const tokens = (used?.inputTokens ?? 0) + (used?.outputTokens ?? 0);
      let usd = 0;
      try {
        usd = options.cost?.(args[0] as InputOf<F>, output) ?? 0;
        if (!Number.isFinite(usd) || usd < 0) throw new RangeError(`cost of ${fn.name} must not be ${usd}`);
      } catch (error) {
        // What cannot be priced counts as it was estimated, and the mistake is the caller's to see.
        await hold.settle({ usd: options.estimate?.(...args).usd ?? 0, tokens });
        throw error;
      }
      await hold.settle({ usd, tokens });
      return output;
    };
    Object.defineProperty(guarded, 'name', { value: fn.name, configurable: true });
    return guarded as unknown as F;
  }

  #tripOf(short: Shortage, monitored: boolean) {
    return makeTrip({
      reason: 'budget',
      guard: this.account.key,
      message: shortageText(short),
      evidence: { limit: short.limit, observed: short.spent + short.reserved + short.wanted, unit: short.unit },
      run: currentRun(),
      time: this.#clock(),
      made: this.#made,
      monitored,
    });
  }
}

/** A budget of all processes that name it. Throws `RangeError` for one without a limit. */
export const fleetBudget = (
  ledger: Ledger,
  name: string,
  limits: Omit<BudgetOptions, 'reserve'>,
  clock?: Clock,
): FleetBudget => new FleetBudget(ledger, name, limits, clock);
