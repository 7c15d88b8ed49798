// The Google ADK adapter on the real runner with a scripted model: trips, valid histories, streams, parallel branches.

import {
  BaseLlm,
  type BaseLlmConnection,
  type BasePlugin,
  BaseTool,
  type Event,
  FunctionTool,
  InMemoryRunner,
  LlmAgent,
  type LlmRequest,
  type LlmResponse,
  ParallelAgent,
  StreamingMode,
} from '@google/adk';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { type AdkGuard, adkGuard } from '../../../runtime/src/adapters/google-adk.ts';
import { currentRun, runSummary, withRun } from '../../../runtime/src/index.ts';
import { rejected, unanswered } from './shared.ts';

/** What the model does at each turn: calls of `look` with these queries, or a last word. */
type Turn = string[] | string;

class Scripted extends BaseLlm {
  readonly seen: LlmRequest['contents'][] = [];
  readonly #turns: (turn: number) => Turn;
  constructor(turns: (turn: number) => Turn) {
    super({ model: 'scripted' });
    this.#turns = turns;
  }
  async *generateContentAsync(request: LlmRequest, stream?: boolean): AsyncGenerator<LlmResponse, void> {
    const at = this.seen.push(structuredClone(request.contents)) - 1;
    if (at === 50) throw new Error('50 turns and no end');
    const turn = this.#turns(at);
    const parts =
      typeof turn === 'string'
        ? [{ text: turn }]
        : turn.map((q, index) => ({ functionCall: { id: `call-${at}-${index}`, name: 'look', args: { q } } }));
    if (stream && typeof turn === 'string')
      for (const text of turn) yield { partial: true, content: { role: 'model', parts: [{ text }] } };
    yield {
      content: { role: 'model', parts },
      usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 20, totalTokenCount: 120 },
    };
  }
  connect(): Promise<BaseLlmConnection> {
    return Promise.reject(new Error('not scripted'));
  }
}

const setUp = (
  guard: AdkGuard | undefined,
  turns: (turn: number) => Turn,
  look: (q: string) => unknown = q => `no ${q}`,
) => {
  const model = new Scripted(turns);
  const ran: string[] = [];
  const tool = new FunctionTool({
    name: 'look',
    description: 'Looks.',
    parameters: z.object({ q: z.string() }),
    execute: async ({ q }) => {
      ran.push(q);
      return look(q);
    },
  });
  const agent = new LlmAgent({ name: 'looker', model, tools: [tool] });
  const run = async (options: { stream?: boolean; plain?: boolean } = {}): Promise<Event[]> => {
    const runner = new InMemoryRunner({ agent, appName: 'test', plugins: guard ? [guard.plugin] : [] });
    const seen: Event[] = [];
    const events = runner.runEphemeral({
      userId: 'u',
      newMessage: { role: 'user', parts: [{ text: 'go' }] },
      runConfig: { streamingMode: options.stream ? StreamingMode.SSE : StreamingMode.NONE, maxLlmCalls: 45 },
    });
    for await (const event of guard && !options.plain ? guard.events(events) : events) seen.push(event);
    return seen;
  };
  return { agent, model, ran, run };
};
/** How many calls a history holds; fails if one has no result. */
const answered = (events: Event[]): number => {
  const parts = events.flatMap(event => event.content?.parts ?? []);
  const calls = parts.flatMap(part => part.functionCall?.id ?? []);
  expect(
    unanswered(
      calls,
      parts.flatMap(part => part.functionResponse?.id ?? []),
    ),
  ).toEqual([]);
  return calls.length;
};

