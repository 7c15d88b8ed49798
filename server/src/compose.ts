// The one place where the rooms are put together: languages, frameworks' signals and the analysis become an Engine.
// Entry points use it; no room may.
import type { Engine, LanguageSlot } from './engine/engine.ts';
import { frameworkPackages, requestShapes } from './frameworks/index.ts';
import { analyze, outline } from './rules/analyze.ts';
import { rules } from './rules/index.ts';
import { build, version } from './version.ts';

/** Loaded when the first file of the language is read: TypeScript's parser alone takes a tenth of a second to load. */
export const languages: readonly LanguageSlot[] = [
  {
    extensions: ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs'],
    load: async () => (await import('./languages/typescript/index.ts')).typescript,
  },
  { extensions: ['.py'], load: async () => (await import('./languages/python/index.ts')).loadPython() },
];

/** The analyzer as it is shipped. */
export const engine: Engine = {
  version,
  build,
  languages,
  signals: { ...frameworkPackages, shapes: requestShapes },
  rules,
  analyze,
  outline,
};
