// Vercel AI SDK: the same limits in every major that has `stopWhen`. Run against ai 5, 6 and 7 with one scripted model.

import * as six from 'ai';
import * as five from 'ai-5';
import * as seven from 'ai-7';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Runaway } from './count.ts';

const CALLS = 60;
let calls = 0;
beforeEach(() => {
  calls = 0;
});

/** Asks for a tool at every turn, in the words of each major's model interface. */
function model(specificationVersion: string): never {
  const tokens = { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0, text: 1, reasoning: 0 };
  const usage =
    specificationVersion === 'v2'
      ? { inputTokens: 1, outputTokens: 1, totalTokens: 2 }
      : { inputTokens: tokens, outputTokens: tokens };
  const finishReason =
    specificationVersion === 'v2' ? 'tool-calls' : { unified: 'tool-calls' as const, raw: 'tool-calls' };
  const ask = () => {
    if (calls === CALLS) throw new Runaway(`${CALLS} calls and no end`);
    calls++;
    return { type: 'tool-call' as const, toolCallId: `call-${calls}`, toolName: 'look', input: '{}' };
  };
  return {
    specificationVersion,
    provider: 'scripted',
    modelId: 'scripted',
    supportedUrls: {},
    doGenerate: async () => ({ content: [ask()], finishReason, usage, warnings: [] }),
    doStream: async () => {
      const call = ask();
      return {
        stream: ReadableStream.from([
          { type: 'stream-start', warnings: [] },
          call,
          { type: 'finish', finishReason, usage },
        ]),
      };
    },
  } as never;
}

async function count(run: () => PromiseLike<unknown>): Promise<number | 'no end'> {
  try {
    await run();
  } catch (error) {
    if (calls === CALLS) return 'no end';
    throw error;
  }
  return calls === CALLS ? 'no end' : calls;
}

const majors = [
  { major: 5, ai: five as unknown as typeof six, spec: 'v2', agent: 1 },
  { major: 6, ai: six, spec: 'v3', agent: 20 },
  { major: 7, ai: seven as unknown as typeof six, spec: 'v4', agent: 20 },
] as const;

