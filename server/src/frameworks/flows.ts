// Flows of decorated methods: `@start`, `@listen`, `@router` of CrewAI, of its ports to TypeScript, and of modules that
// the config names. Which methods a finished one starts, which cycles really come round, and what ends them.
// It must not know how the decorators are written down: only what they resolve to.

import { cyclicComponents } from '../graph/components.ts';
import type { Counter, DeadCycle, FixPlan, Machine, MachineState, Run, Transition, Work } from '../graph/model.ts';
import { nothing } from '../graph/model.ts';
import { pathOf } from '../program/access.ts';
import type { CallExpression, Expression, FunctionNode, Module } from '../program/model.ts';
import { nameOf, number, one, symbol } from '../program/quantity.ts';
import { type ClassInfo, type FunctionInfo, indexOf } from '../program/scope.ts';
import type { In, Value } from '../program/values.ts';
import { functionWays, type Way } from '../program/ways.ts';
import type { Controller, Place } from '../rules/finding.ts';
import { placeOfCall, splitPath } from './calls.ts';
import type { Contribution, Framework } from './framework.ts';
import { limitOption, stringsOf } from './literals.ts';
import { asksPerson } from './plain/bounds.ts';
import { mentionsDeep } from './plain/growth.ts';
import { taint } from './plain/taint.ts';
import type { Reader } from './reading.ts';
import { raisedOnAll, stepWays } from './step-ways.ts';

const portPackages = ['@crewai-ts/flow', 'crewai-ts/flow', 'crewai-ts/flow/*', 'crewai-ts'];

/** Calls of one method that CrewAI allows in one run, since 1.10.1; run with 1.15. */
const methodCalls = 100;
/** Calls of one method that the inserted limit allows. */
const suggestedCalls = 10;

export const flows: Framework = {
  id: 'flows',
  title: 'CrewAI and decorated flows',
  docs: 'https://docs.crewai.com/en/concepts/flows',
  packages: { typescript: portPackages, python: ['crewai', 'crewai.*'] },
  defaults: [
    {
      option: 'max_method_calls',
      package: 'crewai',
      language: 'python',
      value: methodCalls,
      unit: 'calls of one listener or router in one kickoff, since 1.10.1; none before',
      sentinels: {},
      onLimit: 'raises RecursionError',
      proof: 'test/integration/crewai_flows.py',
    },
    {
      option: 'maxMethodCalls',
      package: '@crewai-ts/flow',
      language: 'typescript',
      value: methodCalls,
      unit: 'calls of one method in one run',
      sentinels: {},
      onLimit: 'throws',
      proof: 'read in its source; the package is in no registry',
    },
  ],
  calls: [
    {
      packages: ['crewai'],
      path: /(:|\.)(BaseLLM|LLM)\(\)\.a?call$/,
      effect: 'model',
    },
    {
      packages: ['crewai'],
      path: /(:|\.)(Crew|Agent|LiteAgent)\(\)\.(kickoff|kickoff_async|akickoff|kickoff_for_each|kickoff_for_each_async|execute_task|aexecute_task)$/,
      effect: 'agent',
      work: call => ({
        do: 'model',
        count: symbol('calls of the crew'),
        place: placeOfCall(call),
        what: nameOf(call.node.callee),
      }),
    },
    { packages: ['crewai'], path: /(:|\.)(Crew|Agent|Task|LLM|Process)$/, effect: 'keeps' },
    {
      packages: ['crewai', ...portPackages],
      path: /(:|\.)Flow\(\)\.(kickoff|kickoff_async|akickoff|execute|kickoffAsync)$/,
      effect: 'agent',
      work(call, _value, reader): Work {
        const place = placeOfCall(call);
        const [ran] = classesRun(call, reader);
        return ran
          ? { do: 'run', machine: machineId(ran), limit: undefined, place }
          : { do: 'model', count: symbol('calls of the flow'), place, what: 'flow' };
      },
    },
  ],
  read(reader): Contribution {
    const machines: Machine[] = [];
    const dead: DeadCycle[] = [];
    const growths: NonNullable<Contribution['growths']>[number][] = [];
    const runs: Run[] = [];
    const all = readFlows(reader);
    for (const flow of all) {
      const made = machineOf(flow, reader);
      machines.push(made.machine);
      dead.push(...made.dead);
      growths.push(...growthsIn(flow, made.machine, reader));
    }
    if (all.length > 0) runs.push(...runsOf(all, reader));
    return { machines, runs, dead, growths };
  },
};

