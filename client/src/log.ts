// The one log channel of the extension, at Output > Loopbound. Created on first use; levels are VS Code's own.

import { type LogOutputChannel, window } from 'vscode';

let channel: LogOutputChannel | undefined;

/** The channel. */
export const log = (): LogOutputChannel => {
  channel ??= window.createOutputChannel('Loopbound', { log: true });
  return channel;
};

/** Ends the channel with the extension. */
export const closeLog = (): void => {
  channel?.dispose();
  channel = undefined;
};
