// The MCP adapter on a real client and server of the SDK, joined in memory.

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { guardMcp, type McpOptions } from '../../../runtime/src/adapters/mcp.ts';
import { withRun } from '../../../runtime/src/index.ts';
import { rejected } from './shared.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const setUp = async (options: McpOptions | undefined, answer: (q: string) => string = q => `no ${q}`) => {
  const ran: string[] = [];
  const server = new McpServer({ name: 'test', version: '1.0.0' });
  server.registerTool('look', { description: 'Looks.', inputSchema: { q: z.string() } }, async ({ q }, extra) => {
    ran.push(q);
    const { progressToken } = extra._meta ?? {};
    if (progressToken !== undefined) {
      await extra.sendNotification({
        method: 'notifications/progress',
        params: { progressToken, progress: 1, total: 2 },
      });
    }
    return { content: [{ type: 'text', text: answer(q) }] };
  });
  server.registerTool('fail', { description: 'Fails.', inputSchema: { q: z.string() } }, async ({ q }) => {
    ran.push(q);
    return { isError: true, content: [{ type: 'text', text: 'not allowed' }] };
  });
  const client = new Client({ name: 'host', version: '1.0.0' });
  if (options) guardMcp(client, options);
  const [left, right] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(right), client.connect(left)]);
  closers.push(() => client.close());
  const call = (name: string, q: string) => client.callTool({ name, arguments: { q } });
  return { client, ran, call };
};

describe('mcp', () => {
  it('three identical calls: the third rejects before the server hears of it', async () => {
    const { call, ran } = await setUp({});
    await withRun('r', async () => {
      await call('look', 'same');
      await call('look', 'same');
      expect(await rejected(call('look', 'same'))).toMatchObject({ reason: 'loop', pattern: ['look'] });
      await call('look', 'other');
    });
    expect(ran).toEqual(['same', 'same', 'other']);
  });

  it('results that say `isError` count as failures that are alike', async () => {
    const { call, ran } = await setUp({});
    await withRun('r', async () => {
      for (const q of ['a', 'b', 'c']) expect(await call('fail', q)).toMatchObject({ isError: true });
      expect(await rejected(call('fail', 'd'))).toMatchObject({ reason: 'loop', evidence: { rung: 'sameError' } });
    });
    expect(ran).toEqual(['a', 'b', 'c']);
  });

  it('a budget and a kill reject, parallel calls included', async () => {
    const { call, ran } = await setUp({ budget: { maxCalls: 3 }, loop: false });
    const results = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map(q => call('look', q)));
    expect(results.map(result => result.status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    expect(results[4]).toMatchObject({ reason: { reason: 'budget' } });
    expect(ran).toEqual(['a', 'b', 'c']);
    await withRun('r', async run => {
      run.stop('Enough.');
      expect(await rejected(call('look', 'x'))).toMatchObject({ reason: 'kill' });
    });
  });

  it("`blocked: 'answer'` gives a result in place of the call, and rejects where the model never heeds it", async () => {
    const { call, ran } = await setUp({ blocked: 'answer', answers: 2 });
    await withRun('r', async () => {
      await call('look', 'same');
      await call('look', 'same');
      for (let times = 0; times < 2; times++) {
        expect(await call('look', 'same')).toMatchObject({
          isError: true,
          content: [{ type: 'text', text: expect.stringContaining('stopped by loopbound (loop)') }],
        });
      }
      expect(await rejected(call('look', 'same'))).toMatchObject({ reason: 'loop' });
    });
    expect(ran).toEqual(['same', 'same']);
  });

  it('changes nothing when nothing trips: results, unknown tools, progress', async () => {
    const results = [];
    for (const options of [undefined, {}]) {
      const { client, call, ran } = await setUp(options);
      const progress: unknown[] = [];
      const onprogress = (step: unknown): number => progress.push(step);
      const last = await client.callTool({ name: 'look', arguments: { q: 'c' } }, undefined, { onprogress });
      results.push({
        answers: [await call('look', 'a'), await call('fail', 'b'), await call('none', 'c'), last],
        progress,
        ran,
      });
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[0]!.progress).toHaveLength(1);
  });
});
