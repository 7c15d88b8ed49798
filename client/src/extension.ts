// The extension: puts its parts together and starts each when there is something for it to do.
// Knows neither analysis nor guard; both are processes of their own behind a protocol.

import { type ExtensionContext, workspace } from 'vscode';
import { analysis as makeAnalysis, startWithDocuments } from './analysis.ts';
import { registerCommands } from './commands.ts';
import { tripsInDebugger } from './debugTrips.ts';
import { announceHub } from './environment.ts';
import { graphView } from './graphView.ts';
import { hubHost } from './hub.ts';
import { closeLog } from './log.ts';
import { panelView } from './panelView.ts';
import { predictionBook } from './predictions.ts';
import { recordRuns } from './records.ts';
import { analysisStatus, tripStatus } from './status.ts';
import { provideTasks } from './tasks.ts';
import { registerTools } from './tools.ts';
import { notifyOfTrips, tripNews } from './trips.ts';

/** Called by VS Code when a file of an analysed language, the panel or a command is first used. */
export const activate = (context: ExtensionContext): void => {
  const analysis = makeAnalysis(context);
  const hub = hubHost(context);
  const news = tripNews(hub);
  const predictions = predictionBook(analysis, news);
  const panel = panelView(context, hub, news, predictions);
  const graph = graphView(context, analysis, hub, predictions);
  const reconcile = (): void => void hub.reconcile();
  context.subscriptions.push(
    { dispose: closeLog },
    analysis,
    hub,
    news,
    predictions,
    panel,
    graph,
    ...registerCommands({ analysis, hub, panel, graph }),
    ...analysisStatus(analysis),
    ...tripStatus(news),
    ...announceHub(context, hub),
    ...tripsInDebugger(news),
    ...registerTools(context, analysis, hub),
    recordRuns(context, analysis, hub),
    provideTasks(context),
    notifyOfTrips(news, panel.isVisible, trip => void panel.show(trip.id)),
    startWithDocuments(analysis),
    workspace.onDidGrantWorkspaceTrust(reconcile),
    workspace.onDidChangeConfiguration(change => {
      if (change.affectsConfiguration('loopbound.panel')) reconcile();
    }),
  );
  reconcile();
};
