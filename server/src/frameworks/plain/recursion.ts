// Functions that call themselves or each other with a model, tool or agent call on the way, and what ends that.
import { cyclicComponents } from '../../graph/components.ts';
import type { Bound, Loop } from '../../graph/model.ts';
import { type Linear, linear, pathOf } from '../../program/access.ts';
import type { AnyNode, CallExpression, Expression, Module } from '../../program/model.ts';
import {
  calleeName,
  type Limit,
  limitOf,
  nameOf,
  number,
  plus,
  type Quantity,
  symbol,
  times,
} from '../../program/quantity.ts';
import { type FunctionInfo, indexOf } from '../../program/scope.ts';
import type { In } from '../../program/values.ts';
import { walk } from '../../program/walk.ts';
import { type Fact, functionWays, type Way } from '../../program/ways.ts';
import type { Controller, Place } from '../../rules/finding.ts';
import { keepsArguments, type Reader, ranParameters } from '../reading.ts';
import type { World } from '../world.ts';
import { type Atom, asksPerson, atomsOf, coverWays, describe, type LoopSite } from './bounds.ts';
import { limitBelow } from './deep-limits.ts';
import { comparesNumbers, exitTests, isPlain } from './exits.ts';
import { boundRecursionFixes } from './fixes.ts';

import { type Given, taint } from './taint.ts';
import { workOf } from './work.ts';

interface Back {
  readonly from: FunctionInfo;
  readonly to: FunctionInfo;
  readonly call: CallExpression;
  readonly ways: readonly Way[];
  readonly complete: boolean;
  /** Every way through the function comes to the call, or ends by an exception. */
  readonly always: boolean;
  /** Callbacks that it stands in, of promises and timers, outer first. */
  readonly through: readonly Callback[];
}

/** A function written where a promise or a timer takes it: what it does, the function around it does later. */
interface Callback {
  readonly how: 'then' | 'catch' | 'timer';
  readonly info: FunctionInfo;
}

interface Edge {
  readonly to: FunctionInfo;
  readonly call: CallExpression;
}

/** Which functions run which, call by call. */
export interface Calls {
  readonly calls: ReadonlyMap<FunctionInfo, readonly Edge[]>;
}

/** What the calls of some functions run. */
export function callsOf(
  functions: readonly FunctionInfo[],
  reader: Reader,
): ReadonlyMap<FunctionInfo, readonly Edge[]> {
  return new Map(
    functions.map(info => [info, info.calls.flatMap(call => runBy(call, info, reader).map(to => ({ to, call })))]),
  );
}

/** Recursions among `functions`, one loop for each call site that closes an unbounded one. */
export function readRecursions(functions: readonly FunctionInfo[], parts: readonly Calls[], world: World): Loop[] {
  const edges = new Map<FunctionInfo, readonly Edge[]>();
  for (const { calls } of parts) for (const [info, list] of calls) edges.set(info, list);
  const components = cyclicComponents(functions, info =>
    edges.get(info)!.flatMap(edge => (edges.has(edge.to) ? [edge.to] : [])),
  );
  return components.flatMap(component => {
    const about = [...component, ...component.map(info => edges.get(info))];
    const [first] = component;
    if (!first) return [];
    return world.keep('recursion', first, first.module, reader => readComponent(component, edges, reader), about);
  });
}

/** What a call runs itself: its targets, and functions written in its arguments unless it only keeps them for later. */
function runBy(call: CallExpression, info: FunctionInfo, reader: Reader): FunctionInfo[] {
  const { module } = info;
  const given = reader.given(call, info);
  const found = reader.runs(call, module).filter(target => !given.has(target));
  const name = calleeName(call.callee);
  if (keepsArguments(call)) return found;
  const run = new Set(found.flatMap(target => ranParameters(target)));
  call.arguments.forEach(({ value }, at) => {
    if (value.kind === 'functionExpression') found.push(indexOf(module).info(value.function));
    else if (
      (value.kind === 'name' || value.kind === 'member' || isBound(value)) &&
      (run.has(at) || /^(setTimeout|setImmediate|setInterval|queueMicrotask|nextTick|then|catch|finally)$/.test(name))
    ) {
      for (const one of reader.resolver.values(value, module))
        if (one.kind === 'function' && !given.has(one.info)) found.push(one.info);
    }
  });
  return found;
}

function isBound(node: Expression): boolean {
  return node.kind === 'call' && calleeName(node.callee) === 'bind';
}

