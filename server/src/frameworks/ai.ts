// Vercel AI SDK (ai 4 to 7, @ai-sdk/workflow): the steps of generateText and streamText, its agents, and the chat in
// the browser that sends by itself. Proven in test/integration/ai*.test.ts with the real packages where a table says so.
import type { Bound, FixPlan, IdleBound, Machine, Run, Work } from '../graph/model.ts';
import type { CallExpression, Expression, Module } from '../program/model.ts';
import { asNumber, limitOf, nameOf, number, one, plus, symbol } from '../program/quantity.ts';
import type { In, Value } from '../program/values.ts';
import { walk } from '../program/walk.ts';
import type { FixOperation, Place } from '../rules/finding.ts';
import { madeAt, type Options, optionsAt, packageCalls, placeOfCall, splitPath } from './calls.ts';
import type { CallPattern, Contribution, External, Framework } from './framework.ts';
import { headOf, limitOption } from './literals.ts';
import { codeLimit, defaultLimit, loopMachine, unreadLimit } from './loop-of.ts';
import { allOf } from './plain/work.ts';
import type { Reader } from './reading.ts';
import { callbacksOf, toolsOf } from './tools.ts';

const core = ['ai', 'ai/rsc', '@ai-sdk/rsc'];
const workflow = ['@ai-sdk/workflow', '@workflow/ai', '@workflow/ai/*'];
/** Every version of it is made of ai 7; `@workflow/ai` goes with 5 and 6. */
const workflowOfSeven = '@ai-sdk/workflow';
const packages = [...core, ...workflow];
const chatPackages = ['@ai-sdk/react', '@ai-sdk/vue', '@ai-sdk/svelte', '@ai-sdk/angular', 'ai/react'];

const textCall = /^:(generateText|streamText|streamUI)$/;
const requestCall =
  /^:(generateObject|streamObject|experimental_streamObject|generateImage|experimental_generateImage|generateSpeech|experimental_generateSpeech|transcribe|experimental_transcribe|experimental_generateVideo|generateVideo)$/;
const agentClass = /^:(ToolLoopAgent|Experimental_Agent|Agent|WorkflowAgent|DurableAgent)$/;
const agentRun = /^:(ToolLoopAgent|Experimental_Agent|Agent|WorkflowAgent|DurableAgent)\(\)\.(generate|stream)$/;
const agentResponse =
  /^:(createAgentUIStream|createAgentUIStreamResponse|pipeAgentUIStreamToResponse|createAgentStreamResponse)$/;

const chat = /^:(useChat|Chat)$/;

/** Steps that an inserted bound allows. */
const suggestedSteps = 10;
/** Steps of a ToolLoopAgent without `stopWhen`. */
const agentSteps = 20;
const onLimit = 'ends without an error';

/** What `stopWhen` or `maxSteps` comes to. */
export interface Limit {
  readonly bound: Bound | undefined;
  readonly disabled: string | undefined;
}

