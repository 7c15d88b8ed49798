// LangChain agents (createAgent, createReactAgent, createDeepAgent): a model and its tools in turns, limited in supersteps.
// A turn is two supersteps, so 25 are 13 requests: proven in test/integration/langchain-agent.test.ts.
import type { FixPlan, Machine, Run, Work } from '../graph/model.ts';
import { nothing } from '../graph/model.ts';
import type { CallExpression } from '../program/model.ts';
import { nameOf, one, symbol } from '../program/quantity.ts';
import type { In } from '../program/values.ts';
import type { Place } from '../rules/finding.ts';
import { madeAt, type Options, optionsAt, packageCalls, placeOfCall } from './calls.ts';
import type { Contribution, External, Framework } from './framework.ts';
import { addedBy } from './langchain-middleware.ts';
import { headOf, type LimitOption, limitOption } from './literals.ts';
import { defaultLimit } from './loop-of.ts';
import { allOf, isNothing, oneOf, workOfCallable } from './plain/work.ts';
import type { Reader } from './reading.ts';
import { toolsOf } from './tools.ts';

const packages = ['langchain', '@langchain/langgraph/prebuilt', 'deepagents'];
const made = /^:(createAgent|createReactAgent|createDeepAgent)$/;
const run =
  /^:(createAgent|createReactAgent|createDeepAgent)\(\)(\.withConfig\(\))*\.(invoke|stream|streamEvents|batch)$/;
const configured = /^:(createAgent|createReactAgent|createDeepAgent)\(\)(\.withConfig\(\))*\.withConfig$/;
const defaultSupersteps = 25;
const deepSupersteps = 10_000;
const onLimit = 'throws GraphRecursionError';

export const langchainAgents: Framework = {
  id: 'langchain-agents',
  title: 'LangChain agents',
  docs: 'https://docs.langchain.com/oss/javascript/langchain/agents',
  packages: { typescript: packages, python: [] },
  defaults: [
    {
      option: 'recursionLimit of createAgent',
      package: 'langchain',
      language: 'typescript',
      value: defaultSupersteps,
      unit: 'supersteps of one invoke: two for a turn',
      sentinels: {
        Infinity: 'no limit',
        'modelCallLimitMiddleware({})': 'no limit of its own',
        'a hook before or after the model': 'a superstep more for a turn',
      },
      onLimit,
      proof: 'test/integration/langchain-agent.test.ts, test/integration/langchain-middleware.test.ts',
    },
    {
      option: 'recursionLimit of createDeepAgent',
      package: 'deepagents',
      language: 'typescript',
      value: deepSupersteps,
      unit: 'supersteps of one invoke: two for a turn',
      sentinels: { Infinity: 'no limit' },
      onLimit,
      proof: 'test/integration/langchain-middleware.test.ts',
    },
    {
      option: 'maxRetries of modelRetryMiddleware and toolRetryMiddleware',
      package: 'langchain',
      language: 'typescript',
      value: 2,
      unit: 'attempts after the first',
      sentinels: { 0: 'one attempt' },
      onLimit: 'goes on with the error as the answer',
      proof: 'test/integration/langchain-middleware.test.ts',
    },
    {
      option: 'stopAfterAttempt of withRetry',
      package: '@langchain/core',
      language: 'typescript',
      value: 3,
      unit: 'attempts',
      sentinels: {},
      onLimit: 'throws the last error',
      proof: 'test/integration/langchain-middleware.test.ts',
    },
  ],
  calls: [
    // Keeps its function for an agent to call.
    { packages: ['langchain', '@langchain/core/tools'], path: /^:tool$/, effect: 'keeps' },
    {
      packages,
      path: run,
      effect: 'agent',
      work(call, value, reader): Work {
        const root = value.chain[0];
        const place = placeOfCall(call);
        if (!root) return { do: 'model', count: one, place, what: 'agent' };
        const limit = countsRequests(root, reader) ? undefined : runLimit(call, value, reader)?.bound;
        return { do: 'run', machine: madeAt('langchain', root), limit, place };
      },
    },
  ],
  read(reader): Contribution {
    const machines: Machine[] = [];
    const runs: Run[] = [];
    for (const { call, value, path } of packageCalls(reader, head => packages.includes(head))) {
      const root = value.chain[0];
      if (made.test(path)) machines.push(agentOf(call, path, reader));
      else if (root && run.test(path))
        runs.push(runOf(call, root, countsRequests(root, reader) ? undefined : runLimit(call, value, reader)));
      else if (root && configured.test(path)) {
        const limit = countsRequests(root, reader) ? undefined : runLimit(call, value, reader);
        if (limit) runs.push(runOf(call, root, limit));
      }
    }
    return { machines, runs };
  },
};

