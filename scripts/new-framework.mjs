// npm run new:framework NAME: an adapter with its place in the list, a fixture, and the test that proves its defaults.

import { camel, create, edit, format, nameArgument } from './scaffold.mjs';

const name = nameArgument('framework');
const id = camel(name);
const file = `server/src/frameworks/${name}.ts`;

create(
  file,
  `// TODO: which constructs of the framework this reads, and what limits a run.
import type { Framework } from './framework.ts';

const packages = ['${name}'];

export const ${id} = {
  id: '${name}',
  title: 'TODO',
  docs: 'https://TODO',
  packages: { typescript: packages, python: [] },
  // Each default with the meaning of every sentinel, and the test that has run the real package.
  defaults: [],
  calls: [{ packages, path: /^:TODO$/, effect: 'agent' }],
} satisfies Framework;
`,
);
edit(
  'server/src/frameworks/index.ts',
  /(import type \{ Framework \} from '\.\/framework\.ts';\n)/,
  `$1import { ${id} } from './${name}.ts';\n`,
);
edit('server/src/frameworks/index.ts', /(export const frameworks: readonly Framework\[\] = \[\s*plain,)/, `$1 ${id},`);
create(
  `test/fixtures/${name}/cycle.ts`,
  `// TODO: a cycle as users of the framework write it, with marks under it, and its bounded twin.
`,
);
create(
  `test/integration/${name}.test.ts`,
  `// TODO: what the framework's limit counts and what its default is. Run against the installed package, which is a
// dependency of test/integration/package.json (then npm run lock).

import { test } from 'vitest';

test.todo('the default limit');
`,
);
format(file, 'server/src/frameworks/index.ts');
console.log(`\nNext: fill in ${file} and the tests, then npm test -- types unit integration`);
