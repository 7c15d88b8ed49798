// Genkit (genkit, genkit/beta): the tool calls of one generate, of prompts and chats, and the middleware that tries again.
// Flows are plain code. Proven in test/integration/genkit.test.ts.
import type { Bound, FixPlan, Machine, Run, Work } from '../graph/model.ts';
import type { CallExpression } from '../program/model.ts';
import { limitOf, nameOf, number, one, plus, type Quantity, symbol } from '../program/quantity.ts';
import type { In } from '../program/values.ts';
import type { Place } from '../rules/finding.ts';
import { madeAt, type Options, optionsAt, packageCalls, placeOfCall } from './calls.ts';
import type { Contribution, External, Framework } from './framework.ts';
import { headOf, limitOption } from './literals.ts';
import { codeLimit, defaultLimit, loopMachine, unreadLimit } from './loop-of.ts';
import { allOf } from './plain/work.ts';
import type { Reader } from './reading.ts';
import { toolsOf } from './tools.ts';

const packages = ['genkit', 'genkit/*', '@genkit-ai/ai', '@genkit-ai/ai/*'];
const defaultTurns = 5;
const defaultRetries = 3;
const onLimit = 'throws GenerationResponseError';
const proof = 'test/integration/genkit.test.ts';

const generatePath = /^:(?:genkit|Genkit|genkitBeta)\(\)\.(generate|generateStream)$/;
const promptPath = /^:(?:genkit|Genkit|genkitBeta)\(\)\.(?:definePrompt|prompt)\(\)(?:\.(stream))?$/;
const sendPath = /^:(?:genkit|Genkit|genkitBeta)\(\)(?:\.\w+\(\))*\.chat\(\)\.(send|sendStream)$/;

export const genkit: Framework = {
  id: 'genkit',
  title: 'Genkit',
  docs: 'https://genkit.dev/docs/tool-calling',
  packages: { typescript: packages, python: [] },
  defaults: [
    {
      option: 'maxTurns',
      package: 'genkit',
      language: 'typescript',
      value: defaultTurns,
      unit: 'answers with tool calls; one request more is made',
      sentinels: { 0: 'one request', Infinity: 'no limit', returnToolRequests: 'one request' },
      onLimit,
      proof,
    },
    {
      option: 'maxRetries of the retry middleware',
      package: 'genkit',
      language: 'typescript',
      value: defaultRetries,
      unit: 'attempts after the first, of each request',
      sentinels: {},
      onLimit: 'throws the last error',
      proof,
    },
  ],
  calls: [
    { packages, path: generatePath, effect: 'agent', work: (call, value, reader) => workOf(call, value, reader) },
    { packages, path: promptPath, effect: 'agent', work: (call, value, reader) => workOf(call, value, reader) },
    { packages, path: sendPath, effect: 'agent', work: (call, value, reader) => workOf(call, value, reader) },
    { packages, path: /^:(?:genkit|Genkit|genkitBeta)\(\)\.define\w+$/, effect: 'keeps' },
    { packages, path: /^:(?:genkit|Genkit|genkitBeta)\(\)\.(embed|embedMany)$/, effect: 'model' },
  ],
  read(reader): Contribution {
    const machines: Machine[] = [];
    const runs: Run[] = [];
    for (const { call, value, path } of packageCalls(reader, isOurs)) {
      if (!generatePath.test(path) && !promptPath.test(path) && !sendPath.test(path)) continue;
      const machine = machineOf(call, value, reader);
      if (!machine) continue;
      machines.push(machine);
      const limit = machine.limit?.source === 'code' ? machine.limit : undefined;
      runs.push({ machine: machine.id, place: machine.place, limit, disabled: machine.disabled, fixes: [] });
    }
    return { machines, runs };
  },
};

function isOurs(head: string): boolean {
  return head === 'genkit' || head.startsWith('genkit/') || head.startsWith('@genkit-ai/ai');
}

/** Options of a call, nearest first: those of the call, then those of the prompt or chat that it uses. */
function optionsOf(call: In<CallExpression>, value: External, reader: Reader): Options[] {
  const made = value.chain.at(-1);
  if (generatePath.test(value.path.slice(value.path.indexOf(':')))) return [optionsAt(call, 0, reader)];
  return [optionsAt(call, 1, reader), ...(made ? [optionsAt(made, 0, reader)] : [])];
}

