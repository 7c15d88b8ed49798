// The hub: takes in what guarded agents tell, keeps the model of all runs, tells viewers, passes controls on.
// Loopback only. A broken, hostile, silent or slow client is closed, and the others notice nothing.

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { emptyModel, fold } from '../protocol/fold.ts';
import { ENV_HUB, ENV_STATE, ENV_TOKEN, LIMITS, PROTOCOL_VERSION, SUBPROTOCOL } from '../protocol/limits.ts';
import type { ControlAction, ControlResult, HubToAgent, HubToViewer, RefusalReason } from '../protocol/message.ts';
import type { Delta, Model } from '../protocol/model.ts';
import { parseAgentMessage, parseControlAction, parseHello, parseViewerMessage } from '../protocol/parse.ts';
import type { Parsed } from '../protocol/read.ts';
import type { Trip } from '../protocol/trip.ts';
import { admit, type Capability, Keyring } from './admit.ts';
import { type Page, type PageOptions, servePage } from './page.ts';
import { makeToken } from './token.ts';
import { openTripShelf, type TripShelf } from './tripShelf.ts';

/** Options of {@link startHub}; every default is safe. */
export type HubOptions = {
  /** TCP port on 127.0.0.1. Default 0: a random free one. */
  port?: number;
  /** How long a client may take to say hello, in milliseconds. Default 5,000. */
  helloTimeoutMs?: number;
  /** Interval of pings; who does not answer by the next one is dead. Default 15,000. */
  heartbeatMs?: number;
  /** Websocket connections at once. Default 64. */
  maxConnections?: number;
  /** Bytes that may wait for one slow viewer before its telemetry is dropped. Default 1 MiB. */
  maxBufferedBytes?: number;
  /** How long telemetry is gathered before it is folded and passed on, in milliseconds. Default 33. */
  flushMs?: number;
  /**
   * Folders (`.loopbound` of a project) of which journalled trips and last words of ended processes are taken in. The
   * first one is announced to agents as `LOOPBOUND_STATE`.
   */
  stateDirs?: readonly string[];
  /** How often those folders are looked into, in milliseconds. Default 1,000. */
  sweepMs?: number;
  /** File that keeps the last trips over restarts of the hub. Default: none, trips live as long as the hub. */
  historyFile?: string;
  /** A live page served on the hub's own port. Default: none, plain HTTP requests get 404. */
  page?: PageOptions;
  /** Milliseconds since the epoch. Default `Date.now`. */
  now?: () => number;
  /** Where the hub says what it refused and closed. Tokens never appear. Default: nowhere. */
  log?: (entry: HubLog) => void;
};

/** One line of the hub's log. */
export type HubLog = { level: 'info' | 'warn'; message: string };

/** Told about every batch of changes, with the model after them. */
export type HubListener = (deltas: readonly Delta[], model: Model) => void;

/** A running hub. */
export type Hub = {
  /** `ws://127.0.0.1:PORT`; never holds a token. */
  readonly url: string;
  readonly port: number;
  /** Lets agents in. */
  readonly token: string;
  /** Lets read-only viewers in. */
  readonly viewerToken: string;
  /** Lets viewers in that may control. */
  readonly controlToken: string;
  /** The environment that announces the hub to agents. */
  readonly env: { readonly LOOPBOUND_HUB: string; readonly LOOPBOUND_TOKEN: string; readonly LOOPBOUND_STATE?: string };
  /** The live page; undefined unless asked for. */
  readonly page: Page | undefined;
  /** The model now. */
  snapshot(): Model;
  /** Calls the listener after every batch of changes; returns how to stop that. */
  subscribe(listener: HubListener): () => void;
  /** Asks an agent to do something; resolves with its answer, or `ok: false` if it is gone or silent for 5 s. */
  control(agentId: string, action: ControlAction): Promise<ControlResult>;
  /** Forgets ended runs and all trips, in memory and in the history file. */
  clear(): void;
  /** Closes every connection and the port. */
  close(): Promise<void>;
};

type Client = {
  readonly socket: WebSocket;
  readonly capability: Capability;
  role: 'new' | 'agent' | 'viewer';
  agentId: string | undefined;
  alive: boolean;
  /** A viewer that fell behind: gets a fresh snapshot once it has drained. */
  stale: boolean;
  helloTimer: NodeJS.Timeout | undefined;
};

const CONTROL_TIMEOUT_MS = 5_000;
/** Events that are folded at once at the latest, so that a flood cannot pile up between two flushes. */
const MAX_PENDING_EVENTS = 20_000;

