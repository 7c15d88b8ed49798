// BeeAI (beeai-framework): workflows whose steps name the next one, and what the `execution` of an agent limits.
// A workflow has no limit of its own. Proven in test/integration/beeai.test.ts.
import type { Bound, Counter, FixPlan, Machine, MachineState, Run, Transition, Work } from '../graph/model.ts';
import { nothing } from '../graph/model.ts';
import type { CallExpression, Expression, FunctionNode, Module, Statement } from '../program/model.ts';
import { asNumber, calleeName, limitOf, nameOf, number, one, type Quantity, symbol } from '../program/quantity.ts';
import type { FunctionInfo } from '../program/scope.ts';
import type { In } from '../program/values.ts';
import { walk } from '../program/walk.ts';
import type { Place } from '../rules/finding.ts';
import { madeAt, type Options, optionsAt, type PackageCall, packageCalls, placeOfCall, splitPath } from './calls.ts';
import type { CallPattern, Contribution, External, Framework } from './framework.ts';
import { headOf, limitOption, stringsOf } from './literals.ts';
import { defaultLimit, loopMachine, unreadLimit } from './loop-of.ts';
import { taint } from './plain/taint.ts';
import { allOf, oneOf, workOfCallable } from './plain/work.ts';
import type { Reader } from './reading.ts';
import {
  type KeyOf,
  lastingKey,
  parameterKey,
  raisedOnAll,
  type StepWay,
  type StepWays,
  stepCode,
  stepWays,
} from './step-ways.ts';
import { toolsOf } from './tools.ts';

const packages = ['beeai-framework', 'beeai-framework/*', 'bee-agent-framework', 'bee-agent-framework/*'];
const made = /^:Workflow\(\)/;
const runPath = /^:Workflow\(\)(\.\w+\(\))*\.run$/;
const onLimit = 'throws AgentError';
const suggestedSteps = 20;

/** One kind of agent, with what its `execution` means. */
interface Kind {
  readonly name: string;
  /** Option that limits the iterations. */
  readonly option: 'maxIterations' | 'totalMaxRetries';
  readonly iterations: number;
  readonly perStep: number;
  readonly total: number;
  /** The user's object stands in the place of all the defaults. */
  readonly replaces: boolean;
  readonly zero: 'no limit' | 'no request at all';
}

const kinds: readonly Kind[] = [
  {
    name: 'ReActAgent',
    option: 'maxIterations',
    iterations: 10,
    perStep: 3,
    total: 20,
    replaces: true,
    zero: 'no request at all',
  },
  {
    name: 'RequirementAgent',
    option: 'maxIterations',
    iterations: 20,
    perStep: 3,
    total: 20,
    replaces: false,
    zero: 'no limit',
  },
  {
    name: 'ToolCallingAgent',
    option: 'totalMaxRetries',
    iterations: 20,
    perStep: 0,
    total: 20,
    replaces: false,
    zero: 'no request at all',
  },
];

const agentRun: CallPattern = {
  packages,
  path: /^:(?:ReActAgent|BeeAgent|RequirementAgent|ToolCallingAgent)\(\)\.run$/,
  effect: 'agent',
  work(call, value, reader): Work {
    const agent = value.chain[0];
    return agent ? agentWork(agent, call, reader) : unknownAgent(call);
  },
};

