// Follows streamed answers of model clients from the side: their text and usage, without changing what the reader gets.

import { estimateText } from './tokens.ts';
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

/** Where the parts of streams have what a model said, thought, or wants a tool to get. */
const SPOKEN = new Set([
  'content',
  'text',
  'arguments',
  'name',
  'partial_json',
  'thinking',
  'reasoning',
  'reasoning_content',
  'refusal',
]);

/** Characters kept of what was said; beyond it the rest is taken to be alike. */
const HEARD = 64_000;

/** Estimates the tokens of what a model says, from the parts of its stream. */
export class Speech {
  #heard = '';
  #length = 0;

  /** A part, or any piece of one: a text, or an object with texts in it. */
  hear(part: unknown, depth = 0): void {
    if (typeof part === 'string') {
      this.#length += part.length;
      if (this.#heard.length < HEARD) this.#heard += part;
    } else if (typeof part === 'object' && part !== null && depth < 6) {
      for (const [key, value] of Object.entries(part)) {
        if (typeof value !== 'string' || SPOKEN.has(key)) this.hear(value, depth + 1);
      }
    }
  }

  get tokens(): number {
    const heard = estimateText(this.#heard);
    return this.#heard.length === 0 ? 0 : Math.ceil((heard * this.#length) / this.#heard.length);
  }
}

/** A stream of a client. */
export type Stream = AsyncIterable<unknown> & { [Symbol.asyncIterator]: () => AsyncIterator<unknown> };

/** Whether an answer is a stream. */
export const isStream = (value: unknown): value is Stream =>
  typeof value === 'object' && value !== null && typeof (value as Stream)[Symbol.asyncIterator] === 'function';

/** Follows a stream as its reader reads it; settles when it ends, fails or is left. */
export const watchStream = (
  stream: Stream,
  told: {
    /** `spoken`: tokens of what the model said, estimated, for streams without usage figures. */
    ended(usage: Usage | undefined, text: string, spoken: () => number): void;
    failed(error: unknown, usage: Usage | undefined, spoken: () => number): void;
  },
): void => {
  // The official clients' streams open every reader with `iterator`, `tee()` too.
  const at = typeof (stream as { iterator?: unknown }).iterator === 'function' ? 'iterator' : Symbol.asyncIterator;
  const open = (stream as unknown as Record<typeof at, () => AsyncIterator<unknown>>)[at].bind(stream);
  let usage: Usage | undefined;
  let text = '';
  const speech = new Speech();
  const see = (chunk: unknown): void => {
    const { response, message, usage: own, choices, delta } = (chunk ?? {}) as Record<string, unknown>;
    // OpenAI: last chunk or `response.completed`; Anthropic: `message_start` and `message_delta`.
    const found = usageOf(response) ?? usageOf(message) ?? (own ? usageOf(chunk) : undefined);
    if (found) {
      usage = {
        ...usage,
        ...found,
        inputTokens: Math.max(usage?.inputTokens ?? 0, found.inputTokens),
        outputTokens: Math.max(usage?.outputTokens ?? 0, found.outputTokens),
      };
    }
    const piece = Array.isArray(choices) ? choices[0]?.delta : delta;
    speech.hear(Array.isArray(choices) ? choices : delta);
    if (piece !== undefined && text.length < 64_000)
      text += typeof piece === 'string' ? piece : JSON.stringify(strip(piece));
  };
  const settle = (): void => told.ended(usage, text, () => speech.tokens);
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
          told.failed(error, usage, () => speech.tokens);
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

/** Follows the parts of a stream. */
export type StreamReader = {
  see(part: unknown): void;
  ended(): void;
  failed(error: unknown): void;
};

/** The same stream, followed as it is read; told exactly once how it ended, also if it is left. */
export const followed = <T>(stream: ReadableStream<T>, reader: StreamReader): ReadableStream<T> => {
  const source = stream.getReader();
  return new ReadableStream<T>(
    {
      async pull(controller) {
        try {
          const { done, value } = await source.read();
          if (done) {
            reader.ended();
            controller.close();
            return;
          }
          reader.see(value);
          controller.enqueue(value);
        } catch (error) {
          reader.failed(error);
          controller.error(error);
        }
      },
      async cancel(reason) {
        reader.ended();
        await source.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
};

/** The same object with some members replaced; what it keeps in private fields stays reachable for its own methods. */
export const replaced = <T extends object>(target: T, members: object): T =>
  new Proxy(target, {
    get(_, key) {
      if (Object.hasOwn(members, key)) return Reflect.get(members, key);
      const value = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
