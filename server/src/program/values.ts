// What an expression stands for: a constant, a function or class of the workspace, or something made by a package.
// Follows bindings, imports, members, returns and arguments through the program. It knows no framework.
import type {
  Argument,
  CallExpression,
  Expression,
  FunctionNode,
  ListExpression,
  MemberExpression,
  Module,
  ObjectExpression,
  Pattern,
  Span,
  Statement,
} from './model.ts';
import type { Program, Resolution } from './program.ts';
import { type Binding, type ClassInfo, type FunctionInfo, indexOf, type Write } from './scope.ts';
import { walk } from './walk.ts';

/** A node with the module it stands in. */
export interface In<T> {
  readonly node: T;
  readonly module: Module;
}

/** One call in a chain: `new StateGraph(S).addNode('a', f)` has the steps `StateGraph` and `addNode`. */
export interface ChainStep extends In<CallExpression> {
  /** Name of what is called, without its receiver. */
  readonly name: string;
}

export type Value =
  | { readonly kind: 'constant'; readonly value: string | number | boolean | null | undefined }
  /**
   * Comes from a package. `path` is `specifier:export`, then `.member`, `()` for a call or `new`, `[]` for an element:
   * `openai:default().chat.completions.create`. Python paths start with the top package: `langgraph:graph.StateGraph()`.
   * `chain` has every call on the way, first one first: `chain[0]` is the object's identity.
   */
  | { readonly kind: 'external'; readonly path: string; readonly chain: readonly ChainStep[] }
  | { readonly kind: 'function'; readonly info: FunctionInfo; readonly self?: Value }
  | { readonly kind: 'class'; readonly info: ClassInfo }
  | { readonly kind: 'instance'; readonly info: ClassInfo; readonly made?: In<CallExpression> }
  | { readonly kind: 'object'; readonly node: ObjectExpression; readonly module: Module }
  | { readonly kind: 'list'; readonly node: ListExpression; readonly module: Module }
  | { readonly kind: 'namespace'; readonly path: string };

export interface CallSite extends In<CallExpression> {
  readonly from: FunctionInfo;
}

const depthLimit = 20;
const unionLimit = 8;
/** Expressions that one question may lead through. */
const effortLimit = 4_000;
const none: readonly Value[] = [];
const nobody: readonly CallSite[] = [];
const globals = new Set(['undefined', 'NaN', 'Infinity']);

/** What a resolver sees of the program around a module: whoever answers may note what was asked. */
export interface Surroundings {
  /** What the external paths of the program's imports begin with. */
  readonly heads: ReadonlySet<string>;
  module(path: string): Module | undefined;
  /** Every place that calls a function by name, in program order. Absent: arguments are not followed into parameters. */
  readonly callers?: ((info: FunctionInfo) => readonly CallSite[]) | undefined;
}

/**
 * Resolves values over one program snapshot. Answers are kept for the resolver's life, and what is kept leads further than
 * what is asked anew: so that an answer depends on the program alone, a resolver serves one piece of work and no other.
 */
export class Resolver {
  readonly program: Program;
  private readonly around: Surroundings;
  private readonly known = new Map<Expression, readonly Value[]>();
  /** Answers that a cycle cut short: right for a question that nothing led to, and for no other. */
  private readonly whole = new Map<Expression, readonly Value[]>();
  private readonly active = new Set<Expression | Binding>();
  private readonly returned = new Map<FunctionNode, readonly Value[]>();
  /** Answers by binding: most names are asked for again and again. */
  private readonly bound = new Map<Binding, readonly Value[]>();
  private chaining = false;
  /** True while an answer was cut short by a cycle: it must not be kept. */
  private cut = false;
  private effort = effortLimit;

  /** Specifiers that mean a package even where the workspace holds its source: a framework's own repository. */
  private readonly isPackage: (specifier: string) => boolean;

  constructor(program: Program, around: Surroundings, isPackage: (specifier: string) => boolean = () => false) {
    this.program = program;
    this.around = around;
    this.isPackage = isPackage;
  }

