// A call is counted once: in the totals of the hello, or by its event that is still to come.

import { afterEach, expect, it } from 'vitest';
import { batchOf, helloOf, type Outbox } from '../../runtime/src/emit/outbox.ts';
import { DropOldest } from '../../runtime/src/emit/queue.ts';
import { shared } from '../../runtime/src/emit/shared.ts';
import type { AgentEvent } from '../../runtime/src/protocol/index.ts';

const call = (outcome: 'ok' | 'blocked'): AgentEvent => ({
  kind: 'call',
  runId: 'run',
  time: 1,
  op: 'model',
  name: 'm',
  durationMs: 1,
  outcome,
  inputTokens: 8,
  outputTokens: 2,
  usd: 0.5,
});

afterEach(() => shared.runs.clear());

it('leaves out of its totals what waits to be told, and calls that have not ended', () => {
  const events = new DropOldest<AgentEvent>(10);
  const outbox: Outbox = {
    agentId: 'a',
    stateDir: undefined,
    events,
    trips: new Map(),
    wake: () => undefined,
    drain: async () => undefined,
  };
  const run = { id: 'run', name: 'run', startedAt: 1, calls: 6, inFlight: 1, tokens: 50, usd: 2.5 };
  shared.runs.set('run', run as never);
  events.push(call('ok'));
  events.push(call('ok'));
  events.push({ kind: 'runEnded', runId: 'run', time: 2, status: 'ok' });
  const waiting = [{ runId: 'run', name: 'run', time: 1, calls: 3, tokens: 30, usd: 1.5 }];
  expect(helloOf(outbox).runs).toEqual(waiting);
  const taken = batchOf(outbox)?.events ?? [];
  expect(helloOf(outbox, taken).runs).toEqual(waiting);
  expect(helloOf(outbox).runs).toMatchObject([{ calls: 5 }]);
});
