// What the user typed, as a command. Pure: it prints nothing and ends nothing.
import { parseArgs } from 'node:util';
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

export type Command =
  | CheckCommand
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
  loopbound lsp --stdio              language server for any editor
  loopbound mcp                      Model Context Protocol server over stdio for the current folder: the tools check,
                                     explain, graph and trips for coding agents
  loopbound --version
  loopbound --help

Exit status of check: 0 nothing at or above --max-severity, 1 findings, 2 wrong usage or a broken config.
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

function wrong(message: string): Command {
  return { do: 'wrong', message };
}
