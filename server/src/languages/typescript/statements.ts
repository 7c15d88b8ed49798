// Statements, from raw nodes to the neutral model. Types leave an opaque statement without children.
// It must not know modules: exports are read where the top level is walked.
import { ts } from 'ts-morph';
import type {
  DeclareStatement,
  Expression,
  Handler,
  LoopStatement,
  ObjectEntry,
  Span,
  Statement,
} from '../../program/model.ts';
import { flattenStatement } from './deep.ts';
import { commaParts, expression, gather, keyOf } from './expressions.ts';
import { classNode, functionNode } from './functions.ts';
import { noteDeclaredLoad, noteImport, noteImportEquals } from './modules.ts';
import { bindingOf, patternOf } from './patterns.ts';
import { after, deepest, headTo, isMissing, noteLiteral, type Reader, skip, spanOf } from './reader.ts';
import { annotationOf, entity } from './types.ts';

const { SyntaxKind } = ts;
const none: never[] = [];

export function statements(reader: Reader, nodes: readonly ts.Statement[]): readonly Statement[] {
  if (nodes.length === 0) return none;
  const lowered: Statement[] = [];
  for (const node of nodes) statement(reader, node, lowered);
  return lowered;
}

/** Appends what the statement becomes: nothing (`;`), one, or several (`let a, b`). */
export function statement(reader: Reader, node: ts.Statement, into: Statement[], label?: string): void {
  if (reader.depth >= deepest) {
    into.push(flattenStatement(reader, node));
    return;
  }
  reader.depth++;
  const lower = lowerers[node.kind];
  if (lower) lower(reader, node, into, label);
  else into.push(opaqueStatement(reader, node));
  reader.depth--;
}

/** The statements of a body that may be a block or a single statement. */
export function bodyOf(reader: Reader, node: ts.Statement): readonly Statement[] {
  if (node.kind === SyntaxKind.Block) return statements(reader, (node as ts.Block).statements);
  if (isMissing(node)) return none;
  const lowered: Statement[] = [];
  statement(reader, node, lowered);
  return lowered;
}

type Lowerer = (reader: Reader, node: never, into: Statement[], label: string | undefined) => void;

const lowerers: ((reader: Reader, node: ts.Statement, into: Statement[], label: string | undefined) => void)[] = [];

function on(kind: ts.SyntaxKind, lower: Lowerer): void {
  lowerers[kind] = lower as (reader: Reader, node: ts.Statement, into: Statement[], label: string | undefined) => void;
}

on(SyntaxKind.ExpressionStatement, (reader, node: ts.ExpressionStatement, into) => {
  const span = spanOf(reader, node);
  into.push({ kind: 'expression', expression: expression(reader, node.expression), span });
});
on(SyntaxKind.VariableStatement, (reader, node: ts.VariableStatement, into) => {
  declarations(reader, node.declarationList, spanOf(reader, node), into);
});
on(SyntaxKind.FunctionDeclaration, (reader, node: ts.FunctionDeclaration, into) => {
  const span = spanOf(reader, node);
  into.push({ kind: 'function', function: functionNode(reader, node, ''), span });
});
on(SyntaxKind.ClassDeclaration, (reader, node: ts.ClassDeclaration, into) => {
  const span = spanOf(reader, node);
  into.push({ kind: 'class', class: classNode(reader, node, ''), span });
});
on(SyntaxKind.ReturnStatement, (reader, node: ts.ReturnStatement, into) => {
  const span = spanOf(reader, node);
  into.push({ kind: 'return', value: node.expression ? expression(reader, node.expression) : undefined, span });
});
on(SyntaxKind.ThrowStatement, (reader, node: ts.ThrowStatement, into) => {
  const span = spanOf(reader, node);
  into.push({
    kind: 'raise',
    value: isMissing(node.expression) ? undefined : expression(reader, node.expression),
    span,
  });
});
on(SyntaxKind.BreakStatement, (reader, node: ts.BreakStatement, into) => {
  into.push({ kind: 'break', label: node.label?.text, span: spanOf(reader, node) });
});
on(SyntaxKind.ContinueStatement, (reader, node: ts.ContinueStatement, into) => {
  into.push({ kind: 'continue', label: node.label?.text, span: spanOf(reader, node) });
});
on(SyntaxKind.Block, (reader, node: ts.Block, into, label) => {
  const span = spanOf(reader, node);
  into.push({ kind: 'block', label, header: none, body: statements(reader, node.statements), span });
});
on(SyntaxKind.EmptyStatement, () => undefined);
on(SyntaxKind.DebuggerStatement, () => undefined);
on(SyntaxKind.NotEmittedStatement, () => undefined);

