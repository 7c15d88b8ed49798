// Retry libraries: how often they call what they are given, and which options and defaults never end.
// It must not know what is retried: a callback without a model, tool or agent call is of no interest.
import type { FixPlan, Loop, Work } from '../graph/model.ts';
import type { CallExpression, Expression } from '../program/model.ts';
import { limitOf, nameOf, number, plus, type Quantity, symbol } from '../program/quantity.ts';
import type { In } from '../program/values.ts';
import { madeAt, type Options, optionsAt, packageCalls, placeOfCall, splitPath } from './calls.ts';
import type { CallPattern, Contribution, Default, External, Framework } from './framework.ts';
import { headOf } from './literals.ts';
import { isNothing, workOfCallable, workOfExpression } from './plain/work.ts';
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
  /** Where the options are: those of the call, or of what made the policy. */
  readonly from: 'call' | 'maker';
  /** Other values and options that leave it without an end, in words. */
  readonly sentinels: Readonly<Record<string, string>>;
}

/** Each was run against the package: p-retry 9, async-retry 1.3, exponential-backoff 3.1, cockatiel 4, ts-retry-promise 0.8. */
const libraries: readonly Library[] = [
  {
    packages: ['p-retry'],
    path: /^:(default|\*|pRetry)?$/,
    option: 'retries',
    default: 10,
    countsRetries: true,
    from: 'call',
    sentinels: { Infinity: 'no limit', 'shouldConsumeRetry: () => false': 'no limit', 'forever: true': 'throws' },
  },
  {
    packages: ['async-retry'],
    path: /^:(default|\*|retry)?$/,
    option: 'retries',
    default: 10,
    countsRetries: true,
    from: 'call',
    sentinels: { 'forever: true': 'no limit' },
  },
  {
    packages: ['exponential-backoff'],
    path: /^:backOff$/,
    option: 'numOfAttempts',
    default: 10,
    countsRetries: false,
    from: 'call',
    sentinels: { Infinity: 'no limit', 0: 'one attempt' },
  },
  {
    packages: ['cockatiel'],
    path: /^:retry\(\)\.execute$/,
    option: 'maxAttempts',
    default: null,
    countsRetries: true,
    from: 'maker',
    sentinels: { Infinity: 'no limit' },
  },
  {
    packages: ['ts-retry-promise'],
    path: /^:(retry|default)$/,
    option: 'retries',
    default: 10,
    countsRetries: true,
    from: 'call',
    sentinels: { INFINITELY: 'no limit but that of time: 60 s, unless `timeout` is INFINITELY too' },
  },
];

const patterns: readonly CallPattern[] = [
  ...libraries.map(
    (library): CallPattern => ({
      packages: library.packages,
      path: library.path,
      effect: 'retry',
      work: (call, value, reader) => workOfRetry(call, attemptsOf(library, call, value, reader), reader),
    }),
  ),
  {
    packages: ['rxjs'],
    path: /^:defer\(\)\.pipe$/,
    effect: 'retry',
    // What is deferred was counted once already, as the object of the call.
    work: (call, _value, reader) => {
      const again = subscriptionsOf(call, reader);
      return again ? repeated(call, again, deferredWork(call, reader), 'further subscriptions') : none;
    },
  },
];

const none: Work = { do: 'all', parts: [] };

export const retries = {
  id: 'retries',
  title: 'Retry libraries',
  docs: 'https://github.com/sindresorhus/p-retry',
  packages: { typescript: [...libraries.flatMap(library => library.packages), 'rxjs', 'rxjs/operators'], python: [] },
  defaults: libraries.flatMap(defaultsOf),
  calls: patterns,
  read,
} satisfies Framework;

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

/** How often a call runs its callback, and why that has no end. */
interface Attempts {
  readonly count: Quantity;
  readonly endless: string | undefined;
  readonly fixes: readonly FixPlan[];
}

function read(reader: Reader): Contribution {
  const loops: Loop[] = [];
  for (const { call, value, head, path } of packageCalls(reader, name => retries.packages.typescript.includes(name))) {
    const library = libraries.find(one => one.packages.includes(head) && one.path.test(path));
    const isPipe = head === 'rxjs' && /^:defer\(\)\.pipe$/.test(path);
    if (!library && !isPipe) continue;
    const attempts = library ? attemptsOf(library, call, value, reader) : subscriptionsOf(call, reader);
    const body = library ? callbackWork(call, reader) : deferredWork(call, reader);
    if (attempts?.endless === undefined || isNothing(body)) continue;
    loops.push(endlessLoop(call, attempts, body));
  }
  return { loops };
}

function endlessLoop(call: In<CallExpression>, attempts: Attempts, body: Work): Loop {
  const place = { path: call.module.path, span: headOf(call.node) };
  return {
    id: madeAt('retries', call),
    shape: 'retry',
    framework: 'retries',
    name: nameOf(call.node.callee),
    place,
    witness: [{ ...placeOfCall(call), message: `retried for ever: ${attempts.endless}` }],
    controller: 'exception',
    coverage: 'missing',
    reason: attempts.endless!,
    rounds: 'endless',
    bounds: [],
    sure: true,
    steps: [],
    body,
    fixes: attempts.fixes,
  };
}

