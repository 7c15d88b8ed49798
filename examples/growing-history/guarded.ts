// The same investigation. The prompt holds the task and the latest messages, ten in all, instead of everything,
// and a budget of tokens ends a run that comes to no conclusion.

import './script.ts';
import { openai } from '@ai-sdk/openai';
import { generateText, type ModelMessage } from 'ai';
import { guard, keepFirstAndLast, TripError, withRun } from 'loopbound';

const model = openai.chat('gpt-4.1-mini');

const complete = guard((messages: ModelMessage[]) => generateText({ model, messages }), {
  name: 'complete',
  op: 'model',
  budget: { maxTokens: 20_000 },
});

function readLog(request: string): string {
  return `${request}\n${'WARN queue is full, job postponed\n'.repeat(20)}`;
}

async function investigate(): Promise<string> {
  let messages: ModelMessage[] = [
    { role: 'system', content: 'Find out why jobs are late. Answer NEXT: <log> to read on or CAUSE: <cause>.' },
    { role: 'user', content: 'It began at 10:00.' },
  ];
  while (true) {
    const { text, response } = await complete(messages);
    if (text.startsWith('CAUSE:')) return text;
    messages.push(...response.messages, { role: 'user', content: readLog(text.split('\n')[0] ?? '') });
    messages = keepFirstAndLast(messages, 10);
  }
}

try {
  console.log(await withRun('growing-history', investigate));
} catch (error) {
  if (!(error instanceof TripError)) throw error;
  console.log(`Stopped: ${error.reason}: ${error.message}`);
}
