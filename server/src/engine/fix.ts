// A fix's operations as text edits: finds the nodes that they name and asks the language's writer. Pure.
import type { EditWriter, TextEdit } from '../languages/language.ts';
import type { AnyNode, Expression, LoopStatement, Module, Span } from '../program/model.ts';
import type { Fix, FixOperation } from '../rules/finding.ts';
import type { Log } from '../workspace/log.ts';
import { freshName, type TakenNames } from './fresh-name.ts';

/** Edits by file, against the same state of its text, in order and apart from each other. */
export type FileEdits = ReadonlyMap<string, readonly TextEdit[]>;

export interface FixContext {
  module(path: string): Module | undefined;
  text(path: string): string | undefined;
  writer(path: string): EditWriter | undefined;
  readonly log: Log;
}

/**
 * Edits of a fix; undefined if one of its steps cannot be done, as half a fix is none.
 * Fixes that are applied to one state of the text share `taken`.
 */
export function fixEdits(fix: Fix, context: FixContext, taken: TakenNames = new Set()): FileEdits | undefined {
  const edits: TextEdit[] = [];
  const names = new Map<string, string>();
  for (const operation of fix.operations) {
    const done = editsOf(operation, context, names, taken);
    if (!done) {
      context.log.warn(`The fix "${fix.title}" cannot be applied: ${operation.do} in ${operation.path} has no place.`);
      return undefined;
    }
    edits.push(...done);
  }
  const byFile = new Map<string, TextEdit[]>();
  for (const edit of edits) {
    const list = byFile.get(edit.path);
    if (!list) byFile.set(edit.path, [edit]);
    // Two steps may need the same import.
    else if (
      !list.some(other => other.text === edit.text && other.span[0] === edit.span[0] && other.span[1] === edit.span[1])
    ) {
      list.push(edit);
    }
  }
  for (const [path, list] of byFile) {
    const ordered = inOrder(list);
    if (!ordered) {
      context.log.warn(`The fix "${fix.title}" cannot be applied: its edits of ${path} overlap.`);
      return undefined;
    }
    byFile.set(path, ordered);
  }
  return byFile;
}

/** The text with edits applied; they must be apart from each other. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const ordered = inOrder(dropRepeats(edits));
  if (!ordered) throw new RangeError('Edits overlap.');
  let out = '';
  let at = 0;
  for (const edit of ordered) {
    out += text.slice(at, edit.span[0]) + edit.text;
    at = edit.span[1];
  }
  return out + text.slice(at);
}

function dropRepeats(edits: readonly TextEdit[]): readonly TextEdit[] {
  return edits.filter(
    (edit, at) =>
      edits.findIndex(
        other => other.text === edit.text && other.span[0] === edit.span[0] && other.span[1] === edit.span[1],
      ) === at,
  );
}

/** Sorted by place, insertions at one place in the order given; undefined if two overlap. */
function inOrder(edits: readonly TextEdit[]): TextEdit[] | undefined {
  const ordered = edits
    .map((edit, at) => ({ edit, at }))
    .sort((a, b) => a.edit.span[0] - b.edit.span[0] || a.edit.span[1] - b.edit.span[1] || a.at - b.at)
    .map(({ edit }) => edit);
  const clear = ordered.every((edit, at) => at === 0 || edit.span[0] >= (ordered[at - 1] as TextEdit).span[1]);
  return clear ? ordered : undefined;
}

function editsOf(
  operation: FixOperation,
  context: FixContext,
  names: Map<string, string>,
  taken: TakenNames,
): readonly TextEdit[] | undefined {
  const module = context.module(operation.path);
  const text = context.text(operation.path);
  const writer = context.writer(operation.path);
  if (!module || text === undefined || !writer) return undefined;
  const fill = (template: string) =>
    template.replace(/\$([A-Za-z_]\w*)/g, (whole, name: string) => names.get(name) ?? whole);
  switch (operation.do) {
    case 'import': {
      const { local, edits } = writer.addImport(module, text, operation.specifier, operation.imported);
      names.set(operation.imported, local);
      return edits;
    }
    case 'name':
      names.set(operation.name, freshName(module, operation.at, operation.name, taken));
      return [];
    case 'setOption': {
      const target = expressionAt(module, operation.at, ['object', 'call']);
      return target && writer.setOption(module, text, target, operation.key, fill(operation.value));
    }
    case 'addArgument': {
      const call = expressionAt(module, operation.at, ['call']);
      return call && writer.addArgument(module, text, call, fill(operation.value), operation.key);
    }
    case 'insertBefore':
      return writer.insertBefore(module, text, operation.at, operation.lines.map(fill));
    case 'insertInLoop': {
      const loop = nodeAt(module, operation.at, ['loop']) as LoopStatement | undefined;
      return loop && writer.insertInLoop(module, text, loop, operation.lines.map(fill));
    }
    case 'replace':
      return writer.replace(module, operation.at, fill(operation.text));
  }
}

function expressionAt(module: Module, span: Span, kinds: readonly AnyNode['kind'][]): Expression | undefined {
  return nodeAt(module, span, kinds) as Expression | undefined;
}

/** The outermost node of one of these kinds that has exactly this span. */
function nodeAt(module: Module, span: Span, kinds: readonly AnyNode['kind'][]): AnyNode | undefined {
  const search = (value: unknown): AnyNode | undefined => {
    if (typeof value !== 'object' || value === null) return undefined;
    const node = value as { kind?: AnyNode['kind']; span?: Span };
    if (node.span) {
      if (node.span[0] > span[0] || node.span[1] < span[1]) {
        // Decorators and heads may lie outside of the node that owns them.
        if (node.kind !== 'function' && node.kind !== 'class') return undefined;
      } else if (node.kind && kinds.includes(node.kind) && node.span[0] === span[0] && node.span[1] === span[1]) {
        return value as AnyNode;
      }
    }
    for (const child of Object.values(value)) {
      const found = search(child);
      if (found) return found;
    }
    return undefined;
  };
  return search(module.body) ?? search(module.exports);
}
