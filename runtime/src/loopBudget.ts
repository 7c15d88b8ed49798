// A bound for a plain loop: one object, one call per turn, a typed error on the turn after the last.

import { errorOf } from './errors.ts';
import type { AnyFunction } from './options.ts';
import { makeTrip } from './raise.ts';
import { currentRun } from './run.ts';

/** Turns that a loop may take. Made by {@link loopBudget}. */
export class LoopBudget {
  /** Turns in all. */
  readonly limit: number;
  readonly #label: string;
  #used = 0;

  constructor(limit: number, label: string) {
    if (!Number.isSafeInteger(limit) || limit < 0) {
      throw new RangeError(`loopBudget needs a whole number of turns, not ${limit}`);
    }
    this.limit = limit;
    this.#label = label;
  }

  /** Turns taken. */
  get used(): number {
    return this.#used;
  }

  /** Turns left. */
  get left(): number {
    return this.limit - this.#used;
  }

  /** Takes a turn and gives its number, from 1. Throws `StepBudgetExceededError` when none is left. */
  next(): number {
    if (this.#used >= this.limit) this.#exceeded();
    return ++this.#used;
  }

  /** Gives all turns back. */
  reset(): void {
    this.#used = 0;
  }

  #exceeded(): never {
    const trip = makeTrip({
      reason: 'step',
      guard: this.#label,
      message: `The loop ${this.#label} took its ${this.limit} turns and wants another.`,
      evidence: {
        limit: this.limit,
        observed: this.#used + 1,
        unit: 'calls',
        subject: this.#label,
        counts: [{ name: this.#label, count: this.#used }],
      },
      run: currentRun(),
      time: Date.now(),
      above: this.next as AnyFunction,
    });
    throw errorOf(trip);
  }
}

/** A bound for a loop: make it before, call `next()` first thing in each turn. Throws `RangeError` for an odd limit. */
export const loopBudget = (turns: number, label = 'loop'): LoopBudget => new LoopBudget(turns, label);
