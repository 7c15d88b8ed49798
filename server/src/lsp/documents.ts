// Open documents: their unsaved text wins over the file. Keeps versions for edits.

import type { Connection } from 'vscode-languageserver/node';
import { TextDocuments } from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Homes } from './homes.ts';

export interface Documents {
  version(uri: string): number | null;
  /** The text of an open document. */
  text(uri: string): string | undefined;
  /** The documents that are open. */
  uris(): readonly string[];
  /** Hands all open texts to the sessions again, after folders came or went. */
  rehome(): void;
}

/** Follows the client's documents. `changed` is called after each change. */
export function serveDocuments(connection: Connection, homes: Homes, changed: () => void): Documents {
  const documents = new TextDocuments(TextDocument);
  const put = (document: TextDocument) => {
    const home = homes.open(document.uri, document.languageId);
    const path = home.pathOf(document.uri);
    if (path !== undefined) home.session.setBuffer(path, document.getText());
  };
  documents.onDidChangeContent(({ document }) => {
    put(document);
    changed();
  });
  documents.onDidClose(({ document: { uri } }) => {
    const home = homes.of(uri);
    const path = home?.pathOf(uri);
    if (path !== undefined) home?.session.closeBuffer(path);
    homes.close(uri);
    changed();
  });
  documents.listen(connection);
  return {
    version: uri => documents.get(uri)?.version ?? null,
    text: uri => documents.get(uri)?.getText(),
    uris: () => documents.keys(),
    rehome() {
      for (const document of documents.all()) {
        homes.close(document.uri);
        put(document);
      }
    },
  };
}