function readComponent(
  component: readonly FunctionInfo[],
  edges: ReadonlyMap<FunctionInfo, readonly Edge[]>,
  reader: Reader,
): Loop[] {
  const members = new Set(component);
  const backs: Back[] = [];
  const collect = (
    outer: FunctionInfo,
    from: FunctionInfo,
    before: readonly Way[],
    through: readonly Callback[],
  ): void => {
    const inside = edges.get(from)!.filter(edge => members.has(edge.to));
    if (inside.length === 0) return;
    const calls = new Set(inside.map(edge => edge.call));
    const { ways, complete } = functionWays(from, {
      resolver: reader.resolver,
      watch: (call, module) => calls.has(call) || mayBound(call, module, reader),
    });
    for (const edge of inside) {
      const here = ways.filter(way => way.calls.some(call => call.node === edge.call)).map(way => upTo(way, edge.call));
      const followed = here.length > 0 || complete ? here : guessedWay(edge.call, from);
      const whole =
        through.length === 0 ? followed : before.flatMap(first => followed.map(then => behind(first, then)));
      const how = takenBy(edge, from);
      const always =
        complete &&
        through.length === 0 &&
        ways.every(way => way.end.kind === 'raise' || way.calls.some(call => call.node === edge.call));
      if (how) collect(outer, edge.to, whole, [...through, { how, info: edge.to }]);
      else backs.push({ from: outer, to: edge.to, call: edge.call, ways: whole, complete, always, through });
    }
  };
  const named = component.filter(
    info => !component.some(from => edges.get(from)!.some(edge => edge.to === info && takenBy(edge, from))),
  );
  for (const from of named) collect(from, from, [], []);
  const judged = sharing(judgeAll(backs, reader), reader);
  // What is left when every bounded call site is cut must not come back to itself.
  const openEdges = judged.filter(one => one.state === 'open');
  const remaining = cyclicComponents(named, info =>
    openEdges.filter(one => one.back.from === info).map(one => one.back.to),
  );
  const alive = new Set(remaining.flat());
  const ring = openEdges.map(edge => edge.back).filter(edge => alive.has(edge.from) && alive.has(edge.to));
  const loops: Loop[] = [];
  // A ring that goes on with the next thing of a list: what is on it was not followed.
  const queued = named.length > 1 && openEdges.some(one => handsOnItem(one.back, reader));
  const name = named.map(info => info.name || '(anonymous)').join(' → ');
  const seen = new Set<CallExpression>();
  for (const one of judged) {
    const { back } = one;
    if (seen.has(back.call)) continue;
    const open = one.state === 'open' && alive.has(back.from) && alive.has(back.to);
    if (one.state === 'structural') continue;
    // Of a ring of functions one call site is enough.
    if (open && named.length > 1 && loops.some(loop => loop.rounds === 'endless')) continue;
    seen.add(back.call);
    const place: Place = { path: back.from.module.path, span: back.call.span };
    const retry =
      back.through.some(one => one.how === 'catch') ||
      (back.ways.length > 0 && back.ways.every(way => way.caught.length > 0));
    const fills = open && fillsPlaces(back);
    const who = open
      ? controllerOf(back, retry, ring, reader)
      : { controller: 'deterministic' as Controller, sure: true, why: '' };
    loops.push({
      id: `${back.from.module.path}@recursion${back.call.span[0]}`,
      shape: retry ? 'retry' : 'recursion',
      framework: 'plain',
      name,
      place,
      witness: [
        ...named.map(info => ({
          path: info.module.path,
          span: info.node?.head ?? ([0, 0] as const),
          message: `${info.name || 'the function'} runs`,
        })),
        { ...place, message: `and is called again here${retry ? ', after a failure' : ''}` },
      ],
      controller: who.controller,
      coverage: open
        ? one.idle
          ? 'ineffective'
          : 'missing'
        : one.humanGated
          ? 'human-gated'
          : one.configured
            ? 'config-dependent'
            : 'verified',
      reason: !open
        ? one.text
        : (one.idle ??
          (fills ? 'it fills one free place of a table each time, and how many there are was not followed' : who.why)),
      rounds: open ? 'endless' : one.rounds,
      bounds: one.bounds,
      // A ring of many functions is seldom one run.
      sure:
        who.sure &&
        !fills &&
        !queued &&
        (back.complete || isCertain(back, reader)) &&
        !(open && limitBelow(callsBeside(back), reader)) &&
        component.filter(info => info.node?.name).length <= 2,
      steps: component.map(info => reader.stepId(info)),
      body: workOf(back.from, reader),
      fixes:
        open && component.length === 1 && back.from.node && backs.length === 1
          ? boundRecursionFixes(back.from.node, back.call, back.from.module)
          : [],
    });
  }
  return loops;
}

/** How a promise or a timer takes the function that the call runs, if it is written there. */
function takenBy({ call, to }: Edge, from: FunctionInfo): Callback['how'] | undefined {
  if (to.outer !== from || !to.node) return undefined;
  const at = call.arguments.findIndex(({ value }) => value.kind === 'functionExpression' && value.function === to.node);
  if (at < 0) return undefined;
  const name = calleeName(call.callee);
  if (name === 'catch') return 'catch';
  if (name === 'then') return at === 0 ? 'then' : 'catch';
  if (name === 'finally') return 'then';
  return /^(setTimeout|setImmediate|queueMicrotask|nextTick)$/.test(name) ? 'timer' : undefined;
}

