// LlamaIndex workflows (@llamaindex/workflow, @llama-flow/core): handlers of events that return or send further events.
// Nothing in the framework limits how often events come round; a counter in the state or in the events does.
import type { Counter, Machine, MachineState, Run, Transition, Work } from '../graph/model.ts';
import { nothing } from '../graph/model.ts';
import { linear } from '../program/access.ts';
import type { CallExpression, Expression, Module } from '../program/model.ts';
import { limitOf, nameOf } from '../program/quantity.ts';
import { type FunctionInfo, indexOf } from '../program/scope.ts';
import type { In } from '../program/values.ts';
import type { Place } from '../rules/finding.ts';
import { madeAt, type PackageCall, packageCalls, placeOfCall } from './calls.ts';
import type { Contribution, Framework } from './framework.ts';
import { headOf } from './literals.ts';
import { agentRun } from './llamaindex-agents.ts';
import { workOfCallable } from './plain/work.ts';
import type { Reader } from './reading.ts';
import { type KeyOf, lastingKey, parameterKey, raisedOnAll, type StepWay, stepWays } from './step-ways.ts';

const packages = [
  '@llamaindex/workflow',
  '@llamaindex/workflow/*',
  '@llamaindex/workflow-core',
  '@llamaindex/workflow-core/*',
  '@llama-flow/core',
  '@llama-flow/core/*',
  'llamaindex',
];
const handlePath = /(createWorkflow|withState|withValidation|withTraceEvents|withDrainingStream)\(\)\.handle$/;

export const llamaindexWorkflow: Framework = {
  id: 'llamaindex-workflow',
  title: 'LlamaIndex workflows',
  docs: 'https://developers.llamaindex.ai/typescript/workflows',
  packages: { typescript: packages, python: [] },
  defaults: [
    {
      option: 'events of a workflow',
      package: '@llamaindex/workflow-core',
      language: 'typescript',
      value: null,
      unit: 'events',
      sentinels: {},
      onLimit: '',
      proof: 'test/integration/llamaindex.test.ts',
    },
  ],
  calls: [],
  read(reader): Contribution {
    const flows = new Map<CallExpression, { made: In<CallExpression>; handlers: In<CallExpression>[] }>();
    for (const found of packageCalls(reader, isOurs)) {
      const made = handlePath.test(found.path) ? found.value.chain.at(-1) : undefined;
      if (!made) continue;
      const flow = flows.get(made.node) ?? { made, handlers: [] };
      flows.set(made.node, flow);
      flow.handlers.push(found.call);
    }
    const machines: Machine[] = [];
    for (const { made, handlers } of flows.values()) machines.push(flowMachine(made, handlers, reader));
    return { machines, runs: runsOf(reader, machines) };
  },
};

function isOurs(head: string): boolean {
  return packages.some(name => (name.endsWith('*') ? head.startsWith(name.slice(0, -1)) : head === name));
}

/** `createContext` begins a run. */
function runsOf(reader: Reader, machines: readonly Machine[]): Run[] {
  const begins = (found: PackageCall): Run[] => {
    const made = /\(\)\.createContext$/.test(found.path) ? found.value.chain.at(-1) : undefined;
    const machine = made && machines.find(one => one.id === madeAt('llamaindex', made));
    if (!machine) return [];
    const place: Place = { path: found.call.module.path, span: headOf(found.call.node) };
    return [{ machine: machine.id, place, limit: undefined, disabled: undefined, fixes: [] }];
  };
  return packageCalls(reader, isOurs).flatMap(begins);
}

/** An event that a handler gives out, on one of its ways. */
interface Emission {
  readonly event: CallExpression;
  readonly place: Place;
  readonly counters: readonly Counter[];
  /** Other ways give out something else. */
  readonly chosen: boolean;
}

interface Handler {
  readonly accepts: readonly CallExpression[];
  readonly emits: readonly Emission[];
  readonly raises: readonly string[];
  readonly resets: readonly string[];
}

