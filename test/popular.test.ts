// Popular packages that have nothing to do with agents: their retries, queues, parsers and readers get no warning. Every
// file is read as if it were agent code, since the analysis would pass by all of them otherwise.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { engine } from '../server/src/compose.ts';
import { sessionOver } from './harness/analyze.ts';

const installed = fileURLToPath(new URL('../node_modules', import.meta.url));
const packages = [
  'ajv',
  'async',
  'axios',
  'cheerio',
  'commander',
  'debug',
  'eventemitter3',
  'express',
  'fast-xml-parser',
  'follow-redirects',
  'fs-extra',
  'glob',
  'handlebars',
  'ioredis',
  'js-yaml',
  'lru-cache',
  'markdown-it',
  'semver',
  'winston',
  'ws',
];
const everything = { ...engine, build: undefined, signals: { ...engine.signals, shapes: [''] } };

/** The sources that run: neither types nor bundles nor the same once more for browsers. */
function sourcesOf(name: string): { [path: string]: string } {
  const root = join(installed, name);
  const texts: { [path: string]: string } = {};
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!/\.[cm]?js$/.test(file) || /(^|\/)(node_modules|test|browser|umd|esm|bundles?)\/|\.min\.|-min\./.test(file))
      continue;
    // The session passes by folders of builds.
    texts[file.replace(/(^|\/)(dist|build|out)\//, '$1made/')] = readFileSync(join(root, file), 'utf8');
  }
  return texts;
}

test('a loop round a model call would be reported in the same way', async () => {
  const check = await sessionOver(
    { 'lib/a.js': 'while (true) if ((await client.chat.completions.create({ model })).done) break;' },
    { engine: everything },
  ).check();
  expect(check.findings.map(found => found.finding.rule)).toEqual(['unbounded-loop']);
});

test.each(packages)(
  '%s',
  async name => {
    const texts = sourcesOf(name);
    const check = await sessionOver(texts, { engine: everything }).check();
    expect(check.stats.parsed).toBeGreaterThan(0);
    const warnings = check.findings.filter(found => found.severity === 'warning' || found.severity === 'error');
    expect(warnings.map(({ path, range, finding }) => `${path}:${range.start.line} ${finding.message}`)).toEqual([]);
  },
  60_000,
);