  /** What `node` may stand for; empty if nothing is known. */
  values(node: Expression, module: Module, depth = 0): readonly Value[] {
    switch (node.kind) {
      // Quicker found than kept.
      case 'literal':
      case 'template':
      case 'functionExpression':
      case 'classExpression':
      case 'object':
      case 'list':
        return this.find(node, module, depth);
      case 'unary':
        return none;
      case 'binary':
        if (!pipes(node, module)) return none;
        break;
      default:
        break;
    }
    const binding = node.kind === 'name' ? indexOf(module).lookup(node.name, node) : undefined;
    const kept = binding ? this.bound.get(binding) : this.known.get(node);
    if (kept) return kept;
    const first = depth === 0 && this.active.size === 0;
    const whole = first ? this.whole.get(node) : undefined;
    if (whole) return whole;
    if (depth === 0) this.effort = effortLimit;
    if (depth > depthLimit || this.active.has(node)) {
      this.cut = true;
      return none;
    }
    // A question that leads through half of the program is given up: nothing is known then.
    if (--this.effort < 0) return none;
    this.active.add(node);
    const outerCut = this.cut;
    this.cut = false;
    if (!this.chaining) this.inward(node, module, depth);
    const found = unique(this.find(node, module, depth + 1));
    this.active.delete(node);
    if (!this.cut) {
      if (binding) this.bound.set(binding, found);
      else this.known.set(node, found);
    } else if (first) this.whole.set(node, found);
    this.cut ||= outerCut;
    return found;
  }

  /** A long chain of calls is answered from the inside out: its length is no depth. */
  private inward(node: Expression, module: Module, depth: number): void {
    const links: Expression[] = [];
    for (let link = receiver(node); link && !this.known.has(link); link = receiver(link)) links.push(link);
    if (links.length < 4) return;
    this.chaining = true;
    for (let link = links.pop(); link && links.length > 0; link = links.pop()) this.values(link, module, depth + 1);
    this.chaining = false;
  }

  /** The one external path of an expression, if it has one. */
  externals(node: Expression, module: Module): Extract<Value, { kind: 'external' }>[] {
    return this.values(node, module).filter(value => value.kind === 'external');
  }

  /** False if nothing of the program can come from a package whose paths begin with a head that `belongs` accepts. */
  importsPackage(belongs: (head: string) => boolean): boolean {
    for (const head of this.around.heads) if (belongs(head)) return true;
    return false;
  }

  /** Functions of the workspace that a call runs: the callee, a constructor, never callbacks. */
  targets(call: CallExpression, module: Module): FunctionInfo[] {
    const found: FunctionInfo[] = [];
    if (binds(call)) return found;
    for (const value of this.values(call.callee, module)) {
      if (value.kind === 'function') found.push(value.info);
      else if (value.kind === 'class') {
        const made = this.constructorOf(value.info);
        if (made) found.push(made);
      }
    }
    return found;
  }

  /** Every place that calls `info` by name, in program order. */
  callers(info: FunctionInfo): readonly CallSite[] {
    return this.around.callers?.(info) ?? nobody;
  }

  /** The argument that a call gives to a parameter; `missing` if the call leaves it out. */
  argument(site: In<CallExpression>, target: FunctionInfo, index: number): In<Expression> | 'missing' | undefined {
    const parameter = target.node?.parameters[index];
    if (!parameter) return undefined;
    const name = parameter.target.kind === 'name' ? parameter.target.name : undefined;
    const python = target.module.language === 'python';
    const named = name === undefined ? undefined : site.node.arguments.find(one => one.name === name);
    if (named) return { node: named.value, module: site.module };
    if (site.node.arguments.some(one => one.spread !== 'none')) return undefined;
    // A Python method is called without its first parameter.
    const shift = python && target.owner && !target.isStatic ? 1 : 0;
    const given = site.node.arguments.filter(one => one.name === undefined)[index - shift];
    return given ? { node: given.value, module: site.module } : 'missing';
  }

