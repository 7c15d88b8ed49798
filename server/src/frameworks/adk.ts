// Google ADK (@google/adk): trees of agents with loops and transfers, and workflows with routed edges.
// One number limits the requests of a whole run, sub-agents included; an AgentTool begins a run of its own.
// Proven in test/integration/adk.test.ts.
import { cyclicComponents } from '../graph/components.ts';
import type { Bound, Counter, FixPlan, Machine, MachineState, Run, Transition, Work } from '../graph/model.ts';
import { nothing } from '../graph/model.ts';
import type { CallExpression, Expression } from '../program/model.ts';
import { limitOf, nameOf, number, one, type Quantity, symbol, times } from '../program/quantity.ts';
import { indexOf } from '../program/scope.ts';
import type { In, Value } from '../program/values.ts';
import type { Place } from '../rules/finding.ts';
import { madeAt, optionsAt, packageCalls, placeOfCall, splitPath } from './calls.ts';
import type { Contribution, External, Framework } from './framework.ts';
import { headOf, limitOption } from './literals.ts';
import { defaultLimit, unreadLimit } from './loop-of.ts';
import { allOf, workOfCallable } from './plain/work.ts';
import type { Reader } from './reading.ts';
import { type ReadTool, toolsOf } from './tools.ts';

const packages = ['@google/adk', '@google/adk/*'];
const defaultCalls = 500;
/** Attempts of a node whose `retryConfig` says nothing else. */
const defaultAttempts = 5;
const suggestedIterations = 10;
const suggestedCalls = 50;
const onLimit = 'answers every further request with an error';
const onLimitOfLoop = `${onLimit}, on which a LoopAgent without maxIterations goes round for ever`;

const agentKinds = [
  'LlmAgent',
  'Agent',
  'SequentialAgent',
  'ParallelAgent',
  'LoopAgent',
  'RoutedAgent',
  'Workflow',
] as const;
type Kind = (typeof agentKinds)[number];
const runPath = /^:(?:InMemoryRunner|Runner)\(\)\.(runAsync|runEphemeral)$/;

export const adk: Framework = {
  id: 'adk',
  title: 'Google ADK',
  docs: 'https://google.github.io/adk-docs',
  packages: { typescript: packages, python: [] },
  defaults: [
    {
      option: 'runConfig.maxLlmCalls',
      package: '@google/adk',
      language: 'typescript',
      value: defaultCalls,
      unit: 'requests of one run, sub-agents included',
      sentinels: {
        0: 'no limit',
        'negative numbers': 'no limit',
        Infinity: 'throws',
        AgentTool: 'begins to count anew',
      },
      onLimit: onLimitOfLoop,
      proof: 'test/integration/adk.test.ts',
    },
    {
      option: 'maxIterations of LoopAgent',
      package: '@google/adk',
      language: 'typescript',
      value: null,
      unit: 'rounds',
      sentinels: { 0: 'no round at all' },
      onLimit: 'goes on behind the loop',
      proof: 'test/integration/adk.test.ts',
    },
    {
      option: 'limit of routed cycles of a Workflow',
      package: '@google/adk',
      language: 'typescript',
      value: null,
      unit: 'nodes',
      sentinels: {},
      onLimit: '',
      proof: 'test/integration/adk.test.ts',
    },
  ],
  calls: [
    {
      packages,
      path: runPath,
      effect: 'agent',
      work(call, value, reader): Work {
        const place = placeOfCall(call);
        const root = rootOf(value, reader);
        if (!root) return { do: 'model', count: symbol('calls of the agent'), place, what: nameOf(call.node.callee) };
        return { do: 'run', machine: madeAt('adk', root), limit: callLimit(call, reader)?.bound, place };
      },
    },
    { packages, path: new RegExp(`^:(?:${agentKinds.join('|')}|FunctionTool|FunctionNode|node)$`), effect: 'keeps' },
    {
      packages,
      path: /^:(?:NodeContext|Context)\(\)\.runNode$/,
      effect: 'agent',
      work(call, _value, reader): Work {
        const place = placeOfCall(call);
        const given = call.node.arguments[0]?.value;
        const made = given && agentsIn(given, call.module, reader)[0];
        return made
          ? { do: 'run', machine: madeAt('adk', made), limit: undefined, place }
          : { do: 'model', count: symbol('calls of the node'), place, what: nameOf(call.node.callee) };
      },
    },
  ],
  read(reader): Contribution {
    const roots = new Map<CallExpression, In<CallExpression>>();
    const below = new Set<CallExpression>();
    const tools = new Map<CallExpression, In<CallExpression>>();
    const runs: Run[] = [];
    const run = new Map<CallExpression, FixPlan[]>();
    for (const { call, value, path } of packageCalls(reader, isOurs)) {
      const kind = agentKinds.find(one => path === `:${one}`);
      if (kind) {
        roots.set(call.node, call);
        for (const child of childrenOf(kind, call, reader)) below.add(child.node);
      } else if (path === ':AgentTool') {
        const given = reader.resolver.option(call, 'agent', 0);
        for (const agent of given ? agentsIn(given.node, given.module, reader) : []) {
          tools.set(agent.node, agent);
          const place: Place = { path: call.module.path, span: headOf(call.node) };
          runs.push({ machine: madeAt('adk', agent), place, limit: undefined, disabled: undefined, fixes: [] });
        }
      } else if (/\.runNode$/.test(path)) {
        const given = call.node.arguments[0]?.value;
        for (const agent of given ? agentsIn(given, call.module, reader) : []) tools.set(agent.node, agent);
      } else if (runPath.test(path)) {
        const root = rootOf(value, reader);
        if (!root) continue;
        const limit = callLimit(call, reader);
        const fixes = callFixes(call, limit);
        run.set(root.node, [...(run.get(root.node) ?? []), ...(limit ? [] : fixes)]);
        tools.set(root.node, root);
        runs.push({
          machine: madeAt('adk', root),
          place: { path: call.module.path, span: headOf(call.node) },
          limit: limit?.bound,
          disabled: limit?.disabled,
          fixes,
        });
      }
    }
    const started = new Map([...roots].filter(([node]) => !below.has(node)));
    for (const [node, agent] of tools) started.set(node, agent);
    const machines = [...started.values()].map(root => machineOf(root, run.get(root.node) ?? [], reader));
    return { machines: machines.filter(machine => machine.states.length > 0), runs };
  },
};

