// What the adapters of agent frameworks share: a guard for requests to the model and one for tool calls.
// A tool call that trips is answered, so no history keeps a call without a result; its trip is held, and the next
// request of that history throws it. Imports no framework.

import type { Answered, GuardedCall, Outcome } from '../core.ts';
import {
  currentRun,
  type GuardHandle,
  type GuardOptions,
  guard,
  type Run,
  TripError,
  tripOf,
  type Usage,
  type Warning,
} from '../index.ts';

export { followed, replaced, type StreamReader } from '../stream.ts';

/** What is known of a request to a model before it is made. */
export type ModelRequest = { model?: string } & Record<string, unknown>;

/** Limits of requests to models. `cost` gets the request and the usage, also of a stream that has ended. */
export type ModelOptions = Omit<
  GuardOptions,
  'cost' | 'usage' | 'estimate' | 'signature' | 'result' | 'tokens' | 'onWarn'
> & {
  /** Dollars of a call. */
  cost?: (request: ModelRequest, usage: Usage) => number;
  /** The worst case of a request, held while it runs: with it, parallel requests never overshoot a budget. */
  estimate?: (request: ModelRequest) => { usd?: number; tokens?: number };
  /** Called one repeat before a stop. */
  onWarn?: (warning: Warning) => void;
};

/** Limits of tool calls. */
export type ToolOptions = Omit<GuardOptions, 'signature'>;

/** What every agent adapter takes. */
export type AgentOptions = {
  /** Guards requests to models. Default: a loop detector. */
  model?: ModelOptions;
  /** Guards tool calls; all tools share one guard, so calls that alternate are seen too. Default: a loop detector. */
  tools?: ToolOptions;
};

/** A request that was let through. Tell it exactly once how it ended; telling it again changes nothing. */
export type OpenRequest = {
  /** `answer` is what tells progress, without ids that are new each time. */
  answered(answer: unknown, usage: Usage | undefined): void;
  failed(error: unknown): void;
};

/** A tool call; `key` is what the next request knows it by. */
export type ToolFacts = { name: string; input: unknown; key: unknown };

/** The guards of an agent's model and tools. */
export type AgentGuards = {
  readonly model: GuardHandle;
  readonly tools: GuardHandle;
  /**
   * Lets a request to a model through, or throws its trip, or the one of a tool call among `keys`. `input` is what
   * tells requests apart.
   */
  ask(request: ModelRequest, input: unknown, keys?: Iterable<unknown>): Promise<OpenRequest>;
  /** Runs a tool. When it trips, `refuse` gives what the model gets in place of the result. */
  use<T>(
    facts: ToolFacts,
    run: () => T | PromiseLike<T>,
    refuse: (trip: TripError) => T | PromiseLike<T>,
    /** What of a result tells progress. Default: all of it. */
    said?: (output: T) => unknown,
  ): Promise<T>;
  /** Lets a tool call through, for hooks before and after it. Gives the held trip, or an answer, in place of the call. */
  enter(facts: ToolFacts): Promise<GuardedCall | TripError | Answered>;
  /** Holds the trip behind an error, if there is one, until the next request of that history; gives it. */
  hold(key: unknown, error: unknown): TripError | undefined;
  /** Takes the held trip of one of these tool calls. */
  take(keys: Iterable<unknown>): TripError | undefined;
};

/** Held trips: a history that is never asked about again must not fill the memory. */
const MOST_HELD = 1_000;

/** The words that a model and a reader of the history get in place of a tool's result. */
export const refusal = (trip: TripError): string => `Not done, stopped by loopbound (${trip.reason}): ${trip.message}`;

/** What a call cost. Without usage, of a stream that was left say, it counts as it was estimated. */
export const outcomeOf = (
  { cost, estimate }: ModelOptions,
  request: ModelRequest,
  usage: Usage | undefined,
): Outcome => {
  if (!usage) {
    const { usd = 0, tokens = 0 } = estimate?.(request) ?? {};
    return { usd, inputTokens: 0, outputTokens: tokens };
  }
  const { inputTokens, outputTokens } = usage;
  return { inputTokens, outputTokens, ...(cost ? { usd: cost(request, usage) } : {}) };
};

/** The options of a model's guard, without what only the adapter can answer. */
export const modelGuard = ({ cost: _cost, estimate: _estimate, onWarn, ...rest }: ModelOptions): GuardHandle =>
  guard({
    name: 'model',
    op: 'model',
    ...rest,
    ...(onWarn
      ? {
          onWarn: (warning: Warning): undefined => {
            onWarn(warning);
          },
        }
      : {}),
  });

/** Makes the guards. Throws `RangeError` for options that cannot work. */
export const agentGuards = (options: AgentOptions): AgentGuards => {
  const { estimate } = options.model ?? {};
  const model = modelGuard(options.model ?? {});
  const tools = guard({ name: 'tools', op: 'tool', ...options.tools } as GuardOptions);
  const held = new Map<unknown, { trip: TripError; root: Run }>();

  const take = (keys: Iterable<unknown>): TripError | undefined => {
    if (held.size === 0) return undefined;
    const { root } = currentRun();
    let found: TripError | undefined;
    for (const key of keys) {
      const entry = held.get(key);
      // Ids of calls are unique within a run only.
      if (entry?.root !== root) continue;
      held.delete(key);
      found ??= entry.trip;
    }
    return found;
  };
  const hold = (key: unknown, error: unknown): TripError | undefined => {
    const trip = tripOf(error);
    if (!trip) return undefined;
    if (held.size >= MOST_HELD) held.delete(held.keys().next().value);
    held.set(key, { trip, root: currentRun().root });
    return trip;
  };
  const enter = async ({ name, input, key }: ToolFacts): Promise<GuardedCall | TripError | Answered> => {
    try {
      return await tools.enter({ name, input, payload: input });
    } catch (error) {
      const trip = hold(key, error);
      if (trip) return trip;
      throw error;
    }
  };
  const factsOf = (request: ModelRequest, input: unknown) => ({
    name: request.model ?? 'model',
    input,
    payload: input,
    estimate: estimate?.(request),
  });
  const opened = (call: GuardedCall, request: ModelRequest): OpenRequest => ({
    answered: (answer, usage) => call.succeed(answer, outcomeOf(options.model ?? {}, request, usage)),
    failed: error => call.fail(error),
  });

  return {
    model,
    tools,
    take,
    hold,
    async ask(request, input, keys = []) {
      const before = take(keys);
      if (before) throw before;
      // Its `onWarn` never answers.
      return opened((await model.enter(factsOf(request, input))) as GuardedCall, request);
    },
    async use<T>(
      facts: ToolFacts,
      run: () => T | PromiseLike<T>,
      refuse: (trip: TripError) => T | PromiseLike<T>,
      said: (output: T) => unknown = output => output,
    ) {
      const entered = await enter(facts);
      if (entered instanceof TripError) return refuse(entered);
      if ('instead' in entered) return entered.instead as T;
      try {
        const output = await run();
        entered.succeed(said(output));
        return output;
      } catch (error) {
        entered.fail(error);
        // An agent inside the tool may have tripped: that ends this run too.
        const trip = hold(facts.key, error);
        if (trip) return refuse(trip);
        throw error;
      }
    },
    enter,
  };
};