function machineId(info: ClassInfo): string {
  return `flow:${info.module.path}@${info.node.span[0]}`;
}

// ---- Reading the decorators ---------------------------------------------------------------------------------------

type Condition =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'or' | 'and'; readonly parts: readonly Condition[] };

interface Step {
  readonly name: string;
  readonly info: FunctionInfo;
  readonly node: FunctionNode;
  readonly isStart: boolean;
  readonly isRouter: boolean;
  /** What starts it; undefined: the run's beginning. */
  readonly condition: Condition | undefined;
  /** Labels that a decorator declares: `emit=[…]`. */
  readonly declared: readonly string[] | undefined;
  /** Asks a person and goes on with the answer. */
  readonly asks: boolean;
  /** Where the decorator stands. */
  readonly place: Place;
}

/** How the engine that runs the flow treats what comes round. */
interface Dispatch {
  /** Calls of one method in one run; null: without end. */
  readonly cap: number | null;
  readonly capOption: 'max_method_calls' | 'maxMethodCalls' | undefined;
  /** A listener with several triggers fires once, until a router's label re-arms it (`labels`), or for good (`never`). */
  readonly rearm: 'always' | 'labels' | 'never';
  /** The engine is the workspace's own, or unknown. */
  readonly unproven: boolean;
}

interface Flow {
  readonly owner: ClassInfo;
  readonly steps: readonly Step[];
  readonly dispatch: Dispatch;
}

const decoratorName = /(?:^|[:.])(start|listen|router|human_feedback|humanFeedback|Start|Listen|Router)(\(\))?$/;

function readFlows(reader: Reader): Flow[] {
  const found: Flow[] = [];
  const engines = ownEngines(reader);
  const ours = (head: string): boolean =>
    head === 'crewai' ||
    reader.flowModules.includes(head) ||
    portPackages.some(name => (name.endsWith('*') ? head.startsWith(name.slice(0, -1)) : head === name));
  if (engines.size === 0 && !reader.resolver.importsPackage(ours)) return found;
  for (const module of reader.modules) {
    for (const owner of indexOf(module).classes) {
      const steps: Step[] = [];
      let dispatch: Dispatch | undefined;
      for (const member of owner.node.members) {
        if (member.kind !== 'method' || member.function.decorators.length === 0) continue;
        const read = readStep(member.function, owner, ours, engines, reader);
        if (!read) continue;
        steps.push(read.step);
        dispatch ??= dispatchOf(read.head, owner, reader);
      }
      if (dispatch && steps.some(step => step.isStart) && steps.length > 1) found.push({ owner, steps, dispatch });
    }
  }
  return found;
}

/** Modules of the workspace that define `start`, `listen` and `router`: a flow engine of its own. */
function ownEngines(reader: Reader): ReadonlySet<string> {
  const found = new Set<string>();
  for (const module of reader.modules) if (isEngine(module)) found.add(module.path);
  return found;
}

const engineVerdicts = new WeakMap<Module, boolean>();

function isEngine(module: Module): boolean {
  let verdict = engineVerdicts.get(module);
  if (verdict === undefined) {
    const names = new Set(indexOf(module).functions.map(info => info.name.toLowerCase()));
    verdict = names.has('start') && names.has('listen') && names.has('router');
    engineVerdicts.set(module, verdict);
  }
  return verdict;
}

