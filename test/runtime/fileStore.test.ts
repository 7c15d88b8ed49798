// The file store: whole after a kill at any byte, compacts itself, takes dead processes over, and never harms the agent.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { threadId } from 'node:worker_threads';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fileStore, guard, LoopDetectedError, PreflightTripError, type StoredGuard } from '../../runtime/src/index.ts';

const OWN = `${process.pid}-${threadId}.jsonl`;
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});
const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'loopbound-files-'));
  closers.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};
const state = (message: string, until = Date.now() + 600_000): StoredGuard => ({
  trip: {
    id: 'trip-0000',
    runId: 'run',
    run: 'run',
    app: 'app',
    pid: 1,
    time: 1,
    reason: 'loop',
    guard: 'g',
    message,
    evidence: {},
  },
  until,
  window: [],
});
const messageOf = (dir: string, label = 'g') => fileStore(dir).load(label)?.trip.message;

let bundle = '';
beforeAll(async () => {
  bundle = join(mkdtempSync(join(tmpdir(), 'loopbound-bundle-')), 'guard.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, '../../runtime/src/index.ts')],
    outfile: bundle,
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['*/socket.ts'],
    logLevel: 'error',
  });
});
afterAll(() => rmSync(join(bundle, '..'), { recursive: true, force: true }));

describe('kills', () => {
  it('at any byte leave what was written before', () => {
    const dir = folder();
    const store = fileStore(dir);
    store.save('g', state('first'));
    const path = join(dir, 'guards', OWN);
    const first = statSync(path).size;
    store.save('g', state('second'));
    const whole = readFileSync(path);
    for (let size = 0; size <= whole.length; size++) {
      writeFileSync(path, whole.subarray(0, size));
      // The last byte of a line is its end, and says nothing.
      const expected = size >= whole.length - 1 ? 'second' : size >= first - 1 ? 'first' : undefined;
      expect(messageOf(dir), `cut at byte ${size}`).toBe(expected);
    }
    // What comes next is whole again.
    writeFileSync(path, whole.subarray(0, whole.length - 5));
    store.save('g', state('third'));
    expect(messageOf(dir)).toBe('third');
  });

  it('-9 of a process that writes all the time loses nothing that it had told', async () => {
    const dir = folder();
    const script = `import { fileStore } from ${JSON.stringify(pathToFileURL(bundle).href)};
const store = fileStore(${JSON.stringify(dir)});
for (let turn = 0; ; turn++) {
  store.save('g', { trip: { reason: 'loop', message: 'turn ' + turn, pad: 'x'.repeat(500) }, until: Date.now() + 600000, window: [] });
  await new Promise(done => process.stdout.write(turn + '\\n', done));
}`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    closers.push(() => child.kill('SIGKILL'));
    let told = '';
    child.stdout.on('data', chunk => {
      told += String(chunk);
      if (told.length > 10_000) child.kill('SIGKILL');
    });
    await once(child, 'close');
    const last = Number(told.slice(0, told.lastIndexOf('\n')).split('\n').at(-1));
    expect(last).toBeGreaterThan(1_000);
    expect(Number(messageOf(dir)?.split(' ')[1])).toBeGreaterThanOrEqual(last);
    // It compacted itself on the way: some thousand lines of 600 bytes.
    const sizes = readdirSync(join(dir, 'guards')).map(name => statSync(join(dir, 'guards', name)).size);
    expect(Math.max(...sizes)).toBeLessThan(300_000);
  });
});

describe('compaction', () => {
  it('keeps what holds, forgets what does not, and what was cleared stays cleared', () => {
    const dir = folder();
    const store = fileStore(dir);
    store.save('expired', state('expired', Date.now() - 1));
    store.save('cleared', state('cleared'));
    store.clear('cleared');
    store.save('kept', state('kept'));
    for (let turn = 0; turn < 300; turn++) store.save('g', state(`${turn} ${'x'.repeat(1_000)}`));
    const path = join(dir, 'guards', OWN);
    expect(statSync(path).size).toBeLessThan(260_000);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).not.toContain('expired');
    expect(messageOf(dir, 'kept')).toBe('kept');
    expect(messageOf(dir, 'cleared')).toBeUndefined();
    expect(messageOf(dir)).toMatch(/^299 /);
  });

  it('takes over what processes left that ended, and leaves the living alone', () => {
    const dir = folder();
    const guards = join(dir, 'guards');
    mkdirSync(guards, { recursive: true });
    const old = new Date(Date.now() - 3_600_000);
    const leave = (name: string, label: string): void => {
      writeFileSync(join(guards, name), JSON.stringify({ label, at: Date.now() - 1, ...state(label) }));
      utimesSync(join(guards, name), old, old);
    };
    // No process has an id beyond 2^22.
    for (let index = 0; index < 16; index++) leave(`${4_200_000 + index}-0.jsonl`, `dead ${index}`);
    leave(`${process.ppid}-0.jsonl`, 'alive');
    const store = fileStore(dir);
    store.save('g', state('mine'));
    expect(readdirSync(guards).sort()).toEqual([OWN, `${process.ppid}-0.jsonl`].sort());
    for (const label of ['dead 0', 'dead 15', 'alive']) expect(messageOf(dir, label)).toBe(label);
    // The latest word counts, whoever has it.
    store.clear('alive');
    expect(messageOf(dir, 'alive')).toBeUndefined();
  });
});

describe('where nothing can be written', () => {
  const warnings = async (work: () => void): Promise<string[]> => {
    const heard: string[] = [];
    const hear = (warning: Error) => heard.push(warning.message);
    process.on('warning', hear);
    work();
    await new Promise(resolve => setImmediate(resolve));
    process.off('warning', hear);
    return heard;
  };

  it('a full disk is told, and the trip is thrown all the same', async () => {
    const dir = folder();
    mkdirSync(join(dir, 'guards'));
    symlinkSync('/dev/full', join(dir, 'guards', OWN));
    const tool = guard((_: string) => 'same', { name: 'tool', store: { ...fileStore(dir), load: () => undefined } });
    const heard = await warnings(() => {
      tool('x');
      tool('x');
      expect(() => tool('x')).toThrow(LoopDetectedError);
    });
    expect(heard.join()).toMatch(/cannot keep the trip of tool in .*: ENOSPC/);
  });

  it('a read-only folder is told, and the trip is thrown all the same', () => {
    const dir = folder();
    chmodSync(dir, 0o555);
    // Root may write everywhere, so the child becomes nobody once it has loaded.
    const script = `import { fileStore, guard, LoopDetectedError } from ${JSON.stringify(pathToFileURL(bundle).href)};
if (process.getuid() === 0) process.setuid(65534);
process.on('warning', warning => console.log(warning.name, warning.message));
const tool = guard(() => 'same', { name: 'tool', store: fileStore(${JSON.stringify(dir)}) });
tool('x'); tool('x');
try { tool('x'); } catch (error) { console.log(error instanceof LoopDetectedError); }`;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(said).toMatch(/^true\nLoopboundWarning cannot keep the trip of tool in .*: EACCES/);
  });

  it('a folder that cannot be read stops the call, since nobody knows whether an earlier trip holds', () => {
    const dir = folder();
    writeFileSync(join(dir, 'guards'), 'a file in its place');
    const tool = guard((_: string) => 'fine', { name: 'tool', store: fileStore(dir) });
    expect(() => tool('x')).toThrow(/the guard store .*guards cannot be read: ENOTDIR/);
    expect(() => tool('x')).not.toThrow(PreflightTripError);
  });
});
