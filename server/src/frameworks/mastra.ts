// Mastra (@mastra/core): the steps of an agent, delegation and networks, and the work and loops of workflows.
// Proven in test/integration/mastra.test.ts with the real package where the table says so.
import type { Bound, FixPlan, Machine, Run, Work } from '../graph/model.ts';
import { nothing } from '../graph/model.ts';
import type { CallExpression, Expression, Statement } from '../program/model.ts';
import { asNumber, limitOf, nameOf, number, one, plus, type Quantity, symbol } from '../program/quantity.ts';
import type { In, Value } from '../program/values.ts';
import { walk } from '../program/walk.ts';
import type { Place } from '../rules/finding.ts';
import { isUnset, type Limit, stopLimit } from './ai.ts';
import { madeAt, type Options, optionsAt, packageCalls, placeOfCall } from './calls.ts';
import type { Contribution, External, Framework } from './framework.ts';
import { headOf, limitOption } from './literals.ts';
import { codeLimit, defaultLimit, loopMachine, unreadLimit } from './loop-of.ts';
import { allOf, isNothing, oneOf, workOfCallable } from './plain/work.ts';
import type { Reader } from './reading.ts';
import { toolsOf } from './tools.ts';

const packages = ['@mastra/core', '@mastra/core/*'];
const workflowMade = /^:createWorkflow\(\)/;
const workflowStep = /^:createWorkflow\(\)(\.\w+\(\))*\.(then|step|parallel|branch|foreach|map|dowhile|dountil)$/;
const workflowRun =
  /^:createWorkflow\(\)(\.\w+\(\))*\.(createRun|createRunAsync)\(\)\.(start|startAsync|stream|streamVNext|resume|resumeStream)$/;
const loopPath = /\.(dowhile|dountil)$/;
const runMethods = 'generate|stream|generateVNext|streamVNext|generateLegacy|streamLegacy';
const agentRun = new RegExp(`^:Agent\\(\\)\\.(${runMethods})$`);
const registeredRun = new RegExp(`^:Mastra\\(\\)\\.(getAgent|getAgentById)\\(\\)\\.(${runMethods})$`);
const registeredWorkflow =
  /^:Mastra\(\)\.(getWorkflow|getWorkflowById)\(\)\.(createRun|createRunAsync)\(\)\.(start|startAsync|stream|streamVNext|resume)$/;
const networkRun = /^:Agent\(\)\.network$/;
const agentDefaults = ['defaultOptions', 'defaultGenerateOptions', 'defaultStreamOptions', 'defaultVNextStreamOptions'];
const defaultSteps = 5;
const suggestedTurns = 10;
/** Workflows and agents inside each other deeper than this are named, not read. */
const depthLimit = 6;

