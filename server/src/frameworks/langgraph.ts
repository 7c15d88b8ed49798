// LangGraph (JavaScript and Python): state graphs, their nodes, edges, routers and commands, and the limit of a run.
// Defaults and behaviour: facts proven in test/integration with the real package.
import type {
  Bound,
  Counter,
  FixPlan,
  IdleBound,
  Loop,
  Machine,
  MachineState,
  Run,
  Transition,
  Work,
} from '../graph/model.ts';
import { linear, pathOf } from '../program/access.ts';
import type { CallExpression, Expression, Module, ObjectExpression } from '../program/model.ts';
import { asNumber, calleeName, limitOf, most, nameOf, number, type Quantity, symbol } from '../program/quantity.ts';
import { type FunctionInfo, indexOf } from '../program/scope.ts';
import type { In, Value } from '../program/values.ts';
import { walk } from '../program/walk.ts';
import { functionWays, type Way } from '../program/ways.ts';
import type { Controller, Place } from '../rules/finding.ts';
import { madeAt, packageCalls } from './calls.ts';
import type { Contribution, External, Framework } from './framework.ts';
import { headOf, type LimitOption, limitOption, stringsOf } from './literals.ts';
import { guardOf } from './plain/bounds.ts';
import { taint } from './plain/taint.ts';
import { allOf, isNothing, workOfCallable } from './plain/work.ts';
import type { Reader } from './reading.ts';
import { comparedCounters } from './step-ways.ts';
import { toolsOf } from './tools.ts';

const packages = ['@langchain/langgraph', '@langchain/langgraph/*', 'langgraph'];
const builder = /^:(?:graph\.|graph\.state\.|graph\.message\.)?(StateGraph|MessageGraph|Graph)\(\)/;
const runMethods =
  /\.compile\(\)(?:\.(?:with_config|withConfig)\(\))*\.(invoke|stream|streamEvents|batch|ainvoke|astream|abatch|astream_events)$/;

/** Attempts of a retry policy that does not say how many. */
const defaultAttempts = 3;

const end = '__end__';
const start = '__start__';

/** LangGraph.js, and LangGraph for Python before 1.0.6. */
const defaultRecursionLimit = 25;
/** LangGraph for Python from 1.0.6 on (10,000 there, 10,007 in 1.2). */
const pythonRecursionLimit = 10_007;

function defaultLimit(module: Module, reader: Reader): number {
  if (module.language !== 'python') return defaultRecursionLimit;
  const [major = 1, minor = 9, patch = 9] = (reader.resolver.program.version(module.path, 'langgraph') ?? '')
    .split('.')
    .map(part => Number.parseInt(part, 10))
    .filter(Number.isFinite);
  const old = major < 1 || (major === 1 && minor === 0 && patch < 6);
  return old ? defaultRecursionLimit : pythonRecursionLimit;
}

function machineId(root: In<CallExpression>): string {
  return `langgraph:${root.module.path}@${root.node.span[0]}`;
}

export const langgraph: Framework = {
  id: 'langgraph',
  title: 'LangGraph',
  docs: 'https://docs.langchain.com/oss/javascript/langgraph/overview',
  packages: { typescript: ['@langchain/langgraph', '@langchain/langgraph/*'], python: ['langgraph', 'langgraph.*'] },
  defaults: [
    {
      option: 'recursionLimit',
      package: '@langchain/langgraph',
      language: 'typescript',
      value: defaultRecursionLimit,
      unit: 'supersteps of one invoke',
      sentinels: {
        Infinity: 'no limit',
        NaN: 'no limit',
        1000000000: 'no limit',
        0: 'refused',
        'none in a graph inside a graph': 'the limit of the one around it, counted anew',
      },
      onLimit: 'throws GraphRecursionError',
      proof: 'test/integration/langgraph.test.ts, test/integration/langgraph-more.test.ts',
    },
    {
      option: 'retryPolicy of a node, retry of a task',
      package: '@langchain/langgraph',
      language: 'typescript',
      value: 1,
      unit: 'attempts; 3 with a policy that does not say how many',
      sentinels: { Infinity: 'no limit' },
      onLimit: 'throws the last error',
      proof: 'test/integration/langgraph-more.test.ts',
    },
    {
      option: 'loops in an entrypoint',
      package: '@langchain/langgraph',
      language: 'typescript',
      value: null,
      unit: 'tasks',
      sentinels: { recursionLimit: 'does not count tasks' },
      onLimit: '',
      proof: 'test/integration/langgraph-more.test.ts',
    },
    {
      option: 'recursion_limit',
      package: 'langgraph',
      language: 'python',
      value: pythonRecursionLimit,
      unit: 'supersteps of one invoke',
      sentinels: { 'sys.maxsize': 'no limit', "float('inf')": 'no limit' },
      onLimit: 'raises GraphRecursionError',
      proof: 'test/integration/langgraph-python.test.ts',
    },
    {
      option: 'recursion_limit',
      package: 'langgraph (before 1.0.6)',
      language: 'python',
      value: defaultRecursionLimit,
      unit: 'supersteps of one invoke',
      sentinels: {},
      onLimit: 'raises GraphRecursionError',
      proof: 'read in the packages 0.6.11, 1.0.0 and 1.0.5; not run',
    },
  ],
  calls: [
    {
      packages,
      path: new RegExp(`${builder.source}.*${runMethods.source}`),
      effect: 'agent',
      work(call, value, reader): Work {
        const root = value.chain[0];
        const place: Place = { path: call.module.path, span: call.node.span };
        if (!root) return { do: 'model', count: symbol('calls of the graph'), place, what: 'graph' };
        return { do: 'run', machine: machineId(root), limit: runLimit(call, value, reader)?.bound, place };
      },
    },
    {
      packages,
      path: new RegExp(`${builder.source}.*\\.(add\\w*|set\\w*|compile|with_?config|withConfig)$`),
      effect: 'keeps',
    },
    { packages, path: /ToolNode\(\)\.(invoke|ainvoke)$/, effect: 'tool' },
    // The functional API: what `task` and `entrypoint` give back runs their function.
    { packages, path: /^:(task|entrypoint)$/, effect: 'wrapper' },
    {
      packages,
      path: /^:task\(\)$/,
      effect: 'retry',
      work(call, value, reader): Work {
        const made = value.chain.at(-1);
        const body = allOf((made?.node.arguments ?? []).map(one => workOfCallable(one.value, made!.module, reader)));
        const policy = made && policyOf(made, 0, reader);
        if (!policy || isNothing(body)) return body;
        const place: Place = { path: call.module.path, span: headOf(call.node) };
        return { do: 'times', count: policy.count, body, place, what: policy.what, retry: true };
      },
    },
    {
      packages,
      path: /^:entrypoint\(\)\.(invoke|stream|ainvoke|astream)$/,
      effect: 'agent',
      work: (_call, value, reader): Work =>
        allOf(
          (value.chain[0]?.node.arguments ?? []).map(one => workOfCallable(one.value, value.chain[0]!.module, reader)),
        ),
    },
    {
      packages,
      path: /(create_react_agent|createReactAgent)\(\)(\.\w+\(\))*\.(invoke|stream|ainvoke|astream|batch)$/,
      effect: 'agent',
    },
  ],
  read(reader): Contribution {
    const machines: Machine[] = [];
    const runs: Run[] = [];
    const builders = new Map<CallExpression, Builder>();
    let last: CallExpression | undefined;
    for (const { call, value } of packageCalls(reader, isOurs)) {
      if (call.node === last || !isBuilderMember(value)) continue;
      last = call.node;
      collect(builders, call, value, reader, runs);
    }
    const loops: Loop[] = [];
    const idle: IdleBound[] = [];
    for (const one of builders.values()) machines.push(machineOf(one, runs, loops, idle, reader));
    return { machines, runs, loops, idle };
  },
};

