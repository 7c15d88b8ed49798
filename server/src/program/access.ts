// Names places in memory: `attempts`, `this.state.count`, `config.get('tries')`, across aliases and inlined calls.
// It must not decide what a place means.
import type { AssignExpression, CallExpression, Expression, Module, Pattern } from './model.ts';
import { type Binding, indexOf, type Write } from './scope.ts';
import { isSelf } from './values.ts';

/** What the parameters and `this` of an inlined call stand for, in the caller. */
export interface Env {
  readonly arguments: ReadonlyMap<Binding, Located | undefined>;
  readonly self: Located | undefined;
  readonly outer: Env | undefined;
}

/** An expression with everything needed to understand its names. */
export interface Located {
  readonly node: Expression | Pattern;
  readonly module: Module;
  readonly env: Env | undefined;
}

/** A place plus a constant: `attempt + 1`. */
export interface Linear {
  readonly path: string;
  readonly offset: number;
}

const aliasDepth = 8;

/** `b12.count`, `this.state.n`; undefined if the expression is no place. */
export function pathOf(at: Located, depth = 0): string | undefined {
  if (depth > aliasDepth) return undefined;
  const { node, module, env } = at;
  switch (node.kind) {
    case 'name': {
      if (isSelf(node, module)) return env?.self ? pathOf(env.self, depth + 1) : 'this';
      const binding = indexOf(module).lookup(node.name, node);
      if (!binding) return undefined;
      for (let e = env; e; e = e.outer) {
        if (e.arguments.has(binding)) {
          const given = e.arguments.get(binding);
          return given ? pathOf(given, depth + 1) : undefined;
        }
      }
      const destructured = reference(binding);
      if (destructured) {
        const base = pathOf({ node: destructured.value!, module, env }, depth + 1);
        if (base) return [base, ...destructured.keys].join('.');
      }
      return `b${binding.id}`;
    }
    case 'member': {
      const base = objectPath({ node: node.object, module, env }, depth);
      // A set's or map's size is its length.
      return base === undefined ? undefined : `${base}.${node.property === 'size' ? 'length' : node.property}`;
    }
    case 'index': {
      const key = node.index.kind === 'literal' ? String(node.index.value) : undefined;
      if (key === undefined) return undefined;
      const base = objectPath({ node: node.object, module, env }, depth);
      return base === undefined ? undefined : `${base}.${key}`;
    }
    case 'assign':
      return pathOf({ node: node.target, module, env }, depth);
    case 'await':
      return pathOf({ node: node.value, module, env }, depth);
    case 'logical':
      // `count ?? 0`, `count || 0`: the same place with a start value.
      return node.operator !== 'and' && node.right.kind === 'literal'
        ? pathOf({ node: node.left, module, env }, depth)
        : undefined;
    case 'call': {
      const callee = node.callee;
      const first = node.arguments[0]?.value;
      if (callee.kind === 'name' && /^(Number|parseInt|int|float|BigInt|len)$/.test(callee.name) && first) {
        const inner = pathOf({ node: first, module, env }, depth);
        return inner !== undefined && callee.name === 'len' ? `${inner}.length` : inner;
      }
      if (callee.kind === 'member' && /^(get|getItem)$/.test(callee.property) && first?.kind === 'literal') {
        const base = objectPath({ node: callee.object, module, env }, depth);
        return base === undefined ? undefined : `${base}.${String(first.value)}`;
      }
      return undefined;
    }
    default:
      return undefined;
  }
}

/** Path of an expression used as an object: a constant that holds another object's part is that part. */
function objectPath(at: Located, depth: number): string | undefined {
  const { node, module } = at;
  if (node.kind === 'name') {
    const binding = indexOf(module).lookup(node.name, node);
    if (binding && binding.kind === 'variable' && binding.writes.length === 1) {
      const write = binding.writes[0]!;
      if (write.how === 'declare' && write.keys.length === 0 && write.value && isPlace(write.value)) {
        const base = pathOf({ node: write.value, module, env: at.env }, depth + 1);
        if (base !== undefined) return base;
      }
    }
  }
  return pathOf(at, depth + 1);
}

function isPlace(node: Expression): boolean {
  return node.kind === 'member' || (node.kind === 'name' && node.name !== 'undefined');
}

/** The write of a constant taken out of an object: `const { count } = state` names `state.count`. */
function reference(binding: Binding): Write | undefined {
  if (binding.kind !== 'variable' || binding.writes.length !== 1) return undefined;
  const write = binding.writes[0]!;
  return write.how === 'declare' && write.keys.length > 0 && write.value && !write.fallback && isPlace(write.value)
    ? write
    : undefined;
}

