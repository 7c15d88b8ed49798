// OpenAI Agents: wraps models, providers and function tools, gives a `callModelInputFilter`, and listens to a runner's
// handoffs. Imports nothing of the SDK.

import { type CrewBreaker, type CrewOptions, crewBreaker, type GuardHandle } from '../index.ts';
import { strip } from '../stream.ts';
import { usageOf } from '../usage.ts';
import { type AgentOptions, agentGuards, refusal, replaced } from './_agent.ts';

export type { ModelOptions, ModelRequest, ToolOptions } from './_agent.ts';

/** Options of {@link agentsGuard}. */
export type AgentsOptions = AgentOptions & {
  /** Thresholds of handoffs, counted in each run on its own. Default: the same pair three times. */
  handoffs?: CrewOptions;
};

type Request = { input: string | readonly object[]; systemInstructions?: string };
type Model = {
  getResponse(request: never): Promise<object>;
  getStreamedResponse(request: never): AsyncIterable<{ type: string }>;
};
type Provider = { getModel(name?: string): object };
type ModelData = { input: readonly object[]; instructions?: string };
type Runner = {
  on(
    event: 'agent_handoff',
    listener: (context: object, from: { name: string }, to: { name: string }) => void,
  ): unknown;
};
type Invoke = (context: unknown, input: string, details?: { toolCall?: { callId: string } }) => Promise<unknown>;

/** The parts of {@link agentsGuard}; they belong together. */
export type AgentsGuard = {
  /** The guards behind it: views, resets, raised budgets. */
  readonly model: GuardHandle;
  readonly toolCalls: GuardHandle;
  /** The same model, guarded. */
  guardModel<M extends object>(model: M, name?: string): M;
  /** The same provider; each model that it gives is guarded. For `new Runner({ modelProvider })`. */
  guardProvider<P extends Provider>(provider: P): P;
  /** The same tools; function tools are guarded, hosted ones run at the provider and stay as they are. */
  tools<T extends readonly object[]>(tools: T): T;
  /**
   * A `callModelInputFilter` for models that you cannot wrap: it sees no answers, so it enforces loops, calls, context
   * and kills, and neither tokens nor dollars. Never beside a wrapped model: requests would count twice.
   */
  readonly filter: <D extends ModelData>(args: { modelData: D }) => Promise<D>;
  /** Watches the handoffs of a runner; gives it back. A trip throws from its `run`. */
  watch<R extends Runner>(runner: R): R;
};

const itemsOf = (input: Request['input']): unknown => (typeof input === 'string' ? input : strip(input.map(bare)));

const bare = (item: object): object => {
  const { callId: _call, providerData: _data, ...rest } = item as Record<string, unknown>;
  return rest;
};

/** Ids of the calls whose results a request brings. */
const answeredIn = (input: Request['input']): string[] =>
  typeof input === 'string'
    ? []
    : (input as readonly { type?: string; callId?: string }[]).flatMap(({ type, callId }) =>
        type === 'function_call_result' && callId !== undefined ? [callId] : [],
      );

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is what the model wrote: it tells calls apart as it is.
    return text;
  }
};

/**
 * Guards of one or many agents. A trip of a request throws from `run`, or from the stream. A tool call that trips is
 * answered with the trip, which the next request of that history throws.
 *
 * ```ts
 * import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents';
 * import { agentsGuard } from 'loopbound/adapters/openai-agents';
 *
 * const guard = agentsGuard({ model: { budget: { maxTokens: 100_000 } } });
 * const look = tool({
 *   name: 'look',
 *   description: 'Looks.',
 *   parameters: { type: 'object', properties: {}, required: [], additionalProperties: false },
 *   execute: async () => 'nothing',
 * });
 * const agent = new Agent({ name: 'planner', tools: guard.tools([look]) });
 * const runner = guard.watch(new Runner({ modelProvider: guard.guardProvider(new OpenAIProvider({ apiKey: 'key' })) }));
 * export const plan = () => runner.run(agent, 'Plan my week.', { maxTurns: 20 });
 * ```
 */
export const agentsGuard = (options: AgentsOptions = {}): AgentsGuard => {
  const guards = agentGuards(options);
  const crews = new WeakMap<object, CrewBreaker>();
  // Found out at once, not at the first handoff.
  crewBreaker(options.handoffs);

  const facts = (name: string | undefined, { input, ...more }: Request) =>
    [
      { ...more, input, ...(name === undefined ? {} : { model: name }) },
      { input: itemsOf(input), system: more.systemInstructions },
      answeredIn(input),
    ] as const;
  const guardModel = <M extends object>(model: M, name?: string): M => {
    const own = model as unknown as Model;
    const ask = (request: Request) => guards.ask(...facts(name, request));
    return replaced(model, {
      getResponse: async (request: Request) => {
        const call = await ask(request);
        try {
          const response = await own.getResponse(request as never);
          call.answered(strip((response as { output?: object[] }).output?.map(bare)), usageOf(response));
          return response;
        } catch (error) {
          call.failed(error);
          throw error;
        }
      },
      getStreamedResponse: async function* (request: Request) {
        const call = await ask(request);
        let response: { output?: object[] } | undefined;
        try {
          for await (const event of own.getStreamedResponse(request as never)) {
            if (event.type === 'response_done') response = (event as { response?: { output?: object[] } }).response;
            yield event;
          }
        } catch (error) {
          call.failed(error);
          throw error;
        } finally {
          call.answered(strip(response?.output?.map(bare)), usageOf(response));
        }
      },
    });
  };
  const guardTool = <T extends object>(tool: T): T => {
    const { type, name, invoke } = tool as { type?: string; name: string; invoke?: Invoke };
    if (type !== 'function' || typeof invoke !== 'function') return tool;
    const guarded: Invoke = (context, input, details) =>
      guards.use<unknown>(
        { name, input: parsed(input), key: details?.toolCall?.callId },
        () => invoke.call(tool, context, input, details),
        refusal,
      );
    return { ...tool, invoke: guarded };
  };

  return {
    model: guards.model,
    toolCalls: guards.tools,
    guardModel,
    guardProvider: provider =>
      replaced(provider, {
        getModel: async (name?: string) => guardModel(await (provider.getModel(name) as object), name),
      }),
    tools: tools => tools.map(guardTool) as unknown as typeof tools,
    filter: async ({ modelData }) => {
      const { input, instructions } = modelData;
      const call = await guards.ask(
        ...facts(undefined, { input, ...(instructions ? { systemInstructions: instructions } : {}) }),
      );
      call.answered(undefined, undefined);
      return modelData;
    },
    watch: runner => {
      runner.on('agent_handoff', (context, from, to) => {
        let crew = crews.get(context);
        if (!crew) {
          crew = crewBreaker({ name: 'handoffs', ...options.handoffs });
          crews.set(context, crew);
        }
        crew.delegate(from.name, to.name);
      });
      return runner;
    },
  };
};
