// XState: cycles of states that go on by themselves, from invoked actors to `always`, timers and raised events.
// `maxIterations` counts what one event sets off at once and is no limit of such a cycle; a guard on the context is.
// Proven in test/integration/xstate.test.ts.
import { cyclicComponents } from '../graph/components.ts';
import type { Counter, FixPlan, Machine, MachineState, Run, Transition, Work } from '../graph/model.ts';
import { nothing } from '../graph/model.ts';
import { linear, pathOf } from '../program/access.ts';
import type { CallExpression, Expression, Module, ObjectExpression, Statement } from '../program/model.ts';
import { calleeName, limitOf, nameOf, one } from '../program/quantity.ts';
import type { FunctionInfo } from '../program/scope.ts';
import type { In } from '../program/values.ts';
import { walk } from '../program/walk.ts';
import type { Controller, Place } from '../rules/finding.ts';
import { madeAt, packageCalls, placeOfCall } from './calls.ts';
import type { Contribution, Framework } from './framework.ts';
import { headOf, stringsOf } from './literals.ts';
import { answerCounters } from './loop-condition.ts';
import { allOf, oneOf, workOfCallable } from './plain/work.ts';
import type { Reader } from './reading.ts';
import { type KeyOf, parameterKey } from './step-ways.ts';

const packages = ['xstate', 'xstate/*'];
/** Actors of Stately's agents that ask a model. */
const agentPackages = ['@statelyai/agent'];
const agentActor = /^@statelyai\/agent:from(Decision|Text|TextStream)\(\)$/;
const makePath = /^:(?:createMachine|Machine|setup\(\)\.createMachine)$/;
const madePath = /:(?:createMachine|Machine|setup\(\)\.createMachine)\(\)/;
/** Turns that an inserted counter allows. */
const suggestedTurns = 10;
const startPath = /^:(?:createActor|interpret)\(\)\.start$/;

export const xstate: Framework = {
  id: 'xstate',
  title: 'XState',
  docs: 'https://stately.ai/docs/guards',
  packages: { typescript: [...packages, ...agentPackages], python: [] },
  defaults: [
    {
      option: 'maxIterations',
      package: 'xstate',
      language: 'typescript',
      value: null,
      unit: 'transitions that one event sets off at once',
      sentinels: { 'any number': 'no limit of a cycle that waits for an invoked actor' },
      onLimit: 'throws an error',
      proof: 'test/integration/xstate.test.ts',
    },
  ],
  calls: [
    {
      packages,
      path: startPath,
      effect: 'agent',
      work(call, value, reader): Work {
        const made = value.chain[0] && machineGiven(value.chain[0], reader);
        const place = placeOfCall(call);
        return made ? { do: 'run', machine: madeAt('xstate', made), limit: undefined, place } : nothing;
      },
    },
    {
      packages,
      path: /^:(setup|createMachine|Machine|setup\(\)\.createMachine|fromPromise|fromCallback|fromObservable|fromEventObservable|fromTransition|assign|enqueueActions|createActor|interpret)$/,
      effect: 'keeps',
    },
  ],
  read(reader): Contribution {
    const machines: Machine[] = [];
    const runs: Run[] = [];
    const sent = sentEvents(reader);
    for (const { call, value, path } of packageCalls(reader, isOurs)) {
      if (makePath.test(path)) {
        const machine = machineOf(call, value.chain[0], sent, reader);
        if (machine) machines.push(machine);
      } else if (startPath.test(path) && value.chain[0]) {
        const made = machineGiven(value.chain[0], reader);
        if (!made) continue;
        const place: Place = { path: call.module.path, span: headOf(call.node) };
        runs.push({ machine: madeAt('xstate', made), place, limit: undefined, disabled: undefined, fixes: [] });
      }
    }
    return { machines: withModels(machines), runs };
  },
};

