// Trips as files: one file per trip, written whole under another name first and then renamed. Survives a kill at any byte.
// Reading them back is in tripReader.ts, so that the core needs no parser.

import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Trip } from './protocol/trip.ts';

/** The folder of a project's journalled trips. */
export const tripFolder = (stateDir: string): string => join(stateDir, 'trips');

/** The folder of what processes could not send any more before they ended. */
export const tailFolder = (stateDir: string): string => join(stateDir, 'tails');

/** The file of a trip: sorts by time. */
export const tripFileName = (trip: { id: string; time: number }): string =>
  `${String(Math.trunc(trip.time)).padStart(15, '0')}-${trip.id}.json`;

/** Writes a trip so that it is either there whole or not at all. Folder 0700, file 0600. Throws what the file system says. */
export const writeTrip = (stateDir: string, trip: Trip): string => {
  const folder = tripFolder(stateDir);
  const path = join(folder, tripFileName(trip));
  const part = `${path}.part`;
  try {
    writeFileSync(part, JSON.stringify(trip), { mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(stateDir, '.gitignore'), '*\n', { mode: 0o600 });
    writeFileSync(part, JSON.stringify(trip), { mode: 0o600 });
  }
  renameSync(part, path);
  return path;
};

/** Forgets a trip. Being gone already is fine. */
export const removeTrip = (stateDir: string, trip: { id: string; time: number }): void =>
  rmSync(join(tripFolder(stateDir), tripFileName(trip)), { force: true });
