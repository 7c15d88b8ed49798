// Strands Agents (@strands-agents/sdk): agents, graphs and swarms, of which nothing has a limit unless one is set.
// Proven in test/integration/strands.test.ts.
import type { Bound, FixPlan, Machine, MachineState, Run, Transition, Work } from '../graph/model.ts';
import { nothing } from '../graph/model.ts';
import type { CallExpression, Expression } from '../program/model.ts';
import { nameOf, one, symbol } from '../program/quantity.ts';
import type { In, Value } from '../program/values.ts';
import type { Place } from '../rules/finding.ts';
import { madeAt, type Options, optionsAt, packageCalls, placeOfCall, splitPath } from './calls.ts';
import type { Contribution, External, Framework } from './framework.ts';
import { headOf, limitOption, stringsOf } from './literals.ts';
import { loopMachine, unreadLimit } from './loop-of.ts';
import { allOf } from './plain/work.ts';
import type { Reader } from './reading.ts';
import { type ReadTool, toolsOf } from './tools.ts';

const packages = ['@strands-agents/sdk', '@strands-agents/sdk/*'];
const suggestedTurns = 10;
const proof = 'test/integration/strands.test.ts';
const agentRun = /^:Agent\(\)\.(invoke|stream)$/;
const groupRun = /^:(Graph|Swarm)\(\)\.(invoke|stream)$/;

export const strands: Framework = {
  id: 'strands',
  title: 'Strands Agents',
  docs: 'https://strandsagents.com',
  packages: { typescript: packages, python: [] },
  defaults: [
    {
      option: 'limits.turns of a run of an agent',
      package: '@strands-agents/sdk',
      language: 'typescript',
      value: null,
      unit: 'requests',
      sentinels: { 0: 'throws', Infinity: 'throws' },
      onLimit: 'ends without an error',
      proof,
    },
    {
      option: 'maxSteps of Graph and Swarm',
      package: '@strands-agents/sdk',
      language: 'typescript',
      value: null,
      unit: 'runs of an agent',
      sentinels: { Infinity: 'no limit', 0: 'throws' },
      onLimit: 'throws an error',
      proof,
    },
  ],
  calls: [
    {
      packages,
      path: agentRun,
      effect: 'agent',
      work(call, value, reader): Work {
        const place = placeOfCall(call);
        const made = value.chain[0];
        if (!made) return { do: 'model', count: symbol('turns of the agent'), place, what: nameOf(call.node.callee) };
        return agentWork(made, turnLimit(optionsAt(call, 1, reader), place, reader)?.bound, place, reader);
      },
    },
    {
      packages,
      path: groupRun,
      effect: 'agent',
      work(call, value): Work {
        const place = placeOfCall(call);
        const made = value.chain[0];
        return made
          ? { do: 'run', machine: madeAt('strands', made), limit: undefined, place }
          : { do: 'model', count: symbol('calls of the agents'), place, what: nameOf(call.node.callee) };
      },
    },
    { packages, path: /^:(tool|FunctionTool|Agent|Graph|Swarm)$/, effect: 'keeps' },
  ],
  read(reader): Contribution {
    const machines = new Map<string, Machine>();
    const runs: Run[] = [];
    for (const { call, value, path } of packageCalls(reader, isOurs)) {
      if (path === ':Graph' || path === ':Swarm') {
        const machine = path === ':Graph' ? graphMachine(call, reader) : swarmMachine(call, reader);
        machines.set(machine.id, machine);
      }
      const made = value.chain[0];
      if (!made) continue;
      const place: Place = { path: call.module.path, span: headOf(call.node) };
      if (agentRun.test(path)) {
        const machine = agentMachine(made, reader);
        if (!machine) continue;
        machines.set(machine.id, machine);
        const limit = turnLimit(optionsAt(call, 1, reader), placeOfCall(call), reader);
        runs.push({ machine: machine.id, place, limit: limit?.bound, disabled: undefined, fixes: turnFixes(call) });
      } else if (groupRun.test(path)) {
        runs.push({ machine: madeAt('strands', made), place, limit: undefined, disabled: undefined, fixes: [] });
      }
    }
    addReached(machines, reader);
    return { machines: [...machines.values()], runs };
  },
};

