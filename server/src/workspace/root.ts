// Which folder a run of the command line is about, and what in it was named.
import { statSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';

/**
 * Paths in the report are relative to the working directory; where something outside of it is checked, to the folder
 * that holds all that is checked.
 */
export function chooseRoot(paths: readonly string[], cwd: string): { root: string; starts: readonly string[] } {
  const absolute = paths.map(path => resolve(cwd, path));
  const inside = absolute.every(path => !relative(cwd, path).startsWith('..') && path.startsWith(cwd));
  const root = inside ? cwd : commonFolder(absolute);
  return { root, starts: absolute.map(path => relative(root, path).split(sep).join('/')) };
}

function commonFolder(paths: readonly string[]): string {
  const [first = '.', ...rest] = paths.map(path =>
    statSync(path, { throwIfNoEntry: false })?.isFile() ? dirname(path) : path,
  );
  let common = first;
  for (const path of rest) {
    while (relative(common, path).startsWith('..') && dirname(common) !== common) common = dirname(common);
  }
  return common;
}
