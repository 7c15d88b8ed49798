// LangChain and LangGraph: a callback handler that guards every model and tool call of a chain, agent or graph.
// Give it in `callbacks`. A trip ends the run with the typed error, before the request is made. Imports no framework.

import type { GuardedCall } from '../core.ts';
import { type GuardOptions, guard, type TripError } from '../index.ts';

/** Options of {@link loopboundCallbacks}. */
export type CallbackOptions = {
  /** Guards requests to models. Default: a loop detector. */
  model?: GuardOptions;
  /** Guards tool calls. Default: a loop detector. */
  tools?: GuardOptions;
};

type Serialized = { id?: string[]; name?: string } | undefined;

/** A handler in the form that LangChain's callback manager takes as it is. */
export type LoopboundHandler = {
  readonly name: 'loopbound';
  readonly raiseError: true;
  readonly awaitHandlers: true;
  readonly ignoreLLM: false;
  readonly ignoreChain: true;
  readonly ignoreAgent: false;
  readonly ignoreRetriever: true;
  readonly ignoreCustomEvent: true;
  handleLLMStart(llm: Serialized, prompts: string[], runId: string): void;
  handleChatModelStart(llm: Serialized, messages: unknown[][], runId: string): void;
  handleLLMEnd(output: unknown, runId: string): void;
  handleLLMError(error: unknown, runId: string): void;
  handleToolStart(
    tool: Serialized,
    input: string,
    runId: string,
    parentRunId?: string,
    tags?: string[],
    metadata?: Record<string, unknown>,
    runName?: string,
  ): void;
  handleToolEnd(output: unknown, runId: string): void;
  handleToolError(error: unknown, runId: string): void;
};

const nameOf = (serialized: Serialized, fallback: string): string =>
  serialized?.name ?? serialized?.id?.at(-1) ?? fallback;

/** What of messages tells two requests apart: roles, texts and tool calls, not the ids that change every time. */
const messagesOf = (messages: unknown[][]): unknown =>
  messages.map(list =>
    list.map(message => {
      const { content, tool_calls, tool_call_id, _getType } = message as Record<string, unknown>;
      const calls = Array.isArray(tool_calls)
        ? tool_calls.map(call => ({ name: call?.name, args: call?.args }))
        : undefined;
      return {
        type: typeof _getType === 'function' ? _getType.call(message) : undefined,
        content,
        calls,
        answers: tool_call_id !== undefined,
      };
    }),
  );

/** What of a result tells progress: the texts and tool calls of its generations. */
const generationsOf = (output: unknown): unknown =>
  (
    output as { generations?: { text?: string; message?: { tool_calls?: { name: string; args: unknown }[] } }[][] }
  ).generations?.map(list =>
    list.map(({ text, message }) => ({ text, calls: message?.tool_calls?.map(({ name, args }) => ({ name, args })) })),
  );

/** Tokens of a result: usage metadata of its messages, else `llmOutput`. */
const tokensOf = (output: unknown): { inputTokens: number; outputTokens: number } => {
  const { generations, llmOutput } = output as {
    generations?: { message?: { usage_metadata?: { input_tokens?: number; output_tokens?: number } } }[][];
    llmOutput?: { tokenUsage?: { promptTokens?: number; completionTokens?: number } };
  };
  let inputTokens = 0;
  let outputTokens = 0;
  for (const generation of generations?.flat() ?? []) {
    inputTokens += generation.message?.usage_metadata?.input_tokens ?? 0;
    outputTokens += generation.message?.usage_metadata?.output_tokens ?? 0;
  }
  return {
    inputTokens: inputTokens || (llmOutput?.tokenUsage?.promptTokens ?? 0),
    outputTokens: outputTokens || (llmOutput?.tokenUsage?.completionTokens ?? 0),
  };
};

/**
 * A callback handler: `graph.invoke(input, { callbacks: [loopboundCallbacks({ model: { budget: { maxCalls: 20 } } })] })`.
 * One handler is one guard; make one per process, or per run to have a budget per run.
 */
export const loopboundCallbacks = (options: CallbackOptions = {}): LoopboundHandler => {
  const model = guard({ name: 'model', op: 'model', result: generationsOf, ...options.model });
  const tools = guard({ name: 'tools', op: 'tool', ...options.tools });
  const open = new Map<string, GuardedCall>();
  const begin = (of: typeof model, name: string, input: unknown, payload: unknown, runId: string): void => {
    open.set(runId, of.begin({ name, input, payload }));
  };
  const end = (runId: string, settle: (call: GuardedCall) => void): void => {
    const call = open.get(runId);
    if (!call) return;
    open.delete(runId);
    settle(call);
  };
  return {
    name: 'loopbound',
    raiseError: true,
    awaitHandlers: true,
    ignoreLLM: false,
    ignoreChain: true,
    ignoreAgent: false,
    ignoreRetriever: true,
    ignoreCustomEvent: true,
    handleLLMStart: (llm, prompts, runId) => begin(model, nameOf(llm, 'llm'), prompts, prompts, runId),
    handleChatModelStart: (llm, messages, runId) =>
      begin(model, nameOf(llm, 'chat'), messagesOf(messages), messagesOf(messages), runId),
    handleLLMEnd: (output, runId) =>
      end(runId, call => {
        const tokens = tokensOf(output);
        const cost = options.model?.cost as ((input: unknown, output: unknown) => number) | undefined;
        call.succeed(output, cost ? { ...tokens, usd: cost(undefined, output) } : tokens);
      }),
    handleLLMError: (error, runId) => end(runId, call => call.fail(error)),
    handleToolStart: (tool, input, runId, _parent, _tags, _metadata, runName) =>
      begin(tools, runName ?? nameOf(tool, 'tool'), input, input, runId),
    handleToolEnd: (output, runId) =>
      end(runId, call => {
        // A ToolMessage has a new id each time; what it says is its content.
        const content = (output as { content?: unknown } | null)?.content;
        call.succeed(content === undefined ? output : content);
      }),
    handleToolError: (error, runId) => end(runId, call => call.fail(error)),
  };
};

/** Re-exported for handlers of errors: every trip that these callbacks raise is one. */
export type { TripError };