export const beeai = {
  id: 'beeai',
  title: 'BeeAI',
  docs: 'https://framework.beeai.dev',
  packages: { typescript: packages, python: ['beeai_framework'] },
  defaults: [
    {
      option: 'limit of a Workflow',
      package: 'beeai-framework',
      language: 'typescript',
      value: null,
      unit: 'steps',
      sentinels: {},
      onLimit: '',
      proof: 'test/integration/beeai.test.ts',
    },
    ...kinds.map(kind => ({
      option: `execution.${kind.option} of ${kind.name}`,
      package: 'beeai-framework',
      language: 'typescript' as const,
      value: kind.iterations,
      unit: 'iterations',
      sentinels: {
        0: kind.zero,
        ...(kind.replaces && { 'execution without it': 'no limit' }),
        ...(kind.option === 'totalMaxRetries' && { maxIterations: 'accepted and never read' }),
      },
      onLimit,
      proof: 'test/integration/beeai.test.ts',
    })),
  ],
  calls: [
    {
      packages,
      path: runPath,
      effect: 'agent',
      work(call, value): Work {
        const root = value.chain[0];
        return root
          ? { do: 'run', machine: madeAt('beeai', root), limit: undefined, place: placeOfCall(call) }
          : unknownAgent(call);
      },
    },
    agentRun,
    { packages, path: /^:AgentWorkflow\(\)\.run$/, effect: 'agent', work: (call): Work => unknownAgent(call) },
    { packages, path: /^:\w+ChatModel\(\)\.(create|createStructure)$/, effect: 'model' },
    { packages, path: /^:(?:ChatModel|BaseChatModel)\.fromName\(\)\.(create|createStructure)$/, effect: 'model' },
    { packages, path: /^:ChatModel\(\)\.(create|createStructure)$/, effect: 'model' },
    {
      packages: ['beeai_framework'],
      path: /(:|\.)\w*ChatModel(\.from_name)?\(\)\.(run|create|create_structure)$/,
      effect: 'model',
    },
    {
      packages,
      path: /^:Workflow\(\)(\.\w+\(\))*\.(addStep|addStrictStep|setStart|delStep|asStep)$/,
      effect: 'keeps',
    },
  ],
  read(reader): Contribution {
    const flows = new Map<CallExpression, Flow>();
    const machines = new Map<string, Machine>();
    const runs: Run[] = [];
    for (const found of packageCalls(reader, isOurs)) {
      const root = found.value.chain[0];
      if (!root) continue;
      if (made.test(found.path)) collect(flows, root, found, reader);
      if (agentRun.path.test(found.path)) {
        const machine = agentMachine(root, reader);
        if (!machine) continue;
        machines.set(machine.id, machine);
        const own = runExecution(root, found.call, reader);
        runs.push({ ...runOf(machine.id, found.call), limit: own?.bound, disabled: own?.disabled });
      }
    }
    for (const flow of flows.values()) {
      const machine = flowMachine(flow, reader);
      machines.set(machine.id, machine);
      for (const { call } of flow.runs) runs.push(runOf(machine.id, call));
    }
    return { machines: [...machines.values()], runs };
  },
} satisfies Framework;

function isOurs(head: string): boolean {
  return /^bee(ai|-agent)-framework($|\/)/.test(head);
}

function runOf(machine: string, call: In<CallExpression>): Run {
  const place: Place = { path: call.module.path, span: headOf(call.node) };
  return { machine, place, limit: undefined, disabled: undefined, fixes: [] };
}

function unknownAgent(call: In<CallExpression>): Work {
  return { do: 'model', count: symbol('calls of the agent'), place: placeOfCall(call), what: nameOf(call.node.callee) };
}

// ---- Workflows --------------------------------------------------------------------------------------------------------

/** A workflow with the calls that build and run it. */
interface Flow {
  readonly root: In<CallExpression>;
  readonly steps: In<CallExpression>[];
  readonly runs: PackageCall[];
  /** First steps that are named. */
  readonly starts: string[];
  /** A first step is named that cannot be read. */
  anyStart: boolean;
  setStart: string | undefined;
}

function collect(flows: Map<CallExpression, Flow>, root: In<CallExpression>, found: PackageCall, reader: Reader): void {
  const flow = flows.get(root.node) ?? { root, steps: [], runs: [], starts: [], anyStart: false, setStart: undefined };
  flows.set(root.node, flow);
  const method = /\.(\w+)$/.exec(found.path)?.[1];
  const { call } = found;
  if (method === 'addStep' || method === 'addStrictStep') flow.steps.push(call);
  else if (method === 'setStart') {
    const named = call.node.arguments[0] && stringsOf(call.node.arguments[0].value, call.module, reader.resolver);
    flow.setStart = named?.strings[0];
    if (!named?.complete) flow.anyStart = true;
  } else if (method === 'run' || method === 'asStep') {
    if (method === 'run') flow.runs.push(found);
    const options = optionsAt(call, method === 'run' ? 1 : 0, reader);
    const given = options.get('start');
    const named = given && stringsOf(given.node, given.module, reader.resolver);
    if (named) flow.starts.push(...named.strings);
    if (options.open || (named && !named.complete)) flow.anyStart = true;
  }
}

