// Retry libraries: how often they call what they are given, and which options and defaults never end.
// It must not know what is retried: a callback without a model, tool or agent call is of no interest.
import type { FixPlan, Work } from '../graph/model.ts';
import { nothing } from '../graph/model.ts';
import type { CallExpression, Expression } from '../program/model.ts';
import { limitOf, nameOf, number, plus, symbol, times } from '../program/quantity.ts';
import type { In } from '../program/values.ts';
import { type Attempts, type Repeater, repeating, unread } from './attempts.ts';
import { type Options, optionsAt, splitPath } from './calls.ts';
import type { Default, External, Framework } from './framework.ts';
import { workOfCallable } from './plain/work.ts';
import type { Reader } from './reading.ts';

/** Attempts that a fix sets: the first one and three more. */
const suggestedRetries = 3;

/** A library that calls its first argument until it succeeds. */
interface Library {
  readonly packages: readonly string[];
  readonly path: RegExp;
  readonly option: string;
  /** Value of the option when it is not set; null: it never ends. */
  readonly default: number | null;
  /** Whether the option counts what comes after the first attempt. */
  readonly countsRetries: boolean;
  /** Where the options are: beside the callback, or at a position of the call that made the policy. */
  readonly optionsOf: 'call' | 0 | 1;
  /** `forever: true` takes the place of the number. */
  readonly forever?: boolean;
  /** Numbers that mean the default. */
  readonly zeroIsDefault?: boolean;
  /** Other values and options that leave it without an end, in words. */
  readonly sentinels: Readonly<Record<string, string>>;
}

/** Each was run against the package; the test names the versions. */
const libraries: readonly Library[] = [
  {
    packages: ['p-retry'],
    path: /^:(default|\*|pRetry)?$/,
    option: 'retries',
    default: 10,
    countsRetries: true,
    optionsOf: 'call',
    sentinels: { Infinity: 'no limit', 'shouldConsumeRetry: () => false': 'no limit', 'forever: true': 'throws' },
  },
  {
    packages: ['async-retry'],
    path: /^:(default|\*|retry)?$/,
    option: 'retries',
    default: 10,
    countsRetries: true,
    optionsOf: 'call',
    forever: true,
    sentinels: { 'forever: true': 'no limit', Infinity: 'never begins: it fills the memory' },
  },
  {
    packages: ['promise-retry'],
    path: /^:(default|\*|promiseRetry)?$/,
    option: 'retries',
    default: 10,
    countsRetries: true,
    optionsOf: 'call',
    forever: true,
    sentinels: { 'forever: true': 'no limit', 0: 'one attempt' },
  },
  {
    packages: ['retry'],
    path: /^:((default|\*)\.)?operation\(\)\.attempt$/,
    option: 'retries',
    default: 10,
    countsRetries: true,
    optionsOf: 0,
    forever: true,
    sentinels: { 'forever: true': 'no limit' },
  },
  {
    packages: ['ts-retry'],
    path: /^:retry(Async)?(UntilDefined|UntilTruthy|UntilResponse)?$/,
    option: 'maxTry',
    default: 240,
    countsRetries: false,
    optionsOf: 'call',
    zeroIsDefault: true,
    sentinels: { Infinity: 'no limit', 0: 'the default', '-1': 'one attempt' },
  },
  {
    packages: ['exponential-backoff'],
    path: /^:backOff$/,
    option: 'numOfAttempts',
    default: 10,
    countsRetries: false,
    optionsOf: 'call',
    sentinels: { Infinity: 'no limit', 0: 'one attempt' },
  },
  {
    packages: ['cockatiel'],
    path: /^:retry\(\)\.execute$/,
    option: 'maxAttempts',
    default: null,
    countsRetries: true,
    optionsOf: 1,
    sentinels: { Infinity: 'no limit' },
  },
  {
    packages: ['ts-retry-promise'],
    path: /^:(retry|default)$/,
    option: 'retries',
    default: 10,
    countsRetries: true,
    optionsOf: 'call',
    sentinels: { INFINITELY: 'no limit but that of time: 60 s, unless `timeout` is INFINITELY too' },
  },
];

const repeaters: readonly Repeater[] = [
  ...libraries.map(
    (library): Repeater => ({
      packages: library.packages,
      path: library.path,
      what: call => `attempts of ${nameOf(call.node.callee)}`,
      attempts: (call, value, reader) => attemptsOf(library, call, value, reader),
      body: (call, _value, reader) => callbackWork(call, reader),
    }),
  ),
  {
    packages: ['cockatiel'],
    path: /^:wrap\(\)\.execute$/,
    what: call => `attempts of ${nameOf(call.node.callee)}`,
    attempts: wrappedAttempts,
    body: (call, _value, reader) => callbackWork(call, reader),
  },
];

const { calls, read } = repeating('retries', repeaters);

export const retries: Framework = {
  id: 'retries',
  title: 'Retry libraries',
  docs: 'https://github.com/sindresorhus/p-retry',
  packages: { typescript: libraries.flatMap(library => library.packages), python: [] },
  defaults: libraries.flatMap(defaultsOf),
  calls,
  read: read!,
};

function defaultsOf(library: Library): Default[] {
  return library.packages.map(name => ({
    option: library.option,
    package: name,
    language: 'typescript',
    value: library.default,
    unit: library.countsRetries ? 'attempts after the first' : 'attempts',
    sentinels: library.sentinels,
    onLimit: 'the last error is thrown',
    proof: 'test/integration/retries.test.ts',
  }));
}

/** The callback is the first argument, but for libraries that take their options first. */
function callbackAt(call: In<CallExpression>, reader: Reader): 0 | 1 {
  const first = call.node.arguments[0]?.value;
  return first && call.node.arguments.length > 1 && objectsOnly(first, call, reader) ? 1 : 0;
}

