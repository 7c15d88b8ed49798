// Loops of plain code around a model, tool or agent call: who decides another turn, and what bounds it.
import type { Bound, FixPlan, Growth, Loop, Swallow } from '../../graph/model.ts';
import { assignChanges, type Change, methodChanges, pathOf } from '../../program/access.ts';
import type {
  CallExpression,
  ConditionalExpression,
  Expression,
  LoopStatement,
  Module,
  Statement,
  TryStatement,
} from '../../program/model.ts';
import { asNumber, nameOf, number, plus, type Quantity, symbol } from '../../program/quantity.ts';
import { type FunctionInfo, indexOf } from '../../program/scope.ts';
import type { In } from '../../program/values.ts';
import { walk } from '../../program/walk.ts';
import { type Fact, loopWays, type Way } from '../../program/ways.ts';
import type { Controller, Coverage, Hop, Place } from '../../rules/finding.ts';
import type { Reader } from '../reading.ts';
import { asksPerson, type Cover, coverWays, describe, isLeftInStore, type LoopSite } from './bounds.ts';
import { limitBelow } from './deep-limits.ts';
import { comparesNumbers, exitTests, isPlain } from './exits.ts';
import { boundLoopFixes } from './fixes.ts';
import { growthsOf } from './growth.ts';
import { pushBacks } from './push-back.ts';
import { startValue } from './start.ts';
import { swallowsOf } from './swallows.ts';
import { taint } from './taint.ts';
import { lengthOf, loopId, workOfStatements } from './work.ts';

export interface LoopReading {
  readonly loops: Loop[];
  readonly growths: Growth[];
  readonly swallows: Swallow[];
}

/** Every agentic loop of a function. */
export function readLoops(info: FunctionInfo, reader: Reader): LoopReading {
  const loops: Loop[] = [];
  const growths: Growth[] = [];
  const swallows: Swallow[] = [];
  for (const statement of info.loops) {
    const loop = readLoop(statement, info, reader);
    if (!loop) continue;
    loops.push(loop.loop, ...(loop.putBack ?? []));
    growths.push(...growthsOf(loop.loop, statement, info, loop.ways, reader));
    swallows.push(...swallowsOf(loop.loop, statement, loop.ways, info.module, reader));
  }
  return { loops, growths, swallows };
}

/** True if any call that runs in one turn of the loop costs. */
function isAgentic(loop: LoopStatement, module: Module, reader: Reader): boolean {
  let found = false;
  const look = (node: Statement | Expression): void => {
    walk(node, {
      enter(child) {
        if (found) return 'skip';
        if (child.kind === 'call' && reader.costs(child, module)) found = true;
        return undefined;
      },
      enterFunction: () => 'skip',
    });
  };
  if (loop.test) look(loop.test);
  for (const update of loop.update) look(update);
  for (const statement of loop.body) if (!found) look(statement);
  return found;
}