/** Machines that reach a model, by themselves or through one that they run; the others are of no interest. */
function withModels(machines: readonly Machine[]): Machine[] {
  const kept = new Set<string>();
  const asks = (work: Work): boolean =>
    work.do === 'all' || work.do === 'one'
      ? (work.do === 'all' ? work.parts : work.options).some(asks)
      : work.do === 'run'
        ? kept.has(work.machine)
        : true;
  for (let before = -1; before < kept.size; ) {
    before = kept.size;
    for (const machine of machines) if (machine.states.some(state => asks(state.work))) kept.add(machine.id);
  }
  return machines
    .filter(machine => kept.has(machine.id))
    .map(machine => ({
      ...machine,
      states: machine.states.map(state => (asks(state.work) ? state : { ...state, work: nothing })),
    }));
}

function isOurs(head: string): boolean {
  return head === 'xstate' || head.startsWith('xstate/');
}

/** The machine that `createActor(machine)` is given. */
function machineGiven(made: In<CallExpression>, reader: Reader): In<CallExpression> | undefined {
  const given = made.node.arguments[0];
  return given && machineIn({ node: given.value, module: made.module }, reader);
}

function machineIn(given: In<Expression>, reader: Reader): In<CallExpression> | undefined {
  for (const value of reader.resolver.externals(given.node, given.module)) {
    if (!madePath.test(value.path)) continue;
    return value.chain.find(step => /^(createMachine|Machine)$/.test(step.name));
  }
  return undefined;
}

/** Types of events that code sends to the machine by itself: raised, or sent back by an actor. */
function sentEvents(reader: Reader): ReadonlySet<string> {
  const types = new Set<string>();
  if (!reader.resolver.importsPackage(isOurs)) return types;
  for (const module of reader.modules) {
    walk(module.body, {
      enter(node) {
        if (node.kind !== 'call' || !/^(raise|sendBack|sendParent|sendTo)$/.test(calleeName(node.callee)))
          return undefined;
        for (const argument of node.arguments) {
          const type = argument.value.kind === 'object' ? entryOf(argument.value, 'type') : argument.value;
          if (type?.kind === 'literal' && typeof type.value === 'string') types.add(type.value);
        }
        return undefined;
      },
    });
  }
  return types;
}

function entryOf(object: ObjectExpression, key: string): Expression | undefined {
  return object.entries.find(entry => entry.kind === 'entry' && entry.key === key)?.value;
}

type Config = In<ObjectExpression>;

/** A state of the chart, with where its names are looked up. */
interface Node {
  readonly id: string;
  readonly name: string;
  readonly config: Config;
  readonly place: Place;
  readonly parent: Node | undefined;
  readonly children: Node[];
}

interface Chart {
  readonly reader: Reader;
  /** Where named actors, guards and actions are. */
  readonly implementations: readonly Config[];
  readonly nodes: Node[];
  readonly sent: ReadonlySet<string>;
  readonly states: MachineState[];
  readonly transitions: Transition[];
  readonly counters: Map<string, Counter>;
  readonly starts: Set<string>;
  open: boolean;
}

function machineOf(
  call: In<CallExpression>,
  setup: In<CallExpression> | undefined,
  sent: ReadonlySet<string>,
  reader: Reader,
): Machine | undefined {
  const objects = (at: In<CallExpression>, position: number): Config[] => {
    const argument = at.node.arguments[position];
    return argument ? objectsIn({ node: argument.value, module: at.module }, reader) : [];
  };
  const config = objects(call, 0)[0];
  if (!config) return undefined;
  const implementations = [...objects(call, 1), ...(setup ? objects(setup, 0) : []), ...provided(call, reader)];
  const chart: Chart = {
    reader,
    implementations,
    nodes: [],
    sent,
    states: [],
    transitions: [],
    counters: new Map(),
    starts: new Set(),
    open: false,
  };
  const root = nodeOf(config, '', 'machine', undefined, chart);
  for (const node of chart.nodes) addState(node, chart);
  for (const node of chart.nodes) addTransitions(node, chart);
  for (const start of entered(root, chart)) chart.starts.add(start.id);
  const id = reader.resolver.entry(config, 'id');
  return {
    id: madeAt('xstate', call),
    framework: 'xstate',
    name: id?.node.kind === 'literal' ? String(id.node.value) : 'machine',
    place: { path: call.module.path, span: headOf(call.node) },
    states: chart.states,
    transitions: chart.transitions,
    start: [...chart.starts],
    unit: 'superstep',
    limit: undefined,
    perUnit: nothing,
    counters: [...chart.counters.values()],
    onLimit: '',
    open: chart.open,
    fixes: cycleFixes(config, setup, chart),
    disabled: undefined,
  };
}

