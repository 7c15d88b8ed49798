// Walks the neutral code model: every statement, expression and pattern exactly once, in source order.
// It must not know scopes, parsers or frameworks.
import type { AnyNode, ClassMember, ClassNode, FunctionNode, Module, Parameter } from './model.ts';

/** Called for a direct child; `parent` is the node that holds it. */
export type ChildVisitor = (child: AnyNode, parent: AnyNode) => void;

/**
 * Called for a function that a node holds: of a `function` statement, a `functionExpression`, or a method of a class
 * (`member` is then given). Functions have no `kind`, so they are not children themselves.
 */
export type FunctionVisitor = (fn: FunctionNode, parent: AnyNode, member: ClassMember | undefined) => void;

export interface Visitor {
  /** Before the children; `'skip'` leaves them out (and `leave` is not called). */
  enter?(node: AnyNode, parent: AnyNode | undefined): 'skip' | undefined;
  /** After the children. */
  leave?(node: AnyNode, parent: AnyNode | undefined): void;
  /** Before the decorators, parameters and body of a function; `'skip'` leaves them out. */
  enterFunction?(fn: FunctionNode, parent: AnyNode, member: ClassMember | undefined): 'skip' | undefined;
  leaveFunction?(fn: FunctionNode, parent: AnyNode, member: ClassMember | undefined): void;
}

/**
 * Visits the direct children of a node in source order. A function's and a class's parts count as children of the node that
 * holds it, unless `visitFunction` is given: then it gets each function instead, and goes into it (`eachChildOfFunction`) or not.
 */
export function eachChild(node: AnyNode, visit: ChildVisitor, visitFunction?: FunctionVisitor): void {
  switch (node.kind) {
    case 'literal':
    case 'name':
    case 'break':
    case 'continue':
    case 'scope':
      return;
    case 'member':
      visit(node.object, node);
      return;
    case 'call': {
      visit(node.callee, node);
      each(node.typeArguments, node, visit);
      for (let i = 0; i < node.arguments.length; i++) visit(node.arguments[i]!.value, node);
      return;
    }
    case 'expression':
      visit(node.expression, node);
      return;
    case 'declare':
      visit(node.target, node);
      if (node.annotation) visit(node.annotation, node);
      if (node.value) visit(node.value, node);
      return;
    case 'assign':
      visit(node.target, node);
      if (node.annotation) visit(node.annotation, node);
      visit(node.value, node);
      return;
    case 'return':
    case 'raise':
    case 'yield':
      if (node.value) visit(node.value, node);
      return;
    case 'await':
    case 'spread':
      visit(node.value, node);
      return;
    case 'binary':
    case 'logical':
      visit(node.left, node);
      visit(node.right, node);
      return;
    case 'unary':
      visit(node.operand, node);
      return;
    case 'index':
      visit(node.object, node);
      visit(node.index, node);
      return;
    case 'conditional':
      visit(node.test, node);
      visit(node.then, node);
      visit(node.otherwise, node);
      return;
    case 'template':
      each(node.values, node, visit);
      return;
    case 'list':
      each(node.items, node, visit);
      return;
    case 'opaque':
      each(node.children, node, visit);
      return;
    case 'object':
      for (let i = 0; i < node.entries.length; i++) {
        const entry = node.entries[i]!;
        if (entry.kind === 'entry' && entry.computed) visit(entry.computed, node);
        visit(entry.value, node);
      }
      return;
    case 'function':
    case 'functionExpression':
      if (visitFunction) visitFunction(node.function, node, undefined);
      else eachChildOfFunction(node.function, node, visit);
      return;
    case 'class':
    case 'classExpression':
      eachChildOfClass(node.class, node, visit, visitFunction);
      return;
    case 'if':
      visit(node.test, node);
      each(node.then, node, visit);
      each(node.otherwise, node, visit);
      return;
    case 'loop':
      if (node.form === 'doWhile') {
        each(node.body, node, visit);
        if (node.test) visit(node.test, node);
        return;
      }
      each(node.init, node, visit);
      if (node.test) visit(node.test, node);
      each(node.update, node, visit);
      if (node.target) visit(node.target, node);
      if (node.iterable) visit(node.iterable, node);
      each(node.body, node, visit);
      each(node.otherwise, node, visit);
      return;
    case 'switch':
      visit(node.subject, node);
      for (const one of node.cases) {
        each(one.tests, node, visit);
        each(one.body, node, visit);
      }
      return;
    case 'try':
      each(node.body, node, visit);
      for (const handler of node.handlers) {
        each(handler.types, node, visit);
        if (handler.parameter) visit(handler.parameter, node);
        each(handler.body, node, visit);
      }
      each(node.otherwise, node, visit);
      each(node.finalizer, node, visit);
      return;
    case 'block':
      each(node.header, node, visit);
      each(node.body, node, visit);
      return;
    case 'comprehension':
      each(node.elements, node, visit);
      for (const clause of node.clauses) {
        visit(clause.target, node);
        visit(clause.iterable, node);
        each(clause.conditions, node, visit);
      }
      return;
    case 'objectPattern':
      for (const entry of node.entries) {
        if (entry.computed) visit(entry.computed, node);
        visit(entry.target, node);
        if (entry.defaultValue) visit(entry.defaultValue, node);
      }
      if (node.rest) visit(node.rest, node);
      return;
    case 'listPattern':
      for (const item of node.items) {
        if (!item) continue;
        visit(item.target, node);
        if (item.defaultValue) visit(item.defaultValue, node);
      }
      return;
    default:
      node satisfies never;
  }
}

