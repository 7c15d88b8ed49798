// LangChain: a middleware for `createAgent`, and a callback handler for chains, models, tools and graphs.
// Imports nothing of the framework at load; only where something trips it asks for a message's class.

import type { GuardedCall } from '../core.ts';
import { TripError, tripOf, type Usage, usageOf } from '../index.ts';
import { type AgentOptions, agentGuards, type OpenRequest, refusal } from './_agent.ts';

export type { AgentOptions as CallbackOptions, ModelOptions, ModelRequest, ToolOptions } from './_agent.ts';

/** Options of {@link loopboundMiddleware}. */
export type MiddlewareOptions = AgentOptions & {
  /**
   * What a trip does: `throw` (default) rejects the run, `end` ends it with a last message that says why. Behind
   * LangChain's own error the trip is found by `tripOf`.
   */
  exit?: 'throw' | 'end';
};

type Message = {
  content?: unknown;
  tool_calls?: { name?: string; args?: unknown }[];
  tool_call_id?: string;
  _getType?: () => string;
};
type Model = { model?: string; modelName?: string; getName?: () => string };
type ModelCall = { model: unknown; messages: readonly unknown[]; systemPrompt?: unknown };
type ToolCall = { toolCall: { id?: string | undefined; name: string; args: unknown }; tool: unknown };

/** A middleware in the form that `createAgent` takes as it is. */
export type LoopboundMiddleware = {
  readonly name: 'loopbound';
  wrapModelCall<Q extends ModelCall, A extends object>(request: Q, handler: (request: Q) => A | Promise<A>): Promise<A>;
  wrapToolCall<Q extends ToolCall, A extends object>(request: Q, handler: (request: Q) => A | Promise<A>): Promise<A>;
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
  handleLLMStart(llm: Serialized, prompts: string[], runId: string): Promise<void>;
  handleChatModelStart(llm: Serialized, messages: unknown[][], runId: string): Promise<void>;
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
    toolCallId?: string,
  ): Promise<void>;
  handleToolEnd(output: unknown, runId: string): void;
  handleToolError(error: unknown, runId: string): void;
};

const nameOf = (serialized: Serialized, fallback: string): string =>
  serialized?.name ?? serialized?.id?.at(-1) ?? fallback;

const callsOf = ({ tool_calls }: Message): unknown =>
  Array.isArray(tool_calls) ? tool_calls.map(({ name, args }) => ({ name, args })) : undefined;

/** What of messages tells two requests apart: roles, texts and tool calls, not the ids that change every time. */
const messagesOf = (messages: readonly unknown[]): unknown =>
  (messages as readonly Message[]).map(message => ({
    type: typeof message._getType === 'function' ? message._getType() : undefined,
    content: message.content,
    calls: callsOf(message),
    answers: message.tool_call_id !== undefined,
  }));

/** Ids of the tool calls that messages answer. */
const answeredIn = (messages: readonly unknown[]): string[] =>
  (messages as readonly Message[]).flatMap(({ tool_call_id }) => (tool_call_id === undefined ? [] : [tool_call_id]));

/** What a tool's message says; its ids are new each time. */
const saidBy = (output: unknown): unknown => (output as Message | null)?.content ?? output;

type Generations = { generations?: { text?: string; message?: Message & { usage_metadata?: unknown } }[][] };

/** What of a result tells progress: the texts and tool calls of its generations. */
const generationsOf = (output: unknown): unknown =>
  (output as Generations).generations?.map(list =>
    list.map(({ text, message }) => ({ text, calls: message && callsOf(message) })),
  );

/** Tokens of a result: usage metadata of its messages, else `llmOutput`. */
const tokensOf = (output: unknown): Usage | undefined => {
  const { generations, llmOutput } = output as Generations & { llmOutput?: { tokenUsage?: unknown } };
  const all = (generations ?? []).flat().flatMap(({ message }) => usageOf(message) ?? []);
  if (all.length === 0) return usageOf({ usage: llmOutput?.tokenUsage });
  return {
    inputTokens: all.reduce((sum, { inputTokens }) => sum + inputTokens, 0),
    outputTokens: all.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
  };
};

/**
 * A middleware of an agent. A trip of a request ends the run. A tool call that trips is answered with the trip, and the
 * next request ends the run, so no history keeps a call without a result.
 *
 * ```ts
 * import { createAgent } from 'langchain';
 * import { loopboundMiddleware } from 'loopbound/adapters/langchain';
 *
 * export const agent = createAgent({
 *   model: 'openai:gpt-5',
 *   tools: [],
 *   middleware: [loopboundMiddleware({ model: { budget: { maxTokens: 100_000 } }, exit: 'end' })],
 * });
 * ```
 */
