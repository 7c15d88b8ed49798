// Effect: programs that are described first and run again by `Effect.retry`, `Effect.repeat` and their schedules.
// It must not know what a program does: one without a model, tool or agent call is of no interest.
import type { FixPlan, Work } from '../graph/model.ts';
import type { CallExpression, Expression, Module } from '../program/model.ts';
import { least, limitOf, most, nameOf, number, one, plus, type Quantity, symbol } from '../program/quantity.ts';
import { indexOf } from '../program/scope.ts';
import type { ChainStep, In } from '../program/values.ts';
import { type Attempts, repeating, unread } from './attempts.ts';
import type { External, Framework } from './framework.ts';
import { allOf, isNothing, workOfExpression } from './plain/work.ts';
import type { Reader } from './reading.ts';

const packages = ['effect', 'effect/Effect', 'effect/Function', '@effect/io/Effect'];
const suggestedTimes = 3;

const { calls, read } = repeating('effect', [
  {
    // `program.pipe(Effect.retry(policy))`, `pipe(program, Effect.retry(policy))`, `Effect.retry(program, policy)`
    packages,
    path: /(\.pipe|^:pipe|(:|\.)(retry|repeat|forever|eventually))$/,
    what: () => 'further runs of the program',
    attempts: (call, _value, reader) => repetitions(call, reader)?.again,
    body: (call, _value, reader) => repetitions(call, reader)?.body ?? allOf([]),
  },
]);

export const effect: Framework = {
  id: 'effect',
  title: 'Effect',
  docs: 'https://effect.website/docs/error-management/retrying/',
  packages: { typescript: [...packages, 'effect/Schedule'], python: [] },
  defaults: [
    {
      option: 'times of Effect.retry and Effect.repeat',
      package: 'effect',
      majors: [3, 4],
      language: 'typescript',
      value: null,
      unit: 'runs after the first',
      sentinels: { Infinity: 'no limit', 0: 'no further run', '{}': 'no limit', 'Schedule.forever': 'no limit' },
      onLimit: 'fails with the last error; repeat ends with the last value',
      proof: 'test/integration/effect.test.ts (3 and 4)',
    },
    {
      option: 'Schedule.exponential, spaced, fixed, fibonacci',
      package: 'effect',
      majors: [3, 4],
      language: 'typescript',
      value: null,
      unit: 'recurrences',
      sentinels: { 'intersect, compose, max': 'the lower of two', 'either, union, min': 'the higher of two' },
      onLimit: '',
      proof: 'test/integration/effect.test.ts (3 and 4)',
    },
  ],
  calls,
  read: read!,
};

interface Repetition {
  readonly again: Attempts;
  readonly body: Work;
}

const operator = /^effect(?:\/Effect)?:(?:\*\.)?(?:Effect\.)?(retry|repeat|forever|eventually)(\(\))?$/;

/** The program that a call runs again, and how often. */
function repetitions(call: In<CallExpression>, reader: Reader): Repetition | undefined {
  const { node, module } = call;
  const direct = named(node.callee, call, reader);
  if (direct !== undefined) {
    // `Effect.retry(policy)` alone is an operator for a pipe.
    const [program, policy] = node.arguments;
    if (!program || (!policy && direct !== 'forever' && direct !== 'eventually')) return undefined;
    const again = attemptsOf(direct, policy?.value, call, reader);
    return { again: counted(again, program.value, call, reader), body: programWork(program.value, call, reader) };
  }
  const free = node.callee.kind === 'name';
  const source = free ? node.arguments[0]?.value : node.callee.kind === 'member' ? node.callee.object : undefined;
  if (!source) return undefined;
  const before: Work[] = [programWork(source, call, reader)];
  for (const argument of free ? node.arguments.slice(1) : node.arguments) {
    const step = argument.value;
    const name = named(step.kind === 'call' ? step.callee : step, call, reader);
    if (name) {
      const policy = step.kind === 'call' ? step.arguments[0]?.value : undefined;
      return { again: counted(attemptsOf(name, policy, call, reader), source, call, reader), body: allOf(before) };
    }
    before.push(workOfExpression(step, module, reader));
  }
  return undefined;
}

