// Edits of Python: source in, source out. Every result is read again and has no problems.
import { describe, expect, test } from 'vitest';
import type { TextEdit } from '../../server/src/languages/language.ts';
import { loadPython } from '../../server/src/languages/python/index.ts';
import type { Module, Span } from '../../server/src/program/model.ts';
import { apply, firstCall, firstLoop, firstObject } from './apply.ts';

const python = await loadPython();
const { edit } = python;

function edited(text: string, make: (module: Module) => readonly TextEdit[] | undefined): string | undefined {
  const result = apply(text, make(python.read('a.py', text)));
  if (result !== undefined) expect(python.read('a.py', result).problems).toEqual([]);
  return result;
}

function withImport(text: string, imported = 'guard', specifier = 'loopbound'): string {
  let local = '';
  const result = edited(text, module => {
    const added = edit.addImport(module, text, specifier, imported);
    local = added.local;
    return added.edits;
  });
  return `${local}\n${result}`;
}

describe('addImport', () => {
  test.each([
    [
      'import a\nfrom b import c  # d\n\nf()\n',
      'guard\nimport a\nfrom b import c  # d\nfrom loopbound import guard\n\nf()\n',
    ],
    ['"""doc"""\n\nf()\n', 'guard\n"""doc"""\n\nfrom loopbound import guard\n\nf()\n'],
    [
      '"""doc"""\nfrom __future__ import annotations\nf()\n',
      'guard\n"""doc"""\nfrom __future__ import annotations\nfrom loopbound import guard\nf()\n',
    ],
    [
      '#!/usr/bin/env python\n# -*- coding: utf-8 -*-\nf()\n',
      'guard\n#!/usr/bin/env python\n# -*- coding: utf-8 -*-\nfrom loopbound import guard\n\nf()\n',
    ],
    [
      'from a import (\n    b,\n)\r\nf()\r\n'.replaceAll(/\r?\n/g, '\r\n'),
      'guard\nfrom a import (\r\n    b,\r\n)\r\nfrom loopbound import guard\r\nf()\r\n',
    ],
    ['import a; f()\n', 'guard\nimport a; from loopbound import guard; f()\n'],
    ['def f():\n    import a\n', 'guard\nfrom loopbound import guard\n\ndef f():\n    import a\n'],
    ['', 'guard\nfrom loopbound import guard\n'],
  ])('a new one: %j', (text, expected) => {
    expect(withImport(text)).toBe(expected);
  });

  test('an import that is there is used or widened', () => {
    expect(withImport('from loopbound import guard as g\n')).toBe('g\nfrom loopbound import guard as g\n');
    expect(withImport('import loopbound as lb\n')).toBe('lb.guard\nimport loopbound as lb\n');
    expect(withImport('from loopbound import a, b\n')).toBe('guard\nfrom loopbound import a, b, guard\n');
    expect(withImport('from loopbound import (a, b,)\n')).toBe('guard\nfrom loopbound import (a, b, guard,)\n');
    expect(withImport('from loopbound import (\n    a,\n    b,\n)\n')).toBe(
      'guard\nfrom loopbound import (\n    a,\n    b,\n    guard,\n)\n',
    );
    expect(withImport('from loopbound import a\n', '*')).toBe('loopbound\nfrom loopbound import a\nimport loopbound\n');
    expect(withImport('from other import guard\n')).toBe(
      'guard2\nfrom other import guard\nfrom loopbound import guard as guard2\n',
    );
  });
});

describe('setOption', () => {
  test.each([
    ['f(a)', 'f(a, n=1)'],
    ['f()', 'f(n=1)'],
    ['f(n=0, b=2)', 'f(n=1, b=2)'],
    ['f(n = g(0))', 'f(n = 1)'],
    ['f(\n    a,\n    b=2,\n)', 'f(\n    a,\n    b=2,\n    n=1,\n)'],
    ['f(\n    a,\n    b=2\n)', 'f(\n    a,\n    b=2,\n    n=1\n)'],
    ['f(**k)', 'f(**k, n=1)'],
    ['f(x for x in y)', 'f((x for x in y), n=1)'],
    ['(f)(a)', '(f)(a, n=1)'],
  ])('of a call: %j', (text, expected) => {
    expect(edited(text, module => edit.setOption(module, text, firstCall(module), 'n', '1'))).toBe(expected);
  });

  test.each([
    ['{}', '{"n": 1}'],
    ["{'a': 2}", "{'a': 2, 'n': 1}"],
    ['{"n": 0, "b": 2}', '{"n": 1, "b": 2}'],
    ['{\n    "a": 2,  # c\n}', '{\n    "a": 2,  # c\n    "n": 1,\n}'],
  ])('of a dict: %j', (text, expected) => {
    expect(edited(text, module => edit.setOption(module, text, firstObject(module), 'n', '1'))).toBe(expected);
  });
});

