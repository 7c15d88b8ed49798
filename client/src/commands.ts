// Every command of the extension, each a few lines that call the part that can do it.

import { commands, type Disposable, env, l10n, Uri, window, workspace } from 'vscode';
import type { Place } from '../../runtime/src/protocol/index.ts';
import type { Analysis } from './analysis.ts';
import type { GraphView } from './graphView.ts';
import type { HubHost } from './hub.ts';
import { log } from './log.ts';
import type { PanelView } from './panelView.ts';
import { openPlace } from './place.ts';
import { runFile } from './tasks.ts';

const HOME = 'https://github.com/loopbound/loopbound';

/** Registers the commands. */
export const registerCommands = (parts: {
  analysis: Analysis;
  hub: HubHost;
  panel: PanelView;
  graph: GraphView;
}): Disposable[] => {
  const { analysis, hub, panel, graph } = parts;
  const all: Record<string, (...given: never[]) => unknown> = {
    'loopbound.restartServer': () => analysis.restart(),
    'loopbound.showOutput': () => log().show(),
    'loopbound.runFile': (uri?: Uri) => runFile(hub, uri),
    'loopbound.showPanel': () => panel.show(),
    'loopbound.showGraph': (uri?: string, line?: number) => graph.show(uri, line),
    'loopbound.exportSvg': () => graph.exportSvg(),
    'loopbound.copyMermaid': () => graph.copyMermaid(),
    'loopbound.clear': () => hub.clear(),
    'loopbound.exportRuns': () => exportRuns(hub),
    'loopbound.openPlace': (place: Place) => openPlace(place),
    'loopbound.openDocs': () => env.openExternal(Uri.parse(`${HOME}#readme`)),
    'loopbound.reportMissed': (tripId: string) => reportMissed(hub, tripId),
  };
  return Object.entries(all).map(([id, run]) => commands.registerCommand(id, run));
};

const exportRuns = async (hub: HubHost): Promise<void> => {
  const target = await window.showSaveDialog({
    filters: { JSON: ['json'] },
    saveLabel: l10n.t('Export'),
    title: l10n.t('Export runs and trips'),
  });
  if (!target) return;
  const { agents, runs, trips, apps, users, features, totals } = hub.model();
  const text = JSON.stringify({ version: 1, agents, runs, trips, apps, users, features, totals }, null, 2);
  await workspace.fs.writeFile(target, new TextEncoder().encode(`${text}\n`));
};

// Opens a prefilled report in the browser; what goes into it is shown there before anything is sent, and holds no path.
const reportMissed = async (hub: HubHost, tripId: string): Promise<void> => {
  const trip = hub.model().trips.find(candidate => candidate.id === tripId);
  if (!trip) return;
  const body = [
    'The guard stopped a loop that the analysis had not predicted.',
    '',
    `- reason: ${trip.reason}`,
    `- seen as: ${trip.evidence.rung ?? ''} period ${trip.evidence.period ?? ''}`,
    '',
    'The code of the loop, as small as possible:',
    '```',
    '```',
  ].join('\n');
  const query = `title=${encodeURIComponent(`Not predicted: ${trip.reason}`)}&body=${encodeURIComponent(body)}`;
  await env.openExternal(Uri.parse(`${HOME}/issues/new?${query}`, true));
};
