// What the other rooms may ask of a file system, and the two that answer: the disk and a map in memory.
// Nothing here throws for what the user's disk holds: what cannot be read is `absent` or `skipped` with a reason.
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname as dirnameOf, join as joinPath, relative, resolve, sep } from 'node:path';
import { join } from './path.ts';

/** Identity of a file's content on disk without reading it: equal stamps mean equal content. */
export interface Stamp {
  readonly size: number;
  /** Milliseconds. */
  readonly modified: number;
}

export type Read =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent' }
  /** There, but nothing to analyse: too large, binary, unreadable. */
  | { readonly kind: 'skipped'; readonly reason: string };

export interface Entry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'link';
}

/** A file system seen from a root. All paths are workspace paths (see path.ts). */
export interface Files {
  /** Absolute path of the root with the platform's separators; '' in memory. */
  readonly root: string;
  /** Folders above the root that belong to the same repository, nearest first: `..`, `../..`. */
  readonly above: readonly string[];
  read(path: string, maxBytes?: number): Read;
  stamp(path: string): Stamp | undefined;
  kind(path: string): 'file' | 'directory' | undefined;
  /** Sorted by name; undefined if it is no readable folder. */
  entries(path: string): readonly Entry[] | undefined;
  /** The path with all links resolved, for finding loops; the path itself if it cannot be resolved. */
  real(path: string): string;
  /** Replaces the content in one step: readers see the old text or the new one. */
  write(path: string, text: string): void;
}

/** Files above this size are skipped unless the config says otherwise. */
export const defaultMaxBytes = 5 * 1024 * 1024;

/** The disk, seen from `root` (absolute or relative to the working directory). */
export function diskFiles(root: string): Files {
  const top = resolve(root);
  const absolute = (path: string) => (path === '' ? top : joinPath(top, path));
  return {
    root: top,
    above: foldersAbove(top),
    read(path, maxBytes = defaultMaxBytes) {
      try {
        const file = absolute(path);
        const stat = statSync(file);
        if (!stat.isFile()) return { kind: 'absent' };
        if (stat.size > maxBytes) return { kind: 'skipped', reason: tooLarge(stat.size, maxBytes) };
        return decode(readFileSync(file));
      } catch (error) {
        return failure(error);
      }
    },
    stamp(path) {
      const stat = quietly(() => statSync(absolute(path), { throwIfNoEntry: false }));
      return stat?.isFile() ? { size: stat.size, modified: stat.mtimeMs } : undefined;
    },
    kind(path) {
      return quietly(() => {
        const stat = statSync(absolute(path), { throwIfNoEntry: false });
        return stat?.isFile() ? 'file' : stat?.isDirectory() ? 'directory' : undefined;
      });
    },
    entries(path) {
      return quietly(() => {
        const found: Entry[] = [];
        for (const entry of readdirSync(absolute(path), { withFileTypes: true })) {
          const kind = entry.isFile()
            ? 'file'
            : entry.isDirectory()
              ? 'directory'
              : entry.isSymbolicLink()
                ? 'link'
                : undefined;
          if (kind) found.push({ name: entry.name, kind });
        }
        return found.sort((a, b) => (a.name < b.name ? -1 : 1));
      });
    },
    real(path) {
      return (
        quietly(() =>
          relative(top, realpathSync(absolute(path)))
            .split(sep)
            .join('/'),
        ) ?? path
      );
    },
    write(path, text) {
      const file = absolute(path);
      const mark = quietly(() => readFileSync(file).subarray(0, 3).equals(byteOrderMark));
      writeAtomically(file, mark ? `\ufeff${text}` : text);
    },
  };
}

/** A map from path to text. Folders exist where files are below them. */
export function memoryFiles(texts: Map<string, string>): Files {
  return {
    root: '',
    above: [],
    read(path, maxBytes = defaultMaxBytes) {
      const text = texts.get(path);
      if (text === undefined) return { kind: 'absent' };
      if (text.length > maxBytes) return { kind: 'skipped', reason: tooLarge(text.length, maxBytes) };
      return text.includes('\0')
        ? { kind: 'skipped', reason: 'binary (holds a NUL character)' }
        : { kind: 'text', text };
    },
    // Nothing says when a text in memory changed, so it has no stamp and is read again.
    stamp: () => undefined,
    kind(path) {
      if (texts.has(path)) return 'file';
      return childrenOf(texts.keys(), path).size > 0 ? 'directory' : undefined;
    },
    entries: path => sorted(childrenOf(texts.keys(), path)),
    real: path => path,
    write: (path, text) => void texts.set(path, text),
  };
}