function readLoop(
  loop: LoopStatement,
  info: FunctionInfo,
  reader: Reader,
): { loop: Loop; ways: readonly Way[]; putBack?: readonly Loop[] } | undefined {
  const module = info.module;
  if (!isAgentic(loop, module, reader)) return undefined;
  const { ways, complete } = loopWays(loop, module, {
    resolver: reader.resolver,
    watch: (call, at) => watches(call, at, reader),
  });
  const again = ways.filter(way => way.end.kind === 'again');
  const costlyAgain = again.filter(way => isCostly(way, reader));
  const site: LoopSite = {
    module,
    span: loop.span,
    initial: (path, direction) => startValue(path, loop, info, direction),
  };
  const base = {
    id: loopId(loop, module),
    framework: 'plain',
    name: info.name || '(anonymous)',
    place: { path: module.path, span: loop.head },
    steps: [reader.stepId(info)],
    body: workOfStatements(loop.body, module, reader),
  };
  const costs = costlyCalls(costlyAgain.length > 0 ? costlyAgain : ways, reader);
  const begins: Place['span'] = loop.form === 'doWhile' ? [loop.span[0], loop.span[0] + 2] : loop.head;
  const witness: Hop[] = [
    { path: module.path, span: begins, message: `the loop in ${base.name}` },
    ...costs
      .slice(0, 3)
      .map(call => ({ path: module.path, span: call.span, message: `each turn calls ${nameOf(call.callee)}` })),
  ];

  const finite = finiteEach(loop, info, again, reader);
  if (finite) {
    return {
      ways,
      loop: {
        ...base,
        shape: 'loop',
        witness,
        controller: 'deterministic',
        coverage: finite.coverage,
        reason: finite.bound.text,
        rounds: finite.bound.limit,
        bounds: [finite.bound],
        sure: true,
        fixes: [],
      },
    };
  }
  const putBack = complete ? [] : pushBacks(loop, info, { ...base, witness }, reader);
  if (!complete && loop.form !== 'doWhile') {
    // Too long to follow each way: what its head alone says still holds on all of them.
    const head = headWay(loop, module);
    const cover = coverWays([head], [head], site, reader);
    const bounded = cover.open.length === 0;
    const endless = cover.endlessAt !== undefined;
    const blind = !bounded && !endless ? unfollowed(loop, info, ways, head, reader) : undefined;
    if (bounded || costlyAgain.length === 0) {
      const sure = blind !== undefined && callsIn(loop, info).some(one => reader.effect(one.node, module)?.sure);
      return {
        ways: [],
        putBack,
        loop: {
          ...base,
          ...(cover.endlessAt ? endlessPlaceOf(cover.endlessAt, info, loop, witness, reader) : { witness }),
          shape: 'loop',
          controller: blind?.controller ?? 'deterministic',
          coverage: !bounded ? 'missing' : endless ? 'disabled' : cover.coverage,
          reason: endless
            ? cover.endlessAt!.why
            : bounded
              ? cover.bounds.map(bound => bound.text).join(', ')
              : (blind?.why ?? 'it is too long to follow every way round'),
          rounds: endless || sure ? 'endless' : bounded ? cover.again : symbol(`turns of the loop in ${base.name}`),
          bounds: cover.bounds,
          sure: cover.endlessAt?.sure ?? sure,
          fixes: sure ? boundLoopFixes(loop, false, module) : [],
        },
      };
    }
  }
  if (costlyAgain.length === 0) {
    // Every way with a call in it leaves: the body runs its calls once.
    const bound: Bound = {
      kind: 'finiteIteration',
      limit: number(1),
      text: 'leaves after the first call',
      place: base.place,
      source: 'code',
      configured: false,
    };
    return {
      ways,
      loop: {
        ...base,
        shape: 'loop',
        witness,
        controller: 'deterministic',
        coverage: 'verified',
        reason: bound.text,
        rounds: number(1),
        bounds: [bound],
        sure: true,
        fixes: [],
      },
    };
  }

  const cover = coverWays(again, costlyAgain, site, reader);
  const tests = complete ? [] : [...(loop.test ? [loop.test] : []), ...exitTests(loop.body)];
  const who = controllerOf(loop, ways, cover.open.length > 0 ? cover.open : costlyAgain, tests, module, reader);
  // Where not every way could be followed, it is still certain if no question on any of them is about a number.
  const whole =
    complete ||
    (tests.length > 0 &&
      !comparesNumbers([...loop.body, ...loop.update]) &&
      tests.every(test => isPlain(test, module, reader)));
  const back = cover.open.filter(putsBack);
  const retry =
    back.length > 0
      ? back.every(way => way.caught.length > 0)
      : (cover.open.length > 0 ? cover.open : costlyAgain).every(way => way.caught.length > 0);
  if (retry) {
    const handler = (back[0] ?? cover.open[0] ?? costlyAgain[0]!).caught.at(-1)!;
    witness.push({
      path: module.path,
      span: handlerHead(handler),
      message: 'a failure comes here, and the loop goes round again',
    });
  }
  for (const change of back[0]?.changes ?? []) {
    if (change.how !== 'up' || !change.path.endsWith('.length') || change.module !== module) continue;
    witness.push({ path: module.path, span: change.node.span, message: 'what failed is put back here' });
  }
  if (cover.open.length === 0) {
    const rounds = plus(cover.again, lastTurn(ways, cover, reader));
    return {
      ways,
      putBack,
      loop: {
        ...base,
        shape: retry ? 'retry' : 'loop',
        ...(cover.endlessAt ? endlessPlaceOf(cover.endlessAt, info, loop, witness, reader) : { witness }),
        controller: who.controller,
        coverage: cover.endlessAt ? 'disabled' : cover.coverage,
        reason: cover.endlessAt?.why ?? cover.bounds.map(bound => bound.text).join(', '),
        rounds: cover.endlessAt ? 'endless' : rounds,
        bounds: cover.bounds,
        sure: complete && (cover.endlessAt?.sure ?? true),
        fixes: cover.endlessAt && !cover.endlessAt.leads ? boundLoopFixes(loop, false, module) : [],
      },
    };
  }
  const coverage: Coverage = cover.idle
    ? cover.idle.why === 'neverCompared'
      ? 'ineffective'
      : cover.idle.why === 'bypassed'
        ? 'bypassed'
        : 'ineffective'
    : 'missing';
  // An error that the loop catches does not end it.
  const swallows = cover.open.some(way =>
    way.caught.some(
      ({ body, handlers }) =>
        handlers.some(({ types }) => catchesErrors(types)) && costs.some(call => body.some(one => contains(one, call))),
    ),
  );
  const inStore = cover.open.every(way => isLeftInStore(way, site, reader));
  const below = swallows ? undefined : limitBelow(callsIn(loop, info), reader);
  const sure =
    whole &&
    who.sure &&
    !below &&
    !isWorkList(loop.test, info, reader) &&
    !inStore &&
    costs.some(call => reader.effect(call, module)?.sure !== false);
  const few = retry || who.controller === 'model' || who.controller === 'tool';
  const fixes: FixPlan[] = boundLoopFixes(loop, few && (retry ? complete : sure), module);
  return {
    ways,
    // Where the loop itself is a warning, that says enough.
    putBack: sure ? [] : putBack,
    loop: {
      ...base,
      shape: retry ? 'retry' : 'loop',
      witness: [
        ...witness,
        ...(cover.idle ? [{ ...cover.idle.place, message: idleText(cover.idle) }] : []),
        ...(below ? [{ ...below.place, message: `${below.text} may end it, which was not followed` }] : []),
      ],
      controller: retry ? 'exception' : who.controller,
      coverage,
      reason: cover.idle
        ? idleText(cover.idle)
        : retry
          ? back.length > 0
            ? 'what fails is put back on the list'
            : (endOfRetry(ways, reader) ?? who.why)
          : inStore
            ? 'it goes on while a query finds something left, and what takes that off was not followed'
            : who.why,
      rounds: 'endless',
      bounds: cover.bounds,
      sure: retry ? complete : sure,
      ...(complete && who.service ? { service: true } : {}),
      fixes,
    },
  };
}

