// The graph of one agent entry as a picture has it: steps, the ways between them, loops with their bound or its absence.
// Plain data over places; it must not know source syntax, an editor or a layout.
import { plus, type Quantity, report } from '../program/quantity.ts';
import type { Controller, Coverage, EntryReport, Place } from '../rules/finding.ts';
import type { Cycle } from './cycles.ts';
import {
  type AgentGraph,
  type Bound,
  type Loop,
  type Machine,
  type MachineState,
  nothing,
  type StepId,
  type Work,
} from './model.ts';
import type { WorstCase } from './worst.ts';

/** A count of model calls: a number, an expression, or null for no bound. */
export type Calls = number | string | null;

export interface OutlineStep {
  /** Unique within the outline. */
  readonly id: string;
  readonly kind: 'entry' | 'function' | 'agent' | 'node' | 'machine' | 'loop' | 'model' | 'tool';
  readonly name: string;
  readonly place: Place;
  /** Model calls of one visit, with all that it enters. */
  readonly calls: Calls;
  /** Asks a person before it goes on. */
  readonly human: boolean;
}

export interface OutlineTransition {
  readonly from: string;
  readonly to: string;
  readonly kind: 'next' | 'call' | 'route' | 'listen' | 'handoff' | 'emit' | 'repeat' | 'retry';
  /** A route's label, or how many times: `x 3`. */
  readonly label: string;
  readonly place: Place;
}

export interface OutlineLoop {
  readonly id: string;
  readonly kind: 'cycle' | 'loop' | 'recursion' | 'retry';
  readonly name: string;
  readonly place: Place;
  /** Steps on it. */
  readonly steps: readonly string[];
  readonly coverage: Coverage;
  /** Whether something bounds it. */
  readonly covered: boolean;
  /** What bounds it in words, or why nothing does. */
  readonly bound: string;
  /** Turns at most, in the loop's own unit; null: no bound. */
  readonly turns: Calls;
  readonly callsPerTurn: Calls;
  /** Who decides another turn. */
  readonly controller: Controller;
}

export interface Outline {
  /** Stable while the entry keeps its name and place in the file's order. */
  readonly id: string;
  readonly name: string;
  readonly framework: string;
  readonly place: Place;
  readonly worstCase: Calls;
  readonly boundedBy: readonly string[];
  readonly steps: readonly OutlineStep[];
  readonly transitions: readonly OutlineTransition[];
  readonly loops: readonly OutlineLoop[];
  /** There is more than is drawn. */
  readonly cut: boolean;
}

/** Where a run begins, and what it does. */
export interface Start {
  readonly entry: EntryReport;
  readonly work: Work;
}

/** What an outline is made from. */
export interface OutlineSource {
  readonly graph: AgentGraph;
  readonly cycles: readonly Cycle[];
  readonly worst: WorstCase;
}

/** More steps than this are not drawn: nobody reads such a picture. */
const mostSteps = 200;

const covering: ReadonlySet<Coverage> = new Set(['verified', 'framework-default', 'config-dependent', 'human-gated']);

/** The outline of each entry, in the entries' order. */
export function outlinesOf(source: OutlineSource, starts: readonly Start[]): Outline[] {
  const seen = new Map<string, number>();
  return starts.map(({ entry, work }) => {
    const key = `${entry.place.path}#${entry.name}`;
    const ordinal = seen.get(key) ?? 0;
    seen.set(key, ordinal + 1);
    return new Sketch(source).draw(ordinal === 0 ? key : `${key}#${ordinal}`, entry, work);
  });
}

/** What was drawn of a piece of work: where one comes in, and from where one goes on. */
interface Part {
  readonly first: readonly Tip[];
  readonly last: readonly string[];
}
interface Tip {
  readonly id: string;
  readonly kind: OutlineTransition['kind'];
  readonly label: string;
  readonly place: Place;
}

const emptyPart: Part = { first: [], last: [] };

class Sketch {
  private readonly source: OutlineSource;
  private readonly steps: OutlineStep[] = [];
  private readonly transitions: OutlineTransition[] = [];
  private readonly loops: OutlineLoop[] = [];
  /** Functions that are being drawn, by their step: a call of one is a way back. */
  private readonly open = new Map<StepId, string>();
  private readonly drawn = new Set<string>();
  private cut = false;

