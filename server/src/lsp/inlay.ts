// Inlay hints, off by default: at the head of each loop what bounds it, or that nothing does.
import type { InlayHint } from 'vscode-languageserver/node';
import { boundInWords, callsInWords } from '../graph/print.ts';
import { answer, type Context } from './context.ts';
import { toLspRange, touches } from './convert.ts';

/** Installs the feature. */
export function serveInlayHints(context: Context): void {
  context.connection.languages.inlayHint.on(({ textDocument: { uri }, range }, token) =>
    answer<InlayHint[]>(context, 'textDocument/inlayHint', [], async () => {
      const home = context.homes.of(uri);
      const settings = await context.settings.of(uri);
      const path = home?.pathOf(uri);
      if (!home || path === undefined || !settings.enable || !settings.inlayHints) return [];
      const outlines = await home.session.outlines({ cancelled: () => token.isCancellationRequested });
      const hints = new Map<string, InlayHint>();
      for (const loop of outlines.flatMap(outline => outline.loops)) {
        if (loop.at.path !== path) continue;
        const head = toLspRange(loop.at.range);
        if (!touches(head, range)) continue;
        const turn = loop.callsPerTurn === 0 ? '' : `, ${callsInWords(loop.callsPerTurn)} per turn`;
        hints.set(`${head.end.line}:${head.end.character}`, {
          position: head.end,
          label: loop.covered ? `≤ ${loop.bound}` : 'no bound',
          tooltip: `${loop.name}: ${boundInWords(loop)}${turn}`,
          paddingLeft: true,
        });
      }
      return [...hints.values()];
    }),
  );
}

/** What hints say or whether they show has changed without an edit. */
export function refreshInlayHints({ connection, client, log }: Context): void {
  if (!client.workspace?.inlayHint?.refreshSupport) return;
  connection.languages.inlayHint.refresh().catch((error: unknown) => log.warn(`inlay hints: ${String(error)}`));
}
