// Lists and texts that grow on every turn of a loop, and whether anything cuts them back.
import type { Growth, Loop } from '../../graph/model.ts';
import { pathOf } from '../../program/access.ts';
import type { Expression, LoopStatement, Module } from '../../program/model.ts';
import { calleeName, nameOf } from '../../program/quantity.ts';
import { type FunctionInfo, indexOf } from '../../program/scope.ts';
import { walk } from '../../program/walk.ts';
import type { Way } from '../../program/ways.ts';
import type { Reader } from '../reading.ts';
import { boundGrowthFixes } from './fixes.ts';

const trimming =
  /^(trim\w*|truncate\w*|summari[sz]e\w*|compact\w*|prune\w*|keepLast|keepFirstAndLast|keep_last|keep_first_and_last|sliding\w*|window\w*|limit\w*|shrink\w*|condense\w*|compress\w*)$/i;

/** What grows on the ways round a loop. */
export function growthsOf(
  loop: Loop,
  statement: LoopStatement,
  info: FunctionInfo,
  ways: readonly Way[],
  reader: Reader,
): Growth[] {
  const module = info.module;
  const again = ways.filter(way => way.end.kind === 'again');
  const grown = new Map<string, { node: Expression; name: string }>();
  for (const way of again) {
    for (const change of way.changes) {
      if (change.how !== 'grow' || change.module !== module) continue;
      const target =
        change.node.kind === 'call' && change.node.callee.kind === 'member'
          ? change.node.callee.object
          : change.node.kind === 'assign'
            ? (change.node.target as Expression)
            : change.node;
      const part =
        pathOf({ node: target, module, env: undefined }) === change.path ? '' : partOf(change.node, change.path);
      if (part === undefined || !isOutside(target, statement, module)) continue;
      if (part === '' && !isCollection(change.node, target, module)) continue;
      if (!grown.has(change.path)) grown.set(change.path, { node: change.node, name: `${nameOf(target)}${part}` });
    }
  }
  const found: Growth[] = [];
  for (const [path, { node, name }] of grown) {
    const cut = trimOf(path, again, statement, module);
    const fed = promptPlaces(path, statement, module, reader);
    found.push({
      field: name,
      place: { path: module.path, span: node.span },
      within: loop.id,
      feedsPrompt: fed.length > 0 || feedsIndirectly(path, statement, module, reader),
      trimmedBy: cut,
      framework: 'plain',
      fixes: boundGrowthFixes(fed, name, module),
    });
  }
  return found;
}

/** `.log` where an object is set to itself with a longer part: `state = { ...state, log: [...state.log, x] }`. */
function partOf(node: Expression, path: string): string | undefined {
  const key = path.slice(path.lastIndexOf('.') + 1);
  const value = node.kind === 'assign' && node.operator === '=' ? node.value : undefined;
  if (value?.kind !== 'object') return undefined;
  return value.entries.some(entry => entry.kind === 'entry' && entry.key === key) ? `.${key}` : undefined;
}

/** Declared before the loop: it lives on from turn to turn. */
function isOutside(target: Expression, loop: LoopStatement, module: Module): boolean {
  let root: Expression = target;
  while (root.kind === 'member' || root.kind === 'index') root = root.object;
  if (root.kind !== 'name') return false;
  if (root.name === 'this' || root.name === 'self') return true;
  const binding = indexOf(module).lookup(root.name, root);
  if (!binding) return false;
  return !binding.writes.some(
    write =>
      (write.how === 'declare' || write.how === 'each') &&
      write.node.span[0] >= loop.span[0] &&
      write.node.span[1] <= loop.span[1],
  );
}

function isCollection(node: Expression, target: Expression, module: Module): boolean {
  if (node.kind === 'call')
    return (
      node.callee.kind === 'member' &&
      /^(push|append|unshift|extend|insert|addMessage|addMessages|add_message)$/.test(node.callee.property)
    );
  if (node.kind !== 'assign') return false;
  if (node.value.kind === 'list' || node.value.kind === 'call') return true;
  // `text += answer`: a string that started as one.
  const binding = target.kind === 'name' ? indexOf(module).lookup(target.name, target) : undefined;
  const start = binding?.writes.find(write => write.how === 'declare')?.value;
  return start?.kind === 'template' || (start?.kind === 'literal' && typeof start.value === 'string');
}