export const ai: Framework = {
  id: 'ai',
  title: 'Vercel AI SDK',
  docs: 'https://ai-sdk.dev/docs/agents/loop-control',
  packages: { typescript: [...packages, ...chatPackages], python: [] },
  defaults: [
    {
      option: 'stopWhen of generateText and streamText',
      package: 'ai',
      majors: [5, 6, 7],
      language: 'typescript',
      value: 1,
      unit: 'steps',
      sentinels: {
        '[]': 'no limit',
        'isLoopFinished()': 'no limit',
        'stepCountIs(0)': 'no limit (steps are compared with ===)',
        undefined: 'the default',
        'maxSteps of ai 4': 'not read',
      },
      onLimit,
      proof: 'test/integration/ai-versions.test.ts (5, 6, 7)',
    },
    {
      option: 'maxSteps of generateText and streamText',
      package: 'ai',
      majors: [4],
      language: 'typescript',
      value: 1,
      unit: 'steps',
      sentinels: { Infinity: 'no limit', 0: 'refused' },
      onLimit,
      proof: 'test/integration-ai-4/ai.test.ts',
    },
    {
      option: 'stopWhen of ToolLoopAgent and Experimental_Agent',
      package: 'ai',
      majors: [6, 7],
      language: 'typescript',
      value: agentSteps,
      unit: 'steps',
      sentinels: { '[]': 'no limit', undefined: 'the default; one step where a run says so' },
      onLimit,
      proof: 'test/integration/ai-versions.test.ts (6, 7)',
    },
    {
      option: 'stopWhen of Experimental_Agent',
      package: 'ai',
      majors: [5],
      language: 'typescript',
      value: 1,
      unit: 'steps',
      sentinels: { '[]': 'no limit' },
      onLimit,
      proof: 'test/integration/ai-versions.test.ts (5)',
    },
    {
      option: 'stopWhen of WorkflowAgent',
      package: '@ai-sdk/workflow',
      language: 'typescript',
      value: null,
      unit: 'steps',
      sentinels: { '[]': 'no limit', 'isStepCount(0)': 'no limit', maxSteps: 'not read' },
      onLimit: '',
      proof: 'test/integration/ai-workflow.test.ts, outside of a workflow',
    },
    {
      option: 'maxSteps of DurableAgent',
      package: '@workflow/ai',
      language: 'typescript',
      value: null,
      unit: 'steps',
      sentinels: {
        Infinity: 'no limit',
        null: 'no limit',
        undefined: 'no limit',
        0: 'no request',
        'stopWhen: []': 'no limit',
        'stepCountIs(0)': 'no limit',
        'on the agent': 'not read',
      },
      onLimit,
      proof: 'test/integration/ai-durable.test.ts, outside of a workflow',
    },
    {
      option: 'sendAutomaticallyWhen of useChat and Chat',
      package: '@ai-sdk/react',
      language: 'typescript',
      value: null,
      unit: 'requests, once the option is set',
      sentinels: { undefined: 'never sends by itself' },
      onLimit: '',
      proof: 'test/integration/ai-chat.test.ts (ai 5, 6, 7)',
    },
  ],
  calls: [
    pattern(textCall, 'model', (call, _value, reader) => {
      const loop = textLoop(call, reader);
      if (loop.machine) return { do: 'run', machine: madeAt('ai', call), limit: undefined, place: placeOfCall(call) };
      return loop.work;
    }),
    pattern(requestCall, 'model', (call, _value, reader) => request(call, optionsAt(call, 0, reader), reader)),
    pattern(agentRun, 'agent', (call, value, reader) => runAgent(call, value, optionsAt(call, 0, reader), reader)),
    pattern(agentResponse, 'agent', (call, _value, reader) => {
      const made = agentGiven(call, reader);
      const options = optionsAt(call, call.node.arguments.length > 1 ? 1 : 0, reader);
      return made
        ? runAgent(call, made, options, reader)
        : { do: 'model', count: symbol('steps of the agent'), place: placeOfCall(call), what: 'agent' };
    }),
  ],
  read(reader): Contribution {
    const machines: Machine[] = [];
    const runs: Run[] = [];
    const idle: IdleBound[] = [];
    for (const { call, path } of packageCalls(reader, head => chatPackages.includes(head))) {
      const machine = chat.test(path) ? chatMachine(call, reader) : undefined;
      if (machine) machines.push(machine);
    }
    for (const { call, value, path } of packageCalls(reader, isOurs)) {
      idle.push(...leftover(call, path, reader));
      if (textCall.test(path)) {
        const { machine } = textLoop(call, reader);
        if (!machine) continue;
        machines.push(machine);
        runs.push({
          machine: machine.id,
          place: machine.place,
          limit: machine.limit,
          disabled: machine.disabled,
          fixes: [],
        });
      } else if (agentClass.test(path) && call.node.isNew) {
        const machine = agentMachine(call, path, reader);
        if (machine) machines.push(machine);
      } else if (agentRun.test(path) && value.chain[0]) {
        runs.push(agentRunOf(call, value.chain[0], optionsAt(call, 0, reader), reader));
      } else if (agentResponse.test(path)) {
        const made = agentGiven(call, reader)?.chain[0];
        if (made) runs.push(agentRunOf(call, made, undefined, reader));
      }
    }
    return { machines, idle, runs: runs.filter(run => machines.some(machine => machine.id === run.machine)) };
  },
};

