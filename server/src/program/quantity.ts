// How many: numbers, numbers that the configuration decides, and "no bound", with the sums and products of a worst case.
// An answer is never a guess: what is not known stays a name.

import { envHas, type Located } from './access.ts';
import type { Expression } from './model.ts';
import { type Binding, indexOf } from './scope.ts';
import type { Resolver } from './values.ts';

/**
 * A polynomial with non-negative coefficients over named unknowns. Key: sorted names joined by ' x ' ('' is the constant).
 * `endless` is no bound at all.
 */
export type Quantity = { readonly terms: ReadonlyMap<string, number> } | 'endless';

export const zero: Quantity = { terms: new Map() };
export const one: Quantity = number(1);

export function number(value: number): Quantity {
  if (value === Infinity || Number.isNaN(value)) return 'endless';
  return { terms: value === 0 ? new Map() : new Map([['', value]]) };
}

export function symbol(name: string): Quantity {
  return { terms: new Map([[name, 1]]) };
}

export function plus(a: Quantity, b: Quantity): Quantity {
  if (a === 'endless' || b === 'endless') return 'endless';
  if (a.terms.size === 0) return b;
  if (b.terms.size === 0) return a;
  const terms = new Map(a.terms);
  for (const [name, factor] of b.terms) terms.set(name, (terms.get(name) ?? 0) + factor);
  return { terms };
}

export function times(a: Quantity, b: Quantity): Quantity {
  if (isZero(a) || isZero(b)) return zero;
  if (a === 'endless' || b === 'endless') return 'endless';
  const terms = new Map<string, number>();
  for (const [x, fx] of a.terms) {
    for (const [y, fy] of b.terms) {
      const name = [...x.split(' x '), ...y.split(' x ')].filter(Boolean).sort().join(' x ');
      terms.set(name, (terms.get(name) ?? 0) + fx * fy);
    }
  }
  return { terms };
}

/** The larger; where that cannot be told, the larger of each term, which is an upper bound of both. */
export function most(a: Quantity, b: Quantity): Quantity {
  if (a === 'endless' || b === 'endless') return 'endless';
  const terms = new Map(a.terms);
  for (const [name, factor] of b.terms) terms.set(name, Math.max(terms.get(name) ?? 0, factor));
  return { terms };
}

/** The smaller where both are numbers; a number wins over a name; `endless` loses always. */
export function least(a: Quantity, b: Quantity): Quantity {
  if (a === 'endless') return b;
  if (b === 'endless') return a;
  const x = asNumber(a);
  const y = asNumber(b);
  if (x !== undefined && y !== undefined) return x <= y ? a : b;
  return y !== undefined ? b : a;
}

export function isZero(a: Quantity): boolean {
  return a !== 'endless' && a.terms.size === 0;
}

export function asNumber(a: Quantity): number | undefined {
  if (a === 'endless') return undefined;
  if (a.terms.size === 0) return 0;
  return a.terms.size === 1 ? a.terms.get('') : undefined;
}

/** As the report has it: a number, an expression such as `3 x maxRetries + 1`, or null for no bound. */
export function report(a: Quantity): number | string | null {
  if (a === 'endless') return null;
  const plain = asNumber(a);
  if (plain !== undefined) return plain;
  const parts = [...a.terms]
    .filter(([, factor]) => factor !== 0)
    .sort(([x], [y]) => (x === '' ? 1 : y === '' ? -1 : x < y ? -1 : 1))
    .map(([name, factor]) => (name === '' ? String(factor) : factor === 1 ? name : `${factor} x ${name}`));
  return parts.join(' + ');
}

/** What a limit in the code comes to. */
export type Limit =
  | { readonly kind: 'number'; readonly value: number }
  /** Decided outside the code: environment, input, a parameter. `fallback` is what it is when nothing is given. */
  | {
      readonly kind: 'config';
      readonly name: string;
      readonly fallback: number | undefined;
      readonly canBeEndless: boolean;
    }
  /** Comes out of a model's or tool's answer, or is not understood. */
  | { readonly kind: 'unknown'; readonly name: string };

