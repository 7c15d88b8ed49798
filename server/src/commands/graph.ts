// `loopbound graph`: prints the graph of each agent entry of a file or folder. The analysis is the engine's.
import { engine } from '../compose.ts';
import { openMemory } from '../engine/memory.ts';
import { type LocatedOutline, outlinesAt } from '../engine/outline.ts';
import { Session } from '../engine/session.ts';
import { outlineToMermaid, outlineToText } from '../graph/print.ts';
import { diskFiles } from '../workspace/files.ts';
import { chooseRoot } from '../workspace/root.ts';
import { openStore } from '../workspace/store.ts';
import type { GraphCommand } from './arguments.ts';
import { stderrLog } from './log.ts';

/** Runs the command; gives the exit code. */
export async function runGraph({ path, line, format }: GraphCommand): Promise<number> {
  const { root, starts } = chooseRoot([path], process.cwd());
  const log = stderrLog(false);
  const memory = engine.build ? openMemory(openStore(log), root, engine.build) : undefined;
  const session = new Session(engine, { files: diskFiles(root), starts, log, memory });
  const { missing } = await session.check();
  if (missing.length > 0) {
    process.stderr.write(`loopbound: there is no ${missing.join(', no ')} (looked in ${root}).\n`);
    return 2;
  }
  const all = await session.outlines();
  const shown = line === undefined ? all : outlinesAt(all, starts[0] ?? '', line).slice(0, 1);
  process.stdout.write(print(shown, format));
  if (shown.length > 0) return 0;
  const where = line === undefined ? path : `${path}:${line}`;
  process.stderr.write(`loopbound: no agent entry in ${where}: nothing there leads to a model call.\n`);
  return 1;
}

function print(outlines: readonly LocatedOutline[], format: GraphCommand['format']): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify({ version: 1, graphs: outlines }, undefined, 2)}\n`;
    case 'mermaid':
      return outlines.map(outline => `%% ${outline.name}\n${outlineToMermaid(outline)}`).join('\n');
    case 'text':
      return outlines
        .map(outline =>
          outlineToText(outline, ({ at }) => `${at.path}:${at.range.start.line}:${at.range.start.column}`),
        )
        .join('\n');
  }
}
