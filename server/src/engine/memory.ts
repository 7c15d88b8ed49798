// What a session leaves for the next one: what was scanned of each file, valid while the file's stamp is the same, and
// the whole result, valid while nothing that it came from has changed. Half a file or a foreign one counts as none.
import { createHash } from 'node:crypto';
import type { Stamp } from '../workspace/files.ts';
import { asObject, asText, asTexts, type Json } from '../workspace/json.ts';
import type { Observation } from '../workspace/recorder.ts';
import type { Store } from '../workspace/store.ts';
import type { Check } from './check.ts';
import type { Facts } from './snapshot.ts';

/** The part of a check that an unchanged workspace gives again. */
export type KeptCheck = Pick<Check, 'findings' | 'entries' | 'problems' | 'suppressed'> & { readonly parsed: number };

export interface KeptResult {
  /** Of the snapshot that it came from. */
  readonly digest: string;
  /** What was asked beyond the scanned files. */
  readonly observations: readonly Observation[];
  readonly check: KeptCheck;
}

/** Nothing of it throws. */
export interface SessionMemory {
  /** Facts of an earlier run, if the file has still this stamp. */
  facts(path: string, stamp: Stamp, scannerKey: string): Facts | undefined;
  saveFacts(facts: ReadonlyMap<string, Facts>, scannerKey: string): void;
  /** The result of an earlier run over an equal snapshot; the caller sees whether its observations still hold. */
  result(digest: string): KeptResult | undefined;
  saveResult(result: KeptResult): void;
}

/** A file written this shortly before it was read may change again without a new time stamp, in milliseconds. */
const racy = 2000;

/** The memory of one workspace, by its absolute root. */
export function openMemory(store: Store, root: string, version: string): SessionMemory {
  const factsName = `facts\0${version}\0${root}`;
  const resultName = `result\0${version}\0${root}`;
  const { key, facts: known } = readFacts(open(store.read(factsName)));
  return {
    facts(path, stamp, scannerKey) {
      if (scannerKey !== key) return undefined;
      const entry = known.get(path);
      return entry?.stamp?.size === stamp.size && entry.stamp.modified === stamp.modified ? entry : undefined;
    },
    saveFacts(facts, scannerKey) {
      const now = Date.now();
      const rows: { [path: string]: unknown } = {};
      let changed = facts.size !== known.size || key !== scannerKey;
      for (const [path, fact] of facts) {
        changed ||= known.get(path) !== fact;
        if (!fact.stamp || now - fact.stamp.modified < racy) continue;
        const { stamp, hash, seed, suppresses, specifiers } = fact;
        rows[path] = [stamp.size, stamp.modified, hash, (seed ? 1 : 0) + (suppresses ? 2 : 0), specifiers];
      }
      if (changed) store.write(factsName, seal({ key: scannerKey, rows }));
    },
    result(digest) {
      const kept = open(store.read(resultName)) as KeptResult | undefined;
      return kept?.digest === digest ? kept : undefined;
    },
    saveResult(result) {
      const now = Date.now();
      const fresh = result.observations.some(
        ([ask, , answer]) => ask === 'read' && now - Number(answer.split(' ')[1]) < racy,
      );
      if (!fresh) store.write(resultName, seal(result));
    },
  };
}

/** The sum in front tells a whole file from a part of one, and ours from others. */
function seal(value: unknown): string {
  const text = JSON.stringify(value);
  return `${sum(text)}\n${text}`;
}

function open(sealed: string | undefined): Json | undefined {
  const cut = sealed?.indexOf('\n') ?? -1;
  if (sealed === undefined || cut < 0) return undefined;
  const text = sealed.slice(cut + 1);
  return sum(text) === sealed.slice(0, cut) ? asObject(JSON.parse(text)) : undefined;
}

function sum(text: string): string {
  return createHash('sha1').update(`loopbound\0${text}`).digest('hex');
}

function readFacts(file: Json | undefined): { key: string | undefined; facts: ReadonlyMap<string, Facts> } {
  const facts = new Map<string, Facts>();
  for (const [path, row] of Object.entries(asObject(file?.rows) ?? {})) {
    const [size, modified, hash, flags, specifiers] = row as readonly [number, number, string, number, unknown];
    facts.set(path, {
      stamp: { size, modified },
      hash,
      seed: (flags & 1) !== 0,
      suppresses: (flags & 2) !== 0,
      specifiers: asTexts(specifiers),
    });
  }
  return { key: asText(file?.key), facts };
}
