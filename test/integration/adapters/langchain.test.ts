// The LangChain and LangGraph adapters on the real packages with a scripted model: agents, graphs, callbacks, streams.

import { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { AIMessage, AIMessageChunk, type BaseMessage, type ToolMessage } from '@langchain/core/messages';
import { ChatGenerationChunk } from '@langchain/core/outputs';
import { tool } from '@langchain/core/tools';
import { Annotation, END, MemorySaver, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph';
import { ToolNode } from '@langchain/langgraph/prebuilt';
import { createAgent } from 'langchain';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type LoopboundMiddleware,
  loopboundCallbacks,
  loopboundMiddleware,
} from '../../../runtime/src/adapters/langchain.ts';
import { graphGuard } from '../../../runtime/src/adapters/langgraph.ts';
import {
  BudgetExceededError,
  currentRun,
  LoopDetectedError,
  runSummary,
  tripOf,
  withRun,
} from '../../../runtime/src/index.ts';
import { rejected, unanswered } from './shared.ts';

/** What the model does at each turn: calls of `look` with these queries, or a last word. */
type Turn = string[] | string;

class Scripted extends BaseChatModel {
  readonly seen: BaseMessage[][] = [];
  readonly #turns: (turn: number) => Turn;
  constructor(turns: (turn: number) => Turn) {
    super({});
    this.#turns = turns;
  }
  _llmType(): string {
    return 'scripted';
  }
  override bindTools(): this {
    return this;
  }
  #next(messages: BaseMessage[]) {
    const at = this.seen.push(messages) - 1;
    if (at === 50) throw new Error('50 turns and no end');
    const turn = this.#turns(at);
    const usage_metadata = { input_tokens: 100, output_tokens: 20, total_tokens: 120 };
    if (typeof turn === 'string') return { content: turn, usage_metadata };
    const tool_calls = turn.map((q, index) => ({
      id: `call-${at}-${index}`,
      name: 'look',
      args: { q },
      type: 'tool_call' as const,
    }));
    return { content: '', tool_calls, usage_metadata };
  }
  async _generate(messages: BaseMessage[]) {
    const message = new AIMessage(this.#next(messages));
    return { generations: [{ text: message.text, message }] };
  }
  override async *_streamResponseChunks(messages: BaseMessage[]) {
    const { usage_metadata, ...next } = this.#next(messages);
    yield new ChatGenerationChunk({ text: next.content, message: new AIMessageChunk(next) });
    yield new ChatGenerationChunk({ text: '', message: new AIMessageChunk({ content: '', usage_metadata }) });
  }
}

const lookTool = (ran: string[], look: (q: string) => unknown = q => `no ${q}`) =>
  tool(
    async ({ q }) => {
      ran.push(q);
      return look(q);
    },
    { name: 'look', description: 'Looks.', schema: z.object({ q: z.string() }) },
  );
/** How many calls a history holds; fails if one has no result. */
const answered = (messages: BaseMessage[]): number => {
  const calls = messages.flatMap(message => (message as AIMessage).tool_calls ?? []).map(call => call.id!);
  const results = messages.flatMap(message => (message as ToolMessage).tool_call_id ?? []);
  expect(unanswered(calls, results)).toEqual([]);
  return calls.length;
};
const input = { messages: [{ role: 'user', content: 'go' }] };

describe('createAgent with the middleware', () => {
  const setUp = (
    middleware: LoopboundMiddleware | undefined,
    turns: (turn: number) => Turn,
    look?: (q: string) => unknown,
  ) => {
    const model = new Scripted(turns);
    const ran: string[] = [];
    const agent = createAgent({
      model,
      tools: [lookTool(ran, look)],
      middleware: middleware ? [middleware] : [],
      checkpointer: new MemorySaver(),
    });
    const config = { recursionLimit: 100, configurable: { thread_id: '1' } };
    const history = async (): Promise<BaseMessage[]> =>
      ((await agent.graph.getState(config)) as { values: { messages: BaseMessage[] } }).values.messages;
    return { agent, model, ran, config, history };
  };

  it('three identical tool calls end the run with the typed error, and every call has a result', async () => {
    const { agent, ran, model, config, history } = setUp(loopboundMiddleware(), turn =>
      turn < 2 ? ['same'] : ['same', 'fine'],
    );
    const error = await withRun('r', () => rejected(agent.invoke(input, config)));
    expect(tripOf(error)).toBeInstanceOf(LoopDetectedError);
    expect(ran).toEqual(['same', 'same', 'fine']);
    expect(model.seen).toHaveLength(3);
    const messages = await history();
    expect(answered(messages)).toBe(4);
    const refused = messages.find(message => message.text.includes('stopped by loopbound (loop)'));
    expect(refused).toMatchObject({ status: 'error', name: 'look', tool_call_id: 'call-2-0' });
  });

  it("`exit: 'end'` ends it with a last message that says why", async () => {
    const { agent, ran, config } = setUp(loopboundMiddleware({ exit: 'end' }), () => ['same']);
    const { messages } = await withRun('r', () => agent.invoke(input, config));
    expect(answered(messages)).toBe(3);
    expect(messages.at(-1)?.text).toMatch(/^Stopped by loopbound \(loop\): look is called/);
    expect(ran).toHaveLength(2);
    const budget = setUp(loopboundMiddleware({ exit: 'end', model: { budget: { maxCalls: 2 } } }), turn => [
      `q${turn}`,
    ]);
    const result = await withRun('r', () => budget.agent.invoke(input, budget.config));
    expect(result.messages.at(-1)?.text).toMatch(/^Stopped by loopbound \(budget\)/);
    expect(budget.model.seen).toHaveLength(2);
  });

  it('a budget of tokens is settled by each answer, streamed ones too', async () => {
    for (const stream of [false, true]) {
      const guard = loopboundMiddleware({ model: { budget: { maxTokens: 300 }, loop: false } });
      const { agent, model, config, history } = setUp(guard, turn => [`q${turn}`]);
      await withRun('r', async () => {
        const run = async (): Promise<unknown> => {
          if (!stream) return agent.invoke(input, config);
          for await (const part of await agent.stream(input, { ...config, streamMode: 'messages' })) void part;
        };
        expect(tripOf(await rejected(run()))).toBeInstanceOf(BudgetExceededError);
        expect(runSummary()).toMatchObject({ tokens: 360, modelCalls: 3 });
      });
      expect(model.seen).toHaveLength(3);
      expect(answered(await history())).toBe(3);
    }
  });

  it('a kill ends it at the next request', async () => {
    const kill = (q: string): string => (q === 'q1' ? String(currentRun().stop('Enough.')) : q);
    const { agent, model, config } = setUp(loopboundMiddleware(), turn => [`q${turn}`], kill);
    const error = await withRun('r', () => rejected(agent.invoke(input, config)));
    expect(tripOf(error)).toMatchObject({ reason: 'kill' });
    expect(model.seen).toHaveLength(2);
  });

  it('a trip of an agent inside a tool ends the outer run', async () => {
    const inner = setUp(loopboundMiddleware(), () => ['same']);
    const outer = setUp(
      loopboundMiddleware(),
      turn => [`q${turn}`],
      () => inner.agent.invoke(input, inner.config),
    );
    const error = await withRun('r', () => rejected(outer.agent.invoke(input, outer.config)));
    expect(tripOf(error)).toMatchObject({ reason: 'loop' });
    expect(outer.model.seen).toHaveLength(1);
  });

  it('changes nothing when nothing trips', async () => {
    const turns = (turn: number): Turn => (turn < 3 ? [`a${turn}`, `b${turn}`] : 'done');
    // Ids are new each time.
    const of = (value: unknown): unknown =>
      JSON.parse(
        JSON.stringify(value, (key, inner) =>
          /^(id|run_id|.*checkpoint.*|__pregel.*)$/.test(key) ? undefined : inner,
        ),
      );
    const answers = [];
    for (const middleware of [undefined, loopboundMiddleware(), loopboundMiddleware({ exit: 'end' })]) {
      const { agent, config, model, ran } = setUp(middleware, turns);
      const { messages } = await agent.invoke(input, { ...config, recursionLimit: 8 });
      answers.push({ messages: of(messages), seen: of(model.seen), ran });
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    expect(answers[0]!.ran).toHaveLength(6);
    // Any middleware changes a name in the streamed messages, so one that does nothing is what to compare with.
    const nothing: LoopboundMiddleware = {
      name: 'loopbound',
      wrapModelCall: async (request, handler) => handler(request),
      wrapToolCall: async (request, handler) => handler(request),
    };
    const streams = [];
    for (const middleware of [nothing, loopboundMiddleware()]) {
      const { agent, config } = setUp(middleware, turns);
      const parts: unknown[] = [];
      const stream = await agent.stream(input, { ...config, streamMode: ['messages', 'updates'] });
      for await (const part of stream) parts.push(of(part));
      streams.push(parts);
    }
    expect(streams[1]).toEqual(streams[0]);
  });
});

describe('callbacks', () => {
  const graphOf = (turns: (turn: number) => Turn) => {
    const model = new Scripted(turns);
    const State = Annotation.Root({ draft: Annotation<string> });
    const graph = new StateGraph(State)
      .addNode('write', async (state, config) => ({
        draft: (await model.invoke(`improve: ${state.draft}`, config)).text,
      }))
      .addEdge(START, 'write')
      .addConditionalEdges('write', state => (state.draft === 'good' ? END : 'write'), ['write', END])
      .compile();
    return { graph, model };
  };
  /** A graph of the agent kind, whose prebuilt tool node makes messages of errors. */
  const agentOf = (turns: (turn: number) => Turn, ran: string[]) => {
    const model = new Scripted(turns);
    const graph = new StateGraph(MessagesAnnotation)
      .addNode('model', async (state, config) => ({ messages: [await model.invoke(state.messages, config)] }))
      .addNode('tools', new ToolNode([lookTool(ran)]))
      .addEdge(START, 'model')
      .addConditionalEdges('model', state => ((state.messages.at(-1) as AIMessage).tool_calls?.length ? 'tools' : END))
      .addEdge('tools', 'model')
      .compile({ checkpointer: new MemorySaver() });
    return { graph, model };
  };

  it('a budget halts the graph with the typed error, before the request', async () => {
    const { graph, model } = graphOf(turn => `draft ${turn}`);
    const callbacks = [loopboundCallbacks({ model: { budget: { maxTokens: 500 }, loop: false } })];
    const error = await rejected(graph.invoke({ draft: 'x' }, { recursionLimit: 100, callbacks }));
    expect(tripOf(error)).toBeInstanceOf(BudgetExceededError);
    expect(model.seen).toHaveLength(5);
  });

  it('a loop halts it too, also in a stream', async () => {
    for (const stream of [false, true]) {
      const { graph, model } = graphOf(() => 'same');
      const config = { recursionLimit: 100, callbacks: [loopboundCallbacks()] };
      const run = async (): Promise<void> => {
        if (!stream) await graph.invoke({ draft: 'same' }, config);
        else
          for await (const chunk of await graph.stream({ draft: 'same' }, { ...config, streamMode: 'messages' }))
            void chunk;
      };
      expect(tripOf(await rejected(withRun('r', run)))).toBeInstanceOf(LoopDetectedError);
      expect(model.seen).toHaveLength(2);
    }
  });

  it('what makes a message of a refused tool call meets the trip at the next request', async () => {
    const ran: string[] = [];
    const { graph, model } = agentOf(() => ['same'], ran);
    const config = { recursionLimit: 100, callbacks: [loopboundCallbacks()], configurable: { thread_id: '1' } };
    const error = await withRun('r', () => rejected(graph.invoke(input, config)));
    expect(tripOf(error)).toMatchObject({ reason: 'loop', pattern: ['look'] });
    expect(ran).toHaveLength(2);
    expect(model.seen).toHaveLength(3);
    expect(answered((await graph.getState(config)).values.messages)).toBe(3);
  });

  it('a tool called outside any agent rejects with the trip; a kill stops it at once', async () => {
    const ran: string[] = [];
    const look = lookTool(ran);
    const config = { callbacks: [loopboundCallbacks()] };
    await withRun('r', async () => {
      await look.invoke({ q: 'x' }, config);
      await look.invoke({ q: 'x' }, config);
      expect(await rejected(look.invoke({ q: 'x' }, config))).toMatchObject({ reason: 'loop', pattern: ['look'] });
      currentRun().stop('Enough.');
      expect(await rejected(look.invoke({ q: 'y' }, config))).toMatchObject({ reason: 'kill' });
    });
    expect(ran).toHaveLength(2);
  });

  it('changes nothing when nothing trips', async () => {
    const results = [];
    for (const callbacks of [[], [loopboundCallbacks()]]) {
      const { graph, model } = graphOf(turn => (turn < 3 ? `draft ${turn}` : 'good'));
      results.push({
        result: await graph.invoke({ draft: 'x' }, { callbacks }),
        asked: model.seen.map(([message]) => message!.text),
      });
    }
    expect(results[1]).toEqual(results[0]);
  });
});

describe('graphGuard', () => {
  const State = Annotation.Root({ draft: Annotation<string>, turns: Annotation<number> });
  type S = typeof State.State;
  const write = async ({ draft, turns }: S) => ({ draft: `${draft}.`, turns: turns + 1 });
  const graphOf = (
    { node, router }: Pick<ReturnType<typeof graphGuard>, 'node' | 'router'>,
    turns: number,
    run: (state: S) => Promise<Partial<S>> = write,
  ) =>
    new StateGraph(State)
      .addNode('write', node(run))
      .addEdge(START, 'write')
      .addConditionalEdges(
        'write',
        router((state: S) => (state.turns >= turns ? END : 'write')),
        ['write', END],
      )
      .compile();
  const start = { draft: 'x', turns: 0 };

  it('steps, routes and the size of the state are bounded in each invocation', async () => {
    const steps = graphOf(graphGuard({ maxInvocations: 3, maxSameRoute: 100 }), 10);
    for (let times = 0; times < 2; times++) {
      expect(await rejected(steps.invoke(start))).toMatchObject({ reason: 'step', counts: { write: 3 } });
    }
    const routes = graphOf(graphGuard({ maxInvocations: 100, maxSameRoute: 2 }), 10);
    for (let times = 0; times < 2; times++) {
      expect(await rejected(routes.invoke(start))).toMatchObject({
        reason: 'route',
        routes: ['write', 'write', 'write'],
      });
    }
    const long = { ...start, draft: 'word '.repeat(1_000) };
    expect(await rejected(graphOf(graphGuard({ maxStateTokens: 500 }), 10).invoke(long))).toMatchObject({
      reason: 'state',
      field: 'draft',
    });
  });

  it('counts over invocations of one run, and ends a stream and a run that was stopped', async () => {
    const graph = graphOf(graphGuard({ maxInvocations: 3 }), 2);
    await withRun('r', async () => {
      await graph.invoke(start);
      const read = async (): Promise<void> => {
        for await (const part of await graph.stream(start)) void part;
      };
      expect(await rejected(read())).toMatchObject({ reason: 'step' });
    });
    const stops = async (state: S) => {
      if (state.turns === 1) currentRun().stop('Enough.');
      return write(state);
    };
    const error = await withRun('r', () => rejected(graphOf(graphGuard(), 10, stops).invoke(start)));
    expect(error).toMatchObject({ reason: 'kill' });
  });

  it('changes nothing when nothing trips', async () => {
    const same = <F>(fn: F): F => fn;
    const results = [];
    for (const guard of [{ node: same, router: same }, graphGuard()]) {
      const graph = graphOf(guard, 3);
      const parts: unknown[] = [];
      for await (const part of await graph.stream(start, { streamMode: 'values' })) parts.push(part);
      results.push({ result: await graph.invoke(start), parts });
    }
    expect(results[1]).toEqual(results[0]);
  });
});
