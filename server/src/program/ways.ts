// The ways through a piece of code: which conditions hold on each, what it changes, which calls it makes, how it ends.
// Calls into the workspace are followed where their body matters. It must not know what a bound is.

import { assignChanges, type Change, type Env, type Located, methodChanges, pathOf } from './access.ts';
import type {
  CallExpression,
  Expression,
  LoopStatement,
  Module,
  Pattern,
  Statement,
  SwitchStatement,
  TryStatement,
} from './model.ts';
import { calleeName, nameOf } from './quantity.ts';
import { type Binding, type FunctionInfo, indexOf } from './scope.ts';
import { type In, type Resolver, returnedExpressions } from './values.ts';
import { eachChild, walk } from './walk.ts';

/** A condition that was evaluated on a way, and how it came out. */
export interface Fact {
  readonly test: Expression;
  readonly truth: boolean;
  readonly module: Module;
  readonly env: Env | undefined;
  /** How many of the way's changes were made before it was evaluated. */
  readonly seen: number;
}

export type End =
  /** Back to the head of the loop. */
  | { readonly kind: 'again'; readonly at: Statement | undefined }
  /** Out of the code by its end, a `break`, or the loop's own test. */
  | { readonly kind: 'leave'; readonly at: Statement | undefined }
  | { readonly kind: 'return'; readonly at: Statement; readonly value: Expression | undefined }
  /** An exception that nothing here catches; `at` is the `throw`, or the call that failed. */
  | { readonly kind: 'raise'; readonly at: Statement | CallExpression };

/** One way through. Lists are in the order of execution. */
export interface Way {
  readonly end: End;
  readonly facts: readonly Fact[];
  readonly changes: readonly Change[];
  /** Calls that `WaysOptions.watch` asked for. */
  readonly calls: readonly In<CallExpression>[];
  /** Exception handlers it went through. */
  readonly caught: readonly TryStatement[];
}

export interface Ways {
  readonly ways: readonly Way[];
  /** False if there were too many and some are not listed. */
  readonly complete: boolean;
}

export interface WaysOptions {
  /** Calls to note on a way, and to treat as able to fail. */
  watch(call: CallExpression, module: Module): boolean;
  readonly resolver: Resolver;
  /** Places that code elsewhere compares: every change of them is listed, also where this code has no condition on it. */
  readonly shared?: (path: string) => boolean;
}

const stateLimit = 160;
/** Statements times states that one question may look at. */
const effort = 60_000;
const inlineDepth = 2;
const inlineWays = 8;

interface Link<T> {
  readonly last: T;
  readonly length: number;
  readonly before: Link<T> | undefined;
}

interface State {
  readonly facts: Link<Fact> | undefined;
  readonly changes: Link<Change> | undefined;
  readonly calls: Link<In<CallExpression>> | undefined;
  readonly caught: Link<TryStatement> | undefined;
}

interface Exit extends State {
  readonly end: End;
  readonly label?: string | undefined;
}

function link<T>(before: Link<T> | undefined, last: T): Link<T> {
  return { last, before, length: (before?.length ?? 0) + 1 };
}

const start: State = { facts: undefined, changes: undefined, calls: undefined, caught: undefined };

/** The ways through one turn of a loop, from its head back to it or out. */
export function loopWays(loop: LoopStatement, module: Module, options: WaysOptions): Ways {
  // What a C-style loop declares in its head lives on from turn to turn.
  const inside = (span: readonly [number, number]): boolean =>
    span[0] >= loop.span[0] &&
    span[1] <= loop.span[1] &&
    !loop.init.some(one => span[0] >= one.span[0] && span[1] <= one.span[1]);
  const local = localTo(module, binding =>
    binding.writes.some(write => (write.how === 'declare' || write.how === 'each') && inside(write.node.span)),
  );
  return new Tracer(options, module, local, undefined, 0, sharedBy([loop], module, options)).loopTurn(loop);
}

/** The ways through a function's body. A call of the function itself is not followed: what it does is the next round. */
export function functionWays(info: FunctionInfo, options: WaysOptions): Ways {
  const body = info.node?.body ?? info.module.body;
  const shared = sharedBy(body, info.module, options);
  const trace = (): Ways => new Tracer(options, info.module, ownVariables(info), undefined, 0, shared).body(body);
  return following(info, trace) ?? trace();
}

/** What one question shares over all the functions that it leads through. */
interface Shared extends Names {
  left: number;
}

/** Last names of places, as they stand in some code and in what it calls. */
interface Names {
  /** In a condition. */
  readonly conditions: ReadonlySet<string>;
  /** Raised or lowered, or a list that gets longer or shorter. */
  readonly stepped: ReadonlySet<string>;
  /** Set to a constant. */
  readonly flags: ReadonlySet<string>;
}

function sharedBy(code: readonly Statement[], module: Module, options: WaysOptions): Shared {
  const all = { conditions: new Set<string>(), stepped: new Set<string>(), flags: new Set<string>() };
  const seen = new Set<FunctionInfo>();
  const visit = (nodes: readonly Statement[], at: Module, depth: number): void => {
    const own = namesIn(nodes);
    for (const key of ['conditions', 'stepped', 'flags'] as const) for (const name of own[key]) all[key].add(name);
    if (depth >= inlineDepth) return;
    for (const node of own.calls) {
      const targets = options.resolver.targets(node, at);
      const target = targets[0];
      if (targets.length !== 1 || !target?.node || seen.has(target) || seen.size > 200) continue;
      seen.add(target);
      visit(target.node.body, target.module, depth + 1);
    }
  };
  visit(code, module, 0);
  return { left: effort, ...all };
}

