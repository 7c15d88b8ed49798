// Which expressions come out of a model's or a tool's answer: what they decide, the model decides.
import { pathOf } from '../../program/access.ts';
import type { CallExpression, Expression, LoopStatement, Module, Pattern, Statement } from '../../program/model.ts';
import { type FunctionInfo, indexOf } from '../../program/scope.ts';
import { isSelf, returnedExpressions } from '../../program/values.ts';
import { walk } from '../../program/walk.ts';
import type { Reader } from '../reading.ts';

/** What comes into the code already decided: a parameter that is given a model's answer. */
export type Given = readonly { readonly target: Pattern; readonly by: 'model' | 'tool' }[];

/** For expressions in the code: who decided them, if a model or a tool did. */
export function taint(
  code: LoopStatement | readonly Statement[],
  module: Module,
  reader: Reader,
  given: Given = [],
  /** Calls that change nothing of what is asked: those that begin the next round. */
  past: ReadonlySet<CallExpression> = new Set(),
): (node: Expression) => 'model' | 'tool' | undefined {
  const marks = new Map<string, 'model' | 'tool'>();
  const keyOf = (node: Expression): string | undefined => pathOf({ node, module, env: undefined });
  const source = (node: Expression): 'model' | 'tool' | undefined => {
    let found: 'model' | 'tool' | undefined;
    walk(node, {
      enter(child) {
        if (found === 'model') return 'skip';
        if (child.kind === 'call' && reader.costs(child, module)) {
          found = reader.effect(child, module)?.effect === 'tool' ? (found ?? 'tool') : 'model';
          return 'skip';
        }
        // What another method gives back is not decided because this one's object was used.
        if (child.kind === 'call' && child.callee.kind === 'member' && isSelf(child.callee.object, module)) {
          if (reader.resolver.targets(child, module).some(answersField)) return undefined;
          for (const argument of child.arguments) {
            const by = source(argument.value);
            if (by) found = by === 'model' ? 'model' : (found ?? 'tool');
          }
          return 'skip';
        }
        if (child.kind === 'name' || child.kind === 'member') {
          const path = keyOf(child);
          if (path !== undefined) {
            const mark = marks.get(path) ?? prefixMark(path, marks);
            if (mark) found = mark === 'model' ? 'model' : (found ?? 'tool');
          }
        }
        return undefined;
      },
      enterFunction: () => 'skip',
    });
    return found;
  };
  const mark = (target: { readonly kind: string } & Expression, by: 'model' | 'tool'): void => {
    const path = keyOf(target);
    if (path !== undefined && marks.get(path) !== 'model') marks.set(path, by);
  };
  // What each turn makes anew, no call of an earlier turn has touched.
  const renewed = (node: Expression & { readonly name: string }): boolean => {
    if (!('kind' in code)) return false;
    const writes = indexOf(module).lookup(node.name, node)?.writes ?? [];
    return writes.some(
      write =>
        (write.how === 'declare' || write.how === 'assign') &&
        write.node.span[0] >= code.span[0] &&
        write.node.span[1] <= code.span[1] &&
        !(write.value && source(write.value)),
    );
  };
  const markPattern = (target: unknown, by: 'model' | 'tool'): void => {
    const t = target as {
      kind: string;
      entries?: { target: unknown }[];
      items?: ({ target: unknown } | undefined)[];
      rest?: unknown;
    };
    if (t.kind === 'objectPattern') {
      for (const entry of t.entries ?? []) markPattern(entry.target, by);
      if (t.rest) markPattern(t.rest, by);
    } else if (t.kind === 'listPattern') {
      for (const item of t.items ?? []) if (item) markPattern(item.target, by);
    } else if (t.kind === 'name' || t.kind === 'member' || t.kind === 'index') mark(target as Expression, by);
  };
  for (const { target, by } of given) markPattern(target, by);
  for (let round = 0; round < 3; round++) {
    const before = marks.size;
    walk(code, {
      enter(node) {
        if (node.kind === 'declare' && node.value) {
          const by = source(node.value);
          if (by) markPattern(node.target, by);
        } else if (node.kind === 'assign') {
          const by = source(node.value);
          if (by) markPattern(node.target, by);
        } else if (node.kind === 'loop' && node.form === 'each' && node.iterable && node.target) {
          const by = source(node.iterable);
          if (by) {
            markPattern(node.target, by);
            // A flag set while the answer is read is decided by the answer.
            markAssignedInside(node.body, by, markPattern);
          }
        } else if (node.kind === 'if') {
          // `if (answer is good) done = true`: the flag is decided by the answer.
          const by = source(node.test);
          if (by) markAssignedInside([...node.then, ...node.otherwise], by, markPattern);
        } else if (
          node.kind === 'call' &&
          node.callee.kind === 'member' &&
          /^(push|append|extend|set|add|unshift)$/.test(node.callee.property)
        ) {
          for (const argument of node.arguments) {
            const by = source(argument.value);
            if (by) mark(node.callee.object, by);
          }
        } else if (node.kind === 'call' && !past.has(node) && reader.costs(node, module)) {
          // An object given to the call may come back changed: `run(agent, state)`.
          for (const argument of node.arguments) {
            if (argument.value.kind === 'name' && !renewed(argument.value)) mark(argument.value, 'model');
          }
          if (node.callee.kind === 'member' && node.callee.object.kind === 'name') mark(node.callee.object, 'model');
        }
        return undefined;
      },
      enterFunction: () => 'skip',
    });
    if (marks.size === before) break;
  }
  return source;
}

/** True for a method whose answer holds a field of its object: `return this.done`. */
function answersField(info: FunctionInfo): boolean {
  let found = false;
  for (const value of info.node ? returnedExpressions(info.node) : []) {
    walk(value, {
      enter(node) {
        if (node.kind === 'call') return node.arguments.length > 0 ? undefined : 'skip';
        if (node.kind === 'member' && isSelf(node.object, info.module)) found = true;
        return found ? 'skip' : undefined;
      },
      enterFunction: () => 'skip',
    });
  }
  return found;
}

function prefixMark(path: string, marks: ReadonlyMap<string, 'model' | 'tool'>): 'model' | 'tool' | undefined {
  let cut = path.lastIndexOf('.');
  while (cut > 0) {
    const hit = marks.get(path.slice(0, cut));
    if (hit) return hit;
    cut = path.lastIndexOf('.', cut - 1);
  }
  return undefined;
}

function markAssignedInside(
  body: readonly Statement[],
  by: 'model' | 'tool',
  markPattern: (target: unknown, by: 'model' | 'tool') => void,
): void {
  walk(body, {
    enter(node) {
      // A flag, not what some other call gives: that decides for itself.
      if (node.kind === 'assign' && !mentionsCall(node.value)) markPattern(node.target, by);
      return undefined;
    },
    enterFunction: () => 'skip',
  });
}

function mentionsCall(node: Expression): boolean {
  let found = false;
  walk(node, {
    enter(child) {
      if (child.kind === 'call') found = true;
      return found ? 'skip' : undefined;
    },
    enterFunction: () => 'skip',
  });
  return found;
}
