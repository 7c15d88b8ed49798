// The hub over real sockets: hostile, broken, silent and slow clients are refused or closed, and the others notice nothing.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { admit } from '../../runtime/src/hub/admit.ts';
import { type Hub, type HubOptions, startHub } from '../../runtime/src/hub/index.ts';
import { type AgentMessage, fold, type HubToViewer, type Model, type Trip } from '../../runtime/src/protocol/index.ts';
import { writeTrip } from '../../runtime/src/tripFile.ts';
import { openViewer, type ViewerHost } from '../../runtime/src/viewer/index.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const hubWith = async (options: HubOptions = {}): Promise<Hub> => {
  const hub = await startHub({ flushMs: 1, ...options });
  closers.push(() => hub.close());
  return hub;
};

const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'loopbound-hub-'));
  closers.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

/** A client of which every message can be awaited. */
class Peer {
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #inbox: Record<string, unknown>[] = [];
  readonly #waiting: ((message: Record<string, unknown>) => void)[] = [];

  constructor(hub: Hub, token = hub.token) {
    this.socket = new WebSocket(hub.url, ['loopbound.v1'], { headers: { authorization: `Bearer ${token}` } });
    this.closed = new Promise(resolve =>
      this.socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })),
    );
    this.socket.on('error', () => undefined);
    this.socket.on('message', data => {
      const message = JSON.parse(String(data));
      const next = this.#waiting.shift();
      if (next) next(message);
      else this.#inbox.push(message);
    });
    closers.push(() => this.socket.terminate());
  }

  async open(): Promise<this> {
    if (this.socket.readyState === WebSocket.CONNECTING) {
      await new Promise((resolve, reject) => {
        this.socket.once('open', resolve);
        this.socket.once('error', reject);
      });
    }
    return this;
  }

  next(): Promise<Record<string, unknown>> {
    const message = this.#inbox.shift();
    return message ? Promise.resolve(message) : new Promise(resolve => this.#waiting.push(resolve));
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }
}

const helloOf = (id: string): AgentMessage => ({
  type: 'hello',
  version: 1,
  role: 'agent',
  agent: { id, pid: 1, app: 'demo', language: 'javascript' },
  runs: [],
  pendingTrips: 0,
});
const viewerHello = { type: 'hello', version: 1, role: 'viewer' };
const trip = (id: string): Trip => ({
  id,
  runId: 'run-1',
  run: 'r',
  app: 'demo',
  pid: 1,
  time: 5,
  reason: 'loop',
  guard: 'g',
  message: 'm',
  evidence: {},
});

const agentOf = async (hub: Hub, id = 'agent-1'): Promise<Peer> => {
  const peer = await new Peer(hub).open();
  peer.send(helloOf(id));
  expect(await peer.next()).toMatchObject({ type: 'welcome', control: false });
  return peer;
};
const viewerOf = async (hub: Hub, token = hub.viewerToken): Promise<Peer> => {
  const peer = await new Peer(hub, token).open();
  peer.send(viewerHello);
  expect(await peer.next()).toMatchObject({ type: 'welcome', control: token === hub.controlToken });
  return peer;
};

/** Resolves once the model satisfies the condition. */
const until = (hub: Hub, is: (model: Model) => boolean): Promise<Model> =>
  new Promise(resolve => {
    const now = hub.snapshot();
    if (is(now)) return resolve(now);
    const stop = hub.subscribe((_, model) => {
      if (!is(model)) return;
      stop();
      resolve(model);
    });
  });

