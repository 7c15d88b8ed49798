// A session over edits: what it reports, what it keeps, what it survives.
import { describe, expect, test } from 'vitest';
import { Session } from '../../server/src/engine/session.ts';
import { Cancelled } from '../../server/src/program/cancelled.ts';
import { toJson } from '../../server/src/report/json.ts';
import { memoryFiles } from '../../server/src/workspace/files.ts';
import { silentLog } from '../../server/src/workspace/log.ts';
import { sessionOver, strictLog } from '../harness/analyze.ts';
import { fakeEngine } from '../harness/fake-engine.ts';

const engine = fakeEngine();
const agent =
  "import OpenAI from 'openai';\n\nexport async function run() {\n  while (true) {\n    await ask();\n  }\n}\n";

const places = async (session: Session) => {
  const { findings } = toJson(await session.check());
  return findings.map(({ file, range }) => `${file}:${range.start.line}:${range.start.column}`);
};

describe('what is analysed', () => {
  test('files with agent code and what imports them, in both languages', async () => {
    const session = sessionOver(
      {
        'agent.ts': agent,
        'main.ts': "import { run } from './agent';\nwhile (true) await run();\n",
        'top.js': "require('./main.js');\nwhile (true) {}\n",
        'other.ts': 'while (true) {}\n',
        'flow.py': 'from langgraph.graph import StateGraph\nwhile True:\n    pass\n',
        'shape.mjs': 'while (true) client.chat.completions.create({});\n',
      },
      { engine },
    );
    expect(await places(session)).toEqual([
      'agent.ts:4:3',
      'flow.py:2:1',
      'main.ts:2:1',
      'shape.mjs:1:1',
      'top.js:2:1',
    ]);
  });

  test('only what was named, though imports are read', async () => {
    const texts = { 'a.ts': `import './b';\n${agent}`, 'b.ts': agent };
    const check = await sessionOver(texts, { engine, starts: ['a.ts'] }).check();
    expect(check.findings.map(found => found.path)).toEqual(['a.ts']);
    expect(check.findings[0]?.related.map(hop => hop.path)).toEqual(['a.ts', 'b.ts', 'a.ts']);
  });

  test('broken text gives what can be read', async () => {
    const session = sessionOver({ 'a.ts': `${agent}\nfunction (((` }, { engine });
    expect(await places(session)).toEqual(['a.ts:4:3']);
  });
});

describe('edits', () => {
  test('a buffer wins over the file until it is closed', async () => {
    const session = sessionOver({ 'a.ts': agent }, { engine });
    expect(await places(session)).toEqual(['a.ts:4:3']);
    session.setBuffer('a.ts', agent.replace('true', 'ready()'));
    expect(await places(session)).toEqual([]);
    session.closeBuffer('a.ts');
    expect(await places(session)).toEqual(['a.ts:4:3']);
  });

  test('a new buffer in a new folder is found, an ignored one is not', async () => {
    const session = sessionOver({ '.gitignore': 'out.ts\n' }, { engine });
    await session.check();
    session.setBuffer('new/deep/a.ts', agent);
    session.setBuffer('out.ts', agent);
    session.setBuffer('node_modules/x/a.ts', agent);
    expect(await places(session)).toEqual(['new/deep/a.ts:4:3']);
  });

  test('files on the disk change, come and go', async () => {
    const texts = new Map([['a.ts', agent]]);
    const session = new Session(engine, { files: memoryFiles(texts), log: strictLog });
    await session.check();
    texts.set('b.ts', agent);
    texts.set('a.ts', `\n${agent}`);
    session.filesChanged(['a.ts', 'b.ts']);
    expect(await places(session)).toEqual(['a.ts:5:3', 'b.ts:4:3']);
    texts.delete('a.ts');
    session.filesChanged(['a.ts']);
    expect(await places(session)).toEqual(['b.ts:4:3']);
  });

  test('without a change the answer is the same object, and one edit reads one file anew', async () => {
    const session = sessionOver({ 'a.ts': agent, 'b.ts': agent }, { engine });
    const first = await session.check();
    expect(await session.check()).toBe(first);
    const before = { a: session.module('a.ts'), b: session.module('b.ts') };
    session.setBuffer('a.ts', `${agent}\n`);
    await session.check();
    expect(session.module('b.ts')).toBe(before.b);
    expect(session.module('a.ts')).not.toBe(before.a);
  });
});

describe('what is not done again', () => {
  test('an edit of a file that the analysis never read costs no analysis', async () => {
    let runs = 0;
    const counting = fakeEngine({ onAnalyze: () => runs++ });
    const session = sessionOver(
      { 'a.ts': `import './used';\n${agent}`, 'used.ts': '', 'other.ts': 'let a = 1;\n' },
      { engine: counting },
    );
    const first = await session.check();
    session.setBuffer('other.ts', 'let a = 2;\n');
    expect(await session.check()).toBe(first);
    session.setBuffer('a.ts', `import './used';\n${agent}`);
    expect(await session.check()).toBe(first);
    expect(runs).toBe(1);
    session.setBuffer('used.ts', 'let b;\n');
    await session.check();
    session.setBuffer('other.ts', "import 'openai';\n");
    await session.check();
    expect(runs).toBe(3);
  });
});

