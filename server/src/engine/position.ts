// Offsets to lines and columns, as reports and editors count them. Pure.
import type { Span } from '../program/model.ts';

/** Line and column count from 1; the column in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** From the first character to the one after the last. */
export interface Range {
  readonly start: Position;
  readonly end: Position;
}

/** Where an offset stands. `lineStarts` as in Module. */
export function positionAt(lineStarts: readonly number[], offset: number): Position {
  let low = 0;
  let high = lineStarts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((lineStarts[middle] as number) <= offset) low = middle;
    else high = middle;
  }
  return { line: low + 1, column: offset - (lineStarts[low] ?? 0) + 1 };
}

/** Where a span stands. */
export function rangeOf(lineStarts: readonly number[], span: Span): Range {
  return { start: positionAt(lineStarts, span[0]), end: positionAt(lineStarts, span[1]) };
}

/** The very first character of a file. */
export const fileStart: Range = { start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
