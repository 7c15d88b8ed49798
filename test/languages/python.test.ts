// Python in, the neutral model out, through the front door.
import { describe, expect, test } from 'vitest';
import { loadPython } from '../../server/src/languages/python/index.ts';
import { census } from './invariants.ts';
import { printModule } from './print.ts';

const python = await loadPython();

function read(text: string): string {
  const module = python.read('src/a.py', text);
  expect(census(module, text).broken).toEqual([]);
  return `\n${printModule(module)}\n`;
}

/** Each head as the text it covers. */
function heads(text: string): string[] {
  const found: string[] = [];
  JSON.stringify(python.read('a.py', text).body, (key, value) => {
    if (key === 'head') found.push(text.slice(value[0], value[1]));
    return value;
  });
  return found;
}

describe('modules', () => {
  test('imports of every form', () => {
    expect(
      read(`from __future__ import annotations
import os.path, numpy as np, a.b as c
from .state import State as S, T
from . import nodes
from .. x . y import (a, b as d,)
from z import *
if TYPE_CHECKING:
    from t import U
def f():
    from lazy import g
try:
    import fast
except ImportError:
    fast = None
`),
    ).toMatchInlineSnapshot(`
      "
      import annotations = __future__#annotations
      import os = os#*
      import - = os.path#*
      import np = numpy#*
      import c = a.b#*
      import S = .state#State
      import T = .state#T
      import nodes = .#nodes
      import a = ..x.y#a
      import d = ..x.y#b
      import - = z#*
      import U = t#U type
      import g = lazy#g
      import fast = fast#*
      export annotations = annotations from __future__
      export os = * from os
      export np = * from numpy
      export c = * from a.b
      export S = State from .state
      export T = T from .state
      export nodes = nodes from .
      export a = a from ..x.y
      export d = b from ..x.y
      export * = * from z
      export U = U from t
      export fast = * from fast
      export f = f
      export fast = fast
      (opaque!)
      (opaque!)
      (opaque!)
      (opaque!)
      (opaque!)
      (opaque!)
      (if TYPE_CHECKING {(opaque!)})
      (function f () {(opaque!)})
      (try {(opaque!)} (catch ImportError {(= fast null)}))
      "
    `);
  });

  test('every top-level binding is an export', () => {
    expect(
      read(`def f(): x = 1
class A: y = 1
@d
def g(): pass
a, (b, *c) = d.e, f[0] = 1, 2
h: int
if p:
    q = 1
for i in r:
    with s() as t:
        pass
print(u := 1, [w for w in v])
`)
        .split('\n')
        .filter(line => line.startsWith('export')),
    ).toMatchInlineSnapshot(`
      [
        "export f = f",
        "export A = A",
        "export g = g",
        "export a = a",
        "export b = b",
        "export c = c",
        "export h = h",
        "export q = q",
        "export i = i",
        "export t = t",
        "export u = u",
      ]
    `);
  });
});

describe('statements', () => {
  test('loops', () => {
    expect(
      read(`while True: step()
while (n := next()) < 3:
    continue
else:
    done()
for i, (a, *b) in x: pass
async def f():
    async for y in z():
        break
for w in 1, 2: v()
`),
    ).toMatchInlineSnapshot(`
      "
      export n = n
      export i = i
      export a = a
      export b = b
      export f = f
      export w = w
      (while true {(call step)})
      (while (< (= n (call next)) 3) {(continue)} else {(call done)})
      (each [i [a ...b]] of x {})
      (async function f () {(each async y of (call z) {(break)})})
      (each w of (tuple 1 2) {(call v)})
      "
    `);
  });

  test('branches', () => {
    expect(
      read(`if a: b()
elif c:
    d()
elif e: f()
else:
    g()
try:
    a()
except (A, b.C) as e:
    raise X(e) from y()
except D:
    raise
except:
    pass
else:
    o()
finally:
    p()
assert f(), "m"
assert g
with open(x) as f, lock():
    r()
with (a() as b, c() as (d, e)):
    pass
`),
    ).toMatchInlineSnapshot(`
      "
      export f = f
      export b = b
      export d = d
      export e = e
      (if a {(call b)} else {(if c {(call d)} else {(if e {(call f)} else {(call g)})})})
      (try {(call a)} (catch A (. b C) as e {(call y); (raise (call X e))}) (catch D {(raise)}) (catch {}) else {(call o)} finally {(call p)})
      (if (not (call f)) {(raise "m")})
      (if (not g) {(raise)})
      (block with (= f (call open x)) (call lock) {(call r)})
      (block with (= b (call a)) (= [d e] (call c)) {})
      "
    `);
  });

  test('match', () => {
    expect(
      read(`match cmd, n:
    case A(b=1, c=[d, *e]) | 3 if g(): h()
    case {"k": v, **r}: pass
    case a.b | -1: pass
    case (1, 2) as t: pass
    case other: pass
match x:
    case "s": pass
    case _: pass
`),
    ).toMatchInlineSnapshot(`
      "
      export d = d
      export e = e
      export v = v
      export r = r
      export t = t
      export other = other
      (switch (tuple cmd n) ((and (| (opaque A (opaque 1) (opaque (list (= d (opaque)) ...(= e (opaque))))) 3) (call g)) {(call h)}) ((object k:(= v (opaque)) ...(= r (opaque))) {}) ((| (. a b) 1) {}) ((opaque (tuple 1 2) (= t (opaque))) {}) (default {(= other (opaque))}))
      (switch x ("s" {}) (default {}))
      "
    `);
  });

  test('small ones', () => {
    expect(
      read(`def f():
    global a, b
    def g():
        nonlocal c
    del d, e[0]
    return 1, 2
type A[T] = int | None
a; b;
pass
1,
print >>f, x()
exec "code"
`),
    ).toMatchInlineSnapshot(`
      "
      export f = f
      export A = A
      (function f () {(global a b); (function g () {(nonlocal c)}); (delete d); (delete ([] e 0)); (return (tuple 1 2))})
      (= A (| int null))
      a
      b
      (tuple 1)
      (opaque! f (call x))
      (opaque! "code")
      "
    `);
  });
});

