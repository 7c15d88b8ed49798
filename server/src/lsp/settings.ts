// The client's settings for a document, asked for when first needed and forgotten when the client says that they changed.
import type { ClientCapabilities, Connection } from 'vscode-languageserver/node';
import type { Log } from '../workspace/log.ts';

/** Settings of one resource; the names are those of the client's `loopbound.*`. */
export interface ResourceSettings {
  readonly enable: boolean;
  readonly codeLens: boolean;
  readonly hover: boolean;
  readonly inlayHints: boolean;
}

export interface Settings {
  of(uri: string): Promise<ResourceSettings>;
  forget(uri?: string): void;
}

const defaults: ResourceSettings = { enable: true, codeLens: true, hover: true, inlayHints: false };

/** Asks through `workspace/configuration`; clients without it have the defaults. */
export function createSettings(connection: Connection, client: ClientCapabilities, log: Log): Settings {
  const known = new Map<string, Promise<ResourceSettings>>();
  const ask = async (uri: string): Promise<ResourceSettings> => {
    if (!client.workspace?.configuration) return defaults;
    try {
      return read(await connection.workspace.getConfiguration({ scopeUri: uri, section: 'loopbound' }));
    } catch (error) {
      log.warn(`The client did not tell its settings: ${String(error)}`);
      return defaults;
    }
  };
  return {
    of(uri) {
      let settings = known.get(uri);
      if (!settings) {
        settings = ask(uri);
        known.set(uri, settings);
      }
      return settings;
    },
    forget(uri) {
      if (uri === undefined) known.clear();
      else known.delete(uri);
    },
  };
}

function read(value: unknown): ResourceSettings {
  const flag = (path: readonly string[], fallback: boolean): boolean => {
    let at: unknown = value;
    for (const part of path)
      at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[part] : undefined;
    return typeof at === 'boolean' ? at : fallback;
  };
  return {
    enable: flag(['enable'], true),
    codeLens: flag(['codeLens', 'enable'], true),
    hover: flag(['hover', 'enable'], true),
    inlayHints: flag(['inlayHints', 'enable'], false),
  };
}
