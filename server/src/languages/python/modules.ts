// What a Python file takes from other modules and offers to them: every import, wherever it stands, and every top-level
// binding. It must not know where a specifier leads.
import type { Expression, Pattern, Span, Statement } from '../../program/model.ts';
import { eachChild } from '../../program/walk.ts';
import { named } from './kinds.ts';
import { childOf, namedChildren, type Reader, spanOf, textOf } from './reader.ts';

/** `import a.b, c as d`. */
export function noteImport(reader: Reader, node: number): void {
  for (const child of namedChildren(reader, node)) {
    const span = spanOf(reader, child);
    if (reader.tree.kind[child] === named.aliased_import) {
      const [name = -1, alias = -1] = namedChildren(reader, child);
      if (alias >= 0) bind(reader, textOf(reader, alias), dottedText(reader, name), '*', span);
      continue;
    }
    const specifier = dottedText(reader, child);
    const [first = specifier] = specifier.split('.');
    if (first === '') continue;
    // `import a.b` binds a; that a.b is loaded is said apart.
    bind(reader, first, first, '*', span);
    if (first !== specifier) bind(reader, '', specifier, '*', span);
  }
}

/** `from .a import b as c`, `from a import *`, `from __future__ import d`. */
export function noteFromImport(reader: Reader, node: number): void {
  const children = namedChildren(reader, node);
  const isFuture = reader.tree.kind[node] === named.future_import_statement;
  const from = isFuture ? -1 : (children.shift() ?? -1);
  const specifier = isFuture ? '__future__' : dottedText(reader, from);
  for (const child of children) {
    const span = spanOf(reader, child);
    if (reader.tree.kind[child] === named.wildcard_import) {
      bind(reader, '', specifier, '*', span);
      if (reader.functions === 0) reader.exports.push({ exported: '*', local: '*', specifier });
    } else if (reader.tree.kind[child] === named.aliased_import) {
      const [name = -1, alias = -1] = namedChildren(reader, child);
      if (alias >= 0) bind(reader, textOf(reader, alias), specifier, dottedText(reader, name), span);
    } else {
      const name = dottedText(reader, child);
      if (name !== '') bind(reader, name, specifier, name, span);
    }
  }
}

/** Notes every name that the top level binds, also inside its branches, loops and `with` blocks. */
export function noteExports(reader: Reader, body: readonly Statement[]): void {
  const seen = new Set<string>();
  for (const one of reader.exports) seen.add(`${one.exported} ${one.specifier ?? ''}`);
  const offer = (name: string): void => {
    if (seen.has(`${name} `)) return;
    seen.add(`${name} `);
    reader.exports.push({ exported: name, local: name });
  };
  const open: (Statement | Expression | Pattern)[] = [...body].reverse();
  for (let node = open.pop(); node; node = open.pop()) {
    switch (node.kind) {
      case 'function':
        offer(node.function.name);
        continue;
      case 'class':
        offer(node.class.name);
        continue;
      case 'functionExpression':
      case 'classExpression':
      case 'comprehension':
        continue;
      case 'assign':
        eachName(node.target, offer);
        break;
      case 'loop':
        if (node.target) eachName(node.target, offer);
        break;
      default:
    }
    const children: (Statement | Expression | Pattern)[] = [];
    eachChild(node, child => {
      children.push(child);
    });
    for (let index = children.length - 1; index >= 0; index--) open.push(children[index]!);
  }
}

function eachName(pattern: Pattern, visit: (name: string) => void): void {
  if (pattern.kind === 'name') visit(pattern.name);
  else if (pattern.kind === 'listPattern') for (const item of pattern.items) if (item) eachName(item.target, visit);
}

function bind(reader: Reader, local: string, specifier: string, imported: string, span: Span): void {
  reader.imports.push({ local, specifier, imported, typeOnly: reader.typeOnly, span });
  if (local !== '' && reader.functions === 0) reader.exports.push({ exported: local, local: imported, specifier });
}

/** Dots and names without the white space that may stand between them. */
function dottedText(reader: Reader, node: number): string {
  if (node < 0) return '';
  if (reader.tree.kind[node] !== named.relative_import) return namesOf(reader, node);
  const prefix = childOf(reader, node, named.import_prefix);
  const name = childOf(reader, node, named.dotted_name);
  const dots = prefix < 0 ? '' : textOf(reader, prefix).replace(/\s/g, '');
  return dots + (name < 0 ? '' : namesOf(reader, name));
}

function namesOf(reader: Reader, node: number): string {
  return namedChildren(reader, node)
    .map(child => textOf(reader, child))
    .join('.');
}
