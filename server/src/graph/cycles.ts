// Cycles of machines: which states can come round for ever, who decides it, and what covers every way round.
import { asNumber, number, plus, type Quantity } from '../program/quantity.ts';
import type { Controller, Coverage, Hop, Place } from '../rules/finding.ts';
import { cyclicComponents } from './components.ts';
import type { AgentGraph, Bound, Machine, MachineState, Run, Transition, Work } from './model.ts';

/** A strongly connected part of a machine that costs something. */
export interface Cycle {
  readonly machine: Machine;
  readonly states: readonly MachineState[];
  /** One way round that nothing in the states covers, or any way round. */
  readonly path: readonly Transition[];
  readonly place: Place;
  readonly witness: readonly Hop[];
  readonly controller: Controller;
  readonly coverage: Coverage;
  readonly reason: string;
  readonly bounds: readonly Bound[];
  /** Runs whose limit does not cover the cycle; empty if the machine's own default is what counts. */
  readonly runs: readonly Run[];
}

/** What the counters of a machine leave uncovered among some states. */
export interface CounterCover {
  readonly bounds: readonly Bound[];
  /** Checked transitions of the counters that hold. */
  readonly cut: ReadonlySet<Transition>;
  /** Cyclic parts that remain. */
  readonly open: readonly (readonly string[])[];
  /** A counter that is checked, and why it does not hold. */
  readonly idle: string | undefined;
  /** How often all the checked transitions can be taken together. */
  readonly rounds: Quantity;
  readonly humanGated: boolean;
}

export function cyclesOf(machine: Machine, runs: readonly Run[], graph: AgentGraph): Cycle[] {
  const cycles: Cycle[] = [];
  if (machine.isPart) return cycles;
  for (const component of components(machine, machine.transitions, () => true)) {
    const inside = new Set(component);
    const states = machine.states.filter(state => inside.has(state.id));
    if (!states.some(state => doesAnything(state.work, graph)) && !doesAnything(machine.perUnit, graph)) continue;
    cycles.push(judge(machine, component, states, runs, graph));
  }
  return cycles;
}

function judge(
  machine: Machine,
  component: readonly string[],
  states: readonly MachineState[],
  runs: readonly Run[],
  _graph: AgentGraph,
): Cycle {
  const cover = counterCover(machine, component);
  const openPart = cover.open[0] ?? component;
  const path = wayRound(machine, openPart, cover.open.length > 0 ? cover.cut : new Set());
  const head =
    path.find(t => t.kind === 'route' && t.controller !== 'deterministic') ??
    path.find(t => t.kind === 'route') ??
    path[0];
  const base = {
    machine,
    states,
    path,
    place: headPlace(machine, path, head),
    witness: [...path.map(t => hop(t, '')), ...besides(machine, openPart, path, cover.cut).map(t => hop(t, 'also: '))],
    controller: head?.controller ?? 'deterministic',
  };
  if (cover.open.length === 0) {
    const coverage: Coverage = cover.humanGated
      ? 'human-gated'
      : cover.bounds.some(bound => bound.configured)
        ? 'config-dependent'
        : 'verified';
    return {
      ...base,
      coverage,
      reason: cover.bounds.map(bound => bound.text).join(', '),
      bounds: cover.bounds,
      runs: [],
    };
  }
  const mine = runs.filter(run => run.machine === machine.id);
  const disabled = mine.filter(run => run.disabled !== undefined);
  if (disabled.length > 0)
    return { ...base, coverage: 'disabled', reason: disabled[0]!.disabled!, bounds: [], runs: disabled };
  if (machine.disabled) return { ...base, coverage: 'disabled', reason: machine.disabled, bounds: [], runs: [] };
  const unlimited = mine.filter(run => run.limit === undefined);
  if (mine.length > 0 && unlimited.length === 0) {
    const bounds = mine.flatMap(run => (run.limit ? [run.limit] : []));
    return {
      ...base,
      coverage: bounds.some(bound => bound.configured) ? 'config-dependent' : 'verified',
      reason: bounds.map(bound => bound.text).join(', '),
      bounds,
      runs: [],
    };
  }
  if (machine.limit) {
    const fromCode = machine.limit.source === 'code';
    return {
      ...base,
      coverage: fromCode ? (machine.limit.configured ? 'config-dependent' : 'verified') : 'framework-default',
      reason: machine.limit.text,
      bounds: [machine.limit],
      runs: unlimited,
    };
  }
  return {
    ...base,
    coverage: cover.idle ? 'ineffective' : 'missing',
    reason: cover.idle ?? 'nothing limits a run',
    bounds: [],
    runs: unlimited,
  };
}