/** Decorators, parameters (pattern, annotation, default), return annotation and body of a function that `parent` holds. */
export function eachChildOfFunction(fn: FunctionNode, parent: AnyNode, visit: ChildVisitor): void {
  for (let i = 0; i < fn.decorators.length; i++) visit(fn.decorators[i]!.expression, parent);
  for (let i = 0; i < fn.parameters.length; i++) eachChildOfParameter(fn.parameters[i]!, parent, visit);
  if (fn.returns) visit(fn.returns, parent);
  each(fn.body, parent, visit);
}

function eachChildOfParameter(parameter: Parameter, parent: AnyNode, visit: ChildVisitor): void {
  if (parameter.decorators) for (const decorator of parameter.decorators) visit(decorator.expression, parent);
  visit(parameter.target, parent);
  if (parameter.annotation) visit(parameter.annotation, parent);
  if (parameter.defaultValue) visit(parameter.defaultValue, parent);
}

/** Decorators, bases and members of a class that `parent` holds; methods go to `visitFunction` where it is given. */
export function eachChildOfClass(
  node: ClassNode,
  parent: AnyNode,
  visit: ChildVisitor,
  visitFunction?: FunctionVisitor,
): void {
  for (const decorator of node.decorators) visit(decorator.expression, parent);
  each(node.bases, parent, visit);
  for (const member of node.members) {
    if (member.kind === 'statement') {
      visit(member.statement, parent);
      continue;
    }
    if (member.computed) visit(member.computed, parent);
    if (member.kind === 'method') {
      if (visitFunction) visitFunction(member.function, parent, member);
      else eachChildOfFunction(member.function, parent, visit);
      continue;
    }
    if (member.decorators) for (const decorator of member.decorators) visit(decorator.expression, parent);
    if (member.annotation) visit(member.annotation, parent);
    if (member.value) visit(member.value, parent);
  }
}

/** The direct children of a node as an array. For hot paths use `eachChild`. */
export function children(node: AnyNode): AnyNode[] {
  const found: AnyNode[] = [];
  eachChild(node, child => {
    found.push(child);
  });
  return found;
}

/** Walks a node, or a list of statements, with everything below it. */
export function walk(root: AnyNode | readonly AnyNode[], visitor: Visitor): void {
  const visit = (node: AnyNode, parent: AnyNode | undefined): void => {
    if (visitor.enter?.(node, parent) === 'skip') return;
    eachChild(node, visit, visitFunction);
    visitor.leave?.(node, parent);
  };
  const visitFunction: FunctionVisitor | undefined =
    visitor.enterFunction || visitor.leaveFunction
      ? (fn, parent, member) => {
          if (visitor.enterFunction?.(fn, parent, member) === 'skip') return;
          eachChildOfFunction(fn, parent, visit);
          visitor.leaveFunction?.(fn, parent, member);
        }
      : undefined;
  if ('kind' in root) visit(root, undefined);
  else for (const node of root) visit(node, undefined);
}

/** Every function of a module in source order, outer before inner; `member` is given for the methods of a class. */
export function eachFunction(
  module: Module,
  visit: (fn: FunctionNode, parent: AnyNode, member: ClassMember | undefined) => void,
): void {
  walk(module.body, {
    enterFunction(fn, parent, member) {
      visit(fn, parent, member);
      return undefined;
    },
  });
}

function each(nodes: readonly AnyNode[], parent: AnyNode, visit: ChildVisitor): void {
  for (let i = 0; i < nodes.length; i++) visit(nodes[i]!, parent);
}
