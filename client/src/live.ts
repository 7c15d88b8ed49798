// What a run does on a graph: its calls on the steps, what stopped and tripped, and how far recorded runs went.
// A run belongs to a graph if its steps have the names of steps there. Pure.

import type { Model, RunView, Trip } from '../../runtime/src/protocol/index.ts';
import type { Graph } from '../../server/src/protocol.ts';
import { callsOn, namesOf, turnsOn } from '../../server/src/recorded.ts';
import type { Live } from './webview/graph/messages.ts';

/** A trip with where it happened, or with the finding that had predicted it; lines from 1. */
export type TripPlaces = (trip: Trip) => readonly { file: string; line: number }[];

/** What there is to show of the model on a graph: of the live run, else of the last one; null if none belongs to it. */
export const liveOn = (graph: Graph, model: Model, places: TripPlaces): Live | null => {
  const trips = new Map(model.trips.map(trip => [trip.id, trip]));
  const near = (run: RunView): Trip[] =>
    run.trips.flatMap(id => trips.get(id) ?? []).filter(trip => loopsAt(graph, places(trip)).length > 0);
  const turns: Live['turns'] = {};
  let chosen: { run: RunView; calls: Record<string, number>; trips: Trip[] } | undefined;
  for (const run of model.runs) {
    const own = near(run);
    const calls = callsOn(graph, run.steps, own.length > 0);
    if (!calls) continue;
    for (const [loop, count] of Object.entries(turnsOn(graph, calls))) {
      const known = turns[loop];
      turns[loop] = { most: Math.max(count, known?.most ?? 0), runs: (known?.runs ?? 0) + 1 };
    }
    const better =
      !chosen ||
      Number(run.status === 'running') > Number(chosen.run.status === 'running') ||
      (Number(run.status === 'running') === Number(chosen.run.status === 'running') &&
        run.startedAt >= chosen.run.startedAt);
    if (better) chosen = { run, calls, trips: own };
  }
  if (!chosen) return null;
  const { run, calls, trips: own } = chosen;
  const blocked = new Set(run.steps.filter(step => step.blocked > 0).map(step => step.name));
  return {
    run: run.name || run.app,
    status: run.status,
    calls,
    stopped: graph.steps.filter(step => namesOf(step.name).some(name => blocked.has(name))).map(step => step.id),
    tripped: [...new Set(own.flatMap(trip => loopsAt(graph, places(trip))))],
    turns,
  };
};

/** The loops that begin, or have a step, at one of the places. */
const loopsAt = (graph: Graph, places: readonly { file: string; line: number }[]): string[] => {
  const at = (place: { uri: string; line: number }): boolean =>
    places.some(({ file, line }) => place.line === line - 1 && samePath(place.uri, file));
  const direct = graph.loops.filter(loop => at(loop.place));
  if (direct.length > 0) return direct.map(loop => loop.id);
  const steps = new Set(graph.steps.filter(step => at(step.place)).map(step => step.id));
  return graph.loops.filter(loop => loop.steps.some(id => steps.has(id))).map(loop => loop.id);
};

const samePath = (uri: string, file: string): boolean => {
  const path = decodeURIComponent(uri.replace(/^file:\/\//, ''));
  return path === file || path === `/${file.replaceAll('\\', '/')}`;
};