/** A way through a callback, behind the way to the call that takes it. */
function behind(first: Way, then: Way): Way {
  const shift = first.changes.length;
  return {
    end: then.end,
    facts: [...first.facts, ...then.facts.map(fact => ({ ...fact, seen: fact.seen + shift }))],
    changes: [...first.changes, ...then.changes],
    calls: [...first.calls, ...then.calls],
    caught: [...first.caught, ...then.caught],
  };
}

/**
 * Judges call sites together: those that are bounded whatever the others do are taken only so often, so what they set
 * back no longer matters to the rest, which may begin anew after each of them.
 */
function judgeAll(backs: readonly Back[], reader: Reader): ({ readonly back: Back } & Judgement)[] {
  const judged = new Map<Back, Judgement>();
  let before: Quantity = number(0);
  let live = backs;
  for (;;) {
    const now = live.map(back => ({ back, judgement: judge(back, live, reader) }));
    const bounded = now.filter(one => one.judgement.state === 'bounded');
    const again = plus(before, number(1));
    for (const { back, judgement } of now) {
      const rounds = judgement.state === 'bounded' ? times(judgement.rounds, again) : judgement.rounds;
      judged.set(back, { ...judgement, rounds });
    }
    if (bounded.length === 0 || bounded.length === live.length) break;
    for (const { back } of bounded) before = plus(before, judged.get(back)!.rounds);
    live = live.filter(back => judged.get(back)!.state !== 'bounded');
  }
  return backs.map(back => ({ back, ...judged.get(back)! }));
}

/** As judged, and bounded where the open calls hand a counter to each other. */
function sharing(
  judged: readonly ({ readonly back: Back } & Judgement)[],
  reader: Reader,
): readonly ({ readonly back: Back } & Judgement)[] {
  const open = judged.filter(one => one.state === 'open');
  const bound = sharedCounter(
    open.map(one => one.back),
    reader,
  );
  if (!bound) return judged;
  const { limit: rounds, text } = bound;
  return judged.map(one =>
    one.state === 'open'
      ? { ...one, state: 'bounded', bounds: [bound], rounds, text, configured: true, idle: undefined }
      : one,
  );
}

function mentionsParameter(node: Expression, info: FunctionInfo): boolean {
  let found = false;
  walk(node, {
    enter(child) {
      if (child.kind === 'name') found ||= indexOf(info.module).lookup(child.name, child)?.parameter?.of === info;
      return found ? 'skip' : undefined;
    },
    enterFunction: () => 'skip',
  });
  return found;
}

/** What a function calls beside itself. */
function callsBeside({ from, call }: Back): In<CallExpression>[] {
  return from.calls.filter(node => node !== call).map(node => ({ node, module: from.module }));
}

/** The way to a call in code that is too long to follow: the branches around it are taken. */
function guessedWay(call: CallExpression, { module }: FunctionInfo): Way[] {
  const index = indexOf(module);
  const facts: Fact[] = [];
  let inner: AnyNode = call;
  for (let node = index.parent(call); node; inner = node, node = index.parent(node)) {
    if (node.kind === 'if' && inner !== node.test) {
      const truth = node.then.some(one => one === inner);
      facts.push({ test: node.test, truth, module, env: undefined, seen: 0 });
    }
    // What a failure leads to is not told from outside.
    if (node.kind === 'try' && node.handlers.some(one => one.body.some(part => part === inner))) return [];
  }
  const calls = [{ node: call, module }];
  return [{ end: { kind: 'again', at: undefined }, facts, changes: [], calls, caught: [] }];
}

/** True if nothing in the function leaves it because of a number or what a helper says. */
function isCertain({ from, ways }: Back, reader: Reader): boolean {
  const tests = exitTests(from.node?.body ?? []);
  return (
    ways.length > 0 &&
    ways.every(way => way.facts.length > 0 && way.facts.every(({ test }) => !comparesNumbers([test]))) &&
    tests.every(test => !comparesNumbers([test]) && isPlain(test, from.module, reader))
  );
}

/** The way as far as the recursive call. */
function upTo(way: Way, call: CallExpression): Way {
  const at = way.calls.findIndex(one => one.node === call);
  return { ...way, end: { kind: 'again', at: undefined }, calls: way.calls.slice(0, at + 1) };
}

/** Calls that can end a recursion: guards and people. Model calls are of no interest on the way to the next one. */
function mayBound(call: CallExpression, module: Module, reader: Reader): boolean {
  const effect = reader.effect(call, module)?.effect;
  return effect === 'human' || effect === 'guard' || asksPerson(call, module, reader);
}

interface Judgement {
  readonly state: 'bounded' | 'open' | 'structural';
  readonly bounds: Loop['bounds'];
  readonly rounds: Quantity;
  readonly text: string;
  readonly configured: boolean;
  readonly humanGated: boolean;
  readonly idle: string | undefined;
}

