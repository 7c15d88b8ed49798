// `loopbound runs`: lists recorded runs.
import { runRecords } from '../../../runtime/src/records/index.ts';
import type { RunsCommand } from './arguments.ts';
import { openRuns, short, table, when } from './recorded.ts';

/** Runs the command; gives the exit code. */
export function runRuns({ file, query, format }: RunsCommand): number {
  const opened = openRuns(file);
  const found = runRecords(opened.file).query(query);
  if (format === 'json') {
    // Calls are for replay, and many.
    const runs = found.map(({ calls, ...run }) => ({ ...run, ...(calls ? { calls: calls.length } : {}) }));
    process.stdout.write(`${JSON.stringify({ version: 1, file: opened.file, runs }, undefined, 2)}\n`);
    return 0;
  }
  const rows = found.map(run => [
    when(run),
    run.app,
    run.run ?? '',
    run.status,
    run.reason ?? run.error ?? '',
    run.modelCalls,
    run.tokens,
    short(run.usd),
    short(run.elapsedSeconds),
  ]);
  const heads = ['ended (UTC)', 'app', 'run', 'status', 'reason', 'model calls', 'tokens', 'usd', 'seconds'];
  process.stdout.write(rows.length > 0 ? table(heads, rows) : '');
  const usd = found.reduce((sum, run) => sum + run.usd, 0);
  const tripped = found.filter(run => run.status === 'tripped').length;
  process.stderr.write(`${found.length} of ${opened.runs.length} runs, ${tripped} tripped, $${short(usd)} in all.\n`);
  return 0;
}
