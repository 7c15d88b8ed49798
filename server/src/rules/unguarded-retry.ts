// A retry without a cap: a failure leads back to the same call.
import type { Finding } from './finding.ts';
import { loopFinding, loopSeverity } from './loop-finding.ts';
import type { Rule, Subject } from './rule.ts';

export const unguardedRetry = {
  id: 'unguarded-retry',
  what: 'A retry of a model, tool or agent call without a cap on the attempts.',
  why: 'An upstream that stays down, a rate limit or an answer that never parses makes it try for ever, and each attempt can be billed.',
  do: 'Stop after a few attempts and let the error through.',
  severity: 'warning',
  bad: {
    language: 'typescript',
    code: `import OpenAI from 'openai';

const client = new OpenAI();

export async function extract(text: string): Promise<unknown> {
  while (true) {
    try {
      const answer = await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: text }] });
      return JSON.parse(answer.choices[0]?.message.content ?? '');
    } catch (error) {
      console.error('trying again', error);
    }
  }
}
`,
  },
  good: {
    language: 'typescript',
    code: `import OpenAI from 'openai';

const client = new OpenAI();

export async function extract(text: string): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: text }] });
      return JSON.parse(answer.choices[0]?.message.content ?? '');
    } catch (error) {
      if (attempt >= 3) throw error;
    }
  }
}
`,
  },
  check(subject: Subject): Finding[] {
    return [...subject.graph.loops.values()].flatMap(loop => {
      const severity = loop.shape === 'retry' ? loopSeverity(loop, subject.highCap) : undefined;
      return severity
        ? [
            loopFinding(
              'unguarded-retry',
              loop,
              severity,
              'Stop after a few attempts and let the error through.',
              subject,
            ),
          ]
        : [];
    });
  },
} satisfies Rule;
