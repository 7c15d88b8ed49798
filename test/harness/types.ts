// Type errors of texts in memory, against the real packages' types. One program checks all that want the same major of
// `ai`: types load once.
import { existsSync, readFileSync } from 'node:fs';
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

/** Majors of `ai` that are installed beside the one that the plain name means. */
const aiMajors: Readonly<Record<string, string>> = {
  4: join(root, 'test', 'integration', 'ai-4', 'node_modules', 'ai'),
  5: join(root, 'node_modules', 'ai-5'),
  7: join(root, 'node_modules', 'ai-7'),
};

/** Type errors of each set of texts as `path: message`, without places: an edit moves them. */
export function typeErrors(sets: readonly Texts[]): string[][] {
  const majors = sets.map(set => /"ai":\s*"\D*(\d+)/.exec(set['package.json'] ?? '')?.[1] ?? '');
  const found = new Map<Texts, string[]>();
  for (const major of new Set(majors)) {
    const own = sets.filter((_, at) => majors[at] === major);
    errorsOf(own, aiMajors[major]).forEach((errors, at) => {
      found.set(own[at]!, errors);
    });
  }
  return sets.map(set => found.get(set)!);
}

/** Where a package that a set asks for is installed, in the major that it asks for; undefined if it is not. */
export function installedAt(name: string, major: string | undefined): string | undefined {
  const folder = (name === 'ai' && major !== undefined && aiMajors[major]) || join(root, 'node_modules', name);
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest)) return undefined;
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return version.split('.')[0] === major ? folder : undefined;
}

function errorsOf(sets: readonly Texts[], ai: string | undefined): string[][] {
  const paths = { ...options.paths, ...(ai === undefined ? {} : { ai: [ai], 'ai/*': [join(ai, '*')] }) };
  const project = new Project({ compilerOptions: { ...options, paths }, skipAddingFilesFromTsConfig: true });
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
