// The examples, run: each unguarded agent goes on until it is cut off, each guarded one stops at the call it states.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Example, examples, runTwin } from '../../scripts/examples.mjs';

/** How each guarded twin ends: after this many model calls, for this reason. */
const ends: Record<string, { calls: number; ended: RegExp }> = {
  'agent-network': { calls: 8, ended: /^maxIter: not approved after 8 turns$/ },
  'document-flow': { calls: 6, ended: /^counter, 3 attempts$/ },
  'failing-tool': { calls: 2, ended: /^loop: readAndBook is called for the third time in a row/ },
  'growing-history': { calls: 16, ended: /^budget: The budget of 20000 tokens/ },
  'python-flow': { calls: 6, ended: /^counter, 3 drafts$/ },
  'research-flow': { calls: 8, ended: /^budget: The budget of 8 calls/ },
};
const CUT_OFF = 40;

const scratch = mkdtempSync(join(tmpdir(), 'loopbound-examples-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const run = (example: Example, twin: 'guarded' | 'unguarded') => {
  process.env.LOOPBOUND_DEMO_LATENCY = '0';
  return runTwin(example, twin, scratch, CUT_OFF);
};

test('every example is described here', () => {
  expect(
    examples()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(Object.keys(ends).sort());
});

describe.each(examples())('$name', example => {
  test.skipIf(example.missing)('unguarded goes past the cut-off', () => {
    expect(run(example, 'unguarded')).toMatchObject({ calls: CUT_OFF, cutOff: true, failure: false });
  });

  test.skipIf(example.missing)('guarded stops by itself', () => {
    const { calls, ended } = ends[example.name]!;
    const result = run(example, 'guarded');
    expect(result).toMatchObject({ calls, cutOff: false, failure: false });
    expect(result.ended).toMatch(ended);
  });
});
