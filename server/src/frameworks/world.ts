// A program as adapters read it, from one snapshot to the next: who calls whom, who reaches a model, and every answer that
// was given, each kept until something that it was made from changes. It must not know what the answers say.
//
// Two rules make that sound. A piece of reading (a module's calls, its loops, one recursion) gets a reader of its own, so
// that its answer follows from the program and not from what was asked before. And all that the reader sees goes through a
// scene, which notes it. So an answer that is kept is the one that a cold run would give.
import { type Kept, Ledger, type Trail, trail } from '../program/ledger.ts';
import type { Module } from '../program/model.ts';
import type { Program } from '../program/program.ts';
import { type Part, Register } from '../program/register.ts';
import { type FunctionInfo, indexOf } from '../program/scope.ts';
import type { CallSite } from '../program/values.ts';
import { type PackageCall, packageCallsIn } from './calls.ts';
import type { Framework } from './framework.ts';
import { costly, Reader, type Scene } from './reading.ts';
import { type ExtraCallees, Vocabulary } from './vocabulary.ts';

/** What one function runs, as far as it was understood. */
interface Uses {
  readonly info: FunctionInfo;
  /** Calls a model, a tool or an agent itself. */
  readonly costs: boolean;
  /** Waits for a person itself. */
  readonly human: boolean;
  readonly runs: readonly FunctionInfo[];
  /** Functions that its callers may give it to run. Of what reaches a model each caller's own call says which. */
  readonly given: readonly FunctionInfo[];
  /** Functions that a call keeps for later: they run, but not in this function. */
  readonly keeps: readonly FunctionInfo[];
  /** What it hands to a model call. */
  readonly hands: readonly FunctionInfo[];
  /** Constructors that it runs. */
  readonly makes: readonly FunctionInfo[];
}

/** The functions of one module; `leads`: functions of others that they run or keep. */
interface UsesOfModule {
  readonly uses: readonly Uses[];
  readonly leads: readonly FunctionInfo[];
}

type Sites = Part<FunctionInfo, CallSite>;

interface Slot {
  readonly kept: Kept<unknown>;
  /** Beside the trail: what the question was about. */
  readonly about: readonly unknown[];
  round: number;
}

const none: readonly FunctionInfo[] = [];
const nothing: ReadonlySet<FunctionInfo> = new Set();
const worlds = new WeakMap<Program['resolve'], World>();

/**
 * The world of a program. Snapshots that differ only in texts share their way to resolve imports, and so their world:
 * it goes on from the snapshot before.
 */
export function worldOf(program: Program, frameworks: readonly Framework[], extra: ExtraCallees): World {
  let world = worlds.get(program.resolve);
  const callees = JSON.stringify([extra.modelCallees, extra.toolCallees, extra.guards, extra.flowModules]);
  if (!world || world.callees !== callees || world.specifiers !== program.specifiers) {
    const vocabulary = new Vocabulary(frameworks, extra, program.specifiers);
    if (!world?.understands(callees, vocabulary)) world = new World(vocabulary, callees);
    world.vocabulary = vocabulary;
    world.specifiers = program.specifiers;
  }
  // Half an advance must not be gone on from: it is put back when it is whole.
  worlds.delete(program.resolve);
  world.advance(program);
  worlds.set(program.resolve, world);
  return world;
}

export class World {
  readonly callees: string;
  specifiers: ReadonlySet<string> | undefined;
  private program!: Program;
  vocabulary: Vocabulary;
  private readonly ledger = new Ledger();
  private readonly shelves = new Map<string, Map<unknown, Slot>>();
  private round = 0;
  private present: readonly Module[] = [];
  private readonly callers = new Register<FunctionInfo, CallSite>((a, b) => a.node === b.node);
  private readonly methods = new Register<string, FunctionInfo>();
  private uses: ReadonlyMap<string | FunctionInfo, UsesOfModule> = new Map();
  private readonly web = new Web();
  private reaching: ReadonlySet<FunctionInfo> = new Set();
  private alone: ReadonlySet<FunctionInfo> = new Set();
  private asking: ReadonlySet<FunctionInfo> = new Set();
  private fromPackages: readonly PackageCall[] | undefined;

  constructor(vocabulary: Vocabulary, callees: string) {
    this.vocabulary = vocabulary;
    this.callees = callees;
  }

