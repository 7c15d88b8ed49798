// What the panel shows after a patch is what the host has, after any sequence of changes.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diff, merge } from '../../client/src/webview/view/patch.ts';
import {
  type AgentEvent,
  type Delta,
  emptyModel,
  fold,
  type Model,
  type Trip,
} from '../../runtime/src/protocol/index.ts';

const trip = (id: number, runId: string): Trip => ({
  id: `trip-${id}`.padEnd(10, '0'),
  runId,
  run: runId,
  app: 'app',
  pid: 1,
  time: id,
  reason: 'loop',
  guard: 'tool',
  message: 'stopped',
  evidence: {},
});

const runIds = fc.constantFrom('a', 'b', 'c');
const events: fc.Arbitrary<AgentEvent> = fc.oneof(
  runIds.map(runId => ({ kind: 'runStarted', runId, time: 1, name: runId }) as const),
  runIds.map(runId => ({ kind: 'runEnded', runId, time: 2, status: 'ok' }) as const),
  runIds.map(
    runId =>
      ({ kind: 'call', runId, time: 3, op: 'tool', name: 't', durationMs: 1, outcome: 'ok', user: 'u' }) as const,
  ),
);
const deltas: fc.Arbitrary<Delta> = fc.oneof(
  fc.constant<Delta>({
    kind: 'agentJoined',
    agent: { id: 'x', pid: 1, app: 'app', language: 'javascript' },
    runs: [],
    time: 0,
  }),
  fc.constant<Delta>({ kind: 'agentLeft', agentId: 'x', time: 9 }),
  fc
    .array(events, { maxLength: 5 })
    .map(list => ({ kind: 'events', agentId: 'x', time: 1, dropped: 0, events: list }) as const),
  fc.tuple(fc.nat(50), runIds).map(([id, runId]) => ({ kind: 'trip', agentId: 'x', trip: trip(id, runId) }) as const),
);
const steps = fc.array(fc.oneof(fc.array(deltas, { maxLength: 4 }), fc.constant('clear' as const)), { maxLength: 12 });

const clear = (model: Model): Model => ({
  ...emptyModel(),
  runs: model.runs.filter(run => run.status === 'running'),
});

describe('patches', () => {
  it('lead the panel to the model of the host', () => {
    fc.assert(
      fc.property(steps, sequence => {
        let host = emptyModel();
        let panel = merge(emptyModel(), diff(undefined, host));
        for (const step of sequence) {
          const before = host;
          host = step === 'clear' ? clear(host) : fold(host, step);
          // Through JSON, as postMessage and HTTP do it.
          panel = merge(panel, JSON.parse(JSON.stringify(diff(before, host))));
          expect(panel).toEqual(JSON.parse(JSON.stringify(host)));
        }
      }),
    );
  });

  it('name only the runs that changed', () => {
    const start = (runId: string): AgentEvent => ({ kind: 'runStarted', runId, time: 1, name: runId });
    const of = (list: AgentEvent[]): Delta => ({ kind: 'events', agentId: 'x', time: 1, dropped: 0, events: list });
    const before = fold(emptyModel(), [of([start('a'), start('b')])]);
    const after = fold(before, [of([{ kind: 'runEnded', runId: 'b', time: 2, status: 'ok' }])]);
    const patch = diff(before, after);
    expect(patch.runs.map(run => run.runId)).toEqual(['b']);
    expect(patch.runIds).toBeUndefined();
    expect(patch.trips).toEqual([]);
  });
});
