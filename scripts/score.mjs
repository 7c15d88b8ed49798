// npm run score: how the analyzer does on hand-labelled sites of public repositories, and with the warnings beside them
// that test/corpus/verdicts.md judges.
// LOOPBOUND_CORPUS is a folder with score.mjs and dev-labels.jsonl (../shared/corpus), LOOPBOUND_REPOS the folder with
// the bare repositories (../.mirror). Further arguments go to score.mjs.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build, exitOnFailure, install, node, root, run } from './bootstrap.mjs';
import { judge } from './verdicts.mjs';

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
for (const [repo, commit] of sites()) leaveOutMissing(repo, commit);
const rest = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), 'loopbound-score-'));
const out = rest.includes('--out') ? rest[rest.indexOf('--out') + 1] : join(scratch, 'score.json');
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
    ...(rest.includes('--out') ? [] : ['--out', out]),
    ...rest,
  ]);
  const verdicts = readFileSync(join(root, 'test/corpus/verdicts.md'), 'utf8');
  console.log(judge(JSON.parse(readFileSync(resolve(out), 'utf8')), verdicts).join('\n'));
} catch (error) {
  exitOnFailure(error);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** The labelled commits, by repository. */
function sites() {
  const lines = readFileSync(join(corpus, 'dev-labels.jsonl'), 'utf8').split('\n').filter(Boolean);
  return new Map(lines.map(line => JSON.parse(line)).map(({ repo, commit }) => [repo, commit]));
}

/** A snapshot lacks its largest files, and `git archive` gives up on one that is missing: it is told to leave them out. */
function leaveOutMissing(repo, commit) {
  const name = join(repos, repo.replace('/', '+'));
  const bare = [join(name, 'repo'), name].find(folder => existsSync(join(folder, 'objects')));
  if (!bare) return;
  const git = (args, input) =>
    execFileSync('git', ['--git-dir', bare, ...args], { input, encoding: 'utf8', maxBuffer: 1 << 30 });
  const files = git(['ls-tree', '-r', '-z', commit])
    .split('\0')
    .filter(Boolean)
    .map(row => ({ path: row.slice(row.indexOf('\t') + 1), blob: row.split(/\s/)[2] }));
  const found = git(['cat-file', '--batch-check'], files.map(file => file.blob).join('\n')).split('\n');
  const missing = files.filter((_, at) => found[at].endsWith(' missing')).map(file => file.path);
  if (missing.length === 0) return;
  mkdirSync(join(bare, 'info'), { recursive: true });
  // A pattern in quotes may hold anything; what means something in a pattern is escaped.
  const pattern = path => JSON.stringify(`/${path.replace(/[\\*?[\]]/g, '\\$&')}`);
  writeFileSync(join(bare, 'info', 'attributes'), missing.map(path => `${pattern(path)} export-ignore\n`).join(''));
}