export const mastra: Framework = {
  id: 'mastra',
  title: 'Mastra',
  docs: 'https://mastra.ai/docs/workflows/control-flow',
  packages: { typescript: packages, python: [] },
  defaults: [
    {
      option: 'condition of dowhile and dountil',
      package: '@mastra/core',
      language: 'typescript',
      value: null,
      unit: 'runs of the step',
      sentinels: { iterationCount: 'counts from 1' },
      onLimit: '',
      proof: 'test/integration/mastra.test.ts',
    },
    {
      option: 'maxSteps of an agent',
      package: '@mastra/core',
      language: 'typescript',
      value: defaultSteps,
      unit: 'steps',
      sentinels: {
        0: 'the default',
        Infinity: 'no limit',
        'stopWhen: []': 'no limit',
        stopWhen: 'replaces the default',
      },
      onLimit: 'ends without an error',
      proof: 'test/integration/mastra.test.ts',
    },
    {
      option: 'maxSteps of an agent among the agents of another',
      package: '@mastra/core',
      language: 'typescript',
      value: null,
      unit: 'steps: the model of the other may choose them, 5 if it does not',
      sentinels: { 'defaultOptions.maxSteps': 'the most that it may choose' },
      onLimit: 'ends without an error',
      proof: 'test/integration/mastra.test.ts',
    },
    {
      option: 'maxSteps of network',
      package: '@mastra/core',
      language: 'typescript',
      value: 1,
      unit: 'rounds after the first',
      sentinels: { 0: 'the default', null: 'the default', '-1': 'one round', Infinity: 'no limit' },
      onLimit: 'ends without an error',
      proof: 'test/integration/mastra-network.test.ts',
    },
    {
      option: 'retries of a step, attempts of retryConfig',
      package: '@mastra/core',
      language: 'typescript',
      value: 0,
      unit: 'attempts after the first',
      sentinels: {},
      onLimit: 'the step fails',
      proof: 'test/integration/mastra.test.ts',
    },
  ],
  calls: [
    // Building a workflow runs nothing; conditions and mappings are kept.
    { packages, path: workflowStep, effect: 'keeps' },
    { packages, path: /^:(createStep|createTool|createWorkflow)$/, effect: 'keeps' },
    {
      packages,
      path: agentRun,
      effect: 'agent',
      work: (call, value, reader): Work => agentWork(value.chain[0], call, placeOfCall(call), reader),
    },
    {
      packages,
      path: registeredRun,
      effect: 'agent',
      work: (call, value, reader): Work =>
        agentWork(registered(value, 'agents', reader)[0], call, placeOfCall(call), reader),
    },
    {
      packages,
      path: networkRun,
      effect: 'agent',
      work: (call, _value, reader): Work => networkWork(call, reader),
    },
    {
      packages,
      path: workflowRun,
      effect: 'agent',
      work: (call, value, reader): Work =>
        value.chain[0] ? workflowWork(value.chain[0], reader) : unknownWorkflow(placeOfCall(call)),
    },
    {
      packages,
      path: registeredWorkflow,
      effect: 'agent',
      work(call, value, reader): Work {
        const [root] = registered(value, 'workflows', reader);
        return root ? workflowWork(root, reader) : unknownWorkflow(placeOfCall(call));
      },
    },
  ],
  read(reader): Contribution {
    const machines = new Map<string, Machine>();
    const runs: Run[] = [];
    const run = (made: In<CallExpression>, call: In<CallExpression>): void => {
      const machine = agentMachine(made, reader);
      if (!machine) return;
      machines.set(machine.id, machine);
      const limit = runLimit(made, call, reader);
      runs.push({
        machine: machine.id,
        place: { path: call.module.path, span: headOf(call.node) },
        limit: limit.bound?.source === 'default' ? undefined : limit.bound,
        disabled: limit.disabled,
        fixes: limit.bound ? [] : stepFixes(call, reader),
      });
    };
    for (const { call, value, path } of packageCalls(reader, isOurs)) {
      if (/^:Agent$/.test(path) && call.node.isNew) {
        const machine = agentMachine(call, reader);
        if (machine) machines.set(machine.id, machine);
      } else if (agentRun.test(path) && value.chain[0]) run(value.chain[0], call);
      else if (registeredRun.test(path)) for (const made of registered(value, 'agents', reader)) run(made, call);
      else if (workflowStep.test(path) && loopPath.test(path)) {
        const machine = loopOf(call, value.chain[0], path, reader);
        if (machine) machines.set(machine.id, machine);
      }
    }
    return { machines: [...machines.values()], runs };
  },
};

function isOurs(head: string): boolean {
  return head === '@mastra/core' || head.startsWith('@mastra/core/');
}

function pathOf(value: External): string {
  return value.path.slice(value.path.indexOf(':'));
}

function ours(value: Value): value is External {
  return value.kind === 'external' && isOurs(value.path.slice(0, value.path.indexOf(':')));
}

