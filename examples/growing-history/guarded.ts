// The same investigation. The prompt holds the task and the latest messages, ten in all, instead of everything,
// and a budget of tokens ends a run that comes to no conclusion.

import './script.ts';
import { guard, keepFirstAndLast, TripError, withRun } from 'loopbound';
import OpenAI from 'openai';

const client = new OpenAI();

const complete = guard(
  (messages: OpenAI.ChatCompletionMessageParam[]) =>
    client.chat.completions.create({ model: 'gpt-4.1-mini', messages }),
  { name: 'complete', op: 'model', budget: { maxTokens: 20_000 } },
);

function readLog(request: string): string {
  return `${request}\n${'WARN queue is full, job postponed\n'.repeat(20)}`;
}

async function investigate(incident: string): Promise<string> {
  let messages: OpenAI.ChatCompletionMessageParam[] = [
    { role: 'system', content: `Find the cause. Answer NEXT: <log> to read on or CAUSE: <cause>. ${incident}` },
    { role: 'user', content: 'Begin.' },
  ];
  while (true) {
    const completion = await complete(messages);
    const reply = completion.choices[0]?.message.content ?? '';
    if (reply.startsWith('CAUSE:')) return reply;
    messages.push({ role: 'assistant', content: reply });
    messages.push({ role: 'user', content: readLog(reply.split('\n')[0] ?? '') });
    messages = keepFirstAndLast(messages, 10);
  }
}

try {
  console.log(await withRun('growing-history', () => investigate('Jobs have been late since 10:00.')));
} catch (error) {
  if (!(error instanceof TripError)) throw error;
  console.log(`Stopped: ${error.reason}: ${error.message}`);
}