interface Step {
  readonly name: string;
  readonly call: In<CallExpression>;
  readonly handler: In<Expression> | undefined;
}

function stepsOf(flow: Flow, reader: Reader): { steps: Step[]; open: boolean } {
  // In a chain the last call is the outermost; what counts is the order of addition.
  const ordered = [...flow.steps].sort((a, b) =>
    a.module === b.module ? headOf(a.node)[0] - headOf(b.node)[0] : a.module.path < b.module.path ? -1 : 1,
  );
  const steps: Step[] = [];
  let open = false;
  for (const call of ordered) {
    const first = call.node.arguments[0];
    const named = first && stringsOf(first.value, call.module, reader.resolver);
    const last = call.node.arguments.length > 1 ? call.node.arguments.at(-1) : undefined;
    open ||= !named?.complete || named.strings.length !== 1;
    for (const name of named?.strings ?? []) {
      steps.push({ name, call, handler: last && { node: last.value, module: call.module } });
    }
  }
  return { steps, open };
}

/** What outlives a step: the state, the list of steps that ran, a field, a variable of the module. */
const keyOf: KeyOf = (path, info) => {
  const state = parameterKey(path, info, 0);
  if (state !== undefined) return state;
  const context = parameterKey(path, info, 1);
  return context === undefined ? lastingKey(path, info) : `context.${context}`;
};
/** The framework adds to this list after every step. */
const stepCount = 'context.steps.length<';

function flowMachine(flow: Flow, reader: Reader): Machine {
  const { steps, open } = stepsOf(flow, reader);
  const names = steps.map(step => step.name);
  const states: MachineState[] = [];
  const transitions: Transition[] = [];
  const counters = new Map<string, Counter>();
  let unread = open;
  steps.forEach((step, at) => {
    const jumps = jumpsOf(step, reader);
    unread ||= jumps.open;
    states.push({
      id: step.name,
      name: step.name,
      place: { path: step.call.module.path, span: headOf(step.call.node) },
      work: stepWork(step, reader),
      raises: [...jumps.raises, stepCount],
      resets: jumps.resets,
      human: jumps.human,
      guard: jumps.guard,
    });
    for (const jump of jumps.jumps) {
      for (const counter of jump.counters) counters.set(counter.key, counters.get(counter.key) ?? counter);
      for (const to of targetsOf(jump.to, at, names, flow)) {
        if (!names.includes(to)) continue;
        transitions.push({
          from: step.name,
          to,
          kind: 'route',
          label: to,
          place: jump.place,
          checks: jump.counters.map(counter => counter.key),
          controller: jump.chosen ? 'model' : 'deterministic',
        });
      }
    }
  });
  return {
    id: madeAt('beeai', flow.root),
    framework: 'beeai',
    name: flowName(flow.root, reader),
    place: { path: flow.root.module.path, span: headOf(flow.root.node) },
    states,
    transitions,
    start: flow.anyStart ? names : [...new Set([flow.setStart ?? names[0] ?? '', ...flow.starts])].filter(Boolean),
    unit: 'superstep',
    limit: undefined,
    perUnit: nothing,
    counters: [...counters.values()],
    onLimit: '',
    open: unread,
    fixes: flowFixes(steps, transitions, names, reader),
    disabled: undefined,
  };
}

function flowName(root: In<CallExpression>, reader: Reader): string {
  const given = reader.resolver.option(root, 'name');
  return given?.node.kind === 'literal' ? String(given.node.value) : 'workflow';
}

/** A way out of a step. */
interface Jump {
  /** Names or reserved words; undefined: not known. */
  readonly to: readonly string[] | undefined;
  readonly place: Place;
  readonly counters: readonly Counter[];
  readonly chosen: boolean;
}

interface Jumps {
  readonly jumps: readonly Jump[];
  readonly raises: readonly string[];
  readonly resets: readonly string[];
  readonly human: boolean;
  readonly guard: Bound | undefined;
  readonly open: boolean;
}