  /** Value expressions of a class's field: declared, assigned through `this`, or a constructor's parameter property. */
  fieldValues(info: ClassInfo, name: string, depth = 0): readonly Value[] {
    const found: Value[] = [];
    for (const one of this.lineage(info, depth)) {
      const index = indexOf(one.module);
      for (const member of one.node.members) {
        if (member.kind === 'field' && member.name === name) {
          if (member.value) found.push(...this.values(member.value, one.module, depth));
          else if (member.annotation) found.push(...this.annotated(member.annotation, one.module, depth));
        }
        if (member.kind === 'method' && member.name === 'constructor') {
          for (const parameter of member.function.parameters) {
            if (parameter.isField && parameter.target.kind === 'name' && parameter.target.name === name) {
              found.push(...this.values(parameter.target, one.module, depth));
            }
          }
        }
        if (member.kind === 'statement' && member.statement.kind === 'expression') {
          const e = member.statement.expression;
          if (e.kind === 'assign' && e.target.kind === 'name' && e.target.name === name) {
            found.push(...this.values(e.value, one.module, depth));
          }
        }
      }
      for (const write of index.memberWrites.get(name) ?? []) {
        if (isSelf(write.object, one.module) && ownerOf(write.within) === one) {
          found.push(...this.values(write.value, one.module, depth));
        }
      }
      if (found.length > 0) break;
    }
    return found;
  }

  /** A class's method or accessor, its bases' included. */
  method(info: ClassInfo, name: string): FunctionInfo | undefined {
    for (const one of this.lineage(info)) {
      for (const member of one.node.members) {
        if (member.kind === 'method' && member.name === name && !member.function.bodiless) {
          return indexOf(one.module).info(member.function);
        }
      }
    }
    return undefined;
  }

  /** The class and its bases in the workspace, nearest first. */
  lineage(info: ClassInfo, depth = 0): ClassInfo[] {
    const line = [info];
    for (let i = 0; i < line.length && line.length < 12; i++) {
      const one = line[i]!;
      for (const base of one.node.bases) {
        const plain = base.kind === 'index' ? base.object : base;
        for (const value of this.values(plain, one.module, depth + 1)) {
          if (value.kind === 'class' && !line.includes(value.info)) line.push(value.info);
        }
      }
    }
    return line;
  }

  /** Paths of a class's bases that come from packages. */
  externalBases(info: ClassInfo): string[] {
    const paths: string[] = [];
    for (const one of this.lineage(info)) {
      for (const base of one.node.bases) {
        const plain = base.kind === 'index' ? base.object : base.kind === 'call' ? base.callee : base;
        for (const value of this.values(plain, one.module)) if (value.kind === 'external') paths.push(value.path);
      }
    }
    return paths;
  }

  /** Instances of the first type argument that a class gives to one of its bases. */
  private typeArgument(info: ClassInfo, depth: number): readonly Value[] {
    for (const one of this.lineage(info)) {
      for (const base of one.node.bases) {
        if (base.kind !== 'index') continue;
        const first = base.index.kind === 'list' ? base.index.items[0] : base.index;
        if (first) return this.annotated(first, one.module, depth);
      }
    }
    return none;
  }

  /** What a function gives back: the values of its `return`s. */
  returns(info: FunctionInfo, depth = 0): readonly Value[] {
    if (!info.node) return none;
    const kept = this.returned.get(info.node);
    if (kept) return kept;
    const found: Value[] = [];
    for (const value of returnedExpressions(info.node)) found.push(...this.values(value, info.module, depth));
    const all = unique(found);
    if (!this.cut) this.returned.set(info.node, all);
    return all;
  }

  /** The entry of an object value, `undefined` if it has none; spreads are followed, later entries win. */
  entry(object: In<ObjectExpression>, key: string, depth = 0): In<Expression> | undefined {
    if (depth > 0 && --this.effort < 0) return undefined;
    const { own, spreads } = tableOf(object.node);
    const hit = own.get(key);
    for (let i = spreads.length - 1; i >= 0 && depth < depthLimit; i--) {
      const spread = spreads[i]!;
      if (hit && spread.at < hit.at) break;
      for (const value of this.values(spread.value, object.module, depth + 1)) {
        if (value.kind !== 'object') continue;
        const inner = this.entry({ node: value.node, module: value.module }, key, depth + 1);
        if (inner) return inner;
      }
    }
    return hit && { node: hit.value, module: object.module };
  }

