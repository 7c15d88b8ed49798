// Where events and trips of this process go: to listeners, to the journal, and to a hub if one is announced.
// Never throws, never blocks, never keeps the process alive: the agent must not be harmed by who watches it.

import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { AgentEvent } from '../protocol/event.ts';
import { ENV_HUB, ENV_STATE, ENV_TOKEN, LIMITS, PROTOCOL_VERSION } from '../protocol/limits.ts';
import type { AgentHello, ControlAction, ControlResult, EventsMessage } from '../protocol/message.ts';
import type { Trip } from '../protocol/trip.ts';
import { readTrips, removeTrip, tailFolder, writeTrip } from '../tripFile.ts';
import { DropOldest } from './queue.ts';
import { type Listener, shared } from './shared.ts';

/** What the socket needs of the channel. */
export type Outbox = {
  hello(): AgentHello;
  /** The next batch; undefined if nothing waits. */
  takeEvents(): EventsMessage | undefined;
  /** Trips that no hub has acknowledged, oldest first. */
  unacknowledged(): Trip[];
  acknowledged(ids: readonly string[]): void;
  control(action: ControlAction): ControlResult['message'] | undefined;
  /** Set by the socket: called when there is something new to send. */
  wake: () => void;
  /** Set by the socket: sends what waits, resolves when it is out or the time is over. */
  drain: (ms: number) => Promise<void>;
};

/** A connection to a hub, as the lazily loaded chunk offers it. */
export type SocketModule = { connectHub(options: { url: string; token: string; outbox: Outbox }): void };

const QUEUE = 10_000;
const MEMORY_TRIPS = 1_000;
const EXIT_FLUSH_MS = 1_000;

class Channel {
  readonly agentId = randomUUID();
  readonly hub: { url: string; token: string } | undefined;
  readonly stateDir: string | undefined;
  readonly #events = new DropOldest<AgentEvent>(QUEUE);
  readonly #trips = new Map<string, Trip>();
  readonly outbox: Outbox;

