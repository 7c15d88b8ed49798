// What a counter starts with when a loop is entered: the least value if it goes up, the greatest if it goes down.
// It must not promise more than the code in sight says: what may have moved a counter the wrong way makes it unknown.
import { assignChanges, pathOf } from '../../program/access.ts';
import type { Expression, LoopStatement, Pattern, Statement } from '../../program/model.ts';
import { type FunctionInfo, indexOf } from '../../program/scope.ts';
import { walk } from '../../program/walk.ts';

/** A number; undefined where nothing in sight sets it; 'unknown' where something does, but not to a known number. */
export type Start = number | 'unknown' | undefined;

/** The value that a place has before the loop. */
export function startValue(path: string, loop: LoopStatement, info: FunctionInfo, direction: 'up' | 'down'): Start {
  const reading = new Reading(path, info, direction);
  const body: readonly Statement[] = info.node?.body ?? info.module.body;
  const before = reading.enter(body, loop, { value: undefined, set: false });
  return before.set ? before.value : reading.outside(before.value);
}

interface State {
  readonly value: Start;
  /** True if every way to here sets it. */
  readonly set: boolean;
}

class Reading {
  private readonly path: string;
  private readonly info: FunctionInfo;
  private readonly direction: 'up' | 'down';

  constructor(path: string, info: FunctionInfo, direction: 'up' | 'down') {
    this.path = path;
    this.info = info;
    this.direction = direction;
  }

  /** The state at the loop, coming from the top of the statements around it. */
  enter(statements: readonly Statement[], loop: LoopStatement, state: State): State {
    for (const statement of statements) {
      if (statement === loop) return loop.init.reduce((now, one) => this.pass(one, now), state);
      if (!contains(statement, loop)) {
        state = this.pass(statement, state);
        continue;
      }
      // What an outer loop or a failed `try` did may have come before, the loop's own last turn with it.
      if (statement.kind === 'loop') {
        for (const one of statement.init) state = this.pass(one, state);
        state = this.perhaps(
          [...(statement.test ? [statement.test] : []), ...statement.body, ...statement.update],
          state,
          true,
        );
      }
      if (statement.kind === 'if') state = this.perhaps([statement.test], state, false);
      if (statement.kind === 'switch') state = this.perhaps([statement.subject], state, false);
      for (const list of listsOf(statement)) {
        if (list.some(one => one === loop || contains(one, loop))) return this.enter(list, loop, state);
        if (statement.kind === 'try') state = this.perhaps(list, state, false);
      }
      return { value: 'unknown', set: true };
    }
    return state;
  }

  /** Before anything in the function: declared further out, set by others, or left by an earlier call. */
  outside(value: Start): Start {
    let state: State = { value, set: true };
    const join = (one: Start): void => {
      state = { value: this.joined(state.value, one), set: true };
    };
    const name = lastName(this.path, this.info);
    if (this.path.startsWith('this.')) {
      let owner = this.info.owner;
      for (let f = this.info.outer; !owner && f; f = f.outer) owner = f.owner;
      for (const member of owner?.node.members ?? []) {
        if (member.kind === 'field' && member.name === name && member.value) join(numeric(member.value) ?? 'unknown');
      }
    }
    const root = this.path.split('.')[0]!;
    const binding = /^b\d+$/.test(root) ? indexOf(this.info.module).byId(Number(root.slice(1))) : undefined;
    const given = binding?.kind === 'parameter';
    if (given && root === this.path) {
      const start = binding.parameter?.node.defaultValue;
      join((start && numeric(start)) ?? 'unknown');
    }
    const local = this.isLocal();
    for (const f of indexOf(this.info.module).functions) {
      if (local && f !== this.info) continue;
      walk(f.node?.body ?? f.module.body, {
        enter: node => {
          if (node.kind === 'declare' && node.value) {
            const begins = this.declared(node.target, node.value);
            if (begins !== undefined) join(begins);
          }
          // An object that comes in from outside begins as some literal says.
          if (given && node.kind === 'object' && this.path.includes('.')) {
            for (const entry of node.entries)
              if (entry.kind === 'entry' && entry.key === name) join(numeric(entry.value) ?? 'unknown');
          }
          if (node.kind !== 'assign' || f === this.info) return undefined;
          const target = node.target;
          const named =
            target.kind === 'name'
              ? pathOf({ node: target, module: f.module, env: undefined }) === this.path
              : target.kind === 'member' && this.path.includes('.') && target.property === name;
          if (!named) return undefined;
          const own = assignChanges(node, f.module, undefined)[0];
          if (own?.how === 'set') join((own.value && numeric(own.value)) ?? 'unknown');
          else if (own && own.how !== this.direction && own.how !== 'grow') join('unknown');
          return undefined;
        },
        enterFunction: () => 'skip',
      });
    }
    if (!local) state = this.perhaps(this.info.node?.body ?? [], state, true);
    return state.value;
  }