  /** True if the object holds parts that cannot be seen (a spread of something unknown, a computed key). */
  isOpen(object: In<ObjectExpression>): boolean {
    return object.node.entries.some(one =>
      one.kind === 'entry'
        ? one.computed !== undefined
        : !this.values(one.value, object.module).some(v => v.kind === 'object' && !this.isOpen(v)),
    );
  }

  /** The option `key` of a call: a keyword argument, or an entry of an object among the arguments. */
  option(call: In<CallExpression>, key: string, position?: number): In<Expression> | undefined {
    const named = call.node.arguments.find(one => one.name === key);
    if (named) return { node: named.value, module: call.module };
    const candidates: readonly Argument[] =
      position === undefined ? call.node.arguments : call.node.arguments.slice(position, position + 1);
    for (const argument of candidates) {
      for (const value of this.values(argument.value, call.module)) {
        if (value.kind !== 'object') continue;
        const hit = this.entry(value, key);
        if (hit) return hit;
      }
    }
    return undefined;
  }

  private find(node: Expression, module: Module, depth: number): readonly Value[] {
    switch (node.kind) {
      case 'literal':
        return [{ kind: 'constant', value: node.value }];
      case 'template':
        if (node.values.length === 0) return [{ kind: 'constant', value: node.texts.join('') }];
        return none;
      case 'name':
        return this.nameValues(node.name, node, module, depth);
      case 'member':
        return this.values(node.object, module, depth).flatMap(value => this.member(value, node.property, depth));
      case 'index': {
        const keys = this.values(node.index, module, depth);
        const only = keys.length === 1 ? keys[0] : undefined;
        const key = only?.kind === 'constant' ? only.value : undefined;
        return this.values(node.object, module, depth).flatMap(value =>
          typeof key === 'string' || typeof key === 'number'
            ? this.member(value, String(key), depth)
            : this.element(value, depth),
        );
      }
      case 'call':
        return this.callValues(node, module, depth);
      case 'functionExpression':
        return [{ kind: 'function', info: indexOf(module).info(node.function) }];
      case 'classExpression':
        return [{ kind: 'class', info: indexOf(module).classInfo(node.class) }];
      case 'object':
        return [{ kind: 'object', node, module }];
      case 'list':
        return [{ kind: 'list', node, module }];
      case 'await':
        return this.values(node.value, module, depth);
      case 'assign':
        return node.operator === '=' ? this.values(node.value, module, depth) : none;
      case 'logical':
        if (node.operator === 'and') return this.values(node.right, module, depth);
        return [...this.values(node.left, module, depth), ...this.values(node.right, module, depth)];
      case 'conditional':
        return [...this.values(node.then, module, depth), ...this.values(node.otherwise, module, depth)];
      case 'binary':
        return [...this.values(node.left, module, depth), ...this.values(node.right, module, depth)].filter(
          value => value.kind === 'external',
        );
      default:
        return none;
    }
  }

  private nameValues(name: string, node: Expression, module: Module, depth: number): readonly Value[] {
    const index = indexOf(module);
    if (name === 'this' || name === 'super') {
      const owner = ownerOf(index.functionOf(node)) ?? fieldOwner(node.span, module);
      if (!owner) return none;
      if (name === 'this') return [{ kind: 'instance', info: owner }];
      const base = this.lineage(owner, depth)[1];
      if (base) return [{ kind: 'instance', info: base }];
      return this.externalBases(owner).map(path => ({ kind: 'external', path: `${path}()`, chain: [] }));
    }
    const binding = index.lookup(name, node);
    if (!binding) {
      if (globals.has(name)) {
        return [{ kind: 'constant', value: name === 'undefined' ? undefined : name === 'NaN' ? Number.NaN : Infinity }];
      }
      return [{ kind: 'external', path: `global:${name}`, chain: [] }];
    }
    return this.bindingValues(binding, module, depth);
  }

