// RxJS: what is subscribed to again (`retry`, `repeat`) or goes on from its own values (`expand`).
// It must not know what is streamed: a source without a model, tool or agent call is of no interest.
import type { FixPlan, Work } from '../graph/model.ts';
import type { CallExpression, Statement } from '../program/model.ts';
import { limitOf, nameOf, number, symbol } from '../program/quantity.ts';
import type { FunctionInfo } from '../program/scope.ts';
import type { In } from '../program/values.ts';
import { walk } from '../program/walk.ts';
import { type Attempts, repeating, unread } from './attempts.ts';
import { optionsAt } from './calls.ts';
import type { Framework } from './framework.ts';
import { allOf, workOfCallable, workOfExpression } from './plain/work.ts';
import type { Reader } from './reading.ts';

/** Values or subscriptions that a fix allows. */
const suggested = 3;

const { calls, read } = repeating('rxjs', [
  {
    packages: ['rxjs'],
    path: /\.pipe$/,
    what: () => 'further subscriptions',
    attempts: (call, _value, reader) => operatorsOf(call, reader).again,
    // What comes before the operator was counted once already, as a part of the call.
    body: (call, _value, reader) => operatorsOf(call, reader).body,
  },
]);

export const rxjs: Framework = {
  id: 'rxjs',
  title: 'RxJS',
  docs: 'https://rxjs.dev/api/operators/retry',
  packages: { typescript: ['rxjs', 'rxjs/operators'], python: [] },
  defaults: (['retry', 'repeat'] as const).map(name => ({
    option: `count of ${name}`,
    package: 'rxjs',
    language: 'typescript',
    value: null,
    unit: name === 'retry' ? 'subscriptions after the first' : 'subscriptions',
    sentinels: {
      Infinity: 'no limit',
      undefined: 'no limit',
      0: name === 'retry' ? 'no further one' : 'none',
      '-1': name === 'retry' ? 'no further one' : 'none',
    },
    onLimit: name === 'retry' ? 'the last error is passed on' : 'completes',
    proof: 'test/integration/retries.test.ts',
  })),
  calls,
  read: read!,
};

interface Operators {
  readonly again: Attempts | undefined;
  readonly body: Work;
}

const enders = /^(take|takeWhile|takeUntil|first|timeout)$/;

/** The operator of a pipe that repeats what stands before it, if nothing after all ends the stream. */
function operatorsOf(call: In<CallExpression>, reader: Reader): Operators {
  const { module } = call;
  const before: Work[] = [];
  let ends: In<CallExpression> | undefined;
  let found: Operators | undefined;
  if (call.node.callee.kind === 'member') before.push(workOfExpression(call.node.callee.object, module, reader));
  for (const argument of call.node.arguments) {
    const node = argument.value;
    if (node.kind !== 'call') continue;
    for (const value of reader.resolver.values(node.callee, module)) {
      if (value.kind !== 'external') continue;
      const name = /^rxjs(?:\/operators)?:(?:\*\.)?(\w+)$/.exec(value.path)?.[1] ?? '';
      const operator: In<CallExpression> = { node, module };
      if (enders.test(name)) ends ??= { ...operator };
      if (found) continue;
      if (name === 'retry' || name === 'repeat')
        found = { again: { ...operatorCount(operator, name, reader), always: name === 'repeat' }, body: allOf(before) };
      if (name === 'expand') found = expansion(call, operator, reader);
    }
    before.push(workOfExpression(node, module, reader));
  }
  if (!found) return { again: undefined, body: allOf([]) };
  // What ends the stream may end it before the first repetition.
  return { again: ends ? taken(ends, found.again, reader) : found.again, body: found.body };
}

/** `take(n)`: the request after the last value may have begun. */
function taken(ender: In<CallExpression>, again: Attempts | undefined, reader: Reader): Attempts | undefined {
  if (again?.endless === undefined) return again;
  const first = ender.node.arguments[0]?.value;
  const limit =
    first && nameOf(ender.node.callee).endsWith('take')
      ? limitOf({ node: first, module: ender.module, env: undefined }, reader.resolver)
      : undefined;
  return limit?.kind === 'number' && Number.isFinite(limit.value)
    ? { ...again, count: number(limit.value), endless: undefined }
    : { ...again, count: symbol(`values before ${nameOf(ender.node.callee)}`), endless: undefined };
}

