// Code lenses: the worst case over each agent entry.
import type { CodeLens } from 'vscode-languageserver/node';
import type { CheckedEntry } from '../engine/check.ts';
import { worstCase } from '../engine/worst-case.ts';
import { answer, type Context, checkHome } from './context.ts';
import { toLspRange } from './convert.ts';
import { ranInWords } from './recorded.ts';

/** Installs the feature. */
export function serveLenses(context: Context): void {
  context.connection.onCodeLens(({ textDocument: { uri } }, token) =>
    answer<CodeLens[]>(context, 'textDocument/codeLens', [], async () => {
      const home = context.homes.of(uri);
      const settings = await context.settings.of(uri);
      if (!home || !settings.enable || !settings.codeLens) return [];
      const check = await checkHome(context, home, token);
      const path = home.pathOf(uri);
      const lenses: CodeLens[] = [];
      for (const entry of check.entries.filter(one => one.path === path)) {
        const ran = await context.recorded.ofEntry(home, entry);
        const title = ran ? `${lensTitle(entry)} · ${ranInWords(ran)}` : lensTitle(entry);
        lenses.push({ range: toLspRange(entry.range), command: { title, command: '' } });
      }
      return lenses;
    }),
  );
}

/** What lenses say has changed without an edit. */
export function refreshLenses({ connection, client, log }: Context): void {
  if (!client.workspace?.codeLens?.refreshSupport) return;
  connection.sendRequest('workspace/codeLens/refresh').catch((error: unknown) => log.warn(`lenses: ${String(error)}`));
}

/** `3 loops, at most 24 model calls (recursionLimit 25, default)`. */
export function lensTitle({ entry }: CheckedEntry): string {
  const bounds = entry.boundedBy.map(text => text.replace(/ \(default\)$/, ', default')).join(', ');
  const loops = entry.loops === 0 ? '' : `${entry.loops} ${entry.loops === 1 ? 'loop' : 'loops'}, `;
  return `${loops}${worstCase(entry.worstCase)}${bounds === '' ? '' : ` (${bounds})`}`;
}
