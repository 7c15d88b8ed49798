// Plays the model at the edge of the network, so that every example runs on the real packages without a key or a connection.
// Answers what the SDKs send to api.openai.com and refuses every other address but loopback.
// The agents know nothing of it: without the `import './script.ts'` line they talk to the real model.

import { writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** What the script sees of one request: `call` counts from 1, `prompt` is the last message, `system` the first. */
export type Turn = { call: number; system: string; prompt: string; messages: number; tools: string[] };

/** A text, or a call of one tool. */
export type Reply = string | { tool: string; arguments: Record<string, unknown> };

/** USD per million tokens, the price of a small hosted model; a token is taken as four characters. */
export const PRICE = { input: 0.4, output: 1.6 };

/** The exit code of an agent that the demo has cut off. */
export const CUT_OFF = 75;

type Message = { role: string; content?: unknown; tool_calls?: unknown };
type Request = { messages: Message[]; tools?: { function: { name: string } }[]; model: string };

/**
 * Replaces `fetch` for this process and lets `script` answer.
 * `LOOPBOUND_DEMO_CUTOFF` ends the process at the request after that many, `LOOPBOUND_DEMO_LATENCY` is the time
 * to a reply in milliseconds (25 by default), `LOOPBOUND_DEMO_REPORT` a file that gets the counts on exit.
 */
export function playModel(script: (turn: Turn) => Reply): void {
  const { LOOPBOUND_DEMO_CUTOFF, LOOPBOUND_DEMO_LATENCY, LOOPBOUND_DEMO_REPORT } = process.env;
  const cutOff = Number(LOOPBOUND_DEMO_CUTOFF ?? Number.POSITIVE_INFINITY);
  const latency = Number(LOOPBOUND_DEMO_LATENCY ?? 25);
  const counts = { calls: 0, inputTokens: 0, outputTokens: 0, usd: 0, cutOff: false };
  const network = globalThis.fetch;

  process.env.OPENAI_API_KEY ??= 'scripted';
  globalThis.fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)) return network(input, init);
    if (url.href !== 'https://api.openai.com/v1/chat/completions') throw new Error(`no network in the examples: ${url}`);

    if (counts.calls >= cutOff) {
      counts.cutOff = true;
      process.exit(CUT_OFF);
    }
    counts.calls++;
    if (latency > 0) await wait(latency);

    const body = input instanceof Request ? await input.text() : String(init?.body);
    const request = JSON.parse(body) as Request;
    const reply = script({
      call: counts.calls,
      system: textOf(request.messages[0]),
      prompt: textOf(request.messages.at(-1)),
      messages: request.messages.length,
      tools: request.tools?.map(tool => tool.function.name) ?? [],
    });
    const usage = { input: tokens(request.messages), output: tokens(reply) };
    counts.inputTokens += usage.input;
    counts.outputTokens += usage.output;
    counts.usd += (usage.input * PRICE.input + usage.output * PRICE.output) / 1_000_000;
    return Response.json(completion(request.model, counts.calls, reply, usage));
  };

  process.on('exit', () => {
    if (LOOPBOUND_DEMO_REPORT) writeFileSync(LOOPBOUND_DEMO_REPORT, JSON.stringify(counts));
    else console.error(`[scripted model] ${counts.calls} calls, about $${counts.usd.toFixed(4)}`);
  });
}

function textOf(message: Message | undefined): string {
  const content = message?.content ?? '';
  return typeof content === 'string' ? content : JSON.stringify(content);
}

function tokens(value: unknown): number {
  return Math.ceil((typeof value === 'string' ? value : JSON.stringify(value)).length / 4);
}

function completion(model: string, call: number, reply: Reply, usage: { input: number; output: number }) {
  const message =
    typeof reply === 'string'
      ? { role: 'assistant', content: reply, refusal: null }
      : {
          role: 'assistant',
          content: null,
          refusal: null,
          tool_calls: [
            {
              id: `call_${call}`,
              type: 'function',
              function: { name: reply.tool, arguments: JSON.stringify(reply.arguments) },
            },
          ],
        };
  return {
    id: `chatcmpl-${call}`,
    object: 'chat.completion',
    created: 0,
    model,
    choices: [{ index: 0, message, finish_reason: typeof reply === 'string' ? 'stop' : 'tool_calls', logprobs: null }],
    usage: {
      prompt_tokens: usage.input,
      completion_tokens: usage.output,
      total_tokens: usage.input + usage.output,
    },
  };
}
