// TypeScript and JavaScript in, the neutral model out, through the front door.
import { describe, expect, test } from 'vitest';
import { typescript } from '../../server/src/languages/typescript/index.ts';
import { census } from './invariants.ts';
import { printModule } from './print.ts';

function read(text: string, path = 'src/a.ts'): string {
  const module = typescript.read(path, text);
  expect(census(module, text).broken).toEqual([]);
  return `\n${printModule(module)}\n`;
}

/** Each span of interest as the text it covers. */
function heads(text: string): string[] {
  const module = typescript.read('a.ts', text);
  const found: string[] = [];
  JSON.stringify(module.body, (key, value) => {
    if (key === 'head') found.push(text.slice(value[0], value[1]));
    return value;
  });
  return found;
}

describe('modules', () => {
  test('imports of every form', () => {
    expect(
      read(`import a, { b as c, type D } from './x';
import * as ns from "ns";
import type { T } from 't';
import 'side';
import q = require('q');
import { default as d } from 'd';
export import e = A.B;`),
    ).toMatchInlineSnapshot(`
      "
      import a = ./x#default
      import c = ./x#b
      import D = ./x#D type
      import ns = ns#*
      import T = t#T type
      import - = side#*
      import q = q#*
      import d = d#default
      export e = e
      (opaque!)
      (opaque!)
      (opaque!)
      (opaque!)
      (opaque!)
      (opaque!)
      (const e (. A B))
      "
    `);
  });

  test('CommonJS and dynamic imports that bind names are imports too, wherever they stand', () => {
    expect(
      read(
        `const fs = require('fs');
const { a, b: c, ...rest } = require('./x');
const e = require('events').EventEmitter;
const t = __importDefault(require('t'));
async function f() {
  const { StateGraph } = await import('@langchain/langgraph');
  const all = (await import('all')).default;
  return import('lazy');
}
require('side');`,
        'a.cjs',
      ),
    ).toMatchInlineSnapshot(`
      "
      import fs = fs#*
      import a = ./x#a
      import c = ./x#b
      import rest = ./x#*
      import e = events#EventEmitter
      import t = t#*
      import StateGraph = @langchain/langgraph#StateGraph
      import all = all#default
      import - = lazy#*
      import - = side#*
      (const fs (call require "fs"))
      (const {a:a b:c ...rest} (call require "./x"))
      (const e (. (call require "events") EventEmitter))
      (const t (call __importDefault (call require "t")))
      (async function f () {(const {StateGraph:StateGraph} (await (call import "@langchain/langgraph"))); (const all (. (await (call import "all")) default)); (return (call import "lazy"))})
      (call require "side")
      "
    `);
  });

  test('exports of every form', () => {
    expect(
      read(`export const a = 1, { b, c: [d] } = x;
export function f() {}
export class C {}
export interface I {}
export type T = string;
export enum E { A }
export { a as aa, b as default };
export { x as y } from './x';
export * from './all';
export * as ns from './ns';`),
    ).toMatchInlineSnapshot(`
      "
      export a = a
      export b = b
      export d = d
      export f = f
      export C = C
      export I = I
      export T = T
      export E = E
      export aa = a
      export default = b
      export y = x from ./x
      export * = * from ./all
      export ns = * from ./ns
      (const a 1)
      (const {b:b c:[d]} x)
      (function f () {})
      (class C)
      (opaque!)
      (opaque!)
      (const E (object A:0))
      (opaque!)
      (opaque!)
      (opaque!)
      (opaque!)
      "
    `);
  });

  test('default exports', () => {
    expect(read('export default graph;')).toMatchInlineSnapshot(`
      "
      export default = graph
      graph
      "
    `);
    expect(read('export default createAgent({ a });')).toMatchInlineSnapshot(`
      "
      export default = (call createAgent (object a:a))
      (call createAgent (object a:a))
      "
    `);
    expect(read('export default function run() {}')).toMatchInlineSnapshot(`
      "
      export default = run
      (function run () {})
      "
    `);
    expect(read('export default async () => 1;')).toMatchInlineSnapshot(`
      "
      export default = (async arrow - () {(return 1)})
      (async arrow - () {(return 1)})
      "
    `);
    expect(read('export default class {}')).toMatchInlineSnapshot(`
      "
      export default = (class -)
      (class -)
      "
    `);
    expect(read('export = run;')).toMatchInlineSnapshot(`
      "
      export export= = run
      run
      "
    `);
  });

  test('CommonJS exports', () => {
    expect(
      read(
        `module.exports = { a, b: fn(), c() {} };
exports.d = exports.e = () => 1;
module.exports.f = g;`,
        'a.js',
      ),
    ).toMatchInlineSnapshot(`
      "
      export export= = (object a:a b:(call fn) c:(function c () {}))
      export a = a
      export b = (call fn)
      export c = (function c () {})
      export d = (arrow e () {(return 1)})
      export e = (arrow e () {(return 1)})
      export f = g
      (= (. module exports) (object a:a b:(call fn) c:(function c () {})))
      (= (. exports d) (= (. exports e) (arrow e () {(return 1)})))
      (= (. (. module exports) f) g)
      "
    `);
  });
});