/** Evaluates a limit: constants through bindings and modules, defaults, environment, arithmetic, ternaries, min and max. */
export function limitOf(at: Located, resolver: Resolver, depth = 0): Limit {
  const node = at.node as Expression;
  const { module, env } = at;
  const name = nameOf(node);
  if (depth > 12) return { kind: 'unknown', name };
  const again = (next: Expression): Limit => limitOf({ node: next, module, env }, resolver, depth + 1);
  switch (node.kind) {
    case 'literal':
      if (typeof node.value === 'number') return { kind: 'number', value: node.value };
      if (typeof node.value === 'string' && node.value.trim() !== '' && Number.isFinite(Number(node.value))) {
        return { kind: 'number', value: Number(node.value) };
      }
      return { kind: 'unknown', name };
    case 'unary': {
      const inner = again(node.operand);
      if (inner.kind === 'number' && node.operator === '-') return { kind: 'number', value: -inner.value };
      return inner;
    }
    case 'binary': {
      const a = again(node.left);
      const b = again(node.right);
      if (a.kind === 'number' && b.kind === 'number') {
        const value = arithmetic(node.operator, a.value, b.value);
        return value === undefined ? { kind: 'unknown', name } : { kind: 'number', value };
      }
      if (a.kind === 'unknown' || b.kind === 'unknown') return { kind: 'unknown', name };
      const fa = a.kind === 'number' ? a.value : a.fallback;
      const fb = b.kind === 'number' ? b.value : b.fallback;
      return {
        kind: 'config',
        name,
        fallback: fa !== undefined && fb !== undefined ? arithmetic(node.operator, fa, fb) : undefined,
        canBeEndless: (a.kind === 'config' && a.canBeEndless) || (b.kind === 'config' && b.canBeEndless),
      };
    }
    case 'logical': {
      const a = again(node.left);
      const b = again(node.right);
      if (node.operator === 'and') return b;
      // A known left side is what counts, but 0 and NaN fall through `||`.
      if (a.kind === 'number' && (node.operator === 'coalesce' || a.value)) return a;
      if (a.kind === 'number') return b;
      return withFallback(a, b, nameOf(node.left));
    }
    case 'conditional':
      return either(again(node.then), again(node.otherwise), name);
    case 'await':
      return again(node.value);
    case 'assign':
      return again(node.value);
    case 'call': {
      const callee = node.callee;
      const first = node.arguments[0]?.value;
      const called = calleeName(callee);
      // Python: `float("inf")`.
      if (called === 'float' && first?.kind === 'literal' && /^[+-]?inf(inity)?$/i.test(String(first.value)))
        return { kind: 'number', value: String(first.value).startsWith('-') ? -Infinity : Infinity };
      if (first && /^(Number|parseInt|parseFloat|int|float|floor|ceil|round|trunc|abs)$/.test(called))
        return again(first);
      if (/^(min|max)$/.test(called) && node.arguments.length > 0) {
        const all = node.arguments.map(argument => again(argument.value));
        return called === 'min' ? smallest(all, name) : largest(all, name);
      }
      if (/^(get|getenv|getNumber|getInt)$/.test(called) && node.arguments.length > 0) {
        const fallback = node.arguments[1] ? again(node.arguments[1].value) : undefined;
        const key = first?.kind === 'literal' ? String(first.value) : name;
        return {
          kind: 'config',
          name: key,
          fallback: fallback?.kind === 'number' ? fallback.value : undefined,
          canBeEndless: fallback?.kind === 'number' && !Number.isFinite(fallback.value),
        };
      }
      break;
    }
    case 'member':
      if (isEnvironment(node)) return { kind: 'config', name: node.property, fallback: undefined, canBeEndless: false };
      if (/^(MAX_SAFE_INTEGER|MAX_VALUE|POSITIVE_INFINITY)$/.test(node.property))
        return { kind: 'number', value: Infinity };
      if (node.property === 'inf' && node.object.kind === 'name' && /^(math|np|numpy)$/.test(node.object.name))
        return { kind: 'number', value: Infinity };
      break;
    case 'index':
      if (isEnvironment(node)) {
        const key = node.index.kind === 'literal' ? String(node.index.value) : name;
        return { kind: 'config', name: key, fallback: undefined, canBeEndless: false };
      }
      break;
    default:
      break;
  }
  if (node.kind === 'name') {
    if (node.name === 'Infinity') return { kind: 'number', value: Infinity };
    const binding = indexOf(module).lookup(node.name, node);
    if (binding) {
      const given = envHas(env, binding);
      if (given) {
        // The caller's argument may be a parameter there, and so on outwards.
        return given.value
          ? limitOf(given.value, resolver, depth + 1)
          : { kind: 'config', name: node.name, fallback: undefined, canBeEndless: false };
      }
      return bindingLimit(binding, at, resolver, depth);
    }
  }
  const values = resolver.values(node, module);
  const numbers = values.map((value): Limit | undefined =>
    value.kind === 'constant' && typeof value.value === 'number' ? { kind: 'number', value: value.value } : undefined,
  );
  if (values.length > 0 && numbers.every(n => n !== undefined)) {
    return (numbers as Limit[]).reduce((a, b) => either(a, b, name));
  }
  if (node.kind === 'member') {
    const known = numbers.find(n => n !== undefined);
    // A field of a configuration object, a parameter's property.
    return {
      kind: 'config',
      name,
      fallback: known?.kind === 'number' ? known.value : undefined,
      canBeEndless: numbers.some(n => n?.kind === 'number' && n.value === Infinity),
    };
  }
  return { kind: 'unknown', name };
}

