// Model calls side by side for each element of a list that a model wrote, above all where a cycle multiplies them.
import type { AgentGraph, FanOut, Work } from '../graph/model.ts';
import type { Coverage, Finding, Hop } from './finding.ts';
import { fixesFor, type Rule, type Subject } from './rule.ts';
import { ring } from './unbounded-cycle.ts';

export const fanOut = {
  id: 'fan-out',
  what: 'Model calls side by side, one for each element of a list that a model wrote and nothing cuts.',
  why: 'One answer with a hundred entries is a hundred calls at once; inside a cycle each turn multiplies them.',
  do: 'Take the first few elements only, or ask for a list of a stated length and check it.',
  severity: 'info',
  bad: {
    language: 'typescript',
    code: `import OpenAI from 'openai';

const client = new OpenAI();
const ask = async (text: string) => {
  const answer = await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: text }] });
  return answer.choices[0]?.message.content ?? '';
};

export async function research(question: string) {
  const plan = await ask(\`Questions to look into, as a JSON list: \${question}\`);
  const questions: string[] = JSON.parse(plan);
  return Promise.all(questions.map(one => ask(one)));
}
`,
  },
  good: {
    language: 'typescript',
    code: `import OpenAI from 'openai';

const client = new OpenAI();
const ask = async (text: string) => {
  const answer = await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: text }] });
  return answer.choices[0]?.message.content ?? '';
};

export async function research(question: string) {
  const plan = await ask(\`Questions to look into, as a JSON list: \${question}\`);
  const questions: string[] = JSON.parse(plan);
  return Promise.all(questions.slice(0, 5).map(one => ask(one)));
}
`,
  },
  check(subject: Subject): Finding[] {
    return subject.graph.fanOuts.map(one => finding(one, subject));
  },
} satisfies Rule;

function finding(one: FanOut, subject: Subject): Finding {
  const around = cycleAround(one, subject);
  return {
    rule: 'fan-out',
    severity: around ? 'warning' : 'info',
    message: `${one.name} makes calls side by side for each of ${one.list}, a list that a model wrote: one long answer is as many calls. ${
      around ? `It does so on every turn of ${around.text}, which multiplies them. ` : ''
    }Take the first few elements only.`,
    place: one.place,
    related: [{ ...one.at, message: `a call for each of ${one.list}` }, ...(around?.hops ?? [])],
    controller: 'model',
    coverage: around?.coverage ?? 'missing',
    callsPerTurn: null,
    worstCase: null,
    framework: one.framework,
    subject: `${one.name}: ${one.list}`,
    fixes: fixesFor('fan-out', one.fixes),
  };
}

/** A loop or cycle that nothing, or only a default, limits, and that the calls are part of. */
function cycleAround(
  one: FanOut,
  { graph, cycles }: Subject,
): { text: string; coverage: Coverage; hops: readonly Hop[] } | undefined {
  const weak = (coverage: Coverage): boolean =>
    /^(missing|ineffective|bypassed|disabled|framework-default)$/.test(coverage);
  for (const loop of graph.loops.values()) {
    if (loop.sure && weak(loop.coverage) && holds(loop.body, one, graph, new Set()))
      return { text: `the loop in ${loop.name}`, coverage: loop.coverage, hops: loop.witness };
  }
  for (const cycle of cycles) {
    if (weak(cycle.coverage) && cycle.states.some(state => holds(state.work, one, graph, new Set())))
      return { text: `the cycle ${ring(cycle)}`, coverage: cycle.coverage, hops: cycle.witness };
  }
  return undefined;
}

function holds(work: Work, one: FanOut, graph: AgentGraph, seen: Set<string>): boolean {
  switch (work.do) {
    case 'enter': {
      if (seen.has(work.step)) return false;
      seen.add(work.step);
      const step = graph.steps.get(work.step);
      return step !== undefined && holds(step.work, one, graph, seen);
    }
    case 'all':
      return work.parts.some(part => holds(part, one, graph, seen));
    case 'one':
      return work.options.some(option => holds(option, one, graph, seen));
    case 'repeat':
      return holds(work.body, one, graph, seen);
    case 'times':
      return (
        (work.place.path === one.at.path &&
          work.place.span[0] === one.at.span[0] &&
          work.place.span[1] === one.at.span[1]) ||
        holds(work.body, one, graph, seen)
      );
    default:
      return false;
  }
}
