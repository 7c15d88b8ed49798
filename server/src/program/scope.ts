// Who declares a name, who writes it, and in which function a node stands: one index per module, made once.
// It must not look into other modules.
import type {
  AnyNode,
  CallExpression,
  ClassNode,
  Expression,
  FunctionNode,
  ImportBinding,
  LoopStatement,
  Module,
  Parameter,
  Pattern,
} from './model.ts';
import { walk } from './walk.ts';

/** A function of the program, with where it stands. `node` is undefined for a module's top level. */
export interface FunctionInfo {
  readonly module: Module;
  readonly node: FunctionNode | undefined;
  /** `Class.method`, `outer.inner`; '' for an anonymous one; `(top level)` for a module. */
  readonly name: string;
  readonly outer: FunctionInfo | undefined;
  /** The class whose member it is. */
  readonly owner: ClassInfo | undefined;
  readonly isStatic: boolean;
  readonly accessor: 'none' | 'get' | 'set';
  /** Calls that run when the body runs, nested functions' left out; in source order. */
  readonly calls: CallExpression[];
  readonly loops: LoopStatement[];
  /** Functions written directly inside. */
  readonly inner: FunctionInfo[];
}

export interface ClassInfo {
  readonly module: Module;
  readonly node: ClassNode;
  readonly outer: FunctionInfo;
}

/** One place that gives a binding a value. `keys` leads from `value` into a destructured part: `['a', '0']`. */
export interface Write {
  readonly value: Expression | undefined;
  readonly keys: readonly string[];
  /** `each`: an element of `value`. `compound`: `x += value`, `x++`. `declare`: by `const`, `let` or a Python binding. */
  readonly how: 'declare' | 'assign' | 'compound' | 'each' | 'unknown';
  readonly node: AnyNode;
  readonly within: FunctionInfo;
  readonly fallback?: Expression;
}

export interface Binding {
  readonly name: string;
  readonly kind: 'variable' | 'parameter' | 'function' | 'class' | 'import';
  readonly scope: Scope;
  readonly constant: boolean;
  readonly annotation: Expression | undefined;
  readonly writes: Write[];
  readonly import?: ImportBinding;
  readonly function?: FunctionInfo;
  readonly class?: ClassInfo;
  readonly parameter?: { readonly of: FunctionInfo; readonly index: number; readonly node: Parameter };
  /** Number that names the binding in access paths. */
  readonly id: number;
}

export interface Scope {
  readonly outer: Scope | undefined;
  readonly function: FunctionInfo;
  readonly bindings: Map<string, Binding>;
}

export interface ModuleIndex {
  readonly module: Module;
  readonly top: FunctionInfo;
  /** Every function, outer before inner; the top level first. */
  readonly functions: readonly FunctionInfo[];
  readonly classes: readonly ClassInfo[];
  readonly scope: Scope;
  parent(node: AnyNode): AnyNode | undefined;
  functionOf(node: AnyNode): FunctionInfo;
  info(node: FunctionNode): FunctionInfo;
  classInfo(node: ClassNode): ClassInfo;
  /** The binding that `name` means at `at`. */
  lookup(name: string, at: AnyNode): Binding | undefined;
  /** A binding of this module by its id, as access paths name it. */
  byId(id: number): Binding | undefined;
  /** Binding of a name at a module's top level. */
  topBinding(name: string): Binding | undefined;
  /** Assignments to members by property name: `this.client = …`, `state.x = …`. */
  readonly memberWrites: ReadonlyMap<string, readonly MemberWrite[]>;
}

export interface MemberWrite {
  readonly object: Expression;
  readonly property: string;
  readonly value: Expression;
  readonly within: FunctionInfo;
}

const indices = new WeakMap<Module, ModuleIndex>();
let bindingIds = 0;

export function indexOf(module: Module): ModuleIndex {
  const kept = indices.get(module);
  if (kept) return kept;
  const index = build(module);
  indices.set(module, index);
  return index;
}