/** True if middleware limits the requests of the agent: the supersteps of a run are beside the point then. */
function countsRequests(root: In<CallExpression>, reader: Reader): boolean {
  return addedBy(optionsAt(root, 0, reader), reader).limit !== undefined;
}

/** One run of an agent or team, with the fix of the limit that it sets. */
export function runOf(call: In<CallExpression>, root: In<CallExpression>, limit: LimitOption | undefined): Run {
  const replaced: FixPlan[] = limit
    ? [
        {
          title: `Set recursionLimit to ${defaultSupersteps}`,
          safe: true,
          rules: ['unbounded-cycle', 'ineffective-bound'],
          operations: [
            { do: 'replace', path: limit.at.module.path, at: limit.at.node.span, text: String(defaultSupersteps) },
          ],
        },
      ]
    : [];
  return {
    machine: madeAt('langchain', root),
    place: { path: call.module.path, span: headOf(call.node) },
    limit: limit?.bound,
    disabled: limit?.disabled,
    fixes: replaced,
  };
}

/** `recursionLimit` of a run's config, or of a `withConfig` before it. */
export function runLimit(call: In<CallExpression>, value: External, reader: Reader): LimitOption | undefined {
  const own = /\.withConfig$/.test(value.path) ? 0 : 1;
  const given =
    reader.resolver.option(call, 'recursionLimit', own) ??
    value.chain
      .filter(step => step.name === 'withConfig')
      .reverse()
      .map(step => reader.resolver.option(step, 'recursionLimit', 0))
      .find(found => found !== undefined);
  return given && limitOption('recursionLimit', given, reader.resolver, limit => limit >= 1_000_000);
}

function agentOf(call: In<CallExpression>, path: string, reader: Reader): Machine {
  const options = optionsAt(call, 0, reader);
  const place: Place = { path: call.module.path, span: headOf(call.node) };
  const deep = path.endsWith('createDeepAgent');
  const added = addedBy(options, reader);
  const tools = toolsOf(options.get('tools'), ['func'], reader);
  const model: Work = { do: 'model', count: one, place: placeOfCall(call), what: nameOf(call.node.callee) };
  const hooks = ['preModelHook', 'postModelHook'].map(key => {
    const given = options.get(key);
    return given && workOfCallable(given.node, given.module, reader);
  });
  const parts: Parts = {
    before: [...added.before, ...(hooks[0] ? [hooks[0]] : []), ...(deep ? [deepSummary(call)] : [])],
    model: added.request(model),
    after: [...added.after, ...(hooks[1] ? [hooks[1]] : [])],
    tools: added.tools(deep ? oneOf([tools.work, deepTask(call)]) : tools.work),
    // The prebuilt agent asks once more for an answer in a format; the newer one asks again for one that does not fit.
    last: path.endsWith('createReactAgent') && options.get('responseFormat') ? allOf([added.once, model]) : added.once,
    // Deep agents and some middleware bring tools of their own.
    cyclic: tools.some || options.open || deep || added.hasTools || options.get('responseFormat') !== undefined,
    exact: added.exact && !deep,
  };
  const supersteps = deep ? deepSupersteps : defaultSupersteps;
  return {
    id: madeAt('langchain', call),
    framework: 'langgraph',
    name: nameOf(call.node.callee),
    place,
    ...(added.limit ? countedTurns(parts, place) : stepsOf(parts, place)),
    limit: added.limit ?? defaultLimit(`recursionLimit ${supersteps}`, supersteps),
    perUnit: nothing,
    counters: [],
    onLimit: added.limit ? 'ends without an error' : onLimit,
    open: false,
    fixes: callLimitFixes(call, options),
    disabled: undefined,
    handsDown: !added.limit,
    inherits: !added.limit && !deep,
  };
}