function jumpsOf(step: Step, reader: Reader): Jumps {
  const place: Place = { path: step.call.module.path, span: headOf(step.call.node) };
  const anywhere: Jump = { to: undefined, place, counters: [], chosen: true };
  const unknown: Jumps = { jumps: [anywhere], raises: [], resets: [], human: false, guard: undefined, open: true };
  if (!step.handler) return unknown;
  const jumps: Jump[] = [];
  const judged: StepWays[] = [];
  // A way that ends the workflow need not count.
  const onward: StepWay[] = [];
  let open = false;
  for (const value of stepCode(step.handler.node, step.handler.module, reader)) {
    if (value.kind === 'external' && isWorkflow(value)) {
      // A workflow as a step: what comes next is the option of `asStep`, or the next step.
      const wrapped = /\.asStep\(\)$/.test(value.path) ? value.chain.at(-1) : undefined;
      const given = wrapped && reader.resolver.option(wrapped, 'next');
      const named = given && stringsOf(given.node, given.module, reader.resolver);
      jumps.push({ to: named ? wordsOf(named) : ['NEXT'], place, counters: [], chosen: false });
      continue;
    }
    if (value.kind !== 'function') continue;
    if (asksForWork(value.info, reader)) open = true;
    const found = stepWays(value.info, keyOf, reader, { late: key => key === 'context.steps.length' });
    judged.push(found);
    for (const step of found.ways) {
      const { way, counters } = step;
      const chosen = way.facts.length > 0;
      const node = way.end.kind === 'return' ? way.end.value : undefined;
      if (!node) {
        onward.push(step);
        jumps.push({ to: ['NEXT'], place: placeIn(value.info, place), counters, chosen });
        continue;
      }
      const named = namedBy(node, value.info.module, reader);
      if (!named.complete) open = true;
      if (!named.complete || named.strings.some(word => reserved(word) !== 'END')) onward.push(step);
      jumps.push({
        to: wordsOf(named),
        place: { path: value.info.module.path, span: node.span },
        counters,
        chosen: chosen || named.strings.length > 1 || !named.complete,
      });
    }
    if (!found.complete) open = true;
  }
  if (jumps.length === 0) return unknown;
  return {
    jumps,
    raises: raisedOnAll(onward),
    resets: [...new Set(judged.flatMap(found => found.ways.flatMap(way => [...way.resets])))],
    human: judged.length > 0 && judged.every(found => found.human),
    guard: judged.length === 1 ? judged[0]!.guard : undefined,
    open,
  };
}

const collections = /^(isEmpty|length|size|every|some|find|findIndex|filter|shift|pop)$/;

/** A step that asks for what is left of a list of the state: each round may leave less, which ends it. */
function asksForWork(info: FunctionInfo, reader: Reader): boolean {
  const body: readonly Statement[] = info.node?.body ?? [];
  const decided = taint(body, info.module, reader);
  let asks = false;
  walk(body, {
    enter(node) {
      const test = node.kind === 'if' || node.kind === 'conditional' ? node.test : undefined;
      if (!test || decided(test)) return undefined;
      let about = false;
      walk(test, {
        enter(inner) {
          if (inner.kind === 'call') about ||= collections.test(calleeName(inner.callee));
          if (inner.kind === 'binary' && /^(<|<=|>|>=)$/.test(inner.operator)) return 'skip';
          if (inner.kind === 'member') about ||= collections.test(inner.property);
          return undefined;
        },
      });
      asks ||= about;
      return undefined;
    },
    enterFunction: () => 'skip',
  });
  return asks;
}

function placeIn(info: FunctionInfo, otherwise: Place): Place {
  return info.node ? { path: info.module.path, span: info.node.head } : otherwise;
}