  /** Whether the same calls mean the same. */
  understands(callees: string, vocabulary: Vocabulary): boolean {
    return this.callees === callees && this.vocabulary.key === vocabulary.key;
  }

  /** The modules to analyse, in the program's order. */
  get modules(): readonly Module[] {
    return this.present;
  }

  /** Goes on to the next snapshot. */
  advance(program: Program): void {
    this.program = program;
    this.round++;
    this.fromPackages = undefined;
    this.present = program.paths.map(path => program.module(path)).filter(module => module !== undefined);
    this.ledger.modulesChanged((path, module) => program.isSame(path, module));
    this.ledger.changed('callers', this.callers.update(this.findCallers()));
    this.ledger.changed('methods', this.methods.update(new Map(this.present.map(one => [one.path, methodsOf(one)]))));
    this.findUses();
    const alone = this.web.reaching(false);
    const reaching = this.web.reaching(true);
    const asking = this.web.asking(this.present);
    this.ledger.changed('reach', [
      ...difference(this.reaching, reaching),
      ...difference(this.alone, alone),
      ...difference(this.asking, asking),
    ]);
    this.alone = alone;
    this.reaching = reaching;
    this.asking = asking;
  }

  /** Ends a round: what nobody has asked for is forgotten, and what was read counts as read for those who ask the program. */
  settle(): void {
    for (const shelf of this.shelves.values()) {
      for (const [key, slot] of shelf) {
        if (slot.round === this.round) continue;
        this.ledger.drop(slot.kept);
        shelf.delete(key);
      }
    }
    for (const path of this.ledger.paths()) this.program.module(path);
  }

  /** True if the function can reach a model, tool or agent call, also through what some caller gives it to run. */
  reaches(info: FunctionInfo): boolean {
    return this.reaching.has(info);
  }

  /** True if another function of the modules to analyse calls it, hands it on or keeps it for later. */
  isCalled(info: FunctionInfo): boolean {
    return this.web.isCalled(info);
  }

  /**
   * What `work` finds about `key`, which starts from `module`. It is done anew only if something that it has seen has
   * changed, or one of the things in `about`, which the work may use beside its reader.
   */
  keep<T>(shelf: string, key: unknown, module: Module, work: (reader: Reader) => T, about: readonly unknown[] = []): T {
    return this.kept(shelf, key, module, about, notes => work(new Reader(this.scene(notes))));
  }

  /** A reader for what has to look at the whole program each time. */
  reader(): Reader {
    return new Reader(this.scene(undefined));
  }

  private kept<T>(
    shelf: string,
    key: unknown,
    module: Module,
    about: readonly unknown[],
    work: (notes: Trail) => T,
  ): T {
    let slots = this.shelves.get(shelf);
    if (!slots) {
      slots = new Map();
      this.shelves.set(shelf, slots);
    }
    const slot = slots.get(key);
    if (slot && !slot.kept.fallen && sameItems(slot.about, about)) {
      slot.round = this.round;
      return slot.kept.answer as T;
    }
    if (slot) this.ledger.drop(slot.kept);
    const notes = trail();
    notes.modules.add(module.path);
    const answer = work(notes);
    const kept = this.ledger.keep(answer, notes, path => this.program.module(path));
    slots.set(key, { kept, about, round: this.round });
    return answer;
  }

  private scene(notes: Trail | undefined): Scene {
    const { program, vocabulary } = this;
    return {
      program,
      vocabulary,
      heads: vocabulary.heads,
      module: path => {
        notes?.modules.add(path);
        return program.module(path);
      },
      callers: info => {
        const sites = this.callers.get(info);
        if (notes) {
          notes.asked.callers.add(info);
          for (const site of sites) notes.modules.add(site.module.path);
        }
        return sites;
      },
      modules: () => {
        if (notes) notes.whole = true;
        return this.present;
      },
      reaches: info => {
        notes?.asked.reach.add(info);
        return this.reaching.has(info);
      },
      reachesAlone: info => {
        notes?.asked.reach.add(info);
        return this.alone.has(info);
      },
      asks: info => {
        notes?.asked.reach.add(info);
        return this.asking.has(info) && !this.reaching.has(info);
      },
      packageCalls: () => {
        if (notes) notes.whole = true;
        this.fromPackages ??= this.present.flatMap(module =>
          this.keep('packages', module.path, module, reader => packageCallsIn(module, reader)),
        );
        return this.fromPackages;
      },
      methodsNamed: name => {
        const found = this.methods.get(name);
        if (notes) {
          notes.asked.methods.add(name);
          for (const info of found) notes.modules.add(info.module.path);
        }
        return found;
      },
    };
  }

