// npm run dev: rebuilds on every change. F5 in VS Code ("Extension" in .vscode/launch.json) opens a window with it.

import { spawn } from 'node:child_process';
import { exitOnFailure, install, node, root, run } from './bootstrap.mjs';

try {
  install();
  run(node, ['runtime/build.mjs']);
} catch (error) {
  exitOnFailure(error);
}
console.log('Press F5 in VS Code to open a window with the extension; reload that window after a change.');
const watch = spawn(node, ['esbuild.mjs', '--watch'], { cwd: root, stdio: 'inherit' });
watch.on('exit', code => process.exit(code ?? 1));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => watch.kill(signal));