describe('statements', () => {
  test('loops', () => {
    expect(
      read(`outer: for (let i = 0, j = 9; i < j; i++, j--) { continue outer; }
for (;;) break;
for (i = 0; ; ) x;
for (const [k, v] of m) use(k);
for (a.b of c) ;
for await (const x of gen()) {}
for (const k in o) {}
while (true) { step() }
do step(); while (more);`),
    ).toMatchInlineSnapshot(`
      "
      (for outer: init {(let i 0); (let j 9)} (< i j) update (+= i 1 old) (-= j 1 old) {(continue outer)})
      (for {(break)})
      (for init {(= i 0)} {x})
      (each [k v] of m {(call use k)})
      (each (. a b) of c {})
      (each async x of (call gen) {})
      (each keys k of o {})
      (while true {(call step)})
      (doWhile more {(call step)})
      "
    `);
  });

  test('branches', () => {
    expect(
      read(`if (a) b(); else if (c) { d() } else e();
switch (k) { case 1: case 2: f(); case 3: { g(); break } case 4: if (x) return; else throw y; default: h() }
try { a() } catch { b() } finally { c() }
try { a() } catch ({ code }) { throw code }
lone: { break lone }
tag: if (x) break tag;
with (o) p();`),
    ).toMatchInlineSnapshot(`
      "
      (if a {(call b)} else {(if c {(call d)} else {(call e)})})
      (switch k (1 {} falls) (2 {(call f)} falls) (3 {(block {(call g); (break)})}) (4 {(if x {(return)} else {(raise y)})}) (default {(call h)}))
      (try {(call a)} (catch {(call b)}) finally {(call c)})
      (try {(call a)} (catch as {code:code} {(raise code)}))
      (block lone: {(break lone)})
      (block tag: {(if x {(break tag)})})
      (block with o {(call p)})
      "
    `);
  });

  test('declarations', () => {
    expect(
      read(`let a: Foo, b = 1;
var { c = 2, d: { e }, [f()]: g, ...h } = i;
const [j, , k = 3, ...l] = m;
using n = open();
enum E { A, B = 5, C, D = 'd', F = A | B, G }
namespace N.M { run() }
declare module 'x' { function f(): void }
interface I { a: string }`),
    ).toMatchInlineSnapshot(`
      "
      (let a :Foo)
      (let b 1)
      (let {c:c=2 d:{e:e} [(call f)]:g ...h} i)
      (const [j _ k=3 ...l] m)
      (const n (call open))
      (const E (object A:0 B:5 C:6 D:"d" F:(| A B) G:(opaque)))
      (block {(call run)})
      (block {(function f () :void)})
      (opaque!)
      "
    `);
  });
});

