// Flow guards, loop budgets and bounded state: limits, their exact call, what they say, and counters that belong to runs.

import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  BoundedArray,
  estimateText,
  failSoft,
  flowGuard,
  guard,
  guardedStep,
  keepFirstAndLast,
  keepLast,
  LoopDetectedError,
  loopBudget,
  RouterLoopError,
  runSummary,
  type StateBudgetError,
  StepBudgetExceededError,
  truncateTokens,
  withRun,
} from '../../runtime/src/index.ts';

const caught = <E extends Error>(run: () => unknown): E => {
  try {
    run();
  } catch (error) {
    return error as E;
  }
  return expect.fail('nothing was thrown');
};

describe('steps', () => {
  it('run five times in a run, and start fresh with the next', () => {
    const step = guardedStep(function refine(text: string) {
      return text;
    });
    expectTypeOf(step).toEqualTypeOf<(text: string) => string>();
    for (let round = 0; round < 2; round++) {
      withRun('r', () => {
        for (let turn = 0; turn < 5; turn++) step('x');
        const error = caught<StepBudgetExceededError>(() => step('x'));
        expect(error).toBeInstanceOf(StepBudgetExceededError);
        expect(error.counts).toEqual({ refine: 5 });
        expect(error.place?.file).toBe(import.meta.filename);
      });
    }
  });

  it('per-step options override the flow’s', () => {
    const flow = flowGuard({ maxInvocations: 2 });
    const few = guardedStep({ flow })(function few() {
      return 1;
    });
    const many = guardedStep({ flow, maxInvocations: 4 })(function many() {
      return 1;
    });
    withRun('r', () => {
      few();
      few();
      expect(caught(few)).toBeInstanceOf(StepBudgetExceededError);
      for (let turn = 0; turn < 4; turn++) many();
      expect(caught<StepBudgetExceededError>(many).counts).toEqual({ few: 2, many: 4 });
    });
  });

  it('concurrent steps cannot slip past together, and concurrent runs do not share', async () => {
    const step = guardedStep(async function work() {
      await Promise.resolve();
      return 1;
    });
    const results = await Promise.all(
      [1, 2, 3].map(() => withRun('r', async () => Promise.allSettled(Array.from({ length: 9 }, async () => step())))),
    );
    for (const settled of results) expect(settled.filter(one => one.status === 'fulfilled')).toHaveLength(5);
  });

  it('decorate methods; an instance is a run of its own', () => {
    class Flow {
      state = { text: 'short' };
      draft(): string {
        return 'draft';
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Flow.prototype, 'draft')!;
    Object.defineProperty(
      Flow.prototype,
      'draft',
      guardedStep({ maxInvocations: 1, checkState: true, maxStateTokens: 10 })(Flow.prototype, 'draft', descriptor),
    );
    const first = new Flow();
    expect(first.draft()).toBe('draft');
    expect(caught(() => first.draft())).toBeInstanceOf(StepBudgetExceededError);
    const second = new Flow();
    second.state.text = 'a rather long text that certainly does not fit into ten tokens';
    expect(caught<StateBudgetError>(() => second.draft())).toMatchObject({ reason: 'state', field: 'text' });
  });
});

describe('routes', () => {
  it('the same one more than four times in a row trips, terminal ones never', () => {
    const route = guardedStep((score: number) => (score > 7 ? 'approved' : 'revise'), {
      router: true,
      name: 'judge',
      maxInvocations: 100,
    });
    withRun('r', () => {
      for (let turn = 0; turn < 4; turn++) route(1);
      route(9);
      for (let turn = 0; turn < 4; turn++) route(1);
      const error = caught<RouterLoopError>(() => route(1));
      expect(error).toBeInstanceOf(RouterLoopError);
      expect(error.routes).toHaveLength(10);
      expect(error.routes.slice(-6)).toEqual(['approved', 'revise', 'revise', 'revise', 'revise', 'revise']);
    });
    withRun('r', () => {
      for (let turn = 0; turn < 20; turn++) route(9);
      expect(runSummary()).toMatchObject({ steps: { judge: 20 }, routes: { approved: 20 } });
    });
  });
});

describe('fail-soft', () => {
  it('keeps the best result so far, sync and async, and lets other errors through', async () => {
    let best = 0;
    const step = guardedStep(() => ++best, { maxInvocations: 3 });
    const work = (): number => {
      for (;;) step();
    };
    expect(withRun('r', () => failSoft(work, trip => (trip.reason === 'step' ? best : -1)))).toBe(3);
    const tool = guard(async () => 'same');
    const again = async (): Promise<string> => {
      for (;;) await tool();
    };
    expect(await failSoft(again, trip => trip.name)).toBe(LoopDetectedError.kind);
    await expect(
      failSoft(
        () => Promise.reject(new Error('mine')),
        () => 1 as never,
      ),
    ).rejects.toThrow('mine');
  });
});

describe('loopBudget', () => {
  it('gives its turns, then throws with the place of the loop', () => {
    const turns = loopBudget(3, 'research');
    const seen: number[] = [];
    const error = caught<StepBudgetExceededError>(() => {
      while (seen.length < 100) seen.push(turns.next());
    });
    expect(seen).toEqual([1, 2, 3]);
    expect(error).toMatchObject({ reason: 'step', counts: { research: 3 } });
    expect(error.place?.file).toBe(import.meta.filename);
    expect([turns.used, turns.left]).toEqual([3, 0]);
    turns.reset();
    expect(turns.next()).toBe(1);
    expect(() => loopBudget(-1)).toThrow(RangeError);
    expect(() => loopBudget(Number.POSITIVE_INFINITY)).toThrow(RangeError);
  });
});

describe('bounded state', () => {
  it('keeps the last', () => {
    expect([keepLast([1, 2, 3], 2), keepLast([1], 5), keepLast([1], 0)]).toEqual([[2, 3], [1], []]);
  });

  it('keeps the system message and no tool answer without its question', () => {
    const messages = [
      { role: 'system', content: 's' },
      { role: 'user', content: 'u' },
      { role: 'assistant', tool_calls: [1, 2] },
      { role: 'tool', tool_call_id: '1' },
      { role: 'tool', tool_call_id: '2' },
      { role: 'assistant', content: 'a' },
      { role: 'user', content: 'v' },
    ];
    expect(keepFirstAndLast(messages, 10)).toEqual(messages);
    expect(keepFirstAndLast(messages, 3).map(message => message.content)).toEqual(['s', 'a', 'v']);
    expect(keepFirstAndLast(messages, 4).map(message => message.content)).toEqual(['s', 'a', 'v']);
  });

  it('cuts texts to tokens without breaking characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.integer({ min: 0, max: 50 }), (text, limit) => {
        const cut = truncateTokens(text, limit);
        expect(text.startsWith(cut)).toBe(true);
        expect(estimateText(cut)).toBeLessThanOrEqual(limit);
        const last = cut.charCodeAt(cut.length - 1);
        expect(cut !== text && last >= 0xd800 && last <= 0xdbff).toBe(false);
      }),
    );
  });

  it('BoundedArray never grows beyond its capacity', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer(), { maxLength: 5 }), { maxLength: 20 }),
        fc.integer({ min: 0, max: 7 }),
        (pushes, capacity) => {
          const bounded = new BoundedArray<number>(capacity);
          const all: number[] = [];
          for (const items of pushes) {
            bounded.push(...items);
            all.push(...items);
            expect([...bounded]).toEqual(capacity === 0 ? [] : all.slice(-capacity));
          }
          expect(bounded.dropped).toBe(all.length - bounded.length);
          expect(bounded.map(String)).not.toBeInstanceOf(BoundedArray);
        },
      ),
    );
  });
});
