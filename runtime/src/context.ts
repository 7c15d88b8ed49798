// The context guard: trips before a provider would refuse or truncate, so that the host can summarise.
// Counts with the caller's counter, or with an estimate that calibrates itself on the provider's usage figures.

import { Calibration, estimateTokens } from './tokens.ts';

/** Options of a context guard. */
export type ContextOptions = {
  /** The model's context. Default 200,000. */
  maxContextTokens?: number;
  /** Kept free for the answer. Default 4,000. */
  headroom?: number;
};

/** See {@link ContextOptions}. */
export class ContextGuard {
  /** Tokens of input that fit. */
  readonly limit: number;
  readonly #count: ((input: unknown) => number) | undefined;
  readonly #calibration = new Calibration();

  /** Throws `RangeError` for options that cannot work. */
  constructor(options: ContextOptions, count: ((input: unknown) => number) | undefined) {
    const { maxContextTokens = 200_000, headroom = 4_000 } = options;
    if (!(maxContextTokens > 0))
      throw new RangeError(`context.maxContextTokens must be positive, not ${maxContextTokens}`);
    if (!(headroom >= 0 && headroom < maxContextTokens)) {
      throw new RangeError(`context.headroom must be from 0 to below maxContextTokens, not ${headroom}`);
    }
    this.limit = maxContextTokens - headroom;
    this.#count = count;
  }

  /** Tokens of an input, and the raw estimate that {@link learn} wants back. */
  measure(input: unknown): { tokens: number; raw: number } {
    if (this.#count) {
      const tokens = this.#count(input);
      return { tokens, raw: 0 };
    }
    const raw = estimateTokens(input);
    return { tokens: this.#calibration.correct(raw), raw };
  }

  /** The provider counted the input of which `raw` was estimated. */
  learn(raw: number, inputTokens: number): void {
    this.#calibration.learn(raw, inputTokens);
  }
}
