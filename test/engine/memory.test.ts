// What is kept between runs: it saves work, and it never changes an answer.
import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openMemory } from '../../server/src/engine/memory.ts';
import { Session } from '../../server/src/engine/session.ts';
import { toJson } from '../../server/src/report/json.ts';
import { diskFiles } from '../../server/src/workspace/files.ts';
import type { Store } from '../../server/src/workspace/store.ts';
import { strictLog } from '../harness/analyze.ts';
import { fakeEngine } from '../harness/fake-engine.ts';

const agent = "import OpenAI from 'openai';\nimport { x } from './skipped/x';\nwhile (true) {}\n";
let root: string;
let blobs: Map<string, string>;
let store: Store;
/** Long ago, so that no time stamp is too fresh to be trusted; each write is a minute later than the one before. */
let clock = 1_600_000_000;

function write(path: string, text: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  clock += 60;
  utimesSync(file, clock, clock);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'loopbound-memory-'));
  blobs = new Map();
  store = { read: name => blobs.get(name), write: (name, data) => void blobs.set(name, data) };
  write('a.ts', agent);
  write('skipped/x.ts', 'export const x = 1;\n');
  write('loopbound.config.json', '{ "exclude": ["skipped"] }');
  write('package.json', '{ "dependencies": { "openai": "^4.0.0" } }');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** One run as a new process would do it: the answer, and whether the analysis ran. */
async function run(build = 'build', change: (session: Session) => void = () => undefined) {
  let analysed = false;
  const engine = fakeEngine({
    onAnalyze: () => {
      analysed = true;
    },
  });
  const session = new Session(engine, {
    files: diskFiles(root),
    log: strictLog,
    memory: openMemory(store, root, build),
  });
  change(session);
  const { summary, ...report } = toJson(await session.check());
  session.remember();
  return { analysed, session, answer: { ...report, summary: { ...summary, milliseconds: 0 } } };
}

describe('a second run', () => {
  test('gives the same answer without analysing', async () => {
    const first = await run();
    expect(first.analysed).toBe(true);
    expect(first.answer.findings).toHaveLength(1);
    const second = await run();
    expect(second.analysed).toBe(false);
    expect(second.answer).toEqual(first.answer);
  });

  test('can still write fixes, and notices edits', async () => {
    await run();
    const { session } = await run();
    await session.ready();
    const [found] = (await session.check()).findings;
    expect(session.edits(found!.finding.fixes[0]!)?.get('a.ts')).toHaveLength(1);
    session.setBuffer('a.ts', `\n${agent}`);
    expect((await session.check()).findings[0]?.range.start.line).toBe(4);
  });

  test('an open file that is as on the disk is no change, an unsaved one is', async () => {
    await run();
    expect((await run('build', session => session.setBuffer('a.ts', agent))).analysed).toBe(false);
    const unsaved = await run('build', session => session.setBuffer('a.ts', `\n${agent}`));
    expect([unsaved.analysed, unsaved.answer.findings[0]?.range.start.line]).toEqual([true, 4]);
    expect((await run()).analysed).toBe(false);
  });

  test.each([
    ['a source file', () => write('a.ts', `\n${agent}`)],
    ['a new file', () => write('b.ts', agent)],
    ['the config', () => write('loopbound.config.json', '{}')],
    ['a file that was only imported', () => write('skipped/x.ts', 'export const x = 1;\nexport const y = 2;\n')],
    ['a version', () => write('package.json', '{ "dependencies": { "openai": "^5.0.0" } }')],
    [
      'a lock file that was not there',
      () => write('package-lock.json', '{ "packages": { "node_modules/openai": { "version": "4.9.9" } } }'),
    ],
    ['an installed package', () => write('node_modules/openai/package.json', '{ "version": "4.5.6" }')],
    [
      'where an import leads',
      () => write('tsconfig.json', '{ "compilerOptions": { "paths": { "openai": ["./skipped/x.ts"] } } }'),
    ],
  ])('is analysed anew after a change of %s, with the answer of a cold run', async (_what, change) => {
    const before = await run();
    change();
    const warm = await run();
    expect(warm.analysed).toBe(true);
    expect(warm.answer).not.toEqual(before.answer);
    blobs.clear();
    expect(warm.answer).toEqual((await run()).answer);
  });

  test('another build, half a blob or a foreign one is as good as none', async () => {
    const { answer } = await run();
    expect((await run('other')).analysed).toBe(true);
    for (const damage of [
      (text: string) => text.slice(0, text.length / 2),
      () => '',
      () => '{}',
      (text: string) => text.replace('Nothing', 'Something'),
    ]) {
      for (const [name, data] of blobs) blobs.set(name, damage(data));
      const again = await run();
      expect(again.analysed).toBe(true);
      expect(again.answer).toEqual(answer);
    }
  });

  test('a time stamp of a moment ago is not trusted', async () => {
    const file = join(root, 'a.ts');
    writeFileSync(file, agent);
    const { atime, mtime } = statSync(file);
    await run();
    writeFileSync(file, agent.replace('true', 'tame'));
    utimesSync(file, atime, mtime);
    expect((await run()).answer.findings).toEqual([]);
  });
});
