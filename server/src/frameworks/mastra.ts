// Mastra (@mastra/core): the loops of a workflow (`dowhile`, `dountil`) and the steps of an agent's run.
// Workflow loops have no limit of their own; read in the package (1.71.0), not run.
import type { Bound, Machine, Work } from '../graph/model.ts';
import type { CallExpression, Expression, Statement } from '../program/model.ts';
import { nameOf, number, one } from '../program/quantity.ts';
import type { In } from '../program/values.ts';
import { walk } from '../program/walk.ts';
import type { Place } from '../rules/finding.ts';
import { madeAt, optionsAt, packageCalls, placeOfCall } from './calls.ts';
import type { Contribution, External, Framework } from './framework.ts';
import { headOf, limitOption } from './literals.ts';
import { codeLimit, defaultLimit, loopMachine, unreadLimit } from './loop-of.ts';
import { allOf, oneOf, workOfCallable } from './plain/work.ts';
import type { Reader } from './reading.ts';
import { toolsOf } from './tools.ts';

const packages = ['@mastra/core', '@mastra/core/*'];
const loopPath = /^:createWorkflow\(\)(\.\w+\(\))*\.(dowhile|dountil)$/;
const agentRun = /^:Agent\(\)\.(generate|stream)$/;
const defaultSteps = 5;

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
      sentinels: {},
      onLimit: '',
      proof: 'read in the package; not run',
    },
    {
      option: 'maxSteps of an agent',
      package: '@mastra/core',
      language: 'typescript',
      value: defaultSteps,
      unit: 'steps',
      sentinels: { 0: 'the default' },
      onLimit: 'ends without an error',
      proof: 'read in the package; not run',
    },
  ],
  calls: [
    {
      packages,
      path: agentRun,
      effect: 'agent',
      work: (call, value, reader): Work => ({
        do: 'times',
        count: stepLimit(call, reader).limit,
        body: agentTurn(call, value, reader),
        place: placeOfCall(call),
        what: 'maxSteps',
      }),
    },
  ],
  read(reader): Contribution {
    const machines: Machine[] = [];
    for (const { call, path } of packageCalls(reader, isOurs)) {
      if (!loopPath.test(path)) continue;
      const [step, condition] = call.node.arguments;
      if (!step || !condition) continue;
      const place: Place = { path: call.module.path, span: headOf(call.node) };
      machines.push(
        loopMachine({
          id: madeAt('mastra', call),
          framework: 'mastra',
          name: nameOf(step.value),
          place,
          turn: stepWork({ node: step.value, module: call.module }, reader),
          limit: conditionLimit(
            { node: condition.value, module: call.module },
            { node: step.value, module: call.module },
            path.endsWith('dountil'),
            place,
            reader,
          ),
          onLimit: 'goes on with the workflow',
          fixes: [],
        }),
      );
    }
    return { machines };
  },
};

function isOurs(head: string): boolean {
  return head === '@mastra/core' || head.startsWith('@mastra/core/');
}

/** Steps of an agent's run: `maxSteps`, or 5; `stopWhen` alone is not read. */
function stepLimit(call: In<CallExpression>, reader: Reader): Bound {
  const options = optionsAt(call, 1, reader);
  const given = options.get('maxSteps');
  const limit = given && limitOption('maxSteps', given, reader.resolver, () => false);
  if (limit?.bound) return limit.bound;
  if (given || options.open || options.get('stopWhen')) return unreadLimit('stopWhen', placeOfCall(call));
  return defaultLimit(`maxSteps ${defaultSteps}`, defaultSteps);
}

function agentTurn(call: In<CallExpression>, value: External, reader: Reader): Work {
  const made = value.chain[0];
  const model: Work = { do: 'model', count: one, place: placeOfCall(call), what: nameOf(call.node.callee) };
  return made ? allOf([model, toolsOf(reader.resolver.option(made, 'tools'), ['execute'], reader).work]) : model;
}

/** What `createStep({ execute })` runs. */
function stepWork(step: In<Expression>, reader: Reader): Work {
  const works: Work[] = [];
  for (const value of reader.resolver.externals(step.node, step.module)) {
    const made = /:createStep\(\)$/.test(value.path) ? value.chain.at(-1) : undefined;
    const code = made && reader.resolver.option(made, 'execute');
    if (code) works.push(workOfCallable(code.node, code.module, reader));
  }
  return oneOf(works);
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
        const isCount =
          node.left.kind === 'name' ? node.left.name : node.left.kind === 'member' ? node.left.property : '';
        const { right } = node;
        if (isCount === 'iterationCount' && right.kind === 'literal' && typeof right.value === 'number') {
          const over = node.operator === '>' || node.operator === '<=' ? 1 : 0;
          counts.push(codeLimit(nameOf(node), number(right.value + over), place));
        } else unclear = true;
      }
      return undefined;
    },
  });
  if (counts[0] && !unclear) return counts[0];
  return unclear || counts[0] || mayCount(step, reader) ? unread : undefined;
}
