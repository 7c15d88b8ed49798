// Code lenses: the worst case over each agent entry.
import type { CodeLens } from 'vscode-languageserver/node';
import type { CheckedEntry } from '../engine/check.ts';
import { worstCase } from '../engine/worst-case.ts';
import { answer, type Context, checkHome } from './context.ts';
import { toLspRange } from './convert.ts';

/** Installs the feature. */
export function serveLenses(context: Context): void {
  context.connection.onCodeLens(({ textDocument: { uri } }, token) =>
    answer<CodeLens[]>(context, 'textDocument/codeLens', [], async () => {
      const home = context.homes.of(uri);
      const settings = await context.settings.of(uri);
      if (!home || !settings.enable || !settings.codeLens) return [];
      const check = await checkHome(context, home, token);
      const path = home.pathOf(uri);
      return check.entries
        .filter(entry => entry.path === path)
        .map(entry => ({ range: toLspRange(entry.range), command: { title: lensTitle(entry), command: '' } }));
    }),
  );
}

/** `Loopbound: at most 24 model calls (recursionLimit 25, default) · 3 loops`. */
export function lensTitle({ entry }: CheckedEntry): string {
  const bounds = entry.boundedBy.length > 0 ? ` (${entry.boundedBy.join(', ')})` : '';
  const loops = entry.loops === 0 ? '' : ` · ${entry.loops} ${entry.loops === 1 ? 'loop' : 'loops'}`;
  return `Loopbound: ${worstCase(entry.worstCase)}${bounds}${loops}`;
}
