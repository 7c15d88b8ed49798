// A budget of dollars, tokens and calls that reserves before a call and settles after it, so parallel calls cannot overshoot.
// Cumulative or rolling. Synchronous: admission and reservation are one step. Knows nothing of errors or guards.

import type { Clock } from './clock.ts';
import type { Amounts } from './protocol/event.ts';

/** The limits of a budget. At least one; each positive. */
export type BudgetOptions = {
  maxUsd?: number;
  maxTokens?: number;
  /** 0 allows no call at all. */
  maxCalls?: number;
  /** Rolling window in milliseconds; without it the budget is cumulative. */
  windowMs?: number;
  /**
   * What is held for a call whose cost nobody estimated: `learned` (default) the most expensive call so far while
   * others are in flight, `none` nothing.
   */
  reserve?: 'learned' | 'none';
};

/** Money and tokens of one call. */
export type Spend = { usd: number; tokens: number };

/** Which limit did not cover the call. */
export type Shortage = {
  unit: 'usd' | 'tokens' | 'calls';
  limit: number;
  spent: number;
  reserved: number;
  wanted: number;
};

/** A place held in a budget. Settle or release it exactly once; later calls change nothing. */
export type Reservation = {
  /** The call cost this much. */
  settle(spend: Spend): void;
  /** The call did not happen: nothing is counted. */
  release(): void;
};

/** Buckets of a rolling window; an amount leaves between one window and one bucket more after it was spent. */
const BUCKETS = 60;
/** Dollars add up in floating point: this much is no overshoot. */
const EPSILON = 1e-9;

/** See {@link BudgetOptions}. */
export class Budget {
  readonly #limits: { usd: number; tokens: number; calls: number };
  readonly #windowMs: number;
  readonly #learn: boolean;
  readonly #clock: Clock;
  readonly #spent = { usd: 0, tokens: 0, calls: 0 };
  readonly #reserved = { usd: 0, tokens: 0, calls: 0 };
  readonly #most = { usd: 0, tokens: 0 };
  readonly #buckets: { slot: number; usd: number; tokens: number; calls: number }[] = [];
  #epoch = 0;

