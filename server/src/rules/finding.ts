// What a rule reports, as plain data: it is cached, sent over LSP and printed as JSON. It knows no parser and no editor.
import type { Span } from '../program/model.ts';

export type Severity = 'error' | 'warning' | 'info' | 'hint';

export const ruleIds = [
  'unbounded-cycle',
  'unbounded-loop',
  'unguarded-retry',
  'unbounded-state',
  'fan-out',
  'ineffective-bound',
  'default-bound',
  'retry-amplification',
  'dead-cycle',
  'swallowed-trip',
] as const;
export type RuleId = (typeof ruleIds)[number];

/** Who decides another turn of a loop. */
export type Controller = 'deterministic' | 'model' | 'tool' | 'exception' | 'external' | 'human';

/** Covered: `verified`, `framework-default`, `config-dependent`, `human-gated`. Not covered: the others. */
export type Coverage =
  | 'verified'
  | 'framework-default'
  | 'config-dependent'
  | 'human-gated'
  | 'missing'
  | 'weak'
  | 'disabled'
  | 'ineffective'
  | 'bypassed';

export interface Place {
  /** Workspace path of the module. */
  readonly path: string;
  readonly span: Span;
}

/** One hop of the witness path, in order. */
export interface Hop extends Place {
  readonly message: string;
}

/** One step of a fix. Spans name nodes of the model; the engine turns operations into text with the language's writer. */
export type FixOperation =
  /** Makes `imported` available; later texts write `$name` for the local name it got (`$guard`). */
  | { readonly do: 'import'; readonly path: string; readonly specifier: string; readonly imported: string }
  /** Finds a name for a new variable in the function around `at`; later texts write `$name` for it. */
  | { readonly do: 'name'; readonly path: string; readonly at: Span; readonly name: string }
  /** Sets `key: value` in the object literal, or among the keyword arguments of the call, at `at`. */
  | { readonly do: 'setOption'; readonly path: string; readonly at: Span; readonly key: string; readonly value: string }
  /** Adds a last argument to the call at `at`; with `key`, as an option of that name. */
  | {
      readonly do: 'addArgument';
      readonly path: string;
      readonly at: Span;
      readonly value: string;
      readonly key?: string;
    }
  | { readonly do: 'insertBefore'; readonly path: string; readonly at: Span; readonly lines: readonly string[] }
  /** At the start of the body of the loop at `at`. */
  | { readonly do: 'insertInLoop'; readonly path: string; readonly at: Span; readonly lines: readonly string[] }
  | { readonly do: 'replace'; readonly path: string; readonly at: Span; readonly text: string };

export interface Fix {
  readonly title: string;
  /** Takes part in fix-all: adds a bound without changing what a terminating run does. */
  readonly safe: boolean;
  readonly operations: readonly FixOperation[];
}

export interface Finding {
  readonly rule: RuleId;
  readonly severity: Severity;
  /** What is wrong, why it costs, what to do: three sentences or so, plain text. */
  readonly message: string;
  /** The construct's head: one or two lines. */
  readonly place: Place;
  readonly related: readonly Hop[];
  readonly controller: Controller;
  readonly coverage: Coverage;
  /** Model calls per turn; null if unknown. */
  readonly callsPerTurn: number | null;
  /** Calls in one run at worst: a number, an expression, or null for no bound. */
  readonly worstCase: number | string | null;
  /** Framework id (`langgraph`, `plain`). */
  readonly framework: string;
  /** Name of the construct (`reviewLoop`, `writer → critic → writer`): part of the fingerprint, so no line numbers. */
  readonly subject: string;
  /** Best first. */
  readonly fixes: readonly Fix[];
}

/** An agent entry point with its worst case. */
export interface EntryReport {
  readonly place: Place;
  readonly name: string;
  readonly framework: string;
  /** A number, an expression, or null for no bound. */
  readonly worstCase: number | string | null;
  /** What bounds it, in words: `recursionLimit 25 (default)`, `maxIter 8`. */
  readonly boundedBy: readonly string[];
  /** Loops that the entry can enter. */
  readonly loops: number;
}
