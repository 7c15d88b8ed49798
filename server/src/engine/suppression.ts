// Comments that silence a finding: `loopbound-ignore-next-line rule -- reason`, `-ignore-line`, `-ignore-file`.
// A reason is mandatory, and a comment that silences nothing is reported. Pure.
import type { Module, Span } from '../program/model.ts';
import type { RuleId } from '../rules/finding.ts';
import { ruleIds } from '../rules/finding.ts';
import { isRuleId, type Problem, unknown } from './config.ts';
import { positionAt, rangeOf } from './position.ts';

/** One suppression comment that can be used. */
export interface Suppression {
  readonly path: string;
  readonly span: Span;
  readonly rules: readonly RuleId[];
  /** Line (from 1) that it speaks for; undefined for the whole file. */
  readonly line: number | undefined;
  readonly reason: string;
}

const form = /^loopbound-ignore(-next-line|-line|-file)?(?![\w-])\s*(.*)$/s;

/** Reads the suppressions of a module; broken ones become problems. */
export function suppressionsOf(module: Module): { suppressions: readonly Suppression[]; problems: readonly Problem[] } {
  const suppressions: Suppression[] = [];
  const problems: Problem[] = [];
  for (const comment of module.comments) {
    const match = form.exec(comment.text);
    if (!match) continue;
    const complain = (message: string) => problems.push(suppressionProblem(module, comment.span, message));
    const scope = match[1] ?? '';
    const [list = '', ...rest] = (match[2] as string).split(/(?:^|\s)--(?:\s|$)/);
    const reason = rest.join(' -- ').trim();
    const names = list.split(/[\s,]+/).filter(name => name !== '');
    const wrong = names.find(name => !isRuleId(name));
    const spelled = `loopbound-ignore${scope || '-next-line'}`;
    if (scope === '') complain('Write loopbound-ignore-next-line, loopbound-ignore-line or loopbound-ignore-file.');
    else if (names.length === 0) complain(`Name the rule: ${spelled} unbounded-loop -- why it is fine.`);
    else if (wrong !== undefined) complain(unknown('rule', wrong, ruleIds));
    else if (reason === '')
      complain(`A reason is missing, so nothing is silenced: ${spelled} ${names.join(', ')} -- why it is fine.`);
    else {
      const line =
        scope === '-file'
          ? undefined
          : scope === '-line'
            ? lineOf(module, comment.span[0])
            : nextCodeLine(module, comment.span);
      suppressions.push({ path: module.path, span: comment.span, rules: names.filter(isRuleId), line, reason });
    }
  }
  return { suppressions, problems };
}

/** A problem at a suppression comment. */
export function suppressionProblem(module: Module, span: Span, message: string): Problem {
  return { path: module.path, range: rangeOf(module.lineStarts, span), severity: 'info', kind: 'suppression', message };
}

function lineOf(module: Module, offset: number): number {
  return positionAt(module.lineStarts, offset).line;
}

/** The line below, passing by further comments. */
function nextCodeLine(module: Module, span: Span): number {
  let line = lineOf(module, Math.max(span[0], span[1] - 1)) + 1;
  for (;;) {
    const next = module.comments.find(comment => startsLine(module, comment.span, line));
    if (!next) return line;
    line = lineOf(module, Math.max(next.span[0], next.span[1] - 1)) + 1;
  }
}

/** A comment that begins in the line is taken to have it for itself only if no code of the body begins before it there. */
function startsLine(module: Module, span: Span, line: number): boolean {
  if (lineOf(module, span[0]) !== line) return false;
  const start = module.lineStarts[line - 1] ?? 0;
  return !hasCodeIn(module, start, span[0]);
}

function hasCodeIn(module: Module, start: number, end: number): boolean {
  if (start >= end) return false;
  let found = false;
  const visit = (value: unknown): void => {
    if (found || typeof value !== 'object' || value === null) return;
    const span = (value as { span?: Span }).span;
    if (span) {
      if (span[1] <= start || span[0] >= end) return;
      if (span[0] >= start || (span[1] > start && span[1] <= end)) {
        found = true;
        return;
      }
    }
    for (const child of Object.values(value)) visit(child);
  };
  visit(module.body);
  return found;
}