interface OwnNames extends Names {
  readonly calls: readonly CallExpression[];
}

const known = new WeakMap<Statement, OwnNames>();

/** Names in the statements themselves, kept by the first of them. */
function namesIn(nodes: readonly Statement[]): OwnNames {
  const first = nodes[0];
  const kept = first && known.get(first);
  if (kept) return kept;
  const conditions = new Set<string>();
  const stepped = new Set<string>();
  const flags = new Set<string>();
  const calls: CallExpression[] = [];
  const collect = (test: Expression | undefined): void => {
    if (!test) return;
    walk(test, {
      enter(node) {
        if (node.kind === 'name') conditions.add(node.name);
        else if (node.kind === 'member') conditions.add(node.property);
        else if (node.kind === 'literal' && typeof node.value === 'string') conditions.add(node.value);
        return undefined;
      },
    });
  };
  const lastName = (node: Expression | Pattern): string | undefined => {
    if (node.kind === 'name') return node.name;
    if (node.kind === 'member') return node.property;
    if (node.kind === 'index' && node.index.kind === 'literal') return String(node.index.value);
    return undefined;
  };
  walk(nodes, {
    enter(node) {
      switch (node.kind) {
        case 'if':
        case 'conditional':
          collect(node.test);
          break;
        case 'loop':
          collect(node.test);
          collect(node.iterable);
          break;
        case 'switch':
          collect(node.subject);
          break;
        case 'logical':
        case 'binary':
          collect(node);
          break;
        case 'unary':
          if (node.operator === 'not') collect(node.operand);
          break;
        case 'return':
          // A predicate's answer.
          if (node.value && node.value.kind !== 'call' && node.value.kind !== 'object') collect(node.value);
          break;
        case 'assign': {
          const name = lastName(node.target);
          if (name === undefined) break;
          if (node.operator !== '=' || node.value.kind === 'binary') stepped.add(name);
          else if (node.value.kind === 'literal' || node.value.kind === 'name' || givesObject(node.value))
            flags.add(name);
          else if (node.value.kind === 'list') stepped.add(name);
          break;
        }
        case 'call': {
          calls.push(node);
          const callee = node.callee;
          if (callee.kind !== 'member') break;
          const name = lastName(callee.object);
          if (name !== undefined) stepped.add(name);
          const key = node.arguments[0]?.value;
          if (callee.property === 'set' && key?.kind === 'literal') stepped.add(String(key.value));
          break;
        }
        default:
          break;
      }
      return undefined;
    },
    enterFunction: () => 'skip',
  });
  const names = { conditions, stepped, flags, calls };
  if (first) known.set(first, names);
  return names;
}

/** Tells the places of bindings that end with the code: their changes are of no interest to what is around it. */
function localTo(module: Module, is: (binding: Binding) => boolean): (path: string) => boolean {
  const known = new Map<number, boolean>();
  const index = indexOf(module);
  return path => {
    if (path.charCodeAt(0) !== 98) return false;
    const id = Number.parseInt(path.slice(1), 10);
    const kept = known.get(id);
    if (kept !== undefined) return kept;
    const binding = index.byId(id);
    const answer = binding !== undefined && is(binding);
    known.set(id, answer);
    return answer;
  };
}

function ownVariables(info: FunctionInfo): (path: string) => boolean {
  return localTo(info.module, binding => binding.kind === 'variable' && isWithin(binding.scope.function, info));
}

function isWithin(inner: FunctionInfo, outer: FunctionInfo): boolean {
  for (let f: FunctionInfo | undefined = inner; f; f = f.outer) if (f === outer) return outer.node !== undefined;
  return false;
}

class Tracer {
  private complete = true;
  private exits: Exit[] = [];
  private readonly inlined = new Map<CallExpression, Ways | undefined>();
  private readonly predicates = new Map<CallExpression, Predicate | undefined>();
  /** As `predicates`, for a field of the answer. */
  private readonly fields = new Map<string, Predicate | undefined>();
  private readonly shared: Shared;
  private readonly local: (path: string) => boolean;
  private readonly options: WaysOptions;
  private readonly module: Module;
  private readonly env: Env | undefined;
  private readonly depth: number;
  /** Where calls that fail go: the states at each such call. */
  private failures: { state: State; at: CallExpression | Statement }[] | undefined;

  constructor(
    options: WaysOptions,
    module: Module,
    local: (path: string) => boolean,
    env: Env | undefined,
    depth: number,
    shared: Shared,
  ) {
    this.local = local;
    this.shared = shared;
    this.options = options;
    this.module = module;
    this.env = env;
    this.depth = depth;
  }

  loopTurn(loop: LoopStatement): Ways {
    let inside: State[] = [start];
    if (loop.form !== 'doWhile') {
      if (loop.form === 'each') {
        if (loop.iterable) inside = this.evaluate(loop.iterable, inside);
      } else if (loop.test) {
        const { yes, no } = this.branch(loop.test, inside);
        for (const state of no) this.exit(state, { kind: 'leave', at: undefined });
        inside = yes;
      }
    }
    const label = loop.label;
    const outer = this.exits;
    this.exits = [];
    this.failures = [];
    let after = this.block(loop.body, inside);
    const inner = this.exits;
    const failed = this.failures;
    this.exits = outer;
    this.failures = undefined;
    for (const { state, at } of dedupeFailures(failed)) this.exit(state, { kind: 'raise', at });
    const again: { states: State[]; at: Statement | undefined }[] = [{ states: after, at: undefined }];
    for (const exit of inner) {
      if (exit.end.kind === 'again' && (exit.label === undefined || exit.label === label)) {
        again.push({ states: [exit], at: exit.end.at });
      } else if (exit.end.kind === 'leave' && (exit.label === undefined || exit.label === label)) {
        this.exits.push({ ...exit, label: undefined });
      } else if (exit.end.kind === 'again' || exit.end.kind === 'leave') {
        // Continues or leaves an outer loop: for this one it is a way out.
        this.exits.push({ ...exit, end: { kind: 'leave', at: exit.end.at }, label: undefined });
      } else this.exits.push(exit);
    }
    for (const { states, at } of again) {
      after = states;
      for (const update of loop.update) after = this.evaluate(update, after);
      if (loop.form === 'doWhile' && loop.test) {
        const { yes, no } = this.branch(loop.test, after);
        for (const state of no) this.exit(state, { kind: 'leave', at: undefined });
        after = yes;
      }
      for (const state of after) this.exit(state, { kind: 'again', at });
    }
    return this.result();
  }