function objectsOnly(node: Expression, call: In<CallExpression>, reader: Reader): boolean {
  const values = reader.resolver.values(node, call.module);
  return values.length > 0 && values.every(value => value.kind === 'object');
}

function callbackWork(call: In<CallExpression>, reader: Reader): Work {
  const callback = call.node.arguments[callbackAt(call, reader)]?.value;
  return callback ? workOfCallable(callback, call.module, reader) : nothing;
}

function attemptsOf(library: Library, call: In<CallExpression>, value: External, reader: Reader): Attempts {
  const maker = library.optionsOf === 'call' ? call : value.chain.at(-1);
  if (!maker) return unread(call);
  const position = library.optionsOf === 'call' ? 1 - callbackAt(call, reader) : library.optionsOf;
  const options = optionsAt(maker, position, reader);
  const fixes = fixesOf(library, maker, position, options);
  const forever = library.forever ? options.get('forever') : undefined;
  if (forever?.node.kind === 'literal' && forever.node.value === true)
    return { count: 'endless', endless: 'forever: true', fixes };
  const consumes = options.get('shouldConsumeRetry');
  if (isNamed(value, 'p-retry') && consumes) {
    // What it lets off is not counted; a limit of time may still end it.
    if (!answersFalse(consumes, reader) || options.get('maxRetryTime')) return unread(call);
    const named = 'shouldConsumeRetry never counts an attempt';
    return { count: 'endless', endless: named, fixes: consumedFixes(consumes) };
  }
  const at = options.get(library.option);
  const usual = (): Attempts =>
    library.default === null
      ? { count: 'endless', endless: `${library.option} is not set, and its default is Infinity`, fixes }
      : { count: number(library.default + (library.countsRetries ? 1 : 0)), endless: undefined, fixes };
  if (!at) return options.open ? unread(call) : usual();
  if (isNamed(value, 'ts-retry-promise') && isInfinitely(at)) {
    const time = options.get('timeout');
    if (!time || !isInfinitely(time)) return unread(call);
    return { count: 'endless', endless: `${library.option}: INFINITELY`, fixes };
  }
  const limit = limitOf({ node: at.node, module: at.module, env: undefined }, reader.resolver);
  if (limit.kind === 'number') {
    if (!Number.isFinite(limit.value))
      return { count: 'endless', endless: `${library.option}: ${nameOf(at.node)}`, fixes };
    if (limit.value === 0 && library.zeroIsDefault) return usual();
    return { count: number(Math.max(1, limit.value + (library.countsRetries ? 1 : 0))), endless: undefined, fixes };
  }
  const named = symbol(limit.name);
  return { count: library.countsRetries ? plus(named, number(1)) : named, endless: undefined, fixes };
}

function isInfinitely(at: In<Expression>): boolean {
  return at.node.kind === 'literal' && at.node.value === 'INFINITELY';
}

/** A function that answers `false` and nothing else. */
function answersFalse(given: In<Expression>, reader: Reader): boolean {
  const values = reader.resolver.values(given.node, given.module);
  return (
    values.length > 0 &&
    values.every(value => {
      if (value.kind !== 'function') return false;
      const answers = reader.resolver.returns(value.info);
      return answers.length > 0 && answers.every(answer => answer.kind === 'constant' && answer.value === false);
    })
  );
}

function consumedFixes({ node, module }: In<Expression>): FixPlan[] {
  return [
    {
      title: 'Count every attempt',
      safe: false,
      rules: ['unguarded-retry'],
      operations: [{ do: 'replace', path: module.path, at: node.span, text: '() => true' }],
    },
  ];
}

function isNamed(value: External, name: string): boolean {
  return splitPath(value.path).head === name;
}

function fixesOf(library: Library, maker: In<CallExpression>, position: number, options: Options): FixPlan[] {
  const { path } = maker.module;
  const value = String(library.countsRetries ? suggestedRetries : suggestedRetries + 1);
  const object = options.objects[0];
  const forever = object?.node.entries.find(entry => entry.kind === 'entry' && entry.key === 'forever');
  const operations: FixPlan['operations'] = object
    ? [
        ...(forever
          ? [
              {
                do: 'setOption' as const,
                path: object.module.path,
                at: object.node.span,
                key: 'forever',
                value: 'false',
              },
            ]
          : []),
        ...(forever && !object.node.entries.some(entry => entry.kind === 'entry' && entry.key === library.option)
          ? []
          : [{ do: 'setOption' as const, path: object.module.path, at: object.node.span, key: library.option, value }]),
      ]
    : maker.node.arguments.length === position
      ? [{ do: 'addArgument', path, at: maker.node.span, key: library.option, value }]
      : [];
  if (operations.length === 0) return [];
  // An honest run may need more attempts than these.
  return [
    {
      title: `Stop after ${value} ${library.countsRetries ? 'retries' : 'attempts'}`,
      safe: false,
      rules: ['unguarded-retry'],
      operations,
    },
  ];
}

/** `wrap(policies…)`: each retry among them repeats what stands inside of it. */
function wrappedAttempts(call: In<CallExpression>, value: External, reader: Reader): Attempts | undefined {
  const made = value.chain.at(-1);
  const library = libraries.find(one => one.packages.includes('cockatiel'))!;
  let all: Attempts | undefined;
  for (const argument of made?.node.arguments ?? []) {
    for (const policy of reader.resolver.externals(argument.value, made!.module)) {
      if (policy.path !== 'cockatiel:retry()') continue;
      const one = attemptsOf(library, call, policy, reader);
      all = all === undefined || one.endless !== undefined ? one : { ...all, count: times(all.count, one.count) };
    }
  }
  return all;
}
