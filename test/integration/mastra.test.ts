// Mastra: what limits an agent's steps, a network and the loops of a workflow. Run against the installed package.

import { Agent } from '@mastra/core/agent';
import { createTool } from '@mastra/core/tools';
import { createStep, createWorkflow } from '@mastra/core/workflows';
import { stepCountIs } from 'ai-5';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Runaway } from './count.ts';

const CALLS = 40;
let calls = 0;
let inner = 0;
beforeEach(() => {
  calls = 0;
  inner = 0;
});

/** Calls one tool at every turn. */
function model(toolName: string, input: object = {}, count = () => ++calls): never {
  const usage = { inputTokens: 1, outputTokens: 1, totalTokens: 2 };
  const ask = () => {
    if (calls + inner >= CALLS * 3 || calls >= CALLS) throw new Runaway(`${CALLS} calls and no end`);
    const at = count();
    return { type: 'tool-call', toolCallId: `${toolName}-${at}`, toolName, input: JSON.stringify(input) };
  };
  return {
    specificationVersion: 'v2',
    provider: 'scripted',
    modelId: 'scripted',
    supportedUrls: {},
    doGenerate: async () => ({ content: [ask()], finishReason: 'tool-calls', usage, warnings: [] }),
    doStream: async () => {
      const call = ask();
      return {
        stream: ReadableStream.from([
          { type: 'stream-start', warnings: [] },
          { type: 'response-metadata', id: 'id', modelId: 'scripted', timestamp: new Date(0) },
          call,
          { type: 'finish', finishReason: 'tool-calls', usage },
        ]),
      };
    },
  } as never;
}
const look = createTool({
  id: 'look',
  description: 'Looks.',
  inputSchema: z.object({}),
  execute: async () => ({ text: 'nothing' }),
});
const looker = (more: object = {}) =>
  new Agent({ id: 'looker', name: 'looker', instructions: 'Look.', model: model('look'), tools: { look }, ...more });

async function count(run: () => Promise<unknown>): Promise<number | 'no end'> {
  try {
    await run();
  } catch (error) {
    if (calls >= CALLS) return 'no end';
    throw error;
  }
  return calls >= CALLS ? 'no end' : calls;
}

describe('steps of an agent', () => {
  test.each([
    [{}, 5],
    [{ maxSteps: 3 }, 3],
    [{ maxSteps: 0 }, 5],
    [{ maxSteps: Infinity }, 'no end'],
    [{ stopWhen: stepCountIs(7) }, 7],
    [{ stopWhen: stepCountIs(7), maxSteps: 4 }, 4],
    [{ stopWhen: stepCountIs(3), maxSteps: 6 }, 3],
    [{ stopWhen: [] }, 'no end'],
  ])('generate and stream with %o', async (options, expected) => {
    expect(await count(() => looker().generate('go', options as never))).toBe(expected);
    calls = 0;
    const stream = async () => {
      const output = await looker().stream('go', options as never);
      await output.consumeStream();
    };
    expect(await count(stream)).toBe(expected);
  });

  test('defaultOptions set them; a run has its own', async () => {
    expect(await count(() => looker({ defaultOptions: { maxSteps: 8 } }).generate('go'))).toBe(8);
    calls = 0;
    expect(await count(() => looker({ defaultOptions: { maxSteps: 8 } }).generate('go', { maxSteps: 2 }))).toBe(2);
  });
});