function build(module: Module): ModuleIndex {
  const parents = new Map<AnyNode, AnyNode>();
  const scopes = new Map<AnyNode, Scope>();
  const infos = new Map<FunctionNode, FunctionInfo>();
  const classInfos = new Map<ClassNode, ClassInfo>();
  const functions: FunctionInfo[] = [];
  const classes: ClassInfo[] = [];
  const memberWrites = new Map<string, MemberWrite[]>();
  const ids = new Map<number, Binding>();
  const python = module.language === 'python';

  const top: FunctionInfo = {
    module,
    node: undefined,
    name: '(top level)',
    outer: undefined,
    owner: undefined,
    isStatic: false,
    accessor: 'none',
    calls: [],
    loops: [],
    inner: [],
  };
  functions.push(top);
  const root: Scope = { outer: undefined, function: top, bindings: new Map() };
  let scope = root;
  let current = top;
  const ownerStack: ClassInfo[] = [];
  const stack: { scope: Scope; current: FunctionInfo }[] = [];
  /** Names that a Python function declares as global or nonlocal. */
  const declaredOuter = new Map<Scope, Map<string, 'global' | 'nonlocal'>>();

  const push = (at: AnyNode | undefined): void => {
    stack.push({ scope, current });
    scope = { outer: scope, function: current, bindings: new Map() };
    if (at) scopes.set(at, scope);
  };
  const pop = (): void => {
    const last = stack.pop()!;
    scope = last.scope;
    current = last.current;
  };
  const add = (into: Scope, name: string, more: Partial<Binding> & { kind: Binding['kind'] }): Binding => {
    const known = into.bindings.get(name);
    if (known) return known;
    const binding: Binding = {
      name,
      scope: into,
      constant: false,
      annotation: undefined,
      writes: [],
      id: ++bindingIds,
      ...more,
    };
    into.bindings.set(name, binding);
    ids.set(binding.id, binding);
    return binding;
  };

  for (const one of module.imports)
    if (one.local) add(root, one.local, { kind: 'import', import: one, constant: true });

  /** The scope in which a Python assignment to `name` binds it. */
  const pythonScope = (name: string): Scope => {
    const how = declaredOuter.get(scope)?.get(name);
    if (how === 'global') return root;
    if (how === 'nonlocal') {
      for (let s = scope.outer; s && s !== root; s = s.outer) if (s.bindings.has(name)) return s;
    }
    return scope;
  };
  const find = (name: string, from: Scope): Binding | undefined => {
    for (let s: Scope | undefined = from; s; s = s.outer) {
      const hit = s.bindings.get(name);
      if (hit) return hit;
    }
    return undefined;
  };

  /** Later binding of writes: a use may stand before its declaration. */
  const pending: { target: Pattern; write: Omit<Write, 'keys'>; keys: string[]; scope: Scope; declare: boolean }[] = [];

  const bindPattern = (
    target: Pattern,
    write: Omit<Write, 'keys'>,
    keys: readonly string[],
    declare: { constant: boolean; annotation?: Expression } | undefined,
  ): void => {
    switch (target.kind) {
      case 'name': {
        if (declare) {
          const into = python ? pythonScope(target.name) : scope;
          add(into, target.name, { kind: 'variable', constant: declare.constant, annotation: declare.annotation });
        }
        pending.push({ target, write, keys: [...keys], scope, declare: declare !== undefined });
        return;
      }
      case 'member': {
        if (write.value && write.how !== 'compound' && keys.length === 0) {
          const list = memberWrites.get(target.property);
          const one = { object: target.object, property: target.property, value: write.value, within: current };
          if (list) list.push(one);
          else memberWrites.set(target.property, [one]);
        }
        return;
      }
      case 'objectPattern':
        for (const entry of target.entries) {
          const next = entry.defaultValue ? { ...write, fallback: entry.defaultValue } : write;
          bindPattern(entry.target, next, [...keys, entry.key], declare);
        }
        if (target.rest) bindPattern(target.rest, { ...write, how: 'unknown' }, keys, declare);
        return;
      case 'listPattern':
        target.items.forEach((item, i) => {
          if (!item) return;
          const next: Omit<Write, 'keys'> = item.rest
            ? { ...write, how: 'unknown' }
            : item.defaultValue
              ? { ...write, fallback: item.defaultValue }
              : write;
          bindPattern(item.target, next, [...keys, String(i)], declare);
        });
        return;
      default:
        return;
    }
  };

  const enterFunction = (
    fn: FunctionNode,
    holder: AnyNode,
    member: { isStatic?: boolean; accessor?: 'none' | 'get' | 'set' } | undefined,
  ): void => {
    const owner = member ? ownerStack.at(-1) : undefined;
    const prefix = owner ? owner.node.name : current === top ? '' : current.name;
    const own = fn.name;
    const info: FunctionInfo = {
      module,
      node: fn,
      name: own ? (prefix ? `${prefix}.${own}` : own) : '',
      outer: current,
      owner,
      isStatic: member?.isStatic ?? false,
      accessor: member?.accessor ?? 'none',
      calls: [],
      loops: [],
      inner: [],
    };
    infos.set(fn, info);
    functions.push(info);
    current.inner.push(info);
    if (holder.kind === 'function') {
      const binding = add(scope, fn.name, { kind: 'function', function: info });
      if (binding.kind !== 'function') {
        binding.writes.push({ value: undefined, keys: [], how: 'unknown', node: holder, within: current });
      }
    }
    stack.push({ scope, current });
    current = info;
    scope = { outer: scope, function: info, bindings: new Map() };
    if (holder.kind === 'functionExpression' && fn.name && !fn.isArrow && !member) {
      // A named function expression can call itself by its own name.
      add(scope, fn.name, { kind: 'function', function: info });
    }
    fn.parameters.forEach((parameter, index) => {
      const write: Omit<Write, 'keys'> = {
        value: undefined,
        how: 'unknown',
        node: parameter.target,
        within: info,
        ...(parameter.defaultValue ? { fallback: parameter.defaultValue } : {}),
      };
      declareParameter(parameter.target, parameter, info, index, write);
    });
  };
  const declareParameter = (
    target: Pattern,
    node: Parameter,
    of: FunctionInfo,
    index: number,
    write: Omit<Write, 'keys'>,
  ): void => {
    if (target.kind === 'name') {
      add(scope, target.name, { kind: 'parameter', parameter: { of, index, node }, annotation: node.annotation });
      return;
    }
    parameterPattern(target, [], node, of, index, write);
  };
  const parameterPattern = (
    target: Pattern,
    keys: readonly string[],
    node: Parameter,
    of: FunctionInfo,
    index: number,
    write: Omit<Write, 'keys'>,
  ): void => {
    if (target.kind === 'name') {
      const binding = add(scope, target.name, { kind: 'parameter', parameter: { of, index, node } });
      binding.writes.push({ ...write, keys });
    } else if (target.kind === 'objectPattern') {
      for (const e of target.entries) {
        const next = e.defaultValue ? { ...write, fallback: e.defaultValue } : write;
        parameterPattern(e.target, [...keys, e.key], node, of, index, next);
      }
      if (target.rest) parameterPattern(target.rest, [...keys, '...'], node, of, index, write);
    } else if (target.kind === 'listPattern') {
      target.items.forEach((item, i) => {
        if (item) parameterPattern(item.target, [...keys, String(i)], node, of, index, write);
      });
    }
  };

  walk(module.body, {
    enter(node, parent) {
      if (parent) parents.set(node, parent);
      scopes.set(node, scope);
      switch (node.kind) {
        case 'call':
          current.calls.push(node);
          break;
        case 'declare':
          bindPattern(node.target, { value: node.value, how: 'declare', node, within: current }, [], {
            constant: node.constant,
            ...(node.annotation ? { annotation: node.annotation } : {}),
          });
          break;
        case 'assign': {
          const how = node.operator === '=' ? (python ? 'declare' : 'assign') : 'compound';
          const declare =
            python && how === 'declare'
              ? { constant: false, ...(node.annotation ? { annotation: node.annotation } : {}) }
              : undefined;
          bindPattern(
            node.target,
            { value: node.value, how: how === 'declare' ? 'assign' : how, node, within: current },
            [],
            declare,
          );
          break;
        }
        case 'loop':
          current.loops.push(node);
          if (!python) push(node);
          if (node.target)
            bindPattern(node.target, { value: node.iterable, how: 'each', node, within: current }, [], {
              constant: false,
            });
          break;
        case 'block':
        case 'if':
        case 'switch':
        case 'try':
          if (!python) push(node);
          if (node.kind === 'try') {
            for (const handler of node.handlers) {
              if (handler.parameter) {
                bindPattern(handler.parameter, { value: undefined, how: 'unknown', node, within: current }, [], {
                  constant: false,
                });
              }
            }
          }
          break;
        case 'comprehension':
          push(node);
          for (const clause of node.clauses) {
            bindPattern(clause.target, { value: clause.iterable, how: 'each', node, within: current }, [], {
              constant: false,
            });
          }
          break;
        case 'scope': {
          const names = declaredOuter.get(scope) ?? new Map<string, 'global' | 'nonlocal'>();
          for (const name of node.names) names.set(name, node.form === 'global' ? 'global' : 'nonlocal');
          declaredOuter.set(scope, names);
          break;
        }
        case 'class':
        case 'classExpression': {
          const info: ClassInfo = { module, node: node.class, outer: current };
          classInfos.set(node.class, info);
          classes.push(info);
          if (node.class.name) add(scope, node.class.name, { kind: 'class', class: info });
          ownerStack.push(info);
          push(node);
          break;
        }
        default:
          break;
      }
      return undefined;
    },
    leave(node) {
      switch (node.kind) {
        case 'loop':
        case 'block':
        case 'if':
        case 'switch':
        case 'try':
          if (!python) pop();
          break;
        case 'comprehension':
          pop();
          break;
        case 'class':
        case 'classExpression':
          ownerStack.pop();
          pop();
          break;
        default:
          break;
      }
    },
    enterFunction(fn, parent, member) {
      enterFunction(fn, parent, member?.kind === 'method' ? member : undefined);
      return undefined;
    },
    leaveFunction() {
      pop();
    },
  });

  for (const { target, write, keys, scope: from } of pending) {
    if (target.kind !== 'name') continue;
    const binding = find(target.name, from);
    binding?.writes.push({ ...write, keys });
  }

  return {
    module,
    top,
    functions,
    classes,
    scope: root,
    parent: node => parents.get(node),
    functionOf: node => scopes.get(node)?.function ?? top,
    info: node => infos.get(node)!,
    classInfo: node => classInfos.get(node)!,
    lookup: (name, at) => {
      const from = scopes.get(at) ?? root;
      // A Python class body is no scope for the methods inside it; the difference has not mattered so far.
      return find(name, from);
    },
    byId: id => ids.get(id),
    topBinding: name => root.bindings.get(name),
    memberWrites,
  };
}
