// Whatever the text: reading never throws, spans are in bounds and nested, every node is reached once.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LanguageFront } from '../../server/src/languages/language.ts';
import { loadPython } from '../../server/src/languages/python/index.ts';
import { typescript } from '../../server/src/languages/typescript/index.ts';
import { census } from './invariants.ts';
import { pythonSample, typescriptSample } from './samples.ts';

const python = await loadPython();

type Reader = Pick<LanguageFront, 'read'>;

function check(front: Reader, path: string, text: string): void {
  const module = front.read(path, text);
  expect(census(module, text).broken).toEqual([]);
  // A module whose reading failed is caught and told; here that would be a bug.
  expect(module.problems.filter(one => one.message.startsWith('Not read'))).toEqual([]);
}

/** The sample cut off, or with a few characters replaced, removed or put in. */
function damaged(sample: string): fc.Arbitrary<string> {
  const bits = [
    '',
    '(',
    ')',
    '{',
    '}',
    '[',
    ']',
    '`',
    '"',
    "'",
    '\n',
    '\r',
    '\0',
    ':',
    ',',
    '<',
    '=',
    '#',
    '/*',
    '//',
    ' ',
    '\t',
    '@',
    'é',
    '😀',
    '\\',
    'class ',
    'if ',
    'def ',
    'await ',
  ];
  const edit = fc.record({
    at: fc.nat(sample.length),
    remove: fc.nat(6),
    insert: fc.constantFrom(...bits),
  });
  return fc.oneof(
    fc.nat(sample.length).map(end => sample.slice(0, end)),
    fc.nat(sample.length).map(start => sample.slice(start)),
    fc.array(edit, { minLength: 1, maxLength: 4 }).map(edits => {
      let text = sample;
      for (const { at, remove, insert } of edits) text = text.slice(0, at) + insert + text.slice(at + remove);
      return text;
    }),
  );
}

describe('damaged sources', () => {
  test('TypeScript', () => {
    fc.assert(
      fc.property(damaged(typescriptSample), text => check(typescript, 'a.tsx', text)),
      { numRuns: 250 },
    );
    fc.assert(
      fc.property(damaged(typescriptSample), text => check(typescript, 'a.ts', text)),
      { numRuns: 250 },
    );
  });

  test('Python', () => {
    fc.assert(
      fc.property(damaged(pythonSample), text => check(python, 'a.py', text)),
      { numRuns: 250 },
    );
  });

  test('arbitrary text', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 200 });
    fc.assert(
      fc.property(text, one => check(typescript, 'a.js', one)),
      { numRuns: 150 },
    );
    fc.assert(
      fc.property(text, one => check(python, 'a.py', one)),
      { numRuns: 150 },
    );
  });
});

const times = 5000;

describe('deep nesting keeps the file', () => {
  const inTypescript: Record<string, string> = {
    'a chain of +': `x = a()${'+a()'.repeat(times)};`,
    'a chain of calls': `x${'.a()'.repeat(times)};`,
    'a chain of &&': `x = a()${' && a()'.repeat(times)};`,
    parentheses: `x = ${'('.repeat(times)}a()${')'.repeat(times)};`,
    arrays: `x = ${'['.repeat(times)}a()${']'.repeat(times)};`,
    objects: `x = ${'{a:'.repeat(times)}a()${'}'.repeat(times)};`,
    blocks: `${'{'.repeat(times)}a()${'}'.repeat(times)}`,
    functions: `${'function f() {'.repeat(times)}a()${'}'.repeat(times)}`,
    'an alias': `import x = a${'.b'.repeat(times)};`,
    'a union': `let x: a${' | a'.repeat(times)};`,
  };
  test.each(Object.entries(inTypescript))('TypeScript: %s', (_name, text) => {
    const whole = `before();\n${text}\nafter();`;
    const module = typescript.read('a.ts', whole);
    const { broken, calls } = census(module, whole);
    expect(broken).toEqual([]);
    expect(calls).toBeGreaterThanOrEqual(2);
    JSON.stringify(module);
  });

  test('TypeScript: what the parser cannot take is said', () => {
    const text = `${'!'.repeat(20 * times)}a();`;
    expect(typescript.read('a.ts', text).problems[0]!.message).toBe('Not read: nested too deeply.');
    expect(typescript.read('a.ts', inTypescript.parentheses!).problems[0]!.message).toMatch(/^Read in part/);
  });

  test('TypeScript: no call of a deep chain is lost', () => {
    const text = inTypescript['a chain of calls']!;
    expect(census(typescript.read('a.ts', text), text).calls).toBe(times);
  });

  const inPython: Record<string, string> = {
    'a chain of +': `x = a()${'+a()'.repeat(times)}`,
    'a chain of calls': `x${'.a()'.repeat(times)}`,
    'a chain of and': `x = a()${' and a()'.repeat(times)}`,
    'a chain of comparisons': `x = a()${' < a()'.repeat(times)}`,
    parentheses: `x = ${'('.repeat(times)}a()${')'.repeat(times)}`,
    lists: `x = ${'['.repeat(times)}a()${']'.repeat(times)}`,
    dicts: `x = ${'{1:'.repeat(times)}a()${'}'.repeat(times)}`,
    elif: `if a(): b()\n${'elif a(): b()\n'.repeat(times)}`,
    lambdas: `x = ${'lambda: '.repeat(times)}a()`,
    'a type': `x: ${'a['.repeat(times)}b${']'.repeat(times)}`,
    not: `x = ${'not '.repeat(times)}a()`,
    assignments: `${'a = '.repeat(times)}b()`,
  };
  test.each(Object.entries(inPython))('Python: %s', (_name, text) => {
    const whole = `before()\n${text}\nafter()\n`;
    const module = python.read('a.py', whole);
    const { broken, calls } = census(module, whole);
    expect(broken).toEqual([]);
    expect(calls).toBe(text.split('a()').length + (text.split('b()').length - 1) + 1);
    JSON.stringify(module);
  });
});

describe('large and strange files', () => {
  test('5 MB', () => {
    const line = `export const a = f(b, { c: '${'c'.repeat(900)}' }); // ${'d'.repeat(100)}\n`;
    const count = Math.ceil(5_000_000 / line.length);
    expect(typescript.read('a.ts', line.repeat(count)).body).toHaveLength(count);
    const other = `a = f(b, c='${'c'.repeat(900)}')  # ${'d'.repeat(100)}\n`;
    const others = Math.ceil(5_000_000 / other.length);
    expect(python.read('a.py', other.repeat(others)).body).toHaveLength(others);
  });

  test('binary', () => {
    let bytes = '';
    for (let i = 0; i < 5000; i++) bytes += String.fromCharCode((i * 7919) % 256);
    check(typescript, 'a.js', bytes);
    check(python, 'a.py', bytes);
    expect(typescript.read('a.js', bytes).problems.length).toBeLessThanOrEqual(50);
  });
});
