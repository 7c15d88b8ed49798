// Fixtures: source text with the expected findings marked under the code.
//
//   while (true) {
//// ^^^^^^^^^^^^ unbounded-loop: no bound          a warning or error whose message holds these words
//// ^^^^^^^^^^^^ default-bound(hint): recursionLimit    another severity is named
//// ^^^ entry: at most 25 model calls              an agent entry; compared where the fixture marks at least one
//
// (`//` once in real files, `#` in Python.) `//- path` or `#- path` begins a further file; package.json may be one.
// A mark cannot stand in the columns of the comment sign, so these are not compared. Marks are taken out before the
// analysis, so they change nothing.

import { worstCase } from '../../server/src/engine/worst-case.ts';
import type { JsonReport } from '../../server/src/report/json.ts';
import { analyzeFiles } from './analyze.ts';

export interface Mark {
  readonly path: string;
  /** From 1, in the text without marks. */
  readonly line: number;
  /** From 0; `from` is never within the comment sign. */
  readonly from: number;
  readonly to: number;
  readonly rule: string;
  readonly severity: string;
  /** Part of the message. */
  readonly text: string;
}

interface FixtureFile {
  readonly path: string;
  readonly header: string | undefined;
  readonly lines: readonly string[];
  readonly marks: readonly Mark[];
}

export interface FixtureResult {
  readonly missed: readonly Mark[];
  readonly unexpected: readonly Mark[];
  /** The fixture as it should be: what `UPDATE=1` writes. */
  readonly updated: string;
}

const markForm = /^\s*(?:\/\/|#)\s*(\^+) ([a-z][a-z-]*)(?:\((error|warning|info|hint)\))?(?:: ?(.*))?$/;
const headerForm = /^(?:\/\/|#)- (\S+)\s*$/;

/** Splits a fixture into its files and takes out the marks. */
export function parseFixture(name: string, text: string): readonly FixtureFile[] {
  const files: { path: string; header: string | undefined; lines: string[]; marks: Mark[] }[] = [];
  let current: (typeof files)[number] | undefined;
  for (const line of text.split('\n')) {
    const header = headerForm.exec(line);
    if (header) {
      current = { path: header[1] as string, header: line, lines: [], marks: [] };
      files.push(current);
      continue;
    }
    if (!current) {
      current = { path: name, header: undefined, lines: [], marks: [] };
      files.push(current);
    }
    const mark = markForm.exec(line);
    if (mark) {
      const from = line.indexOf('^');
      current.marks.push({
        path: current.path,
        line: current.lines.length,
        from,
        to: from + (mark[1] as string).length,
        rule: mark[2] as string,
        severity: mark[3] ?? 'warning',
        text: (mark[4] ?? '').trim(),
      });
    } else current.lines.push(line);
  }
  // What stands before the first header is a remark to the reader, unless it is all there is.
  const remark = files.length > 1 && files[0]?.header === undefined ? files[0] : undefined;
  if (remark?.lines.every(line => line.trim() === '' || /^(?:\/\/|#)/.test(line))) remark.path = `${name}.remark`;
  return files;
}

/** The texts of a fixture, without marks. */
export function fixtureTexts(name: string, text: string): { readonly [path: string]: string } {
  return Object.fromEntries(parseFixture(name, text).map(file => [file.path, file.lines.join('\n')]));
}

/** Analyses a fixture and compares what is found with what is marked. */
export async function runFixture(name: string, text: string): Promise<FixtureResult> {
  const files = parseFixture(name, text);
  const report = await analyzeFiles(Object.fromEntries(files.map(file => [file.path, file.lines.join('\n')])));
  const expected = files.flatMap(file => file.marks);
  const found = marksOf(
    report,
    files,
    expected.some(mark => mark.rule === 'entry') || process.env.UPDATE === 'entries',
  );
  const missed = [...expected];
  const unexpected: Mark[] = [];
  const kept = new Map<Mark, string>();
  for (const actual of found) {
    const at = missed.findIndex(mark => matches(mark, actual));
    if (at < 0) unexpected.push(actual);
    else kept.set(actual, (missed.splice(at, 1)[0] as Mark).text);
  }
  return { missed, unexpected, updated: render(files, found, kept) };
}

function matches(expected: Mark, actual: Mark): boolean {
  return (
    expected.path === actual.path &&
    expected.line === actual.line &&
    expected.from === actual.from &&
    expected.to === actual.to &&
    expected.rule === actual.rule &&
    (expected.severity === actual.severity || (expected.severity === 'warning' && actual.severity === 'error')) &&
    actual.text.includes(expected.text)
  );
}

function marksOf(report: JsonReport, files: readonly FixtureFile[], entries: boolean): Mark[] {
  const all = report.findings.map(found => ({ ...found, text: found.message }));
  const lines = entries
    ? report.entries.map(({ file, range, worstCase: value, boundedBy }) => ({
        file,
        range,
        rule: 'entry',
        severity: 'warning',
        text: `${worstCase(value)}${boundedBy.length > 0 ? ` (${boundedBy.join(', ')})` : ''}`,
      }))
    : [];
  return [...all, ...lines]
    .map(({ file, range, rule, severity, text }): Mark => {
      const code = files.find(candidate => candidate.path === file)?.lines[range.start.line - 1] ?? '';
      const from = Math.max(range.start.column - 1, signOf(file).length);
      const end = range.end.line === range.start.line ? range.end.column - 1 : code.trimEnd().length;
      return { path: file, line: range.start.line, from, to: Math.max(end, from + 1), rule, severity, text };
    })
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line || a.from - b.from));
}

function signOf(path: string): string {
  return path.endsWith('.py') ? '#' : '//';
}

function render(files: readonly FixtureFile[], found: readonly Mark[], kept: ReadonlyMap<Mark, string>): string {
  const out: string[] = [];
  for (const file of files) {
    if (file.header !== undefined) out.push(file.header);
    file.lines.forEach((line, at) => {
      out.push(line);
      for (const mark of found.filter(candidate => candidate.path === file.path && candidate.line === at + 1)) {
        const sign = signOf(file.path);
        const severity = mark.severity === 'warning' || mark.severity === 'error' ? '' : `(${mark.severity})`;
        const text = kept.get(mark) ?? mark.text.split(/(?<=[.!?])\s/)[0];
        const carets = '^'.repeat(mark.to - mark.from);
        out.push(`${sign}${' '.repeat(mark.from - sign.length)}${carets} ${mark.rule}${severity}: ${text}`.trimEnd());
      }
    });
  }
  return out.join('\n');
}

/** Marks as text, for the message of a failed test. */
export function describeMarks(title: string, marks: readonly Mark[]): string {
  const lines = marks.map(
    ({ path, line, from, to, rule, severity, text }) =>
      `  ${path}:${line}:${from + 1}-${to + 1} ${rule}(${severity}): ${text}`,
  );
  return marks.length > 0 ? `${title}:\n${lines.join('\n')}\n` : '';
}
