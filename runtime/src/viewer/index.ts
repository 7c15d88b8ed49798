// A viewer in a browser page that the hub serves: gets a session with the link's ticket, follows the model, reconnects.
// Browser-safe: only fetch, WebSocket and sessionStorage. Renders nothing.

import { emptyModel, fold } from '../protocol/fold.ts';
import { PROTOCOL_VERSION, SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from '../protocol/limits.ts';
import type { ControlAction, ControlResult, HubToViewer, ViewerMessage } from '../protocol/message.ts';
import type { Model } from '../protocol/model.ts';

/** What a viewer tells its page. */
export type ViewerEvents = {
  /** The model changed. Untouched runs keep their identity. */
  onModel(model: Model): void;
  /** `connecting` also between attempts; `locked`: the link was used up, a fresh one is needed. */
  onStatus(status: 'connecting' | 'live' | 'locked', mayControl: boolean): void;
};

/** A connected viewer. */
export type Viewer = {
  control(agentId: string, action: ControlAction): Promise<ControlResult>;
  close(): void;
};

/** The parts of the browser that a viewer uses; tests pass their own. */
export type ViewerHost = {
  location: { origin: string; host: string; hash: string };
  history: { replaceState(data: unknown, unused: string, url: string): void };
  sessionStorage: {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
    removeItem(key: string): void;
  };
  fetch(
    url: string,
    init: { method: string; body: string; headers: Record<string, string> },
  ): Promise<{
    ok: boolean;
    json(): Promise<unknown>;
  }>;
  WebSocket: new (
    url: string,
    protocols: string[],
  ) => {
    send(data: string): void;
    close(): void;
    onopen: (() => void) | null;
    onclose: (() => void) | null;
    onmessage: ((event: { data: unknown }) => void) | null;
  };
  setTimeout(run: () => void, ms: number): unknown;
};

const KEY = 'loopbound-session';
const RETRY_MS = [250, 500, 1_000, 2_000, 5_000];

/** Follows the hub that served this page. `host` is `window`. */
export const openViewer = (host: ViewerHost, events: ViewerEvents): Viewer => {
  let model = emptyModel();
  let socket: InstanceType<ViewerHost['WebSocket']> | undefined;
  let failures = 0;
  let closed = false;
  let nextId = 0;
  const waiting = new Map<string, (result: ControlResult) => void>();

  const session = async (): Promise<string | undefined> => {
    const ticket = host.location.hash.slice(1);
    if (ticket !== '') {
      // The ticket is used up by this, so it goes from the address bar and the history too.
      host.history.replaceState(null, '', '/');
      const response = await host.fetch(`${host.location.origin}/session`, {
        method: 'POST',
        body: ticket,
        headers: { 'content-type': 'text/plain' },
      });
      if (response.ok) {
        const { token } = (await response.json()) as { token: string };
        host.sessionStorage.setItem(KEY, token);
        return token;
      }
    }
    return host.sessionStorage.getItem(KEY) ?? undefined;
  };

  const again = (): void => {
    if (closed) return;
    events.onStatus('connecting', false);
    const wait = RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]!;
    host.setTimeout(() => void connect(), wait);
  };

  const connect = async (): Promise<void> => {
    if (closed) return;
    let token: string | undefined;
    try {
      token = await session();
    } catch {
      again();
      return;
    }
    if (token === undefined) {
      events.onStatus('locked', false);
      return;
    }
    let mayControl = false;
    const current = new host.WebSocket(`ws://${host.location.host}/`, [SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX + token]);
    socket = current;
    current.onopen = () =>
      current.send(
        JSON.stringify({ type: 'hello', version: PROTOCOL_VERSION, role: 'viewer' } satisfies ViewerMessage),
      );
    current.onmessage = ({ data }) => {
      // The hub is the origin of the page itself, so its messages are as trusted as this code.
      const message = JSON.parse(String(data)) as HubToViewer;
      switch (message.type) {
        case 'welcome':
          mayControl = message.control;
          failures = 0;
          return;
        case 'snapshot':
          model = message.model;
          events.onStatus('live', mayControl);
          events.onModel(model);
          return;
        case 'deltas':
          model = fold(model, message.deltas);
          events.onModel(model);
          return;
        case 'controlResult':
          waiting.get(message.id)?.(message);
          waiting.delete(message.id);
          return;
        case 'refused':
          if (message.reason === 'version') events.onStatus('locked', false);
      }
    };
    current.onclose = () => {
      for (const [id, settle] of waiting) settle({ type: 'controlResult', id, ok: false, message: 'Connection lost.' });
      waiting.clear();
      again();
    };
  };

  events.onStatus('connecting', false);
  void connect();
  return {
    control(agentId, action) {
      return new Promise(resolve => {
        const id = `c${nextId++}`;
        if (!socket) {
          resolve({ type: 'controlResult', id, ok: false, message: 'Not connected.' });
          return;
        }
        waiting.set(id, resolve);
        socket.send(JSON.stringify({ type: 'control', id, agentId, action } satisfies ViewerMessage));
      });
    },
    close() {
      closed = true;
      socket?.close();
    },
  };
};
