// A workspace in memory, through the real engine: what most tests of the analyzer stand on.
import { engine } from '../../server/src/compose.ts';
import type { Check } from '../../server/src/engine/check.ts';
import type { Engine } from '../../server/src/engine/engine.ts';
import { Session } from '../../server/src/engine/session.ts';
import { type JsonReport, toJson } from '../../server/src/report/json.ts';
import { memoryFiles } from '../../server/src/workspace/files.ts';
import type { Log } from '../../server/src/workspace/log.ts';

export type Texts = { readonly [path: string]: string };

/** A log that fails the test when the engine met a bug of its own. */
export const strictLog: Log = {
  info: () => undefined,
  warn: () => undefined,
  error(message) {
    throw new Error(message);
  },
};

/** A session over texts; `texts` can be changed through `session.setBuffer`. */
export function sessionOver(texts: Texts, options: { engine?: Engine; starts?: readonly string[] } = {}): Session {
  const files = memoryFiles(new Map(Object.entries(texts)));
  return new Session(options.engine ?? engine, {
    files,
    log: strictLog,
    ...(options.starts ? { starts: options.starts } : {}),
  });
}

/** Checks texts from cold. */
export function checkFiles(texts: Texts): Promise<Check> {
  return sessionOver(texts).check();
}

/** Findings and entries of texts as the CLI prints them with `--format json`, lines and columns from 1. */
export async function analyzeFiles(texts: Texts): Promise<JsonReport> {
  return toJson(await checkFiles(texts));
}
