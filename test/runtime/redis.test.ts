// Budgets of a fleet in a real Redis: both client libraries, many reservers, several processes, killed holders, a killed server.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  BudgetExceededError,
  guard,
  isCapError,
  isShort,
  LoopDetectedError,
  withRun,
} from '../../runtime/src/index.ts';
import { createMeter } from '../../runtime/src/meter/index.ts';
import {
  fleetBudget,
  type Hold,
  LedgerUnavailableError,
  type RedisClient,
  type RedisLedgerOptions,
  redisLedger,
} from '../../runtime/src/store/redis.ts';
import { type RedisServer, redisMissing, startRedis } from './redis/server.ts';

const missing = redisMissing();
let server: RedisServer;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  if (!missing) server = await startRedis();
});
afterAll(() => server?.close());
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const clients = {
  ioredis: async (): Promise<RedisClient> => {
    const client = new Redis(server.port);
    client.on('error', () => undefined);
    closers.push(() => client.disconnect());
    return client;
  },
  redis: async (): Promise<RedisClient> => {
    const client = createClient({ url: `redis://127.0.0.1:${server.port}`, disableOfflineQueue: true });
    client.on('error', () => undefined);
    await client.connect();
    closers.push(() => client.destroy());
    return client;
  },
};

/** Patient, since the machine may be busy with something else. */
const ledgerOf = (client: RedisClient, options: RedisLedgerOptions = {}) =>
  redisLedger(client, { timeoutMs: 30_000, ...options });

const worker = (what: string) =>
  spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'redis/worker.mts'), String(server.port), what],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
