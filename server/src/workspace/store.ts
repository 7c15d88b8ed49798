// A place outside the checkout for what can be computed again: named blobs, written in one step. Losing it, or finding
// half of it, costs time and nothing else.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { writeAtomically } from './files.ts';
import type { Log } from './log.ts';

/** Blobs by name. Neither function throws. */
export interface Store {
  read(name: string): string | undefined;
  write(name: string, data: string): void;
}

/** The store in `$LOOPBOUND_CACHE`, `$XDG_CACHE_HOME/loopbound` or the platform's cache folder. */
export function openStore(log: Log): Store {
  const folder = cacheFolder();
  return {
    read(name) {
      try {
        return readFileSync(fileOf(folder, name), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') log.warn(`The cache cannot be read: ${String(error)}`);
        return undefined;
      }
    },
    write(name, data) {
      try {
        writeAtomically(fileOf(folder, name), data);
      } catch (error) {
        log.warn(`The cache cannot be written: ${String(error)}`);
      }
    },
  };
}

function fileOf(folder: string, name: string): string {
  return join(folder, `${createHash('sha256').update(name).digest('hex').slice(0, 32)}.json`);
}

function cacheFolder(): string {
  const { LOOPBOUND_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (LOOPBOUND_CACHE) return LOOPBOUND_CACHE;
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, 'loopbound');
  if (process.platform === 'win32' && LOCALAPPDATA) return join(LOCALAPPDATA, 'loopbound', 'cache');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'loopbound');
  return join(homedir(), '.cache', 'loopbound');
}
