// Functions and classes: names inferred from what they are bound to, tight heads, parameters, decorators, members.
// It must not know who calls them.
import { ts } from 'ts-morph';
import type {
  ClassMember,
  ClassNode,
  Decorator,
  Expression,
  FunctionNode,
  Parameter,
  Span,
  Statement,
} from '../../program/model.ts';
import { expression, keyOf } from './expressions.ts';
import { bindingOf } from './patterns.ts';
import { after, headTo, isMissing, type Reader, skip, spanOf } from './reader.ts';
import { statements } from './statements.ts';
import { annotationOf, withTypeArguments } from './types.ts';

const { SyntaxKind } = ts;
const none: never[] = [];

/** `name` is what the function is bound to; its own name wins. */
export function functionNode(reader: Reader, node: ts.FunctionLikeDeclaration, name: string): FunctionNode {
  const span = spanOf(reader, node);
  const { body } = node;
  const decorators = decoratorsOf(reader, node);
  const parameters = parametersOf(reader, node.parameters);
  const returns = annotationOf(reader, node.type);
  const head = headOfFunction(reader, node, span);
  let statementsOfBody: readonly Statement[] = none;
  let bodySpan: Span = [span[1], span[1]];
  if (body) {
    if (body.kind === SyntaxKind.Block) {
      const block = body as ts.Block;
      statementsOfBody = statements(reader, block.statements);
      bodySpan = insideOf(reader, block);
    } else {
      bodySpan = spanOf(reader, body);
      const value = expression(reader, body as ts.Expression);
      statementsOfBody = [{ kind: 'return', value, span: bodySpan }];
    }
  }
  return {
    name: ownName(node) || name,
    parameters,
    body: statementsOfBody,
    isAsync: hasModifier(node, SyntaxKind.AsyncKeyword),
    isGenerator: node.asteriskToken !== undefined,
    isArrow: node.kind === SyntaxKind.ArrowFunction,
    decorators,
    returns,
    head,
    bodySpan,
    bodiless: body === undefined,
    span,
  };
}

/** `name` is what the class is bound to; its own name wins. */
export function classNode(reader: Reader, node: ts.ClassLikeDeclaration, name: string): ClassNode {
  const span = spanOf(reader, node);
  const decorators = decoratorsOf(reader, node);
  const bases: Expression[] = [];
  for (const clause of node.heritageClauses ?? none) {
    if (clause.token === SyntaxKind.ExtendsKeyword) {
      for (const type of clause.types) bases.push(base(reader, type));
    } else {
      reader.unread.push(clause);
    }
  }
  const start = afterDecorators(reader, node, span[0]);
  const members: ClassMember[] = [];
  for (const element of node.members) member(reader, element, members);
  return {
    name: node.name && !isMissing(node.name) ? node.name.text : name,
    bases,
    decorators,
    members,
    head: headTo(reader, start, endOfClassHead(reader, node, start)),
    span,
  };
}

export function hasModifier(node: ts.Node, kind: ts.SyntaxKind): boolean {
  const modifiers = (node as { modifiers?: ts.NodeArray<ts.ModifierLike> }).modifiers;
  if (!modifiers) return false;
  for (const modifier of modifiers) if (modifier.kind === kind) return true;
  return false;
}

/** Between the braces; of a block that is never closed all that there is. */
function insideOf(reader: Reader, block: ts.Block): Span {
  const { pos, end } = block.statements;
  // The last brace may be one of an inner block.
  const isClosed = block.end > end && reader.text.charCodeAt(block.end - 1) === 125;
  return [pos, Math.max(end, isClosed ? block.end - 1 : block.end)];
}

function base(reader: Reader, type: ts.ExpressionWithTypeArguments): Expression {
  const span = spanOf(reader, type);
  return withTypeArguments(reader, expression(reader, type.expression), type.typeArguments, span);
}

function ownName(node: ts.FunctionLikeDeclaration): string {
  if (node.kind === SyntaxKind.Constructor) return 'constructor';
  const { name } = node;
  if (!name || isMissing(name)) return '';
  switch (name.kind) {
    case SyntaxKind.Identifier:
    case SyntaxKind.PrivateIdentifier:
    case SyntaxKind.StringLiteral:
    case SyntaxKind.NumericLiteral:
      return (name as ts.Identifier).text;
    default:
      return '';
  }
}

function headOfFunction(reader: Reader, node: ts.FunctionLikeDeclaration, span: Span): Span {
  if (node.kind === SyntaxKind.ArrowFunction) {
    return headTo(reader, span[0], (node as ts.ArrowFunction).equalsGreaterThanToken.end);
  }
  const named = node.name && !isMissing(node.name) ? node.name : undefined;
  const start = named ? skip(reader.text, named.pos) : afterDecorators(reader, node, span[0]);
  const end = after(reader, node.parameters.end, ')');
  return headTo(reader, Math.min(start, span[1]), Math.min(Math.max(start, end), span[1]));
}

