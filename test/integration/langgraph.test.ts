// LangGraph.js: what its recursion limit counts, and what switches it off. Run against the installed package.

import {
  Annotation,
  Command,
  END,
  GraphRecursionError,
  MemorySaver,
  Send,
  START,
  StateGraph,
} from '@langchain/langgraph';
import { describe, expect, test } from 'vitest';
import { CountingChatModel } from './count.ts';

const State = Annotation.Root({ text: Annotation<string>, done: Annotation<boolean> });

/** One node that asks the model once and routes back to itself until `turns` are over. */
function cycle(model: CountingChatModel, turns = Number.POSITIVE_INFINITY) {
  return new StateGraph(State)
    .addNode('ask', async () => ({ text: (await model.invoke('go on')).text }))
    .addEdge(START, 'ask')
    .addConditionalEdges('ask', () => (model.calls < turns ? 'ask' : END), ['ask', END]);
}

describe('recursionLimit', () => {
  test('is 25 supersteps by default, and hitting it throws', async () => {
    const model = new CountingChatModel();
    await expect(cycle(model).compile().invoke({})).rejects.toThrow(GraphRecursionError);
    expect(model.calls).toBe(25);
  });

  test('throws after exactly that many supersteps, even if the graph would have ended there', async () => {
    const model = new CountingChatModel();
    await expect(cycle(model, 4).compile().invoke({}, { recursionLimit: 4 })).rejects.toThrow(GraphRecursionError);
    const other = new CountingChatModel();
    await cycle(other, 4).compile().invoke({}, { recursionLimit: 5 });
    expect([model.calls, other.calls]).toEqual([4, 4]);
  });

  test.each([Number.POSITIVE_INFINITY, 1e9, Number.NaN])('%s is no limit', async recursionLimit => {
    const model = new CountingChatModel();
    await cycle(model, 60).compile().invoke({}, { recursionLimit });
    expect(model.calls).toBe(60);
  });

  test('below 1 is refused', async () => {
    await expect(cycle(new CountingChatModel()).compile().invoke({}, { recursionLimit: 0 })).rejects.toThrow(
      /recursionLimit/,
    );
  });

  test('holds for withConfig too', async () => {
    const model = new CountingChatModel();
    const graph = cycle(model).compile().withConfig({ recursionLimit: 7 });
    await expect(graph.invoke({})).rejects.toThrow(GraphRecursionError);
    expect(model.calls).toBe(7);
  });

  test('starts anew with every invoke from a checkpoint', async () => {
    const model = new CountingChatModel();
    const graph = cycle(model).compile({ checkpointer: new MemorySaver() });
    const thread = { configurable: { thread_id: 'one' } };
    const calls: number[] = [];
    for (const input of [{}, null, null]) {
      await expect(graph.invoke(input, thread)).rejects.toThrow(GraphRecursionError);
      calls.push(model.calls);
    }
    expect(calls[0]).toBe(25);
    expect(calls[1]).toBeGreaterThan(45);
    expect(calls[2]).toBeGreaterThan(70);
  });

  test('counts supersteps, not model calls: a fan-out of 100 is one', async () => {
    const model = new CountingChatModel();
    const graph = new StateGraph(State)
      .addNode('plan', () => ({}))
      .addNode('ask', async () => void (await model.invoke('go on')))
      .addEdge(START, 'plan')
      .addConditionalEdges('plan', () => Array.from({ length: 100 }, () => new Send('ask', {})), ['ask'])
      .compile();
    await graph.invoke({}, { recursionLimit: 3 });
    expect(model.calls).toBe(100);
  });

  test('a subgraph that is a node counts for itself', async () => {
    const model = new CountingChatModel();
    const inner = cycle(model, 20).compile();
    const graph = new StateGraph(State).addNode('inner', inner).addEdge(START, 'inner').addEdge('inner', END).compile();
    await expect(graph.invoke({}, { recursionLimit: 12 })).rejects.toThrow(GraphRecursionError);
    expect(model.calls).toBe(12);
  });

  test('covers cycles made of Command.goto', async () => {
    const model = new CountingChatModel();
    const graph = new StateGraph(State)
      .addNode('ask', async () => new Command({ goto: 'ask', update: { text: (await model.invoke('on')).text } }), {
        ends: ['ask'],
      })
      .addEdge(START, 'ask')
      .compile();
    await expect(graph.invoke({})).rejects.toThrow(GraphRecursionError);
    expect(model.calls).toBe(25);
  });
});

test('retryPolicy tries a node three times', async () => {
  let tries = 0;
  const graph = new StateGraph(State)
    .addNode(
      'fail',
      () => {
        tries++;
        throw new Error('down');
      },
      { retryPolicy: { initialInterval: 0, jitter: false } },
    )
    .addEdge(START, 'fail')
    .compile();
  await expect(graph.invoke({})).rejects.toThrow('down');
  expect(tries).toBe(3);
});
