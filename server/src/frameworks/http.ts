// HTTP clients: a request to a model's address is a model call, and the client's own retries are its attempts.
// It must not know what is sent. A client's default is counted where it holds for the request: for a POST it mostly does not.
import type { FixPlan, Work } from '../graph/model.ts';
import type { CallExpression, Expression } from '../program/model.ts';
import { limitOf, nameOf, number, one, plus, symbol } from '../program/quantity.ts';
import type { In } from '../program/values.ts';
import { type Attempts, type Repeater, repeating, unread } from './attempts.ts';
import { type Options, optionsAt, packageCalls, placeOfCall, splitPath } from './calls.ts';
import { namesModel } from './endpoints.ts';
import type { Default, External, Framework } from './framework.ts';
import type { Reader } from './reading.ts';

const suggestedRetries = 2;
/** The major version that is assumed where none is resolved: the newest, whichever it is. */
const newest = Number.POSITIVE_INFINITY;

/** A client that repeats a request by itself. */
interface Client {
  readonly packages: readonly string[];
  readonly path: RegExp;
  readonly attempts: (call: In<CallExpression>, value: External, reader: Reader) => Attempts | undefined;
}

const verbs = '(get|post|put|patch|delete|request|postForm|stream)';
/** Requests that got, ky and undici repeat although nobody said so. */
const repeatedVerbs = /^(get|put|head|delete|options|trace)$/i;

const clients: readonly Client[] = [
  {
    packages: ['axios'],
    path: new RegExp(`^:(default|axios|\\*)(\\.default)?(\\.create\\(\\))?(\\.${verbs})?$`),
    attempts: axiosAttempts,
  },
  {
    packages: ['got'],
    path: new RegExp(`^:(default|got)(\\.extend\\(\\))*(\\.${verbs})?$`),
    attempts: (call, value, reader) => ownAttempts(call, value, reader),
  },
  {
    packages: ['ky'],
    path: new RegExp(`^:(default|ky)(\\.(extend|create)\\(\\))*(\\.${verbs})?$`),
    attempts: (call, value, reader) => ownAttempts(call, value, reader),
  },
  { packages: ['fetch-retry'], path: /^:(default|\*)?\(\)$/, attempts: fetchRetryAttempts },
  { packages: ['undici'], path: /^:(fetch|request|stream)$/, attempts: undiciAttempts },
  {
    packages: ['ofetch', 'node-fetch', 'cross-fetch', 'isomorphic-fetch', 'node-fetch-native', 'superagent', 'needle'],
    path: new RegExp(`^:(default|ofetch|\\$fetch|fetch|\\*)(\\.create\\(\\))?(\\.${verbs})?$`),
    attempts: () => undefined,
  },
  { packages: ['global'], path: /^:fetch$/, attempts: () => undefined },
  {
    packages: ['requests', 'httpx', 'aiohttp'],
    path: new RegExp(`^:((sessions\\.)?\\w*(Client|Session|session)\\(\\)\\.)?${verbs}$`),
    attempts: () => undefined,
  },
];

const row = (
  packageName: string,
  option: string,
  value: number,
  sentinels: Default['sentinels'],
  onLimit: string,
  majors?: readonly number[],
): Default => ({
  option,
  package: packageName,
  ...(majors && { majors }),
  language: 'typescript',
  value,
  unit: 'attempts after the first',
  sentinels,
  onLimit,
  proof: 'test/integration/http.test.ts',
});

const { calls, read } = repeating(
  'http',
  clients.map(
    (client): Repeater => ({
      packages: client.packages,
      path: client.path,
      effect: 'model',
      when: (call, value, reader) =>
        namesModel(call.node, call.module, reader.resolver) ||
        value.chain.some(step => namesModel(step.node, step.module, reader.resolver)),
      what: call => `attempts of ${nameOf(call.node.callee)}`,
      attempts: client.attempts,
      body: (call): Work => ({
        do: 'model',
        count: one,
        place: placeOfCall(call),
        what: nameOf(call.node.callee),
      }),
    }),
  ),
);

