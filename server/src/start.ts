// Starts the language server on the connection that the arguments name. Shared by dist/server.js and `loopbound lsp`.
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { engine } from './compose.ts';
import { openMemory } from './engine/memory.ts';
import { serve } from './lsp/serve.ts';
import { diskFiles } from './workspace/files.ts';
import { silentLog } from './workspace/log.ts';
import { openStore } from './workspace/store.ts';

/** Serves until the client says exit or goes away; `stdio` where the arguments name no transport. */
export function startServer(stdio = false): void {
  const connection = stdio
    ? createConnection(ProposedFeatures.all, process.stdin, process.stdout)
    : createConnection(ProposedFeatures.all);
  // A bug must not take the user's squiggles with it; the client's log is where it can be seen.
  process.on('uncaughtException', error => connection.console.error(`uncaught: ${error.stack ?? error.message}`));
  process.on('unhandledRejection', reason => connection.console.error(`unhandled: ${String(reason)}`));
  const store = openStore(silentLog);
  const { build } = engine;
  serve(connection, {
    engine,
    files: diskFiles,
    ...(build ? { memory: (folder: string) => openMemory(store, folder, build) } : {}),
  });
  connection.listen();
}