/** Agents that are run as nodes of a group, or as tools. */
function addReached(machines: Map<string, Machine>, reader: Reader): void {
  const agents = new Map(
    packageCalls(reader, isOurs)
      .filter(({ path }) => path === ':Agent')
      .map(({ call }) => [madeAt('strands', call), call]),
  );
  // A map is walked in the order of insertion, and takes what is added on the way.
  for (const machine of machines.values()) {
    for (const id of machine.states.flatMap(state => runsIn(state.work))) {
      const made = machines.has(id) ? undefined : agents.get(id);
      const inner = made && agentMachine(made, reader);
      if (inner) machines.set(id, inner);
    }
  }
}

function runsIn(work: Work): string[] {
  switch (work.do) {
    case 'run':
      return [work.machine];
    case 'all':
      return work.parts.flatMap(runsIn);
    case 'one':
      return work.options.flatMap(runsIn);
    case 'repeat':
    case 'times':
      return runsIn(work.body);
    default:
      return [];
  }
}

function isOurs(head: string): boolean {
  return head === '@strands-agents/sdk' || head.startsWith('@strands-agents/sdk/');
}

function ours(value: Value): value is External {
  return value.kind === 'external' && isOurs(splitPath(value.path).head);
}

// ---- Agents -----------------------------------------------------------------------------------------------------------

/** `limits: { turns }` of a run; a limit of tokens ends it too, after nobody knows how many requests. */
function turnLimit(options: Options, place: Place, reader: Reader): { bound: Bound | undefined } | undefined {
  const given = options.get('limits');
  if (!given) return options.open ? { bound: unreadLimit('limits', place) } : undefined;
  for (const value of reader.resolver.values(given.node, given.module)) {
    if (value.kind !== 'object') continue;
    const turns = reader.resolver.entry(value, 'turns');
    if (turns) return { bound: limitOption('limits.turns', turns, reader.resolver, () => false).bound };
    const tokens = reader.resolver.entry(value, 'totalTokens') ?? reader.resolver.entry(value, 'outputTokens');
    if (!tokens && !reader.resolver.isOpen(value)) return undefined;
  }
  return { bound: unreadLimit('limits', place) };
}

function turnFixes(call: In<CallExpression>): FixPlan[] {
  const title = `End the run after ${suggestedTurns} turns`;
  const rules: FixPlan['rules'] = ['unbounded-cycle'];
  const value = `{ turns: ${suggestedTurns} }`;
  const { path } = call.module;
  const options = call.node.arguments[1]?.value;
  if (options?.kind === 'object' && !options.entries.some(entry => entry.kind === 'entry' && entry.key === 'limits')) {
    return [
      { title, safe: true, rules, operations: [{ do: 'setOption', path, at: options.span, key: 'limits', value }] },
    ];
  }
  if (call.node.arguments.length !== 1) return [];
  return [
    { title, safe: true, rules, operations: [{ do: 'addArgument', path, at: call.node.span, key: 'limits', value }] },
  ];
}

function agentName(made: In<CallExpression>, options: Options): string {
  const given = options.get('name') ?? options.get('id');
  return given?.node.kind === 'literal' ? String(given.node.value) : nameOf(made.node.callee);
}

/** An agent among tools is a run of its own, and so is `agent.asTool()`. */
function readTool(reader: Reader, above: ReadonlySet<CallExpression>): ReadTool {
  return (value, place) => {
    if (!ours(value) || !/:Agent\(\)(\.asTool\(\))?$/.test(value.path)) return undefined;
    const made = value.chain[0];
    return made ? agentWork(made, undefined, place, reader, above) : undefined;
  };
}

function agentTurn(
  made: In<CallExpression>,
  reader: Reader,
  above: ReadonlySet<CallExpression>,
): { turn: Work; again: boolean; name: string } {
  const options = optionsAt(made, 0, reader);
  const name = agentName(made, options);
  const tools = toolsOf(options.get('tools'), ['callback'], reader, readTool(reader, new Set([...above, made.node])));
  const model: Work = { do: 'model', count: one, place: placeOfCall(made), what: name };
  return { turn: allOf([model, tools.work]), again: tools.some || options.open, name };
}

