// Prices of models from `@pydantic/genai-prices`, which the application installs beside this package. Its data comes with it:
// nothing is fetched. What it does not know is an error, unless the application gives a price of its own.

import { calcPrice, findProvider } from '@pydantic/genai-prices';
import { type Clock, systemClock } from './clock.ts';
import { type Price, type Prices, priceOf, type Rates } from './meter/prices.ts';

export * from './meter/prices.ts';

/** Options of {@link packagedPrices}. */
export type PackagedOptions = {
  /** Prices that go before the package's: of new models, of contracts, of models that cost nothing. */
  own?: Readonly<Record<string, Price>>;
  /** Who serves the models (`openai`, `azure`, `aws`, `openrouter` ...). Default: told by the model's name. */
  provider?: string;
  clock?: Clock;
};

/** Some prices depend on the time of day; found out anew this often. */
const FRESH_MS = 60_000;

/**
 * Prices for a meter or a budget. Understands `gpt-5-mini`, dated names, and `provider/model` or `provider:model`. A model
 * that the package has no token price for, or lists as free, is unknown. Throws `RangeError` for a provider that it does not have,
 * and for own prices that cannot be right.
 */
export const packagedPrices = ({ own = {}, provider, clock = systemClock }: PackagedOptions = {}): Prices => {
  if (provider !== undefined && !findProvider({ providerId: provider })) {
    throw new RangeError(`@pydantic/genai-prices has no provider ${provider}`);
  }
  for (const model of Object.keys(own)) priceOf(own, model);
  const known = new Map<string, { price: Price | undefined; until: number }>();
  return model => {
    if (Object.hasOwn(own, model)) return own[model];
    const now = clock();
    const before = known.get(model);
    if (before && before.until > now) return before.price;
    const price = lookUp(model, provider, now);
    known.delete(model);
    known.set(model, { price, until: now + FRESH_MS });
    if (known.size > 1_000) known.delete(known.keys().next().value!);
    return price;
  };
};

const lookUp = (model: string, provider: string | undefined, now: number): Price | undefined => {
  const timestamp = new Date(now);
  // Asked for one token of each, so that a model without a price for tokens is none.
  const find = (name: string, providerId: string | undefined) =>
    calcPrice({ input_tokens: 1 }, name, { timestamp, ...(providerId === undefined ? {} : { providerId }) });
  const found = find(model, provider) ?? findBehind(model, find);
  return found ? priceFrom(found.model_price) : undefined;
};

type Find = (name: string, providerId: string) => ReturnType<typeof calcPrice>;

const findBehind = (model: string, find: Find): ReturnType<typeof calcPrice> => {
  const [, providerId, name] = /^([\w.-]+)[/:](.+)$/.exec(model) ?? [];
  return providerId !== undefined && name !== undefined && findProvider({ providerId }) ? find(name, providerId) : null;
};

type Packaged = NonNullable<ReturnType<typeof calcPrice>>['model_price'];

const KEYS = {
  input: 'input_mtok',
  output: 'output_mtok',
  cacheRead: 'cache_read_mtok',
  cacheWrite: 'cache_write_mtok',
} as const;

const priceFrom = (packaged: Packaged): Price | undefined => {
  const starts = new Set<number>();
  for (const key of Object.values(KEYS)) {
    const amount = packaged[key];
    if (typeof amount === 'object') for (const { start } of amount.tiers) starts.add(start);
  }
  const rates = ratesAt(packaged, -1);
  // A budget in dollars would never end on what is listed as free.
  if (!rates || (rates.input === 0 && rates.output === 0)) return undefined;
  const above = [...starts]
    .sort((a, b) => a - b)
    .map(start => ({ inputTokens: start, ...rates, ...ratesAt(packaged, start) }));
  return above.length > 0 ? { ...rates, above } : rates;
};

/** The rates of a call with more than `start` input tokens. */
const ratesAt = (packaged: Packaged, start: number): Rates | undefined => {
  const rates: Partial<Rates> = {};
  for (const [name, key] of Object.entries(KEYS) as [keyof Rates, string][]) {
    const amount = packaged[key];
    if (amount === undefined) continue;
    if (typeof amount === 'number') rates[name] = amount;
    else rates[name] = amount.tiers.findLast(tier => tier.start <= start)?.price ?? amount.base;
  }
  // Embeddings have no output.
  return rates.input === undefined ? undefined : { output: 0, ...rates, input: rates.input };
};