interface Builder {
  readonly root: In<CallExpression>;
  readonly calls: { readonly method: string; readonly call: In<CallExpression> }[];
  /** Calls that run it. */
  readonly started: In<CallExpression>[];
}

function isOurs(head: string): boolean {
  return head === 'langgraph' || head.startsWith('@langchain/langgraph');
}

function isBuilderMember(value: Value): value is External {
  if (value.kind !== 'external') return false;
  const colon = value.path.indexOf(':');
  const head = value.path.slice(0, colon);
  return isOurs(head) && builder.test(value.path.slice(colon));
}

function collect(
  builders: Map<CallExpression, Builder>,
  call: In<CallExpression>,
  value: External,
  reader: Reader,
  runs: Run[],
): void {
  const root = value.chain[0];
  if (!root) return;
  const one = builders.get(root.node) ?? { root, calls: [], started: [] };
  builders.set(root.node, one);
  const method = /\.(\w+)$/.exec(value.path)?.[1] ?? '';
  const colon = value.path.indexOf(':');
  if (runMethods.test(value.path.slice(colon))) {
    const limit = runLimit(call, value, reader);
    runs.push({
      machine: machineId(root),
      place: { path: call.module.path, span: headOf(call.node) },
      limit: limit?.bound,
      disabled: limit?.disabled,
      fixes: limitFixes(call, limit),
    });
    one.started.push(call);
  } else one.calls.push({ method, call });
}

/** `recursionLimit` of an `invoke`'s config, or of a `withConfig` before it. */
function runLimit(call: In<CallExpression>, value: External, reader: Reader): LimitOption | undefined {
  const python = call.module.language === 'python';
  const key = python ? 'recursion_limit' : 'recursionLimit';
  const sites: In<CallExpression>[] = [
    call,
    ...value.chain.filter(step => /^with_?config$/i.test(step.name)).reverse(),
  ];
  for (const site of sites) {
    const direct = reader.resolver.option(site, key, site === call ? 1 : 0);
    const nested = reader.resolver.option(site, 'config');
    let found = direct;
    if (!found && nested) {
      for (const v of reader.resolver.values(nested.node, nested.module)) {
        if (v.kind === 'object') found ??= reader.resolver.entry(v, key);
      }
    }
    if (found) return limitOption(key, found, reader.resolver, n => n >= 1_000_000);
  }
  return undefined;
}

function limitFixes(call: In<CallExpression>, limit: LimitOption | undefined): FixPlan[] {
  const python = call.module.language === 'python';
  const key = python ? 'recursion_limit' : 'recursionLimit';
  const title = `Set ${key} to ${defaultRecursionLimit}`;
  if (limit) {
    return [
      {
        title,
        safe: true,
        rules: ['unbounded-cycle', 'ineffective-bound'],
        operations: [
          { do: 'replace', path: limit.at.module.path, at: limit.at.node.span, text: String(defaultRecursionLimit) },
        ],
      },
    ];
  }
  if (call.node.arguments.length !== 1) return [];
  return [
    {
      title,
      safe: true,
      rules: ['unbounded-cycle', 'default-bound'],
      operations: [
        python
          ? {
              do: 'addArgument',
              path: call.module.path,
              at: call.node.span,
              key: 'config',
              value: `{"${key}": ${defaultRecursionLimit}}`,
            }
          : {
              do: 'addArgument',
              path: call.module.path,
              at: call.node.span,
              key,
              value: String(defaultRecursionLimit),
            },
      ],
    },
  ];
}

// ---- The graph that a builder builds ----------------------------------------------------------------------------------

interface NodeDraft {
  readonly name: string;
  readonly place: Place;
  readonly action: In<Expression> | undefined;
  readonly work: Work[];
}

