// What the lowering of one Python file carries along, and how a node's children are stepped through.
// It must not know what the nodes mean.
import type { ExportBinding, Expression, ImportBinding, Span } from '../../program/model.ts';
import { headOf } from '../lines.ts';
import { firstToken, type Kind, named } from './kinds.ts';
import type { Tree } from './tree.ts';

/** Nodes nested deeper than this are flattened, so that neither we nor our readers run out of stack. */
export const deepest = 400;

export interface Reader {
  readonly text: string;
  readonly tree: Tree;
  readonly imports: ImportBinding[];
  readonly exports: ExportBinding[];
  /** Syntax errors in the midst of a statement; kept as a statement behind it. */
  readonly strays: number[];
  depth: number;
  /** How many functions are open: imports inside one are not exports. */
  functions: number;
  /** Whether the innermost function yields. */
  yields: boolean;
  /** Inside `if TYPE_CHECKING:`. */
  typeOnly: boolean;
}

export function createReader(text: string, tree: Tree): Reader {
  return { text, tree, imports: [], exports: [], strays: [], depth: 0, functions: 0, yields: false, typeOnly: false };
}

export function spanOf(reader: Reader, node: number): Span {
  return [reader.tree.start[node]!, reader.tree.end[node]!];
}

export function textOf(reader: Reader, node: number): string {
  return reader.text.slice(reader.tree.start[node], reader.tree.end[node]);
}

/** Up to the colon that ends a compound statement's head, or to `fallback`; cut down to one or two lines. */
export function headTo(reader: Reader, start: number, end: number): Span {
  return headOf(reader.text, start, Math.max(start, end));
}

/** First named child, or -1. */
export function firstNamed(reader: Reader, node: number): number {
  return namedFrom(reader, node + 1, reader.tree.next[node]!);
}

/** Next named sibling within a parent whose `next` is `end`, or -1. */
export function nextNamed(reader: Reader, node: number, end: number): number {
  return namedFrom(reader, reader.tree.next[node]!, end);
}

/** All named children; syntax errors among them are put aside as strays. */
export function namedChildren(reader: Reader, node: number): number[] {
  const end = reader.tree.next[node]!;
  const found: number[] = [];
  for (let child = firstNamed(reader, node); child >= 0; child = nextNamed(reader, child, end)) found.push(child);
  return found;
}

/** The first child of a kind, or -1. Tokens can be asked for. */
export function childOf(reader: Reader, node: number, kind: Kind): number {
  const { tree } = reader;
  for (let child = node + 1; child < tree.next[node]!; child = tree.next[child]!) {
    if (tree.kind[child] === kind) return child;
  }
  return -1;
}

export function isToken(reader: Reader, node: number): boolean {
  return reader.tree.kind[node]! >= firstToken;
}

/** An expression that says nothing. */
export function unknown(span: Span): Expression {
  return { kind: 'opaque', role: 'expression', children: [], span };
}

function namedFrom(reader: Reader, from: number, end: number): number {
  const { tree, strays } = reader;
  for (let node = from; node < end; node = tree.next[node]!) {
    const kind = tree.kind[node]!;
    if (kind >= firstToken) continue;
    if (kind !== named.ERROR) return node;
    if (!strays.includes(node)) strays.push(node);
  }
  return -1;
}
