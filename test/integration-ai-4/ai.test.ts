// Vercel AI SDK 4: what limits its steps. Run against the installed package.

import { createRequire } from 'node:module';
import * as installed from 'ai';
import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';

const { version } = createRequire(import.meta.url)('ai/package.json') as { version: string };
if (!version.startsWith('4.')) throw new Error(`ai ${version} stands where ai 4 belongs: run npm ci.`);

/** What is used here of ai 4: its own types are no others' where it is not installed. */
interface Four {
  generateText(options: object): Promise<unknown>;
  streamText(options: object): { consumeStream(): Promise<void> };
  tool(options: object): object;
}
const { generateText, streamText, tool } = installed as unknown as Four;

const CALLS = 60;
let calls = 0;
beforeEach(() => {
  calls = 0;
});

const ask = () => {
  if (calls === CALLS) throw new Error(`${CALLS} calls and no end`);
  calls++;
  return { toolCallType: 'function', toolCallId: `call-${calls}`, toolName: 'look', args: '{}' };
};
const usage = { promptTokens: 1, completionTokens: 1 };

/** Asks for a tool at every turn. */
const model = {
  specificationVersion: 'v1',
  provider: 'scripted',
  modelId: 'scripted',
  defaultObjectGenerationMode: 'tool',
  doGenerate: async () => ({
    toolCalls: [ask()],
    finishReason: 'tool-calls',
    usage,
    rawCall: { rawPrompt: null, rawSettings: {} },
  }),
  doStream: async () => ({
    stream: ReadableStream.from([
      { type: 'tool-call', ...ask() },
      { type: 'finish', finishReason: 'tool-calls', usage },
    ]),
    rawCall: { rawPrompt: null, rawSettings: {} },
  }),
};
const tools = { look: tool({ parameters: z.object({}), execute: async () => 'nothing there' }) };

async function count(run: () => PromiseLike<unknown>): Promise<number | 'no end'> {
  try {
    await run();
  } catch (error) {
    if (calls === CALLS) return 'no end';
    throw error;
  }
  return calls === CALLS ? 'no end' : calls;
}

test.each([
  [{}, 1],
  [{ maxSteps: undefined }, 1],
  [{ maxSteps: 5 }, 5],
  [{ maxSteps: 2.5 }, 3],
  [{ maxSteps: Infinity }, 'no end'],
])('%o', async (options, expected) => {
  expect(await count(() => generateText({ model, tools, prompt: 'go', ...options }))).toBe(expected);
  calls = 0;
  const stream = async () => {
    await streamText({ model, tools, prompt: 'go', onError: () => undefined, ...options }).consumeStream();
  };
  expect(await count(stream)).toBe(expected);
});

test('maxSteps: 0 is refused', async () => {
  await expect(generateText({ model, tools, prompt: 'go', maxSteps: 0 })).rejects.toThrow(/maxSteps/);
  expect(calls).toBe(0);
});