function pattern(path: RegExp, effect: CallPattern['effect'], work: NonNullable<CallPattern['work']>): CallPattern {
  return { packages, path, effect, work };
}

function isOurs(head: string): boolean {
  return core.includes(head) || workflow.includes(head) || head.startsWith('@workflow/ai/');
}

function majorOf(module: Module, reader: Reader): number | undefined {
  const major = Number.parseInt(reader.resolver.program.version(module.path, 'ai') ?? '', 10);
  return Number.isFinite(major) ? major : undefined;
}

// ---- generateText and streamText ------------------------------------------------------------------------------------

interface TextLoop {
  readonly machine: Machine | undefined;
  readonly work: Work;
}

function textLoop(call: In<CallExpression>, reader: Reader): TextLoop {
  const options = optionsAt(call, 0, reader);
  const tools = toolsOf(options.get('tools'), ['execute'], reader);
  const turn = allOf([request(call, options, reader), tools.work, callbacksOf(options.objects, reader)]);
  const limit = stepLimit(call, options, reader);
  if (limit.bound && asNumber(limit.bound.limit) === 1) return { machine: undefined, work: turn };
  // Without tools only a model that invents one goes on: it counts for the worst case, but it is no finding.
  if (!tools.some && !options.open) {
    const count = limit.bound?.limit ?? 'endless';
    return {
      machine: undefined,
      work: { do: 'times', count, body: turn, place: placeOfCall(call), what: limit.bound?.text ?? 'steps' },
    };
  }
  const name = nameOf(call.node.callee);
  const machine = loopMachine({
    id: madeAt('ai', call),
    framework: 'ai',
    name,
    place: { path: call.module.path, span: call.node.callee.span },
    turn,
    limit: limit.bound,
    disabled: limit.disabled,
    onLimit,
    fixes: stepFixes(options, call, reader),
  });
  return { machine, work: turn };
}

function stepLimit(call: In<CallExpression>, options: Options, reader: Reader): Limit {
  const major = majorOf(call.module, reader);
  const place = placeOfCall(call);
  const stopWhen = options.get('stopWhen');
  const fallback: Limit = { bound: defaultLimit('stepCountIs(1)', 1), disabled: undefined };
  if (stopWhen && (major === undefined || major >= 5)) return stopLimit(stopWhen, reader, fallback);
  const maxSteps = options.get('maxSteps');
  // From 5 on `maxSteps` is ignored, and what remains is one step.
  if (maxSteps && (major === undefined || major < 5)) return maxStepsLimit(maxSteps, reader, fallback);
  if (options.open) return { bound: unreadLimit('stopWhen', place), disabled: undefined };
  return fallback;
}

function maxStepsLimit(given: In<Expression>, reader: Reader, fallback: Limit): Limit {
  if (isUnset(given, reader)) return fallback;
  const { bound, disabled } = limitOption('maxSteps', given, reader.resolver, () => false);
  return { bound, disabled };
}

/** `maxSteps` of ai 4, which nothing reads any more. */
function leftover(call: In<CallExpression>, path: string, reader: Reader): IdleBound[] {
  const major = majorOf(call.module, reader);
  if (major === undefined || major < 5 || !(textCall.test(path) || /^:(ToolLoopAgent|Experimental_Agent)$/.test(path)))
    return [];
  const options = optionsAt(call, 0, reader);
  const given = options.get('maxSteps');
  if (!given || isUnset(given, reader) || options.get('stopWhen')) return [];
  return [
    {
      name: 'maxSteps',
      severity: 'info',
      place: { path: given.module.path, span: given.node.span },
      text: `maxSteps is an option of ai 4, and nothing reads it in ai ${major}`,
      advice: 'Say it with stopWhen.',
      framework: 'ai',
      witness: [{ ...placeOfCall(call), message: 'given here' }],
      fixes: stepFixes(options, call, reader),
    },
  ];
}

