// Tells the client what the analysis is doing: `loopbound/status`.
import type { Connection } from 'vscode-languageserver/node';
import { type StatusParams, statusNotification } from '../protocol.ts';
import type { Log } from '../workspace/log.ts';
import type { Homes } from './homes.ts';

export interface Status {
  /** Work begins; call the answer when it ends. */
  begin(): () => void;
}

/** Reports when work begins and when the last of it ended. */
export function createStatus(connection: Connection, homes: Homes, log: Log): Status {
  let running = 0;
  const tell = () => {
    const stats = homes.all().map(home => home.session.latest?.stats);
    const sum = (key: 'files' | 'parsed') => stats.reduce((total, one) => total + (one?.[key] ?? 0), 0);
    const params: StatusParams = {
      busy: running > 0,
      files: sum('files'),
      parsed: sum('parsed'),
      milliseconds: Math.round(Math.max(0, ...stats.map(one => one?.milliseconds ?? 0))),
      megabytes: Math.round(process.memoryUsage.rss() / 1048576),
    };
    connection
      .sendNotification(statusNotification, params)
      .catch((error: unknown) => log.warn(`status: ${String(error)}`));
    if (!params.busy) {
      log.info(
        `checked ${params.files} files (${params.parsed} with agent code) in ${params.milliseconds} ms, ${params.megabytes} MB`,
      );
    }
  };
  return {
    begin() {
      running++;
      if (running === 1) tell();
      let ended = false;
      return () => {
        if (ended) return;
        ended = true;
        running--;
        if (running === 0) tell();
      };
    },
  };
}
