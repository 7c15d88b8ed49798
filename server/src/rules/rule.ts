// What a rule is: a plain object with its texts, examples and check. Docs, hovers and SARIF are made from it.
import type { Cycle } from '../graph/cycles.ts';
import type { AgentGraph, FixPlan } from '../graph/model.ts';
import type { WorstCase } from '../graph/worst.ts';
import { asNumber, type Quantity } from '../program/quantity.ts';
import type { Finding, Fix, RuleId, Severity } from './finding.ts';

/** Everything that a rule may look at. */
export interface Subject {
  readonly graph: AgentGraph;
  readonly cycles: readonly Cycle[];
  readonly worst: WorstCase;
  /** A cap of this many turns or more is a bound, but worth a note. */
  readonly highCap: number;
}

export interface Example {
  readonly language: 'typescript' | 'python';
  readonly code: string;
}

export interface Rule {
  readonly id: RuleId;
  /** What the rule finds, one sentence. */
  readonly what: string;
  /** Why it costs. */
  readonly why: string;
  /** What to do. */
  readonly do: string;
  readonly severity: Severity;
  /** Reported by this rule, and not reported by any. */
  readonly bad: Example;
  readonly good: Example;
  check(subject: Subject): Finding[];
}

/** Fixes of plans that mend the rule. */
export function fixesFor(rule: RuleId, plans: readonly FixPlan[]): Fix[] {
  return plans
    .filter(plan => plan.rules.includes(rule))
    .map(({ title, safe, operations }) => ({ title, safe, operations }));
}

/** Fixes of a cycle: those of runs without a limit first, then those of its machine. */
export function cycleFixes(rule: RuleId, cycle: Cycle): Fix[] {
  const inside = new Set(cycle.states.map(state => state.id));
  const mine = cycle.machine.fixes.filter(plan => !plan.states || plan.states.some(id => inside.has(id)));
  const all = [...(rule === 'unbounded-cycle' ? cycle.runs.flatMap(run => run.fixes) : []), ...mine];
  return fixesFor(
    rule,
    all.filter((plan, at) => all.indexOf(plan) === at),
  );
}

/** Model calls as a number, where they are one. */
export function callsOf(quantity: Quantity): number | null {
  return asNumber(quantity) ?? null;
}

/** `1 model call`, `3 model calls`, `n x k model calls`. */
export function calls(count: number | string | null): string {
  if (count === null) return 'model calls without end';
  // An expression may name calls itself: `calls of the crew`.
  if (typeof count === 'string' && /\bcalls\b/.test(count)) return count;
  return `${count} model call${count === 1 ? '' : 's'}`;
}