export const http: Framework = {
  id: 'http',
  title: 'HTTP clients',
  docs: 'https://github.com/sindresorhus/got/blob/main/documentation/7-retry.md',
  // A file with a model's address is read anyway; others that only import a client are not worth it.
  packages: { typescript: ['axios-retry', 'fetch-retry'], python: [] },
  defaults: [
    row(
      'axios-retry',
      'retries',
      3,
      { Infinity: 'no limit', 0: 'no retry' },
      'the last error is thrown; a POST that was answered is not repeated',
    ),
    row(
      'got',
      'retry.limit',
      2,
      {
        Infinity: 'no limit (22 attempts where the delay doubles: the next one is more than a timer takes)',
        0: 'no retry',
        calculateDelay: 'asked only within limit and methods, unless enforceRetryRules is false',
      },
      'the last error is thrown; a POST is repeated only if methods has it',
      [15, 16],
    ),
    row(
      'got',
      'retry.limit',
      2,
      {
        Infinity: 'no limit',
        0: 'no retry',
        calculateDelay: 'in the place of limit and methods, unless enforceRetryRules is true',
      },
      'the last error is thrown; a POST is repeated only if methods has it',
      [14],
    ),
    row(
      'ky',
      'retry.limit',
      2,
      { Infinity: 'refused', 0: 'no retry', '-1': 'refused', null: 'refused' },
      'the last error is thrown; a POST is repeated only if methods has it',
      [2],
    ),
    row(
      'ky',
      'retry.limit',
      2,
      { Infinity: 'no limit', 0: 'no retry', '-1': 'no retry', null: 'no retry' },
      'the last error is thrown; a POST is repeated only if methods has it',
      [1],
    ),
    row(
      'fetch-retry',
      'retries',
      3,
      { Infinity: 'refused', 0: 'no retry', retryOn: 'a function decides in its place' },
      'the last error is thrown; an answer is repeated only if retryOn has its status',
    ),
    row(
      'undici',
      'maxRetries of RetryAgent',
      5,
      { Infinity: 'no limit', 0: 'no retry' },
      'the last error is thrown; a POST is repeated only if methods has it',
    ),
  ],
  calls,
  read: read!,
};

/** Attempts by an option that counts what comes after the first one. */
function counted(name: string, at: In<Expression> | undefined, fallback: number, reader: Reader): Attempts {
  if (!at) return { count: number(fallback + 1), endless: undefined, fixes: [] };
  const limit = limitOf({ node: at.node, module: at.module, env: undefined }, reader.resolver);
  if (limit.kind !== 'number') return { count: plus(symbol(limit.name), number(1)), endless: undefined, fixes: [] };
  if (Number.isFinite(limit.value))
    return { count: number(Math.max(0, limit.value) + 1), endless: undefined, fixes: [] };
  const fix: FixPlan = {
    title: `Set ${name} to ${suggestedRetries}`,
    safe: false,
    rules: ['unguarded-retry'],
    operations: [{ do: 'replace', path: at.module.path, at: at.node.span, text: String(suggestedRetries) }],
  };
  return { count: 'endless', endless: `${name}: ${nameOf(at.node)}`, fixes: [fix] };
}

/** The options of a request: a second argument, or the only one. */
function requestOptions(call: In<CallExpression>, reader: Reader): Options {
  const second = optionsAt(call, 1, reader);
  return call.node.arguments.length > 1 ? second : optionsAt(call, 0, reader);
}

function verbOf(call: In<CallExpression>, options: Options): string {
  const { callee } = call.node;
  if (callee.kind === 'member' && callee.property !== 'request' && callee.property !== 'stream') return callee.property;
  const given = options.get('method');
  return given?.node.kind === 'literal' ? String(given.node.value) : given ? 'unknown' : 'get';
}

/** True if a list of methods has one; undefined if it cannot be read. */
function has(methods: In<Expression> | undefined, verb: string, reader: Reader): boolean | undefined {
  if (!methods) return repeatedVerbs.test(verb);
  const lists = reader.resolver.values(methods.node, methods.module).filter(value => value.kind === 'list');
  const items = lists.flatMap(list => list.node.items);
  if (lists.length === 0 || items.some(item => item.kind !== 'literal')) return undefined;
  return items.some(item => item.kind === 'literal' && String(item.value).toLowerCase() === verb.toLowerCase());
}

