// LangGraph's teams: a supervisor that every worker comes back to, and a swarm whose agents hand over to each other.
// Proven in test/integration/langgraph-more.test.ts: each visit of an agent is a run of its own under the team's limit.
import type { Machine, MachineState, Run, Transition, Work } from '../graph/model.ts';
import { nothing } from '../graph/model.ts';
import type { CallExpression, Expression } from '../program/model.ts';
import { nameOf, one, symbol } from '../program/quantity.ts';
import type { In } from '../program/values.ts';
import type { Place } from '../rules/finding.ts';
import { madeAt, type Options, optionsAt, packageCalls, placeOfCall } from './calls.ts';
import type { Contribution, Framework } from './framework.ts';
import { runLimit, runOf } from './langchain-agents.ts';
import { headOf } from './literals.ts';
import { defaultLimit } from './loop-of.ts';
import { oneOf } from './plain/work.ts';
import type { Reader } from './reading.ts';
import { toolsOf } from './tools.ts';

const packages = ['@langchain/langgraph-supervisor', '@langchain/langgraph-swarm'];
const made = /^:(createSupervisor|createSwarm)$/;
const run = /^:(createSupervisor|createSwarm)\(\)\.compile\(\)(\.withConfig\(\))*\.(invoke|stream|streamEvents|batch)$/;
const configured = /^:(createSupervisor|createSwarm)\(\)\.compile\(\)(\.withConfig\(\))*\.withConfig$/;
const defaultSupersteps = 25;

export const langgraphTeams: Framework = {
  id: 'langgraph-teams',
  title: 'LangGraph supervisor and swarm',
  docs: 'https://docs.langchain.com/oss/javascript/langgraph/overview',
  packages: { typescript: packages, python: [] },
  defaults: [
    {
      option: 'recursionLimit of a supervisor or a swarm',
      package: '@langchain/langgraph-supervisor',
      language: 'typescript',
      value: defaultSupersteps,
      unit: 'visits of agents, each of them a run with the same limit',
      sentinels: { Infinity: 'no limit' },
      onLimit: 'throws GraphRecursionError',
      proof: 'test/integration/langgraph-more.test.ts',
    },
  ],
  calls: [
    {
      packages,
      path: run,
      effect: 'agent',
      work(call, value, reader): Work {
        const root = value.chain[0];
        const place = placeOfCall(call);
        if (!root) return { do: 'model', count: symbol('calls of the team'), place, what: 'team' };
        return { do: 'run', machine: madeAt('langchain', root), limit: runLimit(call, value, reader)?.bound, place };
      },
    },
  ],
  read(reader): Contribution {
    const machines: Machine[] = [];
    const runs: Run[] = [];
    for (const { call, value, path } of packageCalls(reader, head => packages.includes(head))) {
      const root = value.chain[0];
      if (made.test(path)) machines.push(...teamOf(call, path.endsWith('createSupervisor'), reader));
      else if (root && run.test(path)) runs.push(runOf(call, root, runLimit(call, value, reader)));
      else if (root && configured.test(path)) {
        const limit = runLimit(call, value, reader);
        if (limit) runs.push(runOf(call, root, limit));
      }
    }
    return { machines, runs };
  },
};

interface Member {
  readonly id: string;
  readonly name: string;
  readonly work: Work;
}