/** `path + constant`; follows names that are set once to such an expression, where `follow` allows it. */
export function linear(at: Located, follow: (binding: Binding) => boolean, depth = 0): Linear | undefined {
  const { node, module, env } = at;
  if (depth > aliasDepth) return undefined;
  if (node.kind === 'binary' && (node.operator === '+' || node.operator === '-')) {
    const right = constantNumber(node.right);
    if (right !== undefined) {
      const inner = linear({ node: node.left, module, env }, follow, depth + 1);
      return inner && { ...inner, offset: inner.offset + (node.operator === '+' ? right : -right) };
    }
    const left = constantNumber(node.left);
    if (left !== undefined && node.operator === '+') {
      const inner = linear({ node: node.right, module, env }, follow, depth + 1);
      return inner && { ...inner, offset: inner.offset + left };
    }
    return undefined;
  }
  if (node.kind === 'assign' && node.operator !== '=') {
    const path = pathOf(at);
    const by = constantNumber(node.value);
    // `x++ < 3` compares the old value, `++x` the new one; the change itself is recorded on the way.
    if (path === undefined || by === undefined) return undefined;
    return { path, offset: node.result === 'old' ? (node.operator === '-' ? by : -by) : 0 };
  }
  if (node.kind === 'name') {
    const binding = indexOf(module).lookup(node.name, node);
    const inEnv = binding && envHas(env, binding);
    if (binding && inEnv) {
      return inEnv.value ? linear(inEnv.value, follow, depth + 1) : undefined;
    }
    if (binding?.kind === 'variable' && binding.writes.length === 1 && follow(binding)) {
      const write = binding.writes[0]!;
      if ((write.how === 'declare' || write.how === 'assign') && write.value && write.keys.length === 0) {
        const inner = linear({ node: write.value, module, env }, follow, depth + 1);
        if (inner) return inner;
      }
    }
  }
  const path = pathOf(at);
  return path === undefined ? undefined : { path, offset: 0 };
}

/** What an inlined call's parameter stands for. */
export function envHas(env: Env | undefined, binding: Binding): { value: Located | undefined } | undefined {
  for (let e = env; e; e = e.outer) if (e.arguments.has(binding)) return { value: e.arguments.get(binding) };
  return undefined;
}

export function constantNumber(node: Expression): number | undefined {
  if (node.kind === 'literal' && typeof node.value === 'number') return node.value;
  if (node.kind === 'unary' && node.operator === '-') {
    const inner = constantNumber(node.operand);
    return inner === undefined ? undefined : -inner;
  }
  return undefined;
}

/** How one piece of code changes a place. */
export interface Change {
  readonly path: string;
  /** `up`/`down` by a positive constant; `grow`: by an unknown amount, upwards; `set`: to something else; `unknown`: any way. */
  readonly how: 'up' | 'down' | 'grow' | 'shrink' | 'set' | 'unknown';
  readonly by: number;
  readonly node: Expression;
  readonly module: Module;
  /** What it is set to, for `set`. */
  readonly value?: Expression;
  readonly env?: Env | undefined;
}

/** Changes made by an assignment itself (not by calls in its value). */
export function assignChanges(node: AssignExpression, module: Module, env: Env | undefined): Change[] {
  return patternChanges(node.target, node, module, env);
}

function patternChanges(target: Pattern, node: AssignExpression, module: Module, env: Env | undefined): Change[] {
  switch (target.kind) {
    case 'name':
    case 'member':
    case 'index': {
      const path = pathOf({ node: target, module, env });
      if (path === undefined) return [];
      const whole = target === node.target;
      const base = { path, node, module, env };
      if (!whole) return [{ ...base, how: 'unknown', by: 0 }];
      if (node.operator === '+' || node.operator === '-') {
        const by = constantNumber(node.value);
        const up = node.operator === '+';
        if (by === undefined || by === 0) {
          return [
            { ...base, how: by === 0 ? 'set' : isMeasure(node.value) ? (up ? 'grow' : 'shrink') : 'unknown', by: 0 },
          ];
        }
        return [{ ...base, how: up === by > 0 ? 'up' : 'down', by: Math.abs(by) }];
      }
      if (node.operator === '=') {
        const self = linear({ node: node.value, module, env }, () => false);
        if (self && self.path === path && self.offset !== 0) {
          return [{ ...base, how: self.offset > 0 ? 'up' : 'down', by: Math.abs(self.offset) }];
        }
        // `xs = [...xs, y]`, `xs = xs.concat(y)`: longer.
        if (extendsItself(node.value, path, module, env)) {
          return [
            { ...base, how: 'grow', by: 0 },
            { ...base, path: `${path}.length`, how: 'up', by: 1 },
          ];
        }
        return [
          { ...base, how: 'set', by: 0, value: node.value },
          { ...base, path: `${path}.length`, how: 'set', by: 0, value: node.value },
          ...grownParts(node.value, path, base),
        ];
      }
      return [{ ...base, how: 'unknown', by: 0 }];
    }
    case 'objectPattern':
      return target.entries.flatMap(entry => patternChanges(entry.target, node, module, env));
    case 'listPattern': {
      const values = node.value.kind === 'list' ? node.value.items : undefined;
      return target.items.flatMap((item, i): Change[] => {
        if (!item) return [];
        const value = values?.[i];
        if (value && !item.rest) {
          return assignChanges({ ...node, target: item.target, value, operator: '=' }, module, env);
        }
        return patternChanges(item.target, node, module, env);
      });
    }
    default:
      return [];
  }
}

