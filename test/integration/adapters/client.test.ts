// The client adapter on the real `openai` and `@anthropic-ai/sdk` against a local provider over HTTP, streams included.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { guardClient } from '../../../runtime/src/adapters/client.ts';
import {
  Budget,
  BudgetExceededError,
  LoopDetectedError,
  runSummary,
  systemClock,
  withRun,
} from '../../../runtime/src/index.ts';
import { rejected } from './shared.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

type Reply = { content: string } | { look: string };
type Body = { model: string; stream?: boolean; messages?: unknown[] };

/** A chat completion, whole or in pieces. */
const chat = (at: number, reply: Reply, { model, stream }: Body): object[] => {
  const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
  const base = { id: `chatcmpl-${at}`, created: at, model };
  const call = 'look' in reply && {
    id: `call-${at}`,
    type: 'function',
    function: { name: 'look', arguments: JSON.stringify({ q: reply.look }) },
  };
  const message = call ? { role: 'assistant', content: null, tool_calls: [call] } : { role: 'assistant', ...reply };
  const finish_reason = call ? 'tool_calls' : 'stop';
  if (!stream) return [{ ...base, object: 'chat.completion', choices: [{ index: 0, message, finish_reason }], usage }];
  const chunk = { ...base, object: 'chat.completion.chunk' };
  const deltas = call
    ? [{ tool_calls: [{ index: 0, ...call }] }]
    : [...(message.content ?? '')].map(content => ({ role: 'assistant', content }));
  return [
    ...deltas.map(delta => ({ ...chunk, choices: [{ index: 0, delta }] })),
    { ...chunk, choices: [{ index: 0, delta: {}, finish_reason }] },
    { ...chunk, choices: [], usage },
  ];
};

/** An answer of the responses API, whole or in pieces. */
const response = (at: number, reply: Reply, { model, stream }: Body): object[] => {
  const text = 'content' in reply ? reply.content : '';
  const item = {
    id: `msg-${at}`,
    type: 'message',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text, annotations: [] }],
  };
  const usage = { input_tokens: 100, output_tokens: 20, total_tokens: 120 };
  const whole = {
    id: `resp-${at}`,
    object: 'response',
    created_at: at,
    model,
    status: 'completed',
    output: [item],
    usage,
  };
  if (!stream) return [whole];
  return [
    { type: 'response.created', response: { ...whole, output: [], usage: null, status: 'in_progress' } },
    { type: 'response.output_item.added', output_index: 0, item: { ...item, content: [] } },
    {
      type: 'response.content_part.added',
      output_index: 0,
      content_index: 0,
      item_id: item.id,
      part: { ...item.content[0], text: '' },
    },
    ...[...text].map(delta => ({
      type: 'response.output_text.delta',
      output_index: 0,
      content_index: 0,
      item_id: item.id,
      delta,
    })),
    { type: 'response.completed', response: whole },
  ];
};

