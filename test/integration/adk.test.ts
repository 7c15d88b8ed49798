// Google ADK: what ends a LoopAgent, a routed Workflow and a transfer, and what maxLlmCalls counts. Run against the
// installed package.
import {
  AgentTool,
  BaseLlm,
  FunctionTool,
  InMemoryRunner,
  LlmAgent,
  type LlmResponse,
  LoopAgent,
  type NodeContext,
  node,
  ParallelAgent,
  type RunConfig,
  SequentialAgent,
  Workflow,
} from '@google/adk';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Runaway } from './count.ts';

const CALLS = 520;
let calls = 0;
beforeEach(() => {
  calls = 0;
});

type Answer = string | { name: string; args?: Record<string, unknown> };

/** Gives one answer at every call, a text or the call of a tool. */
class Scripted extends BaseLlm {
  readonly answer: Answer;
  constructor(answer: Answer) {
    super({ model: 'scripted' });
    this.answer = answer;
  }
  async *generateContentAsync(): AsyncGenerator<LlmResponse, void> {
    if (calls === CALLS) throw new Runaway(`${CALLS} calls and no end`);
    calls++;
    const { answer } = this;
    const part =
      typeof answer === 'string' ? { text: answer } : { functionCall: { id: `call-${calls}`, args: {}, ...answer } };
    yield { content: { role: 'model', parts: [part] } };
  }
  connect(): never {
    throw new Error('not scripted');
  }
}
const ten = { maxLlmCalls: 10 } as RunConfig;
const look = new FunctionTool({
  name: 'look',
  description: 'Looks.',
  parameters: z.object({}),
  execute: () => 'nothing there',
});
const writer = (name = 'writer', answer: Answer = 'text') => new LlmAgent({ name, model: new Scripted(answer) });
const looker = (name = 'looker') =>
  new LlmAgent({ name, model: new Scripted({ name: 'look' }), tools: [look], includeContents: 'none' });

/** Model calls until the run ended by itself, by its limit or by the scripted model. */
async function count(agent: Root, runConfig?: RunConfig): Promise<number | 'no end' | 'errors for ever'> {
  const runner = new InMemoryRunner({ agent, appName: 'test' });
  const session = await runner.sessionService.createSession({ appName: 'test', userId: 'u' });
  let errors = 0;
  const newMessage = { role: 'user', parts: [{ text: 'go' }] };
  const run = { userId: 'u', sessionId: session.id, newMessage, ...(runConfig && { runConfig }) };
  try {
    for await (const event of runner.runAsync(run)) {
      if (event.errorMessage?.includes('no end')) return 'no end';
      if (!event.errorMessage) continue;
      expect(event.errorMessage).toMatch(/Max number of llm calls/);
      // More than all the agents of a test could give on their way out.
      if (++errors > 20) return 'errors for ever';
    }
  } catch (error) {
    if (String(error).includes('no end')) return 'no end';
    throw error;
  }
  return calls;
}
type Root = ConstructorParameters<typeof InMemoryRunner>[0]['agent'];

describe('maxLlmCalls', () => {
  test.each([
    ['nothing', undefined, 500],
    ['a number', { maxLlmCalls: 4 }, 4],
    ['zero', { maxLlmCalls: 0 }, 'no end'],
    ['a negative number', { maxLlmCalls: -1 }, 'no end'],
  ] as const)('with %s', async (_name, config, expected) => {
    expect(await count(looker(), config as RunConfig | undefined)).toBe(expected);
  });

  test('Infinity is refused', async () => {
    await expect(count(looker(), { maxLlmCalls: Infinity })).rejects.toThrow('should be less than');
  });

  test.each([
    ['side by side', () => new ParallelAgent({ name: 'both', subAgents: [looker('a'), looker('b')] })],
    ['one after the other', () => new SequentialAgent({ name: 'two', subAgents: [writer('a'), looker('b')] })],
  ])('is shared by the agents of a run, %s', async (_name, agent) => {
    expect(await count(agent(), ten)).toBe(10);
  });

  test('is shared by transfers, which have no other limit', async () => {
    const to = (agentName: string) => new Scripted({ name: 'transfer_to_agent', args: { agentName } });
    const below = new LlmAgent({ name: 'below', model: to('root') });
    const root = new LlmAgent({ name: 'root', model: to('below'), subAgents: [below] });
    await count(root, ten);
    expect(calls).toBe(10);
  });

  test('begins anew in an AgentTool', async () => {
    const model = new Scripted({ name: 'inner', args: { request: 'go' } });
    const tools = [new AgentTool({ agent: looker('inner') })];
    expect(await count(new LlmAgent({ name: 'outer', model, tools }), { maxLlmCalls: 1 } as RunConfig)).toBe(1 + 500);
  });
});

describe('LoopAgent', () => {
  const loop = (options: { maxIterations?: number }) =>
    new LoopAgent({ name: 'loop', subAgents: [writer('a'), writer('b')], ...options });

  test('has no limit of its own, and goes round for ever on the errors of the run limit', async () => {
    expect(await count(loop({}), ten)).toBe('errors for ever');
    expect(calls).toBe(10);
    calls = 0;
    expect(await count(loop({}), { maxLlmCalls: 0 } as RunConfig)).toBe('no end');
  });

  test.each([
    [3, 6],
    [0, 0],
  ])('maxIterations %i', async (maxIterations, expected) => {
    expect(await count(loop({ maxIterations }))).toBe(expected);
  });
});

describe('Workflow', () => {
  /** Functions that go round; the second decides. */
  const cycle = (again: () => boolean) => {
    const first = node(
      async () => {
        calls++;
        return 'text';
      },
      { name: 'first' },
    );
    const second = node(
      async (ctx: NodeContext) => {
        if (again()) ctx.route = 'again';
        return 'text';
      },
      { name: 'second' },
    );
    return new Workflow({ name: 'flow', edges: [['START', first, second, { again: first }]] });
  };

  test('a routed edge that leads back has no limit', async () => {
    await count(cycle(() => calls < CALLS));
    expect(calls).toBe(CALLS);
  });

  test('its agents share the limit of the run', async () => {
    const again = node(
      async (ctx: NodeContext) => {
        ctx.route = 'again';
        return 'text';
      },
      { name: 'again' },
    );
    const first = writer('first');
    const flow = new Workflow({ name: 'flow', edges: [['START', first, again, { again: first }]] });
    await count(flow, ten).catch(error => expect(String(error)).toMatch(/Max number of llm calls/));
    expect(calls).toBe(10);
  });
});