describe('google adk', () => {
  it('three identical tool calls end the run in ADK’s way, and every call has a result', async () => {
    const { run, ran, model } = setUp(adkGuard(), turn => (turn < 2 ? ['same'] : ['same', 'fine']));
    const events = await withRun('r', () => run({ plain: true }));
    expect(ran).toEqual(['same', 'same', 'fine']);
    expect(model.seen).toHaveLength(3);
    expect(answered(events)).toBe(4);
    expect(JSON.stringify(events)).toContain('stopped by loopbound (loop)');
    expect(events.at(-1)).toMatchObject({
      errorCode: 'LOOPBOUND_LOOP',
      customMetadata: { loopbound: { reason: 'loop' } },
    });
  });

  it('`events` throws the typed error after the last event', async () => {
    const { run } = setUp(adkGuard(), () => ['same']);
    expect(await withRun('r', () => rejected(run()))).toMatchObject({ reason: 'loop', pattern: ['look'] });
  });

  it('a budget of tokens is settled by each answer, streamed ones too', async () => {
    for (const stream of [false, true]) {
      const guard = adkGuard({ model: { budget: { maxTokens: 300 }, loop: false } });
      const { run, model } = setUp(guard, turn => [`q${turn}`]);
      await withRun('r', async () => {
        expect(await rejected(run({ stream }))).toMatchObject({ reason: 'budget' });
        expect(runSummary()).toMatchObject({ tokens: 360, modelCalls: 3 });
      });
      expect(model.seen).toHaveLength(3);
      const text = adkGuard();
      const events = await setUp(text, () => 'hello').run({ stream: true });
      expect(events.filter(event => event.partial)).toHaveLength(5);
      expect(text.model.view().calls).toBe(1);
    }
  });

  it('a kill ends it at the next request', async () => {
    const kill = (q: string): string => (q === 'q1' ? String(currentRun().stop('Enough.')) : q);
    const { run, model } = setUp(adkGuard(), turn => [`q${turn}`], kill);
    expect(await withRun('r', () => rejected(run()))).toMatchObject({ reason: 'kill' });
    expect(model.seen).toHaveLength(2);
  });

  it('branches beside the one that tripped end at their next request', async () => {
    const guard = adkGuard({ model: { loop: false, budget: { maxCalls: 6 } } });
    const [a, b] = [setUp(undefined, turn => [`a${turn}`]), setUp(undefined, turn => [`b${turn}`])];
    Object.assign(b.agent, { name: 'other' });
    const agent = new ParallelAgent({ name: 'both', subAgents: [a.agent, b.agent] });
    const runner = new InMemoryRunner({ agent, appName: 'test', plugins: [guard.plugin] });
    const seen: Event[] = [];
    const read = async (): Promise<void> => {
      const newMessage = { role: 'user', parts: [{ text: 'go' }] };
      for await (const event of guard.events(runner.runEphemeral({ userId: 'u', newMessage }))) seen.push(event);
    };
    expect(await rejected(read())).toMatchObject({ reason: 'budget' });
    expect(a.model.seen.length + b.model.seen.length).toBe(6);
    expect(seen.filter(event => event.errorCode === 'LOOPBOUND_BUDGET')).toHaveLength(2);
    expect(answered(seen)).toBe(6);
  });

  it('a trip inside a tool ends the outer run; a model that fails settles', async () => {
    const inner = setUp(adkGuard(), () => ['same']);
    const guard = adkGuard({ model: { budget: { maxTokens: 1_000 } } });
    // A `FunctionTool` makes an error of its own of what its function throws; a tool that does not keeps the trip.
    class Ask extends BaseTool {
      override _getDeclaration() {
        return { name: this.name, description: this.description };
      }
      runAsync(): Promise<unknown> {
        return inner.run();
      }
    }
    const outer = setUp(guard, turn => [`q${turn}`]);
    outer.agent.tools = [new Ask({ name: 'look', description: 'Asks.' })];
    expect(await withRun('r', () => rejected(outer.run()))).toMatchObject({ reason: 'loop' });
    expect(outer.model.seen).toHaveLength(1);
    const broken = setUp(guard, () => {
      throw new Error('down');
    });
    expect((await broken.run()).at(-1)).toMatchObject({ errorMessage: 'down' });
    expect(guard.model.view().budget).toMatchObject({ spent: { calls: 2 }, reserved: { calls: 0 } });
  });

  it('changes nothing when nothing trips', async () => {
    const turns = (turn: number): Turn => (turn < 3 ? [`a${turn}`, `b${turn}`] : 'done');
    // Ids and times are new each time.
    const of = (value: unknown): unknown =>
      JSON.parse(
        JSON.stringify(value, (key, inner) => (/^(id|invocationId|timestamp)$/.test(key) ? undefined : inner)),
      );
    for (const stream of [false, true]) {
      const results = [];
      for (const guard of [undefined, adkGuard()]) {
        const { run, model, ran } = setUp(guard, turns);
        results.push({ events: of(await run({ stream })), seen: of(model.seen), ran });
      }
      expect(results[1]).toEqual(results[0]);
      expect(results[0]!.ran).toHaveLength(6);
    }
  });

  it('its types fit', () => {
    expectTypeOf<AdkGuard['plugin']>().toExtend<BasePlugin>();
  });
});