/** What `new Mastra({ agents, workflows })` has under the name that `getAgent` is called with. */
function registered(value: External, kind: 'agents' | 'workflows', reader: Reader): In<CallExpression>[] {
  const [instance, getter] = value.chain;
  const name = getter?.node.arguments[0]?.value;
  const all = instance && reader.resolver.option(instance, kind, 0);
  if (!all || name?.kind !== 'literal') return [];
  return reader.resolver.values(all.node, all.module).flatMap(object => {
    const entry = object.kind === 'object' ? reader.resolver.entry(object, String(name.value)) : undefined;
    return entry ? madeOf(entry, reader) : [];
  });
}

/** Calls that made the agents or workflows that an expression can be. */
function madeOf(given: In<Expression>, reader: Reader): In<CallExpression>[] {
  return reader.resolver.values(given.node, given.module).flatMap(value => {
    if (!ours(value)) return [];
    const path = pathOf(value);
    return (path === ':Agent()' || workflowMade.test(path)) && value.chain[0] ? [value.chain[0]] : [];
  });
}

// ---- Agents -----------------------------------------------------------------------------------------------------------

/** Steps of a run: its own options over the agent's; `stopWhen` alone takes the place of the default. */
function runLimit(made: In<CallExpression>, call: In<CallExpression> | undefined, reader: Reader): Limit {
  const levels = [
    ...(call ? [optionsAt(call, 1, reader)] : []),
    ...agentDefaults.flatMap(key => defaultsIn(made, key, reader)),
  ];
  const find = (key: string) => levels.map(level => level.get(key)).find(found => found && !isUnset(found, reader));
  const [maxSteps, stopWhen] = [find('maxSteps'), find('stopWhen')];
  const open = levels.some(level => level.open) ? placeOfCall(call ?? made) : undefined;
  const fallback: Limit = { bound: defaultLimit(`maxSteps ${defaultSteps}`, defaultSteps), disabled: undefined };
  const steps = maxSteps && stepsOf(maxSteps, fallback, reader);
  const stop = stopWhen && stopLimit(stopWhen, reader, fallback);
  if (steps && stop) return lower(steps, stop);
  if (steps) return steps;
  if (stop) return stop;
  return open ? { bound: unreadLimit('maxSteps', open), disabled: undefined } : fallback;
}

/** Either of them ends the run. */
function lower(a: Limit, b: Limit): Limit {
  if (!a.bound || !b.bound) return a.bound ? a : b;
  const [x, y] = [asNumber(a.bound.limit), asNumber(b.bound.limit)];
  if (x === undefined || y === undefined) return x === undefined ? b : a;
  return x <= y ? a : b;
}

function stepsOf(given: In<Expression>, fallback: Limit, reader: Reader): Limit {
  const { bound, disabled } = limitOption('maxSteps', given, reader.resolver, () => false);
  return bound && asNumber(bound.limit) === 0 ? fallback : { bound, disabled };
}

/** An agent's options for its runs: an object, or a function that gives one. */
function defaultsIn(made: In<CallExpression>, key: string, reader: Reader): Options[] {
  const given = reader.resolver.option(made, key, 0);
  if (!given) return [];
  const values = reader.resolver
    .values(given.node, given.module)
    .flatMap(value => (value.kind === 'function' ? reader.resolver.returns(value.info) : [value]));
  const objects = values.filter(value => value.kind === 'object');
  return [
    {
      objects,
      open: objects.length === 0 || objects.length < values.length || objects.some(one => reader.resolver.isOpen(one)),
      get: name => objects.map(object => reader.resolver.entry(object, name)).find(entry => entry !== undefined),
    },
  ];
}

/** One step of an agent: the request and the dearest of its tools, agents and workflows. */
function agentTurn(made: In<CallExpression>, reader: Reader, depth: number): { turn: Work; some: boolean } {
  const options = optionsAt(made, 0, reader);
  const model: Work = { do: 'model', count: one, place: placeOfCall(made), what: agentName(made, options) };
  const tools = toolsOf(options.get('tools'), ['execute'], reader);
  const others = [...delegates(options, reader, depth), ...workflowsOf(options, reader, depth)];
  return {
    turn: allOf([model, oneOf([tools.work, ...others])]),
    some: tools.some || others.length > 0 || options.open || options.get('memory') !== undefined,
  };
}