  body(statements: readonly Statement[]): Ways {
    this.failures = [];
    const rest = this.block(statements, [start]);
    for (const { state, at } of dedupeFailures(this.failures)) this.exit(state, { kind: 'raise', at });
    for (const state of rest) this.exit(state, { kind: 'leave', at: undefined });
    return this.result();
  }

  private result(): Ways {
    return {
      ways: this.exits.map(exit => ({
        end: exit.end,
        facts: list(exit.facts),
        changes: list(exit.changes),
        calls: list(exit.calls),
        caught: list(exit.caught),
      })),
      complete: this.complete,
    };
  }

  private exit(state: State, end: End, label?: string): void {
    if (this.exits.length >= stateLimit) {
      this.complete = false;
      return;
    }
    this.exits.push({ ...state, end, label });
  }

  private block(statements: readonly Statement[], states: State[]): State[] {
    for (const statement of statements) {
      if (states.length === 0) return states;
      this.shared.left -= states.length;
      if (this.shared.left < 0) {
        this.complete = false;
        return states;
      }
      states = this.limit(this.statement(statement, states));
    }
    return states;
  }

  private limit(states: State[]): State[] {
    if (states.length < 2) return states;
    const kept = dedupe(states);
    if (kept.length <= stateLimit) return kept;
    this.complete = false;
    return kept.slice(0, stateLimit);
  }

  private statement(node: Statement, states: State[]): State[] {
    switch (node.kind) {
      case 'expression':
        return this.evaluate(node.expression, states);
      case 'declare':
        return node.value ? this.evaluate(node.value, states) : states;
      // One state at a time, so that a branch which makes no difference can be forgotten again.
      case 'if':
        return states.flatMap(state => {
          const { yes, no } = this.branch(node.test, [state]);
          return rejoin(state, [...this.block(node.then, yes), ...this.block(node.otherwise, no)]);
        });
      case 'loop':
        return states.flatMap(state => this.innerLoop(node, [state]));
      case 'switch':
        return states.flatMap(state => this.switch(node, [state]));
      case 'try':
        return this.try(node, states);
      case 'block': {
        let inside = states;
        for (const one of node.header) inside = this.evaluate(one, inside);
        const mark = this.exits.length;
        const after = this.block(node.body, inside);
        if (node.label === undefined) return after;
        const out: State[] = [...after];
        this.exits = this.exits.filter((exit, i) => {
          if (i < mark || exit.end.kind !== 'leave' || exit.label !== node.label) return true;
          out.push(plain(exit));
          return false;
        });
        return out;
      }
      case 'return':
        this.returns(node, node.value, states);
        return [];
      case 'raise': {
        const after = node.value ? this.evaluate(node.value, states) : states;
        for (const state of after) this.fail(state, node);
        return [];
      }
      case 'break':
        for (const state of states) this.exit(state, { kind: 'leave', at: node }, node.label);
        return [];
      case 'continue':
        for (const state of states) this.exit(state, { kind: 'again', at: node }, node.label);
        return [];
      case 'opaque':
        for (const child of node.children) {
          states = isStatement(child) ? this.statement(child, states) : this.evaluate(child as Expression, states);
        }
        return states;
      default:
        return states;
    }
  }

  /** `return c ? a : b` is two ways. */
  private returns(at: Statement, value: Expression | undefined, states: State[]): void {
    if (value?.kind === 'conditional') {
      const { yes, no } = this.branch(value.test, states);
      this.returns(at, value.then, yes);
      this.returns(at, value.otherwise, no);
      return;
    }
    for (const state of value ? this.evaluate(value, states) : states) this.exit(state, { kind: 'return', at, value });
  }

  private fail(state: State, at: CallExpression | Statement): void {
    if (this.failures) this.failures.push({ state, at });
    else this.exit(state, { kind: 'raise', at });
  }

  private innerLoop(loop: LoopStatement, states: State[]): State[] {
    for (const one of loop.init) states = this.statement(one, states);
    let inside = states;
    const out: State[] = [];
    const endless = loop.form !== 'each' && (loop.test === undefined || isTrue(loop.test));
    if (loop.form === 'each') {
      if (loop.iterable) inside = this.evaluate(loop.iterable, states);
      // A stream can break off: what started it has long returned.
      if (loop.isAsync && this.failures) for (const state of inside) this.failures.push({ state, at: loop });
      out.push(...inside);
    } else if (loop.form !== 'doWhile' && loop.test && !endless) {
      const { yes, no } = this.branch(loop.test, states);
      out.push(...no);
      inside = yes;
    }
    const turn = (entering: State[]): State[] => {
      const outer = this.exits;
      this.exits = [];
      let after = this.block(loop.body, entering);
      const inner = this.exits;
      this.exits = outer;
      for (const exit of inner) {
        const mine = exit.label === undefined || exit.label === loop.label;
        if (exit.end.kind === 'leave' && mine) out.push(plain(exit));
        else if (exit.end.kind === 'again' && mine) after.push(plain(exit));
        else this.exits.push(exit);
      }
      for (const update of loop.update) after = this.evaluate(update, after);
      return after;
    };
    const after = turn(inside);
    if (!endless) out.push(...after);
    // Without a test it is left in its middle only: what a whole turn did before shows in the second.
    else if (after.length > 0) turn(this.limit(after));
    // A turn of the inner loop that changes nothing of interest is like none.
    let result = rejoin(states[0]!, out);
    if (loop.otherwise.length > 0) result = this.block(loop.otherwise, result);
    return result;
  }

