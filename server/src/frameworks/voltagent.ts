// VoltAgent (@voltagent/core): agents with their steps, retries and sub-agents, and the loops of workflow chains.
// Workflow loops have no limit. Proven in test/integration/voltagent.test.ts.
import type { Bound, FixPlan, Machine, Run, Work } from '../graph/model.ts';
import { nothing } from '../graph/model.ts';
import type { CallExpression, Expression } from '../program/model.ts';
import { limitOf, nameOf, number, one, plus, type Quantity, symbol } from '../program/quantity.ts';
import type { ChainStep, In, Value } from '../program/values.ts';
import type { Place } from '../rules/finding.ts';
import { madeAt, type Options, optionsAt, packageCalls, placeOfCall, splitPath } from './calls.ts';
import type { Contribution, External, Framework } from './framework.ts';
import { headOf, limitOption } from './literals.ts';
import { conditionBound } from './loop-condition.ts';
import { codeLimit, defaultLimit, loopMachine, unreadLimit } from './loop-of.ts';
import { allOf, oneOf, workOfCallable } from './plain/work.ts';
import type { Reader } from './reading.ts';
import { type KeyOf, parameterKey } from './step-ways.ts';
import { toolsOf } from './tools.ts';

const packages = ['@voltagent/core', '@voltagent/core/*'];
const defaultSteps = 5;
const workspaceSteps = 100;
const defaultRetries = 3;
const onLimit = 'ends without an error';
const proof = 'test/integration/voltagent.test.ts';

const runPath = /^:(?:Agent|PlanAgent)\(\)\.(generateText|streamText)$/;
const objectPath = /^:(?:Agent|PlanAgent)\(\)\.(generateObject|streamObject)$/;
const flowRun = /^:createWorkflowChain\(\)(\.\w+\(\))*\.(run|stream|startAsync)$/;
const loopPath = /(:|\.)(andDoWhile|andDoUntil)$/;

export const voltagent: Framework = {
  id: 'voltagent',
  title: 'VoltAgent',
  docs: 'https://voltagent.dev/docs',
  packages: { typescript: packages, python: [] },
  defaults: [
    {
      option: 'maxSteps',
      package: '@voltagent/core',
      language: 'typescript',
      value: defaultSteps,
      unit: 'steps',
      sentinels: {
        0: 'no limit',
        Infinity: 'no limit',
        'a workspace': `${workspaceSteps} steps`,
        stopWhen: 'stands in the place of maxSteps',
        'sub-agents': 'take the limit of the agent that hands on',
      },
      onLimit,
      proof,
    },
    {
      option: 'maxRetries',
      package: '@voltagent/core',
      language: 'typescript',
      value: defaultRetries,
      unit: 'further runs of all the steps, after an error',
      sentinels: {},
      onLimit: 'throws the last error',
      proof,
    },
    {
      option: 'condition of andDoWhile and andDoUntil',
      package: '@voltagent/core',
      language: 'typescript',
      value: null,
      unit: 'rounds',
      sentinels: {},
      onLimit: '',
      proof,
    },
  ],
  calls: [
    {
      packages,
      path: runPath,
      effect: 'agent',
      work(call, value, reader): Work {
        const made = value.chain[0];
        if (!made) return unknown(call);
        const options = optionsAt(call, 1, reader);
        return runWork(made, limitIn(options, placeOfCall(call), reader), options, placeOfCall(call), reader);
      },
    },
    {
      packages,
      path: objectPath,
      effect: 'agent',
      work(call, value, reader): Work {
        const made = value.chain[0];
        return made
          ? retried(request(call), made, optionsAt(call, 2, reader), placeOfCall(call), reader)
          : unknown(call);
      },
    },
    {
      packages,
      path: flowRun,
      effect: 'agent',
      work: (call, value, reader): Work =>
        allOf(value.chain.slice(1).map(step => stepWork(step, placeOfCall(call), reader))),
    },
    {
      packages,
      path: /(:|\.)(and[A-Z]\w+|createTool|tool|createSubagent|createToolkit|Agent|PlanAgent|VoltAgent|createWorkflow\w*)$/,
      effect: 'keeps',
    },
  ],
  read(reader): Contribution {
    const machines = new Map<string, Machine>();
    const runs: Run[] = [];
    for (const { call, value, path } of packageCalls(reader, isOurs)) {
      if (/^:(Agent|PlanAgent)$/.test(path)) {
        const machine = agentMachine(call, reader);
        machines.set(machine.id, machine);
      } else if (runPath.test(path) && value.chain[0]) {
        const limit = limitIn(optionsAt(call, 1, reader), placeOfCall(call), reader);
        const machine = madeAt('voltagent', value.chain[0]);
        const place: Place = { path: call.module.path, span: headOf(call.node) };
        runs.push({
          machine,
          place,
          limit: limit?.bound,
          disabled: limit?.disabled,
          fixes: runFixes(call, limit, reader),
        });
      } else if (loopPath.test(path)) {
        const machine = loopOf(call, path, reader);
        if (machine) machines.set(machine.id, machine);
      }
    }
    // An agent that comes round at no tool is no machine.
    return { machines: [...machines.values()].filter(machine => machine.transitions.length > 0), runs };
  },
};

