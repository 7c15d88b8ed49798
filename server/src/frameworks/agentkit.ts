// AgentKit (@inngest/agent-kit): networks of agents with a router, and the limit of a network's run.
// A network without maxIter, or with 0, has no limit; a standalone agent run makes one inference.
import type { Bound, Counter, FixPlan, Machine, MachineState, Run, Transition, Work } from '../graph/model.ts';
import { pathOf } from '../program/access.ts';
import type { CallExpression, Expression } from '../program/model.ts';
import { one, symbol } from '../program/quantity.ts';
import type { FunctionInfo } from '../program/scope.ts';
import type { In } from '../program/values.ts';
import { type Fact, functionWays, type Way } from '../program/ways.ts';
import type { Controller, Place } from '../rules/finding.ts';
import { packageCalls } from './calls.ts';
import type { Contribution, External, Framework } from './framework.ts';
import { limitOption } from './literals.ts';
import { atomsOf, coverWays, type LoopSite } from './plain/bounds.ts';
import { allOf, oneOf, workOfCallable } from './plain/work.ts';
import type { Reader } from './reading.ts';

const packages = ['@inngest/agent-kit'];

/** Hops that the inserted bound allows. */
const suggestedIterations = 10;

function machineId(call: In<CallExpression>): string {
  return `agentkit:${call.module.path}@${call.node.span[0]}`;
}

export const agentkit = {
  id: 'agentkit',
  title: 'AgentKit',
  docs: 'https://agentkit.inngest.com',
  packages: { typescript: packages, python: [] },
  defaults: [
    {
      option: 'maxIter',
      package: '@inngest/agent-kit',
      language: 'typescript',
      value: null,
      unit: 'agents called in one network run',
      sentinels: { 0: 'no limit' },
      onLimit: 'the run ends without an error',
      proof: 'test/integration',
    },
  ],
  calls: [
    { packages, path: /^:create(Network|Agent|RoutingAgent|Tool)$/, effect: 'keeps' },
    {
      packages,
      path: /^:createNetwork\(\)\.run$/,
      effect: 'agent',
      work(call, value): Work {
        const root = value.chain[0];
        const place: Place = { path: call.module.path, span: call.node.span };
        return root
          ? { do: 'run', machine: machineId(root), limit: undefined, place }
          : { do: 'model', count: symbol('calls of the network'), place, what: 'network' };
      },
    },
    {
      packages,
      path: /^:create(Routing)?Agent\(\)(\.\w+\(\))*\.run$/,
      effect: 'agent',
      work(call, value, reader): Work {
        const place: Place = { path: call.module.path, span: call.node.span };
        const given = reader.resolver.option(call, 'maxIter');
        const turn = value.chain[0]
          ? agentWork(value.chain[0], place, reader)
          : ({ do: 'model', count: one, place, what: 'agent' } as const);
        if (!given) return turn;
        const limit = limitOption('maxIter', given, reader.resolver, () => false);
        return { do: 'times', count: limit.bound?.limit ?? 'endless', body: turn, place, what: 'maxIter' };
      },
    },
  ],
  read(reader): Contribution {
    const machines: Machine[] = [];
    const runs: Run[] = [];
    for (const { call, value } of packageCalls(reader, head => head === '@inngest/agent-kit')) {
      if (value.path.endsWith(':createNetwork')) machines.push(networkOf(call, reader));
      if (/:createNetwork\(\)\.run$/.test(value.path) && value.chain[0]) {
        runs.push({
          machine: machineId(value.chain[0]),
          place: { path: call.module.path, span: call.node.callee.span },
          limit: undefined,
          disabled: undefined,
          fixes: [],
        });
      }
    }
    return { machines, runs };
  },
} satisfies Framework;

