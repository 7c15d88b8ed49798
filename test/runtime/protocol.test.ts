// The wire protocol: what comes in is checked and bounded; the fold is pure, deduplicates and stays bounded.

import { describe, expect, it } from 'vitest';
import {
  type AgentEvent,
  type Delta,
  emptyModel,
  fold,
  LIMITS,
  MODEL_LIMITS,
  type Model,
  PROTOCOL_VERSION,
  parseAgentMessage,
  parseHello,
  parseHubToAgent,
  parseTrip,
  parseViewerMessage,
  type Trip,
} from '../../runtime/src/protocol/index.ts';

const agent = { id: 'agent-1', pid: 7, app: 'demo', language: 'javascript' };
const trip = (id: string, over: Partial<Trip> = {}): Trip => ({
  id,
  runId: 'run-1',
  run: 'demo run',
  app: 'demo',
  pid: 7,
  time: 10,
  reason: 'loop',
  guard: 'search',
  message: 'same call three times',
  evidence: { period: 1, repeats: 3, calls: [{ name: 'search', digest: 'd', length: 12 }] },
  ...over,
});
const call = (over: Partial<Extract<AgentEvent, { kind: 'call' }>> = {}): AgentEvent => ({
  kind: 'call',
  runId: 'run-1',
  time: 5,
  op: 'model',
  name: 'gpt',
  durationMs: 3,
  outcome: 'ok',
  inputTokens: 10,
  outputTokens: 5,
  usd: 0.5,
  ...over,
});
const events = (...list: AgentEvent[]): Delta => ({
  kind: 'events',
  agentId: 'agent-1',
  time: 6,
  dropped: 0,
  events: list,
});
const joined: Delta = { kind: 'agentJoined', agent, runs: [], time: 1 };

describe('validators', () => {
  it('reads a hello and leaves unknown fields behind', () => {
    const read = parseHello({
      type: 'hello',
      version: PROTOCOL_VERSION,
      role: 'agent',
      agent: { ...agent, secret: 'x' },
      runs: [],
      pendingTrips: 0,
    });
    expect(read).toEqual({
      ok: true,
      value: { type: 'hello', version: PROTOCOL_VERSION, role: 'agent', agent, runs: [], pendingTrips: 0 },
    });
  });

  it.each([
    null,
    1,
    'hello',
    [],
    {},
    { type: 'hello' },
    { type: 'hello', role: 'admin', version: 1 },
    { type: 'hello', role: 'agent', version: 2, agent, runs: [], pendingTrips: 0 },
    { type: 'hello', role: 'agent', version: 1, agent: { ...agent, id: 'no spaces' }, runs: [], pendingTrips: 0 },
    { type: 'hello', role: 'agent', version: 1, agent: { ...agent, pid: -1 }, runs: [], pendingTrips: 0 },
    { type: 'hello', role: 'agent', version: 1, agent, runs: new Array(1000).fill({}), pendingTrips: 0 },
  ])('refuses %j as a hello', json => {
    expect(parseHello(json)).toMatchObject({ ok: false });
  });

  it('skips unknown event kinds, refuses broken known ones', () => {
    const read = parseAgentMessage({ type: 'events', dropped: 0, events: [{ kind: 'future' }, call()] });
    expect(read).toMatchObject({ ok: true, value: { events: [call()] } });
    expect(parseAgentMessage({ type: 'events', dropped: 0, events: [{ ...call(), usd: Number.NaN }] })).toMatchObject({
      ok: false,
    });
    expect(parseAgentMessage({ type: 'events', dropped: 0, events: [{ ...call(), usd: -1 }] })).toMatchObject({
      ok: false,
    });
    expect(parseAgentMessage({ type: '__proto__' })).toMatchObject({ ok: false });
    expect(parseAgentMessage({ type: 'events', dropped: 0, events: [{ kind: 'constructor' }] })).toMatchObject({
      ok: true,
      value: { events: [] },
    });
  });

  it('cuts text and refuses long lists', () => {
    const read = parseTrip(trip('trip-0001', { message: 'x'.repeat(10_000) }));
    expect(read.ok && read.value.message.length).toBe(LIMITS.message);
    expect(parseTrip(trip('trip-0001', { evidence: { pattern: new Array(1000).fill('a') } }))).toMatchObject({
      ok: false,
    });
    expect(parseTrip(trip('short'))).toMatchObject({ ok: false });
  });

  it('reads every direction', () => {
    expect(parseHubToAgent({ type: 'ack', trips: ['a'] })).toEqual({ ok: true, value: { type: 'ack', trips: ['a'] } });
    expect(parseHubToAgent({ type: 'ack', trips: 'a' })).toMatchObject({ ok: false });
    expect(parseHubToAgent({ type: 'control', id: '1', action: { do: 'stopRun', runId: 'run-1', extra: 1 } })).toEqual({
      ok: true,
      value: { type: 'control', id: '1', action: { do: 'stopRun', runId: 'run-1' } },
    });
    expect(
      parseViewerMessage({ type: 'control', id: '1', agentId: 'a', action: { do: 'format', disk: 'c' } }),
    ).toMatchObject({ ok: false });
  });
});

