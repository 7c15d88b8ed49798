// Ax (@ax-llm/ax): the steps of a generator, and the answers of each that do not fit its signature and are asked for again.
// Proven in test/integration/ax.test.ts.
import type { FixPlan, Machine, Run, Work } from '../graph/model.ts';
import type { CallExpression, Expression } from '../program/model.ts';
import { limitOf, number, one, plus, type Quantity, symbol } from '../program/quantity.ts';
import type { ChainStep, In } from '../program/values.ts';
import { isUnset, type Limit } from './ai.ts';
import { madeAt, optionsAt, packageCalls, placeOfCall } from './calls.ts';
import type { Contribution, Framework } from './framework.ts';
import { headOf, limitOption } from './literals.ts';
import { defaultLimit, loopMachine, unreadLimit } from './loop-of.ts';
import { allOf } from './plain/work.ts';
import type { Reader } from './reading.ts';
import { toolsOf } from './tools.ts';

const packages = ['@ax-llm/ax'];
const runs = /^:(ax|AxGen)\(\)\.(forward|streamingForward)$/;
const defaultSteps = 25;
const defaultRetries = 3;
const suggestedSteps = 10;
const onLimit = 'throws an error';

export const ax: Framework = {
  id: 'ax',
  title: 'Ax',
  docs: 'https://axllm.dev',
  packages: { typescript: packages, python: [] },
  defaults: [
    {
      option: 'maxSteps of forward',
      package: '@ax-llm/ax',
      language: 'typescript',
      value: defaultSteps,
      unit: 'steps',
      sentinels: { Infinity: 'no limit', 0: 'no request', '-1': 'no request', null: 'the default' },
      onLimit,
      proof: 'test/integration/ax.test.ts',
    },
    {
      option: 'maxRetries of forward',
      package: '@ax-llm/ax',
      language: 'typescript',
      value: defaultRetries,
      unit: 'further requests of each step, after answers that do not fit',
      sentinels: { 0: 'none' },
      onLimit,
      proof: 'test/integration/ax.test.ts',
    },
  ],
  calls: [
    { packages, path: /^:(ax|AxGen)$/, effect: 'keeps' },
    {
      packages,
      path: runs,
      effect: 'agent',
      work: (call): Work => ({ do: 'run', machine: madeAt('ax', call), limit: undefined, place: placeOfCall(call) }),
    },
  ],
  read(reader): Contribution {
    const machines: Machine[] = [];
    const found: Run[] = [];
    for (const { call, value, path } of packageCalls(reader, head => packages.includes(head))) {
      if (!runs.test(path)) continue;
      const machine = generatorOf(call, value.chain[0], reader);
      machines.push(machine);
      const limit = machine.limit?.source === 'code' ? machine.limit : undefined;
      found.push({ machine: machine.id, place: machine.place, limit, disabled: machine.disabled, fixes: [] });
    }
    return { machines, runs: found };
  },
};

/** Options of the run win over those of the generator. */
function generatorOf(call: In<CallExpression>, made: ChainStep | undefined, reader: Reader): Machine {
  const own = optionsAt(call, 2, reader);
  const levels = [own, ...(made ? [optionsAt(made, 1, reader)] : [])];
  const find = (key: string): In<Expression> | undefined =>
    levels.map(level => level.get(key)).find(given => given && !isUnset(given, reader) && !isNull(given));
  const open = levels.some(level => level.open);
  const tools = toolsOf(find('functions'), ['func'], reader);
  const { bound, disabled } = stepsOf(find('maxSteps'), open, call, reader);
  const request: Work = {
    do: 'times',
    count: requestsOf(find('maxRetries'), reader),
    body: { do: 'model', count: one, place: placeOfCall(call), what: 'forward' },
    place: { path: call.module.path, span: headOf(call.node) },
    what: 'answers that do not fit',
  };
  const object = own.objects[0];
  const fixes: FixPlan[] =
    object || call.node.arguments.length === 2
      ? [
          {
            title: `Set maxSteps to ${suggestedSteps}`,
            safe: true,
            rules: ['unbounded-cycle', 'ineffective-bound', 'default-bound'],
            operations: [
              object
                ? {
                    do: 'setOption',
                    path: object.module.path,
                    at: object.node.span,
                    key: 'maxSteps',
                    value: String(suggestedSteps),
                  }
                : {
                    do: 'addArgument',
                    path: call.module.path,
                    at: call.node.span,
                    key: 'maxSteps',
                    value: String(suggestedSteps),
                  },
            ],
          },
        ]
      : [];
  const loop = loopMachine({
    id: madeAt('ax', call),
    framework: 'ax',
    name: 'forward',
    place: { path: call.module.path, span: headOf(call.node) },
    turn: allOf([request, tools.work]),
    limit: bound,
    disabled,
    onLimit,
    fixes,
  });
  // Without functions there is one step.
  return tools.some || open ? loop : { ...loop, transitions: [], limit: undefined, disabled: undefined };
}

function stepsOf(given: In<Expression> | undefined, open: boolean, call: In<CallExpression>, reader: Reader): Limit {
  if (given) return limitOption('maxSteps', given, reader.resolver, () => false);
  if (open) return { bound: unreadLimit('maxSteps', placeOfCall(call)), disabled: undefined };
  return { bound: defaultLimit(`maxSteps ${defaultSteps}`, defaultSteps), disabled: undefined };
}

function isNull({ node }: In<Expression>): boolean {
  return node.kind === 'literal' && node.value === null;
}

function requestsOf(given: In<Expression> | undefined, reader: Reader): Quantity {
  if (!given) return number(defaultRetries + 1);
  const limit = limitOf({ node: given.node, module: given.module, env: undefined }, reader.resolver);
  if (limit.kind !== 'number') return plus(symbol(limit.name), one);
  return Number.isFinite(limit.value) ? number(Math.max(0, limit.value) + 1) : 'endless';
}