function flowMachine(made: In<CallExpression>, handlers: readonly In<CallExpression>[], reader: Reader): Machine {
  const known = new Set(handlers.flatMap(call => acceptedBy(call, reader)));
  const read = handlers.map(call => readHandler(call, known, reader));
  const emitted = new Set(read.flatMap(handler => handler.emits.map(emission => emission.event)));
  const states: MachineState[] = handlers.map((call, i) => ({
    id: `handler${i}`,
    name: eventNames(call),
    place: { path: call.module.path, span: headOf(call.node) },
    work: handlerWork(call, reader),
    raises: read[i]!.raises,
    resets: read[i]!.resets,
    human: false,
  }));
  const transitions: Transition[] = [];
  const counters = new Map<string, Counter>();
  read.forEach(({ emits }, from) => {
    for (const { event, place, counters: checks, chosen } of emits) {
      read.forEach(({ accepts }, to) => {
        if (!accepts.includes(event)) return;
        for (const counter of checks) counters.set(counter.key, counters.get(counter.key) ?? counter);
        transitions.push({
          from: `handler${from}`,
          to: `handler${to}`,
          kind: chosen ? 'route' : 'next',
          label: states[to]!.name,
          place,
          checks: checks.map(counter => counter.key),
          controller: chosen ? 'model' : 'deterministic',
        });
      });
    }
  });
  return {
    id: madeAt('llamaindex', made),
    framework: 'llamaindex-workflow',
    name: 'workflow',
    place: { path: made.module.path, span: headOf(made.node) },
    states,
    transitions,
    // Events that no handler gives out come from outside: a run begins with them.
    start: states.filter((_, i) => read[i]!.accepts.some(event => !emitted.has(event))).map(state => state.id),
    unit: 'superstep',
    limit: undefined,
    perUnit: nothing,
    counters: [...counters.values()],
    onLimit: '',
    open: false,
    fixes: [],
    disabled: undefined,
  };
}

function eventNames(call: In<CallExpression>): string {
  const list = call.node.arguments[0]?.value;
  return list?.kind === 'list' ? list.items.map(nameOf).join(', ') : 'handler';
}

function handlerWork(call: In<CallExpression>, reader: Reader): Work {
  const handler = call.node.arguments[1]?.value;
  if (!handler) return nothing;
  const made = agentHandlerOf(handler, call.module, reader);
  return made
    ? agentRun(made, ':agentHandler', placeOfCall(call), reader)
    : workOfCallable(handler, call.module, reader);
}

function agentHandlerOf(node: Expression, module: Module, reader: Reader): In<CallExpression> | undefined {
  return reader.resolver
    .externals(node, module)
    .find(value => /:agentHandler\(\)$/.test(value.path))
    ?.chain.at(-1);
}

/** Calls that made the events of an expression: `[a, or(b, c)]`. */
function eventsIn(node: Expression, module: Module, reader: Reader): CallExpression[] {
  return reader.resolver.values(node, module).flatMap((value): CallExpression[] => {
    if (value.kind === 'list') return value.node.items.flatMap(item => eventsIn(item, value.module, reader));
    if (value.kind !== 'external') return [];
    const last = value.chain.at(-1);
    if (!last || !value.path.endsWith('()')) return [];
    if (/:or\(\)$/.test(value.path)) {
      return last.node.arguments.flatMap(argument => eventsIn(argument.value, last.module, reader));
    }
    return /\.with\(\)$/.test(value.path) ? [] : [last.node];
  });
}

/** Events that `event.with(data)` makes, with the calls of `with`. */
function emittedBy(
  node: Expression,
  module: Module,
  reader: Reader,
): { event: CallExpression; made: In<CallExpression> }[] {
  return reader.resolver.values(node, module).flatMap(value => {
    if (value.kind === 'list') return value.node.items.flatMap(item => emittedBy(item, value.module, reader));
    if (value.kind !== 'external' || !/\(\)\.with\(\)$/.test(value.path)) return [];
    const [event, made] = value.chain.slice(-2);
    return event && made ? [{ event: event.node, made }] : [];
  });
}

function acceptedBy(call: In<CallExpression>, reader: Reader): CallExpression[] {
  const accepted = call.node.arguments[0];
  return accepted ? eventsIn(accepted.value, call.module, reader) : [];
}