/** Who decides over a loop that is too long to follow, if it is certain that nothing in it counts or asks a person. */
function unfollowed(
  loop: LoopStatement,
  info: FunctionInfo,
  ways: readonly Way[],
  head: Way,
  reader: Reader,
): Who | undefined {
  const { module } = info;
  const tests = [...(loop.test ? [loop.test] : []), ...exitTests(loop.body)];
  const calls = callsIn(loop, info);
  if (comparesNumbers([...loop.body, ...loop.update]) || !tests.every(test => isPlain(test, module, reader)))
    return undefined;
  const gated = calls.some(
    ({ node }) =>
      /^(human|guard|wait)$/.test(reader.effect(node, module)?.effect ?? '') ||
      asksPerson(node, module, reader) ||
      reader.waits(node, module),
  );
  if (gated || limitBelow(calls, reader)) return undefined;
  const who = controllerOf(loop, ways, [head], tests, module, reader);
  return who.sure && who.controller !== 'deterministic' ? who : undefined;
}

/** What is wrong with a limit that can be switched off stands where it is. */
function endlessPlaceOf(
  endlessAt: NonNullable<Cover['endlessAt']>,
  info: FunctionInfo,
  loop: LoopStatement,
  witness: readonly Hop[],
  reader: Reader,
): Pick<Loop, 'place' | 'witness'> {
  const hops = endlessAt.places.map(place => ({ ...place, message: endlessAt.note }));
  if (!endlessAt.leads) return { place: { path: info.module.path, span: loop.head }, witness: [...witness, ...hops] };
  return {
    place: endlessAt.places[0]!,
    witness: [
      ...hops,
      ...sameSwitch(endlessAt.places[0]!, reader),
      {
        path: info.module.path,
        span: info.node?.head ?? loop.head,
        message: `and limits the loop in ${info.name || '(anonymous)'}`,
      },
    ],
  };
}

