// `loopbound watch`: a hub with its live page, and a command that runs with the hub announced to it. The hub is the
// runtime's, the page the panel's; here they are started and ended.
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Hub, type PageAsset, startHub } from '../../../runtime/src/hub/index.ts';
import type { Trip } from '../../../runtime/src/protocol/index.ts';
import { diskFiles } from '../workspace/files.ts';
import type { WatchCommand } from './arguments.ts';

/** The hub gathers what it is told for a moment before it passes it on; this is several such moments. */
const settle = 250;

const say = (line: string) => void process.stderr.write(`loopbound: ${line}\n`);

/** Runs until the command ends, or without one (and with --keep) until it is interrupted; gives the exit code. */
export async function runWatch({ command, port, keep, control }: WatchCommand): Promise<number> {
  const assets = readPage();
  let hub: Hub | undefined;
  const show = () => say(`live page: ${hub?.page?.link()}`);
  hub = await startHub({
    port,
    stateDirs: [join(process.cwd(), '.loopbound')],
    log: ({ level, message }) => {
      if (level === 'warn') say(message);
    },
    // A link opens once, so that one in a terminal's history is worth nothing.
    ...(assets ? { page: { assets, control, onOpened: show } } : {}),
  });
  if (assets) show();
  else say('the live page is not part of this build; trips are printed here');
  const trips = printTrips(hub);
  const code = command.length > 0 ? await run(command, hub.env) : await announce(hub);
  if (command.length > 0 && keep) {
    say(`the command ended with ${code}; the page stays until Ctrl-C`);
    await interrupted();
  }
  await new Promise(resolve => setTimeout(resolve, settle));
  trips.end();
  await hub.close();
  return code;
}

/** Without a command, agents are started elsewhere and must be told. */
async function announce({ env }: Hub): Promise<number> {
  say('start agents with this environment:');
  for (const [name, value] of Object.entries(env)) process.stderr.write(`  export ${name}=${value}\n`);
  await interrupted();
  return 0;
}

/** The command's exit code; of one that was killed 128 and the signal's number, as shells have it. */
async function run([file = '', ...args]: readonly string[], env: Hub['env']): Promise<number> {
  const child = spawn(file, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  const stop = passSignals(child);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EACCES') throw error;
    say(`${file} cannot be run: ${code === 'ENOENT' ? 'there is no such command' : 'it is not executable'}.`);
    return code === 'ENOENT' ? 127 : 126;
  } finally {
    stop();
  }
}

function passSignals(child: ChildProcess): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const;
  const handlers = signals.map(signal => {
    // A terminal sends Ctrl-C to the child as well; a second one would be taken for impatience.
    const handler = () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    process.on(signal, handler);
    return { signal, handler };
  });
  return () => {
    for (const { signal, handler } of handlers) process.off(signal, handler);
  };
}

function interrupted(): Promise<void> {
  return new Promise(resolve => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}

function printTrips(hub: Hub): { end(): void } {
  const told = new Set(hub.snapshot().trips.map(trip => trip.id));
  const tell = (trips: readonly Trip[]) => {
    for (const { id, message, place } of trips) {
      if (told.has(id)) continue;
      told.add(id);
      say(`trip: ${message}${place ? ` (${place.file}:${place.line}:${place.column})` : ''}`);
    }
  };
  const unsubscribe = hub.subscribe((_deltas, model) => tell(model.trips));
  return {
    end() {
      unsubscribe();
      tell(hub.snapshot().trips);
    },
  };
}

/** The page's files: beside the bundle, or in dist when run from the sources. */
function readPage(): Record<string, PageAsset> | undefined {
  const here = dirname(fileURLToPath(import.meta.url));
  for (const folder of [join(here, 'webview'), join(here, '../../../dist/webview')]) {
    const files = diskFiles(folder);
    const page = files.read('page.html');
    if (page.kind !== 'text') continue;
    const assets: Record<string, PageAsset> = { '/': { type: 'text/html; charset=utf-8', body: page.text } };
    for (const { name } of files.entries('') ?? []) {
      const type = name.endsWith('.js') ? 'text/javascript' : name.endsWith('.css') ? 'text/css' : undefined;
      const read = type === undefined ? undefined : files.read(name);
      if (type && read?.kind === 'text') assets[`/${name}`] = { type: `${type}; charset=utf-8`, body: read.text };
    }
    return assets;
  }
  return undefined;
}
