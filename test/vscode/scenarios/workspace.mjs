// Kinds of workspaces and bad days: two roots, Restricted Mode, a server that is killed again and again.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { until, withVsCode } from '../session.mjs';

const research = fs.readFileSync(new URL('../fixtures/research.ts', import.meta.url), 'utf8');

export const scenario = async setup => {
  await twoRoots(setup);
  await restricted(setup);
};

const twoRoots = setup =>
  withVsCode(
    {
      ...setup,
      name: 'two-roots',
      files: {
        'one/research.ts': research,
        'two/again.ts': research,
        'both.code-workspace': JSON.stringify({ folders: [{ path: 'one' }, { path: 'two' }] }),
      },
      workspaceFile: 'both.code-workspace',
      open: 'one/research.ts',
    },
    async bench => {
      const editor = await bench.editor('research.ts');
      await editor.locator('.squiggly-warning').first().waitFor({ state: 'attached' });
      await bench.command('Problems: Focus on Problems View');
      for (const file of ['research.ts', 'again.ts']) {
        await bench.page.locator('.markers-panel .monaco-list-row', { hasText: file }).first().waitFor();
      }
      setup.step('both folders of a workspace are analysed, open or not');

      // Killed in turns while it starts and at work: at least five deaths are forgiven, then the user is asked.
      const asked = bench.page.locator('.notification-toast', { hasText: 'crashed repeatedly' });
      const answered = () => bench.logged(/checked \d+ files/g);
      const dead = new Set();
      const running = () => serverOf(setup.extensions).find(pid => !dead.has(pid));
      while (!(await asked.isVisible())) {
        const atWork = dead.size % 2 === 0;
        const before = await answered();
        const next = async () => (await asked.isVisible()) || running();
        const pid = await until(`server ${dead.size + 1} runs`, next);
        if (pid === true) break;
        // The first one may have answered before it was looked for.
        if (atWork && dead.size > 0) await until('it answers', async () => (await answered()) > before);
        process.kill(pid, 'SIGKILL');
        dead.add(pid);
      }
      assert.ok(dead.size > 5, `asked after ${dead.size} deaths`);
      setup.step('a server that dies five times, while it starts or at work, is started again; then the user is asked');
      const before = await answered();
      await asked.getByRole('button', { name: 'Restart Server' }).click();
      await until('a new server answers', async () => (await answered()) > before);
      await editor.locator('.squiggly-warning').first().waitFor({ state: 'attached' });
      setup.step('and comes back by Restart Server');
    },
  );

// Processes that run the installed extension's server, by their command line.
const serverOf = extensions =>
  fs.readdirSync('/proc').flatMap(pid => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return command.includes(extensions) && command.includes('dist/server.js') ? [Number(pid)] : [];
    } catch (error) {
      // It ended while we looked.
      if (error.code === 'ENOENT' || error.code === 'ESRCH') return [];
      throw error;
    }
  });

const restricted = setup =>
  withVsCode(
    {
      ...setup,
      name: 'restricted',
      files: { 'research.ts': research },
      open: 'research.ts',
      settings: {
        'security.workspace.trust.enabled': true,
        'security.workspace.trust.startupPrompt': 'never',
        'security.workspace.trust.banner': 'never',
      },
    },
    async bench => {
      const editor = await bench.editor('research.ts');
      await editor.locator('.squiggly-warning').first().waitFor({ state: 'attached' });
      setup.step('in Restricted Mode the analysis works');
      const panel = await bench.panel();
      await panel.getByText('This workspace is in Restricted Mode').waitFor();
      await until('no hub was started', async () => (await bench.logged(/hub: listening/g)) === 0);
      await bench.shot('restricted');
      setup.step('and the panel listens to nothing, and says why');
    },
  );