// ---- Fixes ------------------------------------------------------------------------------------------------------------

/** A counter in the context for each cycle: raised on entry of a state that every way round enters, and checked there. */
function cycleFixes(config: Config, setup: In<CallExpression> | undefined, chart: Chart): FixPlan[] {
  const { resolver } = chart.reader;
  // Of 4 the functions take other arguments; a context with a type of its own has no such field.
  const version = Number.parseInt(resolver.program.version(config.module.path, 'xstate') ?? '5', 10);
  const types = [
    config,
    ...(setup ? objectsIn({ node: setup.node.arguments[0]!.value, module: setup.module }, chart.reader) : []),
  ];
  if (version < 5 || types.some(object => resolver.entry(object, 'types') || resolver.entry(object, 'schemas')))
    return [];
  const context = resolver.entry(config, 'context');
  if (context && context.node.kind !== 'object') return [];
  const name =
    context && resolver.entry({ node: context.node as ObjectExpression, module: context.module }, 'turns')
      ? 'rounds'
      : 'turns';
  const next = (id: string): string[] => chart.transitions.filter(t => t.from === id).map(t => t.to);
  return cyclicComponents(
    chart.states.map(state => state.id),
    next,
  ).flatMap(states => {
    const entered = chart.nodes.find(node => states.includes(node.id) && mayCount(node, states, next, chart));
    return entered ? [countingFix(entered, config, context, name, states, chart)] : [];
  });
}

/** Without the state nothing comes round any more, and what it does on entry is not set yet. */
function mayCount(node: Node, states: readonly string[], next: (id: string) => string[], chart: Chart): boolean {
  const others = states.filter(id => id !== node.id);
  const rest = cyclicComponents(others, id => next(id).filter(to => others.includes(to)));
  const taken = ['entry', 'always'].some(key => chart.reader.resolver.entry(node.config, key) !== undefined);
  return rest.length === 0 && !taken && node.children.length === 0;
}

function countingFix(
  node: Node,
  config: Config,
  context: In<Expression> | undefined,
  name: string,
  states: readonly string[],
  chart: Chart,
): FixPlan {
  const failed = (node.parent?.children ?? []).find(sibling => isFailure(sibling, chart));
  const end = failed
    ? `target: '${failed.name}'`
    : `actions: () => { throw new Error('gave up after ${suggestedTurns} turns'); }`;
  const at = { path: node.config.module.path, at: node.config.node.span };
  const counted = `$assign({ ${name}: ({ context }) => context.${name} + 1 })`;
  const root = context ?? { node: config.node, module: config.module };
  return {
    title: `Stop after ${suggestedTurns} turns of ${node.name}`,
    safe: false,
    rules: ['unbounded-cycle', 'ineffective-bound'],
    states,
    operations: [
      { do: 'import', path: at.path, specifier: 'xstate', imported: 'assign' },
      {
        do: 'setOption',
        path: root.module.path,
        at: root.node.span,
        key: context ? name : 'context',
        value: context ? '0' : `{ ${name}: 0 }`,
      },
      { do: 'setOption', ...at, key: 'entry', value: counted },
      {
        do: 'setOption',
        ...at,
        key: 'always',
        value: `{ guard: ({ context }) => context.${name} > ${suggestedTurns}, ${end} }`,
      },
    ],
  };
}

/** A final state that is named like a failure: to end in any other would look like a success. */
function isFailure(node: Node, chart: Chart): boolean {
  const type = chart.reader.resolver.entry(node.config, 'type');
  return (
    type?.node.kind === 'literal' &&
    type.node.value === 'final' &&
    /^[A-Za-z_$][\w$]*$/.test(node.name) &&
    /fail|error|abort|gave|giv|reject/i.test(node.name)
  );
}