describe('functions and classes', () => {
  test('functions', () => {
    expect(
      read(`async def f(a, /, b: int = 1, *args: str, c=2, **kw) -> list[str]:
    yield a
    def inner(): return 1
def g(*, k): yield from k
h = lambda x, *y: x
def outer():
    def inner(): yield 1
@start()
@listen(or_(a, "b"))
def step(self): ...
`),
    ).toMatchInlineSnapshot(`
      "
      export f = f
      export g = g
      export h = h
      export outer = outer
      export step = step
      (async function* f (a b:int=1 *args:str c=2 **kw) :([] list str) {(yield a); (function inner () {(return 1)})})
      (function* g (k) {(yield* k)})
      (= h (arrow h (x *y) {(return x)}))
      (function outer () {(function* inner () {(yield 1)})})
      (@(call start) @(call listen (call or_ a "b")) function step (self) {(opaque)})
      "
    `);
  });

  test('classes', () => {
    expect(
      read(`@persist
class State(TypedDict, Generic[T], total=False, metaclass=make()):
    "doc"
    messages: Annotated[list, operator.add]
    n: int = 0
    x = lambda self: 1
    a.b = 2
    @property
    def p(self): return self.q
    @p.setter
    def p(self, v): pass
    @staticmethod
    async def s(): pass
    if c:
        y = 1
`),
    ).toMatchInlineSnapshot(`
      "
      export State = State
      (@persist class State < TypedDict ([] Generic T) (opaque false) (opaque (call make)) "doc" (field messages :([] Annotated (tuple list (. operator add)))) (field n :int 0) (field x (arrow x (self) {(return 1)})) (= (. a b) 2) get (@property function p (self) {(return (. self q))}) set (@(. p setter) function p (self v) {}) static (@staticmethod async function s () {}) (if c {(= y 1)}))
      "
    `);
  });

  test('heads are one or two lines', () => {
    expect(
      heads(`async def research(state: State) -> dict:
    pass
def long(
    a,
    b,
):
    while True:
        pass
    while (
        a
        and b
    ):
        pass
    for x in y: pass
    if a: pass
    elif b: pass
    try: pass
    except Foo as e: pass
@dec
class A(B):
    pass
f = lambda x: 1
match x:
    case 1: pass
`),
    ).toMatchInlineSnapshot(`
      [
        "research(state: State)",
        "while True:",
        "while (",
        "for x in y:",
        "elif b:",
        "if a:",
        "except Foo as e:",
        "long(",
        "class A(B)",
        "lambda x:",
        "match x:",
      ]
    `);
  });
});

