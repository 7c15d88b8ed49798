// AI SDK 5, 6 and 7: a middleware for language models, a wrapper for tools, and a condition for `stopWhen`.
// Imports nothing of the SDK; the types fit all three versions.

import { currentRun, type GuardHandle, TripError } from '../index.ts';
import { strip } from '../stream.ts';
import { usageOf } from '../usage.ts';
import { type AgentOptions, agentGuards, followed, refusal } from './_agent.ts';
import { answeredIn, bare, type Prompt, promptOf } from './_prompt.ts';

export type { AgentOptions as AiOptions, ModelOptions, ModelRequest, ToolOptions } from './_agent.ts';

type Params = { readonly prompt: Prompt };
type Model = { readonly modelId: string };
type Streamed = { stream: ReadableStream };

/** A middleware for `wrapLanguageModel` and `wrapProvider` of each version. */
export type AiMiddleware = {
  /** Versions ask for different words and look at none of them. */
  readonly specificationVersion: never;
  wrapGenerate<R>(options: { doGenerate: () => PromiseLike<R>; params: Params; model: Model }): Promise<R>;
  wrapStream<R extends Streamed>(options: { doStream: () => PromiseLike<R>; params: Params; model: Model }): Promise<R>;
};

type Steps = { readonly steps: readonly { readonly toolCalls: readonly { readonly toolCallId: string }[] }[] };

/** The parts of {@link aiGuard}; they belong together. */
export type AiGuard = {
  /** The guards behind it: views, resets, raised budgets. */
  readonly model: GuardHandle;
  readonly toolCalls: GuardHandle;
  /** Guards requests: `wrapLanguageModel({ model, middleware })`. */
  readonly middleware: AiMiddleware;
  /** The same tools, guarded. Tools without `execute` stay as they are. */
  tools<T extends object>(tools: T): T;
  /**
   * For `stopWhen`: ends the loop quietly after a step whose tool call tripped, and when the run was stopped. Without
   * it the next request throws.
   */
  readonly stop: (options: Steps) => boolean;
};

type Execute = (input: unknown, options: { toolCallId: string }) => unknown;

/** What of an answer tells progress. */
const contentOf = (result: unknown): unknown => {
  const { content } = (result ?? {}) as { content?: unknown };
  return strip(bare(content));
};

/**
 * Guards of one or many agents. A trip of a request throws from `generateText`, or becomes the stream's error. A tool
 * call that trips gets the trip as its tool error, which the next request throws, or `stop` ends on.
 *
 * ```ts
 * import { generateText, stepCountIs, type LanguageModel, wrapLanguageModel } from 'ai';
 * import { MockLanguageModelV3 } from 'ai/test';
 * import { aiGuard } from 'loopbound/adapters/ai';
 *
 * const { middleware, tools, stop } = aiGuard({ model: { budget: { maxTokens: 100_000 } } });
 * const model: LanguageModel = wrapLanguageModel({ model: new MockLanguageModelV3(), middleware });
 * await generateText({ model, tools: tools({}), stopWhen: [stepCountIs(20), stop], prompt: 'Plan my week.' });
 * ```
 */
export const aiGuard = (options: AgentOptions = {}): AiGuard => {
  const guards = agentGuards(options);
  const refuse = (trip: TripError): never => {
    throw new Error(refusal(trip), { cause: trip });
  };
  const execute = (name: string, run: Execute, owner: object): Execute => {
    if (run.constructor.name === 'AsyncGeneratorFunction') return generate(name, run, owner);
    return (input, more) =>
      guards.use({ name, input, key: more.toolCallId }, () => run.call(owner, input, more), refuse);
  };
  const generate = (name: string, run: Execute, owner: object): Execute =>
    async function* (input, more) {
      const call = await guards.enter({ name, input, key: more.toolCallId });
      if (call instanceof TripError) return refuse(call);
      if ('instead' in call) {
        yield call.instead;
        return;
      }
      try {
        let last: unknown;
        for await (const part of run.call(owner, input, more) as AsyncIterable<unknown>) {
          last = part;
          yield part;
        }
        call.succeed(last);
      } catch (error) {
        call.fail(error);
        const trip = guards.hold(more.toolCallId, error);
        if (trip) refuse(trip);
        throw error;
      } finally {
        // Left in the middle; otherwise it has been told already.
        call.release();
      }
    };

  return {
    model: guards.model,
    toolCalls: guards.tools,
    middleware: {
      specificationVersion: undefined as never,
      async wrapGenerate({ doGenerate, params, model }) {
        const request = { ...params, model: model.modelId };
        const call = await guards.ask(request, promptOf(params.prompt), answeredIn(params.prompt));
        try {
          const result = await doGenerate();
          call.answered(contentOf(result), usageOf(result));
          return result;
        } catch (error) {
          call.failed(error);
          throw error;
        }
      },
      async wrapStream({ doStream, params, model }) {
        const request = { ...params, model: model.modelId };
        const call = await guards.ask(request, promptOf(params.prompt), answeredIn(params.prompt));
        try {
          const result = await doStream();
          const seen: unknown[] = [];
          let finish: unknown;
          const stream = followed(result.stream, {
            see: part => {
              const { type } = part as { type?: string };
              if (type === 'finish') finish = part;
              else if (type === 'text-delta') seen.push((part as { delta?: unknown }).delta);
              else if (type === 'tool-call') seen.push(...(bare([part]) as unknown[]));
            },
            ended: () => call.answered(seen, usageOf(finish)),
            failed: error => call.failed(error),
          });
          return { ...result, stream };
        } catch (error) {
          call.failed(error);
          throw error;
        }
      },
    },
    tools: set => {
      const guarded = Object.entries(set).map(([name, tool]) => {
        const { execute: run } = tool as { execute?: unknown };
        return [name, typeof run === 'function' ? { ...tool, execute: execute(name, run as Execute, tool) } : tool];
      });
      return Object.fromEntries(guarded) as typeof set;
    },
    stop: ({ steps }) => {
      if (currentRun().stopped !== undefined) return true;
      const ids = (steps.at(-1)?.toolCalls ?? []).map(call => call.toolCallId);
      return guards.take(ids) !== undefined;
    },
  };
};