describe('fold', () => {
  it('adds calls up per run, step, user and feature', () => {
    const model = fold(emptyModel(), [
      joined,
      events({ kind: 'runStarted', runId: 'run-1', time: 2, name: 'research', user: 'u1', feature: 'f1' }),
      events(call(), call(), call({ outcome: 'error', error: '429' }), call({ outcome: 'blocked', usd: 0 })),
    ]);
    const run = model.runs[0]!;
    expect(run).toMatchObject({
      name: 'research',
      app: 'demo',
      calls: 3,
      errors: 1,
      blocked: 1,
      usd: 1.5,
      status: 'running',
    });
    expect(run.steps).toMatchObject([{ name: 'gpt', op: 'model', calls: 3, errors: 1, blocked: 1 }]);
    expect(model.users).toMatchObject([{ name: 'u1', calls: 3 }]);
    expect(model.features).toMatchObject([{ name: 'f1', calls: 3 }]);
    expect(model.totals).toMatchObject({ calls: 3, usd: 1.5, runs: 1 });
  });

  it('takes each trip once and makes a run for a replayed one', () => {
    const model = fold(emptyModel(), [
      joined,
      { kind: 'trip', agentId: 'agent-1', trip: trip('trip-0001') },
      { kind: 'trip', agentId: 'agent-2', trip: trip('trip-0001') },
    ]);
    expect(model.trips).toHaveLength(1);
    expect(model.runs).toMatchObject([{ runId: 'run-1', name: 'demo run', status: 'tripped', trips: ['trip-0001'] }]);
    expect(model.apps).toMatchObject([{ app: 'demo', runs: 1, tripped: 1, trips: 1 }]);
    expect(fold(model, [{ kind: 'trip', agentId: 'agent-1', trip: trip('trip-0001') }]).trips).toHaveLength(1);
  });

  it('marks open runs of a gone agent as lost and takes them up again on reconnect', () => {
    const lost = fold(emptyModel(), [
      joined,
      events({ kind: 'runStarted', runId: 'run-1', time: 2, name: 'r' }, call()),
      { kind: 'agentLeft', agentId: 'agent-1', time: 9 },
    ]);
    expect(lost.runs[0]).toMatchObject({ status: 'lost', endedAt: 9 });
    const back = fold(lost, [
      {
        kind: 'agentJoined',
        agent,
        time: 10,
        runs: [{ runId: 'run-1', name: 'r', time: 2, calls: 4, tokens: 60, usd: 2 }],
      },
    ]);
    expect(back.runs[0]).toMatchObject({ status: 'running', calls: 4, tokens: 60, usd: 2 });
    expect(back.agents[0]).toMatchObject({ connected: true, firstSeen: 1 });
  });

  it('does not write into what it was given and keeps untouched runs identical', () => {
    const freeze = <T>(value: T): T => {
      if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
        Object.freeze(value);
        Object.values(value).forEach(freeze);
      }
      return value;
    };
    const steps: Delta[] = [
      joined,
      events({ kind: 'runStarted', runId: 'run-2', time: 2, name: 'other' }, call({ runId: 'run-2' })),
      events(call(), { kind: 'route', runId: 'run-1', time: 3, route: 'again', streak: 1 }),
      events({ kind: 'breaker', runId: 'run-1', time: 3, breaker: 'b', state: 'open' }),
      events({
        kind: 'budget',
        runId: 'run-1',
        time: 3,
        guard: 'g',
        spent: { usd: 1 },
        reserved: {},
        limit: { usd: 2 },
      }),
      events({ kind: 'state', runId: 'run-1', time: 3, tokens: 100 }),
      events({ kind: 'warning', runId: 'run-1', time: 3, reason: 'loop', guard: 'g', message: 'm' }),
      { kind: 'trip', agentId: 'agent-1', trip: trip('trip-0001') },
      events({ kind: 'runEnded', runId: 'run-1', time: 4, status: 'tripped' }),
      { kind: 'agentLeft', agentId: 'agent-1', time: 5 },
    ];
    let model: Model = freeze(emptyModel());
    for (const delta of freeze(steps)) {
      const before = model.runs.find(run => run.runId === 'run-2');
      model = freeze(fold(model, [delta]));
      if (delta.kind === 'events' && before && delta.events.every(event => event.runId !== 'run-2')) {
        expect(model.runs.find(run => run.runId === 'run-2')).toBe(before);
      }
    }
    expect(fold(emptyModel(), steps)).toEqual(model);
    expect(JSON.parse(JSON.stringify(model)).runs).toHaveLength(2);
  });

  it('stays bounded, whatever comes', () => {
    let model = fold(emptyModel(), [joined]);
    for (let n = 0; n < 1000; n++) {
      model = fold(model, [
        { kind: 'agentJoined', agent: { ...agent, id: `agent-${n}`, app: `app${n}` }, runs: [], time: n },
        events(call({ runId: `run-${n}`, user: `u${n}` }), call({ name: `tool${n}` }), {
          kind: 'breaker',
          runId: 'run-1',
          time: n,
          breaker: `b${n}`,
          state: 'open',
        }),
        { kind: 'trip', agentId: 'agent-1', trip: trip(`trip-${1000 + n}`) },
      ]);
    }
    expect(model.runs.length).toBeLessThanOrEqual(MODEL_LIMITS.runs);
    expect(model.agents.length).toBeLessThanOrEqual(MODEL_LIMITS.agents);
    expect(model.trips.length).toBe(MODEL_LIMITS.trips);
    expect(model.users.length).toBe(MODEL_LIMITS.spenders);
    for (const run of model.runs) {
      expect(run.steps.length).toBeLessThanOrEqual(MODEL_LIMITS.steps);
      expect(run.points.length).toBeLessThanOrEqual(MODEL_LIMITS.points);
      expect(run.breakers.length).toBeLessThanOrEqual(MODEL_LIMITS.breakers);
    }
    expect(model.totals.calls).toBe(2000);
  });
});
