// LangGraph.js: wraps nodes and routers of a graph, so that steps, routes and the size of the state are bounded in each
// run. Models and tools inside nodes: `loopbound/adapters/langchain`. Imports nothing of the framework.

import {
  type AnyFunction,
  type FlowGuard,
  type FlowOptions,
  flowGuard,
  guardedStep,
  type StepOptions,
  TERMINAL_ROUTES,
} from '../index.ts';
import { isThenable } from '../run.ts';

/** Limits of one node; they override those of the graph. */
export type NodeOptions = Omit<StepOptions, 'flow' | 'router' | 'checkState' | 'maxSameRoute' | 'terminalRoutes'> & {
  /** Whether the size of the state is checked before the node. Default true. */
  checkState?: boolean;
};

/** Limits of one router; they override those of the graph. */
export type RouterOptions = Pick<StepOptions, 'name' | 'maxSameRoute' | 'terminalRoutes' | 'monitor'>;

/** The parts of {@link graphGuard}. */
export type GraphGuard = {
  /** The limits and counters behind it. */
  readonly flow: FlowGuard;
  /** The same node, counted and checked before it runs. */
  node<F extends AnyFunction>(node: F, options?: NodeOptions): F;
  /** The same router (of `addConditionalEdges`); the routes that it gives are watched. */
  router<F extends AnyFunction>(router: F, options?: RouterOptions): F;
};

type Config = { metadata?: { langgraph_node?: string }; writer?: object } | undefined;

/**
 * Guards the nodes of a graph: `StepBudgetExceededError`, `RouterLoopError`, `StateBudgetError` and, for a run that was
 * stopped, `RunStoppedError` reject `invoke` and end its stream. Counters belong to one `invoke`, or to the run around it.
 *
 * ```ts
 * import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
 * import { graphGuard } from 'loopbound/adapters/langgraph';
 *
 * const { node, router } = graphGuard({ maxInvocations: 4 });
 * const State = Annotation.Root({ draft: Annotation<string> });
 * export const graph = new StateGraph(State)
 *   .addNode('write', node(async (state: typeof State.State) => ({ draft: `${state.draft}!` })))
 *   .addEdge(START, 'write')
 *   .addConditionalEdges('write', router((state: typeof State.State) => (state.draft.length > 3 ? END : 'write')))
 *   .compile();
 * ```
 */
export const graphGuard = (options: FlowOptions = {}): GraphGuard => {
  // The end of a graph is no route that could repeat.
  const flow = flowGuard({
    name: 'graph',
    ...options,
    terminalRoutes: ended(options.terminalRoutes ?? TERMINAL_ROUTES),
  });
  const runs = new WeakMap<object, object>();
  /** Outside `withRun` an invocation is known by its stream writer, which its nodes share and nobody else has. */
  const runOf = (config: Config): object | undefined => {
    const { writer } = config ?? {};
    if (typeof writer !== 'function') return undefined;
    let run = runs.get(writer);
    if (!run) {
      run = {};
      runs.set(writer, run);
    }
    return run;
  };
  const wrapped = <F extends AnyFunction>(fn: F, step: StepOptions): F => {
    const named = new Map<string, AnyFunction>();
    const guarded = (...args: unknown[]): unknown => {
      const config = args[1] as Config;
      const name = step.name ?? config?.metadata?.langgraph_node ?? fn.name;
      let counted = named.get(name);
      if (!counted) {
        counted = guardedStep(fn, { ...step, flow, name });
        named.set(name, counted);
      }
      return (counted as (...args: unknown[]) => unknown).apply(runOf(config), args);
    };
    Object.defineProperty(guarded, 'name', { value: fn.name, configurable: true });
    return guarded as unknown as F;
  };
  return {
    flow,
    node: (fn, { checkState = true, ...step } = {}) =>
      wrapped(fn, { ...step, ...(checkState ? { checkState: (state: unknown) => state } : {}) }),
    router: (fn, step = {}) => watchRoutes(fn, step, flow, runOf),
  };
};

const ended = (routes: readonly string[]): string[] => [...routes, '__end__'];

/** Several routes at once are one; what starts tasks (`Send`) has no name that could repeat. */
const routeName = (route: unknown): string | undefined => {
  if (typeof route === 'string') return route;
  if (Array.isArray(route) && route.every(part => typeof part === 'string')) return route.join(' + ');
  return undefined;
};

const watchRoutes = <F extends AnyFunction>(
  fn: F,
  step: RouterOptions,
  flow: FlowGuard,
  runOf: (config: Config) => object | undefined,
): F => {
  const watched = (...args: unknown[]): unknown => {
    const seen = (route: unknown): unknown => {
      const name = routeName(route);
      if (name !== undefined)
        flow.route(
          name,
          { ...step, ...(step.terminalRoutes ? { terminalRoutes: ended(step.terminalRoutes) } : {}) },
          runOf(args[1] as Config),
          watched as AnyFunction,
        );
      return route;
    };
    const route = (fn as unknown as (...args: unknown[]) => unknown)(...args);
    return isThenable(route) ? route.then(seen) : seen(route);
  };
  Object.defineProperty(watched, 'name', { value: fn.name, configurable: true });
  return watched as unknown as F;
};
