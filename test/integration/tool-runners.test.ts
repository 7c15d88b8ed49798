// Loops inside model clients: what limits Anthropic's toolRunner and OpenAI's runTools. Run against the installed packages.

import Anthropic from '@anthropic-ai/sdk';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import OpenAI from 'openai';
import { ComputerToolset } from 'openai/helpers/computer';
import { DecisionsToolRunner } from 'openai/helpers/decisions-tool-runner';
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

/** An OpenAI client whose every answer is made by a function, with the number of requests. */
function scripted(answer: (call: number) => object) {
  const counter = { calls: 0 };
  const fetch = async () => {
    counter.calls++;
    return Response.json(answer(counter.calls));
  };
  return { counter, client: new OpenAI({ apiKey: 'scripted', maxRetries: 0, fetch }) };
}

describe('ComputerToolset', () => {
  test.each([
    [{}, 20],
    [{ maxSteps: undefined }, 20],
    [{ maxSteps: 6 }, 6],
    [{ maxSteps: 0 }, 'refused'],
    [{ maxSteps: -1 }, 'refused'],
    [{ maxSteps: null as never }, 'refused'],
    [{ maxSteps: Infinity }, 'refused'],
  ])('%o', async (options, expected) => {
    const { counter, client } = scripted(call => ({
      id: `resp-${call}`,
      object: 'response',
      status: 'completed',
      output: [
        {
          type: 'computer_call',
          id: `cc-${call}`,
          call_id: `call-${call}`,
          status: 'completed',
          pending_safety_checks: [],
          actions: [{ type: 'wait' }],
        },
      ],
    }));
    const idle = async () => undefined;
    const driver = {
      click: idle,
      double_click: idle,
      drag: idle,
      keypress: idle,
      move: idle,
      scroll: idle,
      type: idle,
      wait: idle,
      screenshot: async () => ({ type: 'computer_screenshot', image_url: 'data:image/png;base64,iVBORw0KGgo=' }),
    };
    const run = new ComputerToolset(driver as never).run(client, { model: 'scripted', input: 'go' }, options as never);
    await expect(run).rejects.toThrow(/maxSteps/);
    expect(counter.calls).toBe(expected === 'refused' ? 0 : expected);
  });
});

describe('DecisionsToolRunner', () => {
  test.each([
    [{}, 20],
    [{ maxSteps: undefined }, 20],
    [{ maxSteps: 6 }, 6],
    [{ maxSteps: 0 }, 'refused'],
    [{ maxSteps: -1 }, 'refused'],
    [{ maxSteps: null as never }, 'refused'],
    [{ maxSteps: Infinity }, 'refused'],
  ])('%o', async (options, expected) => {
    const { counter, client } = scripted(call => ({
      id: `dec-${call}`,
      object: 'decision',
      model: 'scripted',
      answers: [
        {
          name: 'next_action',
          type: 'choice',
          choice: 'look',
          confidence: 1,
          probabilities: [
            { value: 'look', probability: 1 },
            { value: 'done', probability: 0 },
          ],
        },
      ],
      usage: {
        input_tokens: 1,
        output_tokens: 1,
        total_tokens: 2,
        input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
        output_tokens_details: { reasoning_tokens: 0 },
      },
    }));
    const runner = new DecisionsToolRunner({
      observe: async () => 'nothing there',
      candidates: async () => [
        { id: 'look', description: 'Looks.', execute: async () => undefined },
        { id: 'done', description: 'Ends.', done: true },
      ],
      verify: async () => true,
    } as never);
    const run = runner.run(client, { model: 'scripted', input: 'go' }, options as never);
    const reason = expected === 'refused' ? 'invalid_params' : 'step_limit';
    await expect(run).rejects.toMatchObject({ reason });
    expect(counter.calls).toBe(expected === 'refused' ? 0 : expected);
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
