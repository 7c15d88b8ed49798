// Limits that a loop meets further down than its ways are followed: `if (this.steps > this.maxSteps) throw …` in what it
// calls. They are not proven to hold, so they bound nothing; they only make it doubtful that nothing does.
import type { CallExpression, Expression } from '../../program/model.ts';
import { nameOf } from '../../program/quantity.ts';
import { type FunctionInfo, indexOf } from '../../program/scope.ts';
import type { In } from '../../program/values.ts';
import { walk } from '../../program/walk.ts';
import type { Place } from '../../rules/finding.ts';
import type { Reader } from '../reading.ts';

const depthLimit = 7;
const functionLimit = 300;

/** Where something that the calls run stops with an error at a limit of its own, if anything does. */
export function limitBelow(
  calls: readonly In<CallExpression>[],
  reader: Reader,
): { readonly place: Place; readonly text: string } | undefined {
  let level = calls.flatMap(call => {
    const known = reader.callees(call.node, call.module);
    // Of a method that is not resolved the name has to do: `runner.nextStep()` of a runner that comes from outside.
    return known.length > 0 || call.node.callee.kind !== 'member'
      ? known
      : reader.methodsNamed(call.node.callee.property);
  });
  const seen = new Set<FunctionInfo>(level);
  for (let depth = 0; depth < depthLimit && level.length > 0; depth++) {
    const next: FunctionInfo[] = [];
    for (const info of level) {
      const test = ownLimit(info);
      if (test) return { place: { path: info.module.path, span: test.span }, text: nameOf(test) };
      if (seen.size > functionLimit) continue;
      for (const call of info.calls) {
        for (const target of reader.callees(call, info.module)) {
          if (seen.has(target)) continue;
          seen.add(target);
          next.push(target);
        }
      }
    }
    level = next;
  }
  return undefined;
}

const known = new WeakMap<FunctionInfo, Expression | 'none'>();

/** The condition on which the function's own body throws, or what it answers, if that sets a count against a limit. */
function ownLimit(info: FunctionInfo): Expression | undefined {
  let found = known.get(info);
  if (found === undefined) {
    found = 'none';
    walk(info.node?.body ?? [], {
      enter(node) {
        if (found !== 'none') return 'skip';
        if (node.kind === 'if' && node.then.at(-1)?.kind === 'raise') found = comparison(node.test, info) ?? 'none';
        if (node.kind === 'return' && node.value) found = comparison(node.value, info) ?? 'none';
        return undefined;
      },
      enterFunction: () => 'skip',
    });
    known.set(info, found);
  }
  return found === 'none' ? undefined : found;
}

const counted = /iter|turn|step|round|count|cost|calls|token|usage|spent|request/i;
const attempts = /retr|attempt|tries/i;
const leftOver = /(^|\.|_)(remaining|left)$|(Remaining|Left)$/;
const limits = /max|limit|budget|cap|quota|allowed/i;

function comparison(test: Expression, info: FunctionInfo): Expression | undefined {
  if (test.kind === 'logical') return comparison(test.left, info) ?? comparison(test.right, info);
  if (test.kind !== 'binary' || !/^[<>]=?$/.test(test.operator)) return undefined;
  const is = (one: Expression, other: Expression): boolean => {
    const name = nameOf(one);
    if (leftOver.test(name) && other.kind === 'literal' && one.kind === 'member') return true;
    return lasts(one, info) && counted.test(name) && !attempts.test(name) && limits.test(nameOf(other));
  };
  return is(test.left, test.right) || is(test.right, test.left) ? test : undefined;
}

/** A local variable counts within one call only. */
function lasts(node: Expression, info: FunctionInfo): boolean {
  if (node.kind !== 'name') return node.kind !== 'literal';
  return indexOf(info.module).lookup(node.name, node)?.kind === 'parameter';
}