const firstLine = async (child: ReturnType<typeof worker>): Promise<string> => {
  const chunk = await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the worker ended with ${code}`))),
  ]);
  return String(chunk[0]).trim();
};
const open = (holds: readonly (Hold | object)[]): Hold[] => holds.filter(held => 'settle' in held) as Hold[];

describe.skipIf(missing).each(['ioredis', 'redis'] as const)('with a client of %s', name => {
  it('50 parallel reservers get what there is and no more; what they did not need is free again', async () => {
    const ledger = ledgerOf(await clients[name]());
    const account = { key: `${name}-parallel`, limit: { usd: 10, calls: 1_000 } };
    const holds = await Promise.all(Array.from({ length: 50 }, () => ledger.reserve(account, { usd: 0.7 })));
    expect(open(holds)).toHaveLength(14);
    expect(holds.find(held => isShort(held as never))).toEqual({
      unit: 'usd',
      limit: 10,
      spent: 0,
      reserved: 9.8,
      wanted: 0.7,
    });
    await Promise.all(open(holds).map(held => held.settle({ usd: 0.1, tokens: 5 })));
    expect(await ledger.balance(account)).toEqual({
      spent: { usd: 1.4, tokens: 70, calls: 14 },
      reserved: { usd: 0, tokens: 0, calls: 0 },
    });
    const more = await Promise.all(Array.from({ length: 50 }, () => ledger.reserve(account, { usd: 0.7 })));
    expect(open(more)).toHaveLength(12);
    await Promise.all(open(more).map(held => held.release()));
    expect((await ledger.balance(account)).spent.calls).toBe(14);
  });

  it('limits of tokens and calls, and calls without a worst case', async () => {
    const ledger = ledgerOf(await clients[name]());
    const calls = { key: `${name}-calls`, limit: { calls: 2 } };
    const holds = await Promise.all([1, 2, 3].map(() => ledger.reserve(calls)));
    expect(open(holds)).toHaveLength(2);
    const tokens = { key: `${name}-tokens`, limit: { tokens: 100 } };
    const first = (await ledger.reserve(tokens)) as Hold;
    await first.settle({ usd: 0, tokens: 60 });
    // Alone, a call that nobody estimated may begin below the cap; beside it the dearest so far is assumed.
    const second = (await ledger.reserve(tokens)) as Hold;
    expect(second).toHaveProperty('settle');
    expect(await ledger.reserve(tokens)).toMatchObject({ unit: 'tokens', spent: 60, reserved: 60, wanted: 60 });
  });

  it('a rolling window gives back what is old', async () => {
    let now = 1_000_000;
    const ledger = ledgerOf(await clients[name](), { clock: () => now });
    const account = { key: `${name}-window`, limit: { tokens: 100 }, windowMs: 60_000 };
    await ledger.charge(account, { usd: 0, tokens: 80 });
    now += 30_000;
    await ledger.charge(account, { usd: 0, tokens: 15 });
    expect(await ledger.reserve(account, { tokens: 10 })).toMatchObject({ unit: 'tokens', spent: 95 });
    now += 31_001;
    expect((await ledger.balance(account)).spent).toEqual({ usd: 0, tokens: 15, calls: 1 });
    expect(await ledger.reserve(account, { tokens: 85 })).toHaveProperty('settle');
    now += 120_000;
    expect((await ledger.balance(account)).spent).toEqual({ usd: 0, tokens: 0, calls: 0 });
  });

  it('four processes at once spend no cent too much', async () => {
    const account = { key: 'spend', limit: { usd: 10 } };
    const ledger = ledgerOf(await clients[name]());
    await ledger.reset(account);
    const children = [1, 2, 3, 4].map(() => worker('spend'));
    const counts = (await Promise.all(children.map(firstLine))).map(Number);
    await Promise.all(children.map(child => child.exitCode ?? once(child, 'exit')));
    const admitted = counts.reduce((sum, count) => sum + count, 0);
    const { spent, reserved } = await ledger.balance(account);
    expect(spent.calls).toBe(admitted);
    expect(spent.usd).toBeCloseTo(admitted * 0.4, 9);
    expect(spent.usd).toBeLessThanOrEqual(10);
    expect(admitted).toBeGreaterThanOrEqual(20);
    expect(reserved).toEqual({ usd: 0, tokens: 0, calls: 0 });
  });

  it('gives back what a killed process held, after its time to live and not before', async () => {
    let now = 1_000_000;
    const ledger = ledgerOf(await clients[name](), { clock: () => now, ttlMs: 60_000 });
    const account = { key: 'hold', limit: { usd: 10 } };
    await ledger.reset(account);
    const child = worker('hold');
    expect(await firstLine(child)).toBe('held');
    child.kill('SIGKILL');
    await once(child, 'exit');
    now += 59_999;
    expect(await ledger.reserve(account, { usd: 1 })).toMatchObject({ unit: 'usd', reserved: 10 });
    now += 1;
    const held = (await ledger.reserve(account, { usd: 1 })) as Hold;
    expect(held).toHaveProperty('settle');
    // One that lives is renewed, and is still held long after.
    now += 50_000;
    await ledger.renew();
    now += 50_000;
    expect((await ledger.balance(account)).reserved.usd).toBe(1);
    // One that was cut off for too long and settles late counts all the same, once.
    now += 100_000;
    expect((await ledger.balance(account)).reserved.usd).toBe(0);
    await held.settle({ usd: 0.5, tokens: 1 });
    await held.settle({ usd: 0.5, tokens: 1 });
    expect((await ledger.balance(account)).spent).toEqual({ usd: 0.5, tokens: 1, calls: 1 });
  });

  it('an operation that a client sends twice counts once', async () => {
    const client = (await clients[name]()) as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const twice: Record<string, unknown> = {};
    for (const method of ['evalsha', 'evalSha', 'eval']) {
      if (typeof client[method] !== 'function') continue;
      twice[method] = async (...args: unknown[]) => {
        await client[method]!.apply(client, args);
        return client[method]!.apply(client, args);
      };
    }
    const ledger = ledgerOf(twice as RedisClient);
    const account = { key: `${name}-twice`, limit: { usd: 1 } };
    const held = (await ledger.reserve(account, { usd: 0.6 })) as Hold;
    expect((await ledger.balance(account)).reserved).toEqual({ usd: 0.6, tokens: 0, calls: 1 });
    await held.settle({ usd: 0.5, tokens: 3 });
    expect(await ledger.balance(account)).toEqual({
      spent: { usd: 0.5, tokens: 3, calls: 1 },
      reserved: { usd: 0, tokens: 0, calls: 0 },
    });
  });
});

describe.skipIf(missing)('a server that is killed in the middle', () => {
  it('refuses by default, passes where configured, and what was spent meanwhile is written when it is back', async () => {
    const own = await startRedis();
    closers.push(() => own.close());
    const client = new Redis(own.port, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
    client.on('error', () => undefined);
    closers.push(() => client.disconnect());
    const closed = redisLedger(client, { timeoutMs: 200 });
    const lenient = redisLedger(client, { timeoutMs: 200, whenUnavailable: 'open' });
    const account = { key: 'killed', limit: { usd: 10 } };
    const held = (await closed.reserve(account, { usd: 1 })) as Hold;
    await own.kill();

    await held.settle({ usd: 0.75, tokens: 7 });
    expect(closed.waiting).toBe(1);
    const refused = await closed.reserve(account, { usd: 1 }).catch(error => error);
    expect(refused).toBeInstanceOf(LedgerUnavailableError);
    expect(refused).toMatchObject({ account: 'killed', message: expect.stringContaining('cannot be reached') });
    await expect(closed.balance(account)).rejects.toThrow(LedgerUnavailableError);
    let calls = 0;
    const call = fleetBudget(closed, 'killed', { maxUsd: 10 }).guard(async () => ++calls);
    await expect(call()).rejects.toThrow(LedgerUnavailableError);
    expect(calls).toBe(0);
    const blind = (await lenient.reserve(account, { usd: 1 })) as Hold;
    expect(lenient.passed).toBe(1);
    await blind.settle({ usd: 0.25, tokens: 3 });

    // once() would reject on the errors of the attempts before.
    const back = new Promise<unknown>(resolve => client.once('ready', resolve));
    await own.restart();
    await back;
    await closed.flush();
    await lenient.flush();
    // Commands may have waited in the client as well: each counts once.
    expect(await closed.balance(account)).toEqual({
      spent: { usd: 1, tokens: 10, calls: 2 },
      reserved: { usd: 0, tokens: 0, calls: 0 },
    });
    expect(closed.waiting + lenient.waiting).toBe(0);
  });
});

describe.skipIf(missing)('a fleet budget', () => {
  it('guards a function of the same type, with the trip of a budget, and gives back what a guard within refused', async () => {
    const ledger = ledgerOf(await clients.ioredis());
    const budget = fleetBudget(ledger, 'fleet', { maxUsd: 1 });
    const inner = guard(async (question: string) => `${question}!`, { name: 'ask' });
    const ask: (question: string) => Promise<string> = budget.guard(inner, {
      estimate: () => ({ usd: 0.3 }),
      cost: () => 0.2,
    });
    await withRun('fleet', async () => {
      expect(await ask('same')).toBe('same!');
      expect(await ask('same')).toBe('same!');
      await expect(ask('same')).rejects.toThrow(LoopDetectedError);
      expect(await budget.balance()).toEqual({
        spent: { usd: 0.4, tokens: 0, calls: 2 },
        reserved: { usd: 0, tokens: 0, calls: 0 },
      });
      const results = await Promise.allSettled(Array.from({ length: 10 }, (_, index) => ask(`other ${index}`)));
      const refused = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []));
      expect(refused).toHaveLength(8);
      expect(refused[0]).toBeInstanceOf(BudgetExceededError);
      expect(refused[0].trip).toMatchObject({
        reason: 'budget',
        guard: 'fleet',
        run: 'fleet',
        evidence: { limit: 1, unit: 'usd' },
        place: { file: expect.stringContaining('redis.test.ts') },
      });
      expect((await budget.balance()).spent.usd).toBeCloseTo(0.8, 9);
    });
  });

  it('holds caps and velocity of meters in several processes', async () => {
    const make = async (trip: boolean) =>
      createMeter({
        plans: { pro: 2 },
        prices: { m: { input: 10, output: 30 } },
        velocity: { tokens: 100_000, trip },
        ledger: ledgerOf(await clients.ioredis()),
      });
    const meters = [await make(false), await make(false), await make(false)];
    const model = async () => ({ usage: { prompt_tokens: 0, completion_tokens: 10_000 } });
    const ask = {
      model: 'm',
      messages: [{ role: 'user', content: 'x' }],
      max_tokens: 10_000,
      userId: 'ada {1}',
      plan: 'pro',
    };
    const results = await Promise.allSettled(
      Array.from({ length: 60 }, (_, index) => meters[index % 3]!.chat(model, ask)),
    );
    await Promise.all(meters.map(meter => meter.flush()));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(6);
    for (const result of results) if (result.status === 'rejected') expect(isCapError(result.reason)).toBe(true);
    for (const meter of meters) {
      const { usd, reserved, calls } = await meter.spentBy('ada {1}');
      expect({ usd: Number(usd.toFixed(9)), reserved, calls }).toEqual({ usd: 1.8, reserved: 0, calls: 6 });
    }
    // Velocity too: 60,000 tokens were used, so that not all of what fits the cap of another plan does.
    const strict = await make(true);
    const fast = await Promise.allSettled(
      [1, 2, 3, 4, 5, 6].map(() =>
        strict.chat(model, { ...ask, max_tokens: 10_000, userId: 'ada {1}', plan: 'pro', model: 'm' }),
      ),
    );
    expect(fast.every(({ status }) => status === 'rejected')).toBe(true);
    const other = await Promise.allSettled(
      Array.from({ length: 6 }, () =>
        strict.chat(async () => ({ usage: { prompt_tokens: 0, completion_tokens: 100 } }), {
          ...ask,
          max_tokens: 20_000,
          userId: 'bob',
        }),
      ),
    );
    expect(other.filter(({ status }) => status === 'fulfilled').length).toBeLessThan(5);
    expect(other.some(({ status }) => status === 'rejected')).toBe(true);
  });

  it('says what cannot work', async () => {
    expect(() => redisLedger({} as RedisClient)).toThrow(/neither evalsha nor evalSha/);
    const client = await clients.ioredis();
    expect(() => redisLedger(client, { ttlMs: 0 })).toThrow(RangeError);
    expect(() => fleetBudget(redisLedger(client), 'none', {})).toThrow(RangeError);
    await expect(redisLedger(client).reserve({ key: 'a{b}', limit: {} })).rejects.toThrow(RangeError);
    await expect(redisLedger(client).reserve({ key: 'a', limit: { usd: -1 } })).rejects.toThrow(RangeError);
  });
});
