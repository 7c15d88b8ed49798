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
  /** The modules that were asked for; undefined for what could not be read. */
  readonly asked: ReadonlyMap<string, Module | undefined>;
}

/** Two equal questions to one program get the same object. `asked`: what is known already. */
export function createProgram(
  snapshot: Snapshot,
  fronts: Fronts,
  cache: ModuleCache,
  asked?: ReadonlyMap<string, Module | undefined>,
): ReadProgram {
  const modules = new Map(asked);
  return {
    paths: snapshot.relevant,
    module(path) {
      if (modules.has(path)) return modules.get(path);
      const module = read(path);
      modules.set(path, module);
      return module;
    },
    isSame: (path, module) => (modules.has(path) ? modules.get(path) : read(path)) === module,
    specifiers: snapshot.specifiers,
    resolve: snapshot.resolve,
    version: snapshot.version,
    asked: modules,
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
