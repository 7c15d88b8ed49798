// OpenAI Agents SDK (@openai/agents): agents, their handoffs and tools, and the turns of a run.
// Handoffs share a run's turns; an agent used as a tool starts its own. Proven in test/integration/openai-agents.test.ts.
import type { Bound, FixPlan, Machine, MachineState, Run, Transition, Work } from '../graph/model.ts';
import { nothing } from '../graph/model.ts';
import type { CallExpression, Expression } from '../program/model.ts';
import { nameOf, one, symbol } from '../program/quantity.ts';
import { indexOf } from '../program/scope.ts';
import type { In, Value } from '../program/values.ts';
import type { Place } from '../rules/finding.ts';
import { madeAt, type Options, optionsAt, packageCalls, placeOfCall, splitPath } from './calls.ts';
import type { Contribution, External, Framework } from './framework.ts';
import { headOf, limitOption } from './literals.ts';
import { defaultLimit, unreadLimit } from './loop-of.ts';
import { allOf } from './plain/work.ts';
import type { Reader } from './reading.ts';
import { type ReadTool, type Tools, toolsOf } from './tools.ts';

const packages = ['@openai/agents', '@openai/agents-core'];
const defaultTurns = 10;
const onLimit = 'throws MaxTurnsExceededError';

const agentMade = /^:Agent(\.create)?\(\)$/;
const runPath = /^:(run|Runner\(\)\.run)$/;
const asTool = /^:Agent(\.create)?\(\)\.asTool\(\)$/;

/** What `maxTurns` comes to; undefined: not set. */
interface Limit {
  readonly bound: Bound | undefined;
  readonly disabled: string | undefined;
  readonly at: In<Expression> | undefined;
}

export const openaiAgents: Framework = {
  id: 'openai-agents',
  title: 'OpenAI Agents SDK',
  docs: 'https://openai.github.io/openai-agents-js',
  packages: { typescript: packages, python: [] },
  defaults: [
    {
      option: 'maxTurns',
      package: '@openai/agents',
      language: 'typescript',
      value: defaultTurns,
      unit: 'turns of a run, handoffs included',
      sentinels: { null: 'no limit', Infinity: 'no limit', 0: 'no turn at all' },
      onLimit,
      proof: 'test/integration/openai-agents.test.ts',
    },
    {
      option: 'runOptions.maxTurns of asTool',
      package: '@openai/agents',
      language: 'typescript',
      value: defaultTurns,
      unit: 'turns of each call of the tool, whatever the run around it allows',
      sentinels: { null: 'no limit' },
      onLimit,
      proof: 'test/integration/openai-agents-more.test.ts',
    },
  ],
  calls: [
    {
      packages,
      path: runPath,
      effect: 'agent',
      work(call, _value, reader): Work {
        const agents = agentsIn(call.node.arguments[0]?.value, call, reader);
        const limit = turnLimit(optionsAt(call, 2, reader), 'maxTurns', placeOfCall(call), reader);
        return agents[0]
          ? runWork(agents[0], limit, placeOfCall(call), reader)
          : { do: 'model', count: symbol('turns of the agent'), place: placeOfCall(call), what: 'agent' };
      },
    },
  ],
  read(reader): Contribution {
    const machines = new Map<string, Machine>();
    const runs: Run[] = [];
    const start = (agent: In<CallExpression>, limit: Limit | undefined, place: Place, fixes: readonly FixPlan[]) => {
      const id = madeAt('openai-agents', agent);
      const known = machines.get(id);
      const machine = known ?? machineOf(agent, reader);
      if (!machine) return;
      const mine = limit ? machine.fixes : [...machine.fixes, ...fixes];
      machines.set(id, { ...machine, fixes: mine });
      runs.push({ machine: id, place, limit: limit?.bound, disabled: limit?.disabled, fixes });
    };
    for (const { call, value, path } of packageCalls(reader, isOurs)) {
      if (runPath.test(path)) {
        const limit = turnLimit(optionsAt(call, 2, reader), 'maxTurns', placeOfCall(call), reader);
        for (const agent of agentsIn(call.node.arguments[0]?.value, call, reader)) {
          start(agent, limit, { path: call.module.path, span: headOf(call.node) }, turnFixes(call, limit));
        }
      } else if (/\.asTool$/.test(path) && value.chain[0]) {
        start(value.chain[0], toolLimit(call, reader), { path: call.module.path, span: headOf(call.node) }, []);
      }
    }
    return { machines: [...machines.values()], runs };
  },
};

function isOurs(head: string): boolean {
  return packages.includes(head);
}

function ours(value: Value): value is External {
  return value.kind === 'external' && isOurs(splitPath(value.path).head);
}

