// What new-rule and new-framework share: names, new files that never overwrite, and lines put into lists.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { node, root, run } from './bootstrap.mjs';

/** The NAME argument in kebab case, checked; ends the process where it is missing or odd. */
export function nameArgument(what) {
  const name = process.argv[2] ?? '';
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) return name;
  console.error(
    `npm run new:${what} NAME, with a name in kebab case: ${what === 'rule' ? 'wasted-call' : 'open-flow'}`,
  );
  process.exit(2);
}

export function camel(name) {
  return name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
}

/** Writes a new file; ends the process if it is there. */
export function create(path, text) {
  const file = join(root, path);
  if (existsSync(file)) {
    console.error(`${path} exists`);
    process.exit(1);
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(`wrote ${path}`);
}

/** Replaces `pattern` in a file; ends the process where it does not occur, since the file has another shape then. */
export function edit(path, pattern, replacement) {
  const file = join(root, path);
  const text = readFileSync(file, 'utf8');
  if (!pattern.test(text)) {
    console.error(`${path} does not look as expected: nothing matches ${pattern}`);
    process.exit(1);
  }
  writeFileSync(file, text.replace(pattern, replacement));
  console.log(`changed ${path}`);
}

export function contains(path, text) {
  return readFileSync(join(root, path), 'utf8').includes(text);
}

export function format(...paths) {
  run(node, ['node_modules/@biomejs/biome/bin/biome', 'check', '--write', '--log-level=error', ...paths]);
}
