// The DurableAgent of @workflow/ai: what limits its steps. Run against the installed package, outside of a workflow,
// where every step is a plain call.

import { DurableAgent } from '@workflow/ai/agent';
import { hasToolCall, stepCountIs, tool } from 'ai';
import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { Runaway } from './count.ts';

const CALLS = 60;
let calls = 0;
beforeEach(() => {
  calls = 0;
});

const tokens = { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0, text: 1, reasoning: 0 };

/** Asks for a tool at every turn. */
const model = async () =>
  ({
    specificationVersion: 'v3',
    provider: 'scripted',
    modelId: 'scripted',
    supportedUrls: {},
    doStream: async () => {
      if (calls === CALLS) throw new Runaway(`${CALLS} calls and no end`);
      calls++;
      return {
        stream: ReadableStream.from([
          { type: 'stream-start', warnings: [] },
          { type: 'tool-call', toolCallId: `call-${calls}`, toolName: 'look', input: '{}' },
          {
            type: 'finish',
            finishReason: { unified: 'tool-calls', raw: 'tool-calls' },
            usage: { inputTokens: tokens, outputTokens: tokens },
          },
        ]),
      };
    },
  }) as never;
const tools = { look: tool({ inputSchema: z.object({}), execute: async () => 'nothing there' }) };

async function count(run: object, agent: object = {}): Promise<number | 'no end'> {
  const writable = new WritableStream();
  const messages = [{ role: 'user' as const, content: 'go' }];
  try {
    await new DurableAgent({ model, tools, ...agent } as never).stream({ messages, writable, ...run } as never);
  } catch (error) {
    if (calls === CALLS) return 'no end';
    throw error;
  }
  return calls === CALLS ? 'no end' : calls;
}

test.each([
  ['nothing', {}, 'no end'],
  ['maxSteps', { maxSteps: 4 }, 4],
  ['maxSteps: 1', { maxSteps: 1 }, 1],
  ['maxSteps: 0', { maxSteps: 0 }, 0],
  ['maxSteps: -1', { maxSteps: -1 }, 0],
  ['maxSteps: Infinity', { maxSteps: Infinity }, 'no end'],
  ['maxSteps: null', { maxSteps: null }, 'no end'],
  ['maxSteps: undefined', { maxSteps: undefined }, 'no end'],
  ['stopWhen', { stopWhen: stepCountIs(3) }, 3],
  ['stopWhen: []', { stopWhen: [] }, 'no end'],
  ['stepCountIs(0)', { stopWhen: stepCountIs(0) }, 'no end'],
  ["hasToolCall('done')", { stopWhen: hasToolCall('done') }, 'no end'],
  ['both', { stopWhen: stepCountIs(5), maxSteps: 2 }, 2],
])('%s', async (_name, run, expected) => {
  expect(await count(run)).toBe(expected);
});

test('neither of them is read where the agent is made', async () => {
  expect(await count({}, { maxSteps: 3, stopWhen: stepCountIs(3) })).toBe('no end');
});