/** Calls that made the agents an expression can be; `handoff(agent)` is the agent. */
function agentsIn(
  node: Expression | undefined,
  at: { readonly module: In<CallExpression>['module'] },
  reader: Reader,
): In<CallExpression>[] {
  if (!node) return [];
  return reader.resolver.values(node, at.module).flatMap(value => {
    if (!ours(value)) return [];
    const { path } = splitPath(value.path);
    if (agentMade.test(path) && value.chain[0]) return [value.chain[0]];
    const wrapped = path === ':handoff()' ? value.chain.at(-1) : undefined;
    return wrapped ? agentsIn(wrapped.node.arguments[0]?.value, wrapped, reader) : [];
  });
}

/** Agents that one hands off to: its option, and what is assigned or pushed later. */
function handoffsOf(agent: In<CallExpression>, reader: Reader): { to: In<CallExpression>; place: Place }[] {
  const found: { to: In<CallExpression>; place: Place }[] = [];
  const add = (node: Expression, module: In<CallExpression>['module']): void => {
    for (const to of agentsIn(node, { module }, reader)) {
      found.push({ to, place: { path: module.path, span: node.span } });
    }
  };
  const addList = (node: Expression, module: In<CallExpression>['module']): void => {
    for (const value of reader.resolver.values(node, module)) {
      if (value.kind !== 'list') continue;
      for (const item of value.node.items) {
        if (item.kind === 'spread') addList(item.value, value.module);
        else add(item, value.module);
      }
    }
  };
  const given = reader.resolver.option(agent, 'handoffs');
  if (given) addList(given.node, given.module);
  for (const module of reader.modules) {
    for (const write of indexOf(module).memberWrites.get('handoffs') ?? []) {
      const isMine = agentsIn(write.object as Expression, { module }, reader).some(made => made.node === agent.node);
      if (isMine) addList(write.value, module);
    }
  }
  for (const { call, value, path } of packageCalls(reader, isOurs)) {
    if (!/\.handoffs\.(push|unshift)$/.test(path) || value.chain[0]?.node !== agent.node) continue;
    for (const argument of call.node.arguments) {
      if (argument.spread === 'none') add(argument.value, call.module);
      else addList(argument.value, call.module);
    }
  }
  return found;
}

function toolsIn(
  agent: In<CallExpression>,
  options: Options,
  reader: Reader,
  above: ReadonlySet<CallExpression>,
): Tools {
  const deeper = new Set([...above, agent.node]);
  const read: ReadTool = (value, place) => {
    if (!ours(value) || !asTool.test(splitPath(value.path).path)) return undefined;
    const [made, tool] = [value.chain[0], value.chain.at(-1)];
    return made && tool ? runWork(made, toolLimit(tool, reader), place, reader, deeper) : undefined;
  };
  return toolsOf(options.get('tools'), ['execute'], reader, read);
}

/** The agent's machine: itself and all that it can hand off to. None if it can neither hand off nor call a tool. */
function machineOf(
  first: In<CallExpression>,
  reader: Reader,
  above: ReadonlySet<CallExpression> = new Set(),
): Machine | undefined {
  const states: MachineState[] = [];
  const transitions: Transition[] = [];
  const queue = [first];
  const seen = new Set([first.node]);
  for (const agent of queue) {
    const options = optionsAt(agent, 0, reader);
    const tools = toolsIn(agent, options, reader, new Set([...above, first.node]));
    const id = madeAt('openai-agents', agent);
    const place: Place = { path: agent.module.path, span: headOf(agent.node) };
    const model: Work = { do: 'model', count: one, place: placeOfCall(agent), what: agentName(agent, options) };
    states.push({
      id,
      name: agentName(agent, options),
      place,
      work: allOf([model, tools.work]),
      raises: [],
      resets: [],
      human: false,
    });
    const common = { from: id, checks: [], controller: 'model' as const };
    const handoffs = handoffsOf(agent, reader);
    for (const { to, place: from } of handoffs) {
      const target = madeAt('openai-agents', to);
      transitions.push({ ...common, to: target, kind: 'handoff', label: target, place: from });
      if (seen.has(to.node)) continue;
      seen.add(to.node);
      queue.push(to);
    }
    const again = (tools.some && !stopsOnTool(options)) || options.get('mcpServers') !== undefined || options.open;
    if (!again && handoffs.length === 0 && agent === first) return undefined;
    if (again) transitions.push({ ...common, to: id, kind: 'route', label: 'tool calls', place });
  }
  // A turn without any output is tried again too: every agent can come round to itself, on some way.
  for (const { id, place } of states) {
    if (comesBack(id, transitions)) continue;
    transitions.push({ from: id, to: id, kind: 'route', label: 'no output', place, checks: [], controller: 'model' });
  }
  return {
    id: madeAt('openai-agents', first),
    framework: 'openai-agents',
    name: states[0]!.name,
    place: states[0]!.place,
    states,
    transitions,
    start: [states[0]!.id],
    unit: 'visit',
    limit: defaultLimit(`maxTurns ${defaultTurns}`, defaultTurns),
    perUnit: nothing,
    counters: [],
    onLimit,
    open: false,
    fixes: [],
    disabled: undefined,
  };
}

