// On large real files: no call is lost, no problem is made up, all spans hold.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ts } from 'ts-morph';
import { beforeAll, describe, expect, test } from 'vitest';
import { Language, Parser } from 'web-tree-sitter';
import { loadPython } from '../../server/src/languages/python/index.ts';
import { findWasm } from '../../server/src/languages/python/load.ts';
import { typescript } from '../../server/src/languages/typescript/index.ts';
import { census } from './invariants.ts';

const require = createRequire(import.meta.url);

function callsIn(path: string, text: string): number {
  const options = { languageVersion: ts.ScriptTarget.Latest, jsDocParsingMode: ts.JSDocParsingMode.ParseNone };
  const open: ts.Node[] = [ts.createSourceFile(path, text, options)];
  let calls = 0;
  for (let node = open.pop(); node; node = open.pop()) {
    if (ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isTaggedTemplateExpression(node)) calls++;
    ts.forEachChild(node, child => void open.push(child));
  }
  return calls;
}

/** Every comment that the compiler itself finds, before and behind each token. */
function commentsIn(path: string, text: string): string[] {
  const options = { languageVersion: ts.ScriptTarget.Latest, jsDocParsingMode: ts.JSDocParsingMode.ParseNone };
  const file = ts.createSourceFile(path, text, options);
  const found = new Set<string>();
  const visit = (node: ts.Node): void => {
    for (const child of node.getChildren(file)) {
      if (child.kind === ts.SyntaxKind.JsxText) continue;
      for (const range of ts.getLeadingCommentRanges(text, child.pos) ?? []) found.add(`${range.pos}-${range.end}`);
      for (const range of ts.getTrailingCommentRanges(text, child.pos) ?? []) found.add(`${range.pos}-${range.end}`);
      visit(child);
    }
  };
  visit(file);
  return [...found].sort();
}

describe('TypeScript and JavaScript', () => {
  const files = [
    'web-tree-sitter',
    'vscode-languageserver',
    'vscode-languageserver-protocol',
    'ws',
    'fast-check',
    'esbuild',
    'ts-morph',
  ].flatMap(name => sources(dirname(packageJson(name))));

  test.each(files)('%s', path => {
    const text = readFileSync(path, 'utf8');
    const module = typescript.read(path, text);
    const { broken, calls } = census(module, text);
    expect(broken).toEqual([]);
    expect(module.problems).toEqual([]);
    expect(calls).toBe(callsIn(path, text));
    if (text.length < 60_000) {
      expect(module.comments.map(one => one.span.join('-')).sort()).toEqual(commentsIn(path, text));
    }
  });
});

function packageJson(name: string): string {
  for (const place of require.resolve.paths(name) ?? []) {
    const found = join(place, name, 'package.json');
    if (existsSync(found)) return found;
  }
  throw new Error(`${name} is not installed`);
}

/** The larger sources of a package, without its own dependencies. */
function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.[cm]?[jt]s$/.test(entry.name) && !entry.name.endsWith('.min.js'))
    .map(entry => join(entry.parentPath, entry.name))
    .filter(path => !path.slice(folder.length).includes('node_modules'))
    .map(path => ({ path, size: readFileSync(path).length }))
    .filter(({ size }) => size > 8_000 && size < 500_000)
    .sort((a, b) => b.size - a.size)
    .slice(0, 3)
    .map(({ path }) => path);
}

describe.skipIf(!standardLibrary())('Python', () => {
  const folder = standardLibrary()!;
  let python: Awaited<ReturnType<typeof loadPython>>;
  let parser: Parser;
  beforeAll(async () => {
    python = await loadPython();
    parser = new Parser();
    parser.setLanguage(await Language.load((await findWasm()).grammar));
  });

  test.each(['', 'asyncio', 'json', 'email', 'unittest'])('standard library: %s', part => {
    const place = join(folder, part);
    const names = readdirSync(place).filter(one => one.endsWith('.py'));
    // Of the many at the top every fifth will do.
    for (const name of names.filter((_, index) => part !== '' || index % 5 === 0)) {
      const text = readFileSync(join(place, name), 'utf8');
      const module = python.read(name, text);
      const { broken, calls } = census(module, text);
      expect(broken, name).toEqual([]);
      expect(module.problems, name).toEqual([]);
      const tree = parser.parse(text)!;
      expect(calls, name).toBe(tree.rootNode.descendantsOfType('call').length);
      tree.delete();
    }
  });
});

/** Where python3 keeps its library; undefined where there is no python3, and the tests say that they are skipped. */
function standardLibrary(): string | undefined {
  try {
    const script = "import sysconfig; print(sysconfig.get_paths()['stdlib'])";
    return execFileSync('python3', ['-c', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}