/** One request; retries count where the code sets them. */
function request(call: In<CallExpression>, options: Options, reader: Reader): Work {
  const place = placeOfCall(call);
  const model: Work = { do: 'model', count: one, place, what: nameOf(call.node.callee) };
  const retries = options.get('maxRetries');
  if (!retries) return model;
  const limit = limitOf({ node: retries.node, module: retries.module, env: undefined }, reader.resolver);
  const count = limit.kind === 'number' ? number(Math.max(0, limit.value)) : symbol(limit.name);
  return { do: 'times', count: plus(count, one), body: model, place, what: `maxRetries ${nameOf(retries.node)}` };
}

// ---- Agents ---------------------------------------------------------------------------------------------------------

function agentLimit(made: In<CallExpression>, options: Options, path: string, reader: Reader): Limit {
  const steps = defaultSteps(made, path, reader);
  const fallback: Limit =
    steps === undefined
      ? { bound: undefined, disabled: undefined }
      : { bound: defaultLimit(`${stepName(made, reader)}(${steps})`, steps), disabled: undefined };
  const stopWhen = options.get('stopWhen');
  if (stopWhen) return stopLimit(stopWhen, reader, fallback);
  const maxSteps = options.get('maxSteps');
  if (maxSteps && /DurableAgent/.test(path)) return maxStepsLimit(maxSteps, reader, fallback);
  if (options.open) return { bound: unreadLimit('stopWhen', placeOfCall(made)), disabled: undefined };
  if (maxSteps && /WorkflowAgent/.test(path)) return { bound: undefined, disabled: 'WorkflowAgent has no maxSteps' };
  return fallback;
}

/** Steps of an agent that sets none; undefined: no limit. */
function defaultSteps(made: In<CallExpression>, path: string, reader: Reader): number | undefined {
  if (/WorkflowAgent|DurableAgent/.test(path)) return undefined;
  return /ToolLoopAgent/.test(path) || (majorOf(made.module, reader) ?? 6) >= 6 ? agentSteps : 1;
}

function stepName(call: In<CallExpression>, reader: Reader): string {
  return (majorOf(call.module, reader) ?? 6) >= 7 ? 'isStepCount' : 'stepCountIs';
}

function agentTurn(made: In<CallExpression>, options: Options, reader: Reader): { turn: Work; some: boolean } {
  const tools = toolsOf(options.get('tools'), ['execute'], reader);
  return {
    turn: allOf([request(made, options, reader), tools.work, callbacksOf(options.objects, reader)]),
    some: tools.some || options.open,
  };
}

function agentMachine(made: In<CallExpression>, path: string, reader: Reader): Machine | undefined {
  const options = optionsAt(made, 0, reader);
  const { turn, some } = agentTurn(made, options, reader);
  if (!some) return undefined;
  const limit = agentLimit(made, options, path, reader);
  if (limit.bound && asNumber(limit.bound.limit) === 1) return undefined;
  return loopMachine({
    id: madeAt('ai', made),
    framework: 'ai',
    name: agentName(made, options),
    place: { path: made.module.path, span: made.node.callee.span },
    turn,
    limit: limit.bound,
    disabled: limit.disabled,
    onLimit,
    fixes: stepFixes(options, made, reader),
  });
}

function agentName(made: In<CallExpression>, options: Options): string {
  const id = options.get('id');
  return id?.node.kind === 'literal' ? String(id.node.value) : nameOf(made.node.callee);
}

/** The limit that a run sets for itself; undefined: the agent's own counts. */
function ownLimit(
  call: In<CallExpression>,
  options: Options | undefined,
  path: string,
  reader: Reader,
): Limit | undefined {
  if (!options) return undefined;
  const stopWhen = options.get('stopWhen');
  if (stopWhen && !isUnset(stopWhen, reader)) return stopLimit(stopWhen, reader, undefined);
  const maxSteps = /DurableAgent/.test(path) ? options.get('maxSteps') : undefined;
  if (maxSteps && !isUnset(maxSteps, reader))
    return maxStepsLimit(maxSteps, reader, { bound: undefined, disabled: undefined });
  return options.open ? { bound: unreadLimit('stopWhen', placeOfCall(call)), disabled: undefined } : undefined;
}

