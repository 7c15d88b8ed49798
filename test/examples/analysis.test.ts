// What the command line says of the examples: exactly the unguarded twins, and nothing on the guarded ones.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { node, root } from '../../scripts/bootstrap.mjs';
import { examples } from '../../scripts/examples.mjs';
import type { JsonReport } from '../../server/src/report/json.ts';

const { stdout, status } = spawnSync(
  node,
  [join('dist', 'cli.js'), 'check', 'examples', '--format', 'json', '--no-cache'],
  {
    cwd: root,
    encoding: 'utf8',
  },
);
const { findings } = JSON.parse(stdout) as JsonReport;

test('the warnings are on the unguarded twins, all of them', () => {
  const warned = findings.filter(({ severity }) => severity === 'warning').map(({ file }) => file);
  const unguarded = examples().map(({ name, extension }) => `examples/${name}/unguarded.${extension}`);
  expect([...new Set(warned)].sort()).toEqual(unguarded.sort());
  expect(status).toBe(1);
});

test('nothing is said of any other file', () => {
  const others = findings.filter(({ file }) => !/\/unguarded\.(?:ts|py)$/.test(file));
  expect(others.map(({ file, rule, severity, message }) => `${file} ${severity} ${rule}: ${message}`)).toEqual([]);
});

test('each warning has a worst case without a bound, a way round and a fix', () => {
  for (const finding of findings.filter(({ severity }) => severity === 'warning')) {
    expect(finding, finding.file).toMatchObject({ worstCase: null });
    expect(finding.related.length, finding.file).toBeGreaterThan(0);
    expect(finding.fixes.length, finding.file).toBeGreaterThan(0);
  }
});
