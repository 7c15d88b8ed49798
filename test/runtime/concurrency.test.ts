// Budget, breaker and caps under any interleaving of calls: no cap is passed, no probe too many, no update lost.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Breaker,
  BudgetExceededError,
  guard,
  guardOf,
  isCapError,
  isTripError,
  type Pass,
} from '../../runtime/src/index.ts';
import { createMeter } from '../../runtime/src/meter/index.ts';

describe('budget', () => {
  const call = fc.record({
    estimate: fc.integer({ min: 0, max: 50 }),
    // Part of the estimate that the call really costs; undefined if it fails.
    part: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
  });

  it('what is settled never exceeds the cap, and adds up to the last cent', async () => {
    let calls = 0;
    let refusals = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(call, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 30 }),
        async (scheduler, plans, maxUsd, maxCalls) => {
          let settled = 0;
          let made = 0;
          const work = guard(
            async ({ estimate, part }: { estimate: number; part: number | undefined }) => {
              made++;
              await scheduler.schedule(Promise.resolve(), 'the model');
              if (part === undefined) throw new Error('the model failed');
              return estimate * part;
            },
            {
              loop: false,
              budget: { maxUsd, maxCalls },
              estimate: ({ estimate }) => ({ usd: estimate }),
              cost: (_input, output) => output,
            },
          );
          const view = () => guardOf(work)!.view().budget!;
          const start = scheduler.scheduleSequence(
            plans.map(plan => ({
              label: 'a call',
              builder: async () => {
                void work(plan).then(
                  usd => {
                    settled += usd;
                  },
                  error => {
                    if (error instanceof BudgetExceededError) refusals++;
                    else expect((error as Error).message).toBe('the model failed');
                  },
                );
                const { spent, reserved } = view();
                expect(spent.usd + reserved.usd).toBeLessThanOrEqual(maxUsd + 1e-6);
                expect(spent.calls + reserved.calls).toBeLessThanOrEqual(maxCalls);
              },
            })),
          );
          await scheduler.waitAll();
          await start.task;
          const { spent, reserved } = view();
          expect(spent.usd).toBeCloseTo(settled, 6);
          expect(spent.usd).toBeLessThanOrEqual(maxUsd + 1e-6);
          expect(spent.calls).toBe(made);
          expect(reserved).toMatchObject({ usd: 0, calls: 0 });
          calls += plans.length;
        },
      ),
      { numRuns: 150 },
    );
    console.log(`budget: ${calls} interleaved calls, ${refusals} refused, overshoot 0`);
    expect(refusals).toBeGreaterThan(0);
  });
});

