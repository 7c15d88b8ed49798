// The parser that is shipped is a part of the one that the tests run: what the reader needs of it must be there, and read alike.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ts } from 'ts-morph';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { ts: shipped } = createRequire(import.meta.url)(join(root, 'dist', 'ts-morph.js')) as { ts: typeof ts };
const reader = join(root, 'server/src/languages/typescript');

test('the shipped parser has all that the reader asks of it', () => {
  const asked = readdirSync(reader).flatMap(file =>
    [...readFileSync(join(reader, file), 'utf8').matchAll(/\bts\.(\w+)/g)].map(([, name]) => name as keyof typeof ts),
  );
  const missing = asked.filter(name => ts[name] !== undefined && typeof shipped[name] !== typeof ts[name]);
  expect(asked.length).toBeGreaterThan(100);
  expect(missing).toEqual([]);
});

/** Kinds, places, flags, texts and errors of a whole tree. */
function shape(parser: typeof ts, path: string, text: string): string {
  const file = parser.createSourceFile(path, text, parser.ScriptTarget.Latest, true);
  const rows: string[] = [];
  const visit = (node: ts.Node): void => {
    const { text } = node as unknown as { text?: string };
    rows.push(`${node.kind} ${node.pos} ${node.getStart(file)} ${node.end} ${node.flags} ${text}`);
    parser.forEachChild(node, visit);
  };
  visit(file);
  const { parseDiagnostics } = file as unknown as { parseDiagnostics: readonly ts.Diagnostic[] };
  for (const one of parseDiagnostics) rows.push(parser.flattenDiagnosticMessageText(one.messageText, '\n'));
  return rows.join('\n');
}

const sources = ['server/src', 'client/src', 'runtime/src'].flatMap(folder =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => /\.tsx?$/.test(file))
    .map(file => join(root, folder, file)),
);

test('the shipped parser reads as the whole one does, broken text too', () => {
  expect(sources.length).toBeGreaterThan(200);
  for (const path of sources) {
    const text = readFileSync(path, 'utf8');
    for (const part of [text, text.slice(0, text.length * 0.7), text.replace(/[)}]/, '')]) {
      if (shape(shipped, path, part) !== shape(ts, path, part)) expect.fail(`${path} is read differently`);
    }
  }
});

test.each([
  '/** @type {import("x").Y<string>} @param {number} a */\nfunction f(a) { return /[a-z]\\p{L}+/u.test(a); }',
  'const a = <div {...b} c="d">{e}&nbsp;<F.G /></div>; `a${b}c`; label: for (;;) break label;',
  'enum A { B = 1 << 2 } namespace N.M { export = 1 } declare module "x" { abstract class C<in out T> {} }',
  "using x = f(); await using y = g(); import t from './t.json' with { type: 'json' }; @dec() class D { accessor a = 1; #p; static {} }",
  'type T = { readonly [K in keyof U as `x${K}`]?: U[K] extends infer V extends string ? V : never };',
  '<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n#!x\n\\u0061b = 0b12n; "\\q',
])('rare syntax: %s', text => {
  for (const path of ['a.ts', 'a.tsx', 'a.js', 'a.d.ts', 'a.json'])
    expect(shape(shipped, path, text)).toBe(shape(ts, path, text));
});
