// What the docs say holds: commands exist, links lead somewhere, generated parts are fresh, code blocks compile and are
// reported as they claim.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { apiReference } from '../scripts/api.mjs';
import { generated, loadRules } from '../scripts/docs.mjs';
import { usage } from '../server/src/commands/arguments.ts';
import { analyzeFiles } from './harness/analyze.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const pages = [
  ...readdirSync(root).filter(name => name.endsWith('.md')),
  'examples/README.md',
  ...['docs', 'runtime']
    .filter(folder => existsSync(join(root, folder)))
    .flatMap(folder =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(name => join(folder, name)),
    )
    .filter(path => path.endsWith('.md') && !path.includes('node_modules')),
].sort();

type Block = { page: string; line: number; language: string; claim: string; code: string };

/** Fenced code blocks, with the words behind the three backticks. */
function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | undefined;
  for (const [at, text] of read(page).split('\n').entries()) {
    const fence = /^```(\w*) ?(.*)$/.exec(text);
    if (open && text === '```') {
      blocks.push(open);
      open = undefined;
    } else if (open) open.code += `${text}\n`;
    else if (fence) open = { page, line: at + 1, language: fence[1] ?? '', claim: fence[2] ?? '', code: '' };
  }
  return blocks;
}

/** GitHub's anchors of a page's headings. */
function anchorsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe.each(pages)('%s', page => {
  test('links resolve', () => {
    const broken = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter(target => !/^[a-z]+:/.test(target))
      .filter(target => {
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? page : join(dirname(page), path);
        if (!existsSync(join(root, file))) return true;
        return anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).includes(anchor);
      });
    expect(broken).toEqual([]);
  });

  test('npm commands exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(page).matchAll(/\bnpm (?:run ([\w:]+)|(start|test)\b)/g)].map(
      ([, run, short]) => run ?? short,
    );
    expect(named.filter(name => !(name! in scripts))).toEqual([]);
  });

  test('commands and flags of the CLI exist', () => {
    const lines = [...read(page).matchAll(/dist\/cli\.js (.*)/g)].map(([, rest = '']) => rest.split(' -- ')[0]!);
    const words = lines.flatMap(line => [
      `loopbound ${/^[\w-]+/.exec(line)?.[0] ?? ''}`,
      ...(line.match(/--[\w-]+/g) ?? []),
    ]);
    expect(words.filter(word => !usage.includes(word))).toEqual([]);
  });

  test('paths exist', () => {
    const named = [...read(page).matchAll(/`((?:client|server|runtime|test|scripts|examples|docs)\/[\w./-]*)`/g)];
    const paths = named.map(([, path = '']) => path).filter(path => !/NAME|\*|\/dist\/?$/.test(path));
    expect(paths.filter(path => !existsSync(join(root, path)))).toEqual([]);
  });
});

test('what is generated is fresh; `npm run docs` writes it', async () => {
  for (const [path, text] of await generated()) {
    expect(existsSync(join(root, path)), `${path} is missing`).toBe(true);
    expect(read(path), path).toBe(text);
  }
});

test('the API reference is fresh, and every public export of the guard has a doc comment', () => {
  const { pages: reference, undocumented } = apiReference();
  expect(undocumented).toEqual([]);
  for (const [path, text] of reference) {
    expect(existsSync(join(root, path)), `${path} is missing: npm run docs`).toBe(true);
    expect(read(path) === text, `${path} is stale: npm run docs`).toBe(true);
  }
  const written = readdirSync(join(root, 'docs/api')).map(name => `docs/api/${name}`);
  expect(written.filter(path => !reference.has(path))).toEqual([]);
}, 120_000);

describe('code blocks', () => {
  const rulePage = /^docs\/rules\//;
  const prose = pages.filter(page => !rulePage.test(page)).flatMap(blocksOf);
  const folder = join(root, 'out', 'docs-blocks');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('TypeScript compiles', () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const blocks = prose.filter(block => block.language === 'ts');
    for (const { page, line, code } of blocks) {
      writeFileSync(join(folder, `${page.replace(/\W/g, '-')}-${line}.ts`), `${code}\nexport {};\n`);
    }
    const extend = relative(folder, join(root, 'tsconfig.json'));
    const types = relative(folder, join(root, 'node_modules', '@types'));
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: extend, compilerOptions: { typeRoots: [types] }, include: ['.'], exclude: [] }),
    );
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });

  test.each(prose.filter(block => block.language === 'ts'))('$page:$line has no finding', async ({ code }) => {
    const { findings } = await analyzeFiles({ 'example.ts': code });
    expect(
      findings.filter(({ severity }) => severity !== 'hint').map(({ rule, message }) => `${rule}: ${message}`),
    ).toEqual([]);
  });

  const claims = pages
    .filter(page => rulePage.test(page))
    .flatMap(blocksOf)
    .filter(({ claim }) => claim === 'bad' || claim === 'good');

  test.each(claims)('$page:$line is $claim', async ({ page, language, claim, code }) => {
    const rule = page.slice('docs/rules/'.length, -'.md'.length);
    const { findings } = await analyzeFiles({ [language === 'python' ? 'example.py' : 'example.ts']: code });
    const found = findings.map(finding => finding.rule);
    if (claim === 'bad') expect(found).toContain(rule);
    else expect(found).not.toContain(rule);
  });
});

test('every rule has a page with a bad and a good example', async () => {
  for (const { id } of await loadRules()) {
    const claims = blocksOf(`docs/rules/${id}.md`).map(({ claim }) => claim);
    expect(claims, id).toEqual(expect.arrayContaining(['bad', 'good']));
  }
});
