// What the commands on recorded runs share: opening the file, and tables. The records are the runtime's.
import { resolve } from 'node:path';
import { type RunRecord, readRuns, runsFile } from '../../../runtime/src/records/index.ts';
import { ConfigError } from '../engine/config.ts';

/** The runs of a file (default: where the runtime records them). Lines that are no records are named on stderr. */
export function openRuns(file: string | undefined): { readonly file: string; readonly runs: readonly RunRecord[] } {
  const path = file === undefined ? runsFile() : resolve(file);
  const { runs, odd, exists } = readRuns(path);
  if (!exists) {
    throw new ConfigError(
      `there is no ${path}. Agents record their runs there with recordRuns() of loopbound/records.`,
    );
  }
  for (const { line, why } of odd) process.stderr.write(`${path}:${line}: skipped: ${why}\n`);
  const older = file === undefined ? readRuns(`${path}.old`).runs : [];
  return { file: path, runs: [...older, ...runs] };
}

/** Rows below their heads; columns of numbers are to the right. */
export function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const texts = rows.map(row => row.map(String));
  const numeric = heads.map(
    (_, at) => rows.length > 0 && rows.every(row => typeof row[at] === 'number' || row[at] === ''),
  );
  const widths = heads.map((head, at) => Math.max(head.length, ...texts.map(row => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => (numeric[at] ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
      .join('  ')
      .trimEnd();
  return `${[heads, ...texts].map(line).join('\n')}\n`;
}

/** A number as short as it is exact to people: three digits of what is below a hundred, whole above. */
export function short(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

/** When a run ended. */
export function when({ time }: RunRecord): string {
  return time === undefined ? '' : new Date(time).toISOString().slice(0, 19).replace('T', ' ');
}
