// Expressions, from raw nodes to the neutral model. What only groups or types (parentheses, `as`, `!`) is dropped; what has no
// word stays opaque with its children. It must not know what an expression is used for.
import { ts } from 'ts-morph';
import type {
  Argument,
  AssignExpression,
  BinaryOperator,
  Expression,
  FunctionNode,
  LogicalExpression,
  ObjectEntry,
  Span,
  Statement,
} from '../../program/model.ts';
import { flattenExpression } from './deep.ts';
import { classNode, functionNode } from './functions.ts';
import { jsx } from './jsx.ts';
import { noteLoad } from './modules.ts';
import { patternOf } from './patterns.ts';
import { deepest, isMissing, noteLiteral, type Reader, spanOf } from './reader.ts';
import { statement } from './statements.ts';
import { typeExpressions } from './types.ts';

const { SyntaxKind } = ts;

/** `name` is what a function or class without a name of its own is bound to. */
export function expression(reader: Reader, node: ts.Expression, name = ''): Expression {
  if (reader.depth >= deepest) return flattenExpression(reader, node);
  reader.depth++;
  const lower = lowerers[node.kind];
  const lowered = lower ? lower(reader, node, name) : opaque(reader, node);
  reader.depth--;
  return lowered;
}

export function expressions(reader: Reader, nodes: readonly ts.Expression[]): Expression[] {
  const lowered: Expression[] = [];
  for (const node of nodes) if (node.kind !== SyntaxKind.OmittedExpression) lowered.push(expression(reader, node));
  return lowered;
}

/** Anything without a word of its own: its statements and expressions, however far below, are kept. */
export function opaque(reader: Reader, node: ts.Node): Expression {
  const span = spanOf(reader, node);
  if (reader.depth >= deepest) return flattenExpression(reader, node);
  const children: (Expression | Statement)[] = [];
  reader.depth++;
  gather(reader, node, children);
  reader.depth--;
  return { kind: 'opaque', role: 'expression', children, span };
}

export function gather(reader: Reader, node: ts.Node, into: (Expression | Statement)[]): void {
  ts.forEachChild(node, child => {
    if (ts.isExpression(child)) {
      if (!isMissing(child)) into.push(expression(reader, child));
    } else if (ts.isStatement(child)) {
      statement(reader, child, into as Statement[]);
    } else if (ts.isTypeNode(child)) {
      reader.unread.push(child);
    } else if (ts.isJsxText(child)) {
      noteLiteral(reader, child);
    } else if (reader.depth >= deepest) {
      into.push(flattenExpression(reader, child));
    } else {
      reader.depth++;
      gather(reader, child, into);
      reader.depth--;
    }
  });
}

/** The static name of a member or entry, or the expression that computes it (the key is then ''). */
export function keyOf(reader: Reader, node: ts.PropertyName): { key: string; computed: Expression | undefined } {
  switch (node.kind) {
    case SyntaxKind.ComputedPropertyName: {
      const computed = expression(reader, (node as ts.ComputedPropertyName).expression);
      if (computed.kind === 'literal' && typeof computed.value === 'string')
        return { key: computed.value, computed: undefined };
      return { key: '', computed };
    }
    case SyntaxKind.StringLiteral:
    case SyntaxKind.NoSubstitutionTemplateLiteral:
      noteLiteral(reader, node);
      return { key: (node as ts.StringLiteral).text, computed: undefined };
    default:
      return { key: (node as ts.Identifier).text, computed: undefined };
  }
}

type Lowerer = (reader: Reader, node: never, name: string) => Expression;

/** By kind, because a switch over the compiler's enum compares one case after the other. */
const lowerers: ((reader: Reader, node: ts.Expression, name: string) => Expression)[] = [];

function on(kind: ts.SyntaxKind, lower: Lowerer): void {
  lowerers[kind] = lower as (reader: Reader, node: ts.Expression, name: string) => Expression;
}

