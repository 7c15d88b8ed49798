// Where imports lead, and which version of a package a project has.
import { describe, expect, test } from 'vitest';
import { memoryFiles } from '../../server/src/workspace/files.ts';
import { createResolver } from '../../server/src/workspace/resolve.ts';
import { createVersions } from '../../server/src/workspace/versions.ts';

const code = /\.(?:[cm]?[jt]sx?|py)$/;

function resolver(texts: Record<string, string>) {
  const paths = Object.keys(texts);
  const manifests = paths.filter(path => /(?:package\.json|pyproject\.toml)$/.test(path)).sort();
  const files = memoryFiles(new Map(Object.entries(texts)));
  const resolve = createResolver(
    files,
    new Set(paths.filter(path => code.test(path) && !path.includes('dist/'))),
    manifests,
  );
  return (from: string, specifier: string) => {
    const target = resolve(from, specifier);
    return target.kind === 'module' ? target.path : target.kind === 'package' ? `package ${target.name}` : 'unknown';
  };
}

describe('TypeScript and JavaScript', () => {
  test('relative paths, guessed endings and index files', () => {
    const to = resolver({
      'src/a.ts': '',
      'src/b.tsx': '',
      'src/c/index.mts': '',
      'src/d.cts': '',
      'src/e.js': '',
      'f.ts': '',
    });
    expect(to('src/a.ts', './b')).toBe('src/b.tsx');
    expect(to('src/a.ts', './b.js')).toBe('src/b.tsx');
    expect(to('src/a.ts', './b.jsx')).toBe('src/b.tsx');
    expect(to('src/a.ts', './c')).toBe('src/c/index.mts');
    expect(to('src/a.ts', './c/index.mjs')).toBe('src/c/index.mts');
    expect(to('src/a.ts', './d.cjs')).toBe('src/d.cts');
    expect(to('src/a.ts', './e.js')).toBe('src/e.js');
    expect(to('src/a.ts', '../f.ts')).toBe('f.ts');
    expect(to('src/a.ts', './nowhere')).toBe('unknown');
  });

  test('tsconfig paths through extends, references and comments', () => {
    const to = resolver({
      'tsconfig.base.json':
        '{ "compilerOptions": { /* here */ "paths": { "@lib/*": ["./packages/lib/src/*"], "exact": ["./x.ts"], }, } }',
      'tsconfig.json': '{ "extends": "./tsconfig.base.json" }',
      'app/tsconfig.json': '{ "files": [], "references": [{ "path": "./tsconfig.app.json" }] }',
      'app/tsconfig.app.json': '{ "compilerOptions": { "baseUrl": "src", "paths": { "@/*": ["*"] } } }',
      'packages/lib/src/tool.ts': '',
      'x.ts': '',
      'main.ts': '',
      'app/src/view.tsx': '',
      'app/src/main.ts': '',
    });
    expect(to('main.ts', '@lib/tool')).toBe('packages/lib/src/tool.ts');
    expect(to('main.ts', '@lib/tool.js')).toBe('packages/lib/src/tool.ts');
    expect(to('main.ts', 'exact')).toBe('x.ts');
    expect(to('app/src/main.ts', '@/view')).toBe('app/src/view.tsx');
    expect(to('app/src/main.ts', 'view')).toBe('app/src/view.tsx');
    expect(to('app/src/main.ts', 'openai')).toBe('package openai');
  });

  test('packages of the workspace lead to their source', () => {
    const to = resolver({
      'package.json': '{ "workspaces": ["packages/*"] }',
      'packages/core/package.json':
        '{ "name": "@acme/core", "exports": { ".": { "types": "./dist/index.d.ts", "import": "./dist/index.js" }, "./tools/*": "./dist/tools/*.js" }, "imports": { "#state": "./src/state.ts", "#lib/*": "./src/lib/*.ts" } }',
      'packages/core/src/index.ts': '',
      'packages/core/src/state.ts': '',
      'packages/core/src/lib/x.ts': '',
      'packages/core/src/tools/search.ts': '',
      'packages/plain/package.json': '{ "name": "plain", "main": "./lib/main.js" }',
      'packages/plain/lib/main.ts': '',
      'packages/app/main.ts': '',
    });
    expect(to('packages/app/main.ts', '@acme/core')).toBe('packages/core/src/index.ts');
    expect(to('packages/app/main.ts', '@acme/core/tools/search')).toBe('packages/core/src/tools/search.ts');
    expect(to('packages/app/main.ts', 'plain')).toBe('packages/plain/lib/main.ts');
    expect(to('packages/core/src/index.ts', '#state')).toBe('packages/core/src/state.ts');
    expect(to('packages/core/src/index.ts', '#lib/x')).toBe('packages/core/src/lib/x.ts');
    expect(to('packages/app/main.ts', '@acme/other/sub')).toBe('package @acme/other');
    expect(to('packages/app/main.ts', 'fs/promises')).toBe('package node:fs');
    expect(to('packages/app/main.ts', 'npm:openai@4/x')).toBe('package openai');
    expect(to('packages/app/main.ts', 'https://esm.sh/openai@4.2.0')).toBe('package openai');
  });
});

