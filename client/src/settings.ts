// The extension's settings, read where they are needed and never cached: a change holds from the next read on.

import { type Uri, workspace } from 'vscode';

/** Settings by name, with the type that package.json declares for each. */
export type Settings = {
  enable: boolean;
  'codeLens.enable': boolean;
  'hover.enable': boolean;
  'inlayHints.enable': boolean;
  'diagnostics.unopenedFiles': boolean;
  'debug.pauseOnTrip': boolean;
  'panel.listen': boolean;
  'panel.terminals': boolean;
  'panel.debugSessions': boolean;
  'panel.keepTrips': boolean;
  'panel.notify': 'oncePerRun' | 'never';
};

/** The value for a resource (or the window). */
export const setting = <K extends keyof Settings>(name: K, resource?: Uri): Settings[K] =>
  workspace.getConfiguration('loopbound', resource).get(name) as Settings[K];

/** The languages whose files are analysed. */
export const LANGUAGES = ['typescript', 'typescriptreact', 'javascript', 'javascriptreact', 'python'] as const;