on(SyntaxKind.Identifier, (reader, node: ts.Identifier) =>
  isMissing(node)
    ? { kind: 'opaque', role: 'expression', children: [], span: spanOf(reader, node) }
    : { kind: 'name', name: node.text, span: spanOf(reader, node) },
);
on(SyntaxKind.PrivateIdentifier, (reader, node: ts.PrivateIdentifier) => ({
  kind: 'name',
  name: node.text,
  span: spanOf(reader, node),
}));
on(SyntaxKind.ThisKeyword, (reader, node: ts.Node) => ({ kind: 'name', name: 'this', span: spanOf(reader, node) }));
on(SyntaxKind.SuperKeyword, (reader, node: ts.Node) => ({ kind: 'name', name: 'super', span: spanOf(reader, node) }));
on(SyntaxKind.ImportKeyword, (reader, node: ts.Node) => ({ kind: 'name', name: 'import', span: spanOf(reader, node) }));

on(SyntaxKind.TrueKeyword, (reader, node: ts.Node) => ({ kind: 'literal', value: true, span: spanOf(reader, node) }));
on(SyntaxKind.FalseKeyword, (reader, node: ts.Node) => ({ kind: 'literal', value: false, span: spanOf(reader, node) }));
on(SyntaxKind.NullKeyword, (reader, node: ts.Node) => ({ kind: 'literal', value: null, span: spanOf(reader, node) }));
on(SyntaxKind.NumericLiteral, (reader, node: ts.NumericLiteral) => ({
  kind: 'literal',
  value: Number(node.text),
  span: spanOf(reader, node),
}));
on(SyntaxKind.BigIntLiteral, (reader, node: ts.BigIntLiteral) => ({
  kind: 'literal',
  value: Number(node.text.replace(/n$/, '')),
  span: spanOf(reader, node),
}));
on(SyntaxKind.StringLiteral, stringLiteral);
on(SyntaxKind.NoSubstitutionTemplateLiteral, stringLiteral);
on(SyntaxKind.RegularExpressionLiteral, (reader, node: ts.Node) => {
  noteLiteral(reader, node);
  return { kind: 'opaque', role: 'expression', children: [], span: spanOf(reader, node) };
});
on(SyntaxKind.TemplateExpression, template);

on(SyntaxKind.ParenthesizedExpression, (reader, node: ts.ParenthesizedExpression, name) =>
  expression(reader, node.expression, name),
);
on(SyntaxKind.AsExpression, (reader, node: ts.AsExpression, name) => {
  reader.unread.push(node.type);
  return expression(reader, node.expression, name);
});
on(SyntaxKind.SatisfiesExpression, (reader, node: ts.SatisfiesExpression, name) => {
  reader.unread.push(node.type);
  return expression(reader, node.expression, name);
});
on(SyntaxKind.TypeAssertionExpression, (reader, node: ts.TypeAssertion, name) => {
  reader.unread.push(node.type);
  return expression(reader, node.expression, name);
});
on(SyntaxKind.NonNullExpression, (reader, node: ts.NonNullExpression, name) =>
  expression(reader, node.expression, name),
);
on(SyntaxKind.ExpressionWithTypeArguments, (reader, node: ts.ExpressionWithTypeArguments, name) => {
  if (node.typeArguments) reader.unread.push(...node.typeArguments);
  return expression(reader, node.expression, name);
});
on(SyntaxKind.PartiallyEmittedExpression, (reader, node: ts.PartiallyEmittedExpression, name) =>
  expression(reader, node.expression, name),
);