  /** Throws `RangeError` for limits that cannot work. */
  constructor(options: BudgetOptions, clock: Clock) {
    for (const key of ['maxUsd', 'maxTokens', 'maxCalls', 'windowMs'] as const) {
      const value = options[key];
      if (value === undefined) continue;
      if (typeof value !== 'number' || Number.isNaN(value) || value < 0 || (key === 'windowMs' && value < 1)) {
        throw new RangeError(`budget.${key} must be a number that is not negative, not ${value}`);
      }
    }
    if (options.maxUsd === undefined && options.maxTokens === undefined && options.maxCalls === undefined) {
      throw new RangeError('budget needs maxUsd, maxTokens or maxCalls');
    }
    this.#limits = {
      usd: options.maxUsd ?? Number.POSITIVE_INFINITY,
      tokens: options.maxTokens ?? Number.POSITIVE_INFINITY,
      calls: options.maxCalls ?? Number.POSITIVE_INFINITY,
    };
    this.#windowMs = options.windowMs ?? 0;
    this.#learn = options.reserve !== 'none';
    this.#clock = clock;
  }

  /** Holds a place for a call, or says what is short. `estimate` is the worst case of the call, where it is known. */
  reserve(estimate?: Partial<Spend>): Reservation | Shortage {
    this.#expire();
    const busy = this.#reserved.calls > 0;
    const wanted = {
      usd: estimate?.usd ?? (busy && this.#learn ? this.#most.usd : 0),
      tokens: estimate?.tokens ?? (busy && this.#learn ? this.#most.tokens : 0),
      calls: 1,
    };
    for (const unit of ['calls', 'usd', 'tokens'] as const) {
      const limit = this.#limits[unit];
      if (limit === Number.POSITIVE_INFINITY) continue;
      const used = this.#spent[unit] + this.#reserved[unit];
      // Without a worst case the call after the cap is the first that is refused.
      const short = wanted[unit] > 0 ? used + wanted[unit] > limit + EPSILON : used >= limit - EPSILON;
      if (short) return { unit, limit, spent: this.#spent[unit], reserved: this.#reserved[unit], wanted: wanted[unit] };
    }
    // A call that starts alone and unestimated holds what the dearest one cost, for those that follow it.
    const held = {
      usd: Math.max(wanted.usd, this.#learn && estimate?.usd === undefined ? this.#most.usd : 0),
      tokens: Math.max(wanted.tokens, this.#learn && estimate?.tokens === undefined ? this.#most.tokens : 0),
    };
    this.#reserved.usd += held.usd;
    this.#reserved.tokens += held.tokens;
    this.#reserved.calls++;
    return new Held(this, this.#epoch, held.usd, held.tokens);
  }

  /** Takes a place back, with what was spent there; only places know when. */
  private give(epoch: number, usd: number, tokens: number, spend: Spend | undefined): void {
    // What a reset forgot is not given back twice.
    if (epoch !== this.#epoch) return;
    this.#reserved.calls--;
    // Dollars add up in floating point: an empty house owes nothing.
    this.#reserved.usd = this.#reserved.calls === 0 ? 0 : this.#reserved.usd - usd;
    this.#reserved.tokens -= tokens;
    if (spend) this.#add(spend);
  }

  /** Spent, without what is held. */
  get spent(): Required<Amounts> {
    this.#expire();
    return { ...this.#spent };
  }

  /** Held for calls that are in flight. */
  get reserved(): Required<Amounts> {
    return { ...this.#reserved };
  }

  /** The limits; a limit that is absent does not hold. */
  get limit(): Amounts {
    const limit: Amounts = {};
    for (const unit of ['usd', 'tokens', 'calls'] as const) {
      if (this.#limits[unit] !== Number.POSITIVE_INFINITY) limit[unit] = this.#limits[unit];
    }
    return limit;
  }

  /** When a rolling window gives something back, milliseconds since the epoch; undefined for a cumulative budget. */
  get retryAt(): number | undefined {
    const oldest = this.#buckets[0];
    return oldest ? (oldest.slot + 1) * (this.#windowMs / BUCKETS) + this.#windowMs : undefined;
  }

  /** Counts what was spent elsewhere, e.g. before a restart. */
  add(spend: Spend, calls: number): void {
    this.#add(spend, calls);
  }

  /** Raises limits that are set, for good. Throws `RangeError` for negative amounts. */
  raise(by: Amounts): void {
    for (const unit of ['usd', 'tokens', 'calls'] as const) {
      const amount = by[unit] ?? 0;
      if (!(amount >= 0)) throw new RangeError(`cannot raise ${unit} by ${amount}`);
      this.#limits[unit] += amount;
    }
  }

  /** Forgets what was spent and held; calls in flight count nowhere. */
  reset(): void {
    this.#epoch++;
    for (const unit of ['usd', 'tokens', 'calls'] as const) {
      this.#spent[unit] = 0;
      this.#reserved[unit] = 0;
    }
    this.#buckets.length = 0;
  }

  #add(spend: Spend, calls = 1): void {
    const usd = finite(spend.usd);
    const tokens = finite(spend.tokens);
    this.#spent.usd += usd;
    this.#spent.tokens += tokens;
    this.#spent.calls += calls;
    if (usd > this.#most.usd) this.#most.usd = usd;
    if (tokens > this.#most.tokens) this.#most.tokens = tokens;
    if (this.#windowMs === 0) return;
    const slot = Math.floor(this.#clock() / (this.#windowMs / BUCKETS));
    const last = this.#buckets.at(-1);
    if (last && last.slot >= slot) {
      last.usd += usd;
      last.tokens += tokens;
      last.calls += calls;
    } else this.#buckets.push({ slot, usd, tokens, calls });
  }

  #expire(): void {
    if (this.#windowMs === 0) return;
    const oldest = Math.floor(this.#clock() / (this.#windowMs / BUCKETS)) - BUCKETS;
    while (this.#buckets.length > 0 && this.#buckets[0]!.slot < oldest) {
      const gone = this.#buckets.shift()!;
      this.#spent.usd = this.#buckets.length === 0 ? 0 : this.#spent.usd - gone.usd;
      this.#spent.tokens -= gone.tokens;
      this.#spent.calls -= gone.calls;
    }
  }
}

class Held implements Reservation {
  readonly #budget: Budget;
  readonly #epoch: number;
  readonly #usd: number;
  readonly #tokens: number;
  #open = true;

  constructor(budget: Budget, epoch: number, usd: number, tokens: number) {
    this.#budget = budget;
    this.#epoch = epoch;
    this.#usd = usd;
    this.#tokens = tokens;
  }

  settle(spend: Spend): void {
    this.#close(spend);
  }

  release(): void {
    this.#close(undefined);
  }

  #close(spend: Spend | undefined): void {
    if (!this.#open) return;
    this.#open = false;
    this.#budget['give'](this.#epoch, this.#usd, this.#tokens, spend);
  }
}

/** Whether a reservation was refused. */
export const isShort = (reservation: Reservation | Shortage): reservation is Shortage => 'unit' in reservation;

/** A shortage for people. */
export const shortageText = ({ unit, limit, spent, reserved, wanted }: Shortage): string => {
  const show = (amount: number): string => (unit === 'usd' ? `$${Number(amount.toFixed(6))}` : String(amount));
  const held = reserved > 0 ? `, ${show(reserved)} held for calls in flight` : '';
  const name = unit === 'usd' ? '' : ` ${unit}`;
  return `The budget of ${show(limit)}${name} does not cover another call: ${show(spent)} spent${held}, ${show(wanted)} wanted.`;
};

const finite = (value: number): number => (Number.isFinite(value) && value > 0 ? value : 0);