function machineOf(one: Builder, runs: readonly Run[], loops: Loop[], idle: IdleBound[], reader: Reader): Machine {
  const { root } = one;
  const id = machineId(root);
  const nodes = new Map<string, NodeDraft>();
  const transitions: Transition[] = [];
  const counters = new Map<string, Counter>();
  const raises = new Map<string, Set<string>>();
  const resets = new Map<string, Set<string>>();
  const human = new Set<string>();
  const guards = new Map<string, Bound>();
  const state = stateOf(one, reader);
  let open = false;

  const defaultPolicy = one.calls
    .filter(({ method }) => method === 'setNodeDefaults' || method === 'set_node_defaults')
    .map(({ call }) => policyOf(call, 0, reader))
    .find(policy => policy !== undefined);
  const addNode = (
    name: string,
    call: In<CallExpression>,
    action: In<Expression> | undefined,
    own?: Attempts | undefined,
  ): void => {
    if (nodes.has(name)) return;
    const place: Place = { path: call.module.path, span: headOf(call.node) };
    const policy = own ?? defaultPolicy;
    const work = action && nodeWork(action, reader);
    nodes.set(name, {
      name,
      place,
      action,
      work: work ? [policy ? retried(work, policy, place, name, loops) : work] : [],
    });
  };

  for (const { method, call } of one.calls) {
    if (method !== 'addNode' && method !== 'add_node' && method !== 'addSequence' && method !== 'add_sequence')
      continue;
    const [first, second] = call.node.arguments;
    if (!first) continue;
    const names = stringsOf(first.value, call.module, reader.resolver).strings;
    if (names.length > 0) {
      const policy = policyOf(call, 2, reader);
      for (const name of names)
        addNode(name, call, second ? { node: second.value, module: call.module } : undefined, policy);
      continue;
    }
    for (const value of reader.resolver.values(first.value, call.module)) {
      if (value.kind === 'object') {
        for (const entry of value.node.entries) {
          if (entry.kind === 'entry') addNode(entry.key, call, { node: entry.value, module: value.module });
          else open = true;
        }
      } else if (value.kind === 'list') {
        for (const item of value.node.items) {
          const pair = item.kind === 'list' ? item.items : [item];
          const name = pair[0] ? stringsOf(pair[0], value.module, reader.resolver).strings[0] : undefined;
          const options = pair[2] && { node: pair[2], module: value.module };
          if (name !== undefined)
            addNode(
              name,
              call,
              pair[1] ? { node: pair[1], module: value.module } : undefined,
              options && policyIn(options, reader),
            );
        }
      } else if (value.kind === 'function') {
        addNode(value.info.node?.name ?? '', call, { node: first.value, module: call.module });
      } else open = true;
    }
  }

  const everyNode = (): string[] => [...nodes.keys()];
  const addCounter = (counter: Counter): void => {
    counters.set(counter.key, mergeCounter(counters.get(counter.key), counter));
  };
  const link = (
    from: string,
    to: string,
    more: Pick<Transition, 'kind' | 'label' | 'place' | 'checks' | 'controller' | 'parallel'>,
  ): void => {
    transitions.push({ from, to, ...more });
  };

  for (const { method, call } of one.calls) {
    const place: Place = { path: call.module.path, span: headOf(call.node) };
    const [first, second, third] = call.node.arguments;
    const next = { kind: 'next' as const, label: '', place, checks: [], controller: 'deterministic' as Controller };
    switch (method) {
      case 'addEdge':
      case 'add_edge': {
        if (!first || !second) break;
        const from = stringsOf(first.value, call.module, reader.resolver);
        const to = stringsOf(second.value, call.module, reader.resolver);
        open ||= !from.complete || !to.complete;
        for (const a of from.strings) for (const b of to.strings) link(a, b, next);
        break;
      }
      case 'setEntryPoint':
      case 'set_entry_point':
        if (first) for (const to of stringsOf(first.value, call.module, reader.resolver).strings) link(start, to, next);
        break;
      case 'setFinishPoint':
      case 'set_finish_point':
        if (first)
          for (const from of stringsOf(first.value, call.module, reader.resolver).strings) link(from, end, next);
        break;
      case 'addConditionalEdges':
      case 'add_conditional_edges':
      case 'setConditionalEntryPoint':
      case 'set_conditional_entry_point': {
        const entry = method.startsWith('set');
        const source = entry ? undefined : first;
        const router = named(call.node, ['path', 'condition']) ?? (entry ? first?.value : second?.value);
        const map = named(call.node, ['path_map', 'pathMap']) ?? (entry ? second?.value : third?.value);
        const sources = source
          ? stringsOf(source.value, call.module, reader.resolver)
          : { strings: [start], complete: true };
        open ||= !sources.complete;
        if (!router) break;
        const routes = routesOf(
          { node: router, module: call.module },
          map && { node: map, module: call.module },
          everyNode(),
          state,
          reader,
        );
        open ||= routes.open;
        for (const from of sources.strings) {
          const work = workOfCallable(router, call.module, reader);
          nodes.get(from)?.work.push(work);
          for (const route of routes.routes) {
            for (const check of route.counters) addCounter(check);
            link(from, route.to, {
              kind: 'route',
              label: route.label,
              place,
              checks: route.counters.map(check => check.key),
              controller: route.controller,
              parallel: route.parallel,
            });
          }
        }
        break;
      }
      case 'compile':
        for (const key of ['interruptBefore', 'interruptAfter', 'interrupt_before', 'interrupt_after']) {
          const given = reader.resolver.option(call, key);
          if (given) for (const name of stringsOf(given.node, given.module, reader.resolver).strings) human.add(name);
        }
        break;
      default:
        break;
    }
  }

  for (const node of nodes.values()) {
    const action = node.action;
    if (!action) continue;
    const raised = new Set<string>();
    const reset = new Set<string>();
    let firstFunction = true;
    for (const info of functionsOf(action, reader)) {
      const facts = nodeFacts(info, state, !transitions.some(t => t.from === node.name), reader);
      if (facts.human) human.add(node.name);
      if (facts.guard) guards.set(node.name, facts.guard);
      for (const key of facts.resets) reset.add(key);
      if (firstFunction) for (const key of facts.raises) raised.add(key);
      else for (const key of [...raised]) if (!facts.raises.has(key)) raised.delete(key);
      firstFunction = false;
      for (const jump of facts.jumps) {
        for (const check of jump.counters) addCounter(check);
        for (const to of jump.to ?? everyNode()) {
          link(node.name, to, {
            kind: 'route',
            label: to,
            place: jump.place,
            checks: jump.counters.map(check => check.key),
            controller: jump.controller,
            parallel: jump.parallel,
          });
        }
        open ||= jump.to === undefined;
      }
    }
    raises.set(node.name, raised);
    resets.set(node.name, reset);
  }

  const hollow = hollowCounters(state, { path: root.module.path, span: headOf(root.node) }, reader);
  idle.push(...hollow.values());

  const states: MachineState[] = [...nodes.values()].map(node => ({
    id: node.name,
    name: node.name,
    place: node.place,
    work: allOf(node.work),
    raises: [...(raises.get(node.name) ?? [])].filter(key => !hollow.has(key)),
    resets: [...(resets.get(node.name) ?? [])],
    human: human.has(node.name),
    guard: guards.get(node.name),
  }));
  const mine = runs.filter(run => run.machine === id);
  const place: Place = { path: root.module.path, span: headOf(root.node) };
  const python = root.module.language === 'python';
  const supersteps = defaultLimit(root.module, reader);
  const limit: Bound = {
    kind: 'frameworkLimit',
    limit: number(supersteps),
    text: `${python ? 'recursion_limit' : 'recursionLimit'} ${supersteps} (default)`,
    place: undefined,
    source: 'default',
    configured: false,
  };
  return {
    id,
    framework: 'langgraph',
    name: graphName(root),
    place,
    states,
    transitions: transitions.filter(t => t.to !== end && (t.from === start || nodes.has(t.from)) && nodes.has(t.to)),
    start: transitions.filter(t => t.from === start && nodes.has(t.to)).map(t => t.to),
    unit: 'superstep',
    limit,
    perUnit: allOf([]),
    counters: [...counters.values()].filter(({ key }) => !hollow.has(key)),
    onLimit: 'throws GraphRecursionError',
    open,
    fixes: mine.flatMap(run => run.fixes),
    disabled: undefined,
    handsDown: true,
    inherits: true,
  };
}

