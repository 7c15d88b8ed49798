// The OpenAI Agents adapter on the real runner with its scripted model: trips, valid histories, streams, handoffs.

import {
  Agent,
  type AgentInputItem,
  MemorySession,
  type Model,
  type ModelProvider,
  RunContext,
  Runner,
  setTracingDisabled,
  tool,
  Usage,
} from '@openai/agents';
import { assistantMessage, functionCall, modelResponder, ScriptedModel } from '@openai/agents-core/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type AgentsGuard, agentsGuard } from '../../../runtime/src/adapters/openai-agents.ts';
import { currentRun, runSummary, tripOf, withRun } from '../../../runtime/src/index.ts';
import { rejected, unanswered } from './shared.ts';

beforeAll(() => setTracingDisabled(true));

/** What the model does at each turn: calls of `look` with these queries, calls of another tool, or a last word. */
type Turn = string[] | string | { name: string };

const scripted = (turns: (turn: number) => Turn): ScriptedModel => {
  const model = new ScriptedModel([]);
  for (let at = 0; at < 50; at++) {
    model.enqueue(
      modelResponder(() => {
        const turn = turns(at);
        const output =
          typeof turn === 'string'
            ? [assistantMessage(turn)]
            : Array.isArray(turn)
              ? turn.map((q, index) => functionCall('look', { q }, { callId: `call-${at}-${index}` }))
              : [functionCall(turn.name, {}, { callId: `call-${at}` })];
        return { usage: new Usage({ inputTokens: 100, outputTokens: 20, totalTokens: 120, requests: 1 }), output };
      }),
    );
  }
  return model;
};

const setUp = (guard: AgentsGuard | undefined, turns: (turn: number) => Turn, look?: (q: string) => unknown) => {
  const ran: string[] = [];
  const model = scripted(turns);
  const tools = [
    tool({
      name: 'look',
      description: 'Looks.',
      parameters: z.object({ q: z.string() }),
      execute: async ({ q }) => {
        ran.push(q);
        return look ? look(q) : `no ${q}`;
      },
    }),
  ];
  const agent = new Agent({
    name: 'looker',
    model: guard ? guard.guardModel<Model>(model, 'scripted') : model,
    tools: guard ? guard.tools(tools) : tools,
  });
  return { agent, model, ran, options: { maxTurns: 40 } };
};
/** Ids of the calls of a history; fails if one has no result. */
const answered = (items: AgentInputItem[]): string[] => {
  const ids = (type: string): string[] =>
    items.flatMap(item => (item.type === type ? [(item as { callId: string }).callId] : []));
  expect(unanswered(ids('function_call'), ids('function_call_result'))).toEqual([]);
  return ids('function_call');
};

