// Keeps trips over restarts of the hub: collects what agents journalled while no hub was there, appends to a history file.
// A line that was cut by a kill is skipped. Knows nothing of sockets.

import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AgentEvent } from '../protocol/event.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { AgentHello } from '../protocol/message.ts';
import { MODEL_LIMITS } from '../protocol/model.ts';
import { parseAgentMessage, parseHello, parseTrip } from '../protocol/parse.ts';
import type { Trip } from '../protocol/trip.ts';
import { removeTrip, tailFolder } from '../tripFile.ts';
import { readTrips } from '../tripReader.ts';

/** Where a hub keeps trips. */
export type TripShelf = {
  /** The last trips of earlier hubs, oldest first, each once. */
  history(): Trip[];
  /** Appends trips that are new to the history. */
  keep(trips: readonly Trip[]): void;
  /** Takes what agents left: trips in their journals, and telemetry of processes that ended before it was out. */
  collect(take: (trips: readonly Trip[]) => void, tail: (tail: Tail) => void): void;
  /** Forgets the history. */
  clear(): void;
};

/** The last telemetry of a process that is gone. */
export type Tail = { hello: AgentHello; events: AgentEvent[]; dropped: number };

const MAX_BYTES = 4 * 1024 * 1024;

/** Opens a shelf. Without `file` nothing is kept on disk, and collected journals are left where they are. */
export const openTripShelf = (
  stateDirs: readonly string[],
  file: string | undefined,
  warn: (message: string) => void,
): TripShelf => {
  const known = new Set<string>();

  const readFile = (path: string): Trip[] => {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') warn(`${path}: ${String(error)}`);
      return [];
    }
    const trips: Trip[] = [];
    for (const line of text.split('\n')) {
      if (line === '') continue;
      try {
        const read = parseTrip(JSON.parse(line));
        if (read.ok) trips.push(read.value);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        warn(`${path}: skipped a line that was cut`);
      }
    }
    return trips;
  };

  return {
    history() {
      if (file === undefined) return [];
      const trips: Trip[] = [];
      for (const trip of [...readFile(`${file}.old`), ...readFile(file)]) {
        if (known.has(trip.id)) continue;
        known.add(trip.id);
        trips.push(trip);
      }
      return trips.slice(-MODEL_LIMITS.trips);
    },
    keep(trips) {
      if (file === undefined) return;
      const fresh = trips.filter(trip => !known.has(trip.id));
      if (fresh.length === 0) return;
      for (const trip of fresh) known.add(trip.id);
      // Each line begins on its own, even after one that a kill cut short.
      const lines = fresh.map(trip => `\n${JSON.stringify(trip)}`).join('');
      try {
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
        appendFileSync(file, lines, { mode: 0o600 });
        if (statSync(file).size > MAX_BYTES) renameSync(file, `${file}.old`);
      } catch (error) {
        warn(`${file}: ${String(error)}`);
      }
    },
    collect(take, tail) {
      for (const dir of stateDirs) {
        takeTails(dir, tail, warn);
        const trips = readTrips(dir, warn).filter(trip => file !== undefined || !known.has(trip.id));
        if (trips.length === 0) continue;
        for (const trip of trips) if (file === undefined) known.add(trip.id);
        take(trips);
        if (file === undefined) continue;
        for (const trip of trips) removeTrip(dir, trip);
      }
    },
    clear() {
      known.clear();
      if (file === undefined) return;
      rmSync(file, { force: true });
      rmSync(`${file}.old`, { force: true });
    },
  };
};

const takeTails = (dir: string, tail: (tail: Tail) => void, warn: (message: string) => void): void => {
  const folder = tailFolder(dir);
  let names: string[];
  try {
    names = readdirSync(folder).filter(name => name.endsWith('.json'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') warn(`${folder}: ${String(error)}`);
    return;
  }
  for (const name of names.sort().slice(0, 100)) {
    const path = join(folder, name);
    try {
      if (statSync(path).size <= 4 * LIMITS.frameBytes) {
        const { hello, events } = JSON.parse(readFileSync(path, 'utf8')) as { hello?: unknown; events?: unknown };
        const who = parseHello(hello);
        const what = parseAgentMessage(events);
        if (who.ok && who.value.role === 'agent' && what.ok && what.value.type === 'events') {
          tail({ hello: who.value, events: what.value.events, dropped: what.value.dropped });
        }
      }
      rmSync(path, { force: true });
    } catch (error) {
      warn(`${path}: ${String(error)}`);
    }
  }
};
