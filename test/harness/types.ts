// Type errors of texts in memory, against the real packages' types. One program checks them all: types load once.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Project, ts } from 'ts-morph';
import type { Texts } from './analyze.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  strict: true,
  skipLibCheck: true,
  noEmit: true,
  allowImportingTsExtensions: true,
  types: ['node'],
  typeRoots: [join(root, 'node_modules', '@types')],
  paths: { loopbound: [join(root, 'runtime', 'src', 'index.ts')] },
};

/** Type errors of each set of texts as `path: message`, without places: an edit moves them. */
export function typeErrors(sets: readonly Texts[]): string[][] {
  const project = new Project({ compilerOptions: options, skipAddingFilesFromTsConfig: true });
  const files = sets.map((set, at) => {
    // Packages are looked up from where the examples stand: they have every framework installed.
    const folder = join(root, 'examples', `in-memory-${at}`);
    return Object.entries(set)
      .filter(([path]) => /\.[cm]?tsx?$/.test(path))
      .map(([path, text]) => ({ path, file: project.createSourceFile(join(folder, path), text) }));
  });
  return files.map(set =>
    set.flatMap(({ path, file }) =>
      file
        .getPreEmitDiagnostics()
        .map(one => `${path}: ${ts.flattenDiagnosticMessageText(one.compilerObject.messageText, ' ')}`),
    ),
  );
}