/** The status line of a raw upgrade request, or what came instead. */
const raw = (hub: Hub, lines: string[]): Promise<string> =>
  new Promise(resolve => {
    let text = '';
    const socket: Socket = connect(hub.port, '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
    socket.on('data', chunk => {
      text += chunk;
      if (text.includes('\r\n')) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text.split('\r\n')[0]!));
  });
const upgrade = (hub: Hub, headers: Record<string, string | undefined> = {}, path = '/'): Promise<string> => {
  const all: Record<string, string | undefined> = {
    Host: `127.0.0.1:${hub.port}`,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    Authorization: `Bearer ${hub.token}`,
    ...headers,
  };
  return raw(hub, [
    `GET ${path} HTTP/1.1`,
    ...Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`])),
  ]);
};

describe('who gets in', () => {
  it('listens on loopback, at a random port, with 256-bit tokens that are in no URL', async () => {
    const hub = await hubWith();
    const other = await hubWith();
    expect(hub.url).toBe(`ws://127.0.0.1:${hub.port}`);
    expect(other.port).not.toBe(hub.port);
    expect(Buffer.from(hub.token, 'base64url')).toHaveLength(32);
    expect(new Set([hub.token, hub.viewerToken, hub.controlToken, other.token]).size).toBe(4);
    expect(hub.env).toEqual({ LOOPBOUND_HUB: hub.url, LOOPBOUND_TOKEN: hub.token });
  });

  it('says that a port is taken, and what to do', async () => {
    const first = await hubWith();
    await expect(startHub({ port: first.port })).rejects.toThrow(/is taken by another program\. Name another one/);
  });

  it('decides at the upgrade', async () => {
    const hub = await hubWith();
    const ok = 'HTTP/1.1 101 Switching Protocols';
    expect(await upgrade(hub)).toBe(ok);
    const cases: [string, Record<string, string | undefined>, string?][] = [
      ['401', { Authorization: undefined }],
      ['401', { Authorization: `Bearer ${hub.token.slice(1)}x` }],
      ['401', { Authorization: `Bearer ${hub.token.slice(0, 10)}` }],
      ['400', { Authorization: 'Basic abc' }],
      ['400', { Authorization: `Bearer ${'x'.repeat(1000)}` }],
      ['400', {}, `/?token=${hub.token}`],
      ['400', {}, '/other'],
      ['403', { Origin: 'https://evil.example' }],
      ['403', { Origin: 'null' }],
      ['403', { Origin: 'http://localhost:3000' }],
      ['403', { Origin: `http://127.0.0.1:${hub.port}` }],
      ['403', { Origin: 'vscode-webview://abc' }],
      ['403', { Origin: '\u00ff%%%' }],
      ['403', { Host: `localhost:${hub.port}` }],
      ['403', { Host: 'evil.example' }],
      ['403', { Host: '127.0.0.1' }],
      ['403', { Host: `127.0.0.1:${hub.port}.evil.example` }],
      ['403', { Host: undefined }],
      ['400', { 'Sec-WebSocket-Key': 'short' }],
      ['400', { 'Sec-WebSocket-Version': '999' }],
      ['400', { 'Sec-WebSocket-Protocol': 'loopbound.v9' }],
      ['400', { 'Sec-WebSocket-Protocol': `loopbound.v1, loopbound-token.${hub.token}` }],
    ];
    for (const [status, headers, path] of cases) {
      expect(await upgrade(hub, headers, path), JSON.stringify(headers)).toMatch(`HTTP/1.1 ${status} `);
    }
    expect(
      await upgrade(hub, {
        Authorization: undefined,
        'Sec-WebSocket-Protocol': `loopbound.v1, loopbound-token.${hub.token}`,
      }),
    ).toBe(ok);
  });

  it('survives malformed requests', async () => {
    const hub = await hubWith();
    const agent = await agentOf(hub);
    expect(await raw(hub, ['\u0000\u0001 nonsense'])).toContain('400');
    expect(await raw(hub, ['GET / HTTP/1.1', `Host: 127.0.0.1:${hub.port}`, `X: ${'y'.repeat(20_000)}`])).toContain(
      '400',
    );
    expect(await raw(hub, ['GET / HTTP/1.1', 'Host: evil'])).toContain('404');
    agent.send({ type: 'trips', trips: [trip('trip-0001')] });
    expect(await agent.next()).toEqual({ type: 'ack', trips: ['trip-0001'] });
  });

  it('never echoes the token as the chosen subprotocol', async () => {
    const hub = await hubWith();
    const socket = new WebSocket(hub.url, [`loopbound-token.${hub.token}`, 'loopbound.v1']);
    closers.push(() => socket.terminate());
    await new Promise(resolve => socket.once('open', resolve));
    expect(socket.protocol).toBe('loopbound.v1');
    expect(socket.extensions).toBe('');
  });

  it('takes the role from the token', async () => {
    const hub = await hubWith();
    const asViewer = await new Peer(hub).open();
    asViewer.send(viewerHello);
    expect(await asViewer.next()).toMatchObject({ type: 'refused', reason: 'role' });
    const asAgent = await new Peer(hub, hub.viewerToken).open();
    asAgent.send(helloOf('x'));
    expect(await asAgent.next()).toMatchObject({ type: 'refused', reason: 'role' });
    await asAgent.closed;
  });

  it('caps connections', async () => {
    const hub = await hubWith({ maxConnections: 2 });
    await agentOf(hub, 'a');
    await agentOf(hub, 'b');
    expect(await upgrade(hub)).toMatch('HTTP/1.1 503 ');
  });

  it('does not throw on anything that the admission may see', () => {
    const gate = { port: 1, capability: () => undefined };
    for (const headers of [[], ['host'], ['Host', '127.0.0.1:1', 'Host', '127.0.0.1:1'], ['origin', '\u0000']]) {
      expect(admit({ method: 'GET', url: '/', headers }, gate)).toMatchObject({ ok: false });
    }
  });
});