describe('breaker', () => {
  type Step = { do: 'call' | 'wait' | 'trip' } | { do: 'good' | 'bad' | 'gone'; which: number };
  const which = fc.nat({ max: 7 });
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant('call' as const) }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constantFrom('good' as const, 'bad' as const, 'gone' as const), which }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('trip' as const) }) },
  );

  it('never has more than its probes in flight, and late results count nowhere', () => {
    let probesSeen = 0;
    let late = 0;
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 80 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 2 }),
        (steps, probes, failures) => {
          let now = 1_000;
          let epoch = 0;
          const breaker = new Breaker(
            { probes, failures, jitter: 0, probeDeadlineMs: 90_000, onChange: () => epoch++ },
            () => now,
          );
          let open: { pass: Pass; epoch: number; since: number }[] = [];
          for (const one of steps) {
            if (one.do === 'wait') now += 65_000;
            else if (one.do === 'trip') breaker.trip('loop');
            else if (one.do === 'call') {
              const admitted = breaker.admit();
              if (admitted.rejected) expect(admitted.retryAt).toBeGreaterThanOrEqual(now);
              else open.push({ pass: admitted, epoch, since: now });
            } else if ('which' in one && open.length > 0) {
              const [ended] = open.splice(one.which % open.length, 1);
              const before = breaker.snapshot();
              if (one.do === 'good') ended!.pass.success();
              else if (one.do === 'bad') ended!.pass.failure('bad');
              else ended!.pass.release();
              if (ended!.epoch !== epoch && before.state !== 'closed' && breaker.snapshot().state === before.state)
                late++;
              if (one.do === 'gone') expect(breaker.snapshot()).toEqual(before);
              if (before.state === 'open') expect(breaker.snapshot()).toEqual(before);
            }
            const { state, retryAt } = breaker.snapshot();
            if (state === 'halfOpen') {
              const flying = open.filter(call => call.epoch === epoch);
              probesSeen = Math.max(probesSeen, flying.length);
              expect(flying.length).toBeLessThanOrEqual(probes);
            }
            if (state === 'open') expect(retryAt - now).toBeLessThanOrEqual(900_000);
            open = open.slice(-50);
          }
        },
      ),
      { numRuns: 2_000 },
    );
    console.log(`breaker: at most ${probesSeen} probes of 3 allowed; ${late} late results counted nowhere`);
    expect(probesSeen).toBeGreaterThan(1);
    expect(late).toBeGreaterThan(0);
  });

  it('a guarded call that an option stops, or that onWarn answers, gives its probe back', async () => {
    let now = 1_000;
    let broken = true;
    const tool = guard(async (n: number) => n, {
      name: 'tool',
      loop: false,
      breaker: { failures: 1, jitter: 0, probes: 1 },
      context: { maxContextTokens: 100, headroom: 0 },
      tokens: () => {
        if (broken) throw new Error('the counter failed');
        return 1;
      },
      clock: () => now,
    });
    const core = guardOf(tool)!;
    broken = false;
    const failing = core.begin({ name: 'tool', input: 1 });
    failing.fail(new Error('down'));
    expect(core.view().breaker).toMatchObject({ state: 'open' });
    now += 60_000;
    broken = true;
    // Sync, as every check is: the function never ran.
    expect(() => tool(1)).toThrow('the counter failed');
    broken = false;
    expect(await tool(2)).toBe(2);
    expect(core.view().breaker).toMatchObject({ state: 'closed' });
  });
});

describe('caps', () => {
  it('of users that call in any order hold, and every settled dollar is there', async () => {
    let blocked = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.record({ user: fc.nat({ max: 2 }), out: fc.integer({ min: 0, max: 1_000 }) }), {
          minLength: 1,
          maxLength: 24,
        }),
        async (scheduler, requests) => {
          const meter = createMeter({
            plans: { small: 0.1 },
            prices: { big: { input: 10, output: 30 } },
            velocity: false,
          });
          const settled = [0, 0, 0];
          await scheduler.waitFor(
            Promise.all(
              requests.map(({ user, out }) =>
                meter
                  .chat(
                    async (request: Record<string, unknown>) => {
                      await scheduler.schedule(Promise.resolve(), 'the provider');
                      return { model: request.model, usage: { prompt_tokens: 10, completion_tokens: out } };
                    },
                    {
                      model: 'big',
                      messages: [{ role: 'user', content: 'x'.repeat(100) }],
                      max_tokens: 1_000,
                      userId: `u${user}`,
                      plan: 'small',
                    },
                  )
                  .then(
                    () => {
                      settled[user]! += (10 * 10 + out * 30) / 1e6;
                    },
                    error => {
                      expect(isCapError(error) && isTripError(error, 'cap')).toBe(true);
                      blocked++;
                    },
                  ),
              ),
            ),
          );
          for (let user = 0; user < 3; user++) {
            const { usd, reserved } = await meter.spentBy(`u${user}`);
            expect(usd).toBeCloseTo(settled[user]!, 6);
            expect(usd).toBeLessThanOrEqual(0.1);
            expect(reserved).toBe(0);
          }
        },
      ),
      { numRuns: 60 },
    );
    console.log(`caps: ${blocked} calls blocked, overshoot 0`);
    expect(blocked).toBeGreaterThan(0);
  });
});
