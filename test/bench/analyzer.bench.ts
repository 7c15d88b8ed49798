// Costs of the analysis over a made-up workspace, beside a plain parse and typescript-eslint with type information over the
// same texts in the same run. CPU time, user and system; nothing is asserted. Arguments: number of files (2000), keystrokes
// (60), a folder with real repositories (none).

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { ts } from 'ts-morph';
import { engine } from '../../server/src/compose.ts';
import { openMemory } from '../../server/src/engine/memory.ts';
import { Session } from '../../server/src/engine/session.ts';
import { memoryFiles } from '../../server/src/workspace/files.ts';
import type { Log } from '../../server/src/workspace/log.ts';
import { makeWorkspace } from './workspace.ts';

const count = Number(process.argv[2] ?? 2_000);
const keystrokes = Number(process.argv[3] ?? 60);
const repositories = process.argv[4];
const here = import.meta.dirname;
const cli = join(here, '../../dist/cli.js');
const made = makeWorkspace({ files: count, bytes: count * 10_000, seed: 7 });
const log: Log = { info: () => undefined, warn: say, error: say };

function say(message: string): void {
  console.log(message);
}

function line(name: string, value: string, target = ''): void {
  console.log(`${name.padEnd(52)}${value.padStart(12)}  ${target}`);
}

/** Milliseconds of CPU since `from`. */
function spent(from: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1_000;
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}

function megabytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

interface Used {
  /** Milliseconds. */
  readonly cpu: number;
  /** Megabytes. */
  readonly peak: number;
  readonly wall: number;
}

/** What a program uses in a process of its own; undefined if it could not do its work. */
function measure(...words: readonly string[]): Used | undefined {
  const usage = join(scratch, 'usage.json');
  rmSync(usage, { force: true });
  const from = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['--require', join(here, 'usage.cjs'), ...words], {
    env: { ...process.env, LOOPBOUND_USAGE: usage },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const wall = performance.now() - from;
  // 1: there are findings.
  if ((status !== 0 && status !== 1) || !existsSync(usage)) {
    say(`${words[0]} did not run: ${stderr.slice(0, 300)}`);
    return undefined;
  }
  return { ...(JSON.parse(readFileSync(usage, 'utf8')) as { cpu: number; peak: number }), wall };
}

function inProcess(name: string, used: Used | undefined, target = ''): void {
  if (used) line(name, milliseconds(used.cpu), `${used.peak.toFixed(0)} MB at the peak  ${target}`);
}

/** One of the sorted `times`, by share. */
function share(times: readonly number[], part: number): number {
  return times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0;
}

function parseAll(): number {
  const from = process.cpuUsage();
  for (const [path, text] of made.texts) {
    if (!path.endsWith('.json')) ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false);
  }
  return spent(from);
}

const scratch = mkdtempSync(join(tmpdir(), 'loopbound-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

line('workspace', `${count} files`, `${(made.bytes / 1e6).toFixed(1)} MB, ${made.agents.length} with agents`);
const before = megabytes();
const firstParse = parseAll();
const parse = Math.min(parseAll(), parseAll());
line('floor: ts.createSourceFile of all, cold', milliseconds(firstParse));
line('floor: the same, warm', milliseconds(parse));

// The first finding in the one file that is open: the editor asks for it before the rest.
const first = made.agents[0]!;
{
  const alone = new Session(engine, { files: memoryFiles(new Map(made.texts)), starts: [first], log });
  const from = performance.now();
  const check = await alone.check();
  line(
    'first finding in the open file',
    milliseconds(performance.now() - from),
    `target 500 ms (${check.findings.length})`,
  );
}

const kept = new Map<string, string>();
const store = {
  read: (name: string) => kept.get(name),
  write: (name: string, text: string) => void kept.set(name, text),
};
// Texts with stamps, as on a disk.
const files = {
  ...memoryFiles(new Map(made.texts)),
  stamp: (path: string) => {
    const text = made.texts.get(path);
    return text === undefined ? undefined : { size: text.length, modified: 1 };
  },
};
const memory = () => openMemory(store, 'bench', 'bench');
const session = new Session(engine, { files, log, memory: memory() });
let from = process.cpuUsage();
const cold = await session.check();
const whole = spent(from);
line('whole workspace, parser warm', milliseconds(whole), 'target 1500 ms');
line('  against a parse of all files', `${(whole / parse).toFixed(2)} x`);
line('  modules read', String(cold.stats.parsed), `${cold.findings.length} findings, ${cold.entries.length} entries`);
line('  heap', `${(megabytes() - before).toFixed(0)} MB`, 'target 300 MB peak');

session.remember();
const again = new Session(engine, { files, log, memory: memory() });
from = process.cpuUsage();
await again.check();
const second = spent(from);
line('second start, nothing changed', milliseconds(second));
line('  the first against it', `${(whole / second).toFixed(1)} x`, 'target 5 x');

const texts = new Map(made.texts);
const edited = [...made.agents, ...made.users];
const times: number[] = [];
for (let turn = 0; turn < keystrokes; turn++) {
  const path = edited[(turn * 37) % edited.length]!;
  const text = `${texts.get(path)!}export const edited${turn} = ${turn};\n`;
  texts.set(path, text);
  session.setBuffer(path, text);
  from = process.cpuUsage();
  await session.check();
  times.push(spent(from));
}
times.sort((a, b) => a - b);
line('keystroke in a file that matters, p50', milliseconds(share(times, 0.5)));
line('keystroke in a file that matters, p95', milliseconds(share(times, 0.95)), 'target 30 ms for 1,000 files');
line('  p50 against a parse of all files', `${(share(times, 0.5) / parse).toFixed(2)} x`);

// Each in a process of its own, from nothing: what a person waits for on the command line.
const folder = join(scratch, 'workspace');
for (const [path, text] of made.texts) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
const ours = measure(cli, 'check', folder, '--format', 'json', '--no-cache');
const floor = measure(join(here, 'peer.mjs'), 'parse', folder);
const peer = measure(join(here, 'peer.mjs'), 'eslint', folder);
inProcess('loopbound check, whole workspace', ours, 'target 1500 ms, 300 MB');
inProcess('ts-morph, a parse of all files', floor);
inProcess('typescript-eslint, one rule with types', peer);
if (ours && floor)
  line(
    '  loopbound against the parse',
    `${(ours.cpu / floor.cpu).toFixed(2)} x`,
    `memory ${(ours.peak / floor.peak).toFixed(2)} x`,
  );
if (ours && peer)
  line(
    '  loopbound against typescript-eslint',
    `${(ours.cpu / peer.cpu).toFixed(2)} x`,
    `memory ${(ours.peak / peer.peak).toFixed(2)} x`,
  );
const single = join(folder, first);
const alone = measure(cli, 'check', single, '--format', 'json', '--no-cache');
if (alone)
  line(
    'loopbound check, one file',
    milliseconds(alone.wall),
    `target 500 ms to the first finding, ${milliseconds(alone.cpu)} of CPU`,
  );

for (const name of repositories ? readdirSync(repositories).sort() : []) {
  inProcess(name, measure(cli, 'check', join(repositories as string, name), '--format', 'json', '--no-cache'));
}
