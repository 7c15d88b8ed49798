// The Mastra adapter on real agents with a scripted model: tripwires, valid histories, streams, and nothing changed.

import { Agent } from '@mastra/core/agent';
import { createTool } from '@mastra/core/tools';
import { simulateReadableStream } from 'ai';
import { MockLanguageModelV2 } from 'ai-5/test';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type MastraGuard, mastraGuard } from '../../../runtime/src/adapters/mastra.ts';
import { currentRun, LoopDetectedError, runSummary, withRun } from '../../../runtime/src/index.ts';
import { rejected, unanswered } from './shared.ts';

/** What the model does at each turn: calls of `look` with these queries, or a last word. */
type Turn = string[] | string;
const usage = { inputTokens: 100, outputTokens: 20, totalTokens: 120 };

const scripted = (turns: (turn: number) => Turn) => {
  const seen: unknown[] = [];
  const next = (prompt: unknown) => {
    const at = seen.push(prompt) - 1;
    if (at === 50) throw new Error('50 turns and no end');
    const turn = turns(at);
    const content =
      typeof turn === 'string'
        ? [{ type: 'text' as const, text: turn }]
        : turn.map((q, index) => ({
            type: 'tool-call' as const,
            toolCallId: `call-${at}-${index}`,
            toolName: 'look',
            input: JSON.stringify({ q }),
          }));
    return { content, finishReason: typeof turn === 'string' ? ('stop' as const) : ('tool-calls' as const) };
  };
  const model = new MockLanguageModelV2({
    doGenerate: async ({ prompt }) => ({ ...next(prompt), usage, warnings: [] }),
    doStream: async ({ prompt }) => {
      const { content, finishReason } = next(prompt);
      const parts = content.flatMap((part): object[] =>
        part.type === 'text'
          ? [
              { type: 'text-start', id: 't' },
              ...[...part.text].map(delta => ({ type: 'text-delta', id: 't', delta })),
              { type: 'text-end', id: 't' },
            ]
          : [part],
      );
      const chunks = [{ type: 'stream-start', warnings: [] }, ...parts, { type: 'finish', finishReason, usage }];
      return { stream: simulateReadableStream({ chunks: chunks as never[] }) };
    },
  });
  return { model, seen };
};

const setUp = (
  guard: Pick<MastraGuard, 'processor' | 'hooks'>,
  turns: (turn: number) => Turn,
  look: (q: string) => unknown = q => `no ${q}`,
) => {
  const { model, seen } = scripted(turns);
  const ran: string[] = [];
  const tool = createTool({
    id: 'look',
    description: 'Looks.',
    inputSchema: z.object({ q: z.string() }),
    execute: async ({ q }) => {
      ran.push(q);
      return look(q);
    },
  });
  const agent = new Agent({
    id: 'looker',
    name: 'looker',
    instructions: 'Look.',
    model,
    tools: { look: tool },
    inputProcessors: [guard.processor],
    hooks: guard.hooks,
  });
  return { agent, seen, ran };
};
const options = { maxSteps: 40 };
const generate = async (agent: Agent): Promise<Awaited<ReturnType<Agent['generate']>>> => agent.generate('go', options);
type Invocation = { type: string; toolInvocation: { toolCallId: string; state: string } };
/** How many calls a history holds; fails if one has no result. */
const answered = (messages: { content: { parts: unknown[] } }[]): number => {
  const calls = messages
    .flatMap(message => message.content.parts as Invocation[])
    .filter(part => part.type === 'tool-invocation')
    .map(part => part.toolInvocation);
  const ids = (list: typeof calls): string[] => list.map(call => call.toolCallId);
  expect(unanswered(ids(calls), ids(calls.filter(call => call.state === 'result')))).toEqual([]);
  return calls.length;
};

