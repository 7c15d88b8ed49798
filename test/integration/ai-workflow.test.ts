// The WorkflowAgent of @ai-sdk/workflow: what limits its steps. Run against the installed package.
// The package asks `workflow` only whether it runs inside one; here it does not, and every step is a plain call.

import { registerHooks } from 'node:module';
import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { Runaway } from './count.ts';

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'workflow'
      ? {
          url: 'data:text/javascript,export const getWorkflowMetadata = () => { throw new Error("not in a workflow"); };',
          shortCircuit: true,
        }
      : next(specifier, context),
});
const { WorkflowAgent } = await import('@ai-sdk/workflow');
const { hasToolCall, isStepCount, tool } = await import('ai-7');

const CALLS = 60;
let calls = 0;
beforeEach(() => {
  calls = 0;
});

const tokens = { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0, text: 1, reasoning: 0 };

/** Asks for a tool at every turn. */
const model = {
  specificationVersion: 'v4',
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
} as never;
const tools = { look: tool({ inputSchema: z.object({}), execute: async () => 'nothing there' }) };
const messages = [{ role: 'user' as const, content: 'go' }];

async function count(agent: object, run: object = {}): Promise<number | 'no end'> {
  try {
    await new WorkflowAgent({ model, tools, maxRetries: 0, ...agent } as never).stream({ messages, ...run } as never);
  } catch (error) {
    if (calls === CALLS) return 'no end';
    throw error;
  }
  return calls;
}

test.each([
  ['nothing', {}, {}, 'no end'],
  ['stopWhen: []', { stopWhen: [] }, {}, 'no end'],
  ["hasToolCall('done')", { stopWhen: hasToolCall('done') }, {}, 'no end'],
  ['isStepCount(0)', { stopWhen: isStepCount(0) }, {}, 'no end'],
  ['isStepCount(5)', { stopWhen: isStepCount(5) }, {}, 5],
  ['a run of its own', { stopWhen: isStepCount(5) }, { stopWhen: isStepCount(3) }, 3],
  ['a run only', {}, { stopWhen: [isStepCount(4)] }, 4],
  ['a predicate', { stopWhen: ({ steps }: { steps: unknown[] }) => steps.length >= 6 }, {}, 6],
  ['the maxSteps of others', { maxSteps: 3 }, { maxSteps: 3 }, 'no end'],
])('%s', async (_name, agent, run, expected) => {
  expect(await count(agent, run)).toBe(expected);
});
