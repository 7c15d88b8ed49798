// The agent graph as a webview view: follows the cursor while it is visible, asks the server for the entry there, and
// tells the page what runs do on it. Nothing is asked or sent while nobody looks.

import { commands, type Disposable, type ExtensionContext, env, l10n, Position, Uri, window, workspace } from 'vscode';
import type { Graph, GraphAnswer, GraphParams, GraphPlace } from '../../server/src/protocol.ts';
import { graphRequest } from '../../server/src/protocol.ts';
import type { Analysis } from './analysis.ts';
import type { HubHost } from './hub.ts';
import { liveOn, type TripPlaces } from './live.ts';
import { log } from './log.ts';
import { openAt } from './place.ts';
import type { PredictionBook } from './predictions.ts';
import { LANGUAGES } from './settings.ts';
import { settled, spaced } from './spaced.ts';
import type { FromGraph, Shown, ToGraph } from './webview/graph/messages.ts';
import { hostView, translations } from './webviewPage.ts';

/** The graph's view. */
export type GraphView = Disposable & {
  /** Shows the graph of the entry at a place, or at the cursor. */
  show(uri?: string, line?: number): Promise<void>;
  exportSvg(): Promise<void>;
  copyMermaid(): Promise<void>;
};

/** After the last move of the cursor or key, in milliseconds. */
const QUIET_MS = 150;
/** Between two updates of live counts, in milliseconds. */
const LIVE_MS = 100;

const languages: ReadonlySet<string> = new Set(LANGUAGES);

