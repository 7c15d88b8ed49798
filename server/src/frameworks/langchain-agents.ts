// LangChain agents (createAgent, createReactAgent, createDeepAgent): a model and its tools in turns, limited in supersteps.
// A turn is two supersteps, so 25 are 13 requests: proven in test/integration/langchain-agent.test.ts.
import type { Bound, FixPlan, Machine, Run, Work } from '../graph/model.ts';
import { nothing } from '../graph/model.ts';
import type { CallExpression } from '../program/model.ts';
import { nameOf, one } from '../program/quantity.ts';
import type { In } from '../program/values.ts';
import type { Place } from '../rules/finding.ts';
import { madeAt, type Options, optionsAt, packageCalls, placeOfCall } from './calls.ts';
import type { Contribution, External, Framework } from './framework.ts';
import { headOf, type LimitOption, limitOption } from './literals.ts';
import { defaultLimit } from './loop-of.ts';
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
      sentinels: { Infinity: 'no limit', 'modelCallLimitMiddleware({})': 'no limit of its own' },
      onLimit,
      proof: 'test/integration/langchain-agent.test.ts',
    },
    {
      option: 'recursionLimit of createDeepAgent',
      package: 'deepagents',
      language: 'typescript',
      value: deepSupersteps,
      unit: 'supersteps of one invoke: two for a turn',
      sentinels: { Infinity: 'no limit' },
      onLimit,
      proof: 'read in the package; not run',
    },
  ],
  calls: [
    {
      packages,
      path: run,
      effect: 'agent',
      work(call, value, reader): Work {
        const root = value.chain[0];
        const place = placeOfCall(call);
        if (!root) return { do: 'model', count: one, place, what: 'agent' };
        return { do: 'run', machine: madeAt('langchain', root), limit: runLimit(call, value, reader)?.bound, place };
      },
    },
  ],
  read(reader): Contribution {
    const machines: Machine[] = [];
    const runs: Run[] = [];
    for (const { call, value, path } of packageCalls(reader, head => packages.includes(head))) {
      const root = value.chain[0];
      if (made.test(path)) machines.push(agentOf(call, path, reader));
      else if (root && run.test(path)) runs.push(runOf(call, root, runLimit(call, value, reader)));
      else if (root && configured.test(path)) {
        const limit = runLimit(call, value, reader);
        if (limit) runs.push(runOf(call, root, limit));
      }
    }
    return { machines, runs };
  },
};

function runOf(call: In<CallExpression>, root: In<CallExpression>, limit: LimitOption | undefined): Run {
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
function runLimit(call: In<CallExpression>, value: External, reader: Reader): LimitOption | undefined {
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
  const tools = toolsOf(options.get('tools'), ['func'], reader);
  const model: Work = { do: 'model', count: one, place: placeOfCall(call), what: nameOf(call.node.callee) };
  const deep = path.endsWith('createDeepAgent');
  const supersteps = deep ? deepSupersteps : defaultSupersteps;
  const calls = callLimit(options, reader);
  const state = { place, raises: [], resets: [], human: false };
  const step = { place, checks: [], controller: 'model' as const };
  // A call limit counts requests, the recursion limit supersteps: with the first the tools belong to the turn.
  const counted: Pick<Machine, 'states' | 'transitions' | 'unit'> = {
    states: [{ ...state, id: 'model', name: 'model', work: { do: 'all', parts: [model, tools.work] } }],
    transitions: [{ ...step, from: 'model', to: 'model', kind: 'route', label: 'tool calls' }],
    unit: 'visit',
  };
  // Deep agents and some middleware bring tools of their own; an answer that does not fit its format is asked for again.
  const cyclic =
    tools.some || options.open || deep || bringsTools(options, reader) || options.get('responseFormat') !== undefined;
  const stepped: Pick<Machine, 'states' | 'transitions' | 'unit'> = {
    states: [
      { ...state, id: 'model', name: 'model', work: model },
      ...(cyclic ? [{ ...state, id: 'tools', name: 'tools', work: tools.work }] : []),
    ],
    transitions: cyclic
      ? [
          { ...step, from: 'model', to: 'tools', kind: 'route', label: 'tool calls' },
          { ...step, from: 'tools', to: 'model', kind: 'next', label: '' },
        ]
      : [],
    unit: 'superstep',
  };
  return {
    id: madeAt('langchain', call),
    framework: 'langgraph',
    name: nameOf(call.node.callee),
    place,
    ...(calls ? counted : stepped),
    start: ['model'],
    limit: calls ?? defaultLimit(`recursionLimit ${supersteps}`, supersteps),
    perUnit: nothing,
    counters: [],
    onLimit: calls ? 'ends without an error' : onLimit,
    open: false,
    fixes: callLimitFixes(call, options),
    disabled: undefined,
  };
}

/** Middleware that has tools: the prebuilt ones, and `createMiddleware({ tools })`. */
function bringsTools(options: Options, reader: Reader): boolean {
  const given = options.get('middleware');
  if (!given) return false;
  return reader.resolver.values(given.node, given.module).some(
    value =>
      value.kind === 'list' &&
      value.node.items.some(item =>
        reader.resolver.externals(item, value.module).some(middleware => {
          if (/:create\w*(Filesystem|SubAgent|Skills)\w*\(\)$|:todoListMiddleware\(\)$/.test(middleware.path))
            return true;
          const call = middleware.chain.at(-1);
          return call !== undefined && reader.resolver.option(call, 'tools') !== undefined;
        }),
      ),
  );
}

/** `modelCallLimitMiddleware({ runLimit })`; without a limit it does nothing. */
function callLimit(options: Options, reader: Reader): Bound | undefined {
  const given = options.get('middleware');
  if (!given) return undefined;
  for (const value of reader.resolver.values(given.node, given.module)) {
    if (value.kind !== 'list') continue;
    for (const item of value.node.items) {
      for (const middleware of reader.resolver.externals(item, value.module)) {
        const call = /:modelCallLimitMiddleware\(\)$/.test(middleware.path) ? middleware.chain.at(-1) : undefined;
        const limit = call && (reader.resolver.option(call, 'runLimit') ?? reader.resolver.option(call, 'threadLimit'));
        const bound = limit && limitOption('runLimit', limit, reader.resolver, () => false).bound;
        if (bound) return bound;
      }
    }
  }
  return undefined;
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
