// Budgets and breakers under concurrency: reservation never overshoots, probes never exceed, late results count nowhere.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Breaker, type BreakerOptions, type Pass } from '../../runtime/src/breaker.ts';
import { Budget, isShort, type Reservation } from '../../runtime/src/budget.ts';

describe('budget', () => {
  it('never lets the sum of settled cost exceed the cap, however calls interleave', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('start' as const), estimate: fc.integer({ min: 1, max: 40 }) }),
      fc.record({
        do: fc.constant('settle' as const),
        at: fc.nat(20),
        part: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      fc.record({ do: fc.constant('release' as const), at: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 300 }), (steps, cap) => {
        const budget = new Budget({ maxUsd: cap, maxTokens: cap * 10, maxCalls: 50 }, () => 0);
        const open: { reservation: Reservation; estimate: number }[] = [];
        let settled = 0;
        let calls = 0;
        for (const action of steps) {
          if (action.do === 'start') {
            const reservation = budget.reserve({ usd: action.estimate, tokens: action.estimate });
            if (!isShort(reservation)) open.push({ reservation, estimate: action.estimate });
            continue;
          }
          const [one] = open.splice(action.at % Math.max(1, open.length), 1);
          if (!one) continue;
          if (action.do === 'settle') {
            const usd = one.estimate * action.part;
            one.reservation.settle({ usd, tokens: Math.floor(usd) });
            one.reservation.settle({ usd, tokens: 1 });
            settled += usd;
            calls++;
          } else one.reservation.release();
          expect(settled).toBeLessThanOrEqual(cap + 1e-6);
        }
        expect(budget.spent.usd).toBeCloseTo(settled, 6);
        expect(budget.spent.calls).toBe(calls);
        expect(calls + open.length).toBeLessThanOrEqual(50);
        expect(budget.reserved.calls).toBe(open.length);
      }),
    );
  });

  it('without estimates: the call after the cap is refused; calls in flight are held at the dearest so far', () => {
    const budget = new Budget({ maxUsd: 1 }, () => 0);
    const spend = (usd: number) => {
      const held = budget.reserve();
      if (!isShort(held)) held.settle({ usd, tokens: 0 });
      return !isShort(held);
    };
    expect([spend(0.3), spend(0.3), spend(0.3), spend(0.3), spend(0.3)]).toEqual([true, true, true, true, false]);
    budget.reset();
    spend(0.3);
    const parallel = Array.from({ length: 10 }, () => budget.reserve());
    expect(parallel.filter(held => !isShort(held))).toHaveLength(2);
  });

  it('counts calls exactly, also none', () => {
    const budget = new Budget({ maxCalls: 2 }, () => 0);
    expect([budget.reserve(), budget.reserve(), budget.reserve()].map(isShort)).toEqual([false, false, true]);
    expect(isShort(new Budget({ maxCalls: 0 }, () => 0).reserve())).toBe(true);
  });

  it('rolls', () => {
    let now = 0;
    const budget = new Budget({ maxUsd: 1, windowMs: 60_000 }, () => now);
    const use = () => {
      const held = budget.reserve({ usd: 0.6 });
      if (!isShort(held)) held.settle({ usd: 0.6, tokens: 0 });
      return !isShort(held);
    };
    expect([use(), use()]).toEqual([true, false]);
    now = 59_000;
    expect(use()).toBe(false);
    expect(budget.retryAt).toBeGreaterThan(59_000);
    now = 62_000;
    expect(use()).toBe(true);
  });

  it('can be raised, and a reset forgets what is in flight', () => {
    const budget = new Budget({ maxUsd: 1 }, () => 0);
    const held = budget.reserve({ usd: 1 });
    expect(isShort(budget.reserve({ usd: 0.5 }))).toBe(true);
    budget.raise({ usd: 0.5 });
    expect(isShort(budget.reserve({ usd: 0.5 }))).toBe(false);
    budget.reset();
    if (!isShort(held)) held.settle({ usd: 1, tokens: 1 });
    expect(budget.spent).toEqual({ usd: 0, tokens: 0, calls: 0 });
    expect(() => budget.raise({ usd: -1 })).toThrow(RangeError);
  });

  it.each([{}, { maxUsd: -1 }, { maxCalls: Number.NaN }, { maxUsd: 1, windowMs: 0 }])('refuses %j', options =>
    expect(() => new Budget(options, () => 0)).toThrow(RangeError),
  );
});

