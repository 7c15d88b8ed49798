// Reads an invoice with a model and books it. When that fails, the model is asked again, for ever.

import './script.ts';
import OpenAI from 'openai';
import { book } from './ledger.ts';

const client = new OpenAI();

async function readAndBook(invoice: string): Promise<string> {
  const completion = await client.chat.completions.create({
    model: 'gpt-4.1-mini',
    messages: [
      { role: 'system', content: 'Extract supplier, amount and currency as JSON.' },
      { role: 'user', content: invoice },
    ],
  });
  return await book(JSON.parse(completion.choices[0]?.message.content ?? ''));
}

async function bookInvoice(invoice: string): Promise<string> {
  while (true) {
    try {
      return await readAndBook(invoice);
    } catch (error) {
      console.warn('booking failed, asking again:', (error as Error).message);
    }
  }
}

console.log(await bookInvoice('Invoice 2026-118, Nordlicht GmbH, 1,240.00 EUR, due in 14 days'));
