// The ways through a step's code, for frameworks whose steps share a state: what each raises, sets back and compares of it.
// It must not know any framework: adapters say which places outlive a step.
import type { Bound, Counter } from '../graph/model.ts';
import { pathOf } from '../program/access.ts';
import type { CallExpression, Expression, Module } from '../program/model.ts';
import { limitOf, number, symbol } from '../program/quantity.ts';
import { type FunctionInfo, indexOf } from '../program/scope.ts';
import type { Value } from '../program/values.ts';
import { functionWays, type Way } from '../program/ways.ts';
import { atomsOf, describe, guardOf } from './plain/bounds.ts';
import type { Reader } from './reading.ts';

/** The key of a place that outlives a step: `attempts` of the state; undefined for what does not. */
export type KeyOf = (path: string, info: FunctionInfo) => string | undefined;

/** One way through a step that does not end by an exception. */
export interface StepWay {
  readonly way: Way;
  /** Counters that it compares: `attempts<` is one that goes up, `budget>` one that goes down. */
  readonly counters: readonly Counter[];
  readonly raised: Set<string>;
  readonly resets: Set<string>;
}

export interface StepWays {
  readonly ways: readonly StepWay[];
  /** Every way asks a person. */
  readonly human: boolean;
  /** A runtime guard that every way meets. */
  readonly guard: Bound | undefined;
  /** False if there were too many ways to list. */
  readonly complete: boolean;
}

export interface StepOptions {
  /** Calls to list on the ways, with those that cost. */
  readonly watch?: (call: CallExpression, module: Module) => boolean;
  /** Counters that the framework raises when a step has ended: what the step compares is one behind. */
  readonly late?: (key: string) => boolean;
}

export function stepWays(
  info: FunctionInfo,
  keyOf: KeyOf,
  reader: Reader,
  { watch = () => false, late = () => false }: StepOptions = {},
): StepWays {
  const found = functionWays(info, {
    resolver: reader.resolver,
    watch: (call, module) =>
      watch(call, module) || reader.effect(call, module) !== undefined || reader.costs(call, module),
    shared: path => keyOf(path, info) !== undefined,
  });
  const through = found.ways.filter(way => way.end.kind !== 'raise');
  return {
    ways: through.map(way => ({
      way,
      counters: comparedCounters(way, info, keyOf, reader, late),
      ...changesOf(way, info, keyOf),
    })),
    human:
      through.length > 0 &&
      through.every(way => way.calls.some(call => reader.effect(call.node, call.module)?.effect === 'human')),
    guard: guardOf(through, reader),
    complete: found.complete,
  };
}

/** The code behind a step: a function that does nothing but hand its parameters on is the one that it calls. */
export function stepCode(node: Expression, module: Module, reader: Reader): readonly Value[] {
  return reader.resolver.values(node, module).map(value => {
    for (let depth = 0; value.kind === 'function' && depth < 3; depth++) {
      const target = handedOn(value.info, reader);
      if (!target) break;
      value = { kind: 'function', info: target };
    }
    return value;
  });
}

/** `state => this.judge(state)`: the method. */
function handedOn(info: FunctionInfo, reader: Reader): FunctionInfo | undefined {
  const only = info.node?.body.length === 1 ? info.node.body[0] : undefined;
  let value = only?.kind === 'return' ? only.value : undefined;
  if (value?.kind === 'await') value = value.value;
  if (value?.kind !== 'call') return undefined;
  const parameters = info.node!.parameters;
  const same = value.arguments.every((argument, at) => {
    const target = parameters[at]?.target;
    return (
      argument.spread === 'none' &&
      argument.value.kind === 'name' &&
      target?.kind === 'name' &&
      argument.value.name === target.name
    );
  });
  const targets = same ? reader.resolver.targets(value, info.module) : [];
  return targets.length === 1 ? targets[0] : undefined;
}