describe('breaker', () => {
  const make = (options: BreakerOptions = {}) => {
    const clock = { now: 1_000 };
    return { clock, breaker: new Breaker({ jitter: 0, ...options }, () => clock.now) };
  };
  const pass = (admitted: ReturnType<Breaker['admit']>): Pass =>
    'rejected' in admitted ? expect.fail('rejected') : admitted;

  it('cools down 60, 120, 240, 480, 900, 900 s; reset restores 60', () => {
    const { breaker, clock } = make();
    const seconds: number[] = [];
    for (let trip = 0; trip < 6; trip++) {
      breaker.trip('loop');
      const { retryAt } = breaker.snapshot();
      seconds.push((retryAt - clock.now) / 1000);
      expect(breaker.admit()).toMatchObject({ rejected: true, retryAt, reason: 'loop' });
      clock.now = retryAt;
      pass(breaker.admit()).failure('loop');
      breaker.restore({ ...breaker.snapshot(), state: 'closed', trips: trip + 1 });
    }
    expect(seconds).toEqual([60, 120, 240, 480, 900, 900]);
    breaker.reset();
    breaker.trip('loop');
    expect(breaker.snapshot().retryAt - clock.now).toBe(60_000);
  });

  it('lets two probes through; success closes, failure reopens for longer', () => {
    const { breaker, clock } = make();
    breaker.trip('loop');
    clock.now += 60_000;
    const first = pass(breaker.admit());
    const second = pass(breaker.admit());
    expect(breaker.snapshot().state).toBe('halfOpen');
    expect(breaker.admit()).toMatchObject({ rejected: true });
    second.failure('again');
    expect(breaker.snapshot()).toMatchObject({ state: 'open', trips: 2, retryAt: clock.now + 120_000 });
    first.success();
    expect(breaker.snapshot().state).toBe('open');
    clock.now += 120_000;
    pass(breaker.admit()).success();
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', trips: 0 });
  });

  it('a probe that hangs counts as failed at its deadline', () => {
    const { breaker, clock } = make({ probes: 1, probeDeadlineMs: 5_000 });
    breaker.trip();
    clock.now += 60_000;
    const hung = pass(breaker.admit());
    clock.now += 5_000;
    expect(breaker.admit()).toMatchObject({ rejected: true });
    expect(breaker.snapshot()).toMatchObject({ state: 'open', trips: 2 });
    hung.success();
    expect(breaker.snapshot().state).toBe('open');
  });

  it('can be saved and restored; takes jitter off, never beyond the cap', () => {
    const { breaker, clock } = make({ jitter: 0.5, random: () => 1 });
    breaker.trip('budget');
    expect(breaker.snapshot().retryAt - clock.now).toBe(30_000);
    const other = make();
    other.breaker.restore(JSON.parse(JSON.stringify(breaker.snapshot())));
    expect(other.breaker.admit()).toMatchObject({ rejected: true, reason: 'budget' });
  });

  it('opens after failures in a row, if asked to', () => {
    const { breaker } = make({ failures: 2 });
    pass(breaker.admit()).failure();
    pass(breaker.admit()).success();
    pass(breaker.admit()).failure();
    expect(breaker.snapshot().state).toBe('closed');
    pass(breaker.admit()).failure('429');
    expect(breaker.snapshot()).toMatchObject({ state: 'open', reason: '429' });
  });

  it('never has more probes in flight than allowed, whatever happens', () => {
    const action = fc.oneof(
      fc.constant('admit' as const),
      fc.constant('trip' as const),
      fc.record({ at: fc.nat(10), ok: fc.boolean() }),
      fc.integer({ min: 1, max: 200_000 }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), fc.integer({ min: 1, max: 4 }), (actions, probes) => {
        const { breaker, clock } = make({ probes, probeDeadlineMs: 50_000 });
        let open: { pass: Pass; epoch: number }[] = [];
        let epoch = 0;
        let state = breaker.snapshot().state;
        const sync = () => {
          const now = breaker.snapshot().state;
          if (now !== state) {
            state = now;
            epoch++;
          }
        };
        for (const step of actions) {
          if (step === 'admit') {
            const admitted = breaker.admit();
            sync();
            if (!('rejected' in admitted)) {
              expect(state).not.toBe('open');
              if (state === 'halfOpen') open.push({ pass: admitted, epoch });
            }
          } else if (step === 'trip') breaker.trip('x');
          else if (typeof step === 'number') clock.now += step;
          else {
            const [one] = open.splice(step.at % Math.max(1, open.length), 1);
            if (step.ok) one?.pass.success();
            else one?.pass.failure();
          }
          sync();
          open = open.filter(one => one.epoch === epoch || state !== 'halfOpen');
          if (state === 'halfOpen') expect(open.filter(one => one.epoch === epoch).length).toBeLessThanOrEqual(probes);
        }
      }),
    );
  });

  it.each([{ cooldownMs: 0 }, { base: 0.5 }, { probes: 0 }, { jitter: 2 }, { maxCooldownMs: 1 }])(
    'refuses %j',
    options => expect(() => make(options)).toThrow(RangeError),
  );
});