function judge(back: Back, backs: readonly Back[], reader: Reader): Judgement {
  const { from, call } = back;
  const none = {
    bounds: [],
    rounds: 'endless' as Quantity,
    text: '',
    configured: false,
    humanGated: false,
    idle: undefined,
  };
  if (back.ways.length === 0) {
    return back.complete
      ? { ...none, state: 'bounded', rounds: number(1), text: 'never reached' }
      : {
          ...none,
          state: 'bounded',
          rounds: symbol(`calls of ${from.name}`),
          text: 'too long to follow',
          configured: true,
        };
  }
  const span = from.node?.bodySpan ?? [0, Number.MAX_SAFE_INTEGER];
  const site: LoopSite = { module: from.module, span, initial: () => undefined };
  // Counters that live outside of the call: fields, module variables; guards and people.
  // Each call has parameters of its own: what changes one does not last.
  const index = indexOf(from.module);
  const isOwn = (path: string): boolean =>
    /^b\d+$/.test(path) && index.byId(Number(path.slice(1)))?.kind === 'parameter';
  const lasting = back.ways.map(way => ({
    ...way,
    changes: way.changes.map(change => (isOwn(change.path) ? { ...change, how: 'unknown' as const } : change)),
  }));
  const cover = coverWays(lasting, lasting, site, reader);
  if (cover.open.length === 0) {
    return {
      state: 'bounded',
      bounds: cover.bounds,
      rounds: cover.again,
      text: cover.bounds.map(bound => bound.text).join(', '),
      configured: cover.coverage === 'config-dependent',
      humanGated: cover.coverage === 'human-gated',
      idle: undefined,
    };
  }
  const counters = argumentCounters(back, reader);
  let idle: string | undefined;
  for (const counter of counters) {
    const atoms = back.ways.map(way => {
      const all = way.facts
        .flatMap(fact => atomsOf(fact, site))
        .filter(atom => atom.path === counter.path && endsCounter(atom, counter));
      // `n === 3` and `n !== 3` say less than `n <= 3`.
      return all.find(atom => /^[<>]/.test(atom.operator)) ?? all[0];
    });
    if (!atoms.every(atom => atom !== undefined)) continue;
    const others = backs.filter(one => one !== back);
    if (!onlyMoves(counter, back, others, reader)) {
      idle ??= `${counter.name} is compared, but moved the other way too`;
      continue;
    }
    const found = atoms.map(atom => roundsOf(counter, atom, back, others, reader));
    if (found.some(one => one === undefined)) {
      idle ??= `${counter.name} need not meet its limit and goes on past it`;
      continue;
    }
    const known = found.every(one => typeof one === 'number');
    const atom =
      atoms[
        known
          ? found.indexOf(Math.max(...(found as number[])))
          : found.findIndex(one => one !== undefined && typeof one !== 'number')
      ]!;
    const rounds = known
      ? number(Math.max(...(found as number[])))
      : symbol(found.find(one => typeof one === 'string') as string);
    const configured = !known;
    const text = describe(atom.fact.test);
    return {
      state: 'bounded',
      bounds: [
        {
          kind: 'counter',
          limit: rounds,
          text,
          place: { path: atom.fact.module.path, span: atom.fact.test.span },
          source: 'code',
          configured,
        },
      ],
      rounds,
      text,
      configured,
      humanGated: false,
      idle: undefined,
    };
  }
  const flag = onceFlag(back, backs, site, reader);
  if (flag) return { ...none, state: 'bounded', bounds: [flag], rounds: flag.limit, text: flag.text };
  if (isStructural(back, reader)) return { ...none, state: 'structural' };
  const raised = counters[0];
  return {
    ...none,
    state: 'open',
    idle: idle ?? (raised ? `${raised.name} is counted but no way to this call checks it` : undefined),
  };
}

/** `if (!retried) return again(text, true)`: a parameter that must be unset to come here, and is set from here on. */
function onceFlag(back: Back, backs: readonly Back[], site: LoopSite, reader: Reader): Bound | undefined {
  const { from, to } = back;
  if (from !== to || !to.node) return undefined;
  for (let i = 0; i < to.node.parameters.length; i++) {
    const { target } = to.node.parameters[i]!;
    const path = target.kind === 'name' ? pathOf({ node: target, module: to.module, env: undefined }) : undefined;
    if (path === undefined || back.ways.some(way => way.changes.some(change => change.path === path))) continue;
    const unset = back.ways.map(way =>
      way.facts.flatMap(fact => atomsOf(fact, site)).find(atom => atom.path === path && atom.operator === 'falsy'),
    );
    const [first] = unset;
    if (!first || !unset.every(atom => atom !== undefined)) continue;
    // Every other call must leave it set, or as it is.
    if (!backs.every(one => setsFlag(one, i, path, one !== back, reader))) continue;
    return {
      kind: 'counter',
      limit: number(1),
      text: describe(first.fact.test),
      place: { path: first.fact.module.path, span: first.fact.test.span },
      source: 'code',
      configured: false,
    };
  }
  return undefined;
}

