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

export type Command =
  | CheckCommand
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
  loopbound --version
  loopbound --help

Exit status: 0 nothing at or above --max-severity, 1 findings, 2 wrong usage or a broken config.
`;

const severities: readonly string[] = ['error', 'warning', 'info', 'hint'] satisfies Severity[];

/** Reads the arguments after the program's name. */
export function parseArguments(args: readonly string[]): Command {
  const [first, ...rest] = args;
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') return { do: 'help' };
  if (first === '--version' || first === '-v' || first === 'version') return { do: 'version' };
  if (first === 'check') return parseCheck(rest);
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

function wrong(message: string): Command {
  return { do: 'wrong', message };
}
