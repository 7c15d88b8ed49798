// Costs of the analysis over a made-up workspace, beside a plain parse of the same texts in the same run. CPU time, user and
// system; nothing is asserted. Arguments: number of files (2000), keystrokes (60).

import { performance } from 'node:perf_hooks';
import { ts } from 'ts-morph';
import { engine } from '../../server/src/compose.ts';
import { openMemory } from '../../server/src/engine/memory.ts';
import { Session } from '../../server/src/engine/session.ts';
import { memoryFiles } from '../../server/src/workspace/files.ts';
import type { Log } from '../../server/src/workspace/log.ts';
import { makeWorkspace } from './workspace.ts';

const [count = 2_000, keystrokes = 60] = process.argv.slice(2).map(Number);
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
