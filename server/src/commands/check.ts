// `loopbound check`: analyses folders and prints the report. The analysis is the engine's, the formats are report's.
import { engine } from '../compose.ts';
import type { Check } from '../engine/check.ts';
import { openMemory } from '../engine/memory.ts';
import { Session } from '../engine/session.ts';
import { toGithub } from '../report/github.ts';
import { toJson } from '../report/json.ts';
import { toSarif } from '../report/sarif.ts';
import { toText } from '../report/text.ts';
import type { Severity } from '../rules/finding.ts';
import { diskFiles } from '../workspace/files.ts';
import { chooseRoot } from '../workspace/root.ts';
import { openStore } from '../workspace/store.ts';
import type { CheckCommand } from './arguments.ts';
import { stderrLog } from './log.ts';

const ranks: { readonly [severity in Severity]: number } = { hint: 0, info: 1, warning: 2, error: 3 };

/** Runs the command; gives the exit code. */
export async function runCheck(command: CheckCommand): Promise<number> {
  const { root, starts } = chooseRoot(command.paths.length > 0 ? command.paths : ['.'], process.cwd());
  const log = stderrLog(command.verbose);
  const memory = command.cache && engine.build ? openMemory(openStore(log), root, engine.build) : undefined;
  const session = new Session(engine, { files: diskFiles(root), starts, log, memory });
  if (command.fix) {
    const { texts, applied } = await session.applySafeFixes();
    const files = diskFiles(root);
    for (const [path, text] of texts) files.write(path, text);
    log.info(
      `Applied ${applied} ${applied === 1 ? 'fix' : 'fixes'} in ${texts.size} ${texts.size === 1 ? 'file' : 'files'}.`,
    );
  }
  const check = await session.check();
  for (const { path, reason } of check.skipped) log.info(`Skipped ${path}: ${reason}`);
  if (check.missing.length > 0) {
    process.stderr.write(`loopbound: there is no ${check.missing.join(', no ')} (looked in ${root}).\n`);
    return 2;
  }
  const fails = (severity: Severity) => ranks[severity] >= ranks[command.maxSeverity];
  const shown = command.quiet ? { ...check, findings: check.findings.filter(found => fails(found.severity)) } : check;
  process.stdout.write(format(shown, command, session));
  if (command.format !== 'text') {
    for (const { path, range, severity, message } of check.problems) {
      process.stderr.write(`${path}:${range.start.line}:${range.start.column}: ${severity}: ${message}\n`);
    }
  }
  session.remember();
  if (check.problems.some(problem => problem.kind === 'config')) return 2;
  return check.findings.some(found => fails(found.severity)) ? 1 : 0;
}

function format(check: Check, command: CheckCommand, session: Session): string {
  switch (command.format) {
    case 'json':
      return `${JSON.stringify(toJson(check), undefined, 2)}\n`;
    case 'sarif':
      return `${JSON.stringify(toSarif(check, engine.version, engine.rules), undefined, 2)}\n`;
    case 'github':
      return toGithub(check);
    case 'text':
      return toText(check, { colour: wantsColour(), text: path => session.text(path) });
  }
}

function wantsColour(): boolean {
  if (process.env.NO_COLOR) return false;
  if (process.env.FORCE_COLOR && process.env.FORCE_COLOR !== '0') return true;
  return process.stdout.isTTY === true && process.env.TERM !== 'dumb';
}