function isOurs(head: string): boolean {
  return head === '@google/adk' || head.startsWith('@google/adk/');
}

function ours(value: Value): value is External {
  return value.kind === 'external' && isOurs(splitPath(value.path).head);
}

function kindOf(value: Value): Kind | undefined {
  if (!ours(value) || value.chain.length === 0) return undefined;
  const { path } = splitPath(value.path);
  return agentKinds.find(kind => path === `:${kind}()`);
}

/** Calls that made the agents an expression can be. */
function agentsIn(node: Expression, module: In<Expression>['module'], reader: Reader): In<CallExpression>[] {
  return reader.resolver.values(node, module).flatMap(value => {
    const made = kindOf(value) && (value as External).chain[0];
    return made ? [made] : [];
  });
}

/** The agent of `new Runner({ agent })`, or the root of its app. */
function rootOf(runner: External, reader: Reader): In<CallExpression> | undefined {
  const made = runner.chain[0];
  if (!made) return undefined;
  const given = reader.resolver.option(made, 'agent', 0);
  if (given) return agentsIn(given.node, given.module, reader)[0];
  const app = reader.resolver.option(made, 'app', 0);
  for (const value of app ? reader.resolver.externals(app.node, app.module) : []) {
    const root = value.chain[0] && reader.resolver.option(value.chain[0], 'rootAgent', 0);
    if (root) return agentsIn(root.node, root.module, reader)[0];
  }
  return undefined;
}

/** `runConfig: { maxLlmCalls }` of a run, also through `createRunConfig`. */
function callLimit(
  call: In<CallExpression>,
  reader: Reader,
): { bound: Bound | undefined; disabled: string | undefined; at: In<Expression> | undefined } | undefined {
  const options = optionsAt(call, 0, reader);
  const given = options.get('runConfig');
  if (!given) {
    return options.open
      ? { bound: unreadLimit('maxLlmCalls', placeOfCall(call)), disabled: undefined, at: undefined }
      : undefined;
  }
  for (const value of reader.resolver.values(given.node, given.module)) {
    const made = value.kind === 'external' && /:createRunConfig\(\)$/.test(value.path) ? value.chain.at(-1) : undefined;
    const at =
      value.kind === 'object'
        ? reader.resolver.entry(value, 'maxLlmCalls')
        : made && reader.resolver.option(made, 'maxLlmCalls', 0);
    if (at) {
      const { bound, disabled } = limitOption('maxLlmCalls', at, reader.resolver, count => count <= 0);
      return { bound, disabled, at };
    }
    const open =
      value.kind === 'object' ? reader.resolver.isOpen(value) : made ? optionsAt(made, 0, reader).open : true;
    if (!open) return undefined;
  }
  return { bound: unreadLimit('maxLlmCalls', placeOfCall(call)), disabled: undefined, at: undefined };
}

