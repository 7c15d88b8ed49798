// What Python binds or assigns to, and the patterns of `match`. It must not know where the value comes from.
import type { Expression, ListExpression, ObjectEntry, Pattern, Span } from '../../program/model.ts';
import { expression, flatten, opaque } from './expressions.ts';
import { named, token } from './kinds.ts';
import {
  childOf,
  deepest,
  firstNamed,
  namedChildren,
  nextNamed,
  type Reader,
  spanOf,
  textOf,
  unknown,
} from './reader.ts';

/** The left side of an assignment, a loop's target, what `as` binds. */
export function patternOf(reader: Reader, node: number): Pattern {
  if (reader.depth >= deepest) return flatten(reader, node);
  reader.depth++;
  const lowered = pattern(reader, node);
  reader.depth--;
  return lowered;
}

function pattern(reader: Reader, node: number): Pattern {
  switch (reader.tree.kind[node]) {
    case named.tuple_pattern:
    case named.tuple:
      // `(a) = 1` assigns to a, `(a,) = 1` unpacks.
      if (childOf(reader, node, token[',']) < 0) {
        const only = firstNamed(reader, node);
        if (only >= 0) return patternOf(reader, only);
      }
      return listPattern(reader, node);
    case named.pattern_list:
    case named.expression_list:
    case named.list_pattern:
    case named.list:
      return listPattern(reader, node);
    case named.as_pattern_target:
    case named.parenthesized_expression: {
      const only = firstNamed(reader, node);
      return only < 0 ? opaque(reader, node) : patternOf(reader, only);
    }
    default: {
      const target = expression(reader, node);
      switch (target.kind) {
        case 'name':
        case 'member':
        case 'index':
        case 'opaque':
          return target;
        default:
          return { kind: 'opaque', role: 'expression', children: [target], span: target.span };
      }
    }
  }
}

function listPattern(reader: Reader, node: number): Pattern {
  const span = spanOf(reader, node);
  const items: { target: Pattern; defaultValue: undefined; rest: boolean }[] = [];
  for (const child of namedChildren(reader, node)) {
    const isRest = reader.tree.kind[child] === named.list_splat_pattern || reader.tree.kind[child] === named.list_splat;
    const target = isRest ? firstNamed(reader, child) : child;
    if (target >= 0) items.push({ target: patternOf(reader, target), defaultValue: undefined, rest: isRest });
  }
  return { kind: 'listPattern', items, span };
}

/** A case without a condition: `_`, or a bare name, which it binds. */
export function irrefutable(reader: Reader, node: number): { binds: Expression | undefined } | undefined {
  const only = firstNamed(reader, node);
  if (only < 0) return textOf(reader, node).trim() === '_' ? { binds: undefined } : undefined;
  const isBareName =
    reader.tree.kind[only] === named.dotted_name &&
    nextNamed(reader, firstNamed(reader, only), reader.tree.next[only]!) < 0;
  if (!isBareName || nextNamed(reader, only, reader.tree.next[node]!) >= 0) return undefined;
  const span = spanOf(reader, only);
  const name = textOf(reader, only);
  return { binds: name === '_' ? undefined : capture(name, span) };
}

/** A pattern of `match` as the expression it stands for; what it binds is an assignment of an unknown value. */
export function caseTest(reader: Reader, node: number): Expression {
  if (reader.depth >= deepest) return flatten(reader, node);
  reader.depth++;
  const lowered = test(reader, node);
  reader.depth--;
  return lowered;
}

