// Reads journalled trips back: by the connection of a later process, and by a hub that collects what dead agents left.

import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseTrip } from './protocol/parse.ts';
import type { Trip } from './protocol/trip.ts';
import { tripFileName, tripFolder } from './tripFile.ts';

/** Trips that wait on disk at most; beyond it the oldest go. */
export const MAX_TRIP_FILES = 10_000;

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
      if (read.ok && tripFileName(read.value) === name) trips.push(read.value);
      else odd(`${path}: not a trip${read.ok ? '' : `: ${read.reason}`}`);
    } catch (error) {
      // Another process may have sent and removed it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') odd(`${path}: ${String(error)}`);
    }
  }
  return trips;
};
