// A check for people: each finding with its code, the way round the loop, the worst case and the fixes.
// It prints nothing itself and asks nothing but texts.
import type { Check, CheckedEntry, CheckedFinding } from '../engine/check.ts';
import type { Problem } from '../engine/config.ts';
import type { Position, Range } from '../engine/position.ts';
import { worstCase } from '../engine/worst-case.ts';
import type { Severity } from '../rules/finding.ts';

export interface TextOptions {
  /** ANSI colours. */
  readonly colour: boolean;
  /** Text of a file, for the code frame. */
  text(path: string): string | undefined;
}

const codes = { red: 31, yellow: 33, blue: 34, cyan: 36, grey: 90, bold: 1, green: 32 } as const;
type Style = keyof typeof codes;
const styleOf: { readonly [severity in Severity]: Style } = {
  error: 'red',
  warning: 'yellow',
  info: 'blue',
  hint: 'cyan',
};

/** The whole report, ending with a line break. */
export function toText(check: Check, options: TextOptions): string {
  const paint = (style: Style, text: string) => (options.colour ? `\u001b[${codes[style]}m${text}\u001b[0m` : text);
  const lines: string[] = [];
  for (const problem of check.problems) lines.push(...problemLines(problem, paint), '');
  for (const found of check.findings) lines.push(...findingLines(found, options, paint), '');
  if (check.entries.length > 0) lines.push(...entryLines(check.entries, paint), '');
  lines.push(summary(check, paint));
  return `${lines.join('\n')}\n`;
}

type Paint = (style: Style, text: string) => string;

function problemLines(problem: Problem, paint: Paint): string[] {
  return [
    `${paint(styleOf[problem.severity], problem.severity)} ${problem.kind}: ${problem.message}`,
    `  ${paint('grey', '-->')} ${place(problem.path, problem.range.start)}`,
  ];
}

function findingLines(found: CheckedFinding, options: TextOptions, paint: Paint): string[] {
  const { finding, severity, path, range, related } = found;
  const bar = paint('grey', '  =');
  const lines = [
    `${paint(styleOf[severity], severity)} ${paint('bold', finding.rule)}: ${finding.message}`,
    `  ${paint('grey', '-->')} ${place(path, range.start)}`,
    ...frame(options.text(path), range, text => paint(styleOf[severity], text), paint),
  ];
  for (const [at, hop] of related.entries()) {
    lines.push(`${bar} ${at + 1}. ${hop.message}  ${paint('grey', place(hop.path, hop.range.start))}`);
  }
  lines.push(
    `${bar} worst case: ${worstCase(finding.worstCase)}${perTurn(finding.callsPerTurn)}; another turn is decided by the ${controllerWord[finding.controller]}`,
  );
  for (const fix of finding.fixes)
    lines.push(`${bar} ${paint('green', fix.safe ? 'fix' : 'suggestion')}: ${fix.title}`);
  return lines;
}

const controllerWord = {
  deterministic: 'code',
  model: 'model',
  tool: 'tools',
  exception: 'errors',
  external: 'outside world',
  human: 'person',
} as const;

function perTurn(calls: number | null): string {
  return calls === null ? '' : `, ${calls} model ${calls === 1 ? 'call' : 'calls'} per turn`;
}

function frame(text: string | undefined, range: Range, mark: (text: string) => string, paint: Paint): string[] {
  if (text === undefined) return [];
  const all = text.split(/\r\n|\n|\r/);
  const last = Math.min(range.end.line, range.start.line + 1);
  const width = String(last).length;
  const lines: string[] = [];
  for (let line = range.start.line; line <= last; line++) {
    const code = (all[line - 1] ?? '').replaceAll('\t', ' ');
    const from = line === range.start.line ? range.start.column - 1 : code.length - code.trimStart().length;
    const to = line === range.end.line ? range.end.column - 1 : code.trimEnd().length;
    if (to <= from && line !== range.start.line) continue;
    // A very long line is shown around its mark.
    const cut = from > 100 ? from - 40 : 0;
    const shown = code.slice(cut, cut + 140);
    lines.push(`${paint('grey', `${String(line).padStart(width + 2)} |`)} ${shown}`);
    const length = Math.max(1, Math.min(to - from, shown.length - (from - cut)));
    lines.push(`${paint('grey', `${' '.repeat(width + 2)} |`)} ${' '.repeat(from - cut)}${mark('^'.repeat(length))}`);
  }
  return lines;
}

function entryLines(entries: readonly CheckedEntry[], paint: Paint): string[] {
  const lines = [paint('bold', 'Worst case of each agent entry')];
  for (const { entry, path, range } of entries) {
    const bounds = entry.boundedBy.length > 0 ? ` (${entry.boundedBy.join(', ')})` : '';
    const value = entry.worstCase === null ? paint('yellow', 'no bound') : worstCase(entry.worstCase);
    lines.push(`  ${entry.name}: ${value}${bounds}  ${paint('grey', place(path, range.start))}`);
  }
  return lines;
}

function summary(check: Check, paint: Paint): string {
  const { files, parsed, milliseconds } = check.stats;
  const scope = `${files} ${files === 1 ? 'file' : 'files'}, ${parsed} with agent code, ${Math.round(milliseconds)} ms`;
  if (check.findings.length === 0) return `${paint('green', 'No findings')} in ${scope}.`;
  const counts = (['error', 'warning', 'info', 'hint'] as const)
    .map(severity => ({ severity, count: check.findings.filter(found => found.severity === severity).length }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) =>
      paint(styleOf[severity], `${count} ${severity}${count === 1 || severity === 'info' ? '' : 's'}`),
    );
  return `${counts.join(', ')} in ${scope}.`;
}

function place(path: string, at: Position): string {
  return `${path}:${at.line}:${at.column}`;
}
