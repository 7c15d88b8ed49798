// Prices: dollars per million tokens, from the caller or from a price package. An unknown model is an error, never free.

import { estimateTokens, type Usage } from '../index.ts';

/** Dollars per million tokens. What is read from or written to a cache costs as input where nothing else is said. */
export type Rates = { input: number; output: number; cacheRead?: number; cacheWrite?: number };

/** The price of a model. `above`: other rates for the whole of a call whose input has more tokens, fewest first. */
export type Price = Rates & { above?: readonly (Rates & { inputTokens: number })[] };

/** Prices by model, or a function for a price package. */
export type Prices = Readonly<Record<string, Price>> | ((model: string) => Price | undefined);

/** There is no price for the model. Configure one. */
export class UnknownModelError extends Error {
  override name = 'UnknownModelError';
  readonly model: string;

  constructor(model: string) {
    super(
      `There is no price for the model ${model}. Give one in dollars per million tokens: prices: { '${model}': { input, output } }.`,
    );
    this.model = model;
  }
}

/** No model costs more per million tokens; a higher price is a mistake, and would block everyone. */
const DEAREST = 2_000;

/** The price of a model. Throws `UnknownModelError`, or `RangeError` for a price that cannot be right. */
export const priceOf = (prices: Prices, model: string): Price => {
  const price = typeof prices === 'function' ? prices(model) : Object.hasOwn(prices, model) ? prices[model] : undefined;
  if (!price) throw new UnknownModelError(model);
  for (const rates of [price, ...(price.above ?? [])]) {
    for (const amount of [rates.input, rates.output, rates.cacheRead ?? 0, rates.cacheWrite ?? 0]) {
      if (!(amount >= 0 && amount <= DEAREST))
        throw new RangeError(`${amount} dollars per million tokens of ${model} cannot be right`);
    }
  }
  return price;
};

/** Dollars of a usage. */
export const costOf = (price: Price, usage: Usage): number => {
  const rates: Rates = price.above?.findLast(({ inputTokens }) => usage.inputTokens > inputTokens) ?? price;
  const read = Math.min(usage.cacheReadTokens ?? 0, usage.inputTokens);
  const written = Math.min(usage.cacheWriteTokens ?? 0, usage.inputTokens - read);
  return (
    ((usage.inputTokens - read - written) * rates.input +
      read * (rates.cacheRead ?? rates.input) +
      written * (rates.cacheWrite ?? rates.input) +
      usage.outputTokens * rates.output) /
    1e6
  );
};

/** The estimate of an input may be low by this much; a reservation that is too low would be an overshoot. */
const SLACK = 1.5;

/** The most tokens that a request may use. `maxOutput` where it sets no limit itself. */
export const worstUsageOf = (request: Readonly<Record<string, unknown>>, maxOutput = 4_096): Usage => {
  const { messages, input, prompt, system, instructions, tools } = request;
  const limit =
    request.max_completion_tokens ?? request.max_tokens ?? request.max_output_tokens ?? request.maxOutputTokens;
  const choices = typeof request.n === 'number' && request.n > 1 ? request.n : 1;
  return {
    inputTokens: Math.ceil(estimateTokens([messages, input, prompt, system, instructions, tools]) * SLACK) + 16,
    outputTokens: (typeof limit === 'number' && limit >= 0 ? limit : maxOutput) * choices,
  };
};

/** Dollars of a request at worst, for reservations. Nothing is assumed to come from a cache. Throws as {@link priceOf}. */
export const worstCostOf = (
  prices: Prices,
  model: string,
  request: Readonly<Record<string, unknown>>,
  maxOutput?: number,
): number => {
  const price = priceOf(prices, model);
  const worst = worstUsageOf(request, maxOutput);
  // Writing to a cache may cost more than reading in plainly.
  const written = costOf(price, { ...worst, cacheWriteTokens: worst.inputTokens });
  return Math.max(costOf(price, worst), written);
};
