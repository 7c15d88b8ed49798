// The Python packages of the examples, in a cache outside the checkout, keyed by their versions.
// `node scripts/python.mjs` installs them; where that cannot be it says so, and under CI=true that is a failure.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './bootstrap.mjs';

const requirements = join(root, 'examples', 'requirements.txt');
/** What the examples and the tests of frameworks import. */
const modules = ['langgraph', 'langchain_openai', 'crewai', 'tenacity', 'backoff', 'retrying', 'retry'];
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'loopbound');

/** The Python that runs the examples: LOOPBOUND_PYTHON, the one in the cache, or the system's. */
export function python() {
  if (process.env.LOOPBOUND_PYTHON) return process.env.LOOPBOUND_PYTHON;
  return existsSync(join(home(), 'installed')) ? binary(home()) : 'python3';
}

/** Why the Python examples cannot run; undefined if they can. */
export function pythonLacks() {
  // Looked for, not loaded: that takes ten seconds.
  const look = `import importlib.util as u; exit(any(u.find_spec(n) is None for n in ${JSON.stringify(modules)}))`;
  if (spawnSync(python(), ['-c', look]).status === 0) return undefined;
  return `${python()} lacks one of ${modules.join(', ')} (node scripts/python.mjs installs them into a cache)`;
}

/** Installs what is missing; says why that failed. */
function install() {
  if (!pythonLacks()) return undefined;
  console.log(`installing ${requirements} into ${home()}`);
  mkdirSync(cache, { recursive: true });
  // Made aside and moved, so that a run cut short leaves no half of it.
  const staging = mkdtempSync(join(cache, 'python-'));
  try {
    // Debian keeps venv in a package of its own.
    let why = attempt('python3', '-m', 'venv', staging);
    if (why && installVenv()) why = attempt('python3', '-m', 'venv', staging);
    why ??= attempt(binary(staging), '-m', 'pip', 'install', '-q', '--disable-pip-version-check', '-r', requirements);
    if (why) return why;
    writeFileSync(join(staging, 'installed'), '');
    if (!existsSync(home())) renameSync(staging, home());
    return pythonLacks();
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Runs a command; says what went wrong, undefined if nothing did. */
function attempt(command, ...args) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? undefined : `${command} ${args.join(' ')} failed: ${error?.message ?? stderr}`;
}

function installVenv() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  console.log('installing python3-venv with apt-get');
  attempt('apt-get', '-q', 'update');
  return !attempt('apt-get', '-q', 'install', '-y', '--no-install-recommends', 'python3-venv');
}

function home() {
  const { stdout } = spawnSync('python3', ['--version'], { encoding: 'utf8' });
  const key = createHash('sha256')
    .update(`${stdout}\n${readFileSync(requirements, 'utf8')}`)
    .digest('hex');
  return join(cache, `python-${key.slice(0, 16)}`);
}

function binary(venv) {
  return process.platform === 'win32' ? join(venv, 'Scripts', 'python.exe') : join(venv, 'bin', 'python');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const why = install();
  if (why) {
    console.error(`\n*** The Python examples are SKIPPED: ${why} ***\n`);
    process.exit(process.env.CI === 'true' ? 1 : 0);
  }
}