  constructor(source: OutlineSource) {
    this.source = source;
  }

  draw(id: string, entry: EntryReport, work: Work): Outline {
    const only = work.do === 'run' ? this.source.graph.machines.get(work.machine) : undefined;
    if (only) this.machine(only, undefined);
    else {
      const root = this.step('entry', titleOf(entry), entry.place, entry.worstCase);
      const step = [...this.source.graph.steps.values()].find(one => one.work === work);
      if (step) this.open.set(step.id, root ?? '');
      if (root !== undefined) this.inside(root, work);
    }
    for (const loop of this.source.graph.loops.values()) if (loop.id.includes('@recursion')) this.recursion(loop);
    const { framework, place, worstCase, boundedBy } = entry;
    const { steps, transitions, cut } = this;
    const at = (loop: OutlineLoop) => Math.min(...loop.steps.map(step => Number(step.slice(1))));
    const loops = this.loops.sort((a, b) => at(a) - at(b));
    return { id, name: titleOf(entry), framework, place, worstCase, boundedBy, steps, transitions, loops, cut };
  }

  private step(kind: OutlineStep['kind'], name: string, place: Place, calls: Calls, human = false): string | undefined {
    if (this.steps.length >= mostSteps) {
      this.cut = true;
      return undefined;
    }
    const id = `s${this.steps.length + 1}`;
    this.steps.push({ id, kind, name, place, calls, human });
    return id;
  }

  private link(from: string, { id, kind, label, place }: Tip): void {
    const known = this.transitions.some(t => t.from === from && t.to === id && t.kind === kind && t.label === label);
    if (!known) this.transitions.push({ from, to: id, kind, label, place });
  }

  /** What a step does hangs below it; it goes on by itself, so that two callers of one function make no cycle. */
  private inside(id: string, work: Work): void {
    for (const tip of this.work(work).first) this.link(id, tip.kind === 'next' ? { ...tip, kind: 'call' } : tip);
  }

  private work(work: Work): Part {
    switch (work.do) {
      case 'model':
        return this.leaf('model', work.what, work.place, report(work.count));
      case 'tool':
        return this.leaf('tool', work.what, work.place, 0);
      case 'enter':
        return this.enter(work.step, work.place);
      case 'run':
        return this.run(work.machine, work.limit, work.place);
      case 'all':
        return this.sequence(work.parts);
      case 'one': {
        const parts = work.options.map(option => this.work(option));
        return { first: parts.flatMap(part => part.first), last: parts.flatMap(part => part.last) };
      }
      case 'repeat':
        return this.repeat(work.loop, work.body);
      case 'times': {
        const { first, last } = this.work(work.body);
        const count = report(work.count);
        const label = `x ${count ?? 'no end'}`;
        if (work.retry) {
          for (const id of new Set([...first.map(tip => tip.id)]))
            this.link(last[0] ?? id, {
              id,
              kind: 'retry',
              label: `up to ${count ?? 'endless'} attempts`,
              place: work.place,
            });
          return { first, last };
        }
        return {
          first: first.map(tip => ({ ...tip, label: tip.label === '' ? label : `${tip.label} ${label}` })),
          last,
        };
      }
    }
  }

  private sequence(parts: readonly Work[]): Part {
    let first: readonly Tip[] | undefined;
    let last: readonly string[] = [];
    for (const one of parts) {
      const part = this.work(one);
      if (part.first.length === 0) continue;
      if (first === undefined) first = part.first;
      else for (const from of last) for (const tip of part.first) this.link(from, tip);
      if (part.last.length > 0) last = part.last;
    }
    return { first: first ?? [], last };
  }

  private leaf(kind: 'model' | 'tool', name: string, place: Place, calls: Calls): Part {
    const id = this.step(kind, name, place, calls);
    return id === undefined ? emptyPart : { first: [{ id, kind: 'next', label: '', place }], last: [id] };
  }