on(SyntaxKind.PropertyAccessExpression, (reader, node: ts.PropertyAccessExpression) => {
  const span = spanOf(reader, node);
  return {
    kind: 'member',
    object: expression(reader, node.expression),
    property: node.name.text,
    optional: node.questionDotToken !== undefined,
    nameSpan: spanOf(reader, node.name),
    span,
  };
});
on(SyntaxKind.ElementAccessExpression, (reader, node: ts.ElementAccessExpression) => {
  const span = spanOf(reader, node);
  return {
    kind: 'index',
    object: expression(reader, node.expression),
    index: expression(reader, node.argumentExpression),
    span,
  };
});
on(SyntaxKind.MetaProperty, (reader, node: ts.MetaProperty) => {
  const span = spanOf(reader, node);
  const word = node.keywordToken === SyntaxKind.ImportKeyword ? 'import' : 'new';
  return {
    kind: 'member',
    object: { kind: 'name', name: word, span: [span[0], Math.min(span[1], span[0] + word.length)] },
    property: node.name.text,
    optional: false,
    nameSpan: spanOf(reader, node.name),
    span,
  };
});

on(SyntaxKind.CallExpression, (reader, node: ts.CallExpression) => {
  const span = spanOf(reader, node);
  const head = node.expression.kind;
  if (head === SyntaxKind.ImportKeyword || head === SyntaxKind.Identifier) noteLoad(reader, node);
  return {
    kind: 'call',
    callee: expression(reader, node.expression),
    arguments: argumentsOf(reader, node.arguments),
    isNew: false,
    optional: node.questionDotToken !== undefined,
    typeArguments: node.typeArguments ? typeExpressions(reader, node.typeArguments) : none,
    span,
  };
});
on(SyntaxKind.NewExpression, (reader, node: ts.NewExpression) => {
  const span = spanOf(reader, node);
  return {
    kind: 'call',
    callee: expression(reader, node.expression),
    arguments: node.arguments ? argumentsOf(reader, node.arguments) : none,
    isNew: true,
    optional: false,
    typeArguments: node.typeArguments ? typeExpressions(reader, node.typeArguments) : none,
    span,
  };
});
on(SyntaxKind.TaggedTemplateExpression, (reader, node: ts.TaggedTemplateExpression) => {
  const span = spanOf(reader, node);
  const callee = expression(reader, node.tag);
  const value = quasi(reader, node.template);
  return {
    kind: 'call',
    callee,
    arguments: [{ value, name: undefined, spread: 'none', span: value.span }],
    isNew: false,
    optional: false,
    typeArguments: typeExpressions(reader, node.typeArguments),
    span,
  };
});

on(SyntaxKind.ArrowFunction, ofFunction);
on(SyntaxKind.FunctionExpression, ofFunction);
on(SyntaxKind.ClassExpression, (reader, node: ts.ClassExpression, name) => {
  const span = spanOf(reader, node);
  return { kind: 'classExpression', class: classNode(reader, node, name), span };
});

on(SyntaxKind.ObjectLiteralExpression, (reader, node: ts.ObjectLiteralExpression) => {
  const span = spanOf(reader, node);
  const entries: ObjectEntry[] = [];
  for (const property of node.properties) entries.push(entry(reader, property));
  return { kind: 'object', entries, span };
});
on(SyntaxKind.ArrayLiteralExpression, (reader, node: ts.ArrayLiteralExpression) => {
  const span = spanOf(reader, node);
  return { kind: 'list', shape: 'list', items: expressions(reader, node.elements), span };
});

on(SyntaxKind.BinaryExpression, (reader, node: ts.BinaryExpression, name) => {
  const token = node.operatorToken.kind;
  const binary = binaryOperators[token];
  if (binary) {
    const span = spanOf(reader, node);
    const left = expression(reader, node.left);
    return { kind: 'binary', operator: binary, left, right: expression(reader, node.right), span };
  }
  const logical = logicalOperators[token];
  if (logical) {
    const span = spanOf(reader, node);
    const left = expression(reader, node.left, name);
    return { kind: 'logical', operator: logical, left, right: expression(reader, node.right, name), span };
  }
  const assign = assignOperators[token];
  if (assign) return assignment(reader, node, assign);
  return comma(reader, node);
});