  private findCallers(): ReadonlyMap<string, Sites> {
    const found = new Map<string, Sites>();
    for (const module of this.present) {
      // Arguments are not followed into parameters here: that takes the very table.
      const sites = this.kept('callers', module.path, module, [], notes => {
        const { callers, ...scene } = this.scene(notes);
        return sitesIn(module, new Reader(scene));
      });
      found.set(module.path, sites);
    }
    return found;
  }

  /** Brings the web of uses up to date: every function of the modules to analyse, and those that they lead to. */
  private findUses(): void {
    const now = new Map<string | FunctionInfo, UsesOfModule>();
    const queue: FunctionInfo[] = [];
    const add = (key: string | FunctionInfo, found: UsesOfModule): void => {
      now.set(key, found);
      queue.push(...found.leads);
    };
    for (const module of this.present) {
      const { path } = module;
      add(
        path,
        this.keep('uses', path, module, reader => usesOfAll(indexOf(module).functions, reader)),
      );
    }
    for (let info = queue.pop(); info; info = queue.pop()) {
      if (now.has(info.module.path) || now.has(info)) continue;
      const one = info;
      add(
        one,
        this.keep('uses of one', one, one.module, reader => usesOfAll([one], reader)),
      );
    }
    // What is not among the modules to analyse runs only what reaches, and calls nothing.
    for (const [key, old] of this.uses) {
      if (now.get(key) !== old) for (const uses of old.uses) this.web.remove(uses, typeof key === 'string');
    }
    for (const [key, one] of now) {
      if (this.uses.get(key) !== one) for (const uses of one.uses) this.web.add(uses, typeof key === 'string');
    }
    this.uses = now;
  }
}

/** Who runs whom, and what follows from it. */
class Web {
  private readonly uses = new Map<FunctionInfo, Uses>();
  private readonly users = new Map<FunctionInfo, Set<FunctionInfo>>();
  /** Those that may be given a function to run. */
  private readonly takers = new Map<FunctionInfo, Set<FunctionInfo>>();
  private readonly costing = new Set<FunctionInfo>();
  private readonly human = new Set<FunctionInfo>();
  /** How many functions call, keep or hand on a function. */
  private readonly called = new Map<FunctionInfo, number>();

  /** `calls`: what it calls is called; else it only leads there. */
  add(uses: Uses, calls: boolean): void {
    const { info } = uses;
    this.uses.set(info, uses);
    if (calls) for (const target of calledBy(uses)) this.called.set(target, (this.called.get(target) ?? 0) + 1);
    if (uses.costs) this.costing.add(info);
    if (uses.human) this.human.add(info);
    for (const target of uses.runs) put(this.users, target, info);
    for (const target of uses.given) put(this.takers, target, info);
  }

  remove(uses: Uses, calls: boolean): void {
    const { info, runs, given } = uses;
    this.uses.delete(info);
    for (const target of calls ? calledBy(uses) : none) {
      const left = (this.called.get(target) ?? 0) - 1;
      if (left > 0) this.called.set(target, left);
      else this.called.delete(target);
    }
    this.costing.delete(info);
    this.human.delete(info);
    for (const target of runs) take(this.users, target, info);
    for (const target of given) take(this.takers, target, info);
  }

  isCalled(info: FunctionInfo): boolean {
    return this.called.has(info);
  }

  /** The functions from which a costly call can be reached, with what they are given to run or without. */
  reaching(withGiven: boolean): ReadonlySet<FunctionInfo> {
    const reaching = new Set(this.costing);
    // A set is walked in the order of insertion, and takes what is added on the way.
    for (const info of reaching) {
      for (const user of this.users.get(info) ?? none) reaching.add(user);
      if (withGiven) for (const taker of this.takers.get(info) ?? none) reaching.add(taker);
    }
    return reaching;
  }

