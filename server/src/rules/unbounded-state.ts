// A list or text that grows on a live loop and is never cut back.
import type { Loop } from '../graph/model.ts';
import type { Finding, Severity } from './finding.ts';
import { fixesFor, type Rule, type Subject } from './rule.ts';

export const unboundedState = {
  id: 'unbounded-state',
  what: 'A list or text that grows with every turn of a loop and is never trimmed.',
  why: 'Sent with each prompt, it makes the tokens of a turn grow linearly and those of the run quadratically, until the context is full.',
  do: 'Send a window of it (the first message and the last few), summarise it, or bound the loop.',
  severity: 'warning',
  bad: {
    language: 'typescript',
    code: `import OpenAI from 'openai';

const client = new OpenAI();

export async function chat(messages: OpenAI.ChatCompletionMessageParam[]): Promise<void> {
  let done = false;
  while (!done) {
    const answer = await client.chat.completions.create({ model: 'gpt-4o', messages });
    messages.push(answer.choices[0]!.message);
    done = answer.choices[0]!.finish_reason === 'stop';
  }
}
`,
  },
  good: {
    language: 'typescript',
    code: `import OpenAI from 'openai';
import { keepFirstAndLast } from 'loopbound';

const client = new OpenAI();

export async function chat(messages: OpenAI.ChatCompletionMessageParam[]): Promise<void> {
  for (let turn = 0; turn < 8; turn++) {
    const answer = await client.chat.completions.create({ model: 'gpt-4o', messages: keepFirstAndLast(messages, 10) });
    messages.push(answer.choices[0]!.message);
    if (answer.choices[0]!.finish_reason === 'stop') return;
  }
}
`,
  },
  check({ graph }: Subject): Finding[] {
    return graph.growths.flatMap(growth => {
      const loop = graph.loops.get(growth.within);
      if (!loop || growth.trimmedBy !== undefined) return [];
      const severity = severityOf(loop, growth.feedsPrompt);
      if (!severity) return [];
      return [
        {
          rule: 'unbounded-state' as const,
          severity,
          message: `${growth.field} grows with every turn of the loop in ${loop.name} and is never trimmed. ${
            growth.feedsPrompt
              ? 'It is part of the prompt: the tokens of a turn grow linearly, those of the run quadratically.'
              : 'It stays in memory for as long as the loop runs.'
          } Send only its first and last messages, or summarise it.`,
          place: growth.place,
          related: loop.witness,
          controller: loop.controller,
          coverage: 'missing' as const,
          callsPerTurn: null,
          worstCase: null,
          framework: growth.framework,
          subject: `${loop.name}: ${growth.field}`,
          fixes: fixesFor('unbounded-state', growth.fixes),
        },
      ];
    });
  },
} satisfies Rule;

function severityOf(loop: Loop, feedsPrompt: boolean): Severity | undefined {
  if (!feedsPrompt) return undefined;
  switch (loop.coverage) {
    case 'missing':
    case 'ineffective':
    case 'bypassed':
    case 'disabled':
      return loop.sure ? 'warning' : 'info';
    case 'human-gated':
      return 'info';
    default:
      return undefined;
  }
}
