// The worst case: how many requests to the model one run of a piece of work can make.
import {
  asNumber,
  least,
  most,
  number,
  one,
  plus,
  type Quantity,
  report,
  symbol,
  times,
  zero,
} from '../program/quantity.ts';
import { cyclicComponents } from './components.ts';
import { counterCover } from './cycles.ts';
import type { AgentGraph, Bound, Loop, Machine, StepId, Work } from './model.ts';

/** A walk longer than this is estimated instead of counted. */
const exactSteps = 20_000;

export class WorstCase {
  private readonly graph: AgentGraph;
  /** Costs of steps, under the limit that a run around them hands down. */
  private known = new Map<StepId, Quantity>();
  private readonly knownUnder = new Map<string, Map<StepId, Quantity>>();
  private handedDown: Quantity | undefined;
  private readonly active = new Set<StepId>();
  private readonly running = new Set<string>();
  private readonly recursions = new Map<StepId, Loop[]>();

  constructor(graph: AgentGraph) {
    this.graph = graph;
    for (const loop of graph.loops.values()) {
      if (!/@(recursion|emits)/.test(loop.id)) continue;
      for (const step of loop.steps) this.recursions.set(step, [...(this.recursions.get(step) ?? []), loop]);
    }
  }

  step(id: StepId): Quantity {
    const kept = this.known.get(id);
    if (kept !== undefined) return kept;
    const step = this.graph.steps.get(id);
    if (!step) return zero;
    if (this.active.has(id)) return symbol(again(id));
    this.active.add(id);
    let cost = this.work(step.work);
    this.active.delete(id);
    cost = this.unroll(id, cost);
    if (![...this.active].some(open => mentions(cost, again(open)))) this.known.set(id, cost);
    return cost;
  }

  /** A function that calls itself: own cost times the number of activations. */
  private unroll(id: StepId, cost: Quantity): Quantity {
    if (cost === 'endless') return cost;
    const mark = again(id);
    const own = new Map<string, number>();
    const back = new Map<string, number>();
    for (const [name, factor] of cost.terms) {
      const parts = name.split(' x ');
      if (parts.includes(mark)) back.set(parts.filter(part => part !== mark).join(' x '), factor);
      else own.set(name, factor);
    }
    const loops = this.recursions.get(id) ?? [];
    // A timer or an event that runs it again is no call of its own.
    if (back.size === 0) return loops.some(loop => loop.rounds === 'endless') && own.size > 0 ? 'endless' : cost;
    let depth: Quantity = loops.length === 0 ? symbol('recursion depth') : zero;
    for (const loop of loops) depth = plus(depth, loop.rounds);
    if (depth === 'endless') return own.size > 0 ? 'endless' : zero;
    const branching: Quantity = { terms: back };
    const b = asNumber(branching);
    const n = asNumber(depth);
    const self: Quantity = { terms: own };
    if (b === 1) return times(self, plus(depth, one));
    if (b !== undefined && n !== undefined && n < 64) {
      let sum = 0;
      for (let i = 0; i <= n; i++) sum += b ** i;
      return times(self, number(sum));
    }
    return times(self, symbol(`(${report(branching)})^(${report(depth)})`));
  }

  /** One turn of a loop; of a recursion without what the next call costs. */
  turn(loop: Loop): Quantity {
    if (!loop.id.includes('@recursion')) return this.work(loop.body);
    const opened = loop.steps.filter(id => !this.active.has(id));
    for (const id of opened) this.active.add(id);
    const cost = this.work(loop.body);
    for (const id of opened) this.active.delete(id);
    if (cost === 'endless') return cost;
    return { terms: new Map([...cost.terms].filter(([name]) => !name.includes('§'))) };
  }

  work(work: Work): Quantity {
    switch (work.do) {
      case 'model':
        return work.count;
      case 'tool':
        return zero;
      case 'enter':
        return this.step(work.step);
      case 'run': {
        const machine = this.graph.machines.get(work.machine);
        if (!machine) return symbol('calls of the agent');
        const run = this.graph.runs.find(
          one =>
            one.machine === work.machine &&
            one.place.path === work.place.path &&
            one.place.span[0] >= work.place.span[0] &&
            one.place.span[1] <= work.place.span[1],
        );
        return this.machine(machine, work.limit, run?.disabled !== undefined);
      }
      case 'all':
        return work.parts.reduce<Quantity>((sum, part) => plus(sum, this.work(part)), zero);
      case 'one':
        return work.options.reduce<Quantity>((max, option) => most(max, this.work(option)), zero);
      case 'repeat': {
        const body = this.work(work.body);
        const loop = this.graph.loops.get(work.loop);
        return times(loop ? loop.rounds : one, body);
      }
      case 'times':
        return times(work.count, this.work(work.body));
    }
  }

