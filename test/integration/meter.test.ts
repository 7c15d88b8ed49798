// The meter on the real clients against a provider of our own over HTTP: `openai`, `@anthropic-ai/sdk` and the AI SDK, plain
// and streamed, blocked, downgraded, cut off, with 200 requests of 20 users at once.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createOpenAI } from '@ai-sdk/openai';
import Anthropic from '@anthropic-ai/sdk';
import { generateText, stepCountIs, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CapReachedError, isCapError, runSummary, type TripError, withRun } from '../../runtime/src/index.ts';
import { createMeter, type MeterOptions, type MeterRecord } from '../../runtime/src/meter/index.ts';

type Asked = { model: string; stream?: boolean; stream_options?: { include_usage?: boolean }; user?: string };

/** What the provider was asked, in order. */
let asked: Asked[] = [];
/** How the provider treats the next requests. */
let behaviour: 'well' | 'cut' | 'busy' = 'well';
let base = '';
/** What every answer uses. */
const USED = { input: 1_000, output: 500, cached: 400 };
const WORDS = 'The quick brown fox jumps over the lazy dog. '.repeat(20);

const sse = (response: ServerResponse, events: readonly [string | undefined, unknown][]): void => {
  response.setHeader('content-type', 'text/event-stream');
  const text = events.map(
    ([event, data]) =>
      `${event ? `event: ${event}\n` : ''}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`,
  );
  if (behaviour === 'cut') response.write(text.join(''), () => response.destroy());
  else response.end(text.join(''));
};
const chunks = WORDS.match(/.{1,40}/gs)!;

const openai = (request: Asked, response: ServerResponse): void => {
  const usage = {
    prompt_tokens: USED.input,
    completion_tokens: USED.output,
    total_tokens: USED.input + USED.output,
    prompt_tokens_details: { cached_tokens: USED.cached },
  };
  const common = { id: 'c', created: 1, model: request.model };
  if (!request.stream) {
    const choices = [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: WORDS } }];
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ...common, object: 'chat.completion', choices, usage }));
    return;
  }
  const chunk = (delta: object, finish_reason: string | null = null) => ({
    ...common,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason }],
  });
  const spoken = chunks.map((content): [undefined, unknown] => [undefined, chunk({ content })]);
  const withUsage = request.stream_options?.include_usage === true;
  sse(response, [
    ...spoken,
    ...(behaviour === 'cut' ? [] : ([[undefined, chunk({}, 'stop')]] as [undefined, unknown][])),
    ...(withUsage && behaviour === 'well'
      ? [[undefined, { ...common, object: 'chat.completion.chunk', choices: [], usage }] as [undefined, unknown]]
      : []),
    ...(behaviour === 'cut' ? [] : ([[undefined, '[DONE]']] as [undefined, unknown][])),
  ]);
};

const anthropic = (request: Asked, response: ServerResponse): void => {
  // Anthropic counts cached tokens beside the input.
  const usage = {
    input_tokens: USED.input - USED.cached,
    cache_read_input_tokens: USED.cached,
    cache_creation_input_tokens: 0,
  };
  const message = {
    id: 'm',
    type: 'message',
    role: 'assistant',
    model: request.model,
    stop_reason: null,
    stop_sequence: null,
  };
  if (!request.stream) {
    response.setHeader('content-type', 'application/json');
    const content = [{ type: 'text', text: WORDS }];
    response.end(
      JSON.stringify({ ...message, content, stop_reason: 'end_turn', usage: { ...usage, output_tokens: USED.output } }),
    );
    return;
  }
  sse(response, [
    [
      'message_start',
      { type: 'message_start', message: { ...message, content: [], usage: { ...usage, output_tokens: 1 } } },
    ],
    ['content_block_start', { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }],
    ...chunks.map((text): [string, unknown] => [
      'content_block_delta',
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } },
    ]),
    ['content_block_stop', { type: 'content_block_stop', index: 0 }],
    [
      'message_delta',
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: USED.output },
      },
    ],
    ['message_stop', { type: 'message_stop' }],
  ]);
};

