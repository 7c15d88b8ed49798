// The page of a webview: one script, one style sheet, no network. Shared by all views, so that none is laxer.

import { randomBytes } from 'node:crypto';
import { type ExtensionContext, env, l10n, Uri, type Webview } from 'vscode';

/** Fills the webview with the page whose script and style are `dist/webview/NAME`. */
export const webviewPage = (context: ExtensionContext, webview: Webview, name: string): void => {
  const root = Uri.joinPath(context.extensionUri, 'dist', 'webview');
  const file = (ending: string): string => webview.asWebviewUri(Uri.joinPath(root, `${name}.${ending}`)).toString();
  const nonce = randomBytes(16).toString('base64');
  webview.options = { enableScripts: true, localResourceRoots: [root] };
  webview.html = `<!doctype html>
<html lang="${env.language}">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Loopbound</title>
    <link rel="stylesheet" href="${file('css')}" />
  </head>
  <body>
    <script nonce="${nonce}" src="${file('js')}"></script>
  </body>
</html>`;
};

/** The bundle maps each sentence to its translation; in English there is none. */
export const translations = (): Record<string, string> => {
  const strings: Record<string, string> = {};
  for (const [sentence, translated] of Object.entries(l10n.bundle ?? {})) {
    if (typeof translated === 'string') strings[sentence] = translated;
  }
  return strings;
};