  private isLocal(): boolean {
    const id = /^b(\d+)$/.exec(this.path)?.[1];
    const binding = id === undefined ? undefined : indexOf(this.info.module).byId(Number(id));
    return binding?.kind === 'variable' && binding.writes.every(write => write.within === this.info);
  }

  /** A statement that runs before the loop. */
  private pass(statement: Statement, state: State): State {
    if (statement.kind === 'declare' && statement.value) {
      const given = this.declared(statement.target, statement.value);
      if (given !== undefined) return { value: given, set: true };
    }
    if (statement.kind === 'expression' && statement.expression.kind === 'assign') {
      const node = statement.expression;
      const change = assignChanges(node, this.info.module, undefined).find(one => one.path === this.path);
      if (change?.how === 'set') return { value: (change.value && numeric(change.value)) ?? 'unknown', set: true };
    }
    return this.perhaps([statement], state, false);
  }

  /** Code that may have run, more than once if it `repeats`. */
  private perhaps(nodes: readonly (Statement | Expression)[], state: State, repeats: boolean): State {
    let value = state.value;
    const visit = (inside: readonly (Statement | Expression)[], again: boolean): void =>
      walk(inside, {
        enter: node => {
          if (node.kind === 'loop' && !again) {
            visit([node], true);
            return 'skip';
          }
          if (node.kind !== 'assign') return undefined;
          for (const change of assignChanges(node, this.info.module, undefined)) {
            if (change.path !== this.path || change.how === this.direction || change.how === 'grow') continue;
            if (change.how === 'set') value = this.joined(value, (change.value && numeric(change.value)) ?? 'unknown');
            else if (again || change.by === 0 || typeof value !== 'number') value = 'unknown';
            else value += this.direction === 'up' ? -change.by : change.by;
          }
          return undefined;
        },
        enterFunction: () => 'skip',
      });
    visit(nodes, repeats);
    return { value, set: state.set };
  }

  private declared(target: Pattern, value: Expression): Start {
    if (target.kind !== 'name') return undefined;
    const base = pathOf({ node: target, module: this.info.module, env: undefined });
    if (base === this.path) return numeric(value) ?? 'unknown';
    if (base === undefined || !this.path.startsWith(`${base}.`)) return undefined;
    const rest = this.path.slice(base.length + 1);
    if (rest === 'length' && value.kind === 'list') return numeric(value) ?? 'unknown';
    if (value.kind !== 'object') return undefined;
    const entry = value.entries.find(one => one.kind === 'entry' && one.key === rest);
    return entry?.kind === 'entry' ? (numeric(entry.value) ?? 'unknown') : undefined;
  }

  private joined(a: Start, b: Start): Start {
    if (a === undefined) return b;
    if (a === 'unknown' || b === 'unknown') return 'unknown';
    if (b === undefined) return a;
    return this.direction === 'up' ? Math.min(a, b) : Math.max(a, b);
  }
}

function contains(outer: Statement, loop: LoopStatement): boolean {
  return outer.span[0] <= loop.span[0] && outer.span[1] >= loop.span[1];
}

function listsOf(node: Statement): (readonly Statement[])[] {
  switch (node.kind) {
    case 'if':
      return [node.then, node.otherwise];
    case 'loop':
      return [node.body, node.otherwise];
    case 'switch':
      return node.cases.map(one => one.body);
    case 'try':
      return [node.body, node.otherwise, ...node.handlers.map(handler => handler.body), node.finalizer];
    case 'block':
      return [node.body];
    default:
      return [];
  }
}

function lastName(path: string, info: FunctionInfo): string {
  const last = path.split('.').at(-1)!;
  return /^b\d+$/.test(last) ? (indexOf(info.module).byId(Number(last.slice(1)))?.name ?? last) : last;
}

/** A number written out; of a list its length. */
export function numeric(node: Expression): number | undefined {
  if (node.kind === 'literal' && typeof node.value === 'number') return node.value;
  if (node.kind === 'list') return node.items.some(item => item.kind === 'spread') ? undefined : node.items.length;
  if (node.kind === 'unary' && node.operator === '-') {
    const inner = numeric(node.operand);
    return inner === undefined ? undefined : -inner;
  }
  return undefined;
}