const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const parsed = JSON.parse(body) as Asked;
  asked.push(parsed);
  if (behaviour === 'busy') {
    response.statusCode = 429;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ error: { type: 'rate_limit', message: 'slow down' } }));
  } else if (request.url?.endsWith('/messages')) anthropic(parsed, response);
  else openai(parsed, response);
};
const server = createServer((request, response) => void serve(request, response));

beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
  behaviour = 'well';
});

const PRICES = {
  big: { input: 10, output: 30, cacheRead: 1 },
  small: { input: 1, output: 3, cacheRead: 0.1 },
};
/** A call on `big`, on `small`. */
const COST = { big: (600 * 10 + 400 * 1 + 500 * 30) / 1e6, small: (600 * 1 + 400 * 0.1 + 500 * 3) / 1e6 };

const setUp = (options: Partial<MeterOptions> = {}) => {
  const records: MeterRecord[] = [];
  const meter = createMeter({
    plans: { free: 0, pro: 29, business: 99 },
    prices: PRICES,
    cheaper: { big: 'small' },
    velocity: false,
    deliver: batch => void records.push(...batch),
    ...options,
  });
  return { meter, records };
};
const clients = () => ({
  openai: new OpenAI({ apiKey: 'k', baseURL: base, maxRetries: 0 }),
  anthropic: new Anthropic({ apiKey: 'k', baseURL: base, maxRetries: 0 }),
});
const messages = [{ role: 'user' as const, content: WORDS.repeat(5) }];
const ask = { model: 'big', messages, max_tokens: 600 };
const withUsage = { stream_options: { include_usage: true } };
const drain = async (stream: unknown): Promise<number> => {
  let parts = 0;
  for await (const _ of stream as AsyncIterable<unknown>) parts++;
  return parts;
};

