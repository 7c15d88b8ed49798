// The meter: attribution under concurrency, caps by reservation, downgrade, velocity, alerts, records, unknown prices.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { CapReachedError, isCapError, VelocityExceededError } from '../../runtime/src/index.ts';
import {
  type Alert,
  createMeter,
  type MeterOptions,
  type MeterRecord,
  UnknownModelError,
  webhook,
} from '../../runtime/src/meter/index.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});
const PRICES = { big: { input: 10, output: 30 }, small: { input: 1, output: 3 } };
const PLANS = { free: 0, pro: 29, business: 99 };
const meterWith = (options: Partial<MeterOptions> = {}) =>
  createMeter({ plans: PLANS, prices: PRICES, cheaper: { big: 'small' }, velocity: false, ...options });
const listen = async (answer: Parameters<typeof createServer>[1]): Promise<string> => {
  const http = createServer(answer);
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    http.closeAllConnections();
    http.close();
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
};
/** A model that uses 10,000 tokens in and 10,000 out: $0.40 on `big`, $0.04 on `small`. */
const model = async (request: Record<string, unknown>) => ({
  model: request.model,
  usage: { prompt_tokens: 10_000, completion_tokens: 10_000 },
});
const ask = { model: 'big', messages: [{ role: 'user', content: 'x'.repeat(100) }], max_tokens: 10_000 };

describe('attribution', () => {
  it('200 concurrent requests of 20 users over HTTP: exact, and no cap is overshot', async () => {
    const url = await listen((request, response) => {
      request.resume().on('end', () => {
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify({
            id: 'x',
            object: 'chat.completion',
            created: 1,
            model: 'big',
            choices: [],
            usage: { prompt_tokens: 50, completion_tokens: 10_000, total_tokens: 1 },
          }),
        );
      });
    });
    const client = new OpenAI({ apiKey: 'k', baseURL: url, maxRetries: 0 });
    const records: MeterRecord[] = [];
    const meter = meterWith({ plans: { pro: 2 }, deliver: batch => void records.push(...batch) });
    const results = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) =>
        meter.withUser({ userId: `u${index % 20}`, plan: 'pro', feature: `f${index % 3}` }, async () => {
          await Promise.resolve();
          return meter.chat(client, ask);
        }),
      ),
    );
    await meter.flush();
    const ok = results.filter(result => result.status === 'fulfilled').length;
    for (const result of results) if (result.status === 'rejected') expect(isCapError(result.reason)).toBe(true);
    expect(records).toHaveLength(ok);
    expect(meter.lastEventId).toBe(records.at(-1)?.id);
    for (let user = 0; user < 20; user++) {
      const own = records.filter(record => record.userId === `u${user}`);
      const { usd, reserved, calls } = await meter.spentBy(`u${user}`);
      expect(calls).toBe(own.length);
      expect(own.length).toBe(6);
      expect(usd).toBeCloseTo(
        own.reduce((sum, record) => sum + record.usd, 0),
        9,
      );
      expect(usd).toBeLessThanOrEqual(2);
      expect(reserved).toBe(0);
    }
  });

  it('needs to know whom a call is for, and gives the provider only its own fields', async () => {
    const meter = meterWith();
    await expect(meter.chat(model, ask)).rejects.toThrow(RangeError);
    let sent: Record<string, unknown> = {};
    await meter.chat(
      async request => {
        sent = request;
        return model(request);
      },
      { ...ask, userId: 'u', plan: 'pro', feature: 'f', temperature: 0 },
    );
    expect(sent).toEqual({ ...ask, temperature: 0 });
  });

  it('tells provider errors apart', async () => {
    const meter = meterWith();
    const failing = async () => {
      throw Object.assign(new Error('rate limited'), { status: 429 });
    };
    await expect(meter.chat(failing, { ...ask, userId: 'u', plan: 'pro' })).rejects.toThrow('rate limited');
    expect(await meter.spentBy('u')).toMatchObject({ usd: 0, reserved: 0 });
  });
});

