// The example agents: which there are, and how one is run and counted.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { node, root } from './bootstrap.mjs';
import { python, pythonLacks } from './python.mjs';

/** After this many model calls an unguarded agent is cut off. */
export const CUT_OFF_CALLS = 60;

/** USD per million tokens, as examples/scripted-model.ts and scripted_model.py state it. */
export const PRICE = { input: 0.4, output: 1.6 };

const folder = join(root, 'examples');

/** Every folder with twins, as `{ name, extension, missing }`; `missing` says why it cannot run here. */
export function examples() {
  const lacks = pythonLacks();
  return readdirSync(folder)
    .flatMap(name =>
      ['ts', 'py']
        .filter(extension => existsSync(join(folder, name, `unguarded.${extension}`)))
        .map(extension => ({ name, extension, missing: extension === 'py' ? lacks : undefined })),
    )
    .sort((a, b) => Number(a.extension === 'py') - Number(b.extension === 'py') || a.name.localeCompare(b.name, 'en'));
}

/**
 * Runs `unguarded` or `guarded` of an example and waits.
 * Gives its model calls, tokens and cost, whether it was cut off, how it said that it ended, and its exit code.
 */
export function runTwin({ name, extension }, twin, scratch, cutOff = CUT_OFF_CALLS) {
  const report = join(scratch, `${name}-${twin}.json`);
  rmSync(report, { force: true });
  const [command, ...args] = extension === 'py' ? [python()] : [node, '--disable-warning=ExperimentalWarning'];
  const { status, stdout, stderr, error } = spawnSync(command, [...args, `${twin}.${extension}`], {
    cwd: join(folder, name),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: {
      ...process.env,
      LOOPBOUND_DEMO_CUTOFF: String(cutOff),
      LOOPBOUND_DEMO_LATENCY: process.env.LOOPBOUND_DEMO_LATENCY ?? '5',
      LOOPBOUND_DEMO_REPORT: report,
    },
  });
  if (error) throw error;
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : { calls: 0, usd: 0, cutOff: false };
  const failure = status !== 0 && !counts.cutOff;
  if (failure) console.error(`${name}/${twin}.${extension} failed with ${status}\n${stderr}`);
  const ended = /^Stopped: (.*)$/m.exec(stdout)?.[1] ?? (counts.cutOff ? 'cut off' : 'done');
  return { ...counts, ended, status, failure, stdout, stderr };
}
