// The connection to a hub: reconnects for ever, sends in batches, never keeps the process alive.
// Loaded only when a hub is announced, so that `ws` is no part of the core.

import { type NetConnectOpts, connect as netConnect } from 'node:net';
import { WebSocket } from 'ws';
import { LIMITS, SUBPROTOCOL } from '../protocol/limits.ts';
import type { AgentMessage } from '../protocol/message.ts';
import { parseHubToAgent } from '../protocol/parse.ts';
import { acknowledge, control, takeJournal, unacknowledged } from './agent.ts';
import { batchOf, helloOf, type Outbox } from './outbox.ts';

const BATCH_MS = 25;
const RETRY_MS = [100, 250, 500, 1_000, 2_000, 5_000];
/** Bytes in the socket from which on events stay in the bounded queue. */
const FULL = 512 * 1024;

/** Connects to a hub and stays connected as far as that is possible. Never throws. */
export const connectHub = ({ url, token, outbox }: { url: string; token: string; outbox: Outbox }): void => {
  let socket: WebSocket | undefined;
  let ready = false;
  let gone = false;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;
  let drained: (() => void) | undefined;
  const sentTrips = new Set<string>();

  const send = (message: AgentMessage): void => socket?.send(JSON.stringify(message), () => settleDrain());

  const sendTrips = (): void => {
    const trips = unacknowledged(outbox).filter(trip => !sentTrips.has(trip.id));
    for (let from = 0; from < trips.length; ) {
      // As many as fit a frame: a trip is a few kilobytes at most.
      const batch = trips.slice(from, from + LIMITS.tripsPerMessage);
      while (batch.length > 1 && Buffer.byteLength(JSON.stringify(batch)) > LIMITS.frameBytes - 1024) {
        batch.length = Math.ceil(batch.length / 2);
      }
      for (const trip of batch) sentTrips.add(trip.id);
      send({ type: 'trips', trips: batch });
      from += batch.length;
    }
  };

  const pump = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (!ready || !socket) return;
    sendTrips();
    while (socket.bufferedAmount < FULL) {
      const batch = batchOf(outbox);
      if (!batch) break;
      send(batch);
    }
    settleDrain();
  };

  outbox.wake = () => {
    if (timer !== undefined) return;
    timer = setTimeout(pump, BATCH_MS);
    timer.unref();
  };

  const settleDrain = (): void => {
    if (!drained || !ready || !socket || socket.bufferedAmount > 0 || sentTrips.size > 0) return;
    const done = drained;
    drained = undefined;
    done();
  };

  outbox.drain = ms =>
    new Promise(resolve => {
      if (gone) return resolve();
      // This one timer may keep the process alive, and ends with it.
      const limit = setTimeout(() => {
        drained = undefined;
        resolve();
      }, ms);
      drained = () => {
        clearTimeout(limit);
        resolve();
      };
      pump();
      settleDrain();
    });

  const again = (): void => {
    if (gone) return;
    const wait = RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]!;
    retry = setTimeout(open, wait);
    retry.unref();
  };

  const receive = (text: string): void => {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      // A hub that talks nonsense is left; the next attempt may find a better one.
      socket?.terminate();
      return;
    }
    const read = parseHubToAgent(json);
    if (!read.ok) {
      socket?.terminate();
      return;
    }
    const message = read.value;
    switch (message.type) {
      case 'welcome':
        ready = true;
        failures = 0;
        pump();
        return;
      case 'ack':
        acknowledge(outbox, message.trips);
        for (const id of message.trips) sentTrips.delete(id);
        settleDrain();
        return;
      case 'control': {
        const problem = control(message.action);
        send({
          type: 'controlResult',
          id: message.id,
          ok: problem === undefined,
          ...(problem === undefined ? {} : { message: problem }),
        });
        return;
      }
      case 'refused':
        // Another version or another owner of this id: trying again would not help.
        if (message.reason === 'version' || message.reason === 'replaced' || message.reason === 'role') gone = true;
    }
  };

  const open = (): void => {
    clearTimeout(retry);
    let current: WebSocket;
    try {
      current = new WebSocket(url, [SUBPROTOCOL], {
        headers: { authorization: `Bearer ${token}` },
        handshakeTimeout: 5_000,
        maxPayload: LIMITS.frameBytes,
        perMessageDeflate: false,
        followRedirects: false,
        createConnection: ((options: NetConnectOpts) => {
          const stream = netConnect(options);
          stream.unref();
          return stream;
        }) as typeof netConnect,
      });
    } catch {
      again();
      return;
    }
    socket = current;
    current.on('open', () => send(helloOf(outbox)));
    current.on('message', data => receive(String(data)));
    // What went wrong shows in the close that follows.
    current.on('error', () => undefined);
    current.on('close', () => {
      if (socket !== current) return;
      socket = undefined;
      ready = false;
      sentTrips.clear();
      again();
    });
  };

  takeJournal(outbox);
  open();
};