function readStep(
  node: FunctionNode,
  owner: ClassInfo,
  ours: (head: string) => boolean,
  engines: ReadonlySet<string>,
  reader: Reader,
): { step: Step; head: string } | undefined {
  let head: string | undefined;
  let isStart = false;
  let isRouter = false;
  let asks = false;
  let condition: Condition | undefined;
  let declared: string[] | undefined;
  let place: Place | undefined;
  for (const { expression } of node.decorators) {
    const call = expression.kind === 'call' ? expression : undefined;
    const named = decorated(call ? call.callee : expression, owner.module, ours, engines, reader);
    if (!named) continue;
    if (named.name !== 'human_feedback') head ??= named.head;
    const trigger = call?.arguments.find(argument => argument.name === undefined || argument.name === 'condition');
    switch (named.name) {
      case 'start':
        isStart = true;
        break;
      case 'router':
        isRouter = true;
        break;
      case 'human_feedback':
        asks = true;
        break;
      default:
        break;
    }
    if (named.name !== 'human_feedback') {
      place ??= { path: owner.module.path, span: expression.span };
      if (trigger) condition = conditionOf(trigger.value, owner, reader) ?? condition;
    }
    const emit = call && reader.resolver.option({ node: call, module: owner.module }, 'emit');
    if (emit) {
      isRouter = true;
      declared = stringsOf(emit.node, emit.module, reader.resolver).strings;
    }
  }
  if (head === undefined || !place) return undefined;
  const info = indexOf(owner.module).info(node);
  return { head, step: { name: node.name, info, node, isStart, isRouter, condition, declared, asks, place } };
}

function decorated(
  callee: Expression,
  module: Module,
  ours: (head: string) => boolean,
  engines: ReadonlySet<string>,
  reader: Reader,
): { name: 'start' | 'listen' | 'router' | 'human_feedback'; head: string } | undefined {
  for (const value of reader.resolver.values(callee, module)) {
    let name: string | undefined;
    let head: string | undefined;
    if (value.kind === 'external') {
      const split = splitPath(value.path);
      if (!ours(split.head)) continue;
      head = split.head;
      name = decoratorName.exec(split.path)?.[1];
    } else if (value.kind === 'function' && engines.has(value.info.module.path)) {
      head = value.info.module.path;
      name = decoratorName.exec(value.info.name)?.[1];
    }
    const word = name?.toLowerCase().replace('humanfeedback', 'human_feedback');
    if (head !== undefined && (word === 'start' || word === 'listen' || word === 'router' || word === 'human_feedback'))
      return { name: word, head };
  }
  return undefined;
}

/** `init`, `"label"`, `or_(a, "b")`, `and_(a, b)`, `Flow.method`. */
function conditionOf(node: Expression, owner: ClassInfo, reader: Reader): Condition | undefined {
  if (node.kind === 'call') {
    const joined = /^(or|and)_?$/i.exec(nameOf(node.callee).split('.').at(-1) ?? '')?.[1]?.toLowerCase();
    if (joined !== 'or' && joined !== 'and') return undefined;
    const parts = node.arguments.flatMap(argument => conditionOf(argument.value, owner, reader) ?? []);
    return { kind: joined, parts };
  }
  const method = node.kind === 'name' ? node.name : node.kind === 'member' ? node.property : undefined;
  if (method !== undefined && owner.node.members.some(one => one.kind === 'method' && one.name === method)) {
    return { kind: 'name', name: method };
  }
  const [text, ...rest] = stringsOf(node, owner.module, reader.resolver).strings;
  return text !== undefined && rest.length === 0 ? { kind: 'name', name: text } : undefined;
}

function namesOf(condition: Condition | undefined): string[] {
  if (!condition) return [];
  return condition.kind === 'name' ? [condition.name] : condition.parts.flatMap(namesOf);
}

