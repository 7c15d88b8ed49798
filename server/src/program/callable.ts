// Which property names can lead to a function of the program at all: `xs.push(…)` need not be understood where nothing is
// called `push`. Names of a module are collected once, names of a program are kept up to date from one snapshot to the next.
// It must not resolve anything.
import type { Expression, Module } from './model.ts';
import type { Program } from './program.ts';
import { indexOf } from './scope.ts';
import { walk } from './walk.ts';

/** Names under which a member of something may be a function or class of the workspace. */
export interface CallableNames {
  has(name: string): boolean;
  /** Whether a module imports a package whose name, as external paths begin with it, `belongs` accepts. */
  importsPackage(belongs: (head: string) => boolean): boolean;
}

/** The names of one program, and what they were put together from. */
interface Kept {
  readonly counts: Map<string, number>;
  readonly heads: Map<string, number>;
  readonly modules: Map<string, Module>;
}

const ofModule = new WeakMap<Module, ReadonlySet<string>>();
const leadsOf = new WeakMap<Module, { readonly resolve: Program['resolve']; readonly paths: readonly string[] }>();
/** A snapshot that only differs in texts has the same way to resolve imports. */
const ofProgram = new WeakMap<Program['resolve'], Kept>();

/** The names of all modules that the program's own can lead to. `isPackage`: specifiers that are not followed. */
export function callableNames(program: Program, isPackage: (specifier: string) => boolean): CallableNames {
  let kept = ofProgram.get(program.resolve);
  if (!kept) {
    kept = { counts: new Map(), heads: new Map(), modules: new Map() };
    ofProgram.set(program.resolve, kept);
  }
  const { counts, heads, modules } = kept;
  const count = (module: Module, by: number): void => {
    for (const name of namesOf(module)) add(counts, name, by);
    for (const one of module.imports) add(heads, headOf(one.specifier, module), by);
    for (const one of module.exports) if (one.specifier) add(heads, headOf(one.specifier, module), by);
  };
  const seen = new Set(program.paths);
  for (const path of seen) {
    const module = program.module(path);
    const before = modules.get(path);
    if (before !== module) {
      if (before) count(before, -1);
      if (module) {
        count(module, 1);
        modules.set(path, module);
      } else modules.delete(path);
    }
    // A set is walked in the order of insertion, and takes what is added on the way.
    if (module) for (const next of leadsTo(module, program, isPackage)) seen.add(next);
  }
  for (const [path, module] of modules) {
    if (seen.has(path)) continue;
    count(module, -1);
    modules.delete(path);
  }
  return {
    has: name => counts.has(name),
    importsPackage: belongs => {
      for (const head of heads.keys()) if (belongs(head)) return true;
      return false;
    },
  };
}

function add(counts: Map<string, number>, name: string, by: number): void {
  const now = (counts.get(name) ?? 0) + by;
  if (now > 0) counts.set(name, now);
  else counts.delete(name);
}

/** What the external paths of an import begin with. */
function headOf(specifier: string, module: Module): string {
  if (module.language === 'python') return specifier.split('.')[0]!;
  const colon = specifier.indexOf(':', specifier.startsWith('node:') ? 5 : 0);
  return colon < 0 ? specifier : specifier.slice(0, colon);
}

/** Workspace modules that a module's imports and exports name. */
function leadsTo(module: Module, program: Program, isPackage: (specifier: string) => boolean): readonly string[] {
  const kept = leadsOf.get(module);
  if (kept?.resolve === program.resolve) return kept.paths;
  const paths = new Set<string>();
  const follow = (specifier: string): void => {
    const to = program.resolve(module.path, specifier);
    if (to.kind === 'module') paths.add(to.path);
  };
  const lead = (specifier: string, name: string | undefined): void => {
    if (isPackage(specifier)) return;
    follow(specifier);
    if (module.language === 'python' && name !== undefined)
      follow(specifier.endsWith('.') ? `${specifier}${name}` : `${specifier}.${name}`);
  };
  for (const one of module.imports) lead(one.specifier, one.imported);
  for (const one of module.exports) if (one.specifier) lead(one.specifier, one.local ?? one.exported);
  const found = { resolve: program.resolve, paths: [...paths] };
  leadsOf.set(module, found);
  return found.paths;
}

function namesOf(module: Module): ReadonlySet<string> {
  const kept = ofModule.get(module);
  if (kept) return kept;
  const names = new Set<string>(['call', 'apply', 'bind']);
  const index = indexOf(module);
  for (const { node } of index.classes) {
    for (const member of node.members) {
      if (member.kind === 'statement') {
        const e = member.statement.kind === 'expression' ? member.statement.expression : undefined;
        if (e?.kind === 'assign' && e.target.kind === 'name') names.add(e.target.name);
      } else names.add(member.name);
      if (member.kind === 'method' && member.name === 'constructor') {
        for (const parameter of member.function.parameters) {
          if (parameter.isField && parameter.target.kind === 'name') names.add(parameter.target.name);
        }
      }
    }
  }
  for (const name of index.memberWrites.keys()) names.add(name);
  for (const one of module.exports) names.add(one.exported);
  // Python's modules have their top level as members.
  if (module.language === 'python') for (const name of index.scope.bindings.keys()) names.add(name);
  walk(module.body, {
    enter(node) {
      if (node.kind === 'object') {
        for (const entry of node.entries) {
          if (entry.kind === 'entry' && !entry.computed && mayBeCallable(entry.value)) names.add(entry.key);
        }
      }
      return undefined;
    },
  });
  ofModule.set(module, names);
  return names;
}

/** False for what is surely neither a function nor a class. */
export function mayBeCallable(node: Expression): boolean {
  switch (node.kind) {
    case 'literal':
    case 'template':
    case 'binary':
    case 'unary':
    case 'object':
    case 'list':
      return false;
    default:
      return true;
  }
}
