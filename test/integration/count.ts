// Scripted models for the real packages: they answer without a network and count how often they are asked.

import { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { AIMessage } from '@langchain/core/messages';
import { vi } from 'vitest';

/** Thrown by a scripted model that was asked more often than its test allows: the framework did not stop by itself. */
export class Runaway extends Error {}

/** A LangChain chat model that gives one answer and counts the requests. */
export class CountingChatModel extends BaseChatModel {
  calls = 0;
  readonly #answer: string;

  constructor(answer = 'again') {
    super({});
    this.#answer = answer;
  }

  _llmType(): string {
    return 'scripted';
  }

  async _generate() {
    this.calls++;
    return { generations: [{ text: this.#answer, message: new AIMessage(this.#answer) }] };
  }
}

/** What answers an OpenAI-shaped request in the place of `fetch`; throws {@link Runaway} at the call after `limit`. */
export function countingFetch(limit: number, answer: (call: number) => object) {
  const counter = { calls: 0 };
  const fetch: typeof globalThis.fetch = async () => {
    if (counter.calls === limit) throw new Runaway(`${limit} calls and no end`);
    counter.calls++;
    return Response.json({
      id: `chatcmpl-${counter.calls}`,
      object: 'chat.completion',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', ...answer(counter.calls) } }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    });
  };
  return { counter, fetch };
}

/** Leaves out the waits between two attempts, until `vi.unstubAllGlobals()`: timers fire at once. */
export function skipWaits(): void {
  const wait = globalThis.setTimeout;
  vi.stubGlobal('setTimeout', (then: () => void, _ms: number, ...rest: []) => wait(then, 0, ...rest));
}
