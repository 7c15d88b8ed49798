// The agent graph: steps, the work they do, machines that frameworks run, loops and what bounds them. Plain data.
// It must not know source syntax: adapters have translated it.
import type { Quantity } from '../program/quantity.ts';
import type { Controller, Coverage, FixOperation, Hop, Place, RuleId } from '../rules/finding.ts';

export type StepId = string;

/** What running a piece of code does, as far as model and tool calls go. Its cost is worked out in `worst.ts`. */
export type Work =
  /** Requests to the model, made here. */
  | { readonly do: 'model'; readonly count: Quantity; readonly place: Place; readonly what: string }
  | { readonly do: 'tool'; readonly place: Place; readonly what: string }
  /** Runs a step of the graph: a function, a node. */
  | { readonly do: 'enter'; readonly step: StepId; readonly place: Place }
  /** Runs a machine; `limit` is the bound that this run sets, if it sets one. */
  | { readonly do: 'run'; readonly machine: string; readonly limit: Bound | undefined; readonly place: Place }
  | { readonly do: 'all'; readonly parts: readonly Work[] }
  | { readonly do: 'one'; readonly options: readonly Work[] }
  /** A loop of the code: `Loop.rounds` says how often. */
  | { readonly do: 'repeat'; readonly loop: string; readonly body: Work }
  /** A fixed multiple: fan-out over a list, attempts of a retry library. */
  | {
      readonly do: 'times';
      readonly count: Quantity;
      readonly body: Work;
      readonly place: Place;
      readonly what: string;
      /** The same work again after a failure, not other work. */
      readonly retry?: boolean;
    };

export const nothing: Work = { do: 'all', parts: [] };

export type StepKind = 'function' | 'node' | 'agent' | 'tool' | 'topLevel';

export interface Step {
  readonly id: StepId;
  readonly kind: StepKind;
  readonly name: string;
  readonly place: Place;
  readonly framework: string;
  readonly work: Work;
}

/** What limits a loop or a run. */
export interface Bound {
  readonly kind:
    | 'counter'
    | 'frameworkLimit'
    | 'finiteIteration'
    | 'deadline'
    | 'budget'
    | 'runtimeGuard'
    | 'humanGate';
  /** How often the loop goes round at most (its unit is the loop's own: turns, supersteps, visits). */
  readonly limit: Quantity;
  /** In words: `recursionLimit 25 (default)`, `attempts < 3`. */
  readonly text: string;
  readonly place: Place | undefined;
  readonly source: 'code' | 'default';
  /** The number comes from outside the code. */
  readonly configured: boolean;
}

/** A loop or recursion in plain code. */
export interface Loop {
  readonly id: string;
  readonly shape: 'loop' | 'recursion' | 'retry';
  readonly framework: string;
  /** Name of the function it stands in, or of the functions of the recursion. */
  readonly name: string;
  /** The head. */
  readonly place: Place;
  readonly witness: readonly Hop[];
  readonly controller: Controller;
  readonly coverage: Coverage;
  /** Why the coverage is what it is, in words, for the message. */
  readonly reason: string;
  /** Turns at most; `endless` if nothing bounds it. */
  readonly rounds: Quantity;
  readonly bounds: readonly Bound[];
  /** Sure that a runaway is possible (warning), or only that no bound was found (info). */
  readonly sure: boolean;
  /** Nothing leaves it, though it waits on every turn: a service. What grows in it grows for as long as the process runs. */
  readonly service?: boolean;
  readonly steps: readonly StepId[];
  readonly body: Work;
  readonly fixes: readonly FixPlan[];
}

export interface Transition {
  readonly from: string;
  readonly to: string;
  readonly kind: 'next' | 'route' | 'listen' | 'handoff' | 'emit';
  readonly label: string;
  readonly place: Place;
  /** Bounds of counters that this transition checks, by counter key: it is taken only while the counter is below. */
  readonly checks: readonly string[];
  readonly controller: Controller;
  /** How many states the same decision starts side by side, this one among them; `many` if that is not known. */
  readonly parallel?: number | 'many' | undefined;
}

export interface MachineState {
  readonly id: string;
  readonly name: string;
  readonly place: Place;
  readonly work: Work;
  /** Counters that every way through the state raises, and those that a way may set back. */
  readonly raises: readonly string[];
  readonly resets: readonly string[];
  /** Asks a person before it goes on. */
  readonly human: boolean;
  /** A runtime guard that every way through the state meets. */
  readonly guard?: Bound | undefined;
}

