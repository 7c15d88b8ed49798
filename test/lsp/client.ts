// A language client for tests: talks to the real server over a stream pair in this process, and counts what it gets.
import { PassThrough } from 'node:stream';
import {
  createConnection,
  createMessageConnection,
  type MessageConnection,
  type StarNotificationHandler,
  type StarRequestHandler,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver/node';
import type { Engine } from '../../server/src/engine/engine.ts';
import { serve } from '../../server/src/lsp/serve.ts';
import { type Files, memoryFiles } from '../../server/src/workspace/files.ts';

export interface TestClient {
  readonly connection: MessageConnection;
  readonly log: string[];
  request<T>(method: string, params: unknown): Promise<T>;
  notify(method: string, params: unknown): void;
  open(path: string, text: string, languageId?: string): void;
  change(path: string, text: string): void;
  close(path: string): void;
  /** Waits for a notification or request of the server that passes `test`; earlier ones count. */
  next<T>(method: string, test?: (params: T) => boolean): Promise<T>;
  uri(path: string): string;
  dispose(): Promise<void>;
}

export const modern = {
  textDocument: {
    diagnostic: {},
    codeAction: { resolveSupport: { properties: ['edit'] }, dataSupport: true },
    hover: { contentFormat: ['markdown'] },
  },
  workspace: {
    configuration: true,
    workspaceFolders: true,
    diagnostics: { refreshSupport: true },
    workspaceEdit: { documentChanges: true },
    didChangeWatchedFiles: { dynamicRegistration: true },
    didChangeConfiguration: { dynamicRegistration: true },
  },
  window: { showDocument: { support: true } },
};

export interface ClientOptions {
  readonly engine: Engine;
  /** Texts of each folder by its name; the folder is /name. */
  readonly folders?: { readonly [name: string]: Map<string, string> };
  readonly capabilities?: unknown;
  /** Answers `workspace/configuration`. */
  readonly settings?: () => unknown;
}

/** Starts a server and initializes it. Paths are `name/file` below the folders. */
export async function startClient(options: ClientOptions): Promise<TestClient> {
  const toServer = new PassThrough();
  const toClient = new PassThrough();
  const folders: { readonly [name: string]: Map<string, string> } = options.folders ?? { w: new Map() };
  const server = createConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient));
  const files = (folder: string): Files =>
    memoryFiles(folders[folder.replaceAll('\\', '/').split('/').at(-1) ?? ''] ?? new Map());
  serve(server, { engine: options.engine, files });
  server.listen();

  const connection = createMessageConnection(new StreamMessageReader(toClient), new StreamMessageWriter(toServer));
  const log: string[] = [];
  const seen: { method: string; params: unknown }[] = [];
  const waiting: { method: string; test: (params: never) => boolean; resolve: (params: never) => void }[] = [];
  const note = (method: string, params: unknown) => {
    seen.push({ method, params });
    for (const one of waiting.filter(candidate => candidate.method === method && candidate.test(params as never))) {
      waiting.splice(waiting.indexOf(one), 1);
      one.resolve(params as never);
    }
  };
  const onNotification: StarNotificationHandler = (method, params) => {
    if (method === 'window/logMessage') log.push((params as { message: string }).message);
    note(method, params);
  };
  const onRequest: StarRequestHandler = (method, params) => {
    note(method, params);
    if (method === 'workspace/configuration') {
      return (params as { items: unknown[] }).items.map(() => options.settings?.() ?? null);
    }
    return null;
  };
  connection.onNotification(onNotification);
  connection.onRequest(onRequest);
  connection.listen();

  const uri = (path: string) => `file:///${path}`;
  const versions = new Map<string, number>();
  await connection.sendRequest('initialize', {
    processId: null,
    rootUri: null,
    capabilities: options.capabilities ?? modern,
    workspaceFolders: Object.keys(folders).map(name => ({ uri: `file:///${name}`, name })),
  });
  await connection.sendNotification('initialized', {});
  return {
    connection,
    log,
    request: (method, params) => connection.sendRequest(method, params as object),
    notify: (method, params) => void connection.sendNotification(method, params as object),
    open(path, text, languageId = 'typescript') {
      versions.set(path, 1);
      void connection.sendNotification('textDocument/didOpen', {
        textDocument: { uri: uri(path), languageId, version: 1, text },
      });
    },
    change(path, text) {
      const version = (versions.get(path) ?? 1) + 1;
      versions.set(path, version);
      void connection.sendNotification('textDocument/didChange', {
        textDocument: { uri: uri(path), version },
        contentChanges: [{ text }],
      });
    },
    close: path => void connection.sendNotification('textDocument/didClose', { textDocument: { uri: uri(path) } }),
    next<T>(method: string, test: (params: T) => boolean = () => true) {
      const earlier = seen.find(one => one.method === method && test(one.params as T));
      if (earlier) {
        seen.splice(seen.indexOf(earlier), 1);
        return Promise.resolve(earlier.params as T);
      }
      return new Promise<T>(resolve => waiting.push({ method, test: test as never, resolve: resolve as never }));
    },
    uri,
    async dispose() {
      await connection.sendRequest('shutdown');
      connection.dispose();
      server.dispose();
    },
  };
}
