// The chat of the Vercel AI SDK in the browser: how often it sends by itself. Run against ai 5, 6 and 7.

import * as six from 'ai';
import * as five from 'ai-5';
import * as seven from 'ai-7';
import { describe, expect, test } from 'vitest';

const REQUESTS = 40;

/** What is used of each major: their types differ in what does not matter here. */
interface Chat {
  readonly messages: readonly { readonly parts: readonly { readonly type: string }[] }[];
  sendMessage(message: { text: string }): Promise<void>;
  addToolResult(output: object): Promise<void>;
}
type When = (options: { messages: Chat['messages'] }) => boolean;
interface Package {
  readonly AbstractChat: new (options: object) => Chat;
  readonly lastAssistantMessageIsCompleteWithToolCalls: When;
}

function chatOf({ AbstractChat }: Package, sendAutomaticallyWhen: When | undefined, onClient: boolean) {
  const counter = { requests: 0 };
  const state = {
    messages: [] as object[],
    status: 'ready',
    error: undefined,
    pushMessage: (message: object) => void state.messages.push(message),
    popMessage: () => void state.messages.pop(),
    replaceMessage: (at: number, message: object) => {
      state.messages[at] = message;
    },
    snapshot: <T>(value: T): T => structuredClone(value),
  };
  const chat: Chat = new (class extends AbstractChat {})({
    state,
    sendAutomaticallyWhen,
    onError: () => undefined,
    onToolCall: ({ toolCall }: { toolCall: { toolCallId: string } }) => {
      if (onClient) void chat.addToolResult({ tool: 'look', toolCallId: toolCall.toolCallId, output: 'nothing there' });
    },
    transport: {
      /** A server whose model asks for a tool at every turn. */
      sendMessages: async () => {
        if (counter.requests === REQUESTS) throw new Error(`${REQUESTS} requests and no end`);
        const toolCallId = `call-${++counter.requests}`;
        return ReadableStream.from([
          { type: 'start' },
          { type: 'start-step' },
          { type: 'tool-input-available', toolCallId, toolName: 'look', input: {} },
          ...(onClient ? [] : [{ type: 'tool-output-available', toolCallId, output: 'nothing there' }]),
          { type: 'finish-step' },
          { type: 'finish' },
        ]);
      },
      reconnectToStream: async () => null,
    },
  });
  return { chat, counter };
}

const majors = [
  ['ai 5', five as unknown as Package],
  ['ai 6', six as unknown as Package],
  ['ai 7', seven as unknown as Package],
] as const;

describe.each(majors)('%s', (_name, ai) => {
  const complete = ai.lastAssistantMessageIsCompleteWithToolCalls;
  const bounded: When = options =>
    complete(options) && (options.messages.at(-1)?.parts.filter(part => part.type === 'step-start').length ?? 0) < 10;

  test.each([
    ['sends once where nothing says more', undefined, true, 1],
    ['has no limit of its own where tools run in the browser', complete, true, REQUESTS],
    ['has none either where they run on the server', complete, false, REQUESTS],
    ['ends where the condition counts the steps of the message', bounded, true, 10],
  ])('%s', async (_what, when, onClient, expected) => {
    const { chat, counter } = chatOf(ai, when, onClient);
    await chat.sendMessage({ text: 'go' });
    expect(counter.requests).toBe(expected);
  });
});
