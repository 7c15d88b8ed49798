// The language server: puts the features on a connection. It holds no analysis; the sessions do.
import {
  type ClientCapabilities,
  type Connection,
  DidChangeConfigurationNotification,
  type InitializeParams,
  type InitializeResult,
  TextDocumentSyncKind,
} from 'vscode-languageserver/node';
import type { Engine } from '../engine/engine.ts';
import type { SessionMemory } from '../engine/memory.ts';
import {
  openRuleCommand,
  type RecordedRunsParams,
  recordedRunsNotification,
  type SeenAtRuntimeParams,
  seenAtRuntimeNotification,
} from '../protocol.ts';
import type { Files } from '../workspace/files.ts';
import type { Log } from '../workspace/log.ts';
import { codeActionProvider, serveActions } from './actions.ts';
import { serveQuestions } from './ask.ts';
import { answer, type Context, checkHome } from './context.ts';
import { type Diagnostics, diagnosticProvider, serveDiagnostics } from './diagnostics.ts';
import { serveDocuments } from './documents.ts';
import { serveGraph } from './graph.ts';
import { serveHierarchy } from './hierarchy.ts';
import { createHomes } from './homes.ts';
import { serveHovers } from './hover.ts';
import { refreshInlayHints, serveInlayHints } from './inlay.ts';
import { refreshLenses, serveLenses } from './lens.ts';
import { createRecorded } from './recorded.ts';
import { createSeen } from './seen.ts';
import { createSettings } from './settings.ts';
import { createStatus } from './status.ts';
import { serveWatching, startWatching } from './watch.ts';

export interface ServerOptions {
  readonly engine: Engine;
  /** The file system of a folder. */
  files(folder: string): Files;
  /** What earlier sessions left for a folder. */
  memory?: ((folder: string) => SessionMemory) | undefined;
}

/** Serves until the connection ends. Call `connection.listen()` afterwards. */
export function serve(connection: Connection, options: ServerOptions): void {
  const log = connectionLog(connection);
  const homes = createHomes({ engine: options.engine, log, files: options.files, memory: options.memory });
  let diagnostics: Diagnostics | undefined;
  let started: Context | undefined;
  const documents = serveDocuments(connection, homes, () => diagnostics?.changed());

  connection.onInitialize((params): InitializeResult => {
    for (const uri of foldersOf(params)) homes.addFolder(uri);
    const context = createContext(params.capabilities);
    started = context;
    diagnostics = serveDiagnostics(context);
    serveActions(context);
    serveLenses(context);
    serveHovers(context);
    serveGraph(context);
    serveInlayHints(context);
    serveHierarchy(context);
    serveQuestions(context);
    serveWatching(context, diagnostics);
    serveSeen(context, diagnostics);
    connection.onNotification(recordedRunsNotification, (params: RecordedRunsParams) => {
      context.recorded.set(params);
      refreshLenses(context);
    });
    return {
      serverInfo: { name: 'loopbound', version: options.engine.version },
      capabilities: {
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: false },
        diagnosticProvider,
        codeActionProvider,
        codeLensProvider: {},
        hoverProvider: true,
        inlayHintProvider: true,
        callHierarchyProvider: true,
        executeCommandProvider: { commands: [openRuleCommand] },
        workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
      },
    };
  });

  connection.onInitialized(() => {
    const context = started;
    if (!context) return;
    void answer(context, 'initialized', undefined, async () => {
      if (context.client.workspace?.didChangeConfiguration?.dynamicRegistration) {
        await connection.client.register(DidChangeConfigurationNotification.type, { section: 'loopbound' });
      }
      await startWatching(context);
      if (context.client.workspace?.workspaceFolders) {
        connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
          for (const { uri } of removed) homes.removeFolder(uri);
          for (const { uri } of added) homes.addFolder(uri);
          documents.rehome();
          diagnostics?.refresh();
        });
      }
      diagnostics?.changed();
    });
  });

  connection.onDidChangeConfiguration(async () => {
    if (!started || !(await started.settings.changed())) return;
    diagnostics?.refresh();
    refreshInlayHints(started);
  });

  connection.onShutdown(() => {
    diagnostics?.stop();
    for (const home of homes.all()) home.session.remember();
  });

  function createContext(client: ClientCapabilities): Context {
    return {
      connection,
      homes,
      client,
      log,
      settings: createSettings(connection, client, log),
      status: createStatus(connection, homes, log),
      seen: createSeen(),
      recorded: createRecorded(),
      rules: options.engine.rules,
      versionOf: documents.version,
      textOf: documents.text,
      openUris: documents.uris,
    };
  }
}

function serveSeen(context: Context, diagnostics: Diagnostics): void {
  context.connection.onNotification(seenAtRuntimeNotification, async (params: SeenAtRuntimeParams) => {
    await answer(context, seenAtRuntimeNotification, undefined, async () => {
      const home = context.homes.of(params.uri);
      const path = home?.pathOf(params.uri);
      if (!home || path === undefined) return;
      const check = await checkHome(context, home);
      if (context.seen.add(params, path, check.findings)) diagnostics.refresh();
    });
  });
}

function foldersOf(params: InitializeParams): readonly string[] {
  if (params.workspaceFolders) return params.workspaceFolders.map(folder => folder.uri);
  return params.rootUri ? [params.rootUri] : [];
}

function connectionLog(connection: Connection): Log {
  return {
    info: message => connection.console.info(message),
    warn: message => connection.console.warn(message),
    error: message => connection.console.error(message),
  };
}
