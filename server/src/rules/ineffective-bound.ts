// A bound that is written and does nothing. Where it leaves a loop uncovered, the loop's own finding says so.
import type { Cycle } from '../graph/cycles.ts';
import { counterCover } from '../graph/cycles.ts';
import type { IdleBound } from '../graph/model.ts';
import type { Finding, Place } from './finding.ts';
import { fixesFor, type Rule, type Subject } from './rule.ts';

export const ineffectiveBound = {
  id: 'ineffective-bound',
  what: 'A limit that is written in the code and does nothing: an option that means no limit, a counter that is never compared, a middleware without its trigger.',
  why: 'It reads like a safety net, so nobody adds another one, and the day it is needed it does not hold.',
  do: 'Give it the value that makes it work, or take it out and let the bound that does the work stand alone.',
  severity: 'warning',
  bad: {
    language: 'typescript',
    code: `import { createAgent, modelCallLimitMiddleware } from 'langchain';

export const agent = createAgent({
  model: 'openai:gpt-4o',
  tools: [],
  middleware: [modelCallLimitMiddleware({ exitBehavior: 'error' })],
});
`,
  },
  good: {
    language: 'typescript',
    code: `import { createAgent, modelCallLimitMiddleware } from 'langchain';

export const agent = createAgent({
  model: 'openai:gpt-4o',
  tools: [],
  middleware: [modelCallLimitMiddleware({ runLimit: 10, exitBehavior: 'error' })],
});
`,
  },
  check({ graph, cycles }: Subject): Finding[] {
    return [...graph.idle.map(ofOption), ...cycles.flatMap(ofCycle)];
  },
} satisfies Rule;

function ofOption(idle: IdleBound): Finding {
  return {
    rule: 'ineffective-bound',
    severity: idle.severity ?? 'warning',
    message: `${idle.text}. It looks like a limit, so a runaway goes unnoticed until it is paid for. ${idle.advice}`,
    place: idle.place,
    related: idle.witness,
    controller: 'model',
    coverage: 'ineffective',
    callsPerTurn: null,
    worstCase: null,
    framework: idle.framework,
    subject: idle.name,
    fixes: fixesFor('ineffective-bound', idle.fixes),
  };
}

/** Fields that are there to count turns, by their names: others may be counted for a report. */
const turnCounter = /attempt|retr|iter|turn|count|round|step|tries|loop|revision|visit|pass/i;

/** In a cycle that something else covers. */
function ofCycle(cycle: Cycle): Finding[] {
  const { machine } = cycle;
  if (/^(missing|disabled|ineffective|bypassed)$/.test(cycle.coverage)) return [];
  const covered = `The cycle is covered by ${cycle.reason}`;
  const found: Finding[] = [];
  if (machine.disabled)
    found.push(note(cycle, machine.place, machine.disabled, `${covered}; set the option to a number, or take it out.`));
  const { idle } = counterCover(
    machine,
    cycle.states.map(state => state.id),
  );
  const field = /^(\S+) is counted but never compared$/.exec(idle ?? '')?.[1];
  if (idle && field && turnCounter.test(field)) {
    const raising = cycle.states.find(state => state.raises.some(key => key.startsWith(field)));
    found.push(note(cycle, raising?.place ?? cycle.place, idle, `${covered}; let the router compare the counter.`));
  }
  return found;
}

function note(cycle: Cycle, place: Place, what: string, advice: string): Finding {
  return {
    rule: 'ineffective-bound',
    severity: 'info',
    message: `${what}: it limits nothing. ${advice}`,
    place,
    related: cycle.witness,
    controller: cycle.controller,
    coverage: 'ineffective',
    callsPerTurn: null,
    worstCase: null,
    framework: cycle.machine.framework,
    subject: `${cycle.machine.name}: ${what}`,
    fixes: [],
  };
}