/** A message of Anthropic, whole or in pieces. */
const message = (at: number, reply: Reply, { model, stream }: Body): object[] => {
  const block =
    'look' in reply
      ? { type: 'tool_use', id: `toolu-${at}`, name: 'look', input: { q: reply.look } }
      : { type: 'text', text: reply.content };
  const stop_reason = 'look' in reply ? 'tool_use' : 'end_turn';
  const usage = { input_tokens: 100, output_tokens: 20 };
  const whole = {
    id: `msg-${at}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [block],
    stop_reason,
    stop_sequence: null,
    usage,
  };
  if (!stream) return [whole];
  const delta =
    'look' in reply
      ? { type: 'input_json_delta', partial_json: JSON.stringify({ q: reply.look }) }
      : { type: 'text_delta', text: reply.content };
  return [
    {
      type: 'message_start',
      message: { ...whole, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } },
    },
    {
      type: 'content_block_start',
      index: 0,
      content_block: 'look' in reply ? { ...block, input: {} } : { ...block, text: '' },
    },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 20 } },
    { type: 'message_stop' },
  ];
};

/** A provider of both shapes; `reply` says what it answers to the nth request. */
const provider = async (reply: (at: number) => Reply = at => ({ content: `reply ${at}` })) => {
  const bodies: Body[] = [];
  const http = createServer((request, answer) => {
    let text = '';
    request.on('data', chunk => {
      text += chunk;
    });
    request.on('end', () => {
      const body = JSON.parse(text) as Body;
      const at = bodies.push(body);
      const make = request.url?.includes('messages') ? message : request.url?.includes('responses') ? response : chat;
      const parts = make(at, reply(at), body) as { type?: string }[];
      if (!body.stream) {
        answer.setHeader('content-type', 'application/json');
        answer.end(JSON.stringify(parts[0]));
        return;
      }
      answer.setHeader('content-type', 'text/event-stream');
      for (const part of parts) {
        answer.write(`${make === chat ? '' : `event: ${part.type}\n`}data: ${JSON.stringify(part)}\n\n`);
      }
      answer.end(make === chat ? 'data: [DONE]\n\n' : undefined);
    });
  });
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    http.closeAllConnections();
    http.close();
  });
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    bodies,
    openai: new OpenAI({ apiKey: 'k', baseURL: `${url}/v1`, maxRetries: 0 }),
    anthropic: new Anthropic({ apiKey: 'k', baseURL: url, maxRetries: 0 }),
  };
};

const chatRequest = (content: string) => ({ model: 'gpt-test', messages: [{ role: 'user' as const, content }] });
const messageRequest = (content: string) => ({ ...chatRequest(content), model: 'claude-test', max_tokens: 100 });
const drain = async (stream: AsyncIterable<unknown>): Promise<unknown[]> => {
  const parts: unknown[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
};
/** The ways to ask, by name: each makes one request with these words and reads its whole answer. */
type Ways = Record<string, (words: string) => Promise<unknown>>;
const openaiWays = (client: OpenAI): Ways => ({
  'chat.completions.create': words => client.chat.completions.create(chatRequest(words)),
  'chat.completions.create, streamed': async words =>
    drain(
      await client.chat.completions.create({
        ...chatRequest(words),
        stream: true,
        stream_options: { include_usage: true },
      }),
    ),
  'chat.completions.stream': words =>
    client.chat.completions
      .stream({ ...chatRequest(words), stream_options: { include_usage: true } })
      .finalChatCompletion(),
  'chat.completions.parse': words => client.chat.completions.parse(chatRequest(words)),
  'responses.create': words => client.responses.create({ model: 'gpt-test', input: words }),
  'responses.create, streamed': async words =>
    drain(await client.responses.create({ model: 'gpt-test', input: words, stream: true })),
  'responses.stream': words => client.responses.stream({ model: 'gpt-test', input: words }).finalResponse(),
  'withResponse()': async words => (await client.chat.completions.create(chatRequest(words)).withResponse()).data,
});
const anthropicWays = (client: Anthropic): Ways => ({
  'messages.create': words => client.messages.create(messageRequest(words)),
  'messages.create, streamed': async words =>
    drain(await client.messages.create({ ...messageRequest(words), stream: true })),
  'messages.stream': words => client.messages.stream(messageRequest(words)).finalMessage(),
  'beta.messages.create': words => client.beta.messages.create(messageRequest(words)),
  'beta.messages.stream': words => client.beta.messages.stream(messageRequest(words)).finalMessage(),
  'withResponse()': async words => (await client.messages.create(messageRequest(words)).withResponse()).data,
});
const kinds = { openai: Object.keys(openaiWays({} as OpenAI)), anthropic: Object.keys(anthropicWays({} as Anthropic)) };
const ways = (
  kind: keyof typeof kinds,
  { openai, anthropic }: Awaited<ReturnType<typeof provider>>,
  guarded: object | undefined,
): Ways => {
  if (kind === 'openai') return openaiWays(guarded ? guardClient(openai, guarded) : openai);
  return anthropicWays(guarded ? guardClient(anthropic, guarded) : anthropic);
};

describe.each(
  Object.entries(kinds).flatMap(([kind, names]) => names.map(name => ({ kind: kind as keyof typeof kinds, name }))),
)('$kind $name', ({ kind, name }) => {
  it('settles what the answer says, and the request after the budget is not made', async () => {
    const server = await provider();
    const ask = ways(kind, server, { loop: false, budget: { maxTokens: 240 } })[name]!;
    await withRun('r', async () => {
      await ask('a');
      await ask('b');
      expect(await rejected(ask('c'))).toSatisfy(is(BudgetExceededError));
      expect(runSummary()).toMatchObject({ tokens: 240, modelCalls: 2, tripped: true });
    });
    expect(server.bodies).toHaveLength(2);
  });

  it('a loop and a kill reject with the typed error', async () => {
    const server = await provider(() => ({ content: 'the same' }));
    const ask = ways(kind, server, {})[name]!;
    await withRun('r', async () => {
      await ask('again');
      await ask('again');
      expect(await rejected(ask('again'))).toSatisfy(is(LoopDetectedError));
    });
    await withRun('r', async run => {
      run.stop('Enough.');
      expect(reasonOf(await rejected(ask('x')))).toBe('kill');
    });
    expect(server.bodies).toHaveLength(2);
  });

  it('gives what the client gives', async () => {
    const plain = await ways(kind, await provider(), undefined)[name]!('a');
    const guarded = await ways(kind, await provider(), {})[name]!('a');
    expect(JSON.parse(JSON.stringify(guarded))).toEqual(JSON.parse(JSON.stringify(plain)));
  });
});

/** Helpers of the clients put an error that is not theirs in an error of theirs, with its cause. */
const behind = (error: unknown): unknown => (error as Error).cause ?? error;
const is = (type: new (...args: never[]) => unknown) => (error: unknown) => behind(error) instanceof type;
const reasonOf = (error: unknown): unknown => (behind(error) as { reason?: unknown }).reason;

describe('openai', () => {
  it('200 parallel requests overshoot a budget by nothing', async () => {
    const { openai, bodies } = await provider();
    guardClient(openai, { loop: false, budget: { maxUsd: 1 }, estimate: () => ({ usd: 0.05 }), cost: () => 0.05 });
    const results = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) => openai.chat.completions.create(chatRequest(`q${index}`))),
    );
    expect(results.filter(result => result.status === 'fulfilled')).toHaveLength(20);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(BudgetExceededError);
    expect(bodies).toHaveLength(20);
  });

  it('a raw response stays unread, and its call is settled', async () => {
    const { openai } = await provider();
    guardClient(openai, { loop: false, budget: { maxCalls: 1 }, estimate: () => ({ tokens: 1 }) });
    const response = await openai.chat.completions.create(chatRequest('x')).asResponse();
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'reply 1' } }] });
    expect(await rejected(openai.chat.completions.create(chatRequest('y')).asResponse())).toMatchObject({
      reason: 'budget',
      evidence: { observed: 2 },
    });
  });

  it('errors of the provider stay its own, and cost nothing', async () => {
    const openai = new OpenAI({ apiKey: 'k', baseURL: 'http://127.0.0.1:9/v1', maxRetries: 0 });
    guardClient(openai, { budget: { maxTokens: 100 }, estimate: () => ({ tokens: 100 }) });
    for (let times = 0; times < 2; times++) {
      expect(await rejected(openai.chat.completions.create(chatRequest('x')))).toBeInstanceOf(
        OpenAI.APIConnectionError,
      );
    }
  });

  it('a stream that is left settles, and one of its two readers is enough', async () => {
    const { openai } = await provider();
    const budget = new Budget({ maxTokens: 1_000 }, systemClock);
    guardClient(openai, { loop: false, budget, estimate: () => ({ tokens: 150 }) });
    const streamed = { stream: true, stream_options: { include_usage: true } } as const;
    for await (const chunk of await openai.chat.completions.create({ ...chatRequest('x'), ...streamed })) {
      void chunk;
      break;
    }
    // What it cost is not known, so it counts as estimated.
    expect(budget.spent).toMatchObject({ tokens: 150, calls: 1 });
    const [left, right] = (await openai.chat.completions.create({ ...chatRequest('x'), ...streamed })).tee();
    expect(budget.reserved).toMatchObject({ tokens: 150, calls: 1 });
    expect(await drain(left)).toEqual(await drain(right));
    expect(budget.spent).toMatchObject({ tokens: 270, calls: 2 });
    expect(budget.reserved).toMatchObject({ tokens: 0, calls: 0 });
  });

  it('runTools ends with the trip', async () => {
    const { openai, bodies } = await provider(at => ({ look: `q${at}` }));
    guardClient(openai, { budget: { maxCalls: 4 } });
    const look = {
      type: 'function' as const,
      function: { name: 'look', description: 'd', parameters: {}, parse: JSON.parse, function: async () => 'no' },
    };
    const runner = openai.chat.completions.runTools({ ...chatRequest('x'), tools: [look] }, { maxChatCompletions: 40 });
    expect(reasonOf(await rejected(runner.done()))).toBe('budget');
    expect(bodies).toHaveLength(4);
    expect(runner.messages.at(-1)).toMatchObject({ role: 'tool', tool_call_id: 'call-4' });
  });
});

describe('anthropic', () => {
  it('the tool runner ends with the trip, and every call has a result', async () => {
    for (const stream of [false, true]) {
      const { anthropic, bodies } = await provider(at => ({ look: `q${at}` }));
      guardClient(anthropic, { budget: { maxCalls: 4 } });
      const look = {
        type: 'custom' as const,
        name: 'look',
        description: 'd',
        input_schema: z.toJSONSchema(z.object({ q: z.string() })) as never,
        run: async () => 'no',
        parse: (input: unknown) => input,
      };
      const runner = anthropic.beta.messages.toolRunner({
        ...messageRequest('x'),
        tools: [look],
        stream,
      } as never) as AsyncIterable<unknown> & {
        params: { messages: { role: string; content: { type: string; tool_use_id: string }[] }[] };
      };
      const read = async (): Promise<void> => {
        for await (const turn of runner) if (stream) await drain(turn as AsyncIterable<unknown>);
      };
      expect(reasonOf(await rejected(read()))).toBe('budget');
      expect(bodies).toHaveLength(4);
      expect(runner.params.messages.at(-1)).toMatchObject({
        content: [{ type: 'tool_result', tool_use_id: 'toolu-4' }],
      });
    }
  });
});
