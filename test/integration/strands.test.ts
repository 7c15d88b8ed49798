// Strands Agents: agents, graphs and swarms have no limit unless one is set. Run against the installed package.
import { Agent, Graph, Model, type ModelStreamEvent, Swarm, tool } from '@strands-agents/sdk';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';

const CALLS = 60;
let calls = 0;
beforeEach(() => {
  calls = 0;
});
class Scripted extends Model {
  readonly toolName: string | undefined;
  readonly input: string;
  constructor(toolName?: string, input = '{}') {
    super();
    this.toolName = toolName;
    this.input = input;
  }
  updateConfig() {
    throw new Error('not scripted');
  }
  getConfig() {
    return { modelId: 'scripted' };
  }
  async *stream(): AsyncIterable<ModelStreamEvent> {
    if (calls === CALLS) throw new Error('no end');
    calls++;
    yield { type: 'modelMessageStartEvent', role: 'assistant' };
    if (this.toolName) {
      yield {
        type: 'modelContentBlockStartEvent',
        start: { type: 'toolUseStart', name: this.toolName, toolUseId: `t${calls}` },
      };
      yield { type: 'modelContentBlockDeltaEvent', delta: { type: 'toolUseInputDelta', input: this.input } };
      yield { type: 'modelContentBlockStopEvent' };
      yield { type: 'modelMessageStopEvent', stopReason: 'toolUse' };
    } else {
      yield { type: 'modelContentBlockStartEvent' };
      yield { type: 'modelContentBlockDeltaEvent', delta: { type: 'textDelta', text: 'text' } };
      yield { type: 'modelContentBlockStopEvent' };
      yield { type: 'modelMessageStopEvent', stopReason: 'endTurn' };
    }
  }
}
const look = tool({ name: 'look', description: 'Looks.', inputSchema: z.object({}), callback: () => 'nothing' });
async function count(run: () => PromiseLike<unknown>): Promise<number | 'no end'> {
  try {
    await run();
  } catch (error) {
    if (calls === CALLS) return 'no end';
    if (!/max steps reached|reached step limit/.test(String(error))) throw error;
  }
  return calls === CALLS ? 'no end' : calls;
}
const looker = () => new Agent({ model: new Scripted('look'), tools: [look], printer: false });

describe('limits.turns of an agent', () => {
  test('has no default', async () => {
    expect(await count(() => looker().invoke('go'))).toBe('no end');
  });

  test('ends the run', async () => {
    expect(await count(() => looker().invoke('go', { limits: { turns: 3 } }))).toBe(3);
  });

  test.each([0, Infinity])('%d is refused', async turns => {
    await expect(looker().invoke('go', { limits: { turns } })).rejects.toThrow('positive finite number');
  });
});

describe('maxSteps of a graph', () => {
  const agent = (id: string) => new Agent({ id, model: new Scripted(), printer: false });
  const cycle = (options: { maxSteps?: number }) =>
    new Graph({
      nodes: [agent('a'), agent('b')],
      edges: [
        ['a', 'b'],
        ['b', 'a'],
      ],
      sources: ['a'],
      ...options,
    });
  test.each([
    [{}, 'no end'],
    [{ maxSteps: Infinity }, 'no end'],
    [{ maxSteps: 4 }, 4],
  ])('%o', async (options, expected) => {
    expect(await count(() => cycle(options).invoke('go'))).toBe(expected);
  });
});

describe('maxSteps of a swarm', () => {
  const agent = (id: string, to: string) =>
    new Agent({
      id,
      model: new Scripted('strands_structured_output', JSON.stringify({ agentId: to, message: 'go' })),
      printer: false,
    });
  const swarm = (options: { maxSteps?: number }) =>
    new Swarm({ nodes: [agent('a', 'b'), agent('b', 'a')], ...options });
  test.each([
    [{}, 'no end'],
    [{ maxSteps: Infinity }, 'no end'],
    [{ maxSteps: 4 }, 4],
  ])('%o', async (options, expected) => {
    expect(await count(() => swarm(options).invoke('go'))).toBe(expected);
  });

  test('0 is refused', () => {
    expect(() => swarm({ maxSteps: 0 })).toThrow('must be at least 1');
  });
});
