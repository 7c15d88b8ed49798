// BeeAI: a workflow goes round for ever, and what an agent's `execution` limits. Run against the installed package.
import { registerHooks } from 'node:module';
import type { ChatModel as Model } from 'beeai-framework/backend/chat';
import type { AssistantMessage as Message } from 'beeai-framework/backend/message';
import { describe, expect, test } from 'vitest';
import { z } from 'zod/v3';

// The package uses zod 3 and does not say so; its waits between two attempts are left out.
const instead: Readonly<Record<string, string>> = {
  zod: 'zod/v3',
  'node:timers/promises': 'data:text/javascript,export const setTimeout = async () => undefined;',
};
registerHooks({
  resolve: (specifier, context, next) =>
    next((context.parentURL?.includes('/beeai-framework/') && instead[specifier]) || specifier, context),
});
const { ReActAgent } = await import('beeai-framework/agents/react/agent');
const { RequirementAgent } = await import('beeai-framework/agents/requirement/agent');
const { ToolCallingAgent } = await import('beeai-framework/agents/toolCalling/agent');
const { ChatModel, ChatModelOutput } = await import('beeai-framework/backend/chat');
const { AssistantMessage } = await import('beeai-framework/backend/message');
const { Emitter } = await import('beeai-framework/emitter/emitter');
const { FrameworkError } = await import('beeai-framework/errors');
const { UnconstrainedMemory } = await import('beeai-framework/memory/unconstrainedMemory');
const { DynamicTool, StringToolOutput } = await import('beeai-framework/tools/base');
const { Workflow } = await import('beeai-framework/workflows/workflow');

const CALLS = 90;

type Answer = (call: number) => Message | Error;

/** Answers the same at every call; fails for good after too many. */
class Scripted extends ChatModel {
  calls = 0;
  readonly emitter = Emitter.root.child({ namespace: ['backend', 'scripted', 'chat'], creator: this });
  readonly answer: Answer;
  constructor(answer: Answer) {
    super();
    this.answer = answer;
  }
  get modelId() {
    return 'scripted';
  }
  get providerId() {
    return 'scripted';
  }
  protected async _create() {
    this.calls++;
    if (this.calls > CALLS) throw new FrameworkError('no end', [], { isFatal: true, isRetryable: false });
    const answer = this.answer(this.calls);
    if (answer instanceof Error) throw answer;
    return new ChatModelOutput([answer]);
  }
  protected async *_createStream() {
    yield await this._create();
  }
  loadSnapshot() {
    throw new Error('not scripted');
  }
}
let looks = 0;
const look = new DynamicTool({
  name: 'look',
  description: 'Looks.',
  inputSchema: z.object({ at: z.string() }),
  handler: async () => new StringToolOutput(`nothing ${looks++}`),
});
const toolCall = (call: number) =>
  new AssistantMessage([
    { type: 'tool-call', toolCallId: `c${call}`, toolName: 'look', input: { at: `here ${call}` } },
  ]);
const react = (call: number) =>
  new AssistantMessage(`Thought: look\nFunction Name: look\nFunction Input: {"at":"here ${call}"}\nFunction Output: `);

/** Model calls until the run ended by itself, by its limit or by the scripted model. */
async function count(make: (input: Input) => Agent, answer: Answer = toolCall) {
  const llm = new Scripted(answer);
  const agent = make({ llm, memory: new UnconstrainedMemory(), tools: [look] });
  try {
    await agent.run({ prompt: 'go' });
  } catch (error) {
    if (llm.calls > CALLS) return 'no end';
    const ours = /not able to resolve|has encountered an error|Maximal amount of global retries/;
    if (!(error instanceof Error) || !ours.test(error.message)) throw error;
  }
  return llm.calls;
}
type Input = { llm: Model; memory: InstanceType<typeof UnconstrainedMemory>; tools: [typeof look] };
type Agent = { run(input: { prompt: string }): PromiseLike<unknown> };
type Execution = ConstructorParameters<typeof ReActAgent>[0]['execution'];