  private switch(node: SwitchStatement, states: State[]): State[] {
    states = this.evaluate(node.subject, states);
    const outer = this.exits;
    this.exits = [];
    let falling: State[] = [];
    const out: State[] = [];
    let hasDefault = false;
    for (const one of node.cases) {
      let entering: State[];
      if (one.tests.length === 0) {
        hasDefault = true;
        entering = [...states];
      } else {
        entering = one.tests.flatMap(test => {
          const fact: Fact = {
            test: { kind: 'binary', operator: '==', left: node.subject, right: test, span: test.span },
            truth: true,
            module: this.module,
            env: this.env,
            seen: 0,
          };
          return states.map(state => withFact(state, fact));
        });
      }
      const after = this.block(one.body, this.limit([...entering, ...falling]));
      if (one.fallsThrough) falling = after;
      else {
        falling = [];
        out.push(...after);
      }
    }
    out.push(...falling);
    if (!hasDefault) out.push(...states);
    const inner = this.exits;
    this.exits = outer;
    for (const exit of inner) {
      // A `break` of the switch itself. Python has none.
      if (exit.end.kind === 'leave' && exit.label === undefined && this.module.language !== 'python')
        out.push(plain(exit));
      else this.exits.push(exit);
    }
    return rejoin(states[0]!, out);
  }

  private try(node: TryStatement, states: State[]): State[] {
    const outerFailures = this.failures;
    const outerExits = this.exits;
    const failures: { state: State; at: CallExpression | Statement }[] = [];
    this.failures = failures;
    this.exits = [];
    let after = this.block(node.body, states);
    if (node.otherwise.length > 0) {
      this.failures = outerFailures;
      after = this.block(node.otherwise, after);
    }
    this.failures = outerFailures;
    const failed = dedupeFailures(failures);
    if (node.handlers.length === 0) for (const one of failed) this.failInto(outerFailures, one.state, one.at);
    const caught = failed.map(one => ({ ...one.state, caught: link(one.state.caught, node) }));
    for (const handler of node.handlers) {
      after.push(...this.block(handler.body, dedupe(caught)));
    }
    // Python handlers with a type let the other exceptions through.
    if (node.handlers.length > 0 && node.handlers.every(handler => isNarrow(handler.types))) {
      for (const one of failed) this.failInto(outerFailures, one.state, one.at);
    }
    const inner = this.exits;
    this.exits = outerExits;
    if (node.finalizer.length === 0) {
      this.exits.push(...inner);
      return dedupe(after);
    }
    for (const exit of inner) {
      for (const state of this.block(node.finalizer, [plain(exit)]))
        this.exits.push({ ...state, end: exit.end, label: exit.label });
    }
    return this.block(node.finalizer, dedupe(after));
  }

  private failInto(
    failures: { state: State; at: CallExpression | Statement }[] | undefined,
    state: State,
    at: CallExpression | Statement,
  ): void {
    if (failures) failures.push({ state, at });
    else this.exit(state, { kind: 'raise', at });
  }

  // ---- Expressions ----------------------------------------------------------------------------------------------

  /** Runs an expression for what it changes and calls. */
  private evaluate(node: Expression, states: State[]): State[] {
    switch (node.kind) {
      case 'literal':
      case 'name':
      case 'functionExpression':
      case 'classExpression':
        return states;
      case 'logical': {
        const left = this.evaluate(node.left, states);
        const right = this.evaluate(node.right, left);
        return right === left ? left : dedupe([...left, ...right]);
      }
      case 'conditional': {
        return states.flatMap(state => {
          const { yes, no } = this.branch(node.test, [state]);
          return rejoin(state, [...this.evaluate(node.then, yes), ...this.evaluate(node.otherwise, no)]);
        });
      }
      case 'assign': {
        let after = this.evaluate(node.value, states);
        const changes = this.lasting(assignChanges(node, this.module, this.env));
        if (changes.length > 0) after = after.map(state => withChanges(state, changes));
        return after;
      }
      case 'call':
        return this.call(node, states);
      case 'await': {
        const after = this.evaluate(node.value, states);
        // What is waited for can be refused. A call that is watched has said so already.
        if (this.failures && node.value.kind === 'call' && !this.options.watch(node.value, this.module)) {
          for (const state of after) this.failures.push({ state, at: node.value });
        }
        return after;
      }
      default: {
        eachChild(
          node,
          child => {
            if (!isStatement(child)) states = this.evaluate(child as Expression, states);
          },
          skipFunctions,
        );
        return states;
      }
    }
  }

