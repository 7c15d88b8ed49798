// npm run new:rule NAME: a rule with its place in the lists, and a fixture.

import { camel, contains, create, edit, format, nameArgument } from './scaffold.mjs';

const name = nameArgument('rule');
const id = camel(name);
const file = `server/src/rules/${name}.ts`;

create(
  file,
  `// TODO: what this rule promises to find, and what it leaves to others.
import type { Finding } from './finding.ts';
import type { Rule, Subject } from './rule.ts';

export const ${id} = {
  id: '${name}',
  what: 'TODO: what it finds, one sentence.',
  why: 'TODO: why it costs.',
  do: 'TODO: what to do.',
  severity: 'warning',
  bad: { language: 'typescript', code: '// TODO: reported by this rule' },
  good: { language: 'typescript', code: '// TODO: reported by no rule' },
  check(_subject: Subject): Finding[] {
    return [];
  },
} satisfies Rule;
`,
);
edit(
  'server/src/rules/index.ts',
  /(import type \{ Rule \} from '\.\/rule\.ts';\n)/,
  `$1import { ${id} } from './${name}.ts';\n`,
);
edit('server/src/rules/index.ts', /(export const rules: readonly Rule\[\] = \[[\s\S]*?)(,?\s*)\];/, `$1, ${id}];`);
if (!contains('server/src/rules/finding.ts', `'${name}'`)) {
  edit('server/src/rules/finding.ts', /(export const ruleIds = \[[\s\S]*?)(\] as const;)/, `$1  '${name}',\n$2`);
}
create(
  `test/fixtures/rules/${name}.ts`,
  `// TODO: code that the rule reports, with marks under it, and code that it does not report.
`,
);
format(file, 'server/src/rules/index.ts', 'server/src/rules/finding.ts');
console.log(`\nNext: fill in ${file} and the fixture, then npm run docs and npm test -- types unit docs`);
