// Webview views: the page of each is one script, one style sheet and no network, and it is told something only while it
// is there. Shared by all views, so that none is laxer.

import { randomBytes } from 'node:crypto';
import { type Disposable, type ExtensionContext, env, l10n, Uri, type Webview, type WebviewView, window } from 'vscode';
import { log } from './log.ts';

/** A view of ours and its page. */
export type HostedView<ToPage> = Disposable & {
  /** The view while VS Code has one. */
  view(): WebviewView | undefined;
  /** Whether its page is there and has said `ready`. */
  listens(): boolean;
  /** Tells the page, if it listens. */
  post(message: ToPage): void;
};

/**
 * Registers the view `loopbound.NAME`. `receive` gets what its page says, `ready` first; `changed` is called when the view
 * comes, goes, is shown or hidden.
 */
export const hostView = <FromPage extends { type: string }, ToPage>(
  context: ExtensionContext,
  name: string,
  receive: (message: FromPage) => Promise<void>,
  changed: () => void = () => undefined,
): HostedView<ToPage> => {
  let view: WebviewView | undefined;
  let ready = false;
  const registration = window.registerWebviewViewProvider(`loopbound.${name}`, {
    resolveWebviewView(resolved) {
      view = resolved;
      ready = false;
      resolved.webview.onDidReceiveMessage((message: FromPage) => {
        if (message.type === 'ready') ready = true;
        receive(message).catch(error => log().error(`${name}: ${message.type}`, error));
      });
      resolved.onDidChangeVisibility(() => {
        // A hidden view is thrown away by VS Code and says `ready` anew when it comes back.
        if (!resolved.visible) ready = false;
        changed();
      });
      resolved.onDidDispose(() => {
        view = undefined;
        ready = false;
        changed();
      });
      webviewPage(context, resolved.webview, name);
      changed();
    },
  });
  return {
    view: () => view,
    listens: () => ready && view?.visible === true,
    post(message) {
      if (view && ready) void view.webview.postMessage(message);
    },
    dispose: () => registration.dispose(),
  };
};

// Fills the webview with the page whose script and style are `dist/webview/NAME`.
const webviewPage = (context: ExtensionContext, webview: Webview, name: string): void => {
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