function comesBack(id: string, transitions: readonly Transition[]): boolean {
  const seen = new Set(transitions.filter(t => t.from === id).map(t => t.to));
  for (const at of seen) for (const t of transitions) if (t.from === at) seen.add(t.to);
  return seen.has(id);
}

function stopsOnTool(options: Options): boolean {
  const given = options.get('toolUseBehavior');
  return given?.node.kind === 'literal' && given.node.value === 'stop_on_first_tool';
}

function agentName(agent: In<CallExpression>, options: Options): string {
  const name = options.get('name');
  return name?.node.kind === 'literal' ? String(name.node.value) : nameOf(agent.node.callee);
}

/** Work of one run of an agent; `above` are the agents whose tools are being read. */
function runWork(
  agent: In<CallExpression>,
  limit: Limit | undefined,
  place: Place,
  reader: Reader,
  above: ReadonlySet<CallExpression> = new Set(),
): Work {
  if (above.has(agent.node) || machineOf(agent, reader, above)) {
    return { do: 'run', machine: madeAt('openai-agents', agent), limit: limit?.bound, place };
  }
  // Without handoffs and without tools that go on; empty answers still cost it turns.
  const bound = limit ? limit.bound : defaultLimit(`maxTurns ${defaultTurns}`, defaultTurns);
  const body: Work = { do: 'model', count: one, place, what: agentName(agent, optionsAt(agent, 0, reader)) };
  const turns: Work = { do: 'times', count: bound?.limit ?? 'endless', body, place, what: bound?.text ?? 'turns' };
  return allOf([turns, toolsIn(agent, optionsAt(agent, 0, reader), reader, above).work]);
}

/** `runOptions: { maxTurns }` of an agent as a tool. */
function toolLimit(call: In<CallExpression>, reader: Reader): Limit | undefined {
  const given = reader.resolver.option(call, 'runOptions', 0);
  if (!given) return undefined;
  for (const value of reader.resolver.values(given.node, given.module)) {
    if (value.kind !== 'object') continue;
    const turns = reader.resolver.entry(value, 'maxTurns');
    if (turns) return readTurns(turns, reader);
    if (!reader.resolver.isOpen(value)) return undefined;
  }
  return { bound: unreadLimit('maxTurns', placeOfCall(call)), disabled: undefined, at: undefined };
}

function turnLimit(options: Options, key: string, place: Place, reader: Reader): Limit | undefined {
  const given = options.get(key);
  if (given) return readTurns(given, reader);
  return options.open ? { bound: unreadLimit(key, place), disabled: undefined, at: undefined } : undefined;
}

function readTurns(given: In<Expression>, reader: Reader): Limit | undefined {
  const values = reader.resolver.values(given.node, given.module);
  if (values.some(value => value.kind === 'constant' && value.value === null)) {
    return { bound: undefined, disabled: 'maxTurns: null means no limit', at: given };
  }
  if (values.length > 0 && values.every(value => value.kind === 'constant' && value.value === undefined)) {
    return undefined;
  }
  const { bound, disabled } = limitOption('maxTurns', given, reader.resolver, () => false);
  return { bound, disabled, at: given };
}

function turnFixes(call: In<CallExpression>, limit: Limit | undefined): FixPlan[] {
  const title = `Set maxTurns to ${defaultTurns}`;
  const { path } = call.module;
  if (limit) {
    if (!limit.at) return [];
    const { module, node } = limit.at;
    return [
      {
        title,
        safe: true,
        rules: ['unbounded-cycle', 'ineffective-bound'],
        operations: [{ do: 'replace', path: module.path, at: node.span, text: String(defaultTurns) }],
      },
    ];
  }
  const options = call.node.arguments[2]?.value;
  if (call.node.arguments.length < 2 || (options && options.kind !== 'object')) return [];
  return [
    {
      title,
      safe: true,
      rules: ['unbounded-cycle', 'default-bound'],
      operations: [
        options
          ? { do: 'setOption', path, at: options.span, key: 'maxTurns', value: String(defaultTurns) }
          : { do: 'addArgument', path, at: call.node.span, key: 'maxTurns', value: String(defaultTurns) },
      ],
    },
  ];
}