function isOurs(head: string): boolean {
  return head === '@voltagent/core' || head.startsWith('@voltagent/core/');
}

function ours(value: Value): value is External {
  return value.kind === 'external' && isOurs(splitPath(value.path).head);
}

function unknown(call: In<CallExpression>): Work {
  return { do: 'model', count: symbol('calls of the agent'), place: placeOfCall(call), what: nameOf(call.node.callee) };
}

function request(call: In<CallExpression>): Work {
  return { do: 'model', count: one, place: placeOfCall(call), what: nameOf(call.node.callee) };
}

// ---- Agents -----------------------------------------------------------------------------------------------------------

interface Limit {
  readonly bound: Bound | undefined;
  readonly disabled: string | undefined;
  readonly at: In<Expression> | undefined;
}

/** What some options say of the steps; undefined: nothing. */
function limitIn(options: Options, place: Place, reader: Reader): Limit | undefined {
  const stop = options.get('stopWhen');
  if (stop) return stopLimit(stop, reader);
  const given = options.get('maxSteps');
  if (given) {
    const { bound, disabled } = limitOption('maxSteps', given, reader.resolver, isEndless);
    return { bound, disabled, at: given };
  }
  return options.open ? { bound: unreadLimit('maxSteps', place), disabled: undefined, at: undefined } : undefined;
}

/** Steps are compared with `===`: a number that no count comes to is no limit. */
function isEndless(steps: number): boolean {
  return steps < 1 || !Number.isInteger(steps);
}

/** Conditions of the AI SDK: one that counts steps is enough. */
function stopLimit(given: In<Expression>, reader: Reader): Limit {
  const place: Place = { path: given.module.path, span: given.node.span };
  let unread = false;
  let bound: Bound | undefined;
  const read = (node: Expression, module: In<Expression>['module']): void => {
    const values = reader.resolver.values(node, module);
    if (values.length === 0) unread = true;
    for (const value of values) {
      if (value.kind === 'list') for (const item of value.node.items) read(item, value.module);
      else if (value.kind === 'external' && /:(stepCountIs|isStepCount)\(\)$/.test(value.path)) {
        const made = value.chain.at(-1);
        const count = made?.node.arguments[0];
        if (!made || !count) continue;
        const limit = limitOption(
          'stepCountIs',
          { node: count.value, module: made.module },
          reader.resolver,
          isEndless,
        );
        bound ??= limit.bound;
      } else if (!(value.kind === 'external' && /:(hasToolCall|isLoopFinished)\(\)$/.test(value.path))) unread = true;
    }
  };
  read(given.node, given.module);
  if (bound) return { bound, disabled: undefined, at: given };
  if (unread) return { bound: unreadLimit('stopWhen', place), disabled: undefined, at: given };
  return { bound: undefined, disabled: 'stopWhen counts no steps, and stands in the place of maxSteps', at: given };
}

