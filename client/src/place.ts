// Opens a place in code that an agent or the analyzer has named. Only files, never commands or addresses.

import { l10n, Position, Range, Selection, TextEditorRevealType, Uri, window, workspace } from 'vscode';
import type { Place } from '../../runtime/src/protocol/index.ts';

/** Shows the place in an editor with the cursor on it; says so if the file is not there. */
export const openPlace = (place: Place): Promise<void> =>
  openAt(Uri.file(place.file), new Position(Math.max(0, place.line - 1), Math.max(0, place.column - 1)));

/** The same for a document by its address. */
export const openAt = async (uri: Uri, position: Position): Promise<void> => {
  let document: Awaited<ReturnType<typeof workspace.openTextDocument>>;
  try {
    document = await workspace.openTextDocument(uri);
  } catch (error) {
    void window.showWarningMessage(
      l10n.t('Loopbound: cannot open {0}: {1}', uri.fsPath, error instanceof Error ? error.message : String(error)),
    );
    return;
  }
  const at = document.validatePosition(position);
  const editor = await window.showTextDocument(document);
  editor.selection = new Selection(at, at);
  editor.revealRange(new Range(at, at), TextEditorRevealType.InCenterIfOutsideViewport);
};