  /** One run of a machine under a limit; without one, under its own. */
  machine(machine: Machine, limit: Bound | undefined, disabled = false): Quantity {
    if (this.running.has(machine.id)) return symbol('calls of the graph inside itself');
    this.running.add(machine.id);
    try {
      const own = limit ?? (disabled || machine.disabled ? undefined : machine.limit);
      const isSet = limit !== undefined || disabled || machine.disabled !== undefined || own?.source === 'code';
      const inherited = machine.inherits && !isSet ? this.handedDown : undefined;
      const bounded = inherited ?? own?.limit ?? 'endless';
      const cost = new Map<string, Quantity>();
      this.under(machine.handsDown ? bounded : this.handedDown, () => {
        const unit = this.work(machine.perUnit);
        for (const state of machine.states) cost.set(state.id, plus(unit, this.work(state.work)));
      });
      const counted = this.byCounters(machine, cost);
      const wide = parallelFactor(machine);
      if (bounded === 'endless') return times(wide, counted);
      return times(wide, least(counted, this.byLimit(machine, cost, bounded)));
    } finally {
      this.running.delete(machine.id);
    }
  }

  private under(limit: Quantity | undefined, measure: () => void): void {
    const { handedDown, known } = this;
    this.handedDown = limit;
    if (limit !== undefined) {
      const key = String(report(limit));
      this.known = this.knownUnder.get(key) ?? new Map();
      this.knownUnder.set(key, this.known);
    }
    try {
      measure();
    } finally {
      this.handedDown = handedDown;
      this.known = known;
    }
  }

  /** Without a run limit: finite only if counters cut every cycle that costs. */
  private byCounters(machine: Machine, cost: ReadonlyMap<string, Quantity>): Quantity {
    const next = (id: string): string[] => machine.transitions.filter(t => t.from === id).map(t => t.to);
    const ids = machine.states.map(state => state.id);
    const cut = new Set<unknown>();
    let rounds: Quantity = zero;
    for (const component of cyclicComponents(ids, next)) {
      const costly = component.some(id => cost.get(id) === 'endless' || asNumber(cost.get(id)!) !== 0);
      if (!costly) continue;
      const cover = counterCover(machine, component);
      if (cover.open.length > 0) return 'endless';
      if (cover.humanGated) rounds = plus(rounds, symbol('answers of a person'));
      rounds = plus(rounds, cover.rounds);
      for (const t of cover.cut) cut.add(t);
      if (cover.humanGated)
        for (const t of machine.transitions)
          if (component.includes(t.from) && machine.states.find(s => s.id === t.from)?.human) cut.add(t);
    }
    const free = machine.transitions.filter(t => !cut.has(t));
    const starts = machine.start.length > 0 ? machine.start : ids;
    const first = this.longest(machine, starts, free, cost);
    // Each cut transition leads to one state, however many there are.
    const after = [...new Set(machine.transitions.filter(t => cut.has(t)).map(t => t.to))].reduce<Quantity>(
      (max, id) => most(max, this.longest(machine, [id], free, cost)),
      zero,
    );
    return plus(first, times(rounds, after));
  }

  /** Cost of the dearest walk from one of the states along acyclic transitions; parallel branches add up. */
  private longest(
    machine: Machine,
    from: readonly string[],
    transitions: Machine['transitions'],
    cost: ReadonlyMap<string, Quantity>,
  ): Quantity {
    const memo = new Map<string, Quantity>();
    const visiting = new Set<string>();
    const visit = (id: string): Quantity => {
      const kept = memo.get(id);
      if (kept) return kept;
      if (visiting.has(id)) return zero;
      visiting.add(id);
      const own = cost.get(id) ?? zero;
      const edges = transitions.filter(t => t.from === id);
      const targets = (kind: 'next' | 'route'): string[] => [
        ...new Set(edges.filter(t => (t.kind === 'route') === (kind === 'route')).map(t => t.to)),
      ];
      // Unconditional edges run side by side; a router takes one.
      const all = targets('next').reduce<Quantity>((sum, to) => plus(sum, visit(to)), zero);
      const oneOf = targets('route').reduce<Quantity>((max, to) => most(max, visit(to)), zero);
      visiting.delete(id);
      const total = plus(own, plus(all, oneOf));
      memo.set(id, total);
      return total;
    };
    if (machine.unit === 'visit') return from.reduce<Quantity>((max, id) => most(max, visit(id)), zero);
    return from.reduce<Quantity>((sum, id) => plus(sum, visit(id)), zero);
  }