  private call(node: CallExpression, states: State[]): State[] {
    if (node.callee.kind === 'member' || node.callee.kind === 'index')
      states = this.evaluate(node.callee.object, states);
    else states = this.evaluate(node.callee, states);
    for (const argument of node.arguments) states = this.evaluate(argument.value, states);
    const watched = this.options.watch(node, this.module);
    if (watched) {
      const noted = { node, module: this.module };
      states = states.map(state => ({ ...state, calls: link(state.calls, noted) }));
      if (this.failures) for (const state of states) this.failures.push({ state, at: node });
    }
    if (endsProcess(node)) {
      for (const state of states) this.exit(state, { kind: 'raise', at: node });
      return [];
    }
    if (!watched && this.failures && mayFail(node)) for (const state of states) this.failures.push({ state, at: node });
    const changes = this.lasting(methodChanges(node, this.module, this.env));
    if (changes.length > 0) states = states.map(state => withChanges(state, changes));
    return this.inlineEffects(node, states);
  }

  /** Changes that can play a part in a bound or in growth; the others would only tell ways apart. */
  private lasting(changes: Change[]): Change[] {
    return changes.length === 0 ? changes : changes.filter(change => !this.local(change.path) && this.matters(change));
  }

  private matters({ path, how }: Change): boolean {
    if (this.options.shared?.(path)) return true;
    const parts = path.split('.');
    const last = parts.at(-1) === 'length' ? parts.at(-2)! : parts.at(-1)!;
    const name = /^b\d+$/.test(last) ? (indexOf(this.module).byId(Number(last.slice(1)))?.name ?? last) : last;
    const { conditions, stepped, flags } = this.shared;
    const inner = this.depth > 0;
    switch (how) {
      case 'up':
      case 'down':
        return !inner || conditions.has(name);
      case 'grow':
      case 'shrink':
        return !inner || (conditions.has(name) && stepped.has(name));
      default:
        return conditions.has(name) && (stepped.has(name) || (!inner && flags.has(name)));
    }
  }

  /** What a called function of the workspace changes and ensures, as far as all its ways agree. */
  private inlineEffects(node: CallExpression, states: State[]): State[] {
    const inlined = this.inline(node);
    if (!inlined) return states;
    const normal = inlined.ways.filter(way => way.end.kind !== 'raise');
    if (normal.length === 0 || normal.length > inlineWays) {
      const byPath = new Map(inlined.ways.flatMap(way => way.changes).map(change => [change.path, change]));
      const loose = [...byPath.values()].map(change => ({ ...change, how: 'unknown' as const }));
      return loose.length > 0 ? states.map(state => withChanges(state, loose)) : states;
    }
    const raises = inlined.ways.filter(way => way.end.kind === 'raise' && way.end.at.kind === 'raise');
    if (this.failures && raises.length > 0 && raises.length <= inlineWays) {
      for (const way of raises) for (const state of states) this.failures.push({ state: extend(state, way), at: node });
    }
    if (normal.every(way => way.changes.length === 0) && raises.length === 0) return states;
    return this.limit(normal.flatMap(way => states.map(state => extend(state, way))));
  }

  private inline(node: CallExpression): Ways | undefined {
    if (this.inlined.has(node)) return this.inlined.get(node);
    const ways = this.follow(node);
    this.inlined.set(node, ways);
    return ways;
  }

  private follow(node: CallExpression): Ways | undefined {
    if (this.depth >= inlineDepth) return undefined;
    const targets = this.options.resolver.targets(node, this.module);
    const target = targets[0];
    if (targets.length !== 1 || !target?.node || target.node.isGenerator || !mayMatter(target)) return undefined;
    const { body } = target.node;
    return following(target, () => this.inner(node, target).body(body));
  }

  private envFor(node: CallExpression, target: FunctionInfo): Env {
    const index = indexOf(target.module);
    const given = new Map<Binding, Located | undefined>();
    const here: In<CallExpression> = { node, module: this.module };
    target.node!.parameters.forEach((parameter, i) => {
      if (parameter.target.kind !== 'name') return;
      const binding = index.lookup(parameter.target.name, parameter.target);
      if (!binding) return;
      const argument = this.options.resolver.argument(here, target, i);
      if (argument === undefined) return;
      given.set(
        binding,
        argument === 'missing'
          ? parameter.defaultValue && { node: parameter.defaultValue, module: target.module, env: undefined }
          : { node: argument.node, module: argument.module, env: this.env },
      );
    });
    const self: Located | undefined =
      node.callee.kind === 'member' ? { node: node.callee.object, module: this.module, env: this.env } : undefined;
    return { arguments: given, self, outer: this.env };
  }

