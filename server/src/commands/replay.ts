// `loopbound replay`: holds recorded runs against a policy, and tells what would have tripped and where.
import { basename, dirname, resolve } from 'node:path';
import {
  type Policy,
  PolicyError,
  type Replay,
  readPolicy,
  replay,
  totalsOnly,
} from '../../../runtime/src/records/index.ts';
import { ConfigError } from '../engine/config.ts';
import { diskFiles } from '../workspace/files.ts';
import type { ReplayCommand } from './arguments.ts';
import { openRuns, short, table, when } from './recorded.ts';

/** Runs the command; gives the exit code: 1 where something would have tripped. */
export function runReplay({ recording, policy: file, format }: ReplayCommand): number {
  const policy = openPolicy(file);
  const { runs } = openRuns(recording);
  const found = replay(runs, policy);
  const good = found.filter(({ run }) => run.status === 'ok').length;
  if (format === 'json') {
    const tripped = found.map(({ run: { calls, ...run }, ...trip }) => ({
      ...trip,
      run: { ...run, ...(calls ? { calls: calls.length } : {}) },
    }));
    process.stdout.write(`${JSON.stringify({ version: 1, runs: runs.length, good, tripped }, undefined, 2)}\n`);
  } else {
    const rows = found.map(trip => [
      when(trip.run),
      trip.run.app,
      trip.run.run ?? '',
      trip.run.status,
      trip.rung ? `${trip.signal} (${trip.rung})` : trip.signal,
      short(trip.observed),
      short(trip.limit),
      placeOf(trip),
      savedBy(trip),
    ]);
    const heads = ['ended (UTC)', 'app', 'run', 'ended as', 'trips on', 'observed', 'limit', 'where', 'saves'];
    process.stdout.write(rows.length > 0 ? table(heads, rows) : '');
  }
  const blind = totalsOnly(policy);
  if (blind.length > 0) process.stderr.write(`Without a place, since calls do not tell them: ${blind.join(', ')}.\n`);
  const withCalls = runs.filter(run => run.calls).length;
  if (withCalls < runs.length) {
    process.stderr.write(
      `${runs.length - withCalls} of ${runs.length} runs were recorded without their calls: judged by totals.\n`,
    );
  }
  process.stderr.write(`${found.length} of ${runs.length} runs would have tripped; ${good} of them went well.\n`);
  return found.length > 0 ? 1 : 0;
}

function openPolicy(file: string): Policy {
  const path = resolve(file);
  const read = diskFiles(dirname(path)).read(basename(path));
  if (read.kind === 'absent')
    throw new ConfigError(`there is no policy ${file}. loopbound calibrate --out ${file} writes one.`);
  if (read.kind === 'skipped') throw new ConfigError(`the policy ${file} cannot be read: ${read.reason}`);
  try {
    return readPolicy(read.text, file);
  } catch (error) {
    throw error instanceof PolicyError ? new ConfigError(error.message) : error;
  }
}

function placeOf({ where }: Replay): string {
  return where ? `call ${where.call}, ${where.name}, after ${short(where.at / 1_000)} s` : 'by the totals';
}

function savedBy({ run, where }: Replay): string {
  if (!where) return '';
  const usd = run.usd - where.usd;
  const calls = run.modelCalls - where.modelCalls;
  return `${calls} model ${calls === 1 ? 'call' : 'calls'}${usd > 0 ? `, $${short(usd)}` : ''}`;
}
