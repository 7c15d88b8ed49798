// Every fix of every finding in the fixtures and the rules' examples: applied through the session, it clears its finding,
// brings no new warning, and leaves text that parses and type-checks against the real packages.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { CheckedFinding } from '../server/src/engine/check.ts';
import { applyEdits } from '../server/src/engine/fix.ts';
import { type RuleId, ruleIds } from '../server/src/rules/finding.ts';
import { rules } from '../server/src/rules/index.ts';
import { sessionOver, type Texts } from './harness/analyze.ts';
import { fixtureTexts } from './harness/fixture.ts';
import { installedAt, typeErrors } from './harness/types.ts';

/** One fix, done. */
interface Done {
  readonly rule: RuleId;
  readonly title: string;
  readonly before: Texts;
  /** Undefined where the fix could not be applied. */
  readonly after: Texts | undefined;
  /** What is wrong with the result. */
  readonly wrong: readonly string[];
}

/** Rules whose findings have an edit that mends them. */
const mended: readonly RuleId[] = [
  'unbounded-cycle',
  'unbounded-loop',
  'unguarded-retry',
  'unbounded-state',
  'default-bound',
  'ineffective-bound',
  'swallowed-trip',
];

const sources = [...fixtures(), ...examples()];
const done = (await Promise.all(sources.map(({ name, texts }) => fixesOf(name, texts)))).flat();

test.each(done.map((one, at) => ({ at, title: one.title })))('$title', ({ at }) => {
  expect(done[at]!.wrong).toEqual([]);
});

test('fixed TypeScript has no new type error', { timeout: 300_000 }, () => {
  const typed = done.filter(one => one.after && isTyped(one.before));
  const befores = [...new Set(typed.map(one => one.before))];
  const errors = typeErrors([...befores, ...typed.map(one => one.after!)]);
  const packages = /module '(loopbound|openai|ai|@langchain\/(?:langgraph|openai)|@inngest\/agent-kit)'/;
  expect(errors.flat().filter(error => packages.test(error))).toEqual([]);
  const news = typed.flatMap(({ title, before }, at) => {
    const old = [...errors[befores.indexOf(before)]!];
    const added = errors[befores.length + at]!.filter(error => {
      const known = old.indexOf(error);
      if (known >= 0) old.splice(known, 1);
      return known < 0;
    });
    return added.map(error => `${title}: ${error}`);
  });
  expect(news).toEqual([]);
});

test('fixed Python compiles', context => {
  const texts = done.flatMap(({ title, after }) =>
    Object.entries(after ?? {}).flatMap(([path, text]) => (path.endsWith('.py') ? [{ title, text }] : [])),
  );
  const script =
    'import ast, json, sys\nfor one in json.load(sys.stdin):\n  try: ast.parse(one["text"])\n  except SyntaxError as error: print(one["title"], error)';
  const { error, stdout, status } = spawnSync('python3', ['-c', script], {
    input: JSON.stringify(texts),
    encoding: 'utf8',
  });
  if (error) return context.skip('there is no python3');
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

test.each(ruleIds.filter(id => mended.includes(id)))('%s has a fix that works', rule => {
  expect(done.some(one => one.rule === rule && one.wrong.length === 0)).toBe(true);
});

test('fix-all ends with nothing safe left to do', async () => {
  for (const { name, texts } of sources) {
    const session = sessionOver(texts);
    const { texts: fixed } = await session.applySafeFixes();
    const { findings } = await session.check();
    const left = findings.filter(({ finding }) => finding.fixes.some(fix => fix.safe));
    expect(
      left.map(({ finding }) => `${finding.rule} ${finding.subject}`),
      name,
    ).toEqual([]);
    for (const path of fixed.keys()) expect(session.module(path)?.problems, name).toEqual([]);
  }
});

async function fixesOf(name: string, texts: Texts): Promise<Done[]> {
  const session = sessionOver(texts);
  const { findings } = await session.check();
  const results: Done[] = [];
  for (const found of findings) {
    for (const fix of found.finding.fixes) {
      const title = `${name}: ${found.finding.rule} in ${found.finding.subject}: ${fix.title}`;
      const edits = session.edits(fix);
      if (!edits) {
        results.push({ rule: found.finding.rule, title, before: texts, after: undefined, wrong: ['not applicable'] });
        continue;
      }
      const after: Record<string, string> = { ...texts };
      for (const [path, list] of edits) after[path] = applyEdits(texts[path]!, list);
      results.push({
        rule: found.finding.rule,
        title,
        before: texts,
        after,
        wrong: await judge(found, findings, after),
      });
    }
  }
  return results;
}

async function judge(fixed: CheckedFinding, before: readonly CheckedFinding[], texts: Texts): Promise<string[]> {
  const session = sessionOver(texts);
  const { findings } = await session.check();
  // Fingerprints count what has one name; an edit above may have taken away the first of two.
  const same = (one: CheckedFinding): boolean => nameOf(one) === nameOf(fixed);
  const wrong: string[] = [];
  if (findings.filter(same).length >= before.filter(same).length) wrong.push('the finding is still there');
  const left = before.filter(one => one.severity === 'warning').map(nameOf);
  for (const one of findings.filter(({ severity }) => severity === 'warning')) {
    const at = left.indexOf(nameOf(one));
    if (at >= 0) left.splice(at, 1);
    else wrong.push(`new: ${one.finding.rule}: ${one.finding.message}`);
  }
  for (const path of Object.keys(texts)) {
    for (const problem of session.module(path)?.problems ?? []) wrong.push(`${path}: ${problem.message}`);
  }
  if (wrong.length > 0) wrong.push(...Object.values(texts));
  return wrong;
}

function nameOf({ finding, path }: CheckedFinding): string {
  return [finding.rule, path, finding.subject, finding.framework].join(' ');
}

/** Versions that a fixture asks for may not be the installed ones; their types would not be its own. */
function isTyped(texts: Texts): boolean {
  const manifest = texts['package.json'];
  const wanted = manifest === undefined ? undefined : (JSON.parse(manifest) as { dependencies?: Texts }).dependencies;
  return Object.entries(wanted ?? {}).every(([name, range]) => installedAt(name, /\d+/.exec(range)?.[0]) !== undefined);
}

function fixtures(): { name: string; texts: Texts }[] {
  const folder = fileURLToPath(new URL('fixtures', import.meta.url));
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(file => /\.(?:[cm]?[jt]sx?|py)$/.test(file))
    .sort()
    .map(file => ({
      name: file,
      texts: fixtureTexts(basename(file), readFileSync(join(folder, file), 'utf8')),
    }));
}

function examples(): { name: string; texts: Texts }[] {
  return rules.map(({ id, bad }) => ({
    name: `example of ${id}`,
    texts: { [bad.language === 'python' ? 'example.py' : 'example.ts']: bad.code },
  }));
}
