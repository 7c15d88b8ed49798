// LangChain agents: how many requests the recursion limit and the call limit leave. Run against the installed package.

import { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { AIMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { createAgent, modelCallLimitMiddleware } from 'langchain';
import { beforeEach, expect, test } from 'vitest';
import { z } from 'zod';

let calls = 0;
beforeEach(() => {
  calls = 0;
});

/** Asks for a tool at every turn. */
class Asking extends BaseChatModel {
  _llmType(): string {
    return 'scripted';
  }
  override bindTools() {
    return this;
  }
  async _generate() {
    calls++;
    const message = new AIMessage({ content: '', tool_calls: [{ id: `call-${calls}`, name: 'look', args: {} }] });
    return { generations: [{ text: '', message }] };
  }
}
const look = tool(async () => 'nothing there', { name: 'look', description: 'Looks.', schema: z.object({}) });
const input = { messages: [{ role: 'user', content: 'go' }] };

test('25 supersteps by default are 13 requests, then it throws', async () => {
  const agent = createAgent({ model: new Asking({}), tools: [look] });
  await expect(agent.invoke(input)).rejects.toThrow(/Recursion limit of 25/);
  expect(calls).toBe(13);
});

test('recursionLimit 9 leaves 5 requests', async () => {
  const agent = createAgent({ model: new Asking({}), tools: [look] });
  await expect(agent.invoke(input, { recursionLimit: 9 })).rejects.toThrow(/Recursion limit of 9/);
  expect(calls).toBe(5);
});

test('modelCallLimitMiddleware ends the run at its runLimit; without one it does nothing', async () => {
  const agent = createAgent({
    model: new Asking({}),
    tools: [look],
    middleware: [modelCallLimitMiddleware({ runLimit: 3 })],
  });
  await agent.invoke(input);
  expect(calls).toBe(3);
  calls = 0;
  const idle = createAgent({ model: new Asking({}), tools: [look], middleware: [modelCallLimitMiddleware({})] });
  await expect(idle.invoke(input)).rejects.toThrow(/Recursion limit/);
  expect(calls).toBeGreaterThan(3);
});