  /** The functions of `modules` that wait for a person, themselves or through what they call. */
  asking(modules: readonly Module[]): ReadonlySet<FunctionInfo> {
    const asking = new Set<FunctionInfo>();
    if (this.human.size === 0) return asking;
    const some = (infos: readonly FunctionInfo[]): boolean => infos.some(info => asking.has(info));
    // Few levels: `prompt()` around `new Promise(resolve => rl.question(text, resolve))`.
    for (let level = 0; level < 3; level++) {
      for (const module of modules) {
        for (const info of indexOf(module).functions) {
          const one = this.uses.get(info);
          if (!info.node || !one || asking.has(info)) continue;
          const asks =
            one.human ||
            (asking.size > 0 &&
              (some(one.makes) || (level > 0 && [one.runs, one.given, one.keeps, one.hands].some(some))));
          if (asks) asking.add(info);
        }
      }
    }
    return asking;
  }
}

function put(map: Map<FunctionInfo, Set<FunctionInfo>>, key: FunctionInfo, info: FunctionInfo): void {
  const known = map.get(key);
  if (known) known.add(info);
  else map.set(key, new Set([info]));
}

function take(map: Map<FunctionInfo, Set<FunctionInfo>>, key: FunctionInfo, info: FunctionInfo): void {
  const known = map.get(key);
  known?.delete(info);
  if (known?.size === 0) map.delete(key);
}

/** Other functions that it calls, keeps or hands on. */
function calledBy({ info, runs, given, keeps, hands }: Uses): readonly FunctionInfo[] {
  return [...new Set([...runs, ...given, ...keeps, ...hands])].filter(target => target !== info);
}

const methods = new WeakMap<Module, Part<string, FunctionInfo>>();

/** The methods of a module's classes, by name. */
function methodsOf(module: Module): Part<string, FunctionInfo> {
  let found = methods.get(module);
  if (!found) {
    const byName = new Map<string, FunctionInfo[]>();
    for (const info of indexOf(module).functions) {
      if (!info.owner || !info.node) continue;
      const own = info.name.slice(info.name.lastIndexOf('.') + 1);
      byName.set(own, [...(byName.get(own) ?? []), info]);
    }
    found = byName;
    methods.set(module, found);
  }
  return found;
}

function sitesIn(module: Module, reader: Reader): Sites {
  const sites = new Map<FunctionInfo, CallSite[]>();
  for (const from of indexOf(module).functions) {
    for (const node of from.calls) {
      for (const target of reader.resolver.targets(node, module)) {
        const list = sites.get(target);
        if (list) list.push({ node, module, from });
        else sites.set(target, [{ node, module, from }]);
      }
    }
  }
  return sites;
}

function usesOfAll(infos: readonly FunctionInfo[], reader: Reader): UsesOfModule {
  const uses = infos.map(info => usesOf(info, reader));
  const own = new Set(infos);
  const leads = new Set<FunctionInfo>();
  for (const { runs, given, keeps } of uses)
    for (const info of [...runs, ...given, ...keeps]) if (!own.has(info)) leads.add(info);
  return { uses, leads: [...leads] };
}

function usesOf(info: FunctionInfo, reader: Reader): Uses {
  const { module } = info;
  const runs = new Set<FunctionInfo>();
  const given = new Set<FunctionInfo>();
  const keeps = new Set<FunctionInfo>();
  const hands = new Set<FunctionInfo>();
  const makes = new Set<FunctionInfo>();
  let costs = false;
  let human = false;
  for (const call of info.calls) {
    const mayCost = reader.mayBe(['model', 'tool', 'agent', 'keeps'], call, module);
    const effect = mayCost || reader.mayBe(['human'], call, module) ? reader.effect(call, module) : undefined;
    if (effect?.effect === 'human') human = true;
    const costing = effect !== undefined && costly.has(effect.effect);
    if (costing) costs = true;
    const into = effect?.effect === 'model' ? hands : effect?.effect === 'keeps' ? keeps : runs;
    const callees = reader.callees(call, module);
    const others = into === runs && callees.length > 0 ? reader.given(call, info) : nothing;
    for (const target of callees) {
      (others.has(target) ? given : into).add(target);
      if (call.isNew) makes.add(target);
    }
  }
  return {
    info,
    costs,
    human,
    runs: listOf(runs),
    given: listOf(given),
    keeps: listOf(keeps),
    hands: listOf(hands),
    makes: listOf(makes),
  };
}

function listOf(infos: ReadonlySet<FunctionInfo>): readonly FunctionInfo[] {
  return infos.size === 0 ? none : [...infos];
}

function* difference<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): Generator<T> {
  for (const item of a) if (!b.has(item)) yield item;
  for (const item of b) if (!a.has(item)) yield item;
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}