function networkOf(call: In<CallExpression>, reader: Reader): Machine {
  const { resolver } = reader;
  const id = machineId(call);
  const place: Place = { path: call.module.path, span: call.node.callee.span };
  const given = resolver.option(call, 'maxIter');
  const limit = given && limitOption('maxIter', given, resolver, value => value <= 0);
  const router = resolver.option(call, 'router') ?? resolver.option(call, 'defaultRouter');
  const agents = agentsOf(resolver.option(call, 'agents'), reader);
  const name = networkName(call, reader);

  const states: MachineState[] = agents.map((agent, i) => ({
    id: `agent${i}`,
    name: agent.name,
    place: agent.place,
    work: agent.work,
    raises: [],
    resets: [],
    human: false,
  }));
  const transitions: Transition[] = [];
  const counters: Counter[] = [];
  let perUnit: Work = allOf([]);
  let routed = false;

  if (router) {
    for (const value of resolver.values(router.node, router.module)) {
      if (value.kind !== 'function') continue;
      routed = true;
      const judged = judgeRouter(value.info, reader);
      perUnit = workOfCallable(router.node, router.module, reader);
      if (judged.again.length === 0) continue;
      for (const bound of judged.bounds) counters.push({ key: `${bound.text}<`, bound });
      const keys = judged.covered ? counters.map(counter => counter.key) : [];
      const routeTo = judged.again.map(way => (way.end.kind === 'return' ? way.end.at.span : value.info.node!.head));
      for (const from of states) {
        for (const to of states) {
          transitions.push({
            from: from.id,
            to: to.id,
            kind: 'route',
            label: to.name,
            place: { path: value.info.module.path, span: routeTo[0]! },
            checks: keys,
            controller: judged.controller,
          });
        }
      }
    }
  }
  if (!routed) {
    // Without a router, or with an agent as one, a model routes: one more request a hop.
    perUnit = { do: 'model', count: one, place, what: 'the routing agent' };
    for (const from of states) {
      for (const to of states)
        transitions.push({
          from: from.id,
          to: to.id,
          kind: 'route',
          label: to.name,
          place,
          checks: [],
          controller: 'model',
        });
    }
  }
  // Counters of a router are raised by every call of it: each agent's visit is one.
  const raising = counters.map(counter => counter.key);
  const fixes: FixPlan[] = call.node.arguments[0]
    ? [
        {
          title: `Set maxIter to ${suggestedIterations}`,
          safe: true,
          rules: ['unbounded-cycle', 'ineffective-bound'],
          operations: [
            {
              do: 'setOption',
              path: call.module.path,
              at: call.node.arguments[0].value.span,
              key: 'maxIter',
              value: String(suggestedIterations),
            },
          ],
        },
      ]
    : [];
  return {
    id,
    framework: 'agentkit',
    name,
    place,
    states: states.map(state => ({ ...state, raises: raising })),
    transitions,
    start: states.map(state => state.id),
    unit: 'visit',
    limit: limit?.bound,
    perUnit,
    counters,
    onLimit: 'the run ends without an error',
    open: false,
    fixes,
    disabled: limit?.disabled,
  };
}

function networkName(call: In<CallExpression>, reader: Reader): string {
  const given = reader.resolver.option(call, 'name');
  return given?.node.kind === 'literal' ? String(given.node.value) : 'network';
}

function agentsOf(given: In<Expression> | undefined, reader: Reader): { name: string; place: Place; work: Work }[] {
  const found: { name: string; place: Place; work: Work }[] = [];
  if (given) {
    for (const value of reader.resolver.values(given.node, given.module)) {
      if (value.kind !== 'list') continue;
      for (const item of value.node.items) {
        const place: Place = { path: value.module.path, span: item.span };
        const made = reader.resolver
          .values(item, value.module)
          .find((v): v is External => v.kind === 'external' && v.chain.length > 0);
        const root = made?.chain[0];
        const name = root && reader.resolver.option(root, 'name');
        found.push({
          name:
            name?.node.kind === 'literal'
              ? String(name.node.value)
              : item.kind === 'name'
                ? item.name
                : `agent ${found.length + 1}`,
          place,
          work: root ? agentWork(root, place, reader) : { do: 'model', count: one, place, what: 'agent' },
        });
      }
    }
  }
  if (found.length === 0 && given) {
    const place: Place = { path: given.module.path, span: given.node.span };
    found.push({ name: 'agent', place, work: { do: 'model', count: one, place, what: 'agent' } });
  }
  return found;
}

