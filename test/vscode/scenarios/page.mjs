// The same panel as the live page of `loopbound watch`: served on the hub's port, opened once by its link, fed by a
// guarded example. A browser alone, no VS Code.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { until } from '../session.mjs';
import { node24 } from '../setup.mjs';

const { chromium: browser } = createRequire(import.meta.url)('playwright-core');

export const scenario = async ({ chromium, out, root, step }) => {
  const folder = path.join(out, 'page');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const watch = spawn(
    node24,
    [
      path.join(root, 'dist/cli.js'),
      'watch',
      '--keep',
      '--',
      node24,
      path.join(root, 'examples/research-flow/guarded.ts'),
    ],
    // A folder of its own, since trips of earlier runs in a folder are shown too; a group, so that the agent ends with it.
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  let said = '';
  for (const stream of [watch.stdout, watch.stderr]) stream.on('data', text => (said += text));
  const gone = new Promise(done => watch.once('exit', done));
  const chrome = await browser.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const link = await until('the page has a link', () => /live page: (\S+)/.exec(said)?.[1]);
    await until('the agent has ended', () => said.includes('Stopped: budget'));
    const page = await chrome.newPage({ viewport: { width: 1200, height: 640 }, colorScheme: 'dark' });
    const errors = [];
    page.on('pageerror', error => errors.push(error.message));
    page.on('console', message => message.type() === 'error' && errors.push(message.text()));
    await page.goto(link);
    await page.getByRole('heading', { name: 'Budget used up' }).waitFor();
    step('the page shows the trip');
    assert.equal(new URL(page.url()).hash, '', 'the ticket must leave the address bar');
    assert.equal(await page.locator('.place button').count(), 0, 'a page cannot open files');
    await page.screenshot({ path: path.join(folder, 'page-dark.png') });
    await page.emulateMedia({ colorScheme: 'light' });
    await page.screenshot({ path: path.join(folder, 'page-light.png') });
    await page.reload();
    await page.getByRole('heading', { name: 'Budget used up' }).waitFor();
    step('a reload keeps the session');

    const second = await chrome.newContext();
    const stranger = await second.newPage();
    await stranger.goto(link);
    await stranger.getByText('This link was used already').waitFor();
    step('a link that was used lets nobody else in');
    assert.deepEqual(
      errors.filter(text => !/401|favicon/.test(text)),
      [],
    );
  } finally {
    await chrome.close();
    if (watch.exitCode === null) process.kill(-watch.pid, 'SIGKILL');
    await gone;
  }
};
