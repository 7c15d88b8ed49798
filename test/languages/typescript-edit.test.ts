// Edits of TypeScript: source in, source out. Every result is read again and has no problems.
import { describe, expect, test } from 'vitest';
import type { TextEdit } from '../../server/src/languages/language.ts';
import { typescript } from '../../server/src/languages/typescript/index.ts';
import type { Module, Span } from '../../server/src/program/model.ts';
import { apply, firstCall, firstLoop, firstObject } from './apply.ts';

const { edit } = typescript;

function edited(
  text: string,
  make: (module: Module) => readonly TextEdit[] | undefined,
  path = 'a.ts',
): string | undefined {
  const result = apply(text, make(typescript.read(path, text)));
  if (result !== undefined) expect(typescript.read(path, result).problems).toEqual([]);
  return result;
}

function withImport(text: string, imported = 'guard', specifier = 'loopbound', path = 'a.ts'): string {
  let local = '';
  const result = edited(
    text,
    module => {
      const added = edit.addImport(module, text, specifier, imported);
      local = added.local;
      return added.edits;
    },
    path,
  );
  return `${local}\n${result}`;
}

describe('addImport', () => {
  test.each([
    [
      "import a from 'a';\nimport b from 'b'; // c\n\nf();\n",
      "guard\nimport a from 'a';\nimport b from 'b'; // c\nimport { guard } from 'loopbound';\n\nf();\n",
    ],
    ['import a from "a"\nf()\n', 'guard\nimport a from "a"\nimport { guard } from "loopbound"\nf()\n'],
    ["import a from 'a'; f();\n", "guard\nimport a from 'a';\nimport { guard } from 'loopbound';\nf();\n"],
    ["import a from 'a';\r\nf();\r\n", "guard\nimport a from 'a';\r\nimport { guard } from 'loopbound';\r\nf();\r\n"],
    ["'use strict';\nf();\n", "guard\n'use strict';\nimport { guard } from 'loopbound';\nf();\n"],
    [
      '#!/usr/bin/env node\n/* licence */\n\n// f\nf();\n',
      "guard\n#!/usr/bin/env node\n/* licence */\n\nimport { guard } from 'loopbound';\n\n// f\nf();\n",
    ],
    ['f();\n', "guard\nimport { guard } from 'loopbound';\n\nf();\n"],
    ['', "guard\nimport { guard } from 'loopbound';\n"],
  ])('a new one: %j', (text, expected) => {
    expect(withImport(text)).toBe(expected);
  });

  test('an import that is there is used or widened', () => {
    expect(withImport("import { guard } from 'loopbound';")).toBe("guard\nimport { guard } from 'loopbound';");
    expect(withImport("import { guard as g } from 'loopbound';")).toBe("g\nimport { guard as g } from 'loopbound';");
    expect(withImport("import * as lb from 'loopbound';")).toBe("lb.guard\nimport * as lb from 'loopbound';");
    expect(withImport("import { a } from 'loopbound';")).toBe("guard\nimport { a, guard } from 'loopbound';");
    expect(withImport("import {} from 'loopbound';")).toContain('guard } from');
    expect(withImport("import x from 'loopbound';")).toBe("guard\nimport x, { guard } from 'loopbound';");
    expect(withImport("import { a } from 'loopbound';", 'default')).toBe(
      "loopbound\nimport loopbound, { a } from 'loopbound';",
    );
    expect(withImport("import {\n  a,\n  b,\n} from 'loopbound';")).toBe(
      "guard\nimport {\n  a,\n  b,\n  guard,\n} from 'loopbound';",
    );
    expect(withImport("import {\n  a,\n  b\n} from 'loopbound';")).toBe(
      "guard\nimport {\n  a,\n  b,\n  guard\n} from 'loopbound';",
    );
    expect(withImport("import type { T } from 'loopbound';")).toBe(
      "guard\nimport type { T } from 'loopbound';\nimport { guard } from 'loopbound';",
    );
  });

  test('a name that is taken is avoided', () => {
    expect(withImport("import { guard } from 'other';\n")).toBe(
      "guard2\nimport { guard } from 'other';\nimport { guard as guard2 } from 'loopbound';\n",
    );
    expect(withImport('function f(guard) {}\n')).toMatch(/^guard2\n/);
  });

  test('CommonJS', () => {
    expect(withImport("const a = require('a');\nf();\n", 'guard', 'loopbound', 'a.cjs')).toBe(
      "guard\nconst a = require('a');\nconst { guard } = require('loopbound');\nf();\n",
    );
    expect(withImport("const { a } = require('loopbound');\n", 'guard', 'loopbound', 'a.js')).toBe(
      "guard\nconst { a, guard } = require('loopbound');\n",
    );
    expect(withImport("'use strict';\nexports.a = 1;\n", 'guard', 'loopbound', 'a.js')).toBe(
      "guard\n'use strict';\nconst { guard } = require('loopbound');\nexports.a = 1;\n",
    );
  });
});