/** A counter in a machine's state, with its limit. */
export interface Counter {
  readonly key: string;
  readonly bound: Bound;
}

/** A graph that a framework executes: nodes and edges, a network, a flow, agents with handoffs. */
export interface Machine {
  readonly id: string;
  readonly framework: string;
  readonly name: string;
  readonly place: Place;
  readonly states: readonly MachineState[];
  readonly transitions: readonly Transition[];
  readonly start: readonly string[];
  /**
   * What the run limit counts: rounds of parallel states, single visits along one way, the visits of each state by
   * themselves, or requests, wherever they are made.
   */
  readonly unit: 'superstep' | 'visit' | 'visitOfEach' | 'request';
  /** The limit when a run sets none; undefined: the framework has none. */
  readonly limit: Bound | undefined;
  /** Work that each unit adds (a routing agent). */
  readonly perUnit: Work;
  readonly counters: readonly Counter[];
  /** What happens on hitting the limit, in words. */
  readonly onLimit: string;
  /** Parts could not be read: edges added elsewhere, a computed router. */
  readonly open: boolean;
  /** How a finding on a cycle of this machine is mended, best first. */
  readonly fixes: readonly FixPlan[];
  /** A limit in the code that does nothing (`maxIter: 0`), in words. */
  readonly disabled: string | undefined;
  /** The limit of a run of it counts for runs inside of it that set none (`handsDown`) and take it (`inherits`). */
  readonly handsDown?: boolean;
  readonly inherits?: boolean;
  /** Only ever run by another machine that was made by the same call: it is no finding and no entry of its own. */
  readonly isPart?: boolean;
}

/** One place that runs a machine. */
export interface Run {
  readonly machine: string;
  readonly place: Place;
  readonly limit: Bound | undefined;
  readonly disabled: string | undefined;
  readonly fixes: readonly FixPlan[];
}

/** Something that grows on a loop. */
export interface Growth {
  /** Name of what grows. */
  readonly field: string;
  readonly place: Place;
  /** Loop or machine that it grows in. */
  readonly within: string;
  readonly feedsPrompt: boolean;
  /** What trims it, in words. */
  readonly trimmedBy: string | undefined;
  readonly framework: string;
  readonly fixes: readonly FixPlan[];
}

/** A bound in the code that does nothing. */
export interface IdleBound {
  readonly name: string;
  /** A note where something else covers what it should have; a warning if absent. */
  readonly severity?: 'info';
  readonly place: Place;
  /** What it does not do, a sentence without its full stop. */
  readonly text: string;
  readonly advice: string;
  readonly framework: string;
  readonly witness: readonly Hop[];
  readonly fixes: readonly FixPlan[];
}

/** A cycle that somebody meant to go round and that does not. */
export interface DeadCycle {
  readonly name: string;
  readonly place: Place;
  /** What does not happen, a sentence without its full stop. */
  readonly text: string;
  readonly advice: string;
  readonly framework: string;
  readonly witness: readonly Hop[];
  readonly fixes: readonly FixPlan[];
}

/** A catch that takes the error of a limit, in a loop that goes on. */
export interface Swallow {
  /** The catch. */
  readonly place: Place;
  readonly loop: string;
  /** Name of the error. */
  readonly error: string;
  readonly fixes: readonly FixPlan[];
}

/** Calls side by side for each element of a list that a model wrote. */
export interface FanOut {
  /** The construct's head. */
  readonly place: Place;
  /** Where the `times` of the work stands. */
  readonly at: Place;
  readonly list: string;
  /** Name of the function it stands in. */
  readonly name: string;
  readonly framework: string;
  readonly fixes: readonly FixPlan[];
}

export interface FixPlan {
  readonly title: string;
  readonly safe: boolean;
  readonly rules: readonly RuleId[];
  readonly operations: readonly FixOperation[];
  /** States of the machine whose cycles it mends; absent: all of them. */
  readonly states?: readonly string[];
}

export interface AgentGraph {
  readonly steps: ReadonlyMap<StepId, Step>;
  readonly machines: ReadonlyMap<string, Machine>;
  readonly loops: ReadonlyMap<string, Loop>;
  readonly runs: readonly Run[];
  readonly growths: readonly Growth[];
  readonly idle: readonly IdleBound[];
  readonly dead: readonly DeadCycle[];
  readonly swallows: readonly Swallow[];
  readonly fanOuts: readonly FanOut[];
  /** Steps where a run begins: exported or top-level code that nothing else in the program calls. */
  readonly entries: readonly StepId[];
}
