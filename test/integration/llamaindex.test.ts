// LlamaIndex workflows and their agents: nothing in them limits a run. Run against the installed package with a scripted
// model.
import { type ChatMessage, ToolCallLLM } from '@llamaindex/core/llms';
import { tool } from '@llamaindex/core/tools';
import { agent, createWorkflow, FunctionAgent, multiAgent, workflowEvent } from '@llamaindex/workflow';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';

const CALLS = 30;
let calls = 0;
/** Which agent asked, in order. */
let asked: string[] = [];
beforeEach(() => {
  calls = 0;
  asked = [];
});

type Turn = { name: string; input: Record<string, string> } | string;

/** Answers as `turn` says, time after time; an answer in words ends the agent's run. */
class Scripted extends ToolCallLLM {
  readonly #name: string;
  readonly #turn: (call: number) => Turn;
  override readonly supportToolCall = true;
  override readonly metadata = {
    model: 'scripted',
    temperature: 0,
    topP: 1,
    contextWindow: 1_000_000,
    tokenizer: undefined,
    structuredOutput: false,
  };

  constructor(name: string, turn: (call: number) => Turn) {
    super();
    this.#name = name;
    this.#turn = turn;
  }

  override chat(): never {
    return this.#answer() as never;
  }

  override exec(): never {
    throw new Error('not asked for');
  }

  async #answer() {
    calls++;
    asked.push(this.#name);
    const turn = calls >= CALLS ? 'given up' : this.#turn(calls);
    const message: Partial<ChatMessage> = typeof turn === 'string' ? {} : { role: 'assistant' };
    const options = typeof turn === 'string' ? {} : { toolCall: [{ ...turn, id: `call-${calls}` }] };
    return [{ ...message, delta: typeof turn === 'string' ? turn : '', raw: null, options }];
  }
}

const look = tool({ name: 'look', description: 'Looks.', parameters: z.object({}), execute: () => 'nothing there' });
const looks = (name: string) => new Scripted(name, () => ({ name: 'look', input: {} }));
const handsTo = (name: string, to: string) =>
  new Scripted(name, () => ({ name: 'handOff', input: { toAgent: to, reason: 'not mine' } }));

async function count(run: () => Promise<unknown>): Promise<number | 'no end'> {
  await run();
  return calls >= CALLS ? 'no end' : calls;
}

describe('agent', () => {
  test.each([{}, { timeout: 1 }, { timeout: 0 }, { verbose: false }, { maxIterations: 2 }, { maxSteps: 2 }])(
    'with tools and %o has no limit',
    async options => {
      const looker = agent({ llm: looks('looker'), tools: [look], ...options });
      expect(await count(() => looker.run('go'))).toBe('no end');
    },
  );

  test('without tools asks once', async () => {
    expect(await count(() => agent({ llm: new Scripted('speaker', () => 'done'), tools: [] }).run('go'))).toBe(1);
  });

  test('goes on after a tool that fails', async () => {
    const broken = tool({
      name: 'look',
      description: 'Looks.',
      parameters: z.object({}),
      execute: (): string => {
        throw new Error('down');
      },
    });
    expect(await count(() => agent({ llm: looks('looker'), tools: [broken] }).run('go'))).toBe('no end');
  });
});

describe('multiAgent', () => {
  const member = (name: string, llm: ToolCallLLM, canHandoffTo: string[] = []) =>
    new FunctionAgent({ name, description: name, llm, tools: [], canHandoffTo });

  test('handoffs to and fro have no limit', async () => {
    const [a, b] = [member('a', handsTo('a', 'b'), ['b']), member('b', handsTo('b', 'a'), ['a'])];
    expect(await count(() => multiAgent({ agents: [a, b], rootAgent: a, timeout: 1 }).run('go'))).toBe('no end');
    expect(asked.slice(0, 4)).toEqual(['a', 'b', 'a', 'b']);
  });

  test('an agent that may hand off may do so to any of them, itself included', async () => {
    const [a, b] = [member('a', handsTo('a', 'c'), ['b']), member('b', looks('b'))];
    const c = member('c', new Scripted('c', () => 'done'));
    await multiAgent({ agents: [a, b, c], rootAgent: a }).run('go');
    expect(asked).toEqual(['a', 'c']);
    calls = 0;
    const self = member('a', handsTo('a', 'a'), ['b']);
    expect(await count(() => multiAgent({ agents: [self, b], rootAgent: self }).run('go'))).toBe('no end');
  });

  test('a handoff to nobody ends the run', async () => {
    const [a, b] = [member('a', handsTo('a', 'nobody'), ['b']), member('b', looks('b'))];
    expect(await count(() => multiAgent({ agents: [a, b], rootAgent: a }).run('go'))).toBe(1);
  });
});

describe('createWorkflow', () => {
  const start = workflowEvent<{ turn: number }>();
  const again = workflowEvent<{ turn: number }>();
  const stop = workflowEvent<number>();

  async function turns(goesOn: (turn: number) => boolean): Promise<number> {
    const workflow = createWorkflow();
    workflow.handle([start], async (_context, event) => again.with(event.data));
    workflow.handle([again], async (_context, event) => {
      calls++;
      return goesOn(event.data.turn) ? again.with({ turn: event.data.turn + 1 }) : stop.with(calls);
    });
    const { sendEvent, stream } = workflow.createContext();
    sendEvent(start.with({ turn: 1 }));
    await stream.until(stop).toArray();
    return calls;
  }

  test('events that come round have no limit', async () => {
    expect(await turns(() => calls < 300)).toBe(300);
  });

  test('a counter that the event carries ends them', async () => {
    expect(await turns(turn => turn < 4)).toBe(4);
  });
});