function workOfRetry(call: In<CallExpression>, attempts: Attempts, reader: Reader): Work {
  return repeated(call, attempts, callbackWork(call, reader), `attempts of ${nameOf(call.node.callee)}`);
}

function repeated(call: In<CallExpression>, attempts: Attempts, body: Work, what: string): Work {
  if (isNothing(body)) return none;
  if (attempts.endless !== undefined) return { do: 'repeat', loop: madeAt('retries', call), body };
  const place = { path: call.module.path, span: headOf(call.node) };
  return { do: 'times', count: attempts.count, body, place, what, retry: true };
}

function callbackWork(call: In<CallExpression>, reader: Reader): Work {
  const callback = call.node.arguments[0]?.value;
  return callback ? workOfCallable(callback, call.module, reader) : none;
}

function attemptsOf(library: Library, call: In<CallExpression>, value: External, reader: Reader): Attempts {
  const maker = library.from === 'maker' ? value.chain.at(-1) : call;
  if (!maker) return unread(call);
  const options = optionsAt(maker, 1, reader);
  const fixes = fixesOf(library, maker, options);
  const forever = options.get('forever');
  if (isNamed(value, 'async-retry') && forever?.node.kind === 'literal' && forever.node.value === true)
    return { count: 'endless', endless: 'forever: true', fixes };
  const consumes = options.get('shouldConsumeRetry');
  if (isNamed(value, 'p-retry') && consumes) {
    // What it lets off is not counted; a limit of time may still end it.
    if (!answersFalse(consumes, reader) || options.get('maxRetryTime')) return unread(call);
    const named = 'shouldConsumeRetry never counts an attempt';
    return { count: 'endless', endless: named, fixes: consumedFixes(consumes) };
  }
  const at = options.get(library.option);
  if (!at) {
    if (options.open) return unread(call);
    if (library.default === null)
      return { count: 'endless', endless: `${library.option} is not set, and its default is Infinity`, fixes };
    return { count: number(library.default + (library.countsRetries ? 1 : 0)), endless: undefined, fixes };
  }
  if (isNamed(value, 'ts-retry-promise') && isInfinitely(at)) {
    const time = options.get('timeout');
    if (!time || !isInfinitely(time)) return unread(call);
    return { count: 'endless', endless: `${library.option}: INFINITELY`, fixes };
  }
  const limit = limitOf({ node: at.node, module: at.module, env: undefined }, reader.resolver);
  if (limit.kind === 'number') {
    if (!Number.isFinite(limit.value))
      return { count: 'endless', endless: `${library.option}: ${nameOf(at.node)}`, fixes };
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

function unread(call: In<CallExpression>): Attempts {
  return { count: symbol(`attempts of ${nameOf(call.node.callee)}`), endless: undefined, fixes: [] };
}

function fixesOf(library: Library, maker: In<CallExpression>, options: Options): FixPlan[] {
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
    : maker.node.arguments.length === 1
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

/** `pipe(retry())`: how often a deferred source is subscribed to again. */
function subscriptionsOf(call: In<CallExpression>, reader: Reader): Attempts | undefined {
  let ends = false;
  let found: Attempts | undefined;
  for (const argument of call.node.arguments) {
    const node = argument.value;
    if (node.kind !== 'call') continue;
    for (const value of reader.resolver.values(node.callee, call.module)) {
      if (value.kind !== 'external') continue;
      const name = /^rxjs(?:\/operators)?:(\w+)$/.exec(value.path)?.[1] ?? '';
      if (/^(take|takeWhile|takeUntil|first|timeout)$/.test(name)) ends = true;
      if (name === 'retry' || name === 'repeat') found ??= operatorCount({ node, module: call.module }, name, reader);
    }
  }
  return ends ? undefined : found;
}

function operatorCount(operator: In<CallExpression>, name: string, reader: Reader): Attempts {
  const { node, module } = operator;
  const first = node.arguments[0]?.value;
  const fixes: FixPlan[] =
    first === undefined
      ? [
          {
            title: `${name} ${suggestedRetries} times at most`,
            safe: false,
            rules: ['unguarded-retry'],
            operations: [{ do: 'addArgument', path: module.path, at: node.span, value: String(suggestedRetries) }],
          },
        ]
      : [];
  if (!first) return { count: 'endless', endless: `${name}() without a count never ends`, fixes };
  const options = optionsAt(operator, 0, reader);
  const count = options.get('count');
  if (first.kind === 'object' && !count) {
    // `delay` may end it by an error or by completing.
    if (options.open || options.get('delay')) return unread(operator);
    return { count: 'endless', endless: `${name}() without a count never ends`, fixes };
  }
  const at = count ?? { node: first, module };
  const limit = limitOf({ node: at.node, module: at.module, env: undefined }, reader.resolver);
  if (limit.kind !== 'number') return { count: symbol(limit.name), endless: undefined, fixes: [] };
  if (!Number.isFinite(limit.value)) return { count: 'endless', endless: `${name}(${nameOf(at.node)})`, fixes };
  return { count: number(limit.value), endless: undefined, fixes: [] };
}

function deferredWork(call: In<CallExpression>, reader: Reader): Work {
  const { callee } = call.node;
  return callee.kind === 'member' ? workOfExpression(callee.object, call.module, reader) : none;
}