/** Registers the view. */
export const graphView = (
  context: ExtensionContext,
  analysis: Analysis,
  hub: HubHost,
  predictions: PredictionBook,
): GraphView => {
  let pinned = false;
  let at: GraphParams | undefined;
  /** The line at which an entry was chosen by hand. */
  let chosen: { line: number } | undefined;
  let graph: Graph | undefined;
  let sent = '';
  let asked = 0;
  /** The picture was asked for; a view that was hidden has none yet. */
  let exporting = false;

  const show = (shown: Shown): void => {
    graph = shown.is === 'graph' ? shown.graph : undefined;
    const text = JSON.stringify(shown);
    if (text !== sent) post({ type: 'show', shown });
    sent = text;
  };

  const ask = async (): Promise<void> => {
    if (!visible()) return;
    const turn = ++asked;
    const here = pinned && at ? at : (cursor() ?? at);
    if (!here) {
      show({ is: 'noEditor' });
      return;
    }
    const state = analysis.state().is;
    const client = analysis.client();
    if (!client) {
      show(state === 'crashed' ? { is: 'off' } : { is: 'starting' });
      if (state === 'off') void analysis.start();
      return;
    }
    // The entry that was chosen by hand stays until the cursor moves to another file.
    const entry = at?.uri === here.uri && (pinned || chosen?.line === here.line) ? at.entry : undefined;
    at = { ...here, ...(entry === undefined ? {} : { entry }) };
    const answer = await client.sendRequest<GraphAnswer>(graphRequest, at);
    if (turn !== asked) return;
    const file = Uri.parse(at.uri).path.split('/').at(-1) ?? '';
    show(
      answer.graph
        ? { is: 'graph', graph: answer.graph, entries: answer.entries }
        : { is: 'none', entries: answer.entries, file },
    );
    tellCursor();
    live.now();
    exportNow();
  };

  const follow = settled(QUIET_MS, () => {
    ask().catch(error => log().error('graph: could not be asked for', error));
  });

  const places: TripPlaces = trip => {
    const predicted = predictions.all()[trip.id];
    return [...(trip.place ? [trip.place] : []), ...(predicted ? [predicted.place] : [])];
  };
  const live = spaced(LIVE_MS, () => {
    if (!visible() || !graph) return;
    post({ type: 'live', live: liveOn(graph, hub.model(), places) });
  });

  const exportNow = (): void => {
    if (!exporting || !visible() || !graph) return;
    exporting = false;
    post({ type: 'export' });
  };

  const tellCursor = (): void => {
    if (!graph) return;
    const here = cursor();
    post({ type: 'cursor', step: here ? stepAt(graph, here) : null });
  };

  const receive = async (message: FromGraph): Promise<void> => {
    switch (message.type) {
      case 'ready':
        sent = '';
        post({ type: 'init', strings: translations(), locale: env.language });
        post({ type: 'pinned', pinned });
        await ask();
        return;
      case 'open':
        await open(message.place);
        return;
      case 'choose': {
        const here = cursor() ?? at;
        if (!here) return;
        at = { ...here, entry: message.entry };
        chosen = { line: here.line };
        await ask();
        return;
      }
      case 'pin':
        pinned = message.pinned;
        post({ type: 'pinned', pinned });
        if (!pinned) await ask();
        return;
      case 'svg':
        await save(message.text, `${message.name.replace(/[^\w.-]+/g, '-')}.svg`);
        return;
      case 'errand':
        await commands.executeCommand(ERRANDS[message.errand]);
    }
  };

  const open = async ({ uri, line, character }: GraphPlace): Promise<void> => {
    await openAt(Uri.parse(uri), new Position(line, character));
  };

  const page = hostView<FromGraph, ToGraph>(context, 'graph', receive);
  const { post, listens: visible } = page;

  const subscriptions: Disposable[] = [
    page,
    window.onDidChangeActiveTextEditor(follow.soon),
    window.onDidChangeTextEditorSelection(({ textEditor }) => {
      if (textEditor === window.activeTextEditor) follow.soon();
    }),
    workspace.onDidChangeTextDocument(({ document }) => {
      if (languages.has(document.languageId)) follow.soon();
    }),
    analysis.onDidChangeState(({ is }) => {
      if (is !== 'ready' || sent === '' || !graph) follow.soon();
    }),
    hub.onDidChangeModel(live.soon),
    predictions.onDidChange(live.soon),
    follow,
    live,
  ];

  return {
    async show(uri, line) {
      if (uri !== undefined && line !== undefined) {
        at = { uri, line };
        const editor = window.activeTextEditor;
        if (editor?.document.uri.toString() === uri) {
          const position = editor.document.validatePosition(new Position(line, 0));
          if (editor.selection.active.line !== position.line) await openAt(Uri.parse(uri), position);
        }
      }
      await commands.executeCommand('loopbound.graph.focus');
      await ask();
    },
    async exportSvg() {
      exporting = true;
      await commands.executeCommand('loopbound.graph.focus');
      exportNow();
    },
    async copyMermaid() {
      if (!graph) {
        void window.showInformationMessage(
          l10n.t('Loopbound: there is no graph to copy. Put the cursor into an agent.'),
        );
        return;
      }
      await env.clipboard.writeText(graph.mermaid);
      window.setStatusBarMessage(l10n.t('The graph is in the clipboard as Mermaid.'), 4_000);
    },
    dispose() {
      for (const subscription of subscriptions) subscription.dispose();
    },
  };
};

const ERRANDS = {
  copyMermaid: 'loopbound.copyMermaid',
  exportSvg: 'loopbound.exportSvg',
  restart: 'loopbound.restartServer',
  showLog: 'loopbound.showOutput',
} satisfies Record<Extract<FromGraph, { type: 'errand' }>['errand'], string>;

const cursor = (): GraphParams | undefined => {
  const editor = window.activeTextEditor;
  if (!editor || !languages.has(editor.document.languageId)) return undefined;
  return { uri: editor.document.uri.toString(), line: editor.selection.active.line };
};

/** The step whose code begins nearest above the line. */
const stepAt = (graph: Graph, { uri, line }: GraphParams): string | null => {
  let best: { id: string; line: number } | undefined;
  for (const { id, place } of graph.steps) {
    if (place.uri === uri && place.line <= line && place.line >= (best?.line ?? -1)) best = { id, line: place.line };
  }
  return best?.id ?? null;
};

const save = async (text: string, name: string): Promise<void> => {
  const folder = workspace.workspaceFolders?.[0]?.uri;
  const target = await window.showSaveDialog({
    filters: { SVG: ['svg'] },
    saveLabel: l10n.t('Export'),
    title: l10n.t('Export the graph as SVG'),
    ...(folder ? { defaultUri: Uri.joinPath(folder, name) } : {}),
  });
  if (target) await workspace.fs.writeFile(target, new TextEncoder().encode(text));
};
