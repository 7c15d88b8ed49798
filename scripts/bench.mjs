// npm run bench [NAME [ARGUMENTS]]: runs the benchmarks of test/bench, all or those whose file name contains NAME; each file
// says which arguments it takes.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build, exitOnFailure, install, node, root, run } from './bootstrap.mjs';

const folder = join(root, 'test', 'bench');
const benches = (existsSync(folder) ? readdirSync(folder) : [])
  .filter(file => file.endsWith('.bench.ts') && file.includes(process.argv[2] ?? ''))
  .sort();
if (benches.length === 0) {
  console.error(
    `no benchmark ${process.argv[2] ?? ''} in test/bench; one is a file NAME.bench.ts that prints its figures`,
  );
  process.exit(2);
}
try {
  install();
  build();
  for (const bench of benches) {
    console.log(`\n== ${bench} ==`);
    run(node, [
      '--expose-gc',
      '--disable-warning=ExperimentalWarning',
      join('test', 'bench', bench),
      ...process.argv.slice(3),
    ]);
  }
} catch (error) {
  exitOnFailure(error);
}
