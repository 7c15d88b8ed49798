// What the lowering of one file carries along: its text, what it has collected so far, and how positions are found.
// It must not know what the nodes mean.
import { ts } from 'ts-morph';
import type { ExportBinding, ImportBinding, Span } from '../../program/model.ts';
import { headOf } from '../lines.ts';

/** Nodes nested deeper than this are flattened (see deep.ts), so that neither we nor our readers run out of stack. */
export const deepest = 400;

export interface Reader {
  readonly text: string;
  readonly file: ts.SourceFile;
  readonly imports: ImportBinding[];
  readonly exports: ExportBinding[];
  /** Start and end of each literal in which `//` or `/*` could stand, two numbers each; for the search for comments. */
  readonly literals: number[];
  /** Parts that are not lowered (types), for the same search. */
  readonly unread: ts.Node[];
  /** `require` and `import()` calls that a declaration has made a binding of. */
  readonly claimed: Set<ts.Node>;
  depth: number;
  lastPos: number;
  lastStart: number;
}

export function createReader(text: string, file: ts.SourceFile): Reader {
  return {
    text,
    file,
    imports: [],
    exports: [],
    literals: [],
    unread: [],
    claimed: new Set(),
    depth: 0,
    lastPos: -1,
    lastStart: -1,
  };
}

/**
 * Where a node begins, without the trivia in front. A parent and its first child share the answer, so one is kept: ask for
 * the parent first. That also puts a first child that is missing inside its parent.
 */
export function startOf(reader: Reader, node: ts.Node): number {
  const pos = node.pos;
  if (pos === reader.lastPos) return reader.lastStart;
  if (pos === node.end) return pos;
  const start = skip(reader.text, pos);
  const code = reader.text.charCodeAt(start);
  // Merge conflict markers, a shebang and rare white space are trivia too; they are left to the parser's own search.
  const rare = code > 127 || code === 35 || (isMarker(code) && reader.text.charCodeAt(start + 1) === code);
  const found = rare ? node.getStart(reader.file) : start;
  reader.lastPos = pos;
  reader.lastStart = found;
  return found;
}

export function spanOf(reader: Reader, node: ts.Node): Span {
  const start = startOf(reader, node);
  return [start, Math.max(start, node.end)];
}

/** The span from a node's start to `end`, cut down to one or two lines. */
export function headTo(reader: Reader, start: number, end: number): Span {
  return headOf(reader.text, start, Math.max(start, end));
}

/** The first position from `at` on that is neither white space nor in a comment. */
export function skip(text: string, at: number): number {
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === 32 || (code >= 9 && code <= 13)) {
      at++;
    } else if (code === 47) {
      const next = text.charCodeAt(at + 1);
      if (next === 47) {
        at += 2;
        while (at < text.length && !isLineBreak(text.charCodeAt(at))) at++;
      } else if (next === 42) {
        const end = text.indexOf('*/', at + 2);
        at = end < 0 ? text.length : end + 2;
      } else {
        return at;
      }
    } else {
      return at;
    }
  }
}

/** The position after `char` when it is the next token from `at` on, else `at`. */
export function after(reader: Reader, at: number, char: string): number {
  const found = skip(reader.text, at);
  return reader.text.startsWith(char, found) ? found + char.length : at;
}

/** A node that the parser made up because something was missing. */
export function isMissing(node: ts.Node): boolean {
  return node.pos === node.end;
}

/** Remembers a literal whose text could look like a comment. */
export function noteLiteral(reader: Reader, node: ts.Node): void {
  // In JSX text there is no trivia: what looks like a comment in front of it is text.
  reader.literals.push(node.kind === ts.SyntaxKind.JsxText ? node.pos : startOf(reader, node), node.end);
}

function isLineBreak(code: number): boolean {
  return code === 10 || code === 13 || code === 0x2028 || code === 0x2029;
}

function isMarker(code: number): boolean {
  return code === 60 || code === 61 || code === 62 || code === 124;
}