describe('addArgument', () => {
  test.each([
    ['f(a)', 'f(a, b)'],
    ['f(a, k=1)', 'f(a, b, k=1)'],
    ['f()', 'f(b)'],
  ])('%j', (text, expected) => {
    expect(edited(text, module => edit.addArgument(module, text, firstCall(module), 'b'))).toBe(expected);
  });
});

describe('insertBefore', () => {
  const at = (text: string): Span => [text.indexOf('here'), text.indexOf('here') + 4];
  test.each([
    ['a()\nhere()\n', 'a()\nn = 0\nhere()\n'],
    ['def f():\n\treturn g(\n\t\there)\n', 'def f():\n\tn = 0\n\treturn g(\n\t\there)\n'],
    ['if a: here()\nb()\n', 'if a:\n    n = 0\n    here()\nb()\n'],
    ['  \nif a:\n  b()\nelif here:\n  c()\n', '  \nn = 0\nif a:\n  b()\nelif here:\n  c()\n'],
    ['if a:\n  b()\nelif d:\n  here()\n', 'if a:\n  b()\nelif d:\n  n = 0\n  here()\n'],
    ['a(); here()\n', 'a(); n = 0; here()\n'],
    ['@here\ndef f(): pass\n', 'n = 0\n@here\ndef f(): pass\n'],
    ['assert a, here\n', 'n = 0\nassert a, here\n'],
    ['raise a from here\n', 'n = 0\nraise a from here\n'],
    ['with here as b:\n    c()\n', 'n = 0\nwith here as b:\n    c()\n'],
    ['a()\r\nhere()\r\n', 'a()\r\nn = 0\r\nhere()\r\n'],
    ['\uFEFFhere()\n', '\uFEFFn = 0\nhere()\n'],
  ])('%j', (text, expected) => {
    expect(edited(text, module => edit.insertBefore(module, text, at(text), ['n = 0']))).toBe(expected);
  });
});

describe('insertInLoop', () => {
  test.each([
    ['while a:\n    b()\n', 'while a:\n    n += 1\n    b()\n'],
    ['while a:  # c\n\n    # d\n    b()\n', 'while a:  # c\n\n    # d\n    n += 1\n    b()\n'],
    ['while a: b(); c()\nd()\n', 'while a:\n    n += 1\n    b(); c()\nd()\n'],
    ['while a: pass\n', 'while a:\n    n += 1\n    pass\n'],
    ['while a:\n\tpass\n', 'while a:\n\tn += 1\n\tpass\n'],
    ['for x in (y[1:2]):\n  b()\n', 'for x in (y[1:2]):\n  n += 1\n  b()\n'],
    ['while (\n    a\n):\n    b()\n', 'while (\n    a\n):\n    n += 1\n    b()\n'],
    ['while a:\r\n    b()\r\n', 'while a:\r\n    n += 1\r\n    b()\r\n'],
    ['while a:\n    @b\n    def c(): pass\n', 'while a:\n    n += 1\n    @b\n    def c(): pass\n'],
  ])('%j', (text, expected) => {
    expect(edited(text, module => edit.insertInLoop(module, text, firstLoop(module), ['n += 1']))).toBe(expected);
  });
});

test('small ones', () => {
  const text = 'while a:\n    b()\n';
  expect(edited(text, module => edit.commentAbove(module, text, 1, 'why'))).toBe('while a:\n    # why\n    b()\n');
  expect(edit.objectLiteral([{ key: 'a', value: '1' }])).toBe('{"a": 1}');
  expect(edit.constant('a', '1')).toBe('a = 1');
  expect(edit.statement(text, 'f()')).toBe('f()');
});
