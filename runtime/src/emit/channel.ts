// Where events and trips of this process go: to listeners, to the journal, and to a hub if one is announced.
// Never throws, never blocks, never keeps the process alive: the agent must not be harmed by who watches it.

import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { AgentEvent } from '../protocol/event.ts';
import { ENV_HUB, ENV_STATE, ENV_TOKEN } from '../protocol/limits.ts';
import type { Trip } from '../protocol/trip.ts';
import { writeTrip } from '../tripFile.ts';
import { complain } from './complain.ts';
import { leaveTail, type Outbox } from './outbox.ts';
import { DropOldest } from './queue.ts';
import { type Listener, shared } from './shared.ts';

/** A connection to a hub, as the lazily loaded chunk offers it. */
export type SocketModule = { connectHub(options: { url: string; token: string; outbox: Outbox }): void };

const QUEUE = 10_000;
const MEMORY_TRIPS = 1_000;
const EXIT_FLUSH_MS = 1_000;

class Channel implements Outbox {
  readonly agentId = randomUUID();
  readonly hub: { url: string; token: string } | undefined;
  readonly stateDir: string | undefined;
  readonly events = new DropOldest<AgentEvent>(QUEUE);
  readonly trips = new Map<string, Trip>();
  wake = (): void => undefined;
  drain = (_ms: number): Promise<void> => Promise.resolve();

  constructor() {
    this.hub = hubOf(shared.settings.hub);
    const dir = shared.settings.stateDir ?? process.env[ENV_STATE];
    // Without a hub and without a folder asked for, nothing is written anywhere.
    this.stateDir = dir ? resolve(dir) : this.hub ? resolve('.loopbound') : undefined;
    if (this.hub) this.#connect(this.hub);
  }

  send(event: AgentEvent): void {
    if (!this.hub) return;
    this.events.push(event);
    this.wake();
  }

  /** Writes the trip to disk first, then sends it. */
  trip(trip: Trip): void {
    if (this.stateDir !== undefined) {
      try {
        writeTrip(this.stateDir, trip);
      } catch (error) {
        complain(`cannot journal a trip: ${String(error)}`);
      }
    }
    if (!this.hub) return;
    this.trips.set(trip.id, trip);
    if (this.trips.size > MEMORY_TRIPS) this.trips.delete(this.trips.keys().next().value!);
    this.wake();
  }

  #connect(hub: { url: string; token: string }): void {
    import('./socket.ts')
      .then((socket: SocketModule) => socket.connectHub({ ...hub, outbox: this }))
      .catch(error => complain(`cannot load the hub connection: ${String(error)}`));
    let flushed = false;
    process.on('beforeExit', () => {
      if (flushed) return;
      flushed = true;
      endProcessRun();
      if (this.events.size > 0 || this.trips.size > 0) void this.drain(EXIT_FLUSH_MS);
    });
    process.on('uncaughtExceptionMonitor', error => endProcessRun(error));
    process.on('exit', () => {
      endProcessRun();
      leaveTail(this);
    });
  }
}

/** Only a hub on this machine is spoken to, whatever the environment says. */
const hubOf = (
  setting: { url: string; token: string } | false | undefined,
): { url: string; token: string } | undefined => {
  if (setting === false) return undefined;
  const url = setting?.url ?? process.env[ENV_HUB];
  const token = setting?.token ?? process.env[ENV_TOKEN];
  if (!url || !token) return undefined;
  if (!/^ws:\/\/127\.0\.0\.1:\d{1,5}\/?$/.test(url) || !/^[\w-]{16,128}$/.test(token)) {
    complain(`${ENV_HUB} or ${ENV_TOKEN} is not one of a hub on this machine; going on without`);
    return undefined;
  }
  return { url, token };
};

/** The channel of this process, made on first use. */
export const channel = (): Channel => {
  shared.channel ??= openChannel();
  return shared.channel as Channel;
};

const openChannel = (): Channel => {
  const opened = new Channel();
  if (opened.hub) shared.active = true;
  return opened;
};

/** Where trips and digest keys are kept; undefined if nowhere. */
export const stateDir = (): string | undefined => channel().stateDir;

/** Tells everybody about an event. Check `shared.active` before building one. */
export const emit = (event: AgentEvent): void => {
  for (const listener of shared.listeners) {
    try {
      listener.onEvent?.(event);
    } catch (error) {
      complain(`a listener threw: ${String(error)}`);
    }
  }
  channel().send(event);
};

/** Journals, sends and tells a trip. */
export const emitTrip = (trip: Trip): void => {
  channel().trip(trip);
  for (const listener of shared.listeners) {
    try {
      listener.onTrip?.(trip);
    } catch (error) {
      complain(`a listener threw: ${String(error)}`);
    }
  }
};

/** Calls back on every event and trip of this process; returns how to stop that. */
export const listen = (listener: Listener): (() => void) => {
  shared.listeners.add(listener);
  shared.active = true;
  return () => {
    shared.listeners.delete(listener);
    shared.active = shared.listeners.size > 0 || channel().hub !== undefined;
  };
};

/** How this process guards. Call it before the first guard is made; later calls change what can still be changed. */
export const configure = (settings: {
  /** Name of the application. Default: the file that node runs. */
  app?: string;
  /** Folder for journals and keys. Default: `LOOPBOUND_STATE`, else `.loopbound` if a hub is announced, else none. */
  stateDir?: string;
  /** Whether raw arguments may appear in trips. Default false: digests and lengths only. */
  recordArguments?: boolean;
  /** The hub, or false for none. Default: what `LOOPBOUND_HUB` and `LOOPBOUND_TOKEN` announce. */
  hub?: { url: string; token: string } | false;
  /** Monitoring mode for all guards: everything is recorded, nothing is stopped. Default false. */
  monitor?: boolean;
}): void => {
  Object.assign(shared.settings, settings);
};

/** Sends what waits to the hub; resolves when it has it, or after `ms`. */
export const flush = (ms = EXIT_FLUSH_MS): Promise<void> => channel().drain(ms);

const endProcessRun = (error?: unknown): void => {
  const run = shared.processRun;
  if (!run) return;
  shared.processRun = undefined;
  run.end(error);
};
