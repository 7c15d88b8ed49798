// guard(): exact types, the order of things, trips with evidence and place, monitoring, stores, runs, controls.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import {
  type AnyTripError,
  BreakerOpenError,
  Budget,
  BudgetExceededError,
  ContextOverflowError,
  fileStore,
  guard,
  guardOf,
  isTripError,
  type Listener,
  LoopDetectedError,
  listen,
  memoryStore,
  PreflightTripError,
  RunStoppedError,
  runSummary,
  type Trip,
  TripError,
  tripOf,
  withRun,
} from '../../runtime/src/index.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});
const watch = (): { trips: Trip[]; events: Parameters<NonNullable<Listener['onEvent']>>[0][] } => {
  const seen = { trips: [] as Trip[], events: [] as Parameters<NonNullable<Listener['onEvent']>>[0][] };
  closers.push(listen({ onTrip: trip => void seen.trips.push(trip), onEvent: event => void seen.events.push(event) }));
  return seen;
};
const caught = <E extends Error>(run: () => unknown): E => {
  try {
    run();
  } catch (error) {
    return error as E;
  }
  return expect.fail('nothing was thrown');
};
const rejected = async <E extends Error>(promise: Promise<unknown>): Promise<E> => {
  try {
    await promise;
  } catch (error) {
    return error as E;
  }
  return expect.fail('nothing was thrown');
};

describe('types', () => {
  it('are those of the function', () => {
    const sync = (path: string, lines?: number): string => `${path}${lines}`;
    const promise = async <T extends object>(value: T, ..._more: number[]): Promise<T[]> => [value];
    const guarded = guard(sync, { budget: { maxCalls: 3 }, loop: true });
    expectTypeOf(guarded).toEqualTypeOf(sync);
    const generic = guard(promise);
    expectTypeOf(generic<{ a: 1 }>).toEqualTypeOf<(value: { a: 1 }, ..._more: number[]) => Promise<{ a: 1 }[]>>();
    expectTypeOf(guard({ name: 'all' })(sync)).toEqualTypeOf(sync);
    guard(sync, {
      cost: (input, output) => {
        expectTypeOf(input).toEqualTypeOf<string>();
        expectTypeOf(output).toEqualTypeOf<string>();
        return 0;
      },
      signature: (path, lines) => {
        expectTypeOf(lines).toEqualTypeOf<number | undefined>();
        return path;
      },
    });
    expect(guarded.name).toBe('sync');
    expect(guarded.length).toBe(sync.length);
    expect(guarded('a', 1)).toBe('a1');
  });

  it('narrow by reason', () => {
    const explain = (error: AnyTripError): string | number => {
      switch (error.reason) {
        case 'loop':
          expectTypeOf(error).toEqualTypeOf<LoopDetectedError>();
          return error.cycleLength;
        case 'budget':
          expectTypeOf(error).toEqualTypeOf<BudgetExceededError>();
          return error.message;
        default:
          return error.reason;
      }
    };
    const same = guard(() => 'same');
    same();
    same();
    const error = caught(same);
    expect(isTripError(error, 'loop') && explain(error)).toBe(1);
  });

  it('decorate methods, TC39 and legacy', () => {
    const shared = guard({ name: 'tools', budget: { maxCalls: 2 }, loop: false });
    const legacy = { value: (x: number) => x + 1 };
    shared({}, 'plus', legacy);
    const plus = shared((x: number) => x + 2, {
      kind: 'method',
      name: 'add',
    } as unknown as ClassMethodDecoratorContext);
    expect([legacy.value(1), plus(1)]).toEqual([2, 3]);
    expect(caught(() => plus(1))).toBeInstanceOf(BudgetExceededError);
  });
});