/** What one turn of an agent is made of. */
interface Parts {
  readonly before: readonly Work[];
  readonly model: Work;
  readonly after: readonly Work[];
  readonly tools: Work;
  /** Once, at the end. */
  readonly last: Work;
  readonly cyclic: boolean;
  /** Hooks are steps of their own, and nothing jumps over one. */
  readonly exact: boolean;
}

type Shape = Pick<Machine, 'states' | 'transitions' | 'unit' | 'start'>;

/** A limit of requests counts turns: the tools belong to the turn. */
function countedTurns(parts: Parts, place: Place): Shape {
  const turn = allOf([...parts.before, parts.model, ...parts.after, parts.tools]);
  // What comes before a request comes before the one that is refused, too.
  const extra = allOf([...parts.before, parts.last]);
  const state = { place, raises: [], resets: [], human: false };
  const again = {
    to: 'model',
    kind: 'route' as const,
    label: 'tool calls',
    place,
    checks: [],
    controller: 'model' as const,
  };
  const first = isNothing(extra) ? [] : [{ ...state, id: 'first', name: 'model', work: allOf([turn, extra]) }];
  return {
    states: [...first, { ...state, id: 'model', name: 'model', work: turn }],
    transitions: [...first.map(({ id }) => ({ ...again, from: id })), { ...again, from: 'model' }],
    unit: 'visit',
    start: [first[0]?.id ?? 'model'],
  };
}

/** The recursion limit counts supersteps: the model, the tools and each hook is one. */
function stepsOf(parts: Parts, place: Place): Shape {
  const state = { place, raises: [], resets: [], human: false };
  const step = { place, checks: [], controller: 'model' as const, label: '' };
  const hooks = (works: readonly Work[], when: string) =>
    parts.exact ? works.map((work, at) => ({ ...state, id: `${when} ${at + 1}`, name: when, work })) : [];
  const before = hooks(parts.before, 'before model');
  const after = hooks(parts.after, 'after model');
  // Where hooks may be jumped over their work is the model's: too much rather than too little.
  const work = parts.exact ? parts.model : allOf([...parts.before, parts.model, ...parts.after]);
  const turn = [...before, { ...state, id: 'model', name: 'model', work }, ...after];
  const ends = isNothing(parts.last) ? [] : [{ ...state, id: 'end', name: 'end', work: parts.last }];
  const tools = parts.cyclic ? [{ ...state, id: 'tools', name: 'tools', work: parts.tools }] : [];
  const leaves = turn.at(-1)!.id;
  return {
    states: [...turn, ...tools, ...ends],
    transitions: [
      ...turn.slice(1).map((one, at) => ({ ...step, from: turn[at]!.id, to: one.id, kind: 'next' as const })),
      ...tools.flatMap(({ id }) => [
        { ...step, from: leaves, to: id, kind: 'route' as const, label: 'tool calls' },
        { ...step, from: id, to: turn[0]!.id, kind: 'next' as const },
      ]),
      ...ends.map(({ id }) => ({ ...step, from: leaves, to: id, kind: 'route' as const, label: 'end' })),
    ],
    unit: 'superstep',
    start: [turn[0]!.id],
  };
}

/** Deep agents summarise by themselves, and can hand a task to an agent of their own with the same limit. */
function deepSummary(call: In<CallExpression>): Work {
  return { do: 'model', count: one, place: placeOfCall(call), what: 'summary' };
}

function deepTask(call: In<CallExpression>): Work {
  return { do: 'model', count: symbol('calls of a subagent'), place: placeOfCall(call), what: 'subagent' };
}

function callLimitFixes(call: In<CallExpression>, options: Options): FixPlan[] {
  const object = options.objects[0];
  if (!object || options.get('middleware') || !/createAgent$/.test(nameOf(call.node.callee))) return [];
  const { path } = object.module;
  return [
    {
      title: 'Limit the model calls of a run to 10',
      safe: true,
      rules: ['default-bound'],
      operations: [
        { do: 'import', path, specifier: 'langchain', imported: 'modelCallLimitMiddleware' },
        {
          do: 'setOption',
          path,
          at: object.node.span,
          key: 'middleware',
          value: '[$modelCallLimitMiddleware({ runLimit: 10 })]',
        },
      ],
    },
  ];
}
