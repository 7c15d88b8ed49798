// A catch that swallows the error of a limit, in a loop that then goes on.
import type { Finding } from './finding.ts';
import { callsOf, fixesFor, type Rule, type Subject } from './rule.ts';

export const swallowedTrip = {
  id: 'swallowed-trip',
  what: 'A catch that swallows the error with which a guard or a framework stopped a run, in a loop that goes on.',
  why: 'The limit did its work, and the loop starts the run again: the bound turns into a retry without a bound.',
  do: 'Let the limit’s error through, or leave the loop when it comes.',
  severity: 'warning',
  bad: {
    language: 'typescript',
    code: `import { guard } from 'loopbound';
import OpenAI from 'openai';

const client = new OpenAI();
const ask = guard(
  (text: string) => client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: text }] }),
  { budget: { maxCalls: 6 } },
);

export async function answer(text: string) {
  while (true) {
    try {
      return await ask(text);
    } catch (error) {
      console.warn(error);
    }
  }
}
`,
  },
  good: {
    language: 'typescript',
    code: `import { guard, isTripError } from 'loopbound';
import OpenAI from 'openai';

const client = new OpenAI();
const ask = guard(
  (text: string) => client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: text }] }),
  { budget: { maxCalls: 6 } },
);

export async function answer(text: string) {
  while (true) {
    try {
      return await ask(text);
    } catch (error) {
      if (isTripError(error)) throw error;
      console.warn(error);
    }
  }
}
`,
  },
  check({ graph, worst }: Subject): Finding[] {
    return graph.swallows.flatMap(swallow => {
      const loop = graph.loops.get(swallow.loop);
      if (!loop) return [];
      return [
        {
          rule: 'swallowed-trip' as const,
          severity: loop.sure ? ('warning' as const) : ('info' as const),
          message: `This catch swallows ${swallow.error}, and the loop in ${loop.name} goes on: the limit that stopped the run is undone, and the calls go on. Let the error through, or leave the loop.`,
          place: swallow.place,
          related: loop.witness,
          controller: 'exception' as const,
          coverage: 'bypassed' as const,
          callsPerTurn: callsOf(worst.turn(loop)),
          worstCase: null,
          framework: loop.framework,
          subject: `${loop.name}: ${swallow.error}`,
          fixes: fixesFor('swallowed-trip', swallow.fixes),
        },
      ];
    });
  },
} satisfies Rule;
