// Investigates an incident step by step. Every reply and every log goes into the history,
// and the whole history goes into every prompt.

import './script.ts';
import OpenAI from 'openai';

const client = new OpenAI();

function readLog(request: string): string {
  return `${request}\n${'WARN queue is full, job postponed\n'.repeat(20)}`;
}

async function investigate(incident: string): Promise<string> {
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    { role: 'system', content: 'Find the cause. Answer NEXT: <log> to read on or CAUSE: <cause>.' },
    { role: 'user', content: incident },
  ];
  while (true) {
    const completion = await client.chat.completions.create({ model: 'gpt-4.1-mini', messages });
    const reply = completion.choices[0]?.message.content ?? '';
    if (reply.startsWith('CAUSE:')) return reply;
    messages.push({ role: 'assistant', content: reply });
    messages.push({ role: 'user', content: readLog(reply.split('\n')[0] ?? '') });
  }
}

console.log(await investigate('Jobs have been late since 10:00.'));
