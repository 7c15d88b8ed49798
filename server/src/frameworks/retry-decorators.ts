// Python's retry decorators: tenacity, backoff, retrying, retry. Without a limit each of them tries for ever.
// It must not judge loops that the decorated code has itself.
import type { Loop, Step } from '../graph/model.ts';
import type { CallExpression, Expression, FunctionNode } from '../program/model.ts';
import { limitOf, nameOf, number, type Quantity, symbol } from '../program/quantity.ts';
import { type FunctionInfo, indexOf } from '../program/scope.ts';
import type { Place } from '../rules/finding.ts';
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
}

/** Read in tenacity 9.1, backoff 2.2, retrying 1.4 and retry 0.9: none of them has a limit of its own. */
const libraries: readonly Library[] = [
  { package: 'tenacity', path: /^:retry(\(\))?$/, limits: ['stop'], endless: () => false },
  {
    package: 'backoff',
    path: /^:on_(exception|predicate)\(\)$/,
    limits: ['max_tries', 'max_time'],
    endless: () => false,
  },
  {
    package: 'retrying',
    path: /^:retry(\(\))?$/,
    limits: ['stop_max_attempt_number', 'stop_max_delay', 'stop', 'stop_func'],
    endless: () => false,
  },
  { package: 'retry', path: /^:(api\.)?retry(\(\))?$/, limits: ['tries'], endless: value => value < 0 },
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
    sentinels: {},
    onLimit: 'raises the last error',
    proof: 'read in the package; not run',
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
    fixes: [],
  });
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
  if (/(^|\.)stop_never$/.test(nameOf(first)) || (first.kind === 'literal' && first.value === null)) return 'endless';
  const counted = /(^|\.)stop_after_attempt$/.test(first.kind === 'call' ? nameOf(first.callee) : '')
    ? (first as CallExpression).arguments[0]?.value
    : first;
  const limit = counted && limitOf({ node: counted, module: info.module, env: undefined }, reader.resolver);
  if (limit?.kind !== 'number') return unread;
  return library.endless(limit.value) ? 'endless' : number(limit.value);
}
