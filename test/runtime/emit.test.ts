// The way of a trip from a real agent process to a hub: at once, after the hub was away, after a kill, after a crash.
// The agent is never harmed: no hub, a dead hub and a hub that talks nonsense leave it as it is.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { DropOldest } from '../../runtime/src/emit/queue.ts';
import { type Hub, type HubOptions, startHub } from '../../runtime/src/hub/index.ts';
import type { Model } from '../../runtime/src/protocol/index.ts';
import { writeTrip } from '../../runtime/src/tripFile.ts';
import { readTrips } from '../../runtime/src/tripReader.ts';

const root = join(import.meta.dirname, '../..');
let lib = '';
const closers: (() => Promise<void> | void)[] = [];

beforeAll(() => {
  lib = mkdtempSync(join(tmpdir(), 'loopbound-lib-'));
  execFileSync(process.execPath, [join(root, 'runtime/build.mjs'), '--out', lib, '--no-types']);
});
afterAll(() => rmSync(lib, { recursive: true, force: true }));
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'loopbound-agent-'));
  closers.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};
const hubWith = async (options: HubOptions = {}): Promise<Hub> => {
  const hub = await startHub({ flushMs: 1, sweepMs: 20, ...options });
  closers.push(() => hub.close());
  return hub;
};
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

type Agent = {
  lines: string[];
  line: (is: string) => Promise<void>;
  write: (text: string) => void;
  end: Promise<number | null>;
  kill: () => void;
};