function find(all: readonly Options[], key: string): ReturnType<Options['get']> {
  for (const options of all) {
    const given = options.get(key);
    if (given) return given;
  }
  return undefined;
}

interface Limit {
  readonly bound: Bound | undefined;
  readonly disabled: string | undefined;
}

/** Requests of one generate: one more than its turns. */
function limitIn(all: readonly Options[], place: Place, reader: Reader): Limit {
  const given = find(all, 'maxTurns');
  if (!given) {
    if (all.some(options => options.open)) return { bound: unreadLimit('maxTurns', place), disabled: undefined };
    return { bound: defaultLimit(`maxTurns ${defaultTurns}`, defaultTurns + 1), disabled: undefined };
  }
  const { bound, disabled } = limitOption('maxTurns', given, reader.resolver, () => false);
  if (!bound) return { bound, disabled };
  const at: Place = { path: given.module.path, span: given.node.span };
  return { bound: codeLimit(bound.text, plus(bound.limit, one), at, bound.configured), disabled: undefined };
}

function turnOf(call: In<CallExpression>, all: readonly Options[], reader: Reader): { turn: Work; again: boolean } {
  const place = placeOfCall(call);
  const tools = toolsOf(find(all, 'tools'), ['fn'], reader);
  const once = find(all, 'returnToolRequests');
  const request: Work = { do: 'model', count: one, place, what: nameOf(call.node.callee) };
  const attempts = retriesIn(all, reader);
  const asked: Work = attempts
    ? { do: 'times', count: attempts, body: request, place, what: 'retry', retry: true }
    : request;
  const returned = once?.node.kind === 'literal' && once.node.value === true;
  return {
    turn: allOf([asked, returned ? { do: 'all', parts: [] } : tools.work]),
    again: !returned && (tools.some || all.some(options => options.open)),
  };
}

/** Attempts that `use: [retry({ maxRetries })]` makes of each request. */
function retriesIn(all: readonly Options[], reader: Reader): Quantity | undefined {
  const use = find(all, 'use');
  if (!use) return undefined;
  for (const value of reader.resolver.values(use.node, use.module)) {
    if (value.kind !== 'list') continue;
    for (const item of value.node.items) {
      for (const one of reader.resolver.externals(item, value.module)) {
        const made = /^genkit\/model\/middleware:retry\(\)$/.test(one.path) ? one.chain.at(-1) : undefined;
        if (!made) continue;
        const at = reader.resolver.option(made, 'maxRetries', 0);
        if (!at) return number(defaultRetries + 1);
        const limit = limitOf({ node: at.node, module: at.module, env: undefined }, reader.resolver);
        return plus(limit.kind === 'number' ? number(limit.value) : symbol(limit.name), number(1));
      }
    }
  }
  return undefined;
}

function machineOf(call: In<CallExpression>, value: External, reader: Reader): Machine | undefined {
  const all = optionsOf(call, value, reader);
  const { turn, again } = turnOf(call, all, reader);
  if (!again) return undefined;
  const limit = limitIn(all, placeOfCall(call), reader);
  return loopMachine({
    id: madeAt('genkit', call),
    framework: 'genkit',
    name: nameOf(call.node.callee),
    place: { path: call.module.path, span: headOf(call.node) },
    turn,
    limit: limit.bound,
    disabled: limit.disabled,
    onLimit,
    fixes: fixesOf(all),
  });
}

function fixesOf(all: readonly Options[]): FixPlan[] {
  const object =
    all.find(options => options.get('maxTurns'))?.objects[0] ?? all.find(one => one.objects[0])?.objects[0];
  if (!object) return [];
  const value = String(defaultTurns);
  return [
    {
      title: `Set maxTurns to ${value}`,
      safe: true,
      rules: ['unbounded-cycle', 'ineffective-bound', 'default-bound'],
      operations: [{ do: 'setOption', path: object.module.path, at: object.node.span, key: 'maxTurns', value }],
    },
  ];
}

function workOf(call: In<CallExpression>, value: External, reader: Reader): Work {
  const all = optionsOf(call, value, reader);
  const { turn, again } = turnOf(call, all, reader);
  if (!again) return turn;
  return { do: 'run', machine: madeAt('genkit', call), limit: undefined, place: placeOfCall(call) };
}
