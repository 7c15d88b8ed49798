// Calls made side by side for each element of a list that a model wrote: its length is the model's choice.
// It must not judge: whether the place lies in a cycle is a question for the rule.
import type { FanOut, FixPlan } from '../../graph/model.ts';
import type { Expression, Module } from '../../program/model.ts';
import { asNumber, calleeName, nameOf } from '../../program/quantity.ts';
import { type FunctionInfo, indexOf } from '../../program/scope.ts';
import { walk } from '../../program/walk.ts';
import type { Place } from '../../rules/finding.ts';
import { headOf } from '../literals.ts';
import type { Reader } from '../reading.ts';
import { lengthOf } from './work.ts';

/** Elements that a fix lets through. */
const suggestedWidth = 10;

const together = /^(all|allSettled|any|race|gather)$/;
const perElement = /^(map|flatMap)$/;
const cutting = /^(slice|splice|take|islice|sample|sampleSize|head|first)$/;

export function fanOutsOf(info: FunctionInfo, reader: Reader): FanOut[] {
  const { module } = info;
  const found: FanOut[] = [];
  for (const call of info.calls) {
    const { callee } = call;
    if (callee.kind !== 'member' || !together.test(callee.property)) continue;
    if (!/^(Promise|asyncio)$/.test(nameOf(callee.object))) continue;
    for (const argument of call.arguments) {
      const branch = branchOf(argument.value, module, reader);
      if (!branch || asNumber(lengthOf(branch.list, module, reader)) !== undefined) continue;
      if (!comesFromModel(branch.list, module, reader)) continue;
      found.push({
        place: { path: module.path, span: branch.head },
        at: branch.at,
        list: nameOf(branch.list),
        name: info.name || '(anonymous)',
        framework: 'plain',
        fixes: cutFix(branch.list, module),
      });
    }
  }
  return found;
}

interface Branch {
  readonly list: Expression;
  /** Where the work of all elements stands. */
  readonly at: Place;
  readonly head: Place['span'];
}

/** `list.map(costly)`, `*[costly(x) for x in list]`, or a variable that holds one. */
function branchOf(node: Expression, module: Module, reader: Reader): Branch | undefined {
  if (node.kind === 'spread') return branchOf(node.value, module, reader);
  if (node.kind === 'call' && node.callee.kind === 'member' && perElement.test(node.callee.property)) {
    if (!reader.costs(node, module)) return undefined;
    return { list: node.callee.object, at: { path: module.path, span: node.span }, head: headOf(node) };
  }
  if (node.kind === 'comprehension') {
    const list = node.clauses[0]?.iterable;
    if (!list || !node.elements.some(element => costsInside(element, module, reader))) return undefined;
    return { list, at: { path: module.path, span: node.span }, head: list.span };
  }
  if (node.kind !== 'name') return undefined;
  const only = indexOf(module).lookup(node.name, node)?.writes;
  const value = only?.length === 1 ? only[0]!.value : undefined;
  if (value && isEmpty(value)) return startedIn(node.name, node, module, reader);
  return value && value.kind !== 'name' ? branchOf(value, module, reader) : undefined;
}

/** `for (const x of list) tasks.push(costly(x))`: what is started in a loop and awaited after it. */
function startedIn(name: string, at: Expression, module: Module, reader: Reader): Branch | undefined {
  const index = indexOf(module);
  const binding = index.lookup(name, at);
  for (const call of index.functionOf(at).calls) {
    const { callee } = call;
    if (callee.kind !== 'member' || !/^(push|append|add)$/.test(callee.property)) continue;
    if (callee.object.kind !== 'name' || index.lookup(callee.object.name, callee.object) !== binding) continue;
    const started = call.arguments[0]?.value;
    if (!started || !starts(started, module, reader)) continue;
    let around = index.parent(call);
    while (around && around.kind !== 'loop') around = index.parent(around);
    if (around?.kind !== 'loop' || around.form !== 'each' || !around.iterable) continue;
    return { list: around.iterable, at: { path: module.path, span: around.span }, head: around.head };
  }
  return undefined;
}

