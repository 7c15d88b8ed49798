// Engine values as protocol values: lines and characters from 0, severities as numbers. Pure.
import { DiagnosticSeverity, type Range as LspRange, type TextEdit as LspTextEdit } from 'vscode-languageserver/node';
import type { Range } from '../engine/position.ts';
import { positionAt } from '../engine/position.ts';
import type { TextEdit } from '../languages/language.ts';
import type { Severity } from '../rules/finding.ts';

/** A range as the protocol counts. */
export function toLspRange({ start, end }: Range): LspRange {
  return {
    start: { line: start.line - 1, character: start.column - 1 },
    end: { line: end.line - 1, character: end.column - 1 },
  };
}

/** A severity as the protocol numbers it. */
export const lspSeverity: { readonly [severity in Severity]: DiagnosticSeverity } = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
};

/** Edits against the text whose lines start at `lineStarts`. */
export function toLspEdits(lineStarts: readonly number[], edits: readonly TextEdit[]): LspTextEdit[] {
  return edits.map(({ span, text }) => ({
    range: toLspRange({ start: positionAt(lineStarts, span[0]), end: positionAt(lineStarts, span[1]) }),
    newText: text,
  }));
}

/** Whether two ranges share a character or touch. */
export function touches(a: LspRange, b: LspRange): boolean {
  return !isBefore(a.end, b.start) && !isBefore(b.end, a.start);
}

function isBefore(a: LspRange['start'], b: LspRange['start']): boolean {
  return a.line < b.line || (a.line === b.line && a.character < b.character);
}