describe('misbehaviour closes one client and nobody else', () => {
  const bad: [string, (peer: Peer) => void][] = [
    ['garbage', peer => peer.send('{"type":')],
    ['a 10 MB frame', peer => peer.send('x'.repeat(10 * 1024 * 1024))],
    ['a binary frame', peer => peer.socket.send(Buffer.from([1, 2, 3]))],
    ['an unknown type', peer => peer.send({ type: 'rm' })],
    ['deep nesting', peer => peer.send('['.repeat(100_000))],
    ['a second hello', peer => peer.send(helloOf('again'))],
    ['invalid UTF-8', peer => peer.socket.send(Buffer.from([0xff, 0xfe]), { binary: false })],
    [
      'a raw protocol violation',
      peer => (peer.socket as unknown as { _socket: Socket })._socket.write(Buffer.alloc(64, 0xff)),
    ],
  ];
  it.each(bad)('%s', async (_, misbehave) => {
    const hub = await hubWith();
    const good = await agentOf(hub, 'good');
    const evil = await agentOf(hub, 'evil');
    misbehave(evil);
    await evil.closed;
    good.send({ type: 'trips', trips: [trip('trip-0001')] });
    expect(await good.next()).toEqual({ type: 'ack', trips: ['trip-0001'] });
    const model = await until(hub, now => now.agents.some(agent => agent.id === 'evil' && !agent.connected));
    expect(model.agents.find(agent => agent.id === 'good')).toMatchObject({ connected: true });
  });

  it('an unknown version', async () => {
    const hub = await hubWith();
    const peer = await new Peer(hub).open();
    peer.send({ ...helloOf('x'), version: 2 });
    expect(await peer.next()).toMatchObject({ type: 'refused', reason: 'version' });
    expect((await peer.closed).code).toBe(1008);
  });

  it('silence before the hello', async () => {
    const hub = await hubWith({ helloTimeoutMs: 20 });
    const peer = await new Peer(hub).open();
    expect(await peer.next()).toMatchObject({ type: 'refused', reason: 'helloTimeout' });
    await peer.closed;
  });

  it('silence after the hello, when pings go unanswered', async () => {
    const hub = await hubWith({ heartbeatMs: 30 });
    const peer = await agentOf(hub);
    (peer.socket as unknown as { _socket: Socket })._socket.pause();
    const model = await until(hub, now => now.agents.some(agent => !agent.connected));
    expect(model.agents[0]).toMatchObject({ id: 'agent-1', connected: false });
  });

  it('a second connection of the same agent takes the place of the first', async () => {
    const hub = await hubWith();
    const first = await agentOf(hub);
    const second = await agentOf(hub);
    expect(await first.next()).toMatchObject({ type: 'refused', reason: 'replaced' });
    await first.closed;
    second.send({ type: 'trips', trips: [trip('trip-0001')] });
    await second.next();
    expect(hub.snapshot().agents).toMatchObject([{ id: 'agent-1', connected: true }]);
  });
});