describe('loops', () => {
  it('stops the third identical call before it runs, with evidence and the place in the user’s code', () => {
    const seen = watch();
    let ran = 0;
    const search = guard(function search(_query: { q: string; secret: string }) {
      ran++;
      return 'nothing';
    });
    const again = () => search({ q: 'x', secret: 'hunter2' });
    again();
    again();
    const error = caught<LoopDetectedError>(again);
    expect(ran).toBe(2);
    expect(error).toBeInstanceOf(LoopDetectedError);
    expect(error).toBeInstanceOf(TripError);
    expect(error).not.toBeInstanceOf(BudgetExceededError);
    expect(error).toMatchObject({
      name: 'LoopDetectedError',
      reason: 'loop',
      cycleLength: 1,
      repeats: 3,
      pattern: ['search'],
    });
    expect(error.calls).toHaveLength(3);
    expect(new Set(error.calls.map(call => call.digest)).size).toBe(1);
    expect(JSON.stringify([error.trip, seen.events])).not.toContain('hunter2');
    const source = readFileSync(fileURLToPath(import.meta.url), 'utf8').split('\n');
    expect(error.place?.file).toBe(fileURLToPath(import.meta.url));
    expect(source[error.place!.line - 1]).toContain("const again = () => search({ q: 'x'");
    expect(seen.trips).toEqual([error.trip]);
    expect(seen.events.map(event => event.kind)).toEqual(
      ['runStarted', 'call', 'warning', 'call', 'call'].slice(0, seen.events.length),
    );
  });

  it('rejects where the function gives promises, throws where it does not', async () => {
    const asyncTool = guard(async () => 'x');
    const promiseTool = guard(() => Promise.resolve('x'));
    for (const tool of [asyncTool, promiseTool]) {
      await tool();
      await tool();
      expect(await rejected(tool())).toBeInstanceOf(LoopDetectedError);
    }
  });

  it('is quiet when results change, strict when asked to be', () => {
    let count = 0;
    const poll = guard(() => `step ${count++}`);
    for (let call = 0; call < 20; call++) poll();
    const strict = guard(() => `step ${count++}`, { loop: { mode: 'strict' } });
    strict();
    strict();
    expect(caught(strict)).toBeInstanceOf(LoopDetectedError);
  });

  it('sees ping-pong over tools that share a guard', () => {
    const crew = guard({ name: 'crew' });
    const a = crew(() => 'ask b', 'a');
    const b = crew(() => 'ask a', 'b');
    const error = caught<LoopDetectedError>(() => {
      for (;;) {
        a();
        b();
      }
    });
    expect(error).toMatchObject({ cycleLength: 2, pattern: ['a', 'b'] });
    guardOf(crew)?.reset();
    expect(a()).toBe('ask b');
  });

  it('runs are apart: a human who asks again trips nothing', async () => {
    const answer = guard(async () => 'noon');
    for (let turn = 0; turn < 5; turn++) await withRun('turn', () => answer());
    await withRun('one', async () => {
      await answer();
      await answer();
      expect(await rejected(answer())).toBeInstanceOf(LoopDetectedError);
    });
  });

  it('skips provider retries, but not for ever', async () => {
    const busy = Object.assign(new Error('overloaded'), { status: 529 });
    let left = 4;
    const chat = guard(async () => {
      if (left-- > 0) throw busy;
      return 'hello';
    });
    const retry = async (times: number): Promise<string> => {
      for (let attempt = 0; attempt < times; attempt++) {
        try {
          return await chat();
        } catch (error) {
          if (isTripError(error)) throw error;
        }
      }
      return 'gave up';
    };
    expect(await retry(6)).toBe('hello');
    left = 1_000;
    expect(await rejected(retry(50))).toBeInstanceOf(LoopDetectedError);
  });

  it('warns one repeat earlier and can answer with a hint instead', () => {
    const warnings: string[] = [];
    let ran = 0;
    const tool = guard(
      () => {
        ran++;
        return 'same';
      },
      {
        onWarn: ({ message }) => {
          warnings.push(message);
          return { instead: 'hint: try something else' };
        },
      },
    );
    expect([tool(), tool(), tool()]).toEqual(['same', 'hint: try something else', 'same']);
    expect(ran).toBe(2);
    expect(warnings).toHaveLength(1);
  });
});

