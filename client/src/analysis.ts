// The analyzer as the extension sees it: a language server in its own process, started when the first matching
// document opens, made anew whenever it dies, within one budget of crashes. Owns no view.

import { commands, type Disposable, EventEmitter, type ExtensionContext, l10n, Uri, window, workspace } from 'vscode';
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  State,
  TransportKind,
  vsdiag,
} from 'vscode-languageclient/node';
import { type StatusParams, statusNotification } from '../../server/src/protocol.ts';
import { crashBudget } from './crashBudget.ts';
import { log } from './log.ts';
import { LANGUAGES, setting } from './settings.ts';

/** What the server says of its work, and whether there is one. */
export type AnalysisState =
  | { is: 'off' }
  | { is: 'starting' }
  | { is: 'ready'; busy: boolean; files?: number; milliseconds?: number; megabytes?: number }
  | { is: 'crashed' };

/** The analyzer. */
export type Analysis = Disposable & {
  state(): AnalysisState;
  readonly onDidChangeState: EventEmitter<AnalysisState>['event'];
  /** Starts unless it runs already. */
  start(): Promise<void>;
  /** Ends the server and starts a new one, with a fresh crash budget. */
  restart(): Promise<void>;
  /** The client while it runs. */
  client(): LanguageClient | undefined;
};

/** Documents that are synchronised. Virtual file systems get the analysis of the single file. */
const SELECTOR = [
  ...['file', 'untitled', 'vscode-vfs', 'vscode-remote'].flatMap(scheme =>
    LANGUAGES.map(language => ({ scheme, language })),
  ),
  { scheme: 'file', pattern: '**/loopbound.config.{json,jsonc}' },
];

/** Makes the analyzer; nothing is started before `start`. */
export const analysis = (context: ExtensionContext): Analysis => {
  const states = new EventEmitter<AnalysisState>();
  let state: AnalysisState = { is: 'off' };
  let client: LanguageClient | undefined;
  let budget = crashBudget(Date.now);
  let queue: Promise<void> = Promise.resolve();

  const become = (next: AnalysisState): void => {
    state = next;
    states.fire(next);
  };

  // Each server has a client of its own and is never started again by it: the library restarts only what dies at work,
  // and loses what dies while it is being restarted.
  const open = async (): Promise<void> => {
    if (client) return;
    become({ is: 'starting' });
    const made = makeClient(context);
    client = made;
    const ended = new Promise<void>(resolve => {
      made.onDidChangeState(({ newState }) => {
        if (newState === State.Running && client === made) become({ is: 'ready', busy: false });
        if (newState !== State.Stopped && newState !== State.StartFailed) return;
        resolve();
        then(() => died(made)).catch(error => log().error('server: could not be started again', error));
      });
    });
    made.onNotification(statusNotification, ({ busy, files, milliseconds, megabytes }: StatusParams) => {
      if (client === made) become({ is: 'ready', busy, files, milliseconds, megabytes });
    });
    // Why a start failed is in the log; that it did is told by the client's state.
    await Promise.race([made.start().catch(() => ended), ended]);
  };

  /** The one place where the death of a server is answered, whether it was starting or at work. */
  const died = async (dead: LanguageClient): Promise<void> => {
    if (client !== dead) return;
    await shut();
    if (budget.spend()) {
      log().warn('server: ended unexpectedly, starting it again');
      await open();
      return;
    }
    become({ is: 'crashed' });
    const restart = l10n.t('Restart Server');
    const show = l10n.t('Show Log');
    void window
      .showErrorMessage(l10n.t('The Loopbound server crashed repeatedly and is not started again.'), restart, show)
      .then(chosen => {
        if (chosen === restart) void commands.executeCommand('loopbound.restartServer');
        if (chosen === show) void commands.executeCommand('loopbound.showOutput');
      });
  };

  const shut = async (): Promise<void> => {
    const old = client;
    client = undefined;
    if (!old) return;
    try {
      await old.dispose(2_000);
    } catch (error) {
      // A server that crashed or hangs cannot be stopped in order; the process is gone or killed.
      log().debug('server: did not stop in order', error);
    }
  };

  const then = (work: () => Promise<void>): Promise<void> => {
    const done = queue.then(work);
    queue = done.catch(() => undefined);
    return done;
  };

  return {
    state: () => state,
    onDidChangeState: states.event,
    start: () => then(open),
    restart: () =>
      then(async () => {
        log().info('server: restarting');
        budget = crashBudget(Date.now);
        await shut();
        await open();
      }),
    client: () => (client?.state === State.Running ? client : undefined),
    dispose() {
      void then(shut).then(() => states.dispose());
    },
  };
};