function operatorCount(operator: In<CallExpression>, name: string, reader: Reader): Attempts {
  const { node, module } = operator;
  const first = node.arguments[0]?.value;
  const fixes: FixPlan[] =
    first === undefined
      ? [
          {
            title: `${name} ${suggested} times at most`,
            safe: false,
            rules: ['unguarded-retry', 'unbounded-loop'],
            operations: [{ do: 'addArgument', path: module.path, at: node.span, value: String(suggested) }],
          },
        ]
      : [];
  if (!first) return { count: 'endless', endless: `${name}() without a count never ends`, fixes };
  const options = optionsAt(operator, 0, reader);
  const count = options.get('count');
  if (first.kind === 'object' && !count) {
    // `delay` may end it by an error or by completing.
    if (options.open || options.get('delay')) return unread(operator);
    const set: FixPlan = {
      title: `${name} ${suggested} times at most`,
      safe: false,
      rules: ['unguarded-retry', 'unbounded-loop'],
      operations: [{ do: 'setOption', path: module.path, at: first.span, key: 'count', value: String(suggested) }],
    };
    return { count: 'endless', endless: `${name}() without a count never ends`, fixes: [set] };
  }
  const at = count ?? { node: first, module };
  const limit = limitOf({ node: at.node, module: at.module, env: undefined }, reader.resolver);
  if (limit.kind !== 'number') return { count: symbol(limit.name), endless: undefined, fixes: [] };
  if (!Number.isFinite(limit.value)) {
    const replace: FixPlan = {
      title: `${name} ${suggested} times at most`,
      safe: false,
      rules: ['unguarded-retry', 'unbounded-loop'],
      operations: [{ do: 'replace', path: at.module.path, at: at.node.span, text: String(suggested) }],
    };
    return { count: 'endless', endless: `${name}(${nameOf(at.node)})`, fixes: [replace] };
  }
  // The first subscription of `repeat(n)` is one of the n, and counted already.
  const further = name === 'repeat' ? limit.value - 1 : limit.value;
  if (count && options.get('resetOnSuccess')) return { ...unread(operator), fixes: [] };
  return { count: number(Math.max(0, further)), endless: undefined, fixes: [] };
}

/** `expand(project)`: every value leads to another request, until what `project` gives is empty. */
function expansion(call: In<CallExpression>, operator: In<CallExpression>, reader: Reader): Operators {
  const project = operator.node.arguments[0]?.value;
  if (!project) return { again: undefined, body: allOf([]) };
  const body = workOfCallable(project, operator.module, reader);
  const functions = reader.resolver
    .values(project, operator.module)
    .flatMap(value => (value.kind === 'function' ? [value.info] : []));
  if (functions.length === 0 || functions.some(mayEnd)) {
    return { again: { count: symbol('values of expand'), endless: undefined, always: true, fixes: [] }, body };
  }
  const { path } = call.module;
  const fixes: FixPlan[] = [
    {
      title: `Take ${suggested} values`,
      safe: false,
      rules: ['unguarded-retry', 'unbounded-loop'],
      operations: [
        { do: 'import', path, specifier: 'rxjs', imported: 'take' },
        { do: 'addArgument', path, at: call.node.span, value: `$take(${suggested})` },
      ],
    },
  ];
  return {
    again: { count: 'endless', endless: 'expand() goes on from each of its values', always: true, fixes },
    body,
  };
}

/** Code that decides what to give, or gives something empty. */
function mayEnd(info: FunctionInfo): boolean {
  let ends = false;
  const body: readonly Statement[] = info.node?.body ?? [];
  walk(body, {
    enter(node) {
      if (node.kind === 'conditional' || node.kind === 'if' || node.kind === 'switch' || node.kind === 'logical')
        ends = true;
      if (node.kind === 'name' && /^(EMPTY|NEVER|empty|of|throwError)$/.test(node.name)) ends = true;
      return ends ? 'skip' : undefined;
    },
  });
  return ends || !info.node;
}
