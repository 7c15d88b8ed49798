// The analyzer as one pure function: a program in, findings and entries out.
import { Cancelled } from '../program/cancelled.ts';
import type { Program } from '../program/program.ts';
import type { EntryReport, Finding, RuleId } from './finding.ts';

/** What a project may tune; the engine reads it from the config file. */
export interface AnalyzeOptions {
  /** Rules that need not run. */
  readonly off: ReadonlySet<RuleId>;
  /** Callees that count as model calls beside the known ones: `package#export`, or a method chain such as `*.askModel`. */
  readonly modelCallees: readonly string[];
  readonly toolCallees: readonly string[];
  /** Wrappers that bound what they wrap, like `guard`. */
  readonly guards: readonly string[];
  /** True once the caller no longer wants the answer; the analysis then throws `Cancelled`. */
  cancelled(): boolean;
}

export interface Analysis {
  /** Sorted by path, place, rule. */
  readonly findings: readonly Finding[];
  readonly entries: readonly EntryReport[];
}

export function analyze(_program: Program, options: AnalyzeOptions): Analysis {
  if (options.cancelled()) throw new Cancelled();
  return { findings: [], entries: [] };
}