/** `state = { ...state, log: [...state.log, x] }`: the same object with a longer part. */
function grownParts(value: Expression, path: string, base: Omit<Change, 'how' | 'by' | 'path'>): Change[] {
  const { module, env } = base;
  if (value.kind !== 'object') return [];
  if (!value.entries.some(one => one.kind === 'spread' && pathOf({ node: one.value, module, env }) === path)) return [];
  return value.entries.flatMap((entry): Change[] => {
    if (entry.kind !== 'entry') return [];
    const part = `${path}.${entry.key}`;
    const written =
      entry.value.kind === 'name' ? indexOf(module).lookup(entry.value.name, entry.value)?.writes : undefined;
    const grows = [entry.value, ...(written ?? []).flatMap(write => write.value ?? [])].some(one =>
      extendsItself(one, part, module, env),
    );
    return grows ? [{ ...base, path: part, how: 'grow', by: 0 }] : [];
  });
}

/** Names of things that only add up: tokens, cost, usage. */
function isMeasure(node: Expression): boolean {
  if (node.kind === 'logical') return isMeasure(node.left);
  // `usage.input_tokens + usage.output_tokens`
  if (node.kind === 'binary') return node.operator === '+' && isMeasure(node.left) && isMeasure(node.right);
  const name =
    node.kind === 'member'
      ? node.property
      : node.kind === 'name'
        ? node.name
        : node.kind === 'call' && node.callee.kind === 'name'
          ? node.callee.name
          : '';
  return /token|cost|usage|spent|length|size|count|price|elapsed|duration/i.test(name);
}

function extendsItself(value: Expression, path: string, module: Module, env: Env | undefined): boolean {
  if (value.kind === 'list') {
    return (
      value.items.length > 1 &&
      value.items.some(item => item.kind === 'spread' && pathOf({ node: item.value, module, env }) === path)
    );
  }
  if (value.kind === 'call' && value.callee.kind === 'member' && value.callee.property === 'concat') {
    return pathOf({ node: value.callee.object, module, env }) === path;
  }
  if (value.kind === 'binary' && value.operator === '+') {
    return pathOf({ node: value.left, module, env }) === path;
  }
  return false;
}

const growing = /^(push|append|unshift|add|insert|appendleft|extend|addMessage|addMessages|add_message)$/;
const shrinking = /^(pop|shift|popleft|remove|delete|popitem)$/;

/** Changes that a call of a collection's own method makes: `xs.push(y)`, `queue.shift()`, `map.set('n', v)`. */
export function methodChanges(node: CallExpression, module: Module, env: Env | undefined): Change[] {
  if (node.callee.kind !== 'member') return [];
  const name = node.callee.property;
  const isGrowing = growing.test(name);
  const isShrinking = shrinking.test(name);
  const sets = name === 'set' || name === 'clear' || name === 'splice';
  if (!isGrowing && !isShrinking && !sets) return [];
  const path = pathOf({ node: node.callee.object, module, env });
  if (path === undefined) return [];
  const base = { node, module, env };
  if (name === 'set') {
    const [key, value] = node.arguments;
    if (key?.value.kind !== 'literal' || !value) return [];
    const place = `${path}.${String(key.value.value)}`;
    const self = linear({ node: value.value, module, env }, () => true);
    if (self?.path === place && self.offset !== 0) {
      return [{ ...base, path: place, how: self.offset > 0 ? 'up' : 'down', by: Math.abs(self.offset) }];
    }
    return [{ ...base, path: place, how: 'set', by: 0, value: value.value }];
  }
  if (name === 'clear') return [{ ...base, path: `${path}.length`, how: 'set', by: 0 }];
  if (name === 'splice') {
    const cuts = node.arguments.length <= 2;
    return [{ ...base, path: `${path}.length`, how: cuts ? 'shrink' : 'unknown', by: 0 }];
  }
  if (isShrinking) return [{ ...base, path: `${path}.length`, how: 'down', by: 1 }];
  if (node.arguments.length === 0) return [];
  const surely = name !== 'add' && node.arguments.some(one => one.spread === 'none') && name !== 'extend';
  return [
    { ...base, path, how: 'grow', by: 0 },
    { ...base, path: `${path}.length`, how: surely ? 'up' : 'grow', by: 1 },
  ];
}