/** `base` with texts that win over it: what an editor holds unsaved. */
export function overlay(base: Files, buffers: ReadonlyMap<string, string>): Files {
  return {
    root: base.root,
    above: base.above,
    read(path, maxBytes = defaultMaxBytes) {
      const text = buffers.get(path);
      if (text === undefined) return base.read(path, maxBytes);
      if (text.length > maxBytes) return { kind: 'skipped', reason: tooLarge(text.length, maxBytes) };
      return text.includes('\0')
        ? { kind: 'skipped', reason: 'binary (holds a NUL character)' }
        : { kind: 'text', text };
    },
    stamp(path) {
      const text = buffers.get(path);
      if (text === undefined) return base.stamp(path);
      // Most open files are as they are on the disk.
      const read = base.read(path);
      return read.kind === 'text' && read.text === text ? base.stamp(path) : undefined;
    },
    kind: path =>
      buffers.has(path)
        ? 'file'
        : (base.kind(path) ?? (childrenOf(buffers.keys(), path).size > 0 ? 'directory' : undefined)),
    entries(path) {
      const found = base.entries(path);
      const added = childrenOf(buffers.keys(), path);
      for (const entry of found ?? []) added.set(entry.name, entry.kind);
      return found && added.size === found.length ? found : sorted(added);
    },
    real: path => base.real(path),
    write: (path, text) => base.write(path, text),
  };
}

/** Names directly below a folder, from the paths of files. */
function childrenOf(paths: Iterable<string>, folder: string): Map<string, Entry['kind']> {
  const prefix = folder === '' ? '' : `${folder}/`;
  const found = new Map<string, Entry['kind']>();
  for (const path of paths) {
    if (!path.startsWith(prefix)) continue;
    const rest = path.slice(prefix.length);
    const slash = rest.indexOf('/');
    if (slash < 0) found.set(rest, 'file');
    else found.set(rest.slice(0, slash), 'directory');
  }
  return found;
}

function sorted(entries: ReadonlyMap<string, Entry['kind']>): readonly Entry[] | undefined {
  if (entries.size === 0) return undefined;
  return [...entries].map(([name, kind]) => ({ name, kind })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Writes beside the target and renames, so that nobody reads half a file. `file` is absolute; folders are made. */
export function writeAtomically(file: string, data: string | Uint8Array): void {
  const folder = dirnameOf(file);
  const target = quietly(() => realpathSync(file)) ?? file;
  const temporary = `${target}.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`;
  mkdirSync(folder, { recursive: true });
  const mode = statSync(target, { throwIfNoEntry: false })?.mode;
  try {
    writeFileSync(temporary, data, mode === undefined ? {} : { mode });
    renameSync(temporary, target);
  } catch (error) {
    quietly(() => unlinkSync(temporary));
    throw error;
  }
}

/** From the nearest parent up to the one that holds `.git`; none if no parent does. */
function foldersAbove(root: string): string[] {
  if (statSync(joinPath(root, '.git'), { throwIfNoEntry: false })) return [];
  const folders: string[] = [];
  let folder = root;
  for (let up = '..'; dirnameOf(folder) !== folder; up = join(up, '..')) {
    folder = dirnameOf(folder);
    folders.push(up);
    if (quietly(() => statSync(joinPath(folder, '.git'), { throwIfNoEntry: false }))) return folders;
  }
  return [];
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

function decode(bytes: Buffer): Read {
  // UTF-16 is full of NUL bytes, but its mark says that it is text.
  if (bytes.length >= 2 && bytes[0] === 0xff && bytes[1] === 0xfe)
    return { kind: 'text', text: bytes.toString('utf16le', 2) };
  if (bytes.includes(0)) return { kind: 'skipped', reason: 'binary (holds a NUL byte)' };
  // Editors do not count the mark as a character, so neither do spans.
  const start = bytes.subarray(0, 3).equals(byteOrderMark) ? 3 : 0;
  return { kind: 'text', text: bytes.toString('utf8', start) };
}

function failure(error: unknown): Read {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' };
  if (code === 'ELOOP') return { kind: 'skipped', reason: 'a link that leads to itself' };
  return { kind: 'skipped', reason: `unreadable (${code ?? String(error)})` };
}

function tooLarge(size: number, cap: number): string {
  return `too large (${(size / 1048576).toFixed(1)} MB, the limit is ${(cap / 1048576).toFixed(1)} MB)`;
}

/** The file system says no in many ways; the caller has one answer to all of them. */
function quietly<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