/** True if an option is given as `undefined`. */
export function isUnset(given: In<Expression>, reader: Reader): boolean {
  const values = reader.resolver.values(given.node, given.module);
  return values.length > 0 && values.every(value => value.kind === 'constant' && value.value === undefined);
}

function agentRunOf(
  call: In<CallExpression>,
  made: In<CallExpression>,
  options: Options | undefined,
  reader: Reader,
): Run {
  const path = pathOfClass(made, reader);
  const own = ownLimit(call, options, path, reader) ?? agentLimit(made, optionsAt(made, 0, reader), path, reader);
  // A default stays the agent's: the run has not set it.
  return {
    machine: madeAt('ai', made),
    place: { path: call.module.path, span: call.node.callee.span },
    limit: own.bound?.source === 'code' ? own.bound : undefined,
    disabled: own.disabled,
    fixes: [],
  };
}

function runAgent(call: In<CallExpression>, value: External, options: Options, reader: Reader): Work {
  const place = placeOfCall(call);
  const made = value.chain[0];
  if (!made) return { do: 'model', count: symbol('steps of the agent'), place, what: 'agent' };
  const path = pathOfClass(made, reader);
  const makeOptions = optionsAt(made, 0, reader);
  const own = ownLimit(call, options, path, reader);
  if (agentMachine(made, path, reader)) {
    return { do: 'run', machine: madeAt('ai', made), limit: own?.bound, place };
  }
  const limit = own ?? agentLimit(made, makeOptions, path, reader);
  return {
    do: 'times',
    count: limit.bound?.limit ?? 'endless',
    body: agentTurn(made, makeOptions, reader).turn,
    place,
    what: limit.bound?.text ?? 'steps',
  };
}

function pathOfClass(made: In<CallExpression>, reader: Reader): string {
  return reader.resolver.externals(made.node.callee, made.module)[0]?.path ?? '';
}

function agentGiven(call: In<CallExpression>, reader: Reader): External | undefined {
  const given = reader.resolver.option(call, 'agent');
  return given && reader.resolver.externals(given.node, given.module)[0];
}

// ---- stopWhen ---------------------------------------------------------------------------------------------------------

/** What some stop conditions come to: any one of them ends the loop. `unset` is what counts where none is given. */
export function stopLimit(given: In<Expression>, reader: Reader, unset: Limit | undefined): Limit {
  const place: Place = { path: given.module.path, span: given.node.span };
  const values = reader.resolver.values(given.node, given.module);
  const limits = values.map(value =>
    unset && value.kind === 'constant' && value.value === undefined ? unset : conditionLimit(value, given, reader),
  );
  if (limits.length === 0) return { bound: unreadLimit('stopWhen', place), disabled: undefined };
  // Of alternatives (`debug ? [] : stepCountIs(5)`) the worst one counts.
  return limits.find(limit => !limit.bound) ?? limits.find(limit => limit.bound?.configured) ?? highest(limits);
}

function highest(limits: readonly Limit[]): Limit {
  const steps = (limit: Limit): number => (limit.bound && asNumber(limit.bound.limit)) ?? 0;
  return limits.reduce((most, limit) => (steps(limit) > steps(most) ? limit : most));
}

function conditionLimit(value: Value, given: In<Expression>, reader: Reader): Limit {
  const place: Place = { path: given.module.path, span: given.node.span };
  if (value.kind === 'list') {
    if (value.node.items.length === 0) return { bound: undefined, disabled: 'stopWhen: [] never stops' };
    const parts = value.node.items.map(item =>
      item.kind === 'spread'
        ? { bound: unreadLimit('stopWhen', place), disabled: undefined }
        : stopLimit({ node: item, module: value.module }, reader, undefined),
    );
    const numbers = parts.flatMap(part => (part.bound && asNumber(part.bound.limit) !== undefined ? [part.bound] : []));
    const least = numbers.sort((a, b) => asNumber(a.limit)! - asNumber(b.limit)!)[0];
    if (least) return { bound: least, disabled: undefined };
    return parts.find(part => part.bound) ?? parts[0]!;
  }
  if (value.kind === 'external') return knownCondition(value, place, reader);
  if (value.kind === 'function') {
    const body = value.info.node?.body ?? [];
    return predicateLimit(body, value.info.module, place);
  }
  return { bound: unreadLimit('stopWhen', place), disabled: undefined };
}

