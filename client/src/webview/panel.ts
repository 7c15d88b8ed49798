// The trip panel as a view in VS Code: its transport is postMessage, its memory is the webview's state.

import { start } from './view/app.ts';
import type { FromPanel, Memory, ToPanel } from './view/messages.ts';

declare function acquireVsCodeApi(): {
  postMessage(message: FromPanel): void;
  getState(): Memory | undefined;
  setState(state: Memory): void;
};

const vscode = acquireVsCodeApi();
start(document.body, {
  send: message => vscode.postMessage(message),
  listen: listener => window.addEventListener('message', (event: MessageEvent<ToPanel>) => listener(event.data)),
  recall: () => vscode.getState(),
  remember: memory => vscode.setState(memory),
});
