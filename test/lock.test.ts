// package-lock.json is one that `npm ci` accepts on any machine, and says nothing about the machine that wrote it.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { missingFrom } from '../scripts/complete-lock.mjs';

const read = (name: string) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));
const lock = read('package-lock.json') as {
  packages: Record<string, { resolved?: string; link?: boolean; hasInstallScript?: boolean }>;
};

test('every optional platform package is in the lock; `npm run lock` adds those that are missing', () => {
  expect(missingFrom(lock).map(({ name }) => name)).toEqual([]);
});

test('no entry names a registry', () => {
  const entries = Object.entries(lock.packages);
  expect(entries.filter(([, entry]) => entry.resolved && !entry.link).map(([path]) => path)).toEqual([]);
});

test('every install script was reviewed', () => {
  const reviewed = Object.keys(read('package.json').allowScripts);
  const scripts = Object.entries(lock.packages).filter(([, entry]) => entry.hasInstallScript);
  const names = scripts.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));
  expect(names.filter(name => !reviewed.includes(name))).toEqual([]);
});