  /** Splits states by how a condition comes out. */
  private branch(test: Expression, states: State[]): { yes: State[]; no: State[] } {
    switch (test.kind) {
      case 'literal':
        return test.value ? { yes: states, no: [] } : { yes: [], no: states };
      case 'unary':
        if (test.operator === 'not') {
          const { yes, no } = this.branch(test.operand, states);
          return { yes: no, no: yes };
        }
        break;
      case 'logical': {
        if (test.operator === 'coalesce') break;
        const first = this.branch(test.left, states);
        // Of two ways that come together again only the whole condition is left: `max === 0 || n < max`.
        const whole = (all: State[], truth: boolean): State[] =>
          compares(test)
            ? all.map(state => withFact(state, { test, truth, module: this.module, env: this.env, seen: 0 }))
            : all;
        if (test.operator === 'and') {
          const second = this.branch(test.right, first.yes);
          return { yes: second.yes, no: whole(this.limit([...first.no, ...second.no]), false) };
        }
        const second = this.branch(test.right, first.no);
        return { yes: whole(this.limit([...first.yes, ...second.yes]), true), no: second.no };
      }
      case 'call': {
        const answer = this.branchCall(test, states);
        if (answer) return answer;
        break;
      }
      case 'await':
        if (test.value.kind === 'call') {
          const answer = this.branchCall(test.value, states);
          if (answer) return answer;
        }
        break;
      case 'name': {
        // `const done = attempts >= max; if (done) …`
        const binding = indexOf(this.module).lookup(test.name, test);
        const write = binding?.kind === 'variable' && binding.writes.length === 1 ? binding.writes[0] : undefined;
        const answer = this.branchField(test, binding, write?.keys ?? [], states);
        if (answer) return answer;
        if (binding?.constant !== false && write?.how === 'declare' && write.keys.length === 0 && write.value) {
          if (isCondition(write.value)) return this.branchPure(write.value, states);
          // `const reason = this.shouldStop(n); if (reason) …`
          const called = write.value.kind === 'await' ? write.value.value : write.value;
          if (called.kind === 'call') {
            const answer = this.branchAnswer(called, states);
            if (answer) return answer;
          }
        }
        break;
      }
      case 'member': {
        // `const state = this.check(n); if (state.stop) …`
        if (test.object.kind !== 'name') break;
        const binding = indexOf(this.module).lookup(test.object.name, test.object);
        const answer =
          binding?.writes[0]?.keys.length === 0 && this.branchField(test, binding, [test.property], states);
        if (answer) return answer;
        break;
      }
      case 'conditional': {
        const { yes, no } = this.branch(test.test, states);
        const then = this.branch(test.then, yes);
        const otherwise = this.branch(test.otherwise, no);
        return { yes: [...then.yes, ...otherwise.yes], no: [...then.no, ...otherwise.no] };
      }
      default:
        break;
    }
    if (
      test.kind === 'member' ||
      test.kind === 'name' ||
      test.kind === 'object' ||
      test.kind === 'list' ||
      test.kind === 'template'
    ) {
      const truth = this.constantTruth(test);
      if (truth !== undefined) return truth ? { yes: states, no: [] } : { yes: [], no: states };
    }
    const after = this.evaluate(test, states);
    const add = (state: State, truth: boolean): State =>
      withFact(state, { test, truth, module: this.module, env: this.env, seen: 0 });
    return { yes: after.map(state => add(state, true)), no: after.map(state => add(state, false)) };
  }

  /** Of what can only come out one way: a member of an enumeration, an object, `undefined`. */
  private constantTruth(test: Expression): boolean | undefined {
    if (test.kind === 'object' || test.kind === 'list') return this.module.language === 'typescript' ? true : undefined;
    if (test.kind === 'name' && test.name === 'undefined') return false;
    if (test.kind !== 'member' || test.object.kind !== 'name' || !/^[A-Z]/.test(test.object.name)) return undefined;
    const values = this.options.resolver.values(test, this.module);
    const only = values.length === 1 ? values[0] : undefined;
    return only?.kind === 'constant' ? Boolean(only.value) : undefined;
  }

  /** As `branch`, for a condition whose calls and changes were counted where it was computed. */
  private branchPure(test: Expression, states: State[]): { yes: State[]; no: State[] } {
    const result = this.branch(test, [start]);
    const join = (inner: State[]): State[] =>
      this.limit(states.flatMap(state => inner.map(one => list(one.facts).reduce(withFact, state))));
    return { yes: join(result.yes), no: join(result.no) };
  }

  /** A condition that is a call of a workspace function: its ways, by what they return. */
  private branchCall(node: CallExpression, states: State[]): { yes: State[]; no: State[] } | undefined {
    if (!this.predicates.has(node)) this.predicates.set(node, this.predicate(node));
    const predicate = this.predicates.get(node);
    if (!predicate) return undefined;
    for (const argument of node.arguments) states = this.evaluate(argument.value, states);
    for (const way of predicate.raises) {
      for (const state of states) this.failures?.push({ state: extend(state, way), at: node });
    }
    const join = (split: readonly State[], truth: boolean): State[] => {
      const answer: Fact = { test: node, truth, module: this.module, env: this.env, seen: 0 };
      return this.limit(states.flatMap(state => split.map(one => withFact(append(state, one), answer))));
    };
    return { yes: join(predicate.yes, true), no: join(predicate.no, false) };
  }

  /** As `branchCall`, for a call that has been made already: only what its answer says. */
  private branchAnswer(node: CallExpression, states: State[]): { yes: State[]; no: State[] } | undefined {
    if (!this.predicates.has(node)) this.predicates.set(node, this.predicate(node));
    return this.split(states, this.predicates.get(node));
  }

  /** As `branchAnswer`, for one field of what a helper gave back. */
  private branchField(
    test: Expression,
    binding: Binding | undefined,
    keys: readonly string[],
    states: State[],
  ): { yes: State[]; no: State[] } | undefined {
    const write = binding?.kind === 'variable' && binding.writes.length === 1 ? binding.writes[0] : undefined;
    const [field] = keys;
    if (write?.how !== 'declare' || !write.value || keys.length !== 1 || field === undefined) return undefined;
    const called = write.value.kind === 'await' ? write.value.value : write.value;
    if (called.kind !== 'call') return undefined;
    const key = `${called.span[0]} ${called.span[1]} ${field}`;
    if (!this.fields.has(key)) this.fields.set(key, this.predicate(called, field));
    const predicate = this.fields.get(key);
    // Only what sets something against a limit is worth telling more ways apart.
    if (
      !predicate ||
      ![...predicate.yes, ...predicate.no].some(one => list(one.facts).some(fact => compares(fact.test)))
    )
      return undefined;
    const split = this.split(states, predicate);
    const says = (all: State[], truth: boolean): State[] =>
      all.map(state => withFact(state, { test, truth, module: this.module, env: this.env, seen: 0 }));
    return split && { yes: says(split.yes, true), no: says(split.no, false) };
  }