describe('onTrip', () => {
  it('runs before the throw, sync inline; what it throws replaces the trip', () => {
    const order: string[] = [];
    const tool = guard(() => 'x', { budget: { maxCalls: 0 }, onTrip: error => void order.push(error.reason) });
    try {
      tool();
    } catch {
      order.push('caught');
    }
    expect(order).toEqual(['budget', 'caught']);
    const replaced = guard(() => 'x', {
      budget: { maxCalls: 0 },
      onTrip: () => {
        throw new Error('mine');
      },
    });
    expect(caught(replaced).message).toBe('mine');
  });

  it('is awaited if async', async () => {
    let told = false;
    const tool = guard(async () => 'x', {
      budget: { maxCalls: 0 },
      onTrip: async () => {
        await Promise.resolve();
        told = true;
      },
    });
    expect(await rejected(tool())).toBeInstanceOf(BudgetExceededError);
    expect(told).toBe(true);
  });
});

describe('hooks and types as a hostile reader takes them', () => {
  it('an async onTrip of a function that gives no promises cannot delay the throw', async () => {
    let told = 0;
    const tool = guard((_: number) => 'x', { budget: { maxCalls: 1 }, onTrip: async () => void told++ });
    expect(tool(1)).toBe('x');
    expect(caught(() => tool(2))).toBeInstanceOf(BudgetExceededError);
    expect(told).toBe(1);
  });

  it('what an async onTrip rejects with replaces the trip', async () => {
    const tool = guard(async () => 'x', {
      budget: { maxCalls: 0 },
      onTrip: async () => {
        throw new Error('mine');
      },
    });
    expect((await rejected(tool())).message).toBe('mine');
  });

  it('an open breaker repeats a reason, but is not the error of that limit', () => {
    const tool = guard((_: number) => 'same', { breaker: true });
    tool(1);
    tool(1);
    const trip = caught(() => tool(1));
    const open = caught(() => tool(2));
    expect(isTripError(trip, 'loop')).toBe(true);
    expect(isTripError(open)).toBe(true);
    expect(isTripError(open, 'loop')).toBe(false);
  });

  it('a breaker starts where another process left it; monitoring rejects nothing', () => {
    const now = 5_000;
    const initial = { state: 'open' as const, trips: 2, retryAt: now + 9_000, reason: 'loop' };
    const tool = guard(() => 1, { breaker: { initial }, clock: () => now });
    expect(caught<BreakerOpenError>(tool)).toMatchObject({ retryAt: now + 9_000 });
    expect(guard(() => 1, { breaker: { initial }, clock: () => now, monitor: true })()).toBe(1);
  });

  it('properties of the function stay', () => {
    const fn = Object.assign((x: number) => x, { description: 'adds nothing', schema: { type: 'number' } });
    const guarded = guard(fn);
    expect(guarded.description).toBe('adds nothing');
    expect(guarded.schema).toBe(fn.schema);
  });

  it('options that throw leave no budget held', () => {
    const tool = guard((_: number) => 'x', {
      budget: { maxUsd: 1, maxCalls: 2 },
      estimate: () => ({ usd: 0.5 }),
      result: () => {
        throw new Error('bad option');
      },
    });
    expect(() => tool(1)).toThrow('bad option');
    expect(guardOf(tool)!.view().budget).toMatchObject({
      spent: { usd: 0.5, calls: 1 },
      reserved: { usd: 0, calls: 0 },
    });
  });

  it('warns before every kind of stop, not only before cycles', () => {
    const warned: string[] = [];
    const tool = guard(
      (_: number): string => {
        throw Object.assign(new Error('forbidden'), { status: 403 });
      },
      { onWarn: warning => void warned.push(String(warning.evidence.rung)) },
    );
    for (let call = 0; call < 3; call++) caught(() => tool(call));
    expect(caught(() => tool(9))).toBeInstanceOf(LoopDetectedError);
    expect(warned).toEqual(['sameError']);
  });

  it('newTurn() forgets the window and nothing else', () => {
    const tool = guard(() => 'noon', { budget: { maxCalls: 4 } });
    for (let turn = 0; turn < 4; turn++) {
      tool();
      guardOf(tool)!.newTurn();
    }
    expect(caught(tool)).toBeInstanceOf(BudgetExceededError);
  });
});

