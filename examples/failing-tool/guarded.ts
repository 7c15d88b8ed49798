// The same booking behind a guard. It sees that the tool fails again and again with one and the same error, and stops
// the fourth attempt before it runs.

import './script.ts';
import { guard, TripError, withRun } from 'loopbound';
import OpenAI from 'openai';
import { book } from './ledger.ts';

const client = new OpenAI();
const guardedBook = guard(book, { name: 'book' });

async function bookInvoice(invoice: string): Promise<string> {
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    { role: 'system', content: 'Extract supplier, amount and currency as JSON.' },
    { role: 'user', content: invoice },
  ];
  while (true) {
    const completion = await client.chat.completions.create({ model: 'gpt-4.1-mini', messages });
    try {
      return await guardedBook(JSON.parse(completion.choices[0]?.message.content ?? ''));
    } catch (error) {
      // A trip has to leave the loop: retried, it would be one more failure among many.
      if (error instanceof TripError) throw error;
      console.warn('booking failed, asking again:', (error as Error).message);
    }
  }
}

try {
  const invoice = 'Invoice 2026-118, Nordlicht GmbH, 1,240.00 EUR, due in 14 days';
  console.log(await withRun('failing-tool', () => bookInvoice(invoice)));
} catch (error) {
  if (!(error instanceof TripError)) throw error;
  console.log(`Stopped: ${error.reason}: ${error.message}`);
}
