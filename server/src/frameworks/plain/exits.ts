// What code asks before it is left, found without following every way there: of code that is too long for that.
// It must not say what the answers mean.
import type { Expression, Module, Statement } from '../../program/model.ts';
import { calleeName, nameOf } from '../../program/quantity.ts';
import { walk } from '../../program/walk.ts';
import type { Reader } from '../reading.ts';

/** What is asked before the code is left: tests of branches that leave it, found without following the ways there. */
export function exitTests(body: readonly Statement[]): readonly Expression[] {
  const found: Expression[] = [];
  const leaves = (statements: readonly Statement[]): boolean => {
    let inner = 0;
    let left = false;
    walk(statements, {
      enter(node) {
        if (node.kind === 'loop' || node.kind === 'switch') inner++;
        if (node.kind === 'return' || node.kind === 'raise' || (node.kind === 'break' && (inner === 0 || node.label)))
          left = true;
        return undefined;
      },
      leave(node) {
        if (node.kind === 'loop' || node.kind === 'switch') inner--;
      },
      enterFunction: () => 'skip',
    });
    return left;
  };
  walk(body, {
    enter(node) {
      if (node.kind === 'if' && (leaves(node.then) || leaves(node.otherwise))) found.push(node.test);
      if (node.kind === 'switch' && node.cases.some(one => leaves(one.body))) found.push(node.subject);
      return undefined;
    },
    enterFunction: () => 'skip',
  });
  return found;
}

const ordering = /^[<>]=?$/;

/** True if anything in the code asks whether a number is greater than another; that a list is empty says nothing. */
export function comparesNumbers(code: readonly (Statement | Expression)[]): boolean {
  let found = false;
  walk(code, {
    enter(node) {
      if (node.kind === 'binary' && !isEmptiness(node)) {
        if (ordering.test(node.operator)) found = true;
        if (/^[!=]=$/.test(node.operator) && [node.left, node.right].some(isNumber)) found = true;
      }
      return undefined;
    },
    enterFunction: () => 'skip',
  });
  return found;
}

function isNumber(node: Expression): boolean {
  return node.kind === 'literal' && typeof node.value === 'number';
}

/** `list.length > 0`, `len(calls) == 0`. */
function isEmptiness({ left, right }: Extract<Expression, { kind: 'binary' }>): boolean {
  if (right.kind !== 'literal' || right.value !== 0) return false;
  return (
    (left.kind === 'member' && /^(length|size)$/.test(left.property)) ||
    (left.kind === 'call' && nameOf(left.callee) === 'len')
  );
}

const looking =
  /^(isinstance|len|any|all|bool|str|type|getattr|hasattr|isArray|startsWith|endsWith|startswith|endswith|includes|has|get|test|match|trim|strip|lower|toLowerCase|is_set|some|every|filter|find)$/;

/** True for a question whose answer nobody counts: no helper is asked that may. */
export function isPlain(test: Expression, module: Module, reader: Reader): boolean {
  let plain = true;
  walk(test, {
    enter(node) {
      if (node.kind === 'call' && !looking.test(calleeName(node.callee)) && !reader.costs(node, module)) plain = false;
      return undefined;
    },
    enterFunction: () => 'skip',
  });
  return plain;
}
