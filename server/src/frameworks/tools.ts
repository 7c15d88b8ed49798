// Reads lists and records of tools: what one turn that calls the dearest of them costs.
// It must not know any framework: the keys that hold a tool's code are handed in.
import { nothing, type Work } from '../graph/model.ts';
import type { Expression, ObjectExpression } from '../program/model.ts';
import { nameOf } from '../program/quantity.ts';
import type { In, Value } from '../program/values.ts';
import type { Place } from '../rules/finding.ts';
import { allOf, oneOf, workOfCallable } from './plain/work.ts';
import type { Reader } from './reading.ts';

/** What is known of the tools of an agent. */
export interface Tools {
  /** Work of the dearest one. */
  readonly work: Work;
  /** There is one, or there may be. */
  readonly some: boolean;
}

/** Work of a tool that is no function or options object: an agent as a tool, for one. */
export type ReadTool = (value: Value, place: Place) => Work | undefined;

const depthLimit = 4;

/** Tools given as an array or a record; `keys` name the option that holds a tool's code (`execute`, `run`). */
export function toolsOf(
  given: In<Expression> | undefined,
  keys: readonly string[],
  reader: Reader,
  read: ReadTool = () => undefined,
): Tools {
  if (!given) return { work: nothing, some: false };
  const works = collect(given, keys, reader, read, 0);
  return { work: oneOf(works), some: works.length > 0 };
}

function collect(
  given: In<Expression>,
  keys: readonly string[],
  reader: Reader,
  read: ReadTool,
  depth: number,
): Work[] {
  const values = reader.resolver.values(given.node, given.module);
  const place: Place = { path: given.module.path, span: given.node.span };
  if (values.length === 0 || depth > depthLimit) return [{ do: 'tool', place, what: nameOf(given.node) }];
  return values.flatMap(value => {
    if (value.kind === 'list') {
      return value.node.items.flatMap(item =>
        item.kind === 'spread'
          ? collect({ node: item.value, module: value.module }, keys, reader, read, depth + 1)
          : [oneTool({ node: item, module: value.module }, keys, reader, read)],
      );
    }
    if (value.kind === 'object') {
      return value.node.entries.flatMap(entry =>
        entry.kind === 'spread'
          ? collect({ node: entry.value, module: value.module }, keys, reader, read, depth + 1)
          : [oneTool({ node: entry.value, module: value.module }, keys, reader, read)],
      );
    }
    if (value.kind === 'constant') return [];
    return [{ do: 'tool' as const, place, what: nameOf(given.node) }];
  });
}

function oneTool(item: In<Expression>, keys: readonly string[], reader: Reader, read: ReadTool): Work {
  const place: Place = { path: item.module.path, span: item.node.span };
  const own: Work = { do: 'tool', place, what: nameOf(item.node) };
  const works: Work[] = [];
  for (const value of reader.resolver.values(item.node, item.module)) {
    const special = read(value, place);
    if (special) works.push(special);
    else if (value.kind === 'function') works.push(workOfCallable(item.node, item.module, reader));
    else if (value.kind === 'object') works.push(codeOf(value, keys, reader));
    else if (value.kind === 'external') {
      const made = value.chain.at(-1);
      for (const argument of made?.node.arguments ?? []) {
        if (argument.value.kind === 'functionExpression') {
          works.push(workOfCallable(argument.value, made!.module, reader));
          continue;
        }
        for (const inner of reader.resolver.values(argument.value, made!.module)) {
          if (inner.kind === 'object') works.push(codeOf(inner, keys, reader));
          else if (inner.kind === 'function') works.push(workOfCallable(argument.value, made!.module, reader));
        }
      }
    }
  }
  return allOf([own, oneOf(works)]);
}

/** Work of the code in a tool's options; the code may stand one object deeper (`{ type, function: { function } }`). */
function codeOf(object: In<ObjectExpression>, keys: readonly string[], reader: Reader, depth = 0): Work {
  const works: Work[] = [];
  for (const key of keys) {
    const code = reader.resolver.entry(object, key);
    if (!code) continue;
    const values = reader.resolver.values(code.node, code.module);
    const inner = values.find(value => value.kind === 'object');
    if (inner && depth === 0) works.push(codeOf(inner, keys, reader, 1));
    else works.push(workOfCallable(code.node, code.module, reader));
  }
  return oneOf(works);
}

/** Work of the callbacks among some options (`prepareStep`, `onStepFinish`): each runs once a turn. */
export function callbacksOf(objects: readonly In<ObjectExpression>[], reader: Reader): Work {
  const works: Work[] = [];
  for (const object of objects) {
    for (const entry of object.node.entries) {
      if (entry.kind !== 'entry' || entry.key === 'tools' || !mayBeFunction(entry.value)) continue;
      works.push(workOfCallable(entry.value, object.module, reader));
    }
  }
  return allOf(works);
}

function mayBeFunction(node: Expression): boolean {
  return node.kind === 'functionExpression' || node.kind === 'name' || node.kind === 'member';
}
