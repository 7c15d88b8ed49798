// LangGraph for Python: what its recursion limit is and counts. Run against the installed package.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { python, pythonLacks } from '../../scripts/python.mjs';

type Run = { ended: string; calls: number };
type Report = Record<'default' | 'four' | 'zero' | 'maxsize' | 'infinite', Run> & { resumed: Run[] };

describe.skipIf(pythonLacks())('recursion_limit', () => {
  const script = join(import.meta.dirname, 'langgraph_defaults.py');
  const { stdout, stderr } = spawnSync(python(), [script], { encoding: 'utf8' });
  const report = stdout ? (JSON.parse(stdout) as Report) : undefined;

  test('the script ran', () => {
    expect(report, stderr).toBeDefined();
  });

  test('is 10007 supersteps by default, and hitting it raises', () => {
    expect(report?.default).toEqual({ ended: 'GraphRecursionError', calls: 10_007 });
  });

  test('ends after exactly that many supersteps', () => {
    expect(report?.four).toEqual({ ended: 'GraphRecursionError', calls: 4 });
  });

  test('below 1 is refused', () => {
    expect(report?.zero).toEqual({ ended: 'ValueError', calls: 0 });
  });

  test('sys.maxsize and float("inf") are no limit', () => {
    expect([report?.maxsize, report?.infinite]).toEqual([
      { ended: 'Runaway', calls: 60 },
      { ended: 'Runaway', calls: 60 },
    ]);
  });

  test('starts anew with every invoke from a checkpoint', () => {
    const calls = report?.resumed.map(run => run.calls) ?? [];
    expect(report?.resumed.map(run => run.ended)).toEqual(Array(3).fill('GraphRecursionError'));
    expect(calls[0]).toBe(10);
    expect(calls[1]).toBeGreaterThanOrEqual(20);
    expect(calls[2]).toBeGreaterThanOrEqual(30);
  });
});
