// Python's retry decorators: tenacity, backoff, retrying, retry. Without a limit each of them tries for ever.
// It must not judge loops that the decorated code has itself.
import type { FixPlan, Loop, Step } from '../graph/model.ts';
import type { CallExpression, Expression, FunctionNode } from '../program/model.ts';
import { limitOf, nameOf, number, type Quantity, symbol } from '../program/quantity.ts';
import { type FunctionInfo, indexOf } from '../program/scope.ts';
import type { FixOperation, Place } from '../rules/finding.ts';
import { splitPath } from './calls.ts';
import type { Contribution, Framework } from './framework.ts';
import { workOf } from './plain/work.ts';
import type { Reader } from './reading.ts';

interface Library {
  readonly package: string;
  readonly path: RegExp;
  /** Options of which each ends the attempts; the first one counts them. */
  readonly limits: readonly string[];
  /** What the first one means where it does not limit. */
  readonly endless: (value: number) => boolean;
  readonly sentinels: Readonly<Record<string, string>>;
  /** The first one's value for four attempts; `$name` is imported from the package. */
  readonly four: { readonly text: string; readonly imported?: string };
}

/** Run in tenacity 9.2, backoff 2.2, retrying 1.4 and retry 0.9: none of them has a limit of its own. */
const libraries: readonly Library[] = [
  {
    package: 'tenacity',
    path: /^:retry(\(\))?$/,
    limits: ['stop'],
    endless: () => false,
    sentinels: { stop_never: 'no limit', 'stop_after_attempt(0)': 'one attempt', None: 'raises a TypeError' },
    four: { text: '$stop_after_attempt(4)', imported: 'stop_after_attempt' },
  },
  {
    package: 'backoff',
    path: /^:on_(exception|predicate)\(\)$/,
    limits: ['max_tries', 'max_time'],
    endless: value => value <= 0,
    sentinels: { 0: 'no limit', '-1': 'no limit', None: 'no limit', inf: 'no limit' },
    four: { text: '4' },
  },
  {
    package: 'retrying',
    path: /^:retry(\(\))?$/,
    limits: ['stop_max_attempt_number', 'stop_max_delay', 'stop', 'stop_func'],
    endless: () => false,
    sentinels: { 0: 'one attempt', None: 'no limit', inf: 'no limit' },
    four: { text: '4' },
  },
  {
    package: 'retry',
    path: /^:(api\.)?retry(\(\))?$/,
    limits: ['tries'],
    endless: value => value < 0,
    sentinels: { 0: 'no attempt', '-1': 'no limit', inf: 'no limit' },
    four: { text: '4' },
  },
];

export const retryDecorators: Framework = {
  id: 'retry-decorators',
  title: 'Retry decorators of Python',
  docs: 'https://tenacity.readthedocs.io',
  packages: { typescript: [], python: libraries.map(library => library.package) },
  defaults: libraries.map(library => ({
    option: library.limits[0]!,
    package: library.package,
    language: 'python',
    value: null,
    unit: 'attempts',
    sentinels: library.sentinels,
    onLimit: library.package === 'tenacity' ? 'raises a RetryError' : 'raises the last error',
    proof: 'test/integration/retries-python.test.ts',
  })),
  calls: [],
  read(reader): Contribution {
    const loops: Loop[] = [];
    const steps: Step[] = [];
    const ours = (head: string): boolean => libraries.some(library => library.package === head);
    if (!reader.resolver.importsPackage(ours)) return {};
    for (const module of reader.modules) {
      if (module.language !== 'python') continue;
      for (const info of indexOf(module).functions) {
        if (!info.node || info.node.decorators.length === 0 || !reader.reaches(info)) continue;
        const found = decoratorOf(info, info.node, reader);
        if (found) add(info, info.node, found, reader, loops, steps);
      }
    }
    return { loops, steps };
  },
};

interface Decorated {
  readonly library: Library;
  readonly expression: Expression;
  readonly call: CallExpression | undefined;
}

