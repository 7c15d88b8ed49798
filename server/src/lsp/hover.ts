// Hovers: what a finding means and what to do, and the worst case of an entry.
import { type Hover, MarkupKind } from 'vscode-languageserver/node';
import type { RelatedPlace } from '../engine/check.ts';
import { rulePage } from '../engine/page.ts';
import { worstCase } from '../engine/worst-case.ts';
import { answer, type Context, checkHome } from './context.ts';
import { toLspRange, touches } from './convert.ts';
import { lensTitle } from './lens.ts';
import { ranInWords } from './recorded.ts';

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
      const parts = entries.map(entry => `**${lensTitle(entry)}**`);
      for (const found of findings) {
        const { finding, related } = found;
        const rule = context.rules.find(({ id }) => id === finding.rule);
        const ran = await context.recorded.ofFinding(home, found);
        const seen = context.seen.reason(found);
        const about = [
          `**[${finding.rule}](${rulePage(finding.rule)})**: ${worstCase(finding.worstCase)}`,
          ...(ran || seen
            ? [`*Seen:* ${[ran && ranInWords(ran), seen && `a guard tripped (${seen})`].filter(Boolean).join('; ')}.`]
            : []),
          ...(rule ? [rule.what, `*Why:* ${rule.why}`, `*Do:* ${rule.do}`] : []),
          // The loop as text; in a block, so that no editor takes code for its own markup.
          ...(related.length > 1 ? [`\`\`\`text\n${loopAsText(related)}\n\`\`\``] : []),
        ];
        parts.push(about.join('\n\n'));
      }
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

/** The way round, one hop a line, with the arrow that closes it. */
function loopAsText(hops: readonly RelatedPlace[]): string {
  const lines = hops.map(
    ({ message, path, range }, at) =>
      `${at === 0 ? '┌▶' : at === hops.length - 1 ? '└─' : '│ '} ${message}  (${path}:${range.start.line})`,
  );
  return lines.join('\n');
}
