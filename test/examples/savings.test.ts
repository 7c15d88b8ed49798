// The savings of a crew's breaker per failure mode, as the demo computes them.

import { expect, test } from 'vitest';
import { savings } from '../../scripts/savings.mjs';

test('each failure is stopped where it should be, and saves what it should', async () => {
  const rows = await savings();
  expect(rows.map(({ mode, unit, stoppedAt, reason }) => [mode, unit, stoppedAt, reason])).toEqual([
    ['delegation loop', 'cycle', 3, 'delegation'],
    ['tool storm', 'call', 3, 'toolStorm'],
    ['manager reassignment', 'reassignment', 3, 'reassignment'],
    ['context drift', 'iteration', 6, 'drift'],
  ]);
  for (const [index, expected] of [0.87, 0.75, 0.75, 0.75].entries()) {
    const { mode, saved, without, with: guarded } = rows[index]!;
    expect(Math.abs(saved - expected), mode).toBeLessThan(0.01);
    expect(saved).toBeCloseTo(1 - guarded.usd / without.usd, 12);
    expect(guarded.calls).toBeLessThan(without.calls);
  }
});
