// Investigates an incident step by step. Every reply and every log goes into the history,
// and the whole history goes into every prompt.

import './script.ts';
import { openai } from '@ai-sdk/openai';
import { generateText, type ModelMessage } from 'ai';

const model = openai.chat('gpt-4.1-mini');

function readLog(request: string): string {
  return `${request}\n${'WARN queue is full, job postponed\n'.repeat(20)}`;
}

const messages: ModelMessage[] = [
  { role: 'system', content: 'Find out why jobs are late. Answer NEXT: <log> to read on or CAUSE: <cause>.' },
  { role: 'user', content: 'It began at 10:00.' },
];

while (true) {
  const { text, response } = await generateText({ model, messages });
  messages.push(...response.messages);
  if (text.startsWith('CAUSE:')) {
    console.log(text);
    break;
  }
  messages.push({ role: 'user', content: readLog(text.split('\n')[0] ?? '') });
}