function endOfClassHead(reader: Reader, node: ts.ClassLikeDeclaration, start: number): number {
  const clauses = node.heritageClauses;
  if (clauses && clauses.length > 0) return clauses[clauses.length - 1]!.end;
  if (node.typeParameters) return after(reader, node.typeParameters.end, '>');
  if (node.name && !isMissing(node.name)) return node.name.end;
  return Math.min(start + 'class'.length, node.end);
}

/** The start of the first token after the decorators. */
function afterDecorators(reader: Reader, node: ts.Node, start: number): number {
  const modifiers = (node as { modifiers?: ts.NodeArray<ts.ModifierLike> }).modifiers;
  if (!modifiers) return start;
  let end = -1;
  for (const modifier of modifiers) if (modifier.kind === SyntaxKind.Decorator) end = modifier.end;
  return end < 0 ? start : Math.min(skip(reader.text, end), node.end);
}

function decoratorsOf(reader: Reader, node: ts.Node): readonly Decorator[] {
  const modifiers = (node as { modifiers?: ts.NodeArray<ts.ModifierLike> }).modifiers;
  if (!modifiers) return none;
  let found: Decorator[] | undefined;
  for (const modifier of modifiers) {
    if (modifier.kind !== SyntaxKind.Decorator) continue;
    const span = spanOf(reader, modifier);
    found ??= [];
    found.push({ expression: expression(reader, modifier.expression), span });
  }
  return found ?? none;
}

function parametersOf(reader: Reader, nodes: ts.NodeArray<ts.ParameterDeclaration>): readonly Parameter[] {
  if (nodes.length === 0) return none;
  const parameters: Parameter[] = [];
  for (const node of nodes) {
    // TypeScript's `this: Foo` is no parameter.
    if (node.name.kind === SyntaxKind.Identifier && (node.name as ts.Identifier).text === 'this') {
      if (node.type) reader.unread.push(node.type);
      continue;
    }
    const span = spanOf(reader, node);
    const decorators = decoratorsOf(reader, node);
    const target = bindingOf(reader, node.name);
    const annotation = annotationOf(reader, node.type);
    const bound = target.kind === 'name' ? target.name : '';
    parameters.push({
      target,
      defaultValue: node.initializer ? expression(reader, node.initializer, bound) : undefined,
      rest: node.dotDotDotToken ? 'positional' : 'none',
      annotation,
      decorators: decorators.length > 0 ? decorators : undefined,
      isField: node.modifiers?.some(modifier => fieldModifiers.has(modifier.kind)) ?? false,
      span,
    });
  }
  return parameters;
}

const fieldModifiers = new Set<ts.SyntaxKind>([
  SyntaxKind.PublicKeyword,
  SyntaxKind.PrivateKeyword,
  SyntaxKind.ProtectedKeyword,
  SyntaxKind.ReadonlyKeyword,
  SyntaxKind.OverrideKeyword,
]);

function member(reader: Reader, node: ts.ClassElement, into: ClassMember[]): void {
  switch (node.kind) {
    case SyntaxKind.MethodDeclaration:
    case SyntaxKind.GetAccessor:
    case SyntaxKind.SetAccessor:
    case SyntaxKind.Constructor: {
      const method = node as ts.MethodDeclaration | ts.AccessorDeclaration | ts.ConstructorDeclaration;
      const span = spanOf(reader, node);
      const { key, computed } =
        method.kind === SyntaxKind.Constructor
          ? { key: 'constructor', computed: undefined }
          : keyOf(reader, method.name as ts.PropertyName);
      into.push({
        kind: 'method',
        name: key,
        computed,
        isStatic: hasModifier(node, SyntaxKind.StaticKeyword),
        accessor: node.kind === SyntaxKind.GetAccessor ? 'get' : node.kind === SyntaxKind.SetAccessor ? 'set' : 'none',
        function: functionNode(reader, method, key),
        span,
      });
      return;
    }
    case SyntaxKind.PropertyDeclaration: {
      const property = node as ts.PropertyDeclaration;
      const span = spanOf(reader, node);
      const decorators = decoratorsOf(reader, node);
      const { key, computed } = keyOf(reader, property.name);
      into.push({
        kind: 'field',
        name: key,
        computed,
        decorators: decorators.length > 0 ? decorators : undefined,
        isStatic: hasModifier(node, SyntaxKind.StaticKeyword),
        annotation: annotationOf(reader, property.type),
        value: property.initializer ? expression(reader, property.initializer, key) : undefined,
        span,
      });
      return;
    }
    case SyntaxKind.ClassStaticBlockDeclaration: {
      const span = spanOf(reader, node);
      const body = statements(reader, (node as ts.ClassStaticBlockDeclaration).body.statements);
      into.push({
        kind: 'statement',
        statement: { kind: 'block', label: undefined, header: none, body, span },
        span,
      });
      return;
    }
    default:
      // Index signatures and stray semicolons.
      reader.unread.push(node);
  }
}
