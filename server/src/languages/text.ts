// Reading and keeping a file's style: line ends, indentation, and putting an item into a bracketed list.
// It must not know a language.
import type { Span } from '../program/model.ts';

/** An edit without its file. */
export interface Change {
  readonly span: Span;
  readonly text: string;
}

export function insertion(at: number, text: string): Change {
  return { span: [at, at], text };
}

/** The line end that the file uses. */
export function lineBreakOf(text: string): '\r\n' | '\n' {
  const first = text.indexOf('\n');
  return first > 0 && text.charCodeAt(first - 1) === 13 ? '\r\n' : '\n';
}

export function lineStart(text: string, at: number): number {
  return Math.max(text.lastIndexOf('\n', at - 1), text.lastIndexOf('\r', at - 1)) + 1;
}

/** The end of the line's text, before its line break. */
export function lineEnd(text: string, at: number): number {
  const found = text.slice(at).search(/[\r\n]/);
  return found < 0 ? text.length : at + found;
}

/** White space at the start of the line that holds `at`. */
export function indentAt(text: string, at: number): string {
  const start = lineStart(text, at);
  return /^[ \t]*/.exec(text.slice(start, lineEnd(text, start)))![0];
}

/** Whether only white space stands before `at` on its line. */
export function beginsLine(text: string, at: number): boolean {
  return /^[ \t\uFEFF]*$/.test(text.slice(lineStart(text, at), at));
}

/** One level of indentation: a tab, or the smallest step of spaces that the file uses. */
export function indentUnit(text: string, otherwise: number): string {
  const indents = [...text.slice(0, 20_000).matchAll(/^([ \t]+)(?=[^\s*])/gm)].map(match => match[1]!);
  if (indents.some(indent => indent.startsWith('\t'))) return '\t';
  const widths = indents.map(indent => indent.length).filter(width => width > 1);
  const smallest = Math.min(...widths);
  return ' '.repeat(widths.length > 0 && smallest <= 8 ? smallest : otherwise);
}

export function isBroken(text: string, start: number, end: number): boolean {
  return /[\r\n]/.test(text.slice(start, end));
}

/**
 * Puts `item` last into a bracketed list, on a line of its own where the items have theirs; a trailing comma stays one.
 * `list` spans the brackets, `last` is the last item. `pad` is what stands inside the brackets of a list on one line.
 */
export function appendItem(text: string, list: Span, last: Span | undefined, item: string, pad: string): Change[] {
  const inside: Span = [list[0] + 1, list[1] - 1];
  if (!last) {
    if (/\S/.test(text.slice(...inside))) return [insertion(inside[1], item)];
    return [{ span: inside, text: `${pad}${item}${pad}` }];
  }
  const comma = /^[ \t]*,/.exec(text.slice(last[1], inside[1]))?.[0].length ?? 0;
  if (!beginsLine(text, last[0])) return [insertion(last[1], `, ${item}`)];
  const indent = indentAt(text, last[0]);
  const end = lineEnd(text, last[1] + comma);
  const line = `${lineBreakOf(text)}${indent}${item}`;
  // The closing bracket stands on the last item's line.
  if (end > inside[1]) return [insertion(last[1], `,${line}`)];
  if (comma > 0) return [insertion(end, `${line},`)];
  if (end === last[1]) return [insertion(end, `,${line}`)];
  return [insertion(last[1], ','), insertion(end, line)];
}

/** A name that is not among `taken`: `wanted`, or with a number. */
export function freeName(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  let number = 2;
  while (taken.has(`${wanted}${number}`)) number++;
  return `${wanted}${number}`;
}
