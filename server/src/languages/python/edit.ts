// Edits of Python as text, in the style of the file: indentation, line ends, quotes. It works on the model and the text alone.
// It must not know what the edits are for.
import type {
  AnyNode,
  CallExpression,
  Expression,
  LoopStatement,
  Module,
  Span,
  Statement,
} from '../../program/model.ts';
import { walk } from '../../program/walk.ts';
import type { EditWriter, TextEdit } from '../language.ts';
import {
  appendItem,
  beginsLine,
  type Change,
  indentAt,
  indentUnit,
  insertion,
  lineBreakOf,
  lineEnd,
  lineStart,
} from '../text.ts';
import { addImport } from './edit-import.ts';

export const edit: EditWriter = {
  addImport,
  setOption(module, text, target, key, value) {
    return edits(module, setOption(text, target, key, value));
  },
  addArgument(module, text, call, value, key) {
    if (call.kind !== 'call') return undefined;
    return edits(module, addArgument(text, call, value, key));
  },
  insertBefore(module, text, at, lines) {
    return edits(module, insertBefore(module, text, at, lines));
  },
  insertInLoop(module, text, loop, lines) {
    return edits(module, insertInLoop(text, loop, lines));
  },
  replace(module, span, text) {
    return [{ path: module.path, span, text }];
  },
  commentAbove(module, text, line, comment) {
    const start = module.lineStarts[line] ?? text.length;
    return [{ path: module.path, ...insertion(start, `${indentAt(text, start)}# ${comment}${lineBreakOf(text)}`) }];
  },
  objectLiteral(entries) {
    return `{${entries.map(({ key, value }) => `${JSON.stringify(key)}: ${value}`).join(', ')}}`;
  },
  constant(name, value) {
    return `${name} = ${value}`;
  },
  statement(_text, expression) {
    return expression;
  },
};

function edits(module: Module, changes: Change[] | undefined): TextEdit[] | undefined {
  return changes?.map(change => ({ path: module.path, ...change }));
}

function setOption(text: string, target: Expression, key: string, value: string): Change[] | undefined {
  if (target.kind === 'call') {
    const existing = target.arguments.find(argument => argument.name === key);
    if (!existing) return addArgument(text, target, value, key);
    const sign = text.indexOf('=', existing.span[0] + key.length);
    return [{ span: [sign + 1, existing.span[1]], text: /^\s/.test(text.slice(sign + 1)) ? ` ${value}` : value }];
  }
  if (target.kind !== 'object' || text.charAt(target.span[1] - 1) !== '}') return undefined;
  const existing = target.entries.findLast(entry => entry.kind === 'entry' && !entry.computed && entry.key === key);
  if (existing) {
    const written = /^[^:]*:\s*/.exec(text.slice(...existing.span))![0];
    return [{ span: [existing.span[0] + written.length, existing.span[1]], text: value }];
  }
  const last = target.entries[target.entries.length - 1];
  const quote = text.split("'").length > text.split('"').length ? "'" : '"';
  return appendItem(text, target.span, last?.span, `${quote}${key}${quote}: ${value}`, '');
}

function addArgument(text: string, call: CallExpression, value: string, key?: string): Change[] | undefined {
  const end = call.span[1];
  if (text.charAt(end - 1) !== ')') return undefined;
  const { arguments: args } = call;
  const item = key === undefined ? value : `${key}=${value}`;
  const last = args[args.length - 1];
  // `f(x for x in y)`: the generator's parentheses are the call's.
  if (last && last.span[1] === end) {
    return [insertion(last.span[0], '('), insertion(end, `, ${item})`)];
  }
  // Positional ones stand before keywords.
  const keyword = key === undefined ? args.find(one => one.name !== undefined || one.spread === 'keyword') : undefined;
  if (keyword) return [insertion(keyword.span[0], `${item}, `)];
  const open = last ? Math.min(call.callee.span[1], args[0]!.span[0] - 1) : text.lastIndexOf('(', end - 1);
  return appendItem(text, [open, end], last?.span, item, '');
}