  private split(states: State[], predicate: Predicate | undefined): { yes: State[]; no: State[] } | undefined {
    if (!predicate) return undefined;
    const join = (split: readonly State[]): State[] =>
      this.limit(states.flatMap(state => split.map(one => list(one.facts).reduce(withFact, state))));
    return { yes: join(predicate.yes), no: join(predicate.no) };
  }

  /** The ways of a called function by how its answer, or one field of it, comes out. */
  private predicate(node: CallExpression, field?: string): Predicate | undefined {
    if (this.depth >= inlineDepth || this.options.watch(node, this.module)) return undefined;
    const targets = this.options.resolver.targets(node, this.module);
    const target = targets[0];
    if (targets.length !== 1 || !target?.node || target.node.isGenerator) return undefined;
    if (returnedExpressions(target.node).length === 0) return undefined;
    const { body } = target.node;
    return following(target, () => {
      const tracer = this.inner(node, target);
      const inner = tracer.body(body);
      if (!inner.complete || inner.ways.length > inlineWays) return undefined;
      const yes: State[] = [];
      const no: State[] = [];
      const raises: Way[] = [];
      for (const way of inner.ways) {
        if (way.end.kind === 'raise') {
          if (way.end.at.kind === 'raise') raises.push(way);
          continue;
        }
        const whole = way.end.kind === 'return' ? way.end.value : undefined;
        const value = field === undefined ? whole : whole && fieldOf(whole, field);
        const here = [extend(start, way)];
        if (value === 'unknown') return undefined;
        if (!value) no.push(...here);
        else {
          const split = tracer.branch(value, here);
          yes.push(...split.yes);
          no.push(...split.no);
        }
      }
      return { yes: collapse(yes), no: collapse(no), raises };
    });
  }

  /** A tracer for the body of a called function, which knows what its parameters stand for. */
  private inner(node: CallExpression, target: FunctionInfo): Tracer {
    return new Tracer(
      { ...this.options, watch: () => false },
      target.module,
      ownVariables(target),
      this.envFor(node, target),
      this.depth + 1,
      this.shared,
    );
  }
}

/** The entry of an object that is written out; undefined if it has none, `unknown` where that cannot be seen. */
function fieldOf(node: Expression, field: string): Expression | 'unknown' | undefined {
  if (node.kind !== 'object') return 'unknown';
  let found: Expression | undefined;
  for (const entry of node.entries) {
    if (entry.kind !== 'entry' || entry.computed) return 'unknown';
    if (entry.key === field) found = entry.value;
  }
  return found;
}

/** What a call in a condition ensures when it comes out true, and false. */
interface Predicate {
  readonly yes: readonly State[];
  readonly no: readonly State[];
  readonly raises: readonly Way[];
}

/** Functions being followed right now, so that recursion ends. */
const inlining = new Set<string>();

/** Follows a function, or gives undefined if that is under way already. */
function following<T>(info: FunctionInfo, work: () => T): T | undefined {
  const key = `${info.module.path} ${info.node?.span[0] ?? 'top'}`;
  if (inlining.has(key)) return undefined;
  inlining.add(key);
  try {
    return work();
  } finally {
    inlining.delete(key);
  }
}

const matters = new WeakMap<FunctionInfo, boolean>();

/** Whether following a call can show anything: the body changes outer places or throws. */
function mayMatter(info: FunctionInfo): boolean {
  const known = matters.get(info);
  if (known !== undefined) return known;
  let found = false;
  const look = (node: Statement | Expression): void => {
    if (found) return;
    if (node.kind === 'raise') found = true;
    else if (node.kind === 'assign') {
      const path =
        node.target.kind === 'name' ? undefined : pathOf({ node: node.target, module: info.module, env: undefined });
      if (path !== undefined) found = true;
      else if (node.target.kind === 'name') {
        const binding = indexOf(info.module).lookup(node.target.name, node.target);
        if (binding && binding.scope.function !== info) found = true;
      } else found = node.target.kind !== 'objectPattern' && node.target.kind !== 'listPattern';
    } else if (node.kind === 'call' && node.callee.kind === 'member') {
      if (
        /^(push|append|set|shift|pop|check|assert\w*|tick|next|increment\w*|bump\w*|record\w*|add\w*|update\w*|count\w*)$/i.test(
          node.callee.property,
        )
      )
        found = true;
      else if (isThis(node.callee.object)) found = true;
    }
    if (!found) eachChild(node, child => look(child as Statement | Expression), skipFunctions);
  };
  for (const statement of info.node?.body ?? []) look(statement);
  matters.set(info, found);
  return found;
}

function isThis(node: Expression): boolean {
  return node.kind === 'name' && (node.name === 'this' || node.name === 'self');
}

/** True for a call whose whole answer is an object, by its name: `await client.chat.completions.create(…)`. */
export function givesObject(node: Expression): boolean {
  const call = node.kind === 'await' ? node.value : node;
  return (
    call.kind === 'call' &&
    /^(create|parse|generate(Text|Object|Content)|generate_content)$/.test(calleeName(call.callee))
  );
}

/** Nothing comes after it, and nothing here catches it. */
function endsProcess(node: CallExpression): boolean {
  return /^(process\.(exit|abort)|Deno\.exit|sys\.exit|os\._exit)$/.test(nameOf(node.callee));
}

/** Calls that fail in practice: parsers, validators, requests. Of others it is not assumed. */
function mayFail(node: CallExpression): boolean {
  const name = calleeName(node.callee);
  return /parse|validate|loads|decode|assert|fetch|request|execute|invoke|tool/i.test(name);
}

const skipFunctions = (): void => undefined;

