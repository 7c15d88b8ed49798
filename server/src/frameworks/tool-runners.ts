// Loops that model clients run themselves: Anthropic's toolRunner, OpenAI's runTools, the query of the Claude Agent SDK.
// Proven in test/integration/tool-runners.test.ts and claude-query.test.ts.
import type { Bound, FixPlan, Machine, Run, Work } from '../graph/model.ts';
import type { CallExpression } from '../program/model.ts';
import { nameOf, one } from '../program/quantity.ts';
import type { In } from '../program/values.ts';
import { madeAt, type Options, optionsAt, packageCalls, placeOfCall } from './calls.ts';
import type { Contribution, Framework } from './framework.ts';
import { headOf, limitOption } from './literals.ts';
import { defaultLimit, loopMachine, unreadLimit } from './loop-of.ts';
import { allOf } from './plain/work.ts';
import type { Reader } from './reading.ts';
import { toolsOf } from './tools.ts';

/** One kind of runner. */
interface Kind {
  readonly framework: string;
  readonly packages: readonly string[];
  readonly path: RegExp;
  /** Option that limits the loop, and in which argument it stands. */
  readonly option: string;
  readonly position: number;
  readonly fallback: number | undefined;
  /** Zero means no limit. */
  readonly zeroIsNone: boolean;
  /** A number that is no limit is refused. */
  readonly refusesEndless?: boolean;
  /** What happens on hitting the limit; it ends without an error if absent. */
  readonly onLimit?: string;
  /** Other options that may end the loop; their amount is not one of calls. */
  readonly budgets: readonly string[];
  /** Options stand in `options` of the argument. */
  readonly nested?: string;
  /** A loop without a limit may be what the product is meant for: only a note. */
  readonly mild: boolean;
  readonly suggested: number;
}

const anthropicPackages = ['@anthropic-ai/sdk', '@anthropic-ai/vertex-sdk', '@anthropic-ai/bedrock-sdk'];
const claudePackages = ['@anthropic-ai/claude-agent-sdk', '@anthropic-ai/claude-code'];

const openaiHelpers = [
  'openai/helpers/responses-tool-runner',
  'openai/helpers/computer',
  'openai/helpers/decisions-tool-runner',
];

const kinds: readonly Kind[] = [
  {
    framework: 'anthropic',
    packages: anthropicPackages,
    path: /^:(default|Anthropic\w*)\(\)\.beta\.messages\.toolRunner$/,
    option: 'max_iterations',
    position: 0,
    fallback: undefined,
    zeroIsNone: true,
    budgets: [],
    mild: false,
    suggested: 10,
  },
  {
    framework: 'openai',
    packages: ['openai'],
    path: /^:(default|OpenAI|AzureOpenAI)\(\)(\.beta)?\.chat\.completions\.runTools$/,
    option: 'maxChatCompletions',
    position: 1,
    fallback: 10,
    zeroIsNone: false,
    budgets: [],
    mild: false,
    suggested: 10,
  },
  {
    framework: 'openai',
    packages: openaiHelpers,
    path: /^:(ResponsesToolRunner|ComputerToolset|DecisionsToolRunner)\(\)\.(run|iterate)$/,
    option: 'maxSteps',
    position: 2,
    fallback: 20,
    zeroIsNone: false,
    refusesEndless: true,
    onLimit: 'throws an OpenAIError',
    budgets: [],
    mild: false,
    suggested: 10,
  },
  {
    framework: 'claude-agent-sdk',
    packages: claudePackages,
    path: /^:query$/,
    option: 'maxTurns',
    position: 0,
    fallback: undefined,
    zeroIsNone: true,
    budgets: ['maxBudgetUsd', 'abortController', 'taskBudget'],
    nested: 'options',
    mild: true,
    suggested: 30,
  },
];

const onLimit = 'ends without an error';