function insertBefore(module: Module, text: string, at: Span, lines: readonly string[]): Change[] | undefined {
  let found: Statement | undefined;
  walk(module.body, {
    enter(node) {
      if (node.span[0] > at[0] || node.span[1] < at[1]) return 'skip';
      if (isWritten(node, text)) found = node;
      return undefined;
    },
  });
  return found && before(text, found.span[0], lines);
}

/** Puts lines before a statement that begins at `start`: above it, or, where others stand on its line, between them. */
function before(text: string, start: number, lines: readonly string[]): Change[] | undefined {
  const lineBreak = lineBreakOf(text);
  if (beginsLine(text, start)) {
    const indent = indentAt(text, start);
    const first = lineStart(text, start);
    // A byte order mark stays first.
    const line = text.charAt(first) === '\uFEFF' ? first + 1 : first;
    return [insertion(line, lines.map(one => `${indent}${one}${lineBreak}`).join(''))];
  }
  const head = text.slice(lineStart(text, start), start).trimEnd();
  if (head.endsWith(';')) {
    return lines.some(line => line.endsWith(':')) ? undefined : [insertion(start, `${lines.join('; ')}; `)];
  }
  if (!head.endsWith(':')) return undefined;
  const indent = indentAt(text, start) + indentUnit(text, 4);
  const added = lines.map(line => `${lineBreak}${indent}${line}`).join('');
  return [{ span: [lineStart(text, start) + head.length, start], text: `${added}${lineBreak}${indent}` }];
}

/** Whether a node is a statement as the text has it, and not one that only the model has. */
function isWritten(node: AnyNode, text: string): node is Statement {
  const start = text.slice(node.span[0], node.span[0] + 6);
  switch (node.kind) {
    case 'if':
      return !/^elif\b/.test(start);
    case 'raise':
      return start.startsWith('raise');
    case 'opaque':
      return node.role === 'statement' && writtenPlace(text, node.span[0]);
    case 'expression':
      return writtenPlace(text, node.span[0]);
    case 'declare':
    case 'loop':
    case 'switch':
    case 'try':
    case 'block':
    case 'return':
    case 'break':
    case 'continue':
    case 'function':
    case 'class':
    case 'scope':
      return true;
    default:
      return false;
  }
}

function writtenPlace(text: string, start: number): boolean {
  return /(?:^|[:;])[ \t\uFEFF]*$/.test(text.slice(lineStart(text, start), start));
}

function insertInLoop(text: string, loop: LoopStatement, lines: readonly string[]): Change[] | undefined {
  const colon = colonAfter(text, (loop.iterable ?? loop.test)?.span[1] ?? loop.span[0], loop.span[1]);
  if (colon === undefined) return undefined;
  const end = lineEnd(text, colon);
  const rest = text.slice(colon + 1, end);
  if (/^\s*(?:#.*)?$/.test(rest)) {
    const below = /^(?:[ \t]*(?:#[^\r\n]*)?\r?\n)*/.exec(text.slice(end).replace(/^\r?\n/, ''))![0].length;
    const first = end + (/^\r?\n/.exec(text.slice(end))?.[0].length ?? 0) + below;
    const start = first + indentAt(text, first).length;
    return start < loop.span[1] || /^pass\b|^\.\.\./.test(text.slice(start)) ? before(text, start, lines) : undefined;
  }
  return before(text, colon + 1 + /^\s*/.exec(rest)![0].length, lines);
}

/** The colon that ends a head, behind closing brackets and comments. */
function colonAfter(text: string, from: number, end: number): number | undefined {
  for (let at = from; at < end; at++) {
    const char = text.charAt(at);
    if (char === ':') return at;
    if (char === '#') at = lineEnd(text, at);
  }
  return undefined;
}
