// How long a key takes from the keyboard to the screen in a workspace of 2,000 files, with the analysis and without. What
// is measured is told, not asserted: as a ratio within one run, since what else the machine does meets both alike.

import fs from 'node:fs';
import { withVsCode } from '../session.mjs';
import { fill } from './host.mjs';

const research = fs.readFileSync(new URL('../fixtures/research.ts', import.meta.url), 'utf8');
const KEYS = 40;

export const scenario = setup =>
  withVsCode({ ...setup, files: { 'research.ts': research }, prepare: fill, open: 'research.ts' }, async bench => {
    const { page, until } = bench;
    const editor = await bench.editor('research.ts');
    const squiggles = editor.locator('.squiggly-warning');
    await squiggles.first().waitFor({ state: 'attached' });
    await until('the folder was checked', async () => (await bench.logged(/checked 2001 files/g)) > 0);
    await page.evaluate(watchKeys);
    await bench.goTo(5);
    const typed = { on: [], off: [] };
    for (const which of ['on', 'off', 'on', 'off']) {
      bench.settings({ 'loopbound.enable': which === 'on' });
      await squiggles.first().waitFor({ state: which === 'on' ? 'attached' : 'detached' });
      await editor.locator('.native-edit-context, textarea.inputarea').first().focus();
      await page.keyboard.type('//'.padEnd(KEYS, 'x'));
      await editor.locator('.view-line', { hasText: '//'.padEnd(KEYS, 'x') }).waitFor();
      typed[which].push(...(await page.evaluate('takeKeys()')));
      for (let key = 0; key < KEYS; key++) await page.keyboard.press('Backspace');
      await page.evaluate('takeKeys()');
    }
    const [on, off] = [typed.on, typed.off].map(times => times.sort((a, b) => a - b));
    const say = times => `${Math.round(middle(times))} ms (p95 ${Math.round(times[Math.floor(times.length * 0.95)])})`;
    const ratio = (middle(on) / middle(off)).toFixed(2);
    setup.step(`a key is on the screen in ${say(on)} with the analysis, in ${say(off)} without, ratio ${ratio}`);
  });

const middle = times => times[Math.floor(times.length / 2)];

// Runs in the window: from a key until the picture that shows what it did, as the browser tells it. What is below the
// browser's floor of 16 ms counts as 16.
const watchKeys = () => {
  let painted = [];
  let keys = 0;
  const take = entries => {
    for (const entry of entries) if (entry.name === 'keydown') painted.push(entry.duration);
  };
  const observer = new PerformanceObserver(list => take(list.getEntries()));
  observer.observe({ type: 'event', durationThreshold: 16 });
  addEventListener('keydown', () => keys++, true);
  window.takeKeys = () => {
    take(observer.takeRecords());
    while (painted.length < keys) painted.push(16);
    const taken = painted;
    painted = [];
    keys = 0;
    return taken;
  };
};
