// How files are scanned under a config: callees that the project names count as signals of agent code too.
import { createHash } from 'node:crypto';
import { createScanner, type Scan, type Signals } from '../workspace/specifiers.ts';
import type { Config } from './config.ts';

export interface Scanner {
  /** Equal keys scan alike. */
  readonly key: string;
  scan(path: string, text: string): Scan;
}

/** Scanners by config; configs that name the same callees share one. */
export function scannersFor(signals: Signals): (config: Config) => Scanner {
  const known = new Map<string, Scanner>();
  return ({ modelCallees, toolCallees, guards, flowModules }) => {
    const called = withCallees(signals, [...modelCallees, ...toolCallees, ...guards]);
    const all = {
      ...called,
      typescript: [...called.typescript, ...flowModules],
      python: [...called.python, ...flowModules],
    };
    const key = createHash('sha1').update(JSON.stringify(all)).digest('base64url');
    let scanner = known.get(key);
    if (!scanner) {
      scanner = { key, scan: createScanner(all) };
      known.set(key, scanner);
    }
    return scanner;
  };
}

/** `package#export` is a package, `*.askModel` is text that calls it. */
function withCallees(signals: Signals, callees: readonly string[]): Signals {
  if (callees.length === 0) return signals;
  const packages = callees.filter(callee => callee.includes('#')).map(callee => callee.slice(0, callee.indexOf('#')));
  const shapes = callees
    .filter(callee => !callee.includes('#'))
    .map(callee => `${callee.slice(callee.lastIndexOf('.') + 1)}(`);
  return {
    typescript: [...signals.typescript, ...packages],
    python: [...signals.python, ...packages.map(name => name.replaceAll('/', '.'))],
    shapes: [...signals.shapes, ...shapes],
  };
}
