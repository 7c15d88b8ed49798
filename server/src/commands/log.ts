// What the session tells a person at a terminal: errors always, the rest on request. Never on the report's stream.
import type { Log } from '../workspace/log.ts';

/** Writes to the error stream. */
export function stderrLog(verbose: boolean): Log {
  const say = (message: string) => void process.stderr.write(`${message}\n`);
  return { info: verbose ? say : () => undefined, warn: verbose ? say : () => undefined, error: say };
}