on(SyntaxKind.PrefixUnaryExpression, (reader, node: ts.PrefixUnaryExpression) => {
  const span = spanOf(reader, node);
  switch (node.operator) {
    case SyntaxKind.PlusPlusToken:
      return step(reader, node.operand, '+', 'new', span, [span[0], span[0] + 2]);
    case SyntaxKind.MinusMinusToken:
      return step(reader, node.operand, '-', 'new', span, [span[0], span[0] + 2]);
    case SyntaxKind.ExclamationToken:
      return { kind: 'unary', operator: 'not', operand: expression(reader, node.operand), span };
    case SyntaxKind.MinusToken:
      return { kind: 'unary', operator: '-', operand: expression(reader, node.operand), span };
    case SyntaxKind.PlusToken:
      return { kind: 'unary', operator: '+', operand: expression(reader, node.operand), span };
    default:
      return { kind: 'unary', operator: '~', operand: expression(reader, node.operand), span };
  }
});
on(SyntaxKind.PostfixUnaryExpression, (reader, node: ts.PostfixUnaryExpression) => {
  const span = spanOf(reader, node);
  const operator = node.operator === SyntaxKind.PlusPlusToken ? '+' : '-';
  return step(reader, node.operand, operator, 'old', span, [span[1] - 2, span[1]]);
});
on(SyntaxKind.TypeOfExpression, (reader, node: ts.TypeOfExpression) => {
  const span = spanOf(reader, node);
  return { kind: 'unary', operator: 'typeof', operand: expression(reader, node.expression), span };
});
on(SyntaxKind.VoidExpression, (reader, node: ts.VoidExpression) => {
  const span = spanOf(reader, node);
  return { kind: 'unary', operator: 'void', operand: expression(reader, node.expression), span };
});
on(SyntaxKind.DeleteExpression, (reader, node: ts.DeleteExpression) => {
  const span = spanOf(reader, node);
  return { kind: 'unary', operator: 'delete', operand: expression(reader, node.expression), span };
});
on(SyntaxKind.AwaitExpression, (reader, node: ts.AwaitExpression) => {
  const span = spanOf(reader, node);
  return { kind: 'await', value: expression(reader, node.expression), span };
});
on(SyntaxKind.YieldExpression, (reader, node: ts.YieldExpression) => {
  const span = spanOf(reader, node);
  const value = node.expression ? expression(reader, node.expression) : undefined;
  return { kind: 'yield', value, delegate: node.asteriskToken !== undefined, span };
});
on(SyntaxKind.ConditionalExpression, (reader, node: ts.ConditionalExpression, name) => {
  const span = spanOf(reader, node);
  const test = expression(reader, node.condition);
  const then = expression(reader, node.whenTrue, name);
  return { kind: 'conditional', test, then, otherwise: expression(reader, node.whenFalse, name), span };
});
on(SyntaxKind.JsxElement, jsx);
on(SyntaxKind.JsxSelfClosingElement, jsx);
on(SyntaxKind.JsxFragment, jsx);
on(SyntaxKind.SpreadElement, (reader, node: ts.SpreadElement) => {
  const span = spanOf(reader, node);
  return { kind: 'spread', value: expression(reader, node.expression), span };
});

const none: never[] = [];

function stringLiteral(reader: Reader, node: ts.StringLiteral): Expression {
  const value = node.text;
  if (value.indexOf('/') >= 0) noteLiteral(reader, node);
  return { kind: 'literal', value, span: spanOf(reader, node) };
}

function template(reader: Reader, node: ts.TemplateExpression): Expression {
  const span = spanOf(reader, node);
  const texts = [node.head.text];
  const values: Expression[] = [];
  noteLiteral(reader, node.head);
  for (const part of node.templateSpans) {
    values.push(expression(reader, part.expression));
    texts.push(part.literal.text);
    noteLiteral(reader, part.literal);
  }
  return { kind: 'template', texts, values, span };
}

/** A tag gets a template even where nothing is filled in. */
function quasi(reader: Reader, node: ts.TemplateLiteral): Expression {
  if (ts.isTemplateExpression(node)) return template(reader, node);
  noteLiteral(reader, node);
  return { kind: 'template', texts: [node.text], values: [], span: spanOf(reader, node) };
}

