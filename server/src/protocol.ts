// What Loopbound's server and its clients say to each other beside the language server protocol. Types and names only:
// the client imports this file, so it must import nothing.

/** Server to client: what the analysis is doing. */
export const statusNotification = 'loopbound/status';

export interface StatusParams {
  readonly busy: boolean;
  /** Source files of all folders, as of the last check. */
  readonly files: number;
  /** Files with agent code that were read. */
  readonly parsed: number;
  /** Time of the last check. */
  readonly milliseconds: number;
  /** Memory of the server. */
  readonly megabytes: number;
}

/** Client to server: a guard tripped at the place of a finding, which is then marked as seen at run time. */
export const seenAtRuntimeNotification = 'loopbound/seenAtRuntime';

export interface SeenAtRuntimeParams {
  readonly uri: string;
  /** From 0: a line of the finding or of its witness path. */
  readonly line: number;
  /** The finding's rule; any if absent. */
  readonly rule?: string;
  /** Why the guard tripped: `loop`, `budget`. */
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly time?: number;
}

/** Client to server: all runs that are on record. Findings say how far their loop went in them. */
export const recordedRunsNotification = 'loopbound/recordedRuns';

/** What a run called how often. */
export interface RecordedRun {
  /** It ended by itself: neither tripped nor failed. */
  readonly ok: boolean;
  readonly calls: readonly { readonly name: string; readonly op: string; readonly calls: number }[];
}

export interface RecordedRunsParams {
  readonly runs: readonly RecordedRun[];
}

/** Client to server, a request: what a language model asks. The answer is plain data; `error` in it says what was wrong. */
export const askRequest = 'loopbound/ask';

export interface AskParams {
  readonly question: 'check' | 'explain' | 'graph';
  readonly input: Readonly<Record<string, unknown>>;
}

/** Command that opens the page of a rule; its one argument is the rule. */
export const openRuleCommand = 'loopbound.openRule';

/** Kind of the code action that applies all safe fixes of a file. */
export const fixAllKind = 'source.fixAll.loopbound';

/** Client to server, a request: the graph of the entry at a place, or of the named one. */
export const graphRequest = 'loopbound/graph';

export interface GraphParams {
  readonly uri: string;
  /** From 0. */
  readonly line: number;
  /** Id of an entry that an earlier answer named; without it, or if it is gone, the place decides. */
  readonly entry?: string;
}

/** Where something stands; lines and characters from 0. */
export interface GraphPlace {
  readonly uri: string;
  readonly line: number;
  readonly character: number;
}

/** A count of model calls: a number, an expression, or null for no bound. */
export type GraphCalls = number | string | null;

export interface GraphStep {
  readonly id: string;
  readonly kind: 'entry' | 'function' | 'agent' | 'node' | 'machine' | 'loop' | 'model' | 'tool';
  readonly name: string;
  /** Model calls of one visit, with all that it enters. */
  readonly calls: GraphCalls;
  /** Asks a person before it goes on. */
  readonly human: boolean;
  readonly place: GraphPlace;
}

export interface GraphTransition {
  readonly from: string;
  readonly to: string;
  readonly kind: 'next' | 'call' | 'route' | 'listen' | 'handoff' | 'emit' | 'repeat' | 'retry';
  readonly label: string;
  readonly place: GraphPlace;
}

export interface GraphLoop {
  readonly id: string;
  readonly kind: 'cycle' | 'loop' | 'recursion' | 'retry';
  readonly name: string;
  /** Steps on it. */
  readonly steps: readonly string[];
  readonly coverage: string;
  readonly covered: boolean;
  /** What bounds it, or why nothing does. */
  readonly bound: string;
  /** Turns at most, in the loop's own unit. */
  readonly turns: GraphCalls;
  readonly callsPerTurn: GraphCalls;
  readonly controller: string;
  readonly place: GraphPlace;
}

export interface Graph {
  readonly id: string;
  readonly name: string;
  readonly framework: string;
  readonly worstCase: GraphCalls;
  readonly boundedBy: readonly string[];
  readonly steps: readonly GraphStep[];
  readonly transitions: readonly GraphTransition[];
  readonly loops: readonly GraphLoop[];
  /** There is more than is drawn. */
  readonly cut: boolean;
  readonly place: GraphPlace;
  /** The same as a Mermaid flowchart. */
  readonly mermaid: string;
}

export interface GraphAnswer {
  /** Entries of the file, the one at the place first; of the whole folder where the file has none. */
  readonly entries: readonly { readonly id: string; readonly name: string; readonly worstCase: GraphCalls }[];
  readonly graph: Graph | null;
}
