// Neovim as a second real client of the language server: on a TypeScript and on a Python example, a finding arrives,
// its fix is applied, the finding goes and the file has changed.
// Where Neovim is missing and cannot be installed this is skipped, loudly; under CI=true that is a failure.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { node, root } from '../../scripts/bootstrap.mjs';

const cases = [
  { example: 'research-flow', file: 'unguarded.ts', rule: 'unbounded-cycle', expect: /recursionLimit: \d+/ },
  { example: 'python-flow', file: 'unguarded.py', rule: 'unguarded-retry', expect: /loop_?budget|attempt/i },
];

const why = ensureNeovim();
if (why) {
  console.error(`\n*** The Neovim tests are SKIPPED: ${why} ***\n`);
  process.exit(process.env.CI === 'true' ? 1 : 0);
}

let failed = 0;
for (const { example, file, rule, expect } of cases) {
  const folder = mkdtempSync(join(tmpdir(), 'loopbound-neovim-'));
  try {
    const copy = join(folder, file);
    copyFileSync(join(root, 'examples', example, file), copy);
    const { status, stdout, stderr } = spawnSync(
      'nvim',
      ['--headless', '--clean', '-S', join(import.meta.dirname, 'client.lua')],
      {
        encoding: 'utf8',
        timeout: 120_000,
        env: { ...process.env, NODE: node, SERVER: join(root, 'dist', 'server.js'), FILE: copy, RULE: rule },
      },
    );
    const fixed = expect.test(readFileSync(copy, 'utf8'));
    const passed = status === 0 && fixed;
    console.log(`${passed ? 'ok  ' : 'FAIL'}  ${example}/${file}`);
    // Neovim prints what `print` says on stderr when it has no screen.
    if (!passed) console.log(`${stdout}${stderr}${fixed ? '' : `\nthe file does not match ${expect}`}`);
    if (!passed) failed++;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
console.log(`${cases.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

/** Installs Neovim by apt-get where that is allowed; says why there is none. */
function ensureNeovim() {
  const there = () => spawnSync('nvim', ['--version']).status === 0;
  if (there()) return undefined;
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'nvim is not installed, and this is not root';
  console.log('installing Neovim with apt-get');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['-q', 'update'],
    ['-q', 'install', '-y', '--no-install-recommends', 'neovim'],
  ]) {
    const { status, stderr, error } = spawnSync('apt-get', args, { env, encoding: 'utf8' });
    if (status !== 0) return `apt-get ${args[1]} failed: ${error ?? stderr}`;
  }
  return there() ? undefined : 'apt-get installed no nvim';
}