function agentName(made: In<CallExpression>, options: Options): string {
  const name = options.get('name') ?? options.get('id');
  return name?.node.kind === 'literal' ? String(name.node.value) : nameOf(made.node.callee);
}

/** Agents of an agent: the model of the one may choose how many steps the other makes, up to the other's own limit. */
function delegates(options: Options, reader: Reader, depth: number): Work[] {
  return entriesOf(options.get('agents'), reader).flatMap(({ name, at }): Work[] => {
    const place: Place = { path: at.module.path, span: at.node.span };
    const chosen = symbol(`steps that the model chooses for ${name}`);
    const made = madeOf(at, reader);
    if (made.length === 0 || depth > depthLimit) return [{ do: 'model', count: chosen, place, what: name }];
    return made.map((one): Work => {
      const own = defaultsSet(one, reader) ? runLimit(one, undefined, reader).bound : undefined;
      const body = agentTurn(one, reader, depth + 1).turn;
      return { do: 'times', count: own?.limit ?? chosen, body, place, what: own?.text ?? 'steps' };
    });
  });
}

function defaultsSet(made: In<CallExpression>, reader: Reader): boolean {
  return agentDefaults.some(key => defaultsIn(made, key, reader).some(level => level.get('maxSteps') !== undefined));
}

function workflowsOf(options: Options, reader: Reader, depth: number): Work[] {
  return entriesOf(options.get('workflows'), reader).map(({ at }) => {
    const [root] = madeOf(at, reader);
    return root && depth <= depthLimit
      ? workflowWork(root, reader, depth + 1)
      : unknownWorkflow({ path: at.module.path, span: at.node.span });
  });
}

/** Entries of a record, or of what a function gives back. */
function entriesOf(given: In<Expression> | undefined, reader: Reader): { name: string; at: In<Expression> }[] {
  if (!given) return [];
  const values = reader.resolver.values(given.node, given.module);
  const found = values
    .flatMap(value => (value.kind === 'function' ? reader.resolver.returns(value.info) : [value]))
    .flatMap(value =>
      value.kind !== 'object'
        ? []
        : value.node.entries.map(entry => ({
            name: entry.kind === 'entry' ? entry.key : nameOf(entry.value),
            at: { node: entry.value, module: value.module },
          })),
    );
  return found.length > 0 || values.some(value => value.kind === 'object')
    ? found
    : [{ name: nameOf(given.node), at: given }];
}

function agentMachine(made: In<CallExpression>, reader: Reader): Machine | undefined {
  const { turn, some } = agentTurn(made, reader, 0);
  if (!some) return undefined;
  const limit = runLimit(made, undefined, reader);
  const options = optionsAt(made, 0, reader);
  return loopMachine({
    id: madeAt('mastra', made),
    framework: 'mastra',
    name: agentName(made, options),
    place: { path: made.module.path, span: headOf(made.node) },
    turn,
    limit: limit.bound,
    disabled: limit.disabled,
    onLimit: 'ends without an error',
    fixes: [],
  });
}

function agentWork(made: In<CallExpression> | undefined, call: In<CallExpression>, place: Place, reader: Reader): Work {
  if (!made) return { do: 'model', count: symbol('steps of the agent'), place, what: 'agent' };
  const limit = runLimit(made, call, reader);
  if (agentMachine(made, reader)) return { do: 'run', machine: madeAt('mastra', made), limit: limit.bound, place };
  const { turn } = agentTurn(made, reader, 0);
  // Without tools only a model that invents one goes on.
  return { do: 'times', count: limit.bound?.limit ?? 'endless', body: turn, place, what: limit.bound?.text ?? 'steps' };
}