function setsFlag(back: Back, at: number, path: string, maySame: boolean, reader: Reader): boolean {
  const given = reader.resolver.argument({ node: back.call, module: back.from.module }, back.to, at);
  if (!given || given === 'missing') return false;
  const { node, module } = given;
  const own = pathOf({ node, module, env: undefined });
  if (maySame && own === path) return true;
  if (node.kind === 'literal') return Boolean(node.value);
  if (node.kind === 'template') return node.texts.some(text => text !== '');
  if (/^(object|list|functionExpression)$/.test(node.kind)) return true;
  return (
    own !== undefined &&
    back.ways.length > 0 &&
    back.ways.every(way =>
      way.facts.some(fact => fact.truth && pathOf({ node: fact.test, module: fact.module, env: undefined }) === own),
    )
  );
}

/** True if the atom, with the counter going its way, ends the recursion at some time. */
function endsCounter(atom: Atom, { offset }: ArgumentCounter): boolean {
  // A number that only goes one way is equal to another once.
  if (atom.operator === '==') return atom.limit?.node.kind === 'literal' && typeof atom.limit.node.value === 'number';
  if (offset > 0) return atom.operator === '<' || atom.operator === '<=' || (atom.operator === '!=' && offset === 1);
  return (
    atom.operator === '>' ||
    atom.operator === '>=' ||
    atom.operator === 'truthy' ||
    (atom.operator === '!=' && offset === -1)
  );
}

interface ArgumentCounter extends Linear {
  readonly name: string;
}

/** True if no other call, and nothing in the body, moves the counter back. */
function onlyMoves(counter: ArgumentCounter, back: Back, others: readonly Back[], reader: Reader): boolean {
  const direction = counter.offset > 0 ? 'up' : 'down';
  for (const change of back.ways.flatMap(way => way.changes))
    if (change.path === counter.path && change.how !== direction) return false;
  return others.every(other => {
    const given = argumentCounters(other, reader, true).find(one => one.path === counter.path);
    return given !== undefined && given.offset * counter.offset >= 0;
  });
}

/** How often the call can be made while the check holds: a number, a name for it, or undefined where it has no end. */
function roundsOf(
  counter: ArgumentCounter,
  atom: Atom,
  back: Back,
  others: readonly Back[],
  reader: Reader,
): number | string | undefined {
  if (atom.operator === '==') return 1;
  const up = counter.offset > 0;
  const limit: Limit = atom.limit ? limitOf(atom.limit, reader.resolver) : { kind: 'number', value: 0 };
  if (up && limit.kind === 'number' && limit.value === Infinity) return undefined;
  const start = startOf(back.to, counter.path, up ? 'least' : 'most', reader);
  const exact = atom.operator === '!=' || atom.operator === 'truthy';
  if (exact && limit.kind === 'number') {
    // Past the limit it would never meet it.
    const other = startOf(back.to, counter.path, up ? 'most' : 'least', reader);
    const moved = back.ways.some(way => way.changes.some(change => change.path === counter.path));
    const shared = others.some(one => argumentCounters(one, reader).some(c => c.path === counter.path));
    if (Math.abs(counter.offset) !== 1 || moved || shared) return undefined;
    if (other !== undefined && (up ? other + atom.offset > limit.value : other + atom.offset < limit.value))
      return undefined;
    if (start === undefined) return nameOf(atom.fact.test);
  }
  if (limit.kind !== 'number') return up ? limit.name : nameOf(atom.fact.test);
  if (up) {
    const span = limit.value - (start ?? 0) - atom.offset;
    return Math.max(0, Math.ceil(span / counter.offset) + (atom.operator === '<=' ? 1 : 0));
  }
  if (start === undefined) return nameOf(atom.fact.test);
  const span = start + atom.offset - limit.value;
  return Math.max(0, Math.ceil(span / -counter.offset) + (atom.operator === '>=' ? 1 : 0));
}

/** Parameters that the recursive call gives on changed by a constant; with `unchanged` those too that it gives on as they are. */
function argumentCounters(back: Back, reader: Reader, unchanged = false): ArgumentCounter[] {
  if (back.from !== back.to) return [];
  return handedOn(back, reader).flatMap(({ slot, name, given }) =>
    given.path === slot && (unchanged || given.offset !== 0) ? [{ ...given, name }] : [],
  );
}

