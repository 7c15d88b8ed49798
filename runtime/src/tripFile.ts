// Trips as files: one file per trip, written whole under another name first and then renamed. Survives a kill at any byte.
// Used by the agent's journal and by the hub that collects what dead agents left. Knows nothing of sockets.

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTrip } from './protocol/parse.ts';
import type { Trip } from './protocol/trip.ts';

/** Trips that wait on disk at most; beyond it the oldest go. */
export const MAX_TRIP_FILES = 10_000;

/** The folder of a project's journalled trips. */
export const tripFolder = (stateDir: string): string => join(stateDir, 'trips');

/** The folder of what processes could not send any more before they ended. */
export const tailFolder = (stateDir: string): string => join(stateDir, 'tails');

const fileName = (trip: { id: string; time: number }): string =>
  `${String(Math.trunc(trip.time)).padStart(15, '0')}-${trip.id}.json`;

/** Writes a trip so that it is either there whole or not at all. Folder 0700, file 0600. Throws what the file system says. */
export const writeTrip = (stateDir: string, trip: Trip): string => {
  const folder = tripFolder(stateDir);
  const path = join(folder, fileName(trip));
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
  rmSync(join(tripFolder(stateDir), fileName(trip)), { force: true });

/** The journalled trips, oldest first. Files that are not trips are told to `odd` and left alone. */
export const readTrips = (stateDir: string, odd: (message: string) => void = () => undefined): Trip[] => {
  const folder = tripFolder(stateDir);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') odd(`${folder}: ${String(error)}`);
    return [];
  }
  const files = names.filter(name => name.endsWith('.json')).sort();
  for (const name of files.splice(0, Math.max(0, files.length - MAX_TRIP_FILES))) {
    rmSync(join(folder, name), { force: true });
  }
  const trips: Trip[] = [];
  for (const name of files) {
    const path = join(folder, name);
    try {
      const read = parseTrip(JSON.parse(readFileSync(path, 'utf8')));
      if (read.ok && fileName(read.value) === name) trips.push(read.value);
      else odd(`${path}: not a trip${read.ok ? '' : `: ${read.reason}`}`);
    } catch (error) {
      // Another process may have sent and removed it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') odd(`${path}: ${String(error)}`);
    }
  }
  return trips;
};