/** CrewAI's dispatcher by version (run: 0.100, 1.0, 1.9, 1.10.1, 1.14.7, 1.15). */
function dispatchOf(head: string, owner: ClassInfo, reader: Reader): Dispatch {
  if (head === '@crewai-ts/flow') {
    return { cap: methodCalls, capOption: 'maxMethodCalls', rearm: 'always', unproven: false };
  }
  if (head !== 'crewai') {
    const named = reader.flowModules.includes(head) || head.startsWith('crewai-ts');
    return { cap: null, capOption: undefined, rearm: 'always', unproven: !named };
  }
  const version = reader.resolver.program.version(owner.module.path, 'crewai');
  const at = (version ?? '').split('.').map(part => Number.parseInt(part, 10));
  const since = (...wanted: number[]): boolean => {
    for (let i = 0; i < wanted.length; i++) {
      const have = at[i] ?? 0;
      if (have !== wanted[i]) return have > wanted[i]!;
    }
    return true;
  };
  // Without a version nothing says that the limit of 1.10.1 is there; the newest rules decide what comes round.
  if (version === undefined || !Number.isFinite(at[0]))
    return { cap: null, capOption: 'max_method_calls', rearm: 'labels', unproven: false };
  return {
    cap: since(1, 10, 1) ? methodCalls : null,
    capOption: since(1, 10, 1) ? 'max_method_calls' : undefined,
    rearm: since(1, 14, 7) ? 'labels' : since(1, 9, 0) ? 'never' : 'always',
    unproven: false,
  };
}

// ---- The machine --------------------------------------------------------------------------------------------------

interface Edge extends Transition {
  readonly way: ReadWay;
  /** Closed by the method's name, not by a label that a router gives out. */
  readonly byName: boolean;
}

/** One way through a method that does not fail. */
interface ReadWay {
  /** Labels that it gives out beside the method's name; undefined: not known. */
  readonly labels: readonly string[] | undefined;
  readonly place: Place;
  readonly counters: readonly Counter[];
  readonly controller: Controller;
  readonly raised: ReadonlySet<string>;
  readonly asks: boolean;
}

interface Reading {
  readonly ways: readonly ReadWay[];
  readonly resets: readonly string[];
  readonly guard: MachineState['guard'];
}

function machineOf(flow: Flow, reader: Reader): { machine: Machine; dead: readonly DeadCycle[] } {
  const { owner, steps, dispatch } = flow;
  const id = machineId(owner);
  const place: Place = { path: owner.module.path, span: owner.node.head };
  const reads = new Map(steps.map(step => [step, readMethod(step, reader)]));
  const unconditional = steps.some(step => step.isStart && !step.condition);
  const start = steps.filter(step => step.isStart && (!step.condition || !unconditional)).map(step => step.name);
  const heard = new Set(steps.flatMap(step => namesOf(step.condition)));
  const edges: Edge[] = [];
  const counters = new Map<string, Counter>();
  let open = dispatch.unproven;
  for (const from of steps) {
    for (const way of reads.get(from)!.ways) {
      const { labels, place: at, counters: checks, controller } = way;
      for (const counter of checks) counters.set(counter.key, counters.get(counter.key) ?? counter);
      const keys = checks.map(counter => counter.key);
      const chosen = from.isRouter ? (labels ?? [...heard].filter(name => !steps.some(one => one.name === name))) : [];
      if (from.isRouter && labels === undefined) open = true;
      for (const to of steps) {
        const wanted = namesOf(to.condition);
        const link = (byName: boolean, label: string): void => {
          edges.push({
            from: from.name,
            to: to.name,
            kind: byName ? 'next' : 'route',
            label,
            place: at,
            checks: keys,
            controller: byName ? 'deterministic' : controller,
            byName,
            way,
          });
        };
        // A start with a condition hears labels only.
        if (wanted.includes(from.name) && !to.isStart) link(true, from.name);
        for (const label of chosen) if (wanted.includes(label)) link(false, label);
      }
    }
  }
  const { live, dead } = alive(edges, steps, start, dispatch);
  const round = roundOf(steps, live);
  const fixes = limitFixes(flow, reader);
  const limit = limitOfClass(flow, reader);
  const machine: Machine = {
    id,
    framework: 'flows',
    name: owner.node.name || 'flow',
    place,
    states: steps.map(step => {
      const read = reads.get(step)!;
      // What a way that leaves the cycle does or omits says nothing of the next round.
      const inside = live.filter(edge => edge.from === step.name && round.get(edge.to)?.includes(step.name));
      const ways = inside.length > 0 ? [...new Set(inside.map(edge => edge.way))] : read.ways;
      const feedback: Work[] = step.asks && step.declared ? [{ do: 'model', count: one, place, what: 'feedback' }] : [];
      return {
        id: step.name,
        name: step.name,
        place: { path: owner.module.path, span: step.node.head },
        work: { do: 'all', parts: [reader.enter(step.info, step.place), ...feedback] },
        raises: raisedOnAll(ways),
        resets: read.resets,
        human: step.asks || (ways.length > 0 && ways.every(way => way.asks)),
        guard: read.guard,
      };
    }),
    transitions: live,
    start,
    unit: 'visitOfEach',
    limit: limit.bound,
    perUnit: nothing,
    counters: [...counters.values()],
    onLimit: dispatch.capOption === 'maxMethodCalls' ? 'throws' : 'raises RecursionError',
    open,
    fixes,
    disabled: undefined,
  };
  return {
    machine,
    dead: [...deadCycles(dead, live, flow), ...directCalls(flow, edges), ...ownNames(flow, reads)],
  };
}