/** What a call gives to the places of the called function's parameters, as far as it is a place of the caller and a constant. */
function handedOn(
  { from, to, call }: Back,
  reader: Reader,
): { readonly slot: string; readonly name: string; readonly given: Linear }[] {
  if (!to.node) return [];
  const index = indexOf(to.module);
  const follow = (): boolean => true;
  const found: { slot: string; name: string; given: Linear }[] = [];
  const check = (slot: string | undefined, name: string, value: Expression): void => {
    const given = slot === undefined ? undefined : linear({ node: value, module: from.module, env: undefined }, follow);
    if (slot !== undefined && given) found.push({ slot, name, given });
  };
  to.node.parameters.forEach((parameter, i) => {
    const given = reader.resolver.argument({ node: call, module: from.module }, to, i);
    if (!given || given === 'missing') return;
    const target = parameter.target;
    if (target.kind === 'name') {
      const base = pathOf({ node: target, module: to.module, env: undefined });
      check(base, target.name, given.node);
      if (given.node.kind === 'object' && base) {
        for (const entry of given.node.entries) {
          if (entry.kind === 'entry') check(`${base}.${entry.key}`, entry.key, entry.value);
        }
      }
    } else if (target.kind === 'objectPattern' && given.node.kind === 'object') {
      for (const entry of target.entries) {
        const value = given.node.entries.find(one => one.kind === 'entry' && one.key === entry.key);
        if (value?.kind !== 'entry' || entry.target.kind !== 'name') continue;
        const binding = index.lookup(entry.target.name, to.node!.body[0] ?? call);
        if (binding) check(`b${binding.id}`, entry.key, value.value);
      }
    }
  });
  return found;
}

/**
 * A counter that functions hand to each other: each gives it on, none the other way, and no way round goes without raising
 * it or without the check. How often that is, depends on where it starts.
 */
function sharedCounter(ring: readonly Back[], reader: Reader): Bound | undefined {
  const [first] = ring;
  if (!first || new Set(ring.map(one => one.from)).size < 2) return undefined;
  const edges = ring.map(back => ({ back, gives: handedOn(back, reader) }));
  const places = new Set(
    edges.filter(({ back }) => back.from === first.from).flatMap(e => e.gives.map(g => g.given.path)),
  );
  for (const place of places) {
    const held = new Map<FunctionInfo, string>([[first.from, place]]);
    const moves = new Map<Back, number>();
    let whole = true;
    for (let grown = true; grown && whole; ) {
      grown = false;
      for (const { back, gives } of edges) {
        const mine = held.get(back.from);
        if (mine === undefined || moves.has(back)) continue;
        const known = held.get(back.to);
        const give = gives.find(one => one.given.path === mine && (known === undefined || one.slot === known));
        if (!give) {
          whole = false;
          break;
        }
        held.set(back.to, give.slot);
        moves.set(back, give.given.offset);
        grown = true;
      }
    }
    const up = [...moves.values()].some(offset => offset > 0);
    if (!whole || moves.size < ring.length || [...moves.values()].some(offset => (up ? offset < 0 : offset > 0)))
      continue;
    const closes = (rest: readonly Back[]): boolean => {
      const functions = [...held.keys()];
      return cyclicComponents(functions, info => rest.flatMap(one => (one.from === info ? [one.to] : []))).length > 0;
    };
    const atoms = new Map<Back, Atom>();
    for (const back of ring) {
      const path = held.get(back.from)!;
      const site: LoopSite = { module: back.from.module, span: back.from.node!.bodySpan, initial: () => undefined };
      const offset = up ? 1 : -1;
      const onEach = back.ways.map(way =>
        way.changes.some(change => change.path === path)
          ? undefined
          : way.facts
              .flatMap(fact => atomsOf(fact, site))
              .find(
                atom =>
                  atom.path === path && /^[<>]/.test(atom.operator) && endsCounter(atom, { path, offset, name: '' }),
              ),
      );
      const [atom] = onEach;
      if (back.complete && atom && onEach.every(one => one !== undefined)) atoms.set(back, atom);
    }
    const [atom] = atoms.values();
    if (!atom || closes(ring.filter(one => !atoms.has(one))) || closes(ring.filter(one => moves.get(one) === 0)))
      continue;
    return {
      kind: 'counter',
      limit: symbol(nameOf(atom.fact.test)),
      text: describe(atom.fact.test),
      place: { path: atom.fact.module.path, span: atom.fact.test.span },
      source: 'code',
      configured: true,
    };
  }
  return undefined;
}

/** What a counter parameter starts with, the least or the most: its default, or what the outside callers give. */
function startOf(info: FunctionInfo, path: string, which: 'least' | 'most', reader: Reader): number | undefined {
  const fn = info.node;
  if (!fn) return undefined;
  for (let i = 0; i < fn.parameters.length; i++) {
    const parameter = fn.parameters[i]!;
    if (
      parameter.target.kind !== 'name' ||
      pathOf({ node: parameter.target, module: info.module, env: undefined }) !== path
    )
      continue;
    const starts: number[] = [];
    const fallback =
      parameter.defaultValue?.kind === 'literal' && typeof parameter.defaultValue.value === 'number'
        ? parameter.defaultValue.value
        : undefined;
    for (const site of reader.resolver.callers(info)) {
      if (site.from === info) continue;
      const given = reader.resolver.argument(site, info, i);
      if (given === undefined) return undefined;
      const limit =
        given === 'missing'
          ? undefined
          : limitOf({ node: given.node, module: given.module, env: undefined }, reader.resolver);
      const value = given === 'missing' ? fallback : limit?.kind === 'number' ? limit.value : undefined;
      if (value === undefined) return undefined;
      starts.push(value);
    }
    if (starts.length === 0) return fallback;
    return which === 'most' ? Math.max(...starts) : Math.min(...starts);
  }
  return undefined;
}

