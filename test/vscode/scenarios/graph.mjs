// The agent graph: the entry at the cursor as a picture and as a list, where its parts lead, what a live run does on it,
// how it is exported, and how it looks.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { withVsCode } from '../session.mjs';

const fixture = name => fs.readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');

export const scenario = setup =>
  withVsCode(
    {
      ...setup,
      files: Object.fromEntries(
        ['agent.mjs', 'research.ts', 'support.ts']
          .map(name => [name, fixture(name)])
          .concat([['notes.ts', 'export {};\n']]),
      ),
      open: 'support.ts',
      settings: { 'workbench.colorTheme': 'Dark Modern' },
    },
    async bench => {
      const { page, until } = bench;
      await bench.editor('support.ts');
      await bench.goTo(39);
      let graph = await bench.graph();
      await graph.locator('.worst', { hasText: 'no bound' }).waitFor();
      await graph.getByRole('button', { name: /^loop in support/ }).waitFor();
      assert.equal(await graph.locator('.label-unbounded').count(), 1);
      assert.match(await graph.locator('.label-bounded').textContent(), /recursionLimit 25 \(default\)/);
      setup.step('the entry at the cursor is drawn, its loops with their bound or its absence');

      await bench.goTo(51);
      await graph.locator('.worst', { hasText: 'at most 3 calls' }).waitFor();
      assert.equal(await graph.locator('.label-unbounded').count(), 0);
      await bench.goTo(19);
      await graph.getByRole('button', { name: /^review, node · 1 call/ }).waitFor();
      await graph.locator('.step.here', { hasText: 'draft' }).waitFor();
      setup.step('it follows the cursor and marks the step that it is in');

      await graph.getByRole('button', { name: /^review, node · 1 call/ }).click();
      await until('the cursor is at review', async () => (await bench.cursorLine()) === 22);
      setup.step('a click on a step opens its code');

      await graph.getByRole('button', { name: 'Pin' }).click();
      await bench.open('notes.ts');
      await graph.getByRole('button', { name: /^review, node · 1 call/ }).waitFor();
      await graph.getByRole('button', { name: 'Pin' }).click();
      await graph.getByRole('heading', { name: 'No agent in notes.ts' }).waitFor();
      await graph.getByRole('button', { name: 'summarise' }).click();
      await graph.locator('.worst', { hasText: 'at most 3 calls' }).waitFor();
      setup.step('a pinned graph stays; where there is none, others are offered');

      // The keyboard in the picture and in the list.
      await bench.open('support.ts');
      await bench.goTo(39);
      await graph.getByRole('button', { name: /^support, entry/ }).focus();
      for (const name of [/^loop in support/, /^graph/, /^triage/]) {
        await page.keyboard.press('ArrowRight');
        assert.match(await graph.locator('.step:focus > title').textContent(), name);
      }
      await graph.getByRole('button', { name: 'List', exact: true }).click();
      await graph.getByRole('tree').waitFor();
      assert.match(await graph.locator('[role=treeitem]:focus').textContent(), /loop in support.*no bound/);
      await page.keyboard.press('End');
      await page.keyboard.press('ArrowLeft');
      assert.match(await graph.locator('[role=treeitem]:focus').textContent(), /^review/);
      await page.keyboard.press('ArrowLeft');
      assert.equal(await graph.locator('[role=treeitem]:focus').getAttribute('aria-expanded'), 'false');
      await page.keyboard.press('Enter');
      await until('the cursor is at review', async () => (await bench.cursorLine()) === 22);
      setup.step('the keyboard moves through picture and list');
      const list = await bench.axe(graph);
      assert.deepEqual(list.serious, []);
      await bench.shot('graph-list', page.locator('.part.sidebar'));
      await graph.getByRole('button', { name: 'Picture', exact: true }).click();

      // A wider side bar, as one would make it for the graph.
      await bench.sideBar(460);
      await bench.goTo(39);
      await bench.inThemes(graph, 'graph', page.locator('.part.sidebar'));
      setup.step('in each theme axe finds nothing serious');

      await bench.command('Loopbound: Export Agent Graph as SVG', { asks: true });
      const target = page.locator('.quick-input-widget input').first();
      await until('the export asks for a file', async () => (await target.inputValue()).endsWith('support.svg'));
      await page.keyboard.press('Enter');
      const file = path.join(bench.workspace, 'support.svg');
      await until('the picture is on disk', () => fs.existsSync(file) && fs.statSync(file).size > 0);
      const svg = fs.readFileSync(file, 'utf8');
      assert.doesNotMatch(svg, /var\(|class=/, 'an exported picture needs no style sheet');
      assert.match(svg, /recursionLimit 25/);
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await bench.command('Loopbound: Copy Agent Graph as Mermaid');
      await until('Mermaid is in the clipboard', async () =>
        (await page.evaluate('navigator.clipboard.readText()')).startsWith('flowchart TD'),
      );
      setup.step('the graph is exported as SVG and copied as Mermaid');

      // Live: the agent of the other file.
      await bench.open('research.ts');
      await bench.goTo(9);
      await graph.getByRole('button', { name: /^loop in research/ }).waitFor();
      await bench.terminal('node agent.mjs');
      await until('the agent reached the hub', () => bench.terminalHas('told the hub'));
      await graph.locator('.badge', { hasText: '× 6' }).waitFor();
      await graph.locator('.way.lit').first().waitFor({ state: 'attached' });
      await graph.locator('.run-line', { hasText: 'battery recycling' }).waitFor();
      await bench.command('Notifications: Clear All Notifications');
      await bench.shot('graph-live');
      setup.step('a run counts on the steps, and the loop that tripped is lit');

      // Hidden and shown again, it is there again.
      await bench.command('Explorer: Focus on Open Editors View');
      graph = await bench.graph();
      await graph.locator('.badge', { hasText: '× 6' }).waitFor();
      await page.locator('.codelens-decoration a', { hasText: 'no bound' }).first().click();
      await graph.getByRole('button', { name: /^loop in research/ }).waitFor();
      setup.step('the lens leads to the graph');
      await bench.sideBar(300);
      await bench.open('support.ts');
      await bench.goTo(39);
      await graph.getByRole('button', { name: /^loop in support/ }).waitFor();
      await bench.shot('graph-narrow', page.locator('.part.sidebar'));
    },
  );