/** For each step, the steps that come round with it. */
function roundOf(steps: readonly Step[], edges: readonly Transition[]): ReadonlyMap<string, readonly string[]> {
  const next = (id: string): string[] => edges.filter(edge => edge.from === id).map(edge => edge.to);
  const components = cyclicComponents(
    steps.map(step => step.name),
    next,
  );
  return new Map(components.flatMap(component => component.map(name => [name, component])));
}

/**
 * Leaves out the edges that fire once only: a plain listener with several triggers is not started again by a method's
 * name before a label, or another listener that comes round, re-arms it. What is left comes round for ever.
 */
function alive(
  edges: readonly Edge[],
  steps: readonly Step[],
  start: readonly string[],
  dispatch: Dispatch,
): { live: readonly Edge[]; dead: readonly Edge[] } {
  let live = [...edges];
  const dead: Edge[] = [];
  const several = new Set(
    steps
      .filter(
        step => !step.isRouter && !step.isStart && step.condition?.kind === 'or' && step.condition.parts.length > 1,
      )
      .map(step => step.name),
  );
  if (dispatch.rearm === 'always' || several.size === 0) return { live, dead };
  const fires = (edge: Edge): boolean => !several.has(edge.to) || (dispatch.rearm === 'labels' && !edge.byName);
  for (;;) {
    const next = (id: string): string[] => live.filter(edge => edge.from === id).map(edge => edge.to);
    const cut = new Set<Edge>();
    for (const component of cyclicComponents(
      steps.map(step => step.name),
      next,
    )) {
      const inside = new Set(component);
      const entered = component.filter(
        name => start.includes(name) || live.some(edge => edge.to === name && !inside.has(edge.from)),
      );
      const back = live.filter(edge => inside.has(edge.from) && entered.includes(edge.to));
      if (back.some(fires)) continue;
      for (const edge of back) cut.add(edge);
    }
    if (cut.size === 0) return { live, dead };
    dead.push(...cut);
    live = live.filter(edge => !cut.has(edge));
  }
}

// ---- Methods ------------------------------------------------------------------------------------------------------

function readMethod(step: Step, reader: Reader): Reading {
  const { info } = step;
  const { ways, guard } = stepWays(info, fieldOf, reader);
  const decided = taint(step.node.body, info.module, reader);
  const annotated = step.declared ?? (step.isRouter ? literalsOf(step.node.returns) : undefined);
  const resets = new Set<string>();
  const found = ways.map(({ way, counters, raised, resets: set }): ReadWay => {
    const value = way.end.kind === 'return' ? way.end.value : undefined;
    for (const field of set) resets.add(field);
    return {
      labels: step.isRouter ? (step.declared ?? labelsOf(value, info.module, annotated, reader)) : [],
      place: { path: info.module.path, span: value?.span ?? step.node.head },
      counters,
      controller: controllerOf(way, value, info, decided),
      raised,
      asks: way.calls.some(
        call => reader.effect(call.node, call.module)?.effect === 'human' || asksPerson(call.node, call.module, reader),
      ),
    };
  });
  return { ways: found, resets: [...resets], guard };
}