describe('loops of a workflow', () => {
  const ask = () =>
    createStep({
      id: 'ask',
      inputSchema: z.object({ text: z.string() }),
      outputSchema: z.object({ text: z.string() }),
      execute: async ({ inputData }) => {
        calls++;
        return inputData;
      },
    });
  const flow = (id: string) =>
    createWorkflow({ id, inputSchema: z.object({ text: z.string() }), outputSchema: z.object({ text: z.string() }) });
  const start = async (workflow: { createRun(): Promise<{ start(input: object): Promise<unknown> }> }) =>
    (await workflow.createRun()).start({ inputData: { text: 'go' } });

  test('dowhile and dountil have no limit of their own', async () => {
    await start(
      flow('while')
        .dowhile(ask(), async () => calls < 200)
        .commit(),
    );
    expect(calls).toBe(200);
    calls = 0;
    await start(
      flow('until')
        .dountil(ask(), async () => calls >= 200)
        .commit(),
    );
    expect(calls).toBe(200);
  });

  test('iterationCount counts from 1', async () => {
    await start(
      flow('while')
        .dowhile(ask(), async ({ iterationCount }) => iterationCount < 4)
        .commit(),
    );
    expect(calls).toBe(4);
    calls = 0;
    await start(
      flow('until')
        .dountil(ask(), async ({ iterationCount }) => iterationCount >= 4)
        .commit(),
    );
    expect(calls).toBe(4);
    calls = 0;
    await start(
      flow('over')
        .dountil(ask(), async ({ iterationCount }) => iterationCount > 4)
        .commit(),
    );
    expect(calls).toBe(5);
    calls = 0;
    await start(
      flow('once')
        .dowhile(ask(), async () => false)
        .commit(),
    );
    expect(calls).toBe(1);
  });

  test('foreach runs a step for each element, branch and parallel each that holds', async () => {
    const each = createWorkflow({
      id: 'each',
      inputSchema: z.array(z.object({ text: z.string() })),
      outputSchema: z.any(),
    })
      .foreach(ask())
      .commit();
    await (await each.createRun()).start({ inputData: [{ text: 'a' }, { text: 'b' }, { text: 'c' }] });
    expect(calls).toBe(3);
    calls = 0;
    const step = (id: string) => createStep({ ...ask(), id } as never) as ReturnType<typeof ask>;
    await start(
      flow('side')
        .parallel([step('a'), step('b')])
        .commit() as never,
    );
    expect(calls).toBe(2);
    calls = 0;
    await start(
      flow('branch')
        .branch([
          [async () => true, step('a')],
          [async () => true, step('b')],
        ])
        .commit() as never,
    );
    expect(calls).toBe(2);
  });

  test('a workflow is a step, and starts its own loop each time', async () => {
    const nested = flow('inner')
      .dowhile(ask(), async ({ iterationCount }) => iterationCount < 3)
      .commit();
    await start(
      flow('outer')
        .dountil(nested, async ({ iterationCount }) => iterationCount >= 4)
        .commit(),
    );
    expect(calls).toBe(12);
  });

  test.each([
    [{}, 1],
    [{ retries: 2 }, 3],
  ])('a step that fails is tried again only with %o', async (options, expected) => {
    const fail = createStep({
      id: 'fail',
      inputSchema: z.object({ text: z.string() }),
      outputSchema: z.object({ text: z.string() }),
      execute: async () => {
        calls++;
        throw new Error('down');
      },
      ...options,
    });
    await start(flow('fails').then(fail).commit());
    expect(calls).toBe(expected);
  });

  test('retryConfig of the workflow counts for every step', async () => {
    const fail = createStep({
      id: 'fail',
      inputSchema: z.object({ text: z.string() }),
      outputSchema: z.object({ text: z.string() }),
      execute: async () => {
        calls++;
        throw new Error('down');
      },
    });
    const workflow = createWorkflow({
      id: 'fails',
      inputSchema: z.object({ text: z.string() }),
      outputSchema: z.object({ text: z.string() }),
      retryConfig: { attempts: 2, delay: 0 },
    })
      .then(fail)
      .commit();
    await start(workflow);
    expect(calls).toBe(3);
  });
});

describe('delegation', () => {
  test('an agent of an agent starts its own steps each time', async () => {
    const child = new Agent({
      id: 'child',
      name: 'child',
      description: 'Looks.',
      instructions: 'Look.',
      model: model('look', {}, () => ++inner),
      tools: { look },
    });
    const parent = new Agent({
      id: 'parent',
      name: 'parent',
      instructions: 'Ask.',
      model: model('agent-child', { prompt: 'go' }),
      agents: { child },
    });
    await count(() => parent.generate('go', { maxSteps: 3 }));
    expect([calls, inner]).toEqual([3, 15]);
  });

  test('the model can give the child more steps, unless the child has its own', async () => {
    const child = (more: object) =>
      new Agent({
        id: 'child',
        name: 'child',
        description: 'Looks.',
        instructions: 'Look.',
        model: model('look', {}, () => ++inner),
        tools: { look },
        ...more,
      });
    const parent = (agent: Agent) =>
      new Agent({
        id: 'parent',
        name: 'parent',
        instructions: 'Ask.',
        model: model('agent-child', { prompt: 'go', maxSteps: 9 }),
        agents: { child: agent },
      });
    await count(() => parent(child({})).generate('go', { maxSteps: 2 }));
    expect([calls, inner]).toEqual([2, 18]);
    calls = inner = 0;
    await count(() => parent(child({ defaultOptions: { maxSteps: 4 } })).generate('go', { maxSteps: 2 }));
    expect([calls, inner]).toEqual([2, 8]);
  });
});
