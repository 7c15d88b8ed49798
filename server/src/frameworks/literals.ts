// Reads what adapters need out of expressions: names, labels, options with their meaning as a limit.
import type { Bound } from '../graph/model.ts';
import type { CallExpression, Expression, Module } from '../program/model.ts';
import { limitOf, nameOf, number, symbol } from '../program/quantity.ts';
import type { In, Resolver } from '../program/values.ts';
import type { Place } from '../rules/finding.ts';

/** Strings that an expression may stand for; undefined if some of it is not known. */
export function stringsOf(
  node: Expression,
  module: Module,
  resolver: Resolver,
): { strings: string[]; complete: boolean } {
  if (node.kind === 'conditional') {
    const a = stringsOf(node.then, module, resolver);
    const b = stringsOf(node.otherwise, module, resolver);
    return { strings: [...a.strings, ...b.strings], complete: a.complete && b.complete };
  }
  if (node.kind === 'list') {
    const parts = node.items.map(item => stringsOf(item, module, resolver));
    return { strings: parts.flatMap(part => part.strings), complete: parts.every(part => part.complete) };
  }
  const values = resolver.values(node, module);
  const strings: string[] = [];
  let complete = values.length > 0;
  for (const value of values) {
    if (value.kind === 'constant' && typeof value.value === 'string') strings.push(value.value);
    else if (value.kind === 'external' && /(:|\.)END$/.test(value.path)) strings.push('__end__');
    else if (value.kind === 'external' && /(:|\.)START$/.test(value.path)) strings.push('__start__');
    else if (value.kind === 'list') {
      const inner = stringsOf(value.node, value.module, resolver);
      strings.push(...inner.strings);
      complete &&= inner.complete;
    } else complete = false;
  }
  return { strings, complete };
}

/** An option that limits a run, read with its sentinels. */
export interface LimitOption {
  readonly bound: Bound | undefined;
  /** Written in the code, but it does nothing. */
  readonly disabled: string | undefined;
  readonly at: In<Expression>;
}

/**
 * Reads `name: value` as a limit. `unlimited` says which numbers mean none (`0` for AgentKit); Infinity and NaN always do.
 */
export function limitOption(
  name: string,
  at: In<Expression>,
  resolver: Resolver,
  unlimited: (value: number) => boolean,
): LimitOption {
  const place: Place = { path: at.module.path, span: at.node.span };
  const limit = limitOf({ node: at.node, module: at.module, env: undefined }, resolver);
  const bound = (text: string, quantity: Bound['limit'], configured: boolean): Bound => ({
    kind: 'frameworkLimit',
    limit: quantity,
    text,
    place,
    source: 'code',
    configured,
  });
  if (limit.kind === 'number') {
    if (!Number.isFinite(limit.value) || unlimited(limit.value))
      return { bound: undefined, disabled: `${name}: ${limit.value} means no limit`, at };
    // Turns are compared with it: a fraction lets one more begin.
    return { bound: bound(`${name} ${limit.value}`, number(Math.ceil(limit.value)), false), disabled: undefined, at };
  }
  if (limit.kind === 'config' && limit.canBeEndless)
    return { bound: undefined, disabled: `${name}: ${limit.name} can be Infinity`, at };
  return { bound: bound(`${name} ${nameOf(at.node)}`, symbol(limit.name), true), disabled: undefined, at };
}

/** The head of a call: what is called, not its arguments. */
export function headOf(call: CallExpression): Place['span'] {
  const callee = call.callee;
  if (callee.kind === 'member') return [callee.nameSpan[0], callee.nameSpan[1]];
  return callee.span;
}
