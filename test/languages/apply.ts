// Applies edits as an editor does: all against the same text.
import type { TextEdit } from '../../server/src/languages/language.ts';
import type {
  AnyNode,
  CallExpression,
  LoopStatement,
  Module,
  ObjectExpression,
} from '../../server/src/program/model.ts';
import { walk } from '../../server/src/program/walk.ts';

export function apply(text: string, edits: readonly TextEdit[] | undefined): string | undefined {
  if (!edits) return undefined;
  const sorted = edits
    .map((edit, index) => ({ ...edit, index }))
    .sort((a, b) => b.span[0] - a.span[0] || b.index - a.index);
  let result = text;
  let before = Number.POSITIVE_INFINITY;
  for (const { span, text: inserted } of sorted) {
    if (span[1] > before) throw new Error('edits overlap');
    before = span[0];
    result = result.slice(0, span[0]) + inserted + result.slice(span[1]);
  }
  return result;
}

export function firstLoop(module: Module): LoopStatement {
  return first(module, node => node.kind === 'loop') as LoopStatement;
}

/** The first call in source order, the outer one first. */
export function firstCall(module: Module): CallExpression {
  return first(module, node => node.kind === 'call') as CallExpression;
}

export function firstObject(module: Module): ObjectExpression {
  return first(module, node => node.kind === 'object') as ObjectExpression;
}

function first(module: Module, is: (node: AnyNode) => boolean): AnyNode {
  let found: AnyNode | undefined;
  walk(module.body, {
    enter(node) {
      if (!found && is(node)) found = node;
      return found ? 'skip' : undefined;
    },
  });
  if (!found) throw new Error('not in the source');
  return found;
}