function callFixes(call: In<CallExpression>, limit: ReturnType<typeof callLimit>): FixPlan[] {
  const title = `Allow ${suggestedCalls} requests in one run`;
  const rules: FixPlan['rules'] = ['unbounded-cycle', 'ineffective-bound', 'default-bound'];
  if (limit) {
    if (!limit.at) return [];
    const { module, node } = limit.at;
    const text = String(suggestedCalls);
    return [{ title, safe: true, rules, operations: [{ do: 'replace', path: module.path, at: node.span, text }] }];
  }
  const options = call.node.arguments[0]?.value;
  if (options?.kind !== 'object' || options.entries.some(entry => entry.kind === 'entry' && entry.key === 'runConfig'))
    return [];
  const value = `{ maxLlmCalls: ${suggestedCalls} }`;
  return [
    {
      title,
      safe: true,
      rules,
      operations: [{ do: 'setOption', path: call.module.path, at: options.span, key: 'runConfig', value }],
    },
  ];
}

// ---- The tree of agents as one machine --------------------------------------------------------------------------------

/** What a part of the tree is begun with and ended by. */
interface Part {
  readonly first: readonly string[];
  readonly last: readonly string[];
}

interface Draft {
  readonly reader: Reader;
  readonly states: Map<string, MachineState>;
  readonly transitions: Transition[];
  readonly counters: Counter[];
  readonly fixes: FixPlan[];
  /** States whose requests the run's limit does not count: functions that ask a model by themselves. */
  readonly uncounted: Set<string>;
  readonly raises: Map<string, string[]>;
  readonly above: ReadonlySet<CallExpression>;
  open: boolean;
}

function machineOf(root: In<CallExpression>, runFixes: readonly FixPlan[], reader: Reader): Machine {
  const draft: Draft = {
    reader,
    states: new Map(),
    transitions: [],
    counters: [],
    fixes: [],
    uncounted: new Set(),
    raises: new Map(),
    above: new Set(),
    open: false,
  };
  const part = addAgent(root, draft, one);
  const states = [...draft.states.values()].map(state => ({ ...state, raises: draft.raises.get(state.id) ?? [] }));
  const cyclic = new Set(
    cyclicComponents(
      states.map(state => state.id),
      id => draft.transitions.filter(t => t.from === id).map(t => t.to),
    ).flat(),
  );
  // What a function asks by itself in a cycle nobody counts.
  const covered = ![...draft.uncounted].some(id => cyclic.has(id));
  return {
    id: madeAt('adk', root),
    framework: 'adk',
    name: agentName(root, reader),
    place: { path: root.module.path, span: headOf(root.node) },
    states,
    transitions: draft.transitions,
    start: part.first,
    unit: 'request',
    limit: covered ? defaultLimit(`maxLlmCalls ${defaultCalls}`, defaultCalls) : undefined,
    perUnit: nothing,
    counters: draft.counters,
    onLimit: draft.fixes.length > 0 ? onLimitOfLoop : onLimit,
    open: draft.open,
    fixes: [...draft.fixes, ...runFixes],
    disabled: undefined,
  };
}

function agentName(agent: In<CallExpression>, reader: Reader): string {
  const given = reader.resolver.option(agent, 'name');
  return given?.node.kind === 'literal' ? String(given.node.value) : nameOf(agent.node.callee);
}

function childrenOf(kind: Kind, agent: In<CallExpression>, reader: Reader): In<CallExpression>[] {
  if (kind === 'Workflow') {
    return edgeItems(agent, reader).items.flatMap(item => nodesIn(item).flatMap(node => agentsOfNode(node, reader)));
  }
  return listOption(agent, kind === 'RoutedAgent' ? 'agents' : 'subAgents', reader).items.flatMap(item =>
    agentsIn(item.node, item.module, reader),
  );
}