/** Where else the module reads the same setting to the same end: whoever mends one place has to mend them all. */
function sameSwitch(place: Place, reader: Reader): Hop[] {
  const module = reader.module(place.path);
  const switches: ConditionalExpression[] = [];
  walk(module?.body ?? [], {
    enter(node) {
      if (node.kind === 'conditional' && [node.then, node.otherwise].some(isInfinity)) switches.push(node);
      return undefined;
    },
  });
  const here = switches.find(one => one.span[0] === place.span[0]);
  return switches
    .filter(one => here && one !== here && describe(one.test) === describe(here.test))
    .map(one => ({ path: place.path, span: one.span, message: 'the same setting is read to the same end here' }));
}

function isInfinity(node: Expression): boolean {
  return node.kind === 'name'
    ? node.name === 'Infinity'
    : node.kind === 'member' && node.property === 'POSITIVE_INFINITY';
}

/** One way that stands for all: the loop's test holds, and what is changed on every turn, or on some, is changed. */
function headWay(loop: LoopStatement, module: Module): Way {
  const facts: Fact[] = [];
  const conjuncts = (test: Expression): void => {
    if (test.kind === 'logical' && test.operator === 'and') {
      conjuncts(test.left);
      conjuncts(test.right);
    } else if (test.kind === 'unary' && test.operator === 'not') {
      facts.push({ test: test.operand, truth: false, module, env: undefined, seen: 0 });
    } else facts.push({ test, truth: true, module, env: undefined, seen: 0 });
  };
  if (loop.test) conjuncts(loop.test);
  const always: Change[] = [];
  const sometimes: Change[] = [];
  const changesIn = (nodes: readonly (Statement | Expression)[], into: Change[]): void => {
    walk(nodes, {
      enter(node) {
        if (node.kind === 'assign') into.push(...assignChanges(node, module, undefined));
        else if (node.kind === 'call') into.push(...methodChanges(node, module, undefined));
        return undefined;
      },
      enterFunction: () => 'skip',
    });
  };
  changesIn(loop.update, always);
  let straight = true;
  for (const statement of loop.body) {
    // After a statement that may go round again, the rest is not on every way.
    if (straight && statement.kind === 'expression') changesIn([statement], always);
    else {
      changesIn([statement], sometimes);
      straight &&= !mentionsContinue(statement);
    }
  }
  const steady = always.filter(change => change.how === 'up' || change.how === 'down');
  const changes = [
    ...steady,
    ...always.filter(change => !steady.includes(change)),
    ...sometimes.filter(
      change => steady.some(one => one.path === change.path) || change.how === 'set' || change.how === 'unknown',
    ),
  ];
  return { end: { kind: 'again', at: undefined }, facts, changes, calls: [], caught: [] };
}