function objectsIn(given: In<Expression>, reader: Reader): Config[] {
  return reader.resolver.values(given.node, given.module).filter(value => value.kind === 'object');
}

/** Objects that `machine.provide({ … })` is given. */
function provided(call: In<CallExpression>, reader: Reader): Config[] {
  return packageCalls(reader, isOurs).flatMap(({ call: other, value, path }) => {
    if (!/\.provide$/.test(path) || !value.chain.some(step => step.node === call.node)) return [];
    const argument = other.node.arguments[0];
    return argument ? objectsIn({ node: argument.value, module: other.module }, reader) : [];
  });
}

function nodeOf(config: Config, id: string, name: string, parent: Node | undefined, chart: Chart): Node {
  const place: Place = { path: config.module.path, span: [config.node.span[0], config.node.span[0] + 1] };
  const node: Node = { id: id || 'machine', name, config, place, parent, children: [] };
  chart.nodes.push(node);
  const states = chart.reader.resolver.entry(config, 'states');
  for (const object of states ? objectsIn(states, chart.reader) : []) {
    for (const entry of object.node.entries) {
      if (entry.kind === 'spread') {
        chart.open = true;
        continue;
      }
      const inner = objectsIn({ node: entry.value, module: object.module }, chart.reader)[0];
      if (!inner) chart.open = true;
      else node.children.push(nodeOf(inner, id ? `${id}.${entry.key}` : entry.key, entry.key, node, chart));
    }
  }
  return node;
}

/** States that are begun when one is: its initial child, or all regions of a parallel one. */
function entered(node: Node, chart: Chart): Node[] {
  if (node.children.length === 0) return [node];
  const type = chart.reader.resolver.entry(node.config, 'type');
  const regions = type?.node.kind === 'literal' && type.node.value === 'parallel';
  const initial = chart.reader.resolver.entry(node.config, 'initial');
  const named = initial && stringsOf(initial.node, initial.module, chart.reader.resolver).strings[0];
  const first = regions ? node.children : node.children.filter(child => child.name === named);
  return [...(hasOwn(node, chart) ? [node] : []), ...first.flatMap(child => entered(child, chart))];
}

/** True if a state with children invokes something itself. */
function hasOwn(node: Node, chart: Chart): boolean {
  return ['invoke', 'always', 'after', 'onDone'].some(
    key => chart.reader.resolver.entry(node.config, key) !== undefined,
  );
}

function addState(node: Node, chart: Chart): void {
  const { raises, resets } = changesOf(chart.reader.resolver.entry(node.config, 'entry'), chart);
  const works = invokesOf(node, chart).map(invoke => actorWork(invoke, chart));
  chart.states.push({
    id: node.id,
    name: node.name,
    place: node.place,
    work: works.length > 0 && works.some(work => work !== nothing) ? allOf(works) : nothing,
    raises: [...raises],
    resets: [...resets],
    human: invokesOf(node, chart).some(invoke => asksPerson(invoke, chart)),
  });
}

/** An actor that waits for a person: `fromPromise(() => terminal.question('> '))`, or one that listens to the terminal. */
function asksPerson(invoke: Config, chart: Chart): boolean {
  const { reader } = chart;
  const src = reader.resolver.entry(invoke, 'src');
  const logic = src && named(src, ['actors', 'services'], chart);
  const infos = logic ? codeOf(logic, reader).flatMap(code => functionsIn(code, reader)) : [];
  return infos.some(info => reader.asks(info) || (!reader.reaches(info) && listensToTerminal(info)));
}

function listensToTerminal(info: FunctionInfo): boolean {
  let listens = false;
  const body: readonly Statement[] = info.node?.body ?? [];
  walk(body, {
    enter(node) {
      if (node.kind === 'call') listens ||= /^process\.stdin\.(on|once)$/.test(nameOf(node.callee));
      return undefined;
    },
  });
  return listens;
}

