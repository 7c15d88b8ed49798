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
  /**
   * Asks again for what was asked before, and says whether any of it is another now: a client may also tell of a change
   * just because it was asked to.
   */
  changed(): Promise<boolean>;
}

const defaults: ResourceSettings = { enable: true, codeLens: true, hover: true, inlayHints: false };

/** What was read, and the text of what the client told. */
interface Known {
  readonly settings: ResourceSettings;
  readonly told: string;
}

/** Asks through `workspace/configuration`; clients without it have the defaults. */
export function createSettings(connection: Connection, client: ClientCapabilities, log: Log): Settings {
  const known = new Map<string, Promise<Known>>();
  const ask = async (uri: string): Promise<Known> => {
    if (!client.workspace?.configuration) return { settings: defaults, told: '' };
    try {
      const value = await connection.workspace.getConfiguration({ scopeUri: uri, section: 'loopbound' });
      return { settings: read(value), told: JSON.stringify(value) ?? '' };
    } catch (error) {
      log.warn(`The client did not tell its settings: ${String(error)}`);
      return { settings: defaults, told: '' };
    }
  };
  const get = (uri: string): Promise<Known> => {
    let settings = known.get(uri);
    if (!settings) {
      settings = ask(uri);
      known.set(uri, settings);
    }
    return settings;
  };
  return {
    of: async uri => (await get(uri)).settings,
    async changed() {
      const before = [...known];
      known.clear();
      const pairs = await Promise.all(before.map(async ([uri, old]) => [await old, await get(uri)] as const));
      return pairs.some(([old, now]) => old.told !== now.told);
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
