// Alerts: rate limits and timeouts by an injected clock; real SMTP and HTTP servers that work, refuse, fail and hang.

import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Alert, Alerts, alertOnTrips, mail, panel, type Timer, webhook } from '../../runtime/src/alerts/index.ts';
import { guard, LoopDetectedError, listen, withRun } from '../../runtime/src/index.ts';
import { createMeter } from '../../runtime/src/meter/index.ts';
import type { AgentEvent } from '../../runtime/src/protocol/index.ts';

const closers: (() => unknown)[] = [];
let heard: string[] = [];
const hear = (warning: Error) => heard.push(warning.message);
beforeEach(() => {
  heard = [];
  process.on('warning', hear);
});
afterEach(async () => {
  process.off('warning', hear);
  for (const close of closers.splice(0)) await close();
});

const open = async (server: Server): Promise<number> => {
  const sockets = new Set<Socket>();
  server.on('connection', socket => sockets.add(socket));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
};
const http = async (answer: Parameters<typeof createServer>[1]): Promise<string> =>
  `http://127.0.0.1:${await open(createServer(answer))}/hook`;

const alert = {
  reason: 'cap',
  userId: 'ada',
  message: 'ada reached the cap.',
  guard: 'meter/pro',
  observed: 30,
  limit: 29,
} as const;

/** Timers that fire when they are told to. */
const manual = () => {
  const waiting = new Map<() => void, number>();
  const timer: Timer = (work, ms) => {
    waiting.set(work, ms);
    return () => waiting.delete(work);
  };
  return { timer, waiting, fire: () => [...waiting.keys()].forEach(work => void work()) };
};

describe('rate limits', () => {
  it('the same for the same user once in a while, and the next one says how many were held back', async () => {
    let now = 1_000;
    const seen: Alert[] = [];
    const alerts = new Alerts({ sinks: [one => void seen.push(one)], everyMs: 60_000, clock: () => now });
    for (let turn = 0; turn < 5; turn++) alerts.send(alert);
    alerts.send({ ...alert, userId: 'bob' });
    alerts.send({ ...alert, reason: 'velocity' });
    expect(seen.map(({ userId, reason }) => `${userId} ${reason}`)).toEqual(['ada cap', 'bob cap', 'ada velocity']);
    now += 59_999;
    alerts.send(alert);
    expect(seen).toHaveLength(3);
    now += 1;
    alerts.send(alert);
    expect(seen[3]).toMatchObject({ userId: 'ada', heldBack: 5, time: 61_000 });
    await alerts.flush();
    expect(alerts.failed).toBe(0);
    expect(() => new Alerts({ sinks: [], everyMs: -1 })).toThrow(RangeError);
  });
});

describe('sinks that fail', () => {
  it('are told once each, given up after their time, and hold nobody up', async () => {
    const { timer, waiting, fire } = manual();
    const seen: string[] = [];
    const hangs = await http(() => undefined);
    const alerts = new Alerts({
      timer,
      timeoutMs: 1_234,
      sinks: [
        () => {
          throw new Error('mine');
        },
        async () => Promise.reject(new Error('later')),
        () => new Promise(() => undefined),
        webhook(await http((_, response) => response.writeHead(500).end('broken'))),
        webhook('http://127.0.0.1:1/closed'),
        webhook(hangs),
        webhook('no url'),
        one => void seen.push(one.message),
      ],
    });
    alerts.send(alert);
    expect(seen).toEqual([alert.message]);
    expect([...waiting.values()]).toEqual(Array.from({ length: 8 }, () => 1_234));
    let flushed = false;
    const done = alerts.flush().then(() => {
      flushed = true;
    });
    // All but the two that hang end by themselves.
    while (waiting.size > 2) await new Promise(resolve => setImmediate(resolve));
    expect(flushed).toBe(false);
    fire();
    await done;
    expect(alerts.failed).toBe(7);
    await new Promise(resolve => setImmediate(resolve));
    expect(heard.join('\n')).toMatch(/an alert was not sent: mine/);
    expect(heard.join('\n')).toMatch(/the webhook answered 500/);
  });

  it('cannot pile up', () => {
    const alerts = new Alerts({ sinks: [() => new Promise(() => undefined)], timer: manual().timer });
    for (let user = 0; user < 300; user++) alerts.send({ ...alert, userId: `u${user}` });
    expect(alerts.failed).toBe(200);
  });

  it('never harm the call of a meter', async () => {
    const meter = createMeter({
      plans: { free: 0, pro: 29 },
      prices: { m: { input: 1, output: 1 } },
      sinks: [webhook('http://127.0.0.1:1/'), () => Promise.reject(new Error('x'))],
    });
    const call = meter.chat(async () => 'fine', { model: 'm', messages: [], userId: 'u', plan: 'pro' });
    expect(await call).toBe('fine');
    await expect(
      meter.chat(async () => 'never', { model: 'm', messages: [], userId: 'u', plan: 'free' }),
    ).rejects.toMatchObject({ reason: 'cap' });
    await meter.flush();
  });
});