describe.each(['openai', 'anthropic'] as const)('%s', name => {
  const who = { userId: 'ada', plan: 'pro', feature: 'fox' };

  it('gives the answer unchanged and counts what the provider says, caches included', async () => {
    const { meter, records } = setUp();
    const answer = await withRun('metered', async run => {
      const given = await meter.chat(clients()[name], { ...ask, ...who });
      expect(runSummary(run)).toMatchObject({ modelCalls: 1, tokens: 1_500 });
      return given;
    });
    const plain =
      name === 'openai'
        ? await clients().openai.chat.completions.create(ask)
        : await clients().anthropic.messages.create(ask);
    expect(answer).toEqual(plain);
    expect(asked[0]).toEqual(ask);
    await meter.flush();
    expect(records).toEqual([
      {
        ...who,
        id: meter.lastEventId,
        time: expect.any(Number),
        durationMs: expect.any(Number),
        model: 'big',
        inputTokens: 1_000,
        outputTokens: 500,
        usd: COST.big,
        outcome: 'ok',
      },
    ]);
    expect((await meter.spentBy('ada')).usd).toBeCloseTo(COST.big, 9);
  });

  it('settles a stream when it ends', async () => {
    const { meter, records } = setUp();
    const stream = await meter.chat(clients()[name], {
      ...ask,
      ...who,
      stream: true,
      ...(name === 'openai' ? { stream_options: { include_usage: true } } : {}),
    });
    expect((await meter.spentBy('ada')).reserved).toBeGreaterThan(COST.big);
    expect(await drain(stream)).toBeGreaterThan(chunks.length);
    await meter.flush();
    expect(records).toMatchObject([{ inputTokens: 1_000, outputTokens: 500, outcome: 'ok' }]);
    expect(records[0]!.usd).toBeCloseTo(COST.big, 9);
    expect(await meter.spentBy('ada')).toMatchObject({ reserved: 0, calls: 1 });
  });

  it('a stream that is cut, or left, counts as what was said, and says that it is an estimate', async () => {
    const { meter, records } = setUp();
    const left = (await meter.chat(clients()[name], { ...ask, ...who, stream: true })) as AsyncIterable<unknown>;
    let parts = 0;
    for await (const _ of left) if (++parts === 10) break;
    behaviour = 'cut';
    if (name === 'openai') {
      const cut = await meter.chat(clients()[name], { ...ask, ...who, stream: true });
      await expect(drain(cut)).rejects.toThrow();
    }
    await meter.flush();
    expect(await meter.spentBy('ada')).toMatchObject({ reserved: 0 });
    expect(records[0]).toMatchObject({ outcome: 'ok' });
    expect(records[0]!.usd).toBeGreaterThan(0);
    if (name === 'anthropic') return;
    expect(records[0]!.estimated).toBe(true);
    expect(records[1]).toMatchObject({ outcome: 'error', estimated: true });
    // About two hundred tokens were said.
    expect(records[1]!.outputTokens).toBeGreaterThan(150);
    expect(records[1]!.outputTokens).toBeLessThan(260);
  });

  it('a stream that nobody reads is settled when it is thrown away', async () => {
    const { meter } = setUp();
    await (async () => void (await meter.chat(clients()[name], { ...ask, ...who, stream: true })))();
    expect((await meter.spentBy('ada')).reserved).toBeGreaterThan(0);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    while ((await meter.spentBy('ada')).reserved > 0) {
      collect();
      await new Promise(resolve => setImmediate(resolve));
    }
    expect(await meter.spentBy('ada')).toMatchObject({ calls: 1, usd: expect.any(Number) });
  });

  it('blocks before the request, and tells its error from the provider’s', async () => {
    const { meter, records } = setUp();
    const blocked = await meter.chat(clients()[name], { ...ask, ...who, plan: 'free' }).catch(error => error);
    expect(blocked).toBeInstanceOf(CapReachedError);
    expect(blocked).toMatchObject({
      planName: 'free',
      userId: 'ada',
      cap: 0,
      trip: { user: 'ada', feature: 'fox', reason: 'cap' },
    });
    const again = await meter
      .chat(clients()[name], { ...ask, ...who, plan: 'free' })
      .catch(error => error as TripError);
    // Journalled once, however often it is tried.
    expect((again as TripError).trip.id).toBe((blocked as TripError).trip.id);
    expect(asked).toEqual([]);
    behaviour = 'busy';
    const busy = await meter.chat(clients()[name], { ...ask, ...who }).catch(error => error);
    expect(isCapError(busy)).toBe(false);
    expect(busy).toMatchObject({ status: 429 });
    await meter.flush();
    expect(records).toMatchObject([{ outcome: 'error', usd: 0 }]);
    expect(await meter.spentBy('ada')).toMatchObject({ usd: 0, reserved: 0 });
  });

  it('downgrades, and the workflow completes', async () => {
    const { meter, records } = setUp({ plans: { pro: 0.06 }, onCap: 'downgrade' });
    for (let turn = 0; turn < 6; turn++) {
      const streamed = turn % 2 === 1 ? { stream: true, ...(name === 'openai' ? withUsage : {}) } : {};
      const answer = await meter.chat(clients()[name], { ...ask, ...who, ...streamed });
      if (turn % 2 === 1) await drain(answer);
    }
    await meter.flush();
    expect(asked.map(({ model }) => model)).toEqual(['big', 'big', 'small', 'small', 'small', 'small']);
    expect(records.at(-1)).toMatchObject({ model: 'small', downgradedFrom: 'big' });
    expect(meter.recommend()).toMatchObject([{ feature: 'fox', model: 'big', cheaper: 'small' }]);
  });
});