function isStatement(node: { readonly kind: string; readonly role?: string }): node is Statement {
  switch (node.kind) {
    case 'expression':
    case 'declare':
    case 'if':
    case 'loop':
    case 'switch':
    case 'try':
    case 'block':
    case 'return':
    case 'raise':
    case 'break':
    case 'continue':
    case 'function':
    case 'class':
    case 'scope':
      return true;
    case 'opaque':
      return node.role === 'statement';
    default:
      return false;
  }
}

function isCondition(node: Expression): boolean {
  return (
    node.kind === 'logical' ||
    (node.kind === 'unary' && node.operator === 'not') ||
    (node.kind === 'binary' && /^([<>=!]=?|==)$/.test(node.operator))
  );
}

function isTrue(node: Expression): boolean {
  return node.kind === 'literal' && Boolean(node.value);
}

/** True if one part of a condition sets something against a limit. */
function compares(test: Expression): boolean {
  if (test.kind === 'logical') return compares(test.left) || compares(test.right);
  if (test.kind === 'unary' && test.operator === 'not') return compares(test.operand);
  return test.kind === 'binary' && /^[<>]=?$/.test(test.operator);
}

/** Exception types that do not catch everything. */
function isNarrow(types: readonly Expression[]): boolean {
  if (types.length === 0) return false;
  return !types.some(type => type.kind === 'name' && /^(Exception|BaseException)$/.test(type.name));
}

/** Setting a place twice says no more than setting it once. */
function addChange(before: Link<Change> | undefined, change: Change): Link<Change> | undefined {
  if (change.how === 'set' || change.how === 'unknown') {
    for (let l = before; l; l = l.before) {
      if (
        l.last.path === change.path &&
        l.last.how === change.how &&
        (change.how === 'unknown' || l.last.node === change.node)
      ) {
        return before;
      }
    }
  }
  return link(before, change);
}

function withChanges(state: State, changes: readonly Change[]): State {
  const added = changes.reduce<Link<Change> | undefined>(addChange, state.changes);
  return added === state.changes ? state : { ...state, changes: added };
}

/** The state after a condition: it has seen the changes made so far. */
function withFact(state: State, fact: Fact): State {
  return { ...state, facts: link(state.facts, { ...fact, seen: state.changes?.length ?? 0 }) };
}

function extend(state: State, way: Pick<Way, 'facts' | 'changes'>): State {
  // What a fact has seen, counted in the longer list.
  const seen = [state.changes?.length ?? 0];
  let changes = state.changes;
  for (const change of way.changes) {
    changes = addChange(changes, change);
    seen.push(changes?.length ?? 0);
  }
  const facts = way.facts.reduce<Link<Fact> | undefined>(
    (before, fact) => link(before, { ...fact, seen: seen[fact.seen] ?? seen[0]! }),
    state.facts,
  );
  return { ...state, facts, changes };
}

/** `state`, then what `more` (which began at the start) adds. */
function append(state: State, more: State): State {
  return extend(state, { facts: list(more.facts), changes: list(more.changes) });
}

function plain(exit: Exit): State {
  return { facts: exit.facts, changes: exit.changes, calls: exit.calls, caught: exit.caught };
}

/** After a branch that made no difference, the facts about it are forgotten: both ways are one again. */
function rejoin(base: State, all: State[]): State[] {
  if (
    all.length > 1 &&
    all.every(state => state.changes === base.changes && state.calls === base.calls && state.caught === base.caught)
  ) {
    return [{ ...base, facts: commonFacts(base, all) }];
  }
  return dedupe(all);
}

/** The facts of a state, and those that all of its successors agree on. */
function commonFacts(base: State, all: readonly State[]): Link<Fact> | undefined {
  let facts = base.facts;
  const [first, ...rest] = all;
  const others = rest.map(state => newFacts(base, state));
  for (const fact of newFacts(base, first!)) {
    if (others.every(list => list.some(one => one.test === fact.test && one.truth === fact.truth)))
      facts = link(facts, fact);
  }
  return facts;
}

/** Facts that a state has beyond those that it began with. */
function newFacts(base: State, state: State): Fact[] {
  const found: Fact[] = [];
  for (let l = state.facts; l && l !== base.facts; l = l.before) found.push(l.last);
  return found.reverse();
}

/** States that differ in what they know only become one that knows what they all know. */
function collapse(states: readonly State[]): readonly State[] {
  return states.length > 1 && states.every(state => state.changes === undefined)
    ? [{ ...start, facts: commonFacts(start, states) }]
    : states;
}

function dedupe(states: State[]): State[] {
  if (states.length < 2) return states;
  const seen = new Map<unknown, State[]>();
  const out: State[] = [];
  for (const state of states) {
    const bucket = seen.get(state.facts);
    if (bucket?.some(s => s.changes === state.changes && s.calls === state.calls && s.caught === state.caught))
      continue;
    if (bucket) bucket.push(state);
    else seen.set(state.facts, [state]);
    out.push(state);
  }
  return out;
}

function dedupeFailures<T extends { state: State }>(failures: readonly T[]): T[] {
  if (failures.length < 2) return [...failures];
  const seen = new Map<unknown, State[]>();
  const out: T[] = [];
  for (const one of failures) {
    const { state } = one;
    const bucket = seen.get(state.facts);
    if (bucket?.some(s => s.changes === state.changes && s.calls === state.calls)) continue;
    if (bucket) bucket.push(state);
    else seen.set(state.facts, [state]);
    out.push(one);
  }
  return out;
}

function list<T>(chain: Link<T> | undefined): T[] {
  const out: T[] = [];
  for (let l = chain; l; l = l.before) out.push(l.last);
  return out.reverse();
}
