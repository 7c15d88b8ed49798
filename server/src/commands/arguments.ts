// What the user typed, as a command. Pure: it prints nothing and ends nothing.
import { parseArgs } from 'node:util';
import { TRIP_REASONS } from '../../../runtime/src/protocol/trip.ts';
import { RUN_STATUSES, type RunQuery } from '../../../runtime/src/records/store.ts';
import type { Severity } from '../rules/finding.ts';

export const formats = ['text', 'json', 'sarif', 'github'] as const;
export type Format = (typeof formats)[number];

export interface CheckCommand {
  readonly do: 'check';
  readonly paths: readonly string[];
  readonly format: Format;
  readonly fix: boolean;
  /** Findings at or above it make the command fail. */
  readonly maxSeverity: Severity;
  /** Only such findings are shown. */
  readonly quiet: boolean;
  readonly cache: boolean;
  readonly verbose: boolean;
}

export const graphFormats = ['text', 'mermaid', 'json'] as const;

export interface GraphCommand {
  readonly do: 'graph';
  readonly path: string;
  /** Only the entry that this line takes part in; from 1. */
  readonly line: number | undefined;
  readonly format: (typeof graphFormats)[number];
}

export interface WatchCommand {
  readonly do: 'watch';
  /** What to run with the hub announced; empty to wait for agents that are started elsewhere. */
  readonly command: readonly string[];
  /** 0 for any free one. */
  readonly port: number;
  /** Go on serving the page after the command ended. */
  readonly keep: boolean;
  /** Whether people at the page may stop runs and raise budgets. */
  readonly control: boolean;
}

export const recordFormats = ['text', 'json'] as const;
type RecordFormat = (typeof recordFormats)[number];

export interface RunsCommand {
  readonly do: 'runs';
  /** Undefined for where the runtime records them. */
  readonly file: string | undefined;
  readonly query: RunQuery;
  readonly format: RecordFormat;
}

export interface CalibrateCommand {
  readonly do: 'calibrate';
  readonly file: string | undefined;
  readonly app: string | undefined;
  /** Of the newest so many good runs. */
  readonly last: number;
  /** Times the 95th percentile: 2 to 3. */
  readonly factor: number;
  /** Where the policy is written to. */
  readonly out: string | undefined;
  readonly format: RecordFormat;
}

export interface ReplayCommand {
  readonly do: 'replay';
  readonly recording: string;
  readonly policy: string;
  readonly format: RecordFormat;
}

export type Command =
  | CheckCommand
  | RunsCommand
  | CalibrateCommand
  | ReplayCommand
  | GraphCommand
  | WatchCommand
  | { readonly do: 'lsp' }
  | { readonly do: 'mcp' }
  | { readonly do: 'help' }
  | { readonly do: 'version' }
  | { readonly do: 'wrong'; readonly message: string };

export const usage = `loopbound: finds the loops of agent code that nothing bounds

  loopbound check [paths]            analyse files and folders (default: the current folder)
      --format text|json|sarif|github   how to report (default: text)
      --fix                             apply the safe fixes, then report what is left
      --max-severity LEVEL              fail on findings of this severity or above:
                                        error, warning, info, hint (default: warning)
      --quiet                           show only findings that make the command fail
      --no-cache                        do not use or write the cache
      --verbose                         say what was skipped and why
  loopbound graph PATH[:LINE]        draw the graph of each agent entry, or of the one at a line: steps, ways,
                                     loops with their bound or its absence, the worst case
      --format text|mermaid|json        how to draw it (default: text)
  loopbound watch [-- COMMAND]       show runs and trips of guarded agents live in the browser, on this machine
                                     only; runs COMMAND so that its agents report there, passes on its exit
      --port N                          port of the page (default: any free one)
      --keep                            go on showing after COMMAND ended
      --control                         allow the page to stop runs and raise budgets
  loopbound runs                     list runs that agents recorded (recordRuns of loopbound/records)
      --app, --status, --reason         only such runs; status is ok, tripped or error
      --since, --until                  only runs that ended then: a date, or 30m, 24h, 7d ago
      --last N                          only the newest N
      --runs FILE                       the recording (default: .loopbound/runs.jsonl)
      --format text|json                how to list them (default: text)
  loopbound calibrate                propose limits from runs that went well: 2 to 3 times their 95th percentile
      --app, --last, --runs, --format   as above; of the newest 20 good runs by default, at least 10
      --factor N                        how many times, for the policy: 2 to 3 (default: 3)
      --out FILE                        write the policy there
  loopbound replay RECORDING         tell what a policy would have stopped in recorded runs, at which call, and
                                     what that saves
      --policy FILE                     the policy, as calibrate writes it
      --format text|json                how to tell it (default: text)
  loopbound lsp --stdio              language server for any editor
  loopbound mcp                      Model Context Protocol server over stdio for the current folder: the tools check,
                                     explain, graph and trips for coding agents
  loopbound --version
  loopbound --help

Exit status of check: 0 nothing at or above --max-severity, 1 findings, 2 wrong usage or a broken config.
Of replay: 0 nothing would have tripped, 1 something would, 2 wrong usage or a broken file.
`;