function argumentsOf(reader: Reader, nodes: readonly ts.Expression[]): readonly Argument[] {
  if (nodes.length === 0) return none;
  const lowered: Argument[] = [];
  for (const node of nodes) {
    const span = spanOf(reader, node);
    if (node.kind === SyntaxKind.SpreadElement) {
      const value = expression(reader, (node as ts.SpreadElement).expression);
      lowered.push({ value, name: undefined, spread: 'positional', span });
    } else {
      lowered.push({ value: expression(reader, node), name: undefined, spread: 'none', span });
    }
  }
  return lowered;
}

function ofFunction(reader: Reader, node: ts.ArrowFunction | ts.FunctionExpression, name: string): Expression {
  const span = spanOf(reader, node);
  return { kind: 'functionExpression', function: functionNode(reader, node, name), span };
}

function entry(reader: Reader, node: ts.ObjectLiteralElementLike): ObjectEntry {
  const span = spanOf(reader, node);
  switch (node.kind) {
    case SyntaxKind.PropertyAssignment: {
      const { key, computed } = keyOf(reader, node.name);
      return { kind: 'entry', key, computed, value: expression(reader, node.initializer, key), span };
    }
    case SyntaxKind.ShorthandPropertyAssignment: {
      const value: Expression = { kind: 'name', name: node.name.text, span: spanOf(reader, node.name) };
      if (!node.objectAssignmentInitializer)
        return { kind: 'entry', key: node.name.text, computed: undefined, value, span };
      // `{ a = 1 }` is only right in a pattern, and patterns do not come here.
      const children = [value, expression(reader, node.objectAssignmentInitializer)];
      const broken: Expression = { kind: 'opaque', role: 'expression', children, span };
      return { kind: 'entry', key: node.name.text, computed: undefined, value: broken, span };
    }
    case SyntaxKind.SpreadAssignment:
      return { kind: 'spread', value: expression(reader, node.expression), span };
    case SyntaxKind.MethodDeclaration: {
      const { key, computed } = keyOf(reader, node.name);
      const value: Expression = { kind: 'functionExpression', function: functionNode(reader, node, key), span };
      return { kind: 'entry', key, computed, value, span };
    }
    default: {
      const { key, computed } = keyOf(reader, node.name);
      const fn: FunctionNode = functionNode(reader, node, key);
      // What the entry gives is the accessor's result, not the function.
      const children: Expression[] = [{ kind: 'functionExpression', function: fn, span }];
      return { kind: 'entry', key, computed, value: { kind: 'opaque', role: 'expression', children, span }, span };
    }
  }
}

function assignment(reader: Reader, node: ts.BinaryExpression, operator: AssignExpression['operator']): Expression {
  const span = spanOf(reader, node);
  const target = patternOf(reader, node.left);
  const bound = target.kind === 'name' ? target.name : target.kind === 'member' ? target.property : '';
  const value = expression(reader, node.right, bound);
  return { kind: 'assign', target, operator, value, result: 'new', annotation: undefined, span };
}

function step(
  reader: Reader,
  operand: ts.Expression,
  operator: '+' | '-',
  result: 'old' | 'new',
  span: Span,
  sign: Span,
): Expression {
  const target = patternOf(reader, operand);
  const value: Expression = { kind: 'literal', value: 1, span: sign };
  return { kind: 'assign', target, operator, value, result, annotation: undefined, span };
}

/** `a, b, c`; minified code chains hundreds, so the left spine is followed by hand. */
function comma(reader: Reader, node: ts.BinaryExpression): Expression {
  const span = spanOf(reader, node);
  const children: Expression[] = [];
  for (const part of commaParts(node)) children.push(expression(reader, part));
  return { kind: 'opaque', role: 'expression', children, span };
}