function knownCondition(value: External, place: Place, reader: Reader): Limit {
  const name = /^ai:(\w+)\(\)$/.exec(value.path)?.[1];
  const made = value.chain.at(-1);
  const argument = made?.node.arguments[0]?.value;
  if ((name === 'stepCountIs' || name === 'isStepCount') && made && argument) {
    if (argument.kind === 'literal' && typeof argument.value === 'string') {
      return {
        bound: undefined,
        disabled: `${name}('${argument.value}') compares a number with a text: it never stops`,
      };
    }
    const limit = limitOf({ node: argument, module: made.module, env: undefined }, reader.resolver);
    if (limit.kind === 'number') {
      if (!Number.isInteger(limit.value) || limit.value < 1) {
        return {
          bound: undefined,
          disabled: `${name}(${limit.value}) is never true: it stops at exactly that many steps`,
        };
      }
      return { bound: codeLimit(`${name}(${limit.value})`, number(limit.value), place), disabled: undefined };
    }
    if (limit.kind === 'config' && limit.canBeEndless) {
      return { bound: undefined, disabled: `${name}(${limit.name}) can be Infinity` };
    }
    return { bound: codeLimit(`${name}(${limit.name})`, symbol(limit.name), place, true), disabled: undefined };
  }
  if (name === 'isLoopFinished') return { bound: undefined, disabled: 'isLoopFinished() is never true by itself' };
  if (name === 'hasToolCall')
    return { bound: undefined, disabled: 'hasToolCall() stops only if the model calls that tool' };
  return { bound: unreadLimit('stopWhen', place), disabled: undefined };
}

/** A predicate that compares `steps.length`, or some other amount, may be a bound; one that reads texts is none. */
function predicateLimit(body: readonly unknown[], module: Module, place: Place): Limit {
  const steps: Bound[] = [];
  let amounts = false;
  let calls = false;
  walk(body as Parameters<typeof walk>[0], {
    enter(node) {
      if (node.kind === 'binary' && /^(<|<=|>|>=|==)$/.test(node.operator)) {
        const [left, right] = [node.left, node.right];
        const counted = isStepCount(left) ? right : isStepCount(right) ? left : undefined;
        if (counted?.kind === 'literal' && typeof counted.value === 'number' && counted.value >= 1) {
          const over = node.operator === '>' || node.operator === '<' ? 1 : 0;
          steps.push(codeLimit(nameOf(node), number(Math.ceil(counted.value) + over), place));
        } else if (node.operator !== '==') amounts = true;
        else if (counted) amounts = true;
      }
      if (node.kind === 'call')
        calls ||= node.callee.kind === 'name' || /abort|signal|exceed|budget/i.test(nameOf(node));
      if (node.kind === 'member' && /aborted|exceeded|remaining/i.test(node.property)) amounts = true;
      // `steps.length >= 5 && done` is no bound of 5.
      if (node.kind === 'logical' && node.operator === 'and') amounts = true;
      return undefined;
    },
    enterFunction: () => undefined,
  });
  if (steps[0] && !amounts) return { bound: steps[0], disabled: undefined };
  if (amounts || calls || steps[0] || module.problems.length > 0)
    return { bound: unreadLimit('stopWhen', place), disabled: undefined };
  return { bound: undefined, disabled: 'its stopWhen asks only what the model did' };
}

function isStepCount(node: Expression): boolean {
  return node.kind === 'member' && node.property === 'length' && /steps$/i.test(nameOf(node.object));
}