describe('budget, context, breaker', () => {
  it('N parallel calls overshoot by nothing', async () => {
    const gates: (() => void)[] = [];
    let inFlight = 0;
    const chat = guard(
      async (_prompt: string) => {
        inFlight++;
        await new Promise<void>(open => gates.push(open));
        return { text: 'ok', usage: { input_tokens: 100, output_tokens: 50 } };
      },
      {
        loop: false,
        budget: { maxUsd: 1, maxTokens: 10_000 },
        estimate: () => ({ usd: 0.1, tokens: 200 }),
        cost: () => 0.08,
      },
    );
    const calls = Array.from({ length: 200 }, (_, index) => chat(`p${index}`).catch(error => error));
    expect(inFlight).toBe(10);
    for (const open of gates) open();
    const results = await Promise.all(calls);
    expect(results.filter(result => result instanceof BudgetExceededError)).toHaveLength(190);
    expect(guardOf(chat)?.view().budget).toMatchObject({
      spent: { calls: 10, tokens: 1500 },
      reserved: { usd: 0, tokens: 0, calls: 0 },
    });
  });

  it('one budget holds for all who share it', () => {
    const budget = new Budget({ maxCalls: 3 }, Date.now);
    const a = guard((_: number) => 1, { budget, loop: false });
    const b = guard((_: number) => 2, { budget, loop: false });
    a(1);
    b(2);
    a(3);
    expect(caught(() => b(4))).toBeInstanceOf(BudgetExceededError);
  });

  it('stops before the context overflows, and learns from usage', () => {
    const chat = guard(
      (input: { messages: string[] }) => ({
        usage: { prompt_tokens: input.messages.length * 50, completion_tokens: 1 },
      }),
      {
        loop: false,
        context: { maxContextTokens: 1_000, headroom: 100 },
      },
    );
    const words = (count: number) => ({
      messages: Array.from({ length: count }, () => 'the quick brown fox jumps over it all'),
    });
    expect(chat(words(40)).usage.prompt_tokens).toBe(2_000);
    // The provider counted far more than was estimated, so the same input does not fit any more.
    expect(caught<ContextOverflowError>(() => chat(words(40)))).toBeInstanceOf(ContextOverflowError);
    const counted = guard((text: string) => text, {
      loop: false,
      context: { maxContextTokens: 10, headroom: 0 },
      tokens: text => text.length,
    });
    expect(counted('ten chars!')).toBe('ten chars!');
    expect(caught<ContextOverflowError>(() => counted('eleven char')).evidence).toMatchObject({
      limit: 10,
      observed: 11,
    });
  });

  it('opens a breaker on a trip: rejects cheaply, says when to retry, closes after a good probe', () => {
    let now = 1_000_000;
    const tool = guard((_: number) => 'same', { breaker: { jitter: 0 }, clock: () => now });
    tool(1);
    tool(1);
    const trip = caught<LoopDetectedError>(() => tool(1));
    expect(trip.retryAt).toBe(now + 60_000);
    const open = caught<BreakerOpenError>(() => tool(2));
    expect(open).toBeInstanceOf(BreakerOpenError);
    expect(open).toMatchObject({ reason: 'loop', retryAt: now + 60_000 });
    now += 60_000;
    expect(tool(2)).toBe('same');
    expect(guardOf(tool)?.view().breaker).toMatchObject({ state: 'closed', trips: 0 });
  });

  it('refuses a cost that makes no sense', () => {
    const tool = guard(() => 1, { cost: () => Number.NaN });
    expect(() => tool()).toThrow(RangeError);
    expect(() => guard(() => 1, { budget: {} })).toThrow(RangeError);
    expect(() => guard(() => 1, { loop: { repeats: 0 } })).toThrow(RangeError);
  });
});

describe('monitoring', () => {
  it('records and stops nothing', () => {
    const seen = watch();
    const tool = guard(() => 'same', { monitor: true, budget: { maxCalls: 4 } });
    for (let call = 0; call < 10; call++) tool();
    expect(seen.trips.map(trip => [trip.reason, trip.monitored])).toEqual([
      ['loop', true],
      ['budget', true],
    ]);
  });
});