describe('setOption', () => {
  test.each([
    ['f({ a: 1 });', 'f({ a: 1, maxIter: 10 });'],
    ['f({ a: 1, });', 'f({ a: 1, maxIter: 10, });'],
    ['f({});', 'f({ maxIter: 10 });'],
    ['f({ maxIter: 0, b });', 'f({ maxIter: 10, b });'],
    ['f({ maxIter: (0) });', 'f({ maxIter: 10 });'],
    ['f({ "maxIter": x as number });', 'f({ "maxIter": 10 });'],
    ['f({ maxIter });', 'f({ maxIter: 10 });'],
    ['f({ ...a });', 'f({ ...a, maxIter: 10 });'],
    ['f({\n  a: 1,\n  b: 2,\n});', 'f({\n  a: 1,\n  b: 2,\n  maxIter: 10,\n});'],
    ['f({\n  a: 1,\n  b: 2\n});', 'f({\n  a: 1,\n  b: 2,\n  maxIter: 10\n});'],
    ['f({\n\ta: 1, // x\n});', 'f({\n\ta: 1, // x\n\tmaxIter: 10,\n});'],
    ['f({\n  a: 1 // x\n});', 'f({\n  a: 1, // x\n  maxIter: 10\n});'],
    ['f({\r\n  a: 1,\r\n});', 'f({\r\n  a: 1,\r\n  maxIter: 10,\r\n});'],
    ['f({\n  a: 1 });', 'f({\n  a: 1,\n  maxIter: 10 });'],
    ['f({ // x\n});', 'f({ // x\nmaxIter: 10});'],
  ])('%j', (text, expected) => {
    expect(edited(text, module => edit.setOption(module, text, firstObject(module), 'maxIter', '10'))).toBe(expected);
  });

  test('a call takes it into its options', () => {
    const set = (text: string) => edited(text, module => edit.setOption(module, text, firstCall(module), 'n', '1'));
    expect(set('f(a, { b });')).toBe('f(a, { b, n: 1 });');
    expect(set('f(a);')).toBe('f(a, { n: 1 });');
  });

  test('what is no object stays', () => {
    const text = 'f(a);';
    expect(edited(text, module => edit.setOption(module, text, firstCall(module).callee, 'n', '1'))).toBeUndefined();
  });
});

describe('addArgument', () => {
  test.each([
    ['f();', 'f({ n: 1 });'],
    ['f(a);', 'f(a, { n: 1 });'],
    ['f(a,);', 'f(a, { n: 1 },);'],
    ['f(\n  a,\n  b,\n);', 'f(\n  a,\n  b,\n  { n: 1 },\n);'],
    ['(f)((a));', '(f)((a), { n: 1 });'],
    ['new F;', 'new F({ n: 1 });'],
    ['new F();', 'new F({ n: 1 });'],
    ['f<T>();', 'f<T>({ n: 1 });'],
  ])('%j', (text, expected) => {
    expect(edited(text, module => edit.addArgument(module, text, firstCall(module), '1', 'n'))).toBe(expected);
  });

  test('plain, and not into a template', () => {
    expect(edited('f(a);', module => edit.addArgument(module, 'f(a);', firstCall(module), 'b'))).toBe('f(a, b);');
    expect(edited('f`a`;', module => edit.addArgument(module, 'f`a`;', firstCall(module), 'b'))).toBeUndefined();
  });
});