/** Walks down a structure that ends: a child, the rest of a list, a part of the argument. */
function isStructural({ call, from, through }: Back, reader: Reader): boolean {
  const module = from.module;
  const index = indexOf(module);
  const tainted = from.node ? taint(from.node.body, module, reader) : () => undefined;
  const isPart = (node: Expression, depth: number): boolean => {
    if (depth > 4 || (node.kind !== 'name' && tainted(node))) return false;
    switch (node.kind) {
      case 'member':
        return isParameter(node.object) || isPart(node.object, depth + 1);
      case 'index':
        return isParameter(node.object) || isPart(node.object, depth + 1);
      case 'call':
        return (
          node.callee.kind === 'member' &&
          /^(slice|substring|substr|subarray|shift|pop|tail|dirname)$/.test(node.callee.property)
        );
      case 'name': {
        const binding = index.lookup(node.name, node);
        if (binding?.kind === 'parameter')
          return (
            !tainted(node) &&
            binding.parameter!.of !== from &&
            from.inner.includes(binding.parameter!.of) &&
            // What a promise gives is no part of anything.
            !through.some(one => one.info === binding.parameter!.of)
          );
        const write = binding?.writes.length === 1 ? binding.writes[0] : undefined;
        if (!write?.value) return false;
        // A part that the call is given may come back changed, but it is one of the parts.
        if (write.how === 'each') return !tainted(write.value);
        if (tainted(node)) return false;
        if (write.keys.length > 0) return isParameter(write.value) || isPart(write.value, depth + 1);
        return isPart(write.value, depth + 1);
      }
      default:
        return false;
    }
  };
  const isParameter = (node: Expression): boolean =>
    node.kind === 'name' && index.lookup(node.name, node)?.kind === 'parameter';
  return call.arguments.some(argument => isPart(argument.value, 0)) || walksFolders(call, module);
}

/** `for (const entry of await readdir(folder)) … walk(entry)`: a call for each folder, and folders end. */
function walksFolders(call: CallExpression, module: Module): boolean {
  const index = indexOf(module);
  for (let node = index.parent(call); node; node = index.parent(node)) {
    if (node.kind !== 'loop' || node.form !== 'each' || !node.iterable) continue;
    const writes = node.iterable.kind === 'name' ? index.lookup(node.iterable.name, node.iterable)?.writes : undefined;
    const value = writes?.length === 1 ? writes[0]!.value : node.iterable;
    const list = value?.kind === 'await' ? value.value : value;
    if (list?.kind === 'call' && /^(scandir|listdir|iterdir|readdir(Sync)?)$/.test(calleeName(list.callee)))
      return true;
  }
  return false;
}

/**
 * True if each call finds a place of a table free and fills it: `if (board[x][y] !== null) throw …; board[x][y] = player`.
 * It ends when the table is full; how large that is was not followed.
 */
function fillsPlaces({ from, ways }: Back): boolean {
  const filled = new Set<string>();
  walk(from.node?.body ?? [], {
    enter(node) {
      if (node.kind === 'assign' && node.target.kind === 'index') filled.add(tail(node.target));
      return undefined;
    },
    enterFunction: () => 'skip',
  });
  return (
    filled.size > 0 &&
    ways.every(way =>
      way.facts.some(({ test, truth }) => {
        const compared = test.kind === 'binary' && /^[!=]=$/.test(test.operator) ? test : undefined;
        const place = compared ? compared.left : test;
        const free = compared ? isEmpty(compared.right) && (compared.operator === '==') === truth : !truth;
        return free && place.kind === 'index' && filled.has(tail(place));
      }),
    )
  );
}

function isEmpty(node: Expression): boolean {
  return (node.kind === 'literal' && !node.value) || (node.kind === 'name' && node.name === 'undefined');
}