/** Elements of an array or record option; spreads are followed. */
function listOption(
  call: In<CallExpression>,
  key: string,
  reader: Reader,
): { items: In<Expression>[]; complete: boolean } {
  const given = reader.resolver.option(call, key, 0);
  if (!given) return { items: [], complete: true };
  return elementsOf(given, reader, 0);
}

function elementsOf(
  given: In<Expression>,
  reader: Reader,
  depth: number,
): { items: In<Expression>[]; complete: boolean } {
  const items: In<Expression>[] = [];
  const values = reader.resolver.values(given.node, given.module);
  let complete = values.length > 0;
  for (const value of values) {
    if (value.kind !== 'list' && value.kind !== 'object') {
      complete = false;
      continue;
    }
    const nodes = value.kind === 'list' ? value.node.items : value.node.entries.map(entry => entry.value);
    for (const [at, node] of nodes.entries()) {
      const spread =
        node.kind === 'spread'
          ? node.value
          : value.kind === 'object' && value.node.entries[at]?.kind === 'spread'
            ? node
            : undefined;
      if (!spread) items.push({ node, module: value.module });
      else if (depth < 4) {
        const inner = elementsOf({ node: spread, module: value.module }, reader, depth + 1);
        items.push(...inner.items);
        complete &&= inner.complete;
      }
    }
  }
  return { items, complete };
}

/** One agent is one state; what a function makes is another one wherever it is made. */
function stateId(agent: In<CallExpression>, item: In<Expression> | undefined): string {
  const id = madeAt('adk', agent);
  if (!item || item.node === agent.node || !isInFunction(agent)) return id;
  return `${id}#${item.node.kind === 'name' ? item.node.name : item.node.span[0]}`;
}

function isInFunction({ node, module }: In<CallExpression>): boolean {
  return indexOf(module).functions.some(
    info => info.node && info.node.span[0] <= node.span[0] && info.node.span[1] >= node.span[1],
  );
}

/** Adds an agent; `rounds` is how often it can be begun, as far as loops around it say. */
function addAgent(agent: In<CallExpression>, draft: Draft, rounds: Quantity, item?: In<Expression>): Part {
  const id = stateId(agent, item);
  if (draft.states.has(id) || draft.above.has(agent.node)) return { first: [id], last: [id] };
  const inside: Draft = { ...draft, above: new Set([...draft.above, agent.node]) };
  const part = addKind(agent, id, inside, rounds);
  draft.open ||= inside.open;
  return part;
}

function addKind(agent: In<CallExpression>, id: string, draft: Draft, rounds: Quantity): Part {
  const { reader } = draft;
  const kind = reader.resolver
    .values(agent.node, agent.module)
    .map(kindOf)
    .find(one => one !== undefined);
  switch (kind) {
    case 'SequentialAgent':
    case 'ParallelAgent':
      return addChain(agent, draft, rounds);
    case 'LoopAgent':
      return addLoop(agent, draft, rounds);
    case 'RoutedAgent': {
      const { items, complete } = listOption(agent, 'agents', reader);
      draft.open ||= !complete;
      const parts = items.map(item => addItem(item, draft, rounds));
      return { first: parts.flatMap(part => part.first), last: parts.flatMap(part => part.last) };
    }
    case 'Workflow':
      return addWorkflow(agent, draft, rounds);
    default:
      return addLlm(agent, id, draft, rounds);
  }
}

function addItem(item: In<Expression>, draft: Draft, rounds: Quantity): Part {
  const made = agentsIn(item.node, item.module, draft.reader);
  if (made.length > 0) {
    const parts = made.map(one => addAgent(one, draft, rounds, item));
    return { first: parts.flatMap(part => part.first), last: parts.flatMap(part => part.last) };
  }
  // An agent of a class of one's own, or one that cannot be read.
  const id = `adk:${item.module.path}@${item.node.span[0]}`;
  const place: Place = { path: item.module.path, span: item.node.span };
  const name = nameOf(item.node);
  const work: Work = { do: 'model', count: symbol(`calls of ${name}`), place, what: name };
  draft.states.set(id, { id, name, place, work, raises: [], resets: [], human: false });
  return { first: [id], last: [id] };
}

function link(
  draft: Draft,
  from: readonly string[],
  to: readonly string[],
  more: Omit<Transition, 'from' | 'to'>,
): void {
  for (const a of from) for (const b of to) draft.transitions.push({ from: a, to: b, ...more });
}

