// Entry points of agents with their worst case: what the lens over them says.

import type { Machine, Work } from '../graph/model.ts';
import type { Start } from '../graph/outline.ts';
import { asNumber, report } from '../program/quantity.ts';
import type { EntryReport } from './finding.ts';
import type { Subject } from './rule.ts';

const suite =
  /\.(?:test|spec|e2e|e2e-spec)\.[cm]?[jt]sx?$|(?:^|\/)__tests__\/|(?:^|\/)(?:test_[^/]*|[^/]*_test|conftest)\.py$/;

/** A test runner's suite, by the name of the file. */
export function isSuite(path: string): boolean {
  return suite.test(path);
}

/** Functions that start a run, and machines that nothing in the program runs, with what they do. */
export function startsOf(subject: Subject): Start[] {
  const { graph, worst } = subject;
  const starts: Start[] = [];
  for (const id of graph.entries) {
    const step = graph.steps.get(id);
    // A suite's top level makes test cases, which no user starts as one run.
    if (!step || (step.name === '(top level)' && isSuite(step.place.path))) continue;
    const reached = reachedBy(step.work, graph);
    const cost = worst.step(id);
    // A run without model calls is shown for what may go round in it for ever.
    const open = [...reached.loops].some(loop => graph.loops.get(loop)?.rounds === 'endless');
    if (asNumber(cost) === 0 && !open) continue;
    const boundedBy = new Set<string>();
    for (const loop of reached.loops)
      for (const bound of graph.loops.get(loop)?.bounds ?? []) boundedBy.add(bound.text);
    for (const [id, limits] of reached.runs) {
      const machine = graph.machines.get(id);
      for (const limit of limits)
        for (const text of machine ? boundsOf(machine, limit, subject) : []) boundedBy.add(text);
    }
    const entry = {
      place: step.place,
      name: step.name,
      framework: step.framework,
      worstCase: report(cost),
      // What bounds one loop of several is no bound of the run.
      boundedBy: cost === 'endless' ? [] : [...boundedBy],
      loops: reached.loops.size + [...reached.runs.keys()].length,
    };
    starts.push({ entry, work: step.work });
  }
  const run = new Set(graph.runs.map(one => one.machine));
  for (const machine of graph.machines.values()) {
    if (run.has(machine.id) || machine.isPart) continue;
    const entry = machineEntry(machine, report(worst.machine(machine, undefined)), subject);
    starts.push({ entry, work: { do: 'run', machine: machine.id, limit: undefined, place: machine.place } });
  }
  return starts.sort(({ entry: { place: a } }, { entry: { place: b } }) =>
    a.path === b.path ? a.span[0] - b.span[0] : a.path < b.path ? -1 : 1,
  );
}

function machineEntry(machine: Machine, worstCase: number | string | null, subject: Subject): EntryReport {
  return {
    place: machine.place,
    name: machine.name,
    framework: machine.framework,
    worstCase,
    boundedBy: worstCase === null ? [] : boundsOf(machine, undefined, subject),
    loops: machine.transitions.length > 0 ? 1 : 0,
  };
}

/** What ends a run of the machine: its own counters, people and guards where they cover its cycles, else the limit. */
function boundsOf(machine: Machine, limit: string | undefined, { cycles }: Subject): string[] {
  const own = cycles.filter(cycle => cycle.machine === machine);
  const covered = own.filter(cycle => /^(verified|config-dependent|human-gated)$/.test(cycle.coverage));
  const texts = covered.flatMap(cycle => cycle.bounds.map(bound => bound.text));
  if (own.length > 0 && covered.length === own.length && limit === undefined) return texts;
  const fallback = limit ?? machine.limit?.text;
  return fallback === undefined ? texts : [...texts.filter(text => text !== fallback), fallback];
}

interface Reached {
  readonly loops: Set<string>;
  /** Machines with the limits that their runs set. */
  readonly runs: Map<string, (string | undefined)[]>;
}

function reachedBy(work: Work, graph: Subject['graph']): Reached {
  const reached: Reached = { loops: new Set(), runs: new Map() };
  const steps = new Set<string>();
  const visit = (one: Work): void => {
    switch (one.do) {
      case 'enter': {
        if (steps.has(one.step)) return;
        steps.add(one.step);
        const step = graph.steps.get(one.step);
        if (step) visit(step.work);
        return;
      }
      case 'run': {
        const known = reached.runs.get(one.machine);
        if (known) {
          known.push(one.limit?.text);
          return;
        }
        reached.runs.set(one.machine, [one.limit?.text]);
        const machine = graph.machines.get(one.machine);
        for (const state of machine?.states ?? []) visit(state.work);
        return;
      }
      case 'all':
        for (const part of one.parts) visit(part);
        return;
      case 'one':
        for (const option of one.options) visit(option);
        return;
      case 'repeat':
        if (graph.loops.has(one.loop)) reached.loops.add(one.loop);
        visit(one.body);
        return;
      case 'times':
        visit(one.body);
        return;
      default:
        return;
    }
  };
  visit(work);
  return reached;
}
