// Type annotations as expressions: names, members, type arguments as `index`, unions and intersections as `binary`.
// Types without a word in the model stay opaque. It must not resolve anything.
import { ts } from 'ts-morph';
import type { Expression, Span } from '../../program/model.ts';
import { deepest, isMissing, noteLiteral, type Reader, spanOf, startOf } from './reader.ts';

export function annotationOf(reader: Reader, type: ts.TypeNode | undefined): Expression | undefined {
  return type ? typeExpression(reader, type) : undefined;
}

export function typeExpressions(reader: Reader, types: readonly ts.TypeNode[] | undefined): Expression[] {
  return types ? types.map(type => typeExpression(reader, type)) : [];
}

export function typeExpression(reader: Reader, type: ts.TypeNode): Expression {
  if (reader.depth >= deepest) return unread(reader, type);
  reader.depth++;
  const lowered = lower(reader, type);
  reader.depth--;
  return lowered;
}

/** `Base<A, B>` as `Base[(A, B)]`. */
export function withTypeArguments(
  reader: Reader,
  object: Expression,
  types: ts.NodeArray<ts.TypeNode> | undefined,
  span: Span,
): Expression {
  if (!types || types.length === 0) return object;
  const items = typeExpressions(reader, types);
  const index: Expression =
    items.length === 1
      ? items[0]!
      : { kind: 'list', shape: 'tuple', items, span: [items[0]!.span[0], items[items.length - 1]!.span[1]] };
  return { kind: 'index', object, index, span };
}

function lower(reader: Reader, type: ts.TypeNode): Expression {
  if (ts.isTypeReferenceNode(type)) {
    return withTypeArguments(reader, entity(reader, type.typeName), type.typeArguments, spanOf(reader, type));
  }
  const keyword = keywords.get(type.kind);
  if (keyword) return { kind: 'name', name: keyword, span: spanOf(reader, type) };
  if (ts.isUnionTypeNode(type)) return fold(reader, type.types, '|');
  if (ts.isIntersectionTypeNode(type)) return fold(reader, type.types, '&');
  if (ts.isArrayTypeNode(type)) {
    const start = startOf(reader, type);
    const index = typeExpression(reader, type.elementType);
    const object: Expression = { kind: 'name', name: 'Array', span: [start, start] };
    return { kind: 'index', object, index, span: [start, type.end] };
  }
  if (ts.isLiteralTypeNode(type)) return literal(reader, type);
  if (ts.isParenthesizedTypeNode(type) || ts.isOptionalTypeNode(type) || ts.isRestTypeNode(type)) {
    return typeExpression(reader, type.type);
  }
  if (ts.isNamedTupleMember(type)) return typeExpression(reader, type.type);
  if (ts.isTupleTypeNode(type)) {
    return {
      kind: 'list',
      shape: 'tuple',
      items: type.elements.map(element => typeExpression(reader, element)),
      span: spanOf(reader, type),
    };
  }
  if (ts.isTypeQueryNode(type)) {
    const operand = withTypeArguments(reader, entity(reader, type.exprName), type.typeArguments, [
      startOf(reader, type.exprName),
      type.end,
    ]);
    return { kind: 'unary', operator: 'typeof', operand, span: spanOf(reader, type) };
  }
  if (ts.isIndexedAccessTypeNode(type)) {
    return {
      kind: 'index',
      object: typeExpression(reader, type.objectType),
      index: typeExpression(reader, type.indexType),
      span: spanOf(reader, type),
    };
  }
  if (ts.isTypeOperatorNode(type) && type.operator === ts.SyntaxKind.ReadonlyKeyword) {
    return typeExpression(reader, type.type);
  }
  return unread(reader, type);
}

function unread(reader: Reader, type: ts.TypeNode): Expression {
  reader.unread.push(type);
  return { kind: 'opaque', role: 'expression', children: [], span: spanOf(reader, type) };
}

/** `A.B.C` of a type or an alias. */
export function entity(reader: Reader, name: ts.EntityName): Expression {
  if (ts.isIdentifier(name)) {
    return isMissing(name)
      ? { kind: 'opaque', role: 'expression', children: [], span: spanOf(reader, name) }
      : { kind: 'name', name: name.text, span: spanOf(reader, name) };
  }
  if (reader.depth >= deepest) return { kind: 'opaque', role: 'expression', children: [], span: spanOf(reader, name) };
  const span = spanOf(reader, name);
  reader.depth++;
  const object = entity(reader, name.left);
  reader.depth--;
  const { right } = name;
  return { kind: 'member', object, property: right.text, optional: false, nameSpan: spanOf(reader, right), span };
}

/** Halves instead of a chain: unions of thousands of members exist, and readers recurse. */
function fold(reader: Reader, types: readonly ts.TypeNode[], operator: '|' | '&'): Expression {
  if (types.length === 1) return typeExpression(reader, types[0]!);
  const middle = types.length >> 1;
  const left = fold(reader, types.slice(0, middle), operator);
  const right = fold(reader, types.slice(middle), operator);
  return { kind: 'binary', operator, left, right, span: [left.span[0], right.span[1]] };
}

function literal(reader: Reader, type: ts.LiteralTypeNode): Expression {
  const { literal: node } = type;
  const span = spanOf(reader, type);
  switch (node.kind) {
    case ts.SyntaxKind.NullKeyword:
      return { kind: 'literal', value: null, span };
    case ts.SyntaxKind.TrueKeyword:
      return { kind: 'literal', value: true, span };
    case ts.SyntaxKind.FalseKeyword:
      return { kind: 'literal', value: false, span };
    case ts.SyntaxKind.NumericLiteral:
      return { kind: 'literal', value: Number((node as ts.NumericLiteral).text), span };
    case ts.SyntaxKind.StringLiteral:
    case ts.SyntaxKind.NoSubstitutionTemplateLiteral: {
      noteLiteral(reader, node);
      return { kind: 'literal', value: (node as ts.LiteralLikeNode).text, span };
    }
    default:
      return unread(reader, type);
  }
}

const keywords = new Map<ts.SyntaxKind, string>([
  [ts.SyntaxKind.StringKeyword, 'string'],
  [ts.SyntaxKind.NumberKeyword, 'number'],
  [ts.SyntaxKind.BooleanKeyword, 'boolean'],
  [ts.SyntaxKind.AnyKeyword, 'any'],
  [ts.SyntaxKind.UnknownKeyword, 'unknown'],
  [ts.SyntaxKind.VoidKeyword, 'void'],
  [ts.SyntaxKind.UndefinedKeyword, 'undefined'],
  [ts.SyntaxKind.NeverKeyword, 'never'],
  [ts.SyntaxKind.ObjectKeyword, 'object'],
  [ts.SyntaxKind.SymbolKeyword, 'symbol'],
  [ts.SyntaxKind.BigIntKeyword, 'bigint'],
  [ts.SyntaxKind.ThisType, 'this'],
]);