describe('ReActAgent', () => {
  const agent = (execution?: Execution) => (input: Input) =>
    new ReActAgent({ ...input, ...(execution && { execution }) });
  test.each([
    ['nothing', undefined, 10],
    ['maxIterations', { maxIterations: 5 }, 5],
    ['maxIterations 0', { maxIterations: 0 }, 0],
    ['something else, which replaces all the defaults', { maxRetriesPerStep: 3 }, 'no end'],
    ['an empty object', {}, 'no end'],
  ])('with %s', async (_name, execution, expected) => {
    expect(await count(agent(execution), react)).toBe(expected);
  });

  test('adds totalMaxRetries for answers that fail', async () => {
    const failing = (every: number) => (call: number) => (call % every === 0 ? react(call) : new Error('busy'));
    expect(await count(agent(), failing(4))).toBe(27);
    expect(await count(agent(), failing(3))).toBe(30);
    expect(await count(agent({ maxIterations: 4, maxRetriesPerStep: 1, totalMaxRetries: 9 }), failing(2))).toBe(8);
  });
});

describe('RequirementAgent', () => {
  const agent = (execution?: Execution) => (input: Input) =>
    new RequirementAgent({ ...input, ...(execution && { execution }) });
  test.each([
    ['nothing', undefined, 20],
    ['maxIterations', { maxIterations: 5 }, 5],
    ['maxIterations 0', { maxIterations: 0 }, 'no end'],
    ['something else, which keeps the other defaults', { maxRetriesPerStep: 3 }, 20],
  ])('with %s', async (_name, execution, expected) => {
    expect(await count(agent(execution))).toBe(expected);
  });

  test('asks again up to maxRetriesPerStep times in each iteration', async () => {
    const failing = (call: number) => (call % 4 === 0 ? toolCall(call) : new Error('busy'));
    expect(await count(agent({ maxIterations: 5 }), failing)).toBe(20);
  });
});

describe('ToolCallingAgent', () => {
  const agent = (execution?: Execution) => (input: Input) =>
    new ToolCallingAgent({ ...input, ...(execution && { execution }) });
  test.each([
    ['nothing', undefined, 20],
    ['maxIterations, which nothing reads', { maxIterations: 5 }, 20],
    ['totalMaxRetries, which limits the iterations', { totalMaxRetries: 7 }, 7],
    ['totalMaxRetries 0', { totalMaxRetries: 0 }, 0],
  ])('with %s', async (_name, execution, expected) => {
    expect(await count(agent(execution))).toBe(expected);
  });
});

describe('Workflow', () => {
  const schema = z.object({ turns: z.number().default(0) }) as never;
  /** Steps that ran until the workflow ended by itself; it is stopped after many. */
  async function steps(build: (flow: Flow) => Flow, start?: 'a' | 'b'): Promise<string> {
    const flow = build(new Workflow({ schema }) as Flow);
    const ran: string[] = [];
    flow.emitter.on('start', ({ step }: { step: string }) => {
      if (ran.length === 300) throw new Error('no end');
      ran.push(step);
    });
    try {
      await flow.run({ turns: 0 } as never, start && { start });
    } catch {
      return ran.length === 300 ? 'no end' : 'failed';
    }
    return ran.join('');
  }
  type Flow = InstanceType<typeof Workflow<never, never, string>>;

  test('a step that names another goes round without a limit', async () => {
    expect(await steps(flow => flow.addStep('a', () => 'b').addStep('b', () => 'a'))).toBe('no end');
  });

  test.each([
    ['SELF', 'no end'],
    ['START', 'a'],
    ['PREV', 'a'],
    ['NEXT', 'ab'],
    ['END', 'a'],
  ] as const)('%s', async (word, expected) => {
    expect(await steps(flow => flow.addStep('a', () => Workflow[word]).addStep('b', () => undefined))).toBe(expected);
  });

  test('START is the first step that ran, PREV the one before in the order of addition', async () => {
    const always = (word: string) => (flow: Flow) => flow.addStep('a', () => undefined).addStep('b', () => word);
    expect(await steps(always(Workflow.START))).toBe('no end');
    expect(await steps(always(Workflow.PREV))).toBe('no end');
    // Before any step has run there is none.
    expect(await steps(always(Workflow.START), 'b')).toBe('b');
  });

  test('nothing returned is NEXT, and the number of steps that ran is at hand', async () => {
    const turn = (_: unknown, { steps }: { steps: readonly unknown[] }) => (steps.length >= 4 ? Workflow.END : 'a');
    expect(await steps(flow => flow.addStep('a', () => undefined).addStep('b', turn))).toBe('ababab');
  });
});
