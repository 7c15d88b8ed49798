// The trip panel with a live agent: what it shows, where its links lead, its controls, its keyboard, and how it looks.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { withVsCode } from '../session.mjs';

const fixture = name => fs.readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');

export const scenario = setup =>
  withVsCode(
    {
      ...setup,
      files: { 'agent.mjs': fixture('agent.mjs'), 'research.ts': fixture('research.ts') },
      open: 'research.ts',
      viewport: { width: 1400, height: 900 },
      settings: { 'workbench.colorTheme': 'Dark Modern' },
    },
    async bench => {
      const { page, until } = bench;
      const editor = await bench.editor('research.ts');
      await editor.locator('.squiggly-warning').first().waitFor({ state: 'attached' });
      let panel = await bench.panel();
      await panel.getByText('Listening for agent runs').waitFor();
      setup.step('the empty panel says what to do');
      await bench.shot('empty');

      await bench.terminal('node agent.mjs');
      await until('the agent reached the hub', () => bench.terminalHas('told the hub'));
      setup.step('an agent in the terminal finds the hub by itself');

      const bar = page.locator('#loopbound\\.trips, [id$="loopbound.trips"]').first();
      await bar.getByText('1 trip').waitFor();
      await page.locator('.notification-toast', { hasText: 'Loopbound stopped' }).waitFor();
      setup.step('one notification and the status bar tell of the trip');
      await bench.command('Notifications: Clear All Notifications');

      await bar.click();
      panel = await bench.panelFrame();
      await panel.getByRole('option', { name: /triage tickets/ }).waitFor();
      assert.equal(await panel.getByRole('listbox', { name: 'Runs' }).getByRole('option').count(), 4);
      await panel.getByRole('option', { name: /battery recycling/ }).click();
      await panel.getByRole('heading', { name: 'Loop stopped' }).waitFor();
      assert.equal(await panel.locator('.calls tbody tr').count(), 6);
      setup.step('the panel shows the runs, the trip and the calls that matched');
      await panel.getByText('Predicted before the run:').waitFor();
      await panel.getByRole('button', { name: 'unbounded-loop' }).waitFor();
      setup.step('the trip names the finding that predicted it');

      // Wide panel, each theme. The panel is made higher by hiding the editor's half of the window.
      await bench.command('View: Toggle Maximized Panel');
      await bench.inThemes(panel, 'panel', page.locator('.part.panel'));
      setup.step('the panel follows the theme, and in each axe finds nothing serious');

      // Keyboard: the list is one tab stop, arrows choose, Enter goes on to the detail.
      await panel.getByRole('listbox', { name: 'Runs' }).focus();
      await page.keyboard.press('Home');
      await panel.getByRole('heading', { name: 'triage tickets' }).waitFor();
      await page.keyboard.press('ArrowDown');
      await panel.getByRole('heading', { name: 'research: battery recycling' }).waitFor();
      await page.keyboard.press('Enter');
      await panel.locator('.detail:focus').waitFor();
      setup.step('the keyboard moves through the runs');

      await panel.getByRole('searchbox').fill('contract');
      await until(
        'the filter leaves one run',
        async () => (await panel.getByRole('listbox', { name: 'Runs' }).getByRole('option').count()) === 1,
      );
      await panel.getByText('FetchError: 503').waitFor();
      await panel.getByRole('searchbox').fill('');
      await panel.getByRole('combobox', { name: 'Which runs' }).selectOption('failed');
      await until('only the failed run is left', async () => {
        const rows = panel.getByRole('listbox', { name: 'Runs' }).getByRole('option');
        return (await rows.count()) === 1 && /review contract/.test((await rows.textContent()) ?? '');
      });
      await panel.getByRole('combobox', { name: 'Which runs' }).selectOption('all');
      await panel.getByRole('tab', { name: /Trips/ }).click();
      await panel.getByRole('option', { name: /Loop stopped/ }).waitFor();
      await panel.getByRole('tab', { name: /Runs/ }).click();
      setup.step('filter and tabs narrow the list');

      await panel.getByRole('option', { name: /triage tickets/ }).click();
      await panel.getByRole('button', { name: 'Stop run' }).click();
      await panel.getByText('Done.').waitFor();
      await panel.locator('.run-head', { hasText: 'finished' }).waitFor();
      setup.step('a control reaches the agent and comes back');

      // Hidden and shown again, everything is there as it was.
      await panel.getByRole('option', { name: /battery recycling/ }).click();
      await bench.command('View: Toggle Maximized Panel');
      await (await bench.problem('Seen at run time')).waitFor();
      setup.step('the finding is marked as seen at run time');
      panel = await bench.panel();
      await panel.getByRole('heading', { name: 'research: battery recycling' }).waitFor();
      await panel.getByRole('heading', { name: 'Loop stopped' }).waitFor();
      setup.step('shown again, the panel has everything');

      await panel.getByRole('button', { name: 'research.ts:18' }).click();
      await until('the cursor is on line 18', async () => (await bench.cursorLine()) === 18);
      setup.step('the place of the trip opens in the editor');
      await bench.panelHeight(470);
      await bench.shot('window');

      // The panel in the side bar: narrow and high.
      await bench.command('View: Toggle Primary Side Bar Visibility');
      await page.setViewportSize({ width: 430, height: 900 });
      await bench.command('View: Toggle Maximized Panel');
      await panel.getByRole('heading', { name: 'Loop stopped' }).waitFor();
      await bench.shot('panel-narrow', page.locator('.part.panel'));
    },
  );
