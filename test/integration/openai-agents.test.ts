// OpenAI Agents: what maxTurns counts, over tools, handoffs and agents as tools. Run against the installed package.

import { Agent, type Model, Runner, run, setTracingDisabled, tool, Usage } from '@openai/agents';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Runaway } from './count.ts';

const CALLS = 60;
let calls = 0;
beforeAll(() => setTracingDisabled(true));
beforeEach(() => {
  calls = 0;
});

/** Calls one tool at every turn; without a name it answers nothing. */
function scripted(name?: string): Model {
  return {
    async getResponse() {
      if (calls === CALLS) throw new Runaway(`${CALLS} calls and no end`);
      calls++;
      const call = {
        type: 'function_call' as const,
        id: `id-${calls}`,
        callId: `call-${calls}`,
        name: name ?? '',
        status: 'completed' as const,
        arguments: '{"input":"go"}',
      };
      return { usage: new Usage(), output: name === undefined ? [] : [call] };
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

/** Model calls until the run ended by itself, by its limit or by the scripted model. */
async function count(start: () => Promise<unknown>): Promise<number | 'no end'> {
  try {
    await start();
  } catch (error) {
    if (error instanceof Runaway) return 'no end';
    if (!(error instanceof Error) || !error.message.startsWith('Max turns')) throw error;
  }
  return calls;
}

describe('maxTurns', () => {
  test('is 10 by default, also where the model answers nothing', async () => {
    expect(await count(() => run(looker(), 'go'))).toBe(10);
    calls = 0;
    expect(await count(() => run(new Agent({ name: 'mute', model: scripted() }), 'go'))).toBe(10);
  });

  test.each([
    [0, 0],
    [4, 4],
    [null, 'no end'],
    [Infinity, 'no end'],
  ])('%s', async (maxTurns, expected) => {
    expect(await count(() => run(looker(), 'go', { maxTurns }))).toBe(expected);
  });

  test('is no option of the Runner', async () => {
    const config = { tracingDisabled: true, maxTurns: 4 };
    expect(await count(() => new Runner(config).run(looker(), 'go'))).toBe(10);
  });

  test('is shared by handoffs', async () => {
    const ping = new Agent({ name: 'ping', model: scripted('transfer_to_pong') });
    const pong = new Agent({ name: 'pong', model: scripted('transfer_to_ping'), handoffs: [ping] });
    ping.handoffs.push(pong);
    expect(await count(() => run(ping, 'go'))).toBe(10);
  });

  test('starts again in an agent used as a tool', async () => {
    const inner = looker().asTool({ toolName: 'inner', toolDescription: 'Looks.', runOptions: { maxTurns: 3 } });
    const outer = new Agent({ name: 'outer', model: scripted('inner'), tools: [inner] });
    expect(await count(() => run(outer, 'go', { maxTurns: 4 }))).toBe(4 + 4 * 3);
  });

  test('does not count on with stop_on_first_tool', async () => {
    const agent = new Agent({
      name: 'one',
      model: scripted('look'),
      tools: [look],
      toolUseBehavior: 'stop_on_first_tool',
    });
    expect(await count(() => run(agent, 'go'))).toBe(1);
  });
});
