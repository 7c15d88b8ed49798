// Runs as tasks: the current file as an agent whose guards report here, and `loopbound check` over a folder.
// Never in a workspace that is not trusted: both start processes.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Disposable,
  type ExtensionContext,
  l10n,
  ProcessExecution,
  Task,
  TaskGroup,
  TaskScope,
  type TextDocument,
  tasks,
  type Uri,
  type WorkspaceFolder,
  window,
  workspace,
} from 'vscode';
import type { HubHost } from './hub.ts';
import { interpreterOf } from './interpreter.ts';

/** Type of the tasks, as in package.json. */
export const TASK_TYPE = 'loopbound';

/** Offers `loopbound check` for each folder. */
export const provideTasks = (context: ExtensionContext): Disposable =>
  tasks.registerTaskProvider(TASK_TYPE, {
    provideTasks: () => (workspace.workspaceFolders ?? []).map(folder => checkTask(context, folder, [])),
    resolveTask(task) {
      const { paths, severity } = task.definition as { paths?: string[]; severity?: string };
      const folder = typeof task.scope === 'object' ? task.scope : workspace.workspaceFolders?.[0];
      if (!folder) return undefined;
      const resolved = checkTask(context, folder, [
        ...(paths ?? []),
        ...(severity ? ['--max-severity', severity] : []),
      ]);
      // VS Code knows a resolved task by the definition that it asked with.
      resolved.definition = task.definition;
      return resolved;
    },
  });

const checkTask = (context: ExtensionContext, folder: WorkspaceFolder, args: readonly string[]): Task => {
  const task = new Task(
    { type: TASK_TYPE, task: 'check' },
    folder,
    'check',
    TASK_TYPE,
    new ProcessExecution(process.execPath, [context.asAbsolutePath('dist/cli.js'), 'check', ...args], {
      cwd: folder.uri.fsPath,
      // On the desktop this process is Electron, which is Node when told so.
      env: { ELECTRON_RUN_AS_NODE: '1' },
    }),
    '$loopbound',
  );
  task.group = TaskGroup.Test;
  task.detail = l10n.t('Look for loops without a bound');
  return task;
};

/** Runs the file of the active editor (or the given one) with what its language takes, in the panel's sight. */
export const runFile = async (hub: HubHost, given?: Uri): Promise<void> => {
  const document = given ? await workspace.openTextDocument(given) : window.activeTextEditor?.document;
  if (document?.uri.scheme !== 'file') {
    void window.showInformationMessage(l10n.t('Loopbound: open the file of an agent first.'));
    return;
  }
  if (document.isDirty) await document.save();
  await tasks.executeTask(runTask(hub, document));
};

const runTask = (hub: HubHost, document: TextDocument): Task => {
  const folder = workspace.getWorkspaceFolder(document.uri);
  const root = folder?.uri.fsPath;
  const file = document.uri.fsPath;
  const { command, args } = interpreterOf(
    document.languageId,
    file,
    path => root !== undefined && existsSync(join(root, path)),
  );
  const task = new Task(
    { type: TASK_TYPE, task: 'run' },
    folder ?? TaskScope.Workspace,
    l10n.t('run {0}', workspace.asRelativePath(document.uri, false)),
    TASK_TYPE,
    // A program of the project is named by its path within it.
    new ProcessExecution(root && command.includes('/') ? join(root, command) : command, [...args, file], {
      ...(root && { cwd: root }),
      env: { ...hub.environment() },
    }),
  );
  task.presentationOptions = { clear: true, focus: false };
  return task;
};
