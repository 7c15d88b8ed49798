// LangChain middleware: what it adds to the requests of an agent, and what limits them. Run against the installed packages.

import { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { AIMessage, HumanMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { createDeepAgent } from 'deepagents';
import {
  createAgent,
  createMiddleware,
  llmToolSelectorMiddleware,
  modelCallLimitMiddleware,
  modelFallbackMiddleware,
  modelRetryMiddleware,
  summarizationMiddleware,
  todoListMiddleware,
  toolCallLimitMiddleware,
  toolRetryMiddleware,
} from 'langchain';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Runaway } from './count.ts';

let calls = 0;
let tries = 0;
let looks = 0;
beforeEach(() => {
  calls = 0;
  tries = 0;
  looks = 0;
});

/** Asks for a tool at every turn; with `failing` it throws instead. */
class Asking extends BaseChatModel {
  readonly #failing: boolean;
  readonly #limit: number;
  constructor({ failing = false, limit = Number.POSITIVE_INFINITY } = {}) {
    super({});
    this.#failing = failing;
    this.#limit = limit;
  }
  _llmType(): string {
    return 'scripted';
  }
  override bindTools() {
    return this;
  }
  async _generate() {
    if (this.#failing) {
      tries++;
      throw new Error('down');
    }
    if (calls === this.#limit) throw new Runaway(`${calls} calls and no end`);
    calls++;
    const message = new AIMessage({ content: 'x', tool_calls: [{ id: `call-${calls}`, name: 'look', args: {} }] });
    return { generations: [{ text: '', message }] };
  }
}
const look = tool(
  async () => {
    looks++;
    return 'nothing there';
  },
  { name: 'look', description: 'Looks.', schema: z.object({}) },
);
const fail = tool(
  async () => {
    looks++;
    throw new Error('down');
  },
  { name: 'look', description: 'Looks.', schema: z.object({}) },
);
const input = { messages: [new HumanMessage('go')] };

async function count(middleware: unknown[], more: object = {}, config: object = {}) {
  const agent = createAgent({ model: new Asking(), tools: [look], middleware: middleware as never[], ...more });
  try {
    await agent.invoke(input as never, config);
    return [calls, 'ends'];
  } catch (error) {
    if (error instanceof Error && /Recursion limit/.test(error.message)) return [calls, 'throws'];
    throw error;
  }
}
const idle = (hooks: string[]) =>
  createMiddleware({ name: 'idle', ...Object.fromEntries(hooks.map(hook => [hook, () => undefined])) } as never);

describe('supersteps of 25', () => {
  test.each([
    [[], 13],
    [['beforeModel'], 8],
    [['afterModel'], 9],
    [['beforeModel', 'afterModel'], 6],
    [['beforeAgent', 'afterAgent'], 12],
  ])('%o', async (hooks, expected) => {
    expect(await count([idle(hooks)])).toEqual([expected, 'throws']);
  });

  test('todoListMiddleware takes steps too', async () => {
    expect(await count([todoListMiddleware()])).toEqual([9, 'throws']);
  });

  test('Infinity is no limit', async () => {
    const agent = createAgent({ model: new Asking({ limit: 80 }), tools: [look] });
    await expect(agent.invoke(input, { recursionLimit: Number.POSITIVE_INFINITY })).rejects.toThrow(
      '80 calls and no end',
    );
  });
});

describe('limits', () => {
  test.each([
    [{ runLimit: 3 }, [3, 'ends']],
    [{ threadLimit: 4 }, [4, 'ends']],
    [{ runLimit: 5, threadLimit: 2 }, [2, 'ends']],
    [{}, [6, 'throws']],
  ])('modelCallLimitMiddleware(%o)', async (options, expected) => {
    expect(await count([modelCallLimitMiddleware(options)])).toEqual(expected);
  });

  test('modelCallLimitMiddleware can throw', async () => {
    await expect(count([modelCallLimitMiddleware({ runLimit: 3, exitBehavior: 'error' })])).rejects.toThrow(/limit/i);
    expect(calls).toBe(3);
  });

  test('toolCallLimitMiddleware ends at the request after its limit', async () => {
    expect(await count([toolCallLimitMiddleware({ runLimit: 2 })])).toEqual([3, 'ends']);
    expect(looks).toBe(2);
    calls = 0;
    expect(await count([toolCallLimitMiddleware({ runLimit: 2, exitBehavior: 'end' })])).toEqual([3, 'ends']);
  });

  test('toolCallLimitMiddleware of another tool limits nothing', async () => {
    expect(await count([toolCallLimitMiddleware({ toolName: 'other', runLimit: 2 })])).toEqual([9, 'throws']);
  });
});

describe('requests that middleware adds', () => {
  test('summarizationMiddleware asks before a turn', async () => {
    const summary = summarizationMiddleware({ model: new Asking(), trigger: { messages: 2 }, keep: { messages: 1 } });
    const [all] = await count([summary]);
    expect(all).toBeGreaterThan(9);
    expect(all).toBeLessThanOrEqual(9 + 8);
  });

  test('llmToolSelectorMiddleware asks before a request', async () => {
    class Selecting extends Asking {
      override withStructuredOutput() {
        return { invoke: async () => ({ tools: (calls++, ['look']) }) } as never;
      }
    }
    expect(await count([llmToolSelectorMiddleware({ model: new Selecting() })])).toEqual([26, 'throws']);
  });

  test.each([
    [{}, 3],
    [{ maxRetries: 1 }, 2],
    [{ maxRetries: 0 }, 1],
  ])('modelRetryMiddleware(%o)', async (options, expected) => {
    const retry = modelRetryMiddleware({ initialDelayMs: 0, jitter: false, onFailure: 'continue', ...options });
    const agent = createAgent({ model: new Asking({ failing: true }), tools: [look], middleware: [retry] });
    await agent.invoke(input);
    expect(tries).toBe(expected);
  });

  test('modelFallbackMiddleware asks one model after the other', async () => {
    const fallback = modelFallbackMiddleware(new Asking({ failing: true }), new Asking({ failing: true }));
    const agent = createAgent({ model: new Asking({ failing: true }), tools: [look], middleware: [fallback] });
    await expect(agent.invoke(input)).rejects.toThrow('down');
    expect(tries).toBe(3);
  });

  test.each([
    [{}, 3],
    [{ maxRetries: 1 }, 2],
  ])('toolRetryMiddleware(%o)', async (options, expected) => {
    const retry = toolRetryMiddleware({ initialDelayMs: 0, jitter: false, ...options });
    const agent = createAgent({ model: new Asking(), tools: [fail], middleware: [retry] });
    await expect(agent.invoke(input, { recursionLimit: 3 })).rejects.toThrow(/Recursion limit/);
    expect(looks).toBe(expected);
  });
});

test('runnables: withRetry tries three times by default, withFallbacks each once', async () => {
  const model = new Asking({ failing: true });
  await expect(model.withRetry({ onFailedAttempt: () => undefined }).invoke('go')).rejects.toThrow('down');
  expect(tries).toBe(3);
  tries = 0;
  await expect(model.withRetry({ stopAfterAttempt: 2 }).invoke('go')).rejects.toThrow('down');
  expect(tries).toBe(2);
  tries = 0;
  await expect(model.withFallbacks([new Asking({ failing: true })]).invoke('go')).rejects.toThrow('down');
  expect(tries).toBe(2);
});

test('createDeepAgent has 10,000 supersteps', async () => {
  const agent = createDeepAgent({ model: new Asking({ limit: 200 }) as never, tools: [look] });
  await expect(agent.invoke(input as never)).rejects.toThrow('200 calls and no end');
  calls = 0;
  const limited = createDeepAgent({ model: new Asking({ limit: 200 }) as never, tools: [look] });
  await expect(limited.invoke(input as never, { recursionLimit: 12 })).rejects.toThrow(/Recursion limit of 12/);
  expect(calls).toBeLessThanOrEqual(6);
});
