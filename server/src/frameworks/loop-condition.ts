// Loops of a workflow that are a step and a condition: whether the condition counts the rounds that the step raises.
// It must not know any framework: adapters hand in the code and say which places are passed from round to round.
import type { Bound, Counter } from '../graph/model.ts';
import { linear } from '../program/access.ts';
import type { Expression, Statement } from '../program/model.ts';
import type { FunctionInfo } from '../program/scope.ts';
import type { In } from '../program/values.ts';
import { walk } from '../program/walk.ts';
import type { Fact, Way } from '../program/ways.ts';
import type { Reader } from './reading.ts';
import { comparedCounters, type KeyOf, type StepWay, stepCode, stepWays } from './step-ways.ts';

/** A loop of a framework. */
export interface ConditionLoop {
  readonly condition: In<Expression>;
  /** The loop ends where the condition holds, not where it fails. */
  readonly until: boolean;
  /** Code of the steps of one round; undefined: one of them cannot be read. */
  readonly steps: readonly In<Expression>[] | undefined;
  readonly keyOf: KeyOf;
}

/** The counter that limits the loop, or whether there may be one that was not understood. */
export function conditionBound(loop: ConditionLoop, reader: Reader): Bound | 'none' | 'unread' {
  const conditions = functionsOf(loop.condition, reader);
  const steps = loop.steps?.map(step => functionsOf(step, reader));
  const condition = conditions.length === 1 ? conditions[0] : undefined;
  if (!condition || !steps || steps.some(step => step.length === 0)) return 'unread';
  const { ways, complete } = stepWays(condition, loop.keyOf, reader);
  const onward = ways.flatMap(({ way }) => goingOn(way, condition, loop.until));
  const checked = onward.map(way => comparedCounters(way, condition, loop.keyOf, reader, () => false));
  const rounds = steps.flat().map(info => stepWays(info, loop.keyOf, reader));
  const raised = new Set(rounds.flatMap((found, at) => raisedBy(found.ways, steps.flat()[at]!, loop.keyOf, reader)));
  const reset = new Set(rounds.flatMap(found => found.ways.flatMap(way => [...way.resets])));
  const holds = (key: string): boolean => raised.has(key) && !reset.has(key.slice(0, -1));
  const first = checked[0]?.find(
    counter => holds(counter.key) && checked.every(all => all.some(one => one.key === counter.key)),
  );
  if (first && complete) return first.bound;
  if (!complete || onward.length === 0) return 'unread';
  return mayCount(condition, true, reader) || steps.flat().some(info => mayCount(info, false, reader))
    ? 'unread'
    : 'none';
}

/** Counters that a function compares on every way on which it answers `truth`. */
export function answerCounters(info: FunctionInfo, truth: boolean, keyOf: KeyOf, reader: Reader): Counter[] {
  const { ways, complete } = stepWays(info, keyOf, reader);
  const answering = ways.flatMap(({ way }) => goingOn(way, info, !truth));
  const compared = answering.map(way => comparedCounters(way, info, keyOf, reader, () => false));
  const [first = [], ...rest] = compared;
  return complete ? first.filter(counter => rest.every(all => all.some(one => one.key === counter.key))) : [];
}

function functionsOf(at: In<Expression>, reader: Reader): FunctionInfo[] {
  return stepCode(at.node, at.module, reader).flatMap(value => (value.kind === 'function' ? [value.info] : []));
}

/** The ways through a condition on which the loop goes on, with what must hold then. */
function goingOn(way: Way, info: FunctionInfo, until: boolean): Way[] {
  if (way.end.kind !== 'return' || !way.end.value) return until ? [way] : [];
  const { value } = way.end;
  if (value.kind === 'literal') return Boolean(value.value) === until ? [] : [way];
  const facts = required(value, !until).map(
    (fact): Fact => ({ ...fact, module: info.module, env: undefined, seen: way.changes.length }),
  );
  return [{ ...way, facts: [...way.facts, ...facts] }];
}

/** Comparisons that come out as they must if the whole does. */
function required(node: Expression, truth: boolean): Pick<Fact, 'test' | 'truth'>[] {
  if (node.kind === 'await') return required(node.value, truth);
  if (node.kind === 'unary' && node.operator === 'not') return required(node.operand, !truth);
  if (node.kind === 'logical' && node.operator === (truth ? 'and' : 'or')) {
    return [...required(node.left, truth), ...required(node.right, truth)];
  }
  return node.kind === 'logical' ? [] : [{ test: node, truth }];
}

/** Counters that every way through a step raises, in place or in what it returns. */
function raisedBy(ways: readonly StepWay[], info: FunctionInfo, keyOf: KeyOf, reader: Reader): string[] {
  const sets = ways.map(({ way, raised, resets }) => {
    const all = new Set(raised);
    const value = way.end.kind === 'return' ? way.end.value : undefined;
    for (const object of value ? reader.resolver.values(value, info.module) : []) {
      if (object.kind !== 'object') continue;
      for (const entry of object.node.entries) {
        if (entry.kind !== 'entry') continue;
        const given = linear({ node: entry.value, module: object.module, env: undefined }, () => true);
        const key = given && keyOf(given.path, info);
        if (key?.endsWith(`.${entry.key}`) && given && given.offset !== 0)
          all.add(`${key}${given.offset > 0 ? '<' : '>'}`);
        else if (key === undefined && entry.value.kind === 'literal') resets.add(`data.${entry.key}`);
      }
    }
    return all;
  });
  return [...(sets[0] ?? [])].filter(key => sets.every(set => set.has(key)));
}

const plainTests = /^(includes|startsWith|endsWith|test|match|toLowerCase|toUpperCase|trim|some|every)$/;

/** Code that counts or compares amounts, or asks something else: its answer may be a counter's. */
function mayCount(info: FunctionInfo, isCondition: boolean, reader: Reader): boolean {
  let counts = false;
  const body: readonly Statement[] = info.node?.body ?? [];
  walk(body, {
    enter(node) {
      if (node.kind === 'binary' && /^(<|<=|>|>=|\+|-)$/.test(node.operator)) counts = true;
      if (node.kind === 'assign' && node.operator !== '=') counts = true;
      if (node.kind === 'call' && isCondition) {
        const known = node.callee.kind === 'member' && plainTests.test(node.callee.property);
        if (!known && !reader.costs(node, info.module)) counts = true;
      }
      return undefined;
    },
  });
  return counts;
}
