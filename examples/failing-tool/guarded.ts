// The same booking behind a guard. It sees one call fail with one and the same error twice, and stops the third
// attempt before it runs.

import './script.ts';
import { guard, TripError, withRun } from 'loopbound';
import OpenAI from 'openai';
import { book } from './ledger.ts';

const client = new OpenAI();

const readAndBook = guard(async function readAndBook(invoice: string): Promise<string> {
  const completion = await client.chat.completions.create({
    model: 'gpt-4.1-mini',
    messages: [
      { role: 'system', content: 'Extract supplier, amount and currency as JSON.' },
      { role: 'user', content: invoice },
    ],
  });
  return await book(JSON.parse(completion.choices[0]?.message.content ?? ''));
});

async function bookInvoice(invoice: string): Promise<string> {
  while (true) {
    try {
      return await readAndBook(invoice);
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