function hasWorkspace(options: Options, reader: Reader): boolean {
  if (options.get('workspace')) return true;
  return packageCalls(reader, isOurs).some(
    ({ call, path }) => path === ':VoltAgent' && reader.resolver.option(call, 'workspace', 0) !== undefined,
  );
}

function limitOfAgent(made: In<CallExpression>, reader: Reader): Limit {
  const options = optionsAt(made, 0, reader);
  const given = limitIn(options, placeOfCall(made), reader);
  if (given) return given;
  const steps = hasWorkspace(options, reader) ? workspaceSteps : defaultSteps;
  return { bound: defaultLimit(`maxSteps ${steps}`, steps), disabled: undefined, at: undefined };
}

/** All the steps again after an error, up to `maxRetries` times. */
function retried(body: Work, made: In<CallExpression>, run: Options, place: Place, reader: Reader): Work {
  const own = optionsAt(made, 0, reader);
  const given = run.get('maxRetries') ?? own.get('maxRetries');
  let count: Quantity = number(defaultRetries + 1);
  if (given) {
    const limit = limitOf({ node: given.node, module: given.module, env: undefined }, reader.resolver);
    count = limit.kind === 'number' ? number(limit.value + 1) : plus(symbol(limit.name), one);
  } else if (run.open || own.open) count = symbol('attempts of the agent');
  // A list of models is gone through, each with its attempts.
  const models = own.get('model');
  const listed = models
    ? reader.resolver.values(models.node, models.module).find(value => value.kind === 'list')
    : undefined;
  const attempts: Work = { do: 'times', count, body, place, what: 'maxRetries', retry: true };
  if (!listed) return attempts;
  return { do: 'times', count: number(listed.node.items.length), body: attempts, place, what: 'models', retry: true };
}

function runWork(
  made: In<CallExpression>,
  limit: Limit | undefined,
  options: Options,
  place: Place,
  reader: Reader,
): Work {
  const steps = agentTurn(made, limit?.bound, reader);
  const body: Work = steps.again
    ? { do: 'run', machine: madeAt('voltagent', made), limit: limit?.bound, place }
    : steps.turn;
  return retried(body, made, options, place, reader);
}

/** One step: the request and the dearest tool; handing on runs sub-agents under the limit of this one. */
function agentTurn(
  made: In<CallExpression>,
  limit: Bound | undefined,
  reader: Reader,
  above: ReadonlySet<CallExpression> = new Set(),
): { turn: Work; again: boolean } {
  const options = optionsAt(made, 0, reader);
  const tools = toolsOf(options.get('tools'), ['execute'], reader);
  const kits = options.get('toolkits') !== undefined || hasWorkspace(options, reader);
  const subs = subAgents(options, reader);
  const deeper = new Set([...above, made.node]);
  const passed = limit ?? limitOfAgent(made, reader).bound;
  const delegated = subs.map((sub): Work => {
    const place = placeOfCall(made);
    if (deeper.has(sub.node)) {
      return { do: 'model', count: symbol('calls of the agent inside itself'), place, what: agentName(sub, reader) };
    }
    const inner = agentTurn(sub, passed, reader, deeper);
    const body: Work = inner.again
      ? { do: 'run', machine: madeAt('voltagent', sub), limit: passed, place }
      : inner.turn;
    return retried(body, sub, { objects: [], open: false, get: () => undefined }, place, reader);
  });
  return {
    turn: allOf([request(made), oneOf([tools.work, allOf(delegated)])]),
    again: tools.some || kits || subs.length > 0 || options.open,
  };
}

function subAgents(options: Options, reader: Reader): In<CallExpression>[] {
  const given = options.get('subAgents');
  if (!given) return [];
  const found: In<CallExpression>[] = [];
  const read = (node: Expression, module: In<Expression>['module'], depth: number): void => {
    if (depth > 4) return;
    for (const value of reader.resolver.values(node, module)) {
      if (value.kind === 'list') {
        for (const item of value.node.items) read(item.kind === 'spread' ? item.value : item, value.module, depth + 1);
      } else if (value.kind === 'object') {
        const agent = reader.resolver.entry(value, 'agent');
        if (agent) read(agent.node, agent.module, depth + 1);
      } else if (ours(value) && /:(Agent|PlanAgent)\(\)$/.test(value.path) && value.chain[0]) {
        found.push(value.chain[0]);
      } else if (ours(value) && /:createSubagent\(\)$/.test(value.path)) {
        const made = value.chain.at(-1);
        const agent = made && reader.resolver.option(made, 'agent', 0);
        if (agent) read(agent.node, agent.module, depth + 1);
      }
    }
  };
  read(given.node, given.module, 0);
  return found;
}

