// VoltAgent: what limits the steps of an agent, how often it tries again, and that loops of a workflow have no limit. Run
// against the installed package.
import { Agent, andThen, createTool, createWorkflowChain, Workspace } from '@voltagent/core';
import { hasToolCall, stepCountIs } from 'ai';
import { convertArrayToReadableStream, MockLanguageModelV3 } from 'ai/test';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { skipWaits } from './count.ts';

vi.hoisted(() => {
  // On import the package asks a registry of models for news.
  globalThis.fetch = () => Promise.reject(new Error('no network'));
});

const CALLS = 130;
let calls = 0;
beforeEach(() => {
  calls = 0;
  skipWaits();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};
/** Asks for a tool at every turn; `fails` says at which calls it throws instead. */
const scripted = (toolName = 'look', input = '{}', fails: (call: number) => boolean = () => false) => {
  const next = () => {
    if (calls === CALLS) throw Object.assign(new Error('no end'), { isRetryable: false, statusCode: 400 });
    calls++;
    if (fails(calls)) throw new Error('busy');
    return { type: 'tool-call' as const, toolCallId: `call-${calls}`, toolName, input };
  };
  const finishReason = { unified: 'tool-calls' as const, raw: 'tool-calls' };
  return new MockLanguageModelV3({
    doGenerate: async () => ({ content: [next()], finishReason, usage, warnings: [] }),
    doStream: async () => ({
      stream: convertArrayToReadableStream([
        { type: 'stream-start' as const, warnings: [] },
        next(),
        { type: 'finish' as const, finishReason, usage },
      ]),
    }),
  });
};
const look = createTool({
  name: 'look',
  description: 'Looks.',
  parameters: z.object({}),
  execute: async () => 'nothing there',
});
type Options = Partial<ConstructorParameters<typeof Agent>[0]>;
const agent = (options: Options = {}, model = scripted()) =>
  new Agent({ name: 'looker', instructions: 'Look.', model, tools: [look], ...options });

async function count(run: () => PromiseLike<unknown>): Promise<number | 'no end'> {
  try {
    await run();
  } catch (error) {
    if (calls === CALLS) return 'no end';
    if (!String(error).includes('busy')) throw error;
  }
  return calls === CALLS ? 'no end' : calls;
}
describe('maxSteps', () => {
  const until = { stopWhen: hasToolCall('done') };
  test.each<[string, Options, number | 'no end']>([
    ['nothing', {}, 5],
    ['a number', { maxSteps: 3 }, 3],
    ['zero', { maxSteps: 0 }, 'no end'],
    ['Infinity', { maxSteps: Infinity }, 'no end'],
    ['a workspace', { workspace: new Workspace({}) }, 100],
    ['a condition that counts nothing, which replaces it', until, 'no end'],
    ['such a condition and a number', { ...until, maxSteps: 3 }, 'no end'],
    ['a condition that counts', { stopWhen: stepCountIs(7), maxSteps: 3 }, 7],
  ])('of an agent with %s', async (_name, options, expected) => {
    expect(await count(() => agent(options).generateText('go'))).toBe(expected);
  });

  test('of a call comes before that of the agent', async () => {
    expect(await count(() => agent({ maxSteps: 3 }).generateText('go', { maxSteps: 2 }))).toBe(2);
  });

  test('of an agent that hands on is that of its sub-agents', async () => {
    const sub = agent({ name: 'sub', maxSteps: 2 });
    const model = scripted('delegate_task', '{"task":"go","targetAgents":["sub"]}');
    const lead = new Agent({ name: 'lead', instructions: 'Lead.', model, subAgents: [sub], maxSteps: 4 });
    expect(await count(() => lead.generateText('go'))).toBe(4 + 4 * 4);
  });
});

describe('maxRetries', () => {
  const busy = () => scripted('look', '{}', call => call % 5 === 0);
  test.each<[string, Options, number]>([
    ['nothing: three times', {}, 20],
    ['zero', { maxRetries: 0 }, 5],
    ['a number', { maxRetries: 1 }, 10],
  ])('begins all the steps again, with %s', async (_name, options, expected) => {
    expect(await count(() => agent(options, busy()).generateText('go'))).toBe(expected);
  });
});

test.each([
  ['andDoWhile', (rounds: number) => rounds < 300],
  ['andDoUntil', (rounds: number) => rounds >= 300],
] as const)('%s has no limit', async (method, answer) => {
  let rounds = 0;
  const step = andThen({ id: 'step', execute: async () => ++rounds });
  const chain = createWorkflowChain({ id: 'flow', name: 'flow', input: z.any(), result: z.any() });
  await chain[method]({ id: 'loop', step, condition: async () => answer(rounds) }).run({} as never);
  expect(rounds).toBe(300);
});