function placeOf(agent: In<CallExpression>): Place {
  return { path: agent.module.path, span: headOf(agent.node) };
}

/** One after the other; side by side comes to the same sum. */
function addChain(agent: In<CallExpression>, draft: Draft, rounds: Quantity): Part {
  const { items, complete } = listOption(agent, 'subAgents', draft.reader);
  draft.open ||= !complete;
  const parts = items.map(item => addItem(item, draft, rounds));
  parts.forEach((part, at) => {
    const next = parts[at + 1];
    if (!next) return;
    const more = { kind: 'next', label: '', place: placeOf(agent), checks: [], controller: 'deterministic' } as const;
    link(draft, part.last, next.first, more);
  });
  return { first: parts[0]?.first ?? [], last: parts.at(-1)?.last ?? [] };
}

function addLoop(agent: In<CallExpression>, draft: Draft, rounds: Quantity): Part {
  const { reader } = draft;
  const options = optionsAt(agent, 0, reader);
  const given = options.get('maxIterations');
  const limit: Bound | undefined = given
    ? limitOption('maxIterations', given, reader.resolver, count => count >= Number.MAX_SAFE_INTEGER).bound
    : options.open
      ? unreadLimit('maxIterations', placeOf(agent))
      : undefined;
  const inner = limit ? times(rounds, limit.limit) : 'endless';
  const { items, complete } = listOption(agent, 'subAgents', reader);
  draft.open ||= !complete;
  const part = addChain(agent, draft, inner);
  const key = `${madeAt('adk', agent)}<`;
  const checks = limit && inner !== 'endless' ? [key] : [];
  if (limit && inner !== 'endless') {
    draft.counters.push({ key, bound: { ...limit, kind: 'counter', limit: inner } });
    for (const id of part.first) draft.raises.set(id, [...(draft.raises.get(id) ?? []), key]);
  }
  link(draft, part.last, part.first, {
    kind: 'route',
    label: 'again',
    place: placeOf(agent),
    checks,
    controller: 'model',
  });
  const object = options.objects[0];
  if (!limit && object && items.length > 0) {
    draft.fixes.push({
      title: `Set maxIterations to ${suggestedIterations}`,
      safe: true,
      rules: ['unbounded-cycle', 'default-bound'],
      operations: [
        {
          do: 'setOption',
          path: object.module.path,
          at: object.node.span,
          key: 'maxIterations',
          value: String(suggestedIterations),
        },
      ],
      states: [...draft.states.keys()].filter(id => part.first.includes(id) || part.last.includes(id)),
    });
  }
  return part;
}

/** An agent that asks a model: it comes round for its tools, and passes on to its sub-agents, parent and peers. */
function addLlm(agent: In<CallExpression>, id: string, draft: Draft, rounds: Quantity): Part {
  const { reader } = draft;
  const place = placeOf(agent);
  const options = optionsAt(agent, 0, reader);
  const name = agentName(agent, reader);
  const model: Work = { do: 'model', count: one, place: placeOfCall(agent), what: name };
  const tools = toolsOf(options.get('tools'), ['execute'], reader, readTool(draft));
  draft.states.set(id, { id, name, place, work: allOf([model, tools.work]), raises: [], resets: [], human: false });
  if (tools.some || options.open) {
    link(draft, [id], [id], { kind: 'route', label: 'tool calls', place, checks: [], controller: 'model' });
  }
  const { items, complete } = listOption(agent, 'subAgents', reader);
  draft.open ||= !complete;
  const handoff = { kind: 'handoff', label: 'transfer', place, checks: [], controller: 'model' } as const;
  const refuses = (item: In<Expression>, key: string): boolean =>
    agentsIn(item.node, item.module, reader).some(sub => {
      const at = reader.resolver.option(sub, key, 0);
      return at?.node.kind === 'literal' && at.node.value === true;
    });
  const back = items.some(item => isLlm(item, reader) && !refuses(item, 'disallowTransferToParent'));
  const parts = items.map(item => addItem(item, draft, back || items.length > 1 ? 'endless' : rounds));
  items.forEach((item, at) => {
    const part = parts[at]!;
    link(draft, [id], part.first, handoff);
    if (!isLlm(item, reader)) return;
    if (!refuses(item, 'disallowTransferToParent')) link(draft, part.first, [id], handoff);
    if (refuses(item, 'disallowTransferToPeers')) return;
    parts.forEach((other, peer) => {
      if (peer !== at) link(draft, part.first, other.first, handoff);
    });
  });
  return { first: [id], last: [id, ...parts.flatMap(part => part.last)] };
}

