// Makes a name of another module available in a TypeScript or JavaScript file, by an import that is there or a new one.
// It must not know what the name is for.
import { ts } from 'ts-morph';
import type { ImportBinding, Module, Span, Statement } from '../../program/model.ts';
import type { EditWriter } from '../language.ts';
import { boundNames } from '../names.ts';
import { appendItem, type Change, freeName, insertion, lineBreakOf, lineEnd } from '../text.ts';
import { endsStatements, isCommonJs, quoteOf } from './style.ts';

export const addImport: EditWriter['addImport'] = (module, text, specifier, imported) => {
  const own = module.imports.filter(one => one.specifier === specifier && one.local !== '' && !one.typeOnly);
  const reachable = own.filter(one => topLevel(module, one) !== undefined);
  const same = reachable.find(one => one.imported === imported);
  if (same) return { local: same.local, edits: [] };
  const whole = reachable.find(one => one.imported === '*' && imported !== 'default' && imported !== '*');
  if (whole) return { local: `${whole.local}.${imported}`, edits: [] };
  const local = freeName(wantedName(specifier, imported), boundNames(module));
  const changes =
    widened(module, text, reachable, imported, local) ??
    added(module, text, statementOf(module, text, specifier, imported, local));
  return { local, edits: changes.map(change => ({ path: module.path, ...change })) };
};

function wantedName(specifier: string, imported: string): string {
  if (imported !== 'default' && imported !== '*') return imported;
  const words = (specifier.split('/').pop() ?? specifier).split(/[^A-Za-z0-9]+/).filter(word => word !== '');
  const name = words.map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('');
  return /^[A-Za-z]/.test(name) ? name : `module${name}`;
}

function topLevel(module: Module, binding: ImportBinding): Statement | undefined {
  return module.body.find(
    one =>
      (one.kind === 'opaque' || one.kind === 'declare') &&
      one.span[0] <= binding.span[0] &&
      one.span[1] >= binding.span[1],
  );
}

/** Into the braces of an import of the same module. */
function widened(
  module: Module,
  text: string,
  own: readonly ImportBinding[],
  imported: string,
  local: string,
): Change[] | undefined {
  if (imported === '*') return undefined;
  for (const binding of own) {
    const { span } = topLevel(module, binding)!;
    const file = ts.createSourceFile('a.ts', text.slice(...span), ts.ScriptTarget.Latest, true);
    const [statement] = file.statements;
    const changes = statement && widenedStatement(text, statement, span[0], imported, local);
    if (changes) return changes;
  }
  return undefined;
}

function widenedStatement(
  text: string,
  statement: ts.Statement,
  offset: number,
  imported: string,
  local: string,
): Change[] | undefined {
  const at = (node: ts.Node): Span => [offset + node.getStart(), offset + node.end];
  if (ts.isImportDeclaration(statement)) {
    const clause = statement.importClause;
    if (!clause || clause.phaseModifier) return undefined;
    const { namedBindings } = clause;
    if (imported === 'default') {
      return clause.name ? undefined : [insertion(at(clause)[0], `${local}, `)];
    }
    const item = imported === local ? imported : `${imported} as ${local}`;
    if (namedBindings) {
      if (!ts.isNamedImports(namedBindings)) return undefined;
      const last = namedBindings.elements[namedBindings.elements.length - 1];
      return appendItem(text, at(namedBindings), last && at(last), item, ' ');
    }
    return clause.name ? [insertion(at(clause.name)[1], `, { ${item} }`)] : undefined;
  }
  if (!ts.isVariableStatement(statement)) return undefined;
  const [declaration] = statement.declarationList.declarations;
  if (!declaration || !ts.isObjectBindingPattern(declaration.name)) return undefined;
  const last = declaration.name.elements[declaration.name.elements.length - 1];
  if (last?.dotDotDotToken) return undefined;
  const item = imported === local ? imported : `${imported}: ${local}`;
  return appendItem(text, at(declaration.name), last && at(last), item, ' ');
}

function statementOf(module: Module, text: string, specifier: string, imported: string, local: string): string {
  const quote = quoteOf(module, text);
  const from = `${quote}${specifier}${quote}`;
  const end = endsStatements(text) ? ';' : '';
  if (isCommonJs(module, text)) {
    if (imported === '*') return `const ${local} = require(${from})${end}`;
    const item = imported === local ? imported : `${imported}: ${local}`;
    return `const { ${item} } = require(${from})${end}`;
  }
  if (imported === '*') return `import * as ${local} from ${from}${end}`;
  if (imported === 'default') return `import ${local} from ${from}${end}`;
  return `import { ${imported === local ? imported : `${imported} as ${local}`} } from ${from}${end}`;
}

function added(module: Module, text: string, statement: string): Change[] {
  const lineBreak = lineBreakOf(text);
  const last = lastImport(module, text) ?? lastDirective(module);
  if (last) {
    const end = last.span[1];
    const rest = text.slice(end, lineEnd(text, end));
    if (/^\s*(?:\/\/.*|\/\*.*\*\/\s*)?$/.test(rest)) {
      return [insertion(end + rest.length, `${lineBreak}${statement}`)];
    }
    return [{ span: [end, end + (/^\s+/.exec(rest)?.[0].length ?? 0)], text: `${lineBreak}${statement}${lineBreak}` }];
  }
  const at = top(module, text);
  const isBlankBelow = /^\s*?(?:\r?\n|$)/.test(text.slice(at));
  return [insertion(at, `${statement}${lineBreak}${isBlankBelow ? '' : lineBreak}`)];
}

/** The last import statement, or the last `require` of those that the file begins with. */
function lastImport(module: Module, text: string): Statement | undefined {
  const statement = module.body.findLast(
    one => one.kind === 'opaque' && /^import\b/.test(text.slice(one.span[0], one.span[0] + 7)),
  );
  if (statement) return statement;
  let last: Statement | undefined;
  for (const one of module.body) {
    const isLoad = module.imports.some(
      binding => binding.span[0] >= one.span[0] && binding.span[1] <= one.span[1] && one.kind !== 'function',
    );
    if (isLoad && (one.kind === 'declare' || one.kind === 'expression')) last = one;
    else if (!isDirective(one)) break;
  }
  return last;
}

function lastDirective(module: Module): Statement | undefined {
  let last: Statement | undefined;
  for (const one of module.body) {
    if (!isDirective(one)) break;
    last = one;
  }
  return last;
}

function isDirective(one: Statement): boolean {
  return one.kind === 'expression' && one.expression.kind === 'literal' && typeof one.expression.value === 'string';
}

/** Behind a byte order mark, a shebang, and comments that a blank line sets apart from the code. */
function top(module: Module, text: string): number {
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  if (text.startsWith('#!', at)) at = nextLine(text, at);
  let end = at;
  for (const comment of module.comments) {
    if (/\S/.test(text.slice(end, comment.span[0]))) break;
    end = comment.span[1];
    const below = /^[ \t]*\r?\n[ \t]*\r?\n/.exec(text.slice(end));
    if (below) at = end + below[0].length;
  }
  return at;
}

function nextLine(text: string, at: number): number {
  const found = text.indexOf('\n', at);
  return found < 0 ? text.length : found + 1;
}
