// Crew signals: each at its documented threshold, each can be switched off, state readable, stopped until cooled down.

import { describe, expect, it } from 'vitest';
import {
  BreakerOpenError,
  CostDriftError,
  type CrewOptions,
  crewBreaker,
  DelegationLoopError,
  driftOf,
  ReassignmentError,
  RunStoppedError,
  ToolStormError,
  type TripError,
  withRun,
} from '../../runtime/src/index.ts';

const make = (options: CrewOptions = {}) => {
  const clock = { now: 1_000_000 };
  return { clock, crew: crewBreaker({ clock: () => clock.now, breaker: { jitter: 0 }, ...options }) };
};
/** The number of the call that throws, and what. */
const trips = (run: (turn: number) => void, most = 50): { turn: number; error: TripError } | undefined => {
  for (let turn = 1; turn <= most; turn++) {
    try {
      run(turn);
    } catch (error) {
      return { turn, error: error as TripError };
    }
  }
  return undefined;
};

describe('crew', () => {
  it('delegation loop: the same pair three times among the last ten', () => {
    const { crew } = make();
    const tripped = trips(turn => crew.delegate('writer', turn % 2 ? 'critic' : 'editor'));
    expect(tripped?.turn).toBe(5);
    expect(tripped?.error).toBeInstanceOf(DelegationLoopError);
    expect(tripped?.error.evidence).toMatchObject({ subject: 'writer > critic', observed: 3, limit: 3 });
    const far = make().crew;
    expect(trips(turn => far.delegate('a', `b${turn % 5}`), 10)).toBeUndefined();
    expect(far.view().delegations).toHaveLength(5);
  });

  it('delegation in a time window and only with the same task', () => {
    const { crew, clock } = make({ delegation: { windowMs: 1_000, sameTask: true } });
    expect(trips(turn => crew.delegate('a', 'b', `chapter ${turn}`), 20)).toBeUndefined();
    expect(
      trips(() => {
        clock.now += 600;
        crew.delegate('a', 'b', 'same');
      }, 8),
    ).toBeUndefined();
    clock.now += 5_000;
    expect(trips(() => crew.delegate('a', 'b', ' Same '))?.turn).toBe(3);
  });

  it('tool storm: three failures in a row within one task', () => {
    const { crew } = make();
    expect(trips(turn => crew.tool('search', turn % 3 === 0, 'task 1'), 20)).toBeUndefined();
    expect(trips(turn => crew.tool('search', false, `task ${turn + 1}`), 20)).toBeUndefined();
    const tripped = trips(() => crew.tool('fetch', false, 'task 1'));
    expect(tripped).toMatchObject({ turn: 3, error: { reason: 'toolStorm' } });
    expect(tripped?.error).toBeInstanceOf(ToolStormError);
  });

  it('reassignment: three for one task', () => {
    const { crew } = make();
    crew.reassign('other');
    const tripped = trips(() => crew.reassign('report'));
    expect(tripped?.turn).toBe(3);
    expect(tripped?.error).toBeInstanceOf(ReassignmentError);
  });

  it('cost drift: from six steps on, the later half three times the earlier', () => {
    const { crew } = make();
    const tripped = trips(turn => crew.step({ usd: turn <= 3 ? 0.01 : 0.03, tokens: 10 }));
    expect(tripped?.turn).toBe(6);
    expect(tripped?.error).toBeInstanceOf(CostDriftError);
    expect(tripped?.error.evidence.observed).toBeCloseTo(3, 6);
    expect([driftOf([1, 1, 1, 9, 9], 6), driftOf([0, 0, 0, 1, 1, 1], 6), driftOf([1, 1, 1, 2, 2, 2], 6)]).toEqual([
      undefined,
      undefined,
      2,
    ]);
  });

  it('total budget: five dollars, can be raised', () => {
    const { crew } = make();
    expect(trips(() => crew.step({ usd: 1 }))).toMatchObject({ turn: 5, error: { reason: 'budget' } });
    const raised = make().crew;
    raised.raise({ usd: 2 });
    expect(trips(() => raised.step({ usd: 1 }))?.turn).toBe(7);
  });

  it('stays stopped until it has cooled down or is reset, and says so', () => {
    const { crew, clock } = make();
    trips(() => crew.reassign('t'));
    const open = trips(() => crew.check());
    expect(open?.error).toBeInstanceOf(BreakerOpenError);
    expect(open?.error).toMatchObject({ reason: 'reassignment', retryAt: clock.now + 60_000 });
    expect(crew.view()).toMatchObject({ reason: 'reassignment', breaker: { state: 'open' } });
    clock.now += 60_000;
    crew.check();
    crew.reassign('t');
    trips(() => crew.reassign('t'));
    crew.reset();
    crew.check();
    expect(crew.view()).toMatchObject({ reason: undefined, breaker: { state: 'closed', trips: 0 }, reassignments: [] });
  });

  it('monitors without stopping; each signal can be off; a killed run stops', () => {
    const monitored = make({ monitor: true }).crew;
    expect(trips(() => monitored.reassign('t'))).toBeUndefined();
    const off = make({ delegation: false, toolStorm: false, reassignment: false, drift: false, maxUsd: false }).crew;
    expect(
      trips(turn => {
        off.delegate('a', 'b');
        off.tool('t', false);
        off.reassign('t');
        off.step({ usd: turn ** 3 });
      }),
    ).toBeUndefined();
    withRun('r', run => {
      run.stop('enough');
      expect(trips(() => make().crew.check())?.error).toBeInstanceOf(RunStoppedError);
    });
  });

  it.each([{ maxUsd: 0 }, { delegation: { limit: 0 } }, { drift: { ratio: -1 } }] satisfies CrewOptions[])(
    'refuses %j',
    options => expect(() => make(options)).toThrow(RangeError),
  );
});