function named(node: Expression, call: In<CallExpression>, reader: Reader): string | undefined {
  for (const value of reader.resolver.externals(node, call.module)) {
    const found = operator.exec(value.path);
    if (found) return found[1];
  }
  return undefined;
}

/** What running the program once does: where it is a name, what that was made of. */
function programWork(node: Expression, call: In<CallExpression>, reader: Reader): Work {
  const inPlace = workOfExpression(node, call.module, reader);
  if (!isNothing(inPlace)) return inPlace;
  const made = madeBy(node, call, reader);
  return made ? workOfExpression(made.node, made.module, reader) : inPlace;
}

function madeBy(node: Expression, call: In<CallExpression>, reader: Reader): ChainStep | undefined {
  return reader.resolver.externals(node, call.module).find(isProgram)?.chain.at(-1);
}

function isProgram(value: External): boolean {
  return value.path.endsWith('()') && value.path.startsWith('effect');
}

/** A program is counted once where it is described; if that is somewhere else, its first run is not yet. */
function counted(again: Attempts, program: Expression, call: In<CallExpression>, reader: Reader): Attempts {
  if (again.endless !== undefined || program.kind !== 'name') return again;
  const made = madeBy(program, call, reader);
  const here = made?.module === call.module && functionAround(made) === functionAround(call);
  return here ? again : { ...again, count: plus(again.count, one) };
}

function functionAround({ node, module }: In<CallExpression>): number {
  const around = indexOf(module).functions.filter(
    info => info.node && info.node.span[0] <= node.span[0] && node.span[1] <= info.node.span[1],
  );
  return Math.max(-1, ...around.map(info => info.node!.span[0]));
}

function attemptsOf(name: string, policy: Expression | undefined, call: In<CallExpression>, reader: Reader): Attempts {
  const always = name === 'forever' || name === 'repeat';
  if (name === 'forever' || name === 'eventually') return endless(`Effect.${name} has no end`, always, []);
  // Without a policy it throws.
  if (!policy) return { ...unread(call), always };
  const { module } = call;
  const title = `${name === 'retry' ? 'Retry' : 'Repeat'} ${suggestedTimes} times at most`;
  const fix = (operations: FixPlan['operations']): FixPlan[] => [
    { title, safe: false, rules: ['unguarded-retry', 'unbounded-loop'], operations },
  ];
  const object = reader.resolver.values(policy, module).find(value => value.kind === 'object');
  if (!object) {
    const count = recurrences(policy, module, reader);
    if (count !== 'endless') return { count, endless: undefined, always, fixes: [] };
    const [start, end] = policy.span;
    const wrap = fix([
      { do: 'replace', path: module.path, at: [start, start], text: '{ schedule: ' },
      { do: 'replace', path: module.path, at: [end, end], text: `, times: ${suggestedTimes} }` },
    ]);
    return endless(`${nameOf(policy)} has no end`, always, wrap);
  }
  const entry = (key: string): In<Expression> | undefined => reader.resolver.entry(object, key);
  const [given, schedule] = [entry('times'), entry('schedule')];
  const limit = given && limitOf({ node: given.node, module: given.module, env: undefined }, reader.resolver);
  const counts: Quantity[] = [
    limit === undefined || (limit.kind === 'number' && !Number.isFinite(limit.value))
      ? 'endless'
      : limit.kind === 'number'
        ? number(Math.max(0, limit.value))
        : symbol(limit.name),
    schedule ? recurrences(schedule.node, schedule.module, reader) : 'endless',
  ];
  const count = least(counts[0]!, counts[1]!);
  if (count !== 'endless') return { count, endless: undefined, always, fixes: [] };
  // What the error or the value is asked may end it.
  if (entry('while') || entry('until') || reader.resolver.isOpen(object)) return { ...unread(call), always };
  const { path } = object.module;
  const set = fix([{ do: 'setOption', path, at: object.node.span, key: 'times', value: String(suggestedTimes) }]);
  return endless(`Effect.${name} sets neither times nor a schedule that ends`, always, set);
}

