// Ax: what limits the steps of a generator, and the answers that do not fit. Run against the installed package.
import { AxMockAIService, ax } from '@ax-llm/ax';
import { expect, test } from 'vitest';

const CALLS = 110;
const modelUsage = {
  ai: 'scripted',
  model: 'scripted',
  tokens: { promptTokens: 1, completionTokens: 1, totalTokens: 2 },
};

/** Every `perStep`-th answer calls a function; the others do not fit the signature. */
async function count(options: object, perStep = 1, made: object = {}): Promise<number | 'no end'> {
  let calls = 0;
  const ai = new AxMockAIService({
    features: { functions: true, streaming: false },
    chatResponse: async () => {
      calls++;
      const function_ = { name: 'look', params: '{}' };
      const result =
        calls >= CALLS
          ? { index: 0, content: 'Answer: 1', finishReason: 'stop' as const }
          : calls % perStep === 0
            ? {
                index: 0,
                content: '',
                functionCalls: [{ id: `call-${calls}`, type: 'function' as const, function: function_ }],
                finishReason: 'function_call' as const,
              }
            : { index: 0, content: 'nonsense', finishReason: 'stop' as const };
      return { results: [result], modelUsage };
    },
  });
  const look = {
    name: 'look',
    description: 'Looks.',
    parameters: { type: 'object' as const, properties: {} },
    func: async () => 'nothing there',
  };
  const generator = ax('question:string -> answer:number', { functions: [look], ...made });
  try {
    await generator.forward(ai as never, { question: 'go' }, { stream: false, ...options } as never);
  } catch (error) {
    if (!/Max steps reached|validation error/.test(String(error))) throw error;
  }
  return calls >= CALLS ? 'no end' : calls;
}

test.each([
  [{}, 25],
  [{ maxSteps: 4 }, 4],
  [{ maxSteps: 0 }, 0],
  [{ maxSteps: -1 }, 0],
  [{ maxSteps: Infinity }, 'no end'],
  [{ maxSteps: null }, 25],
  [{ maxSteps: undefined }, 25],
])('%o limits the steps', async (options, expected) => {
  expect(await count(options)).toBe(expected);
});

test.each([
  [{ maxSteps: 3 }, 4, 12],
  [{ maxSteps: 3, maxRetries: 1 }, 2, 6],
  [{ maxSteps: 3, maxRetries: 0 }, 2, 1],
  [{ maxSteps: 3 }, 5, 4],
])('each step has its own further requests: %o with one call in %i', async (options, perStep, expected) => {
  expect(await count(options, perStep)).toBe(expected);
});

test('a run takes what the generator was made with', async () => {
  expect(await count({}, 1, { maxSteps: 3 })).toBe(3);
  expect(await count({ maxSteps: 2 }, 1, { maxSteps: 3 })).toBe(2);
});
