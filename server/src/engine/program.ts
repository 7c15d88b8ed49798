// A snapshot as the Program that the analysis asks: modules parsed when they are asked for and kept by content.
import type { LanguageFront } from '../languages/language.ts';
import type { Module } from '../program/model.ts';
import type { Program } from '../program/program.ts';
import { extension } from '../workspace/path.ts';
import { hashOf, type Snapshot } from './snapshot.ts';

/** Parsed modules by path, each with the content that it was parsed from. */
export interface ModuleCache {
  get(path: string, hash: string): Module | undefined;
  set(path: string, hash: string, module: Module): void;
}

/** The fronts that are loaded, by ending. */
export type Fronts = ReadonlyMap<string, LanguageFront>;

export interface ReadProgram extends Program {
  /** How many modules were asked for. */
  count(): number;
}

/** Two equal questions to one program get the same object. */
export function createProgram(snapshot: Snapshot, fronts: Fronts, cache: ModuleCache): ReadProgram {
  const modules = new Map<string, Module | undefined>();
  return {
    paths: snapshot.relevant,
    module(path) {
      if (modules.has(path)) return modules.get(path);
      const module = read(path);
      modules.set(path, module);
      return module;
    },
    resolve: snapshot.resolve,
    version: snapshot.version,
    count: () => modules.size,
  };

  function read(path: string): Module | undefined {
    const front = fronts.get(extension(path));
    if (!front) return undefined;
    const hash = snapshot.facts.get(path)?.hash;
    const known = hash === undefined ? undefined : cache.get(path, hash);
    if (known) return known;
    const text = (hash === undefined ? snapshot.recorder.files : snapshot.files).read(
      path,
      snapshot.config.maxFileSize,
    );
    if (text.kind !== 'text') return undefined;
    const key = hash ?? hashOf(text.text);
    const cached = hash === undefined ? cache.get(path, key) : undefined;
    if (cached) return cached;
    const module = front.read(path, text.text);
    cache.set(path, key, module);
    return module;
  }
}