function hop(t: Transition, word: string): Hop {
  return { ...t.place, message: `${word}${t.from} → ${t.to}${t.kind === 'route' ? ' (routed)' : ''}` };
}

/** How many hops of other ways round are told. */
const otherHops = 12;

/** The transitions of the other ways round, one between two states. */
function besides(
  machine: Machine,
  component: readonly string[],
  path: readonly Transition[],
  cut: ReadonlySet<Transition>,
): Transition[] {
  const keyOf = (t: Transition): string => `${t.from} ${t.to} ${t.place.path} ${t.place.span[0]}`;
  const told = new Set(path.map(keyOf));
  const others: Transition[] = [];
  // Those first that close the cycle in another place.
  const closing = (t: Transition): number => (t.from === path.at(-1)?.from && t.to === path[0]?.from ? 0 : 1);
  for (const t of [...machine.transitions].sort((a, b) => closing(a) - closing(b))) {
    const key = keyOf(t);
    if (cut.has(t) || told.has(key) || !component.includes(t.from) || !component.includes(t.to)) continue;
    told.add(key);
    others.push(t);
  }
  return others.slice(0, otherHops);
}

function headPlace(machine: Machine, path: readonly Transition[], head: Transition | undefined): Place {
  // A network has its cycle in one call; a graph in the edges that close it.
  if (machine.unit === 'visit') return machine.place;
  return head?.place ?? path[0]?.place ?? machine.place;
}

/** What the machine's counters and people cover among the states of a component. */
export function counterCover(machine: Machine, component: readonly string[]): CounterCover {
  const inside = new Set(component);
  const transitions = machine.transitions.filter(t => inside.has(t.from) && inside.has(t.to));
  const states = machine.states.filter(state => inside.has(state.id));
  let idle: string | undefined;
  const bounds: Bound[] = [];
  const cut = new Set<Transition>();
  let rounds: Quantity = number(0);
  for (const counter of machine.counters) {
    const checked = transitions.filter(t => t.checks.includes(counter.key));
    if (checked.length === 0) continue;
    const field = counter.key.slice(0, -1);
    if (states.some(state => state.resets.includes(field) && !state.raises.includes(counter.key))) {
      idle ??= `${field} is set back inside the cycle`;
      continue;
    }
    // Going round without a state that raises it, the check would hold for ever.
    const raising = new Set(states.filter(state => state.raises.includes(counter.key)).map(state => state.id));
    const silent = components(machine, transitions, id => !raising.has(id)).flat();
    if (checked.some(t => silent.includes(t.from) && silent.includes(t.to))) {
      idle ??= `${field} is compared but not raised on every way round`;
      continue;
    }
    bounds.push(counter.bound);
    rounds = plus(rounds, raisedFirst(machine, raising, checked) ? less(counter.bound.limit) : counter.bound.limit);
    for (const t of checked) cut.add(t);
  }
  let open = components(
    machine,
    transitions.filter(t => !cut.has(t)),
    id => inside.has(id),
  );
  let humanGated = false;
  const people = new Set(states.filter(state => state.human).map(state => state.id));
  if (open.length > 0 && people.size > 0) {
    const without = components(
      machine,
      transitions.filter(t => !cut.has(t)),
      id => inside.has(id) && !people.has(id),
    );
    if (without.length < open.length || without.flat().length < open.flat().length) {
      humanGated = without.length === 0;
      open = without;
    }
  }
  const guarded = states.filter(state => state.guard !== undefined);
  if (open.length > 0 && guarded.length > 0) {
    const ids = new Set(guarded.map(state => state.id));
    const without = components(
      machine,
      transitions.filter(t => !cut.has(t)),
      id => inside.has(id) && !people.has(id) && !ids.has(id),
    );
    if (without.flat().length < open.flat().length) {
      open = without;
      humanGated &&= without.length === 0;
      // Several states behind one guard share its budget.
      const shared = new Map(
        guarded.map(state => [`${state.guard!.place?.path} ${state.guard!.place?.span[0]}`, state.guard!]),
      );
      const first = machine.start.length > 0 && machine.start.every(id => ids.has(id));
      for (const bound of shared.values()) {
        bounds.push(bound);
        rounds = plus(rounds, first && shared.size === 1 ? less(bound.limit) : bound.limit);
      }
      for (const t of transitions) if (ids.has(t.from)) cut.add(t);
    }
  }
  if (open.length > 0) {
    const written = states
      .flatMap(state => state.raises)
      .find(key => !machine.counters.some(counter => counter.key === key) && !key.includes('.length'));
    if (written) idle ??= `${written.slice(0, -1)} is counted but never compared`;
  }
  return { bounds, cut, open, idle, rounds, humanGated };
}