describe('functions and classes', () => {
  test('names come from what a function is bound to', () => {
    expect(
      read(`const a = () => 1;
const b = function c() {};
x.d = async () => {};
const o = { e: () => {}, f() {}, get g() { return 1 }, async *h() {}, [i()]: () => 1, 'j': class {} };
function k(l = () => 2) {}
const m = wrap(() => 3);
n ??= y || (() => 4);`),
    ).toMatchInlineSnapshot(`
      "
      (const a (arrow a () {(return 1)}))
      (const b (function c () {}))
      (= (. x d) (async arrow d () {}))
      (const o (object e:(arrow e () {}) f:(function f () {}) g:(opaque (function g () {(return 1)})) h:(async function* h () {}) [(call i)]:(arrow - () {(return 1)}) j:(class j)))
      (function k (l=(arrow l () {(return 2)})) {})
      (const m (call wrap (arrow - () {(return 3)})))
      (coalesce= n (or y (arrow n () {(return 4)})))
      "
    `);
  });

  test('parameters', () => {
    expect(
      read(`function f(this: X, a: string, b = 1, { c, d = 2 }: P = {}, ...rest: number[]): Promise<void>;
function f() { return }`),
    ).toMatchInlineSnapshot(`
      "
      (function f (a:string b=1 {c:c d:d=2}:P=(object) *rest:([] Array number)) :([] Promise void))
      (function f () {(return)})
      "
    `);
  });

  test('classes', () => {
    expect(
      read(`@injectable() export abstract class A<T> extends mixin(B)<T, X> implements I {
  #p = 1; static s: string[] = []; declare d: D; accessor e = 2; ['f'] = 3; [g()] = 4;
  constructor(private readonly llm: LLM, @inject() x?: number) { super() }
  get v() { return this.#p }
  set v(x) {}
  static { init() }
  @listen(a) async h() {}
  abstract i(): void;
  static async *j() { yield* k() }
  l = async () => { await this.llm.call() };
}`),
    ).toMatchInlineSnapshot(`
      "
      export A = A
      (@(call injectable) class A < ([] (call mixin B) (tuple T X)) (field #p 1) static (field s :([] Array string) (list)) (field d :D) (field e 2) (field f 3) [(call g)] (field - 4) (function constructor (field llm:LLM @(call inject) x:number) {(call super)}) get (function v () {(return (. this #p))}) set (function v (x) {}) (block {(call init)}) (@(call listen a) async function h () {}) (function i () :void) static (async function* j () {(yield* (call k))}) (field l (async arrow l () {(await (call (. (. this llm) call)))})))
      "
    `);
  });

  test('heads are one or two lines', () => {
    expect(
      heads(`export async function research(state: State) { }
function long(
  a: number,
  b: number,
) { }
const f = async (x) => { };
while (
  a && b
) { }
while (a) { }
do { } while (go());
if (a) { } else if (b) { }
try { } catch (e) { }
@dec() class A extends B { method(a) { } }
switch (x) { }
for (const a of b) { }
const o = { get g() { return 1 } };`),
    ).toMatchInlineSnapshot(`
      [
        "research(state: State)",
        "long(",
        "async (x) =>",
        "while (",
        "while (a)",
        "while (go())",
        "if (b)",
        "if (a)",
        "catch (e)",
        "method(a)",
        "class A extends B",
        "switch (x)",
        "for (const a of b)",
        "g()",
      ]
    `);
  });

  test('the body span is the inside', () => {
    const text = 'function f() { a() }\nconst g = x => y(x);';
    const module = typescript.read('a.ts', text);
    const spans: string[] = [];
    JSON.stringify(module.body, (key, value) => {
      if (key === 'bodySpan') spans.push(text.slice(value[0], value[1]));
      return value;
    });
    expect(spans).toEqual([' a() ', 'y(x)']);
  });
});

describe('expressions', () => {
  test('what only groups or types is dropped', () => {
    expect(read('x = ((a as any) satisfies B)!.c(<D>e);')).toMatchInlineSnapshot(`
      "
      (= x (call (. a c) e))
      "
    `);
  });

  test('access and calls', () => {
    expect(
      read(`a?.b?.[c]?.(d)(...e);
new F; new G<H>(1);
tag\`x\${y}\`; tag.t\`z\`;
graph.addNode<State>('n', node);
import.meta.url; new.target;
this.x; super.y();`),
    ).toMatchInlineSnapshot(`
      "
      (call (call? ([] (?. a b) c) d) *e)
      (new F)
      (new G <H> 1)
      (call tag (template "x" y ""))
      (call (. tag t) (template "z"))
      (call (. graph addNode) <State> "n" node)
      (. (. import meta) url)
      (. new target)
      (. this x)
      (call (. super y))
      "
    `);
  });

  test('operators', () => {
    expect(
      read(`a === b; a != b; a instanceof B; 'k' in o; #p in o; a >>> 1; a ** b;
a && b || c ?? d; !a; -a; +a; ~a; typeof a; void 0; delete a.b;
i++; --i; a += 1; a ||= b; a **= 2; a.b = c; [a, b.c = 1, ...d] = e; ({ a, b: c = 1, ...d } = e);
a ? b : c; (a, b(), c); await a; 10n; 0x10; 1_000; /re/g; null; undefined;`),
    ).toMatchInlineSnapshot(`
      "
      (== a b)
      (!= a b)
      (instanceof a B)
      (in "k" o)
      (in #p o)
      (>>> a 1)
      (** a b)
      (coalesce (or (and a b) c) d)
      (not a)
      (-1 a)
      (+1 a)
      (~ a)
      (typeof a)
      (void 0)
      (delete (. a b))
      (+= i 1 old)
      (-= i 1)
      (+= a 1)
      (or= a b)
      (**= a 2)
      (= (. a b) c)
      (= [a (. b c)=1 ...d] e)
      (= {a:a b:c=1 ...d} e)
      (? a b c)
      (opaque a (call b) c)
      (await a)
      10
      16
      1000
      (opaque)
      null
      undefined
      "
    `);
  });

  test('literals and templates', () => {
    expect(
      read(`x = ['a', , ...b, \`c\`, \`d\${e}f\`, { 'g': 1, 2: h, i, ...j, [k]: l, ['m']: n }];`),
    ).toMatchInlineSnapshot(`
      "
      (= x (list "a" ...b "c" (template "d" e "f") (object g:1 2:h i:i ...j [k]:l m:n)))
      "
    `);
  });

  test('types are expressions', () => {
    expect(
      read(`let a: Promise<Map<string, X[]>> | 'lit' | null; let b: typeof S.State; let c: A & B; let d: State['messages'];
let e: readonly [x: A, ...B[]]; let f: () => void; let g: { a: B }; let h: ns.T<1>; let i: unknown;`),
    ).toMatchInlineSnapshot(`
      "
      (let a :(| ([] Promise ([] Map (tuple string ([] Array X)))) (| "lit" null)))
      (let b :(typeof (. S State)))
      (let c :(& A B))
      (let d :([] State "messages"))
      (let e :(tuple A ([] Array B)))
      (let f :(opaque))
      (let g :(opaque))
      (let h :([] (. ns T) 1))
      (let i :unknown)
      "
    `);
  });

  test('JSX keeps components, values and children', () => {
    expect(
      read(
        'const a = <Foo bar={x()} b="http://x" {...p()}>// text{y.map(z => <b key={z}>it</b>)}<N.M/><></></Foo>;',
        'a.tsx',
      ),
    ).toMatchInlineSnapshot(`
      "
      (const a (opaque Foo (call x) (call p) (call (. y map) (arrow - (z) {(return (opaque z))})) (opaque (. N M)) (opaque)))
      "
    `);
  });
});