  private enter(step: StepId, place: Place): Part {
    const target = this.source.graph.steps.get(step);
    if (!target) return emptyPart;
    if (target.name === anonymous && !this.open.has(step)) {
      // What has no name is told by what it does.
      this.open.set(step, '');
      const part = this.work(target.work);
      this.open.delete(step);
      return part;
    }
    const open = this.open.get(step);
    if (open === '') return emptyPart;
    if (open !== undefined) return { first: [{ id: open, kind: 'call', label: '', place }], last: [] };
    const kind = target.kind === 'agent' ? 'agent' : target.kind === 'tool' ? 'tool' : 'function';
    const id = this.step(kind, target.name, target.place, plain(report(this.source.worst.step(step))));
    if (id === undefined) return emptyPart;
    // A function that is called in two places is opened in the first.
    if (!this.drawn.has(step)) {
      this.drawn.add(step);
      this.open.set(step, id);
      this.inside(id, this.withoutRequests(target.work));
      this.open.delete(step);
    }
    return { first: [{ id, kind: 'next', label: '', place }], last: [id] };
  }

  private repeat(loopId: string, body: Work): Part {
    const loop = this.source.graph.loops.get(loopId);
    if (!loop) return this.work(body);
    const { worst } = this.source;
    const name = `${loop.shape} ${loop.name === '(top level)' ? 'at top level' : `in ${loop.name}`}`;
    const head = this.step('loop', name, loop.place, plain(report(worst.work({ do: 'repeat', loop: loopId, body }))));
    if (head === undefined) return emptyPart;
    const from = this.steps.length;
    const part = this.work(body);
    for (const tip of part.first) this.link(head, tip);
    for (const id of part.last.length > 0 ? part.last : [head])
      this.link(id, { id: head, kind: loop.shape === 'retry' ? 'retry' : 'repeat', label: '', place: loop.place });
    this.loops.push(this.loop(loop, name, [head, ...this.steps.slice(from).map(step => step.id)]));
    return { first: [{ id: head, kind: 'next', label: '', place: loop.place }], last: [head] };
  }

  private loop(loop: Loop, name: string, steps: readonly string[]): OutlineLoop {
    const covered = covering.has(loop.coverage);
    return {
      id: loop.id,
      kind: loop.shape,
      name,
      place: loop.place,
      steps,
      coverage: loop.coverage,
      covered,
      bound: covered ? texts(loop.bounds) || loop.reason : loop.reason,
      turns: covered ? report(loop.rounds) : null,
      callsPerTurn: report(this.source.worst.turn(loop)),
      controller: loop.controller,
    };
  }

  /** A recursion is a loop of steps that are there already. */
  private recursion(loop: Loop): void {
    const names = new Set(loop.steps.flatMap(id => this.source.graph.steps.get(id) ?? []).map(keyOf));
    const steps = this.steps.filter(step => step.kind !== 'loop' && names.has(keyOf(step))).map(step => step.id);
    const back = this.transitions.some(t => t.kind === 'call' && steps.includes(t.to) && this.isBehind(t.to, t.from));
    if (steps.length > 0 && back) this.loops.push(this.loop(loop, `recursion of ${loop.name}`, steps));
  }

  /** Steps are numbered as they are drawn: what was drawn before its caller is a way back. */
  private isBehind(to: string, from: string): boolean {
    return Number(to.slice(1)) <= Number(from.slice(1));
  }

  private run(machineId: string, limit: Bound | undefined, place: Place): Part {
    const { graph, worst } = this.source;
    const machine = graph.machines.get(machineId);
    if (!machine) return emptyPart;
    const calls = plain(report(worst.work({ do: 'run', machine: machineId, limit, place })));
    const id = this.step('machine', machine.name, place, calls);
    if (id === undefined) return emptyPart;
    if (!this.drawn.has(machineId)) {
      this.drawn.add(machineId);
      this.machine(machine, id);
    }
    return { first: [{ id, kind: 'next', label: '', place }], last: [id] };
  }

  /** Requests, helpers that do nothing else, or nothing at all. */
  private isRequest(work: Work, depth = 0): boolean {
    switch (work.do) {
      case 'model':
        return true;
      case 'enter': {
        const step = this.source.graph.steps.get(work.step);
        return depth < 8 && step !== undefined && this.isRequest(step.work, depth + 1);
      }
      case 'all':
        return work.parts.every(part => this.isRequest(part, depth));
      case 'one':
        return work.options.every(option => this.isRequest(option, depth));
      case 'times':
        return this.isRequest(work.body, depth);
      default:
        return false;
    }
  }