/** What cuts the place back on a way round: a shorter copy, `splice`, `shift`, a length check that does. */
function trimOf(path: string, ways: readonly Way[], loop: LoopStatement, module: Module): string | undefined {
  for (const way of ways) {
    for (const change of way.changes) {
      if (
        change.path === `${path}.length` &&
        (change.how === 'down' || change.how === 'shrink' || change.how === 'set')
      )
        return nameOf(change.node);
      if (change.path === path && change.how === 'set') return 'an assignment';
    }
  }
  let found: string | undefined;
  walk(loop, {
    enter(node) {
      if (node.kind === 'call') {
        const name = calleeName(node.callee);
        const mentions = node.arguments.some(argument => mentionsPath(argument.value, path, module));
        if (trimming.test(name) && mentions) found ??= name;
        // Only a window of it goes into the prompt.
        if (
          /^(slice|at)$/.test(name) &&
          node.callee.kind === 'member' &&
          pathOf({ node: node.callee.object, module, env: undefined }) === path
        ) {
          const from = node.arguments[0]?.value;
          if (from?.kind === 'unary' && from.operator === '-') found ??= `${name}(${nameOf(from)})`;
        }
      }
      if (
        node.kind === 'binary' &&
        /^[<>]=?$/.test(node.operator) &&
        (mentionsPath(node.left, path, module) || mentionsPath(node.right, path, module)) &&
        isLength(node.left, node.right)
      ) {
        found ??= 'a check of its length';
      }
      return undefined;
    },
  });
  return found;
}

function isLength(left: Expression, right: Expression): boolean {
  const is = (e: Expression): boolean =>
    (e.kind === 'member' && /^(length|size)$/.test(e.property)) ||
    (e.kind === 'call' && e.callee.kind === 'name' && e.callee.name === 'len');
  return is(left) || is(right);
}

function mentionsPath(node: Expression, path: string, module: Module): boolean {
  let found = false;
  walk(node, {
    enter(child) {
      if (found) return 'skip';
      if (
        (child.kind === 'name' || child.kind === 'member') &&
        pathOf({ node: child, module, env: undefined }) === path
      )
        found = true;
      return undefined;
    },
  });
  return found;
}

/** True if the whole object that holds the place is given: `graph.invoke(state)` of `state.messages`. */
function givesHolder(node: Expression, path: string, module: Module): boolean {
  if (node.kind !== 'name' || !path.includes('.')) return false;
  const holder = pathOf({ node, module, env: undefined });
  return holder !== undefined && holder !== 'this' && path.startsWith(`${holder}.`);
}

/** Where the place itself is given to a model call in the loop. */
function promptPlaces(path: string, loop: LoopStatement, module: Module, reader: Reader): Expression[] {
  const found: Expression[] = [];
  eachPrompt(loop, module, reader, argument => {
    walk(argument, {
      enter(child) {
        if (
          (child.kind !== 'name' && child.kind !== 'member') ||
          pathOf({ node: child, module, env: undefined }) !== path
        ) {
          return undefined;
        }
        found.push(child);
        return 'skip';
      },
      enterFunction: () => 'skip',
    });
  });
  return found;
}

function feedsIndirectly(path: string, loop: LoopStatement, module: Module, reader: Reader): boolean {
  let found = false;
  eachPrompt(loop, module, reader, argument => {
    found ||= givesHolder(argument, path, module) || mentionsDeep(argument, path, module, 0);
  });
  return found;
}

function eachPrompt(loop: LoopStatement, module: Module, reader: Reader, visit: (argument: Expression) => void): void {
  walk(loop, {
    enter(node) {
      if (node.kind === 'call' && reader.costs(node, module))
        for (const argument of node.arguments) visit(argument.value);
      return undefined;
    },
    enterFunction: () => 'skip',
  });
}

/** True if `node` holds the place, itself or through constants made before: `const prompt = history.join()`. */
export function mentionsDeep(node: Expression, path: string, module: Module, depth: number): boolean {
  if (mentionsPath(node, path, module)) return true;
  if (depth > 3) return false;
  let found = false;
  walk(node, {
    enter(child) {
      if (found) return 'skip';
      if (child.kind === 'name') {
        const binding = indexOf(module).lookup(child.name, child);
        const write = binding?.kind === 'variable' && binding.writes.length === 1 ? binding.writes[0] : undefined;
        if (write?.value && write.how !== 'each' && mentionsDeep(write.value, path, module, depth + 1)) found = true;
      }
      return undefined;
    },
    enterFunction: () => 'skip',
  });
  return found;
}
