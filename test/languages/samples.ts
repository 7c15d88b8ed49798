// Sample sources with every construct, for the property tests to break.

export const typescriptSample = `#!/usr/bin/env node
import a, { b as c, type D } from './x'; import * as ns from "ns"; import q = require('q');
const { z, y: { w = 1 } } = await import('dyn'); /* c */ export * as all from './all';
@dec() export class Foo<T> extends Base<T, number> implements I {
  #p = 1; static s: string[] = []; [k()]: Map<string, X>;
  constructor(private llm: LLM, @Inject() x?: number) { super() }
  get v() { return this.#p } static { init() }
  @field() f = async () => { await this.llm.call\`hi \${1 + g()}\` };
}
export enum E { A, B = 5, C = 'x' } namespace N.M { run() }
outer: for (let i = 0, j = 1; i < 3; i++, j--) {
  for await (const [x, , ...r] of gen()) { continue outer }
  do x++; while (x?.y?.(1)!)
  for (const k in o) if (k) break; else if (j) { t() } else u();
}
switch (k) { case 1: case 2: foo(); break; default: bar() }
export default async function* () { yield* other(); try { a = b ??= c } catch ({ message }) { throw new Error(\`a\${message}\`) } finally { } }
module.exports = { a, b: fn(), c() {}, get d() { return 1 }, ...e, ['f']: 1 };
const f = (x: typeof S.State | 'a' | null, { m = 1, ...n }: P = {}): Promise<void> => ({ x, ...y, [k()]: 1 });
[a, b = 2, ...c] = [b, a]; ({ a, b: { c = 3 } } = o); delete a.b, void 0, !/\\/\\/*/.test(u);
type U = \`https://\${string}\` | { a: (x: number) => void }; declare module 'x' { function g(): void }
const e = <Foo bar={x()} {...p()}>// it{y.map(z => <b key={z}>😀</b>)}</Foo>;
`;

export const pythonSample = `"""doc"""
from __future__ import annotations
import os.path, numpy as np
from .state import State as S, T
from x import (a, b as c,)
if TYPE_CHECKING:
    from z import *
@persist()
class G(TypedDict, total=f()):
    messages: Annotated[list, operator.add]
    n: int = 0
    @property
    def p(self): return self.q
    async def r(self, /, b: int = 1, *args, c=g(), **kw) -> list[str]:
        global h
        async with open(x) as f, lock():
            return await f.read(), 1
i, *j = k = 0, *l()
while (n := next()) < 3 <= limit() < 9:
    if n == 1: break
    elif n is not None and "x" not in d: continue
    else: i += 1
else:
    done()
for a, (b, c) in gen(): pass
try:
    x()
except (A, B) as e:
    raise X(e) from y()
else: o()
finally: p()
assert f(), "m"; del a.b, c[0]
print(f"😀{b!r:>{w()}}{{x}}" "c\\n" r'\\d', *args, sep='', **{**k, "v": 1, 2: 3})
z = [x() for x in y if x] + {k: v() for k, v in m.items()} or (lambda q=1: q)(x for x in y)
match cmd:
    case A(b=1, c=[d, *e]) | 3 if g(): pass
    case {"k": v, **r}: pass
    case _: pass
a[1:2, ::3] = -x ** ~y // 2 if not c else await d # end
`;
