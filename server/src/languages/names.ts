// The names that a module binds anywhere: what a new import must not collide with. It must not know scopes.
import type { AnyNode, FunctionNode, Module, Pattern } from '../program/model.ts';
import { walk } from '../program/walk.ts';

export function boundNames(module: Module): Set<string> {
  const names = new Set<string>();
  for (const one of module.imports) if (one.local !== '') names.add(one.local);
  walk(module.body, {
    enter(node) {
      noteNames(node, names);
      return undefined;
    },
    enterFunction(fn) {
      noteParameters(fn, names);
      return undefined;
    },
  });
  return names;
}

function noteNames(node: AnyNode, names: Set<string>): void {
  switch (node.kind) {
    case 'declare':
    case 'assign':
      noteTargets(node.target, names);
      return;
    case 'loop':
      if (node.target) noteTargets(node.target, names);
      return;
    case 'try':
      for (const handler of node.handlers) if (handler.parameter) noteTargets(handler.parameter, names);
      return;
    case 'comprehension':
      for (const clause of node.clauses) noteTargets(clause.target, names);
      return;
    case 'function':
    case 'functionExpression':
      names.add(node.function.name);
      return;
    case 'class':
    case 'classExpression':
      names.add(node.class.name);
      return;
    default:
  }
}

function noteParameters(fn: FunctionNode, names: Set<string>): void {
  for (const parameter of fn.parameters) noteTargets(parameter.target, names);
}

function noteTargets(pattern: Pattern, names: Set<string>): void {
  if (pattern.kind === 'name') names.add(pattern.name);
  else if (pattern.kind === 'listPattern') for (const item of pattern.items) item && noteTargets(item.target, names);
  else if (pattern.kind === 'objectPattern') {
    for (const entry of pattern.entries) noteTargets(entry.target, names);
    if (pattern.rest) noteTargets(pattern.rest, names);
  }
}
