// What the docs say of the adapters: the table has a row for each, each has a test and an example that compiles, and none
// needs its framework to be loaded.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const files = readdirSync(join(root, 'runtime/src/adapters')).sort();
const adapters = files.filter(file => !file.startsWith('_')).map(file => file.replace(/\.ts$/, ''));
const folder = join(root, 'test/integration/out');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** TypeScript examples of a file's doc comments. */
const examplesOf = (file: string): string[] =>
  [...read(`runtime/src/adapters/${file}.ts`).matchAll(/^ \* ```ts\n([\s\S]*?)^ \* ```$/gm)].map(([, text = '']) =>
    text.replace(/^ \* ?/gm, ''),
  );

it('the table has one row for each adapter', () => {
  const rows = [
    ...read('docs/guard-adapters.md').matchAll(/^\| \[(.+?)\]\(\.\.\/runtime\/src\/adapters\/(.+?)\.ts\) \|(.*)\|$/gm),
  ];
  for (const [, name, target, cells = ''] of rows) {
    expect(name).toBe(target);
    expect(
      cells.split('|').map(cell => cell.trim()),
      name,
    ).toEqual(Array.from({ length: 5 }, () => expect.stringMatching(/./)));
  }
  expect(rows.map(([, name]) => name).sort()).toEqual(adapters);
});

it('each adapter has a test', () => {
  const tests = readdirSync(join(root, 'test/integration/adapters'))
    .filter(file => file.endsWith('.test.ts'))
    .map(file => read(`test/integration/adapters/${file}`));
  const untested = adapters.filter(name => !tests.some(text => text.includes(`runtime/src/adapters/${name}.ts'`)));
  expect(untested).toEqual([]);
});

describe('examples', () => {
  it('each adapter has one that imports it', () => {
    for (const name of adapters) expect(examplesOf(name).join('\n'), name).toContain(`'loopbound/adapters/${name}'`);
  });

  it('all of them compile', () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const name of adapters) {
      for (const [at, text] of examplesOf(name).entries())
        writeFileSync(join(folder, `${name}-${at}.ts`), `${text}\nexport {};\n`);
    }
    const paths = {
      loopbound: ['../../../runtime/src/index.ts'],
      'loopbound/adapters/*': ['../../../runtime/src/adapters/*.ts'],
    };
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: '../../../tsconfig.json',
        compilerOptions: { paths, typeRoots: ['../../../node_modules/@types'] },
        include: ['.'],
        exclude: [],
      }),
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });
});

it('no adapter imports a framework to be loaded; what it asks for later is an optional peer', () => {
  const { peerDependencies, peerDependenciesMeta } = JSON.parse(read('runtime/package.json'));
  for (const file of files) {
    const text = read(`runtime/src/adapters/${file}`).replace(/^ \*.*$/gm, '');
    const loaded = [...text.matchAll(/^(?:import|export)\b[^;]*?from '([^']+)'/gm)].map(([, from]) => from);
    expect(
      loaded.filter(from => !from?.startsWith('.')),
      file,
    ).toEqual([]);
    for (const [, name = ''] of text.matchAll(/\bimport\('([^']+)'\)/g)) {
      const peer = name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/');
      expect(peerDependencies, file).toHaveProperty([peer]);
      expect(peerDependenciesMeta[peer], file).toEqual({ optional: true });
    }
  }
});
