// Mastra: a processor for agents, hooks for their tools, and what makes the typed error of a tripwire again.
// Imports nothing of Mastra.

import type { GuardedCall } from '../core.ts';
import { errorOf, type GuardHandle, isTripError, type Trip, TripError } from '../index.ts';
import { usageOf } from '../usage.ts';
import { type AgentOptions, agentGuards, type OpenRequest, refusal } from './_agent.ts';
import { answeredIn, type Prompt, promptOf } from './_prompt.ts';

export type { AgentOptions as MastraOptions, ModelOptions, ModelRequest, ToolOptions } from './_agent.ts';

type Chunk = { readonly type: string; readonly payload: unknown };
type Abort = (reason?: string, options?: { metadata?: { [MARK]: Trip } }) => never;

/** A processor in the form that `inputProcessors` takes as it is. */
export type MastraProcessor = {
  readonly id: 'loopbound';
  processLLMRequest(args: {
    prompt: Prompt;
    model: { readonly modelId: string };
    state: object;
    abort: Abort;
  }): Promise<undefined>;
  processLLMResponse(args: { chunks: Chunk[]; state: object }): Promise<undefined>;
  processAPIError(args: { error: unknown; state: object }): Promise<undefined>;
};

type ToolContext = { toolName: string; input: unknown; context: unknown };

/** Hooks in the form that an agent takes as they are. */
export type MastraHooks = {
  beforeToolCall(call: ToolContext): Promise<undefined | { proceed: false; output: unknown }>;
  afterToolCall(call: ToolContext & { output?: unknown; error?: unknown }): Promise<void>;
};

/** The parts of {@link mastraGuard}; they belong together. */
export type MastraGuard = {
  /** The guards behind it: views, resets, raised budgets. */
  readonly model: GuardHandle;
  readonly toolCalls: GuardHandle;
  /** For `inputProcessors`: ends the run with a tripwire. */
  readonly processor: MastraProcessor;
  /** For `hooks`: answers tool calls that trip. */
  readonly hooks: MastraHooks;
  /** The same result of `generate`, or of a `stream` that has been read; throws the trip if one ended it. */
  settled<R extends object>(result: R): R;
};

const MARK = 'loopbound';

/** What of a step's chunks tells progress, and its last chunk. */
const saidIn = (chunks: readonly Chunk[]): { said: unknown; usage: unknown } => {
  let text = '';
  const calls: unknown[] = [];
  let usage: unknown;
  for (const { type, payload } of chunks) {
    const part = (payload ?? {}) as { text?: string; toolName?: string; args?: unknown; output?: unknown };
    if (type === 'text-delta') text += part.text ?? '';
    else if (type === 'tool-call') calls.push({ name: part.toolName, args: part.args });
    else if (type === 'finish') usage = part.output;
  }
  return { said: { text, calls }, usage };
};

/**
 * Guards of one or many agents. A trip of a request ends the run with a tripwire, which keeps the steps so far; its
 * metadata hold the trip, and `settled` throws it. A tool call that trips is answered with the trip, and the next request
 * ends the run.
 *
 * ```ts
 * import { Agent } from '@mastra/core/agent';
 * import { mastraGuard } from 'loopbound/adapters/mastra';
 *
 * const { processor, hooks, settled } = mastraGuard({ model: { budget: { maxTokens: 100_000 } } });
 * const agent = new Agent({
 *   id: 'planner',
 *   name: 'Planner',
 *   instructions: 'Plan.',
 *   model: 'openai/gpt-5',
 *   inputProcessors: [processor],
 *   hooks,
 * });
 * export const plan = async () => settled(await agent.generate('Plan my week.', { maxSteps: 20 }));
 * ```
 */
export const mastraGuard = (options: AgentOptions = {}): MastraGuard => {
  const guards = agentGuards(options);
  // A run has one state for all of its steps, which follow each other.
  const requests = new WeakMap<object, OpenRequest>();
  const calls = new Map<string, GuardedCall>();
  const keyOf = (context: unknown): string => (context as { toolCallId?: string } | undefined)?.toolCallId ?? '';

  return {
    model: guards.model,
    toolCalls: guards.tools,
    processor: {
      id: MARK,
      async processLLMRequest({ prompt, model, state, abort }) {
        try {
          requests.set(state, await guards.ask({ model: model.modelId, prompt }, promptOf(prompt), answeredIn(prompt)));
          return undefined;
        } catch (error) {
          if (!isTripError(error)) throw error;
          return abort(error.message, { metadata: { [MARK]: error.trip } });
        }
      },
      async processLLMResponse({ chunks, state }) {
        const { said, usage } = saidIn(chunks);
        requests.get(state)?.answered(said, usageOf(usage));
        return undefined;
      },
      async processAPIError({ error, state }) {
        requests.get(state)?.failed(error);
        return undefined;
      },
    },
    hooks: {
      async beforeToolCall({ toolName, input, context }) {
        const entered = await guards.enter({ name: toolName, input, key: keyOf(context) });
        if (entered instanceof TripError) return { proceed: false, output: refusal(entered) };
        if ('instead' in entered) return { proceed: false, output: entered.instead };
        calls.set(keyOf(context), entered);
        return undefined;
      },
      async afterToolCall({ context, output, error }) {
        const key = keyOf(context);
        const call = calls.get(key);
        calls.delete(key);
        if (error === undefined) call?.succeed(output);
        else {
          call?.fail(error);
          // An agent inside the tool may have tripped: that ends this run too.
          guards.hold(key, error);
        }
      },
    },
    settled: result => {
      const { tripwire } = result as { tripwire?: { metadata?: { [MARK]?: Trip } } };
      const trip = tripwire?.metadata?.[MARK];
      if (trip) throw errorOf(trip);
      return result;
    },
  };
};
