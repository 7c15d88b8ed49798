// Google ADK: a plugin for runners, and a reader of a run's events that throws the typed error.
// ADK makes messages of all errors, so the plugin ends a run in ADK's way and the reader tells. Imports nothing of ADK.

import type { GuardedCall } from '../core.ts';
import { type GuardHandle, TripError } from '../index.ts';
import { strip } from '../stream.ts';
import { usageOf } from '../usage.ts';
import { type AgentOptions, agentGuards, type OpenRequest, refusal } from './_agent.ts';

export type { AgentOptions as AdkOptions, ModelOptions, ModelRequest, ToolOptions } from './_agent.ts';

type Context = { readonly invocationId: string; readonly actions: object };
type Request = { readonly model?: string; readonly contents: readonly object[]; readonly config?: object };
type Response = {
  content?: { parts?: object[] };
  partial?: boolean;
  errorCode?: string;
  errorMessage?: string;
  customMetadata?: { [key: string]: unknown };
};
type Json = Record<string, unknown>;
type Nothing = () => Promise<undefined>;

/** A plugin in the form that `Runner` takes as it is. */
export type AdkPlugin = {
  readonly name: string;
  beforeModelCallback(params: { callbackContext: Context; llmRequest: Request }): Promise<Response | undefined>;
  afterModelCallback(params: { callbackContext: Context; llmResponse: Response }): Promise<undefined>;
  onModelErrorCallback(params: { callbackContext: Context; error: Error }): Promise<Response | undefined>;
  beforeToolCallback(params: {
    tool: { name: string };
    toolArgs: Json;
    toolContext: Context;
  }): Promise<Json | undefined>;
  afterToolCallback(params: { toolContext: Context; result: Json }): Promise<undefined>;
  onToolErrorCallback(params: { toolContext: Context; error: Error }): Promise<Json | undefined>;
  afterRunCallback(params: { invocationContext: { readonly invocationId: string } }): Promise<void>;
  readonly onUserMessageCallback: Nothing;
  readonly beforeRunCallback: Nothing;
  readonly onEventCallback: Nothing;
  readonly beforeAgentCallback: Nothing;
  readonly afterAgentCallback: Nothing;
  readonly beforeNodeCallback: Nothing;
  readonly afterNodeCallback: Nothing;
  readonly beforeToolSelection: Nothing;
  readonly beforeContextCompaction: () => Promise<void>;
  readonly afterContextCompaction: () => Promise<void>;
};

/** The parts of {@link adkGuard}; they belong together. */
export type AdkGuard = {
  /** The guards behind it: views, resets, raised budgets. */
  readonly model: GuardHandle;
  readonly toolCalls: GuardHandle;
  /** For `new Runner({ plugins: [plugin] })`. */
  readonly plugin: AdkPlugin;
  /** The same events; where the run has ended by a trip, it throws after the last one. */
  events<E extends object>(events: AsyncIterable<E>): AsyncGenerator<E, void, undefined>;
};

const MARK = 'loopbound';

/**
 * Guards of one or many agents. A trip of a request ends the invocation with an event whose `errorCode` is
 * `LOOPBOUND_` and the reason; a tool call that trips is answered with the trip, and the next request ends the invocation.
 *
 * ```ts
 * import { InMemoryRunner, LlmAgent } from '@google/adk';
 * import { adkGuard } from 'loopbound/adapters/google-adk';
 *
 * const { plugin, events } = adkGuard({ model: { budget: { maxTokens: 100_000 } } });
 * const agent = new LlmAgent({ name: 'planner', model: 'gemini-2.5-flash' });
 * const runner = new InMemoryRunner({ agent, plugins: [plugin] });
 * const newMessage = { role: 'user', parts: [{ text: 'Plan my week.' }] };
 * for await (const event of events(runner.runEphemeral({ userId: 'u', newMessage }))) console.log(event.content);
 * ```
 */
export const adkGuard = (options: AgentOptions = {}): AdkGuard => {
  const guards = agentGuards(options);
  // One request and one tool call have one context each, before and after.
  const requests = new WeakMap<object, OpenRequest>();
  const calls = new WeakMap<object, GuardedCall>();
  const trips = new WeakMap<object, TripError>();

  const ending = (trip: TripError): Response => {
    const mark = { id: trip.trip.id, reason: trip.reason };
    trips.set(mark, trip);
    return {
      errorCode: `LOOPBOUND_${trip.reason.toUpperCase()}`,
      errorMessage: trip.message,
      customMetadata: { [MARK]: mark },
    };
  };
  const nothing: Nothing = async () => undefined;

  return {
    model: guards.model,
    toolCalls: guards.tools,
    plugin: {
      name: MARK,
      async beforeModelCallback({ callbackContext: { invocationId, actions }, llmRequest }) {
        const { model, contents, config } = llmRequest;
        const { systemInstruction } = (config ?? {}) as { systemInstruction?: unknown };
        const request = { contents, config, ...(model === undefined ? {} : { model }) };
        try {
          requests.set(
            actions,
            await guards.ask(request, { contents: strip(contents), systemInstruction }, [invocationId]),
          );
          return undefined;
        } catch (error) {
          // Branches that run beside it end at their next request too.
          const trip = guards.hold(invocationId, error);
          if (!trip) throw error;
          return ending(trip);
        }
      },
      async afterModelCallback({ callbackContext: { actions }, llmResponse }) {
        if (llmResponse.partial) return undefined;
        requests.get(actions)?.answered(strip(llmResponse.content?.parts), usageOf(llmResponse));
        return undefined;
      },
      async onModelErrorCallback({ callbackContext: { invocationId, actions }, error }) {
        requests.get(actions)?.failed(error);
        const trip = guards.hold(invocationId, error);
        return trip && ending(trip);
      },
      async beforeToolCallback({ tool: { name }, toolArgs, toolContext }) {
        const entered = await guards.enter({ name, input: toolArgs, key: toolContext.invocationId });
        if (entered instanceof TripError) return { error: refusal(entered) };
        if ('instead' in entered) return { result: entered.instead };
        calls.set(toolContext, entered);
        return undefined;
      },
      async afterToolCallback({ toolContext, result }) {
        calls.get(toolContext)?.succeed(result);
        return undefined;
      },
      async onToolErrorCallback({ toolContext, error }) {
        calls.get(toolContext)?.fail(error);
        // An agent inside the tool may have tripped: that ends this run too.
        const trip = guards.hold(toolContext.invocationId, error);
        return trip && { error: refusal(trip) };
      },
      async afterRunCallback({ invocationContext: { invocationId } }) {
        guards.take([invocationId]);
      },
      onUserMessageCallback: nothing,
      beforeRunCallback: nothing,
      onEventCallback: nothing,
      beforeAgentCallback: nothing,
      afterAgentCallback: nothing,
      beforeNodeCallback: nothing,
      afterNodeCallback: nothing,
      beforeToolSelection: nothing,
      beforeContextCompaction: nothing,
      afterContextCompaction: nothing,
    },
    async *events(events) {
      let trip: TripError | undefined;
      for await (const event of events) {
        const mark = (event as Response).customMetadata?.[MARK];
        if (typeof mark === 'object' && mark !== null) trip ??= trips.get(mark);
        yield event;
      }
      if (trip) throw trip;
    },
  };
};