function agentName(made: In<CallExpression>, reader: Reader): string {
  const given = reader.resolver.option(made, 'name');
  return given?.node.kind === 'literal' ? String(given.node.value) : nameOf(made.node.callee);
}

function agentMachine(made: In<CallExpression>, reader: Reader): Machine {
  const limit = limitOfAgent(made, reader);
  const { turn, again } = agentTurn(made, undefined, reader);
  const machine = loopMachine({
    id: madeAt('voltagent', made),
    framework: 'voltagent',
    name: agentName(made, reader),
    place: { path: made.module.path, span: headOf(made.node) },
    turn,
    limit: limit.bound,
    disabled: limit.disabled,
    onLimit,
    fixes: stepFixes(optionsAt(made, 0, reader), limit, reader),
  });
  return again ? machine : { ...machine, transitions: [] };
}

function stepFixes(options: Options, limit: Limit, reader: Reader): FixPlan[] {
  const rules: FixPlan['rules'] = ['unbounded-cycle', 'ineffective-bound', 'default-bound'];
  const steps = 10;
  if (limit.at && options.get('stopWhen')) {
    const { module, node } = limit.at;
    const step = { do: 'import' as const, path: module.path, specifier: 'ai', imported: 'stepCountIs' };
    const text = reader.resolver.values(node, module).some(value => value.kind === 'list')
      ? undefined
      : [
          { do: 'replace' as const, path: module.path, at: [node.span[0], node.span[0]] as const, text: '[' },
          {
            do: 'replace' as const,
            path: module.path,
            at: [node.span[1], node.span[1]] as const,
            text: `, $stepCountIs(${steps})]`,
          },
        ];
    return text ? [{ title: `Stop after ${steps} steps as well`, safe: true, rules, operations: [step, ...text] }] : [];
  }
  const object = options.objects[0];
  if (!object) return [];
  return [
    {
      title: `Set maxSteps to ${steps}`,
      safe: true,
      rules,
      operations: [
        { do: 'setOption', path: object.module.path, at: object.node.span, key: 'maxSteps', value: String(steps) },
      ],
    },
  ];
}

function runFixes(call: In<CallExpression>, limit: Limit | undefined, reader: Reader): FixPlan[] {
  return limit?.disabled ? stepFixes(optionsAt(call, 1, reader), limit, reader) : [];
}

// ---- Workflows --------------------------------------------------------------------------------------------------------

/** What a condition gets: the data that the last step returned, and the state of the workflow. */
const keyOf: KeyOf = (path, info) => {
  const key = parameterKey(path, info, 0);
  return key !== undefined && /^(data|workflowState)\./.test(key) ? key : undefined;
};

function loopOf(call: In<CallExpression>, path: string, reader: Reader): Machine | undefined {
  const options = optionsAt(call, 0, reader);
  const condition = options.get('condition');
  const place: Place = { path: call.module.path, span: headOf(call.node) };
  const steps = stepsOf(options, reader);
  const works = steps.map(step => stepWork(step, place, reader));
  const code = steps.map(step => executeOf(step, reader));
  const readable = code.every(one => one !== undefined) && code.length > 0;
  const bound = condition
    ? conditionBound(
        {
          condition,
          until: path.endsWith('andDoUntil'),
          steps: readable ? code : undefined,
          keyOf,
        },
        reader,
      )
    : 'unread';
  return loopMachine({
    id: madeAt('voltagent', call),
    framework: 'voltagent',
    name: loopName(options, path),
    place,
    turn: allOf(works),
    limit:
      bound === 'none'
        ? undefined
        : bound === 'unread'
          ? unreadLimit('the condition', place)
          : codeLimit(bound.text, bound.limit, bound.place ?? place, bound.configured),
    onLimit: 'goes on with the workflow',
    fixes: [],
  });
}

