// A store of append-only files, one per process: whatever byte a kill comes at, the lines before it are whole. Each process
// writes its own file alone; what counts for a guard is the latest line of all files. Compacts itself.

import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { threadId } from 'node:worker_threads';
import { complain } from '../emit/complain.ts';
import type { GuardStore, StoredGuard } from './store.ts';

/** Beyond it the own file is written anew, with what still holds. */
const MAX_BYTES = 256 * 1024;
/** Files of processes that ended are taken over when there are more. */
const MAX_FILES = 16;
/** How long a process must have been silent before its file may be taken over. */
const SILENT_MS = 60_000;

type Line = { label: string; at: number; until: number } & ({ cleared: true } | StoredGuard);

/**
 * Keeps guards in a folder (default `.loopbound`), with mode 0600. Lines that are not whole count as none. Where nothing can
 * be written (a full disk, a read-only folder) it says so on stderr and the guard goes on without; where something cannot
 * be read, `load` throws: whether an earlier trip holds is then not known.
 */
export const fileStore = (dir = '.loopbound'): GuardStore => {
  const folder = join(resolve(dir), 'guards');
  const own = join(folder, `${process.pid}-${threadId}.jsonl`);

  const append = (line: Line): void => {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      // Begins on its own line, even after one that a full disk cut short.
      appendFileSync(own, `\n${JSON.stringify(line)}\n`, { mode: 0o600 });
    } catch (error) {
      complain(
        `cannot keep the trip of ${line.label} in ${own}, so another process will not know of it: ${(error as Error).message}`,
      );
      return;
    }
    try {
      if (statSync(own).size > MAX_BYTES) rewrite(own, [own], line.at);
      const silent = filesIn(folder).filter(path => path !== own && isSilent(path, line.at));
      if (silent.length < MAX_FILES) return;
      rewrite(own, [...silent, own], line.at);
      // Only now: killed in between, the lines are there twice, and the latest counts.
      for (const path of silent) rmSync(path, { force: true });
    } catch (error) {
      complain(`cannot compact ${folder}: ${(error as Error).message}`);
    }
  };

  return {
    load(label) {
      const line = latest(filesIn(folder)).get(label);
      return line && 'trip' in line ? { trip: line.trip, until: line.until, window: line.window } : undefined;
    },
    save: (label, state) => append({ label, at: Date.now(), ...state }),
    clear(label) {
      const line = latest(filesIn(folder)).get(label);
      // Has to outlive what it takes back.
      if (line && 'trip' in line)
        append({ label, at: Math.max(Date.now(), line.at + 1), until: line.until, cleared: true });
    },
  };
};

const filesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder)
      .filter(name => name.endsWith('.jsonl'))
      .map(name => join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new Error(`the guard store ${folder} cannot be read: ${(error as Error).message}`, { cause: error });
  }
};

/** The latest line of each label. */
const latest = (files: readonly string[]): Map<string, Line> => {
  const found = new Map<string, Line>();
  for (const file of files) {
    for (const text of textOf(file).split('\n')) {
      const line = text === '' ? undefined : parse(text);
      const before = line && found.get(line.label);
      if (line && (!before || line.at >= before.at)) found.set(line.label, line);
    }
  }
  return found;
};

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    // Taken over by another process meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new Error(`the guard store ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
};

const parse = (text: string): Line | undefined => {
  let line: Partial<Line & StoredGuard & { cleared: true }>;
  try {
    line = JSON.parse(text);
  } catch {
    // Cut short by a kill or a full disk.
    return undefined;
  }
  const { label, at, until, trip, window, cleared } = line ?? {};
  if (typeof label !== 'string' || typeof at !== 'number' || typeof until !== 'number') return undefined;
  if (cleared === true) return { label, at, until, cleared };
  if (typeof trip?.reason !== 'string' || typeof trip.message !== 'string') return undefined;
  return { label, at, until, trip, window: Array.isArray(window) ? window : [] };
};

/** Replaces a file by what of `files` still holds: the old one or the new one is there, whole. */
const rewrite = (own: string, files: readonly string[], now: number): void => {
  const lines = [...latest(files).values()].filter(line => line.until > now);
  writeFileSync(`${own}.part`, lines.map(line => `${JSON.stringify(line)}\n`).join(''), { mode: 0o600 });
  renameSync(`${own}.part`, own);
};

const isSilent = (file: string, now: number): boolean => {
  const pid = Number(/(\d+)-\d+\.jsonl$/.exec(file)?.[1]);
  try {
    if (now - statSync(file).mtimeMs < SILENT_MS) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // EPERM: alive, somebody else's.
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
};