on(SyntaxKind.IfStatement, (reader, node: ts.IfStatement, into) => {
  const span = spanOf(reader, node);
  const head = headTo(reader, span[0], Math.min(node.thenStatement.pos, span[1]));
  const test = expression(reader, node.expression);
  const then = bodyOf(reader, node.thenStatement);
  const otherwise = node.elseStatement ? bodyOf(reader, node.elseStatement) : none;
  into.push({ kind: 'if', test, then, otherwise, head, span });
});

on(SyntaxKind.WhileStatement, (reader, node: ts.WhileStatement, into, label) => {
  const span = spanOf(reader, node);
  const head = headTo(reader, span[0], Math.min(node.statement.pos, span[1]));
  const test = expression(reader, node.expression);
  into.push(loop('while', { label, test, head, span, body: bodyOf(reader, node.statement) }));
});
on(SyntaxKind.DoStatement, (reader, node: ts.DoStatement, into, label) => {
  const span = spanOf(reader, node);
  const body = bodyOf(reader, node.statement);
  const word = skip(reader.text, node.statement.end);
  const head: Span =
    isMissing(node.expression) || !reader.text.startsWith('while', word)
      ? [span[0], Math.min(span[0] + 2, span[1])]
      : headTo(reader, word, Math.min(after(reader, node.expression.end, ')'), span[1]));
  into.push(loop('doWhile', { label, test: expression(reader, node.expression), head, span, body }));
});
on(SyntaxKind.ForStatement, (reader, node: ts.ForStatement, into, label) => {
  const span = spanOf(reader, node);
  const head = headTo(reader, span[0], Math.min(node.statement.pos, span[1]));
  const init: Statement[] = [];
  if (node.initializer) {
    if (ts.isVariableDeclarationList(node.initializer)) {
      declarations(reader, node.initializer, spanOf(reader, node.initializer), init);
    } else {
      for (const part of commaParts(node.initializer)) {
        const lowered = expression(reader, part);
        init.push({ kind: 'expression', expression: lowered, span: lowered.span });
      }
    }
  }
  const test = node.condition ? expression(reader, node.condition) : undefined;
  const update: Expression[] = [];
  if (node.incrementor) for (const part of commaParts(node.incrementor)) update.push(expression(reader, part));
  into.push(loop('for', { label, init, test, update, head, span, body: bodyOf(reader, node.statement) }));
});
on(SyntaxKind.ForOfStatement, (reader, node: ts.ForOfStatement, into, label) => {
  each(reader, node, into, label, false, node.awaitModifier !== undefined);
});
on(SyntaxKind.ForInStatement, (reader, node: ts.ForInStatement, into, label) => {
  each(reader, node, into, label, true, false);
});

on(SyntaxKind.LabeledStatement, (reader, node: ts.LabeledStatement, into, outer) => {
  const span = spanOf(reader, node);
  const label = node.label.text;
  const takesLabel = node.statement.kind === SyntaxKind.Block || ts.isIterationStatement(node.statement, false);
  if (takesLabel && outer === undefined) {
    statement(reader, node.statement, into, label);
    return;
  }
  const body: Statement[] = [];
  statement(reader, node.statement, body, takesLabel ? label : undefined);
  into.push({ kind: 'block', label: takesLabel ? outer : label, header: none, body, span });
});