function mentionsContinue(statement: Statement): boolean {
  let found = false;
  walk(statement, {
    enter(node) {
      if (node.kind === 'continue') found = true;
      return undefined;
    },
    enterFunction: () => 'skip',
  });
  return found;
}

/** `while (queue.length > 0)`, `while (!pending.isEmpty())`: work through a list, whose end could not be proven. */
function isWorkList(test: Expression | undefined, info: FunctionInfo, reader: Reader): boolean {
  if (!test) return false;
  const again = (one: Expression): boolean => isWorkList(one, info, reader);
  switch (test.kind) {
    case 'logical':
    case 'binary':
      return again(test.left) || again(test.right);
    case 'unary':
      return again(test.operand);
    case 'member':
      return /(^|[a-z_])(length|size|Length|Size)$/.test(test.property) && !isAnswer(test.object, info, reader);
    case 'call':
      return /(^|\.)(isEmpty|is_empty|empty|hasNext|has_next|hasMore|has_more|len)$/.test(nameOf(test.callee));
    default:
      return false;
  }
}

/** True for a name that holds what a model or tool call gave back: its length says nothing about work left. */
function isAnswer(node: Expression, info: FunctionInfo, reader: Reader, depth = 0): boolean {
  let root = node;
  while (root.kind === 'member' || root.kind === 'index') root = root.object;
  if (depth > 4) return false;
  if (root.kind === 'call') {
    if (reader.costs(root, info.module)) return true;
    return root.callee.kind === 'member' && isAnswer(root.callee.object, info, reader, depth + 1);
  }
  if (root.kind !== 'name') return false;
  const writes = indexOf(info.module).lookup(root.name, root)?.writes ?? [];
  return writes.some(write => {
    const value = write.value?.kind === 'await' ? write.value.value : write.value;
    return value !== undefined && write.how !== 'compound' && isAnswer(value, info, reader, depth + 1);
  });
}

/** What ends a loop that failures take round again, if it leaves when its call succeeds. */
function endOfRetry(ways: readonly Way[], reader: Reader): string | undefined {
  const out = ways.filter(way => way.end.kind !== 'again');
  if (!out.some(way => isCostly(way, reader) && way.caught.length === 0)) return undefined;
  const other = out.some(way => way.caught.length > 0);
  return `it ends only when the call succeeds${other ? ' or fails in another way' : ''}`;
}

/** True if the way takes an item off a list and puts one on. */
function putsBack(way: Way): boolean {
  return way.changes.some(
    change =>
      change.how === 'up' &&
      change.path.endsWith('.length') &&
      way.changes.some(one => one.path === change.path && one.how === 'down'),
  );
}

function idleText(idle: NonNullable<Cover['idle']>): string {
  switch (idle.why) {
    case 'neverCompared':
      return `${idle.text} is counted but never compared`;
    case 'reset':
      return `${idle.text} is set back inside the loop`;
    case 'limitMoves':
      return `the limit of ${idle.text} changes inside the loop`;
    case 'steppedOver':
      return `${idle.text} need not meet its limit and goes on past it`;
    case 'bypassed':
      return `a way round the loop goes past the check ${idle.text}`;
  }
}

/** Calls to note on a way: what costs, and what may bound it. */
export function watches(call: CallExpression, module: Module, reader: Reader): boolean {
  const effect = reader.effect(call, module);
  if (effect && effect.effect !== 'wrapper') return true;
  return reader.costs(call, module) || asksPerson(call, module, reader) || reader.waits(call, module);
}

export function isCostly(way: Way, reader: Reader): boolean {
  return way.calls.some(call => reader.costs(call.node, call.module));
}

function costlyCalls(ways: readonly Way[], reader: Reader): CallExpression[] {
  const found: CallExpression[] = [];
  for (const way of ways) {
    for (const call of way.calls)
      if (reader.costs(call.node, call.module) && !found.includes(call.node)) found.push(call.node);
  }
  return found.sort((a, b) => a.span[0] - b.span[0]);
}

