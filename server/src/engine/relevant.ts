// Which files are worth analysing: those that import an agent framework, and those that import them in turn.
// Pure: scans and a resolver in, paths out.
import type { Resolver } from '../workspace/resolve.ts';
import type { Scan } from '../workspace/specifiers.ts';

/** Sorted paths of the seeds and of everything that leads to one. */
export function relevantPaths(scans: ReadonlyMap<string, Scan>, resolve: Resolver): readonly string[] {
  const seeds: string[] = [];
  for (const [path, scan] of scans) if (scan.seed) seeds.push(path);
  if (seeds.length === 0) return [];
  const importers = new Map<string, string[]>();
  for (const [path, scan] of scans) {
    for (const specifier of scan.specifiers) {
      const target = resolve(path, specifier);
      if (target.kind !== 'module' || target.path === path || !scans.has(target.path)) continue;
      const known = importers.get(target.path);
      if (known) known.push(path);
      else importers.set(target.path, [path]);
    }
  }
  const relevant = new Set(seeds);
  // A set is walked in the order of insertion, and takes what is added on the way.
  for (const path of relevant) for (const importer of importers.get(path) ?? []) relevant.add(importer);
  return [...relevant].sort();
}
