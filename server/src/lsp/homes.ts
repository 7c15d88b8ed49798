// Which session answers for a document: that of its folder, or one of its own for a document outside all folders.
// Knows URIs; the sessions know only paths.
import { URI } from 'vscode-uri';
import type { Check } from '../engine/check.ts';
import type { Engine } from '../engine/engine.ts';
import type { SessionMemory } from '../engine/memory.ts';
import { Session } from '../engine/session.ts';
import type { Files } from '../workspace/files.ts';
import { memoryFiles } from '../workspace/files.ts';
import type { Log } from '../workspace/log.ts';
import { basename } from '../workspace/path.ts';

/** One session and how its paths are spelled as URIs. */
export interface Home {
  readonly session: Session;
  /** True for a folder; false for a single document. */
  readonly isFolder: boolean;
  uriOf(path: string): string;
  /**
   * Checks one file with what it imports, before the whole folder was checked for the first time: what is found is true,
   * but there may be more to it.
   */
  glance(path: string, text: string): Promise<Check>;
  /** undefined for a document that lies elsewhere. */
  pathOf(uri: string): string | undefined;
}

export interface HomesOptions {
  readonly engine: Engine;
  readonly log: Log;
  /** The file system of a folder, by its path on the disk. */
  files(folder: string): Files;
  memory?: ((folder: string) => SessionMemory) | undefined;
}

export interface Homes {
  all(): readonly Home[];
  of(uri: string): Home | undefined;
  addFolder(uri: string): void;
  removeFolder(uri: string): void;
  /** A document opened: one outside all folders gets a home. */
  open(uri: string, languageId: string): Home;
  /** A document closed: its own home goes with it. */
  close(uri: string): void;
}

/** No homes yet. */
export function createHomes(options: HomesOptions): Homes {
  const folders = new Map<string, Home>();
  const singles = new Map<string, Home>();

  const of = (uri: string): Home | undefined => {
    let best: { home: Home; length: number } | undefined;
    for (const [folder, home] of folders) {
      if (home.pathOf(uri) !== undefined && folder.length > (best?.length ?? -1))
        best = { home, length: folder.length };
    }
    return best?.home ?? singles.get(uri);
  };
  return {
    all: () => [...folders.values(), ...singles.values()],
    of,
    addFolder(uri) {
      if (!folders.has(uri)) folders.set(uri, folderHome(uri, options));
    },
    removeFolder: uri => void folders.delete(uri),
    open(uri, languageId) {
      const known = of(uri);
      if (known) return known;
      const home = singleHome(uri, languageId, options);
      singles.set(uri, home);
      return home;
    },
    close: uri => void singles.delete(uri),
  };
}

function folderHome(uri: string, options: HomesOptions): Home {
  const folder = URI.parse(uri);
  const prefix = folder.path.endsWith('/') ? folder.path : `${folder.path}/`;
  // Other schemes have no disk behind them: what is open is all there is.
  const onDisk = folder.scheme === 'file';
  const files = onDisk ? options.files(folder.fsPath) : memoryFiles(new Map());
  const memory = onDisk ? options.memory?.(folder.fsPath) : undefined;
  return {
    session: new Session(options.engine, { files, log: options.log, memory }),
    isFolder: true,
    uriOf: path => resolveUri(folder, prefix, path),
    glance: glanceInto(options, files),
    pathOf(other) {
      const parsed = URI.parse(other);
      if (parsed.scheme !== folder.scheme || parsed.authority !== folder.authority) return undefined;
      return parsed.path.startsWith(prefix) ? parsed.path.slice(prefix.length) : undefined;
    },
  };
}

function singleHome(uri: string, languageId: string, options: HomesOptions): Home {
  const document = URI.parse(uri);
  const at = document.path.lastIndexOf('/') + 1;
  const prefix = document.path.slice(0, at);
  const onDisk = document.scheme === 'file';
  const files = onDisk ? options.files(URI.file(prefix).fsPath) : memoryFiles(new Map());
  // An untitled document has no ending that would tell its language.
  const name = onDisk ? basename(document.path) : withEnding(document.path.slice(at), languageId);
  return {
    session: new Session(options.engine, { files, log: options.log, starts: [name] }),
    isFolder: false,
    uriOf: path => (path === name ? uri : resolveUri(document, prefix, path)),
    glance: glanceInto(options, files),
    pathOf: other => (other === uri ? name : undefined),
  };
}

function glanceInto({ engine, log }: HomesOptions, files: Files): Home['glance'] {
  // A client that cancels its pull asks again, and gets what was found meanwhile.
  const known = new Map<string, { text: string; check: Promise<Check> }>();
  return (path, text) => {
    const old = known.get(path);
    if (old?.text === text) return old.check;
    const session = new Session(engine, { files, log, starts: [path] });
    session.setBuffer(path, text);
    const check = session.check();
    known.set(path, { text, check });
    return check;
  };
}

function resolveUri(base: URI, prefix: string, path: string): string {
  const parts = prefix.split('/').slice(0, -1);
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return base.with({ path: parts.join('/') }).toString();
}

const endings: { readonly [languageId: string]: string } = {
  typescript: '.ts',
  typescriptreact: '.tsx',
  javascript: '.js',
  javascriptreact: '.jsx',
  python: '.py',
};

function withEnding(name: string, languageId: string): string {
  const ending = endings[languageId] ?? '';
  return name.endsWith(ending) ? name : `${name}${ending}`;
}
