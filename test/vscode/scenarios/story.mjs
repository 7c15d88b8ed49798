// The whole path on the examples: a squiggle with its problem, the fix that takes both away, a guarded run in the
// terminal, the trip in the panel, and the click that leads to the line.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { withVsCode } from '../session.mjs';
import { node24 } from '../setup.mjs';

export const scenario = setup =>
  withVsCode(
    {
      ...setup,
      folder: 'research-agents',
      prepare: workspace => copyExample(setup.root, workspace),
      open: 'research-flow/unguarded.ts',
      settings: { 'workbench.colorTheme': 'Dark Modern' },
    },
    async bench => {
      const { page, until } = bench;
      const file = 'research-flow/unguarded.ts';
      const before = bench.read(file);
      const editor = await bench.editor(file);
      const squiggle = editor.locator('.squiggly-warning').first();
      await squiggle.waitFor({ state: 'attached' });
      const problem = await bench.problem('unbounded-cycle');
      await problem.waitFor();
      setup.step('an example has its squiggle and its row in Problems');

      // The problem leads to its place; from there the fix is two keys away.
      await problem.click();
      await until('the cursor is at the finding', async () => (await bench.cursorLine()) > 1);
      await bench.shot('finding');
      await bench.command('View: Focus Active Editor Group');
      await page.keyboard.press('ArrowLeft');
      await bench.quickFix('Set recursionLimit', () => bench.shot('fix'));
      await squiggle.waitFor({ state: 'detached' });
      assert.equal(bench.read(file), before, 'the fix must not save by itself');
      await page.keyboard.press('Control+s');
      await until('the fix is on disk', () => bench.read(file) !== before);
      assert.match(bench.read(file), /recursionLimit: \d+/);
      await until('the problem is gone', async () => (await problem.count()) === 0);
      setup.step('the quick fix changes the file, and squiggle and problem go');

      await bench.terminal('node research-flow/guarded.ts');
      await until('the guard stopped the run', () => bench.terminalHas('Stopped: budget'));
      setup.step('a guarded run in the terminal ends by its guard');

      await bench.command('Notifications: Clear All Notifications');
      let panel = await bench.panel();
      await panel.getByRole('heading', { name: 'Budget used up' }).waitFor();
      await panel.locator('.run-head', { hasText: 'tripped' }).waitFor();
      setup.step('the trip is in the panel');

      const place = panel.locator('.place button');
      const line = Number((await place.textContent()).split(':')[1]);
      await place.click();
      await bench.editor('research-flow/guarded.ts');
      await until(`the cursor is on line ${line}`, async () => (await bench.cursorLine()) === line);
      assert.match(bench.read('research-flow/guarded.ts').split('\n')[line - 1], /ask\(|invoke\(/);
      setup.step('a click on its place leads to the line');
      await bench.shot('place');

      await bench.command('Loopbound: Run with Guard');
      await bench.until('the second run is over', () => bench.terminalHas('Stopped: budget'));
      panel = await bench.panel();
      await panel.getByRole('tab', { name: 'Runs 2' }).waitFor();
      setup.step('Run with Guard runs the open file in the sight of the panel');

      await bench.command('Tasks: Run Task', { asks: true });
      await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'loopbound' }).first().click();
      await until('the task has checked the folder', () => bench.terminalHas('agent code'));
      setup.step('the check task runs over the folder');

      // The debugger's own console is no terminal: the hub can only come from the launch configuration.
      await bench.command('Debug: Start Without Debugging');
      await page.locator('[id$="loopbound.trips"]').getByText('3 trips').waitFor();
      panel = await bench.panel();
      await panel.getByRole('tab', { name: 'Runs 3' }).waitFor();
      setup.step('a debug session reports to the panel');
    },
  );

// The example as a user has it: a project of its own with its packages installed.
const copyExample = (root, workspace) => {
  for (const name of ['research-flow', 'scripted-model.ts', 'package.json']) {
    fs.cpSync(path.join(root, 'examples', name), path.join(workspace, name), { recursive: true });
  }
  fs.mkdirSync(path.join(workspace, '.vscode'));
  const launch = { type: 'node', request: 'launch', name: 'Agent', console: 'internalConsole' };
  fs.writeFileSync(
    path.join(workspace, '.vscode/launch.json'),
    JSON.stringify({
      version: '0.2.0',
      configurations: [
        { ...launch, program: path.join(workspace, 'research-flow/guarded.ts'), runtimeExecutable: node24 },
      ],
    }),
  );
  fs.symlinkSync(path.join(root, 'node_modules'), path.join(workspace, 'node_modules'));
};
