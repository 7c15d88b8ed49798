// The trip hub in the extension host: started once the workspace is trusted, followed by the panel and the status bar.
// Owns no view. A hub that cannot start is a state that the panel shows, never an exception.

import { join } from 'node:path';
import { type Disposable, EventEmitter, type ExtensionContext, workspace } from 'vscode';
import { type Hub, startHub } from '../../runtime/src/hub/index.ts';
import { type ControlAction, type ControlResult, emptyModel, type Model } from '../../runtime/src/protocol/index.ts';
import { log } from './log.ts';
import { setting } from './settings.ts';
import type { HubState } from './webview/view/messages.ts';

/** What the rest of the extension sees of the hub. */
export type HubHost = Disposable & {
  state(): HubState;
  model(): Model;
  /** The environment for agents; undefined while nothing listens. */
  environment(): Readonly<Record<string, string>> | undefined;
  control(agentId: string, action: ControlAction): Promise<Pick<ControlResult, 'ok' | 'message'>>;
  clear(): void;
  /** Starts or stops as trust and settings say now. */
  reconcile(): Promise<void>;
  readonly onDidChangeState: EventEmitter<HubState>['event'];
  readonly onDidChangeModel: EventEmitter<Model>['event'];
};

/** Where trips are kept between sessions; undefined if they are not. */
export const tripsFile = (context: ExtensionContext): string | undefined =>
  context.storageUri && setting('panel.keepTrips') ? join(context.storageUri.fsPath, 'trips.jsonl') : undefined;

/** Makes the host; nothing is opened before `reconcile`. */
export const hubHost = (context: ExtensionContext): HubHost => {
  const states = new EventEmitter<HubState>();
  const models = new EventEmitter<Model>();
  let state: HubState = { is: 'starting' };
  let hub: Hub | undefined;
  // What was seen stays to be read after the hub has stopped.
  let model: Model = emptyModel();
  let queue: Promise<void> = Promise.resolve();

  const become = (next: HubState): void => {
    state = next;
    states.fire(next);
  };

  const open = async (): Promise<void> => {
    become({ is: 'starting' });
    try {
      hub = await startHub({
        // Agents journal their trips in their project before they send them; those of dead hubs are taken in here.
        stateDirs: (workspace.workspaceFolders ?? [])
          .filter(folder => folder.uri.scheme === 'file')
          .map(folder => join(folder.uri.fsPath, '.loopbound')),
        historyFile: tripsFile(context),
        log: entry => log()[entry.level](`hub: ${entry.message}`),
      });
    } catch (error) {
      log().error('hub: could not start', error);
      become({ is: 'failed', message: error instanceof Error ? error.message : String(error) });
      return;
    }
    hub.subscribe((_deltas, next) => {
      model = next;
      models.fire(next);
    });
    model = hub.snapshot();
    log().info(`hub: listening on 127.0.0.1:${hub.port}`);
    become({ is: 'listening' });
    models.fire(model);
  };

  const shut = async (next: HubState): Promise<void> => {
    const old = hub;
    hub = undefined;
    become(next);
    await old?.close();
  };

  const reconcile = async (): Promise<void> => {
    if (!workspace.isTrusted) await shut({ is: 'off', why: 'untrusted' });
    else if (!setting('panel.listen')) await shut({ is: 'off', why: 'setting' });
    else if (!hub) await open();
  };

  return {
    state: () => state,
    model: () => model,
    environment: () => hub?.env,
    async control(agentId, action) {
      if (!hub) return { ok: false, message: 'The hub is not running.' };
      return hub.control(agentId, action);
    },
    clear: () => hub?.clear(),
    reconcile() {
      // One after the other, so that two quick changes cannot leave two hubs.
      queue = queue.then(reconcile);
      return queue;
    },
    onDidChangeState: states.event,
    onDidChangeModel: models.event,
    dispose() {
      void hub?.close();
      hub = undefined;
      states.dispose();
      models.dispose();
    },
  };
};