/** Code of an actor's logic: the function itself, or the one that `fromPromise` was given. */
function codeOf(logic: In<Expression>, reader: Reader): In<Expression>[] {
  return reader.resolver.values(logic.node, logic.module).flatMap((value): In<Expression>[] => {
    if (value.kind === 'function') return [logic];
    const made = value.kind === 'external' && /:from\w+\(\)$/.test(value.path) ? value.chain.at(-1) : undefined;
    const code = made?.node.arguments[0];
    return made && code ? [{ node: code.value, module: made.module }] : [];
  });
}

/** The model of a decision sends the machine an event of its own choice. */
function decides(node: Node, chart: Chart): boolean {
  return [node, ...leaves(node)].some(one =>
    invokesOf(one, chart).some(invoke => {
      const src = chart.reader.resolver.entry(invoke, 'src');
      const logic = src && named(src, ['actors', 'services'], chart);
      const made = logic ? chart.reader.resolver.externals(logic.node, logic.module) : [];
      return made.some(value => value.path === '@statelyai/agent:fromDecision()');
    }),
  );
}

function invokesOf(node: Node, chart: Chart): Config[] {
  const given = chart.reader.resolver.entry(node.config, 'invoke');
  return given ? configsIn(given, chart) : [];
}

/** The objects of an option that is one or a list of them. */
function configsIn(given: In<Expression>, chart: Chart): Config[] {
  return chart.reader.resolver.values(given.node, given.module).flatMap(value => {
    if (value.kind === 'object') return [value];
    if (value.kind !== 'list') return [];
    return value.node.items.flatMap(item => configsIn({ node: item, module: value.module }, chart));
  });
}

/** What a name stands for among the implementations: an actor, a guard, an action. */
function implementation(kinds: readonly string[], name: string, chart: Chart): In<Expression> | undefined {
  for (const object of chart.implementations) {
    for (const kind of kinds) {
      const all = chart.reader.resolver.entry(object, kind);
      for (const table of all ? objectsIn(all, chart.reader) : []) {
        const found = chart.reader.resolver.entry(table, name);
        if (found) return found;
      }
    }
  }
  return undefined;
}

/** The expression itself, or what its name stands for. */
function named(given: In<Expression>, kinds: readonly string[], chart: Chart): In<Expression> | undefined {
  for (const value of chart.reader.resolver.values(given.node, given.module)) {
    if (value.kind === 'constant' && typeof value.value === 'string') return implementation(kinds, value.value, chart);
    if (value.kind === 'object') {
      const type = chart.reader.resolver.entry(value, 'type');
      return type && named(type, kinds, chart);
    }
  }
  return given;
}

function actorWork(invoke: Config, chart: Chart): Work {
  const { reader } = chart;
  const src = reader.resolver.entry(invoke, 'src');
  const logic = src && named(src, ['actors', 'services'], chart);
  if (!logic) return nothing;
  const place: Place = { path: logic.module.path, span: logic.node.span };
  const machine = machineIn(logic, reader);
  if (machine) return { do: 'run', machine: madeAt('xstate', machine), limit: undefined, place };
  const asked = reader.resolver.externals(logic.node, logic.module).some(value => agentActor.test(value.path));
  const works: Work[] = asked
    ? [{ do: 'model', count: one, place, what: nameOf(logic.node) }]
    : codeOf(logic, reader).map(code => workOfCallable(code.node, code.module, reader));
  const work = oneOf(works);
  return JSON.stringify(work) === JSON.stringify(nothing) ? nothing : work;
}

// ---- Transitions ------------------------------------------------------------------------------------------------------