/** What outlives a step: a field of the flow, or of its state. */
function fieldOf(path: string): string | undefined {
  return path.startsWith('this.') ? path.slice('this.'.length) : undefined;
}

/** Labels that a `return` gives out; undefined if that is not known. */
function labelsOf(
  value: Expression | undefined,
  module: Module,
  annotated: readonly string[] | undefined,
  reader: Reader,
): readonly string[] | undefined {
  if (!value) return [];
  const { strings, complete } = stringsOf(value, module, reader.resolver);
  if (complete) return strings;
  const nothingGiven =
    (value.kind === 'literal' && value.value === null) || (value.kind === 'name' && value.name === 'undefined');
  if (nothingGiven) return [];
  const member = enumMember(value, module, reader);
  return member ?? annotated;
}

/** `Route.RETRY` and `Route.RETRY.value`: the member's text. */
function enumMember(node: Expression, module: Module, reader: Reader): string[] | undefined {
  if (node.kind !== 'member') return undefined;
  if (node.property === 'value') return enumMember(node.object, module, reader);
  for (const value of reader.resolver.values(node.object, module)) {
    if (value.kind !== 'class') continue;
    const field = value.info.node.members.find(one => one.kind === 'field' && one.name === node.property);
    if (field?.kind === 'field' && field.value?.kind === 'literal') return [String(field.value.value)];
  }
  return undefined;
}

/** `Literal["a", "b"]`, `'a' | 'b'`. */
function literalsOf(type: Expression | undefined): string[] | undefined {
  if (!type) return undefined;
  if (type.kind === 'literal') return typeof type.value === 'string' ? [type.value] : undefined;
  if (type.kind === 'binary' && type.operator === '|') {
    const left = literalsOf(type.left);
    const right = literalsOf(type.right);
    return left && right ? [...left, ...right] : undefined;
  }
  if (type.kind !== 'index' || !/(^|\.)Literal$/.test(nameOf(type.object))) return undefined;
  const items = type.index.kind === 'list' ? type.index.items : [type.index];
  const texts = items.map(literalsOf);
  return texts.every(text => text !== undefined) ? texts.flat() : undefined;
}

function controllerOf(
  way: Way,
  value: Expression | undefined,
  info: FunctionInfo,
  decided: (node: Expression) => 'model' | 'tool' | undefined,
): Controller {
  const given = value && decided(value);
  if (given) return given;
  for (const fact of way.facts) {
    const by = fact.module === info.module ? decided(fact.test) : undefined;
    if (by) return by;
  }
  return way.facts.length > 0 ? 'model' : 'deterministic';
}

// ---- Limits and runs ----------------------------------------------------------------------------------------------

/** Makings of the flow's class. */
function makingsOf(flow: Flow, reader: Reader): In<CallExpression>[] {
  const found: In<CallExpression>[] = [];
  const name = flow.owner.node.name;
  for (const module of reader.modules) {
    for (const info of indexOf(module).functions) {
      for (const call of info.calls) {
        if (nameOf(call.callee).split('.').at(-1) !== name) continue;
        const made = reader.resolver.values(call.callee, module);
        if (made.some(value => value.kind === 'class' && value.info === flow.owner)) found.push({ node: call, module });
      }
    }
  }
  return found;
}

