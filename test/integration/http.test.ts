// HTTP clients: how often each sends a request that always fails, by default and with the options that mean "for ever".
// Run against the installed packages and a server of this process.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fetchRetry from 'fetch-retry';
import got from 'got';
import got14 from 'got-14';
import ky from 'ky';
import ky1 from 'ky-1';
import { Agent, RetryAgent, fetch as send } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { skipWaits } from './count.ts';

const CALLS = 40;
let calls = 0;
let url = '';
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    calls++;
    response.statusCode = calls >= CALLS ? 200 : 503;
    response.end('{}');
  });
});
beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  calls = 0;
  skipWaits();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

type Case = [string, () => PromiseLike<unknown>, number | 'no end'];

async function count(run: () => PromiseLike<unknown>): Promise<number | 'no end'> {
  await Promise.resolve(run()).catch((error: unknown) => {
    if (!/503|fetch failed|Request failed/.test(String(error))) throw error;
  });
  return calls >= CALLS ? 'no end' : calls;
}

describe('got', () => {
  const post = (retry: object) => got.post(url, { json: {}, retry });
  test.each<Case>([
    ['nothing, for a GET', () => got(url), 3],
    ['nothing, for a POST', () => got.post(url, { json: {} }), 1],
    ['a limit, for a POST', () => post({ limit: 4 }), 1],
    ['POST among the methods', () => post({ methods: ['POST'] }), 3],
    ['both', () => post({ limit: 4, methods: ['POST'] }), 5],
    ['limit: 0', () => post({ limit: 0, methods: ['POST'] }), 1],
    // The next delay, of 50 days, is more than a timer takes.
    ['limit: Infinity', () => post({ limit: Infinity, methods: ['POST'] }), 23],
    [
      'limit: Infinity and a backoffLimit',
      () => post({ limit: Infinity, methods: ['POST'], backoffLimit: 1 }),
      'no end',
    ],
    ['calculateDelay', () => post({ limit: 1, calculateDelay: () => 1 }), 1],
    ['calculateDelay without rules', () => post({ enforceRetryRules: false, calculateDelay: () => 1 }), 'no end'],
    ['a client of its own', () => got.extend({ retry: { limit: 3, methods: ['POST'] } }).post(url, { json: {} }), 4],
  ])('with %s', async (_name, run, expected) => {
    expect(await count(run)).toBe(expected);
  });
});

describe('got 14', () => {
  const post = (retry: object) => got14.post(url, { json: {}, retry });
  test.each<Case>([
    ['nothing, for a GET', () => got14(url), 3],
    ['a limit, for a POST', () => post({ limit: 4 }), 1],
    ['both', () => post({ limit: 4, methods: ['POST'] }), 5],
    ['limit: Infinity', () => post({ limit: Infinity, methods: ['POST'] }), 'no end'],
    ['calculateDelay, which takes the place of both', () => post({ limit: 1, calculateDelay: () => 1 }), 'no end'],
    ['calculateDelay within the rules', () => post({ enforceRetryRules: true, calculateDelay: () => 1 }), 1],
  ])('with %s', async (_name, run, expected) => {
    expect(await count(run)).toBe(expected);
  });
});

describe('ky', () => {
  // Its limit of time counts from the first attempt, and timers fire at once here.
  const post = (retry: object | number) => ky.post(url, { json: {}, timeout: false, retry });
  test.each<Case>([
    ['nothing, for a GET', () => ky.get(url, { timeout: false }), 3],
    ['a number, for a GET', () => ky.get(url, { timeout: false, retry: 4 }), 5],
    ['a number, for a POST', () => post(4), 1],
    ['POST among the methods', () => post({ methods: ['post'] }), 3],
    ['both', () => post({ limit: 4, methods: ['post'] }), 5],
    ['limit: 0', () => post({ limit: 0, methods: ['post'] }), 1],
    ['shouldRetry, which asks only for methods that are repeated', () => post({ shouldRetry: () => true }), 1],
  ])('with %s', async (_name, run, expected) => {
    expect(await count(run)).toBe(expected);
  });

  test.each([-1, null, Infinity])('limit: %s is refused', limit => {
    expect(() => post({ limit: limit as number })).toThrow(/finite, non-negative integer/);
  });
});

describe('ky 1', () => {
  const post = (retry: object | number) => ky1.post(url, { json: {}, timeout: false, retry });
  test.each<Case>([
    ['nothing, for a GET', () => ky1.get(url, { timeout: false }), 3],
    ['a number, for a POST', () => post(4), 1],
    ['both', () => post({ limit: 4, methods: ['post'] }), 5],
    ['limit: -1', () => post({ limit: -1, methods: ['post'] }), 1],
    ['limit: null', () => post({ limit: null, methods: ['post'] }), 1],
    ['limit: Infinity', () => post({ limit: Infinity, methods: ['post'] }), 'no end'],
  ])('with %s', async (_name, run, expected) => {
    expect(await count(run)).toBe(expected);
  });
});

describe('fetch-retry', () => {
  const post = (options: object) => fetchRetry(fetch)(url, { method: 'POST', ...options });
  const lost = fetchRetry((async () => {
    calls++;
    throw new Error('fetch failed');
  }) as typeof fetch);
  test.each<Case>([
    ['nothing, where there is no answer', () => lost(url, { method: 'POST' }), 4],
    ['nothing, where there is one', () => post({}), 1],
    ['the status among those to repeat', () => post({ retryOn: [503] }), 4],
    ['retries', () => post({ retryOn: [503], retries: 5 }), 6],
    ['retries: 0', () => post({ retryOn: [503], retries: 0 }), 1],
    ['retries of the client', () => fetchRetry(fetch, { retryOn: [503], retries: 1 })(url, { method: 'POST' }), 2],
    ['a function that decides', () => post({ retries: 1, retryOn: () => calls < CALLS }), 'no end'],
  ])('with %s', async (_name, run, expected) => {
    expect(await count(run)).toBe(expected);
  });

  test('Infinity is refused', async () => {
    expect(() => post({ retries: Infinity })).toThrow(/positive integer/);
  });
});

describe('RetryAgent of undici', () => {
  const ask = (options: object, method: string) =>
    send(url, { method, dispatcher: new RetryAgent(new Agent(), options) });
  test.each<Case>([
    ['nothing, for a GET', () => ask({}, 'GET'), 6],
    ['nothing, for a POST', () => ask({}, 'POST'), 1],
    ['POST among the methods', () => ask({ methods: ['POST'] }, 'POST'), 6],
    ['maxRetries', () => ask({ methods: ['POST'], maxRetries: 2 }, 'POST'), 3],
    ['maxRetries: 0', () => ask({ methods: ['POST'], maxRetries: 0 }, 'POST'), 1],
    ['maxRetries: Infinity', () => ask({ methods: ['POST'], maxRetries: Infinity }, 'POST'), 'no end'],
  ])('with %s', async (_name, run, expected) => {
    expect(await count(run)).toBe(expected);
  });
});
