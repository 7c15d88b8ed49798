// Claude Agent SDK: hooks that guard tool calls, and a reader of a query's messages that counts requests and throws the
// typed error. The requests themselves are made by another process. Imports nothing of the SDK.

import type { GuardedCall } from '../core.ts';
import { type GuardHandle, isTripError, TripError, type Usage } from '../index.ts';
import { strip } from '../stream.ts';
import { usageOf } from '../usage.ts';
import { type AgentOptions, agentGuards, type OpenRequest, refusal, replaced } from './_agent.ts';

export type { AgentOptions as ClaudeOptions, ModelOptions, ModelRequest, ToolOptions } from './_agent.ts';

type HookInput = {
  readonly hook_event_name: string;
  readonly session_id: string;
  readonly tool_name?: string;
  readonly tool_input?: unknown;
  readonly tool_use_id?: string;
  readonly tool_response?: unknown;
  readonly error?: unknown;
};
type HookOutput = {
  continue?: boolean;
  stopReason?: string;
  hookSpecificOutput?: {
    hookEventName: 'PreToolUse';
    permissionDecision: 'deny';
    permissionDecisionReason: string;
  };
};
type Matcher = { hooks: ((input: HookInput) => Promise<HookOutput>)[] };

/** Hooks in the form that `query` takes as they are. */
export type ClaudeHooks = Record<'PreToolUse' | 'PostToolUse' | 'PostToolUseFailure', Matcher[]>;

type Message = {
  readonly type: string;
  readonly session_id?: string;
  readonly message?: unknown;
  readonly usage?: unknown;
};

/** The parts of {@link claudeGuard}; they belong together. */
export type ClaudeGuard = {
  /** The guards behind it: views, resets, raised budgets. */
  readonly model: GuardHandle;
  readonly toolCalls: GuardHandle;
  /** For `query({ options: { hooks } })`. */
  readonly hooks: ClaudeHooks;
  /**
   * The same query. Its messages are counted as they are read, and when a trip has ended the session it throws after
   * the last one. A budget is noticed one request late: that one has been made already.
   */
  watch<Q extends AsyncGenerator<object, void>>(query: Q): Q;
};

const minus = (all: Usage, part: Usage): Usage => ({
  inputTokens: Math.max(0, all.inputTokens - part.inputTokens),
  outputTokens: Math.max(0, all.outputTokens - part.outputTokens),
});
const NOTHING: Usage = { inputTokens: 0, outputTokens: 0 };

/**
 * Guards of one or many sessions. A tool call that trips is denied with the trip as its result, and the session stops.
 *
 * ```ts
 * import { query } from '@anthropic-ai/claude-agent-sdk';
 * import { claudeGuard } from 'loopbound/adapters/claude-agent-sdk';
 *
 * const { hooks, watch } = claudeGuard({ model: { budget: { maxTokens: 500_000 } } });
 * for await (const message of watch(query({ prompt: 'Plan my week.', options: { hooks, maxTurns: 50 } }))) {
 *   console.log(message.type);
 * }
 * ```
 */
export const claudeGuard = (options: AgentOptions = {}): ClaudeGuard => {
  // Only answers are seen here, not what was asked: whether a request repeats is not known.
  const guards = agentGuards({ ...options, model: { loop: false, ...options.model } });
  const hooked = new Set<string>();
  const calls = new Map<string, GuardedCall>();
  const trips = new Map<string, TripError>();

  const denied = (reason: string, stopReason: string): HookOutput => ({
    continue: false,
    stopReason,
    hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'deny', permissionDecisionReason: reason },
  });
  const before = async (input: HookInput): Promise<HookOutput> => {
    const { session_id, tool_name = 'tool', tool_input, tool_use_id = '' } = input;
    hooked.add(session_id);
    const earlier = trips.get(session_id);
    if (earlier) return denied(refusal(earlier), earlier.message);
    const entered = await guards.enter({ name: tool_name, input: tool_input, key: tool_use_id });
    // A hook cannot answer in place of a call.
    if ('instead' in entered) return {};
    if (entered instanceof TripError) {
      guards.take([tool_use_id]);
      trips.set(session_id, entered);
      return denied(refusal(entered), entered.message);
    }
    calls.set(tool_use_id, entered);
    return {};
  };
  const after = async (input: HookInput): Promise<HookOutput> => {
    const { tool_use_id = '', tool_response, error } = input;
    const call = calls.get(tool_use_id);
    calls.delete(tool_use_id);
    if (input.hook_event_name === 'PostToolUseFailure') call?.fail(new Error(String(error)));
    else call?.succeed(tool_response);
    return {};
  };

  const read = async function* (messages: AsyncIterable<object>): AsyncGenerator<object, void> {
    // A request's answer comes in several messages of one id, with usage that grows; the last total comes at the end.
    let open: { id: string; call: OpenRequest; said: unknown[]; usage: Usage } | undefined;
    let counted = NOTHING;
    let session = '';
    const settle = (total?: Usage): void => {
      if (!open) return;
      const usage = total ? minus(total, counted) : open.usage;
      counted = {
        inputTokens: counted.inputTokens + usage.inputTokens,
        outputTokens: counted.outputTokens + usage.outputTokens,
      };
      open.call.answered(open.said, usage);
      open = undefined;
    };
    const seen = async (answer: { id?: string; model?: string; content?: unknown }): Promise<void> => {
      const { id = '', model, content } = answer;
      const usage = usageOf(answer) ?? NOTHING;
      if (open?.id === id) {
        open.said.push(strip(content));
        open.usage = usage;
        return;
      }
      settle();
      try {
        const call = await guards.ask(model === undefined ? {} : { model }, strip(content));
        open = { id, call, said: [strip(content)], usage };
      } catch (error) {
        // Hooks end the session at its next tool call, with a result for every call; without hooks the next answer does.
        if (!isTripError(error) || (trips.has(session) && !hooked.has(session))) throw error;
        trips.set(session, error);
      }
    };
    try {
      for await (const message of messages) {
        const { type, session_id, message: answer, usage } = message as Message;
        if (session_id !== undefined) session = session_id;
        if (type === 'assistant') await seen(answer as object);
        if (type === 'result') settle(usageOf({ usage }));
        yield message;
        const trip = trips.get(session);
        if (type === 'result' && trip) throw trip;
      }
      const trip = trips.get(session);
      if (trip) throw trip;
    } finally {
      settle();
      trips.delete(session);
      hooked.delete(session);
    }
  };

  return {
    model: guards.model,
    toolCalls: guards.tools,
    hooks: {
      PreToolUse: [{ hooks: [before] }],
      PostToolUse: [{ hooks: [after] }],
      PostToolUseFailure: [{ hooks: [after] }],
    },
    watch: query => {
      const watched = read(query);
      return replaced(query, {
        next: () => watched.next(),
        return: () => watched.return(),
        throw: (error: unknown) => watched.throw(error),
        [Symbol.asyncIterator]: () => watched,
      });
    },
  };
};