export const toolRunners: Framework = {
  id: 'tool-runners',
  title: 'Tool loops of model clients',
  docs: 'https://docs.claude.com/en/docs/agents-and-tools/tool-use/implement-tool-use',
  packages: { typescript: kinds.flatMap(kind => kind.packages), python: [] },
  defaults: [
    {
      option: 'max_iterations of toolRunner',
      package: '@anthropic-ai/sdk',
      language: 'typescript',
      value: null,
      unit: 'requests',
      sentinels: { 0: 'no limit' },
      onLimit,
      proof: 'test/integration/tool-runners.test.ts',
    },
    {
      option: 'maxChatCompletions of runTools',
      package: 'openai',
      language: 'typescript',
      value: 10,
      unit: 'requests',
      sentinels: { 0: 'no request' },
      onLimit,
      proof: 'test/integration/tool-runners.test.ts',
    },
    {
      option: 'maxSteps of ResponsesToolRunner, ComputerToolset and DecisionsToolRunner',
      package: 'openai',
      majors: [7],
      language: 'typescript',
      value: 20,
      unit: 'requests',
      sentinels: { Infinity: 'refused', 0: 'refused', '-1': 'refused', null: 'refused', undefined: 'the default' },
      onLimit: 'throws an OpenAIError',
      proof: 'test/integration/tool-runners.test.ts',
    },
    {
      option: 'maxTurns of query',
      package: '@anthropic-ai/claude-agent-sdk',
      language: 'typescript',
      value: null,
      unit: 'turns',
      sentinels: { 0: 'no limit', null: 'no limit', undefined: 'no limit', '-1, Infinity': 'handed on to Claude Code' },
      onLimit: 'ends with the result error_max_turns',
      proof: 'test/integration/claude-query.test.ts: what is handed to Claude Code, whose place a script takes',
    },
  ],
  calls: kinds.map(kind => ({
    packages: kind.packages,
    path: kind.path,
    effect: 'agent' as const,
    work: (call: In<CallExpression>): Work => ({
      do: 'run',
      machine: madeAt('runner', call),
      limit: undefined,
      place: placeOfCall(call),
    }),
  })),
  read(reader): Contribution {
    const machines: Machine[] = [];
    const runs: Run[] = [];
    for (const kind of kinds) {
      for (const { call, path } of packageCalls(reader, head => kind.packages.includes(head))) {
        if (!kind.path.test(path)) continue;
        const machine = runnerOf(kind, call, reader);
        machines.push(machine);
        const limit = machine.limit?.source === 'code' ? machine.limit : undefined;
        runs.push({ machine: machine.id, place: machine.place, limit, disabled: machine.disabled, fixes: [] });
      }
    }
    return { machines, runs };
  },
};

function runnerOf(kind: Kind, call: In<CallExpression>, reader: Reader): Machine {
  const first = optionsAt(call, 0, reader);
  const limits = limitOptions(kind, call, reader);
  const { bound, disabled } = limitOf(kind, call, limits, reader);
  const tools = toolsOf(first.get('tools'), ['run', 'function', 'execute'], reader);
  const request: Work = { do: 'model', count: one, place: placeOfCall(call), what: nameOf(call.node.callee) };
  const machine = loopMachine({
    id: madeAt('runner', call),
    framework: kind.framework,
    name: /(\w+)$/.exec(nameOf(call.node.callee))?.[1] ?? kind.framework,
    place: { path: call.module.path, span: headOf(call.node) },
    turn: allOf([request, tools.work]),
    limit: bound,
    disabled,
    onLimit: kind.onLimit ?? onLimit,
    fixes: fixesOf(kind, call, limits),
  });
  // An open machine in supersteps is one whose end may lie outside: the rules only note it.
  return kind.mild ? { ...machine, open: true, unit: 'superstep' } : machine;
}

function limitOptions(kind: Kind, call: In<CallExpression>, reader: Reader): Options {
  const at = optionsAt(call, kind.position, reader);
  if (kind.nested === undefined) return at;
  const given = at.get(kind.nested);
  if (!given) return { objects: [], open: at.open, get: () => undefined };
  const values = reader.resolver.values(given.node, given.module);
  const objects = values.filter(value => value.kind === 'object');
  return {
    objects,
    open: objects.length === 0 || objects.some(object => reader.resolver.isOpen(object)),
    get: key => objects.map(object => reader.resolver.entry(object, key)).find(entry => entry !== undefined),
  };
}

function limitOf(
  kind: Kind,
  call: In<CallExpression>,
  options: Options,
  reader: Reader,
): { bound: Bound | undefined; disabled: string | undefined } {
  const given = options.get(kind.option);
  if (given) {
    const values = reader.resolver.values(given.node, given.module);
    const unset = values.length > 0 && values.every(value => value.kind === 'constant' && value.value === undefined);
    if (!unset) {
      const limit = limitOption(kind.option, given, reader.resolver, value => kind.zeroIsNone && value === 0);
      return kind.refusesEndless && !limit.bound
        ? { bound: unreadLimit(kind.option, placeOfCall(call)), disabled: undefined }
        : limit;
    }
  }
  const budget = kind.budgets.find(name => options.get(name));
  if (budget) return { bound: unreadLimit(budget, placeOfCall(call)), disabled: undefined };
  if (options.open) return { bound: unreadLimit(kind.option, placeOfCall(call)), disabled: undefined };
  const fallback =
    kind.fallback === undefined ? undefined : defaultLimit(`${kind.option} ${kind.fallback}`, kind.fallback);
  return { bound: fallback, disabled: undefined };
}

function fixesOf(kind: Kind, call: In<CallExpression>, options: Options): FixPlan[] {
  const object = options.objects[0];
  const { path } = call.module;
  const value = String(kind.suggested);
  if (!object && (kind.nested !== undefined || call.node.arguments.length !== kind.position)) return [];
  return [
    {
      title: `Set ${kind.option} to ${value}`,
      safe: true,
      rules: ['unbounded-cycle', 'ineffective-bound', 'default-bound'],
      operations: [
        object
          ? { do: 'setOption', path: object.module.path, at: object.node.span, key: kind.option, value }
          : { do: 'addArgument', path, at: call.node.span, key: kind.option, value },
      ],
    },
  ];
}
