// JSX as opaque expressions: the component, the attributes' values and the children are kept in source order.
// It must not know components; a lower-case tag is no name of the program.
import { ts } from 'ts-morph';
import type { Expression, OpaqueExpression } from '../../program/model.ts';
import { flattenExpression } from './deep.ts';
import { expression } from './expressions.ts';
import { deepest, isMissing, noteLiteral, type Reader, spanOf } from './reader.ts';

const { SyntaxKind } = ts;

export function jsx(reader: Reader, node: ts.JsxElement | ts.JsxSelfClosingElement | ts.JsxFragment): OpaqueExpression {
  const span = spanOf(reader, node);
  const children: Expression[] = [];
  if (node.kind === SyntaxKind.JsxElement) {
    opening(reader, node.openingElement, children);
    for (const child of node.children) inner(reader, child, children);
  } else if (node.kind === SyntaxKind.JsxFragment) {
    for (const child of node.children) inner(reader, child, children);
  } else {
    opening(reader, node, children);
  }
  return { kind: 'opaque', role: 'expression', children, span };
}

function opening(reader: Reader, node: ts.JsxOpeningLikeElement, into: Expression[]): void {
  const { tagName } = node;
  if (!ts.isJsxNamespacedName(tagName) && isComponent(tagName)) into.push(expression(reader, tagName));
  if (node.typeArguments) reader.unread.push(...node.typeArguments);
  for (const attribute of node.attributes.properties) {
    if (ts.isJsxSpreadAttribute(attribute)) into.push(expression(reader, attribute.expression));
    else if (attribute.initializer) inner(reader, attribute.initializer, into);
  }
}

function inner(reader: Reader, node: ts.JsxChild | ts.JsxAttributeValue, into: Expression[]): void {
  switch (node.kind) {
    case SyntaxKind.JsxText:
    case SyntaxKind.StringLiteral:
      noteLiteral(reader, node);
      return;
    case SyntaxKind.JsxExpression:
      if (node.expression && !isMissing(node.expression)) into.push(expression(reader, node.expression));
      return;
    default:
      into.push(reader.depth >= deepest ? flattenExpression(reader, node) : expression(reader, node));
  }
}

function isComponent(tag: ts.Expression): boolean {
  if (!ts.isIdentifier(tag)) return true;
  const first = tag.text.charCodeAt(0);
  return !(first >= 97 && first <= 122);
}