/** How often a node is tried. */
interface Attempts {
  readonly count: Quantity;
  readonly what: string;
  /** Where the number stands, or the policy without one. */
  readonly at: In<Expression>;
}

/** A node that fails is tried again within its superstep. */
function retried(body: Work, { count, what, at }: Attempts, place: Place, name: string, loops: Loop[]): Work {
  if (count !== 'endless') return { do: 'times', count, body, place, what, retry: true };
  const id = `langgraph:${place.path}@${place.span[0]}@retry`;
  const policy: Place = { path: at.module.path, span: at.node.span };
  loops.push({
    id,
    shape: 'retry',
    framework: 'langgraph',
    name,
    place: policy,
    witness: [{ ...place, message: `${name} is tried again for ever` }],
    controller: 'exception',
    coverage: 'missing',
    reason: `maxAttempts: ${nameOf(at.node)}`,
    rounds: 'endless',
    bounds: [],
    sure: true,
    steps: [],
    body,
    fixes: [
      {
        title: `Stop after ${defaultAttempts} attempts`,
        safe: false,
        rules: ['unguarded-retry'],
        operations: [{ do: 'replace', path: policy.path, at: policy.span, text: String(defaultAttempts) }],
      },
    ],
  });
  return { do: 'repeat', loop: id, body };
}

/** The retry policy of a call's options, at one position or as a keyword argument. */
function policyOf(call: In<CallExpression>, position: number, reader: Reader): Attempts | undefined {
  for (const key of ['retryPolicy', 'retry_policy', 'retry']) {
    const given = reader.resolver.option(call, key, position);
    if (given) return attemptsOf(given, reader);
  }
  return undefined;
}

function policyIn(options: In<Expression>, reader: Reader): Attempts | undefined {
  for (const value of reader.resolver.values(options.node, options.module)) {
    const given = value.kind === 'object' ? reader.resolver.entry(value, 'retryPolicy') : undefined;
    if (given) return attemptsOf(given, reader);
  }
  return undefined;
}

function attemptsOf(policy: In<Expression>, reader: Reader): Attempts | undefined {
  const name = nameOf(policy.node);
  const what = `attempts of ${name}`;
  const values = reader.resolver.values(policy.node, policy.module);
  if (values.length > 0 && values.every(value => value.kind === 'constant')) return undefined;
  let found: Quantity | undefined;
  let at = policy;
  for (const value of values) {
    const made = value.kind === 'external' ? value.chain.at(-1) : undefined;
    const given =
      value.kind === 'object'
        ? reader.resolver.entry(value, 'maxAttempts')
        : made && reader.resolver.option(made, 'max_attempts');
    if (value.kind === 'constant') continue;
    const isOpen = value.kind === 'object' ? reader.resolver.isOpen(value) : !made;
    const limit = given && limitOf({ node: given.node, module: given.module, env: undefined }, reader.resolver);
    const one: Quantity =
      limit?.kind === 'number'
        ? Number.isFinite(limit.value)
          ? number(Math.max(1, Math.ceil(limit.value)))
          : 'endless'
        : limit || isOpen
          ? symbol(limit?.name ?? what)
          : number(defaultAttempts);
    if (given && (found === undefined || one === 'endless')) at = given;
    found = found === undefined ? one : most(found, one);
  }
  return { count: found ?? symbol(what), what, at };
}

