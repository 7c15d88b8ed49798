// OpenAI Agents: budgets that start again, histories that grow, limits that are caught. Run against the installed package.

import {
  Agent,
  MaxTurnsExceededError,
  MemorySession,
  type Model,
  type ModelRequest,
  Runner,
  run,
  setTracingDisabled,
  tool,
  Usage,
} from '@openai/agents';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';

let calls = 0;
let sizes: number[] = [];
beforeAll(() => setTracingDisabled(true));
beforeEach(() => {
  calls = 0;
  sizes = [];
});

/** Calls one tool at every turn; without a name it answers with a text. */
function scripted(name?: string): Model {
  return {
    async getResponse(request: ModelRequest) {
      calls++;
      sizes.push(typeof request.input === 'string' ? 1 : request.input.length);
      const output = name
        ? {
            type: 'function_call' as const,
            id: `id-${calls}`,
            callId: `call-${calls}`,
            name,
            status: 'completed' as const,
            arguments: '{"input":"go"}',
          }
        : {
            type: 'message' as const,
            role: 'assistant' as const,
            status: 'completed' as const,
            content: [{ type: 'output_text' as const, text: 'done' }],
          };
      return { usage: new Usage(), output: [output] };
    },
    async *getStreamedResponse() {
      yield* [];
      throw new Error('not scripted');
    },
  };
}
const look = tool({
  name: 'look',
  description: 'Looks.',
  parameters: z.object({ input: z.string() }),
  execute: async () => 'nothing there',
});
const looker = () => new Agent({ name: 'looker', model: scripted('look'), tools: [look] });

describe('asTool', () => {
  test('has ten turns of its own each time: ten times ten', async () => {
    const inner = looker().asTool({ toolName: 'inner', toolDescription: 'Looks.' });
    const outer = new Agent({ name: 'outer', model: scripted('inner'), tools: [inner] });
    await expect(run(outer, 'go')).rejects.toThrow(MaxTurnsExceededError);
    expect(calls).toBe(10 + 10 * 10);
  });

  test('does not take the limit of the run around it', async () => {
    const inner = looker().asTool({ toolName: 'inner', toolDescription: 'Looks.' });
    const outer = new Agent({ name: 'outer', model: scripted('inner'), tools: [inner] });
    await expect(run(outer, 'go', { maxTurns: 2 })).rejects.toThrow(MaxTurnsExceededError);
    expect(calls).toBe(2 + 2 * 10);
  });
});

describe('handoffs', () => {
  const pair = () => {
    const ping = new Agent({ name: 'ping', model: scripted('transfer_to_pong') });
    const pong = new Agent({ name: 'pong', model: scripted('transfer_to_ping') });
    return { ping, pong };
  };

  test('that are pushed or assigned later count', async () => {
    const { ping, pong } = pair();
    ping.handoffs.push(pong);
    pong.handoffs = [ping];
    await expect(run(ping, 'go', { maxTurns: 7 })).rejects.toThrow(MaxTurnsExceededError);
    expect(calls).toBe(7);
  });

  test('of Agent.create count', async () => {
    const end = new Agent({ name: 'end', model: scripted() });
    const start = Agent.create({ name: 'start', model: scripted('transfer_to_end'), handoffs: [end] });
    await run(start, 'go');
    expect(calls).toBe(2);
  });
});

describe('a limit that is hit', () => {
  test('can be answered by errorHandlers: no error, no further call', async () => {
    const result = await run(looker(), 'go', {
      maxTurns: 3,
      errorHandlers: { maxTurns: () => ({ finalOutput: 'gave up' }) },
    });
    expect([result.finalOutput, calls]).toEqual(['gave up', 3]);
  });

  test('can be caught, and a run with more turns goes on from its state', async () => {
    const agent = looker();
    const caught = await run(agent, 'go', { maxTurns: 3 }).catch((error: unknown) => error);
    if (!(caught instanceof MaxTurnsExceededError) || !caught.state) throw caught;
    await expect(run(agent, caught.state as never, { maxTurns: 5 })).rejects.toThrow(MaxTurnsExceededError);
    expect(calls).toBe(5);
  });
});

describe('histories', () => {
  test('a session holds every turn, and each request has all of them', async () => {
    const session = new MemorySession();
    const agent = new Agent({ name: 'talker', model: scripted() });
    for (let turn = 0; turn < 4; turn++) await run(agent, 'go on', { session });
    expect(sizes).toEqual([1, 3, 5, 7]);
  });

  test('result.history that is fed back grows the same way', async () => {
    const agent = new Agent({ name: 'talker', model: scripted() });
    let input = (await run(agent, 'go on')).history;
    for (let turn = 0; turn < 3; turn++)
      input = (await run(agent, [...input, { role: 'user', content: 'go on' }])).history;
    expect(sizes).toEqual([1, 3, 5, 7]);
  });
});

test('the Runner has no maxTurns of its own, but its run has', async () => {
  await expect(new Runner().run(looker(), 'go', { maxTurns: 4 })).rejects.toThrow(MaxTurnsExceededError);
  expect(calls).toBe(4);
});
