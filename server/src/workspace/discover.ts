// Which files of a workspace are source: a walk that honours .gitignore and passes by dependencies and build output.
// What the user names is taken even if a walk would pass it by. It knows endings, not languages.
import ignore, { type Ignore } from 'ignore';
import type { Files } from './files.ts';
import { dirname, extension, isWithin, join, relativeTo } from './path.ts';
import { isSkippedFile, isSkippedFolder } from './skipped.ts';

export interface DiscoverOptions {
  /** What the user named; '' is the root. */
  readonly starts: readonly string[];
  /** Endings in lower case with the dot. */
  readonly extensions: ReadonlySet<string>;
  readonly include?: ((path: string) => boolean) | undefined;
  readonly exclude?: ((path: string) => boolean) | undefined;
}

export interface Discovered {
  /** Source files, sorted. */
  readonly paths: readonly string[];
  /** Files that the user named one by one: never skipped as minified. */
  readonly named: ReadonlySet<string>;
  /** package.json and pyproject.toml files met on the way, sorted. */
  readonly manifests: readonly string[];
  /** Names that do not exist. */
  readonly missing: readonly string[];
  /** What was passed by for a reason worth a line in the log. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

const manifestNames = new Set(['package.json', 'pyproject.toml', 'setup.py', 'setup.cfg']);

/** Walks from each start. */
export function discover(files: Files, options: DiscoverOptions): Discovered {
  const paths = new Set<string>();
  const named = new Set<string>();
  const manifests = new Set<string>();
  const missing: string[] = [];
  const skipped: { path: string; reason: string }[] = [];
  const visited = new Set<string>();

  for (const start of options.starts) {
    const kind = files.kind(start);
    if (kind === undefined) missing.push(start);
    else if (kind === 'file') {
      if (options.extensions.has(extension(start))) {
        paths.add(start);
        named.add(start);
      } else skipped.push({ path: start, reason: 'no language that Loopbound reads' });
    } else walk(start, start, rulesAbove(files, start));
  }
  return { paths: [...paths].sort(), named, manifests: [...manifests].sort(), missing, skipped };

  function walk(folder: string, start: string, inherited: readonly Rules[]): void {
    const entries = files.entries(folder);
    if (!entries) {
      skipped.push({ path: folder, reason: 'unreadable folder' });
      return;
    }
    const own = entries.some(entry => entry.name === '.gitignore') ? readRules(files, folder) : undefined;
    const rules = own ? [...inherited, own] : inherited;
    for (const entry of entries) {
      const path = join(folder, entry.name);
      const kind = entry.kind === 'link' ? files.kind(path) : entry.kind;
      if (kind === 'directory') {
        if (isSkippedFolder(path, entry.name, start) || isIgnored(rules, path, true) || options.exclude?.(path))
          continue;
        if (entry.kind === 'link') {
          // A link into the walked tree leads where the walk comes anyway; any other target is walked once.
          const real = files.real(path);
          if (isWithin(real, start) || visited.has(real)) {
            skipped.push({ path, reason: `link to ${real}, which is read there` });
            continue;
          }
          visited.add(real);
        }
        walk(path, start, rules);
      } else if (kind === 'file') {
        if (manifestNames.has(entry.name)) manifests.add(path);
        if (!options.extensions.has(extension(entry.name)) || isSkippedFile(entry.name)) continue;
        if (isIgnored(rules, path, false) || options.exclude?.(path)) continue;
        if (options.include && !options.include(path)) continue;
        paths.add(path);
      } else if (entry.kind === 'link') skipped.push({ path, reason: 'link that leads nowhere' });
    }
  }
}

interface Rules {
  readonly folder: string;
  readonly matcher: Ignore;
}

function readRules(files: Files, folder: string): Rules | undefined {
  const read = files.read(join(folder, '.gitignore'));
  if (read.kind !== 'text') return undefined;
  return { folder, matcher: ignore().add(read.text) };
}

function isIgnored(rules: readonly Rules[], path: string, isFolder: boolean): boolean {
  // The nearest file has the last word.
  for (let at = rules.length - 1; at >= 0; at--) {
    const { folder, matcher } = rules[at] as Rules;
    const inside = relativeTo(path, folder);
    if (inside === '' || inside.startsWith('..')) continue;
    const verdict = matcher.test(isFolder ? `${inside}/` : inside);
    if (verdict.unignored) return false;
    if (verdict.ignored) return true;
  }
  return false;
}

/** The rules of the folders that enclose `start`; none where they ignore `start` itself, as the user named it. */
function rulesAbove(files: Files, start: string): readonly Rules[] {
  const folders = [...files.above].reverse();
  if (start !== '' && !start.startsWith('..')) {
    folders.push('');
    for (let folder = dirname(start), at = folders.length; folder !== ''; folder = dirname(folder))
      folders.splice(at, 0, folder);
  }
  const rules = folders.map(folder => readRules(files, folder)).filter(rule => rule !== undefined);
  return start !== '' && ancestors(start).some(folder => isIgnored(rules, folder, true)) ? [] : rules;
}

function ancestors(path: string): string[] {
  const found = [];
  for (let folder = path; folder !== '' && !folder.endsWith('..'); folder = dirname(folder)) found.push(folder);
  return found;
}