/** Names that a step returns; nothing at all is the next step. */
function namedBy(node: Expression, module: Module, reader: Reader): ReturnType<typeof stringsOf> {
  if (node.kind === 'logical') {
    const left = namedBy(node.left, module, reader);
    const right = namedBy(node.right, module, reader);
    return { strings: [...left.strings, ...right.strings], complete: left.complete && right.complete };
  }
  if (node.kind === 'await') return namedBy(node.value, module, reader);
  const strings: string[] = [];
  let complete = true;
  const values = reader.resolver.values(node, module);
  if (values.length === 0) return { strings: [], complete: false };
  for (const value of values) {
    const word = value.kind === 'external' ? /:Workflow\.(START|END|SELF|PREV|NEXT)$/.exec(value.path)?.[1] : undefined;
    if (word) strings.push(word);
    else if (value.kind === 'constant' && typeof value.value === 'string') strings.push(reserved(value.value));
    else if (value.kind === 'constant' && !value.value) strings.push('NEXT');
    else complete = false;
  }
  return { strings, complete };
}

function wordsOf(named: ReturnType<typeof stringsOf>): readonly string[] | undefined {
  return named.complete ? named.strings.map(reserved) : undefined;
}

/** `__end__` is END. */
function reserved(text: string): string {
  return /^__(start|end|self|prev|next)__$/.exec(text)?.[1]?.toUpperCase() ?? text;
}

/** Steps that a word leads to. START is where the run began: any step may be that. */
function targetsOf(to: readonly string[] | undefined, at: number, names: readonly string[], flow: Flow): string[] {
  if (!to) return [...names];
  return to.flatMap(word => {
    switch (word) {
      case 'END':
        return [];
      case 'NEXT':
        return names.slice(at + 1, at + 2);
      case 'PREV':
        return at > 0 ? [names[at - 1]!] : [];
      case 'SELF':
        return [names[at]!];
      case 'START':
        return flow.anyStart ? [...names] : [flow.setStart ?? names[0]!, ...flow.starts];
      default:
        return [word];
    }
  });
}

function isWorkflow(value: External): boolean {
  return /:Workflow\(\)/.test(value.path);
}

function stepWork(step: Step, reader: Reader): Work {
  if (!step.handler) return nothing;
  const inner: Work[] = [];
  for (const value of reader.resolver.values(step.handler.node, step.handler.module)) {
    const root = value.kind === 'external' && isWorkflow(value) ? value.chain[0] : undefined;
    if (root) {
      const place: Place = { path: step.handler.module.path, span: step.handler.node.span };
      inner.push({ do: 'run', machine: madeAt('beeai', root), limit: undefined, place });
    }
  }
  return inner.length > 0 ? oneOf(inner) : workOfCallable(step.handler.node, step.handler.module, reader);
}

/** Every step that can go back ends the workflow once many steps have run. */
function flowFixes(
  steps: readonly Step[],
  transitions: readonly Transition[],
  names: readonly string[],
  reader: Reader,
): FixPlan[] {
  const back = new Set(
    transitions.filter(t => names.indexOf(t.to) <= names.indexOf(t.from)).map(transition => transition.from),
  );
  const operations: FixPlan['operations'][number][] = [];
  for (const step of steps) {
    if (!back.has(step.name)) continue;
    const handler = step.handler?.node;
    const checked = handler?.kind === 'functionExpression' ? checkSteps(handler.function, step, reader) : undefined;
    if (!checked) return [];
    operations.push(...checked);
  }
  if (operations.length === 0) return [];
  return [
    {
      title: `End the workflow after ${suggestedSteps} steps`,
      safe: true,
      rules: ['unbounded-cycle'],
      operations,
    },
  ];
}

/** Ends the workflow at the start of a step that is written in place. */
function checkSteps(fn: FunctionNode, step: Step, reader: Reader): FixPlan['operations'] | undefined {
  const { module } = step.call;
  const { path } = module;
  const first = fn.body[0];
  const [state, context] = fn.parameters;
  const specifier = reader.resolver
    .externals(step.call.node.callee, module)
    .map(value => splitPath(value.path).head)
    .find(isOurs);
  if (!first || !specifier || state?.target.kind !== 'name') return undefined;
  if (context && context.target.kind !== 'name') return undefined;
  const name = context?.target.kind === 'name' ? context.target.name : '$context';
  const done = `${name}.steps.length >= ${suggestedSteps}`;
  const value = first.kind === 'return' ? first.value : undefined;
  const parameters = context ? undefined : withContext(fn, state, state.target.name);
  if (!context && parameters === undefined) return undefined;
  const isExpression = value && value.span[0] === fn.bodySpan[0] && value.span[1] === fn.bodySpan[1];
  return [
    { do: 'import', path, specifier, imported: 'Workflow' },
    ...(parameters === undefined
      ? []
      : [
          { do: 'name' as const, path, at: first.span, name: 'context' },
          { do: 'replace' as const, path, at: state.span, text: parameters },
        ]),
    isExpression
      ? { do: 'replace', path, at: [value.span[0], value.span[0]], text: `${done} ? $Workflow.END : ` }
      : { do: 'insertBefore', path, at: first.span, lines: [`if (${done}) return $Workflow.END;`] },
  ];
}