/** The name that the graph is bound to. */
function graphName(root: In<CallExpression>): string {
  const index = indexOf(root.module);
  for (let node = index.parent(root.node); node; node = index.parent(node)) {
    if (node.kind === 'declare' && node.target.kind === 'name') return node.target.name;
    if (node.kind === 'assign' && node.target.kind === 'name') return node.target.name;
    if (node.kind === 'return' || node.kind === 'expression') break;
  }
  return index.functionOf(root.node).node?.name || 'graph';
}

function named(call: CallExpression, keys: readonly string[]): Expression | undefined {
  return call.arguments.find(argument => argument.name !== undefined && keys.includes(argument.name))?.value;
}

function mergeCounter(a: Counter | undefined, b: Counter): Counter {
  if (!a) return b;
  const x = a.bound.limit === 'endless' ? Infinity : (a.bound.limit.terms.get('') ?? 0);
  const y = b.bound.limit === 'endless' ? Infinity : (b.bound.limit.terms.get('') ?? 0);
  return y > x ? b : a;
}

function functionsOf(action: In<Expression>, reader: Reader): FunctionInfo[] {
  const found: FunctionInfo[] = [];
  for (const value of reader.resolver.values(action.node, action.module)) {
    if (value.kind === 'function') found.push(value.info);
    else found.push(...reader.unwrap(value));
    if (value.kind === 'instance') {
      const call = reader.resolver.method(value.info, action.module.language === 'python' ? '__call__' : 'invoke');
      if (call) found.push(call);
    }
  }
  return found;
}

/** What a node does: its function, a prebuilt tool node, another compiled graph, a runnable. */
function nodeWork(action: In<Expression>, reader: Reader): Work {
  const place: Place = { path: action.module.path, span: action.node.span };
  const own = workOfCallable(action.node, action.module, reader);
  if (own.do !== 'all' || own.parts.length > 0) return own;
  for (const value of reader.resolver.values(action.node, action.module)) {
    if (value.kind === 'instance') {
      const call = reader.resolver.method(value.info, action.module.language === 'python' ? '__call__' : 'invoke');
      if (call && reader.reaches(call)) return reader.enter(call, place);
    }
    if (value.kind !== 'external') continue;
    if (isBuilderMember(value) && value.path.includes('.compile()') && value.chain[0])
      return { do: 'run', machine: machineId(value.chain[0]), limit: undefined, place };
    if (/ToolNode\(\)$/.test(value.path)) {
      const made = value.chain.at(-1);
      const given = made?.node.arguments[0];
      const tools = given && toolsOf({ node: given.value, module: made.module }, ['func'], reader).work;
      return allOf([{ do: 'tool', place, what: 'ToolNode' }, ...(tools ? [tools] : [])]);
    }
    if (/:(createReactAgent|createAgent|createDeepAgent)\(\)(\.graph)?$/.test(value.path) && value.chain[0])
      return { do: 'run', machine: madeAt('langchain', value.chain[0]), limit: undefined, place };
    if (/(createReactAgent|create_react_agent|createAgent|create_agent)\(\)/.test(value.path))
      return { do: 'model', count: symbol('calls of the agent'), place, what: 'agent' };
    // A chat model or chain as a node is one request.
    if (reader.match({ ...value, path: `${value.path}.invoke` })?.pattern.effect === 'model')
      return { do: 'model', count: number(1), place, what: 'model' };
  }
  return own;
}

// ---- State channels, routers and nodes --------------------------------------------------------------------------------

/** How a channel of the state takes an update, and what it holds before the first. */
interface Channel {
  readonly takes: 'replace' | 'sum' | 'append';
  readonly start: Start;
}

/** A number, `nothing` where nobody gives one, or what cannot be told. */
type Start = number | 'nothing' | 'unknown';

/** What is read of a graph's state. */
interface GraphState {
  readonly channels: ReadonlyMap<string, Channel>;
  /** Where a field starts, over all runs in sight. */
  starts(key: string): Start;
  /** The inputs of those runs. */
  readonly inputs: readonly Value[];
  /** Counters whose limit ends the cycle when it is reached; what is no number reaches none. */
  readonly reached: Map<string, Bound>;
  /** Counters that are added to whatever they hold, be it nothing. */
  readonly bare: Set<string>;
}

const messages: Channel = { takes: 'append', start: 0 };

/** From the input of each run; what it leaves out has its channel's default. */
function stateOf(one: Builder, reader: Reader): GraphState {
  const channels = channelsOf(one.root, reader);
  const inputs = one.started.flatMap(({ node, module }) => {
    const input = node.arguments[0];
    return input ? reader.resolver.values(input.value, module) : [];
  });
  const startIn = (input: Value, key: string): Start => {
    if (input.kind !== 'object') return 'unknown';
    const given = reader.resolver.entry(input, key);
    if (given) {
      const value = limitOf({ node: given.node, module: given.module, env: undefined }, reader.resolver);
      return value.kind === 'number' ? value.value : 'unknown';
    }
    return reader.resolver.isOpen(input) ? 'unknown' : (channels.get(key)?.start ?? 'unknown');
  };
  const starts = (key: string): Start => {
    const found = inputs.map(input => startIn(input, key));
    if (found.length === 0 || found.includes('unknown')) return 'unknown';
    return found.includes('nothing') ? 'nothing' : Math.min(...(found as number[]));
  };
  return { channels, starts, inputs, reached: new Map(), bare: new Set() };
}

/** A counter that is added to nothing: it is no number, and never reaches its limit. */
function hollowCounters(state: GraphState, place: Place, reader: Reader): ReadonlyMap<string, IdleBound> {
  const found = new Map<string, IdleBound>();
  for (const [key, bound] of state.reached) {
    const field = key.slice(0, -1);
    if (!state.bare.has(key) || state.starts(field) !== 'nothing') continue;
    const lacking = state.inputs.filter(input => input.kind === 'object' && !reader.resolver.entry(input, field));
    found.set(key, {
      name: field,
      place: bound.place ?? place,
      text: `${field} starts as nothing, for no input gives it and its channel has no default, so what is added to it makes no number and ${bound.text} is never true`,
      advice: `Give ${field} a start.`,
      framework: 'langgraph',
      witness: [{ ...place, message: 'the graph' }],
      fixes: [
        {
          title: `Start ${field} at 0`,
          safe: true,
          rules: ['ineffective-bound'],
          operations: lacking.flatMap(input =>
            input.kind === 'object'
              ? [{ do: 'setOption' as const, path: input.module.path, at: input.node.span, key: field, value: '0' }]
              : [],
          ),
        },
      ],
    });
  }
  return found;
}