function bindingLimit(binding: Binding, at: Located, resolver: Resolver, depth: number): Limit {
  const name = binding.name;
  if (binding.kind === 'parameter') {
    const { of, index, node } = binding.parameter!;
    const found: Limit[] = [];
    const keys = binding.writes[0]?.keys ?? [];
    const fallbackNode = binding.writes[0]?.fallback ?? node.defaultValue;
    const fallback =
      fallbackNode && keys.length <= 1
        ? limitOf({ node: fallbackNode, module: of.module, env: undefined }, resolver, depth + 1)
        : undefined;
    if (keys.length === 0) {
      for (const site of resolver.callers(of).slice(0, 8)) {
        const given = resolver.argument(site, of, index);
        if (given === 'missing') {
          if (fallback) found.push(fallback);
        } else if (given)
          found.push(limitOf({ node: given.node, module: given.module, env: undefined }, resolver, depth + 2));
        else found.push({ kind: 'config', name, fallback: undefined, canBeEndless: false });
      }
    } else if (keys.length === 1) {
      for (const site of resolver.callers(of).slice(0, 8)) {
        const given = resolver.argument(site, of, index);
        if (!given) continue;
        const object =
          given === 'missing' ? undefined : resolver.values(given.node, given.module).find(v => v.kind === 'object');
        const entry = object?.kind === 'object' ? resolver.entry(object, keys[0]!) : undefined;
        if (entry) found.push(limitOf({ node: entry.node, module: entry.module, env: undefined }, resolver, depth + 2));
        else if (fallback) found.push(fallback);
      }
    }
    if (found.length === 0) {
      const value = fallback?.kind === 'number' ? fallback.value : undefined;
      return { kind: 'config', name, fallback: value, canBeEndless: value === Infinity };
    }
    return found.reduce((a, b) => either(a, b, name));
  }
  if (binding.kind === 'variable') {
    const writes = binding.writes.filter(write => write.how !== 'compound');
    const limits = writes.map((write): Limit => {
      if (!write.value || write.how === 'each' || write.how === 'unknown') return { kind: 'unknown', name };
      const holder = write.within.module;
      if (write.keys.length === 0)
        return limitOf({ node: write.value, module: holder, env: at.env }, resolver, depth + 1);
      // `const { max = 5 } = options`
      const object = resolver.values(write.value, holder).find(v => v.kind === 'object');
      const entry =
        object?.kind === 'object' && write.keys.length === 1 ? resolver.entry(object, write.keys[0]!) : undefined;
      if (entry) return limitOf({ node: entry.node, module: entry.module, env: undefined }, resolver, depth + 1);
      const fallback = write.fallback
        ? limitOf({ node: write.fallback, module: holder, env: undefined }, resolver, depth + 1)
        : undefined;
      return {
        kind: 'config',
        name,
        fallback: fallback?.kind === 'number' ? fallback.value : undefined,
        canBeEndless: fallback?.kind === 'number' && fallback.value === Infinity,
      };
    });
    if (limits.length === 0) return { kind: 'unknown', name };
    const limit = limits.reduce((a, b) => either(a, b, name));
    return limit.kind === 'config' && limit.name.includes('…') ? { ...limit, name } : limit;
  }
  const values = resolver.values(at.node as Expression, at.module);
  const only = values.length === 1 ? values[0] : undefined;
  if (only?.kind === 'constant' && typeof only.value === 'number') return { kind: 'number', value: only.value };
  if (binding.kind === 'import') return { kind: 'config', name, fallback: undefined, canBeEndless: false };
  return { kind: 'unknown', name };
}

