// The AI SDK adapter on the three versions, with scripted models: trips, valid histories, streams, and nothing changed.

import * as ai6 from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import * as ai5 from 'ai-5';
import { MockLanguageModelV2 } from 'ai-5/test';
import * as ai7 from 'ai-7';
import { MockLanguageModelV4 } from 'ai-7/test';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { type AiGuard, aiGuard } from '../../../runtime/src/adapters/ai.ts';
import { currentRun, runSummary, tripOf, withRun } from '../../../runtime/src/index.ts';
import { rejected, unanswered } from './shared.ts';

/** What the model does at each turn: calls of `look` with these queries, or a last word. */
type Turn = string[] | string;

type Kit = {
  sdk: typeof ai6;
  model: (turns: (turn: number) => Turn, seen: unknown[]) => ai6.LanguageModel;
  wrap: (model: ai6.LanguageModel, guard: AiGuard) => ai6.LanguageModel;
};

const parts = (turn: Turn, at: number): { type: string; [key: string]: unknown }[] =>
  typeof turn === 'string'
    ? [{ type: 'text', text: turn }]
    : turn.map((q, index) => ({
        type: 'tool-call',
        toolCallId: `call-${at}-${index}`,
        toolName: 'look',
        input: JSON.stringify({ q }),
      }));

const scripted = (version: 5 | 6 | 7, turns: (turn: number) => Turn, seen: unknown[]) => {
  let at = 0;
  const usage =
    version === 5
      ? { inputTokens: 100, outputTokens: 20, totalTokens: 120 }
      : {
          inputTokens: { total: 100, noCache: 100, cacheRead: 0, cacheWrite: 0 },
          outputTokens: { total: 20, text: 20, reasoning: 0 },
        };
  const next = (prompt: unknown) => {
    seen.push(prompt);
    if (at === 50) throw new Error('50 turns and no end');
    const turn = turns(at);
    const word = typeof turn === 'string' ? 'stop' : 'tool-calls';
    const finishReason = version === 5 ? word : { unified: word, raw: word };
    return { content: parts(turn, at++), finishReason, usage, warnings: [] };
  };
  return {
    doGenerate: async ({ prompt }: { prompt: unknown }) => next(prompt),
    doStream: async ({ prompt }: { prompt: unknown }) => {
      const { content, finishReason } = next(prompt);
      const chunks: unknown[] = [{ type: 'stream-start', warnings: [] }];
      for (const part of content) {
        if (part.type === 'tool-call') chunks.push(part);
        else {
          chunks.push({ type: 'text-start', id: 't' });
          for (const delta of String(part.text)) chunks.push({ type: 'text-delta', id: 't', delta });
          chunks.push({ type: 'text-end', id: 't' });
        }
      }
      chunks.push({ type: 'finish', finishReason, usage });
      return { stream: ai6.simulateReadableStream({ chunks }) };
    },
  };
};

// The three versions differ in types that no test of behaviour needs; their middleware's types are held below.
const kits: [string, Kit][] = [
  [
    '5',
    {
      sdk: ai5 as unknown as typeof ai6,
      model: (turns, seen) =>
        new MockLanguageModelV2(scripted(5, turns, seen) as object) as unknown as ai6.LanguageModel,
      wrap: (model, { middleware }) =>
        ai5.wrapLanguageModel({ model: model as never, middleware }) as unknown as ai6.LanguageModel,
    },
  ],
  [
    '6',
    {
      sdk: ai6,
      model: (turns, seen) => new MockLanguageModelV3(scripted(6, turns, seen) as object),
      wrap: (model, { middleware }) => ai6.wrapLanguageModel({ model: model as never, middleware }),
    },
  ],
  [
    '7',
    {
      sdk: ai7 as unknown as typeof ai6,
      model: (turns, seen) =>
        new MockLanguageModelV4(scripted(7, turns, seen) as object) as unknown as ai6.LanguageModel,
      wrap: (model, { middleware }) =>
        ai7.wrapLanguageModel({ model: model as never, middleware }) as unknown as ai6.LanguageModel,
    },
  ],
];

