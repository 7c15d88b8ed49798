// Finds a file's comments without a second scan: a `//` or `/*` that stands in no literal begins one.
// It relies on the lowering having noted each literal with a slash in it, and the parts that it left unread.
import { ts } from 'ts-morph';
import type { Comment } from '../../program/model.ts';
import { noteLiteral, type Reader } from './reader.ts';

export function commentsOf(reader: Reader): Comment[] {
  const { text } = reader;
  const literals = literalsInOrder(reader);
  const lineEnd = lineEndFinder(text);
  const found: Comment[] = [];
  let next = 0;
  for (let at = text.indexOf('/'); at >= 0; at = text.indexOf('/', at)) {
    const code = text.charCodeAt(at + 1);
    if (code !== 47 && code !== 42) {
      at++;
      continue;
    }
    while (next < literals.length && literals[next + 1]! <= at) next += 2;
    if (next < literals.length && literals[next]! <= at) {
      at = literals[next + 1]!;
      continue;
    }
    const end = code === 47 ? lineEnd(at) : blockEnd(text, at);
    found.push({ text: inside(text, at, end, code === 42), span: [at, end] });
    at = end;
  }
  return found;
}

function literalsInOrder(reader: Reader): number[] {
  for (const node of reader.unread) if (hasSlashes(reader.text, node)) noteLiteralsIn(reader, node);
  const { literals } = reader;
  let sorted = true;
  for (let i = 2; i < literals.length && sorted; i += 2) sorted = literals[i - 2]! <= literals[i]!;
  if (sorted) return literals;
  const pairs: [number, number][] = [];
  for (let i = 0; i < literals.length; i += 2) pairs.push([literals[i]!, literals[i + 1]!]);
  return pairs.sort((a, b) => a[0] - b[0]).flat();
}

function hasSlashes(text: string, node: ts.Node): boolean {
  const part = text.slice(node.pos, node.end);
  return part.includes('//') || part.includes('/*');
}

function noteLiteralsIn(reader: Reader, root: ts.Node): void {
  const open: ts.Node[] = [root];
  for (let node = open.pop(); node; node = open.pop()) {
    if (ts.isLiteralExpression(node) || ts.isTemplateMiddleOrTemplateTail(node) || ts.isTemplateHead(node)) {
      noteLiteral(reader, node);
    }
    ts.forEachChild(node, child => {
      open.push(child);
    });
  }
}

function lineEndFinder(text: string): (from: number) => number {
  const plain = text.indexOf('\r') < 0 && text.indexOf('\u2028') < 0 && text.indexOf('\u2029') < 0;
  if (plain) {
    return from => {
      const end = text.indexOf('\n', from);
      return end < 0 ? text.length : end;
    };
  }
  const lineBreak = /[\n\r\u2028\u2029]/g;
  return from => {
    lineBreak.lastIndex = from;
    return lineBreak.exec(text)?.index ?? text.length;
  };
}

function blockEnd(text: string, at: number): number {
  const end = text.indexOf('*/', at + 2);
  return end < 0 ? text.length : end + 2;
}

function inside(text: string, start: number, end: number, isBlock: boolean): string {
  if (!isBlock) return text.slice(start + 2, end).trim();
  const from = text.charCodeAt(start + 2) === 42 && start + 4 < end ? start + 3 : start + 2;
  return text.slice(from, text.startsWith('*/', end - 2) && end - 2 >= from ? end - 2 : end).trim();
}
