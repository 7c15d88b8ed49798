// OpenAI-shaped and Anthropic-shaped clients: guards `create` of chat completions, responses, messages and embeddings, and
// with it what is built on it: `stream`, `parse`, tool runners. The client's own promise is given back. Imports no client.

import type { GuardedCall } from '../core.ts';
import { usageOf } from '../index.ts';
import { isStream, strip, watchStream } from '../stream.ts';
import { type ModelOptions, modelGuard, outcomeOf } from './_agent.ts';

type Create = (request: Record<string, unknown>, ...more: unknown[]) => PromiseLike<unknown>;
type Resource = { create: Create };

/** Options of {@link guardClient}. `cost` gets the request and the usage, also of a stream that has ended. */
export type ClientOptions = ModelOptions;

const PATHS = [
  ['chat', 'completions'],
  ['responses'],
  ['messages'],
  ['beta', 'messages'],
  ['completions'],
  ['embeddings'],
] as const;

/** What of an answer tells progress; ids and times of the answer do not. */
const answerOf = (answer: unknown): unknown => {
  const { choices, output, content } = (answer ?? {}) as Record<string, unknown>;
  if (Array.isArray(choices)) return choices.map(choice => strip(choice?.message));
  return Array.isArray(output) ? output.map(strip) : Array.isArray(content) ? content.map(strip) : answer;
};

/** The promise of the official clients: its answer is parsed when somebody asks for it, and then only once. */
type LazyPromise = PromiseLike<unknown> & {
  parseResponse: (...args: unknown[]) => Promise<unknown>;
  parse: () => Promise<unknown>;
  asResponse: () => Promise<unknown>;
  _thenUnwrap?: (transform: (value: unknown, ...more: unknown[]) => unknown) => unknown;
};

const isLazy = (answer: PromiseLike<unknown>): answer is LazyPromise => {
  const { parseResponse, parse, asResponse } = answer as Partial<LazyPromise>;
  return typeof parseResponse === 'function' && typeof parse === 'function' && typeof asResponse === 'function';
};

/** Tells how a call ended without reading a body that its caller may want raw. */
const observe = (
  answer: PromiseLike<unknown>,
  told: { parsed(value: unknown): void; raw(): void; failed(error: unknown): void },
): void => {
  if (!isLazy(answer)) {
    answer.then(told.parsed, told.failed);
    return;
  }
  const { parseResponse } = answer;
  const parse = answer.parse.bind(answer);
  const asResponse = answer.asResponse.bind(answer);
  const unwrap = answer._thenUnwrap?.bind(answer);
  let parsing = false;
  let looked = false;
  const parsed = <T>(value: T): T => {
    if (!looked) told.parsed(value);
    looked = true;
    return value;
  };
  answer.parseResponse = async (...args) => {
    try {
      return parsed(await parseResponse.apply(answer, args));
    } catch (error) {
      told.failed(error);
      throw error;
    }
  };
  answer.parse = () => {
    parsing = true;
    return parse();
  };
  answer.asResponse = async () => {
    const response = await asResponse();
    if (!parsing) told.raw();
    return response;
  };
  // Helpers such as the client's own `parse` build their promise on this one's answer.
  if (unwrap) answer._thenUnwrap = transform => unwrap((value, ...more) => transform(parsed(value), ...more));
  asResponse().then(undefined, told.failed);
};

/** A rejection with the methods that the clients' promises have, so that helpers built on them see the trip. */
const refused = (error: unknown): Promise<never> => {
  const promise = Promise.reject(error);
  const again = (): Promise<never> => {
    // Whoever asks this way hears of it from the promise that he gets.
    promise.catch(() => undefined);
    return refused(error);
  };
  return Object.assign(promise, {
    withResponse: again,
    asResponse: again,
    parse: again,
    _thenUnwrap: again,
    _responseProps: again,
  });
};

/**
 * Guards a client in place and gives it back. A trip rejects the call before any request is made. Streams count as one
 * call that settles when the stream ends or is left. Without usage figures (a stream that was left, `asResponse()`) a call
 * counts as it was estimated.
 *
 * ```ts
 * import Anthropic from '@anthropic-ai/sdk';
 * import OpenAI from 'openai';
 * import { guardClient } from 'loopbound/adapters/client';
 *
 * export const openai = guardClient(new OpenAI({ apiKey: 'key' }), { budget: { maxTokens: 100_000 } });
 * export const anthropic = guardClient(new Anthropic({ apiKey: 'key' }), {
 *   budget: { maxUsd: 5 },
 *   cost: (_request, { inputTokens, outputTokens }) => (inputTokens * 3 + outputTokens * 15) / 1e6,
 * });
 * ```
 */
export const guardClient = <C extends object>(client: C, options: ClientOptions = {}): C => {
  const { estimate } = options;
  const shared = modelGuard(options);

  for (const path of PATHS) {
    let holder: unknown = client;
    for (const key of path) holder = (holder as Record<string, unknown> | undefined)?.[key];
    const resource = holder as Resource | undefined;
    if (typeof resource?.create !== 'function') continue;
    const create = resource.create.bind(resource);
    resource.create = (request, ...more) => {
      const { model, messages, input, tools, system, prompt } = request;
      let call: GuardedCall;
      try {
        call = shared.begin({
          name: typeof model === 'string' ? model : path.join('.'),
          input: { messages, input, tools, system, prompt },
          payload: { messages, input, tools, system, prompt },
          estimate: estimate?.(request),
        });
      } catch (error) {
        return refused(error);
      }
      let answer: PromiseLike<unknown>;
      try {
        answer = create(request, ...more);
      } catch (error) {
        call.fail(error);
        throw error;
      }
      observe(answer, {
        parsed: value => {
          if (isStream(value)) {
            watchStream(value, {
              ended: (usage, text) => call.succeed(text, outcomeOf(options, request, usage)),
              failed: error => call.fail(error),
            });
          } else call.succeed(answerOf(value), outcomeOf(options, request, usageOf(value)));
        },
        raw: () => call.succeed(undefined, outcomeOf(options, request, undefined)),
        failed: error => call.fail(error),
      });
      return answer;
    };
  }
  return client;
};
