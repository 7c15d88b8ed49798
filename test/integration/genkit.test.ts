// Genkit: maxTurns counts answers with tool calls, so there is one request more. Run against the installed package.
import { GenkitError, genkit, z } from 'genkit';
import { retry } from 'genkit/model/middleware';
import { beforeEach, expect, test } from 'vitest';

const CALLS = 60;
let calls = 0;
beforeEach(() => {
  calls = 0;
});
const ai = genkit({});
ai.defineModel({ name: 'scripted', supports: { tools: true } }, async () => {
  if (calls === CALLS) throw new Error('no end');
  calls++;
  return {
    message: { role: 'model', content: [{ toolRequest: { name: 'look', ref: String(calls), input: {} } }] },
    finishReason: 'stop',
  };
});
const look = ai.defineTool(
  { name: 'look', description: 'Looks.', inputSchema: z.object({}), outputSchema: z.string() },
  async () => 'x',
);
async function count(run: () => PromiseLike<unknown>): Promise<number | 'no end'> {
  try {
    await run();
  } catch (error) {
    if (calls === CALLS) return 'no end';
    if (!String(error).includes('Exceeded maximum tool call iterations')) throw error;
  }
  return calls;
}
const request = { model: 'scripted', prompt: 'go', tools: [look] };

test.each([
  ['nothing', {}, 6],
  ['a number', { maxTurns: 2 }, 3],
  ['zero', { maxTurns: 0 }, 1],
  ['Infinity', { maxTurns: Infinity }, 'no end'],
  ['calls of tools handed back', { returnToolRequests: true }, 1],
] as const)('maxTurns with %s', async (_name, options, expected) => {
  expect(await count(() => ai.generate({ ...request, ...options }))).toBe(expected);
});

test('a stream has the same limit', async () => {
  expect(await count(() => ai.generateStream(request).response)).toBe(6);
});

test('of a prompt, and of its call', async () => {
  const prompt = ai.definePrompt({ name: 'three', maxTurns: 3, ...request });
  expect(await count(() => prompt({}))).toBe(4);
  calls = 0;
  expect(await count(() => prompt({}, { maxTurns: 1 }))).toBe(2);
});

test('the retry middleware adds three attempts to each request', async () => {
  const busy = ai.defineModel({ name: 'busy' }, async () => {
    calls++;
    throw new GenkitError({ status: 'UNAVAILABLE', message: 'busy' });
  });
  const use = [retry({ initialDelayMs: 0, noJitter: true })];
  await expect(ai.generate({ model: busy, prompt: 'go', use })).rejects.toThrow('busy');
  expect(calls).toBe(4);
});
