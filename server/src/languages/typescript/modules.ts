// What a file takes from other modules and offers to them: import and export statements, and CommonJS and dynamic imports in
// the shapes that bind names. It must not know where a specifier leads.
import { ts } from 'ts-morph';
import type { AssignExpression, Expression, ImportBinding, Pattern, Span, Statement } from '../../program/model.ts';
import { hasModifier } from './functions.ts';
import { isMissing, noteLiteral, type Reader, spanOf } from './reader.ts';

const { SyntaxKind } = ts;

export function noteImport(reader: Reader, node: ts.ImportDeclaration): void {
  const span = spanOf(reader, node);
  noteLiteral(reader, node.moduleSpecifier);
  if (!ts.isStringLiteral(node.moduleSpecifier)) return;
  const specifier = node.moduleSpecifier.text;
  const clause = node.importClause;
  if (!clause) {
    bind(reader, '', specifier, '*', false, span);
    return;
  }
  const isType = clause.phaseModifier === SyntaxKind.TypeKeyword;
  if (clause.name) bind(reader, clause.name.text, specifier, 'default', isType, spanOf(reader, clause.name));
  const named = clause.namedBindings;
  if (!named) return;
  if (ts.isNamespaceImport(named)) {
    bind(reader, named.name.text, specifier, '*', isType, spanOf(reader, named));
    return;
  }
  if (named.elements.length === 0 && !clause.name) bind(reader, '', specifier, '*', isType, span);
  for (const element of named.elements) {
    const imported = (element.propertyName ?? element.name).text;
    bind(reader, element.name.text, specifier, imported, isType || element.isTypeOnly, spanOf(reader, element));
  }
}

/** `import x = require('x')`; false for an alias (`import x = A.B`). */
export function noteImportEquals(reader: Reader, node: ts.ImportEqualsDeclaration): boolean {
  const reference = node.moduleReference;
  if (!ts.isExternalModuleReference(reference)) return false;
  noteLiteral(reader, reference.expression);
  if (ts.isStringLiteral(reference.expression)) {
    bind(reader, node.name.text, reference.expression.text, '*', node.isTypeOnly, spanOf(reader, node));
  }
  return true;
}

/** `require('x')` or `import('x')` that no declaration has claimed: the file loads `x` without binding a name. */
export function noteLoad(reader: Reader, node: ts.CallExpression): void {
  const specifier = loaded(node);
  if (specifier === undefined || reader.claimed.has(node)) return;
  bind(reader, '', specifier, '*', false, spanOf(reader, node));
}

/** `const x = require('x')`, `const { a, b: c } = await import('x')`, `const a = require('x').a`. */
export function noteDeclaredLoad(reader: Reader, node: ts.VariableDeclaration): void {
  let value: ts.Expression = unwrap(node.initializer!);
  let member: string | undefined;
  if (ts.isPropertyAccessExpression(value)) {
    member = value.name.text;
    value = unwrap(value.expression);
  }
  if (ts.isAwaitExpression(value)) value = unwrap(value.expression);
  if (!ts.isCallExpression(value)) return;
  // What compilers wrap around `require` for the sake of default imports.
  const inner = ts.isIdentifier(value.expression) && interop.has(value.expression.text) ? value.arguments[0] : value;
  if (!inner || !ts.isCallExpression(inner)) return;
  const specifier = loaded(inner);
  if (specifier === undefined) return;
  const before = reader.imports.length;
  const span = spanOf(reader, node);
  if (ts.isIdentifier(node.name)) bind(reader, node.name.text, specifier, member ?? '*', false, span);
  else if (ts.isObjectBindingPattern(node.name) && member === undefined) {
    for (const element of node.name.elements) {
      const key = element.propertyName ?? element.name;
      if (!ts.isIdentifier(element.name)) continue;
      if (element.dotDotDotToken) bind(reader, element.name.text, specifier, '*', false, spanOf(reader, element));
      else if (ts.isIdentifier(key) || ts.isStringLiteral(key)) {
        bind(reader, element.name.text, specifier, key.text, false, spanOf(reader, element));
      }
    }
  }
  if (reader.imports.length > before) reader.claimed.add(inner);
}

/** Notes what a top-level statement exports; `lowered` is what it became, of which exported expressions are shared. */
export function noteExports(reader: Reader, node: ts.Statement, lowered: readonly Statement[]): void {
  switch (node.kind) {
    case SyntaxKind.ExportDeclaration:
      exportDeclaration(reader, node as ts.ExportDeclaration);
      return;
    case SyntaxKind.ExportAssignment: {
      const first = lowered[0];
      if (first?.kind !== 'expression') return;
      offer(reader, (node as ts.ExportAssignment).isExportEquals ? 'export=' : 'default', first.expression);
      if ((node as ts.ExportAssignment).isExportEquals) offerEntries(reader, first.expression);
      return;
    }
    case SyntaxKind.ExpressionStatement: {
      const first = lowered[0];
      if (first?.kind === 'expression' && first.expression.kind === 'assign') commonJs(reader, first.expression);
      return;
    }
    default:
      if (!hasModifier(node, SyntaxKind.ExportKeyword)) return;
      if (hasModifier(node, SyntaxKind.DefaultKeyword)) exportDefault(reader, node, lowered);
      else for (const name of declaredNames(node, lowered)) reader.exports.push({ exported: name, local: name });
  }
}

