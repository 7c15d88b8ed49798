// One state of a workspace, never changed once made: its files, what was scanned of them, and where imports lead.
// It is made from the state before it, taking over all that no change can have touched.
import { createHash } from 'node:crypto';
import { type Discovered, discover } from '../workspace/discover.ts';
import { type Files, overlay, type Read, type Stamp } from '../workspace/files.ts';
import { globs } from '../workspace/glob.ts';
import { basename, extension, join } from '../workspace/path.ts';
import { type Recorder, recorder } from '../workspace/recorder.ts';
import { createResolver, type Resolver } from '../workspace/resolve.ts';
import { isMinified } from '../workspace/skipped.ts';
import type { Scan } from '../workspace/specifiers.ts';
import { createVersions } from '../workspace/versions.ts';
import type { SkippedFile } from './check.ts';
import { type Config, configNames, defaultConfig, type Problem, parseConfig } from './config.ts';
import { relevantPaths } from './relevant.ts';
import type { Scanner } from './scanner.ts';

/** What is kept of a file that was scanned. */
export interface Facts extends Scan {
  readonly hash: string;
  /** Absent for texts that are not on the disk. */
  readonly stamp?: Stamp;
}

export interface Snapshot {
  readonly files: Files;
  readonly config: Config;
  readonly problems: readonly Problem[];
  readonly facts: ReadonlyMap<string, Facts>;
  readonly skipped: readonly SkippedFile[];
  readonly missing: readonly string[];
  /** All that the files import. */
  readonly specifiers: ReadonlySet<string>;
  /** Files that were left out of the workspace and that imports lead to. */
  readonly outside: ReadonlySet<string>;
  readonly resolve: Resolver;
  readonly version: (from: string, packageName: string) => string | undefined;
  /** Files to analyse, sorted. */
  readonly relevant: readonly string[];
  /** Files beside those that hold suppression comments. */
  readonly suppressing: readonly string[];
  readonly discovered: Discovered;
  /** Notes what is asked of files beyond the scanned ones. */
  readonly recorder: Recorder;
  /** How the facts were scanned. */
  readonly scannerKey: string;
}

export interface SnapshotInput {
  readonly disk: Files;
  readonly buffers: ReadonlyMap<string, string>;
  /** What the user named; `['']` for the whole root. */
  readonly starts: readonly string[];
  readonly extensions: ReadonlySet<string>;
  readonly scanner: (config: Config) => Scanner;
  /** Facts of an earlier run, if the file still has the same stamp. */
  readonly remembered?: ((path: string, stamp: Stamp, scannerKey: string) => Facts | undefined) | undefined;
  readonly previous?: Snapshot | undefined;
  /** Paths that changed since `previous`. */
  readonly changed: ReadonlySet<string>;
  /** Called between files; throws when nobody wants the answer any more. */
  breathe(): Promise<void> | undefined;
}

/** Names of files that decide where imports lead or which files there are. */
const structural =
  /(?:^|\/)(?:package\.json|[^/]*tsconfig[^/]*\.json|jsconfig\.json|\.gitignore|pyproject\.toml|setup\.(?:py|cfg)|requirements[^/]*\.(?:txt|in)|[^/]*\.lock|[^/]*-lock\.(?:json|yaml)|npm-shrinkwrap\.json|loopbound\.config\.jsonc?)$/;

/** Whether a change of this file changes more than the file. */
export function isStructural(path: string): boolean {
  return structural.test(path);
}