function agentWork(
  made: In<CallExpression>,
  limit: Bound | undefined,
  place: Place,
  reader: Reader,
  above: ReadonlySet<CallExpression> = new Set(),
): Work {
  if (above.has(made.node)) return { do: 'run', machine: madeAt('strands', made), limit, place };
  const { turn, again } = agentTurn(made, reader, above);
  return again ? { do: 'run', machine: madeAt('strands', made), limit, place } : turn;
}

function agentMachine(made: In<CallExpression>, reader: Reader): Machine | undefined {
  const { turn, again, name } = agentTurn(made, reader, new Set());
  if (!again) return undefined;
  return loopMachine({
    id: madeAt('strands', made),
    framework: 'strands',
    name,
    place: { path: made.module.path, span: headOf(made.node) },
    turn,
    limit: undefined,
    onLimit: 'ends without an error',
    fixes: [],
  });
}

// ---- Graphs and swarms ------------------------------------------------------------------------------------------------

/** A node: an agent, or `{ agent }`, `{ node, id }`. */
interface Node {
  readonly id: string;
  readonly state: MachineState;
}

function nodesOf(options: Options, reader: Reader): { nodes: Node[]; open: boolean } {
  const given = options.get('nodes');
  const nodes: Node[] = [];
  let open = !given;
  for (const value of given ? reader.resolver.values(given.node, given.module) : []) {
    if (value.kind !== 'list') {
      open = true;
      continue;
    }
    for (const item of value.node.items) {
      const node = nodeOf({ node: item, module: value.module }, reader);
      if (node) nodes.push(node);
      else open = true;
    }
  }
  return { nodes: nodes.filter((node, at) => nodes.findIndex(other => other.id === node.id) === at), open };
}

function nodeOf(item: In<Expression>, reader: Reader, name?: string): Node | undefined {
  for (const value of reader.resolver.values(item.node, item.module)) {
    const place: Place = { path: item.module.path, span: item.node.span };
    if (value.kind === 'object') {
      const inner =
        reader.resolver.entry(value, 'agent') ??
        reader.resolver.entry(value, 'node') ??
        reader.resolver.entry(value, 'executor');
      const id = reader.resolver.entry(value, 'id');
      const own = id && stringsOf(id.node, id.module, reader.resolver).strings[0];
      return inner && nodeOf(inner, reader, own);
    }
    if (!ours(value) || !value.chain[0]) continue;
    const made = value.chain[0];
    const options = optionsAt(made, 0, reader);
    const id = name ?? (options.get('id') ? idOf(options) : agentName(made, options));
    const isAgent = /:Agent\(\)$/.test(value.path);
    const work: Work = isAgent
      ? agentWork(made, undefined, place, reader)
      : { do: 'run', machine: madeAt('strands', made), limit: undefined, place };
    return { id, state: { id, name: id, place, work, raises: [], resets: [], human: false } };
  }
  return undefined;
}

function idOf(options: Options): string {
  const id = options.get('id');
  return id?.node.kind === 'literal' ? String(id.node.value) : 'agent';
}

function stepLimit(
  options: Options,
  place: Place,
  reader: Reader,
): { bound: Bound | undefined; disabled: string | undefined } {
  const given = options.get('maxSteps');
  if (given) {
    const { bound, disabled } = limitOption('maxSteps', given, reader.resolver, () => false);
    return { bound, disabled };
  }
  const time = options.get('timeout');
  if (time) return { bound: { ...unreadLimit('timeout', place), kind: 'deadline' }, disabled: undefined };
  return { bound: options.open ? unreadLimit('maxSteps', place) : undefined, disabled: undefined };
}