/** The parameter list with a context after the state; undefined where it cannot be told how the list is written. */
function withContext(fn: FunctionNode, state: FunctionNode['parameters'][number], name: string): string | undefined {
  if (state.annotation) return undefined;
  const before = state.span[0] - fn.head[0];
  if (!fn.isArrow) return undefined;
  if (!fn.isAsync) return before === 0 ? `(${name}, $context)` : `${name}, $context`;
  return before > 'async '.length ? `${name}, $context` : undefined;
}

// ---- Agents -----------------------------------------------------------------------------------------------------------

/** What the `execution` of an agent, or of one of its runs, comes to. */
interface Execution {
  readonly bound: Bound | undefined;
  readonly disabled: string | undefined;
  /** Requests after failed ones, over the whole run. */
  readonly again: Quantity;
  /** Where the limit can be set. */
  readonly objects: Options['objects'];
  readonly given: boolean;
}

function kindOf(agent: In<CallExpression>, reader: Reader): Kind | undefined {
  for (const value of reader.resolver.externals(agent.node.callee, agent.module)) {
    const name = /:(\w+)$/.exec(value.path)?.[1];
    const kind = kinds.find(one => one.name === (name === 'BeeAgent' ? 'ReActAgent' : name));
    if (kind) return kind;
  }
  return undefined;
}

function executionOf(kind: Kind, call: In<CallExpression>, position: number, reader: Reader): Execution | undefined {
  const options = optionsAt(call, position, reader);
  const given = options.get('execution');
  const place = placeOfCall(call);
  if (!given) {
    if (!options.open) return undefined;
    const bound = unreadLimit(kind.option, place);
    return { bound, disabled: undefined, again: symbol('retries of execution'), objects: [], given: true };
  }
  const values = reader.resolver.values(given.node, given.module);
  if (values.length > 0 && values.every(value => value.kind === 'constant' && value.value === undefined)) {
    return undefined;
  }
  const objects = values.filter(value => value.kind === 'object');
  const open = objects.length === 0 || objects.some(object => reader.resolver.isOpen(object));
  const get = (key: string): In<Expression> | undefined =>
    objects.map(object => reader.resolver.entry(object, key)).find(entry => entry !== undefined);
  const amount = (key: string, otherwise: number): Quantity => {
    const at = get(key);
    if (!at) return open ? symbol(key) : number(kind.replaces ? 0 : otherwise);
    const limit = limitOf({ node: at.node, module: at.module, env: undefined }, reader.resolver);
    return limit.kind === 'number' ? number(Math.max(0, limit.value)) : symbol(limit.name);
  };
  const at = get(kind.option);
  if (!at) {
    const bound = open ? unreadLimit(kind.option, place) : undefined;
    const disabled = open || !kind.replaces ? undefined : `execution without ${kind.option} means no limit`;
    const again = againOf(kind, bound?.limit, amount('maxRetriesPerStep', kind.perStep), amount('totalMaxRetries', 0));
    if (!open && !kind.replaces) return undefined;
    return { bound, disabled, again, objects, given: true };
  }
  const limit = limitOption(kind.option, at, reader.resolver, value => value === 0 && kind.zero === 'no limit');
  const again = againOf(
    kind,
    limit.bound?.limit,
    amount('maxRetriesPerStep', kind.perStep),
    amount('totalMaxRetries', kind.total),
  );
  return { bound: limit.bound, disabled: limit.disabled, again, objects, given: true };
}

