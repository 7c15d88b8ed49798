// What is nested too deeply to be lowered as it stands: flattened without recursion, every call kept as a call with its name.
// It must not know more of a subtree than its calls.
import { ts } from 'ts-morph';
import type { CallExpression, Expression, OpaqueExpression, OpaqueStatement } from '../../program/model.ts';
import { noteLiteral, type Reader, spanOf, startOf } from './reader.ts';

export function flattenExpression(reader: Reader, node: ts.Node): OpaqueExpression {
  return { kind: 'opaque', role: 'expression', children: callsBelow(reader, node), span: spanOf(reader, node) };
}

export function flattenStatement(reader: Reader, node: ts.Node): OpaqueStatement {
  return { kind: 'opaque', role: 'statement', children: callsBelow(reader, node), span: spanOf(reader, node) };
}

function callsBelow(reader: Reader, root: ts.Node): CallExpression[] {
  const calls: CallExpression[] = [];
  const open: ts.Node[] = [root];
  for (let node = open.pop(); node; node = open.pop()) {
    if (ts.isCallExpression(node)) calls.push(bareCall(reader, node, node.expression, false));
    else if (ts.isNewExpression(node)) calls.push(bareCall(reader, node, node.expression, true));
    else if (ts.isTaggedTemplateExpression(node)) calls.push(bareCall(reader, node, node.tag, false));
    else if (ts.isLiteralExpression(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      noteLiteral(reader, node);
    }
    if (!ts.isTypeNode(node) || ts.isExpressionWithTypeArguments(node)) {
      ts.forEachChild(node, child => {
        open.push(child);
      });
    } else {
      reader.unread.push(node);
    }
  }
  return calls.sort((a, b) => a.span[0] - b.span[0] || b.span[1] - a.span[1]);
}

function bareCall(reader: Reader, node: ts.Node, callee: ts.Expression, isNew: boolean): CallExpression {
  return {
    kind: 'call',
    callee: bareCallee(reader, callee),
    arguments: [],
    isNew,
    optional: false,
    typeArguments: [],
    span: spanOf(reader, node),
  };
}

function bareCallee(reader: Reader, node: ts.Expression): Expression {
  if (ts.isIdentifier(node)) return { kind: 'name', name: node.text, span: spanOf(reader, node) };
  if (!ts.isPropertyAccessExpression(node)) {
    return { kind: 'opaque', role: 'expression', children: [], span: spanOf(reader, node) };
  }
  const object = node.expression;
  return {
    kind: 'member',
    object: ts.isIdentifier(object)
      ? { kind: 'name', name: object.text, span: spanOf(reader, object) }
      : { kind: 'opaque', role: 'expression', children: [], span: spanOf(reader, object) },
    property: node.name.text,
    optional: node.questionDotToken !== undefined,
    nameSpan: [startOf(reader, node.name), node.name.end],
    span: spanOf(reader, node),
  };
}
