// Loops inside model clients: what limits Anthropic's toolRunner and OpenAI's runTools. Run against the installed packages.

import Anthropic from '@anthropic-ai/sdk';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import OpenAI from 'openai';
import { ResponsesToolRunner } from 'openai/helpers/responses-tool-runner';
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

describe('ResponsesToolRunner', () => {
  test.each([
    [{}, 20],
    [{ maxSteps: 6 }, 6],
    [{ maxSteps: 0 }, 'refused'],
    [{ maxSteps: Infinity }, 'refused'],
  ])('%o', async (options, expected) => {
    let calls = 0;
    const client = new OpenAI({
      apiKey: 'scripted',
      maxRetries: 0,
      fetch: async () => {
        calls++;
        return Response.json({
          id: `resp-${calls}`,
          object: 'response',
          created_at: 0,
          model: 'scripted',
          status: 'completed',
          output: [
            {
              type: 'function_call',
              id: `fc-${calls}`,
              call_id: `call-${calls}`,
              name: 'look',
              arguments: '{}',
              status: 'completed',
            },
          ],
          usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
        });
      },
    });
    const look = {
      type: 'function' as const,
      name: 'look',
      strict: true,
      parameters: { type: 'object', properties: {}, required: [], additionalProperties: false },
    };
    const runner = new ResponsesToolRunner({ functions: [{ tool: look, execute: () => 'nothing there' }] });
    const run = runner.run(client, { model: 'scripted', input: 'go' }, options);
    await expect(run).rejects.toThrow(expected === 'refused' ? /maxSteps|safe integer|invalid/i : /maxSteps|step/i);
    expect(calls).toBe(expected === 'refused' ? 0 : expected);
  });
});

describe('MCP', () => {
  test('callTool is one call of a tool; a server can ask the model of its client', async () => {
    const [here, there] = InMemoryTransport.createLinkedPair();
    const server = new McpServer({ name: 'server', version: '1' });
    let sampled = 0;
    server.registerTool('ask', { description: 'Asks.' }, async () => {
      const answer = await server.server.createMessage({
        messages: [{ role: 'user', content: { type: 'text', text: 'go' } }],
        maxTokens: 1,
      });
      return { content: [{ type: 'text', text: JSON.stringify(answer.content) }] };
    });
    const client = new Client({ name: 'client', version: '1' }, { capabilities: { sampling: {} } });
    client.setRequestHandler(CreateMessageRequestSchema, () => {
      sampled++;
      return { model: 'scripted', role: 'assistant', content: { type: 'text', text: 'done' } };
    });
    await Promise.all([client.connect(here), server.connect(there)]);
    await client.callTool({ name: 'ask' });
    await client.callTool({ name: 'ask' });
    expect(sampled).toBe(2);
    await client.close();
  });
});
