// A live cycle of a graph, network or flow that nothing bounds.

import type { Cycle } from '../graph/cycles.ts';
import type { Work } from '../graph/model.ts';
import { asNumber, report } from '../program/quantity.ts';
import type { Finding, Severity } from './finding.ts';
import { calls, callsOf, cycleFixes, type Rule, type Subject } from './rule.ts';

export const unboundedCycle = {
  id: 'unbounded-cycle',
  what: 'A cycle of graph edges, routers, handoffs or delegations that nothing bounds.',
  why: 'Whether it goes round again is decided by a model’s answer, so a run can make model calls until the account is empty.',
  do: 'Set the framework’s limit for a run (recursionLimit, maxIter, maxTurns), or let the router count its turns and stop.',
  severity: 'warning',
  bad: {
    language: 'typescript',
    code: `import { createAgent, createNetwork, openai } from '@inngest/agent-kit';

const writer = createAgent({ name: 'writer', system: 'Write.', model: openai({ model: 'gpt-4o' }) });

export const network = createNetwork({
  name: 'writing',
  agents: [writer],
  router: ({ network }) => (network.state.data.approved ? undefined : writer),
});
`,
  },
  good: {
    language: 'typescript',
    code: `import { createAgent, createNetwork, openai } from '@inngest/agent-kit';

const writer = createAgent({ name: 'writer', system: 'Write.', model: openai({ model: 'gpt-4o' }) });

export const network = createNetwork({
  name: 'writing',
  agents: [writer],
  maxIter: 8,
  router: ({ network }) => (network.state.data.approved ? undefined : writer),
});
`,
  },
  check(subject: Subject): Finding[] {
    return subject.cycles.flatMap(cycle => {
      const severity = severityOf(cycle, subject.highCap);
      return severity ? [finding(cycle, severity, subject)] : [];
    });
  },
} satisfies Rule;

function severityOf(cycle: Cycle, highCap: number): Severity | undefined {
  switch (cycle.coverage) {
    case 'missing':
    case 'disabled':
    case 'ineffective':
    case 'bypassed':
      // Where edges could not be read, the way out may be among them.
      return cycle.machine.open && cycle.machine.unit === 'superstep' ? 'info' : 'warning';
    case 'verified': {
      const high = cycle.bounds.some(
        bound => bound.kind === 'frameworkLimit' && (asNumber(bound.limit) ?? 0) >= highCap,
      );
      return high ? 'info' : undefined;
    }
    default:
      return undefined;
  }
}

function finding(cycle: Cycle, severity: Severity, { worst }: Subject): Finding {
  const names = ring(cycle);
  const perTurn = cycle.states.reduce<Work>(
    (all, state) => ({ do: 'all', parts: [all, state.work, cycle.machine.perUnit] }),
    { do: 'all', parts: [] },
  );
  const turn = worst.work(cycle.path.length > 0 ? pathWork(cycle) : perTurn);
  const high = cycle.coverage === 'verified';
  const worstCase = high ? worst.machine(cycle.machine, cycle.bounds[0]) : 'endless';
  const decided =
    cycle.controller === 'model'
      ? 'the model decides each turn'
      : cycle.controller === 'deterministic'
        ? 'each turn leads to the next'
        : `the ${cycle.controller} side decides each turn`;
  const message = high
    ? `The cycle ${names} is limited only by ${cycle.reason}: at worst ${calls(report(worstCase))} in one run. A limit that high is a cost, not a safety net; lower it to what an honest run needs.`
    : `The cycle ${names} has no bound: ${cycle.reason}, and ${decided}. Each turn costs ${calls(report(turn))}, again and again. ${advice(cycle)}`;
  return {
    rule: 'unbounded-cycle',
    severity,
    message,
    place: cycle.place,
    related: [
      ...cycle.witness,
      ...cycle.runs.map(run => ({
        ...run.place,
        message: run.disabled ? `this run has no limit: ${run.disabled}` : 'this run sets no limit',
      })),
    ],
    controller: cycle.controller,
    coverage: high ? 'weak' : cycle.coverage,
    callsPerTurn: callsOf(turn),
    worstCase: report(worstCase),
    framework: cycle.machine.framework,
    subject: `${cycle.machine.name}: ${names}`,
    fixes: cycleFixes('unbounded-cycle', cycle),
  };
}

export function ring(cycle: Cycle): string {
  const name = (id: string): string => cycle.machine.states.find(state => state.id === id)?.name ?? id;
  const first = cycle.path[0];
  if (!first) return cycle.states.map(state => state.name).join(' ⇄ ');
  return [...cycle.path.map(t => name(t.from)), name(first.from)].join(' → ');
}

function pathWork(cycle: Cycle): Work {
  const states = cycle.path.map(t => cycle.machine.states.find(state => state.id === t.from)!);
  return { do: 'all', parts: states.flatMap(state => [state.work, cycle.machine.perUnit]) };
}

function advice(cycle: Cycle): string {
  switch (cycle.machine.framework) {
    case 'langgraph':
      return 'Give the run a recursionLimit, or count turns in the state and let the router end at a limit.';
    case 'agentkit':
      return 'Set maxIter on the network, or return undefined from the router at a callCount.';
    case 'flows':
      return 'Count the rounds in the flow’s state and let the router give out another label at a limit.';
    case 'beeai':
      return 'Count turns in the state, or compare the number of steps that ran (context.steps.length), and return Workflow.END.';
    case 'xstate':
      return 'Count turns in the context and let a guard end at a limit: maxIterations does not see this cycle.';
    case 'llamaindex-agents':
      return 'The package has no limit: count the model’s answers while reading runStream and leave the loop, or guard the model’s chat.';
    default:
      return 'Set the framework’s limit for a run, or count turns and stop.';
  }
}