function addTransitions(node: Node, chart: Chart): void {
  const { resolver } = chart.reader;
  const add = (given: In<Expression> | undefined, label: string, controller: Controller, own: boolean): void => {
    if (given) addOne(node, given, label, controller, own, chart);
  };
  for (const invoke of invokesOf(node, chart)) {
    add(resolver.entry(invoke, 'onDone'), 'onDone', 'model', true);
    add(resolver.entry(invoke, 'onError'), 'onError', 'exception', true);
    add(resolver.entry(invoke, 'onSnapshot'), 'onSnapshot', 'model', true);
  }
  add(resolver.entry(node.config, 'onDone'), 'onDone', 'deterministic', true);
  add(resolver.entry(node.config, 'always'), 'always', 'deterministic', true);
  for (const key of ['after', 'on'] as const) {
    const given = resolver.entry(node.config, key);
    for (const table of given ? objectsIn(given, chart.reader) : []) {
      for (const entry of table.node.entries) {
        if (entry.kind !== 'entry') continue;
        const decided = key === 'on' && decides(node, chart);
        const own = key === 'after' || decided || chart.sent.has(entry.key);
        const controller = key === 'after' ? 'deterministic' : decided ? 'model' : 'external';
        add({ node: entry.value, module: table.module }, entry.key, controller, own);
      }
    }
  }
}

/**
 * What must hold for anything else to happen in a state: none of its `always` was taken on entry. `until`: a state around it
 * whose own `always` is what happens; those further in come first.
 */
function alwaysBefore(node: Node, until: Node | undefined, chart: Chart): Counter[] {
  const found: Counter[] = [];
  for (let at: Node | undefined = node; at && at !== until; at = at.parent) {
    const given = chart.reader.resolver.entry(at.config, 'always');
    for (const item of given ? itemsOf(given, chart) : []) {
      const config = objectsIn(item, chart.reader)[0];
      const guard =
        config && (chart.reader.resolver.entry(config, 'guard') ?? chart.reader.resolver.entry(config, 'cond'));
      if (guard) found.push(...guardCounters(guard, false, chart));
    }
  }
  return found;
}

/** The transitions of one event: taken in order, each only if the guards of those before it fail. */
function addOne(
  node: Node,
  given: In<Expression>,
  label: string,
  controller: Controller,
  own: boolean,
  chart: Chart,
): void {
  const before: Counter[] = [];
  for (const item of itemsOf(given, chart)) {
    const config = objectsIn(item, chart.reader)[0];
    const guard =
      config && (chart.reader.resolver.entry(config, 'guard') ?? chart.reader.resolver.entry(config, 'cond'));
    const target = config ? chart.reader.resolver.entry(config, 'target') : item;
    const actions = config && chart.reader.resolver.entry(config, 'actions');
    const place: Place = { path: item.module.path, span: (target ?? item).node.span };
    const checks = [...before, ...(guard ? guardCounters(guard, true, chart) : [])];
    const targets = target ? targetsOf(node, target, chart) : [];
    // Without a target the state stays as it is: nothing is begun anew.
    if (targets.length > 0) link(node, targets, { label, controller, place, own, checks, actions }, chart);
    if (!guard) return;
    before.push(...guardCounters(guard, false, chart));
  }
}

function itemsOf(given: In<Expression>, chart: Chart): In<Expression>[] {
  const lists = chart.reader.resolver.values(given.node, given.module).filter(value => value.kind === 'list');
  if (lists.length === 0) return [given];
  return lists.flatMap(list => list.node.items.map(item => ({ node: item, module: list.module })));
}

interface Link {
  readonly label: string;
  readonly controller: Controller;
  readonly place: Place;
  /** The machine takes it by itself. */
  readonly own: boolean;
  readonly checks: readonly Counter[];
  readonly actions: In<Expression> | undefined;
}

function link(node: Node, targets: readonly Node[], how: Link, chart: Chart): void {
  const begun = targets.flatMap(target => entered(target, chart));
  if (!how.own) {
    // An event from outside: what follows is another run.
    for (const state of begun) chart.starts.add(state.id);
    return;
  }
  const { raises, resets } = changesOf(how.actions, chart);
  const route = { kind: 'route', label: how.label, place: how.place, controller: how.controller } as const;
  // A transition of a state with children is taken from wherever inside it is.
  for (const from of [node, ...leaves(node)]) {
    if (from !== node && from.children.length > 0) continue;
    const held = [...how.checks, ...alwaysBefore(from, how.label === 'always' ? node : undefined, chart)];
    for (const counter of held) chart.counters.set(counter.key, chart.counters.get(counter.key) ?? counter);
    const checks = held.map(counter => counter.key);
    if (raises.size === 0 && resets.size === 0) {
      for (const to of begun) chart.transitions.push({ from: from.id, to: to.id, checks, ...route });
      continue;
    }
    const id = `${from.id} ${how.label} ${how.place.span[0]}`;
    chart.states.push({
      id,
      name: how.label,
      place: how.place,
      work: nothing,
      raises: [...raises],
      resets: [...resets],
      human: false,
    });
    chart.transitions.push({ from: from.id, to: id, checks, ...route });
    for (const to of begun) chart.transitions.push({ from: id, to: to.id, checks: [], ...route });
  }
}