describe('expressions', () => {
  test('calls and access', () => {
    expect(
      read(`f(a, *b, k=1, **c)(x for x in y)
a.b[c][1:2, ::3].d()
a["b"], a[b, c]
`),
    ).toMatchInlineSnapshot(`
      "
      (call (call f a *b k=1 **c) (for-generator x {x in y}))
      (call (. ([] ([] (. a b) c) (tuple (opaque 1 2) (opaque 3))) d))
      (tuple ([] a "b") ([] a (tuple b c)))
      "
    `);
  });

  test('operators', () => {
    expect(
      read(`a == b != c
0 < f() <= 3 not in q is not z
a is None
not a and b or c
-x ** ~y // 2 @ z
a if b else c
(a, b := 1)
i += 1; i //= 2; i @= m
a = b = c = lambda: 0
a, *b = b, a + 1
(a) = 1
(a,) = 1
[a, b.c] = d
x: int
y: dict[str, list[int]] = {}
await a; (yield)
`),
    ).toMatchInlineSnapshot(`
      "
      export b = b
      export i = i
      export a = a
      export c = c
      export x = x
      export y = y
      (and (== a b) (!= b c))
      (and (and (and (< 0 (call f)) (<= (opaque) 3)) (notIn 3 q)) (!= q z))
      (== a null)
      (or (and (not a) b) c)
      (@ (// (-1 (** x (~ y))) 2) z)
      (? b a c)
      (tuple a (= b 1))
      (+= i 1)
      (//= i 2)
      (@= i m)
      (= a (= b (= c (arrow c () {(return 0)}))))
      (= [a ...b] (tuple b (+ a 1)))
      (= a 1)
      (= [a] 1)
      (= [a (. b c)] d)
      (= x :int undefined)
      (= y :([] dict (tuple str ([] list int))) (object))
      (await a)
      (yield)
      "
    `);
  });

  test('literals', () => {
    expect(
      read(
        String.raw`1_000, 0x1F, 0o17, 1.5e3, 2j, True, None, ...
"a\n\x41\u00e9\N{DASH}" r'\n' b"b"
f"{{x}} {a!r:>{w()}} {b=}" "c" f'{d["e"]}'
{"k": v, 1: w, **u}, {1, 2}, (), (1,), [*a]
[x async for x in y if a if b for z in x], {k: v for k in w}, {s for s in t}
`,
      ),
    ).toMatchInlineSnapshot(`
      "
      (tuple 1000 31 15 1500 (opaque) true null (opaque))
      "a\\nAé\\\\N{DASH}\\\\nb"
      (template "{x} " (opaque a (call w)) " " b "c" ([] d "e") "")
      (tuple (object k:v [1]:w ...u) (set 1 2) (tuple) (tuple 1) (list ...a))
      (tuple (for-list x {async x in y if a if b} {z in x}) (for-dict k v {k in w}) (for-set s {s in t}))
      "
    `);
  });

  test('annotations', () => {
    expect(
      read(`def f(a: "X | None", b: list[dict[str, int]], c: Literal["a"] | None, d: x.Y = 1, *e: Callable[[A], B]): pass
`),
    ).toMatchInlineSnapshot(`
      "
      export f = f
      (function f (a:"X | None" b:([] list ([] dict (tuple str int))) c:(| ([] Literal "a") null) d:(. x Y)=1 *e:([] Callable (tuple (list A) B))) {})
      "
    `);
  });
});

describe('text', () => {
  test('offsets count UTF-16 units', () => {
    const text = '# 😀\nx = "😀é"; done()\n';
    const module = python.read('a.py', text);
    const last = module.body[1]!;
    expect(text.slice(last.span[0], last.span[1])).toBe('done()');
    expect(module.comments[0]!.text).toBe('😀');
  });

  test('BOM, CRLF, tabs, NUL', () => {
    expect(read('\uFEFFa()\r\nif b:\r\n\tc()\r\n\r\n# d\r\ne()\r\n')).toMatchInlineSnapshot(`
      "
      (call a)
      (if b {(call c)})
      (call e)
      ; d
      "
    `);
    expect(read('a()\n\0\nb()\n')).toMatchInlineSnapshot(`
      "
      (call a)
      (opaque! (opaque!))
      (call b)
      ! Syntax error. @4-5
      ! Syntax error. @4-5
      "
    `);
  });

  test('broken text gives what can be read', () => {
    expect(read('while True:\n    r = llm.invoke(\n')).toMatchInlineSnapshot(`
      "
      (while true {(opaque! r (. llm invoke))})
      ! Syntax error. @16-31
      "
    `);
    expect(read('def f(:\n    a()\nb()\n')).toMatchInlineSnapshot(`
      "
      export f = f
      (function f () {(call a)})
      (call b)
      ! ')' expected. @6-6
      "
    `);
    expect(read('class A:\n    def m(self):\n        return self.\nrun()\n')).toMatchInlineSnapshot(`
      "
      export A = A
      (class A (function m (self) {(opaque! self)}))
      (call run)
      ! Syntax error. @34-46
      "
    `);
    expect(read('if a(:\n  b()\nelse c()\nd()\n')).toMatchInlineSnapshot(`
      "
      (if a {(call b)})
      (opaque!)
      (opaque!)
      (call c)
      (call d)
      ! Syntax error. @4-5
      ! Syntax error. @13-17
      "
    `);
    expect(read('')).toMatchInlineSnapshot(`
      "

      "
    `);
  });
});