/** A condition that ends after some steps, as text, with the import that it needs. */
function stepCondition(call: In<CallExpression>, reader: Reader): { text: string; imports: string[] } {
  const major = majorOf(call.module, reader);
  const isWorkflow = splitPath(pathOfClass(call, reader)).head === workflowOfSeven;
  // The agent's own types want the conditions of ai 7; a project with an older one has none that fit.
  if (isWorkflow && major !== undefined && major < 7) {
    return { text: `({ steps }) => steps.length >= ${suggestedSteps}`, imports: [] };
  }
  const name = isWorkflow || (major ?? 6) >= 7 ? 'isStepCount' : 'stepCountIs';
  return { text: `$${name}(${suggestedSteps})`, imports: [name] };
}

function stepFixes(options: Options, call: In<CallExpression>, reader: Reader): FixPlan[] {
  const object = options.objects[0];
  if (!object) return [];
  const major = majorOf(call.module, reader);
  const head = splitPath(pathOfClass(call, reader)).head;
  if (major !== undefined && major < 5 && core.includes(head))
    return optionFix(object, 'maxSteps', String(suggestedSteps), []);
  const { text, imports } = stepCondition(call, reader);
  const importedIn = (path: string): FixOperation[] =>
    imports.map(imported => ({ do: 'import', path, specifier: 'ai', imported }));
  const given = options.get('stopWhen');
  const own = given && reader.resolver.values(given.node, given.module)[0];
  if (given && own?.kind === 'list' && given.node.kind === 'list' && given.node.items.length > 0) {
    const { path } = given.module;
    const last = given.node.items.at(-1)!;
    return [
      besideFix([...importedIn(path), { do: 'replace', path, at: [last.span[1], last.span[1]], text: `, ${text}` }]),
    ];
  }
  // Conditions that are there stay: a step count beside them.
  const kept = given && /^(call|name|functionExpression)$/.test(given.node.kind) ? given.node : undefined;
  const isStep = own?.kind === 'external' && /^ai:(stepCountIs|isStepCount|isLoopFinished)\(\)$/.test(own.path);
  if (given && kept && !isStep) {
    const { path } = given.module;
    return [
      besideFix([
        ...importedIn(path),
        { do: 'replace', path, at: [kept.span[0], kept.span[0]], text: '[' },
        { do: 'replace', path, at: [kept.span[1], kept.span[1]], text: `, ${text}]` },
      ]),
    ];
  }
  return optionFix(object, 'stopWhen', text, importedIn(object.module.path));
}

function besideFix(operations: readonly FixOperation[]): FixPlan {
  return {
    title: `Stop after ${suggestedSteps} steps too`,
    safe: true,
    rules: ['unbounded-cycle', 'ineffective-bound', 'default-bound'],
    operations,
  };
}

function optionFix(object: In<Expression>, key: string, value: string, before: readonly FixOperation[]): FixPlan[] {
  return [
    {
      title: `Set ${key} to ${value.replace('$', '')}`,
      safe: true,
      rules: ['unbounded-cycle', 'ineffective-bound', 'default-bound'],
      operations: [...before, { do: 'setOption', path: object.module.path, at: object.node.span, key, value }],
    },
  ];
}

// ---- The chat in the browser ------------------------------------------------------------------------------------------

/** A chat that sends by itself: its condition asks what the model did, and nothing counts. */
function chatMachine(call: In<CallExpression>, reader: Reader): Machine | undefined {
  const options = optionsAt(call, 0, reader);
  const when = options.get('sendAutomaticallyWhen');
  const maxSteps = options.get('maxSteps');
  const limit = when
    ? chatLimit(when, reader)
    : maxSteps && !isUnset(maxSteps, reader)
      ? maxStepsLimit(maxSteps, reader, { bound: undefined, disabled: undefined })
      : undefined;
  if (!limit) return undefined;
  const place: Place = { path: call.module.path, span: headOf(call.node) };
  const machine = loopMachine({
    id: madeAt('ai', call),
    framework: 'ai',
    name: nameOf(call.node.callee),
    place,
    turn: { do: 'model', count: symbol('calls of one request'), place, what: 'the chat route' },
    limit: limit.bound,
    disabled: limit.disabled,
    onLimit: 'waits for the user',
    fixes: when && !limit.bound ? chatFixes(when, reader) : [],
  });
  // Where no code answers the tools, a person may be who does.
  return answersTools(options, reader) || maxSteps ? machine : { ...machine, open: true, unit: 'superstep' };
}

