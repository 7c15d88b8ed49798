// Python's string and number literals as values; f-strings as templates. It must not know where a literal stands.
import type { Expression, LiteralExpression, TemplateExpression } from '../../program/model.ts';
import { expression } from './expressions.ts';
import { named } from './kinds.ts';
import { namedChildren, type Reader, spanOf, textOf, unknown } from './reader.ts';

interface Parts {
  readonly texts: string[];
  readonly values: Expression[];
}

export function string(reader: Reader, node: number): LiteralExpression | TemplateExpression {
  const parts: Parts = { texts: [''], values: [] };
  add(reader, node, parts);
  return finish(reader, node, parts);
}

/** `"a" f"{b}"`: adjacent strings are one. */
export function concatenated(reader: Reader, node: number): LiteralExpression | TemplateExpression {
  const parts: Parts = { texts: [''], values: [] };
  for (const child of namedChildren(reader, node)) {
    if (reader.tree.kind[child] === named.string) add(reader, child, parts);
  }
  return finish(reader, node, parts);
}

/** Complex numbers stay opaque. */
export function number(reader: Reader, node: number): Expression {
  const span = spanOf(reader, node);
  const text = textOf(reader, node).replaceAll('_', '');
  const last = text.charAt(text.length - 1);
  const isHex = /^0[xX]/.test(text);
  if (!isHex && (last === 'j' || last === 'J')) return unknown(span);
  const value = Number(last === 'l' || last === 'L' ? text.slice(0, -1) : text);
  return Number.isNaN(value) ? unknown(span) : { kind: 'literal', value, span };
}

function finish(reader: Reader, node: number, parts: Parts): LiteralExpression | TemplateExpression {
  const span = spanOf(reader, node);
  if (parts.values.length === 0) return { kind: 'literal', value: parts.texts[0]!, span };
  return { kind: 'template', texts: parts.texts, values: parts.values, span };
}

function add(reader: Reader, node: number, parts: Parts): void {
  let isRaw = false;
  let isFormat = false;
  for (const child of namedChildren(reader, node)) {
    switch (reader.tree.kind[child]) {
      case named.string_start: {
        const prefix = textOf(reader, child).toLowerCase();
        isRaw = prefix.includes('r');
        isFormat = prefix.includes('f') || prefix.includes('t');
        break;
      }
      case named.string_content: {
        const text = textOf(reader, child);
        const plain = isFormat && text.includes('{') ? text.replaceAll('{{', '{') : text;
        const braces = isFormat && plain.includes('}') ? plain.replaceAll('}}', '}') : plain;
        parts.texts[parts.texts.length - 1] += isRaw || !braces.includes('\\') ? braces : unescaped(braces);
        break;
      }
      case named.interpolation:
        parts.values.push(interpolation(reader, child));
        parts.texts.push('');
        break;
      default:
    }
  }
}

/** The value, together with what a format specifier computes (`{x:>{width()}}`). */
function interpolation(reader: Reader, node: number): Expression {
  const found: Expression[] = [];
  for (const child of namedChildren(reader, node)) {
    if (reader.tree.kind[child] === named.format_specifier) {
      for (const inner of namedChildren(reader, child)) found.push(interpolation(reader, inner));
    } else if (reader.tree.kind[child] !== named.other) {
      found.push(expression(reader, child));
    }
  }
  if (found.length === 1) return found[0]!;
  return { kind: 'opaque', role: 'expression', children: found, span: spanOf(reader, node) };
}

function unescaped(text: string): string {
  return text.replace(
    /\\(?:\r?\n|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|N\{[^}]*\}|([\s\S]))/g,
    (all, two?: string, four?: string, eight?: string, octal?: string, char?: string) => {
      const hex = two ?? four ?? eight;
      if (hex !== undefined) return codePoint(Number.parseInt(hex, 16), all);
      if (octal !== undefined) return codePoint(Number.parseInt(octal, 8), all);
      if (char === undefined) return all.startsWith('\\N') ? all : '';
      return simple.get(char) ?? all;
    },
  );
}

function codePoint(code: number, otherwise: string): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : otherwise;
}

const simple = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
]);