describe('cancellation and bugs', () => {
  test('a cancelled check ends with Cancelled and loses no change', async () => {
    const session = sessionOver({ 'a.ts': agent }, { engine });
    await expect(session.check({ cancelled: () => true })).rejects.toBeInstanceOf(Cancelled);
    expect(await places(session)).toEqual(['a.ts:4:3']);
    session.setBuffer('a.ts', `\n${agent}`);
    let asked = 0;
    await expect(session.check({ cancelled: () => ++asked > 1 })).rejects.toBeInstanceOf(Cancelled);
    expect(await places(session)).toEqual(['a.ts:5:3']);
  });

  test('a rule that throws is logged once, and the session lives on', async () => {
    let broken = true;
    const errors: string[] = [];
    const log = { ...silentLog, error: (message: string) => void errors.push(message) };
    const files = memoryFiles(new Map([['a.ts', agent]]));
    const session = new Session(fakeEngine({ broken: () => broken }), { files, log });
    expect((await session.check()).findings).toEqual([]);
    session.setBuffer('a.ts', `\n${agent}`);
    expect((await session.check()).findings).toEqual([]);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain('a rule fell over');
    broken = false;
    session.setBuffer('a.ts', agent);
    expect(await places(session)).toEqual(['a.ts:4:3']);
  });

  test('a language that cannot be loaded costs its files only', async () => {
    const errors: string[] = [];
    const log = { ...silentLog, error: (message: string) => void errors.push(message) };
    const languages = engine.languages.map(language =>
      language.extensions.includes('.py')
        ? { ...language, load: () => Promise.reject(new Error('no wasm')) }
        : language,
    );
    const files = memoryFiles(
      new Map([
        ['a.ts', agent],
        ['b.py', 'import openai\nwhile True: pass\n'],
      ]),
    );
    const session = new Session({ ...engine, languages }, { files, log });
    expect(await places(session)).toEqual(['a.ts:4:3']);
    expect(errors.join()).toContain('no wasm');
  });
});

describe('suppressions', () => {
  const found = async (text: string, path = 'a.ts') => {
    const check = await sessionOver({ [path]: text }, { engine }).check();
    return {
      findings: check.findings.length,
      silenced: check.suppressed.length,
      problems: check.problems.map(({ range, message }) => `${range.start.line}: ${message}`),
    };
  };
  const loop = (above: string, beside = '') => `import 'openai';\n${above}\nwhile (true) {${beside}\n}\n`;

  test('the next line, this line, the whole file, and Python', async () => {
    const silent = { findings: 0, silenced: 1, problems: [] };
    expect(await found(loop('// loopbound-ignore-next-line unbounded-loop -- a person watches'))).toEqual(silent);
    expect(await found(loop('', ' // loopbound-ignore-line unbounded-loop -- a person watches'))).toEqual(silent);
    expect(await found(loop('/* loopbound-ignore-file unbounded-loop -- generated */'))).toEqual(silent);
    expect(await found(loop('// loopbound-ignore-next-line unbounded-loop, fan-out -- ok\n// another remark'))).toEqual(
      silent,
    );
    const python =
      'import openai\n# loopbound-ignore-next-line unbounded-loop -- a person watches\nwhile True:\n    pass\n';
    expect(await found(python, 'a.py')).toEqual(silent);
  });

  test('a reason and a known rule are mandatory', async () => {
    expect(await found(loop('// loopbound-ignore-next-line unbounded-loop'))).toMatchObject({
      findings: 1,
      problems: [expect.stringContaining('2: A reason is missing')],
    });
    expect(await found(loop('// loopbound-ignore-next-line unbound-loop -- typo'))).toMatchObject({
      findings: 1,
      problems: ['2: There is no rule "unbound-loop"; did you mean "unbounded-loop"?'],
    });
    expect((await found(loop('// loopbound-ignore-next-line -- all of it'))).problems[0]).toContain('Name the rule');
  });

  test('what silences nothing is reported, also in files without agent code', async () => {
    const useless = '// loopbound-ignore-next-line unbounded-loop -- long gone\nlet a = 1;\n';
    expect((await found(useless)).problems[0]).toContain('1: This comment silences nothing');
    const wrongLine = loop('// loopbound-ignore-next-line unbounded-loop -- why\nlet a = 1;');
    expect(await found(wrongLine)).toMatchObject({
      findings: 1,
      problems: [expect.stringContaining('silences nothing')],
    });
  });
});

describe('fingerprints', () => {
  const prints = async (text: string) =>
    toJson(await sessionOver({ 'a.ts': text }, { engine }).check()).findings.map(f => f.fingerprint);

  test('survive edits above, and tell equal findings apart', async () => {
    const two = await prints(`import 'openai';\nwhile (true) {}\nwhile (true) {}\n`);
    expect(new Set(two).size).toBe(2);
    expect(await prints(`import 'openai';\n\n// moved\nwhile (true) {}\nlet x;\nwhile (true) {}\n`)).toEqual(two);
  });
});

test('a skipped file that is removed is no longer named', async () => {
  const disk = new Map([
    ['agent.ts', agent],
    ['broken.ts', 'let a\u0000b;\n'],
  ]);
  const session = new Session(engine, { files: memoryFiles(disk), log: strictLog });
  expect((await session.check()).skipped.map(({ path }) => path)).toEqual(['broken.ts']);
  disk.delete('broken.ts');
  session.filesChanged(['broken.ts']);
  expect((await session.check()).skipped).toEqual([]);
});
