// npm run score: how the analyzer does on hand-labelled sites of public repositories.
// LOOPBOUND_CORPUS is a folder with score.mjs and dev-labels.jsonl (../shared/corpus), LOOPBOUND_REPOS the folder with
// the bare repositories (../.mirror). Further arguments go to score.mjs.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, exitOnFailure, install, node, root, run } from './bootstrap.mjs';

const corpus = resolve(root, process.env.LOOPBOUND_CORPUS ?? '../shared/corpus');
const repos = resolve(root, process.env.LOOPBOUND_REPOS ?? '../.mirror');
for (const [what, path, name] of [
  ['corpus', join(corpus, 'score.mjs'), 'LOOPBOUND_CORPUS'],
  ['labels', join(corpus, 'dev-labels.jsonl'), 'LOOPBOUND_CORPUS'],
  ['repositories', repos, 'LOOPBOUND_REPOS'],
]) {
  if (existsSync(path)) continue;
  console.error(`no ${what} at ${path}; set ${name} to the folder`);
  process.exit(2);
}
try {
  install();
  build();
  run(node, [
    join(corpus, 'score.mjs'),
    '--labels',
    join(corpus, 'dev-labels.jsonl'),
    '--repos',
    repos,
    '--cli',
    `${node} ${join(root, 'dist', 'cli.js')}`,
    ...process.argv.slice(2),
  ]);
} catch (error) {
  exitOnFailure(error);
}