function bind(reader: Reader, local: string, specifier: string, imported: string, typeOnly: boolean, span: Span): void {
  reader.imports.push({ local, specifier, imported, typeOnly, span } satisfies ImportBinding);
}

/** The specifier of `require('x')` and `import('x')`. */
function loaded(node: ts.CallExpression): string | undefined {
  const callee = node.expression;
  if (callee.kind !== SyntaxKind.ImportKeyword && !(ts.isIdentifier(callee) && callee.text === 'require'))
    return undefined;
  const first = node.arguments[0];
  return first && ts.isStringLiteralLike(first) ? first.text : undefined;
}

function unwrap(node: ts.Expression): ts.Expression {
  let inner = node;
  while (
    ts.isParenthesizedExpression(inner) ||
    ts.isAsExpression(inner) ||
    ts.isNonNullExpression(inner) ||
    ts.isSatisfiesExpression(inner)
  ) {
    inner = inner.expression;
  }
  return inner;
}

const interop = new Set([
  '__importStar',
  '__importDefault',
  '__toESM',
  '_interopRequireDefault',
  '_interopRequireWildcard',
]);

function exportDeclaration(reader: Reader, node: ts.ExportDeclaration): void {
  const specifier =
    node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier) ? node.moduleSpecifier.text : undefined;
  const clause = node.exportClause;
  if (!clause) {
    if (specifier !== undefined) reader.exports.push({ exported: '*', local: '*', specifier });
  } else if (ts.isNamespaceExport(clause)) {
    reader.exports.push({ exported: clause.name.text, local: '*', specifier });
  } else {
    for (const element of clause.elements) {
      const local = (element.propertyName ?? element.name).text;
      reader.exports.push({ exported: element.name.text, local, specifier });
    }
  }
}

function exportDefault(reader: Reader, node: ts.Statement, lowered: readonly Statement[]): void {
  const [name] = declaredNames(node, lowered);
  if (name) {
    reader.exports.push({ exported: 'default', local: name });
    return;
  }
  const first = lowered[0];
  if (first?.kind === 'function') {
    const value: Expression = { kind: 'functionExpression', function: first.function, span: first.span };
    reader.exports.push({ exported: 'default', value });
  } else if (first?.kind === 'class') {
    const value: Expression = { kind: 'classExpression', class: first.class, span: first.span };
    reader.exports.push({ exported: 'default', value });
  }
}

function declaredNames(node: ts.Statement, lowered: readonly Statement[]): string[] {
  if (ts.isVariableStatement(node)) {
    const names: string[] = [];
    for (const one of lowered) if (one.kind === 'declare') patternNames(one.target, names);
    return names;
  }
  const name = (node as { name?: ts.Node }).name;
  return name && ts.isIdentifier(name) && !isMissing(name) ? [name.text] : [];
}

function patternNames(pattern: Pattern, into: string[]): void {
  switch (pattern.kind) {
    case 'name':
      into.push(pattern.name);
      return;
    case 'objectPattern':
      for (const entry of pattern.entries) patternNames(entry.target, into);
      if (pattern.rest) patternNames(pattern.rest, into);
      return;
    case 'listPattern':
      for (const item of pattern.items) if (item) patternNames(item.target, into);
      return;
    default:
  }
}

/** `module.exports = x`, `exports.a = x`, `module.exports.a = exports.b = x`. */
function commonJs(reader: Reader, assign: AssignExpression): void {
  const names: string[] = [];
  let value: Expression = assign;
  while (value.kind === 'assign' && value.operator === '=') {
    const name = exportedBy(value.target);
    if (name !== undefined) names.push(name);
    value = value.value;
  }
  for (const name of names) offer(reader, name, value);
  if (names.includes('export=')) offerEntries(reader, value);
}

function exportedBy(target: Pattern): string | undefined {
  if (target.kind !== 'member') return undefined;
  if (isModuleExports(target)) return 'export=';
  const { object } = target;
  if (object.kind === 'name' && object.name === 'exports') return target.property;
  return isModuleExports(object) ? target.property : undefined;
}

function isModuleExports(node: Expression): boolean {
  return (
    node.kind === 'member' &&
    node.property === 'exports' &&
    node.object.kind === 'name' &&
    node.object.name === 'module'
  );
}

function offer(reader: Reader, exported: string, value: Expression): void {
  if (value.kind === 'name') reader.exports.push({ exported, local: value.name });
  else reader.exports.push({ exported, value });
}

function offerEntries(reader: Reader, value: Expression): void {
  if (value.kind !== 'object') return;
  for (const entry of value.entries) {
    if (entry.kind === 'entry' && !entry.computed && entry.key !== '') offer(reader, entry.key, entry.value);
  }
}