describe.each(kits)('ai %s', (_version, { sdk, model, wrap }) => {
  const agent = (
    guard: AiGuard | undefined,
    turns: (turn: number) => Turn,
    look = (q: string): unknown => `no ${q}`,
  ) => {
    const seen: unknown[] = [];
    const ran: string[] = [];
    const own = {
      look: sdk.tool({
        inputSchema: z.object({ q: z.string() }),
        execute: async ({ q }) => {
          ran.push(q);
          return look(q);
        },
      }),
    };
    const bare = model(turns, seen);
    return {
      seen,
      ran,
      settings: {
        model: guard ? wrap(bare, guard) : bare,
        tools: guard ? guard.tools(own) : own,
        stopWhen: [sdk.stepCountIs(40)],
        prompt: 'go',
        onError: () => undefined,
      },
    };
  };
  const calls = (prompt: unknown, type: 'tool-call' | 'tool-result'): string[] =>
    (prompt as { content: string | { type: string; toolCallId: string }[] }[]).flatMap(({ content }) =>
      typeof content === 'string' ? [] : content.filter(part => part.type === type).map(part => part.toolCallId),
    );
  const read = async (settings: ReturnType<typeof agent>['settings']): Promise<unknown[]> => {
    const seen: unknown[] = [];
    for await (const part of sdk.streamText(settings).fullStream) seen.push(part);
    return seen;
  };

  it('three identical tool calls end the run with the typed error, and every call has a result', async () => {
    const steps: ai6.StepResult<ai6.ToolSet>[] = [];
    const { settings, ran, seen } = agent(aiGuard(), turn => (turn < 2 ? ['same'] : ['same', 'fine']));
    const error = await withRun('r', () =>
      rejected(sdk.generateText({ ...settings, onStepFinish: step => void steps.push(step as never) })),
    );
    expect(tripOf(error)).toMatchObject({ reason: 'loop' });
    expect(error).toBe(tripOf(error));
    expect(ran).toEqual(['same', 'same', 'fine']);
    expect(seen).toHaveLength(3);
    // The last step answers both of its calls, the refused one with the trip.
    const last = steps.at(-1)!.response.messages;
    expect(unanswered(calls(last, 'tool-call'), calls(last, 'tool-result'))).toEqual([]);
    expect(JSON.stringify(last)).toContain('stopped by loopbound (loop)');
  });

  it('`stop` ends it quietly instead, with all steps', async () => {
    const guard = aiGuard();
    const { settings, ran } = agent(guard, () => ['same']);
    const result = await withRun('r', () =>
      sdk.generateText({ ...settings, stopWhen: [sdk.stepCountIs(40), guard.stop] }),
    );
    expect(result.steps).toHaveLength(3);
    expect(ran).toHaveLength(2);
    const { content } = result.steps[2]!;
    const failed = content.find(part => part.type === 'tool-error');
    expect(tripOf((failed as { error?: unknown }).error)).toMatchObject({ reason: 'loop' });
  });

  it('a budget of tokens is settled by each answer, and the request after it is not made', async () => {
    const guard = aiGuard({ model: { budget: { maxTokens: 300 }, loop: false } });
    const { settings, seen } = agent(guard, turn => [`q${turn}`]);
    await withRun('r', async () => {
      expect(await rejected(sdk.generateText(settings))).toMatchObject({ reason: 'budget' });
      expect(runSummary()).toMatchObject({ tokens: 360, modelCalls: 3 });
    });
    expect(seen).toHaveLength(3);
  });

  it('a kill ends it at the next request, and `stop` quietly', async () => {
    for (const quiet of [false, true]) {
      const guard = aiGuard();
      const { settings, seen } = agent(
        guard,
        turn => [`q${turn}`],
        q => (q === 'q1' ? currentRun().stop('Enough.') : q),
      );
      const stopWhen = [sdk.stepCountIs(40), ...(quiet ? [guard.stop] : [])];
      const run = (): Promise<unknown> => withRun('r', async () => sdk.generateText({ ...settings, stopWhen }));
      if (quiet) expect(await run()).toMatchObject({ steps: { length: 2 } });
      else expect(await rejected(run())).toMatchObject({ reason: 'kill' });
      expect(seen).toHaveLength(2);
    }
  });

  it('a stream settles its usage, trips with the typed error, and a stream that is left settles too', async () => {
    const guard = aiGuard({ model: { budget: { maxTokens: 300 }, loop: false } });
    const { settings, seen } = agent(guard, turn => [`q${turn}`]);
    const streamed = (await withRun('r', () => read(settings))) as { type: string; error?: unknown }[];
    expect(tripOf(streamed.find(part => part.type === 'error')?.error)).toMatchObject({ reason: 'budget' });
    expect(seen).toHaveLength(3);
    expect(guard.model.view().budget).toMatchObject({ spent: { tokens: 360, calls: 3 }, reserved: { calls: 0 } });

    const left = aiGuard({ model: { budget: { maxCalls: 5 } } });
    const { settings: long } = agent(left, () => 'a long answer');
    const leave = new AbortController();
    for await (const part of sdk.streamText({ ...long, abortSignal: leave.signal }).textStream) {
      void part;
      // Version 7 goes on reading when only its reader leaves.
      leave.abort();
      break;
    }
    await expect.poll(() => left.model.view().budget).toMatchObject({ spent: { calls: 1 }, reserved: { calls: 0 } });
  });

  it('a tripped tool in a stream ends it too', async () => {
    const { settings, ran } = agent(aiGuard(), () => ['same']);
    const streamed = (await withRun('r', () => read(settings))) as { type: string; error?: unknown }[];
    expect(tripOf(streamed.find(part => part.type === 'error')?.error)).toMatchObject({ reason: 'loop' });
    expect(ran).toHaveLength(2);
  });

  it('a trip of an agent inside a tool ends the outer run', async () => {
    const guard = aiGuard();
    const inner = agent(guard, () => ['same']);
    const outer = agent(
      aiGuard(),
      turn => [`q${turn}`],
      () => sdk.generateText(inner.settings),
    );
    expect(await withRun('r', () => rejected(sdk.generateText(outer.settings)))).toMatchObject({ reason: 'loop' });
    expect(outer.seen).toHaveLength(1);
  });

  it('changes nothing when nothing trips', async () => {
    const turns = (turn: number): Turn => (turn < 3 ? [`a${turn}`, `b${turn}`] : 'done');
    const results = [];
    const streams = [];
    for (const guard of [undefined, aiGuard()]) {
      const plain = agent(guard, turns, q => ({ q, found: [1, 2] }));
      const { text, content, usage, totalUsage, response } = await sdk.generateText(plain.settings);
      const streaming = agent(guard, turns);
      // Ids and times of the SDK are new each time.
      const of = (part: unknown) =>
        JSON.stringify(part, (key, value) =>
          /^(id|timestamp|performance|.*Ms|responseId|messageId)$/.test(key) ? undefined : value,
        );
      streams.push((await read(streaming.settings)).map(of));
      results.push({ text, content, usage, totalUsage, messages: response.messages, seen: plain.seen, ran: plain.ran });
    }
    expect(results[1]).toEqual(results[0]);
    expect(streams[1]).toEqual(streams[0]);
    expect(results[0]!.text).toBe('done');
  });

  it('tools that yield keep yielding', async () => {
    const tools = {
      look: sdk.tool({
        inputSchema: z.object({ q: z.string() }),
        async *execute({ q }) {
          yield `${q} 1`;
          yield `${q} 2`;
        },
      }),
    };
    const outputs = async (set: typeof tools) => {
      const { settings } = agent(undefined, turn => (turn === 0 ? ['x'] : 'done'));
      const seen = (await read({ ...settings, tools: set } as never)) as { type: string; output?: unknown }[];
      return seen.filter(part => part.type === 'tool-result').map(part => part.output);
    };
    expect(await outputs(aiGuard().tools(tools))).toEqual(await outputs(tools));
    expect((await outputs(tools)).length).toBeGreaterThan(0);
  });
});

it('its types fit each version', () => {
  expectTypeOf<AiGuard['middleware']>().toExtend<ai5.LanguageModelMiddleware>();
  expectTypeOf<AiGuard['middleware']>().toExtend<ai6.LanguageModelMiddleware>();
  expectTypeOf<AiGuard['middleware']>().toExtend<ai7.LanguageModelMiddleware>();
  expectTypeOf<AiGuard['stop']>().toExtend<ai5.StopCondition<ai5.ToolSet>>();
  expectTypeOf<AiGuard['stop']>().toExtend<ai6.StopCondition<ai6.ToolSet>>();
  expectTypeOf<AiGuard['stop']>().toExtend<ai7.StopCondition<ai7.ToolSet>>();
});
