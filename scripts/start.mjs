// npm start: the whole path on a fresh machine. Installs, builds, analyses the examples, serves the live page and runs
// the agents under it. Stays up for the page until Ctrl-C; with --once it ends by itself.

import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build, exitOnFailure, install, node, root } from './bootstrap.mjs';

const once = process.argv.includes('--once');

try {
  install();
  build();
} catch (error) {
  exitOnFailure(error);
}

console.log('\n== What the analyzer finds in examples/ ==\n');
const check = spawnSync(node, ['dist/cli.js', 'check', 'examples'], { cwd: root, stdio: 'inherit' });
// 1 means findings, and the unguarded examples are there to give some.
if (check.status !== 0 && check.status !== 1) process.exit(check.status ?? 1);

console.log('\n== The agents, watched live ==\n');
const keep = once ? [] : ['--keep'];
const watch = spawn(node, ['dist/cli.js', 'watch', ...keep, '--', node, join('scripts', 'agents.mjs')], {
  cwd: root,
  stdio: 'inherit',
});
// Ctrl-C reaches the whole group; the children end first.
let interrupted = false;
process.on('SIGINT', () => {
  interrupted = true;
});
process.on('SIGTERM', () => watch.kill('SIGTERM'));
watch.on('exit', code => process.exit(interrupted ? 0 : (code ?? 1)));