describe('webhook', () => {
  it('posts what Slack takes', async () => {
    let body = '';
    let headers: Record<string, unknown> = {};
    const url = await http((request, response) => {
      headers = request.headers;
      request.on('data', chunk => {
        body += String(chunk);
      });
      request.on('end', () => response.end('ok'));
    });
    const alerts = new Alerts({ sinks: [webhook(url, { authorization: 'Bearer t' })], clock: () => 5 });
    alerts.send(alert);
    await alerts.flush();
    expect(JSON.parse(body)).toEqual({
      text: 'Loopbound: ada reached the cap.',
      alert: { ...alert, time: 5, heldBack: 0 },
    });
    expect(headers).toMatchObject({ 'content-type': 'application/json', authorization: 'Bearer t' });
  });
});

describe('e-mail', () => {
  const smtp = async (refuse?: string): Promise<{ url: string; mails: string[] }> => {
    const mails: string[] = [];
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      logger: false,
      onRcptTo: (_address, _session, done) => done(refuse ? new Error(refuse) : null),
      onData(stream, _session, done) {
        let text = '';
        stream.on('data', chunk => {
          text += String(chunk);
        });
        stream.on('end', () => {
          mails.push(text);
          done();
        });
      },
    });
    server.on('error', () => undefined);
    const port = await open(server.server as Server);
    return { url: `smtp://127.0.0.1:${port}`, mails };
  };

  it('arrives over real SMTP', async () => {
    const { url, mails } = await smtp();
    const alerts = new Alerts({
      sinks: [mail({ transport: url, from: 'guard@example.com', to: ['ops@example.com', 'cfo@example.com'] })],
      clock: () => 0,
    });
    alerts.send({ ...alert, userId: 'ada\r\nBcc: evil@example.com' });
    await alerts.flush();
    expect(alerts.failed, heard.join()).toBe(0);
    expect(mails).toHaveLength(1);
    expect(mails[0]).toMatch(/^From: guard@example\.com$/m);
    expect(mails[0]).toMatch(/^To: ops@example\.com, cfo@example\.com$/m);
    expect(mails[0]).toMatch(/^Subject: Loopbound: cap of ada Bcc: evil@example\.com$/m);
    expect(mails[0]!.split('\r\n\r\n')[0]).not.toMatch(/^Bcc:/m);
    expect(mails[0]).toContain('Loopbound: ada reached the cap.');
    expect(mails[0]).toMatch(/limit: 29/);
  });

  it('a server that refuses, one that hangs and one that is not there are told', async () => {
    const { url } = await smtp('no such person');
    const silent = `smtp://127.0.0.1:${await open(createTcpServer(() => undefined))}`;
    const { timer, waiting, fire } = manual();
    const to = { from: 'guard@example.com', to: 'ops@example.com' };
    const alerts = new Alerts({
      timer,
      sinks: [url, silent, 'smtp://127.0.0.1:1'].map(transport => mail({ transport, ...to })),
    });
    alerts.send(alert);
    while (waiting.size > 1) await new Promise(resolve => setImmediate(resolve));
    fire();
    await alerts.flush();
    expect(alerts.failed).toBe(3);
  });

  it('takes the application’s own transporter', async () => {
    const sent: unknown[] = [];
    const transport = { sendMail: async (message: unknown) => void sent.push(message) };
    const alerts = new Alerts({ sinks: [mail({ transport, from: 'a@example.com', to: 'b@example.com' })] });
    alerts.send(alert);
    await alerts.flush();
    expect(sent).toMatchObject([{ from: 'a@example.com', to: 'b@example.com', subject: 'Loopbound: cap of ada' }]);
  });
});

describe('trips', () => {
  it('alert people, and warnings show in the panel', async () => {
    const seen: Alert[] = [];
    const events: AgentEvent[] = [];
    closers.push(listen({ onEvent: event => void events.push(event) }));
    const alerts = alertOnTrips({ sinks: [one => void seen.push(one), panel()] });
    closers.push(() => alerts.stop());
    const tool = guard((_: string) => 'same', { name: 'search' });
    await withRun({ name: 'r', user: 'ada', feature: 'fox' }, async () => {
      tool('x');
      tool('x');
      expect(() => tool('x')).toThrow(LoopDetectedError);
    });
    await alerts.flush();
    expect(seen).toMatchObject([
      {
        reason: 'loop',
        userId: 'ada',
        feature: 'fox',
        guard: 'search',
        message: expect.stringMatching(/third time in a row.*alerts\.test\.ts:\d+\)$/),
      },
    ]);
    expect(seen[0]!.message).not.toContain(process.cwd());
    expect(events).toContainEqual(expect.objectContaining({ kind: 'warning', reason: 'loop', guard: 'search' }));
    alerts.stop();
    withRun('other', () => {
      tool('y');
      tool('y');
      expect(() => tool('y')).toThrow(LoopDetectedError);
    });
    expect(seen).toHaveLength(1);
  });
});