describe('store', () => {
  const folder = (): string => {
    const dir = mkdtempSync(join(tmpdir(), 'loopbound-store-'));
    closers.push(() => rmSync(dir, { recursive: true, force: true }));
    return dir;
  };

  it('a later process fails closed before its first request, until reset or time to live', () => {
    let now = 1_000;
    for (const store of [memoryStore(), fileStore(folder())]) {
      now = 1_000;
      let requests = 0;
      const make = () =>
        guard(
          (_: { key: string }) => {
            requests++;
            return 'down';
          },
          { name: 'upstream', store, clock: () => now },
        );
      const first = make();
      first({ key: 'hunter2' });
      first({ key: 'hunter2' });
      caught(() => first({ key: 'hunter2' }));
      const second = make();
      const held = caught<PreflightTripError>(() => second({ key: 'other' }));
      expect(held).toBeInstanceOf(PreflightTripError);
      expect(held.reason).toBe('loop');
      expect(requests).toBe(2);
      guardOf(second)?.reset();
      expect(second({ key: 'other' })).toBe('down');
      const third = make();
      third({ key: 'a' });
      third({ key: 'a' });
      caught(() => third({ key: 'a' }));
      now += 900_000;
      expect(make()({ key: 'a' })).toBe('down');
    }
  });

  it('keeps no arguments on disk, and damaged files count as none', () => {
    const dir = folder();
    const tool = guard((_: string) => 'secret result', { name: 'tool', store: fileStore(dir) });
    tool('hunter2');
    tool('hunter2');
    caught(() => tool('hunter2'));
    const [file] = readdirSync(join(dir, 'guards'));
    const path = join(dir, 'guards', file!);
    expect(readFileSync(path, 'utf8')).not.toMatch(/hunter2|secret result/);
    writeFileSync(path, '{"trip":');
    expect(guard((_: string) => 'fine', { name: 'tool', store: fileStore(dir) })('x')).toBe('fine');
  });
});

describe('runs', () => {
  it('count, never mix, and can be stopped', async () => {
    const seen = watch();
    const model = guard(async (_: number) => ({ usage: { input_tokens: 3, output_tokens: 2 } }), {
      op: 'model',
      name: 'model',
      loop: false,
      cost: () => 0.5,
    });
    const summaries = await Promise.all(
      [1, 2, 3].map(count =>
        withRun({ name: `run ${count}`, user: `u${count}` }, async () => {
          for (let call = 0; call < count; call++) {
            await model(call);
            await Promise.resolve();
          }
          return runSummary();
        }),
      ),
    );
    expect(summaries.map(({ modelCalls, tokens, usd }) => [modelCalls, tokens, usd])).toEqual([
      [1, 5, 0.5],
      [2, 10, 1],
      [3, 15, 1.5],
    ]);
    const users = seen.events.filter(event => event.kind === 'call').map(event => event.user);
    expect(users.sort()).toEqual(['u1', 'u2', 'u2', 'u3', 'u3', 'u3']);
    expect(seen.events.filter(event => event.kind === 'runEnded').map(event => event.status)).toEqual([
      'ok',
      'ok',
      'ok',
    ]);
    const stopped = await rejected(
      withRun('stop me', async run => {
        await model(1);
        run.stop('enough');
        await model(2);
      }),
    );
    expect(stopped).toBeInstanceOf(RunStoppedError);
    expect(seen.events.at(-1)).toMatchObject({ kind: 'runEnded', status: 'tripped' });
  });

  it('finds a trip that a framework has wrapped', () => {
    const tool = guard(() => 1, { budget: { maxCalls: 0 } });
    const trip = caught(tool);
    expect(tripOf(new AggregateError([new Error('x', { cause: trip })]))).toBe(trip);
    expect(tripOf(new Error('x'))).toBeUndefined();
  });

  it('a swallowed trip that comes again is the same trip', () => {
    const seen = watch();
    const tool = guard(() => 'same');
    for (let call = 0; call < 50; call++) {
      try {
        tool();
      } catch (error) {
        expect(error).toBeInstanceOf(LoopDetectedError);
      }
    }
    expect(seen.trips).toHaveLength(1);
    expect(seen.events.filter(event => event.kind === 'call' && event.outcome === 'blocked')).toHaveLength(48);
  });
});
