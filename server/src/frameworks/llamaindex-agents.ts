// LlamaIndex agents (@llamaindex/workflow): `agent`, `multiAgent` and the agents of a workflow's step. A model that keeps
// asking for tools or handing off goes round for ever: there is no limit, and `timeout` is never read.
// Proven in test/integration/llamaindex.test.ts.
import type { Machine, MachineState, Run, Transition, Work } from '../graph/model.ts';
import { nothing } from '../graph/model.ts';
import type { CallExpression, Expression } from '../program/model.ts';
import { nameOf, one, symbol } from '../program/quantity.ts';
import type { In } from '../program/values.ts';
import type { Place } from '../rules/finding.ts';
import { madeAt, type Options, optionsAt, packageCalls, placeOfCall, splitPath } from './calls.ts';
import type { Contribution, External, Framework } from './framework.ts';
import { headOf } from './literals.ts';
import { loopMachine } from './loop-of.ts';
import { allOf } from './plain/work.ts';
import type { Reader } from './reading.ts';
import { type Tools, toolsOf } from './tools.ts';

const packages = ['@llamaindex/workflow', 'llamaindex'];
const makes = /^:(agent|multiAgent|agentHandler)$/;
const runs = /^:(agent|multiAgent)\(\)\.(run|runStream)$/;
const member = /^:(FunctionAgent|agent)\(\)$/;

export const llamaindexAgents: Framework = {
  id: 'llamaindex-agents',
  title: 'LlamaIndex agents',
  docs: 'https://developers.llamaindex.ai/typescript/framework/modules/agents/agent_workflow',
  packages: { typescript: packages, python: [] },
  defaults: [
    {
      option: 'turns of agent, multiAgent and agentHandler',
      package: '@llamaindex/workflow',
      language: 'typescript',
      value: null,
      unit: 'requests',
      sentinels: {
        timeout: 'accepted and never read',
        'maxIterations, maxSteps': 'not known',
        canHandoffTo: 'whether it may hand off; to whom is the model’s choice among all agents',
      },
      onLimit: '',
      proof: 'test/integration/llamaindex.test.ts',
    },
  ],
  calls: [
    { packages, path: /^:(agent|multiAgent|FunctionAgent|agentHandler)$/, effect: 'keeps' },
    { packages, path: runs, effect: 'agent', work: (call, value, reader): Work => runWork(value, call, reader) },
  ],
  read(reader): Contribution {
    const machines: Machine[] = [];
    const found: Run[] = [];
    const members = new Set<string>();
    for (const { call, value, path } of packageCalls(reader, head => packages.includes(head))) {
      if (makes.test(path)) {
        const machine = machineOf(call, path, reader);
        if (machine) machines.push(machine);
        if (/^:multiAgent/.test(path)) for (const { id } of machine?.states ?? []) members.add(id);
      } else if (runs.test(path) && value.chain[0]) {
        const place: Place = { path: call.module.path, span: headOf(call.node) };
        const machine = madeAt('llamaindex-agents', value.chain[0]);
        found.push({ machine, place, limit: undefined, disabled: undefined, fixes: [] });
      }
    }
    // The team says of its members what is to be said.
    const alone = (id: string): boolean => !members.has(id) || found.some(run => run.machine === id);
    return { machines: machines.map(one => (alone(one.id) ? one : { ...one, isPart: true })), runs: found };
  },
};

function runWork(value: External, call: In<CallExpression>, reader: Reader): Work {
  const made = value.chain[0];
  return made ? agentRun(made, splitPath(value.path).path, placeOfCall(call), reader) : modelOnce(call, 'agent');
}

/** Work of one run of what `agent`, `multiAgent` or `agentHandler` made. */
export function agentRun(made: In<CallExpression>, path: string, place: Place, reader: Reader): Work {
  const machine = machineOf(made, path, reader);
  return machine
    ? { do: 'run', machine: machine.id, limit: undefined, place }
    : /^:agentHandler/.test(path)
      ? modelOfStep(made)
      : modelOnce(made, nameOf(made.node.callee));
}

function modelOnce(call: In<CallExpression>, what: string): Work {
  return { do: 'model', count: one, place: placeOfCall(call), what };
}

/** Without tools of its own the agent of a step has one for each event that it may send: a few turns, nobody knows how many. */
function modelOfStep(call: In<CallExpression>): Work {
  return { do: 'model', count: symbol('turns of agentHandler'), place: placeOfCall(call), what: 'agentHandler' };
}

