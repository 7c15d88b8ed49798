// AgentKit: a lifecycle for agents, a wrapper for tools and one for a network's router. Imports nothing of AgentKit.

import { type FlowOptions, flowGuard, type GuardHandle, isTripError, type TripError } from '../index.ts';
import { usageOf } from '../usage.ts';
import { type AgentOptions, agentGuards, type OpenRequest, refusal } from './_agent.ts';

export type { ModelOptions, ModelRequest, ToolOptions } from './_agent.ts';

/** Options of {@link agentkitGuard}. */
export type AgentkitOptions = AgentOptions & {
  /** Limits of the agents that a router names: how often each in one run, how often in a row. Default: none. */
  routes?: FlowOptions;
  /**
   * What a trip does: `throw` (default) rejects `run`, `stop` ends it quietly with the results so far. `stop` needs the
   * wrapped router: one that goes on calling agents is rejected at the next.
   */
  exit?: 'throw' | 'stop';
};

type Agent = { readonly name: string; readonly model?: object };
type Before<M> = { agent: Agent; network?: object; prompt: M[]; history?: M[] };
type Result = { readonly output: readonly object[]; readonly raw?: string };
type After<R> = { agent: Agent; network?: object; result: R };
type Tool = { readonly name: string; handler(input: never, options: never): unknown };

/** A lifecycle in the form that `createAgent` takes as it is. */
export type AgentkitLifecycle = {
  onStart<M extends object>(args: Before<M>): Promise<{ prompt: M[]; history: M[]; stop: boolean }>;
  onResponse<R extends Result>(args: After<R>): Promise<R>;
};

/** The parts of {@link agentkitGuard}; they belong together. */
export type AgentkitGuard = {
  /** The guards behind it: views, resets, raised budgets. */
  readonly model: GuardHandle;
  readonly toolCalls: GuardHandle;
  /** For `createAgent({ lifecycle })`. */
  readonly lifecycle: AgentkitLifecycle;
  /** The same tools, guarded. */
  tools<T extends readonly object[]>(tools: T): T;
  /** The same router; it names nobody any more when the run has tripped. */
  router<A extends { network: object }, R>(router: (args: A) => R | Promise<R>): (args: A) => Promise<R | undefined>;
  /** The trip that ended a run, by its network or by what its `run` gave; undefined if none did. */
  tripIn(network: object): TripError | undefined;
};

/** What tells two requests apart: roles, texts and tool calls, not the ids that change every time. */
const messagesOf = (messages: readonly object[]): unknown =>
  messages.map(message => {
    const { role, type, content, tools, tool } = message as Record<string, unknown>;
    return { role, type, content, tools: Array.isArray(tools) ? tools.map(named) : undefined, tool: named(tool) };
  });

const named = (tool: unknown): unknown => {
  const { name, input } = (tool ?? {}) as { name?: unknown; input?: unknown };
  return { name, input };
};

/** Usage in the body that a provider gave; one that is no JSON has none. */
const usageIn = (raw: string | undefined): ReturnType<typeof usageOf> => {
  try {
    return usageOf(JSON.parse(raw ?? 'null'));
  } catch {
    return undefined;
  }
};

/**
 * Guards of one or many agents. A trip of a request rejects `run`, or ends it. A tool call that trips is answered with
 * the trip, and the next request of that run ends it.
 *
 * ```ts
 * import { createAgent, createNetwork, openai } from '@inngest/agent-kit';
 * import { agentkitGuard } from 'loopbound/adapters/agentkit';
 *
 * const { lifecycle, tools, router } = agentkitGuard({ model: { budget: { maxTokens: 100_000 } } });
 * const planner = createAgent({ name: 'planner', system: 'Plan.', tools: tools([]), lifecycle });
 * export const network = createNetwork({
 *   name: 'plans',
 *   agents: [planner],
 *   defaultModel: openai({ model: 'gpt-5' }),
 *   router: router(({ callCount }) => (callCount < 3 ? planner : undefined)),
 * });
 * ```
 */
export const agentkitGuard = (options: AgentkitOptions = {}): AgentkitGuard => {
  const guards = agentGuards(options);
  const { exit = 'throw' } = options;
  const flow = options.routes && flowGuard({ name: 'network', ...options.routes });
  const requests = new WeakMap<object, OpenRequest>();
  const trips = new WeakMap<object, TripError>();

  // A run's networks are several objects around one state.
  const runOf = (network: object): object => (network as { state?: object }).state ?? network;
  const guardTool = <T extends object>(tool: T): T => {
    const { name, handler } = tool as unknown as Tool;
    if (typeof handler !== 'function') return tool;
    return {
      ...tool,
      handler: (input: never, more: { network: object }) =>
        guards.use<unknown>(
          { name, input, key: runOf(more.network) },
          () => handler.call(tool, input, more as never),
          refusal,
        ),
    };
  };

  return {
    model: guards.model,
    toolCalls: guards.tools,
    lifecycle: {
      async onStart({ agent, network = agent, prompt, history = [] }) {
        const run = runOf(network);
        // One request after the other: what was not answered has failed, and no hook tells.
        requests.get(run)?.failed(new Error('The request was not answered.'));
        // A router that is not wrapped goes on for ever after a quiet stop.
        const before = trips.get(run);
        if (before) throw before;
        const { model, defaultModel } = { ...network, ...agent } as { model?: unknown; defaultModel?: unknown };
        const named = ((model ?? defaultModel) as { options?: { model?: string } } | undefined)?.options?.model;
        const messages = [...prompt, ...history];
        try {
          const request = { model: named ?? agent.name, agent: agent.name, messages };
          requests.set(run, await guards.ask(request, messagesOf(messages), [run]));
          return { prompt, history, stop: false };
        } catch (error) {
          if (!isTripError(error)) throw error;
          trips.set(run, error);
          if (exit === 'throw') throw error;
          return { prompt, history, stop: true };
        }
      },
      async onResponse({ agent, network = agent, result }) {
        requests.get(runOf(network))?.answered(messagesOf(result.output), usageIn(result.raw));
        return result;
      },
    },
    tools: tools => tools.map(guardTool) as unknown as typeof tools,
    router: route => async args => {
      const run = runOf(args.network);
      if (trips.has(run)) return undefined;
      const next = await route(args);
      const agents = (Array.isArray(next) ? next : [next]).filter(agent => agent !== undefined) as Agent[];
      try {
        for (const { name } of agents) {
          flow?.step(name, {}, run);
          flow?.route(name, {}, run);
        }
      } catch (error) {
        if (!isTripError(error)) throw error;
        trips.set(run, error);
        if (exit === 'throw') throw error;
        return undefined;
      }
      return next;
    },
    tripIn: network => trips.get(runOf(network)),
  };
};