/** The operands of a comma chain; any other expression is its own only part. */
export function commaParts(node: ts.Expression): ts.Expression[] {
  const parts: ts.Expression[] = [];
  let left = node;
  while (ts.isBinaryExpression(left) && left.operatorToken.kind === SyntaxKind.CommaToken) {
    parts.push(left.right);
    left = left.left;
  }
  parts.push(left);
  return parts.reverse();
}

const binaryOperators: (BinaryOperator | undefined)[] = [];
const binaryTable: [ts.SyntaxKind, BinaryOperator][] = [
  [SyntaxKind.EqualsEqualsToken, '=='],
  [SyntaxKind.EqualsEqualsEqualsToken, '=='],
  [SyntaxKind.ExclamationEqualsToken, '!='],
  [SyntaxKind.ExclamationEqualsEqualsToken, '!='],
  [SyntaxKind.LessThanToken, '<'],
  [SyntaxKind.LessThanEqualsToken, '<='],
  [SyntaxKind.GreaterThanToken, '>'],
  [SyntaxKind.GreaterThanEqualsToken, '>='],
  [SyntaxKind.PlusToken, '+'],
  [SyntaxKind.MinusToken, '-'],
  [SyntaxKind.AsteriskToken, '*'],
  [SyntaxKind.SlashToken, '/'],
  [SyntaxKind.PercentToken, '%'],
  [SyntaxKind.AsteriskAsteriskToken, '**'],
  [SyntaxKind.AmpersandToken, '&'],
  [SyntaxKind.BarToken, '|'],
  [SyntaxKind.CaretToken, '^'],
  [SyntaxKind.LessThanLessThanToken, '<<'],
  [SyntaxKind.GreaterThanGreaterThanToken, '>>'],
  [SyntaxKind.GreaterThanGreaterThanGreaterThanToken, '>>>'],
  [SyntaxKind.InKeyword, 'in'],
  [SyntaxKind.InstanceOfKeyword, 'instanceof'],
];
for (const [kind, operator] of binaryTable) binaryOperators[kind] = operator;

const logicalOperators: (LogicalExpression['operator'] | undefined)[] = [];
logicalOperators[SyntaxKind.AmpersandAmpersandToken] = 'and';
logicalOperators[SyntaxKind.BarBarToken] = 'or';
logicalOperators[SyntaxKind.QuestionQuestionToken] = 'coalesce';

const assignOperators: (AssignExpression['operator'] | undefined)[] = [];
const assignTable: [ts.SyntaxKind, AssignExpression['operator']][] = [
  [SyntaxKind.EqualsToken, '='],
  [SyntaxKind.PlusEqualsToken, '+'],
  [SyntaxKind.MinusEqualsToken, '-'],
  [SyntaxKind.AsteriskEqualsToken, '*'],
  [SyntaxKind.SlashEqualsToken, '/'],
  [SyntaxKind.PercentEqualsToken, '%'],
  [SyntaxKind.AsteriskAsteriskEqualsToken, '**'],
  [SyntaxKind.AmpersandEqualsToken, '&'],
  [SyntaxKind.BarEqualsToken, '|'],
  [SyntaxKind.CaretEqualsToken, '^'],
  [SyntaxKind.LessThanLessThanEqualsToken, '<<'],
  [SyntaxKind.GreaterThanGreaterThanEqualsToken, '>>'],
  [SyntaxKind.GreaterThanGreaterThanGreaterThanEqualsToken, '>>>'],
  [SyntaxKind.AmpersandAmpersandEqualsToken, 'and'],
  [SyntaxKind.BarBarEqualsToken, 'or'],
  [SyntaxKind.QuestionQuestionEqualsToken, 'coalesce'],
];
for (const [kind, operator] of assignTable) assignOperators[kind] = operator;

/** Whether a node is an assignment, and so a target with a default where a pattern is expected. */
export function isPlainAssignment(node: ts.Node): node is ts.BinaryExpression {
  return ts.isBinaryExpression(node) && node.operatorToken.kind === SyntaxKind.EqualsToken;
}
