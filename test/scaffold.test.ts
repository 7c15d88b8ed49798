// `npm run new:rule` and `npm run new:framework` on a copy: what they write and change is sound code.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { node } from '../scripts/bootstrap.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const copy = mkdtempSync(join(tmpdir(), 'loopbound-scaffold-'));

beforeAll(() => {
  for (const path of ['scripts', 'server', 'runtime/src', 'tsconfig.json', 'biome.json', '.gitignore']) {
    cpSync(join(root, path), join(copy, path), { recursive: true, filter: source => !source.endsWith('node_modules') });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

const script = (name: string, argument: string) =>
  spawnSync(node, [join('scripts', name), argument], { cwd: copy, encoding: 'utf8' });
const read = (path: string): string => readFileSync(join(copy, path), 'utf8');

test('a rule', () => {
  const { stderr, status } = script('new-rule.mjs', 'wasted-call');
  expect(status, stderr).toBe(0);
  expect(read('server/src/rules/index.ts')).toMatch(/rules: readonly Rule\[\] = \[[^\]]*wastedCall,?\s*\]/);
  expect(read('server/src/rules/finding.ts')).toContain("'wasted-call'");
});

test('a framework', () => {
  const { stderr, status } = script('new-framework.mjs', 'open-flow');
  expect(status, stderr).toBe(0);
  expect(read('server/src/frameworks/index.ts')).toContain('openFlow,');
});

test('what they wrote compiles', () => {
  const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
  const { stdout } = spawnSync(node, [tsc, '-p', '.'], { cwd: copy, encoding: 'utf8' });
  const ours = stdout
    .split('\n')
    .filter(line => /^server\/src\/(?:rules|frameworks)\/(?:index|finding|wasted|open)/.test(line));
  expect(ours).toEqual([]);
});

test('nothing is overwritten, and a name is kebab case', () => {
  expect(script('new-rule.mjs', 'unbounded-loop').status).toBe(1);
  expect(script('new-rule.mjs', 'Some_Rule').status).toBe(2);
});