const severities: readonly string[] = ['error', 'warning', 'info', 'hint'] satisfies Severity[];

/** Reads the arguments after the program's name. */
export function parseArguments(args: readonly string[]): Command {
  const [first, ...rest] = args;
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') return { do: 'help' };
  if (first === '--version' || first === '-v' || first === 'version') return { do: 'version' };
  if (first === 'check') return parseCheck(rest);
  if (first === 'graph') return parseGraph(rest);
  if (first === 'watch') return parseWatch(rest);
  if (first === 'runs') return parseRuns(rest);
  if (first === 'calibrate') return parseCalibrate(rest);
  if (first === 'replay') return parseReplay(rest);
  if (first === 'lsp') return { do: 'lsp' };
  if (first === 'mcp')
    return rest.length === 0 ? { do: 'mcp' } : wrong('mcp takes no arguments; it is about the current folder.');
  return wrong(
    first.startsWith('-') ? `there is no option ${first} before a command.` : `there is no command "${first}".`,
  );
}

function parseCheck(args: readonly string[]): Command {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        format: { type: 'string', default: 'text' },
        fix: { type: 'boolean', default: false },
        'max-severity': { type: 'string', default: 'warning' },
        quiet: { type: 'boolean', default: false },
        'no-cache': { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return { do: 'help' };
    if (!(formats as readonly string[]).includes(values.format)) {
      return wrong(`--format is one of ${formats.join(', ')}, not "${values.format}".`);
    }
    if (!severities.includes(values['max-severity'])) {
      return wrong(`--max-severity is one of ${severities.join(', ')}, not "${values['max-severity']}".`);
    }
    return {
      do: 'check',
      paths: positionals,
      format: values.format as Format,
      fix: values.fix,
      maxSeverity: values['max-severity'] as Severity,
      quiet: values.quiet,
      cache: !values['no-cache'],
      verbose: values.verbose,
    };
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
}

function parseGraph(args: readonly string[]): Command {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        format: { type: 'string', default: 'text' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return { do: 'help' };
    const format = graphFormats.find(known => known === values.format);
    if (!format) return wrong(`--format is one of ${graphFormats.join(', ')}, not "${values.format}".`);
    const [place = '.', ...more] = positionals;
    if (more.length > 0) return wrong('graph takes one path: loopbound graph src/agent.ts:12');
    const [, path = place, line] = /^(.+):(\d+)$/.exec(place) ?? [];
    return { do: 'graph', path, line: line === undefined ? undefined : Number(line), format };
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
}

function parseWatch(args: readonly string[]): Command {
  const cut = args.indexOf('--');
  const own = cut < 0 ? args : args.slice(0, cut);
  try {
    const { values } = parseArgs({
      args: [...own],
      options: {
        port: { type: 'string', default: '0' },
        keep: { type: 'boolean', default: false },
        control: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return { do: 'help' };
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      return wrong(`--port is a number from 0 to 65535, not "${values.port}".`);
    }
    const command = cut < 0 ? [] : args.slice(cut + 1);
    if (cut >= 0 && command.length === 0)
      return wrong('after -- comes the command to run: loopbound watch -- node agent.js');
    return { do: 'watch', command, port, keep: values.keep, control: values.control };
  } catch (error) {
    return wrong(`${error instanceof Error ? error.message : String(error)} The command to run comes after --.`);
  }
}

const recorded = {
  runs: { type: 'string' },
  app: { type: 'string' },
  last: { type: 'string' },
  format: { type: 'string', default: 'text' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

function parseRuns(args: readonly string[], now = Date.now()): Command {
  return reading(() => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...recorded,
        status: { type: 'string' },
        reason: { type: 'string' },
        since: { type: 'string' },
        until: { type: 'string' },
      },
    });
    if (values.help) return { do: 'help' };
    const { app, status, reason } = values;
    const last = values.last === undefined ? undefined : count('--last', values.last);
    return {
      do: 'runs',
      file: values.runs,
      query: {
        ...(app === undefined ? {} : { app }),
        ...(status === undefined ? {} : { status: oneOf('--status', RUN_STATUSES, status) }),
        ...(reason === undefined ? {} : { reason: oneOf('--reason', TRIP_REASONS, reason) }),
        ...(values.since === undefined ? {} : { since: moment('--since', values.since, now) }),
        ...(values.until === undefined ? {} : { until: moment('--until', values.until, now) }),
        ...(last === undefined ? {} : { last }),
      },
      format: oneOf('--format', recordFormats, values.format),
    };
  });
}

function parseCalibrate(args: readonly string[]): Command {
  return reading(() => {
    const { values } = parseArgs({
      args: [...args],
      options: { ...recorded, factor: { type: 'string', default: '3' }, out: { type: 'string' } },
    });
    if (values.help) return { do: 'help' };
    const factor = Number(values.factor);
    if (!(factor >= 2 && factor <= 3)) throw new Error(`--factor is a number from 2 to 3, not "${values.factor}".`);
    return {
      do: 'calibrate',
      file: values.runs,
      app: values.app,
      last: count('--last', values.last ?? '20'),
      factor,
      out: values.out,
      format: oneOf('--format', recordFormats, values.format),
    };
  });
}

function parseReplay(args: readonly string[]): Command {
  return reading(() => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        policy: { type: 'string' },
        format: { type: 'string', default: 'text' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return { do: 'help' };
    const [recording, ...more] = positionals;
    if (recording === undefined || more.length > 0)
      throw new Error('replay takes one recording, e.g. .loopbound/runs.jsonl.');
    if (values.policy === undefined) throw new Error('replay needs a policy: --policy FILE.');
    return { do: 'replay', recording, policy: values.policy, format: oneOf('--format', recordFormats, values.format) };
  });
}

/** What a parser throws is what the user typed wrong. */
function reading(parse: () => Command): Command {
  try {
    return parse();
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
}

function oneOf<T extends string>(option: string, known: readonly T[], value: string): T {
  const found = known.find(word => word === value);
  if (found === undefined) throw new Error(`${option} is one of ${known.join(', ')}, not "${value}".`);
  return found;
}

function count(option: string, value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(`${option} is a whole number above 0, not "${value}".`);
  return number;
}

const MINUTES = { m: 1, h: 60, d: 1_440 } as const;

/** A date, or so long ago. */
function moment(option: string, value: string, now: number): number {
  const [, amount, unit] = /^(\d+)([mhd])$/.exec(value) ?? [];
  const time = unit ? now - Number(amount) * MINUTES[unit as keyof typeof MINUTES] * 60_000 : Date.parse(value);
  if (Number.isNaN(time))
    throw new Error(`${option} is a date (2026-05-01) or a time ago (30m, 24h, 7d), not "${value}".`);
  return time;
}

function wrong(message: string): Command {
  return { do: 'wrong', message };
}