function endless(reason: string, always: boolean, fixes: readonly FixPlan[]): Attempts {
  return { count: 'endless', endless: reason, always, fixes };
}

const scheduled = /^effect(?:\/Schedule)?:(?:\*\.)?(?:Schedule\.)?(\w+)(.*)$/;
const withoutEnd = /^(forever|repeatForever|exponential|fixed|spaced|fibonacci|linear|windowed|cron|count|identity)$/;
/** Operators that change when a schedule recurs, not how often. */
const sameCount =
  /^(jittered|jitteredWith|delayed|addDelay|modifyDelay|map|tap\w*|passthrough|as|asVoid|setInputType|ensuring)$/;

/** How often a schedule recurs; a name where that depends on something that was not read. */
function recurrences(node: Expression, module: Module, reader: Reader): Quantity {
  for (const value of reader.resolver.externals(node, module)) {
    const found = scheduled.exec(value.path);
    if (!found) continue;
    const [, name = '', rest = ''] = found;
    if (rest === '' || rest === '()') return ofMaker(name, value.chain.at(-1), reader);
    const step = value.chain.at(-1);
    const source = step?.node.callee.kind === 'member' ? step.node.callee.object : undefined;
    if (!rest.endsWith('.pipe()') || !step || !source) continue;
    return step.node.arguments.reduce(
      (count, argument) => afterOperator(count, argument.value, step.module, reader),
      recurrences(source, step.module, reader),
    );
  }
  return symbol(`recurrences of ${nameOf(node)}`);
}

function ofMaker(name: string, made: ChainStep | undefined, reader: Reader): Quantity {
  const given = (at: number): Quantity => {
    const argument = made?.node.arguments[at]?.value;
    return argument && made ? recurrences(argument, made.module, reader) : symbol(`recurrences of ${name}`);
  };
  if (withoutEnd.test(name)) return 'endless';
  if (name === 'once' || name === 'duration') return number(1);
  if (name === 'stop') return number(0);
  if (name === 'recurs') {
    const first = made?.node.arguments[0]?.value;
    const limit = first && made && limitOf({ node: first, module: made.module, env: undefined }, reader.resolver);
    if (limit?.kind !== 'number') return symbol(limit?.name ?? 'recurs');
    return Number.isFinite(limit.value) ? number(Math.max(0, limit.value)) : 'endless';
  }
  if (/^(intersect|compose)$/.test(name)) return least(given(0), given(1));
  if (/^(union|either)$/.test(name)) return most(given(0), given(1));
  const list = made?.node.arguments[0]?.value;
  if ((name === 'max' || name === 'min') && made && list?.kind === 'list') {
    const counts = list.items.map(item => recurrences(item, made.module, reader));
    return counts.reduce((a, b) => (name === 'max' ? least(a, b) : most(a, b)));
  }
  return symbol(`recurrences of ${name}`);
}

/** A schedule after one more operator of its pipe. */
function afterOperator(count: Quantity, node: Expression, module: Module, reader: Reader): Quantity {
  const callee = node.kind === 'call' ? node.callee : node;
  const path = reader.resolver.externals(callee, module).find(value => scheduled.test(value.path))?.path ?? '';
  const name = scheduled.exec(path)?.[1] ?? '';
  const first = node.kind === 'call' ? node.arguments[0]?.value : undefined;
  if (sameCount.test(name)) return count;
  if (first && /^(intersect|compose)$/.test(name)) return least(count, recurrences(first, module, reader));
  if (first && /^(union|either)$/.test(name)) return most(count, recurrences(first, module, reader));
  if (first?.kind === 'object' && name === 'upTo') {
    const times = reader.resolver.option({ node: node as CallExpression, module }, 'times', 0);
    const limit = times && limitOf({ node: times.node, module: times.module, env: undefined }, reader.resolver);
    if (limit?.kind === 'number' && Number.isFinite(limit.value)) return least(count, number(limit.value));
  }
  return symbol(`recurrences of ${name || nameOf(node)}`);
}
