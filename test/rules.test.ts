// Each rule's examples: the bad one is reported by that rule and by no other than those named here, the good one by none.
import { expect, test } from 'vitest';
import { type RuleId, ruleIds } from '../server/src/rules/finding.ts';
import { rules } from '../server/src/rules/index.ts';
import type { Example } from '../server/src/rules/rule.ts';
import { analyzeFiles } from './harness/analyze.ts';

/** What a bad example cannot be without. */
const beside: { readonly [rule in RuleId]?: readonly string[] } = {
  // History grows without end only in a loop without end.
  'unbounded-state': ['unbounded-loop'],
  // What swallows the limit's error tries again for ever.
  'swallowed-trip': ['unguarded-retry'],
  // Under a limit that does nothing there is the framework's.
  'ineffective-bound': ['default-bound'],
};

const findingsOf = async ({ language, code }: Example) =>
  (await analyzeFiles({ [language === 'python' ? 'example.py' : 'example.ts']: code })).findings;

test.each(rules.map(rule => [rule.id, rule] as const))(
  '%s reports its bad example, and nothing else does',
  async (id, rule) => {
    const found = new Set((await findingsOf(rule.bad)).map(finding => finding.rule));
    expect(found).toContain(id);
    expect([...found].filter(other => other !== id && !beside[id]?.includes(other))).toEqual([]);
  },
);

test.each(rules.map(rule => [rule.id, rule] as const))('the good example of %s is silent', async (_, rule) => {
  const found = await findingsOf(rule.good);
  expect(found.filter(({ severity }) => severity !== 'hint').map(({ message }) => message)).toEqual([]);
});

test('rules have ids that exist, each once', () => {
  const ids = rules.map(rule => rule.id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter(id => !ruleIds.includes(id))).toEqual([]);
});