/** True if the call is given something that a list which no model made led to: `for (const slot of free) start(tasks.get(slot))`. */
function handsOnItem({ from, call }: Back, reader: Reader): boolean {
  const { module } = from;
  const answers = (node: Expression, depth: number): boolean => {
    let found = false;
    walk(node, {
      enter(child) {
        if (child.kind === 'call') found ||= reader.costs(child, module);
        else if (child.kind === 'name' && depth < 3) {
          const binding = indexOf(module).lookup(child.name, child);
          if (binding?.kind === 'variable')
            found ||= binding.writes.some(write => write.value !== undefined && answers(write.value, depth + 1));
        }
        return found ? 'skip' : undefined;
      },
      enterFunction: () => 'skip',
    });
    return found;
  };
  const leads = (node: Expression, depth: number): boolean => {
    let found = false;
    walk(node, {
      enter(child) {
        if (child.kind !== 'name' || depth > 2) return found ? 'skip' : undefined;
        const binding = indexOf(module).lookup(child.name, child);
        for (const write of binding?.kind === 'variable' ? binding.writes : []) {
          if (!write.value) continue;
          found ||= write.how === 'each' ? !answers(write.value, 0) : leads(write.value, depth + 1);
        }
        return found ? 'skip' : undefined;
      },
      enterFunction: () => 'skip',
    });
    return found;
  };
  return call.arguments.some(({ value }) => leads(value, 0));
}

/** The last name of a place and its indices: `board[row][col]`, also where another object holds the same table. */
function tail(node: Expression): string {
  if (node.kind === 'index') return `${tail(node.object)}[${tail(node.index)}]`;
  return node.kind === 'member' ? node.property : nameOf(node);
}

function controllerOf(
  back: Back,
  retry: boolean,
  ring: readonly Back[],
  reader: Reader,
): { controller: Controller; sure: boolean; why: string } {
  if (retry) return { controller: 'exception', sure: true, why: 'every failure calls it again' };
  const all = [back, ...ring.filter(other => other !== back)];
  // What a function was given says less than what it sees itself.
  const next = new Set(all.map(one => one.call));
  for (const from of [[], ring]) {
    for (const one of all) {
      const decided = deciderOf(one, from, next, reader);
      if (decided) return decided;
    }
  }
  // A model is asked on every round, and no way leaves.
  if (ring.every(one => one.always) && ring.some(one => asksModel(one.from, reader)))
    return { controller: 'deterministic', sure: true, why: 'every way through it comes to this call' };
  const inTimer = all.some(({ from }) =>
    from.calls.some(call => /^(setTimeout|setInterval|setImmediate|requestAnimationFrame)$/.test(nameOf(call.callee))),
  );
  if (inTimer) return { controller: 'external', sure: false, why: 'a timer runs it again' };
  return { controller: 'deterministic', sure: false, why: 'no bound was found on the way to this call' };
}

/** The condition on the way to a call that a model or a tool decides, in this function or in the one that called it. */
function deciderOf(
  back: Back,
  ring: readonly Back[],
  next: ReadonlySet<CallExpression>,
  reader: Reader,
): { controller: Controller; sure: boolean; why: string } | undefined {
  const body = back.from.node?.body;
  const given = givenTo(back.from, ring, reader);
  const tainted = body ? taint(body, back.from.module, reader, given, next) : () => undefined;
  const answers = back.through.flatMap(({ how, info }) => (how === 'then' ? [info] : []));
  const deciding = (fact: Fact): 'model' | 'tool' | undefined =>
    answers.some(info => mentionsParameter(fact.test, info))
      ? 'model'
      : fact.module === back.from.module
        ? tainted(fact.test)
        : undefined;
  const all = back.ways.flatMap(way => way.facts).filter(deciding);
  // What has to hold on every way to the call says more than what is only asked on the way; the last of it, most.
  const needed = all.filter(fact =>
    back.ways.every(way => way.facts.some(one => one.test === fact.test && one.truth === fact.truth)),
  );
  const fact = needed.at(-1) ?? all[0];
  if (!fact) return undefined;
  const by = deciding(fact)!;
  return {
    controller: all.some(one => deciding(one) === 'model') ? 'model' : by,
    sure: true,
    why: `${describe(fact.test)} decides, and that comes from ${by === 'model' ? 'the model' : 'a tool'}`,
  };
}

/** Parameters of a function that calls of the ring give an answer of a model or a tool. */
function givenTo(info: FunctionInfo, ring: readonly Back[], reader: Reader): Given {
  return ring.flatMap(({ from, to, call, through }) => {
    if (to !== info || !from.node || through.length > 0) return [];
    if (!reader.resolver.targets(call, from.module).includes(info)) return [];
    const tainted = taint(from.node.body, from.module, reader);
    const skipped = info.owner && info.module.language === 'python' && !info.isStatic ? 1 : 0;
    return call.arguments.flatMap(({ value, name, spread }, at) => {
      const by = spread === 'none' && name === undefined ? tainted(value) : undefined;
      const parameter = info.node?.parameters[at + skipped];
      return by && parameter ? [{ target: parameter.target, by }] : [];
    });
  });
}

function asksModel(info: FunctionInfo, reader: Reader): boolean {
  return info.calls.some(call => {
    const effect = reader.effect(call, info.module);
    return effect?.effect === 'model' && effect.sure;
  });
}
