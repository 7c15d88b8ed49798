#!/usr/bin/env node
// Tests the packaged extension in a real VS Code. Prints a line per check and `N passed, N failed` at the end.
//
// Usage: npm run test:vscode -- [--times N] [--no-build] [--pictures] [--out DIR] [SCENARIO ...]
// --times runs the scenarios N times in a row after one build, and stops at the first run that is red.
// --pictures renews docs/pictures with what the scenarios saw; look at each before it is committed.
// Where no Chromium is to be had the scenarios are skipped, loudly; under CI=true that is a failure.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkPackage, makePackage } from './package.mjs';
import { ensureChromium, ensureCodeServer, node24 } from './setup.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    build: { type: 'boolean', default: true },
    pictures: { type: 'boolean', default: false },
    times: { type: 'string', default: '1' },
    out: { type: 'string', default: path.join(root, 'out/vscode') },
  },
  allowNegative: true,
});
const times = Number(values.times);
if (!Number.isInteger(times) || times < 1) {
  console.error(`--times takes a whole number from 1, not "${values.times}"`);
  process.exit(2);
}
const out = path.resolve(values.out);
fs.mkdirSync(out, { recursive: true });

const started = Date.now();
const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`.padStart(8);
const log = text => console.log(`${seconds()}  ${text}`);
let passed = 0;
let failed = 0;
/** Runs one check and prints how it went. */
const check = async (name, work) => {
  try {
    const note = await work();
    passed++;
    log(`ok    ${name}${typeof note === 'string' ? ` (${note})` : ''}`);
    return true;
  } catch (error) {
    failed++;
    log(`FAIL  ${name}\n${error.stack}`);
    return false;
  }
};
const finish = () => {
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
};

if (values.build) {
  const built = await check('the bundles build', () => {
    // The examples import the built guard.
    const guard = fs.existsSync(path.join(root, 'runtime/dist/index.js')) ? [] : [['build.mjs', 'runtime']];
    for (const [script, folder] of [['esbuild.mjs', '.'], ...guard]) {
      const cwd = path.join(root, folder);
      const { status, stdout, stderr } = spawnSync(process.execPath, [script], { cwd, encoding: 'utf8' });
      if (status !== 0) throw new Error(`${stdout}${stderr}`);
    }
  });
  if (!built) finish();
}
const packaging = fs.mkdtempSync(path.join(os.tmpdir(), 'lb-'));
process.once('exit', () => fs.rmSync(packaging, { recursive: true, force: true, maxRetries: 5 }));
let vsix;
const packaged = await check('the package is made', () => {
  vsix = makePackage(out);
});
if (!packaged) finish();
await check('the package holds only what ships, within its sizes', () => {
  const { vsix: whole, extension } = checkPackage(vsix);
  return `.vsix ${Math.round(whole / 1000)} kB, extension.js ${Math.round(extension / 1000)} kB`;
});

const chromium = ensureChromium(log);
if (chromium.missing) {
  console.log(`\n*** THE VS CODE TESTS ARE SKIPPED: no Chromium (${chromium.missing}) ***\n`);
  if (process.env.CI === 'true') failed++;
  finish();
}
if (!fs.existsSync(node24)) {
  console.log('\n*** THE VS CODE TESTS ARE SKIPPED: no Node 24 in node_modules/node ***\n');
  if (process.env.CI === 'true') failed++;
  finish();
}
const codeServer = ensureCodeServer(log);
const { installExtension } = await import('./session.mjs');
let extensions;
const installed = await check('the package installs', () => {
  extensions = installExtension({ codeServer, vsix, state: packaging });
});
if (!installed) finish();

const folder = new URL('scenarios/', import.meta.url);
const names = fs
  .readdirSync(folder)
  .filter(file => file.endsWith('.mjs'))
  .map(file => file.slice(0, -4))
  .filter(name => positionals.length === 0 || positionals.includes(name));
// What the README and the walkthrough show: the name there, and the scenario's picture.
const PICTURES = {
  finding: 'story/finding',
  fix: 'story/fix',
  trip: 'panel/window',
  'panel-dark': 'panel/panel-dark',
  'panel-light': 'panel/panel-light',
  'panel-high-contrast': 'panel/panel-hc-dark',
  'panel-narrow': 'panel/panel-narrow',
  empty: 'panel/empty',
  graph: 'graph/graph-live',
  'graph-dark': 'graph/graph-dark',
  'graph-light': 'graph/graph-light',
  'graph-high-contrast': 'graph/graph-hc-dark',
  'graph-narrow': 'graph/graph-narrow',
  'graph-list': 'graph/graph-list',
  page: 'page/page-dark',
};

if (names.length === 0) {
  console.error(`no scenario ${positionals.join(', ')}`);
  process.exit(2);
}
const scenarios = [];
for (const name of names) {
  const { scenario } = await import(new URL(`${name}.mjs`, folder).href);
  scenarios.push([name, scenario]);
}
for (let run = 1; run <= times && failed === 0; run++) {
  const before = { passed, began: Date.now() };
  for (const [name, scenario] of scenarios) {
    let last = 'starts';
    const step = text => {
      last = text;
      passed++;
      log(`ok    ${name}: ${text}`);
    };
    try {
      await scenario({
        name,
        codeServer,
        chromium: chromium.file,
        extensions,
        out,
        step,
        root,
        pictures: values.pictures,
      });
    } catch (error) {
      failed++;
      log(`FAIL  ${name}, after "${last}"\n${error.stack}`);
    }
  }
  if (times > 1) {
    const took = Math.round((Date.now() - before.began) / 1000);
    log(`run ${run} of ${times}: ${passed - before.passed} passed, ${failed} failed, ${took} s`);
  }
}
if (values.pictures) {
  for (const [name, source] of Object.entries(PICTURES)) {
    const file = path.join(out, `${source}.png`);
    if (fs.existsSync(file)) fs.copyFileSync(file, path.join(root, 'docs/pictures', `${name}.png`));
  }
  const { compress } = await import('./compress.mjs');
  for (const name of ['finding', 'fix', 'graph', 'trip']) {
    const small = await compress(chromium.file, path.join(root, 'docs/pictures', `${name}.png`));
    fs.writeFileSync(path.join(root, 'media', `${name}.webp`), small);
  }
}
finish();
