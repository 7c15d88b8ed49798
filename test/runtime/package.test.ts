// The package as users get it: no dependencies, ESM and CJS on every supported Node, types under both resolutions, small.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const runtime = join(root, 'runtime');
const manifest = JSON.parse(readFileSync(join(runtime, 'package.json'), 'utf8'));
let project = '';

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'loopbound-package-'));
  const home = join(project, 'node_modules/loopbound');
  mkdirSync(home, { recursive: true });
  cpSync(join(runtime, 'package.json'), join(home, 'package.json'));
  execFileSync(process.execPath, [join(runtime, 'build.mjs'), '--out', join(home, 'dist')]);
}, 60_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

const run = (file: string, text: string, node = process.execPath): string => {
  writeFileSync(join(project, file), text);
  return execFileSync(node, [join(project, file)], { encoding: 'utf8', cwd: project }).trim();
};

describe('package', () => {
  it('depends on nothing: the core imports Node alone, the rest nothing but optional peers', () => {
    expect(manifest.dependencies).toBeUndefined();
    const peers = Object.keys(manifest.peerDependencies);
    for (const peer of peers) expect(manifest.peerDependenciesMeta[peer], peer).toEqual({ optional: true });
    const dist = join(project, 'node_modules/loopbound/dist');
    const importsOf = (file: string): string[] => {
      const text = readFileSync(join(dist, file), 'utf8').replace(/require\("(?:bufferutil|utf-8-validate)"\)/g, '');
      return [...text.matchAll(/(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*["']([^"']+)["']/g)].map(
        ([, name]) => name!,
      );
    };
    const packagesIn = (file: string): string[] =>
      importsOf(file).filter(name => !name.startsWith('.') && !builtinModules.includes(name.replace(/^node:/, '')));
    for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
      if (!/\.c?js$/.test(file) || file.startsWith('adapters')) continue;
      for (const name of packagesIn(file)) expect(peers, file).toContain(name);
    }
    for (const entry of [
      'index.js',
      'index.cjs',
      'protocol.js',
      'hub.js',
      'emit.js',
      'meter.js',
      'meter.cjs',
      'store/redis.js',
    ]) {
      const reached = new Set([entry]);
      for (const file of reached) {
        expect(packagesIn(file), `${file}, reached from ${entry}`).toEqual([]);
        for (const name of importsOf(file)) if (name.startsWith('.')) reached.add(join(file, '..', name));
      }
    }
  });

  it.each([process.execPath, join(root, 'node_modules/.bin/node')])(
    'loads as ESM and as CJS, and both share runs and errors (%s)',
    node => {
      const esm = `import { guard, TripError, withRun, currentRun } from 'loopbound';
import { startHub } from 'loopbound/hub'; import { PROTOCOL_VERSION } from 'loopbound/protocol'; import { openViewer } from 'loopbound/viewer';
import { redisLedger } from 'loopbound/store/redis';
import { Alerts } from 'loopbound/alerts'; import { createMeter } from 'loopbound/meter';
import { createRequire } from 'node:module';
const cjs = createRequire(import.meta.url)('loopbound');
const f = cjs.guard(() => 1, { budget: { maxCalls: 0 } });
let same; try { f(); } catch (error) { same = error instanceof TripError && error instanceof cjs.BudgetExceededError && error.name; }
const hub = await startHub(); await hub.close();
console.log(same, cjs !== undefined && withRun('x', run => cjs.currentRun() === run), PROTOCOL_VERSION, typeof openViewer, typeof redisLedger, typeof Alerts, typeof createMeter);`;
      expect(run('a.mjs', esm, node)).toBe('BudgetExceededError true 1 function function function function');
      const cjs = `const { guard } = require('loopbound'); const { startHub } = require('loopbound/hub'); const { fold } = require('loopbound/protocol');
const { redisLedger } = require('loopbound/store/redis');
const { Alerts } = require('loopbound/alerts'); const { createMeter } = require('loopbound/meter');
console.log(guard(x => x + 1)(1), typeof startHub, typeof fold, typeof redisLedger, typeof Alerts, typeof createMeter);`;
      expect(run('b.cjs', cjs, node)).toBe('2 function function function function function');
    },
  );

  it('adapters load as ESM and as CJS with no framework installed, on the one core', () => {
    const names = readdirSync(join(runtime, 'src/adapters'))
      .filter(file => !file.startsWith('_'))
      .map(file => file.slice(0, -3));
    const loads = `import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const { guardMcp } = require('loopbound/adapters/mcp'); const { BudgetExceededError } = require('loopbound');
const client = guardMcp({ callTool: async () => 1 }, { budget: { maxCalls: 0 } });
const same = await client.callTool({ name: 'x' }).then(() => false, error => error instanceof BudgetExceededError);
const found = [];
for (const name of ${JSON.stringify(names)}) {
  const [esm, cjs] = [await import('loopbound/adapters/' + name), require('loopbound/adapters/' + name)];
  if (Object.keys(esm).length > 0 && Object.keys(esm).sort().join() === Object.keys(cjs).sort().join()) found.push(name);
}
console.log(same, found.join());`;
    expect(run('adapters.mjs', loads)).toBe(`true ${names.join()}`);
  });

  it.each(['node16', 'bundler'])('type-checks for users with %s resolution', resolution => {
    const user = `import { guard, withRun, type TripError } from 'loopbound';
import { startHub } from 'loopbound/hub'; import type { Trip } from 'loopbound/protocol';
import { redisLedger } from 'loopbound/store/redis'; import { createMeter } from 'loopbound/meter';
import { webhook } from 'loopbound/alerts'; import { runRecords } from 'loopbound/records';
export const parts = [redisLedger, createMeter, webhook, runRecords];
const f: (x: number) => Promise<string> = guard(async (x: number) => String(x), { onTrip: (error: TripError) => { const trip: Trip = error.trip; void trip; } });
export const done: Promise<string> = withRun('x', () => f(1)); export const hub = startHub;
// @ts-expect-error: not the type of the function
f('x');`;
    const dir = join(project, resolution);
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'esm.mts'), user);
    if (resolution === 'node16') writeFileSync(join(dir, 'cjs.cts'), user);
    writeFileSync(
      join(dir, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          target: 'es2022',
          module: resolution === 'node16' ? 'node16' : 'esnext',
          moduleResolution: resolution,
          skipLibCheck: false,
          typeRoots: [join(root, 'node_modules/@types')],
          types: ['node'],
        },
      }),
    );
    let out = '';
    try {
      execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', dir], { encoding: 'utf8' });
    } catch (error) {
      out = (error as { stdout: string }).stdout;
    }
    expect(out).toBe('');
  });

  it('is small', async () => {
    const sizeOf = async (contents: string): Promise<number> => {
      const bundle = await build({
        stdin: { contents, resolveDir: runtime },
        bundle: true,
        minify: true,
        write: false,
        format: 'esm',
        platform: 'node',
        target: 'node20.19',
        external: ['*/socket.ts'],
      });
      return gzipSync(bundle.outputFiles[0]!.contents, { level: 9 }).length;
    };
    const core = await sizeOf(`export { guard, withRun, loopBudget } from './src/index.ts'`);
    const all = await sizeOf(`export * from './src/index.ts'`);
    const detector = await sizeOf(`export { Detector } from './src/detector.ts'`);
    const errors = await sizeOf(`export * from './src/errors.ts'`);
    console.log(
      `gzip: guard, withRun and loopBudget ${core} bytes (target 12,000), of which the loop detector ${detector}; ` +
        `errors alone ${errors}; everything ${all}`,
    );
    expect(core).toBeLessThan(22_500);
    expect(all).toBeLessThan(28_000);
  });

  it('documents the protocol that it speaks', () => {
    const dir = join(runtime, 'src/protocol');
    const hash = createHash('sha256');
    for (const file of readdirSync(dir).sort()) hash.update(file).update(readFileSync(join(dir, file)));
    const expected = hash.digest('hex').slice(0, 32);
    const path = join(runtime, 'PROTOCOL.md');
    const text = readFileSync(path, 'utf8');
    if (process.env.UPDATE) writeFileSync(path, text.replace(/protocol-hash: \w+/, `protocol-hash: ${expected}`));
    else
      expect(/protocol-hash: (\w+)/.exec(text)?.[1], 'read PROTOCOL.md again, then run with UPDATE=1').toBe(expected);
  });
});