function leaves(node: Node): Node[] {
  return node.children.flatMap(child => [child, ...leaves(child)]);
}

/** `sibling`, `.child`, `#id`, `sibling.child`. */
function targetsOf(node: Node, given: In<Expression>, chart: Chart): Node[] {
  const names = stringsOf(given.node, given.module, chart.reader.resolver);
  if (!names.complete) chart.open ||= chart.reader.resolver.values(given.node, given.module).length > 0;
  return names.strings.flatMap(name => {
    if (name.startsWith('#')) {
      const [id = '', ...rest] = name.slice(1).split('.');
      const found = chart.nodes.find(other => idOf(other, chart) === id);
      return found ? descend(found, rest) : [];
    }
    if (name.startsWith('.')) return descend(node, name.slice(1).split('.'));
    return descend(node.parent ?? node, name.split('.'));
  });
}

function idOf(node: Node, chart: Chart): string | undefined {
  const id = chart.reader.resolver.entry(node.config, 'id');
  return id?.node.kind === 'literal' ? String(id.node.value) : undefined;
}

function descend(from: Node, path: readonly string[]): Node[] {
  let at: Node | undefined = from;
  for (const name of path) at = at?.children.find(child => child.name === name);
  return at ? [at] : [];
}

// ---- Guards and actions -----------------------------------------------------------------------------------------------

/** The context outlives every event; XState 4 hands it over by itself, 5 in an object. */
const keyOf: KeyOf = (path, info) => parameterKey(path, info, 0)?.replace(/^context\./, '');

function functionsIn(given: In<Expression>, reader: Reader): FunctionInfo[] {
  return reader.resolver
    .values(given.node, given.module)
    .flatMap(value => (value.kind === 'function' ? [value.info] : []));
}

/** Counters that a guard compares whenever it comes out so. */
function guardCounters(guard: In<Expression>, truth: boolean, chart: Chart): Counter[] {
  const { node, module } = guard;
  if (node.kind === 'call') {
    const inner = node.arguments.flatMap(argument => itemsOf({ node: argument.value, module }, chart));
    const name = calleeName(node.callee);
    if (name === 'not') return inner.flatMap(item => guardCounters(item, !truth, chart));
    if (name === (truth ? 'and' : 'or')) return inner.flatMap(item => guardCounters(item, truth, chart));
    if (name === 'and' || name === 'or') return [];
  }
  const code = named(guard, ['guards'], chart);
  const infos = code ? functionsIn(code, chart.reader) : [];
  return infos.length === 1 ? answerCounters(infos[0]!, truth, keyOf, chart.reader) : [];
}

/** What `assign` does to the context, in actions given by name, in place or in a list. */
function changesOf(given: In<Expression> | undefined, chart: Chart): { raises: Set<string>; resets: Set<string> } {
  const changes = { raises: new Set<string>(), resets: new Set<string>() };
  for (const item of given ? itemsOf(given, chart) : []) readAction(item, changes, chart, 0);
  return changes;
}

type Changes = ReturnType<typeof changesOf>;

function readAction(item: In<Expression>, changes: Changes, chart: Chart, depth: number): void {
  const action = depth > 3 ? undefined : named(item, ['actions'], chart);
  if (!action) return;
  for (const value of chart.reader.resolver.externals(action.node, action.module)) {
    const made = value.chain.at(-1);
    if (!made || !isOurs(value.path.slice(0, value.path.indexOf(':')))) continue;
    const argument = made.node.arguments[0];
    if (!argument) continue;
    const inner: In<Expression> = { node: argument.value, module: made.module };
    if (/:assign\(\)$/.test(value.path) || /\.assign\(\)$/.test(value.path)) readAssign(inner, changes, chart);
    else if (/enqueueActions\(\)$/.test(value.path)) readQueue(inner, changes, chart, depth);
  }
}

