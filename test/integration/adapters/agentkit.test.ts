// The AgentKit adapter on real networks with a scripted provider in the place of `fetch`.

import { createAgent, createNetwork, createTool, openai } from '@inngest/agent-kit';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type AgentkitGuard, agentkitGuard } from '../../../runtime/src/adapters/agentkit.ts';
import { currentRun, runSummary, tripOf, withRun } from '../../../runtime/src/index.ts';
import { rejected, unanswered } from './shared.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

/** What the model does at each turn: calls of `look` with these queries, or a last word. */
type Turn = string[] | string;

const setUp = (
  guard: AgentkitGuard | undefined,
  turns: (turn: number) => Turn,
  look: (q: string) => unknown = q => `no ${q}`,
) => {
  const seen: unknown[] = [];
  const ran: string[] = [];
  vi.stubGlobal('fetch', async (_url: unknown, init: { body: string }) => {
    const at = seen.push(JSON.parse(init.body).messages) - 1;
    if (at === 50) throw new Error('50 turns and no end');
    const turn = turns(at);
    const call = (q: string, index: number) => ({
      id: `call-${at}-${index}`,
      type: 'function',
      function: { name: 'look', arguments: JSON.stringify({ q }) },
    });
    const message =
      typeof turn === 'string'
        ? { role: 'assistant', content: turn }
        : { role: 'assistant', content: null, tool_calls: turn.map(call) };
    const finish_reason = typeof turn === 'string' ? 'stop' : 'tool_calls';
    const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
    return Response.json({ id: `chatcmpl-${at}`, choices: [{ index: 0, finish_reason, message }], usage });
  });
  const tools = [
    createTool({
      name: 'look',
      description: 'Looks.',
      parameters: z.object({ q: z.string() }),
      handler: async ({ q }) => {
        ran.push(q);
        return look(q);
      },
    }),
  ];
  const looker = createAgent({
    name: 'looker',
    system: 'Look.',
    tools: guard ? guard.tools(tools) : tools,
    ...(guard ? { lifecycle: guard.lifecycle } : {}),
  });
  const router = ({ network }: { network: { state: { results: { output: { type: string }[] }[] } } }) =>
    network.state.results.at(-1)?.output.some(message => message.type === 'text') ? undefined : looker;
  const network = createNetwork({
    name: 'net',
    agents: [looker],
    defaultModel: openai({ model: 'scripted', apiKey: 'k' }),
    router: guard ? guard.router(router) : router,
  });
  return { network, seen, ran };
};
/** How many calls the results hold; fails if one has no result. */
const answered = (results: { output: object[]; toolCalls: { tool: { id: string } }[] }[]): number => {
  const calls = results.flatMap(({ output }) =>
    (output as { tools?: { id: string }[] }[]).flatMap(({ tools }) => tools ?? []),
  );
  const ids = calls.map(call => call.id);
  expect(
    unanswered(
      ids,
      results.flatMap(({ toolCalls }) => toolCalls.map(call => call.tool.id)),
    ),
  ).toEqual([]);
  return ids.length;
};

describe('agentkit', () => {
  it('three identical tool calls reject the run with the typed error', async () => {
    const { network, ran, seen } = setUp(agentkitGuard(), turn => (turn < 2 ? ['same'] : ['same', 'fine']));
    const error = await withRun('r', () => rejected(network.run('go')));
    expect(tripOf(error)).toMatchObject({ reason: 'loop' });
    expect(ran).toEqual(['same', 'same', 'fine']);
    expect(seen).toHaveLength(3);
  });

  it("`exit: 'stop'` ends it quietly, and every call has a result", async () => {
    const guard = agentkitGuard({ exit: 'stop' });
    const { network, ran, seen } = setUp(guard, turn => (turn < 2 ? ['same'] : ['same', 'fine']));
    const result = await withRun('r', () => network.run('go'));
    expect(guard.tripIn(result)).toMatchObject({ reason: 'loop' });
    expect(ran).toEqual(['same', 'same', 'fine']);
    expect(seen).toHaveLength(3);
    expect(answered(result.state.results)).toBe(4);
    expect(JSON.stringify(result.state.results)).toContain('stopped by loopbound (loop)');
  });

  it("`exit: 'stop'` without the wrapped router rejects instead of going round for ever", async () => {
    const guard = agentkitGuard({ exit: 'stop', model: { budget: { maxCalls: 2 } } });
    const { network, seen } = setUp({ ...guard, router: route => route as never }, turn => [`q${turn}`]);
    expect(tripOf(await withRun('r', () => rejected(network.run('go'))))).toMatchObject({ reason: 'budget' });
    expect(seen).toHaveLength(2);
  });

  it('a budget of tokens is settled by each answer', async () => {
    const guard = agentkitGuard({ model: { budget: { maxTokens: 300 }, loop: false } });
    const { network, seen } = setUp(guard, turn => [`q${turn}`]);
    await withRun('r', async () => {
      expect(tripOf(await rejected(network.run('go')))).toMatchObject({ reason: 'budget' });
      expect(runSummary()).toMatchObject({ tokens: 360, modelCalls: 3 });
    });
    expect(seen).toHaveLength(3);
  });

  it('a kill ends it at the next request', async () => {
    const kill = (q: string): string => (q === 'q1' ? String(currentRun().stop('Enough.')) : q);
    const { network, seen } = setUp(agentkitGuard(), turn => [`q${turn}`], kill);
    expect(tripOf(await withRun('r', () => rejected(network.run('go'))))).toMatchObject({ reason: 'kill' });
    expect(seen).toHaveLength(2);
  });

  it('the router’s agents are bounded in each run', async () => {
    const guard = agentkitGuard({ exit: 'stop', routes: { maxInvocations: 3 } });
    const { network, seen } = setUp(guard, turn => [`q${turn}`]);
    for (let times = 1; times <= 2; times++) {
      const result = await network.run('go');
      expect(guard.tripIn(result)).toMatchObject({ reason: 'step', counts: { looker: 3 } });
      expect(seen).toHaveLength(3 * times);
    }
    const strict = setUp(agentkitGuard({ routes: { maxSameRoute: 2 } }), turn => [`q${turn}`]);
    expect(tripOf(await rejected(strict.network.run('go')))).toMatchObject({ reason: 'route' });
  });

  it('changes nothing when nothing trips', async () => {
    const turns = (turn: number): Turn => (turn < 3 ? [`a${turn}`, `b${turn}`] : 'done');
    const results = [];
    for (const guard of [undefined, agentkitGuard(), agentkitGuard({ exit: 'stop', routes: {} })]) {
      const { network, seen, ran } = setUp(guard, turns);
      const { state } = await network.run('go');
      expect(answered(state.results)).toBe(6);
      results.push({ messages: state.results.map(({ output, toolCalls }) => ({ output, toolCalls })), seen, ran });
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });
});
