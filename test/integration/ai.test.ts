// Vercel AI SDK: what limits the steps of generateText and of its agents. Run against the installed package.

import { generateText, hasToolCall, isLoopFinished, type StopCondition, stepCountIs, ToolLoopAgent, tool } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Runaway } from './count.ts';

const CALLS = 60;
let calls = 0;
beforeEach(() => {
  calls = 0;
});

/** Asks for a tool at every turn. */
const model = new MockLanguageModelV3({
  doGenerate: async () => {
    if (calls === CALLS) throw new Runaway(`${CALLS} calls and no end`);
    calls++;
    return {
      content: [{ type: 'tool-call', toolCallId: `call-${calls}`, toolName: 'look', input: '{}' }],
      finishReason: { unified: 'tool-calls', raw: 'tool-calls' },
      usage: {
        inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
        outputTokens: { total: 1, text: 1, reasoning: 0 },
      },
      warnings: [],
    };
  },
});
const tools = { look: tool({ inputSchema: z.object({}), execute: async () => 'nothing there' }) };
type Stop = StopCondition<typeof tools> | StopCondition<typeof tools>[];

async function count(run: () => PromiseLike<unknown>): Promise<number | 'no end'> {
  try {
    await run();
    return calls;
  } catch (error) {
    if (calls === CALLS) return 'no end';
    throw error;
  }
}

describe('generateText', () => {
  test('makes one step by default', async () => {
    expect(await count(() => generateText({ model, tools, prompt: 'go' }))).toBe(1);
  });

  test('ignores the maxSteps of version 4', async () => {
    const old = { model, tools, prompt: 'go', maxSteps: 5 };
    expect(await count(() => generateText(old))).toBe(1);
  });

  const limits: [string, Stop, number | 'no end'][] = [
    ['stepCountIs(5)', stepCountIs(5), 5],
    ['[hasToolCall, stepCountIs(4)]', [hasToolCall('done'), stepCountIs(4)], 4],
    ['[]', [], 'no end'],
    ['stepCountIs(0)', stepCountIs(0), 'no end'],
    ['stepCountIs(2.5)', stepCountIs(2.5), 'no end'],
    ["stepCountIs('5')", stepCountIs('5' as unknown as number), 'no end'],
    ['isLoopFinished()', isLoopFinished(), 'no end'],
    ["hasToolCall('done')", hasToolCall('done'), 'no end'],
    ['steps.length >= 6', ({ steps }) => steps.length >= 6, 6],
  ];
  test.each(limits)('stopWhen %s', async (_name, stopWhen, expected) => {
    expect(await count(() => generateText({ model, tools, stopWhen, prompt: 'go' }))).toBe(expected);
  });

  test('goes on without tools if the model invents one', async () => {
    expect(await count(() => generateText({ model, stopWhen: stepCountIs(5), prompt: 'go' }))).toBe(5);
  });
});

describe('ToolLoopAgent', () => {
  test('makes 20 steps by default, with and without tools', async () => {
    expect(await count(() => new ToolLoopAgent({ model, tools }).generate({ prompt: 'go' }))).toBe(20);
    calls = 0;
    expect(await count(() => new ToolLoopAgent({ model }).generate({ prompt: 'go' }))).toBe(20);
  });

  test('stopWhen: [] takes the default away', async () => {
    expect(await count(() => new ToolLoopAgent({ model, tools, stopWhen: [] }).generate({ prompt: 'go' }))).toBe(
      'no end',
    );
  });

  test('a run has its own stopWhen', async () => {
    const own = { prompt: 'go', stopWhen: stepCountIs(3) };
    expect(await count(() => new ToolLoopAgent({ model, tools }).generate(own))).toBe(3);
  });
});
