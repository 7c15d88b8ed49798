// LangGraph.js: budgets of graphs inside graphs, retries, tasks, supervisors and swarms. Run against the installed packages.

import { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { AIMessage, type BaseMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import {
  Annotation,
  END,
  entrypoint,
  GraphRecursionError,
  MessagesAnnotation,
  START,
  StateGraph,
  task,
} from '@langchain/langgraph';
import { createReactAgent } from '@langchain/langgraph/prebuilt';
import { createSupervisor } from '@langchain/langgraph-supervisor';
import { createHandoffTool, createSwarm } from '@langchain/langgraph-swarm';
import { createAgent } from 'langchain';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CountingChatModel } from './count.ts';

const State = Annotation.Root({ text: Annotation<string> });

/** Asks for one tool at every turn. */
class Asking extends BaseChatModel {
  calls = 0;
  readonly #tool: string | ((call: number) => string);
  constructor(name: string | ((call: number) => string) = 'look') {
    super({});
    this.#tool = name;
  }
  _llmType(): string {
    return 'scripted';
  }
  override bindTools() {
    return this;
  }
  async _generate(_messages: BaseMessage[]) {
    this.calls++;
    const name = typeof this.#tool === 'string' ? this.#tool : this.#tool(this.calls);
    const message = new AIMessage({ content: '', tool_calls: [{ id: `${name}-${this.calls}`, name, args: {} }] });
    return { generations: [{ text: '', message }] };
  }
}
const look = tool(async () => 'nothing there', { name: 'look', description: 'Looks.', schema: z.object({}) });

/** A graph that asks the model `turns` times. */
function cycle(model: CountingChatModel, turns: number) {
  let asked = 0;
  return new StateGraph(State)
    .addNode('ask', async () => {
      asked++;
      return { text: (await model.invoke('go on')).text };
    })
    .addEdge(START, 'ask')
    .addConditionalEdges('ask', () => (asked < turns ? 'ask' : END), ['ask', END])
    .compile();
}

describe('a graph inside a graph', () => {
  const outer = (inner: () => Promise<unknown>) =>
    new StateGraph(State)
      .addNode('inner', async () => {
        await inner();
        return {};
      })
      .addEdge(START, 'inner')
      .addConditionalEdges('inner', () => 'inner', ['inner'])
      .compile();

  test('without a limit of its own has as many steps as the one around it', async () => {
    const model = new CountingChatModel();
    const graph = outer(() => cycle(model, 1000).invoke({}));
    await expect(graph.invoke({}, { recursionLimit: 40 })).rejects.toThrow(GraphRecursionError);
    expect(model.calls).toBe(40);
  });

  test('with a limit of its own has that', async () => {
    const model = new CountingChatModel();
    const graph = outer(() => cycle(model, 1000).invoke({}, { recursionLimit: 5 }));
    await expect(graph.invoke({}, { recursionLimit: 40 })).rejects.toThrow(GraphRecursionError);
    expect(model.calls).toBe(5);
  });

  test('counts anew every time: limits multiply', async () => {
    const model = new CountingChatModel();
    const graph = outer(() => cycle(model, 6).invoke({}));
    await expect(graph.invoke({}, { recursionLimit: 8 })).rejects.toThrow(GraphRecursionError);
    expect(model.calls).toBe(8 * 6);
  });

  test('createAgent as a node has the limit of the graph around it', async () => {
    const model = new Asking();
    const agent = createAgent({ model, tools: [look] });
    const graph = new StateGraph(MessagesAnnotation).addNode('agent', agent.graph).addEdge(START, 'agent').compile();
    await expect(graph.invoke({ messages: [] }, { recursionLimit: 40 })).rejects.toThrow(GraphRecursionError);
    expect(model.calls).toBe(20);
  });

  test('an agent in a tool has the limit of the agent around it', async () => {
    const model = new Asking();
    const inner = createAgent({ model, tools: [look] });
    const ask = tool(async () => JSON.stringify(await inner.invoke({ messages: [] })), {
      name: 'ask',
      description: 'Asks.',
      schema: z.object({}),
    });
    const top = new Asking('ask');
    const agent = createAgent({ model: top, tools: [ask] });
    await expect(agent.invoke({ messages: [] }, { recursionLimit: 11 })).rejects.toThrow(GraphRecursionError);
    // The tool's error is an answer, so each of the outer turns runs the inner agent again.
    expect([top.calls, model.calls]).toEqual([6, 30]);
  });
});

describe('retryPolicy', () => {
  const attempts = async (options: object, failing = Number.POSITIVE_INFINITY) => {
    let tries = 0;
    const graph = new StateGraph(State)
      .addNode(
        'fail',
        () => {
          tries++;
          if (tries <= failing) throw new Error('down');
          return {};
        },
        options,
      )
      .addEdge(START, 'fail')
      .compile();
    await graph.invoke({}).catch((error: Error) => {
      if (error.message !== 'down') throw error;
    });
    return tries;
  };
  const quick = { initialInterval: 0, jitter: false, logWarning: false };

  test('without one a node is tried once', async () => {
    expect(await attempts({})).toBe(1);
  });
  test.each([
    [{}, 3],
    [{ maxAttempts: 1 }, 1],
    [{ maxAttempts: 5 }, 5],
  ])('%o', async (policy, expected) => {
    expect(await attempts({ retryPolicy: { ...quick, ...policy } })).toBe(expected);
  });
  test('maxAttempts: Infinity has no end of its own', async () => {
    expect(await attempts({ retryPolicy: { ...quick, maxAttempts: Number.POSITIVE_INFINITY } }, 100)).toBe(101);
  });
});

describe('entrypoint and task', () => {
  test('a plain loop in them is not limited', async () => {
    let calls = 0;
    const ask = task('ask', async () => ++calls);
    const flow = entrypoint('flow', async () => {
      while ((await ask()) < 200);
      return calls;
    });
    expect(await flow.invoke({}, { recursionLimit: 5 })).toBe(200);
  });

  test('a task with a retry is tried three times by default', async () => {
    let tries = 0;
    const fail = task({ name: 'fail', retry: { initialInterval: 0, jitter: false, logWarning: false } }, async () => {
      tries++;
      throw new Error('down');
    });
    const flow = entrypoint('flow', async () => fail());
    await expect(flow.invoke({})).rejects.toThrow('down');
    expect(tries).toBe(3);
  });
});

test('createReactAgent: 25 supersteps are 13 requests; an answer in a format is one more', async () => {
  const model = new Asking();
  await expect(createReactAgent({ llm: model, tools: [look] }).invoke({ messages: [] })).rejects.toThrow(
    GraphRecursionError,
  );
  expect(model.calls).toBe(13);
});

describe('supervisor', () => {
  test('goes round as often as the limit lets it', async () => {
    const worker = new CountingChatModel('done');
    worker.bindTools = () => worker;
    const boss = new Asking('transfer_to_worker');
    const graph = createSupervisor({
      agents: [createReactAgent({ name: 'worker', llm: worker, tools: [] })],
      llm: boss,
    }).compile();
    await expect(graph.invoke({ messages: [] }, { recursionLimit: 10 })).rejects.toThrow(GraphRecursionError);
    expect([boss.calls, worker.calls]).toEqual([5, 5]);
  });

  test('its own agent and its workers have the whole limit each time', async () => {
    const worker = new Asking();
    const boss = new Asking('transfer_to_worker');
    const graph = createSupervisor({
      agents: [createReactAgent({ name: 'worker', llm: worker, tools: [look] })],
      llm: boss,
    }).compile();
    await expect(graph.invoke({ messages: [] }, { recursionLimit: 10 })).rejects.toThrow(GraphRecursionError);
    expect([boss.calls, worker.calls]).toEqual([1, 5]);
  });
});

test('swarm: handoffs go round as often as the limit lets them', async () => {
  const alice = new Asking('transfer_to_bob');
  const bob = new Asking('transfer_to_alice');
  const graph = createSwarm({
    agents: [
      createReactAgent({ name: 'alice', llm: alice, tools: [createHandoffTool({ agentName: 'bob' })] }),
      createReactAgent({ name: 'bob', llm: bob, tools: [createHandoffTool({ agentName: 'alice' })] }),
    ],
    defaultActiveAgent: 'alice',
  }).compile();
  await expect(graph.invoke({ messages: [] }, { recursionLimit: 9 })).rejects.toThrow(GraphRecursionError);
  expect([alice.calls, bob.calls]).toEqual([5, 4]);
});