function limitOfClass(flow: Flow, reader: Reader): { bound: Machine['limit'] } {
  const option = flow.dispatch.capOption;
  if (option) {
    const given: In<Expression>[] = [];
    for (const member of flow.owner.node.members) {
      if (member.kind === 'field' && member.name === option && member.value)
        given.push({ node: member.value, module: flow.owner.module });
    }
    const makings = makingsOf(flow, reader);
    const set = makings.map(call => reader.resolver.option(call, option));
    if (given.length === 0 && makings.length > 0 && set.every(one => one !== undefined)) given.push(...set);
    const [first] = given;
    if (first) return { bound: limitOption(option, first, reader.resolver, () => false).bound };
  }
  if (flow.dispatch.cap === null) return { bound: undefined };
  return {
    bound: {
      kind: 'frameworkLimit',
      limit: number(flow.dispatch.cap),
      text: `${option} ${flow.dispatch.cap} (default)`,
      place: undefined,
      source: 'default',
      configured: false,
    },
  };
}

/** For Python only: the TypeScript port can be had from no registry, so that no fix of it could be type-checked. */
function limitFixes(flow: Flow, reader: Reader): FixPlan[] {
  const option = flow.dispatch.capOption;
  const [making] = option === 'max_method_calls' ? makingsOf(flow, reader) : [];
  if (!option || !making) return [];
  return [
    {
      title: `Set ${option} to ${suggestedCalls}`,
      safe: false,
      rules: ['unbounded-cycle', 'default-bound'],
      operations: [
        {
          do: 'addArgument',
          path: making.module.path,
          at: making.node.span,
          key: option,
          value: String(suggestedCalls),
        },
      ],
    },
  ];
}

/** Classes of the workspace whose instance a `kickoff` runs. */
function classesRun(call: In<CallExpression>, reader: Reader): ClassInfo[] {
  const { callee } = call.node;
  if (callee.kind !== 'member') return [];
  return reader.resolver
    .values(callee.object, call.module)
    .flatMap((value: Value) => (value.kind === 'instance' ? [value.info] : []));
}

const runMethod = /^(kickoff|kickoff_async|akickoff|kickoffAsync|execute)$/;

function runsOf(all: readonly Flow[], reader: Reader): Run[] {
  const owners = new Set(all.map(flow => flow.owner));
  const found: Run[] = [];
  for (const module of reader.modules) {
    for (const info of indexOf(module).functions) {
      for (const node of info.calls) {
        if (node.callee.kind !== 'member' || !runMethod.test(node.callee.property)) continue;
        for (const owner of classesRun({ node, module }, reader)) {
          if (!owners.has(owner)) continue;
          const place: Place = { path: module.path, span: node.callee.nameSpan };
          found.push({ machine: machineId(owner), place, limit: undefined, disabled: undefined, fixes: [] });
        }
      }
    }
  }
  return found;
}

// ---- Growth -------------------------------------------------------------------------------------------------------

/** Lists of the state that a method on a cycle makes longer, and that go into a prompt. */
function growthsIn(flow: Flow, machine: Machine, reader: Reader): NonNullable<Contribution['growths']>[number][] {
  const round = roundOf(flow.steps, machine.transitions);
  const grown = new Map<string, { place: Place; field: string }>();
  const cut = new Set<string>();
  for (const step of flow.steps) {
    const { ways } = functionWays(step.info, {
      resolver: reader.resolver,
      shared: path => fieldOf(path) !== undefined,
      watch: () => false,
    });
    for (const way of ways) {
      for (const change of way.changes) {
        if (!change.path.startsWith('this.')) continue;
        const list = change.path.replace(/\.length$/, '');
        if (change.how === 'set' || change.how === 'shrink' || (change.how === 'down' && list !== change.path))
          cut.add(list);
        const longer = change.how === 'grow' || (change.how === 'up' && list !== change.path);
        if (!longer || !round.has(step.name) || grown.has(list)) continue;
        grown.set(list, {
          place: { path: change.module.path, span: change.node.span },
          field: fieldOf(list)!,
        });
      }
    }
  }
  return [...grown].map(([path, { place, field }]) => ({
    field,
    place,
    within: machine.id,
    feedsPrompt: flow.steps.some(step => feeds(path, step, reader)),
    trimmedBy: cut.has(path) ? 'an assignment' : undefined,
    framework: 'flows',
    fixes: [],
  }));
}