/** Takes the next snapshot. */
export async function takeSnapshot(input: SnapshotInput): Promise<Snapshot> {
  const { disk, buffers, previous, changed } = input;
  const files = buffers.size > 0 ? overlay(disk, buffers) : disk;
  // Discovery depends on which files there are and on the rules that exclude some; a changed text alone does not move it.
  const moved =
    !previous ||
    [...changed].some(
      path =>
        isStructural(path) ||
        // A folder that came or went.
        extension(path) === '' ||
        // A file that was left out and that an import leads to.
        previous.outside.has(path) ||
        (input.extensions.has(extension(path)) &&
          previous.discovered.paths.includes(path) !== (files.kind(path) === 'file')),
    );
  const { config, problems } = moved ? findConfig(files, input.starts) : previous;
  const discovered = moved
    ? discover(files, {
        starts: input.starts,
        extensions: input.extensions,
        include: globs(config.include),
        exclude: globs(config.exclude),
      })
    : previous.discovered;

  const scanner = input.scanner(config);
  const sameScanner = previous?.scannerKey === scanner.key;
  const facts = new Map<string, Facts>();
  const skipped: SkippedFile[] = [...discovered.skipped];
  let sameImports = !moved;
  for (const path of discovered.paths) {
    const before = previous?.facts.get(path);
    if (before && sameScanner && !changed.has(path)) {
      facts.set(path, before);
      continue;
    }
    const wasSkipped = previous?.skipped.find(file => file.path === path);
    if (wasSkipped && !changed.has(path) && previous?.config.maxFileSize === config.maxFileSize) {
      skipped.push(wasSkipped);
      continue;
    }
    const pause = input.breathe();
    if (pause) await pause;
    const stamp = files.stamp(path);
    const remembered = stamp && input.remembered?.(path, stamp, scanner.key);
    const now =
      remembered ?? readFacts(scanner, files.read(path, config.maxFileSize), path, stamp, discovered.named.has(path));
    if ('reason' in now) {
      skipped.push(now);
      if (before) sameImports = false;
      continue;
    }
    facts.set(path, now);
    if (!before || !sameScan(before, now)) sameImports = false;
  }
  if (previous && sameImports && previous.facts.size === facts.size) {
    return { ...previous, files, facts, skipped };
  }
  const seen = moved ? recorder(files, path => facts.has(path)) : previous.recorder;
  const resolve = moved ? createResolver(seen.files, new Set(facts.keys()), discovered.manifests) : previous.resolve;
  const relevant = relevantPaths(facts, resolve);
  const chosen = new Set(relevant);
  const suppressing = [...facts].filter(([path, fact]) => fact.suppresses && !chosen.has(path)).map(([path]) => path);
  const { specifiers, outside } = importsOf(facts, resolve, path => {
    const read = seen.files.read(path, config.maxFileSize);
    return read.kind === 'text' ? scanner.scan(path, read.text) : undefined;
  });
  const version = moved ? createVersions(seen.files) : previous.version;
  return {
    files,
    config,
    problems,
    facts,
    skipped,
    missing: discovered.missing,
    specifiers,
    outside,
    resolve,
    version,
    relevant,
    suppressing,
    discovered,
    recorder: seen,
    scannerKey: scanner.key,
  };
}

/** Identity of all that was scanned and configured; with the recorder's observations it decides the result. */
export function digestOf(snapshot: Snapshot, starts: readonly string[]): string {
  const { config, problems, skipped, missing, scannerKey } = snapshot;
  const hash = createHash('sha1');
  hash.update(
    JSON.stringify([starts, scannerKey, { ...config, rules: [...config.rules] }, problems, skipped, missing]),
  );
  for (const [path, facts] of snapshot.facts) hash.update(`\0${path}\0${facts.hash}`);
  return hash.digest('base64url');
}

/** Identity of a text. */
export function hashOf(text: string): string {
  return createHash('sha1').update(text).digest('base64url');
}

function readFacts(
  scanner: Scanner,
  read: Read,
  path: string,
  stamp: Stamp | undefined,
  named: boolean,
): Facts | SkippedFile {
  if (read.kind === 'absent') return { path, reason: 'vanished' };
  if (read.kind === 'skipped') return { path, reason: read.reason };
  if (!named && isMinified(read.text)) return { path, reason: 'minified or generated' };
  const scan = scanner.scan(path, read.text);
  return { ...scan, hash: hashOf(read.text), ...(stamp ? { stamp } : {}) };
}

/** What the files import, and what files import that were left out of the workspace but that imports lead to. */
function importsOf(
  facts: ReadonlyMap<string, Scan>,
  resolve: Resolver,
  scanOf: (path: string) => Scan | undefined,
): { readonly specifiers: ReadonlySet<string>; readonly outside: ReadonlySet<string> } {
  const specifiers = new Set<string>();
  const outside = new Set<string>();
  const queue = [...facts];
  for (let next = queue.pop(); next; next = queue.pop()) {
    const [from, scan] = next;
    for (const specifier of scan.specifiers) {
      specifiers.add(specifier);
      const target = resolve(from, specifier);
      if (target.kind !== 'module' || facts.has(target.path) || outside.has(target.path)) continue;
      const other = scanOf(target.path);
      outside.add(target.path);
      if (other) queue.push([target.path, other]);
    }
  }
  return { specifiers, outside };
}

function sameScan(a: Scan, b: Scan): boolean {
  return (
    a.seed === b.seed &&
    a.suppresses === b.suppresses &&
    a.specifiers.length === b.specifiers.length &&
    a.specifiers.every((specifier, at) => specifier === b.specifiers[at])
  );
}

/** The config nearest to what is checked: in the folder that holds all of it, or above. */
function findConfig(files: Files, starts: readonly string[]): { config: Config; problems: readonly Problem[] } {
  const only = starts.length === 1 ? (starts[0] as string) : '';
  const inside = only.startsWith('..')
    ? []
    : only.split('/').map((_, at, parts) => parts.slice(0, parts.length - at).join('/'));
  for (const folder of [...inside.filter(part => part !== ''), '', ...files.above]) {
    for (const name of configNames) {
      const path = join(folder, name);
      const read = files.read(path);
      if (read.kind !== 'text') continue;
      if (basename(path) === 'package.json' && !read.text.includes('"loopbound"')) continue;
      const found = parseConfig(path, read.text);
      if (found) return found;
    }
  }
  return { config: defaultConfig, problems: [] };
}
