// `paths` and `baseUrl` of the tsconfig that governs a file, `extends` and `references` followed. It type-checks nothing.
import type { Files } from './files.ts';
import { asObject, asText, asTexts, type Json, readJson } from './json.ts';
import { dirname, isWithin, join } from './path.ts';

export interface PathMapping {
  /** Pattern to targets; targets are workspace paths, `*` stands for what the pattern's `*` matched. Longest prefix first. */
  readonly paths: readonly {
    readonly prefix: string;
    readonly suffix: string | undefined;
    readonly targets: readonly string[];
  }[];
  readonly baseUrl: string | undefined;
}

/** TypeScript's word for the folder of the tsconfig. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: that is how it is spelled
const configFolder = '${configDir}';

/** Finds the mapping of the nearest tsconfig.json or jsconfig.json above a folder; remembers what it read. */
export function createMappings(files: Files): (folder: string) => PathMapping | undefined {
  const byFolder = new Map<string, PathMapping | undefined>();
  return function mappingOf(folder: string): PathMapping | undefined {
    if (byFolder.has(folder)) return byFolder.get(folder);
    let mapping: PathMapping | undefined;
    const name = ['tsconfig.json', 'jsconfig.json'].find(file => files.kind(join(folder, file)) === 'file');
    if (name) mapping = readMapping(files, join(folder, name), new Set());
    else if (folder !== '' && isWithin(folder, '')) mapping = mappingOf(dirname(folder));
    else {
      const next = folder === '' ? files.above[0] : files.above[files.above.indexOf(folder) + 1];
      if (next !== undefined && (folder === '' || files.above.includes(folder))) mapping = mappingOf(next);
    }
    byFolder.set(folder, mapping);
    return mapping;
  };
}

function readMapping(files: Files, path: string, seen: Set<string>): PathMapping | undefined {
  if (seen.has(path)) return undefined;
  seen.add(path);
  const config = readJson(files, path);
  if (!config) return undefined;
  const own = ownMapping(config, dirname(path));
  if (own.paths.length > 0 && own.baseUrl !== undefined) return own;
  const parents = typeof config.extends === 'string' ? [config.extends] : asTexts(config.extends);
  let inherited: PathMapping | undefined;
  for (const parent of parents) {
    const file = locateConfig(files, dirname(path), parent);
    inherited = (file && readMapping(files, file, seen)) || inherited;
  }
  const merged = {
    paths: own.paths.length > 0 ? own.paths : (inherited?.paths ?? []),
    baseUrl: own.baseUrl ?? inherited?.baseUrl,
  };
  if (merged.paths.length > 0 || merged.baseUrl !== undefined) return merged;
  // A solution file only points at the real ones.
  for (const reference of Array.isArray(config.references) ? config.references : []) {
    const target = asText(asObject(reference)?.path);
    if (!target) continue;
    const at = join(dirname(path), target);
    const found = readMapping(files, at.endsWith('.json') ? at : join(at, 'tsconfig.json'), seen);
    if (found && found.paths.length > 0) return found;
  }
  return merged;
}

function ownMapping(config: Json, folder: string): PathMapping {
  const options = asObject(config.compilerOptions);
  const base = asText(options?.baseUrl);
  const baseUrl = base === undefined ? undefined : join(folder, base.replace(configFolder, '.'));
  const from = baseUrl ?? folder;
  const paths = Object.entries(asObject(options?.paths) ?? {})
    .map(([pattern, targets]) => {
      const star = pattern.indexOf('*');
      return {
        prefix: star < 0 ? pattern : pattern.slice(0, star),
        suffix: star < 0 ? undefined : pattern.slice(star + 1),
        targets: asTexts(targets).map(target =>
          target.startsWith(configFolder) ? join(folder, target.replace(configFolder, '.')) : join(from, target),
        ),
      };
    })
    .sort(
      (a, b) => Number(b.suffix === undefined) - Number(a.suffix === undefined) || b.prefix.length - a.prefix.length,
    );
  return { paths, baseUrl };
}

function locateConfig(files: Files, folder: string, name: string): string | undefined {
  const withEnding = (path: string) =>
    [path, `${path}.json`, join(path, 'tsconfig.json')].find(candidate => files.kind(candidate) === 'file');
  if (name.startsWith('.')) return withEnding(join(folder, name));
  for (let at = folder; ; at = dirname(at)) {
    const found = withEnding(join(at, 'node_modules', name));
    if (found) return found;
    if (at === '' || !isWithin(at, '')) return undefined;
  }
}

/** Workspace paths that a specifier may mean under a mapping, best first. */
export function mapSpecifier(mapping: PathMapping, specifier: string): string[] {
  const candidates: string[] = [];
  for (const { prefix, suffix, targets } of mapping.paths) {
    if (suffix === undefined) {
      if (specifier === prefix) candidates.push(...targets);
    } else if (
      specifier.startsWith(prefix) &&
      specifier.endsWith(suffix) &&
      specifier.length >= prefix.length + suffix.length
    ) {
      const middle = specifier.slice(prefix.length, specifier.length - suffix.length);
      candidates.push(...targets.map(target => join(target.replace('*', middle))));
    }
  }
  if (mapping.baseUrl !== undefined) candidates.push(join(mapping.baseUrl, specifier));
  return candidates;
}
