// Kinds of workspaces and bad days: two roots, Restricted Mode, a server that is killed again and again.

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

      // Five deaths are forgiven, the sixth waits for the user.
      let last;
      let answers = 0;
      const answered = () => bench.logged(/checked \d+ files/g);
      for (let death = 1; death <= 6; death++) {
        const next = () => serverOf(setup.extensions).find(other => other !== last);
        const pid = await until(`server ${death} runs`, next, 120);
        // Each folder's check is logged: what an earlier server said is no answer of this one.
        await until(`server ${death} answers`, async () => (await answered()) > answers, 120);
        // Killed while the client still greets it, it is another case than a crash at work.
        await bench.page.waitForTimeout(5_000);
        process.kill(pid, 'SIGKILL');
        last = pid;
        answers = await answered();
      }
      await bench.page.locator('.notification-toast', { hasText: 'crashed repeatedly' }).waitFor();
      setup.step('a server that dies five times is started again, the sixth time the user is asked');
      await bench.command('Notifications: Clear All Notifications');
      await bench.command('Loopbound: Restart Server');
      await until('a new server runs', () => serverOf(setup.extensions).find(other => other !== last));
      await until('it answers', async () => (await answered()) > answers);
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