/** Counters that all of some ways raise. */
export function raisedOnAll(ways: readonly { readonly raised: ReadonlySet<string> }[]): string[] {
  const [first, ...rest] = ways;
  return first ? [...first.raised].filter(key => rest.every(way => way.raised.has(key))) : [];
}

function changesOf(way: Way, info: FunctionInfo, keyOf: KeyOf): { raised: Set<string>; resets: Set<string> } {
  const raised = new Set<string>();
  const resets = new Set<string>();
  for (const change of way.changes) {
    const key = keyOf(change.path, info);
    if (key === undefined) continue;
    if (change.how === 'up') raised.add(`${key}<`);
    else if (change.how === 'down') raised.add(`${key}>`);
    else if (change.how !== 'grow') resets.add(key);
  }
  return { raised, resets };
}

/** Counters that a way compares with a limit and is taken only below it. `late`: raised by the framework after the step. */
export function comparedCounters(
  way: Way,
  info: FunctionInfo,
  keyOf: KeyOf,
  reader: Reader,
  late: (key: string) => boolean,
): Counter[] {
  const site = { module: info.module, span: info.node?.span ?? ([0, 0] as const), initial: () => undefined };
  const found: Counter[] = [];
  for (const fact of way.facts) {
    for (const atom of atomsOf(fact, site)) {
      const key = keyOf(atom.path, info);
      const up = atom.operator === '<' || atom.operator === '<=';
      const down =
        atom.operator === '>' || atom.operator === '>=' || (atom.operator === 'truthy' && atom.limit === undefined);
      if (key === undefined || (!up && !down)) continue;
      const limit = atom.limit ? limitOf(atom.limit, reader.resolver) : ({ kind: 'number', value: 0 } as const);
      if (limit.kind === 'number' && !Number.isFinite(limit.value)) continue;
      if (limit.kind === 'config' && limit.canBeEndless) continue;
      // A step that raises the counter after this check has seen it one lower.
      const behind = late(key) || way.changes.slice(fact.seen).some(change => keyOf(change.path, info) === key);
      const turns =
        limit.kind === 'number'
          ? Math.ceil(limit.value - atom.offset) + (atom.operator === '<=' ? 1 : 0) + (behind ? 1 : 0)
          : 0;
      found.push({
        key: `${key}${up ? '<' : '>'}`,
        bound: {
          kind: 'counter',
          limit:
            up && limit.kind === 'number'
              ? number(Math.max(0, turns))
              : symbol(up && limit.kind !== 'number' ? limit.name : key),
          text: describe(fact.test),
          place: { path: fact.module.path, span: fact.test.span },
          source: 'code',
          configured: limit.kind !== 'number' || down,
        },
      });
    }
  }
  return found;
}

/** The key of a place below a parameter: `state.attempts` is `attempts`; a destructured parameter's names count too. */
export function parameterKey(path: string, info: FunctionInfo, index: number): string | undefined {
  const target = info.node?.parameters[index]?.target;
  if (target?.kind === 'name') {
    const own = pathOf({ node: target, module: info.module, env: undefined });
    return own !== undefined && path.startsWith(`${own}.`) ? path.slice(own.length + 1) : undefined;
  }
  if (target?.kind !== 'objectPattern') return undefined;
  for (const entry of target.entries) {
    const own = pathOf({ node: entry.target, module: info.module, env: undefined });
    if (own === undefined) continue;
    if (path === own) return entry.key;
    if (path.startsWith(`${own}.`)) return `${entry.key}${path.slice(own.length)}`;
  }
  return undefined;
}

/** A field of the object, or a variable of the module that is written: both outlive every call. */
export function lastingKey(path: string, info: FunctionInfo): string | undefined {
  if (path.startsWith('this.')) return path;
  for (const statement of info.module.body) {
    if (statement.kind !== 'declare' || statement.target.kind !== 'name' || statement.constant) continue;
    if (path === `b${indexOf(info.module).topBinding(statement.target.name)?.id}`) return path;
  }
  return undefined;
}