function stepFixes(call: In<CallExpression>, reader: Reader): FixPlan[] {
  const options = optionsAt(call, 1, reader);
  const given = options.get('maxSteps') ?? options.get('stopWhen');
  const [object] = options.objects;
  if (!object || !given) return [];
  const value = String(suggestedTurns);
  return [
    {
      title: `Set maxSteps to ${value}`,
      safe: true,
      rules: ['unbounded-cycle', 'ineffective-bound'],
      operations: [{ do: 'setOption', path: object.module.path, at: object.node.span, key: 'maxSteps', value }],
    },
  ];
}

/** A network makes one round more than `maxSteps`; each asks the router and then one of its members. */
function networkWork(call: In<CallExpression>, reader: Reader): Work {
  const options = optionsAt(call, 1, reader);
  const given = options.get('maxSteps');
  const place = placeOfCall(call);
  const limit = given && limitOf({ node: given.node, module: given.module, env: undefined }, reader.resolver);
  const rounds: Quantity = !limit
    ? options.open
      ? symbol('maxSteps')
      : one
    : limit.kind !== 'number'
      ? symbol(limit.name)
      : Number.isFinite(limit.value)
        ? number(limit.value === 0 ? 1 : Math.max(0, Math.ceil(limit.value)))
        : 'endless';
  const round: Work = { do: 'model', count: symbol('calls of a round of the network'), place, what: 'network' };
  const count = plus(rounds, one);
  return { do: 'times', count, body: round, place, what: 'maxSteps of the network' };
}

// ---- Workflows --------------------------------------------------------------------------------------------------------

function unknownWorkflow(place: Place): Work {
  return { do: 'model', count: symbol('calls of the workflow'), place, what: 'workflow' };
}

/** Everything that a run of a workflow does: what its builder was told, in any order. */
function workflowWork(root: In<CallExpression>, reader: Reader, depth = 0): Work {
  if (depth > depthLimit) return unknownWorkflow(placeOfCall(root));
  const retries = workflowAttempts(root, reader);
  const parts: Work[] = [];
  for (const { call, value, path } of packageCalls(reader, isOurs)) {
    if (!workflowStep.test(path) || value.chain[0]?.node !== root.node) continue;
    const method = /(\w+)$/.exec(path)?.[1];
    const [first] = call.node.arguments;
    if (!first) continue;
    const given: In<Expression> = { node: first.value, module: call.module };
    const step = (at: In<Expression>): Work => stepWork(at, reader, depth, retries);
    if (method === 'dowhile' || method === 'dountil') {
      parts.push({ do: 'run', machine: madeAt('mastra', call), limit: undefined, place: placeOfCall(call) });
    } else if (method === 'foreach') {
      const body = step(given);
      if (isNothing(body)) continue;
      // The list is what the step before gave.
      const count = symbol(`elements for ${nameOf(first.value)}`);
      parts.push({ do: 'times', count, body, place: placeOfCall(call), what: 'foreach' });
    } else if (method === 'parallel' || method === 'branch') {
      // All branches whose condition holds run.
      for (const item of itemsOf(given, reader)) {
        const pair = item.node.kind === 'list' ? item.node.items : [item.node];
        for (const node of pair) {
          const at = { node, module: item.module };
          parts.push(step(at), workOfCallable(node, item.module, reader));
        }
      }
    } else if (method === 'map') parts.push(workOfCallable(first.value, call.module, reader));
    else parts.push(step(given));
  }
  return allOf(parts);
}

function itemsOf(given: In<Expression>, reader: Reader): In<Expression>[] {
  return reader.resolver
    .values(given.node, given.module)
    .flatMap(value =>
      value.kind === 'list'
        ? value.node.items.flatMap(item =>
            item.kind === 'spread'
              ? itemsOf({ node: item.value, module: value.module }, reader)
              : [{ node: item, module: value.module }],
          )
        : [],
    );
}

/** Attempts of each step of a workflow, but for those that say it themselves. */
function workflowAttempts(root: In<CallExpression>, reader: Reader): Quantity | undefined {
  return attempts(reader.resolver.option(root, 'retryConfig', 0), 'attempts', reader);
}

