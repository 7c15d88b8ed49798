// What is bound or assigned to: binding patterns of declarations and parameters, and the literals that an assignment reads as
// patterns. It must not know where the value comes from.
import { ts } from 'ts-morph';
import type { Expression, Pattern } from '../../program/model.ts';
import { flattenExpression } from './deep.ts';
import { expression, isPlainAssignment, keyOf } from './expressions.ts';
import { deepest, isMissing, type Reader, spanOf } from './reader.ts';

type ObjectPattern = Extract<Pattern, { kind: 'objectPattern' }>;
type ListPattern = Extract<Pattern, { kind: 'listPattern' }>;
type PatternEntry = ObjectPattern['entries'][number];
type PatternItem = ListPattern['items'][number];

/** The name or pattern of a declaration or parameter. */
export function bindingOf(reader: Reader, node: ts.BindingName): Pattern {
  if (node.kind === ts.SyntaxKind.Identifier) {
    if (isMissing(node)) return { kind: 'opaque', role: 'expression', children: [], span: spanOf(reader, node) };
    return { kind: 'name', name: (node as ts.Identifier).text, span: spanOf(reader, node) };
  }
  if (reader.depth >= deepest) return flattenExpression(reader, node);
  reader.depth++;
  const lowered = node.kind === ts.SyntaxKind.ObjectBindingPattern ? ofObject(reader, node) : ofArray(reader, node);
  reader.depth--;
  return lowered;
}

/** The left side of an assignment. */
export function patternOf(reader: Reader, node: ts.Expression): Pattern {
  if (reader.depth >= deepest) return flattenExpression(reader, node);
  reader.depth++;
  const lowered = assigned(reader, node);
  reader.depth--;
  return lowered;
}

function ofObject(reader: Reader, node: ts.ObjectBindingPattern): Pattern {
  const span = spanOf(reader, node);
  const entries: PatternEntry[] = [];
  let rest: Pattern | undefined;
  for (const element of node.elements) {
    if (element.dotDotDotToken && !rest && !element.initializer) {
      rest = bindingOf(reader, element.name);
      continue;
    }
    const { key, computed } = element.propertyName
      ? keyOf(reader, element.propertyName)
      : { key: ts.isIdentifier(element.name) ? element.name.text : '', computed: undefined };
    const target = bindingOf(reader, element.name);
    entries.push({ key, computed, target, defaultValue: defaultOf(reader, element.initializer, target) });
  }
  return { kind: 'objectPattern', entries, rest, span };
}

function ofArray(reader: Reader, node: ts.ArrayBindingPattern): Pattern {
  const span = spanOf(reader, node);
  const items: PatternItem[] = [];
  for (const element of node.elements) {
    if (!ts.isBindingElement(element)) {
      items.push(undefined);
      continue;
    }
    const target = bindingOf(reader, element.name);
    const defaultValue = defaultOf(reader, element.initializer, target);
    items.push({ target, defaultValue, rest: element.dotDotDotToken !== undefined });
  }
  return { kind: 'listPattern', items, span };
}

function assigned(reader: Reader, node: ts.Expression): Pattern {
  if (ts.isObjectLiteralExpression(node)) return assignedObject(reader, node);
  if (ts.isArrayLiteralExpression(node)) return assignedArray(reader, node);
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

function assignedObject(reader: Reader, node: ts.ObjectLiteralExpression): Pattern {
  const span = spanOf(reader, node);
  const entries: PatternEntry[] = [];
  let rest: Pattern | undefined;
  for (const property of node.properties) {
    if (ts.isSpreadAssignment(property)) {
      const last = rest;
      rest = patternOf(reader, property.expression);
      if (last) entries.push({ key: '', target: last });
    } else if (ts.isShorthandPropertyAssignment(property)) {
      const target: Pattern = { kind: 'name', name: property.name.text, span: spanOf(reader, property.name) };
      const defaultValue = defaultOf(reader, property.objectAssignmentInitializer, target);
      entries.push({ key: target.name, computed: undefined, target, defaultValue });
    } else if (ts.isPropertyAssignment(property)) {
      const { key, computed } = keyOf(reader, property.name);
      entries.push({ key, computed, ...withDefault(reader, property.initializer) });
    } else {
      entries.push({ key: '', target: flattenExpression(reader, property) });
    }
  }
  return { kind: 'objectPattern', entries, rest, span };
}

function assignedArray(reader: Reader, node: ts.ArrayLiteralExpression): Pattern {
  const span = spanOf(reader, node);
  const items: PatternItem[] = [];
  for (const element of node.elements) {
    if (ts.isOmittedExpression(element)) items.push(undefined);
    else if (ts.isSpreadElement(element)) {
      items.push({ target: patternOf(reader, element.expression), defaultValue: undefined, rest: true });
    } else items.push({ ...withDefault(reader, element), rest: false });
  }
  return { kind: 'listPattern', items, span };
}

function withDefault(reader: Reader, node: ts.Expression): { target: Pattern; defaultValue: Expression | undefined } {
  if (!isPlainAssignment(node)) return { target: patternOf(reader, node), defaultValue: undefined };
  const target = patternOf(reader, node.left);
  return { target, defaultValue: defaultOf(reader, node.right, target) };
}

function defaultOf(reader: Reader, node: ts.Expression | undefined, target: Pattern): Expression | undefined {
  return node ? expression(reader, node, target.kind === 'name' ? target.name : '') : undefined;
}