describe('comments', () => {
  test('are found between all that looks like them', () => {
    expect(
      read(`#!/usr/bin/env node
// one
/** two */ const u = "http://x"; /* three */
const r = /\\/\\/*/; // four
const t = \`//\${a /* five */}//\`;
type U = \`https://\${string}\`; // six
import 'https://deno.land/x'; /**/
f(/* seven
 * lines */);`),
    ).toMatchInlineSnapshot(`
      "
      import - = https://deno.land/x#*
      (const u "http://x")
      (const r (opaque))
      (const t (template "//" a "//"))
      (opaque!)
      (opaque!)
      (call f)
      ; one
      ; two
      ; three
      ; four
      ; five
      ; six
      ; 
      ; seven
       * lines
      "
    `);
  });
});

describe('broken text', () => {
  test('gives what can be read', () => {
    expect(read('while (true) { await llm.call(')).toMatchInlineSnapshot(`
      "
      (while true {(await (call (. llm call)))})
      ! ')' expected. @30-30
      "
    `);
    expect(read('import { a, from "x";\nfoo();')).toMatchInlineSnapshot(`
      "
      import a = x#a
      (opaque!)
      (call foo)
      ! '}' expected. @12-16
      "
    `);
    expect(read('const x = ;\nclass { m( }\nagent.run().')).toMatchInlineSnapshot(`
      "
      (const x (opaque))
      (class - (function m ()))
      (. (call (. agent run)) )
      ! Expression expected. @10-11
      ! Parameter declaration expected. @23-24
      ! Identifier expected. @37-37
      "
    `);
    expect(read('do { a() }')).toMatchInlineSnapshot(`
      "
      (doWhile (opaque) {(call a)})
      ! 'while' expected. @10-10
      "
    `);
    expect(read(' + b; ? : ; f(,)')).toMatchInlineSnapshot(`
      "
      (+1 b)
      (call f)
      ! Declaration or statement expected. @6-7
      ! Declaration or statement expected. @8-9
      ! Argument expression expected. @14-15
      "
    `);
  });

  test('BOM, CRLF, NUL', () => {
    expect(read('\uFEFFa();\r\n// b\r\nc();\r\n')).toMatchInlineSnapshot(`
      "
      (call a)
      (call c)
      ; b
      "
    `);
    expect(read('a();\0\0b();')).toMatchInlineSnapshot(`
      "
      (call a)
      (call b)
      ! Invalid character. @4-5
      ! Invalid character. @5-6
      "
    `);
    expect(typescript.read('a.ts', 'a\r\nb\rc\n').lineStarts).toEqual([0, 3, 5, 7]);
  });
});
