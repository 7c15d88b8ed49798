// Retry libraries: how often each calls a function that always fails, by default and with the options that mean "for
// ever". Run against the installed packages.
import { createRequire } from 'node:module';
import axios, { type AxiosAdapter, AxiosError } from 'axios';
import axiosRetry from 'axios-retry';
import { handleAll, retry as policy, wrap } from 'cockatiel';
import { backOff } from 'exponential-backoff';
import pRetry from 'p-retry';
import { retry as again, defer, expand, from, lastValueFrom, repeat, take, takeWhile } from 'rxjs';
import { retryAsync } from 'ts-retry';
import { retry as tsRetry } from 'ts-retry-promise';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { skipWaits } from './count.ts';

// These packages bring no types.
const load = createRequire(import.meta.url);
const retry = load('async-retry') as (run: () => unknown, options?: object) => Promise<unknown>;
type Again = (error: unknown) => never;
const promiseRetry = load('promise-retry') as (...given: (object | ((again: Again) => unknown))[]) => Promise<unknown>;
const { operation } = load('retry') as {
  operation(options?: object): { attempt(run: () => void): void; retry(error: unknown): boolean; mainError(): unknown };
};

const CALLS = 100;
let calls = 0;
beforeEach(() => {
  calls = 0;
  skipWaits();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** Fails until it was called too often. */
const busy = async () => {
  if (++calls >= CALLS) return 'given up';
  throw new Error('busy');
};

async function count(run: () => PromiseLike<unknown>): Promise<number | 'no end'> {
  try {
    await run();
  } catch (error) {
    if (calls < CALLS && !/busy|timeout|Timeout|All retries/i.test(String(error))) throw error;
  }
  return calls >= CALLS ? 'no end' : calls;
}

type Case = [string, () => PromiseLike<unknown>, number | 'no end'];

describe('p-retry', () => {
  test.each<Case>([
    ['nothing', () => pRetry(busy), 11],
    ['retries', () => pRetry(busy, { retries: 2 }), 3],
    ['retries: Infinity', () => pRetry(busy, { retries: Infinity }), 'no end'],
    ['retries: 0', () => pRetry(busy, { retries: 0 }), 1],
    ['retries: undefined', () => pRetry(busy, { retries: undefined }), 11],
    ['shouldConsumeRetry that says no', () => pRetry(busy, { retries: 2, shouldConsumeRetry: () => false }), 'no end'],
    ['shouldRetry that says no', () => pRetry(busy, { shouldRetry: () => false }), 1],
  ])('with %s', async (_name, run, expected) => {
    expect(await count(run)).toBe(expected);
  });

  test('forever is refused', async () => {
    await expect(pRetry(busy, { forever: true } as object)).rejects.toThrow(/forever/);
  });
});

describe('async-retry', () => {
  test.each<Case>([
    ['nothing', () => retry(busy), 11],
    ['retries', () => retry(busy, { retries: 2 }), 3],
    ['forever', () => retry(busy, { forever: true }), 'no end'],
    ['forever and a number', () => retry(busy, { forever: true, retries: 2 }), 'no end'],
  ])('with %s', async (_name, run, expected) => {
    expect(await count(run)).toBe(expected);
  });
});

describe('exponential-backoff', () => {
  test.each<Case>([
    ['nothing', () => backOff(busy), 10],
    ['numOfAttempts', () => backOff(busy, { numOfAttempts: 3 }), 3],
    ['numOfAttempts: 0', () => backOff(busy, { numOfAttempts: 0 }), 1],
    ['numOfAttempts: Infinity', () => backOff(busy, { numOfAttempts: Infinity }), 'no end'],
  ])('with %s', async (_name, run, expected) => {
    expect(await count(run)).toBe(expected);
  });
});

describe('cockatiel', () => {
  test.each<Case>([
    ['nothing', () => policy(handleAll, {}).execute(busy), 'no end'],
    ['maxAttempts', () => policy(handleAll, { maxAttempts: 2 }).execute(busy), 3],
    ['maxAttempts: Infinity', () => policy(handleAll, { maxAttempts: Infinity }).execute(busy), 'no end'],
    ['maxAttempts: 0', () => policy(handleAll, { maxAttempts: 0 }).execute(busy), 1],
    ['maxAttempts: -1', () => policy(handleAll, { maxAttempts: -1 }).execute(busy), 1],
    [
      'two policies, one in the other',
      () => wrap(policy(handleAll, { maxAttempts: 1 }), policy(handleAll, { maxAttempts: 2 })).execute(busy),
      6,
    ],
  ])('with %s', async (_name, run, expected) => {
    expect(await count(run)).toBe(expected);
  });
});

describe('promise-retry', () => {
  const run = (again: Again) => busy().catch(again);
  test.each<Case>([
    ['nothing', () => promiseRetry(run), 11],
    ['retries', () => promiseRetry(run, { retries: 2 }), 3],
    ['retries: 0', () => promiseRetry(run, { retries: 0 }), 1],
    ['its options first', () => promiseRetry({ retries: 2 }, run), 3],
    ['forever', () => promiseRetry(run, { forever: true }), 'no end'],
    ['an error that is not handed on', () => promiseRetry(() => busy()), 1],
  ])('with %s', async (_name, run_, expected) => {
    expect(await count(run_)).toBe(expected);
  });
});

describe('retry', () => {
  const attempt = (options?: object) =>
    new Promise((resolve, reject) => {
      const again = operation(options);
      again.attempt(() => {
        busy().then(resolve, error => {
          if (!again.retry(error)) reject(again.mainError());
        });
      });
    });
  test.each<Case>([
    ['nothing', () => attempt(), 11],
    ['retries', () => attempt({ retries: 2 }), 3],
    ['forever', () => attempt({ forever: true }), 'no end'],
    ['forever and a number', () => attempt({ forever: true, retries: 2 }), 'no end'],
  ])('with %s', async (_name, run, expected) => {
    expect(await count(run)).toBe(expected);
  });
});

describe('ts-retry', () => {
  test.each<Case>([
    ['maxTry', () => retryAsync(busy, { maxTry: 4 }), 4],
    ['maxTry: -1', () => retryAsync(busy, { maxTry: -1 }), 1],
    ['maxTry: Infinity', () => retryAsync(busy, { maxTry: Infinity }), 'no end'],
  ])('with %s', async (_name, run, expected) => {
    expect(await count(run)).toBe(expected);
  });

  test.each([undefined, {}, { maxTry: 0 }])('with %o it tries 240 times', async options => {
    let tries = 0;
    const fail = async () => {
      tries++;
      throw new Error('busy');
    };
    await expect(retryAsync(fail, options)).rejects.toThrow('busy');
    expect(tries).toBe(240);
  });
});

describe('ts-retry-promise', () => {
  test.each<Case>([
    ['nothing', () => tsRetry(busy, { timeout: 'INFINITELY' }), 11],
    ['retries', () => tsRetry(busy, { retries: 2, timeout: 'INFINITELY' }), 3],
    ['retries: INFINITELY', () => tsRetry(busy, { retries: 'INFINITELY', timeout: 'INFINITELY' }), 'no end'],
  ])('with %s', async (_name, run, expected) => {
    expect(await count(run)).toBe(expected);
  });
});

describe('axios-retry', () => {
  const adapter =
    (status?: number): AxiosAdapter =>
    async config => {
      calls++;
      const response = { data: '', status: status ?? 200, statusText: '', headers: {}, config };
      if (calls >= CALLS) return response;
      throw new AxiosError('busy', 'ECONNRESET', config, {}, status === undefined ? undefined : response);
    };
  const client = (options?: Parameters<typeof axiosRetry>[1], status?: number) => {
    const made = axios.create({ adapter: adapter(status) });
    axiosRetry(made, options);
    return made;
  };
  test.each<Case>([
    ['nothing', () => client().get('/'), 4],
    ['nothing, for a POST that did not get through', () => client().post('/'), 4],
    ['nothing, for a POST that was answered', () => client({}, 503).post('/'), 1],
    ['a condition that always holds', () => client({ retryCondition: () => true }, 503).post('/'), 4],
    ['retries', () => client({ retries: 1 }).get('/'), 2],
    ['retries: Infinity', () => client({ retries: Infinity }).get('/'), 'no end'],
  ])('with %s', async (_name, run, expected) => {
    expect(await count(run)).toBe(expected);
  });
});

describe('rxjs', () => {
  const source = defer(() => from(busy()));
  const steady = defer(() => from(Promise.resolve(++calls)));
  test.each<Case>([
    ['retry()', () => lastValueFrom(source.pipe(again())), 'no end'],
    ['retry(0)', () => lastValueFrom(source.pipe(again(0))), 1],
    ['retry(-1)', () => lastValueFrom(source.pipe(again(-1))), 1],
    ['retry({})', () => lastValueFrom(source.pipe(again({}))), 'no end'],
    ['retry({ count: Infinity })', () => lastValueFrom(source.pipe(again({ count: Infinity }))), 'no end'],
    ['retry(2)', () => lastValueFrom(source.pipe(again(2))), 3],
    ['retry({ count })', () => lastValueFrom(source.pipe(again({ count: 2 }))), 3],
    ['retry({ delay })', () => lastValueFrom(source.pipe(again({ delay: 1 }))), 'no end'],
    ['repeat(3)', () => lastValueFrom(steady.pipe(repeat(3))), 3],
    ['repeat() and take', () => lastValueFrom(steady.pipe(repeat(), take(4))), 4],
    [
      'repeat() and takeWhile',
      () =>
        lastValueFrom(
          steady.pipe(
            repeat(),
            takeWhile(() => calls < CALLS),
          ),
        ),
      'no end',
    ],
    // The request after the last value has begun already.
    [
      'expand and take',
      () =>
        lastValueFrom(
          steady.pipe(
            expand(() => steady),
            take(5),
          ),
        ),
      6,
    ],
    ['expand', () => lastValueFrom(steady.pipe(expand(() => (calls < CALLS ? steady : from([]))))), 'no end'],
  ])('%s', async (_name, run, expected) => {
    expect(await count(run)).toBe(expected);
  });

  test('resetOnSuccess begins to count anew with every value', async () => {
    const flaky = defer(async function* () {
      if (++calls >= CALLS) return;
      yield calls;
      throw new Error('busy');
    });
    expect(await count(() => lastValueFrom(flaky.pipe(again({ count: 2 }))))).toBe(3);
    calls = 0;
    expect(await count(() => lastValueFrom(flaky.pipe(again({ count: 2, resetOnSuccess: true }))))).toBe('no end');
  });
});
