// A list or text that grows on a live loop and is never cut back.
import type { Cycle } from '../graph/cycles.ts';
import type { Growth, Loop } from '../graph/model.ts';
import type { Coverage, Finding, Severity } from './finding.ts';
import { fixesFor, type Rule, type Subject } from './rule.ts';
import { ring } from './unbounded-cycle.ts';

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
  check({ graph, cycles }: Subject): Finding[] {
    return graph.growths.flatMap(growth => {
      if (growth.trimmedBy !== undefined || !growth.feedsPrompt) return [];
      const loop = graph.loops.get(growth.within);
      if (loop) return of(growth, loop, `the loop in ${loop.name}`, loop.sure || loop.service === true);
      const cycle = cycles.find(one => one.machine.id === growth.within && !covered.test(one.coverage));
      return cycle ? of(growth, cycle, `the cycle ${ring(cycle)}`, !cycle.machine.open) : [];
    });
  },
} satisfies Rule;

const covered = /^(verified|framework-default|config-dependent)$/;

function of(growth: Growth, round: Loop | Cycle, where: string, sure: boolean): Finding[] {
  const severity = severityOf(round.coverage, sure);
  if (!severity) return [];
  return [
    {
      rule: 'unbounded-state',
      severity,
      message: `${growth.field} grows with every turn of ${where} and is never trimmed. It is part of the prompt, and each turn sends all the earlier ones again: the tokens of a turn grow linearly, those of the run quadratically. Send only its first and last messages, or summarise it.`,
      place: growth.place,
      related: round.witness,
      controller: round.controller,
      coverage: 'missing',
      callsPerTurn: null,
      worstCase: null,
      framework: growth.framework,
      subject: `${where}: ${growth.field}`,
      fixes: fixesFor('unbounded-state', growth.fixes),
    },
  ];
}

function severityOf(coverage: Coverage, sure: boolean): Severity | undefined {
  switch (coverage) {
    case 'missing':
    case 'ineffective':
    case 'bypassed':
    case 'disabled':
      return sure ? 'warning' : 'info';
    case 'human-gated':
      return 'info';
    default:
      return undefined;
  }
}