describe('mastra', () => {
  it('three identical tool calls end the run with a tripwire, and every call has a result', async () => {
    const guard = mastraGuard();
    const { agent, ran, seen } = setUp(guard, turn => (turn < 2 ? ['same'] : ['same', 'fine']));
    const result = await withRun('r', () => generate(agent));
    expect(result.tripwire).toMatchObject({ processorId: 'loopbound', metadata: { loopbound: { reason: 'loop' } } });
    expect(ran).toEqual(['same', 'same', 'fine']);
    expect(seen).toHaveLength(3);
    expect(answered(result.messages as never)).toBe(4);
    expect(JSON.stringify(result.messages)).toContain('stopped by loopbound (loop)');
    expect(() => guard.settled(result)).toThrow(LoopDetectedError);
  });

  it('a budget of tokens is settled by each answer, streamed ones too', async () => {
    for (const stream of [false, true]) {
      const guard = mastraGuard({ model: { budget: { maxTokens: 300 }, loop: false } });
      const { agent, seen } = setUp(guard, turn => [`q${turn}`]);
      await withRun('r', async () => {
        if (stream) {
          const result = await agent.stream('go', options);
          const types: string[] = [];
          for await (const chunk of result.fullStream) types.push(chunk.type);
          expect(types).toContain('tripwire');
          expect(await rejected((async () => guard.settled(result))())).toMatchObject({ reason: 'budget' });
        } else {
          const result = await generate(agent);
          expect(result.steps.length).toBeGreaterThanOrEqual(3);
          expect(await rejected((async () => guard.settled(result))())).toMatchObject({ reason: 'budget' });
        }
        expect(runSummary()).toMatchObject({ tokens: 360, modelCalls: 3 });
      });
      expect(seen).toHaveLength(3);
      expect(guard.model.view().budget).toMatchObject({ reserved: { calls: 0 } });
    }
  });

  it('a kill ends it at the next request', async () => {
    const guard = mastraGuard();
    const kill = (q: string): string => (q === 'q1' ? String(currentRun().stop('Enough.')) : q);
    const { agent, seen } = setUp(guard, turn => [`q${turn}`], kill);
    const result = await withRun('r', () => generate(agent));
    expect(result.tripwire?.metadata).toMatchObject({ loopbound: { reason: 'kill' } });
    expect(seen).toHaveLength(2);
  });

  it('a trip of an agent inside a tool ends the outer run', async () => {
    const guard = mastraGuard();
    const inner = setUp(guard, () => ['same']);
    const outer = setUp(
      mastraGuard(),
      turn => [`q${turn}`],
      async () => guard.settled(await generate(inner.agent)).text,
    );
    const result = await withRun('r', () => generate(outer.agent));
    expect(result.tripwire?.metadata).toMatchObject({ loopbound: { reason: 'loop' } });
    expect(outer.seen).toHaveLength(1);
  });

  it('a model that fails settles', async () => {
    const guard = mastraGuard({ model: { budget: { maxCalls: 10 }, loop: false } });
    const { agent } = setUp(guard, () => {
      throw new Error('down');
    });
    expect(await rejected(agent.generate('go', { ...options, modelSettings: { maxRetries: 0 } }))).toMatchObject({
      message: 'down',
    });
    expect(guard.model.view().budget).toMatchObject({ reserved: { calls: 0 } });
  });

  it('changes nothing when nothing trips', async () => {
    const turns = (turn: number): Turn => (turn < 3 ? [`a${turn}`, `b${turn}`] : 'done');
    // Ids and times are new each time.
    const of = (value: unknown): unknown =>
      JSON.parse(
        JSON.stringify(value, (key, inner) =>
          /^(id|runId|messageId|createdAt|startedAt|endedAt|timestamp|.*Id|.*At)$/.test(key) && key !== 'toolCallId'
            ? undefined
            : inner,
        ),
      );
    const results = [];
    // Any processor and any hook changes what Mastra notes of a step, so ones that do nothing are what to compare with.
    const nothing = async (): Promise<undefined> => undefined;
    const processor = {
      id: 'loopbound',
      processLLMRequest: nothing,
      processLLMResponse: nothing,
      processAPIError: nothing,
    } as const;
    const idle = { processor, hooks: { beforeToolCall: nothing, afterToolCall: nothing } };
    for (const guard of [idle, mastraGuard()]) {
      const { agent, seen, ran } = setUp(guard, turns);
      const { text, finishReason, steps, totalUsage, messages, tripwire } = await generate(agent);
      const streaming = setUp(guard, turns);
      const chunks: unknown[] = [];
      for await (const chunk of (await streaming.agent.stream('go', options)).fullStream) chunks.push(of(chunk));
      results.push({
        text,
        finishReason,
        steps: steps.length,
        totalUsage,
        messages: of(messages),
        tripwire,
        seen: of(seen),
        ran,
        chunks,
      });
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[0]!.text).toBe('done');
  });
});