describe.each([false, true])('200 requests of 20 users at once (streamed: %s)', stream => {
  it('attribution is exact, and no cap is overshot', async () => {
    // Six calls fit at what they really cost; how many are admitted at once depends on their worst case.
    const { meter, records } = setUp({ plans: { pro: 0.14 } });
    const { openai: client, anthropic: other } = clients();
    const extra = stream ? { stream: true, stream_options: { include_usage: true } } : {};
    let most = 0;
    const results = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) =>
        meter.withUser({ userId: `u${index % 20}`, plan: 'pro', feature: `f${index % 3}` }, async () => {
          const half = index % 2 === 0;
          const answer = await meter.chat(half ? client : other, {
            ...ask,
            user: `u${index % 20}`,
            ...(half ? extra : { stream }),
          });
          const { usd, reserved } = await meter.spentBy(`u${index % 20}`);
          most = Math.max(most, usd + reserved);
          if (stream) await drain(answer);
        }),
      ),
    );
    await meter.flush();
    for (const result of results) if (result.status === 'rejected') expect(isCapError(result.reason)).toBe(true);
    const passed = results.filter(({ status }) => status === 'fulfilled').length;
    expect(records).toHaveLength(passed);
    expect(asked).toHaveLength(passed);
    expect(most).toBeLessThanOrEqual(0.14 + 1e-9);
    console.log(
      `meter: ${passed} of 200 requests passed, at most $${most.toFixed(4)} of $0.14 spent or held, streamed: ${stream}`,
    );
    for (let user = 0; user < 20; user++) {
      const own = records.filter(({ userId }) => userId === `u${user}`);
      const { usd, reserved, calls } = await meter.spentBy(`u${user}`);
      expect(asked.filter(request => request.user === `u${user}`)).toHaveLength(own.length);
      expect(calls).toBe(own.length);
      expect(own.length).toBeGreaterThanOrEqual(4);
      expect(usd).toBeCloseTo(own.length * COST.big, 9);
      expect(usd).toBeLessThanOrEqual(0.14);
      expect(reserved).toBe(0);
    }
    const passedFor = results.flatMap(({ status }, index) =>
      status === 'fulfilled' ? [`u${index % 20} f${index % 3}`] : [],
    );
    expect(records.map(({ userId, feature }) => `${userId} ${feature}`).sort()).toEqual(passedFor.sort());
  });
});

describe('AI SDK', () => {
  const provider = () => createOpenAI({ apiKey: 'k', baseURL: base });
  const who = { userId: 'ada', plan: 'pro', feature: 'fox' };

  it('generateText: every request of its steps is metered', async () => {
    const { meter, records } = setUp();
    const result = (await meter.chat(generateText as never, {
      ...who,
      model: provider().chat('big'),
      prompt: WORDS.repeat(5),
      maxOutputTokens: 600,
      stopWhen: stepCountIs(3),
      tools: { look: tool({ inputSchema: z.object({}), execute: async () => 'nothing' }) },
    })) as Awaited<ReturnType<typeof generateText>>;
    expect(result.text).toBe(WORDS);
    await meter.flush();
    expect(records).toMatchObject([{ model: 'big', inputTokens: 1_000, outputTokens: 500, feature: 'fox' }]);
    expect(records[0]!.usd).toBeCloseTo(COST.big, 9);
  });

  it('streamText: settled when the stream ends', async () => {
    const { meter, records } = setUp();
    const result = (await meter.chat((async (request: never) => streamText(request)) as never, {
      ...who,
      model: provider().chat('big'),
      prompt: WORDS.repeat(5),
    })) as ReturnType<typeof streamText>;
    let text = '';
    for await (const part of result.textStream) text += part;
    expect(text).toBe(WORDS);
    await meter.flush();
    expect(records).toMatchObject([{ model: 'big', inputTokens: 1_000, outputTokens: 500, outcome: 'ok' }]);
    expect(await meter.spentBy('ada')).toMatchObject({ reserved: 0, calls: 1 });
  });

  it('blocks before the request, also a stream, and downgrades to the model that is given for it', async () => {
    const { meter } = setUp();
    for (const call of [generateText, streamText]) {
      const blocked = meter.chat(call as never, { ...who, plan: 'free', model: provider().chat('big'), prompt: 'x' });
      await expect(blocked).rejects.toThrow(CapReachedError);
    }
    expect(asked).toEqual([]);
    const cheap = setUp({ plans: { pro: 0.05 }, onCap: 'downgrade', models: { small: provider().chat('small') } });
    for (let turn = 0; turn < 3; turn++) {
      await cheap.meter.chat(generateText as never, {
        ...who,
        model: provider().chat('big'),
        prompt: 'x',
        maxOutputTokens: 600,
      });
    }
    await cheap.meter.flush();
    expect(asked.map(({ model }) => model)).toEqual(['big', 'big', 'small'].slice(0, asked.length));
    expect(cheap.records.at(-1)).toMatchObject({ model: 'small', downgradedFrom: 'big' });
  });
});