/** `assign({ turns: ({ context }) => context.turns + 1 })`, or a function that returns such values. */
function readAssign(given: In<Expression>, changes: Changes, chart: Chart): void {
  const { resolver } = chart.reader;
  for (const value of resolver.values(given.node, given.module)) {
    if (value.kind === 'object') readFields(value, undefined, changes, chart);
    if (value.kind !== 'function') continue;
    for (const object of resolver.returns(value.info)) {
      if (object.kind === 'object') readFields(object, value.info, changes, chart);
    }
  }
}

function readFields(object: Config, info: FunctionInfo | undefined, changes: Changes, chart: Chart): void {
  for (const entry of object.node.entries) {
    if (entry.kind !== 'entry') continue;
    const field: In<Expression> = { node: entry.value, module: object.module };
    const code = info ? undefined : functionsIn(field, chart.reader)[0];
    const body = code?.node?.body.length === 1 ? code.node.body[0] : undefined;
    const value = info ? entry.value : body?.kind === 'return' ? body.value : code ? undefined : entry.value;
    const owner = info ?? code;
    const given = value && linear({ node: value, module: object.module, env: undefined }, () => true);
    const key = given && owner ? keyOf(given.path, owner) : undefined;
    if (given && key === entry.key) {
      if (given.offset !== 0) changes.raises.add(`${key}${given.offset > 0 ? '<' : '>'}`);
      continue;
    }
    if (value && owner && isLonger(value, entry.key, object.module, owner)) {
      changes.raises.add(`${entry.key}.length<`);
      continue;
    }
    changes.resets.add(`${entry.key}.length`);
    const fixed = value && limitOf({ node: value, module: object.module, env: undefined }, chart.reader.resolver);
    if (fixed) changes.resets.add(entry.key);
  }
}

/** `[...context.letters, letter]`, `context.letters.concat(letter)`: one more of the list each time. */
function isLonger(value: Expression, key: string, module: Module, owner: FunctionInfo): boolean {
  const isOwn = (node: Expression): boolean => {
    const path = pathOf({ node, module, env: undefined });
    return path !== undefined && keyOf(path, owner) === key;
  };
  if (value.kind === 'list') {
    return (
      value.items.some(item => item.kind === 'spread' && isOwn(item.value)) &&
      value.items.some(item => item.kind !== 'spread')
    );
  }
  return (
    value.kind === 'call' &&
    value.callee.kind === 'member' &&
    value.callee.property === 'concat' &&
    isOwn(value.callee.object) &&
    value.arguments.some(argument => argument.value.kind !== 'list' || argument.value.items.length > 0)
  );
}

/** `enqueueActions(({ enqueue }) => enqueue.assign({ … }))`; what stands under a condition raises nothing for sure. */
function readQueue(given: In<Expression>, changes: Changes, chart: Chart, depth: number): void {
  for (const info of functionsIn(given, chart.reader)) {
    const sure = new Set(
      (info.node?.body ?? []).flatMap(statement =>
        statement.kind === 'expression'
          ? [statement.expression]
          : statement.kind === 'return' && statement.value
            ? [statement.value]
            : [],
      ),
    );
    for (const call of info.calls) {
      const name = calleeName(call.callee);
      const argument = call.arguments[0];
      if (!argument || !/^(assign|enqueue)$/.test(name)) continue;
      const own: Changes = { raises: new Set(), resets: new Set() };
      const item: In<Expression> = { node: argument.value, module: info.module };
      if (name === 'assign') readAssign(item, own, chart);
      else readAction(item, own, chart, depth + 1);
      if (sure.has(call)) for (const key of own.raises) changes.raises.add(key);
      for (const key of own.resets) changes.resets.add(key);
    }
  }
}