  /** Plain requests are said by the number of calls on the step. */
  private withoutRequests(work: Work): Work {
    if (this.isRequest(work)) return nothing;
    if (work.do === 'all') return { do: 'all', parts: work.parts.filter(part => !this.isRequest(part)) };
    return work;
  }

  /** The code of a state is the function that it calls first; a router may come after it. */
  private body(place: Place, work: Work): { readonly place: Place; readonly work: Work } {
    const first = work.do === 'all' ? work.parts[0] : work;
    const step = first?.do === 'enter' ? this.source.graph.steps.get(first.step) : undefined;
    if (!step) return { place, work };
    return { place: step.name === anonymous ? place : step.place, work: first === work ? step.work : work };
  }

  private machine(machine: Machine, above: string | undefined): void {
    const { worst, cycles } = this.source;
    const ids = new Map<string, string>();
    const kind = machine.framework === 'langgraph' || machine.framework === 'mastra' ? 'node' : 'agent';
    const bodies = new Map<string, Work>();
    for (const state of inOrder(machine)) {
      const { place, work } = this.body(state.place, state.work);
      bodies.set(state.id, work);
      const calls: Quantity = plus(worst.work(state.work), worst.work(machine.perUnit));
      const id = this.step(kind, state.name, place, plain(report(calls)), state.human);
      if (id !== undefined) ids.set(state.id, id);
    }
    for (const start of machine.start) {
      const id = ids.get(start);
      if (above !== undefined && id !== undefined)
        this.link(above, { id, kind: 'call', label: '', place: machine.place });
    }
    for (const t of machine.transitions) {
      const from = ids.get(t.from);
      const id = ids.get(t.to);
      if (from !== undefined && id !== undefined) this.link(from, { id, kind: t.kind, label: t.label, place: t.place });
    }
    for (const [state, work] of bodies) {
      const id = ids.get(state);
      if (id !== undefined) this.inside(id, this.withoutRequests(work));
    }
    cycles
      .filter(cycle => cycle.machine === machine)
      .forEach((cycle, at) => {
        const covered = covering.has(cycle.coverage);
        const path = cycle.path.length > 0 ? cycle.path.map(t => t.from) : cycle.states.map(state => state.id);
        const turn = path.reduce<Quantity>((sum, id) => {
          const state = machine.states.find(one => one.id === id);
          return plus(sum, plus(worst.work(machine.perUnit), state ? worst.work(state.work) : worst.work(nothing)));
        }, worst.work(nothing));
        this.loops.push({
          id: `${machine.id}#${at}`,
          kind: 'cycle',
          name: namesOf(machine, path),
          place: cycle.place,
          steps: cycle.states.flatMap(state => ids.get(state.id) ?? []),
          coverage: cycle.coverage,
          covered,
          bound: covered ? texts(cycle.bounds) || cycle.reason : cycle.reason,
          turns: covered && cycle.bounds[0] ? report(cycle.bounds[0].limit) : null,
          callsPerTurn: plain(report(turn)),
          controller: cycle.controller,
        });
      });
  }
}

const anonymous = '(anonymous)';

function titleOf({ name, place }: EntryReport): string {
  return name === '(top level)' ? `top level of ${place.path.split('/').at(-1)}` : name;
}

/** States as a run first meets them. */
function inOrder({ states, transitions, start }: Machine): readonly MachineState[] {
  const met = new Set(start);
  for (const id of met) for (const t of transitions) if (t.from === id) met.add(t.to);
  const byId = new Map(states.map(state => [state.id, state]));
  return [...[...met].flatMap(id => byId.get(id) ?? []), ...states.filter(state => !met.has(state.id))];
}

function keyOf({ name, place }: { readonly name: string; readonly place: Place }): string {
  return `${name}\0${place.path}\0${place.span[0]}`;
}

function namesOf(machine: Machine, ids: readonly string[]): string {
  const names = ids.map(id => machine.states.find(state => state.id === id)?.name ?? id);
  return [...names, names[0]].join(' → ');
}

function texts(bounds: readonly Bound[]): string {
  return [...new Set(bounds.map(bound => bound.text))].join(', ');
}

/** Half of a recursion's cost is no number for people. */
function plain(calls: Calls): Calls {
  return typeof calls === 'string' && calls.includes('§') ? 'calls of the recursion' : calls;
}