on(SyntaxKind.SwitchStatement, (reader, node: ts.SwitchStatement, into) => {
  const span = spanOf(reader, node);
  const head = headTo(reader, span[0], Math.min(node.caseBlock.pos, span[1]));
  const subject = expression(reader, node.expression);
  const { clauses } = node.caseBlock;
  const cases = clauses.map((clause, index) => {
    const at = spanOf(reader, clause);
    const tests = ts.isCaseClause(clause) ? [expression(reader, clause.expression)] : none;
    const body = statements(reader, clause.statements);
    return { tests, body, fallsThrough: index < clauses.length - 1 && !ends(body), span: at };
  });
  into.push({ kind: 'switch', subject, cases, head, span });
});

on(SyntaxKind.TryStatement, (reader, node: ts.TryStatement, into) => {
  const span = spanOf(reader, node);
  const body = statements(reader, node.tryBlock.statements);
  const handlers: Handler[] = [];
  const clause = node.catchClause;
  if (clause) {
    const at = spanOf(reader, clause);
    const head = headTo(reader, at[0], Math.min(clause.block.pos, at[1]));
    const declared = clause.variableDeclaration;
    const parameter = declared && !isMissing(declared) ? bindingOf(reader, declared.name) : undefined;
    if (declared?.type) reader.unread.push(declared.type);
    handlers.push({ parameter, types: none, body: statements(reader, clause.block.statements), span: at, head });
  }
  const finalizer = node.finallyBlock ? statements(reader, node.finallyBlock.statements) : none;
  into.push({ kind: 'try', body, handlers, otherwise: none, finalizer, span });
});

on(SyntaxKind.WithStatement, (reader, node: ts.WithStatement, into) => {
  const span = spanOf(reader, node);
  const header = [expression(reader, node.expression)];
  into.push({ kind: 'block', label: undefined, header, body: bodyOf(reader, node.statement), span });
});

on(SyntaxKind.ExportAssignment, (reader, node: ts.ExportAssignment, into) => {
  const span = spanOf(reader, node);
  into.push({ kind: 'expression', expression: expression(reader, node.expression), span });
});
on(SyntaxKind.ImportDeclaration, (reader, node: ts.ImportDeclaration, into) => {
  noteImport(reader, node);
  into.push(empty(reader, node));
});
on(SyntaxKind.ImportEqualsDeclaration, (reader, node: ts.ImportEqualsDeclaration, into) => {
  if (noteImportEquals(reader, node)) {
    into.push(empty(reader, node));
    return;
  }
  const span = spanOf(reader, node);
  const target = bindingOf(reader, node.name);
  const value = entity(reader, node.moduleReference as ts.EntityName);
  into.push({ kind: 'declare', target, annotation: undefined, value, constant: true, span });
});
on(SyntaxKind.ExportDeclaration, (reader, node: ts.ExportDeclaration, into) => {
  if (node.moduleSpecifier) noteLiteral(reader, node.moduleSpecifier);
  into.push(empty(reader, node));
});
on(SyntaxKind.InterfaceDeclaration, unreadStatement);
on(SyntaxKind.TypeAliasDeclaration, unreadStatement);
on(SyntaxKind.NamespaceExportDeclaration, unreadStatement);

on(SyntaxKind.EnumDeclaration, (reader, node: ts.EnumDeclaration, into) => {
  const span = spanOf(reader, node);
  const target = bindingOf(reader, node.name);
  const entries: ObjectEntry[] = [];
  let next: number | undefined = 0;
  for (const element of node.members) {
    const at = spanOf(reader, element);
    const { key, computed } = keyOf(reader, element.name);
    let value: Expression;
    if (element.initializer) {
      value = expression(reader, element.initializer);
      next = value.kind === 'literal' && typeof value.value === 'number' ? value.value + 1 : undefined;
    } else if (next === undefined) {
      value = { kind: 'opaque', role: 'expression', children: [], span: at };
    } else {
      value = { kind: 'literal', value: next, span: at };
      next++;
    }
    entries.push({ kind: 'entry', key, computed, value, span: at });
  }
  const inside: Span = [Math.min(target.span[1], span[1]), span[1]];
  const value: Expression = { kind: 'object', entries, span: inside };
  into.push({ kind: 'declare', target, annotation: undefined, value, constant: true, span });
});

