// Follows streamed answers of model clients from the side: their text and usage, without changing what the reader gets.

import { type Usage, usageOf } from './usage.ts';

/** A part of an answer without the ids that are new each time. */
export const strip = (part: unknown): unknown => {
  if (typeof part !== 'object' || part === null) return part;
  if (Array.isArray(part)) return part.map(strip);
  return Object.fromEntries(
    Object.entries(part)
      .filter(([key]) => key !== 'id' && key !== 'call_id')
      .map(([key, value]) => [key, strip(value)]),
  );
};

/** A stream of a client. */
export type Stream = AsyncIterable<unknown> & { [Symbol.asyncIterator]: () => AsyncIterator<unknown> };

/** Whether an answer is a stream. */
export const isStream = (value: unknown): value is Stream =>
  typeof value === 'object' && value !== null && typeof (value as Stream)[Symbol.asyncIterator] === 'function';

/** Follows a stream as its reader reads it; settles when it ends, fails or is left. */
export const watchStream = (
  stream: Stream,
  told: { ended(usage: Usage | undefined, text: string): void; failed(error: unknown): void },
): void => {
  // The official clients' streams open every reader with `iterator`, `tee()` too.
  const at = typeof (stream as { iterator?: unknown }).iterator === 'function' ? 'iterator' : Symbol.asyncIterator;
  const open = (stream as unknown as Record<typeof at, () => AsyncIterator<unknown>>)[at].bind(stream);
  let usage: Usage | undefined;
  let text = '';
  const see = (chunk: unknown): void => {
    const { response, message, usage: own, choices, delta } = (chunk ?? {}) as Record<string, unknown>;
    // OpenAI: last chunk or `response.completed`; Anthropic: `message_start` and `message_delta`.
    const found = usageOf(response) ?? usageOf(message) ?? (own ? usageOf(chunk) : undefined);
    if (found) {
      usage = {
        inputTokens: Math.max(usage?.inputTokens ?? 0, found.inputTokens),
        outputTokens: Math.max(usage?.outputTokens ?? 0, found.outputTokens),
      };
    }
    const piece = Array.isArray(choices) ? choices[0]?.delta : delta;
    if (piece !== undefined && text.length < 64_000)
      text += typeof piece === 'string' ? piece : JSON.stringify(strip(piece));
  };
  const settle = (): void => told.ended(usage, text);
  const watched = (): AsyncIterator<unknown> => {
    const inner = open();
    return {
      async next(...args: [] | [unknown]) {
        try {
          const step = await inner.next(...args);
          if (step.done) settle();
          else see(step.value);
          return step;
        } catch (error) {
          told.failed(error);
          throw error;
        }
      },
      async return(value?: unknown) {
        settle();
        return (await inner.return?.(value)) ?? { done: true, value };
      },
    };
  };
  Object.defineProperty(stream, at, { value: watched, configurable: true });
};