  private bindingValues(binding: Binding, module: Module, depth: number): readonly Value[] {
    if (this.active.has(binding)) {
      this.cut = true;
      return none;
    }
    this.active.add(binding);
    try {
      switch (binding.kind) {
        case 'function':
          return [{ kind: 'function', info: binding.function! }];
        case 'class':
          return [{ kind: 'class', info: binding.class! }];
        case 'import':
          return this.imported(module, binding.import!.specifier, binding.import!.imported, depth);
        case 'parameter':
          return this.parameterValues(binding, module, depth);
        default: {
          const found: Value[] = [];
          for (const write of binding.writes) {
            if (found.length > unionLimit) break;
            found.push(...this.writeValues(write, module, depth));
          }
          if (found.length === 0 && binding.annotation) return this.annotated(binding.annotation, module, depth);
          return found;
        }
      }
    } finally {
      this.active.delete(binding);
    }
  }

  private writeValues(write: Write, module: Module, depth: number): readonly Value[] {
    if (write.how === 'compound' || write.how === 'unknown' || !write.value) {
      return write.fallback ? this.values(write.fallback, module, depth) : none;
    }
    let found: readonly Value[] = this.values(write.value, module, depth);
    if (write.how === 'each') found = found.flatMap(value => this.element(value, depth));
    for (const key of write.keys) found = found.flatMap(value => this.member(value, key, depth));
    if (write.fallback && found.length === 0) found = this.values(write.fallback, module, depth);
    return found;
  }

  private parameterValues(binding: Binding, module: Module, depth: number): readonly Value[] {
    const { of, index, node } = binding.parameter!;
    if (of.owner && index === 0 && module.language === 'python' && !of.isStatic) {
      const constructorLike = of.node?.decorators.some(
        d => d.expression.kind === 'name' && d.expression.name === 'classmethod',
      );
      return [constructorLike ? { kind: 'class', info: of.owner } : { kind: 'instance', info: of.owner }];
    }
    const found: Value[] = [];
    const keys = binding.writes.find(write => write.how === 'unknown')?.keys ?? [];
    for (const site of this.callers(of)) {
      if (found.length > unionLimit) break;
      const given = this.argument(site, of, index);
      if (given === undefined || given === 'missing') continue;
      let values = this.values(given.node, given.module, depth);
      for (const key of keys) values = values.flatMap(value => this.member(value, key, depth));
      found.push(...values);
    }
    if (node.defaultValue && keys.length === 0) found.push(...this.values(node.defaultValue, module, depth));
    for (const write of binding.writes) found.push(...this.writeValues(write, module, depth));
    if (found.length === 0 && keys.length === 0 && node.annotation) {
      return this.annotated(node.annotation, module, depth);
    }
    return found;
  }

  /** A value of the annotated type: an instance of a class, or of a package's class. */
  private annotated(annotation: Expression, module: Module, depth: number): readonly Value[] {
    switch (annotation.kind) {
      case 'name':
      case 'member':
        return this.values(annotation, module, depth).flatMap((value): Value[] => {
          if (value.kind === 'class') return [{ kind: 'instance', info: value.info }];
          if (value.kind === 'external' && !value.path.startsWith('global:')) {
            return [{ kind: 'external', path: `${value.path}()`, chain: value.chain }];
          }
          return [];
        });
      case 'index':
        // Promise[X], Optional[X], Annotated[X, …]; of a container nothing is known.
        if (
          annotation.object.kind === 'name' &&
          /^(Promise|Awaitable|Optional|Readonly|Partial|Required|NonNullable|Annotated|ReturnType)$/.test(
            annotation.object.name,
          )
        ) {
          const inner = annotation.index.kind === 'list' ? annotation.index.items[0] : annotation.index;
          return inner ? this.annotated(inner, module, depth) : none;
        }
        return this.annotated(annotation.object, module, depth);
      case 'binary':
        return [...this.annotated(annotation.left, module, depth), ...this.annotated(annotation.right, module, depth)];
      default:
        return none;
    }
  }

