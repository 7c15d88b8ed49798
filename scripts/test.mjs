// npm test: everything that says whether the checkout is sound, in sections. Runs all of them and ends with the exit
// code of the first that failed. `--ci` (npm run ready) behaves as on the CI machine: what cannot run is a failure.
// `npm test -- types unit` runs only these sections.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build, Failed, install, node, root, run } from './bootstrap.mjs';

const words = process.argv.slice(2);
const picked = words.filter(word => !word.startsWith('--'));
const ci = words.includes('--ci') || process.env.CI === 'true';
const env = ci ? { CI: 'true' } : {};

const bin = (name, ...args) => [node, [join('node_modules', name), ...args]];
const vitest = (...args) => bin('vitest/vitest.mjs', 'run', ...args);

/** What each section runs; a section with `needs` is left out, loudly, while that file does not exist. */
const sections = [
  { name: 'types', commands: ['.', 'client/src/webview', 'examples'].map(p => bin('typescript/bin/tsc', '-p', p)) },
  { name: 'lint', commands: [bin('@biomejs/biome/bin/biome', 'check')] },
  {
    name: 'unit',
    commands: [
      vitest(
        ...['docs', 'examples', 'integration'].flatMap(name => ['--exclude', `test/${name}*/**`]),
        '--exclude',
        'test/docs.test.ts',
      ),
    ],
  },
  { name: 'docs', commands: [vitest('test/docs.test.ts')] },
  { name: 'integration', commands: [[node, ['scripts/python.mjs']], vitest('test/integration', 'test/examples')] },
  { name: 'neovim', needs: 'test/neovim/run.mjs', commands: [[node, ['test/neovim/run.mjs']]] },
  { name: 'vscode', needs: 'test/vscode/run.mjs', commands: [[node, ['test/vscode/run.mjs', '--no-build']]] },
];

const unknown = picked.filter(name => !sections.some(section => section.name === name));
if (unknown.length > 0) {
  console.error(`no section ${unknown.join(', ')}; there are ${sections.map(section => section.name).join(', ')}`);
  process.exit(2);
}

const results = [];
title('install and build');
attempt('install and build', () => {
  install();
  build();
});
if (results.every(result => result.status === 0)) {
  for (const section of sections) {
    if (picked.length > 0 && !picked.includes(section.name)) continue;
    title(section.name);
    if (section.needs && !existsSync(join(root, section.needs))) {
      console.log(`${section.needs} does not exist: nothing is tested here`);
      results.push({ name: section.name, status: ci ? 1 : 0, note: 'missing', seconds: 0 });
      continue;
    }
    attempt(section.name, () => {
      for (const [command, args] of section.commands) run(command, args, env);
    });
  }
}

title('summary');
for (const { name, status, note, seconds } of results) {
  console.log(
    `${(note ?? (status === 0 ? 'passed' : 'FAILED')).padEnd(8)} ${name.padEnd(18)} ${seconds.toFixed(0).padStart(4)} s`,
  );
}
process.exit(results.find(result => result.status !== 0)?.status ?? 0);

function attempt(name, work) {
  const started = performance.now();
  let status = 0;
  try {
    work();
  } catch (error) {
    status = error instanceof Failed ? error.status : 1;
    console.error(error instanceof Failed ? error.message : error);
  }
  results.push({ name, status, seconds: (performance.now() - started) / 1000 });
}

function title(name) {
  console.log(`\n======== ${name} ${'='.repeat(Math.max(0, 70 - name.length))}`);
}
