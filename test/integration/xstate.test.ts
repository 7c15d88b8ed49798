// XState: maxIterations counts what one event sets off at once, so a cycle of invoked actors has no limit but a guard on
// the context. Run against the installed package.
import { describe, expect, test } from 'vitest';
import { assign, createActor, fromPromise, setup, waitFor } from 'xstate';

const CALLS = 300;

/** Two states that invoke a model by turns, from done to done. */
function cycle(options: { maxIterations?: number; turns?: number; fails?: boolean }) {
  let calls = 0;
  const ask = fromPromise(async () => {
    calls++;
    if (options.fails && calls < CALLS) throw new Error('busy');
    return calls >= CALLS ? 'stop' : 'again';
  });
  const machine = setup({
    types: { context: {} as { turns: number } },
    actors: { ask },
    guards: {
      isDone: ({ event }) => (event as unknown as { output: unknown }).output === 'stop',
      isLate: ({ context }) => options.turns !== undefined && context.turns >= options.turns,
    },
    actions: { count: assign({ turns: ({ context }) => context.turns + 1 }) },
  }).createMachine({
    context: { turns: 0 },
    initial: 'write',
    ...(options.maxIterations !== undefined && { options: { maxIterations: options.maxIterations } }),
    states: {
      write: {
        entry: 'count',
        invoke: {
          src: 'ask',
          onDone: [{ guard: 'isDone', target: 'end' }, { guard: 'isLate', target: 'end' }, { target: 'judge' }],
          onError: [
            { guard: 'isLate', target: 'end' },
            { target: 'write', reenter: true },
          ],
        },
      },
      judge: {
        invoke: { src: 'ask', onDone: [{ guard: 'isDone', target: 'end' }, { target: 'write' }], onError: 'write' },
      },
      end: { type: 'final' },
    },
  });
  return async () => {
    const actor = createActor(machine).start();
    await waitFor(actor, state => state.status !== 'active');
    return calls;
  };
}

describe('a cycle of invoked actors', () => {
  test.each([{}, { maxIterations: 10 }])('%o has no limit', async options => {
    expect(await cycle(options)()).toBe(CALLS);
  });

  test('that goes on after errors has none either', async () => {
    expect(await cycle({ fails: true })()).toBe(CALLS);
  });

  test('ends at a guard on a counter of the context', async () => {
    // Three rounds: the third ends before its second state.
    expect(await cycle({ turns: 3 })()).toBe(5);
    expect(await cycle({ turns: 3, fails: true })()).toBe(3);
  });

  test.each([
    ['a state', { target: 'failed' }, 'done'],
    [
      'an error',
      {
        actions: () => {
          throw new Error('gave up');
        },
      },
      'error',
    ],
  ])('ends at a counter that entry raises and always asks, by %s', async (_name, end, status) => {
    let calls = 0;
    const ask = fromPromise(async () => ++calls);
    const machine = setup({ actors: { ask } }).createMachine({
      context: { turns: 0 },
      initial: 'write',
      states: {
        write: {
          entry: assign({ turns: ({ context }) => context.turns + 1 }),
          always: { guard: ({ context }) => context.turns > 3, ...end },
          invoke: { src: 'ask', onDone: 'judge' },
        },
        judge: { invoke: { src: 'ask', onDone: 'write' } },
        failed: { type: 'final' },
      },
    });
    const actor = createActor(machine);
    const ended = new Promise<void>(resolve => {
      actor.subscribe({ error: () => resolve(), complete: resolve });
    });
    actor.start();
    await ended;
    expect([calls, actor.getSnapshot().status]).toEqual([6, status]);
  });
});
