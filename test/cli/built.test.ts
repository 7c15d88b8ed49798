// The command as it is shipped finds what the sources find: the bundle has a parser of its own, cut to what is used.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

function check(entry: string, folder: string) {
  const run = spawnSync(process.execPath, [entry, 'check', folder, '--no-cache', '--format', 'json'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const { findings, entries } = JSON.parse(run.stdout) as { findings: unknown[]; entries: unknown[] };
  return { findings, entries };
}

test('the built command finds what the sources find', () => {
  expect(existsSync(`${root}/dist/cli.js`), 'npm run build').toBe(true);
  const built = check('dist/cli.js', 'test/fixtures/unbounded-loop');
  expect(built.findings.length).toBeGreaterThan(10);
  expect(built).toEqual(check('server/src/cli.ts', 'test/fixtures/unbounded-loop'));
}, 60_000);
