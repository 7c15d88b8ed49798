// What a user does in VS Code, as methods over the page: commands, files, the cursor, quick fixes, the terminal,
// and the trip panel, which is two iframes deep.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

export class Workbench {
  constructor(parts) {
    // { page, workspace, out, server, state, until, pictures }
    Object.assign(this, parts);
  }

  /** Drags from one place to another, as one would the edge of a side bar or panel. */
  async drag(from, to) {
    const { mouse } = this.page;
    await mouse.move(from.x, from.y);
    await mouse.down();
    await mouse.move(to.x, to.y, { steps: 5 });
    await mouse.up();
    // The edge is lit while the mouse is on it.
    await mouse.move(to.x + 60, to.y + 60);
    await this.page.locator('.monaco-sash:is(.hover, .active)').first().waitFor({ state: 'hidden' });
  }

  /** Makes the side bar this wide. */
  async sideBar(width) {
    const { x, y, width: now } = await this.page.locator('.part.sidebar').boundingBox();
    await this.drag({ x: x + now, y: y + 300 }, { x: x + width, y: y + 300 });
  }

  /** Makes the panel below the editor this high. */
  async panelHeight(height) {
    const { x, y, height: now } = await this.page.locator('.part.panel').boundingBox();
    // The edge is a strip right above it.
    await this.drag({ x: x + 300, y: y - 2 }, { x: x + 300, y: y + now - height });
  }

  /** Saves a picture of the window, or of a part of it. */
  async shot(name, part) {
    // In pictures that are shown, VS Code is not seen at work on something else.
    if (this.pictures && !part)
      await this.page.locator('#status\\.progress').filter({ hasText: /\w/ }).waitFor({ state: 'hidden' });
    await (part ?? this.page).screenshot({ path: path.join(this.out, `${name}.png`) });
  }

  /**
   * Does something again until it gives something truthy: what VS Code drops while it is still starting. Each try has
   * twice the time of the one before, so that on a slow machine one of them is long enough.
   */
  async again(what, attempt) {
    for (let wait = 3_000; wait < 100_000; wait *= 2) {
      const value = await attempt(wait);
      if (value) return value;
    }
    throw new Error(`did not come about: ${what}`);
  }

  read(file) {
    return fs.readFileSync(path.join(this.workspace, file), 'utf8');
  }

  /** Runs a command by its title. Picks the row by its text: the position depends on what ran before. */
  async command(title, { asks = false } = {}) {
    const { page } = this;
    const palette = page.locator('.quick-input-widget');
    const row = palette.locator('.monaco-list-row', { hasText: title }).first();
    // The palette may be dismissed by something that takes the focus while VS Code is still starting.
    await this.again(`"${title}" is in the command palette`, async timeout => {
      await page.keyboard.press('F1');
      return palette
        .locator('input')
        .first()
        .fill(`>${title}`, { timeout })
        .then(() => row.click({ timeout }))
        .then(
          () => true,
          async () => void (await page.keyboard.press('Escape')),
        );
    });
    // Some commands ask on in the same box.
    if (!asks) await palette.waitFor({ state: 'hidden' });
  }

  /** The editor of a file, once it shows text. */
  async editor(file) {
    const editor = this.page.locator(`.editor-instance .monaco-editor[data-uri$="/${file}"]`).first();
    await editor.locator('.view-line').first().waitFor();
    return editor;
  }

  /** Opens a file by name. */
  async open(file) {
    const { page } = this;
    const palette = page.locator('.quick-input-widget');
    const row = palette.locator('.monaco-list-row', { hasText: path.basename(file) }).first();
    // The focus may just be on its way from a view to the editor and take the palette with it.
    await this.again(`"${file}" is in the list of files`, async timeout => {
      await page.keyboard.press('Control+p');
      return palette
        .locator('input')
        .first()
        .fill(file, { timeout })
        .then(() => row.click({ timeout }))
        .then(
          () => true,
          async () => void (await page.keyboard.press('Escape')),
        );
    });
    return this.editor(file);
  }

  /** Puts the cursor on a line and column, both counted from 1. */
  async goTo(line, column = 1) {
    const { page } = this;
    await page.keyboard.press('Control+g');
    const input = page.locator('.quick-input-widget input').first();
    await input.waitFor();
    await input.fill(`:${line}:${column}`);
    await page.keyboard.press('Enter');
    await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  }

  /** The line of the cursor, as the status bar has it. */
  async cursorLine() {
    const text = await this.page.locator('#status\\.editor\\.selection').textContent();
    return Number(/Ln (\d+)/.exec(text ?? '')?.[1]);
  }

  /**
   * Opens the quick-fix menu at the cursor and chooses an entry with the keyboard: the menu lays a shield over the
   * page that can swallow a click. `beforeChoosing` runs while the menu is open.
   */
  async quickFix(title, beforeChoosing) {
    const { page } = this;
    const entry = page.locator('.action-widget .monaco-list-row', { hasText: title }).first();
    // Right after startup VS Code cancels the request when another extension registers a provider: ask again.
    await this.again(`"${title}" is in the quick-fix menu`, async timeout => {
      await page.keyboard.press('Control+.');
      return entry.waitFor({ timeout }).then(
        () => true,
        async () => void (await page.keyboard.press('Escape')),
      );
    });
    await beforeChoosing?.();
    for (let i = 0; !/\bfocused\b/.test((await entry.getAttribute('class')) ?? ''); i++) {
      assert.ok(i < 50, `cannot reach "${title}" in the quick-fix menu`);
      await page.keyboard.press('ArrowDown');
    }
    await page.keyboard.press('Enter');
    await entry.waitFor({ state: 'hidden' });
  }