function withFallback(a: Limit, b: Limit, name: string): Limit {
  if (a.kind === 'config') {
    const fallback = a.fallback ?? (b.kind === 'number' ? b.value : b.kind === 'config' ? b.fallback : undefined);
    return {
      kind: 'config',
      name: a.name,
      fallback,
      canBeEndless: a.canBeEndless || (b.kind === 'number' && b.value === Infinity),
    };
  }
  if (b.kind === 'number') return { kind: 'config', name, fallback: b.value, canBeEndless: b.value === Infinity };
  return a;
}

function either(a: Limit, b: Limit, name: string): Limit {
  if (a.kind === 'number' && b.kind === 'number') {
    if (a.value === b.value) return a;
    if (Number.isFinite(a.value) && Number.isFinite(b.value)) return a.value > b.value ? a : b;
    const finite = Number.isFinite(a.value) ? a.value : b.value;
    return { kind: 'config', name, fallback: finite, canBeEndless: true };
  }
  if (a.kind === 'unknown') return b.kind === 'unknown' ? a : { ...toConfig(b, name) };
  if (b.kind === 'unknown') return { ...toConfig(a, name) };
  const x = toConfig(a, name);
  const y = toConfig(b, name);
  return {
    kind: 'config',
    name: a.kind === 'config' ? a.name : b.kind === 'config' ? b.name : name,
    fallback:
      x.fallback === undefined ? y.fallback : y.fallback === undefined ? x.fallback : finiteMax(x.fallback, y.fallback),
    canBeEndless: x.canBeEndless || y.canBeEndless,
  };
}

function finiteMax(a: number, b: number): number {
  if (!Number.isFinite(a)) return b;
  return Number.isFinite(b) ? Math.max(a, b) : a;
}

function toConfig(a: Limit, name: string): Extract<Limit, { kind: 'config' }> {
  if (a.kind === 'config') return a;
  if (a.kind === 'unknown') return { kind: 'config', name: a.name, fallback: undefined, canBeEndless: false };
  return {
    kind: 'config',
    name,
    fallback: Number.isFinite(a.value) ? a.value : undefined,
    canBeEndless: !Number.isFinite(a.value),
  };
}

function smallest(all: readonly Limit[], name: string): Limit {
  const numbers = all.filter(l => l.kind === 'number' && Number.isFinite(l.value)) as { value: number }[];
  if (numbers.length > 0) return { kind: 'number', value: Math.min(...numbers.map(n => n.value)) };
  return all.find(l => l.kind === 'config') ?? all[0] ?? { kind: 'unknown', name };
}

function largest(all: readonly Limit[], name: string): Limit {
  if (all.every(l => l.kind === 'number'))
    return { kind: 'number', value: Math.max(...all.map(l => (l as { value: number }).value)) };
  return all.find(l => l.kind === 'unknown') ?? all.find(l => l.kind === 'config') ?? { kind: 'unknown', name };
}

function arithmetic(operator: string, a: number, b: number): number | undefined {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '//':
      return Math.floor(a / b);
    case '%':
      return a % b;
    case '**':
      return a ** b;
    default:
      return undefined;
  }
}

/** `process.env.X`, `import.meta.env.X`, `Deno.env.X`, `os.environ['X']`. */
function isEnvironment(node: Expression): boolean {
  const object = node.kind === 'member' || node.kind === 'index' ? node.object : undefined;
  return object?.kind === 'member' && (object.property === 'env' || object.property === 'environ');
}

/** The name of what is called, without its receiver; '' where it has none. */
export function calleeName(callee: Expression): string {
  return callee.kind === 'member' ? callee.property : callee.kind === 'name' ? callee.name : '';
}

/** A short name for an expression, for messages and symbols. */
export function nameOf(node: Expression): string {
  switch (node.kind) {
    case 'name':
      return node.name;
    case 'member': {
      const base = nameOf(node.object);
      return base === 'this' || base === 'self' || base === '…' ? node.property : `${base}.${node.property}`;
    }
    case 'index':
      return `${nameOf(node.object)}[…]`;
    case 'call':
      return `${nameOf(node.callee)}(…)`;
    case 'await':
    case 'unary':
      return nameOf(node.kind === 'await' ? node.value : node.operand);
    case 'literal':
      return String(node.value);
    case 'assign':
      return node.target.kind === 'name' || node.target.kind === 'member' ? nameOf(node.target) : '…';
    case 'binary':
      return `${nameOf(node.left)} ${node.operator} ${nameOf(node.right)}`;
    case 'logical':
      return nameOf(node.left);
    default:
      return '…';
  }
}