/** One inference, and the dearest of its tools. */
function agentWork(made: In<CallExpression>, place: Place, reader: Reader): Work {
  const tools: Work[] = [];
  const given = reader.resolver.option(made, 'tools');
  if (given) {
    for (const value of reader.resolver.values(given.node, given.module)) {
      if (value.kind !== 'list') continue;
      for (const item of value.node.items) {
        for (const tool of reader.resolver.values(item, value.module)) {
          const call = tool.kind === 'external' ? tool.chain.at(-1) : undefined;
          const handler = call && reader.resolver.option(call, 'handler');
          if (handler) tools.push(workOfCallable(handler.node, handler.module, reader));
        }
      }
    }
  }
  return allOf([{ do: 'model', count: one, place, what: 'agent' }, oneOf(tools)]);
}

interface RouterJudgement {
  /** Ways that return an agent. */
  readonly again: readonly Way[];
  readonly covered: boolean;
  readonly bounds: readonly Bound[];
  readonly controller: Controller;
}

/** A router ends a run by returning nothing: which ways go on, and what they check. */
function judgeRouter(info: FunctionInfo, reader: Reader): RouterJudgement {
  const { ways } = functionWays(info, {
    resolver: reader.resolver,
    watch: (call, module) => reader.effect(call, module) !== undefined,
  });
  const again = ways.filter(
    way => way.end.kind === 'return' && way.end.value !== undefined && !isNothing(way.end.value, info, reader),
  );
  const site: LoopSite = {
    module: info.module,
    span: info.node?.span ?? [0, Number.MAX_SAFE_INTEGER],
    initial: () => 0,
  };
  // The framework raises `callCount` and the list of results with every hop.
  const raised = again.map(way => ({ ...way, changes: [...way.changes, ...frameworkCounters(way, info, site)] }));
  const cover = coverWays(raised, raised, site, reader);
  return {
    again,
    covered: again.length > 0 && cover.open.length === 0,
    bounds: cover.bounds,
    controller: 'model',
  };
}

function isNothing(node: Expression, info: FunctionInfo, reader: Reader): boolean {
  if (node.kind === 'name' && node.name === 'undefined') return true;
  if (node.kind === 'literal' && node.value === null) return true;
  const values = reader.resolver.values(node, info.module);
  return (
    values.length > 0 &&
    values.every(value => value.kind === 'constant' && (value.value === undefined || value.value === null))
  );
}

/** Changes that the framework itself makes between two calls of the router, for the places that a way looks at. */
function frameworkCounters(way: Way, info: FunctionInfo, site: LoopSite): Way['changes'] {
  const found: Way['changes'][number][] = [];
  const add = (path: string, fact: Fact): void => {
    if (!found.some(change => change.path === path)) {
      found.push({
        path,
        how: 'up',
        by: 1,
        node: { ...fact.test, span: [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER] },
        module: info.module,
      });
    }
  };
  for (const fact of way.facts) {
    for (const atom of atomsOf(fact, site)) {
      if (isCallCount(atom.path, info) || /\.results\.length$/.test(atom.path)) add(atom.path, fact);
    }
  }
  return found;
}

function isCallCount(path: string, info: FunctionInfo): boolean {
  if (/\.callCount$/.test(path)) return true;
  const target = info.node?.parameters[0]?.target;
  if (target?.kind !== 'objectPattern') return false;
  const entry = target.entries.find(one_ => one_.key === 'callCount');
  return entry !== undefined && pathOf({ node: entry.target, module: info.module, env: undefined }) === path;
}