on(SyntaxKind.ModuleDeclaration, (reader, node: ts.ModuleDeclaration, into) => {
  const span = spanOf(reader, node);
  if (node.name.kind === SyntaxKind.StringLiteral) noteLiteral(reader, node.name);
  let body: ts.Node | undefined = node.body;
  while (body && ts.isModuleDeclaration(body)) body = body.body;
  const inner = body && ts.isModuleBlock(body) ? statements(reader, body.statements) : none;
  into.push({ kind: 'block', label: undefined, header: none, body: inner, span });
});

/** One `declare` for each declarator; a lone one spans the whole statement. */
function declarations(reader: Reader, list: ts.VariableDeclarationList, span: Span, into: Statement[]): void {
  const constant = (list.flags & (ts.NodeFlags.Const | ts.NodeFlags.Using)) !== 0;
  const lone = list.declarations.length === 1;
  for (const node of list.declarations) {
    const at = lone ? span : spanOf(reader, node);
    if (node.initializer) noteDeclaredLoad(reader, node);
    const target = bindingOf(reader, node.name);
    const annotation = annotationOf(reader, node.type);
    const bound = target.kind === 'name' ? target.name : '';
    const value = node.initializer ? expression(reader, node.initializer, bound) : undefined;
    into.push({ kind: 'declare', target, annotation, value, constant, span: at } satisfies DeclareStatement);
  }
}

function each(
  reader: Reader,
  node: ts.ForInOrOfStatement,
  into: Statement[],
  label: string | undefined,
  keys: boolean,
  isAsync: boolean,
): void {
  const span = spanOf(reader, node);
  const head = headTo(reader, span[0], Math.min(node.statement.pos, span[1]));
  const init: Statement[] = [];
  const { initializer } = node;
  const first = ts.isVariableDeclarationList(initializer) ? initializer.declarations[0] : undefined;
  const target = first
    ? bindingOf(reader, first.name)
    : ts.isVariableDeclarationList(initializer)
      ? undefined
      : patternOf(reader, initializer);
  if (first?.type) reader.unread.push(first.type);
  // Broken code: `for (let a = f(), b of c)`.
  if (first?.initializer) {
    const lowered = expression(reader, first.initializer);
    init.push({ kind: 'expression', expression: lowered, span: lowered.span });
  }
  if (ts.isVariableDeclarationList(initializer)) {
    for (const other of initializer.declarations.slice(1)) init.push(opaqueStatement(reader, other));
  }
  const iterable = expression(reader, node.expression);
  const body = bodyOf(reader, node.statement);
  into.push(loop('each', { label, init, target, iterable, keys: keys || undefined, isAsync, head, span, body }));
}

function loop(
  form: LoopStatement['form'],
  parts: Partial<LoopStatement> & Pick<LoopStatement, 'head' | 'span' | 'body'>,
): LoopStatement {
  return {
    kind: 'loop',
    form,
    label: parts.label,
    init: parts.init ?? none,
    test: parts.test,
    update: parts.update ?? none,
    target: parts.target,
    iterable: parts.iterable,
    keys: parts.keys,
    isAsync: parts.isAsync ?? false,
    body: parts.body,
    otherwise: none,
    head: parts.head,
    span: parts.span,
  };
}

/** Whether control never leaves the end of these statements. */
function ends(body: readonly Statement[]): boolean {
  return body.some(one => {
    switch (one.kind) {
      case 'return':
      case 'raise':
      case 'break':
      case 'continue':
        return true;
      case 'block':
        return one.label === undefined && ends(one.body);
      case 'if':
        return ends(one.then) && ends(one.otherwise);
      case 'try':
        return ends(one.finalizer) || (ends(one.body) && one.handlers.every(handler => ends(handler.body)));
      default:
        return false;
    }
  });
}

function opaqueStatement(reader: Reader, node: ts.Node): Statement {
  const span = spanOf(reader, node);
  const children: (Expression | Statement)[] = [];
  gather(reader, node, children);
  return { kind: 'opaque', role: 'statement', children, span };
}

function empty(reader: Reader, node: ts.Node): Statement {
  return { kind: 'opaque', role: 'statement', children: none, span: spanOf(reader, node) };
}

function unreadStatement(reader: Reader, node: ts.Statement, into: Statement[]): void {
  reader.unread.push(node);
  into.push(empty(reader, node));
}
