// Edits of TypeScript and JavaScript as text, in the style of the file: quotes, semicolons, indentation, trailing commas.
// It must not know what the edits are for.
import { ts } from 'ts-morph';
import type { CallExpression, Expression, LoopStatement, Module, ObjectEntry, Span } from '../../program/model.ts';
import { walk } from '../../program/walk.ts';
import type { EditWriter, TextEdit } from '../language.ts';
import {
  appendItem,
  beginsLine,
  type Change,
  indentAt,
  indentUnit,
  insertion,
  isBroken,
  lineBreakOf,
  lineEnd,
  lineStart,
} from '../text.ts';
import { addImport } from './edit-import.ts';
import { parse } from './parse.ts';
import { endsStatements } from './style.ts';

export const edit: EditWriter = {
  addImport,
  setOption(module, text, target, key, value) {
    return edits(module, setOption(text, target, key, value));
  },
  addArgument(module, text, call, value, key) {
    if (call.kind !== 'call') return undefined;
    return edits(module, addArgument(text, call, key === undefined ? value : `{ ${keyText(key)}: ${value} }`));
  },
  insertBefore(module, text, at, lines) {
    return edits(module, insertBefore(module, text, at, lines));
  },
  insertInLoop(module, text, loop, lines) {
    return edits(module, insertInLoop(module, text, loop, lines));
  },
  replace(module, span, text) {
    const key = shorthandKey(module, span);
    return [{ path: module.path, span, text: key === undefined ? text : `${key}: ${text}` }];
  },
  commentAbove(module, text, line, comment) {
    const start = module.lineStarts[line] ?? text.length;
    const indent = indentAt(text, start);
    const written = isJsxChild(module, text, start + indent.length) ? `{/* ${comment} */}` : `// ${comment}`;
    return [{ path: module.path, ...insertion(start, `${indent}${written}${lineBreakOf(text)}`) }];
  },
  objectLiteral(entries) {
    if (entries.length === 0) return '{}';
    return `{ ${entries.map(({ key, value }) => `${keyText(key)}: ${value}`).join(', ')} }`;
  },
  constant(name, value) {
    return `const ${name} = ${value};`;
  },
  statement(text, expression) {
    return endsStatements(text) ? `${expression};` : expression;
  },
};

function edits(module: Module, changes: Change[] | undefined): TextEdit[] | undefined {
  return changes?.map(change => ({ path: module.path, ...change }));
}

function setOption(text: string, target: Expression, key: string, value: string): Change[] | undefined {
  if (target.kind === 'call') {
    const last = target.arguments[target.arguments.length - 1];
    if (last?.value.kind === 'object' && last.spread === 'none') return setOption(text, last.value, key, value);
    return addArgument(text, target, `{ ${keyText(key)}: ${value} }`);
  }
  if (target.kind !== 'object' || text.charCodeAt(target.span[1] - 1) !== 125) return undefined;
  const existing = target.entries.findLast(entry => entry.kind === 'entry' && !entry.computed && entry.key === key);
  if (existing) return [{ span: existing.span, text: `${writtenKey(text, existing, key)}: ${value}` }];
  const last = target.entries[target.entries.length - 1];
  return appendItem(text, target.span, last?.span, `${keyText(key)}: ${value}`, ' ');
}

/** The key of `{ key }`, where key and value are one text. */
function shorthandKey(module: Module, span: Span): string | undefined {
  let key: string | undefined;
  walk(module.body, {
    enter(node) {
      if (node.kind !== 'object') return undefined;
      for (const entry of node.entries) {
        if (entry.kind !== 'entry' || entry.value.kind !== 'name' || entry.value.name !== entry.key) continue;
        if (entry.span[0] === span[0] && entry.span[1] === span[1]) key = entry.key;
      }
      return undefined;
    },
  });
  return key;
}

/** The key as it stands there, with its quotes; of a shorthand or a method the plain key. */
function writtenKey(text: string, entry: ObjectEntry, key: string): string {
  const found = /^(\w+|'[^']*'|"[^"]*"|\[[^\]]*\])\s*:/.exec(text.slice(...entry.span));
  return found ? found[1]! : keyText(key);
}

function keyText(key: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? key : JSON.stringify(key);
}

function addArgument(text: string, call: CallExpression, item: string): Change[] | undefined {
  const end = call.span[1];
  const last = call.arguments[call.arguments.length - 1];
  if (text.charCodeAt(end - 1) !== 41) {
    // `new X` without parentheses; anything else is a tagged template or unfinished.
    return call.isNew && !last && call.callee.span[1] === end ? [insertion(end, `(${item})`)] : undefined;
  }
  if (!last) {
    if (call.isNew && call.callee.span[1] >= end) return [insertion(end, `(${item})`)];
    return [insertion(end - 1, item)];
  }
  const open = Math.min(call.callee.span[1], call.arguments[0]!.span[0] - 1);
  return appendItem(text, [open, end], last.span, item, '');
}

function insertBefore(module: Module, text: string, at: Span, lines: readonly string[]): Change[] | undefined {
  const file = parse(module.path, text, true).file;
  const statement = statementAround(file, at);
  if (!statement) return undefined;
  const start = statement.node.getStart(file);
  if (!statement.isListed) return withBraces(text, statement.node, start, lines);
  if (!beginsLine(text, start)) return [insertion(start, lines.map(line => `${line} `).join(''))];
  const indent = indentAt(text, start);
  return [insertion(lineStart(text, start), lines.map(line => `${indent}${line}${lineBreakOf(text)}`).join(''))];
}

