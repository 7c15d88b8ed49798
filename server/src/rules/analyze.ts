// The analyzer as one pure function: a program in, findings and entries out.
import { buildGraph } from '../graph/build.ts';
import { cyclesOf } from '../graph/cycles.ts';
import { type Outline, outlinesOf } from '../graph/outline.ts';
import { WorstCase } from '../graph/worst.ts';
import { Cancelled } from '../program/cancelled.ts';
import type { Program } from '../program/program.ts';
import { isSuite, startsOf } from './entries.ts';
import type { EntryReport, Finding, RuleId } from './finding.ts';
import { rules } from './index.ts';
import type { Subject } from './rule.ts';

export type { Outline, OutlineStep } from '../graph/outline.ts';

/** What a project may tune; the engine reads it from the config file. */
export interface AnalyzeOptions {
  /** Rules that need not run. */
  readonly off: ReadonlySet<RuleId>;
  /** Callees that count as model calls beside the known ones: `package#export`, or a method chain such as `*.askModel`. */
  readonly modelCallees: readonly string[];
  readonly toolCallees: readonly string[];
  /** Wrappers that bound what they wrap, like `guard`. */
  readonly guards: readonly string[];
  /** Specifiers of modules whose decorators make flows. */
  readonly flowModules: readonly string[];
  /** A cap of this many turns or more is worth a note. */
  readonly highCap: number;
  /** True once the caller no longer wants the answer; the analysis then throws `Cancelled`. */
  cancelled(): boolean;
}

export interface Analysis {
  /** Sorted by path, place, rule. */
  readonly findings: readonly Finding[];
  readonly entries: readonly EntryReport[];
}

export function analyze(program: Program, options: AnalyzeOptions): Analysis {
  const subject = subjectOf(program, options);
  const findings = rules
    .filter(rule => !options.off.has(rule.id))
    .flatMap(rule => rule.check(subject))
    .map(inSuite);
  return { findings: findings.sort(inOrder), entries: startsOf(subject).map(({ entry }) => entry) };
}

/** The graph of each entry, for those who ask to see it: a check does without. */
export function outline(program: Program, options: AnalyzeOptions): readonly Outline[] {
  const subject = subjectOf(program, options);
  return outlinesOf(subject, startsOf(subject));
}

function subjectOf(program: Program, options: AnalyzeOptions): Subject {
  if (options.cancelled()) throw new Cancelled();
  const graph = buildGraph(program, options);
  if (options.cancelled()) throw new Cancelled();
  const cycles = [...graph.machines.values()].flatMap(machine => cyclesOf(machine, graph.runs, graph));
  return { graph, cycles, worst: new WorstCase(graph), highCap: options.highCap };
}

/** A test's loops run against a scripted model more often than not. */
function inSuite(finding: Finding): Finding {
  if (finding.severity !== 'warning' || !isSuite(finding.place.path)) return finding;
  return { ...finding, severity: 'info', message: `${finding.message} It stands in a test, so this is a note.` };
}

function inOrder(a: Finding, b: Finding): number {
  if (a.place.path !== b.place.path) return a.place.path < b.place.path ? -1 : 1;
  return a.place.span[0] - b.place.span[0] || a.place.span[1] - b.place.span[1] || (a.rule < b.rule ? -1 : 1);
}
