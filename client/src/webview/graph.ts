// The agent graph as a view in VS Code: its transport is postMessage, its memory is the webview's state.

import { startGraph } from './graph/app.ts';
import type { FromGraph, GraphMemory, ToGraph } from './graph/messages.ts';

declare function acquireVsCodeApi(): {
  postMessage(message: FromGraph): void;
  getState(): GraphMemory | undefined;
  setState(state: GraphMemory): void;
};

const vscode = acquireVsCodeApi();
startGraph(document.body, {
  send: message => vscode.postMessage(message),
  listen: listener => window.addEventListener('message', (event: MessageEvent<ToGraph>) => listener(event.data)),
  recall: () => vscode.getState(),
  remember: memory => vscode.setState(memory),
});
