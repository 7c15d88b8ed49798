// AgentKit: what maxIter counts and that its default is no limit. Run against the installed package.

import { createAgent, createNetwork, openai } from '@inngest/agent-kit';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { countingFetch, Runaway } from './count.ts';

const CALLS = 60;
let counter: { calls: number };

beforeEach(() => {
  const scripted = countingFetch(CALLS, call => ({ content: `turn ${call}` }));
  counter = scripted.counter;
  vi.stubGlobal('fetch', scripted.fetch);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** Two agents that pass to each other for ever. */
function pingPong(options: { maxIter?: number }) {
  const ping = createAgent({ name: 'ping', system: 'say ping' });
  const pong = createAgent({ name: 'pong', system: 'say pong' });
  return createNetwork({
    name: 'rally',
    agents: [ping, pong],
    defaultModel: openai({ model: 'scripted', apiKey: 'scripted' }),
    router: ({ callCount }) => (callCount % 2 === 0 ? ping : pong),
    ...options,
  });
}

/** Runs until the network ends or the scripted model does; true if the model had to. */
async function runsAway(network: ReturnType<typeof pingPong>): Promise<boolean> {
  try {
    await network.run('serve');
    return false;
  } catch (error) {
    const causes = [];
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) causes.push(cause);
    if (causes.some(cause => cause instanceof Runaway || cause.message.includes(`${CALLS} calls and no end`)))
      return true;
    throw error;
  }
}

describe('maxIter', () => {
  test.each([{}, { maxIter: 0 }])('%o has no limit', async options => {
    expect(await runsAway(pingPong(options))).toBe(true);
    expect(counter.calls).toBe(CALLS);
  });

  test.each([1, 4])('%i gives as many turns', async maxIter => {
    expect(await runsAway(pingPong({ maxIter }))).toBe(false);
    expect(counter.calls).toBe(maxIter);
  });
});

test('an agent by itself makes one call', async () => {
  const agent = createAgent({
    name: 'alone',
    system: 'say something',
    model: openai({ model: 'scripted', apiKey: 'scripted' }),
  });
  await agent.run('go on');
  expect(counter.calls).toBe(1);
});

test('a router that returns nothing ends the network', async () => {
  const agent = createAgent({ name: 'one', system: 'say something' });
  const network = createNetwork({
    name: 'three',
    agents: [agent],
    defaultModel: openai({ model: 'scripted', apiKey: 'scripted' }),
    router: ({ callCount }) => (callCount >= 3 ? undefined : agent),
  });
  await network.run('go on');
  expect(counter.calls).toBe(3);
});
