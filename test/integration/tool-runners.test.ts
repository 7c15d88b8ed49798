// Loops inside model clients: what limits Anthropic's toolRunner and OpenAI's runTools. Run against the installed packages.

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { countingFetch, Runaway } from './count.ts';

const CALLS = 60;

async function count(counter: { calls: number }, run: () => PromiseLike<unknown>): Promise<number | 'no end'> {
  try {
    await run();
  } catch (error) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
      if (cause instanceof Runaway || cause.message.includes(`${CALLS} calls and no end`)) return 'no end';
    }
    throw error;
  }
  return counter.calls;
}

describe('toolRunner', () => {
  test.each([
    [{}, 'no end'],
    [{ max_iterations: 0 }, 'no end'],
    [{ max_iterations: 6 }, 6],
  ])('%o', async (options, expected) => {
    const counter = { calls: 0 };
    const client = new Anthropic({
      apiKey: 'scripted',
      maxRetries: 0,
      fetch: async () => {
        if (counter.calls === CALLS) throw new Runaway(`${CALLS} calls and no end`);
        counter.calls++;
        return Response.json({
          id: `msg-${counter.calls}`,
          type: 'message',
          role: 'assistant',
          model: 'scripted',
          content: [{ type: 'tool_use', id: `call-${counter.calls}`, name: 'look', input: {} }],
          stop_reason: 'tool_use',
          usage: { input_tokens: 1, output_tokens: 1 },
        });
      },
    });
    const look = {
      name: 'look',
      description: 'Looks.',
      input_schema: { type: 'object' as const },
      run: () => 'nothing there',
      parse: (input: unknown) => input,
    };
    const run = () =>
      client.beta.messages
        .toolRunner({
          model: 'scripted',
          max_tokens: 1,
          messages: [{ role: 'user', content: 'go' }],
          tools: [look],
          ...options,
        })
        .runUntilDone();
    expect(await count(counter, run)).toBe(expected);
  });
});

describe('runTools', () => {
  test.each([
    [{}, 10],
    [{ maxChatCompletions: 3 }, 3],
    [{ maxChatCompletions: Infinity }, 'no end'],
  ])('%o', async (options, expected) => {
    const { counter, fetch } = countingFetch(CALLS, call => ({
      content: null,
      tool_calls: [{ id: `call-${call}`, type: 'function', function: { name: 'look', arguments: '{}' } }],
    }));
    const client = new OpenAI({ apiKey: 'scripted', maxRetries: 0, fetch });
    const run = () =>
      client.chat.completions
        .runTools(
          {
            model: 'scripted',
            messages: [{ role: 'user', content: 'go' }],
            tools: [
              {
                type: 'function',
                function: {
                  name: 'look',
                  description: 'Looks.',
                  parameters: { type: 'object', properties: {} },
                  function: () => 'nothing there',
                },
              },
            ],
          },
          options,
        )
        .done();
    expect(await count(counter, run)).toBe(expected);
  });
});