/** A counter that does not start at 0 takes so many more turns, or fewer. */
function from(counter: Counter, state: GraphState): Counter {
  const { limit } = counter.bound;
  const start = state.starts(counter.key.slice(0, -1));
  const turns = asNumber(limit);
  if (!counter.key.endsWith('<') || typeof start !== 'number' || turns === undefined) return counter;
  return { ...counter, bound: { ...counter.bound, limit: number(Math.max(0, turns - start)) } };
}

/** `(state.n ?? 0) + 1`: counts from something where nothing is given. */
function hasFallback(node: Expression): boolean {
  let found = false;
  walk(node, {
    enter(one) {
      if (one.kind === 'logical' || one.kind === 'conditional' || one.kind === 'call') found = true;
    },
  });
  return found;
}

function channelsOf(root: In<CallExpression>, reader: Reader): ReadonlyMap<string, Channel> {
  const channels = new Map<string, Channel>();
  const first = root.node.arguments[0];
  if (!first) return channels;
  for (const value of reader.resolver.values(first.value, root.module)) {
    if (value.kind === 'external') {
      if (/Messages(Annotation|State|ZodState)$/.test(value.path)) channels.set('messages', messages);
      const made = value.chain.at(-1);
      const object = made?.node.arguments[0]?.value;
      if (made && object) {
        for (const v of reader.resolver.values(object, made.module))
          if (v.kind === 'object') readChannels(v, channels, reader);
      }
    } else if (value.kind === 'object') {
      const inner = reader.resolver.entry(value, 'channels');
      const holders = inner ? reader.resolver.values(inner.node, inner.module) : [value];
      for (const holder of holders) if (holder.kind === 'object') readChannels(holder, channels, reader);
    } else if (value.kind === 'class') {
      for (const owner of reader.resolver.lineage(value.info)) {
        for (const member of owner.node.members) {
          if (member.kind !== 'field' || !member.annotation) continue;
          const reducer = annotatedReducer(member.annotation);
          channels.set(member.name, reducer);
        }
      }
      if (reader.resolver.externalBases(value.info).some(path => /MessagesState$/.test(path)))
        channels.set('messages', messages);
    }
  }
  return channels;
}

function readChannels(object: In<ObjectExpression>, channels: Map<string, Channel>, reader: Reader): void {
  for (const entry of object.node.entries) {
    if (entry.kind === 'spread') {
      const text = entry.value.kind === 'member' && entry.value.object.kind === 'name' ? entry.value.object.name : '';
      if (/Messages(Annotation|ZodState)/.test(text)) channels.set('messages', messages);
      continue;
    }
    channels.set(entry.key, channelKind(entry.value, object.module, reader));
  }
}

function channelKind(node: Expression, module: Module, reader: Reader): Channel {
  const given = (key: string): In<Expression> | undefined => {
    if (node.kind === 'call') return reader.resolver.option({ node, module }, key);
    return node.kind === 'object' ? reader.resolver.entry({ node, module }, key) : undefined;
  };
  const reducer = given('reducer') ?? given('value');
  const start = channelStart(node, given('default'), reader);
  if (!reducer) return { takes: 'replace', start };
  for (const value of reader.resolver.values(reducer.node, reducer.module)) {
    if (value.kind === 'external' && /messagesStateReducer|addMessages|add_messages/.test(value.path)) return messages;
    if (value.kind !== 'function' || !value.info.node) continue;
    const takes = reducerKind(value.info.node.body);
    // The first update of a sum is its value, where there is no default.
    if (takes) return { takes, start: takes === 'sum' && start === 'nothing' ? 0 : start };
  }
  return { takes: 'replace', start };
}

/** `Annotation`, `null` and options without a default hold nothing at first; of other schemas it is not told. */
function channelStart(node: Expression, initial: In<Expression> | undefined, reader: Reader): Start {
  if (!initial) {
    const name = node.kind === 'call' ? calleeName(node.callee) : nameOf(node);
    const holdsNothing = node.kind === 'object' || name === 'Annotation' || name.endsWith('.Annotation');
    return holdsNothing || (node.kind === 'literal' && node.value === null) ? 'nothing' : 'unknown';
  }
  for (const value of reader.resolver.values(initial.node, initial.module)) {
    const [only, ...more] = value.kind === 'function' ? (value.info.node?.body ?? []) : [];
    if (value.kind !== 'function' || only?.kind !== 'return' || !only.value || more.length > 0) continue;
    const limit = limitOf({ node: only.value, module: value.info.module, env: undefined }, reader.resolver);
    if (limit.kind === 'number') return limit.value;
  }
  return 'unknown';
}

function reducerKind(body: readonly unknown[]): Channel['takes'] | undefined {
  const text = JSON.stringify(body, (key, v) =>
    key === 'span' || key === 'head' || key === 'nameSpan' ? undefined : v,
  );
  if (/"property":"concat"/.test(text) || /"kind":"spread"/.test(text)) return 'append';
  if (/"kind":"binary","operator":"\+"/.test(text)) return 'sum';
  return undefined;
}