function test(reader: Reader, node: number): Expression {
  const span = spanOf(reader, node);
  switch (reader.tree.kind[node]) {
    case named.case_pattern: {
      const only = firstNamed(reader, node);
      if (only < 0) return unknown(span);
      const lowered = caseTest(reader, only);
      if (childOf(reader, node, token['-']) < 0) return lowered;
      return { kind: 'unary', operator: '-', operand: lowered, span };
    }
    case named.dotted_name: {
      const parts = namedChildren(reader, node);
      if (parts.length === 1) return capture(textOf(reader, node), span);
      return dotted(reader, parts, span);
    }
    case named.union_pattern: {
      const parts = namedChildren(reader, node);
      if (reader.depth + parts.length > deepest) return opaque(reader, node);
      let whole = caseTest(reader, parts[0]!);
      for (const part of parts.slice(1)) {
        whole = {
          kind: 'binary',
          operator: '|',
          left: whole,
          right: caseTest(reader, part),
          span: [span[0], reader.tree.end[part]!],
        };
      }
      return whole;
    }
    case named.as_pattern: {
      const [inner = -1, name = -1] = namedChildren(reader, node);
      const children = inner < 0 ? [] : [caseTest(reader, inner)];
      if (name >= 0) children.push(capture(textOf(reader, name), spanOf(reader, name)));
      return { kind: 'opaque', role: 'expression', children, span };
    }
    case named.list_pattern:
    case named.tuple_pattern: {
      const shape: ListExpression['shape'] = reader.tree.kind[node] === named.list_pattern ? 'list' : 'tuple';
      return { kind: 'list', shape, items: namedChildren(reader, node).map(child => caseTest(reader, child)), span };
    }
    case named.splat_pattern: {
      const name = firstNamed(reader, node);
      const value = name < 0 ? unknown([span[1], span[1]]) : capture(textOf(reader, name), spanOf(reader, name));
      return { kind: 'spread', value, span };
    }
    case named.dict_pattern:
      return dictPattern(reader, node);
    case named.class_pattern: {
      const [name = -1, ...parts] = namedChildren(reader, node);
      const children: Expression[] = [];
      if (name >= 0) children.push(dotted(reader, namedChildren(reader, name), spanOf(reader, name)));
      for (const part of parts) children.push(caseTest(reader, part));
      return { kind: 'opaque', role: 'expression', children, span };
    }
    case named.keyword_pattern: {
      const children = namedChildren(reader, node)
        .slice(1)
        .map(child => caseTest(reader, child));
      return { kind: 'opaque', role: 'expression', children, span };
    }
    case named.complex_pattern:
      return unknown(span);
    default:
      return expression(reader, node);
  }
}

function dictPattern(reader: Reader, node: number): Expression {
  const entries: ObjectEntry[] = [];
  const parts = namedChildren(reader, node);
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index]!;
    const at = spanOf(reader, part);
    if (reader.tree.kind[part] === named.splat_pattern) {
      const rest = caseTest(reader, part);
      entries.push({ kind: 'spread', value: rest.kind === 'spread' ? rest.value : rest, span: at });
      continue;
    }
    const value = parts[index + 1];
    const key = caseTest(reader, part);
    if (value === undefined) {
      entries.push({ kind: 'spread', value: key, span: at });
      continue;
    }
    index++;
    const span: Span = [at[0], reader.tree.end[value]!];
    const isStatic = key.kind === 'literal' && typeof key.value === 'string';
    entries.push({
      kind: 'entry',
      key: isStatic ? String(key.value) : '',
      computed: isStatic ? undefined : key,
      value: caseTest(reader, value),
      span,
    });
  }
  return { kind: 'object', entries, span: spanOf(reader, node) };
}

function capture(name: string, span: Span): Expression {
  if (name === '_') return unknown(span);
  const value = unknown([span[1], span[1]]);
  return {
    kind: 'assign',
    target: { kind: 'name', name, span },
    operator: '=',
    value,
    result: 'new',
    annotation: undefined,
    span,
  };
}

/** `a.b.c` of identifiers. */
export function dotted(reader: Reader, parts: readonly number[], span: Span): Expression {
  if (parts.length === 0) return unknown(span);
  const first = parts[0]!;
  let whole: Expression = { kind: 'name', name: textOf(reader, first), span: spanOf(reader, first) };
  for (const part of parts.slice(1, deepest)) {
    whole = {
      kind: 'member',
      object: whole,
      property: textOf(reader, part),
      optional: false,
      nameSpan: spanOf(reader, part),
      span: [span[0], reader.tree.end[part]!],
    };
  }
  return whole;
}
