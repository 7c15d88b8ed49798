// `loopbound calibrate`: thresholds that good runs suggest, as a table, as JSON, and as a policy file.
import { basename, dirname, resolve } from 'node:path';
import { calibrate, policyFrom } from '../../../runtime/src/records/index.ts';
import { ConfigError } from '../engine/config.ts';
import { diskFiles } from '../workspace/files.ts';
import type { CalibrateCommand } from './arguments.ts';
import { openRuns, short, table } from './recorded.ts';

/** Runs the command; gives the exit code. */
export function runCalibrate({ file, app, last, factor, out, format }: CalibrateCommand): number {
  const opened = openRuns(file);
  const runs = opened.runs.filter(run => run.status === 'ok' && (app === undefined || run.app === app)).slice(-last);
  const proposals = (() => {
    try {
      return calibrate(runs);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const whose = app === undefined ? '' : ` of the app ${app}`;
      throw new ConfigError(
        `${error.message}${whose} in ${opened.file}. Let the agents run in monitoring mode for a while.`,
      );
    }
  })();
  const policy = policyFrom(proposals, factor);
  const text = `${JSON.stringify(policy, undefined, 2)}\n`;
  if (format === 'json') {
    process.stdout.write(`${JSON.stringify({ version: 1, runs: runs.length, proposals, policy }, undefined, 2)}\n`);
  } else {
    const limits: Readonly<Record<string, number>> = policy.limits;
    const rows = proposals.map(({ signal, p95, from, to }) => [
      signal,
      short(p95),
      short(from),
      short(to),
      Object.hasOwn(limits, signal) ? limits[signal]! : '',
    ]);
    process.stdout.write(`From ${runs.length} good runs:\n\n`);
    process.stdout.write(table(['signal', '95 % of runs', 'limit from', 'to', 'in the policy'], rows));
    if (out === undefined) process.stdout.write(`\n${text}`);
  }
  if (out !== undefined) {
    const path = resolve(out);
    diskFiles(dirname(path)).write(basename(path), text);
    process.stderr.write(`Wrote ${out}. Try it: loopbound replay ${opened.file} --policy ${out}\n`);
  }
  return 0;
}