  private imported(module: Module, specifier: string, name: string, depth: number): readonly Value[] {
    const known = this.isPackage(specifier);
    const to = known ? undefined : this.program.resolve(module.path, specifier);
    if (to?.kind === 'module') {
      if (name === '*') return [{ kind: 'namespace', path: to.path }];
      return this.exported(
        to.path,
        name,
        depth,
        module.language === 'python' ? { from: module, specifier } : undefined,
      );
    }
    if (module.language === 'python') {
      // `from pkg import sub` where `pkg` itself has no file.
      const sub: Resolution = known
        ? { kind: 'unknown' }
        : this.program.resolve(module.path, specifier.endsWith('.') ? `${specifier}${name}` : `${specifier}.${name}`);
      if (sub.kind === 'module') return [{ kind: 'namespace', path: sub.path }];
      const [head, ...rest] = specifier.split('.');
      const tail = name === '*' ? rest : [...rest, name];
      return [{ kind: 'external', path: `${head}:${tail.join('.') || '*'}`, chain: [] }];
    }
    return [{ kind: 'external', path: `${specifier}:${name}`, chain: [] }];
  }

  /** The value that a module exports under a name. */
  exported(path: string, name: string, depth = 0, python?: { from: Module; specifier: string }): readonly Value[] {
    const module = this.around.module(path);
    if (!module || depth > depthLimit) return none;
    const index = indexOf(module);
    for (const one of module.exports) {
      if (one.exported !== name) continue;
      if (one.value) return this.values(one.value, module, depth + 1);
      if (one.specifier) return this.imported(module, one.specifier, one.local ?? name, depth + 1);
      const binding = index.topBinding(one.local ?? name);
      if (binding) return this.bindingValues(binding, module, depth + 1);
    }
    if (python) {
      const sub = this.program.resolve(
        python.from.path,
        python.specifier.endsWith('.') ? `${python.specifier}${name}` : `${python.specifier}.${name}`,
      );
      if (sub.kind === 'module') return [{ kind: 'namespace', path: sub.path }];
      const binding = index.topBinding(name);
      if (binding) return this.bindingValues(binding, module, depth + 1);
    }
    const found: Value[] = [];
    for (const one of module.exports) {
      if (one.exported === '*' && one.specifier) found.push(...this.imported(module, one.specifier, name, depth + 1));
      else if (one.exported === 'export=' && (name === 'default' || found.length === 0)) {
        const whole = one.value ? this.values(one.value, module, depth + 1) : none;
        found.push(...(name === 'default' ? whole : whole.flatMap(value => this.member(value, name, depth + 1))));
      }
    }
    return found;
  }

  private callValues(node: CallExpression, module: Module, depth: number): readonly Value[] {
    // Python's `super()` is the base class's side of the object.
    if (node.callee.kind === 'name' && node.callee.name === 'super' && module.language === 'python') {
      return this.nameValues('super', node, module, depth);
    }
    if (binds(node)) return this.values(node.callee.object, module, depth);
    const loaded = loadedBy(node, module);
    if (loaded !== undefined) return this.imported(module, loaded, '*', depth);
    const found: Value[] = [];
    for (const callee of this.values(node.callee, module, depth)) {
      switch (callee.kind) {
        case 'external':
          found.push(...this.externalCall(callee, node, module, depth));
          break;
        case 'class':
          found.push({ kind: 'instance', info: callee.info, made: { node, module } });
          break;
        case 'function':
          if (!callee.info.node?.isGenerator) found.push(...this.returns(callee.info, depth));
          if (callee.info.node?.returns && found.length === 0) {
            found.push(...this.annotated(callee.info.node.returns, callee.info.module, depth));
          }
          break;
        default:
          break;
      }
    }
    return found;
  }