  /** At most `limit` units, each of them one visit or one superstep. */
  private byLimit(machine: Machine, cost: ReadonlyMap<string, Quantity>, limit: Quantity): Quantity {
    if (machine.unit === 'visitOfEach') {
      // What nothing leads to runs once, when the run begins.
      const again = new Set(machine.transitions.map(t => t.to));
      return [...cost].reduce<Quantity>((sum, [id, c]) => plus(sum, again.has(id) ? times(limit, c) : c), zero);
    }
    if (machine.unit === 'request') {
      return times(
        limit,
        [...cost.values()].reduce<Quantity>((max, c) => most(max, c), zero),
      );
    }
    const n = asNumber(limit);
    const transitions = machine.transitions.filter(t => cost.has(t.from) && cost.has(t.to));
    const splits =
      machine.unit === 'superstep' &&
      (machine.start.length > 1 || machine.states.some(state => splitsAt(state.id, transitions)));
    const costs = new Map<string, ReadonlyMap<string, number>>();
    for (const [id, one] of cost) if (one !== 'endless') costs.set(id, one.terms);
    if (n === undefined || n > exactSteps || costs.size < cost.size || splits || machine.open) {
      const perStep = [...cost.values()].reduce<Quantity>((sum, c) => (splits ? plus(sum, c) : most(sum, c)), zero);
      return times(limit, perStep);
    }
    // The dearest walk for each name apart: together they are at least what any walk costs.
    const names = new Set([...costs.values()].flatMap(terms => [...terms.keys()]));
    const dearest = (name: string): number => {
      const own = (id: string): number => costs.get(id)?.get(name) ?? 0;
      return dearestWalk(machine, transitions, own, n);
    };
    return { terms: new Map([...names].map(name => [name, dearest(name)])) };
  }
}

/** Cost of the dearest walk of `length` states from a start. */
function dearestWalk(
  machine: Machine,
  transitions: Machine['transitions'],
  cost: (id: string) => number,
  length: number,
): number {
  const ids = machine.states.map(state => state.id);
  let best = new Map(ids.map(id => [id, 0]));
  for (let k = 0; k < length; k++) {
    const now = new Map<string, number>();
    for (const id of ids) {
      let follow = 0;
      for (const t of transitions) if (t.from === id) follow = Math.max(follow, best.get(t.to) ?? 0);
      now.set(id, cost(id) + follow);
    }
    best = now;
  }
  const starts = machine.start.length > 0 ? machine.start : ids;
  return Math.max(0, ...starts.map(id => best.get(id) ?? 0));
}

/** True if more than one state may follow at once. */
function splitsAt(id: string, transitions: Machine['transitions']): boolean {
  const out = transitions.filter(t => t.from === id);
  const sure = new Set(out.filter(t => t.kind !== 'route').map(t => t.to));
  const routed = out.some(t => t.kind === 'route');
  return sure.size + (routed ? 1 : 0) > 1 || out.some(t => t.parallel !== undefined);
}

/** How many more visits than walks there can be where one decision starts several states, or one state several times. */
function parallelFactor(machine: Machine): Quantity {
  const wide = machine.transitions.filter(t => t.parallel !== undefined);
  if (wide.length === 0) return one;
  const next = (id: string): string[] => machine.transitions.filter(t => t.from === id).map(t => t.to);
  const cyclic = new Set(
    cyclicComponents(
      machine.states.map(state => state.id),
      next,
    ).flat(),
  );
  const factors = new Map<string, number>();
  for (const t of wide) {
    // Branches that come back to where they part multiply with every round.
    if (t.parallel === 'many' || (cyclic.has(t.from) && cyclic.has(t.to))) return symbol('parallel branches');
    const key = `${t.from} ${t.place.span[0]}`;
    factors.set(key, Math.max(factors.get(key) ?? 1, Number(t.parallel) + 1));
  }
  return number([...factors.values()].reduce((product, factor) => product * factor, 1));
}

function again(id: StepId): string {
  return `§${id}`;
}

function mentions(cost: Quantity, mark: string): boolean {
  if (cost === 'endless') return false;
  for (const name of cost.terms.keys()) if (name.split(' x ').includes(mark)) return true;
  return false;
}