/** True for a costly call that nobody waits for yet, or a name that holds one. */
function starts(node: Expression, module: Module, reader: Reader): boolean {
  if (node.kind === 'name') {
    const writes = indexOf(module).lookup(node.name, node)?.writes ?? [];
    return writes.length === 1 && writes[0]!.value?.kind === 'call' && starts(writes[0]!.value, module, reader);
  }
  return node.kind === 'call' && costsInside(node, module, reader);
}

function costsInside(node: Expression, module: Module, reader: Reader): boolean {
  let found = false;
  walk(node, {
    enter(child) {
      if (child.kind === 'call' && reader.costs(child, module)) found = true;
      return found ? 'skip' : undefined;
    },
  });
  return found;
}

/** Whether a model's answer makes up the list, and nothing cuts it on the way. */
function comesFromModel(node: Expression, module: Module, reader: Reader, depth = 0): boolean {
  if (depth > 24) return false;
  const again = (next: Expression): boolean => comesFromModel(next, module, reader, depth + 1);
  switch (node.kind) {
    case 'name': {
      const writes = indexOf(module).lookup(node.name, node)?.writes ?? [];
      const values = writes.flatMap(write => (write.value && write.how !== 'each' ? [write.value] : []));
      // Of a list that is also set to something shorter nothing is claimed.
      return values.length > 0 && values.every(value => isEmpty(value) || again(value)) && values.some(again);
    }
    case 'await':
      return again(node.value);
    case 'member': {
      // A field or a part of the state, which another method may have set.
      const values = (indexOf(module).memberWrites.get(node.property) ?? []).map(write => write.value);
      if (values.some(again)) return values.every(value => isEmpty(value) || again(value));
      return again(node.object);
    }
    case 'index':
      return /^(literal|name)$/.test(node.index.kind) && again(node.object);
    case 'logical':
      return again(node.left);
    case 'call': {
      const { callee } = node;
      const name = calleeName(callee);
      if (cutting.test(name)) return false;
      // As many as there were before.
      if (callee.kind === 'member' && /^(map|filter|flatMap|sort|toSorted|reverse)$/.test(name))
        return again(callee.object);
      if (together.test(name)) return false;
      const targets = reader.resolver.targets(node, module);
      if (targets.length > 0 && reader.effect(node, module) === undefined)
        return targets.some(target =>
          returnsOf(target).some(value => comesFromModel(value, target.module, reader, depth + 1)),
        );
      if (reader.costs(node, module)) return true;
      // `JSON.parse(answer)`, `answer.split('\n')`.
      if (callee.kind === 'member' && /^(split|splitlines|trim|strip|matchAll|findall)$/.test(name))
        return again(callee.object);
      return /^(parse|loads|from|Array|list|safeParse)$/.test(name) && node.arguments.some(one => again(one.value));
    }
    default:
      return false;
  }
}

/** What a function of the program gives back: it may have cut the list already. */
function returnsOf(info: FunctionInfo): Expression[] {
  const found: Expression[] = [];
  walk(info.node?.body ?? [], {
    enter(node) {
      if (node.kind === 'return' && node.value) found.push(node.value);
      return undefined;
    },
    enterFunction: () => 'skip',
  });
  return found;
}

function isEmpty(node: Expression): boolean {
  return node.kind === 'list' && node.items.length === 0;
}

function cutFix(list: Expression, module: Module): FixPlan[] {
  if (!/^(name|member|call)$/.test(list.kind)) return [];
  const end = list.span[1];
  const text = module.language === 'python' ? `[:${suggestedWidth}]` : `.slice(0, ${suggestedWidth})`;
  return [
    {
      title: `Take the first ${suggestedWidth} of ${nameOf(list)}`,
      safe: false,
      rules: ['fan-out'],
      operations: [{ do: 'replace', path: module.path, at: [end, end], text }],
    },
  ];
}
