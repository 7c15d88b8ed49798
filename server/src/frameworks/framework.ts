// What a framework adapter is: a plain object that says which calls mean what, and reads the machines that they build.
// It must not know files, parsers or the editor.
import type { DeadCycle, Growth, IdleBound, Loop, Machine, Run, Step, Work } from '../graph/model.ts';
import type { CallExpression } from '../program/model.ts';
import type { In, Value } from '../program/values.ts';
import type { Reader } from './reading.ts';

/** What a call does. */
export type Effect =
  | 'model'
  | 'tool'
  /** Runs an agent or machine: the adapter's `work` says what that costs. */
  | 'agent'
  /** Waits for a person. */
  | 'human'
  /** A runtime guard: throws once its budget is used up. */
  | 'guard'
  /** Waits for an event, a message or time. */
  | 'wait'
  /** Keeps its functions for a machine or an agent, and runs none of them. */
  | 'keeps'
  /** Gives back its first argument, wrapped: calling the result calls the argument. */
  | 'wrapper'
  /** Calls its callback again when that fails: the pattern's `work` says how often. */
  | 'retry';

export interface CallPattern {
  /** Package or Python top package that the path starts with; a leading `*` + `/`: a folder that is generated into the project. */
  readonly packages: readonly string[];
  /** Matched against the external path after the package: `:default().chat.completions.create`. */
  readonly path: RegExp;
  readonly effect: Effect;
  /** False for calls of the same path that are something else: a request to another address. */
  when?(call: In<CallExpression>, value: External, reader: Reader): boolean;
  /** The call's work, where it is more than one request. */
  work?(call: In<CallExpression>, value: External, reader: Reader): Work;
}

export type External = Extract<Value, { kind: 'external' }>;

/** A default of a framework, for one range of versions, with where it was proven. */
export interface Default {
  readonly option: string;
  readonly package: string;
  /** Major versions it holds for; undefined: all known. */
  readonly majors?: readonly number[];
  readonly language: 'typescript' | 'python';
  /** null: no limit. */
  readonly value: number | null;
  readonly unit: string;
  /** Values that do not mean what they say: `0` is `unlimited`. */
  readonly sentinels: Readonly<Record<string, string>>;
  readonly onLimit: string;
  /** The test that runs the real package, or why there is none. */
  readonly proof: string;
}

export interface Framework {
  readonly id: string;
  readonly title: string;
  readonly docs: string;
  /** Import specifiers by language; a trailing `*` matches any ending. Files that import one are analysed. */
  readonly packages: { readonly typescript: readonly string[]; readonly python: readonly string[] };
  readonly defaults: readonly Default[];
  readonly calls: readonly CallPattern[];
  /** Finds what the framework would run, over the whole program. */
  read?(reader: Reader): Contribution;
}

/** What an adapter adds to the graph. */
export interface Contribution {
  readonly steps?: readonly Step[];
  readonly machines?: readonly Machine[];
  readonly runs?: readonly Run[];
  readonly growths?: readonly Growth[];
  readonly idle?: readonly IdleBound[];
  readonly dead?: readonly DeadCycle[];
  /** Loops that a library runs. */
  readonly loops?: readonly Loop[];
}

export interface EffectOf {
  readonly effect: Effect;
  readonly framework: string;
  /** What is called, for messages: `client.chat.completions.create`. */
  readonly what: string;
  /** False where only the shape of the call says so. */
  readonly sure: boolean;
  readonly pattern: CallPattern | undefined;
  readonly value: External | undefined;
  /** What the callee may be as well: a helper is called with one agent here and with another one there. */
  readonly others?: readonly { readonly pattern: CallPattern; readonly value: External }[];
}
