// What a session leaves for the next one: what was scanned of each file, valid while the file's stamp is the same.
// What it finds may be anything, as others can write there; it is checked before it is used.
import type { Stamp } from '../workspace/files.ts';
import { asObject, asText, asTexts } from '../workspace/json.ts';
import type { Store } from '../workspace/store.ts';
import type { Facts } from './snapshot.ts';

export interface SessionMemory {
  /** Facts of an earlier run, if the file has still this stamp. */
  readonly facts: (path: string, stamp: Stamp, scannerKey: string) => Facts | undefined;
  /** Keeps the facts for the next run. Never throws. */
  save(facts: ReadonlyMap<string, Facts>, scannerKey: string): Promise<void>;
}

/** A file written this shortly before it was scanned may change again without a new time stamp, in milliseconds. */
const racy = 2000;

/** The memory of one workspace, by its absolute root. */
export function openMemory(store: Store, root: string, version: string): SessionMemory {
  const name = `facts\0${version}\0${root}`;
  const { key, facts: known } = readFacts(store.read(name), version);
  return {
    facts(path, stamp, scannerKey) {
      if (scannerKey !== key) return undefined;
      const entry = known.get(path);
      return entry?.stamp?.size === stamp.size && entry.stamp.modified === stamp.modified ? entry : undefined;
    },
    async save(facts, scannerKey) {
      const now = Date.now();
      const rows: { [path: string]: unknown } = {};
      let changed = facts.size !== known.size || key !== scannerKey;
      for (const [path, fact] of facts) {
        if (!fact.stamp || now - fact.stamp.modified < racy) continue;
        changed ||= known.get(path) !== fact;
        const { stamp, hash, seed, suppresses, specifiers } = fact;
        rows[path] = [stamp.size, stamp.modified, hash, (seed ? 1 : 0) + (suppresses ? 2 : 0), specifiers];
      }
      if (changed) store.write(name, JSON.stringify({ version, key: scannerKey, rows }));
    },
  };
}

function readFacts(
  text: string | undefined,
  version: string,
): { key: string | undefined; facts: ReadonlyMap<string, Facts> } {
  const facts = new Map<string, Facts>();
  const file = text === undefined ? undefined : parse(text);
  const key = asText(file?.key);
  if (asText(file?.version) !== version) return { key: undefined, facts };
  for (const [path, row] of Object.entries(asObject(file?.rows) ?? {})) {
    if (!Array.isArray(row)) continue;
    const [size, modified, hash, flags, specifiers] = row as readonly unknown[];
    if (
      typeof size !== 'number' ||
      typeof modified !== 'number' ||
      typeof hash !== 'string' ||
      typeof flags !== 'number'
    )
      continue;
    facts.set(path, {
      stamp: { size, modified },
      hash,
      seed: (flags & 1) !== 0,
      suppresses: (flags & 2) !== 0,
      specifiers: asTexts(specifiers),
    });
  }
  return { key, facts };
}

function parse(text: string): ReturnType<typeof asObject> {
  try {
    return asObject(JSON.parse(text));
  } catch {
    // Half-written or foreign: as good as empty.
    return undefined;
  }
}