describe('insertBefore', () => {
  const at = (text: string): Span => [text.indexOf('here'), text.indexOf('here') + 4];
  test.each([
    ['a();\nhere();\n', 'a();\nlet n = 0;\nhere();\n'],
    ['function f() {\n\treturn g(here);\n}\n', 'function f() {\n\tlet n = 0;\n\treturn g(here);\n}\n'],
    ['{ a(); here(); }', '{ a(); let n = 0; here(); }'],
    ['if (a) here();\n', 'if (a) {\n  let n = 0;\n  here();\n}\n'],
    ['if (a)\n  here();\nb();\n', 'if (a) {\n  let n = 0;\n  here();\n}\nb();\n'],
    ['if (a) here(); else b();\n', 'if (a) {\n  let n = 0;\n  here();\n} else b();\n'],
    ['l: while (here) {}\n', 'let n = 0;\nl: while (here) {}\n'],
    ['switch (a) {\n  case 1:\n    here();\n}\n', 'switch (a) {\n  case 1:\n    let n = 0;\n    here();\n}\n'],
    ['a();\r\nhere();\r\n', 'a();\r\nlet n = 0;\r\nhere();\r\n'],
    ['const o = { m: () => {\n  here();\n} };', 'const o = { m: () => {\n  let n = 0;\n  here();\n} };'],
  ])('%j', (text, expected) => {
    expect(edited(text, module => edit.insertBefore(module, text, at(text), ['let n = 0;']))).toBe(expected);
  });
});

describe('insertInLoop', () => {
  test.each([
    ['while (a) {\n  b();\n}\n', 'while (a) {\n  n++;\n  b();\n}\n'],
    ['while (a) { // c\n\tb();\n}\n', 'while (a) { // c\n\tn++;\n\tb();\n}\n'],
    ['while (a) { b(); }\n', 'while (a) { n++; b(); }\n'],
    ['while (a) {}\n', 'while (a) { n++; }\n'],
    ['while (a) {\n}\n', 'while (a) {\n  n++;\n}\n'],
    ['while (a) b();\nc();\n', 'while (a) {\n  n++;\n  b();\n}\nc();\n'],
    ['while (a)\n  b();\nc();\n', 'while (a) {\n  n++;\n  b();\n}\nc();\n'],
    ['while (a);\n', 'while (a) {\n  n++;\n}\n'],
    ['do b(); while (a);\n', 'do {\n  n++;\n  b();\n} while (a);\n'],
    ['do {\n  b();\n} while (a);\n', 'do {\n  n++;\n  b();\n} while (a);\n'],
    ['  for (;;)\n\n    b();\n', '  for (;;) {\n    n++;\n    b();\n  }\n'],
    ['l: for (const a of b) {\r\n  c();\r\n}\r\n', 'l: for (const a of b) {\r\n  n++;\r\n  c();\r\n}\r\n'],
  ])('%j', (text, expected) => {
    expect(edited(text, module => edit.insertInLoop(module, text, firstLoop(module), ['n++;']))).toBe(expected);
  });
});

describe('small ones', () => {
  test('comments', () => {
    const comment = (text: string, line: number, path?: string) =>
      edited(text, module => edit.commentAbove(module, text, line, 'why'), path);
    expect(comment('a();\n  b();\n', 1)).toBe('a();\n  // why\n  b();\n');
    expect(comment('a();', 0)).toBe('// why\na();');
    expect(comment('const a = (\n  <A>\n    {f()}\n  </A>\n);\n', 2, 'a.tsx')).toBe(
      'const a = (\n  <A>\n    {/* why */}\n    {f()}\n  </A>\n);\n',
    );
    expect(comment('const a = (\n  <A>\n    {f(\n      b\n    )}\n  </A>\n);\n', 3, 'a.tsx')).toBe(
      'const a = (\n  <A>\n    {f(\n      // why\n      b\n    )}\n  </A>\n);\n',
    );
  });

  test('pieces of code', () => {
    expect(
      edit.objectLiteral([
        { key: 'a', value: '1' },
        { key: 'b-c', value: 'd' },
      ]),
    ).toBe('{ a: 1, "b-c": d }');
    expect(edit.objectLiteral([])).toBe('{}');
    expect(edit.constant('a', '1')).toBe('const a = 1;');
    expect(edit.statement('a();\n', 'f()')).toBe('f();');
    expect(edit.statement('a()\nb()\n', 'f()')).toBe('f()');
  });
});
