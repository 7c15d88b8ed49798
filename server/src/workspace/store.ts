// A place outside the checkout for what can be computed again: named blobs, written in one step. Losing it, or finding
// half of it, costs time and nothing else.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
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
        prune(folder);
      } catch (error) {
        log.warn(`The cache cannot be written: ${String(error)}`);
      }
    },
  };
}

/** Old builds and deleted checkouts leave blobs behind: the newest are kept. */
function prune(folder: string): void {
  const names = readdirSync(folder);
  if (names.length <= kept) return;
  const byAge = names.map(name => ({ file: join(folder, name), age: statSync(join(folder, name)).mtimeMs }));
  for (const { file } of byAge.sort((a, b) => a.age - b.age).slice(0, names.length - kept / 2))
    rmSync(file, { force: true });
}

const kept = 400;

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
