// Which files the client should watch, and what their changes mean.
import { DidChangeWatchedFilesNotification } from 'vscode-languageserver/node';
import type { Context } from './context.ts';
import type { Diagnostics } from './diagnostics.ts';

const patterns = [
  '**/*.{ts,tsx,mts,cts,js,jsx,mjs,cjs,py}',
  '**/{package.json,loopbound.config.json,loopbound.config.jsonc,tsconfig*.json,jsconfig.json,.gitignore}',
  '**/{package-lock.json,pnpm-lock.yaml,yarn.lock,bun.lock,uv.lock,poetry.lock,pyproject.toml,requirements*.txt}',
];

/** Asks the client to watch, if it can. */
export async function startWatching({ connection, client }: Context): Promise<void> {
  if (!client.workspace?.didChangeWatchedFiles?.dynamicRegistration) return;
  await connection.client.register(DidChangeWatchedFilesNotification.type, {
    watchers: patterns.map(globPattern => ({ globPattern })),
  });
}

/** Installs the feature. */
export function serveWatching(context: Context, diagnostics: Diagnostics): void {
  context.connection.onDidChangeWatchedFiles(({ changes }) => {
    for (const home of context.homes.all()) {
      home.session.filesChanged(changes.map(({ uri }) => home.pathOf(uri)).filter(path => path !== undefined));
    }
    diagnostics.refresh();
  });
}