/** `Annotated[int, operator.add]`, `Annotated[list, add_messages]`. */
function annotatedReducer(annotation: Expression): Channel {
  const replace: Channel = { takes: 'replace', start: 'unknown' };
  if (annotation.kind !== 'index' || annotation.index.kind !== 'list') return replace;
  const [type, reducer] = annotation.index.items;
  if (!type || !reducer) return replace;
  const name = reducer.kind === 'member' ? reducer.property : reducer.kind === 'name' ? reducer.name : '';
  if (/add_messages|concat|extend|append/.test(name)) return messages;
  if (name === 'add' || name === 'iadd') {
    const base = type.kind === 'index' ? type.object : type;
    return base.kind === 'name' && /^(int|float)$/.test(base.name) ? { takes: 'sum', start: 0 } : messages;
  }
  return replace;
}

interface Route {
  readonly to: string;
  readonly parallel?: Transition['parallel'];
  readonly label: string;
  readonly counters: readonly Counter[];
  readonly controller: Controller;
}

function routesOf(
  router: In<Expression>,
  map: In<Expression> | undefined,
  nodes: readonly string[],
  graph: GraphState,
  reader: Reader,
): { routes: Route[]; open: boolean } {
  const resolver = reader.resolver;
  const table = new Map<string, string>();
  let targets: string[] | undefined;
  if (map) {
    for (const value of resolver.values(map.node, map.module)) {
      if (value.kind === 'object') {
        for (const entry of value.node.entries) {
          if (entry.kind !== 'entry') continue;
          const keys = entry.computed ? stringsOf(entry.computed, value.module, resolver).strings : [entry.key];
          for (const to of stringsOf(entry.value, value.module, resolver).strings)
            for (const key of keys) table.set(key, to);
        }
        targets = [...new Set(table.values())];
      } else if (value.kind === 'list') targets = stringsOf(value.node, value.module, resolver).strings;
    }
  }
  const routes: Route[] = [];
  let open = false;
  const everywhere = (controller: Controller, counters: readonly Counter[]): void => {
    open ||= targets === undefined;
    for (const to of targets ?? nodes) routes.push({ to, label: to, counters, controller });
  };
  const functions = functionsOf(router, reader);
  for (const value of resolver.values(router.node, router.module)) {
    if (value.kind === 'external' && /(toolsCondition|tools_condition)$/.test(value.path)) {
      routes.push({ to: table.get('tools') ?? 'tools', label: 'tools', counters: [], controller: 'model' });
      return { routes, open };
    }
  }
  if (functions.length === 0) {
    everywhere('model', []);
    return { routes, open };
  }
  for (const info of functions) {
    const { ways } = functionWays(info, { resolver, watch: (call, module) => reader.costs(call, module) });
    const decided = info.node ? taint(info.node.body, info.module, reader) : () => undefined;
    for (const way of ways) {
      if (way.end.kind !== 'return' || !way.end.value) continue;
      const counters = countersOf(way, info, graph, reader, false);
      const controller = routeController(way, info, decided);
      const labels = labelsOf(way.end.value, info.module, reader);
      if (!labels.complete) {
        everywhere(controller, counters);
        continue;
      }
      for (const label of labels.strings) {
        const to = table.size > 0 ? (table.get(label) ?? label) : label;
        routes.push({ to, label, counters, controller, parallel: labels.parallel });
      }
    }
  }
  return { routes, open };
}

interface Labels {
  readonly strings: string[];
  readonly complete: boolean;
  /** How many are gone to side by side. */
  readonly parallel?: number | 'many' | undefined;
}

/** Labels that a router returns; a `Send` names its node. */
function labelsOf(node: Expression, module: Module, reader: Reader): Labels {
  if (node.kind === 'call') {
    const name = calleeName(node.callee);
    if (name === 'Send' && node.arguments[0]) return stringsOf(node.arguments[0].value, module, reader.resolver);
    if (name === 'map' && node.arguments[0]?.value.kind === 'functionExpression') {
      const inner = node.arguments[0].value.function.body.at(-1);
      if (inner?.kind === 'return' && inner.value)
        return { ...labelsOf(inner.value, module, reader), parallel: 'many' };
    }
  }
  if (node.kind === 'comprehension' && node.elements[0])
    return { ...labelsOf(node.elements[0], module, reader), parallel: 'many' };
  if (node.kind === 'list') {
    const parts = node.items.map(item => labelsOf(item, module, reader));
    return {
      strings: parts.flatMap(part => part.strings),
      complete: parts.every(part => part.complete),
      parallel: node.items.some(item => item.kind === 'spread') ? 'many' : parts.length > 1 ? parts.length : undefined,
    };
  }
  if (node.kind === 'conditional') {
    const a = labelsOf(node.then, module, reader);
    const b = labelsOf(node.otherwise, module, reader);
    const many = a.parallel === 'many' || b.parallel === 'many';
    const most = Math.max(Number(a.parallel ?? 0), Number(b.parallel ?? 0));
    return {
      strings: [...a.strings, ...b.strings],
      complete: a.complete && b.complete,
      parallel: many ? 'many' : most || undefined,
    };
  }
  return stringsOf(node, module, reader.resolver);
}

/** Path of the state parameter. */
function statePath(info: FunctionInfo): string | undefined {
  const parameters = info.node?.parameters ?? [];
  const at = info.owner && info.module.language === 'python' && !info.isStatic ? 1 : 0;
  const target = parameters[at]?.target;
  return target && target.kind === 'name' ? pathOf({ node: target, module: info.module, env: undefined }) : undefined;
}

/** A place of the state by its key: `b12.attempts` is `attempts`; a destructured parameter's own name counts too. */
function stateKey(path: string, info: FunctionInfo, state: string | undefined): string | undefined {
  if (state !== undefined && path.startsWith(`${state}.`)) return path.slice(state.length + 1);
  const parameter = info.node?.parameters[0];
  if (parameter?.target.kind !== 'objectPattern') return undefined;
  for (const entry of parameter.target.entries) {
    const own = pathOf({ node: entry.target, module: info.module, env: undefined });
    if (own === undefined) continue;
    if (path === own) return entry.key;
    if (path.startsWith(`${own}.`)) return `${entry.key}${path.slice(own.length)}`;
  }
  return undefined;
}

