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

/** Command that opens the page of a rule; its one argument is the rule. */
export const openRuleCommand = 'loopbound.openRule';

/** Kind of the code action that applies all safe fixes of a file. */
export const fixAllKind = 'source.fixAll.loopbound';
