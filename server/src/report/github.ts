// A check as GitHub workflow commands: one annotation per finding. It prints nothing itself.
import type { Check } from '../engine/check.ts';
import type { Range } from '../engine/position.ts';
import type { Severity } from '../rules/finding.ts';

const commands: { readonly [severity in Severity]: string } = {
  error: 'error',
  warning: 'warning',
  info: 'notice',
  hint: 'notice',
};

/** One line per finding and problem. */
export function toGithub(check: Check): string {
  const lines = [
    ...check.problems.map(({ severity, path, range, kind, message }) =>
      annotation(severity, path, range, `Loopbound: ${kind}`, message),
    ),
    ...check.findings.map(({ severity, path, range, finding }) =>
      annotation(severity, path, range, `Loopbound: ${finding.rule}`, finding.message),
    ),
  ];
  return lines.map(line => `${line}\n`).join('');
}

function annotation(severity: Severity, path: string, { start, end }: Range, title: string, message: string): string {
  // Columns are only allowed when the annotation stays on one line.
  const columns = start.line === end.line ? `,col=${start.column},endColumn=${end.column}` : '';
  const properties = `file=${property(path)},line=${start.line},endLine=${end.line}${columns},title=${property(title)}`;
  return `::${commands[severity]} ${properties}::${data(message)}`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