/** The team's machine, and that of the supervisor's own agent. */
function teamOf(call: In<CallExpression>, supervised: boolean, reader: Reader): Machine[] {
  const options = optionsAt(call, 0, reader);
  const place: Place = { path: call.module.path, span: headOf(call.node) };
  const given = options.get('agents');
  const members = given ? membersOf(given, reader) : [];
  const state = (member: Member): MachineState => ({ ...member, place, raises: [], resets: [], human: false });
  const route = (from: string, to: string): Transition => ({
    from,
    to,
    kind: 'route',
    label: to,
    place,
    checks: [],
    controller: 'model',
  });
  const base = {
    framework: 'langgraph',
    place,
    unit: 'superstep' as const,
    perUnit: nothing,
    counters: [],
    onLimit: 'throws GraphRecursionError',
    fixes: [],
    disabled: undefined,
    handsDown: true,
    inherits: true,
    limit: defaultLimit(`recursionLimit ${defaultSupersteps}`, defaultSupersteps),
  };
  const id = madeAt('langchain', call);
  const open = options.open || members.length === 0;
  if (!supervised) {
    const states = members.map(state);
    return [
      {
        ...base,
        id,
        name: nameOf(call.node.callee),
        states,
        transitions: members.flatMap(from => members.filter(to => to !== from).map(to => route(from.id, to.id))),
        // Any of them may be the active one.
        start: [],
        open,
      },
    ];
  }
  const own = supervisorLoop(call, options, id, reader);
  const boss: Member = {
    id: 'supervisor',
    name: 'supervisor',
    work: { do: 'run', machine: own.id, limit: undefined, place },
  };
  return [
    {
      ...base,
      id,
      name: nameOf(call.node.callee),
      states: [boss, ...members].map(state),
      transitions: members.flatMap(member => [
        route(boss.id, member.id),
        { ...route(member.id, boss.id), kind: 'next' as const, controller: 'deterministic' as const },
      ]),
      start: [boss.id],
      open,
    },
    { ...base, ...own, isPart: true },
  ];
}

/** The supervisor's own agent: it calls tools, those that hand over among them, until it hands over or answers. */
function supervisorLoop(
  call: In<CallExpression>,
  options: Options,
  id: string,
  reader: Reader,
): Pick<Machine, 'id' | 'name' | 'states' | 'transitions' | 'start' | 'open'> {
  const place: Place = { path: call.module.path, span: headOf(call.node) };
  const model: Work = { do: 'model', count: one, place: placeOfCall(call), what: 'supervisor' };
  const tools = toolsOf(options.get('tools'), ['func'], reader).work;
  const state = { place, raises: [], resets: [], human: false };
  const step = { place, checks: [], controller: 'model' as const, label: '' };
  const formatted = options.get('responseFormat') ? model : nothing;
  return {
    id: `${id}#supervisor`,
    name: 'supervisor',
    states: [
      { ...state, id: 'model', name: 'model', work: model },
      { ...state, id: 'tools', name: 'tools', work: tools },
      { ...state, id: 'end', name: 'end', work: formatted },
    ],
    transitions: [
      { ...step, from: 'model', to: 'tools', kind: 'route', label: 'tool calls' },
      { ...step, from: 'model', to: 'end', kind: 'route', label: 'end' },
      { ...step, from: 'tools', to: 'model', kind: 'next' },
    ],
    start: ['model'],
    open: options.open,
  };
}

/** Agents and graphs of a list: each is run as what it is. */
function membersOf(given: In<Expression>, reader: Reader, depth = 0): Member[] {
  return reader.resolver.values(given.node, given.module).flatMap((value): Member[] => {
    if (value.kind !== 'list' || depth > 3) return [];
    return value.node.items.flatMap((item, at): Member[] => {
      if (item.kind === 'spread') return membersOf({ node: item.value, module: value.module }, reader, depth + 1);
      const name = nameOf(item);
      return [{ id: `${name}#${at}`, name, work: memberWork({ node: item, module: value.module }, name, reader) }];
    });
  });
}

function memberWork(item: In<Expression>, name: string, reader: Reader): Work {
  const place: Place = { path: item.module.path, span: item.node.span };
  const works = reader.resolver.externals(item.node, item.module).flatMap((value): Work[] => {
    const root = value.chain[0];
    const path = value.path.slice(value.path.indexOf(':'));
    if (!root) return [];
    if (
      /^:(createReactAgent|createAgent|createDeepAgent)\(\)(\.graph)?$/.test(path) ||
      /^:(createSupervisor|createSwarm)\(\)\.compile\(\)$/.test(path)
    )
      return [{ do: 'run', machine: madeAt('langchain', root), limit: undefined, place }];
    if (/^:StateGraph\(\).*\.compile\(\)$/.test(path))
      return [{ do: 'run', machine: madeAt('langgraph', root), limit: undefined, place }];
    return [];
  });
  return works.length > 0 ? oneOf(works) : { do: 'model', count: symbol(`calls of ${name}`), place, what: name };
}
