// The query of the Claude Agent SDK: which limits it hands to Claude Code. Run on the real SDK, with a local program in
// the place of Claude Code: what that makes of a limit is not proven here, only that without one it is given none.
import { fileURLToPath } from 'node:url';
import { type Options, query } from '@anthropic-ai/claude-agent-sdk';
import { expect, test } from 'vitest';

const standIn = fileURLToPath(new URL('./claude-arguments.mjs', import.meta.url));

/** What follows an argument among those that the SDK starts the program with; undefined if it is not there. */
async function given(name: string, options: Partial<Options>): Promise<string | undefined> {
  const session = query({
    prompt: 'go',
    options: { pathToClaudeCodeExecutable: standIn, executable: 'node', ...options },
  });
  for await (const message of session) {
    if (message.type !== 'result' || message.subtype !== 'success') continue;
    const found = JSON.parse(message.result) as string[];
    const at = found.findIndex(argument => argument === name || argument.startsWith(`${name}=`));
    return at < 0 ? undefined : (/=(.*)/.exec(found[at]!)?.[1] ?? found[at + 1]);
  }
  throw new Error('the session ended without a result');
}

test.each([
  [{}, undefined],
  [{ maxTurns: 3 }, '3'],
  [{ maxTurns: undefined }, undefined],
  [{ maxTurns: 0 }, undefined],
  [{ maxTurns: -1 }, '-1'],
  [{ maxTurns: Number.POSITIVE_INFINITY }, 'Infinity'],
  [{ maxTurns: null as never }, undefined],
])('%o', async (options, expected) => {
  expect(await given('--max-turns', options)).toBe(expected);
});

test('maxBudgetUsd is the other limit, and none by default', async () => {
  expect(await given('--max-budget-usd', {})).toBeUndefined();
  expect(await given('--max-budget-usd', { maxBudgetUsd: 0.5 })).toBe('0.5');
});