/** Attempts that an option sets, the first included; undefined: it is not set. */
function attempts(given: In<Expression> | undefined, key: string | undefined, reader: Reader): Quantity | undefined {
  if (!given) return undefined;
  const at = key
    ? reader.resolver
        .values(given.node, given.module)
        .map(value => (value.kind === 'object' ? reader.resolver.entry(value, key) : undefined))
        .find(found => found !== undefined)
    : given;
  if (!at) return undefined;
  const limit = limitOf({ node: at.node, module: at.module, env: undefined }, reader.resolver);
  if (limit.kind !== 'number') return plus(symbol(limit.name), one);
  return Number.isFinite(limit.value) ? number(Math.max(0, limit.value) + 1) : 'endless';
}

/** What a step runs: `createStep({ execute })`, an agent as a step, another workflow. */
function stepWork(step: In<Expression>, reader: Reader, depth: number, inherited: Quantity | undefined): Work {
  const place: Place = { path: step.module.path, span: step.node.span };
  const works: Work[] = [];
  for (const value of reader.resolver.values(step.node, step.module)) {
    if (!ours(value)) continue;
    const path = pathOf(value);
    const made = value.chain.at(-1);
    if (workflowMade.test(path) && value.chain[0]) {
      works.push(tried(workflowWork(value.chain[0], reader, depth + 1), inherited, place));
    } else if (path === ':Agent()' && value.chain[0])
      works.push(agentWork(value.chain[0], value.chain[0], place, reader));
    else if (path === ':createStep()' && made) works.push(madeStep(made, reader, place, inherited));
  }
  return oneOf(works);
}

function madeStep(made: In<CallExpression>, reader: Reader, place: Place, inherited: Quantity | undefined): Work {
  const first = made.node.arguments[0]?.value;
  const agent = first && madeOf({ node: first, module: made.module }, reader)[0];
  if (agent) return tried(agentWork(agent, made, place, reader), inherited, place);
  const code = reader.resolver.option(made, 'execute', 0);
  const own = attempts(reader.resolver.option(made, 'retries', 0), undefined, reader);
  return code ? tried(workOfCallable(code.node, code.module, reader), own ?? inherited, place) : nothing;
}

function tried(body: Work, count: Quantity | undefined, place: Place): Work {
  if (!count || isNothing(body) || asNumber(count) === 1) return body;
  return { do: 'times', count, body, place, what: 'attempts of the step', retry: true };
}

/** `dowhile(step, condition)`: the condition decides on the next round. */
function loopOf(
  call: In<CallExpression>,
  root: In<CallExpression> | undefined,
  path: string,
  reader: Reader,
): Machine | undefined {
  const [step, condition] = call.node.arguments;
  if (!step || !condition) return undefined;
  const place: Place = { path: call.module.path, span: headOf(call.node) };
  const [given, test] = [step, condition].map(one => ({ node: one.value, module: call.module })) as [
    In<Expression>,
    In<Expression>,
  ];
  const until = path.endsWith('dountil');
  const limit = conditionLimit(test, given, until, place, reader);
  return loopMachine({
    id: madeAt('mastra', call),
    framework: 'mastra',
    name: nameOf(step.value),
    place,
    turn: allOf([
      stepWork(given, reader, 0, root && workflowAttempts(root, reader)),
      workOfCallable(condition.value, call.module, reader),
    ]),
    limit,
    onLimit: 'goes on with the workflow',
    fixes: limit ? [] : conditionFixes(test, until, reader),
  });
}

