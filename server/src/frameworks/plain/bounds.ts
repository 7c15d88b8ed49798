// What bounds the ways round a loop: counters, shrinking work lists, deadlines, budgets, flags, guards, people.
// A bound covers a way only if the way itself changes it and checks it, and no way sets it back.
import type { Bound } from '../../graph/model.ts';
import { type Change, type Env, type Located, linear, pathOf } from '../../program/access.ts';
import type { CallExpression, Expression, Module, Span } from '../../program/model.ts';
import {
  asNumber,
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
import { type Binding, type FunctionInfo, indexOf } from '../../program/scope.ts';
import { type In, isSelf, ownerOf, returnedExpressions } from '../../program/values.ts';
import { walk } from '../../program/walk.ts';
import { type Fact, functionWays, givesObject, type Way } from '../../program/ways.ts';
import type { Coverage, Place } from '../../rules/finding.ts';
import { inbound, type Reader } from '../reading.ts';
import { numeric, type Start } from './start.ts';

export interface Cover {
  readonly coverage: Coverage;
  readonly bounds: readonly Bound[];
  /** How often the ways are taken in all, before the last turn. */
  readonly again: Quantity;
  /** Ways that nothing bounds. */
  readonly open: readonly Way[];
  /** True for a way out of the loop that the bound counts as one of its turns. */
  counts(way: Way): boolean;
  /** A limit that can be switched off: where, and how. */
  readonly endlessAt: SwitchedOff | undefined;
  /** A counter that is compared but changed on no way, or changed and not compared on the open ways. */
  readonly idle:
    | {
        readonly place: Place;
        readonly text: string;
        readonly why: 'neverCompared' | 'bypassed' | 'reset' | 'limitMoves' | 'steppedOver';
      }
    | undefined;
}

/** What switches a limit off. */
export interface SwitchedOff {
  readonly places: readonly Place[];
  /** `turns can be Infinity`, `maxTurns is 0 unless it is set, which means no limit`. */
  readonly why: string;
  /** Said at `places`, in a few words. */
  readonly note: string;
  /** False if it may well be on. */
  readonly sure: boolean;
  /** True if the finding belongs to the first of the places, not to the loop. */
  readonly leads: boolean;
}

interface Candidate {
  readonly bound: Bound;
  readonly ways: ReadonlySet<Way>;
  readonly coverage: Coverage;
  readonly endlessAt: Cover['endlessAt'];
  /** See {@link Cover.counts}. */
  readonly counts?: (way: Way) => boolean;
}

/** Where the loop is: names declared inside `span` may be followed to what they were set to in the same turn. */
export interface LoopSite {
  readonly module: Module;
  readonly span: Span;
  /** Start values of places, before the loop: the least of a counter that goes up, the greatest of one that goes down. */
  initial(path: string, direction: 'up' | 'down'): Start;
}

/** Bounds of a set of ways; only those in `needed` have to be covered. */
export function coverWays(all: readonly Way[], needed: readonly Way[], site: LoopSite, reader: Reader): Cover {
  let live: readonly Way[] = all;
  let open = needed;
  let again: Quantity = number(0);
  let coverage: Coverage = 'verified';
  let endlessAt: Cover['endlessAt'];
  const bounds: Bound[] = [];
  let counts: Candidate['counts'];
  // Ways that happen only so often are taken out; what they set back no longer matters then.
  while (open.length > 0) {
    const removed = all.filter(way => !live.includes(way));
    const candidates = findCandidates(live, removed, site, reader);
    const useful = candidates.filter(candidate => open.some(way => candidate.ways.has(way)));
    if (useful.length === 0) break;
    const best = useful.reduce((a, b) => (better(b, a, open) ? b : a));
    bounds.push(best.bound);
    counts = bounds.length === 1 ? best.counts : undefined;
    if (best.coverage === 'human-gated' || (best.coverage === 'config-dependent' && coverage === 'verified'))
      coverage = best.coverage;
    endlessAt ??= best.endlessAt;
    again = bounds.length === 1 ? best.bound.limit : times(plus(again, number(1)), plus(best.bound.limit, number(1)));
    live = live.filter(way => !best.ways.has(way));
    open = open.filter(way => !best.ways.has(way));
  }
  const more = { bounds, open, endlessAt, counts: counts ?? (() => false) };
  if (open.length > 0) return { ...more, coverage: 'missing', again: 'endless', idle: idleCounter(all, open, site) };
  return { ...more, coverage, again, idle: undefined };
}

function better(a: Candidate, b: Candidate, open: readonly Way[]): boolean {
  const count = (candidate: Candidate): number => open.filter(way => candidate.ways.has(way)).length;
  const x = count(a);
  const y = count(b);
  if (x !== y) return x > y;
  const rank = (c: Candidate): number => (c.coverage === 'verified' ? 0 : c.coverage === 'config-dependent' ? 1 : 2);
  const endless = (c: Candidate): number => (c.endlessAt ? 1 : 0);
  if (endless(a) !== endless(b)) return endless(a) < endless(b);
  const na = asNumber(a.bound.limit);
  const nb = asNumber(b.bound.limit);
  if (na !== undefined && nb !== undefined && na !== nb) return na < nb;
  if ((na === undefined) !== (nb === undefined)) return na !== undefined;
  return rank(a) < rank(b);
}

// ---- Atoms --------------------------------------------------------------------------------------------------------

type Comparison = '<' | '<=' | '>' | '>=' | '==' | '!=';
const negated: Readonly<Record<Comparison, Comparison>> = {
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
  '==': '!=',
  '!=': '==',
};
const mirrored: Readonly<Record<Comparison, Comparison>> = {
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
  '==': '==',
  '!=': '!=',
};

/** `path + offset OP limit` holds on a way. */
export interface Atom {
  readonly path: string;
  readonly offset: number;
  readonly operator: Comparison | 'truthy' | 'falsy';
  readonly limit: Located | undefined;
  readonly fact: Fact;
  /** Or else one of these holds: `max === 0 || n < max`. */
  readonly unless?: readonly Fact[];
}

/** The comparisons that a fact says about places. */
export function atomsOf(fact: Fact, site: LoopSite): Atom[] {
  const follow = (binding: Binding): boolean => declaredInside(binding, site);
  const at = (node: Expression): Located => ({ node, module: fact.module, env: fact.env });
  const test = fact.test;
  const found: Atom[] = [];
  if (test.kind === 'binary' && test.operator in negated) {
    const operator = fact.truth ? (test.operator as Comparison) : negated[test.operator as Comparison];
    const left = linear(at(test.left), follow);
    const right = linear(at(test.right), follow);
    if (left) found.push({ path: left.path, offset: left.offset, operator, limit: at(test.right), fact });
    if (right)
      found.push({ path: right.path, offset: right.offset, operator: mirrored[operator], limit: at(test.left), fact });
    // `done === true`, `mode === 'x'`
    const constant =
      test.right.kind === 'literal' && typeof test.right.value === 'boolean' ? test.right.value : undefined;
    if (left && constant !== undefined && (operator === '==' || operator === '!=')) {
      found.push({
        path: left.path,
        offset: 0,
        operator: (operator === '==') === constant ? 'truthy' : 'falsy',
        limit: undefined,
        fact,
      });
    }
    return found;
  }
  const place = linear(at(test), follow);
  if (place)
    found.push({
      path: place.path,
      offset: place.offset,
      operator: fact.truth ? 'truthy' : 'falsy',
      limit: undefined,
      fact,
    });
  return found;
}

/** As `atomsOf`, and what holds unless something else does: `max === 0 || n < max`. */
function looseAtomsOf(fact: Fact, site: LoopSite): Atom[] {
  const parts = alternatives(fact);
  if (parts.length === 1) return atomsOf(fact, site);
  // Only what is set against a limit counts: of the rest nothing is known where it need not hold.
  return parts.flatMap(part => {
    const unless = parts.filter(one => one !== part);
    return atomsOf(part, site)
      .filter(atom => atom.limit !== undefined)
      .map(atom => ({ ...atom, unless }));
  });
}

/** The parts of a condition one of which holds: `a || b`, and of `!(a && b)` the negations. */
function alternatives(fact: Fact): Fact[] {
  const { test, truth } = fact;
  if (test.kind === 'logical' && test.operator !== 'coalesce' && (test.operator === 'or') === truth)
    return [...alternatives({ ...fact, test: test.left }), ...alternatives({ ...fact, test: test.right })];
  if (test.kind === 'unary' && test.operator === 'not')
    return alternatives({ ...fact, test: test.operand, truth: !truth });
  return [fact];
}

function declaredInside(binding: Binding, site: LoopSite): boolean {
  const write = binding.writes[0];
  if (!write) return false;
  if (write.within.module !== site.module) return true;
  return write.node.span[0] >= site.span[0] && write.node.span[1] <= site.span[1];
}

// ---- Candidates ---------------------------------------------------------------------------------------------------

function findCandidates(ways: readonly Way[], removed: readonly Way[], site: LoopSite, reader: Reader): Candidate[] {
  const atoms = new Map<Way, Atom[]>();
  for (const way of ways)
    atoms.set(
      way,
      way.facts.flatMap(fact => looseAtomsOf(fact, site)),
    );
  const changes = new Map<string, Change[]>();
  for (const way of ways) {
    for (const change of way.changes) {
      const list = changes.get(change.path);
      if (list) list.push(change);
      else changes.set(change.path, [change]);
    }
  }
  const found: Candidate[] = [];
  for (const [path, all] of changes)
    found.push(
      ...counters(path, all, ways, removed, atoms, changes, site, reader),
      ...flags(path, all, ways, atoms, reader),
    );
  found.push(...drains(ways, changes, reader), ...deadlines(ways, site, reader), ...gates(ways, site, reader));
  return found;
}

/** A way on which a counter is checked: the check, and how far the way has moved the counter when it comes to it. */
interface Checked {
  readonly way: Way;
  readonly atom: Atom;
  readonly moved: number;
  /** How the check can be switched off. */
  readonly off?: SwitchedOff | undefined;
}

function counters(
  path: string,
  all: readonly Change[],
  ways: readonly Way[],
  removed: readonly Way[],
  atoms: ReadonlyMap<Way, Atom[]>,
  changes: ReadonlyMap<string, readonly Change[]>,
  site: LoopSite,
  reader: Reader,
): Candidate[] {
  const found: Candidate[] = [];
  for (const direction of ['up', 'down'] as const) {
    const measure = direction === 'up' ? 'grow' : 'shrink';
    if (!all.every(change => change.how === direction || change.how === measure)) continue;
    const measured = all.every(change => change.how === measure);
    const start = startAfter(path, direction, removed, site);
    const missed = new Set<Expression>();
    const check = (way: Way, list: readonly Atom[]): Checked | undefined => {
      for (const atom of list) {
        const samePlace =
          atom.path === path ||
          (path === `${atom.path}.length` && (atom.operator === 'truthy' || atom.operator === 'falsy'));
        if (!samePlace || !limits(atom, direction) || missed.has(atom.fact.test)) continue;
        if (atom.limit && !isInvariant(atom.limit, changes, site, reader)) continue;
        const off = atom.unless && switchedOff(atom, changes, site, reader);
        if (off === 'bypass') continue;
        return { way, atom, moved: movedBy(way, path, atom.fact.seen), off };
      }
      return undefined;
    };
    const groups = new Map<string, Checked[]>();
    for (let again = true; again; ) {
      again = false;
      groups.clear();
      for (const way of ways) {
        if (!way.changes.some(one => one.path === path) && !(measured && isUnmeasured(way))) continue;
        const one = check(way, atoms.get(way)!);
        if (!one) continue;
        const key = `${one.atom.fact.module.path} ${one.atom.fact.test.span[0]}`;
        const group = groups.get(key);
        if (group) group.push(one);
        else groups.set(key, [one]);
      }
      // `!=` holds for ever once the counter is past the limit: it must come to it by steps of one.
      for (const group of groups.values()) {
        const exact = group.find(({ atom }) => needsExact(atom, path));
        if (!exact || meets(exact, path, direction, [...ways, ...removed], site, reader)) continue;
        missed.add(exact.atom.fact.test);
        again = true;
      }
    }
    // Different checks of one counter share it: `if (n > 3) break` here and `n < 5` there.
    if (groups.size === 0) continue;
    const merged = [...groups.values()].flat();
    const by = Math.min(...merged.map(({ way }) => movedBy(way, path) || 1));
    const limits_ = [...groups.values()].flatMap(group =>
      group
        .filter(({ way }) => way.changes.some(one => one.path === path))
        .map(one => countLimit(path, one, group, by, start, direction, reader)),
    );
    if (limits_.length === 0) continue;
    let worst = limits_[0]!;
    for (const one of limits_.slice(1)) if (rankLimit(one) > rankLimit(worst)) worst = one;
    if (worst.never) continue;
    const most = asNumber(worst.bound.limit);
    found.push({
      bound: worst.bound,
      ways: new Set(merged.map(({ way }) => way)),
      coverage: worst.configured ? 'config-dependent' : 'verified',
      endlessAt: worst.endlessAt ?? merged.find(one => one.off)?.off,
      counts: way => {
        const one = check(
          way,
          way.facts.flatMap(fact => looseAtomsOf(fact, site)),
        );
        if (!one || one.atom.operator === '==') return false;
        if (most === undefined) return merged.some(({ atom }) => atom.fact.test === one.atom.fact.test);
        const limit = asNumber(countLimit(path, one, [one], by, start, direction, reader).bound.limit);
        return limit !== undefined && limit <= most;
      },
    });
  }
  return found;
}

/** A way on which the answer told no usage: a budget that adds it up stands still then, but providers tell it. */
function isUnmeasured(way: Way): boolean {
  return way.facts.some(fact => {
    if (fact.truth) return false;
    let found = false;
    walk(fact.test, {
      enter(node) {
        const word = node.kind === 'member' ? node.property : node.kind === 'name' ? node.name : undefined;
        const text = node.kind === 'literal' ? node.value : word;
        if (typeof text === 'string' && /^usage(_?metadata)?$/i.test(text)) found = true;
        return found ? 'skip' : undefined;
      },
    });
    return found;
  });
}

/** How far a way moves a counter, in all or with its first changes. */
function movedBy(way: Way, path: string, first = way.changes.length): number {
  let sum = 0;
  for (const change of way.changes.slice(0, first)) if (change.path === path) sum += change.by;
  return sum;
}

/** Where the counter begins, at worst, where ways that are taken only so often may set it anew. */
function startAfter(path: string, direction: 'up' | 'down', removed: readonly Way[], site: LoopSite): Start {
  let start = site.initial(path, direction);
  for (const change of removed.flatMap(way => way.changes)) {
    if (change.path !== path || change.how === direction) continue;
    if (change.how === (direction === 'up' ? 'grow' : 'shrink')) continue;
    const value = change.how === 'set' && change.value ? numeric(change.value) : undefined;
    if (value === undefined || start === 'unknown' || (start === undefined && direction === 'down')) return 'unknown';
    start = direction === 'up' ? Math.min(start ?? 0, value) : Math.max(start ?? value, value);
  }
  return start;
}

/** True if the counter may step over the limit and then go on for ever: `n !== 3`. No list is shorter than empty. */
function needsExact(atom: Atom, path: string): boolean {
  return (atom.operator === '!=' || atom.operator === 'truthy') && !path.endsWith('.length');
}

/** True if every way that changes the counter changes it once, by one, and compares it at the same point. */
function meets(
  { atom, moved }: Checked,
  path: string,
  direction: 'up' | 'down',
  ways: readonly Way[],
  site: LoopSite,
  reader: Reader,
): boolean {
  // The other end of where it may begin: past the limit, it would never meet it.
  const start = startAfter(path, direction === 'up' ? 'down' : 'up', [], site);
  for (const way of ways) {
    const mine = way.changes.filter(change => change.path === path);
    if (mine.length === 0) continue;
    if (mine.length > 1 || mine[0]!.by !== 1 || mine[0]!.how !== direction) return false;
    const same = way.facts
      .filter(fact => fact.test === atom.fact.test && movedBy(way, path, fact.seen) === moved)
      .flatMap(fact => atomsOf(fact, site));
    if (!same.some(one => one.path === atom.path && one.operator === atom.operator)) return false;
    // In a loop inside it may be changed more often than once.
    const inside = indexOf(site.module)
      .functions.flatMap(f => f.loops)
      .filter(loop => loop.span[0] > site.span[0] && loop.span[1] < site.span[1]);
    const { span } = mine[0]!.node;
    const within = span[0] >= site.span[0] && span[1] <= site.span[1];
    if (inside.some(loop => !within || (span[0] >= loop.span[0] && span[1] <= loop.span[1]))) return false;
  }
  const limit: Limit = atom.limit ? limitOf(atom.limit, reader.resolver) : { kind: 'number', value: 0 };
  // Past the limit it is never met. Of a start that nothing in sight tells that is not assumed.
  if (limit.kind !== 'number') return true;
  const own = startAfter(path, direction, [], site);
  // What it is set to is known: then code around the loop may have moved it past the limit before.
  if (start === 'unknown' && typeof own === 'number') return false;
  const ends = [start, own].filter(one => typeof one === 'number');
  return ends.every(one => {
    const first = one + atom.offset + (direction === 'up' ? moved : -moved);
    return direction === 'up' ? first <= limit.value : first >= limit.value;
  });
}

/** True if the atom, with the counter going in this direction, ends the loop at some time. */
function limits(atom: Atom, direction: 'up' | 'down'): boolean {
  if (direction === 'up') {
    if (atom.operator === '<' || atom.operator === '<=') return true;
    // `n === 0` holds once for a number that only goes up.
    if (atom.operator === '==') return atom.limit?.node.kind === 'literal' && typeof atom.limit.node.value === 'number';
    return atom.operator === '!=';
  }
  // `while (retries--)`, `while (queue.length)`: 0 ends it.
  return atom.operator === '>' || atom.operator === '>=' || atom.operator === '!=' || atom.operator === 'truthy';
}

interface CountLimit {
  readonly bound: Bound;
  readonly configured: boolean;
  /** The limit is Infinity: no bound at all. */
  readonly never: boolean;
  readonly endlessAt: Cover['endlessAt'];
}

function rankLimit(one: CountLimit): number {
  if (one.never) return 1e18;
  const value = asNumber(one.bound.limit);
  return value === undefined ? 1e15 : value;
}

/** How often a way can be taken on which the atom holds and the counter moves by at least `by`. */
function countLimit(
  path: string,
  { way, atom, moved }: Checked,
  group: readonly Checked[],
  by: number,
  initial: Start,
  direction: 'up' | 'down',
  reader: Reader,
): CountLimit {
  const place: Place = { path: atom.fact.module.path, span: atom.fact.test.span };
  const text = describe(atom.fact.test);
  const change = way.changes.find(one => one.path === path);
  const isLength = path.endsWith('.length');
  const kind: Bound['kind'] =
    change?.how === 'grow' || change?.how === 'shrink'
      ? 'budget'
      : isLength && direction === 'down'
        ? 'finiteIteration'
        : 'counter';
  const bound = (limit: Quantity, configured: boolean): Bound => ({
    kind,
    limit,
    text,
    place,
    source: 'code',
    configured,
  });
  if (kind === 'budget') {
    return {
      bound: bound(symbol(`turns within ${text}`), false),
      configured: false,
      never: false,
      endlessAt: undefined,
    };
  }
  const known = (count: number): CountLimit => ({
    bound: bound(number(Math.max(0, count)), false),
    configured: false,
    never: false,
    endlessAt: undefined,
  });
  if (direction === 'down') {
    const floor: Limit = atom.limit ? limitOf(atom.limit, reader.resolver) : { kind: 'number', value: 0 };
    if (typeof initial === 'number' && floor.kind === 'number') {
      const span = initial - floor.value - moved + atom.offset;
      if (initial === Infinity)
        return { bound: bound('endless', false), configured: false, never: true, endlessAt: undefined };
      return known(atom.operator === '>=' ? Math.floor(span / by) + 1 : Math.ceil(span / by));
    }
    const name = nameOf(placeNode(atom));
    return {
      bound: bound(symbol(isLength ? `${name}` : name), true),
      configured: true,
      never: false,
      endlessAt: undefined,
    };
  }
  const limit = limitOf(atom.limit!, reader.resolver);
  // Once for every point of a way at which it can be met.
  if (atom.operator === '==') return known(new Set(group.map(one => one.moved + one.atom.offset)).size);
  if (limit.kind === 'number') {
    if (limit.value === Infinity || Number.isNaN(limit.value))
      return { bound: bound('endless', false), configured: false, never: true, endlessAt: undefined };
    if (initial === 'unknown') {
      const name = symbol(`turns while ${text}`);
      return { bound: bound(name, true), configured: true, never: false, endlessAt: undefined };
    }
    return known(turns(limit.value, (initial ?? 0) + moved, atom, by));
  }
  const endlessAt =
    limit.kind === 'config' && limit.canBeEndless
      ? {
          places: orElse(endlessPlaces(atom.limit!, reader), place),
          why: `${limit.name} can be Infinity`,
          note: `${limit.name} can be Infinity here`,
          sure: true,
          leads: true,
        }
      : undefined;
  // What it comes to with the fallback is not promised: the name stays, the number is shown with it.
  const shift = turns(0, (typeof initial === 'number' ? initial : 0) + moved, atom, by);
  const quantity = by === 1 ? plusSigned(symbol(limit.name), shift) : symbol(`${limit.name} / ${by}`);
  return { bound: bound(quantity, true), configured: true, never: false, endlessAt };
}

function orElse(places: readonly Place[], place: Place): readonly Place[] {
  return places.length > 0 ? places : [place];
}

function plusSigned(q: Quantity, shift: number): Quantity {
  return shift > 0 ? plus(q, number(shift)) : q;
}

/** Number of turns for `counter < limit` with the counter at `first` when it is compared first. */
function turns(limit: number, first: number, atom: Atom, by: number): number {
  const span = limit - first - atom.offset;
  return atom.operator === '<=' || atom.operator === '==' ? Math.floor(span / by) + 1 : Math.ceil(span / by);
}

function placeNode(atom: Atom): Expression {
  const test = atom.fact.test;
  if (test.kind !== 'binary') return test.kind === 'assign' && isExpressionTarget(test.target) ? test.target : test;
  return atom.limit?.node === test.right ? test.left : test.right;
}

function isExpressionTarget(target: { readonly kind: string }): target is Expression {
  return target.kind === 'name' || target.kind === 'member' || target.kind === 'index';
}

/** The places in the code where a limit is set to Infinity. */
function endlessPlaces(at: Located, reader: Reader, depth = 0): Place[] {
  if (depth > 8) return [];
  const node = at.node as Expression;
  const here = (n: Expression): Place[] => [{ path: at.module.path, span: n.span }];
  const isEndless = (n: Expression): boolean => {
    const l = limitOf({ node: n, module: at.module, env: at.env }, reader.resolver);
    return l.kind === 'number' && l.value === Infinity;
  };
  if (node.kind === 'conditional') return isEndless(node.then) || isEndless(node.otherwise) ? here(node) : [];
  if (node.kind === 'logical') {
    return isEndless(node.right) ? here(node) : endlessPlaces({ ...at, node: node.left }, reader, depth + 1);
  }
  if (node.kind !== 'name') return [];
  if (node.name === 'Infinity') return here(node);
  const binding = indexOf(at.module).lookup(node.name, node);
  if (!binding) return [];
  if (binding.kind === 'parameter') {
    const { of, index } = binding.parameter!;
    return reader.resolver.callers(of).flatMap(site => {
      const given = reader.resolver.argument(site, of, index);
      if (!given || given === 'missing') return [];
      return endlessPlaces({ node: given.node, module: given.module, env: undefined }, reader, depth + 1);
    });
  }
  return binding.writes.flatMap(write =>
    write.value && write.keys.length === 0
      ? endlessPlaces({ node: write.value, module: write.within.module, env: undefined }, reader, depth + 1)
      : [],
  );
}

/**
 * What becomes of a check that need not hold where another condition does: `max === 0 || n < max`, `max >= 0 && n > max`.
 * Undefined if that condition cannot hold; `bypass` if it is decided anew on every turn and has nothing to do with the limit.
 */
function switchedOff(
  atom: Atom,
  changes: ReadonlyMap<string, readonly Change[]>,
  site: LoopSite,
  reader: Reader,
): SwitchedOff | 'bypass' | undefined {
  const limit = atom.limit!.node as Expression;
  const name = nameOf(limit);
  const start = defaultOf({ node: limit, module: atom.limit!.module, env: atom.limit!.env }, reader);
  let off: SwitchedOff | undefined;
  for (const fact of atom.unless ?? []) {
    const aboutLimit = mentionsText(fact.test, name);
    if (!aboutLimit && !isSetting(fact, changes, site, reader)) return 'bypass';
    const holds = aboutLimit && start ? truthWith(fact, name, start.value) : undefined;
    if (holds === false) continue;
    const place: Place = { path: fact.module.path, span: fact.test.span };
    const absent = aboutLimit && start === undefined && truthWith(fact, name, undefined) === true;
    off = {
      places: [...(start?.place ? [start.place] : []), place],
      why:
        holds === true
          ? `${name} is ${shown(start!.value, fact.module)} unless it is set, and then it limits nothing`
          : absent
            ? `${name} limits it only if it is set`
            : `${fact.truth ? describe(fact.test) : `not ${describe(fact.test)}`} switches the limit ${name} off`,
      note: 'this switches the limit off',
      // Where some caller gives a number, it is set at times.
      sure:
        holds === true ||
        (!aboutLimit && /unlimit|infinit|endless|unbounded|forever|no_?limit/i.test(nameOf(fact.test))) ||
        (absent && !givesNumber(limit, atom.limit!.module, reader)),
      leads: false,
    };
  }
  return off;
}

function shown(value: number | boolean | null | undefined, module: Module): string {
  return module.language === 'python' && (value === null || value === undefined) ? 'None' : String(value);
}

function givesNumber(node: Expression, module: Module, reader: Reader): boolean {
  return reader.resolver
    .values(node, module)
    .some(value => value.kind === 'constant' && typeof value.value === 'number');
}

function mentionsText(node: Expression, name: string): boolean {
  let found = false;
  walk(node, {
    enter(child) {
      if (isReading(child) && nameOf(child as Expression) === name) found = true;
      return found ? 'skip' : undefined;
    },
    enterFunction: () => 'skip',
  });
  return found;
}

function isReading(node: { readonly kind: string }): boolean {
  return node.kind === 'name' || node.kind === 'member' || node.kind === 'call' || node.kind === 'index';
}

/** A setting: a place from before the loop that nothing in the loop changes. */
function isSetting(
  fact: Fact,
  changes: ReadonlyMap<string, readonly Change[]>,
  site: LoopSite,
  reader: Reader,
): boolean {
  const { test, module, env } = fact;
  if (test.kind !== 'name' && test.kind !== 'member') return false;
  let root: Expression = test;
  while (root.kind === 'member' || root.kind === 'index') root = root.object;
  if (root.kind !== 'name') return false;
  const binding = indexOf(module).lookup(root.name, root);
  if (binding?.kind === 'variable' && declaredInside(binding, site)) return false;
  return isInvariant({ node: test, module, env }, changes, site, reader);
}

/** What a limit is if nobody sets it, where the code says so. */
function defaultOf(
  at: Located,
  reader: Reader,
  depth = 0,
): { readonly value: number | boolean | null | undefined; readonly place: Place | undefined } | undefined {
  const node = at.node as Expression;
  const { module } = at;
  if (depth > 8) return undefined;
  const again = (next: Expression, within: Module = module): ReturnType<typeof defaultOf> =>
    defaultOf({ node: next, module: within, env: undefined }, reader, depth + 1);
  switch (node.kind) {
    case 'literal':
      return typeof node.value === 'string'
        ? undefined
        : { value: node.value as number | boolean | null, place: { path: module.path, span: node.span } };
    case 'unary': {
      const value = numeric(node);
      return value === undefined ? undefined : { value, place: { path: module.path, span: node.span } };
    }
    case 'logical':
      return node.operator === 'and' ? undefined : again(node.right);
    case 'name': {
      if (node.name === 'undefined') return { value: undefined, place: { path: module.path, span: node.span } };
      const binding = indexOf(module).lookup(node.name, node);
      const only = binding && binding.writes.length === 1 ? binding.writes[0] : undefined;
      const given =
        binding?.kind === 'parameter' ? (only?.fallback ?? binding.parameter?.node.defaultValue) : undefined;
      if (given) return again(given, binding!.parameter!.of.module);
      if (binding?.kind === 'variable' && only?.value && only.how === 'declare') {
        if (only.keys.length === 0) return again(only.value);
        return only.fallback ? again(only.fallback) : undefined;
      }
      return undefined;
    }
    case 'member': {
      for (const value of reader.resolver.values(node.object, module)) {
        if (value.kind !== 'instance') continue;
        for (const one of reader.resolver.lineage(value.info)) {
          const field = one.node.members.find(member => member.kind === 'field' && member.name === node.property);
          const writes = (indexOf(one.module).memberWrites.get(node.property) ?? []).filter(
            write => isSelf(write.object, one.module) && ownerOf(write.within) === one,
          );
          const only = writes.length === 1 ? writes[0] : undefined;
          if (only) return again(only.value, one.module);
          if (field?.kind === 'field' && field.value && writes.length === 0) return again(field.value, one.module);
        }
      }
      return undefined;
    }
    case 'call': {
      const target = reader.resolver.targets(node, module)[0];
      const returned = target?.node ? returnedExpressions(target.node) : [];
      return target && returned.length === 1 ? again(returned[0]!, target.module) : undefined;
    }
    default:
      return undefined;
  }
}

/** How a condition comes out if the place called `name` has a value; undefined if that does not decide it. */
function truthWith(fact: Fact, name: string, value: number | boolean | null | undefined): boolean | undefined {
  const of = (test: Expression): boolean | undefined => {
    if (test.kind === 'unary' && test.operator === 'not') {
      const inner = of(test.operand);
      return inner === undefined ? undefined : !inner;
    }
    if (isReading(test)) return nameOf(test) === name ? Boolean(value) : undefined;
    if (test.kind !== 'binary') return undefined;
    const other = nameOf(test.left) === name ? test.right : nameOf(test.right) === name ? test.left : undefined;
    if (!other) return undefined;
    const mine = other === test.right;
    if (isNone(other)) {
      const none = value === null || value === undefined;
      return test.operator === '==' ? none : test.operator === '!=' ? !none : undefined;
    }
    const against = numeric(other);
    if (against === undefined || value === null || typeof value === 'boolean') return undefined;
    // Nothing is more or less than undefined.
    if (value === undefined) return test.operator === '!=' ? true : test.operator in negated ? false : undefined;
    switch (mine ? test.operator : mirrored[test.operator as Comparison]) {
      case '<':
        return value < against;
      case '<=':
        return value <= against;
      case '>':
        return value > against;
      case '>=':
        return value >= against;
      case '==':
        return value === against;
      case '!=':
        return value !== against;
      default:
        return undefined;
    }
  };
  const found = of(fact.test);
  return found === undefined ? undefined : found === fact.truth;
}

/** A flag that the way finds one way and sets the other, never set back: taken once. */
function flags(
  path: string,
  all: readonly Change[],
  ways: readonly Way[],
  atoms: ReadonlyMap<Way, Atom[]>,
  reader: Reader,
): Candidate[] {
  const values = all.map(change =>
    change.how === 'set' && change.value ? truthOf(change.value, change.module, reader) : undefined,
  );
  if (values.length === 0 || values.some(value => value === undefined) || new Set(values).size !== 1) return [];
  const setTo = values[0]!;
  const covered = new Set<Way>();
  let fact: Fact | undefined;
  for (const way of ways) {
    if (!way.changes.some(change => change.path === path)) continue;
    const atom = atoms.get(way)!.find(one => one.path === path && one.operator === (setTo ? 'falsy' : 'truthy'));
    if (!atom) continue;
    covered.add(way);
    fact ??= atom.fact;
  }
  if (!fact) return [];
  const bound: Bound = {
    kind: 'counter',
    limit: number(1),
    text: `${nameOf(fact.test)} (once)`,
    place: { path: fact.module.path, span: fact.test.span },
    source: 'code',
    configured: false,
  };
  return [{ bound, ways: covered, coverage: 'verified', endlessAt: undefined }];
}

function truthOf(node: Expression, module: Module, reader: Reader): boolean | undefined {
  if (node.kind === 'literal') return Boolean(node.value);
  if (node.kind === 'name' && node.name === 'undefined') return false;
  const call = node.kind === 'await' ? node.value : node;
  if (call.kind !== 'call' || !givesObject(call)) return undefined;
  const effect = reader.effect(call, module);
  return effect?.effect === 'model' && effect.sure ? true : undefined;
}

// ---- Queues and streams -----------------------------------------------------------------------------------------------

const takesNext =
  /^(next\w*|read|recv|receive|peek|shift|pop|popleft|dequeue|take|poll|claim|lpop|rpop|get_nowait|readline)$|^(next|getNext|get_next|read|claim|dequeue|pop|peek)_?[A-Z_]?\w*(Chunk|Item|Message|Job|Task|Event|Line|Batch|Entry|WithAbort)/;

/** Ways on which something was still there: an item of a queue, a chunk of a stream that is not done. */
function drains(ways: readonly Way[], changes: ReadonlyMap<string, readonly Change[]>, reader: Reader): Candidate[] {
  const covered = new Set<Way>();
  let shown: { fact: Fact; source: CallExpression } | undefined;
  for (const way of ways) {
    for (const fact of way.facts) {
      const source = sourceOf(fact);
      if (!source || reader.costs(source, fact.module)) continue;
      const receiver =
        source.callee.kind === 'member'
          ? pathOf({ node: source.callee.object, module: fact.module, env: fact.env })
          : undefined;
      // A queue that is filled again in the loop need not come to its end.
      const refilled =
        receiver && changes.get(`${receiver}.length`)?.some(change => change.how === 'up' || change.how === 'grow');
      if (refilled) continue;
      covered.add(way);
      shown ??= { fact, source };
    }
  }
  if (!shown) return [];
  const { fact, source } = shown;
  return [
    {
      bound: {
        kind: 'finiteIteration',
        limit: symbol(`items from ${nameOf(source.callee)}`),
        text: `ends when ${nameOf(source.callee)} has no more`,
        place: { path: fact.module.path, span: fact.test.span },
        source: 'code',
        configured: true,
      },
      ways: covered,
      coverage: 'config-dependent',
      endlessAt: undefined,
    },
  ];
}

/** The call that took what the fact finds to be there: `const job = queue.shift(); if (!job) break`, `!item.done`. */
function sourceOf(fact: Fact): CallExpression | undefined {
  let test = fact.test;
  let there = fact.truth;
  if (test.kind === 'binary' && (test.operator === '==' || test.operator === '!=') && isNone(test.right)) {
    there = (test.operator === '!=') === fact.truth;
    test = test.left;
  }
  if (test.kind === 'call') return there && takesNext.test(calledName(test)) ? test : undefined;
  let name: Expression = test;
  if (test.kind === 'member' && test.property === 'done') {
    if (there) return undefined;
    name = test.object;
  } else if (test.kind === 'name' && test.name === 'done') {
    if (there) return undefined;
  } else if (!there) return undefined;
  if (name.kind !== 'name') return undefined;
  const binding = indexOf(fact.module).lookup(name.name, name);
  if (binding?.kind !== 'variable') return undefined;
  for (const write of binding.writes) {
    let value = write.value;
    if (value?.kind === 'await') value = value.value;
    if (value?.kind !== 'call') continue;
    const taking = [value, ...givenBack(value)].find(call => takesNext.test(calledName(call)) && !beginsAnew(call));
    if (taking) return taking;
  }
  return undefined;
}

const store =
  /^(sql|exec|execute|fetchone|fetchall|find(First|Unique|Many|One)|find_one|claim\w*|\w*(Pending|_pending|Queued|_queued)\w*)$/;

/** True if the way is taken only while a store still has something to do: `const [row] = await db.execute(…); if (!row) break`. */
export function isLeftInStore(way: Way, site: LoopSite, reader: Reader): boolean {
  const asked = (node: Expression, module: Module, depth: number): boolean => {
    if (depth > 4) return false;
    switch (node.kind) {
      case 'await':
        return asked(node.value, module, depth + 1);
      case 'member':
      case 'index':
        return asked(node.object, module, depth + 1);
      case 'call':
        return store.test(calledName(node)) && !reader.costs(node, module);
      case 'name': {
        const binding = indexOf(module).lookup(node.name, node);
        if (binding?.kind !== 'variable' || !declaredInside(binding, site)) return false;
        return binding.writes.every(write => write.value !== undefined && asked(write.value, module, depth + 1));
      }
      default:
        return false;
    }
  };
  return way.facts.some(fact => {
    const { test } = fact;
    const none =
      test.kind === 'binary' && /^[!=]=$/.test(test.operator) && (isNone(test.right) || numeric(test.right) === 0);
    const there = none ? (test.operator === '!=') === fact.truth : fact.truth;
    return there && asked(none ? test.left : test, fact.module, 0);
  });
}

/** `next(tool for tool in tools if …)`: each turn looks through the same list. */
function beginsAnew({ callee, arguments: given }: CallExpression): boolean {
  return callee.kind === 'name' && given[0]?.value.kind === 'comprehension';
}

/** Calls that a callback gives back: `trace(() => iterator.next())`. */
function givenBack(call: CallExpression): CallExpression[] {
  return call.arguments.flatMap(({ value }) => {
    if (value.kind !== 'functionExpression') return [];
    const last = value.function.body.at(-1);
    let result = last?.kind === 'return' ? last.value : undefined;
    if (result?.kind === 'await') result = result.value;
    return result?.kind === 'call' ? [result] : [];
  });
}

function calledName(call: CallExpression): string {
  return calleeName(call.callee);
}

function isNone(node: Expression): boolean {
  return (node.kind === 'literal' && node.value === null) || (node.kind === 'name' && node.name === 'undefined');
}

// ---- Deadlines ------------------------------------------------------------------------------------------------------

const clock =
  /^(Date\.now|performance\.now|process\.hrtime(\.bigint)?|time\.time|time\.monotonic|time\.perf_counter|datetime\.now|datetime\.utcnow|datetime\.datetime\.now|timezone\.now|loop\.time|asyncio\.get_event_loop\(…\)\.time)$/;

function readsClock(node: Expression, module: Module, depth = 0): boolean {
  let found = false;
  walk(node, {
    enter(child) {
      if (found) return 'skip';
      if (child.kind === 'call') {
        const name = nameOf(child.callee);
        if (clock.test(name) || (child.isNew && name === 'Date' && child.arguments.length === 0)) found = true;
        if (
          /^(elapsed|getElapsed|isExpired|timedOut|hasTimedOut|timeLeft|remainingTime)/i.test(
            name.split('.').at(-1) ?? '',
          )
        )
          found = true;
      } else if (child.kind === 'name' && depth < 3) {
        const binding = indexOf(module).lookup(child.name, child);
        if (binding?.kind === 'variable') {
          for (const write of binding.writes)
            if (write.value && write.how !== 'each' && readsClock(write.value, module, depth + 1)) found = true;
        }
      }
      return undefined;
    },
    enterFunction: () => 'skip',
  });
  return found;
}

function deadlines(ways: readonly Way[], site: LoopSite, reader: Reader): Candidate[] {
  const groups = new Map<Fact['test'], { fact: Fact; ways: Set<Way> }>();
  for (const way of ways) {
    for (const fact of way.facts) {
      if (!isDeadline(fact, site, reader)) continue;
      const group = groups.get(fact.test);
      if (group) group.ways.add(way);
      else groups.set(fact.test, { fact, ways: new Set([way]) });
    }
  }
  return [...groups.values()].map(({ fact, ways: covered }) => ({
    bound: {
      kind: 'deadline' as const,
      limit: symbol(`turns until ${describe(fact.test)} ends`),
      text: `deadline ${describe(fact.test)}`,
      place: { path: fact.module.path, span: fact.test.span },
      source: 'code' as const,
      configured: false,
    },
    ways: covered,
    coverage: 'verified' as const,
    endlessAt: undefined,
  }));
}

function isDeadline(fact: Fact, _site: LoopSite, reader: Reader): boolean {
  const test = fact.test;
  if (test.kind === 'binary' && /^[<>]=?$/.test(test.operator)) {
    const left = readsClock(test.left, fact.module);
    const right = readsClock(test.right, fact.module);
    if (!left && !right) return false;
    const other = left ? test.right : test.left;
    const limit = limitOf({ node: other, module: fact.module, env: fact.env }, reader.resolver);
    return !(limit.kind === 'number' && limit.value === Infinity);
  }
  // `while (!signal.aborted)` where the signal is `AbortSignal.timeout(…)`.
  if (test.kind === 'member' && test.property === 'aborted' && !fact.truth) {
    return reader.resolver
      .values(test.object, fact.module)
      .some(v => v.kind === 'external' && /^global:AbortSignal\.timeout/.test(v.path));
  }
  return false;
}

// ---- Gates: people and guards ---------------------------------------------------------------------------------------

function gates(ways: readonly Way[], site: LoopSite, reader: Reader): Candidate[] {
  const human = new Set<Way>();
  const guarded = new Map<CallExpression, { call: In<CallExpression>; ways: Set<Way>; what: string }>();
  let humanCall: In<CallExpression> | undefined;
  const asks = askingOf(reader);
  for (const way of ways) {
    for (const call of way.calls) {
      const effect = reader.effect(call.node, call.module);
      if (asks(call, way.caught.length > 0 ? 'caught' : 'thrown')) {
        human.add(way);
        humanCall ??= call;
      } else if ((effect?.effect === 'guard' || isGuarded(call, reader)) && !swallowsTrip(way, call)) {
        const group = guarded.get(call.node);
        if (group) group.ways.add(way);
        else guarded.set(call.node, { call, ways: new Set([way]), what: nameOf(call.node.callee) });
      }
    }
  }
  const found: Candidate[] = [];
  const approval = approvesItself(site, reader) ? undefined : awaitsApproval(ways);
  for (const way of approval?.ways ?? []) human.add(way);
  const asked = humanCall ? nameOf(humanCall.node.callee) : approval && nameOf(approval.fact.test);
  if (asked !== undefined) {
    found.push({
      bound: {
        kind: 'humanGate',
        limit: symbol(`answers to ${asked}`),
        text: `a person answers ${asked}`,
        place: humanCall
          ? { path: humanCall.module.path, span: humanCall.node.span }
          : { path: approval!.fact.module.path, span: approval!.fact.test.span },
        source: 'code',
        configured: false,
      },
      ways: human,
      coverage: 'human-gated',
      endlessAt: undefined,
    });
  }
  const fed = ways.flatMap(way => {
    const call = way.calls.find(one => inbound.test(calledName(one.node)) && !reader.costs(one.node, one.module));
    return call ? [{ way, call }] : [];
  });
  const first = fed[0]?.call;
  if (first) {
    // Somebody else gives each turn its work: a socket, a broker.
    found.push({
      bound: {
        kind: 'finiteIteration',
        limit: symbol(`messages from ${nameOf(first.node.callee)}`),
        text: `each turn waits for ${nameOf(first.node.callee)}`,
        place: { path: first.module.path, span: first.node.span },
        source: 'code',
        configured: true,
      },
      ways: new Set(fed.map(one => one.way)),
      coverage: 'config-dependent',
      endlessAt: undefined,
    });
  }
  for (const { call, ways: covered, what } of guarded.values()) {
    found.push({
      bound: {
        kind: 'runtimeGuard',
        limit: guardLimit(call, reader),
        text: `guard ${what}`,
        place: { path: call.module.path, span: call.node.span },
        source: 'code',
        configured: false,
      },
      ways: covered,
      coverage: 'verified',
      endlessAt: undefined,
    });
  }
  return found;
}

function isAsking(call: CallExpression, module: Module, reader: Reader): boolean {
  return reader.effect(call, module)?.effect === 'human' || asksPerson(call, module, reader);
}

/** How deep a turn of a conversation may stand in functions of functions. */
const deepestTurn = 2;

/**
 * Tells calls that ask a person, or run a function of the workspace that asks one wherever it does something that costs: a
 * turn of a conversation. Where its failure is caught, it must have asked before it fails. Answers are kept, for the ways
 * through a function ask about its calls again and again.
 */
function askingOf(reader: Reader): (call: In<CallExpression>, failure: 'caught' | 'thrown') => boolean {
  const known = new Map<string, Map<CallExpression | FunctionInfo, boolean>>();
  const once = (kind: string, of: CallExpression | FunctionInfo, answer: () => boolean): boolean => {
    const answers = known.get(kind) ?? new Map<CallExpression | FunctionInfo, boolean>();
    known.set(kind, answers);
    const kept = answers.get(of);
    if (kept !== undefined) return kept;
    const found = answer();
    answers.set(of, found);
    return found;
  };
  const asks = (call: CallExpression, module: Module, failure: 'caught' | 'thrown', depth: number): boolean =>
    once(`call ${failure} ${depth}`, call, () => {
      if (isAsking(call, module, reader)) return true;
      if (depth > deepestTurn) return false;
      // A promise's work is done where it stands.
      const given = call.isNew && nameOf(call.callee) === 'Promise' ? call.arguments[0]?.value : undefined;
      const targets =
        given?.kind === 'functionExpression'
          ? [indexOf(module).info(given.function)]
          : reader.resolver.targets(call, module);
      return targets.length > 0 && targets.every(info => isTurn(info, failure, depth + 1));
    });
  const isTurn = (info: FunctionInfo, failure: 'caught' | 'thrown', depth: number): boolean =>
    once(`function ${failure} ${depth}`, info, () => {
      const asking = (node: CallExpression, at: Module): boolean => asks(node, at, failure, depth);
      if (!info.node || info.node.isGenerator || !info.calls.some(node => asking(node, info.module))) return false;
      const { ways, complete } = functionWays(info, {
        resolver: reader.resolver,
        watch: (node, at) => asking(node, at) || reader.costs(node, at),
      });
      return (
        complete &&
        ways.every(
          way =>
            way.calls.length === 0 ||
            (way.end.kind === 'raise' && failure === 'thrown') ||
            way.calls.some(one => asking(one.node, one.module)),
        )
      );
    });
  return ({ node, module }, failure) => asks(node, module, failure, 0);
}

/** A function of the workspace that asks a person, as its code or its name says, and reaches no model. */
export function asksPerson(call: CallExpression, module: Module, reader: Reader): boolean {
  if (call.arguments.some(({ value }) => isPrompt(value, module, reader))) return true;
  const targets = reader.resolver.targets(call, module);
  if (targets.length === 0) return false;
  if (targets.every(target => reader.asks(target))) return true;
  const name = calledName(call);
  if (
    !/^(ask|prompt|confirm|await|wait_?[fF]or|request|get)?_?([uU]ser|[hH]uman)?_?([iI]nput|[aA]pproval|[pP]ermission|[cC]onfirmation|[rR]esponse|[aA]nswer)$|^(ask|askUser|ask_user|confirm|askFollowup\w*|promptUser|prompt_user)$/.test(
      name,
    )
  )
    return false;
  if (!/ask|prompt|confirm|user|human|approval|permission/i.test(name)) return false;
  return !reader.costs(call, module);
}

/** The function that asks, given to something that calls it: `asyncio.to_thread(input, 'You: ')`. */
function isPrompt(node: Expression, module: Module, reader: Reader): boolean {
  if (node.kind !== 'name' && node.kind !== 'member') return false;
  return reader.resolver
    .externals(node, module)
    .some(value => reader.match(value)?.pattern.effect === 'human' && !value.path.endsWith('()'));
}

/** A call of what `guard(fn, …)` gave back. */
export function isGuarded(call: In<CallExpression>, reader: Reader): boolean {
  return guardMaking(call, reader) !== undefined;
}

const approvals =
  /(^|\.)(has)?_*([iI]nterruptions?|[iI]nterrupts?|[pP]ending_?[aA]pprovals?|[aA]pproval_?[rR]equests?)_*(\.length)?$/;

const approving = /^(approve|restart|respond|approveAll)$/;
/** Calls of which none asks a person. */
const plainly =
  /^(push|append|extend|concat|log|info|warn|error|debug|print|map|filter|forEach|find|some|every|from|entries|keys|values|stringify|parse|write|setTimeout|sleep|delay|Promise|Error|all|next|resolve|append_message|dumps|format|join|get)$/;

/** True if the code of the loop answers what it is asked to approve, and nothing in it can ask anybody. */
function approvesItself({ module, span }: LoopSite, reader: Reader): boolean {
  const calls = indexOf(module).functions.flatMap(info =>
    info.calls.filter(call => call.span[0] >= span[0] && call.span[1] <= span[1]),
  );
  return (
    calls.some(call => approving.test(calledName(call))) &&
    calls.every(call => {
      const name = calledName(call);
      return approving.test(name) || plainly.test(name) || reader.costs(call, module);
    })
  );
}

/** Ways taken only while the framework waits for approvals: `while (result.interruptions.length) …`. */
function awaitsApproval(ways: readonly Way[]): { ways: readonly Way[]; fact: Fact } | undefined {
  let first: Fact | undefined;
  const gated = ways.filter(way => {
    const fact = way.facts.find(one => {
      const test = one.test.kind === 'binary' ? one.test.left : one.test;
      return one.truth && approvals.test(nameOf(test));
    });
    first ??= fact;
    return fact !== undefined;
  });
  return first && { ways: gated, fact: first };
}

/** The runtime guard that all of the ways meet, if there is one on each. */
export function guardOf(ways: readonly Way[], reader: Reader): Bound | undefined {
  let first: Bound | undefined;
  for (const way of ways) {
    const call = way.calls.find(
      one => reader.effect(one.node, one.module)?.effect === 'guard' || isGuarded(one, reader),
    );
    if (!call || swallowsTrip(way, call)) return undefined;
    const making = guardMaking(call, reader) ?? call;
    first ??= {
      kind: 'runtimeGuard',
      limit: guardLimit(call, reader),
      text: `guard ${nameOf(call.node.callee)}`,
      place: { path: making.module.path, span: making.node.span },
      source: 'code',
      configured: false,
    };
  }
  return first;
}

/** True if the guard's own error would be caught on this way, like any other, and the loop go on. */
export function swallowsTrip(way: Way, call: In<CallExpression>): boolean {
  const inside = way.caught.some(
    one => one.body[0] && call.node.span[0] >= one.body[0].span[0] && call.node.span[1] <= one.body.at(-1)!.span[1],
  );
  if (!inside) return false;
  const letsThrough = way.caught.some(one =>
    one.handlers.some(
      handler =>
        handler.types.some(type => /trip|budget/i.test(nameOf(type))) && handler.body.some(s => s.kind === 'raise'),
    ),
  );
  if (letsThrough) return false;
  return !way.facts.some(fact => {
    const text = fact.test.kind === 'binary' ? nameOf(fact.test.right) : nameOf(fact.test);
    return !fact.truth && /trip|budget|limit|loop/i.test(text);
  });
}

function guardMaking(call: In<CallExpression>, reader: Reader): In<CallExpression> | undefined {
  for (const value of reader.resolver.values(call.node.callee, call.module)) {
    if (value.kind !== 'external') continue;
    // `turns.next()` of a budget: what made the budget.
    if (reader.effect(call.node, call.module)?.effect === 'guard') return value.chain.at(-1);
    for (const step of [...value.chain].reverse()) {
      const effect = reader.effect(step.node, step.module);
      // Other wrappers (a task of LangGraph) limit nothing; what the config names is a guard.
      if (effect?.effect === 'wrapper' && effect.framework === 'plain') return step;
      if (effect?.effect === 'guard') return step;
    }
  }
  return undefined;
}

function guardLimit(call: In<CallExpression>, reader: Reader): Quantity {
  const making = guardMaking(call, reader) ?? call;
  for (const key of ['maxCalls', 'max_calls', 'maxSteps', 'max_steps', 'maxInvocations', 'max_invocations', 'limit']) {
    const given = reader.resolver.option(making, key) ?? nested(making, key, reader);
    if (!given) continue;
    const limit = limitOf({ node: given.node, module: given.module, env: undefined }, reader.resolver);
    if (limit.kind === 'number') return number(limit.value);
    return symbol(limit.name);
  }
  for (const argument of making.node.arguments) {
    const limit = limitOf({ node: argument.value, module: making.module, env: undefined }, reader.resolver);
    if (limit.kind === 'number') return number(limit.value);
  }
  return symbol(`calls until ${nameOf(making.node.callee)} trips`);
}

function nested(making: In<CallExpression>, key: string, reader: Reader): In<Expression> | undefined {
  const budget = reader.resolver.option(making, 'budget');
  if (!budget) return undefined;
  for (const value of reader.resolver.values(budget.node, budget.module)) {
    if (value.kind === 'object') {
      const entry = reader.resolver.entry(value, key);
      if (entry) return entry;
    }
  }
  return undefined;
}

// ---- Details --------------------------------------------------------------------------------------------------------

/** True if nothing in the loop changes what a limit is made of, and it does not come out of a call there. */
function isInvariant(
  limit: Located,
  changes: ReadonlyMap<string, readonly Change[]>,
  site: LoopSite,
  reader: Reader,
): boolean {
  let invariant = true;
  walk(limit.node as Expression, {
    enter(node) {
      if (node.kind === 'name' || node.kind === 'member') {
        const path = pathOf({ node, module: limit.module, env: limit.env as Env | undefined });
        if (path !== undefined) {
          const made = changes.get(path);
          // A list that only gets shorter brings the end nearer.
          if (made?.some(change => change.how !== 'shrink' && change.how !== 'down')) invariant = false;
        }
        if (node.kind === 'name') {
          const binding = indexOf(limit.module).lookup(node.name, node);
          if (
            binding?.kind === 'variable' &&
            binding.writes.some(
              write =>
                write.value &&
                write.within.module === site.module &&
                write.node.span[0] >= site.span[0] &&
                write.node.span[1] <= site.span[1] &&
                comesFromCall(write.value, site.module, reader),
            )
          ) {
            invariant = false;
          }
        }
        return node.kind === 'member' ? 'skip' : undefined;
      }
      if (node.kind === 'call' && reader.costs(node, limit.module)) invariant = false;
      return undefined;
    },
    enterFunction: () => 'skip',
  });
  return invariant;
}

function comesFromCall(node: Expression, module: Module, reader: Reader): boolean {
  let found = false;
  walk(node, {
    enter(child) {
      if (child.kind === 'call' && reader.costs(child, module)) found = true;
      return undefined;
    },
    enterFunction: () => 'skip',
  });
  return found;
}

/** Why the open ways are not covered although something counts. */
function idleCounter(all: readonly Way[], open: readonly Way[], site: LoopSite): Cover['idle'] {
  for (const way of open) {
    for (const change of way.changes) {
      if ((change.how !== 'up' && change.how !== 'down') || change.path.endsWith('.length')) continue;
      const isLimit = way.facts.some(fact =>
        atomsOf(fact, site).some(atom => atom.limit && pathOf(atom.limit) === change.path),
      );
      if (isLimit && way.changes.some(one => one.how === change.how && one.path !== change.path)) continue;
      const place: Place = { path: change.module.path, span: change.node.span };
      const name =
        change.node.kind === 'assign' && isExpressionTarget(change.node.target)
          ? nameOf(change.node.target)
          : change.path;
      const compared = all.some(other =>
        other.facts.some(fact => looseAtomsOf(fact, site).some(atom => atom.path === change.path)),
      );
      const reset = all.some(other => other.changes.some(one => one.path === change.path && one.how === 'set'));
      if (!compared) return { place, text: name, why: 'neverCompared' };
      if (reset) return { place, text: name, why: 'reset' };
      const here = way.facts.flatMap(fact => atomsOf(fact, site)).find(atom => atom.path === change.path && atom.limit);
      if (here && needsExact(here, change.path)) return { place, text: describe(here.fact.test), why: 'steppedOver' };
      return { place, text: name, why: here ? 'limitMoves' : 'bypassed' };
    }
  }
  // A check that the open way goes round: the counter is raised and compared on the other ways only.
  for (const other of all) {
    for (const change of other.changes) {
      if (change.how !== 'up' || change.path.endsWith('.length')) continue;
      const atom = other.facts.flatMap(fact => atomsOf(fact, site)).find(one => one.path === change.path && one.limit);
      if (atom)
        return {
          place: { path: atom.fact.module.path, span: atom.fact.test.span },
          text: describe(atom.fact.test),
          why: 'bypassed',
        };
    }
  }
  return undefined;
}

/** A condition in a few words. */
export function describe(test: Expression): string {
  if (test.kind === 'binary') return `${nameOf(test.left)} ${test.operator} ${nameOf(test.right)}`;
  if (test.kind === 'assign' && isExpressionTarget(test.target)) return nameOf(test.target);
  return nameOf(test);
}
