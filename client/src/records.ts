// Runs on record: what each ended run called how often, kept between sessions and told to the analyzer, which says on its
// findings how far their loops went. Only names and counts are kept, and only if trips are kept at all.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Disposable, ExtensionContext } from 'vscode';
import type { RunView } from '../../runtime/src/protocol/index.ts';
import { type RecordedRun, type RecordedRunsParams, recordedRunsNotification } from '../../server/src/protocol.ts';
import type { Analysis } from './analysis.ts';
import type { HubHost } from './hub.ts';
import { log } from './log.ts';
import { setting } from './settings.ts';
import { spaced } from './spaced.ts';

/** Runs that are kept; the oldest go first. */
const LIMIT = 500;
/** Between two writings, in milliseconds. */
const SPACING_MS = 1_000;

/** A run on record with its id, so that none counts twice. */
type Kept = RecordedRun & { id: string };

/** Keeps the record from now on. */
export const recordRuns = (context: ExtensionContext, analysis: Analysis, hub: HubHost): Disposable => {
  const file = context.storageUri && join(context.storageUri.fsPath, 'runs.json');
  let runs = new Map<string, Kept>();
  let last: readonly RunView[] = [];

  const tell = (): void => {
    const params: RecordedRunsParams = { runs: [...runs.values()].map(({ ok, calls }) => ({ ok, calls })) };
    analysis
      .client()
      ?.sendNotification(recordedRunsNotification, params)
      .catch(error => log().warn('records: the analyzer was not told', error));
  };
  const save = async (): Promise<void> => {
    tell();
    if (!file || !setting('panel.keepTrips')) return;
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify({ version: 1, runs: [...runs.values()] }));
  };
  const changed = spaced(SPACING_MS, () => {
    save().catch(error => log().warn('records: could not be kept', error));
  });
  const load = async (): Promise<void> => {
    if (!file || !setting('panel.keepTrips')) return;
    const kept = parse(await readFile(file, 'utf8').catch(() => ''));
    runs = new Map([...kept, ...runs]);
    if (runs.size > 0) tell();
  };

  const follow = hub.onDidChangeModel(({ runs: now }) => {
    if (now === last) return;
    last = now;
    for (const run of now) {
      if (run.status === 'running' || run.status === 'lost' || run.steps.length === 0 || runs.has(run.runId)) continue;
      runs.set(run.runId, {
        id: run.runId,
        ok: run.status === 'ok',
        calls: run.steps.filter(step => step.calls > 0).map(({ name, op, calls }) => ({ name, op, calls })),
      });
      changed.soon();
    }
    for (const oldest of runs.keys()) {
      if (runs.size <= LIMIT) break;
      runs.delete(oldest);
    }
  });
  let running = false;
  const server = analysis.onDidChangeState(({ is }) => {
    // A new server knows of no run.
    if (is === 'ready' && !running && runs.size > 0) tell();
    running = is === 'ready';
  });
  load().catch(error => log().warn('records: could not be read', error));
  return {
    dispose() {
      follow.dispose();
      server.dispose();
      changed.dispose();
    },
  };
};

/** What a file holds; half a file or another's holds nothing. */
const parse = (text: string): [string, Kept][] => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return [];
  }
  const { version, runs } = value as { version?: unknown; runs?: unknown };
  if (version !== 1 || !Array.isArray(runs)) return [];
  return runs.flatMap((run: Partial<Kept> | null): [string, Kept][] =>
    typeof run?.id === 'string' && typeof run.ok === 'boolean' && Array.isArray(run.calls)
      ? [[run.id, { id: run.id, ok: run.ok, calls: run.calls }]]
      : [],
  );
};
