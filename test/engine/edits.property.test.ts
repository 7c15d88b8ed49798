// The edit property: whatever edits a session went through, its answer equals that of a cold run, byte for byte.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { engine as realEngine } from '../../server/src/compose.ts';
import type { Check } from '../../server/src/engine/check.ts';
import type { Engine } from '../../server/src/engine/engine.ts';
import { Session } from '../../server/src/engine/session.ts';
import { toJson } from '../../server/src/report/json.ts';
import { memoryFiles } from '../../server/src/workspace/files.ts';
import { strictLog } from '../harness/analyze.ts';
import { fakeEngine } from '../harness/fake-engine.ts';

/** A loop whose bound and whose model call lie in other files. */
const caller = `import { ask, limit } from './b';
export async function run(messages: string[]) {
  for (let turn = 0; turn < limit; turn++) messages.push(await ask(messages));
}
`;
const asks = (limit: string, body: string) => `import OpenAI from 'openai';
import { run } from './a';
const client = new OpenAI();
export const limit = ${limit};
export async function ask(messages: string[]): Promise<string> {
  ${body}
}
export const again = () => run([]);
`;
const call = "return client.chat.completions.create({ model: 'm', messages })";

const texts: { readonly [path: string]: readonly string[] } = {
  'a.ts': [
    "import OpenAI from 'openai';\nexport const limit = 3;\nexport async function run() { while (true) await ask(); }\n",
    "import { x } from './b';\nwhile (true) x();\n",
    "import { x } from '@/deep';\nimport './b';\nwhile (true) x();\n// loopbound-ignore-next-line unbounded-loop -- fine\nwhile (true) x();\n",
    caller,
    caller.replace('turn++', ''),
    'while (true) {}\n',
    'while (true) client.chat.completions.create({});\n',
    'const broken = (((\n',
  ],
  'b.ts': [
    asks('5', call),
    asks('Infinity', call),
    asks('9', `try { ${call} } catch { return ask(messages); }`),
    asks('9', 'return messages[0]'),
    "export { run } from './a';\nexport const x = 1;\n",
    "import 'openai';\nexport const x = () => 1;\nwhile (true) {}\n",
    "// loopbound-ignore-file unbounded-loop -- all\nimport './a';\nwhile (true) {}\n",
    '',
  ],
  'src/deep.ts': ["import 'openai';\nexport const x = 1;\n", "import '../a';\nwhile (true) {}\n", 'let a\0b;\n'],
  'flow.py': ['import openai\nwhile True:\n    pass\n', 'from . import other\nwhile True:\n    pass\n', 'def f(:\n'],
  'other.py': ['import langgraph\n', 'x = 1\n'],
  'package.json': [
    '{ "dependencies": { "openai": "^4.1.0" } }',
    '{ "dependencies": { "openai": "5.0.0" }, "loopbound": { "rules": { "unbounded-loop": "error" } } }',
    '{ broken',
  ],
  'tsconfig.json': ['{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }', '{}'],
  'loopbound.config.json': [
    '{ "exclude": ["b.ts"] }',
    '{ "rules": { "unbounded-loop": "off" } }',
    '{ "rules": 1 }',
    '{ "modelCallees": ["*.x"] }',
  ],
  '.gitignore': ['src/\n', 'a.ts\n', ''],
};
// The file with the most shapes is edited most.
const paths = ['a.ts', 'a.ts', 'a.ts', 'b.ts', 'b.ts', ...Object.keys(texts)];

type Edit =
  | { readonly do: 'buffer' | 'disk'; readonly path: string; readonly text: string }
  | { readonly do: 'close' | 'remove'; readonly path: string }
  | { readonly do: 'check' | 'cancel' };

const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(...paths).chain(path =>
      fc.record({
        do: fc.constantFrom('buffer' as const, 'disk' as const),
        path: fc.constant(path),
        text: fc.constantFrom(...(texts[path] as readonly string[])),
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('close' as const, 'remove' as const), path: fc.constantFrom(...paths) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('check' as const, 'cancel' as const) }) },
);

/** Everything but the time and the number of modules read. */
function answer(check: Check): string {
  const { findings, entries, summary } = toJson(check);
  const { problems, skipped, suppressed } = check;
  const silenced = suppressed.map(found => found.fingerprint);
  return JSON.stringify({
    findings,
    entries,
    files: summary.files,
    parsed: summary.parsed,
    problems,
    skipped,
    silenced,
  });
}

async function holds(engine: Engine, edits: readonly Edit[]): Promise<void> {
  const disk = new Map<string, string>([['a.ts', texts['a.ts']?.[0] as string]]);
  const buffers = new Map<string, string>();
  const session = new Session(engine, { files: memoryFiles(disk), log: strictLog });
  for (const step of edits) {
    switch (step.do) {
      case 'buffer':
        buffers.set(step.path, step.text);
        session.setBuffer(step.path, step.text);
        break;
      case 'close':
        buffers.delete(step.path);
        session.closeBuffer(step.path);
        break;
      case 'disk':
        disk.set(step.path, step.text);
        session.filesChanged([step.path]);
        break;
      case 'remove':
        disk.delete(step.path);
        session.filesChanged([step.path]);
        break;
      case 'check':
        await session.check();
        break;
      case 'cancel':
        await session.check({ cancelled: () => true }).catch(() => undefined);
    }
  }
  const cold = new Session(engine, { files: memoryFiles(new Map([...disk, ...buffers])), log: strictLog });
  expect(answer(await session.check())).toBe(answer(await cold.check()));
}

const runs = Number(process.env.LOOPBOUND_RUNS ?? 300);

test.each([
  ['an analysis that depends on everything', fakeEngine()],
  ['the shipped analysis', realEngine],
])('edits through a session equal a cold run: %s', { timeout: 120_000 }, async (_name, engine) => {
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 14 }), edits => holds(engine, edits)),
    { numRuns: runs },
  );
});