/** Puts a comparison of `iterationCount` before what the condition asks. */
function conditionFixes(test: In<Expression>, until: boolean, reader: Reader): FixPlan[] {
  const values = reader.resolver.values(test.node, test.module);
  const info = values.length === 1 && values[0]?.kind === 'function' ? values[0].info : undefined;
  const pattern = info?.node?.parameters[0]?.target;
  const answer = info?.node?.body.length === 1 ? info.node.body[0] : undefined;
  if (!info || pattern?.kind !== 'objectPattern' || pattern.rest || answer?.kind !== 'return' || !answer.value)
    return [];
  const last = pattern.entries.at(-1);
  if (!last) return [];
  const { path } = info.module;
  const end = Math.max(last.target.span[1], last.defaultValue?.span[1] ?? 0);
  const [from, to] = answer.value.span;
  const [check, joined] = until ? ['>=', '||'] : ['<', '&&'];
  return [
    {
      title: `Stop after ${suggestedTurns} rounds`,
      safe: true,
      rules: ['unbounded-cycle'],
      operations: [
        { do: 'replace', path, at: [end, end], text: ', iterationCount' },
        { do: 'replace', path, at: [from, from], text: `iterationCount ${check} ${suggestedTurns} ${joined} (` },
        { do: 'replace', path, at: [to, to], text: ')' },
      ],
    },
  ];
}

/** True if the step's code counts or compares something, or cannot be read: its answer may be a counter's. */
function mayCount(step: In<Expression>, reader: Reader): boolean {
  const values = reader.resolver.externals(step.node, step.module);
  const codes = values.flatMap(value => {
    const made = /:createStep\(\)$/.test(value.path) ? value.chain.at(-1) : undefined;
    const code = made && reader.resolver.option(made, 'execute');
    return code ? reader.resolver.values(code.node, code.module) : [];
  });
  if (codes.length === 0) return true;
  return codes.some(code => {
    if (code.kind !== 'function' || !code.info.node) return true;
    let counts = false;
    const body: readonly Statement[] = code.info.node.body;
    walk(body, {
      enter(node) {
        if (node.kind === 'binary' && /^(<|<=|>|>=|\+|-)$/.test(node.operator)) counts = true;
        if (node.kind === 'assign' && node.operator !== '=') counts = true;
        return undefined;
      },
    });
    return counts;
  });
}

/** A condition that compares `iterationCount` is a bound; one that compares other amounts, or calls, may be one. */
function conditionLimit(
  given: In<Expression>,
  step: In<Expression>,
  until: boolean,
  place: Place,
  reader: Reader,
): Bound | undefined {
  const values = reader.resolver.values(given.node, given.module);
  const unread = unreadLimit('iterationCount', place);
  const only = values.length === 1 ? values[0] : undefined;
  if (only?.kind !== 'function' || !only.info.node) return unread;
  const { module } = only.info;
  const body: readonly Statement[] = only.info.node.body;
  const counts: Bound[] = [];
  let unclear = false;
  walk(body, {
    enter(node) {
      if (node.kind === 'call')
        unclear ||= !(
          node.callee.kind === 'member' &&
          /^(includes|startsWith|endsWith|test|match|toLowerCase|trim)$/.test(node.callee.property)
        );
      if (node.kind === 'logical' && node.operator === (until ? 'and' : 'or')) unclear = true;
      if (node.kind === 'binary' && /^(<|<=|>|>=)$/.test(node.operator)) {
        const { left, right } = node;
        const counted = left.kind === 'name' ? left.name : left.kind === 'member' ? left.property : '';
        const limit =
          counted === 'iterationCount' ? limitOf({ node: right, module, env: undefined }, reader.resolver) : undefined;
        const isEnd = until ? /^>=?$/.test(node.operator) : /^<=?$/.test(node.operator);
        if (!limit || !isEnd || (limit.kind === 'number' && !Number.isFinite(limit.value))) unclear = true;
        else {
          const over = node.operator === '>' || node.operator === '<=' ? 1 : 0;
          const count: Quantity =
            limit.kind === 'number'
              ? number(Math.max(1, Math.ceil(limit.value) + over))
              : over
                ? plus(symbol(limit.name), one)
                : symbol(limit.name);
          counts.push(codeLimit(nameOf(node), count, place, limit.kind !== 'number'));
        }
      }
      return undefined;
    },
  });
  if (counts[0] && !unclear) return counts[0];
  return unclear || counts[0] || mayCount(step, reader) ? unread : undefined;
}