describe('openai agents', () => {
  it('three identical tool calls end the run with the typed error, and every call has a result', async () => {
    const { agent, options, ran, model } = setUp(agentsGuard(), turn => (turn < 2 ? ['same'] : ['same', 'fine']));
    let last: AgentInputItem[] = [];
    const runner = new Runner({
      callModelInputFilter: ({ modelData }) => {
        last = modelData.input;
        return modelData;
      },
    });
    const error = await withRun('r', () => rejected(runner.run(agent, 'go', options)));
    expect(error).toMatchObject({ reason: 'loop' });
    expect(ran).toEqual(['same', 'same', 'fine']);
    expect(model.calls).toHaveLength(3);
    // What the refused request would have said.
    expect(answered(last)).toHaveLength(4);
    expect(JSON.stringify(last)).toContain('stopped by loopbound (loop)');
  });

  it('a stream that trips keeps its whole history, valid', async () => {
    const { agent, options, ran } = setUp(agentsGuard(), turn => (turn < 2 ? ['same'] : ['same', 'fine']));
    await withRun('r', async () => {
      const session = new MemorySession();
      const result = await new Runner().run(agent, 'go', { ...options, stream: true, session });
      const read = async (): Promise<void> => {
        for await (const event of result) void event;
      };
      expect(tripOf(await rejected(read()))).toMatchObject({ reason: 'loop' });
      expect(await rejected(result.completed)).toMatchObject({ reason: 'loop' });
      expect(answered(result.history)).toHaveLength(4);
      answered(await session.getItems());
    });
    expect(ran).toEqual(['same', 'same', 'fine']);
  });

  it('a budget of tokens is settled by each answer, streamed ones too', async () => {
    for (const stream of [false, true]) {
      const guard = agentsGuard({ model: { budget: { maxTokens: 300 }, loop: false } });
      const { agent, options, model } = setUp(guard, turn => [`q${turn}`]);
      await withRun('r', async () => {
        const run = async (): Promise<unknown> => {
          if (!stream) return new Runner().run(agent, 'go', options);
          const result = await new Runner().run(agent, 'go', { ...options, stream });
          for await (const event of result) void event;
          return result.completed;
        };
        expect(tripOf(await rejected(run()))).toMatchObject({ reason: 'budget' });
        expect(runSummary()).toMatchObject({ tokens: 360, modelCalls: 3 });
      });
      expect(model.calls).toHaveLength(3);
      expect(guard.model.view().budget).toMatchObject({ spent: { calls: 3 }, reserved: { calls: 0 } });
    }
  });

  it('a kill ends it at the next request', async () => {
    const { agent, options, model } = setUp(
      agentsGuard(),
      turn => [`q${turn}`],
      q => (q === 'q1' ? String(currentRun().stop('Enough.')) : q),
    );
    expect(await withRun('r', () => rejected(new Runner().run(agent, 'go', options)))).toMatchObject({
      reason: 'kill',
    });
    expect(model.calls).toHaveLength(2);
  });

  it('a provider guards each model that it gives', async () => {
    const { agent, options, model } = setUp(undefined, turn => [`q${turn}`]);
    agent.model = 'scripted-1';
    const provider: ModelProvider = { getModel: () => model };
    const guard = agentsGuard({ model: { budget: { maxCalls: 2 } } });
    const runner = new Runner({ modelProvider: guard.guardProvider(provider) });
    expect(await rejected(runner.run(agent, 'go', options))).toMatchObject({ reason: 'budget' });
    expect(model.calls).toHaveLength(2);
  });

  it('a filter enforces calls, loops and kills without a wrapped model', async () => {
    const guard = agentsGuard({ model: { budget: { maxCalls: 3 } } });
    const { agent, options, model } = setUp(undefined, turn => [`q${turn}`]);
    const run = new Runner({ callModelInputFilter: guard.filter }).run(agent, 'go', options);
    expect(await rejected(run)).toMatchObject({ reason: 'budget' });
    expect(model.calls).toHaveLength(3);
    const tools = setUp(undefined, () => ['same']);
    const same = agentsGuard();
    tools.agent.tools = same.tools(tools.agent.tools);
    const looped = new Runner({ callModelInputFilter: same.filter }).run(tools.agent, 'go', tools.options);
    expect(await rejected(looped)).toMatchObject({ reason: 'loop' });
    expect(tools.ran).toHaveLength(2);
  });

  it('handoffs that go round and round end the run', async () => {
    const guard = agentsGuard();
    const a: Agent = new Agent({ name: 'a', model: scripted(() => ({ name: 'transfer_to_b' })) });
    const b: Agent = new Agent({ name: 'b', model: scripted(() => ({ name: 'transfer_to_a' })), handoffs: [a] });
    a.handoffs.push(b);
    for (let times = 0; times < 2; times++) {
      const runner = guard.watch(new Runner());
      // Each run counts on its own, so the second one gets as far.
      const result = await runner.run(a, 'go', { maxTurns: 40, stream: true });
      expect(await rejected(result.completed)).toMatchObject({ reason: 'delegation', evidence: { observed: 3 } });
      answered(result.history);
      expect(await rejected(runner.run(a, 'go', { maxTurns: 40 }))).toMatchObject({ reason: 'delegation' });
    }
  });

  it('a trip of an agent inside a tool ends the outer run if the tool lets errors through', async () => {
    const guard = agentsGuard();
    const inner = setUp(guard, () => ['same']);
    const ask = tool({
      name: 'ask',
      description: 'Asks.',
      parameters: z.object({}),
      errorFunction: null,
      execute: async () => (await new Runner().run(inner.agent, 'go', { maxTurns: 40 })).finalOutput,
    });
    const outer = scripted(() => ({ name: 'ask' }));
    const agent = new Agent({ name: 'outer', model: guard.guardModel<Model>(outer), tools: guard.tools([ask]) });
    expect(await withRun('r', () => rejected(new Runner().run(agent, 'go')))).toMatchObject({ reason: 'loop' });
    expect(outer.calls).toHaveLength(1);
  });

  it('changes nothing when nothing trips', async () => {
    const turns = (turn: number): Turn => (turn < 3 ? [`a${turn}`, `b${turn}`] : 'done');
    const results = [];
    const streams = [];
    for (const guard of [undefined, agentsGuard()]) {
      const plain = setUp(guard, turns);
      const { finalOutput, newItems, history } = await new Runner().run(plain.agent, 'go', plain.options);
      results.push({
        finalOutput,
        items: newItems.map(item => item.rawItem),
        history,
        ran: plain.ran,
        requests: plain.model.calls.map(({ request: { signal: _signal, ...request } }) => request),
      });
      const streaming = setUp(guard, turns);
      const events: unknown[] = [];
      const result = await new Runner().run(streaming.agent, 'go', { maxTurns: 40, stream: true });
      for await (const event of result) events.push(event.type === 'raw_model_stream_event' ? event.data : event.type);
      await result.completed;
      streams.push(events);
    }
    expect(results[1]).toEqual(results[0]);
    expect(streams[1]).toEqual(streams[0]);
    expect(results[0]!.finalOutput).toBe('done');
  });

  it('arguments that do not fit are refused as they were', async () => {
    const { agent } = setUp(agentsGuard(), () => 'done');
    const [guarded] = agent.tools as { invoke: (context: RunContext, input: string) => Promise<unknown> }[];
    const [plain] = setUp(undefined, () => 'done').agent.tools as typeof agent.tools & (typeof guarded)[];
    const answer = await guarded!.invoke(new RunContext(), '{"q":1}');
    expect(answer).toEqual(await plain!.invoke(new RunContext(), '{"q":1}'));
  });
});