function groupMachine(
  made: In<CallExpression>,
  options: Options,
  parts: Pick<Machine, 'name' | 'states' | 'transitions' | 'start' | 'open' | 'unit'>,
  reader: Reader,
): Machine {
  const limit = stepLimit(options, placeOfCall(made), reader);
  const object = options.objects[0];
  const value = String(suggestedTurns);
  return {
    ...parts,
    id: madeAt('strands', made),
    framework: 'strands',
    place: { path: made.module.path, span: headOf(made.node) },
    limit: limit.bound,
    perUnit: nothing,
    counters: [],
    onLimit: 'throws an error',
    disabled: limit.disabled,
    fixes: object
      ? [
          {
            title: `Set maxSteps to ${value}`,
            safe: true,
            rules: ['unbounded-cycle', 'ineffective-bound'],
            operations: [{ do: 'setOption', path: object.module.path, at: object.node.span, key: 'maxSteps', value }],
          },
        ]
      : [],
  };
}

function graphMachine(made: In<CallExpression>, reader: Reader): Machine {
  const options = optionsAt(made, 0, reader);
  const { nodes, open } = nodesOf(options, reader);
  const transitions: Transition[] = [];
  let unread = open;
  const link = (
    from: In<Expression> | undefined,
    to: In<Expression> | undefined,
    place: Place,
    routed: boolean,
  ): void => {
    for (const a of from ? namesOf(from, reader) : [])
      for (const b of to ? namesOf(to, reader) : [])
        transitions.push({
          from: a,
          to: b,
          kind: routed ? 'route' : 'next',
          label: b,
          place,
          checks: [],
          controller: routed ? 'model' : 'deterministic',
        });
  };
  const given = options.get('edges');
  for (const value of given ? reader.resolver.values(given.node, given.module) : []) {
    if (value.kind !== 'list') {
      unread = true;
      continue;
    }
    for (const item of value.node.items) {
      const place: Place = { path: value.module.path, span: item.span };
      for (const edge of reader.resolver.values(item, value.module)) {
        const at = (node: Expression | undefined) =>
          node && { node, module: (edge as { module: In<Expression>['module'] }).module };
        if (edge.kind === 'list')
          link(at(edge.node.items[0]), at(edge.node.items[1]), place, edge.node.items.length > 2);
        else if (edge.kind === 'object') {
          const handler = reader.resolver.entry(edge, 'handler') ?? reader.resolver.entry(edge, 'condition');
          link(
            reader.resolver.entry(edge, 'source'),
            reader.resolver.entry(edge, 'target'),
            place,
            handler !== undefined,
          );
        } else unread = true;
      }
    }
  }
  const ids = nodes.map(node => node.id);
  const sources = options.get('sources');
  const named = sources && stringsOf(sources.node, sources.module, reader.resolver);
  const start = named?.complete ? named.strings : ids.filter(id => !transitions.some(t => t.to === id));
  return groupMachine(
    made,
    options,
    {
      name: idName(options, 'graph'),
      states: nodes.map(node => node.state),
      transitions,
      start,
      open: unread,
      unit: 'request',
    },
    reader,
  );
}

function idName(options: Options, otherwise: string): string {
  return options.get('id') ? idOf(options) : otherwise;
}

/** Ids that an end of an edge names: a string, or the agent itself. */
function namesOf(given: In<Expression>, reader: Reader): string[] {
  const named = stringsOf(given.node, given.module, reader.resolver);
  if (named.strings.length > 0) return named.strings;
  const node = nodeOf(given, reader);
  return node ? [node.id] : [];
}

/** Every agent of a swarm may hand over to every other one. */
function swarmMachine(made: In<CallExpression>, reader: Reader): Machine {
  const options = optionsAt(made, 0, reader);
  const { nodes, open } = nodesOf(options, reader);
  const transitions = nodes.flatMap(from =>
    nodes
      .filter(to => to !== from)
      .map(
        (to): Transition => ({
          from: from.id,
          to: to.id,
          kind: 'handoff',
          label: to.id,
          place: from.state.place,
          checks: [],
          controller: 'model',
        }),
      ),
  );
  const states = nodes.map(node => node.state);
  return groupMachine(
    made,
    options,
    { name: idName(options, 'swarm'), states, transitions, start: [], open, unit: 'visit' },
    reader,
  );
}