/** Starts a hub on 127.0.0.1. Rejects if the port cannot be opened. */
export const startHub = async (options: HubOptions = {}): Promise<Hub> => {
  const {
    port = 0,
    helloTimeoutMs = 5_000,
    heartbeatMs = 15_000,
    maxConnections = 64,
    maxBufferedBytes = 1024 * 1024,
    flushMs = 33,
    stateDirs = [],
    sweepMs = 1_000,
    now = Date.now,
    log = () => undefined,
  } = options;
  const hubId = randomUUID();
  const token = makeToken();
  const viewerToken = makeToken();
  const controlToken = makeToken();
  const keys = new Keyring();
  keys.add(token, 'agent');
  keys.add(viewerToken, 'viewer');
  keys.add(controlToken, 'controller');

  const shelf: TripShelf = openTripShelf(stateDirs, options.historyFile, message => log({ level: 'warn', message }));
  let model: Model = fold(
    emptyModel(),
    shelf.history().map(trip => ({ kind: 'trip', agentId: '', trip })),
  );
  const clients = new Set<Client>();
  const agents = new Map<string, Client>();
  const listeners = new Set<HubListener>();
  const controls = new Map<string, (result: ControlResult) => void>();
  let pending: Delta[] = [];
  let pendingEvents = 0;
  let flushTimer: NodeJS.Timeout | undefined;
  let closing = false;

  const server = createServer({ maxHeaderSize: 8 * 1024, headersTimeout: 5_000, requestTimeout: 10_000 });
  server.maxConnections = maxConnections + 16;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LIMITS.frameBytes,
    perMessageDeflate: false,
    clientTracking: false,
    // The token travels as a second subprotocol and must not be echoed.
    handleProtocols: protocols => (protocols.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });

  const boundPort = await new Promise<number>((listening, reject) => {
    const refused = (error: NodeJS.ErrnoException): void =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${port} is taken by another program. Name another one, or none for any that is free.`)
          : error,
      );
    server.once('error', refused);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', refused);
      listening((server.address() as AddressInfo).port);
    });
  });
  server.on('error', error => log({ level: 'warn', message: `server: ${error.message}` }));
  const url = `ws://127.0.0.1:${boundPort}`;

  const flush = (): void => {
    clearTimeout(flushTimer);
    flushTimer = undefined;
    if (pending.length === 0) return;
    const deltas = pending;
    pending = [];
    pendingEvents = 0;
    model = fold(model, deltas);
    for (const listener of listeners) {
      try {
        listener(deltas, model);
      } catch (error) {
        log({ level: 'warn', message: `a subscriber threw: ${String(error)}` });
      }
    }
    let message: string | undefined;
    for (const client of clients) {
      if (client.role !== 'viewer' || client.stale) continue;
      if (client.socket.bufferedAmount > maxBufferedBytes) {
        client.stale = true;
        continue;
      }
      message ??= JSON.stringify({ type: 'deltas', deltas } satisfies HubToViewer);
      client.socket.send(message, () => catchUp(client));
    }
  };

  const change = (delta: Delta): void => {
    pending.push(delta);
    pendingEvents += delta.kind === 'events' ? delta.events.length : 1;
    if (pendingEvents >= MAX_PENDING_EVENTS) flush();
    else flushTimer ??= setTimeout(flush, flushMs);
  };

  /** Once a slow viewer has drained, a fresh snapshot replaces all the telemetry it missed; trips are in it. */
  const catchUp = (client: Client): void => {
    if (!client.stale || client.socket.readyState !== client.socket.OPEN) return;
    if (client.socket.bufferedAmount > 0) return;
    // Flushed first: what is in the snapshot must not come again as deltas.
    flush();
    client.stale = false;
    client.socket.send(JSON.stringify({ type: 'snapshot', model } satisfies HubToViewer), () => catchUp(client));
  };

  const takeTrips = (agentId: string, trips: readonly Trip[]): void => {
    shelf.keep(trips);
    for (const trip of trips) change({ kind: 'trip', agentId, trip });
  };

  const takeJournals = (): void => {
    shelf.collect(
      trips => takeTrips('', trips),
      tail => {
        const { agent, runs } = tail.hello;
        const live = agents.has(agent.id);
        if (!live) change({ kind: 'agentJoined', agent, runs, time: now() });
        change({ kind: 'events', agentId: agent.id, time: now(), dropped: tail.dropped, events: tail.events });
        if (!live) change({ kind: 'agentLeft', agentId: agent.id, time: now() });
      },
    );
  };

  const send = (client: Client, message: HubToAgent | HubToViewer): void => {
    if (client.socket.readyState !== client.socket.OPEN) return;
    if (client.role === 'agent' && client.socket.bufferedAmount > maxBufferedBytes) {
      client.socket.terminate();
      return;
    }
    client.socket.send(JSON.stringify(message));
  };

  const refuse = (client: Client, reason: RefusalReason, message: string): void => {
    log({ level: 'warn', message: `closed a client (${reason}): ${message}` });
    send(client, { type: 'refused', reason, message });
    // Terminated as soon as the reason is out, without waiting for an answer that may never come.
    client.socket.close(reason === 'shutdown' ? 1001 : 1008, reason);
    const kill = setTimeout(() => client.socket.terminate(), 250);
    kill.unref();
    client.socket.once('close', () => clearTimeout(kill));
  };

  const control = (agentId: string, action: ControlAction): Promise<ControlResult> =>
    new Promise(resolve => {
      const id = randomUUID();
      const agent = agents.get(agentId);
      if (!agent) {
        resolve({ type: 'controlResult', id, ok: false, message: 'The agent is not connected.' });
        return;
      }
      const timer = setTimeout(() => {
        controls.delete(id);
        resolve({ type: 'controlResult', id, ok: false, message: 'The agent did not answer in time.' });
      }, CONTROL_TIMEOUT_MS);
      timer.unref();
      controls.set(id, result => {
        clearTimeout(timer);
        controls.delete(id);
        resolve(result);
      });
      send(agent, { type: 'control', id, action });
    });

  const hello = (client: Client, json: unknown): void => {
    const read = parseHello(json);
    if (!read.ok) {
      refuse(client, read.reason.startsWith('message.version') ? 'version' : 'malformed', read.reason);
      return;
    }
    const agentWanted = read.value.role === 'agent';
    if (agentWanted !== (client.capability === 'agent')) {
      refuse(client, 'role', 'This token does not allow that role.');
      return;
    }
    clearTimeout(client.helloTimer);
    // Flushed before it is a viewer: its first message is the snapshot.
    if (!agentWanted) flush();
    client.role = read.value.role;
    const mayControl = client.capability === 'controller';
    send(client, { type: 'welcome', version: PROTOCOL_VERSION, hub: hubId, control: mayControl });
    if (read.value.role === 'viewer') {
      client.socket.send(JSON.stringify({ type: 'snapshot', model } satisfies HubToViewer), () => catchUp(client));
      return;
    }
    const { agent, runs } = read.value;
    const older = agents.get(agent.id);
    client.agentId = agent.id;
    agents.set(agent.id, client);
    if (older) refuse(older, 'replaced', 'The same agent connected again.');
    change({ kind: 'agentJoined', agent, runs, time: now() });
  };

  const fromAgent = (client: Client, agentId: string, json: unknown): void => {
    const read = parseAgentMessage(json);
    if (!read.ok) {
      refuse(client, 'malformed', read.reason);
      return;
    }
    const message = read.value;
    switch (message.type) {
      case 'events':
        change({ kind: 'events', agentId, time: now(), dropped: message.dropped, events: message.events });
        return;
      case 'trips':
        takeTrips(agentId, message.trips);
        send(client, { type: 'ack', trips: message.trips.map(trip => trip.id) });
        return;
      case 'controlResult':
        controls.get(message.id)?.(message);
    }
  };

  const fromViewer = (client: Client, json: unknown): void => {
    const read = parseViewerMessage(json);
    if (!read.ok) {
      refuse(client, 'malformed', read.reason);
      return;
    }
    const { id, agentId, action } = read.value;
    if (client.capability !== 'controller') {
      send(client, { type: 'controlResult', id, ok: false, message: 'This connection may only read.' });
      return;
    }
    void control(agentId, action).then(result => send(client, { ...result, id }));
  };

  const receive = (client: Client, data: unknown, isBinary: boolean): void => {
    if (client.socket.readyState !== client.socket.OPEN) return;
    client.alive = true;
    const json: Parsed<unknown> = isBinary ? { ok: false, reason: 'binary frame' } : parseJson(String(data));
    if (!json.ok) refuse(client, 'malformed', json.reason);
    else if (client.role === 'new') hello(client, json.value);
    else if (client.role === 'viewer') fromViewer(client, json.value);
    else if (client.agentId !== undefined) fromAgent(client, client.agentId, json.value);
  };

  const connect = (socket: WebSocket, capability: Capability): void => {
    const client: Client = {
      socket,
      capability,
      role: 'new',
      agentId: undefined,
      alive: true,
      stale: false,
      helloTimer: undefined,
    };
    clients.add(client);
    client.helloTimer = setTimeout(() => refuse(client, 'helloTimeout', 'No hello in time.'), helloTimeoutMs);
    client.helloTimer.unref();
    socket.on('message', (data, isBinary) => {
      try {
        receive(client, data, isBinary);
      } catch (error) {
        // A bug of ours must cost one connection, never the host.
        refuse(client, 'malformed', `could not be handled: ${String(error)}`);
      }
    });
    socket.on('pong', () => {
      client.alive = true;
    });
    socket.on('error', error => log({ level: 'warn', message: `closed a client: ${error.message}` }));
    socket.on('close', () => {
      clearTimeout(client.helloTimer);
      clients.delete(client);
      if (client.agentId !== undefined && agents.get(client.agentId) === client) {
        agents.delete(client.agentId);
        if (closing) return;
        change({ kind: 'agentLeft', agentId: client.agentId, time: now() });
        takeJournals();
      }
    });
  };

  const turnAway = (stream: Duplex, status: number, reason: string): void => {
    log({ level: 'warn', message: `refused a connection: ${status} ${reason}` });
    const phrase = { 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 503: 'Service Unavailable' }[status];
    stream.end(`HTTP/1.1 ${status} ${phrase ?? 'Error'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
      stream.destroy(),
    );
  };

  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', () => stream.destroy());
    if (closing) return turnAway(stream, 503, 'closing');
    const admission = admit(
      { method: request.method ?? '', url: request.url ?? '', headers: request.rawHeaders },
      { port: boundPort, capability: given => keys.capability(given) },
    );
    if (!admission.ok) return turnAway(stream, admission.status, admission.reason);
    if (clients.size >= maxConnections) return turnAway(stream, 503, 'connections');
    try {
      sockets.handleUpgrade(request, stream, head, socket => connect(socket, admission.capability));
    } catch (error) {
      turnAway(stream, 400, `handshake: ${String(error)}`);
    }
  });
  sockets.on('wsClientError', (error: Error, stream: Duplex) => turnAway(stream, 400, error.message));
  server.on('clientError', (_error: Error, stream: Duplex) => {
    if (stream.writable) turnAway(stream, 400, 'malformed request');
    else stream.destroy();
  });

  const page = options.page
    ? servePage(options.page, boundPort, capability => {
        const session = makeToken();
        keys.add(session, capability);
        return session;
      })
    : undefined;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    response.on('error', () => response.destroy());
    if (page) page.handle(request, response);
    else response.writeHead(404, { 'content-length': 0, connection: 'close' }).end();
  });

  const heartbeat = setInterval(() => {
    for (const client of clients) {
      if (client.alive) {
        client.alive = false;
        client.socket.ping();
      } else {
        log({ level: 'warn', message: 'closed a client: no answer to a ping' });
        client.socket.terminate();
      }
    }
  }, heartbeatMs);
  heartbeat.unref();
  const sweep = stateDirs.length > 0 ? setInterval(takeJournals, sweepMs) : undefined;
  sweep?.unref();

  takeJournals();
  flush();

  return {
    url,
    port: boundPort,
    token,
    viewerToken,
    controlToken,
    env: { [ENV_HUB]: url, [ENV_TOKEN]: token, ...(stateDirs[0] ? { [ENV_STATE]: resolve(stateDirs[0]) } : {}) },
    page: page?.page,
    snapshot() {
      flush();
      return model;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    control(agentId, action) {
      const read = parseControlAction(action);
      return read.ok ? control(agentId, read.value) : Promise.reject(new RangeError(read.reason));
    },
    clear() {
      flush();
      shelf.clear();
      const runs = model.runs.filter(run => run.status === 'running');
      model = { ...emptyModel(), agents: model.agents.filter(agent => agent.connected), runs };
      for (const client of clients) {
        if (client.role === 'viewer') send(client, { type: 'snapshot', model });
      }
      for (const listener of listeners) listener([], model);
    },
    async close() {
      if (closing) return;
      closing = true;
      clearInterval(heartbeat);
      clearInterval(sweep);
      flush();
      for (const client of clients) refuse(client, 'shutdown', 'The hub is closing.');
      for (const settle of controls.values()) {
        settle({ type: 'controlResult', id: '', ok: false, message: 'The hub is closing.' });
      }
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      server.closeIdleConnections();
      const kill = setTimeout(() => {
        for (const client of clients) client.socket.terminate();
        server.closeAllConnections();
      }, 300);
      await closed;
      clearTimeout(kill);
    },
  };
};

const parseJson = (text: string): Parsed<unknown> => {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, reason: 'not JSON' };
  }
};
