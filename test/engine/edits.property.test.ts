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

/** A module of a workspace in which everything leads to everything: what it defines, and the module that it leans on. */
interface Woven {
  readonly on: number;
  readonly how: 'names' | 'all' | 'again' | 'none';
  readonly limit: string;
  readonly run: string;
  readonly each: string;
  readonly kind: string;
  readonly ask: string;
  readonly top: string;
}

const woven = 5;
/** `$` is the module that is leant on. */
const shapes: { readonly [name in Exclude<keyof Woven, 'on' | 'how'>]: readonly string[] } = {
  limit: ['3', 'limit$', 'Infinity', 'Number(process.env.LIMIT ?? 4)', 'limit$ * 2'],
  run: [
    "return client.chat.completions.create({ model: 'm', messages: [] })",
    'for (let i = 0; i < limit; i++) await run$(i);',
    'while (true) { if (await run$(n)) break; }',
    'try { return await run$(n); } catch { return run(n + 1); }',
    'if (n < limit$) return run$(n + 1);',
    'await each$(() => run$(n));',
    'const kind = new Kind$(limit); return kind.step(n);',
    'let tries = 0; while (tries < limit$) { tries++; await ask$(); await run$(tries); }',
    'return n;',
  ],
  each: [
    'while (await f()) {}',
    'for (const one of [1, 2]) await f(one);',
    'return each$(f);',
    'let turns = 0; do { turns++; if (turns > limit$) throw new Error("enough"); } while (await f());',
    'setTimeout(f, 100);',
  ],
  kind: [
    'turns = 0; constructor(max = limit) { this.max = max; } async step(n) { while (this.turns++ < this.max) await run$(n); }',
    'next = run$; async step(n) { for (;;) { await this.next(n); this.stop(n); } } stop(turns, maxTurns = 3) { if (turns > maxTurns) throw new Error(); }',
    'step(n) { return new Kind$(n).step(n); }',
    'async step(n) { try { await run$(n); } catch { await this.step(n); } }',
  ],
  ask: ["return prompt('go on?')", 'return ask$()', 'return true', 'return new Promise(done => ask$().then(done))'],
  top: [
    '',
    'run(1);',
    'while (await ask$()) await run(limit);',
    "export const graph = new StateGraph({}).addNode('a', run$).addNode('b', () => run(2)).addEdge('a', 'b').addEdge('b', 'a').compile();",
    'import { graph } from "./m$"; await graph.invoke({}, { recursionLimit: limit });',
    'const runner = globalThis.runner; while (true) { runner.stop(1); await run$(0); }',
    "const one = new Agent({ name: 'one', handoffs: [two$] }); export const two = new Agent({ name: 'two' }); await new Runner().run(one, 'x', { maxTurns: limit$ });",
    '// loopbound-ignore-next-line unbounded-loop -- known\nwhile (true) await run$(1);',
  ],
};

function wovenText(file: number, { on, how, ...parts }: Woven): string {
  const lines = [
    "import OpenAI from 'openai';",
    "import { StateGraph } from '@langchain/langgraph';",
    "import { Agent, Runner } from '@openai/agents';",
  ];
  const names = ['limit', 'run', 'each', 'ask', 'Kind', 'two'];
  if (how === 'names') lines.push(`import { ${names.map(name => `${name} as ${name}$`).join(', ')} } from './m$';`);
  if (how === 'all')
    lines.push("import * as m$ from './m$';", `const { ${names.map(n => `${n}: ${n}$`).join(', ')} } = m$;`);
  if (how === 'again') lines.splice(0, 3, "import { run as run$ } from './m$';", "export * from './m$';");
  lines.push('const client = new OpenAI();', `export const limit = ${parts.limit};`);
  lines.push(`export async function run(n = 0) { ${parts.run} }`, `export async function each(f) { ${parts.each} }`);
  lines.push(`export async function ask() { ${parts.ask} }`, `export class Kind { ${parts.kind} }`, parts.top);
  const other = on === file ? (on + 1) % woven : on;
  return `${lines.join('\n').replaceAll('$', String(other))}\n`;
}

const wovenEdit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record({
        file: fc.nat(woven - 1),
        on: fc.nat(woven),
        how: fc.constantFrom('names' as const, 'names' as const, 'all' as const, 'again' as const, 'none' as const),
        limit: fc.constantFrom(...shapes.limit),
        run: fc.constantFrom(...shapes.run),
        each: fc.constantFrom(...shapes.each),
        kind: fc.constantFrom(...shapes.kind),
        ask: fc.constantFrom(...shapes.ask),
        top: fc.constantFrom(...shapes.top),
        to: fc.constantFrom('buffer' as const, 'disk' as const),
      })
      .map(({ file, to, ...parts }) => ({ do: to, path: `m${file}.ts`, text: wovenText(file, parts) })),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('close' as const, 'remove' as const),
      path: fc.constantFrom('m0.ts', 'm1.ts', 'm2.ts'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...[
        '{ "dependencies": { "@langchain/langgraph": "0.2.0", "openai": "^4.1.0" } }',
        '{ "dependencies": { "@openai/agents": "0.3.0" }, "loopbound": { "modelCallees": ["ask"] } }',
        '{ "loopbound": { "guards": ["each"], "acceptedCap": 2 } }',
        '{ "loopbound": { "exclude": ["m1.ts"], "rules": { "unbounded-loop": "off" } } }',
      ].map(text => ({ do: 'disk' as const, path: 'package.json', text })),
    ),
  },
  { weight: 4, arbitrary: fc.constant({ do: 'check' as const }) },
);

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

/** `always`: after each check, and not only at the end. */
async function holds(engine: Engine, edits: readonly Edit[], disk: Map<string, string>, always = false): Promise<void> {
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
        if (always) await equalsColdRun();
        break;
      case 'cancel':
        await session.check({ cancelled: () => true }).catch(() => undefined);
    }
  }
  await equalsColdRun();

  async function equalsColdRun(): Promise<void> {
    const cold = new Session(engine, { files: memoryFiles(new Map([...disk, ...buffers])), log: strictLog });
    expect(answer(await session.check())).toBe(answer(await cold.check()));
  }
}

const runs = Number(process.env.LOOPBOUND_RUNS ?? 300);

test.each([
  ['an analysis that depends on everything', fakeEngine()],
  ['the shipped analysis', realEngine],
])('edits through a session equal a cold run: %s', { timeout: 120_000 }, async (_name, engine) => {
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 14 }), edits =>
      holds(engine, edits, new Map([['a.ts', texts['a.ts']?.[0] as string]])),
    ),
    { numRuns: runs },
  );
});

test('edits of modules that lean on each other equal a cold run at every step', { timeout: 240_000 }, async () => {
  const plain = {
    limit: '3',
    run: shapes.run[0]!,
    each: shapes.each[0]!,
    kind: shapes.kind[0]!,
    ask: 'return true',
    top: '',
  };
  const start = Array.from({ length: woven }, (_, file): [string, string] => [
    `m${file}.ts`,
    wovenText(file, { on: file + 1, how: file + 1 < woven ? 'names' : 'none', ...plain }),
  ]);
  await fc.assert(
    fc.asyncProperty(fc.array(wovenEdit, { minLength: 2, maxLength: 24 }), edits =>
      holds(realEngine, edits, new Map(start), true),
    ),
    { numRuns: runs },
  );
});
