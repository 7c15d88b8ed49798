// Sets up what the VS Code tests need: code-server in a cache outside the checkout, and a Chromium.
// Needs only the npm registry and, when Chromium is missing, Debian packages as root. Doing it again does nothing.

import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** code-server 4.139.1 is VS Code 1.139.1; it runs on Node 24 only. */
export const CODE_SERVER = '4.139.1';

const root = fileURLToPath(new URL('../..', import.meta.url));
const chromiumNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The Node 24 of the dev dependencies, on which code-server runs. */
export const node24 = path.join(root, 'node_modules/node/bin/node');

const cacheRoot = () => path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'loopbound');

const findChromium = () => {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    for (const name of chromiumNames) {
      const file = path.join(folder, name);
      if (fs.existsSync(file)) return file;
    }
  }
  return undefined;
};

/** Gives the path of a Chromium, installed by apt-get if missing, or `{ missing: why }`. */
export const ensureChromium = log => {
  const found = findChromium();
  if (found) return { file: found };
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return { missing: 'not installed, and not root' };
  log('installing Chromium with apt-get');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['-q', 'update'],
    ['-q', 'install', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core', 'fonts-liberation'],
  ]) {
    const { status, stderr, error } = spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    if (status !== 0) return { missing: `apt-get ${args[1]} failed: ${error ?? stderr}` };
  }
  const file = findChromium();
  return file ? { file } : { missing: 'apt-get installed no chromium' };
};

/** Gives the folder of an installed code-server; installs it when it is not in the cache. */
export const ensureCodeServer = log => {
  const home = path.join(cacheRoot(), `code-server-${CODE_SERVER}`);
  if (fs.existsSync(path.join(home, 'installed'))) return home;
  log(`installing code-server ${CODE_SERVER} into the cache (about a minute)`);
  fs.mkdirSync(cacheRoot(), { recursive: true });
  // Built aside and moved into place, so that a run cut short or a second one never leaves half an install.
  const staging = fs.mkdtempSync(path.join(cacheRoot(), 'staging-'));
  const env = {
    ...process.env,
    PATH: `${path.dirname(node24)}${path.delimiter}${process.env.PATH}`,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_loglevel: 'error',
  };
  const npm = (...args) => execFileSync('npm', args, { env, cwd: staging, stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    fs.writeFileSync(path.join(staging, 'package.json'), '{ "private": true }\n');
    // Without install scripts: they compile modules that are not needed here and want libkrb5-dev.
    npm('install', '--prefix', staging, '--ignore-scripts', `code-server@${CODE_SERVER}`);
    const server = path.join(staging, 'node_modules/code-server');
    npm('install', '--prefix', path.join(server, 'lib/vscode'), '--ignore-scripts', '--omit=dev');
    npm('install', '--prefix', path.join(server, 'lib/vscode/extensions'), '--ignore-scripts', '--omit=dev');
    compileNative(path.join(server, 'lib/vscode'), env, log);
    fs.writeFileSync(path.join(staging, 'installed'), `${CODE_SERVER}\n`);
    try {
      fs.renameSync(staging, home);
    } catch (error) {
      if (!fs.existsSync(path.join(home, 'installed'))) throw error;
    }
  } finally {
    fs.rmSync(staging, { recursive: true, force: true });
  }
  return home;
};

// One writes VS Code's log files, the other ends the extension host when its parent dies. Worth having, not required.
const compileNative = (vscode, env, log) => {
  const package_ = path.join(root, 'node_modules/node/node_modules', `node-${process.platform}-${process.arch}`);
  const headers = fs.existsSync(path.join(package_, 'include')) ? { npm_config_nodedir: package_ } : {};
  const { status } = spawnSync('npm', ['rebuild', '@vscode/spdlog', '@vscode/native-watchdog'], {
    cwd: vscode,
    env: { ...env, ...headers },
    stdio: 'ignore',
  });
  if (status !== 0) log("no compiler? going on without VS Code's log files");
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const chromium = ensureChromium(console.log);
  console.log(chromium.missing ? `no Chromium: ${chromium.missing}` : `Chromium: ${chromium.file}`);
  console.log(`code-server: ${ensureCodeServer(console.log)}`);
}
