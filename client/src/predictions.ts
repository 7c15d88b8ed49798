// Matches trips with what the analysis had found at their place, and tells the analyzer, which marks the finding
// "seen at run time". A trip without a place, or without a running analyzer, stays undecided.

import { type Diagnostic, type Disposable, EventEmitter, languages, Uri, workspace } from 'vscode';
import type { Trip } from '../../runtime/src/protocol/index.ts';
import { type SeenAtRuntimeParams, seenAtRuntimeNotification } from '../../server/src/protocol.ts';
import type { Analysis } from './analysis.ts';
import { enclosing } from './enclosing.ts';
import { log } from './log.ts';
import type { TripNews } from './trips.ts';
import type { Prediction, Predictions } from './webview/view/messages.ts';

/** What is known so far. */
export type PredictionBook = Disposable & {
  all(): Predictions;
  readonly onDidChange: EventEmitter<Predictions>['event'];
};

const LIMIT = 500;

/** Keeps the book from now on. */
export const predictionBook = (analysis: Analysis, news: TripNews): PredictionBook => {
  const changes = new EventEmitter<Predictions>();
  const known = new Map<string, Prediction | null>();

  const look = async (trips: readonly Trip[]): Promise<void> => {
    const client = analysis.client();
    if (!client) return;
    const found: Predictions = {};
    for (const trip of trips) {
      if (!trip.place) continue;
      const prediction = await predictionOf(trip.place.file, trip.place.line);
      known.set(trip.id, prediction);
      found[trip.id] = prediction;
      if (!prediction) continue;
      const seen: SeenAtRuntimeParams = {
        uri: Uri.file(prediction.place.file).toString(),
        line: prediction.place.line - 1,
        rule: prediction.rule,
        reason: trip.reason,
        time: trip.time,
      };
      await client.sendNotification(seenAtRuntimeNotification, seen);
    }
    for (const oldest of known.keys()) {
      if (known.size <= LIMIT) break;
      known.delete(oldest);
    }
    if (Object.keys(found).length > 0) changes.fire(found);
  };

  const follow = news.onDidTrip(trips => {
    look(trips).catch(error => log().error('could not match a trip with its finding', error));
  });
  return {
    all: () => Object.fromEntries(known),
    onDidChange: changes.event,
    dispose() {
      follow.dispose();
      changes.dispose();
    },
  };
};

const predictionOf = async (file: string, line: number): Promise<Prediction | null> => {
  const uri = Uri.file(file);
  const findings = languages
    .getDiagnostics(uri)
    .filter(diagnostic => diagnostic.source === 'loopbound')
    .map(diagnostic => ({ diagnostic, heads: headsOf(diagnostic, uri) }));
  if (findings.length === 0) return null;
  const lines = (await workspace.openTextDocument(uri)).getText().split('\n');
  const match = enclosing(lines, line - 1, findings)?.diagnostic;
  if (!match) return null;
  const { start } = match.range;
  return {
    rule: ruleOf(match),
    message: match.message,
    place: { file, line: start.line + 1, column: start.character + 1 },
  };
};

const headsOf = (diagnostic: Diagnostic, uri: Uri): number[] => [
  diagnostic.range.start.line,
  ...(diagnostic.relatedInformation ?? [])
    .filter(hop => hop.location.uri.toString() === uri.toString())
    .map(hop => hop.location.range.start.line),
];

const ruleOf = ({ code }: Diagnostic): string => String(typeof code === 'object' ? code.value : code);
