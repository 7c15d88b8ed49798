// The trip panel as a webview view: its page, what it may ask for, and the feed that keeps it current.
// The page reaches nothing by itself: no network, no script but ours, data only by postMessage.

import { commands, type Disposable, type ExtensionContext, env, l10n } from 'vscode';
import { parseControlAction } from '../../runtime/src/protocol/index.ts';
import { feed } from './feed.ts';
import type { HubHost } from './hub.ts';
import { openPlace } from './place.ts';
import type { PredictionBook } from './predictions.ts';
import type { TripNews } from './trips.ts';
import type { FromPanel, ToPanel } from './webview/view/messages.ts';
import { hostView, translations } from './webviewPage.ts';

/** The panel's view. */
export type PanelView = Disposable & {
  isVisible(): boolean;
  /** Shows the panel, and in it a trip. */
  show(tripId?: string): Promise<void>;
};

/** Registers the view. */
export const panelView = (
  context: ExtensionContext,
  hub: HubHost,
  news: TripNews,
  predictions: PredictionBook,
): PanelView => {
  let wanted: string | undefined;

  const reveal = (): void => {
    if (wanted === undefined || !page.listens()) return;
    post({ type: 'reveal', tripId: wanted });
    wanted = undefined;
  };

  const badge = (): void => {
    const view = page.view();
    if (!view) return;
    const { unseen } = news.counts();
    view.badge =
      unseen === 0
        ? undefined
        : { value: unseen, tooltip: unseen === 1 ? l10n.t('1 new trip') : l10n.t('{0} new trips', unseen) };
  };

  const receive = async (message: FromPanel): Promise<void> => {
    switch (message.type) {
      case 'ready':
        post({
          type: 'init',
          abilities: { open: true, control: true, editor: true },
          strings: translations(),
          locale: env.language,
        });
        post({ type: 'hub', state: hub.state() });
        stream.rehydrate();
        post({ type: 'predictions', predictions: predictions.all() });
        reveal();
        return;
      case 'open':
        await openPlace(message.place);
        return;
      case 'copy':
        await env.clipboard.writeText(message.text);
        return;
      case 'control': {
        const action = parseControlAction(message.action);
        const result = action.ok
          ? await hub.control(message.agentId, action.value)
          : { ok: false, message: action.reason };
        post({
          type: 'controlResult',
          id: message.id,
          ok: result.ok,
          ...(result.message && { message: result.message }),
        });
        return;
      }
      case 'report':
        await commands.executeCommand('loopbound.reportMissed', message.tripId);
        return;
      case 'errand':
        await commands.executeCommand(ERRANDS[message.errand], ...(ERRAND_ARGUMENTS[message.errand] ?? []));
    }
  };

  const visible = (): boolean => page.view()?.visible ?? false;
  const page = hostView<FromPanel, ToPanel>(context, 'panel', receive, () => {
    stream.visible(visible());
    if (visible()) news.seen();
    badge();
  });
  const { post } = page;
  const stream = feed(hub.model, patch => post({ type: 'patch', patch }));

  const subscriptions: Disposable[] = [
    page,
    hub.onDidChangeState(state => post({ type: 'hub', state })),
    hub.onDidChangeModel(() => stream.changed()),
    predictions.onDidChange(changed => post({ type: 'predictions', predictions: changed })),
    news.onDidChangeCounts(() => {
      if (visible()) news.seen();
      badge();
    }),
  ];

  return {
    isVisible: visible,
    async show(tripId) {
      wanted = tripId;
      await commands.executeCommand('loopbound.panel.focus');
      reveal();
    },
    dispose() {
      stream.dispose();
      for (const subscription of subscriptions) subscription.dispose();
    },
  };
};

const ERRANDS = {
  clear: 'loopbound.clear',
  openTerminal: 'workbench.action.terminal.new',
  runFile: 'loopbound.runFile',
  manageTrust: 'workbench.trust.manage',
  openSettings: 'workbench.action.openSettings',
  showLog: 'loopbound.showOutput',
  docs: 'loopbound.openDocs',
} satisfies Record<Extract<FromPanel, { type: 'errand' }>['errand'], string>;

const ERRAND_ARGUMENTS: Partial<Record<keyof typeof ERRANDS, unknown[]>> = { openSettings: ['loopbound.panel'] };
