// Gets a checkout ready to run on a bare Node 20 with nothing installed: packages, then the bundles.
// Uses nothing but node's own modules, and npm.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');

/** The current node that comes with the dev dependencies; scripts and tests run on it. */
export const node = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

/** Installs what the lock file says, unless it is all there. Throws where npm fails. */
export function install() {
  const installed = readLock(join(root, 'node_modules', '.package-lock.json'));
  const wanted = readLock(join(root, 'package-lock.json'));
  const stale = Object.entries(wanted).filter(
    ([path, entry]) =>
      path.includes('node_modules/') &&
      !entry.optional &&
      !entry.devOptional &&
      !entry.link &&
      installed[path]?.version !== entry.version,
  );
  if (stale.length === 0 && existsSync(node)) return;
  const fresh = Object.keys(installed).length === 0;
  console.log(fresh ? 'Installing packages' : `Installing ${stale.length} packages that changed`);
  // npm ci starts from nothing, which is slow where most of it is there already.
  npm(fresh ? ['ci'] : ['install']);
  if (!existsSync(node)) throw new Error(`npm has installed no node at ${node}; are install scripts switched off?`);
}

/** Builds dist/ and runtime/dist/. Throws where that fails. */
export function build() {
  run(node, ['runtime/build.mjs']);
  run(node, ['esbuild.mjs']);
}

/** Runs a command in the root and waits. Throws where it fails. */
export function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (error) throw error;
  if (status !== 0) throw new Failed(`${command} ${args.join(' ')}`, status ?? 1);
}

/** A command that ended with another code than 0. */
export class Failed extends Error {
  constructor(command, status) {
    super(`${command} ended with ${status}`);
    this.status = status;
  }
}

/** Ends the process with the code of the command that failed, without a stack: its own output says why. */
export function exitOnFailure(error) {
  if (!(error instanceof Failed)) throw error;
  console.error(error.message);
  process.exit(error.status);
}

function npm(args) {
  const { npm_execpath } = process.env;
  if (npm_execpath) run(process.execPath, [npm_execpath, ...args]);
  else run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args);
}

function readLock(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {};
}
