// The two places where the extension says how it is: the language status item (analysis) and one status bar item
// (trips of this session, hidden at none).

import {
  type Disposable,
  LanguageStatusSeverity,
  l10n,
  languages,
  StatusBarAlignment,
  ThemeColor,
  window,
} from 'vscode';
import type { Analysis, AnalysisState } from './analysis.ts';
import { LANGUAGES } from './settings.ts';
import type { TripNews } from './trips.ts';

/** A check that takes longer, in milliseconds, is shown as slow: it is what stands between a keystroke and its findings. */
const BUDGET_MS = 2_000;

/** Shows the analysis in the language status of analysed files. */
export const analysisStatus = (analysis: Analysis): Disposable[] => {
  const item = languages.createLanguageStatusItem(
    'loopbound.analysis',
    LANGUAGES.map(language => ({ language })),
  );
  item.name = l10n.t('Loopbound analysis');
  const restart = { command: 'loopbound.restartServer', title: l10n.t('Restart') };
  const output = { command: 'loopbound.showOutput', title: l10n.t('Show Output') };
  const update = (state: AnalysisState): void => {
    item.busy = state.is === 'starting' || (state.is === 'ready' && state.busy);
    item.severity = state.is === 'crashed' ? LanguageStatusSeverity.Error : LanguageStatusSeverity.Information;
    item.text = 'Loopbound';
    switch (state.is) {
      case 'off':
        item.detail = l10n.t('not running');
        item.command = restart;
        return;
      case 'starting':
        item.detail = l10n.t('starting');
        item.command = output;
        return;
      case 'ready':
        item.detail =
          state.files === undefined || state.milliseconds === undefined
            ? l10n.t('ready')
            : l10n.t('{0} files in {1} ms', state.files, Math.round(state.milliseconds));
        if (state.milliseconds !== undefined && state.milliseconds > BUDGET_MS) {
          item.severity = LanguageStatusSeverity.Warning;
          item.detail = l10n.t(
            '{0} files in {1} ms, more than the {2} ms that a check should take',
            state.files ?? 0,
            Math.round(state.milliseconds),
            BUDGET_MS,
          );
        }
        item.command = output;
        return;
      case 'crashed':
        item.detail = l10n.t('crashed repeatedly');
        item.command = restart;
    }
  };
  update(analysis.state());
  return [item, analysis.onDidChangeState(update)];
};

/** Shows the number of trips of this session in the status bar; a click shows the panel. */
export const tripStatus = (news: TripNews): Disposable[] => {
  const item = window.createStatusBarItem('loopbound.trips', StatusBarAlignment.Left, 0);
  item.name = l10n.t('Loopbound trips');
  item.command = 'loopbound.showPanel';
  const update = (): void => {
    const { total, unseen } = news.counts();
    if (total === 0) {
      item.hide();
      return;
    }
    item.text = total === 1 ? l10n.t('$(stop-circle) 1 trip') : l10n.t('$(stop-circle) {0} trips', total);
    item.tooltip = l10n.t('Loopbound stopped agents in this session. Click to see why.');
    item.accessibilityInformation = { label: l10n.t('Loopbound: {0} trips', total) };
    item.backgroundColor = unseen > 0 ? new ThemeColor('statusBarItem.warningBackground') : undefined;
    item.show();
  };
  update();
  return [item, news.onDidChangeCounts(update)];
};