export const loopboundMiddleware = (options: MiddlewareOptions = {}): LoopboundMiddleware => {
  const guards = agentGuards(options);
  const { exit = 'throw' } = options;
  const ended = async (error: unknown): Promise<never> => {
    if (exit === 'throw' || !(error instanceof TripError)) throw error;
    const { AIMessage } = await import('@langchain/core/messages');
    // Without tool calls it is the last message of a run.
    return new AIMessage(`Stopped by loopbound (${error.reason}): ${error.message}`) as never;
  };
  return {
    name: 'loopbound',
    async wrapModelCall(request, handler) {
      const { model, modelName, getName } = request.model as Model;
      const { messages, systemPrompt } = request;
      const name = model ?? modelName ?? getName?.call(request.model);
      let call: OpenRequest;
      try {
        call = await guards.ask(
          { messages, systemPrompt, ...(name === undefined ? {} : { model: name }) },
          { messages: messagesOf(messages), systemPrompt },
          answeredIn(messages),
        );
      } catch (error) {
        return ended(error);
      }
      try {
        const answer = await handler(request);
        // A structured answer brings its message along.
        const message = (
          'messages' in answer && Array.isArray(answer.messages) ? answer.messages.at(-1) : answer
        ) as Message;
        call.answered({ text: message.content, calls: callsOf(message) }, usageOf(message));
        return answer;
      } catch (error) {
        call.failed(error);
        const trip = tripOf(error);
        return trip ? ended(trip) : Promise.reject(error);
      }
    },
    wrapToolCall(request, handler) {
      const { id, name, args } = request.toolCall;
      return guards.use(
        { name, input: args, key: id },
        () => handler(request),
        async trip => {
          const { ToolMessage } = await import('@langchain/core/messages');
          const content = refusal(trip);
          return new ToolMessage({ content, name, tool_call_id: id ?? '', status: 'error' }) as never;
        },
        saidBy,
      );
    },
  };
};

/**
 * A callback handler, for what has no middleware. One handler is one guard; make one per process, or per run to have a
 * budget per run. A trip throws where the request or the tool would have started; what catches errors of tools and goes
 * on meets it again at the next request. For agents of `createAgent` take the middleware: it answers tool calls.
 *
 * ```ts
 * import { ChatPromptTemplate } from '@langchain/core/prompts';
 * import { FakeListChatModel } from '@langchain/core/utils/testing';
 * import { loopboundCallbacks } from 'loopbound/adapters/langchain';
 *
 * const chain = ChatPromptTemplate.fromTemplate('{question}').pipe(new FakeListChatModel({ responses: ['yes'] }));
 * await chain.invoke({ question: 'Why?' }, { callbacks: [loopboundCallbacks({ model: { budget: { maxCalls: 20 } } })] });
 * ```
 */
export const loopboundCallbacks = (options: AgentOptions = {}): LoopboundHandler => {
  const guards = agentGuards(options);
  const requests = new Map<string, OpenRequest>();
  const tools = new Map<string, { call: GuardedCall; key: unknown }>();
  const taken = <T>(open: Map<string, T>, runId: string): T | undefined => {
    const one = open.get(runId);
    open.delete(runId);
    return one;
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
    async handleLLMStart(llm, prompts, runId) {
      requests.set(runId, await guards.ask({ model: nameOf(llm, 'llm'), prompts }, prompts));
    },
    async handleChatModelStart(llm, lists, runId) {
      const messages = lists.flat();
      const request = { model: nameOf(llm, 'chat'), messages };
      requests.set(runId, await guards.ask(request, lists.map(messagesOf), answeredIn(messages)));
    },
    handleLLMEnd: (output, runId) => taken(requests, runId)?.answered(generationsOf(output), tokensOf(output)),
    handleLLMError: (error, runId) => taken(requests, runId)?.failed(error),
    async handleToolStart(tool, input, runId, _parent, _tags, _metadata, runName, toolCallId) {
      const key = toolCallId ?? runId;
      const entered = await guards.enter({ name: runName ?? nameOf(tool, 'tool'), input, key });
      if (entered instanceof TripError) throw entered;
      // A callback cannot answer in place of a call.
      if (!('instead' in entered)) tools.set(runId, { call: entered, key });
    },
    handleToolEnd: (output, runId) => taken(tools, runId)?.call.succeed(saidBy(output)),
    handleToolError(error, runId) {
      const open = taken(tools, runId);
      open?.call.fail(error);
      if (open) guards.hold(open.key, error);
    },
  };
};