describe('what viewers see', () => {
  it('a snapshot, then deltas that fold into the same model as the hub has', async () => {
    const hub = await hubWith();
    const agent = await agentOf(hub);
    await until(hub, model => model.agents.length === 1);
    const viewer = await viewerOf(hub);
    let message = (await viewer.next()) as HubToViewer;
    let model = message.type === 'snapshot' ? message.model : expect.fail('no snapshot');
    agent.send({
      type: 'events',
      dropped: 3,
      events: [
        { kind: 'runStarted', runId: 'run-1', time: 1, name: 'r' },
        { kind: 'call', runId: 'run-1', time: 2, op: 'tool', name: 't', durationMs: 1, outcome: 'ok' },
      ],
    });
    agent.send({ type: 'trips', trips: [trip('trip-0001'), trip('trip-0001')] });
    while (model.trips.length === 0) {
      message = (await viewer.next()) as HubToViewer;
      if (message.type === 'deltas') model = fold(model, message.deltas);
    }
    expect(model).toEqual(JSON.parse(JSON.stringify(hub.snapshot())));
    expect(model).toMatchObject({ totals: { calls: 1, trips: 1, dropped: 3 }, runs: [{ runId: 'run-1', calls: 1 }] });
  });

  it('a stalled viewer costs bounded memory, and a fresh snapshot brings it up to date', async () => {
    const hub = await hubWith({ maxBufferedBytes: 64 * 1024, flushMs: 1 });
    const agent = await agentOf(hub);
    const viewer = await viewerOf(hub);
    const first = (await viewer.next()) as HubToViewer;
    viewer.socket.pause();
    const event = {
      kind: 'call',
      runId: 'run-1',
      time: 2,
      op: 'tool',
      name: 'n'.repeat(150),
      durationMs: 1,
      outcome: 'ok',
    };
    const total = 120_000;
    for (let sent = 0; sent < total; sent += 500) {
      agent.send({ type: 'events', dropped: 0, events: new Array(500).fill(event) });
    }
    agent.send({ type: 'trips', trips: [trip('trip-0001')] });
    expect(await agent.next()).toMatchObject({ type: 'ack' });
    expect(hub.snapshot().totals.calls).toBe(total);
    viewer.socket.resume();
    // What it missed comes as snapshots, whenever it has drained; in the end it knows what the hub knows.
    let received = 0;
    let model = first.type === 'snapshot' ? first.model : expect.fail('no snapshot');
    while (model.totals.calls < total || model.trips.length === 0) {
      const message = (await viewer.next()) as HubToViewer;
      if (message.type === 'snapshot') model = message.model;
      if (message.type !== 'deltas') continue;
      model = fold(model, message.deltas);
      for (const delta of message.deltas) if (delta.kind === 'events') received += delta.events.length;
    }
    expect(model).toEqual(JSON.parse(JSON.stringify(hub.snapshot())));
    expect(received).toBeLessThan(total);
  });

  it('subscribers in the process get every batch, and one that throws harms nobody', async () => {
    const hub = await hubWith();
    hub.subscribe(() => {
      throw new Error('mine');
    });
    const agent = await agentOf(hub);
    agent.send({ type: 'trips', trips: [trip('trip-0001')] });
    expect((await until(hub, model => model.trips.length === 1)).trips[0]).toMatchObject({ id: 'trip-0001' });
  });
});

describe('control', () => {
  it('goes to the agent and its answer comes back, only with the capability', async () => {
    const hub = await hubWith();
    const agent = await agentOf(hub);
    await until(hub, model => model.agents.length === 1);
    const reader = await viewerOf(hub);
    await reader.next();
    const action = { do: 'stopRun', runId: 'run-1' } as const;
    reader.send({ type: 'control', id: 'x', agentId: 'agent-1', action });
    expect(await reader.next()).toMatchObject({ type: 'controlResult', id: 'x', ok: false });

    const controller = await viewerOf(hub, hub.controlToken);
    await controller.next();
    controller.send({ type: 'control', id: 'y', agentId: 'agent-1', action });
    const control = await agent.next();
    expect(control).toMatchObject({ type: 'control', action });
    agent.send({ type: 'controlResult', id: control.id, ok: true });
    expect(await controller.next()).toEqual({ type: 'controlResult', id: 'y', ok: true });
    expect(await hub.control('nobody', action)).toMatchObject({ ok: false });
    await expect(hub.control('agent-1', { do: 'raiseBudget', guard: 'g', by: { usd: -1 } })).rejects.toThrow(
      RangeError,
    );
  });
});

describe('trips over restarts', () => {
  it('collects journals of dead agents once and keeps them for the next hub', async () => {
    const state = folder();
    const historyFile = join(folder(), 'history.jsonl');
    writeTrip(state, trip('trip-0001'));
    writeTrip(state, { ...trip('trip-0002'), time: 6 });
    const first = await startHub({ stateDirs: [state], historyFile });
    expect(first.snapshot().trips.map(({ id }) => id)).toEqual(['trip-0001', 'trip-0002']);
    expect(readdirSync(join(state, 'trips'))).toEqual([]);
    await first.close();
    const second = await hubWith({ stateDirs: [state], historyFile });
    expect(second.snapshot().trips.map(({ id }) => id)).toEqual(['trip-0001', 'trip-0002']);
    second.clear();
    expect(second.snapshot().trips).toEqual([]);
  });
});

