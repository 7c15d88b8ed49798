// Work that fails and is put back on the list that it was taken from, in loops too long to follow every way round:
// what stands around the call that puts it back tells whether anything counts.
import type { Loop } from '../../graph/model.ts';
import { linear, methodChanges, pathOf } from '../../program/access.ts';
import type { AnyNode, CallExpression, Expression, LoopStatement, Module, Statement } from '../../program/model.ts';
import { nameOf } from '../../program/quantity.ts';
import { type Binding, type FunctionInfo, indexOf } from '../../program/scope.ts';
import { walk } from '../../program/walk.ts';
import type { Reader } from '../reading.ts';
import { asksPerson } from './bounds.ts';
import { leaves } from './work.ts';

/** Where a turn of the loop puts its own item back without a limit. */
export function pushBacks(
  loop: LoopStatement,
  info: FunctionInfo,
  base: Pick<Loop, 'framework' | 'name' | 'steps' | 'body' | 'witness'>,
  reader: Reader,
): Loop[] {
  const { module } = info;
  const inside = info.calls.filter(call => call.span[0] >= loop.span[0] && call.span[1] <= loop.span[1]);
  const taken = takenItems(inside, module);
  const found: Loop[] = [];
  for (const call of inside) {
    const list = call.callee.kind === 'member' ? pathOf(at(call.callee.object, module)) : undefined;
    const item = list === undefined ? undefined : taken.get(list);
    if (!item || !methodChanges(call, module, undefined).some(change => change.how === 'grow')) continue;
    const given = call.arguments.map(argument => argument.value);
    const counter = given.map(value => countedOn(value, item, module)).find(key => key !== undefined);
    const around = surroundings(call, loop, module);
    const same = given.some(value => isItem(value, item, module));
    if (counter === undefined ? !same || !around.caught : false) continue;
    if (
      around.conditions.some(test => limitsAttempts(test, counter)) ||
      [...around.before, ...around.conditions].some(one => asks(one, module, reader))
    )
      continue;
    const head = call.callee.span;
    found.push({
      ...base,
      id: `${module.path}@putBack${call.span[0]}`,
      shape: 'retry',
      place: { path: module.path, span: head },
      witness: [
        ...base.witness,
        { path: module.path, span: head, message: 'what failed is put back here, and the loop takes it again' },
      ],
      controller: around.caught ? 'exception' : 'model',
      coverage: counter === undefined ? 'missing' : 'ineffective',
      reason:
        counter === undefined
          ? 'what fails is put back on the list'
          : `${counter} is counted and passed on, but no way to here checks it`,
      rounds: 'endless',
      bounds: [],
      sure: true,
      fixes: [],
    });
  }
  return found;
}

function at(node: Expression, module: Module): { node: Expression; module: Module; env: undefined } {
  return { node, module, env: undefined };
}

/** Variables that hold what was taken off a list, by the list's path. */
function takenItems(calls: readonly CallExpression[], module: Module): Map<string, Binding> {
  const index = indexOf(module);
  const found = new Map<string, Binding>();
  for (const call of calls) {
    if (call.callee.kind !== 'member' || !/^(pop|shift|popleft|get|get_nowait|dequeue)$/.test(call.callee.property))
      continue;
    const list = pathOf(at(call.callee.object, module));
    let holder: AnyNode | undefined = index.parent(call);
    while (holder?.kind === 'await') holder = index.parent(holder);
    const target = holder?.kind === 'declare' || holder?.kind === 'assign' ? holder.target : undefined;
    const binding = target?.kind === 'name' ? index.lookup(target.name, target) : undefined;
    if (list !== undefined && binding) found.set(list, binding);
  }
  return found;
}

function isItem(node: Expression, item: Binding, module: Module): boolean {
  return node.kind === 'name' && indexOf(module).lookup(node.name, node) === item;
}

/** The field of an item that goes back raised: `{ job: item.job, attempt: (item.attempt ?? 0) + 1 }`. */
function countedOn(node: Expression, item: Binding, module: Module): string | undefined {
  if (node.kind !== 'object') return undefined;
  for (const entry of node.entries) {
    if (entry.kind !== 'entry') continue;
    const raised = linear(at(entry.value, module), () => false);
    if (raised && raised.offset > 0 && raised.path === `b${item.id}.${entry.key}`) return entry.key;
  }
  return undefined;
}

interface Surroundings {
  /** Conditions that held on every way to here within the loop. */
  readonly conditions: readonly Expression[];
  /** Statements that ran before it on every way. */
  readonly before: readonly Statement[];
  /** It stands in a handler of exceptions. */
  readonly caught: boolean;
}

function surroundings(call: CallExpression, loop: LoopStatement, module: Module): Surroundings {
  const index = indexOf(module);
  const conditions: Expression[] = loop.test ? [loop.test] : [];
  const before: Statement[] = [];
  let caught = false;
  let child: AnyNode = call;
  for (let node = index.parent(call); node; child = node, node = index.parent(node)) {
    if (node.kind === 'if') conditions.push(node.test);
    if (node.kind === 'conditional') conditions.push(node.test);
    for (const list of listsOf(node)) {
      const place = list.indexOf(child as Statement);
      if (place < 0) continue;
      if (node.kind === 'try' && node.handlers.some(handler => handler.body === list)) caught = true;
      for (const statement of list.slice(0, place)) {
        before.push(statement);
        // `if (attempt > 3) throw error;`
        if (statement.kind === 'if' && (leaves(statement.then) || leaves(statement.otherwise)))
          conditions.push(statement.test);
      }
    }
    if (node === loop) break;
  }
  return { conditions, before, caught };
}

function listsOf(node: AnyNode): (readonly Statement[])[] {
  switch (node.kind) {
    case 'if':
      return [node.then, node.otherwise];
    case 'loop':
    case 'block':
      return [node.body];
    case 'switch':
      return node.cases.map(one => one.body);
    case 'try':
      return [node.body, node.otherwise, node.finalizer, ...node.handlers.map(handler => handler.body)];
    default:
      return [];
  }
}

/** Sets the counter, or what is named like one, against something. */
function limitsAttempts(test: Expression, counter: string | undefined): boolean {
  let found = false;
  walk(test, {
    enter(node) {
      if (node.kind === 'binary' && /^([<>]=?|[=!]=)$/.test(node.operator)) {
        const text = `${nameOf(node.left)} ${nameOf(node.right)}`;
        if (
          (counter !== undefined && text.includes(counter)) ||
          /attempt|retr|tries|count|max|limit|budget/i.test(text)
        )
          found = true;
      }
      // `if (!canRetry(item))`
      if (node.kind === 'call' && /retr|attempt|limit|exhaust|expired|give_?up/i.test(nameOf(node.callee)))
        found = true;
      return found ? 'skip' : undefined;
    },
    enterFunction: () => 'skip',
  });
  return found;
}

/** Waits for a person; a statement not only under a condition of its own. */
function asks(node: Statement | Expression, module: Module, reader: Reader): boolean {
  if (node.kind === 'if' || node.kind === 'loop' || node.kind === 'switch' || node.kind === 'try') return false;
  let found = false;
  walk(node, {
    enter(child) {
      if (child.kind === 'call')
        found ||= reader.effect(child, module)?.effect === 'human' || asksPerson(child, module, reader);
      return found ? 'skip' : undefined;
    },
    enterFunction: () => 'skip',
  });
  return found;
}