function isLlm(item: In<Expression>, reader: Reader): boolean {
  return reader.resolver.values(item.node, item.module).some(value => /^(LlmAgent|Agent)$/.test(kindOf(value) ?? ''));
}

/** An agent as a tool runs with a limit of its own. */
function readTool(draft: Draft): ReadTool {
  return (value, place) => {
    if (!ours(value) || !/:AgentTool\(\)$/.test(value.path)) return undefined;
    const made = value.chain.at(-1);
    const given = made && draft.reader.resolver.option(made, 'agent', 0);
    const agent = given && agentsIn(given.node, given.module, draft.reader)[0];
    return agent ? { do: 'run', machine: madeAt('adk', agent), limit: undefined, place } : undefined;
  };
}

// ---- Workflows --------------------------------------------------------------------------------------------------------

/** An element of a chain of edges: a node, nodes side by side, or nodes by route. */
interface EdgeElement {
  readonly nodes: readonly In<Expression>[];
  readonly routed: boolean;
  readonly start: boolean;
}

interface EdgeChain {
  readonly elements: readonly EdgeElement[];
}

function nodesIn(chain: EdgeChain): In<Expression>[] {
  return chain.elements.flatMap(element => element.nodes);
}

function edgeItems(flow: In<CallExpression>, reader: Reader): { items: EdgeChain[]; complete: boolean } {
  const { items, complete } = listOption(flow, 'edges', reader);
  let whole = complete;
  const chains = items.flatMap((item): EdgeChain[] =>
    reader.resolver.values(item.node, item.module).flatMap((value): EdgeChain[] => {
      if (value.kind === 'list') {
        return [{ elements: value.node.items.map(node => elementOf({ node, module: value.module }, reader)) }];
      }
      const edge = ours(value) && /:Edge\(\)$/.test(value.path) ? value.chain.at(-1) : undefined;
      const [from, to, route] = edge?.node.arguments ?? [];
      if (!edge || !from || !to) {
        whole = false;
        return [];
      }
      const target: In<Expression> = { node: to.value, module: edge.module };
      const source = elementOf({ node: from.value, module: edge.module }, reader);
      return [{ elements: [source, { nodes: [target], routed: route !== undefined, start: false }] }];
    }),
  );
  return { items: chains, complete: whole };
}

function elementOf(item: In<Expression>, reader: Reader): EdgeElement {
  const values = reader.resolver.values(item.node, item.module);
  if (values.some(value => value.kind === 'constant' && value.value === 'START')) {
    return { nodes: [], routed: false, start: true };
  }
  const object = values.find(value => value.kind === 'object');
  if (object) {
    const nodes = object.node.entries.flatMap(entry => nodesOf({ node: entry.value, module: object.module }, reader));
    return { nodes, routed: true, start: false };
  }
  return { nodes: nodesOf(item, reader), routed: false, start: false };
}

function nodesOf(item: In<Expression>, reader: Reader): In<Expression>[] {
  const lists = reader.resolver.values(item.node, item.module).filter(value => value.kind === 'list');
  if (lists.length === 0) return [item];
  return lists.flatMap(list => list.node.items.map(node => ({ node, module: list.module })));
}

/** The agents that a node is, or wraps. */
function agentsOfNode(item: In<Expression>, reader: Reader): In<CallExpression>[] {
  const direct = agentsIn(item.node, item.module, reader);
  if (direct.length > 0) return direct;
  const wrapped = wrappedNode(item, reader);
  return wrapped ? agentsOfNode(wrapped, reader) : [];
}

/** What `node(x, …)`, `new ParallelWorker(x)` and `new FunctionNode(name, fn)` wrap. */
function wrappedNode(item: In<Expression>, reader: Reader): In<Expression> | undefined {
  for (const value of reader.resolver.values(item.node, item.module)) {
    if (!ours(value)) continue;
    const made = value.chain.at(-1);
    const at = /:(node|ParallelWorker)\(\)$/.test(value.path)
      ? 0
      : /:FunctionNode\(\)$/.test(value.path)
        ? 1
        : undefined;
    const argument = at === undefined ? undefined : made?.node.arguments[at];
    if (made && argument) return { node: argument.value, module: made.module };
  }
  return undefined;
}

