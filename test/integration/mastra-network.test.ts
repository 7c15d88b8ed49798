// Mastra's network: how many rounds it makes. Run against the installed package with its memory for tests.
import { Agent } from '@mastra/core/agent';
import { MockMemory } from '@mastra/core/memory';
import { beforeEach, expect, test } from 'vitest';
import { Runaway } from './count.ts';

const CALLS = 9;
let calls = 0;
let routed = 0;
beforeEach(() => {
  calls = 0;
  routed = 0;
});

/** A member that speaks; a router that picks it every time and never calls the task done. */
function model(answer: () => string): never {
  const usage = { inputTokens: 1, outputTokens: 1, totalTokens: 2 };
  return {
    specificationVersion: 'v2',
    provider: 'scripted',
    modelId: 'scripted',
    supportedUrls: {},
    doGenerate: async () => ({
      content: [{ type: 'text', text: answer() }],
      finishReason: 'stop',
      usage,
      warnings: [],
    }),
    doStream: async () => ({
      stream: ReadableStream.from([
        { type: 'stream-start', warnings: [] },
        { type: 'response-metadata', id: 'id', modelId: 'scripted', timestamp: new Date(0) },
        { type: 'text-start', id: 't' },
        { type: 'text-delta', id: 't', delta: answer() },
        { type: 'text-end', id: 't' },
        { type: 'finish', finishReason: 'stop', usage },
      ]),
    }),
  } as never;
}

const worker = new Agent({
  id: 'worker',
  name: 'worker',
  description: 'Works.',
  instructions: 'Work.',
  model: model(() => {
    calls++;
    return 'not yet';
  }),
});

const network = () =>
  new Agent({
    id: 'boss',
    name: 'boss',
    instructions: 'Route.',
    agents: { worker },
    memory: new MockMemory(),
    model: model(() => {
      if (calls >= CALLS) throw new Runaway(`${CALLS} calls and no end`);
      routed++;
      return JSON.stringify({
        primitiveId: 'worker',
        primitiveType: 'agent',
        prompt: 'go',
        selectionReason: 'it works',
        isComplete: false,
        completionReason: 'never',
        finalResult: '',
      });
    }),
  });

test.each([
  [{}, 2],
  [{ maxSteps: 3 }, 4],
  [{ maxSteps: 0 }, 2],
  [{ maxSteps: null }, 2],
  [{ maxSteps: undefined }, 2],
  [{ maxSteps: -1 }, 1],
])('%o', async (options, expected) => {
  const stream = await network().network('go', { memory: { thread: 't', resource: 'r' }, ...options } as never);
  for await (const _ of stream) {
    // Read to its end.
  }
  // The router is asked whom to pick, and after that whether the task is done.
  expect([calls, routed]).toEqual([expected, 2 * expected]);
});

test('Infinity is no limit', async () => {
  const stream = await network().network('go', {
    memory: { thread: 't', resource: 'r' },
    maxSteps: Number.POSITIVE_INFINITY,
  });
  for await (const _ of stream) {
    // Read to its end, which is the error of the model.
  }
  expect(calls).toBe(CALLS);
});
