// Prices from the package: the same dollars as it says itself, unknown models told, own prices first, nothing that cannot be right.

import { calcPrice, findProvider } from '@pydantic/genai-prices';
import { describe, expect, it } from 'vitest';
import { createMeter } from '../../runtime/src/meter/index.ts';
import {
  costOf,
  packagedPrices,
  priceOf,
  UnknownModelError,
  worstCostOf,
  worstUsageOf,
} from '../../runtime/src/prices.ts';

const NOW = Date.UTC(2026, 10, 1, 12);
const clock = () => NOW;
const prices = packagedPrices({ clock });

describe('packaged prices', () => {
  it('give what the package gives, for every model of the great providers, tiers and caches included', () => {
    const usages = [
      { inputTokens: 1_000, outputTokens: 500 },
      { inputTokens: 500_000, outputTokens: 4_000, cacheReadTokens: 100_000, cacheWriteTokens: 50_000 },
    ];
    let compared = 0;
    for (const provider of ['openai', 'anthropic', 'google', 'deepseek', 'mistral', 'x-ai']) {
      const own = packagedPrices({ provider, clock });
      for (const { id } of findProvider({ providerId: provider })!.models) {
        for (const { inputTokens, outputTokens, cacheReadTokens = 0, cacheWriteTokens = 0 } of usages) {
          const usage = {
            input_tokens: inputTokens,
            output_tokens: outputTokens,
            ...(cacheReadTokens ? { cache_read_tokens: cacheReadTokens } : {}),
          };
          const theirs = calcPrice(usage, id, { providerId: provider, timestamp: new Date(NOW) });
          const price = typeof own === 'function' ? own(id) : undefined;
          if (!price || !theirs || price.output === 0) continue;
          const written = price.cacheWrite === undefined ? 0 : cacheWriteTokens;
          const same = calcPrice({ ...usage, ...(written ? { cache_write_tokens: written } : {}) }, id, {
            providerId: provider,
            timestamp: new Date(NOW),
          });
          const ours = costOf(price, { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens: written });
          expect(ours, `${provider} ${id}`).toBeCloseTo(same!.total_price, 9);
          compared++;
        }
      }
    }
    console.log(`prices: ${compared} costs compared with the package`);
    expect(compared).toBeGreaterThan(300);
  });

  it('know dated names and names with a provider; what they do not know is an error that says what to do', () => {
    const mini = priceOf(prices, 'gpt-5-mini');
    expect(priceOf(prices, 'gpt-5-mini-2025-08-07')).toEqual(mini);
    expect(priceOf(prices, 'openai/gpt-5-mini')).toEqual(mini);
    expect(priceOf(prices, 'openai:gpt-5-mini')).toEqual(mini);
    expect(mini).toMatchObject({ input: 0.25, output: 2, cacheRead: 0.025 });
    for (const model of ['gpt-99', 'claude-nonsense', 'nobody/gpt-5', 'whisper-1', '', '__proto__']) {
      const error = (() => {
        try {
          return priceOf(prices, model);
        } catch (thrown) {
          return thrown;
        }
      })();
      expect(error, model).toBeInstanceOf(UnknownModelError);
      expect(error).toMatchObject({ model, message: expect.stringMatching(/Give one in dollars per million tokens/) });
    }
    expect(() => packagedPrices({ provider: 'nobody' })).toThrow(RangeError);
  });

  it('own prices go first, may be free, and must be possible', () => {
    const own = packagedPrices({ own: { 'gpt-5': { input: 1, output: 2 }, local: { input: 0, output: 0 } }, clock });
    expect(priceOf(own, 'gpt-5')).toEqual({ input: 1, output: 2 });
    expect(priceOf(own, 'local')).toEqual({ input: 0, output: 0 });
    expect(() => packagedPrices({ own: { x: { input: 1e7, output: 1 } } })).toThrow(/cannot be right/);
    expect(() => packagedPrices({ own: { x: { input: 1, output: Number.NaN } } })).toThrow(RangeError);
    expect(() =>
      packagedPrices({ own: { x: { input: 1, output: 1, above: [{ inputTokens: 1, input: -1, output: 1 }] } } }),
    ).toThrow(RangeError);
  });

  it('are found out anew, since some change with the time of day', () => {
    let now = NOW;
    let asked = 0;
    const ticking = packagedPrices({
      clock: () => {
        asked++;
        return now;
      },
    });
    const first = priceOf(ticking, 'gpt-5');
    expect(priceOf(ticking, 'gpt-5')).toBe(first);
    now += 60_000;
    expect(priceOf(ticking, 'gpt-5')).not.toBe(first);
    expect(asked).toBe(3);
  });

  it('reserve the worst case of a request, which the real cost stays below', async () => {
    const request = { messages: [{ role: 'user', content: 'hello '.repeat(1_000) }], max_tokens: 100 };
    const worst = worstUsageOf(request);
    expect(worst.outputTokens).toBe(100);
    expect(worst.inputTokens).toBeGreaterThan(1_000);
    expect(worstUsageOf({ ...request, n: 3 }).outputTokens).toBe(300);
    expect(worstUsageOf({ messages: [] }).outputTokens).toBe(4_096);
    const price = priceOf(prices, 'claude-haiku-4-5');
    const real = costOf(price, { inputTokens: 1_010, outputTokens: 100, cacheWriteTokens: 1_000 });
    expect(worstCostOf(prices, 'claude-haiku-4-5', request)).toBeGreaterThan(real);
    const meter = createMeter({ plans: { pro: 29 }, prices });
    const model = async () => ({ usage: { input_tokens: 1_000_000, output_tokens: 0 } });
    await meter.chat(model, { ...request, model: 'gpt-5-mini', userId: 'u', plan: 'pro' });
    expect((await meter.spentBy('u')).usd).toBeCloseTo(0.25, 9);
    await expect(meter.chat(model, { ...request, model: 'gpt-99', userId: 'u', plan: 'pro' })).rejects.toThrow(
      UnknownModelError,
    );
  });
});
