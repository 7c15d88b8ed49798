// A name for a variable that a fix adds: unused in the function that it stands in. Pure.
import type { FunctionNode, Module, Span } from '../program/model.ts';
import { walk } from '../program/walk.ts';

/** Names that fixes applied together have taken, with the function they stand in. */
export type TakenNames = Set<string>;

/** `wanted`, or it with a number; it is taken from then on. */
export function freshName(module: Module, at: Span, wanted: string, taken: TakenNames): string {
  const scope = functionAround(module, at)?.span;
  const used = namesIn(module, scope);
  const claim = (name: string): string => `${module.path}@${scope?.[0] ?? ''} ${name}`;
  let name = wanted;
  for (let number = 2; used.has(name) || taken.has(claim(name)); number++) name = `${wanted}${number}`;
  taken.add(claim(name));
  return name;
}

function functionAround(module: Module, at: Span): FunctionNode | undefined {
  let found: FunctionNode | undefined;
  walk(module.body, {
    enterFunction(fn) {
      if (fn.span[0] > at[0] || fn.span[1] < at[1]) return 'skip';
      found = fn;
      return undefined;
    },
  });
  return found;
}

/** Names written in a span, or anywhere: bound there, or used there and bound outside. */
function namesIn(module: Module, scope: Span | undefined): Set<string> {
  const names = new Set<string>();
  walk(module.body, {
    enter(node) {
      if (scope && (node.span[1] <= scope[0] || node.span[0] >= scope[1])) return 'skip';
      if (node.kind === 'name') names.add(node.name);
      else if (node.kind === 'class' || node.kind === 'classExpression') names.add(node.class.name);
      return undefined;
    },
    enterFunction(fn) {
      names.add(fn.name);
      return undefined;
    },
  });
  for (const one of module.imports) names.add(one.local);
  return names;
}