describe.each(majors)('ai $major', ({ major, ai, spec, agent }) => {
  const tools = { look: ai.tool({ inputSchema: z.object({}), execute: async () => 'nothing there' }) };
  const Agent = ai.Experimental_Agent;
  const generate = (more: object) => (): PromiseLike<unknown> =>
    ai.generateText({ model: model(spec), tools, prompt: 'go', ...more });
  const stream = (more: object) => async () => {
    const result = ai.streamText({ model: model(spec), tools, prompt: 'go', onError: () => undefined, ...more });
    await result.consumeStream();
  };

  test('generateText and streamText make one step by default, whatever maxSteps says', async () => {
    expect(await count(generate({}))).toBe(1);
    calls = 0;
    expect(await count(generate({ maxSteps: 5 }))).toBe(1);
    calls = 0;
    expect(await count(stream({ maxSteps: 5 }))).toBe(1);
  });

  const conditions: [string, () => unknown, number | 'no end'][] = [
    ['stepCountIs(5)', () => ai.stepCountIs(5), 5],
    ['[hasToolCall, stepCountIs(4)]', () => [ai.hasToolCall('done'), ai.stepCountIs(4)], 4],
    ['[stepCountIs(7), stepCountIs(3)]', () => [ai.stepCountIs(7), ai.stepCountIs(3)], 3],
    ['[]', () => [], 'no end'],
    ['stepCountIs(0)', () => ai.stepCountIs(0), 'no end'],
    ['stepCountIs(-1)', () => ai.stepCountIs(-1), 'no end'],
    ['stepCountIs(2.5)', () => ai.stepCountIs(2.5), 'no end'],
    ['stepCountIs(NaN)', () => ai.stepCountIs(Number.NaN), 'no end'],
    ["stepCountIs('5')", () => ai.stepCountIs('5' as never), 'no end'],
    ["hasToolCall('done')", () => ai.hasToolCall('done'), 'no end'],
    [
      'steps.length >= 6',
      () =>
        ({ steps }: { steps: unknown[] }) =>
          steps.length >= 6,
      6,
    ],
    [
      'steps.length > 6',
      () =>
        ({ steps }: { steps: unknown[] }) =>
          steps.length > 6,
      7,
    ],
    ['undefined', () => undefined, 1],
  ];
  test.each(conditions)('stopWhen %s', async (_name, stopWhen, expected) => {
    expect(await count(generate({ stopWhen: stopWhen() }))).toBe(expected);
    calls = 0;
    expect(await count(stream({ stopWhen: stopWhen() }))).toBe(expected);
  });

  test(`an agent makes ${agent} steps by default; stopWhen: [] takes that away`, async () => {
    const run = (more: object) => () => new Agent({ model: model(spec), tools, ...more }).generate({ prompt: 'go' });
    expect(await count(run({}))).toBe(agent);
    calls = 0;
    expect(await count(run({ stopWhen: undefined }))).toBe(agent);
    calls = 0;
    expect(await count(run({ stopWhen: ai.stepCountIs(3) }))).toBe(3);
    calls = 0;
    expect(await count(run({ stopWhen: [] }))).toBe('no end');
    calls = 0;
    expect(await count(run({ maxSteps: 3 }))).toBe(agent);
  });

  test('a run of an agent has its own stopWhen, and no maxSteps', async () => {
    const own = (more: object) => () =>
      new Agent({ model: model(spec), tools, stopWhen: ai.stepCountIs(6) }).generate({ prompt: 'go', ...more });
    expect(await count(own({ stopWhen: ai.stepCountIs(3) }))).toBe(3);
    calls = 0;
    expect(await count(own({ maxSteps: 3 }))).toBe(6);
    calls = 0;
    // The run's options are laid over the agent's: an undefined one leaves the single step of generateText.
    expect(await count(own({ stopWhen: undefined }))).toBe(1);
  });

  test('an agent goes round without tools too, if the model invents one', async () => {
    const run = () => new Agent({ model: model(spec), stopWhen: ai.stepCountIs(4) }).generate({ prompt: 'go' });
    expect(await count(run)).toBe(4);
  });

  test('an agent of its own in a tool starts its own steps', async () => {
    const inner = new Agent({ model: model(spec), tools, stopWhen: ai.stepCountIs(3) });
    const look = ai.tool({
      inputSchema: z.object({}),
      execute: async () => void (await inner.generate({ prompt: 'go' })),
    });
    expect(await count(generate({ tools: { look }, stopWhen: ai.stepCountIs(4) }))).toBe(4 + 4 * 3);
  });

  test('has the names that the fixes insert', () => {
    expect('stepCountIs' in ai).toBe(true);
    expect('isStepCount' in ai).toBe(major === 7);
    expect('isLoopFinished' in ai).toBe(major >= 6);
    expect('ToolLoopAgent' in ai).toBe(major >= 6);
  });

  test('maxRetries counts after the first attempt, and is 2 by default', async () => {
    let tries = 0;
    const down = {
      ...(model(spec) as object),
      doGenerate: async (): Promise<never> => {
        tries++;
        throw new ai.APICallError({
          message: 'down',
          url: 'http://localhost',
          requestBodyValues: {},
          statusCode: 500,
          responseHeaders: { 'retry-after-ms': '0' },
        });
      },
    } as never;
    await expect(ai.generateText({ model: down, prompt: 'go', maxRetries: 1 })).rejects.toThrow();
    expect(tries).toBe(2);
    tries = 0;
    await expect(ai.generateText({ model: down, prompt: 'go', maxRetries: 0 })).rejects.toThrow();
    expect(tries).toBe(1);
    tries = 0;
    await expect(ai.generateText({ model: down, prompt: 'go' })).rejects.toThrow();
    expect(tries).toBe(3);
  });
});

test.each([
  ['ai 6', six as never, 'v3'],
  ['ai 7', seven as never, 'v4'],
] as const)('isLoopFinished() of %s never stops by itself', async (_name, module, spec) => {
  const ai = module as typeof six;
  const tools = { look: ai.tool({ inputSchema: z.object({}), execute: async () => 'nothing there' }) };
  const run = () => ai.generateText({ model: model(spec), tools, prompt: 'go', stopWhen: ai.isLoopFinished() });
  expect(await count(run)).toBe('no end');
});
