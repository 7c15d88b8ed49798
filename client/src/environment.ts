// Lets agents that are started from VS Code find the hub: variables for new terminals and for debug sessions.
// What the user set in a launch configuration is never overwritten.

import {
  type DebugConfiguration,
  type Disposable,
  debug,
  type ExtensionContext,
  l10n,
  type WorkspaceFolder,
  workspace,
} from 'vscode';
import type { HubHost } from './hub.ts';
import { withHub } from './launch.ts';
import { setting } from './settings.ts';

/** Debug types whose sessions run agents. */
const DEBUG_TYPES = ['node', 'pwa-node', 'node-terminal', 'debugpy', 'python'] as const;

/** Keeps the environment of terminals and debug sessions in step with the hub. */
export const announceHub = (context: ExtensionContext, hub: HubHost): Disposable[] => {
  const collection = context.environmentVariableCollection;
  // The port is another one after a restart: what a dead hub left behind must not come back.
  collection.persistent = false;
  const apply = (): void => {
    const variables = hub.environment();
    if (!variables || !setting('panel.terminals')) {
      collection.clear();
      return;
    }
    collection.description = l10n.t('Lets guarded agents report to the Loopbound panel');
    for (const [name, value] of Object.entries(variables)) {
      if (collection.get(name)?.value !== value) collection.replace(name, value);
    }
  };
  apply();
  const provider = {
    resolveDebugConfiguration: (_folder: WorkspaceFolder | undefined, configuration: DebugConfiguration) =>
      withHub(configuration, setting('panel.debugSessions') ? hub.environment() : undefined),
  };
  return [
    hub.onDidChangeState(apply),
    workspace.onDidChangeConfiguration(change => {
      if (change.affectsConfiguration('loopbound.panel.terminals')) apply();
    }),
    ...DEBUG_TYPES.map(type => debug.registerDebugConfigurationProvider(type, provider)),
  ];
};