function addWorkflow(flow: In<CallExpression>, draft: Draft, rounds: Quantity): Part {
  const { reader } = draft;
  const entry = reader.resolver.option(flow, 'dynamicEntry', 0);
  if (entry) return addCode(entry, nameOf(flow.node.callee), draft);
  const { items, complete } = edgeItems(flow, reader);
  draft.open ||= !complete;
  const parts = new Map<string, Part>();
  const partOf = (item: In<Expression>): Part => {
    const key = identity(item, reader);
    const known = parts.get(key) ?? addNode(item, key, draft, rounds);
    parts.set(key, known);
    return known;
  };
  const first: string[] = [];
  for (const { elements } of items) {
    elements.forEach((element, at) => {
      const before = elements[at - 1];
      if (!before) return;
      const targets = element.nodes.flatMap(item => partOf(item).first);
      if (before.start) first.push(...targets);
      const place: Place = element.nodes[0]
        ? { path: element.nodes[0].module.path, span: element.nodes[0].node.span }
        : placeOf(flow);
      const more = element.routed
        ? ({ kind: 'route', label: 'route', place, checks: [], controller: 'model' } as const)
        : ({ kind: 'next', label: '', place, checks: [], controller: 'deterministic' } as const);
      for (const item of before.nodes) link(draft, partOf(item).last, targets, more);
    });
  }
  return { first, last: [...parts.values()].flatMap(part => part.last) };
}

/** Nodes are the same where they are one object. */
function identity(item: In<Expression>, reader: Reader): string {
  for (const value of reader.resolver.values(item.node, item.module)) {
    if (value.kind === 'function') return reader.stepId(value.info);
    const made = value.kind === 'external' ? value.chain.at(-1) : undefined;
    if (made) return stateId(made, item);
  }
  return `${item.module.path}@${item.node.span[0]}`;
}

function addNode(item: In<Expression>, key: string, draft: Draft, rounds: Quantity): Part {
  const { reader } = draft;
  if (agentsIn(item.node, item.module, reader).length > 0) return addItem(item, draft, rounds);
  const wrapped = wrappedNode(item, reader);
  const attempts = attemptsOf(item, reader);
  const agents = wrapped ? agentsOfNode(wrapped, reader) : [];
  if (wrapped && agents.length > 0 && !attempts) return addNode(wrapped, key, draft, rounds);
  return addCode(item, nameOf(item.node), draft, key, attempts);
}

/** Attempts of a node that has a `retryConfig`. */
function attemptsOf(item: In<Expression>, reader: Reader): Quantity | undefined {
  for (const value of reader.resolver.values(item.node, item.module)) {
    const made = ours(value) ? value.chain.at(-1) : undefined;
    const given = made && reader.resolver.option(made, 'retryConfig');
    if (!given) continue;
    for (const config of reader.resolver.values(given.node, given.module)) {
      const at = config.kind === 'object' ? reader.resolver.entry(config, 'maxAttempts') : undefined;
      if (!at) continue;
      const limit = limitOf({ node: at.node, module: at.module, env: undefined }, reader.resolver);
      return limit.kind === 'number' ? number(limit.value) : symbol(limit.name);
    }
    return number(defaultAttempts);
  }
  return undefined;
}

/** A node that is a function, or one that cannot be read. */
function addCode(item: In<Expression>, name: string, draft: Draft, key?: string, attempts?: Quantity): Part {
  const { reader } = draft;
  const id = key ?? identity(item, reader);
  const place: Place = { path: item.module.path, span: item.node.span };
  const code = wrappedNode(item, reader) ?? item;
  const agent = agentsOfNode(code, reader)[0];
  const body: Work = agent
    ? { do: 'run', machine: madeAt('adk', agent), limit: undefined, place }
    : workOfCallable(code.node, code.module, reader);
  const work: Work = attempts ? { do: 'times', count: attempts, body, place, what: 'retryConfig', retry: true } : body;
  draft.states.set(id, { id, name, place, work, raises: [], resets: [], human: false });
  if (JSON.stringify(body) !== JSON.stringify(nothing)) draft.uncounted.add(id);
  return { first: [id], last: [id] };
}