/** `if (x) f();` as `if (x) { lines; f(); }`, on lines of their own. */
function withBraces(text: string, node: ts.Statement, start: number, lines: readonly string[]): Change[] {
  const lineBreak = lineBreakOf(text);
  const isBelow = beginsLine(text, start) && node.parent.getStart() < lineStart(text, start);
  const outer = indentAt(text, isBelow ? node.parent.getStart() : start);
  const inner = isBelow ? indentAt(text, start) : outer + indentUnit(text, 2);
  const head = `{${lineBreak}${lines.map(line => `${inner}${line}${lineBreak}`).join('')}${inner}`;
  const from = isBelow ? node.pos : start;
  const isDo = ts.isDoStatement(node.parent);
  const tail = `${lineBreak}${outer}}${isDo || followedByElse(text, node) ? ' ' : ''}`;
  const rest = /^\s*(?=while\b|else\b)/.exec(text.slice(node.end))?.[0].length ?? 0;
  const closes = tail.endsWith(' ') ? rest : 0;
  if (node.kind === ts.SyntaxKind.EmptyStatement) {
    const body = `{${lineBreak}${lines.map(line => `${inner}${line}${lineBreak}`).join('')}${outer}}`;
    return [{ span: [node.pos, node.end], text: ` ${body}` }];
  }
  return [
    { span: [from, start], text: isBelow ? ` ${head}` : head },
    { span: [node.end, node.end + closes], text: tail },
  ];
}

function followedByElse(text: string, node: ts.Statement): boolean {
  return ts.isIfStatement(node.parent) && node.parent.thenStatement === node && /^\s*else\b/.test(text.slice(node.end));
}

function insertInLoop(
  module: Module,
  text: string,
  loop: LoopStatement,
  lines: readonly string[],
): Change[] | undefined {
  const file = parse(module.path, text, true).file;
  const found = loopAt(file, loop.span);
  if (!found) return undefined;
  const body = found.statement;
  const start = body.getStart(file);
  if (!ts.isBlock(body)) return withBraces(text, body, start, lines);
  if (text.charCodeAt(body.end - 1) !== 125) return undefined;
  const open = start + 1;
  const first = body.statements[0];
  const lineBreak = lineBreakOf(text);
  if (!isBroken(text, open, body.end)) {
    const end = first ? ' ' : /\s/.test(text.charAt(open)) ? '' : ' ';
    return [insertion(open, ` ${lines.join(' ')}${first ? '' : end}`)];
  }
  const firstStart = first?.getStart(file);
  const indent =
    firstStart !== undefined && beginsLine(text, firstStart)
      ? indentAt(text, firstStart)
      : indentAt(text, start) + indentUnit(text, 2);
  const added = lines.map(line => `${lineBreak}${indent}${line}`).join('');
  // A comment behind the brace stays there.
  const end = lineEnd(text, open);
  return [insertion(/^\s*\/\//.test(text.slice(open, end)) ? end : open, added)];
}

function loopAt(file: ts.SourceFile, span: Span): ts.IterationStatement | undefined {
  for (const node of path(file, span)) {
    if (ts.isIterationStatement(node, false) && node.end === span[1] && node.getStart(file) === span[0]) return node;
  }
  return undefined;
}

/** The innermost statement around a span, and whether it stands in a list of statements. */
function statementAround(file: ts.SourceFile, at: Span): { node: ts.Statement; isListed: boolean } | undefined {
  let found: { node: ts.Statement; isListed: boolean } | undefined;
  for (const node of path(file, at)) {
    if (!ts.isStatement(node) || node.getStart(file) > at[0]) continue;
    const { parent } = node;
    const isListed =
      ts.isSourceFile(parent) || ts.isBlock(parent) || ts.isModuleBlock(parent) || ts.isCaseOrDefaultClause(parent);
    const isBody = (ts.isIfStatement(parent) || ts.isIterationStatement(parent, false)) && !ts.isBlock(node);
    if (isListed || isBody) found = { node, isListed };
  }
  return found;
}

/** The nodes that hold a span, from the outermost to the innermost. */
function* path(file: ts.SourceFile, span: Span): Generator<ts.Node> {
  for (let node: ts.Node | undefined = file; node; ) {
    yield node;
    node = ts.forEachChild(node, child => (child.pos <= span[0] && child.end >= span[1] ? child : undefined));
  }
}

/** Whether a line beginning at `at` is a child of a JSX element, where `//` would be text. */
function isJsxChild(module: Module, text: string, at: number): boolean {
  if (!/\.[jt]sx$|\.[cm]?js$/i.test(module.path) || !text.includes('</')) return false;
  const file = parse(module.path, text, true).file;
  let isChild = false;
  for (const node of path(file, [at, Math.min(at + 1, text.length)])) {
    if (ts.isJsxElement(node) || ts.isJsxFragment(node)) {
      const closing = ts.isJsxElement(node) ? node.closingElement : node.closingFragment;
      isChild =
        closing.getStart(file) === at ||
        node.children.some(child => (ts.isJsxText(child) ? child.pos : child.getStart(file)) <= at && at < child.end);
    } else if (ts.isJsxExpression(node) && node.getStart(file) < at) {
      isChild = false;
    }
  }
  return isChild;
}
