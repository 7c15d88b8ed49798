// A real redis-server (or valkey-server) for a test: installed by apt-get where it may, on a free port, nothing on disk.
// Under CI=true a machine that cannot have one fails the test; elsewhere it is skipped, loudly.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMES = ['redis-server', 'valkey-server'];

const found = (): string | undefined =>
  NAMES.find(name => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);

const install = (): string | undefined => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'not installed, and not root';
  console.log('installing redis-server with apt-get');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  for (const args of [
    ['-q', 'update'],
    ['-q', 'install', '-y', '--no-install-recommends', 'redis-server'],
  ]) {
    const { status, stderr, error } = spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    if (status !== 0) return `apt-get ${args[1]} failed: ${error ?? stderr}`;
  }
  return found() ? undefined : 'apt-get installed no redis-server';
};

/** Why there is no Redis on this machine; undefined if there is one. Throws where CI lacks it. */
export const redisMissing = (): string | undefined => {
  const missing = found() ? undefined : install();
  if (missing === undefined) return undefined;
  if (process.env.CI === 'true') throw new Error(`the Redis tests cannot run: ${missing}`);
  console.log(`\n!!! SKIPPED: the Redis tests did not run (${missing})\n`);
  return missing;
};

/** A running server. */
export type RedisServer = {
  readonly port: number;
  /** Kills it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty. */
  restart(): Promise<void>;
  /** Ends it and removes its folder. */
  close(): Promise<void>;
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
};

/** Starts a server of its own. */
export const startRedis = async (): Promise<RedisServer> => {
  const program = found()!;
  const folder = mkdtempSync(join(tmpdir(), 'loopbound-redis-'));
  const port = await freePort();
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
    const started = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child = started;
    let said = '';
    for await (const chunk of started.stdout!) {
      said += String(chunk);
      if (said.includes('Ready to accept connections')) break;
    }
    if (!said.includes('Ready to accept connections')) throw new Error(`${program} did not start:\n${said}`);
  };
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  await start();
  return {
    port,
    kill,
    restart: start,
    async close() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