/** None where the model can neither call a tool nor hand off: such a run asks once. */
function machineOf(made: In<CallExpression>, path: string, reader: Reader): Machine | undefined {
  const options = optionsAt(made, 0, reader);
  // Who sets it expects it to end the run.
  const disabled = options.get('timeout') ? 'timeout is never read' : undefined;
  const id = madeAt('llamaindex-agents', made);
  const place: Place = { path: made.module.path, span: headOf(made.node) };
  if (/^:multiAgent/.test(path)) return teamOf(made, options, { id, place, disabled }, reader);
  const tools = toolsIn(options, reader);
  if (!tools.some && !options.open) return undefined;
  return loopMachine({
    id,
    framework: 'llamaindex-agents',
    name: agentName(made, options),
    place,
    turn: allOf([modelOnce(made, agentName(made, options)), tools.work]),
    limit: undefined,
    disabled,
    onLimit: '',
    fixes: [],
  });
}

function toolsIn(options: Options, reader: Reader): Tools {
  return toolsOf(options.get('tools'), ['execute'], reader);
}

function agentName(made: In<CallExpression>, options: Options): string {
  const name = options.get('name');
  return name?.node.kind === 'literal' ? String(name.node.value) : nameOf(made.node.callee);
}

type Identity = Pick<Machine, 'id' | 'place' | 'disabled'>;

function teamOf(made: In<CallExpression>, options: Options, identity: Identity, reader: Reader): Machine | undefined {
  const { members, complete } = membersOf(options.get('agents'), reader);
  const read = members.map(agent => {
    const own = optionsAt(agent, 0, reader);
    const tools = toolsIn(own, reader);
    const name = agentName(agent, own);
    const state: MachineState = {
      id: madeAt('llamaindex-agents', agent),
      name,
      place: { path: agent.module.path, span: headOf(agent.node) },
      work: allOf([modelOnce(agent, name), tools.work]),
      raises: [],
      resets: [],
      human: false,
    };
    return { state, again: tools.some || own.open, handsOff: handsOff(own, reader) && members.length > 1 };
  });
  const states = read.map(({ state }) => state);
  const transitions = read.flatMap(({ state, again, handsOff: gives }): Transition[] => {
    const common = { from: state.id, checks: [], controller: 'model' as const };
    const { place } = identity;
    return [
      ...(again ? [{ ...common, to: state.id, kind: 'route' as const, label: 'tool calls', place: state.place }] : []),
      ...(gives ? states.map(to => ({ ...common, to: to.id, kind: 'handoff' as const, label: to.name, place })) : []),
    ];
  });
  if (transitions.length === 0 && complete) return undefined;
  const root = options.get('rootAgent');
  const first = root ? makersOf(root, reader).map(agent => madeAt('llamaindex-agents', agent)) : [];
  const start = states.map(({ id }) => id).filter(id => first.includes(id));
  return {
    ...identity,
    framework: 'llamaindex-agents',
    name: nameOf(made.node.callee),
    states,
    transitions,
    start: start.length > 0 ? start : states.map(({ id }) => id),
    unit: 'request',
    limit: undefined,
    perUnit: nothing,
    counters: [],
    onLimit: '',
    open: !complete,
    fixes: [],
  };
}

/** An agent that may hand off to some of the others may do so to all: the names are in its prompt only. */
function handsOff(options: Options, reader: Reader): boolean {
  const given = options.get('canHandoffTo');
  if (!given) return options.open;
  const lists = reader.resolver.values(given.node, given.module).filter(value => value.kind === 'list');
  return lists.length === 0 || lists.some(list => list.node.items.length > 0);
}

function membersOf(
  given: In<Expression> | undefined,
  reader: Reader,
): { members: In<CallExpression>[]; complete: boolean } {
  const lists = given ? reader.resolver.values(given.node, given.module).filter(value => value.kind === 'list') : [];
  const found = new Map<CallExpression, In<CallExpression>>();
  let complete = lists.length > 0;
  for (const list of lists) {
    for (const item of list.node.items) {
      const makers = item.kind === 'spread' ? [] : makersOf({ node: item, module: list.module }, reader);
      for (const maker of makers) found.set(maker.node, maker);
      complete &&= makers.length > 0;
    }
  }
  return { members: [...found.values()], complete };
}

function makersOf(given: In<Expression>, reader: Reader): In<CallExpression>[] {
  return reader.resolver.externals(given.node, given.module).flatMap(value => {
    const { head, path } = splitPath(value.path);
    return packages.includes(head) && member.test(path) && value.chain[0] ? [value.chain[0]] : [];
  });
}
