// Where a Python import leads: relative modules, packages beside the file, source layouts, namespace packages.
// Nothing is run and no environment is asked: what the workspace does not hold is a package.
import type { Resolution } from '../program/program.ts';
import { dirname, isWithin, join } from './path.ts';

/** Answers for one set of files. */
export function createPythonResolver(
  isFile: (path: string) => boolean,
  paths: ReadonlySet<string>,
  manifests: readonly string[],
): (from: string, specifier: string) => Resolution {
  const answers = new Map<string, Resolution>();
  const roots = new Map<string, readonly string[]>();
  let byName: ReadonlyMap<string, readonly string[]> | undefined;

  return (from, specifier) => {
    const folder = dirname(from);
    const key = `${folder}\0${specifier}`;
    let answer = answers.get(key);
    if (!answer) {
      answer = resolve(folder, specifier);
      answers.set(key, answer);
    }
    return answer;
  };

  function resolve(folder: string, specifier: string): Resolution {
    const dots = /^\.*/.exec(specifier)?.[0].length ?? 0;
    if (dots > 0) {
      let base = folder;
      for (let up = 1; up < dots; up++) base = dirname(base);
      const path = moduleFile(join(base, specifier.slice(dots).replaceAll('.', '/')));
      return path === undefined ? { kind: 'unknown' } : { kind: 'module', path };
    }
    const inside = specifier.replaceAll('.', '/');
    const top = specifier.split('.')[0] ?? specifier;
    byName ??= topLevelNames();
    for (const root of [...rootsOf(folder), ...(byName.get(top) ?? [])]) {
      const path = moduleFile(join(root, inside));
      if (path) return { kind: 'module', path };
    }
    return top === '' ? { kind: 'unknown' } : { kind: 'package', name: top, specifier };
  }

  function moduleFile(stem: string): string | undefined {
    return [`${stem}.py`, join(stem, '__init__.py'), `${stem}.pyi`].find(isFile);
  }

  /** Folders that Python would search for a file in `folder`: those above it that are no package themselves, and their `src`. */
  function rootsOf(folder: string): readonly string[] {
    let found = roots.get(folder);
    if (!found) {
      const list: string[] = [];
      for (let at = folder; isWithin(at, ''); at = dirname(at)) {
        if (!isFile(join(at, '__init__.py'))) list.push(at, join(at, 'src'));
        if (at === '') break;
      }
      found = list;
      roots.set(folder, found);
    }
    return found;
  }

  /** Top-level packages of every project in the workspace: a monorepo installs them side by side. */
  function topLevelNames(): ReadonlyMap<string, readonly string[]> {
    const homes = new Set<string>();
    for (const manifest of manifests) {
      if (manifest.endsWith('package.json')) continue;
      for (const home of ['', 'src', 'lib', 'python']) homes.add(join(dirname(manifest), home));
    }
    const names = new Map<string, string[]>();
    for (const path of paths) {
      if (!path.endsWith('/__init__.py')) continue;
      const home = dirname(dirname(path));
      if (!homes.has(home)) continue;
      const name = dirname(path).slice(home === '' ? 0 : home.length + 1);
      const known = names.get(name);
      if (known) known.push(home);
      else names.set(name, [home]);
    }
    return names;
  }
}