/** What the user must know of a lost server is said here in one message; the library would say it with each death. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

const makeClient = (context: ExtensionContext): LanguageClient => {
  const module = context.asAbsolutePath('dist/server.js');
  const options: LanguageClientOptions = {
    documentSelector: SELECTOR,
    outputChannel: log(),
    diagnosticCollectionName: 'loopbound',
    progressOnInitialization: false,
    initializationOptions: {
      // Where results of the last session are kept; absent without a workspace.
      cacheDir: context.storageUri?.fsPath,
      trusted: workspace.isTrusted,
    },
    diagnosticPullOptions: { onChange: true, onSave: true, onTabs: false },
    markdown: { isTrusted: { enabledCommands: ['loopbound.openPlace'] }, supportThemeIcons: true },
    initializationFailedHandler: error => {
      log().error('server: initialization failed', error);
      return false;
    },
    errorHandler: {
      error: (error, _message, count) => {
        log().error('server: connection error', error);
        return { action: (count ?? 0) <= 3 ? ErrorAction.Continue : ErrorAction.Shutdown, handled: true };
      },
      closed: () => ({ action: CloseAction.DoNotRestart, handled: true }),
    },
    middleware: {
      provideDiagnostics: (document, previous, token, next) => {
        const uri = document instanceof Uri ? document : document.uri;
        return setting('enable', uri)
          ? next(document, previous, token)
          : { kind: vsdiag.DocumentDiagnosticReportKind.full, items: [] };
      },
      provideWorkspaceDiagnostics: (resultIds, token, report, next) =>
        setting('enable') && setting('diagnostics.unopenedFiles') ? next(resultIds, token, report) : { items: [] },
      provideCodeLenses: async (document, token, next) => {
        if (!setting('enable', document.uri) || !setting('codeLens.enable', document.uri)) return [];
        const lenses = await next(document, token);
        // The server's lenses do nothing when clicked, as not every editor can; here they lead to the graph.
        for (const { command, range } of lenses ?? []) {
          if (command?.command !== '') continue;
          command.command = 'loopbound.showGraph';
          command.tooltip = l10n.t('Show the graph of this agent');
          command.arguments = [document.uri.toString(), range.start.line];
        }
        return lenses;
      },
      provideInlayHints: (document, range, token, next) =>
        setting('enable', document.uri) && setting('inlayHints.enable', document.uri)
          ? next(document, range, token)
          : [],
      provideHover: (document, position, token, next) =>
        setting('enable', document.uri) && setting('hover.enable', document.uri)
          ? next(document, position, token)
          : null,
    },
  };
  const run = { module, transport: TransportKind.ipc };
  return new QuietClient(
    'loopbound',
    'Loopbound',
    { run, debug: { ...run, options: { execArgv: ['--nolazy', '--inspect=6049'] } } },
    options,
  );
};

/** Starts the analyzer with the first document of an analysed language, now or when it opens. */
export const startWithDocuments = (target: Analysis): Disposable => {
  const languages: ReadonlySet<string> = new Set(LANGUAGES);
  const matches = (document: { languageId: string; uri: Uri }): boolean =>
    languages.has(document.languageId) && setting('enable', document.uri);
  const start = (): void => void target.start();
  if (workspace.textDocuments.some(matches)) start();
  return workspace.onDidOpenTextDocument(document => {
    if (target.state().is === 'off' && matches(document)) start();
  });
};
