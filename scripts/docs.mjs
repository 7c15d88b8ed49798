// npm run docs: rewrites what the docs generate: from the rules and the extension's settings the tables in README.md, from
// the rules one page each, from the guard's doc comments the API reference (api.mjs).
// test/docs.test.ts compares the same text with what is checked in.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { apiReference } from './api.mjs';

const root = join(import.meta.dirname, '..');
const rulesFile = join(root, 'server', 'src', 'rules', 'index.ts');

/** All rules, in the order of the docs; empty while there are none. */
export async function loadRules() {
  if (!existsSync(rulesFile)) return [];
  const { rules } = await import(pathToFileURL(rulesFile).href);
  return rules;
}

/** Every generated text, by path from the root; files that hold more than the generated part are given whole. */
export async function generated() {
  const rules = await loadRules();
  const files = new Map();
  const readme = replaceRegion(read('README.md'), 'rules', ruleTable(rules));
  files.set('README.md', replaceRegion(readme, 'settings', settingsTable()));
  for (const rule of rules) files.set(`docs/rules/${rule.id}.md`, rulePage(rule));
  return files;
}

/** Replaces what stands between `<!-- generated: name -->` and `<!-- end -->`. */
export function replaceRegion(text, name, content) {
  const region = new RegExp(`(<!-- generated: ${name} -->\\n)[\\s\\S]*?(<!-- end -->)`);
  if (!region.test(text)) throw new Error(`no region "generated: ${name}"`);
  return text.replace(region, (_, open, close) => `${open}${content}${close}`);
}

function ruleTable(rules) {
  if (rules.length === 0) return '';
  const rows = rules.map(rule => `| [${rule.id}](docs/rules/${rule.id}.md) | ${rule.what.replaceAll('|', '\\|')} |\n`);
  return `| rule | finds |\n|---|---|\n${rows.join('')}`;
}

function settingsTable() {
  const texts = JSON.parse(read('package.nls.json'));
  const { configuration } = JSON.parse(read('package.json')).contributes;
  const rows = configuration.flatMap(({ properties }) =>
    Object.entries(properties).map(
      ([name, { default: usual, markdownDescription }]) =>
        `| \`${name}\` | \`${usual}\` | ${texts[markdownDescription.slice(1, -1)]} |\n`,
    ),
  );
  return `| setting | default | what it does |\n|---|---|---|\n${rows.join('')}`;
}

function rulePage(rule) {
  return `# ${rule.id}

${rule.what}

## Why

${rule.why}

## What to do

${rule.do}

## Reported

${block(rule.bad, 'bad')}
## Not reported

${block(rule.good, 'good')}`;
}

function block({ language, code }, claim) {
  return `\`\`\`${language === 'python' ? 'python' : 'ts'} ${claim}\n${code.trim()}\n\`\`\`\n`;
}

function read(path) {
  return readFileSync(join(root, path), 'utf8');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of [...(await generated()), ...apiReference().pages]) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (existsSync(join(root, path)) && read(path) === text) continue;
    writeFileSync(join(root, path), text);
    console.log(`wrote ${path}`);
  }
}