  private externalCall(
    callee: Extract<Value, { kind: 'external' }>,
    node: CallExpression,
    module: Module,
    depth: number,
  ): readonly Value[] {
    if (/^global:Object\.(freeze|assign|seal)$/.test(callee.path) && node.arguments[0]) {
      return this.values(node.arguments[0].value, module, depth);
    }
    const name = /([\w$]+)(?:\(\)|\[\])*$/.exec(callee.path)?.[1] ?? '';
    return [
      { kind: 'external', path: `${callee.path}()`, chain: [...callee.chain.slice(-60), { name, node, module }] },
    ];
  }

  /** `value.name`. */
  member(value: Value, name: string, depth: number): readonly Value[] {
    switch (value.kind) {
      case 'external':
        return [{ kind: 'external', path: memberPath(value.path, name), chain: value.chain }];
      case 'namespace':
        return this.exported(value.path, name, depth + 1);
      case 'object': {
        const entry = this.entry(value, name, depth);
        return entry ? this.values(entry.node, entry.module, depth) : none;
      }
      case 'list': {
        const item = /^\d+$/.test(name) ? value.node.items[Number(name)] : undefined;
        return item ? this.values(item, value.module, depth) : none;
      }
      case 'instance': {
        const method = this.method(value.info, name);
        if (method)
          return method.accessor === 'get'
            ? this.returns(method, depth)
            : [{ kind: 'function', info: method, self: value }];
        const field = this.fieldValues(value.info, name, depth);
        if (field.length > 0) return field;
        const base = this.externalBases(value.info)[0];
        // `class Writing(Flow[Draft])`: what a framework keeps as the state is of the type that it was given.
        const typed = base && name === 'state' ? this.typeArgument(value.info, depth) : none;
        if (typed.length > 0) return typed;
        return base ? [{ kind: 'external', path: memberPath(`${base}()`, name), chain: [] }] : none;
      }
      case 'class': {
        const method = this.method(value.info, name);
        if (method) return [{ kind: 'function', info: method }];
        return this.fieldValues(value.info, name, depth);
      }
      case 'function':
        return name === 'call' || name === 'apply' || name === 'bind' ? [value] : none;
      default:
        return none;
    }
  }

  /** An element of a collection. */
  element(value: Value, depth: number): readonly Value[] {
    if (value.kind === 'list') {
      return value.node.items.slice(0, unionLimit).flatMap(item => this.values(item, value.module, depth));
    }
    if (value.kind === 'object') {
      return value.node.entries
        .slice(0, unionLimit)
        .flatMap(one => (one.kind === 'entry' ? this.values(one.value, value.module, depth) : none));
    }
    if (value.kind === 'external') return [{ kind: 'external', path: `${value.path}[]`, chain: value.chain }];
    return none;
  }

  private constructorOf(info: ClassInfo): FunctionInfo | undefined {
    return this.method(info, info.module.language === 'python' ? '__init__' : 'constructor');
  }
}

/** Python's `prompt | model | parser`: packages overload it to put things in a row. */
function pipes(node: Expression, module: Module): boolean {
  return node.kind === 'binary' && node.operator === '|' && module.language === 'python';
}

/** The specifier of `import('x')` and `require('x')` inside a function, where no declaration has made an import of it. */
function loadedBy({ callee, arguments: [first] }: CallExpression, module: Module): string | undefined {
  if (callee.kind !== 'name' || !/^(import|require)$/.test(callee.name) || module.language === 'python')
    return undefined;
  if (first?.value.kind !== 'literal' || typeof first.value.value !== 'string') return undefined;
  return indexOf(module).lookup(callee.name, callee) ? undefined : first.value.value;
}

/** `f.bind(x)` calls nothing: it is `f`. */
function binds(call: CallExpression): call is CallExpression & { readonly callee: MemberExpression } {
  return call.callee.kind === 'member' && call.callee.property === 'bind';
}

/** What a call or a member is asked of, if that is a call or a member too. */
function receiver(node: Expression): Expression | undefined {
  const inner = node.kind === 'call' ? node.callee : node.kind === 'member' ? node.object : undefined;
  return inner?.kind === 'call' || inner?.kind === 'member' ? inner : undefined;
}