/** Starts a script as an agent in `cwd`; `lib` is imported as `loopbound`. */
const start = (cwd: string, script: string, env: Record<string, string | undefined> = {}): Agent => {
  const file = join(cwd, 'agent.mjs');
  writeFileSync(file, `import * as loopbound from ${JSON.stringify(join(lib, 'index.js'))};\n${script}`);
  const child = spawn(process.execPath, [file], {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const waiting: { is: string; resolve: () => void }[] = [];
  let rest = '';
  const take = (chunk: Buffer): void => {
    rest += chunk;
    const parts = rest.split('\n');
    rest = parts.pop()!;
    for (const line of parts) {
      lines.push(line);
      for (const one of waiting) if (one.is === line) one.resolve();
    }
  };
  child.stdout.on('data', take);
  child.stderr.on('data', chunk => lines.push(`! ${chunk}`));
  const end = once(child, 'close').then(([code]) => code as number | null);
  closers.push(() => void child.kill('SIGKILL'));
  return {
    lines,
    end,
    line: is => (lines.includes(is) ? Promise.resolve() : new Promise(resolve => waiting.push({ is, resolve }))),
    write: text => void child.stdin.write(`${text}\n`),
    kill: () => void child.kill('SIGKILL'),
  };
};

const TRIP = `
const tool = loopbound.guard(function search(q) { return 'same'; });
const trip = () => { try { for (;;) tool({ q: 'hunter2' }); } catch (error) { console.log(error.name); } };
`;

describe('the queue', () => {
  it('drops the oldest and counts', () => {
    const queue = new DropOldest<number>(3);
    for (let item = 1; item <= 5; item++) queue.push(item);
    expect([queue.size, queue.dropped, queue.take(2), queue.take(9), queue.size]).toEqual([3, 2, [3, 4], [5], 0]);
  });
});

describe('an agent', () => {
  it('alone: writes nothing and ends at once', async () => {
    const cwd = folder();
    const agent = start(cwd, `${TRIP} trip();`);
    expect(await agent.end).toBe(0);
    expect(agent.lines).toEqual(['LoopDetectedError']);
    expect(readdirSync(cwd)).toEqual(['agent.mjs']);
  });

  it('with a hub: its run, calls and trip are there, its journal is empty afterwards', async () => {
    const cwd = folder();
    const hub = await hubWith();
    const agent = start(
      cwd,
      `${TRIP} await loopbound.withRun({ name: 'research', user: 'u1' }, async () => trip());`,
      hub.env,
    );
    expect(await agent.end).toBe(0);
    const model = await until(
      hub,
      now => now.trips.length === 1 && now.runs[0]?.status === 'tripped' && now.agents[0]?.connected === false,
    );
    expect(model.runs).toMatchObject([{ name: 'research', user: 'u1', app: 'agent.mjs', calls: 2, blocked: 1 }]);
    expect(model.trips[0]).toMatchObject({
      reason: 'loop',
      run: 'research',
      place: { file: join(cwd, 'agent.mjs'), line: 4 },
    });
    expect(JSON.stringify(model)).not.toContain('hunter2');
    expect(readdirSync(join(cwd, '.loopbound/trips'))).toEqual([]);
    expect(statSync(join(cwd, '.loopbound/key')).mode & 0o777).toBe(0o600);
  });

  it('that crashes on its trip at once: run, calls and trip arrive all the same', async () => {
    const cwd = folder();
    const hub = await hubWith({ stateDirs: [join(cwd, '.loopbound')] });
    const agent = start(
      cwd,
      `const tool = loopbound.guard(() => 'same', { name: 'search' }); for (;;) tool();`,
      hub.env,
    );
    expect(await agent.end).toBe(1);
    const model = await until(
      hub,
      now => now.trips.length === 1 && now.runs[0]?.status === 'tripped' && now.runs[0].calls === 2,
    );
    expect(model.runs).toHaveLength(1);
    expect(model.trips[0]).toMatchObject({ guard: 'search' });
  });

  it('whose hub is killed in mid-run ends as usual, and its trips show after the next start', async () => {
    const cwd = folder();
    const state = join(cwd, '.loopbound');
    const hub = await hubWith();
    const agent = start(
      cwd,
      `${TRIP}
      process.stdin.once('data', () => { trip(); process.stdin.destroy(); });
      tool({ q: 'first' });
      console.log('ready');`,
      hub.env,
    );
    await agent.line('ready');
    await until(hub, model => model.totals.calls === 1);
    await hub.close();
    agent.write('go');
    expect(await agent.end).toBe(0);
    expect(agent.lines).toContain('LoopDetectedError');
    expect(readTrips(state)).toHaveLength(1);
    const next = await hubWith({ stateDirs: [state], historyFile: join(state, 'history.jsonl') });
    expect(next.snapshot().trips).toMatchObject([{ reason: 'loop', app: 'agent.mjs' }]);
    expect(readTrips(state)).toEqual([]);
  });

  it('reconnects to a hub that comes back and replays what no hub has acknowledged', async () => {
    const cwd = folder();
    const first = await startHub({ flushMs: 1 });
    const { port } = first;
    const agent = start(
      cwd,
      `${TRIP}
      process.stdin.on('data', text => { if (String(text).startsWith('trip')) trip(); else process.stdin.destroy(); });
      tool({ q: 'first' });`,
      first.env,
    );
    await until(first, model => model.totals.calls === 1);
    await first.close();
    agent.write('trip');
    await agent.line('LoopDetectedError');
    // The same port with another token is another hub: the agent stays out of it and lives on.
    const stranger = await hubWith({ port });
    agent.write('end');
    expect(await agent.end).toBe(0);
    expect(stranger.snapshot().trips).toEqual([]);
    // The next process of the project brings the trip along.
    const next = start(cwd, 'await loopbound.withRun("next", async () => loopbound.guard(() => 1)());', stranger.env);
    await next.end;
    expect((await until(stranger, model => model.trips.length === 1)).trips[0]).toMatchObject({ reason: 'loop' });
    expect(readdirSync(join(cwd, '.loopbound/trips'))).toEqual([]);
  });

  it.each([
    ['nothing listens', 'ws://127.0.0.1:9'],
    ['a foreign host', 'ws://example.com:80'],
    ['no URL', 'nonsense'],
  ])('with %s in its environment ends as usual', async (_, url) => {
    const agent = start(folder(), `${TRIP} trip();`, { LOOPBOUND_HUB: url, LOOPBOUND_TOKEN: 'x'.repeat(43) });
    expect(await agent.end).toBe(0);
    expect(agent.lines).toContain('LoopDetectedError');
  });

  it('with a hub that talks nonsense, or says nothing, ends as usual', async () => {
    for (const greet of [true, false]) {
      const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
      closers.push(() => {
        for (const client of server.clients) client.terminate();
        server.close();
      });
      await once(server, 'listening');
      server.on('connection', socket => {
        socket.on('error', () => undefined);
        if (greet) socket.send('{"type":"welcome","version":99}');
      });
      const { port } = server.address() as { port: number };
      const agent = start(folder(), `${TRIP} trip();`, {
        LOOPBOUND_HUB: `ws://127.0.0.1:${port}`,
        LOOPBOUND_TOKEN: 'x'.repeat(43),
      });
      expect(await agent.end).toBe(0);
    }
  });

  it('does what the panel asks: stop a run, reset a breaker, raise a budget', async () => {
    const cwd = folder();
    const hub = await hubWith();
    const agent = start(
      cwd,
      `
      const step = loopbound.guard(n => n, { name: 'step', budget: { maxCalls: 1 }, loop: false });
      const say = () => { try { step(1); console.log('ran'); } catch (error) { console.log(error.reason); } };
      process.stdin.on('data', text => { if (String(text).startsWith('end')) process.stdin.destroy(); else run(say); });
      let run; loopbound.withRun('r', () => { const { AsyncResource } = process.getBuiltinModule('node:async_hooks'); run = AsyncResource.bind(f => f()); run(say); run(say); return new Promise(() => {}); });
      `,
      hub.env,
    );
    await agent.line('budget');
    const { agents, runs } = await until(hub, model => model.trips.length === 1);
    const agentId = agents[0]!.id;
    expect(await hub.control(agentId, { do: 'raiseBudget', guard: 'step', by: { calls: 1 } })).toMatchObject({
      ok: true,
    });
    agent.write('go');
    await until(hub, model => model.totals.calls === 2);
    expect(await hub.control(agentId, { do: 'resetBreaker', breaker: 'step' })).toMatchObject({ ok: true });
    expect(await hub.control(agentId, { do: 'resetBreaker', breaker: 'other' })).toMatchObject({ ok: false });
    expect(await hub.control(agentId, { do: 'stopRun', runId: runs[0]!.runId })).toMatchObject({ ok: true });
    agent.write('go');
    await agent.line('kill');
    agent.write('end');
    await agent.end;
  });
});

describe('durability', () => {
  it('kill -9 at any moment: no trip that was raised is lost, none is doubled', async () => {
    const cwd = folder();
    const state = join(cwd, '.loopbound');
    const historyFile = join(state, 'history.jsonl');
    const raised = new Set<string>();
    for (let round = 0; round < 6; round++) {
      // Half of the rounds with a hub that is closed while trips come in.
      const hub = round % 2 === 0 ? undefined : await startHub({ flushMs: 1, historyFile });
      const agent = start(
        cwd,
        `for (let n = 0; ; n++) {
          try { loopbound.loopBudget(0, 'l' + n).next(); } catch (error) { process.stdout.write(error.trip.id + '\\n'); }
          if (n % 20 === 19) await new Promise(resolve => setImmediate(resolve));
        }`,
        hub ? hub.env : { LOOPBOUND_STATE: state },
      );
      const wanted = 100 + round * 37;
      await new Promise<void>(resolve => {
        const look = setInterval(() => {
          if (agent.lines.length < wanted) return;
          clearInterval(look);
          resolve();
        }, 1);
      });
      agent.kill();
      await agent.end;
      for (const line of agent.lines) if (line.length === 36) raised.add(line);
      await hub?.close();
    }
    const seen: string[] = [];
    const hub = await hubWith({ historyFile, stateDirs: [state], sweepMs: 100_000 });
    await hub.close();
    const { readFileSync } = await import('node:fs');
    for (const line of readFileSync(historyFile, 'utf8').split('\n')) if (line) seen.push(JSON.parse(line).id);
    const lost = [...raised].filter(id => !seen.includes(id)).length;
    const doubled = seen.length - new Set(seen).size;
    console.log(`kill -9: ${raised.size} trips raised in 6 killed processes, ${lost} lost, ${doubled} doubled`);
    expect(raised.size).toBeGreaterThan(1_000);
    expect([lost, doubled]).toEqual([0, 0]);
  }, 30_000);

  it('leaves half-written and foreign files alone', () => {
    const state = folder();
    const trip = {
      id: 'trip-0001',
      runId: 'r',
      run: 'r',
      app: 'a',
      pid: 1,
      time: 5,
      reason: 'loop' as const,
      guard: 'g',
      message: 'm',
      evidence: {},
    };
    writeTrip(state, trip);
    const trips = join(state, 'trips');
    mkdirSync(join(trips, 'folder.json'));
    writeFileSync(join(trips, '000000000000006-trip-0002.json'), '{"id":"trip-00');
    writeFileSync(join(trips, '000000000000007-trip-0003.json.part'), '{}');
    writeFileSync(join(trips, '000000000000008-trip-0004.json'), JSON.stringify({ ...trip, id: 'trip-9999' }));
    const odd: string[] = [];
    expect(readTrips(state, message => odd.push(message))).toEqual([trip]);
    expect(odd).toHaveLength(3);
  });
});