describe('Python', () => {
  test('relative modules, packages and source layouts', () => {
    const to = resolver({
      'pyproject.toml': '',
      'src/acme/__init__.py': '',
      'src/acme/state.py': '',
      'src/acme/agents/__init__.py': '',
      'src/acme/agents/writer.py': '',
      'src/acme/openai.py': '',
      'tests/test_writer.py': '',
      'scripts/run.py': '',
      'scripts/tools.py': '',
      'libs/other/pyproject.toml': '',
      'libs/other/src/other/__init__.py': '',
      'space/part/mod.py': '',
    });
    expect(to('src/acme/agents/writer.py', '..state')).toBe('src/acme/state.py');
    expect(to('src/acme/agents/writer.py', '.')).toBe('src/acme/agents/__init__.py');
    expect(to('src/acme/agents/writer.py', 'acme.state')).toBe('src/acme/state.py');
    expect(to('tests/test_writer.py', 'acme.agents.writer')).toBe('src/acme/agents/writer.py');
    expect(to('tests/test_writer.py', 'other')).toBe('libs/other/src/other/__init__.py');
    expect(to('scripts/run.py', 'tools')).toBe('scripts/tools.py');
    expect(to('scripts/run.py', 'space.part.mod')).toBe('space/part/mod.py');
    // A module of a package does not stand in for a library of the same name.
    expect(to('src/acme/agents/writer.py', 'openai')).toBe('package openai');
    expect(to('src/acme/state.py', 'openai')).toBe('package openai');
    expect(to('src/acme/state.py', 'langgraph.graph')).toBe('package langgraph');
  });
});

describe('versions', () => {
  const versionIn = (texts: Record<string, string>, from: string, name: string) =>
    createVersions(memoryFiles(new Map(Object.entries(texts))))(from, name);

  test('npm: the nearest entry of the lock, then what is installed, then the range', () => {
    const lock = JSON.stringify({
      packages: { 'node_modules/ai': { version: '5.0.1' }, 'packages/app/node_modules/ai': { version: '6.1.2' } },
    });
    expect(versionIn({ 'package-lock.json': lock }, 'packages/app/src/a.ts', 'ai')).toBe('6.1.2');
    expect(versionIn({ 'package-lock.json': lock }, 'src/a.ts', 'ai')).toBe('5.0.1');
    const installed = {
      'node_modules/ai/package.json': '{ "version": "4.3.0" }',
      'package.json': '{ "dependencies": { "ai": "^4.1" } }',
    };
    expect(versionIn(installed, 'src/a.ts', 'ai')).toBe('4.3.0');
    expect(versionIn({ 'package.json': '{ "dependencies": { "ai": "^4.1" } }' }, 'src/a.ts', 'ai')).toBe('4.1.0');
    expect(
      versionIn({ 'package.json': '{ "devDependencies": { "ai": "latest" } }' }, 'src/a.ts', 'ai'),
    ).toBeUndefined();
  });

  test('pnpm, yarn and bun', () => {
    const pnpm = `lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      ai:\n        specifier: ^5\n        version: 5.0.9(zod@3.25.76)\n\n  packages/app:\n    dependencies:\n      '@langchain/core':\n        specifier: ^1\n        version: 1.0.2\n\npackages:\n\n  zod@3.25.76:\n    resolution: {}\n`;
    expect(versionIn({ 'pnpm-lock.yaml': pnpm }, 'src/a.ts', 'ai')).toBe('5.0.9');
    expect(versionIn({ 'pnpm-lock.yaml': pnpm }, 'packages/app/a.ts', '@langchain/core')).toBe('1.0.2');
    expect(versionIn({ 'pnpm-lock.yaml': pnpm }, 'src/a.ts', 'zod')).toBe('3.25.76');
    const yarn = '"@langchain/core@^0.3.1", "@langchain/core@^0.3":\n  version "0.3.9"\n\nai@^5:\n  version "5.1.1"\n';
    expect(versionIn({ 'yarn.lock': yarn }, 'a.ts', '@langchain/core')).toBe('0.3.9');
    expect(versionIn({ 'yarn.lock': '"ai@npm:^5":\n  version: 5.1.1\n  resolution: x\n' }, 'a.ts', 'ai')).toBe('5.1.1');
    expect(versionIn({ 'yarn.lock': yarn }, 'a.ts', 'ai')).toBe('5.1.1');
    expect(versionIn({ 'bun.lock': '{ "packages": { "ai": ["ai@5.2.0", "", {}], } }' }, 'a.ts', 'ai')).toBe('5.2.0');
  });

  test('Python: locks, then ranges; names are normalised', () => {
    const uv =
      '[[package]]\nname = "langgraph"\nversion = "1.0.3"\n\n[[package]]\nname = "langchain-core"\nversion = "1.1.0"\n';
    expect(versionIn({ 'uv.lock': uv }, 'src/a.py', 'langgraph')).toBe('1.0.3');
    expect(versionIn({ 'uv.lock': uv }, 'src/a.py', 'langchain_core')).toBe('1.1.0');
    expect(versionIn({ 'requirements.txt': 'crewai[tools]>=0.80,<1\nopenai==1.2.3\n' }, 'a.py', 'crewai')).toBe(
      '0.80.0',
    );
    expect(versionIn({ 'requirements.txt': 'crewai[tools]>=0.80,<1\nopenai==1.2.3\n' }, 'a.py', 'openai')).toBe(
      '1.2.3',
    );
    expect(versionIn({ 'pyproject.toml': 'dependencies = ["langgraph~=0.6.4"]' }, 'a.py', 'langgraph')).toBe('0.6.4');
    expect(
      versionIn({ 'pyproject.toml': '[tool.poetry.dependencies]\nlanggraph = "^0.2"\n' }, 'a.py', 'langgraph'),
    ).toBe('0.2.0');
  });
});