describe('the served page', () => {
  const assets = { '/': { type: 'text/html; charset=utf-8', body: '<!doctype html>' } };
  const get = (
    hub: Hub,
    path: string,
    {
      method = 'GET',
      headers = {},
      body = '',
    }: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<{ status: number; headers: Record<string, unknown>; body: string }> =>
    new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port: hub.port, path, method, headers, agent: false }, response => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', chunk => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }));
      });
      sent.on('error', reject);
      sent.end(body);
    });

  it('is served with a strict policy, to the exact host only, and nothing else is', async () => {
    const hub = await hubWith({ page: { assets } });
    const page = await get(hub, '/');
    expect(page).toMatchObject({ status: 200, body: '<!doctype html>' });
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.headers['set-cookie']).toBeUndefined();
    expect((await get(hub, '/', { headers: { host: 'evil.example' } })).status).toBe(403);
    expect((await get(hub, '/../etc/passwd')).status).toBe(404);
    expect((await get(hub, '/', { method: 'DELETE' })).status).toBe(405);
  });

  it('gives a session for a ticket once, to its own origin only', async () => {
    const hub = await hubWith({ page: { assets } });
    const ticket = new URL(hub.page!.link()).hash.slice(1);
    const origin = `http://127.0.0.1:${hub.port}`;
    const post = (headers: Record<string, string>, body = ticket) =>
      get(hub, '/session', { method: 'POST', headers, body });
    expect((await post({})).status).toBe(403);
    expect((await post({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await post({ origin }, 'wrong')).status).toBe(401);
    const session = await post({ origin });
    expect(session.status).toBe(200);
    expect((await post({ origin })).status).toBe(401);
    const { token } = JSON.parse(session.body);
    const viewer = new WebSocket(hub.url, ['loopbound.v1', `loopbound-token.${token}`], { origin });
    closers.push(() => viewer.terminate());
    await new Promise(resolve => viewer.once('open', resolve));
  });

  it('shows the model through the viewer of the page', async () => {
    const hub = await hubWith({ page: { assets, control: true } });
    const agent = await agentOf(hub);
    const link = new URL(hub.page!.link());
    const storage = new Map<string, string>();
    class PageSocket {
      onopen: (() => void) | null = null;
      onclose: (() => void) | null = null;
      onmessage: ((event: { data: unknown }) => void) | null = null;
      readonly #socket: WebSocket;
      constructor(url: string, protocols: string[]) {
        this.#socket = new WebSocket(url, protocols, { origin: link.origin });
        this.#socket.on('open', () => this.onopen?.());
        this.#socket.on('close', () => this.onclose?.());
        this.#socket.on('error', () => undefined);
        this.#socket.on('message', data => this.onmessage?.({ data: String(data) }));
      }
      send(data: string): void {
        this.#socket.send(data);
      }
      close(): void {
        this.#socket.close();
      }
    }
    const host: ViewerHost = {
      location: link,
      history: {
        replaceState: () => {
          link.hash = '';
        },
      },
      sessionStorage: {
        getItem: key => storage.get(key) ?? null,
        setItem: (key, value) => void storage.set(key, value),
        removeItem: key => void storage.delete(key),
      },
      fetch: async (url, init) => {
        const { status, body } = await get(hub, new URL(url).pathname, {
          method: init.method,
          body: init.body,
          headers: { ...init.headers, origin: link.origin },
        });
        return { ok: status === 200, json: async () => JSON.parse(body) };
      },
      WebSocket: PageSocket,
      setTimeout: () => undefined,
    };
    let seen: (model: Model) => void = () => undefined;
    const first = new Promise<Model>(resolve => {
      seen = model => {
        if (model.trips.length > 0) resolve(model);
      };
    });
    const statuses: string[] = [];
    const viewer = openViewer(host, {
      onModel: model => seen(model),
      onStatus: (status, control) => statuses.push(`${status} ${control}`),
    });
    agent.send({ type: 'trips', trips: [trip('trip-0001')] });
    expect((await first).trips).toHaveLength(1);
    await agent.next();
    const answer = viewer.control('agent-1', { do: 'resetBreaker', breaker: 'b' });
    agent.send({ type: 'controlResult', id: (await agent.next()).id, ok: true, message: 'done' });
    expect(await answer).toMatchObject({ ok: true, message: 'done' });
    viewer.close();
    expect(statuses).toEqual(['connecting false', 'live true']);
    expect(link.hash).toBe('');
  });
});