/** `a:*` has its members at the top: `a:*` and `x` are `a:x`. */
function memberPath(path: string, name: string): string {
  return path.endsWith(':*') ? `${path.slice(0, -1)}${name}` : `${path}.${name}`;
}

/** The class that `this` means inside a function. */
export function ownerOf(info: FunctionInfo): ClassInfo | undefined {
  let last: FunctionInfo | undefined;
  for (let f: FunctionInfo | undefined = info; f?.node; f = f.outer) {
    if (f.owner) return f.owner;
    if (!f.node.isArrow && f.module.language === 'typescript') return undefined;
    last = f;
  }
  return last?.node && last.node.isArrow ? fieldOwner(last.node.span, last.module) : undefined;
}

/** The class one of whose fields is given its value at a place: `onDone = () => this.stop()`. */
function fieldOwner(at: Span, module: Module): ClassInfo | undefined {
  if (module.language !== 'typescript') return undefined;
  let found: ClassInfo | undefined;
  for (const info of indexOf(module).classes) {
    for (const member of info.node.members) {
      const value = member.kind === 'field' ? member.value : undefined;
      // Of classes in classes the inner one comes later.
      if (value && value.span[0] <= at[0] && value.span[1] >= at[1]) found = info;
    }
  }
  return found;
}

/** True for `this`, `self` and the like: the object whose method is running. */
export function isSelf(node: Expression | Pattern, module: Module): boolean {
  if (node.kind !== 'name') return false;
  if (node.name === 'this') return true;
  if (module.language !== 'python') return false;
  const binding = indexOf(module).lookup(node.name, node);
  return binding?.kind === 'parameter' && binding.parameter?.index === 0 && binding.parameter.of.owner !== undefined;
}

const returned = new WeakMap<FunctionNode, readonly Expression[]>();

/** The values of a function's own `return` statements. */
export function returnedExpressions(fn: FunctionNode): readonly Expression[] {
  const kept = returned.get(fn);
  if (kept) return kept;
  const found: Expression[] = [];
  const body: readonly Statement[] = fn.body;
  walk(body, {
    enter(node) {
      if (node.kind === 'return' && node.value) found.push(node.value);
      return undefined;
    },
    enterFunction: () => 'skip',
  });
  returned.set(fn, found);
  return found;
}

interface EntryTable {
  readonly own: ReadonlyMap<string, { readonly value: Expression; readonly at: number }>;
  readonly spreads: readonly { readonly value: Expression; readonly at: number }[];
}

const tables = new WeakMap<ObjectExpression, EntryTable>();

/** An object literal's entries by key; of equal keys the last. */
function tableOf(node: ObjectExpression): EntryTable {
  const kept = tables.get(node);
  if (kept) return kept;
  const own = new Map<string, { value: Expression; at: number }>();
  const spreads: { value: Expression; at: number }[] = [];
  node.entries.forEach((one, at) => {
    if (one.kind === 'spread') spreads.push({ value: one.value, at });
    else if (!one.computed) own.set(one.key, { value: one.value, at });
  });
  const table = { own, spreads };
  tables.set(node, table);
  return table;
}

function unique(values: readonly Value[]): readonly Value[] {
  if (values.length < 2) return values;
  const seen = new Set<unknown>();
  const out: Value[] = [];
  for (const value of values) {
    const key =
      value.kind === 'constant'
        ? `constant ${String(value.value)} ${typeof value.value}`
        : value.kind === 'external'
          ? value.chain[0]
            ? `${value.path} ${value.chain[0].module.path} ${value.chain[0].node.span[0]}`
            : value.path
          : value.kind === 'function' || value.kind === 'class'
            ? value.info
            : value.kind === 'instance'
              ? (value.made?.node ?? value.info)
              : value.kind === 'namespace'
                ? value.path
                : value.node;
    if (seen.has(key)) continue;
    seen.add(key);
    out.push(value);
    if (out.length >= unionLimit) break;
  }
  return out;
}