function loopName(options: Options, path: string): string {
  const id = options.get('id');
  return id?.node.kind === 'literal' ? String(id.node.value) : (/(\w+)$/.exec(path)?.[1] ?? 'loop');
}

/** Calls that made the steps of a loop: `step`, or those of `steps`. */
function stepsOf(options: Options, reader: Reader): In<CallExpression>[] {
  const single = options.get('step');
  const many = options.get('steps');
  const made = (node: Expression, module: In<Expression>['module']): In<CallExpression>[] =>
    reader.resolver.values(node, module).flatMap(value => {
      if (value.kind === 'list') return value.node.items.flatMap(item => made(item, value.module));
      const last = ours(value) ? value.chain.at(-1) : undefined;
      return last ? [last] : [];
    });
  const given = single ?? many;
  return given ? made(given.node, given.module) : [];
}

function executeOf(step: In<CallExpression>, reader: Reader): In<Expression> | undefined {
  return reader.resolver.option(step, 'execute', 0);
}

/** Work of a step by the call that makes it: `andThen(…)`, or `.andThen(…)` in a chain. */
function stepWork(step: In<CallExpression> | ChainStep, place: Place, reader: Reader): Work {
  const name = /(\w+)$/.exec(nameOf(step.node.callee))?.[1] ?? '';
  const options = optionsAt(step, 0, reader);
  const nested = (key: string): Work[] => {
    const given = options.get(key);
    if (!given) return [];
    return reader.resolver.values(given.node, given.module).flatMap((value): Work[] => {
      if (value.kind === 'list') {
        return value.node.items.flatMap(item => {
          const inner =
            item.kind === 'object' ? item.entries.find(e => e.kind === 'entry' && e.key === 'step') : undefined;
          return partWork(inner?.value ?? item, value.module, place, reader);
        });
      }
      return partWork(given.node, given.module, place, reader);
    });
  };
  switch (name) {
    case 'andThen':
    case 'andTap': {
      const code = options.get('execute');
      return code ? workOfCallable(code.node, code.module, reader) : nothing;
    }
    case 'andAgent': {
      const agent = step.node.arguments[1]?.value;
      return agent ? allOf(agentWorks(agent, step.module, placeOfCall(step), reader)) : nothing;
    }
    case 'andDoWhile':
    case 'andDoUntil':
      return { do: 'run', machine: madeAt('voltagent', step), limit: undefined, place: placeOfCall(step) };
    case 'andForEach':
      return {
        do: 'times',
        count: symbol('items'),
        body: allOf([...nested('step'), ...nested('steps')]),
        place,
        what: name,
      };
    case 'andWhen':
    case 'andAll':
    case 'andRace':
    case 'andBranch':
      return allOf([...nested('step'), ...nested('steps'), ...nested('branches')]);
    case 'andWorkflow': {
      const flow = step.node.arguments[0]?.value;
      return flow ? allOf(partWork(flow, step.module, place, reader)) : nothing;
    }
    default:
      return nothing;
  }
}

function partWork(node: Expression, module: In<Expression>['module'], place: Place, reader: Reader): Work[] {
  return reader.resolver.values(node, module).flatMap((value): Work[] => {
    if (!ours(value)) return value.kind === 'function' ? [workOfCallable(node, module, reader)] : [];
    if (/:createWorkflowChain\(\)/.test(value.path)) {
      return value.chain.slice(1).map(step => stepWork(step, place, reader));
    }
    const last = value.chain.at(-1);
    return last ? [stepWork(last, place, reader)] : [];
  });
}

function agentWorks(node: Expression, module: In<Expression>['module'], place: Place, reader: Reader): Work[] {
  return reader.resolver.values(node, module).flatMap((value): Work[] => {
    const made = ours(value) && /:(Agent|PlanAgent)\(\)$/.test(value.path) ? value.chain[0] : undefined;
    const none: Options = { objects: [], open: false, get: () => undefined };
    return made ? [runWork(made, undefined, none, place, reader)] : [];
  });
}