/** Counters in the graph's state that a way compares before it goes on; `late`: a node's update comes after its check. */
function countersOf(
  way: Way,
  info: FunctionInfo,
  state: GraphState,
  reader: Reader,
  late: boolean,
): readonly Counter[] {
  const parameter = statePath(info);
  const compared = (truth: boolean): Counter[] =>
    comparedCounters(
      { ...way, facts: way.facts.filter(fact => fact.truth === truth) },
      info,
      path => stateKey(path, info, parameter),
      reader,
      () => late,
    ).map(counter => from(counter, state));
  const reached = compared(false);
  for (const { key, bound } of reached) state.reached.set(key, bound);
  return [...compared(true), ...reached];
}

function routeController(
  way: Way,
  info: FunctionInfo,
  decided: (node: Expression) => 'model' | 'tool' | undefined,
): Controller {
  for (const fact of way.facts) {
    const by = fact.module === info.module ? decided(fact.test) : undefined;
    if (by) return by;
  }
  return way.facts.length > 0 ? 'model' : 'deterministic';
}

interface NodeFacts {
  readonly raises: ReadonlySet<string>;
  readonly resets: ReadonlySet<string>;
  readonly human: boolean;
  readonly guard: Bound | undefined;
  readonly jumps: readonly {
    readonly to: readonly string[] | undefined;
    readonly counters: readonly Counter[];
    readonly place: Place;
    readonly controller: Controller;
    readonly parallel: Transition['parallel'];
  }[];
}

/** What a node's function does to the state's counters, and where its commands go: nowhere else, if it has no edges. */
function nodeFacts(info: FunctionInfo, graph: GraphState, commandsOnly: boolean, reader: Reader): NodeFacts {
  const { ways } = functionWays(info, {
    resolver: reader.resolver,
    watch: (call, module) => reader.effect(call, module) !== undefined || reader.costs(call, module),
  });
  const state = statePath(info);
  const resets = new Set<string>();
  const raisedPer: Set<string>[] = [];
  const jumps: NodeFacts['jumps'][number][] = [];
  const decided = info.node ? taint(info.node.body, info.module, reader) : () => undefined;
  let allHuman = true;
  for (const way of ways) {
    if (way.end.kind === 'raise') continue;
    if (!way.calls.some(call => reader.effect(call.node, call.module)?.effect === 'human')) allHuman = false;
    const raised = new Set<string>();
    for (const change of way.changes) {
      const key = stateKey(change.path, info, state);
      if (key === undefined) continue;
      if (change.how === 'up') raised.add(`${key}<`);
      else if (change.how === 'down') raised.add(`${key}>`);
      else if (change.how === 'set') resets.add(key);
    }
    const value = way.end.kind === 'return' ? way.end.value : undefined;
    let ends = false;
    if (value) {
      const command = commandOf(value, info.module, reader);
      const update = command ? command.update : { node: value, module: info.module };
      if (update) readUpdate(update, info, state, graph, raised, resets, reader);
      if (command?.goto) {
        const labels = labelsOf(command.goto.node, command.goto.module, reader);
        ends = commandsOnly && labels.complete && labels.strings.every(label => label === end);
        jumps.push({
          to: labels.complete ? labels.strings.filter(label => label !== end) : undefined,
          counters: countersOf(way, info, graph, reader, true),
          place: { path: info.module.path, span: command.goto.node.span },
          controller: routeController(way, info, decided),
          parallel: labels.parallel,
        });
      }
    }
    // A way that ends the run need not count.
    if (!ends) raisedPer.push(raised);
  }
  const raises = new Set<string>();
  for (const key of raisedPer[0] ?? []) if (raisedPer.every(set => set.has(key))) raises.add(key);
  const through = ways.filter(way => way.end.kind !== 'raise');
  return { raises, resets, human: allHuman && raisedPer.length > 0, guard: guardOf(through, reader), jumps };
}

function commandOf(
  node: Expression,
  module: Module,
  reader: Reader,
): { goto: In<Expression> | undefined; update: In<Expression> | undefined } | undefined {
  if (node.kind !== 'call') return undefined;
  const name = calleeName(node.callee);
  if (name !== 'Command') return undefined;
  return {
    goto: reader.resolver.option({ node, module }, 'goto'),
    update: reader.resolver.option({ node, module }, 'update'),
  };
}

function readUpdate(
  update: In<Expression>,
  info: FunctionInfo,
  state: string | undefined,
  graph: GraphState,
  raised: Set<string>,
  resets: Set<string>,
  reader: Reader,
): void {
  for (const value of reader.resolver.values(update.node, update.module)) {
    if (value.kind !== 'object') continue;
    for (const entry of value.node.entries) {
      if (entry.kind !== 'entry') continue;
      const key = entry.key;
      const channel = graph.channels.get(key)?.takes ?? 'replace';
      if (channel === 'append') {
        raised.add(`${key}.length<`);
        continue;
      }
      if (channel === 'sum') {
        const by = limitOf({ node: entry.value, module: value.module, env: undefined }, reader.resolver);
        if (by.kind === 'number' && by.value > 0) raised.add(`${key}<`);
        else if (by.kind === 'number' && by.value < 0) raised.add(`${key}>`);
        else if (!(by.kind === 'number' && by.value === 0)) resets.add(key);
        continue;
      }
      const given = linear({ node: entry.value, module: value.module, env: undefined }, () => true);
      const path = given ? stateKey(given.path, info, state) : undefined;
      if (given && path === key) {
        const counter = given.offset > 0 ? `${key}<` : given.offset < 0 ? `${key}>` : undefined;
        if (counter) raised.add(counter);
        if (counter && !hasFallback(entry.value)) graph.bare.add(counter);
      } else resets.add(key);
    }
  }
}