function decoratorOf(info: FunctionInfo, node: FunctionNode, reader: Reader): Decorated | undefined {
  for (const { expression } of node.decorators) {
    for (const value of reader.resolver.values(expression, info.module)) {
      if (value.kind !== 'external') continue;
      const { head, path } = splitPath(value.path);
      const library = libraries.find(one => one.package === head && one.path.test(path));
      if (library) return { library, expression, call: expression.kind === 'call' ? expression : undefined };
    }
  }
  return undefined;
}

function add(
  info: FunctionInfo,
  node: FunctionNode,
  { library, expression, call }: Decorated,
  reader: Reader,
  loops: Loop[],
  steps: Step[],
): void {
  const attempts = attemptsOf(library, call, info, reader);
  const place: Place = { path: info.module.path, span: expression.span };
  const id = `retry-decorators:${info.module.path}@${expression.span[0]}`;
  const body = workOf(info, reader);
  const what = `attempts of ${nameOf(call ? call.callee : expression)}`;
  steps.push({
    id: reader.stepId(info),
    kind: 'function',
    name: info.name,
    place: { path: info.module.path, span: node.head },
    framework: 'retry-decorators',
    work:
      attempts === 'endless'
        ? { do: 'repeat', loop: id, body }
        : { do: 'times', count: attempts, body, place, what, retry: true },
  });
  if (attempts !== 'endless') return;
  loops.push({
    id,
    shape: 'retry',
    framework: 'retry-decorators',
    name: info.name,
    place,
    witness: [{ path: info.module.path, span: node.head, message: `${info.name} is tried again whenever it fails` }],
    controller: 'exception',
    coverage: 'missing',
    reason: `${library.limits[0]} sets no limit, and ${library.package} then tries for ever`,
    rounds: 'endless',
    bounds: [],
    sure: true,
    steps: [reader.stepId(info)],
    body,
    fixes: fixesOf(library, expression, call, info),
  });
}

function fixesOf(
  library: Library,
  expression: Expression,
  call: CallExpression | undefined,
  info: FunctionInfo,
): FixPlan[] {
  const { path } = info.module;
  const { text, imported } = library.four;
  const key = library.limits[0]!;
  const bound: FixOperation = call
    ? { do: 'setOption', path, at: call.span, key, value: text }
    : { do: 'replace', path, at: [expression.span[1], expression.span[1]], text: `(${key}=${text})` };
  const needed: FixOperation[] = imported ? [{ do: 'import', path, specifier: library.package, imported }] : [];
  // An honest run may need more attempts than these.
  return [{ title: 'Stop after 4 attempts', safe: false, rules: ['unguarded-retry'], operations: [...needed, bound] }];
}

function attemptsOf(library: Library, call: CallExpression | undefined, info: FunctionInfo, reader: Reader): Quantity {
  if (!call) return 'endless';
  // `@retry(**options)`: what they hold is not known.
  const unread = symbol(`attempts of ${nameOf(call.callee)}`);
  if (call.arguments.some(argument => argument.spread !== 'none')) return unread;
  const option = (key: string): Expression | undefined => call.arguments.find(one => one.name === key)?.value;
  const given = library.limits.map(option).find(one => one !== undefined);
  // `@backoff.on_exception(wait, error)` and `@retry(error)` have positions for other things only.
  if (!given) return 'endless';
  const first = option(library.limits[0]!);
  if (!first) return unread;
  // Another limit holds where this one does not.
  const none: Quantity = library.limits.slice(1).some(key => option(key)) ? unread : 'endless';
  if (/(^|\.)stop_never$/.test(nameOf(first)) || (first.kind === 'literal' && first.value === null)) return none;
  const counted = /(^|\.)stop_after_attempt$/.test(first.kind === 'call' ? nameOf(first.callee) : '')
    ? (first as CallExpression).arguments[0]?.value
    : first;
  const limit = counted && limitOf({ node: counted, module: info.module, env: undefined }, reader.resolver);
  if (limit?.kind !== 'number') return unread;
  if (!Number.isFinite(limit.value) || library.endless(limit.value)) return none;
  return number(library.package === 'retry' ? limit.value : Math.max(1, limit.value));
}
