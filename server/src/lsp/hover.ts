// Hovers: what a finding means and what to do, and the worst case of an entry.
import { type Hover, MarkupKind } from 'vscode-languageserver/node';
import { rulePage } from '../engine/page.ts';
import { worstCase } from '../engine/worst-case.ts';
import { answer, type Context, checkHome } from './context.ts';
import { toLspRange, touches } from './convert.ts';
import { lensTitle } from './lens.ts';

/** Installs the feature. */
export function serveHovers(context: Context): void {
  context.connection.onHover(({ textDocument: { uri }, position }, token) =>
    answer<Hover | null>(context, 'textDocument/hover', null, async () => {
      const home = context.homes.of(uri);
      const settings = await context.settings.of(uri);
      if (!home || !settings.enable || !settings.hover) return null;
      const check = await checkHome(context, home, token);
      const path = home.pathOf(uri);
      const here = { start: position, end: position };
      const findings = check.findings.filter(found => found.path === path && touches(toLspRange(found.range), here));
      const entries = check.entries.filter(entry => entry.path === path && touches(toLspRange(entry.range), here));
      const parts = [
        ...entries.map(entry => `**${lensTitle(entry)}**`),
        ...findings.map(({ finding }) => {
          const rule = context.rules.find(({ id }) => id === finding.rule);
          return [
            `**[${finding.rule}](${rulePage(finding.rule)})**: ${worstCase(finding.worstCase)}`,
            ...(rule ? [rule.what, `*Why:* ${rule.why}`, `*Do:* ${rule.do}`] : []),
          ].join('\n\n');
        }),
      ];
      const first = findings[0] ?? entries[0];
      if (!first) return null;
      const markdown = context.client.textDocument?.hover?.contentFormat?.includes(MarkupKind.Markdown) ?? false;
      const text = parts.join('\n\n---\n\n');
      const contents = markdown
        ? { kind: MarkupKind.Markdown, value: text }
        : { kind: MarkupKind.PlainText, value: text.replaceAll('**', '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1') };
      return { contents, range: toLspRange(first.range) };
    }),
  );
}
