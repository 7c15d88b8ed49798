// Adapters against the real packages with scripted models and a local server; no network beyond loopback.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tool } from '@langchain/core/tools';
import { FakeListChatModel } from '@langchain/core/utils/testing';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { guardClient } from '../../runtime/src/adapters/client.ts';
import { loopboundCallbacks } from '../../runtime/src/adapters/langchain.ts';
import { BudgetExceededError, LoopDetectedError, tripOf, withRun } from '../../runtime/src/index.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});
const rejected = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return expect.fail('nothing was thrown');
};

describe('langgraph', () => {
  const graphOf = (responses: string[], seen: string[]) => {
    const model = new FakeListChatModel({ responses });
    const State = Annotation.Root({ draft: Annotation<string>, turns: Annotation<number> });
    return new StateGraph(State)
      .addNode('write', async (state, config) => {
        const reply = await model.invoke(`improve: ${state.draft}`, config);
        seen.push(reply.text);
        return { draft: reply.text, turns: state.turns + 1 };
      })
      .addEdge(START, 'write')
      .addConditionalEdges('write', state => (state.draft === 'good' ? END : 'write'), ['write', END])
      .compile();
  };

  it('a budget halts the graph with the typed error, before the request', async () => {
    const seen: string[] = [];
    const graph = graphOf(['a', 'b'], seen);
    const error = await rejected(
      graph.invoke(
        { draft: 'x', turns: 0 },
        { recursionLimit: 1_000, callbacks: [loopboundCallbacks({ model: { budget: { maxCalls: 5 }, loop: false } })] },
      ),
    );
    expect(tripOf(error)).toBeInstanceOf(BudgetExceededError);
    expect(seen).toHaveLength(5);
  });

  it('a loop halts it too, also in a stream', async () => {
    for (const stream of [false, true]) {
      const seen: string[] = [];
      const graph = graphOf(['same'], seen);
      const config = { recursionLimit: 1_000, callbacks: [loopboundCallbacks()] };
      const run = async (): Promise<void> => {
        if (!stream) await graph.invoke({ draft: 'same', turns: 0 }, config);
        else for await (const chunk of await graph.stream({ draft: 'same', turns: 0 }, config)) void chunk;
      };
      expect(tripOf(await rejected(withRun('r', run)))).toBeInstanceOf(LoopDetectedError);
      expect(seen).toHaveLength(2);
    }
  });

  it('changes nothing when nothing trips', async () => {
    const input = { draft: 'x', turns: 0 };
    const plain = await graphOf(['a', 'b', 'good'], []).invoke(input);
    const guarded = await graphOf(['a', 'b', 'good'], []).invoke(input, { callbacks: [loopboundCallbacks()] });
    expect(guarded).toEqual(plain);
  });

  it('guards tools', async () => {
    let ran = 0;
    const search = tool(
      async () => {
        ran++;
        return 'nothing';
      },
      { name: 'search', description: 'd', schema: { type: 'object', properties: { q: { type: 'string' } } } },
    );
    const config = { callbacks: [loopboundCallbacks()] };
    await withRun('r', async () => {
      await search.invoke({ q: 'x' }, config);
      await search.invoke({ q: 'x' }, config);
      expect(tripOf(await rejected(search.invoke({ q: 'x' }, config)))).toMatchObject({
        reason: 'loop',
        pattern: ['search'],
      });
    });
    expect(ran).toBe(2);
  });
});

describe('openai', () => {
  const server = async (): Promise<{ client: OpenAI; requests: () => number }> => {
    let requests = 0;
    const http = createServer((request, response) => {
      let body = '';
      request.on('data', chunk => {
        body += chunk;
      });
      request.on('end', () => {
        requests++;
        const { stream, model } = JSON.parse(body);
        const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
        const base = { id: `chatcmpl-${requests}`, created: requests, model };
        if (!stream) {
          response.setHeader('content-type', 'application/json');
          const message = { role: 'assistant', content: `reply ${requests}` };
          response.end(
            JSON.stringify({
              ...base,
              object: 'chat.completion',
              choices: [{ index: 0, message, finish_reason: 'stop' }],
              usage,
            }),
          );
          return;
        }
        response.setHeader('content-type', 'text/event-stream');
        for (const content of ['a', 'b']) {
          response.write(
            `data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }] })}\n\n`,
          );
        }
        response.write(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices: [], usage })}\n\n`);
        response.end('data: [DONE]\n\n');
      });
    });
    await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      http.closeAllConnections();
      http.close();
    });
    const { port } = http.address() as AddressInfo;
    return {
      client: new OpenAI({ apiKey: 'k', baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 0 }),
      requests: () => requests,
    };
  };
  const ask = (content: string) => ({ model: 'gpt-test', messages: [{ role: 'user' as const, content }] });

  it('200 parallel requests overshoot a budget by nothing', async () => {
    const { client, requests } = await server();
    guardClient(client, { loop: false, budget: { maxUsd: 1 }, estimate: () => ({ usd: 0.05 }), cost: () => 0.05 });
    const results = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) => client.chat.completions.create(ask(`q${index}`))),
    );
    expect(results.filter(result => result.status === 'fulfilled')).toHaveLength(20);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(BudgetExceededError);
    expect(requests()).toBe(20);
  });

  it('the answer, withResponse() and errors stay the client’s own', async () => {
    const { client } = await server();
    guardClient(client);
    const { data, response } = await client.chat.completions.create(ask('x')).withResponse();
    expect(data.choices[0]?.message.content).toBe('reply 1');
    expect(response.status).toBe(200);
  });

  it('streams settle when they end, and when they are left', async () => {
    const { client } = await server();
    guardClient(client, { loop: false, budget: { maxTokens: 200 }, estimate: () => ({ tokens: 120 }) });
    const stream = await client.chat.completions.create({
      ...ask('x'),
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(await rejected(Promise.resolve(client.chat.completions.create(ask('y'))))).toBeInstanceOf(
      BudgetExceededError,
    );
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe('ab');
    expect(await rejected(Promise.resolve(client.chat.completions.create(ask('z'))))).toMatchObject({
      evidence: { limit: 200, observed: 240, unit: 'tokens' },
    });
    const left = guardClient((await server()).client, { loop: false, budget: { maxCalls: 1 } });
    for await (const chunk of await left.chat.completions.create({ ...ask('x'), stream: true })) {
      void chunk;
      break;
    }
    expect(await rejected(Promise.resolve(left.chat.completions.create(ask('y'))))).toBeInstanceOf(BudgetExceededError);
  });
});