/** got and ky: `retry` of the request, or of what its client was made with. */
function ownAttempts(call: In<CallExpression>, value: External, reader: Reader): Attempts | undefined {
  const own = requestOptions(call, reader);
  const levels = [own, ...[...value.chain].reverse().map(step => optionsAt(step, 0, reader))];
  const retry = levels.map(level => level.get('retry')).find(found => found !== undefined);
  const verb = verbOf(call, own);
  if (!retry) return repeatedVerbs.test(verb) ? counted('retry.limit', undefined, 2, reader) : undefined;
  const objects = reader.resolver.values(retry.node, retry.module).filter(found => found.kind === 'object');
  const get = (key: string): In<Expression> | undefined =>
    objects.map(object => reader.resolver.entry(object, key)).find(found => found !== undefined);
  // `retry: 3` of ky.
  if (objects.length === 0) return repeatedVerbs.test(verb) ? counted('retry', retry, 2, reader) : undefined;
  const name = splitPath(value.path).head;
  const version = reader.resolver.program.version(call.module.path, name);
  const major = version === undefined ? newest : Number.parseInt(version, 10);
  if (name === 'got' && get('calculateDelay') && asksFreely(get('enforceRetryRules'), major)) return unread(call);
  const repeats = has(get('methods'), verb, reader);
  if (repeats === undefined) return unread(call);
  if (!repeats) return undefined;
  const attempts = counted('retry.limit', get('limit'), 2, reader);
  // What has no end is refused by ky from 2 on.
  return attempts.endless !== undefined && name === 'ky' && major >= 2 ? undefined : attempts;
}

/** `calculateDelay` decides by itself: by default up to got 14. */
function asksFreely(enforced: In<Expression> | undefined, major: number): boolean {
  return enforced?.node.kind === 'literal' ? enforced.node.value !== true : major < 15;
}

function fetchRetryAttempts(call: In<CallExpression>, value: External, reader: Reader): Attempts | undefined {
  const made = value.chain.at(-1);
  const levels = [optionsAt(call, 1, reader), ...(made ? [optionsAt(made, 1, reader)] : [])];
  const find = (key: string): In<Expression> | undefined =>
    levels.map(level => level.get(key)).find(found => found !== undefined);
  const decider = find('retryOn');
  const decides =
    decider && reader.resolver.values(decider.node, decider.module).some(one_ => one_.kind === 'function');
  if (decides) return unread(call);
  const attempts = counted('retries', find('retries'), 3, reader);
  // Infinity is refused.
  return attempts.endless === undefined ? attempts : undefined;
}

/** The retries that `axiosRetry(client, options)` gave to the client of a request. */
function axiosAttempts(_call: In<CallExpression>, value: External, reader: Reader): Attempts | undefined {
  const root = value.chain[0]?.node;
  for (const { call, path } of packageCalls(reader, head => head === 'axios-retry')) {
    const given = call.node.arguments[0];
    if (!/^:(default|\*)?$/.test(path) || !given) continue;
    const same = reader.resolver
      .externals(given.value, call.module)
      .some(client => client.path.startsWith('axios:') && client.chain[0]?.node === root);
    if (same) return counted('retries', optionsAt(call, 1, reader).get('retries'), 3, reader);
  }
  return undefined;
}

/** A RetryAgent as the request's `dispatcher`. */
function undiciAttempts(call: In<CallExpression>, _value: External, reader: Reader): Attempts | undefined {
  const options = optionsAt(call, 1, reader);
  const dispatcher = options.get('dispatcher');
  if (!dispatcher) return undefined;
  for (const agent of reader.resolver.externals(dispatcher.node, dispatcher.module)) {
    const made = agent.path === 'undici:RetryAgent()' ? agent.chain.at(-1) : undefined;
    if (!made) continue;
    const set = optionsAt(made, 1, reader);
    const given = options.get('method');
    const verb = given?.node.kind === 'literal' ? String(given.node.value) : given ? 'unknown' : 'get';
    const repeats = has(set.get('methods'), verb, reader);
    if (repeats === undefined) return unread(call);
    return repeats ? counted('maxRetries', set.get('maxRetries'), 5, reader) : undefined;
  }
  return undefined;
}
