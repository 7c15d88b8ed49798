// OpenAI-shaped and Anthropic-shaped clients: guards `create` of chat completions, responses and messages.
// The client's own promise is given back, so `withResponse()` and streaming stay as they are. Imports no client.

import type { GuardedCall, Outcome } from '../core.ts';
import { type GuardOptions, guard, type Usage, usageOf } from '../index.ts';
import { isStream, strip, watchStream } from '../stream.ts';

type Create = (request: Record<string, unknown>, ...more: unknown[]) => PromiseLike<unknown>;
type Resource = { create: Create };

/** Options of {@link guardClient}. `cost` gets the request and the usage, also of a stream that has ended. */
export type ClientOptions = Omit<GuardOptions, 'cost' | 'usage' | 'estimate' | 'signature' | 'result' | 'tokens'> & {
  /** Dollars of a call. */
  cost?: (request: { model?: string }, usage: Usage) => number;
  /** The worst case of a request, held while it runs: with it, parallel requests never overshoot a budget. */
  estimate?: (request: Record<string, unknown>) => { usd?: number; tokens?: number };
};

const PATHS = [['chat', 'completions'], ['responses'], ['messages'], ['completions'], ['embeddings']] as const;

/** What of an answer tells progress; ids and times of the answer do not. */
const answerOf = (answer: unknown): unknown => {
  const { choices, output, content } = (answer ?? {}) as Record<string, unknown>;
  if (Array.isArray(choices)) return choices.map(choice => strip(choice?.message));
  return Array.isArray(output) ? output.map(strip) : Array.isArray(content) ? content.map(strip) : answer;
};

/**
 * Guards a client in place and gives it back. A trip rejects the call before any request is made. Streams count as one
 * call that settles when the stream ends or is left.
 */
export const guardClient = <C extends object>(client: C, options: ClientOptions = {}): C => {
  const { cost, estimate, ...rest } = options;
  const shared = guard({ name: 'model', op: 'model', result: answerOf, ...rest } as GuardOptions);
  const known = (request: Record<string, unknown>, usage: Usage | undefined): Outcome => ({
    inputTokens: usage?.inputTokens ?? 0,
    outputTokens: usage?.outputTokens ?? 0,
    ...(cost && usage ? { usd: cost(request as { model?: string }, usage) } : {}),
  });

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
        return Promise.reject(error);
      }
      let answer: PromiseLike<unknown>;
      try {
        answer = create(request, ...more);
      } catch (error) {
        call.fail(error);
        throw error;
      }
      // Looked at from the side: the client parses once and hands the same object to both.
      answer.then(
        value => {
          if (isStream(value)) {
            watchStream(value, {
              ended: (usage, text) => call.succeed(text, known(request, usage)),
              failed: error => call.fail(error),
            });
          } else call.succeed(value, known(request, usageOf(value)));
        },
        error => call.fail(error),
      );
      return answer;
    };
  }
  return client;
};
