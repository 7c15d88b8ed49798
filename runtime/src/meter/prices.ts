// Prices: dollars per million tokens, from the caller or from a price package. An unknown model is an error, never free.

import type { Usage } from '../index.ts';

/** Dollars per million tokens. */
export type Price = { input: number; output: number; cacheRead?: number };

/** Prices by model, or a function for a price package. */
export type Prices = Readonly<Record<string, Price>> | ((model: string) => Price | undefined);

/** There is no price for the model. Configure one. */
export class UnknownModelError extends Error {
  override name = 'UnknownModelError';
  readonly model: string;

  constructor(model: string) {
    super(`There is no price for the model ${model}. Add it to the meter's prices.`);
    this.model = model;
  }
}

/** No model costs more per million tokens; a higher price is a mistake, and would block everyone. */
const DEAREST = 2_000;

/** The price of a model. Throws `UnknownModelError`, or `RangeError` for a price that cannot be right. */
export const priceOf = (prices: Prices, model: string): Price => {
  const price = typeof prices === 'function' ? prices(model) : Object.hasOwn(prices, model) ? prices[model] : undefined;
  if (!price) throw new UnknownModelError(model);
  for (const amount of [price.input, price.output, price.cacheRead ?? 0]) {
    if (!(amount >= 0 && amount <= DEAREST))
      throw new RangeError(`${amount} dollars per million tokens of ${model} cannot be right`);
  }
  return price;
};

/** Dollars of a usage. */
export const costOf = (price: Price, usage: Usage): number => {
  const cached = Math.min(usage.cacheReadTokens ?? 0, usage.inputTokens);
  const fresh = usage.inputTokens - cached;
  return (fresh * price.input + cached * (price.cacheRead ?? price.input) + usage.outputTokens * price.output) / 1e6;
};