function readHandler(call: In<CallExpression>, known: ReadonlySet<CallExpression>, reader: Reader): Handler {
  const accepts = acceptedBy(call, reader);
  const handler = call.node.arguments[1]?.value;
  if (!handler) return { accepts, emits: [], raises: [], resets: [] };
  const made = agentHandlerOf(handler, call.module, reader);
  // The model sends one of these events.
  const results = made && reader.resolver.option(made, 'results');
  if (results) {
    const events = eventsIn(results.node, results.module, reader);
    const place: Place = { path: call.module.path, span: headOf(call.node) };
    const emits = events.map(event => ({ event, place, counters: [], chosen: events.length > 1 }));
    return { accepts, emits, raises: [], resets: [] };
  }
  const emits: Emission[] = [];
  const raisedPer: StepWay[] = [];
  const resets = new Set<string>();
  for (const value of reader.resolver.values(handler, call.module)) {
    if (value.kind === 'function') readFunction(value.info, known, reader, emits, raisedPer, resets);
  }
  return { accepts, emits, raises: raisedOnAll(raisedPer), resets: [...resets] };
}

function isSend(call: CallExpression): boolean {
  const { callee } = call;
  return (
    (callee.kind === 'name' && callee.name === 'sendEvent') ||
    (callee.kind === 'member' && callee.property === 'sendEvent')
  );
}

function readFunction(
  info: FunctionInfo,
  known: ReadonlySet<CallExpression>,
  reader: Reader,
  emits: Emission[],
  raisedPer: StepWay[],
  resets: Set<string>,
): void {
  const { ways } = stepWays(info, keyOf, reader, { watch: isSend, late: key => key.startsWith('data.') });
  const seen = new Set<CallExpression>();
  const add = (node: Expression, module: Module, step: StepWay | undefined, raised: Set<string>): void => {
    for (const { event, made } of emittedBy(node, module, reader)) {
      emits.push({
        event,
        place: { path: module.path, span: node.span },
        counters: step?.counters ?? [],
        chosen: step === undefined || step.way.facts.length > 0,
      });
      readData(made, info, reader, raised, resets);
    }
  };
  for (const step of ways) {
    const { way, raised } = step;
    for (const key of step.resets) resets.add(key);
    const before = emits.length;
    for (const sent of way.calls) {
      if (!isSend(sent.node)) continue;
      seen.add(sent.node);
      for (const argument of sent.node.arguments) add(argument.value, sent.module, step, raised);
    }
    if (way.end.kind === 'return' && way.end.value) add(way.end.value, info.module, step, raised);
    // A way that sends nothing, or what no handler takes, ends the round: it need not count.
    if (emits.slice(before).some(emission => known.has(emission.event))) raisedPer.push(step);
  }
  // Events sent from callbacks, where no way says what was checked before.
  for (const sent of nestedSends(info)) {
    if (!seen.has(sent)) for (const argument of sent.arguments) add(argument.value, info.module, undefined, new Set());
  }
}

function nestedSends(info: FunctionInfo): CallExpression[] {
  const { node } = info;
  if (!node) return [];
  return indexOf(info.module)
    .functions.filter(one => one.node && one.node.span[0] >= node.span[0] && one.node.span[1] <= node.span[1])
    .flatMap(one => one.calls.filter(isSend));
}

/** Counters that an event carries: `next.with({ attempts: event.data.attempts + 1 })`. */
function readData(
  made: In<CallExpression>,
  info: FunctionInfo,
  reader: Reader,
  raised: Set<string>,
  resets: Set<string>,
): void {
  const data = made.node.arguments[0];
  if (!data) return;
  for (const value of reader.resolver.values(data.value, made.module)) {
    if (value.kind !== 'object') continue;
    for (const entry of value.node.entries) {
      if (entry.kind !== 'entry') continue;
      const at = { node: entry.value, module: value.module, env: undefined };
      const given = linear(at, () => true);
      if (given && given.offset !== 0 && keyOf(given.path, info) === `data.${entry.key}`) {
        raised.add(`data.${entry.key}${given.offset > 0 ? '<' : '>'}`);
      } else if (limitOf(at, reader.resolver).kind === 'number') resets.add(`data.${entry.key}`);
    }
  }
}

/** What outlives a handler: the context's state, the event's data, a field, a variable of the module. */
const keyOf: KeyOf = (path, info) => {
  const context = parameterKey(path, info, 0);
  if (context !== undefined && /^(state|data)\./.test(context)) return context;
  const event = parameterKey(path, info, 1);
  return event?.startsWith('data.') ? event : lastingKey(path, info);
};