function callsIn(loop: LoopStatement, { calls, module }: FunctionInfo): In<CallExpression>[] {
  return calls.filter(node => contains(loop, node)).map(node => ({ node, module }));
}

/** Of the errors that a limit throws; not of one kind only, such as `KeyboardInterrupt`. */
function catchesErrors(types: readonly Expression[]): boolean {
  return types.length === 0 || types.some(type => /^(Base)?(Exception|Error)$/.test(nameOf(type)));
}

function contains(outer: Statement, inner: Expression): boolean {
  return outer.span[0] <= inner.span[0] && outer.span[1] >= inner.span[1];
}

function handlerHead(node: TryStatement): Place['span'] {
  return node.handlers[0]?.head ?? node.span;
}

/** A last turn that costs, but is not counted by the bound: it leaves before the check, or by it. */
function lastTurn(ways: readonly Way[], cover: Cover, reader: Reader): Quantity {
  const first = cover.bounds[0];
  if (!first) return number(1);
  if (first.kind !== 'counter' && first.kind !== 'finiteIteration') return number(0);
  const out = ways.filter(way => way.end.kind !== 'again' && isCostly(way, reader));
  return number(out.some(way => !cover.counts(way)) ? 1 : 0);
}

/** A loop over something with an end. */
function finiteEach(
  loop: LoopStatement,
  info: FunctionInfo,
  again: readonly Way[],
  reader: Reader,
): { bound: Bound; coverage: Coverage } | undefined {
  if (loop.form !== 'each' || !loop.iterable) return undefined;
  const module = info.module;
  const list = pathOf({ node: loop.iterable, module, env: undefined });
  // A list that gets longer while it is walked is a work list.
  if (
    list &&
    again.some(way =>
      way.changes.some(change => change.path === `${list}.length` && (change.how === 'up' || change.how === 'grow')),
    )
  ) {
    return undefined;
  }
  if (isEndlessIterable(loop.iterable, module, reader)) return undefined;
  const place: Place = { path: module.path, span: loop.head };
  if (loop.isAsync) {
    return {
      coverage: 'verified',
      bound: {
        kind: 'finiteIteration',
        limit: symbol(`items of ${nameOf(loop.iterable)}`),
        text: `the stream ${nameOf(loop.iterable)} ends`,
        place,
        source: 'code',
        configured: false,
      },
    };
  }
  const limit = loop.keys ? symbol(`keys of ${nameOf(loop.iterable)}`) : lengthOf(loop.iterable, module, reader);
  return {
    coverage: asNumber(limit) === undefined ? 'config-dependent' : 'verified',
    bound: {
      kind: 'finiteIteration',
      limit,
      text: `one turn for each of ${nameOf(loop.iterable)}`,
      place,
      source: 'code',
      configured: asNumber(limit) === undefined,
    },
  };
}

function isEndlessIterable(node: Expression, module: Module, reader: Reader): boolean {
  if (node.kind !== 'call') return false;
  const name = nameOf(node.callee);
  if (/^(itertools\.)?(count|cycle)$/.test(name) && module.language === 'python') return true;
  // A workspace generator that never ends: `function* () { while (true) yield … }`.
  const target = reader.resolver.targets(node, module)[0];
  if (!target?.node?.isGenerator) return false;
  return target.loops.some(
    loop =>
      (loop.test === undefined || (loop.test.kind === 'literal' && loop.test.value === true)) &&
      loop.form !== 'each' &&
      !hasExit(loop),
  );
}

function hasExit(loop: LoopStatement): boolean {
  let found = false;
  walk(loop.body, {
    enter(node) {
      if (node.kind === 'break' || node.kind === 'return') found = true;
      return undefined;
    },
    enterFunction: () => 'skip',
  });
  return found;
}