  constructor() {
    this.hub = hubOf(shared.settings.hub);
    const dir = shared.settings.stateDir ?? process.env[ENV_STATE];
    // Without a hub and without a folder asked for, nothing is written anywhere.
    this.stateDir = dir ? resolve(dir) : this.hub ? resolve('.loopbound') : undefined;
    this.outbox = {
      hello: () => this.#hello(),
      takeEvents: () => {
        if (this.#events.size === 0) return undefined;
        const events = this.#events.take(LIMITS.eventsPerMessage / 2);
        return { type: 'events', dropped: this.#events.dropped, events };
      },
      unacknowledged: () => this.#unacknowledged(),
      acknowledged: ids => this.#acknowledged(ids),
      control: action => control(action),
      wake: () => undefined,
      drain: () => Promise.resolve(),
    };
    if (this.hub) this.#connect(this.hub);
  }

  /** Whether events are wanted by a hub. */
  get sending(): boolean {
    return this.hub !== undefined;
  }

  send(event: AgentEvent): void {
    if (!this.hub) return;
    this.#events.push(event);
    this.outbox.wake();
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
    this.#trips.set(trip.id, trip);
    if (this.#trips.size > MEMORY_TRIPS) this.#trips.delete(this.#trips.keys().next().value!);
    this.outbox.wake();
  }

  #connect(hub: { url: string; token: string }): void {
    import('./socket.ts')
      .then((socket: SocketModule) => socket.connectHub({ ...hub, outbox: this.outbox }))
      .catch(error => complain(`cannot load the hub connection: ${String(error)}`));
    let flushed = false;
    process.on('beforeExit', () => {
      if (flushed) return;
      flushed = true;
      endProcessRun();
      if (this.#events.size === 0 && this.#trips.size === 0) return;
      void this.outbox.drain(EXIT_FLUSH_MS);
    });
    process.on('uncaughtExceptionMonitor', error => endProcessRun(error));
    process.on('exit', () => {
      endProcessRun();
      this.#leaveTail();
    });
  }

  /** Telemetry that could not be sent any more is left for the hub to collect. */
  #leaveTail(): void {
    const message = this.outbox.takeEvents();
    if (!message || this.stateDir === undefined) return;
    const folder = tailFolder(this.stateDir);
    const path = join(folder, `${Date.now()}-${this.agentId}.json`);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(`${path}.part`, JSON.stringify({ hello: this.#hello(), events: message }), { mode: 0o600 });
      renameSync(`${path}.part`, path);
    } catch (error) {
      complain(`cannot leave telemetry: ${String(error)}`);
    }
  }

  #hello(): AgentHello {
    const runs = [...shared.runs.values()].slice(-LIMITS.runsPerHello);
    return {
      type: 'hello',
      version: PROTOCOL_VERSION,
      role: 'agent',
      agent: {
        id: this.agentId,
        pid: process.pid,
        app: appName(),
        language: 'javascript',
        runtime: `node ${process.versions.node}`,
        library: VERSION,
      },
      runs: runs.map(({ id, name, startedAt, calls, tokens, usd }) => ({
        runId: id,
        name,
        time: startedAt,
        calls,
        tokens,
        usd,
      })),
      pendingTrips: this.#trips.size,
    };
  }

  #unacknowledged(): Trip[] {
    if (this.stateDir === undefined) return [...this.#trips.values()];
    const trips = new Map(readTrips(this.stateDir).map(trip => [trip.id, trip]));
    for (const [id, trip] of this.#trips) trips.set(id, trip);
    for (const [id, trip] of trips) this.#trips.set(id, trip);
    return [...trips.values()].sort((a, b) => a.time - b.time);
  }

  #acknowledged(ids: readonly string[]): void {
    for (const id of ids) {
      const trip = this.#trips.get(id);
      if (!trip) continue;
      this.#trips.delete(id);
      if (this.stateDir === undefined) continue;
      try {
        removeTrip(this.stateDir, trip);
      } catch (error) {
        complain(`cannot clear the journal: ${String(error)}`);
      }
    }
  }
}

/** Version of this library, as it says hello. */
export const VERSION = '0.1.0';

let complained = 0;
/** Says once in a while on stderr what went wrong on the side; the agent goes on. */
export const complain = (message: string): void => {
  if (complained++ < 5) process.emitWarning(message, 'LoopboundWarning');
};

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

/** Name of the application: as configured, or the file that node runs. */
export const appName = (): string =>
  shared.settings.app ?? process.env.LOOPBOUND_APP ?? (process.argv[1] ? basename(process.argv[1]) : 'node');

/** The channel of this process, made on first use. */
export const channel = (): Channel => {
  shared.channel ??= openChannel();
  return shared.channel as Channel;
};

const openChannel = (): Channel => {
  const opened = new Channel();
  if (opened.sending) shared.active = true;
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
    shared.active = shared.listeners.size > 0 || channel().sending;
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
export const flush = (ms = EXIT_FLUSH_MS): Promise<void> => channel().outbox.drain(ms);

const endProcessRun = (error?: unknown): void => {
  const run = shared.processRun;
  if (!run) return;
  shared.processRun = undefined;
  run.end(error);
};

const control = (action: ControlAction): string | undefined => {
  switch (action.do) {
    case 'stopRun': {
      const run = shared.runs.get(action.runId);
      if (!run) return 'The run is not active.';
      run.stop('It was stopped from the panel.');
      return undefined;
    }
    case 'resetBreaker':
    case 'raiseBudget': {
      const label = action.do === 'resetBreaker' ? action.breaker : action.guard;
      let done = 0;
      for (const ref of shared.guards.get(label) ?? []) {
        const guard = ref.deref();
        if (!guard) continue;
        if (action.do === 'raiseBudget') {
          if (!guard.raise(action.by)) continue;
        } else guard.reset();
        done++;
      }
      return done > 0 ? undefined : `There is no such guard: ${label}`;
    }
  }
};
