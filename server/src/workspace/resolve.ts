// Where an import leads: a file of the workspace, a package, or nowhere known. Follows relative paths, tsconfig paths,
// workspace packages, `#imports` and Python's modules; packages in node_modules are named, never opened.
import { builtinModules } from 'node:module';
import type { Resolution } from '../program/program.ts';
import type { Files } from './files.ts';
import { asObject, asText, type Json, readJson } from './json.ts';
import { basename, dirname, extension, isWithin, join } from './path.ts';
import { createPythonResolver } from './resolve-python.ts';
import { bareSpecifier, isPython } from './specifiers.ts';
import { createMappings, mapSpecifier } from './tsconfig.ts';

export type Resolver = (from: string, specifier: string) => Resolution;

const endings = ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs'];
/** What a compiled ending may stand for in the source. */
const sources: { readonly [ending: string]: readonly string[] } = {
  '.js': ['.ts', '.tsx', '.js', '.jsx'],
  '.jsx': ['.tsx', '.jsx'],
  '.mjs': ['.mts', '.mjs'],
  '.cjs': ['.cts', '.cjs'],
};
const builtins = new Set(builtinModules);

/** Answers for one state of the workspace: `paths` are its source files, `manifests` its package.json and pyproject files. */
export function createResolver(files: Files, paths: ReadonlySet<string>, manifests: readonly string[]): Resolver {
  const exists = new Map<string, boolean>();
  const isFile = (path: string): boolean => {
    if (paths.has(path)) return true;
    let known = exists.get(path);
    if (known === undefined) {
      known = files.kind(path) === 'file';
      exists.set(path, known);
    }
    return known;
  };
  const mappingOf = createMappings(files);
  const manifestOf = remember((folder: string) => readJson(files, join(folder, 'package.json')));
  const packages = once(() => workspacePackages(manifests, manifestOf));
  const resolvePython = createPythonResolver(isFile, paths, manifests);

  const scriptAnswers = new Map<string, Map<string, Resolution>>();
  return (from, specifier) => {
    if (isPython(from)) return resolvePython(from, specifier);
    const folder = dirname(from);
    let answers = scriptAnswers.get(folder);
    if (!answers) {
      answers = new Map();
      scriptAnswers.set(folder, answers);
    }
    let answer = answers.get(specifier);
    if (!answer) {
      answer = resolveScript(folder, specifier);
      answers.set(specifier, answer);
    }
    return answer;
  };

  function resolveScript(folder: string, specifier: string): Resolution {
    if (specifier.startsWith('.')) return asModule(sourceFile(join(folder, specifier.replace(/[?#].*$/, ''))));
    if (specifier.startsWith('/')) return asModule(sourceFile(join(specifier.slice(1))));
    if (specifier.startsWith('#')) {
      const mapped = resolveInternal(folder, specifier);
      if (mapped) return mapped;
    }
    const mapping = mappingOf(folder);
    if (mapping) {
      for (const candidate of mapSpecifier(mapping, specifier)) {
        const path = sourceFile(candidate);
        // A mapping into node_modules only says where the types are.
        if (path && !path.includes('node_modules/')) return { kind: 'module', path };
      }
    }
    const bare = bareSpecifier(specifier);
    const name = packageName(bare);
    const home = packages().get(name);
    if (home !== undefined) {
      const path = packageEntry(home, bare.slice(name.length + 1));
      if (path) return { kind: 'module', path };
    }
    if (name === '') return { kind: 'unknown' };
    return {
      kind: 'package',
      name: !name.startsWith('node:') && builtins.has(name) ? `node:${name}` : name,
      specifier,
    };
  }

  /** The source file that a path without or with a compiled ending means. */
  function sourceFile(path: string): string | undefined {
    const ending = extension(path);
    const mapped = sources[ending];
    if (mapped) {
      const stem = path.slice(0, -ending.length);
      for (const source of mapped) if (isFile(stem + source)) return stem + source;
    } else if (endings.includes(ending) && isFile(path)) return path;
    for (const source of endings) if (isFile(path + source)) return path + source;
    for (const source of endings) {
      const index = join(path, `index${source}`);
      if (isFile(index)) return index;
    }
    return undefined;
  }

  function resolveInternal(folder: string, specifier: string): Resolution | undefined {
    for (let at = folder; isWithin(at, ''); at = dirname(at)) {
      const imports = asObject(manifestOf(at)?.imports);
      if (imports) {
        const target = matchExports(imports, specifier);
        if (target === undefined) return undefined;
        if (!target.startsWith('.')) return resolveScript(at, target);
        const path = sourceOf(at, target);
        return path ? { kind: 'module', path } : undefined;
      }
      if (at === '') return undefined;
    }
    return undefined;
  }

  /** Source file behind a package of the workspace. */
  function packageEntry(home: string, subPath: string): string | undefined {
    const manifest = manifestOf(home) ?? {};
    const targets: string[] = [];
    const key = subPath === '' ? '.' : `./${subPath}`;
    const exported = exportTarget(manifest.exports, key);
    if (exported) targets.push(exported);
    if (subPath === '') {
      for (const field of ['source', 'module', 'main', 'types', 'typings']) {
        const target = asText(manifest[field]);
        if (target) targets.push(target);
      }
      targets.push('src/index', 'index', 'src/main', 'lib/index');
    } else targets.push(subPath, `src/${subPath}`);
    for (const target of targets) {
      const path = sourceOf(home, target);
      if (path) return path;
    }
    return undefined;
  }

  /** The source of a file that a manifest names, which is often its build output. */
  function sourceOf(home: string, target: string): string | undefined {
    const clean = join(target.replace(/\.d\.([cm]?)ts$/, '.$1js'));
    const guesses = [clean];
    // dist/esm/x.js comes from src/x.ts, src/esm/x.ts or x.ts.
    const parts = clean.split('/');
    for (let drop = 1; drop < parts.length && drop <= 3; drop++) {
      const rest = parts.slice(drop).join('/');
      guesses.push(`src/${rest}`, rest);
    }
    for (const guess of guesses) {
      const path = sourceFile(join(home, guess));
      if (path && (paths.has(path) || guess === clean)) return path;
    }
    return undefined;
  }
}

function asModule(path: string | undefined): Resolution {
  return path === undefined ? { kind: 'unknown' } : { kind: 'module', path };
}

/** `@scope/name/sub` is `@scope/name`. */
function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
}

/** Package name to folder, over all manifests of the workspace; the first folder wins where two claim a name. */
function workspacePackages(
  manifests: readonly string[],
  manifestOf: (folder: string) => Json | undefined,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const path of manifests) {
    if (basename(path) !== 'package.json') continue;
    const name = asText(manifestOf(dirname(path))?.name);
    if (name && !found.has(name)) found.set(name, dirname(path));
  }
  return found;
}

function exportTarget(exports: unknown, key: string): string | undefined {
  const table = asObject(exports);
  if (typeof exports === 'string' || Array.isArray(exports)) return key === '.' ? condition(exports) : undefined;
  if (!table) return undefined;
  const hasPaths = Object.keys(table).some(name => name.startsWith('.'));
  return hasPaths ? matchExports(table, key) : key === '.' ? condition(table) : undefined;
}

/** Exact key, else the pattern with the longest prefix. */
function matchExports(table: Json, key: string): string | undefined {
  if (key in table) return condition(table[key]);
  let best: { prefix: string; middle: string; value: unknown } | undefined;
  for (const [pattern, value] of Object.entries(table)) {
    const star = pattern.indexOf('*');
    if (star < 0) continue;
    const prefix = pattern.slice(0, star);
    const suffix = pattern.slice(star + 1);
    if (!key.startsWith(prefix) || !key.endsWith(suffix) || key.length < prefix.length + suffix.length) continue;
    if (!best || prefix.length > best.prefix.length) {
      best = { prefix, middle: key.slice(prefix.length, key.length - suffix.length), value };
    }
  }
  return best && condition(best.value)?.replaceAll('*', best.middle);
}

/** A conditional target: what leads to source first, then what node would load. */
function condition(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(condition).find(target => target !== undefined);
  const table = asObject(value);
  if (!table) return undefined;
  for (const name of ['source', 'development', 'bun', 'import', 'node', 'module', 'default', 'require', 'types']) {
    const target = condition(table[name]);
    if (target !== undefined) return target;
  }
  return Object.values(table)
    .map(condition)
    .find(target => target !== undefined);
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function remember<T>(make: (key: string) => T): (key: string) => T {
  const known = new Map<string, { value: T }>();
  return key => {
    let entry = known.get(key);
    if (!entry) {
      entry = { value: make(key) };
      known.set(key, entry);
    }
    return entry.value;
  };
}
