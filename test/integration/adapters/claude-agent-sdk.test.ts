// The Claude Agent SDK adapter on the real SDK, with a local program in the place of Claude Code: the hooks and the
// messages are the SDK's own, what Claude Code itself makes of them is not proven here.

import { fileURLToPath } from 'node:url';
import { type Options, type Query, query, type SDKMessage } from '@anthropic-ai/claude-agent-sdk';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type ClaudeGuard, claudeGuard } from '../../../runtime/src/adapters/claude-agent-sdk.ts';
import { runSummary, withRun } from '../../../runtime/src/index.ts';
import { rejected, unanswered } from './shared.ts';

const standIn = fileURLToPath(new URL('./claude-code.mjs', import.meta.url));

/** What the model does at each turn: calls of `Look` with these queries, or a last word. */
type Turn = string[] | string;

const setUp = (guard: Pick<ClaudeGuard, 'watch'> & Partial<ClaudeGuard>, turns: Turn[]) => {
  const messages: SDKMessage[] = [];
  const run = async (): Promise<void> => {
    const session = query({
      prompt: 'go',
      options: {
        pathToClaudeCodeExecutable: standIn,
        executable: 'node',
        env: { ...process.env, SCRIPT: JSON.stringify(turns) },
        ...(guard.hooks ? { hooks: guard.hooks } : {}),
      },
    });
    for await (const message of guard.watch(session)) messages.push(message);
  };
  return { run, messages };
};
/** How many calls the messages hold; fails if one has no result. */
const answered = (messages: SDKMessage[]): number => {
  const blocks = messages.flatMap(message =>
    message.type === 'assistant' || message.type === 'user'
      ? (message.message.content as { type: string; id?: string; tool_use_id?: string }[])
      : [],
  );
  const ids = blocks.filter(block => block.type === 'tool_use').map(block => block.id!);
  expect(
    unanswered(
      ids,
      blocks.flatMap(block => block.tool_use_id ?? []),
    ),
  ).toEqual([]);
  return ids.length;
};
const many: Turn[] = Array.from({ length: 10 }, (_, turn) => [`q${turn}`]);

describe('claude agent sdk', () => {
  it('three identical tool calls end the session, every call has a result, and reading throws the typed error', async () => {
    const { run, messages } = setUp(claudeGuard(), [['same'], ['same'], ['same', 'fine'], ['never']]);
    expect(await withRun('r', () => rejected(run()))).toMatchObject({ reason: 'loop', pattern: ['Look'] });
    expect(answered(messages)).toBe(4);
    expect(JSON.stringify(messages)).toContain('stopped by loopbound (loop)');
    expect(messages.at(-1)).toMatchObject({ type: 'result', num_turns: 3 });
  });

  it('a budget ends it one request late, with every call answered', async () => {
    const guard = claudeGuard({ model: { budget: { maxCalls: 3 }, loop: false } });
    const { run, messages } = setUp(guard, many);
    expect(await withRun('r', () => rejected(run()))).toMatchObject({ reason: 'budget' });
    expect(answered(messages)).toBeGreaterThanOrEqual(4);
    expect(messages.at(-1)).toMatchObject({ type: 'result' });
    expect(guard.model.view().budget).toMatchObject({ spent: { calls: 3 }, reserved: { calls: 0 } });
  });

  it('a budget without hooks ends it at the answer after that', async () => {
    const { watch } = claudeGuard({ model: { budget: { maxCalls: 3 }, loop: false } });
    const { run, messages } = setUp({ watch }, many);
    expect(await withRun('r', () => rejected(run()))).toMatchObject({ reason: 'budget' });
    expect(messages.filter(message => message.type === 'assistant')).toHaveLength(4);
  });

  it('a kill ends it at the next tool call', async () => {
    const { run, messages } = setUp(claudeGuard(), many);
    const error = await withRun('r', stopped => {
      stopped.stop('Enough.');
      return rejected(run());
    });
    expect(error).toMatchObject({ reason: 'kill' });
    expect(answered(messages)).toBe(1);
  });

  it('settles what the session’s last message says, and changes nothing when nothing trips', async () => {
    const turns: Turn[] = [['a', 'b'], ['c'], 'done'];
    // Ids are new each time.
    const of = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value, (key, inner) => (/^(uuid|session_id)$/.test(key) ? undefined : inner)));
    const plain = setUp({ watch: session => session }, turns);
    await plain.run();
    const guarded = setUp(claudeGuard(), turns);
    await withRun('r', async () => {
      await guarded.run();
      expect(runSummary()).toMatchObject({ tokens: 360, modelCalls: 3 });
    });
    expect(of(guarded.messages)).toEqual(of(plain.messages));
    expect(answered(plain.messages)).toBe(3);
  });

  it('its types fit', () => {
    expectTypeOf<ClaudeGuard['hooks']>().toExtend<NonNullable<Options['hooks']>>();
    expectTypeOf(claudeGuard().watch<Query>).returns.toEqualTypeOf<Query>();
  });
});
