// A store of small files, one per guard, replaced whole by rename: a kill at any byte leaves the old or the new one.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { GuardStore, StoredGuard } from './store.ts';

/** Keeps guards in a folder (default `.loopbound`), with mode 0600. Damaged files count as none. */
export const fileStore = (dir = '.loopbound'): GuardStore => {
  const folder = join(resolve(dir), 'guards');
  const pathOf = (label: string): string =>
    join(folder, `${createHash('sha256').update(label).digest('hex').slice(0, 32)}.json`);
  return {
    load(label) {
      let text: string;
      try {
        text = readFileSync(pathOf(label), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
      try {
        const { trip, until, window } = JSON.parse(text) as StoredGuard;
        if (typeof trip?.reason !== 'string' || typeof trip.message !== 'string' || typeof until !== 'number')
          return undefined;
        return { trip, until, window: Array.isArray(window) ? window : [] };
      } catch (error) {
        // Renames leave no half files, so this was changed by hand.
        if (error instanceof SyntaxError) return undefined;
        throw error;
      }
    },
    save(label, state) {
      const path = pathOf(label);
      const part = `${path}.${process.pid}.part`;
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(part, JSON.stringify(state), { mode: 0o600 });
      renameSync(part, path);
    },
    clear: label => rmSync(pathOf(label), { force: true }),
  };
};