// ---- Who decides ----------------------------------------------------------------------------------------------------

interface Who {
  readonly controller: Controller;
  /** True if it is certain that nothing deterministic ends the loop. */
  readonly sure: boolean;
  readonly why: string;
  /** It waits on every turn and has no exit. */
  readonly service?: boolean;
}

function controllerOf(
  loop: LoopStatement,
  ways: readonly Way[],
  open: readonly Way[],
  tests: readonly Expression[],
  module: Module,
  reader: Reader,
): Who {
  const tainted = taint(loop, module, reader);
  const exits = ways.filter(way => way.end.kind === 'leave' || way.end.kind === 'return');
  const raised = ways.filter(way => way.end.kind === 'raise' && way.end.at.kind === 'raise');
  const deciding: readonly Fact[] = [
    ...[...exits, ...raised].flatMap(way => way.facts),
    ...tests.map(test => ({ test, truth: true, module, env: undefined, seen: 0 })),
  ];
  let model = false;
  let tool = false;
  let external: Fact | undefined;
  let first: Fact | undefined;
  for (const fact of deciding) {
    const by = fact.module === module ? tainted(fact.test) : undefined;
    if (by === 'model') model = true;
    else if (by === 'tool') tool = true;
    else if (isOutside(fact)) external ??= fact;
    if (by) first ??= fact;
  }
  // What the code waits for on every open way is decided elsewhere: queues, sockets, timers.
  const waits = open.length > 0 && open.every(way => way.calls.some(call => reader.waits(call.node, call.module)));
  if (model || tool) {
    return {
      controller: model ? 'model' : 'tool',
      sure: true,
      why: first
        ? `only ${describe(first.test)} ends it, and that comes from ${model ? 'the model' : 'a tool'}`
        : 'the model ends it',
    };
  }
  if (exits.length === 0 && raised.length === 0) {
    const asking = open.filter(way => way.caught.length === 0);
    // A service looks for work and sleeps; what calls a model on every turn pays for every turn, however long it sleeps.
    const always = asking.length > 0 && asking.every(way => asksItself(way, reader));
    if (waits && !always)
      return { controller: 'external', sure: false, why: 'it has no exit, and waits on every turn', service: true };
    return {
      controller: 'deterministic',
      sure: always || !open.some(way => hasOutsideInput(way, reader)),
      why: 'it has no exit',
    };
  }
  if (exits.some(way => isCostly(way, reader) && way.caught.length === 0) && open.every(way => way.caught.length > 0)) {
    return { controller: 'exception', sure: true, why: 'it ends only when the call succeeds' };
  }
  if (external)
    return {
      controller: 'external',
      sure: false,
      why: `only ${describe(external.test)} ends it, which is decided elsewhere`,
    };
  return { controller: 'deterministic', sure: false, why: 'no bound was found that every way round meets' };
}

/** Calls a model or an agent itself, and waits for nothing but time. */
function asksItself(way: Way, reader: Reader): boolean {
  return (
    way.calls.some(call => /^(model|agent)$/.test(reader.effect(call.node, call.module)?.effect ?? '')) &&
    !way.calls.some(call => {
      const effect = reader.effect(call.node, call.module)?.effect;
      return effect === 'human' || (reader.waits(call.node, call.module) && !reader.pauses(call.node, call.module));
    })
  );
}

/** Reads its work from outside: a queue, a socket, a message. */
function hasOutsideInput(way: Way, reader: Reader): boolean {
  return way.calls.some(call => {
    const effect = reader.effect(call.node, call.module)?.effect;
    return effect === 'wait' || effect === 'human';
  });
}

function isOutside(fact: Fact): boolean {
  const test = fact.test;
  const name = nameOf(test.kind === 'binary' ? test.left : test);
  return /abort|cancel|stop|running|closed|shutdown|signal|exit|quit|connected|alive|active|enabled|killed|done$/i.test(
    name,
  );
}