function feeds(path: string, step: Step, reader: Reader): boolean {
  const { module } = step.info;
  return step.info.calls.some(
    call =>
      reader.costs(call, module) && call.arguments.some(argument => mentionsDeep(argument.value, path, module, 0)),
  );
}

// ---- What was meant to come round and does not ----------------------------------------------------------------------

function hops(edges: readonly Edge[]): DeadCycle['witness'] {
  return edges.map(edge => ({ ...edge.place, message: `${edge.from} → ${edge.to}` }));
}

function deadCycles(dead: readonly Edge[], live: readonly Edge[], flow: Flow): DeadCycle[] {
  const seen = new Set<string>();
  return dead.flatMap(edge => {
    const key = `${edge.from} ${edge.to}`;
    if (seen.has(key) || live.some(one => one.from === edge.from && one.to === edge.to)) return [];
    seen.add(key);
    const target = flow.steps.find(step => step.name === edge.to)!;
    return [
      {
        name: `${edge.from} → ${edge.to}`,
        place: target.place,
        text: `${edge.to} is meant to run again after ${edge.from}, and does not: a listener with several triggers fires once, and only a router’s label re-arms it`,
        advice: `Let a router give out a label for another round and list that label among the triggers of ${edge.to}; give the router a limit of rounds.`,
        framework: 'flows',
        witness: hops([edge]),
        fixes: [],
      },
    ];
  });
}

/** A step that calls an earlier step itself: its body runs once more, and nothing that listens to it starts. */
function directCalls(flow: Flow, edges: readonly Edge[]): DeadCycle[] {
  const before = (from: string, to: string): boolean => {
    const seen = new Set([from]);
    for (const id of seen) for (const edge of edges) if (edge.from === id) seen.add(edge.to);
    return seen.has(to);
  };
  const heard = new Set(flow.steps.flatMap(step => namesOf(step.condition)));
  return flow.steps.flatMap(step =>
    step.info.calls.flatMap((call): DeadCycle[] => {
      const { callee } = call;
      if (callee.kind !== 'member') return [];
      const isOwn = pathOf({ node: callee.object, module: step.info.module, env: undefined }) === 'this';
      const target = flow.steps.find(one => one.name === callee.property);
      if (!isOwn || !target || target === step || !heard.has(target.name) || !before(target.name, step.name)) return [];
      return [
        {
          name: `${step.name} calls ${target.name}`,
          place: { path: step.info.module.path, span: callee.span },
          text: `${step.name} calls ${target.name} itself: its body runs once more, and nothing that listens to it starts again`,
          advice: `For another round make ${step.name} a router, return a label, and let ${target.name} listen to that label; count the rounds.`,
          framework: 'flows',
          witness: [
            { path: step.info.module.path, span: target.node.head, message: `${target.name} is started by the flow` },
          ],
          fixes: [],
        },
      ];
    }),
  );
}

/** A router that gives out its own name to be asked again, which nothing hears. */
function ownNames(flow: Flow, reads: ReadonlyMap<Step, Reading>): DeadCycle[] {
  const heard = new Set(flow.steps.flatMap(step => namesOf(step.condition)));
  return flow.steps.flatMap(step =>
    (step.isRouter ? reads.get(step)!.ways : []).flatMap(({ labels, place }): DeadCycle[] => {
      const [label] = labels ?? [];
      const named = flow.steps.find(one => one.name === label);
      if (label === undefined || labels!.length !== 1 || !named || heard.has(label)) return [];
      return [
        {
          name: `${step.name} gives out ${label}`,
          place,
          text: `${step.name} gives out the label “${label}”, and nothing listens to it: a label starts only what lists it among its triggers, so ${label} does not run again`,
          advice: `List “${label}” among the triggers of the step that has to run again, under another name than a method’s, and count the rounds.`,
          framework: 'flows',
          witness: [{ path: named.info.module.path, span: named.node.head, message: `${label} is a method` }],
          fixes: [],
        },
      ];
    }),
  );
}
