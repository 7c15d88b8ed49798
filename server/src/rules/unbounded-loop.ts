// A loop or recursion in plain code around a model or tool call, with an exit that nothing deterministic decides.
import type { Finding } from './finding.ts';
import { loopFinding, loopSeverity } from './loop-finding.ts';
import type { Rule, Subject } from './rule.ts';

export const unboundedLoop = {
  id: 'unbounded-loop',
  what: 'A loop or recursion in plain code around a model, tool or agent call, without a bound.',
  why: 'When the model never gives the answer that ends it, every turn is paid for, and the prompt often grows with it.',
  do: 'Count the turns and stop at a limit, or take them from a loopBudget.',
  severity: 'warning',
  bad: {
    language: 'typescript',
    code: `import OpenAI from 'openai';

const client = new OpenAI();

export async function review(text: string): Promise<string> {
  while (true) {
    const answer = await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: text }] });
    text = answer.choices[0]?.message.content ?? '';
    if (text.includes('APPROVED')) return text;
  }
}
`,
  },
  good: {
    language: 'typescript',
    code: `import OpenAI from 'openai';

const client = new OpenAI();

export async function review(text: string): Promise<string> {
  for (let turn = 0; turn < 5; turn++) {
    const answer = await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: text }] });
    text = answer.choices[0]?.message.content ?? '';
    if (text.includes('APPROVED')) return text;
  }
  return text;
}
`,
  },
  check(subject: Subject): Finding[] {
    return [...subject.graph.loops.values()].flatMap(loop => {
      const severity = loop.shape === 'retry' ? undefined : loopSeverity(loop, subject.highCap);
      return severity
        ? [loopFinding('unbounded-loop', loop, severity, 'Count the turns and stop at a limit.', subject)]
        : [];
    });
  },
} satisfies Rule;