/** Failed requests are repeated, up to a number per iteration and one per run. */
function againOf(kind: Kind, iterations: Quantity | undefined, perStep: Quantity, total: Quantity): Quantity {
  if (kind.name !== 'ReActAgent') return number(0);
  const n = iterations && asNumber(iterations);
  const each = asNumber(perStep);
  const all = asNumber(total);
  if (each === 0 || all === 0) return number(0);
  if (n !== undefined && each !== undefined && all !== undefined) return number(Math.min(n * each, all));
  return total;
}

function defaultExecution(kind: Kind): Execution {
  const limit = number(kind.iterations);
  return {
    bound: defaultLimit(`${kind.option} ${kind.iterations}`, kind.iterations),
    disabled: undefined,
    again: againOf(kind, limit, number(kind.perStep), number(kind.total)),
    objects: [],
    given: false,
  };
}

function agentName(agent: In<CallExpression>): string {
  return nameOf(agent.node.callee);
}

function request(kind: Kind, agent: In<CallExpression>): Work {
  // A RequirementAgent asks again when a call fails, when tools repeat and when an answer is no answer.
  const count = kind.name === 'RequirementAgent' ? symbol('requests of an iteration') : one;
  return { do: 'model', count, place: placeOfCall(agent), what: agentName(agent) };
}

function agentMachine(agent: In<CallExpression>, reader: Reader): Machine | undefined {
  const kind = kindOf(agent, reader);
  if (!kind) return undefined;
  const given = executionOf(kind, agent, 0, reader);
  const execution = given ?? defaultExecution(kind);
  const tools = toolsOf(reader.resolver.option(agent, 'tools'), ['handler'], reader);
  return loopMachine({
    id: madeAt('beeai', agent),
    framework: 'beeai',
    name: agentName(agent),
    place: { path: agent.module.path, span: headOf(agent.node) },
    turn: allOf([request(kind, agent), tools.work]),
    limit: execution.bound,
    disabled: execution.disabled,
    onLimit,
    fixes: executionFixes(kind, agent, given, reader),
  });
}

/** `execution` among the options of a run; a ReActAgent that has one of its own does not look at it. */
function runExecution(agent: In<CallExpression>, call: In<CallExpression>, reader: Reader): Execution | undefined {
  const kind = kindOf(agent, reader);
  if (!kind || (kind.replaces && executionOf(kind, agent, 0, reader))) return undefined;
  return executionOf(kind, call, 1, reader);
}

function agentWork(agent: In<CallExpression>, call: In<CallExpression>, reader: Reader): Work {
  const kind = kindOf(agent, reader);
  if (!kind) return unknownAgent(call);
  const place = placeOfCall(call);
  const own = runExecution(agent, call, reader);
  const execution = own ?? executionOf(kind, agent, 0, reader) ?? defaultExecution(kind);
  const run: Work = { do: 'run', machine: madeAt('beeai', agent), limit: own?.bound, place };
  if (asNumber(execution.again) === 0) return run;
  const again: Work = {
    do: 'times',
    count: execution.again,
    body: { do: 'model', count: one, place, what: agentName(agent) },
    place,
    what: 'totalMaxRetries',
    retry: true,
  };
  return allOf([run, again]);
}

function executionFixes(
  kind: Kind,
  agent: In<CallExpression>,
  given: Execution | undefined,
  reader: Reader,
): FixPlan[] {
  const object = given ? given.objects[0] : optionsAt(agent, 0, reader).objects[0];
  if (!object) return [];
  const value = String(kind.iterations);
  // A ReActAgent takes the object as it is: the other defaults have to be said again.
  const all = kind.replaces
    ? `{ ${kind.option}: ${value}, maxRetriesPerStep: ${kind.perStep}, totalMaxRetries: ${kind.total} }`
    : `{ ${kind.option}: ${value} }`;
  return [
    {
      title: `Set ${kind.option} to ${value}`,
      safe: true,
      rules: ['unbounded-cycle', 'ineffective-bound', 'default-bound'],
      operations: [
        {
          do: 'setOption',
          path: object.module.path,
          at: object.node.span,
          key: given ? kind.option : 'execution',
          value: given ? value : all,
        },
      ],
    },
  ];
}