  /** Shows the Problems view and gives the row with a text. */
  async problem(text) {
    await this.command('Problems: Focus on Problems View');
    return this.page.locator('.markers-panel .monaco-list-row', { hasText: text }).first();
  }

  /** Opens a new terminal and runs a command in it. */
  async terminal(command) {
    const { page } = this;
    await this.command('Terminal: Create New Terminal');
    const screen = page.locator('.terminal-wrapper.active .xterm-screen').last();
    await screen.waitFor();
    await page.locator('.terminal-wrapper.active textarea.xterm-helper-textarea').last().focus();
    // The shell must be there before it is typed to.
    await this.until('the shell shows its prompt', () => this.terminalHas('$'));
    // Right after its start the workbench can take the focus away again: what is typed then goes nowhere. So type until
    // the shell shows it, and only then send it off.
    await this.again(`the terminal takes "${command}"`, async wait => {
      await page.locator('.terminal-wrapper.active textarea.xterm-helper-textarea').last().focus();
      await page.keyboard.type(command);
      const shown = await this.until('the command is shown', () => this.terminalHas(command), wait / 1_000).then(
        () => true,
        () => false,
      );
      if (!shown) await page.keyboard.press('Control+c');
      return shown;
    });
    await page.keyboard.press('Enter');
  }

  /** Whether the terminal shows a text. Reads the rows that the accessible buffer is made of. */
  async terminalHas(text) {
    const rows = await this.page.locator('.terminal-wrapper.active .xterm-rows').allTextContents();
    return rows.join('\n').replaceAll('\u00a0', ' ').includes(text);
  }

  /** Shows the trip panel and gives its inner frame. */
  async panel() {
    await this.command('Loopbound: Show Agent Runs');
    return this.panelFrame();
  }

  /** The inner frame of the trip panel. */
  panelFrame() {
    return this.#frame('the trip panel', '.split');
  }

  /** Shows the agent graph and gives its inner frame. */
  async graph() {
    await this.command('Loopbound: Show Agent Graph');
    return this.graphFrame();
  }

  /** The inner frame of the agent graph. */
  graphFrame() {
    return this.#frame('the agent graph', '.stage');
  }

  // A view's frame is told by what is in it: VS Code names none. It is another one after the view was hidden.
  #frame(what, selector) {
    return this.until(`${what} is there`, async () => {
      for (const frame of this.page.frames()) {
        if (frame.isDetached() || !/fake\.html/.test(frame.url())) continue;
        const there = await frame
          .locator(selector)
          .count()
          .catch(() => 0);
        const shown =
          there > 0 &&
          (await frame
            .locator('body > :not([hidden])')
            .first()
            .isVisible()
            .catch(() => false));
        if (shown) return frame;
      }
      return undefined;
    });
  }

  /** Runs axe-core in a view's frame; gives the serious violations as text and the number of all. */
  async axe(frame) {
    await frame.evaluate(fs.readFileSync(AXE, 'utf8'));
    // VS Code paints its own colour behind the transparent page, which axe cannot see.
    const before = await frame.evaluate(() => {
      const { background } = document.body.style;
      const style = getComputedStyle(document.documentElement);
      const behind = ['--vscode-panel-background', '--vscode-sideBar-background', '--vscode-editor-background'];
      document.body.style.background = behind.map(name => style.getPropertyValue(name).trim()).find(Boolean) ?? '';
      return background;
    });
    const { violations } = await frame.evaluate('axe.run(document, { resultTypes: ["violations"] })');
    await frame.evaluate(background => {
      document.body.style.background = background;
    }, before);
    const serious = violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
    return { serious, all: violations.length };
  }

  /** Shows a view in each kind of theme: axe finds nothing serious in its frame, and `part` is in a picture of each. */
  async inThemes(frame, name, part) {
    for (const [theme, id, kind] of [
      ['Light Modern', 'light', 'vscode-light'],
      ['Dark High Contrast', 'hc-dark', 'vscode-high-contrast'],
      ['Light High Contrast', 'hc-light', 'vscode-high-contrast-light'],
      ['Dark Modern', 'dark', 'vscode-dark'],
    ]) {
      await this.theme(theme);
      await frame.locator(`body.${kind}`).waitFor();
      const { serious } = await this.axe(frame);
      assert.deepEqual(serious, [], theme);
      await this.shot(`${name}-${id}`, part);
    }
  }

  /** How often the extension's log has a text. */
  logged(pattern) {
    const logs = path.join(this.state, 'data/logs');
    const files = fs.existsSync(logs) ? fs.readdirSync(logs, { recursive: true }) : [];
    return files
      .filter(file => path.basename(file) === 'Loopbound.log')
      .map(file => fs.readFileSync(path.join(logs, file), 'utf8').match(pattern)?.length ?? 0)
      .reduce((sum, count) => sum + count, 0);
  }

  /** Sets the workspace's settings, as its file on the disk. */
  settings(values) {
    const file = path.join(this.workspace, '.vscode/settings.json');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, JSON.stringify(values));
  }

  /** Chooses a colour theme by its name. */
  async theme(name) {
    const { page } = this;
    await this.command('Preferences: Color Theme', { asks: true });
    const input = page.locator('.quick-input-widget input[placeholder*="Theme"]').first();
    await input.fill(name);
    await page.locator('.quick-input-widget .monaco-list-row', { hasText: name }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  }
}