/** Undefined: a person decides. */
function chatLimit(when: In<Expression>, reader: Reader): Limit | undefined {
  const unread: Limit = { bound: unreadLimit('sendAutomaticallyWhen', placeOf(when)), disabled: undefined };
  const values = reader.resolver.values(when.node, when.module);
  const only = values.length === 1 ? values[0] : undefined;
  if (only?.kind === 'external') {
    if (/:lastAssistantMessageIsCompleteWithApprovalResponses$/.test(only.path)) return undefined;
    if (!/:lastAssistantMessageIsCompleteWithToolCalls$/.test(only.path)) return unread;
    return { bound: undefined, disabled: 'sendAutomaticallyWhen asks only whether the tools have answered' };
  }
  if (only?.kind !== 'function' || !only.info.node) return unread;
  let asks = false;
  let amounts = false;
  let counted: number | undefined;
  walk(only.info.node.body as Parameters<typeof walk>[0], {
    enter(node) {
      if (node.kind === 'call')
        asks ||= reader.resolver
          .externals(node.callee, only.info.module)
          .some(({ path }) => /:lastAssistantMessageIsCompleteWithToolCalls$/.test(path));
      if (node.kind === 'binary' && /^(<|<=|>|>=)$/.test(node.operator)) {
        amounts = true;
        if (/^<=?$/.test(node.operator) && node.right.kind === 'literal' && typeof node.right.value === 'number')
          counted = node.right.value + (node.operator === '<=' ? 1 : 0);
      }
      return undefined;
    },
  });
  const { body } = only.info.node;
  const last = body.length === 1 ? body[0] : undefined;
  const both = last?.kind === 'return' && last.value?.kind === 'logical' && last.value.operator === 'and';
  if (asks && both && counted !== undefined && countsSteps(only.info.node.body)) {
    return {
      bound: codeLimit(`${counted} steps of the message`, number(Math.max(1, Math.ceil(counted))), placeOf(when)),
      disabled: undefined,
    };
  }
  return amounts || !asks
    ? unread
    : { bound: undefined, disabled: 'sendAutomaticallyWhen asks only whether the tools have answered' };
}

function placeOf(at: In<Expression>): Place {
  return { path: at.module.path, span: at.node.span };
}

/** Parts of the type `step-start`: one for each request that made a message longer. */
function countsSteps(body: readonly unknown[]): boolean {
  let found = false;
  walk(body as Parameters<typeof walk>[0], {
    enter(node) {
      if (node.kind === 'literal' && node.value === 'step-start') found = true;
      return undefined;
    },
  });
  return found;
}

/** True if code gives the tools' outputs, without a person. */
function answersTools(options: Options, reader: Reader): boolean {
  const given = options.get('onToolCall');
  if (!given) return false;
  return reader.resolver.values(given.node, given.module).some(value => {
    if (value.kind !== 'function' || !value.info.node) return false;
    return value.info.calls.some(({ callee }) => /(^|\.)addTool(Output|Result)$/.test(nameOf(callee)));
  });
}

function chatFixes(when: In<Expression>, reader: Reader): FixPlan[] {
  const [value] = reader.resolver.values(when.node, when.module);
  if (when.node.kind !== 'name' || value?.kind !== 'external') return [];
  const steps = `(options.messages.at(-1)?.parts.filter(part => part.type === 'step-start').length ?? 0)`;
  return [
    {
      title: `Send at most ${suggestedSteps} times by itself`,
      safe: true,
      rules: ['unbounded-cycle', 'ineffective-bound'],
      operations: [
        {
          do: 'replace',
          path: when.module.path,
          at: when.node.span,
          text: `options => ${when.node.name}(options) && ${steps} < ${suggestedSteps}`,
        },
      ],
    },
  ];
}