/** True if every run raises the counter before it comes to a check: the first check sees 1, not 0. */
function raisedFirst(machine: Machine, raising: ReadonlySet<string>, checked: readonly Transition[]): boolean {
  // Where the start is not known, it may be any state.
  const start = machine.start.length > 0 ? machine.start : machine.states.map(state => state.id);
  const seen = new Set(start.filter(id => !raising.has(id)));
  for (const id of seen) for (const t of machine.transitions) if (t.from === id && !raising.has(t.to)) seen.add(t.to);
  return checked.every(t => !seen.has(t.from));
}

function less(limit: Quantity): Quantity {
  const value = asNumber(limit);
  return value === undefined ? limit : number(Math.max(0, value - 1));
}

function components(machine: Machine, transitions: readonly Transition[], keep: (id: string) => boolean): string[][] {
  const next = new Map<string, string[]>();
  for (const t of transitions) {
    if (!keep(t.from) || !keep(t.to)) continue;
    const list = next.get(t.from);
    if (list) list.push(t.to);
    else next.set(t.from, [t.to]);
  }
  const reachable = reach(machine);
  const ids = machine.states.map(state => state.id).filter(id => keep(id) && reachable.has(id));
  return cyclicComponents(ids, id => next.get(id) ?? []);
}

/** States that a run can come to; all of them where the start is not known. */
function reach(machine: Machine): ReadonlySet<string> {
  if (machine.start.length === 0 || machine.open) return new Set(machine.states.map(state => state.id));
  const seen = new Set(machine.start);
  for (const id of seen) for (const t of machine.transitions) if (t.from === id) seen.add(t.to);
  return seen;
}

/** A shortest way round through the component, along transitions that are not cut. */
function wayRound(machine: Machine, component: readonly string[], cut: ReadonlySet<Transition>): Transition[] {
  const inside = new Set(component);
  const edges = machine.transitions.filter(t => inside.has(t.from) && inside.has(t.to) && !cut.has(t));
  let best: Transition[] | undefined;
  for (const first of component) {
    const from = new Map<string, Transition>();
    const queue: string[] = [first];
    search: for (const id of queue) {
      for (const t of edges) {
        if (t.from !== id) continue;
        if (t.to === first) {
          const path = [t];
          for (let at = id; at !== first; at = path[0]!.from) path.unshift(from.get(at)!);
          if (!best || path.length > best.length) best = path;
          break search;
        }
        if (!from.has(t.to)) {
          from.set(t.to, t);
          queue.push(t.to);
        }
      }
    }
  }
  return best ?? [];
}

/** True if the work makes a model, tool or agent call. */
export function doesAnything(work: Work, graph: AgentGraph, seen: Set<string> = new Set()): boolean {
  switch (work.do) {
    case 'model':
    case 'tool':
    case 'run':
      return true;
    case 'enter': {
      if (seen.has(work.step)) return false;
      seen.add(work.step);
      const step = graph.steps.get(work.step);
      return step !== undefined && doesAnything(step.work, graph, seen);
    }
    case 'all':
      return work.parts.some(part => doesAnything(part, graph, seen));
    case 'one':
      return work.options.some(option => doesAnything(option, graph, seen));
    case 'repeat':
    case 'times':
      return doesAnything(work.body, graph, seen);
  }
}