describe('caps', () => {
  it('block before the request: free has nothing, pro has 29 dollars a month, and months begin anew', async () => {
    let now = Date.UTC(2026, 0, 15);
    const meter = meterWith({ clock: () => now });
    const call = (plan: string) => meter.chat(model, { ...ask, userId: plan, plan });
    const refused = (await call('free').catch(error => error)) as CapReachedError;
    expect(refused).toBeInstanceOf(CapReachedError);
    expect(refused).toMatchObject({ reason: 'cap', planName: 'free', userId: 'free', spent: 0, cap: 0 });
    let calls = 0;
    for (;;) {
      try {
        await call('pro');
        calls++;
      } catch (error) {
        expect(isCapError(error)).toBe(true);
        break;
      }
    }
    expect(calls).toBe(72);
    expect((await meter.spentBy('pro')).usd).toBeLessThanOrEqual(29);
    now = Date.UTC(2026, 1, 1);
    await call('pro');
    expect(await meter.spentBy('pro')).toMatchObject({ calls: 1 });
  });

  it('downgrade to the cheaper model, and the workflow completes', async () => {
    const records: MeterRecord[] = [];
    const meter = meterWith({ plans: { pro: 1 }, onCap: 'downgrade', deliver: batch => void records.push(...batch) });
    const models: unknown[] = [];
    for (let turn = 0; turn < 12; turn++) {
      models.push(((await meter.chat(model, { ...ask, userId: 'u', plan: 'pro' })) as { model: string }).model);
    }
    expect(models.slice(0, 2)).toEqual(['big', 'big']);
    expect(new Set(models.slice(2))).toEqual(new Set(['small']));
    await meter.flush();
    expect(records.at(-1)).toMatchObject({ model: 'small', downgradedFrom: 'big' });
    expect(meter.recommend()).toMatchObject([{ model: 'big', cheaper: 'small', usd: 0.8, cheaperUsd: 0.08 }]);
  });

  it('an unknown model and a price that cannot be right are errors', async () => {
    const meter = meterWith();
    await expect(meter.chat(model, { ...ask, model: 'new', userId: 'u', plan: 'pro' })).rejects.toThrow(
      UnknownModelError,
    );
    const dear = meterWith({ cheaper: {}, prices: { big: { input: 1e6, output: 1 } } });
    await expect(dear.chat(model, { ...ask, userId: 'u', plan: 'pro' })).rejects.toThrow(RangeError);
  });
});

describe('velocity and alerts', () => {
  it('more than 50,000 tokens in five minutes alert once, while the run goes on', async () => {
    let now = 1_000_000;
    const alerts: Alert[] = [];
    const meter = meterWith({ velocity: {}, sinks: [alert => void alerts.push(alert)], clock: () => now });
    for (let turn = 0; turn < 5; turn++) await meter.chat(model, { ...ask, userId: 'u', plan: 'business' });
    expect(alerts).toMatchObject([{ reason: 'velocity', userId: 'u', limit: 50_000, observed: 60_000 }]);
    now += 600_000;
    await meter.chat(model, { ...ask, userId: 'u', plan: 'business' });
    expect(alerts).toHaveLength(1);
    const tripping = meterWith({ velocity: { trip: true } });
    const results = [];
    for (let turn = 0; turn < 4; turn++) {
      results.push(await tripping.chat(model, { ...ask, userId: 'u', plan: 'business' }).catch(error => error));
    }
    expect(results[3]).toBeInstanceOf(VelocityExceededError);
  });

  it('sinks that fail, hang or answer 500 harm nobody', async () => {
    const bodies: string[] = [];
    const good = await listen((request, response) => {
      request.on('data', chunk => bodies.push(String(chunk))).on('end', () => response.end('ok'));
    });
    const broken = await listen((_, response) => response.writeHead(500).end());
    const hanging = await listen(() => undefined);
    const meter = meterWith({
      sinkTimeoutMs: 300,
      sinks: [
        webhook(good),
        webhook(broken),
        webhook(hanging),
        () => {
          throw new Error('mine');
        },
      ],
    });
    expect(isCapError(await meter.chat(model, { ...ask, userId: 'u', plan: 'free' }).catch(error => error))).toBe(true);
    await meter.flush();
    expect(JSON.parse(bodies.join(''))).toMatchObject({
      text: expect.stringContaining('reached the cap'),
      alert: { reason: 'cap' },
    });
  });

  it('records that could not be delivered are delivered with the next ones', async () => {
    const seen: string[] = [];
    let down = true;
    const meter = meterWith({
      deliver: batch => {
        if (down) throw new Error('down');
        seen.push(...batch.map(record => record.id));
      },
    });
    await meter.chat(model, { ...ask, userId: 'u', plan: 'pro' });
    await expect(meter.flush()).rejects.toThrow('down');
    down = false;
    await meter.chat(model, { ...ask, userId: 'u', plan: 'pro' });
    await meter.flush();
    expect(new Set(seen).size).toBe(2);
  });
});
