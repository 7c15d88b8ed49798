// Random agents in plain TypeScript: loops, counters, flags, retries, helpers, recursion, as source text.
// A program is data first, so that fast-check can shrink it; printing gives text that the analyzer and Node both read.
import fc from 'fast-check';

type Operator = '<' | '<=' | '>' | '>=' | '!==' | '===';

/** A counter by number, or the parameter that a helper hands on to itself. */
type Counter = number | 'depth';

type Condition =
  /** What the model answered. */
  | { readonly is: 'verdict'; readonly want: boolean }
  | {
      readonly is: 'count';
      readonly of: Counter;
      readonly operator: Operator;
      readonly limit: number;
      /** Raised or lowered where it is compared, before or after it is read. */
      readonly step: 'none' | '++x' | 'x++' | '--x' | 'x--';
      readonly mirrored: boolean;
      readonly named: boolean;
    }
  | { readonly is: 'flag'; readonly of: number; readonly want: boolean }
  | { readonly is: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly is: 'not'; readonly of: Condition }
  /** The answer of a function of its own. */
  | { readonly is: 'predicate'; readonly of: Condition }
  | { readonly is: 'asks' };

type Statement =
  | { readonly do: 'ask' | 'askFor' | 'askAll'; readonly count: number }
  | { readonly do: 'step'; readonly of: Counter; readonly by: number; readonly form: 'short' | 'long' }
  | { readonly do: 'set'; readonly of: number; readonly to: number }
  | { readonly do: 'flag'; readonly of: number; readonly to: boolean }
  | { readonly do: 'if'; readonly test: Condition; readonly yes: Block; readonly no: Block }
  | { readonly do: 'loop'; readonly loop: Loop }
  | { readonly do: 'each'; readonly count: number; readonly body: Block }
  | { readonly do: 'drain'; readonly count: number; readonly refill: Condition | undefined; readonly body: Block }
  | { readonly do: 'try'; readonly body: Block; readonly handler: Block; readonly finalizer: Block | undefined }
  | { readonly do: 'break' | 'continue'; readonly outer: boolean }
  | { readonly do: 'return' | 'throw' }
  /** A helper later in the list; in a helper with `itself`, the helper again. */
  | { readonly do: 'help'; readonly helper: number; readonly itself: boolean; readonly by: number };

type Block = readonly Statement[];

interface Loop {
  readonly form: 'for' | 'while' | 'doWhile';
  readonly test: Condition | undefined;
  readonly counter: number;
  readonly start: number | undefined;
  readonly declares: boolean;
  readonly update: Statement | undefined;
  readonly body: Block;
}

/** A whole agent. */
export interface PlainProgram {
  /** Where each counter and flag lives. */
  readonly homes: readonly ('local' | 'module' | 'object' | 'passed' | 'field')[];
  readonly starts: readonly number[];
  readonly flags: readonly boolean[];
  readonly asClass: boolean;
  readonly main: Block;
  readonly helpers: readonly Block[];
}

// ---- Choosing ---------------------------------------------------------------------------------------------------------

const counters = 3;
const counterIndex = fc.nat(counters - 1);
const small = fc.integer({ min: -1, max: 4 });

const verdict: fc.Arbitrary<Condition> = fc.record({ is: fc.constant('verdict' as const), want: fc.boolean() });

function count(
  of: fc.Arbitrary<Counter> = counterIndex,
  operators?: readonly Operator[],
  up?: boolean,
): fc.Arbitrary<Condition> {
  return fc.record({
    is: fc.constant('count' as const),
    of,
    operator: operators ? fc.constantFrom(...operators) : fc.constantFrom<Operator>('<', '<=', '>', '>=', '!==', '==='),
    limit: up === undefined ? small : up ? fc.integer({ min: 1, max: 5 }) : fc.integer({ min: -1, max: 2 }),
    step: fc.oneof(
      { weight: 9, arbitrary: fc.constant('none' as const) },
      { weight: up === false ? 0 : 3, arbitrary: fc.constantFrom('++x' as const, 'x++' as const) },
      { weight: up === true ? 0 : up === false ? 3 : 1, arbitrary: fc.constantFrom('--x' as const, 'x--' as const) },
    ),
    mirrored: fc.integer({ min: 0, max: 6 }).map(n => n === 6),
    named: fc.integer({ min: 0, max: 6 }).map(n => n === 6),
  });
}

function condition(depth: number, of: fc.Arbitrary<Counter> = counterIndex): fc.Arbitrary<Condition> {
  const flag: fc.Arbitrary<Condition> = fc.record({
    is: fc.constant('flag' as const),
    of: fc.nat(1),
    want: fc.boolean(),
  });
  const leaves = [
    { weight: 5, arbitrary: verdict },
    { weight: 6, arbitrary: count(of) },
    { weight: 2, arbitrary: flag },
  ];
  if (depth === 0) return fc.oneof(...leaves);
  const inner = condition(depth - 1, of);
  return fc.oneof(
    ...leaves,
    {
      weight: 3,
      arbitrary: fc.record({ is: fc.constantFrom('and' as const, 'or' as const), left: inner, right: inner }),
    },
    { weight: 1, arbitrary: fc.record({ is: fc.constant('not' as const), of: inner }) },
    { weight: 1, arbitrary: fc.record({ is: fc.constant('predicate' as const), of: inner }) },
    { weight: 1, arbitrary: fc.constant<Condition>({ is: 'asks' }) },
  );
}

const ask: fc.Arbitrary<Statement> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Statement>({ do: 'ask', count: 1 }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('askFor' as const, 'askAll' as const), count: fc.nat(3) }) },
);

function stepOf(of: Counter, up: boolean): fc.Arbitrary<Statement> {
  return fc.record({
    do: fc.constant('step' as const),
    of: fc.constant(of),
    by: fc
      .oneof({ weight: 8, arbitrary: fc.constant(1) }, { weight: 2, arbitrary: fc.constantFrom(2, 3) })
      .map(n => (up ? n : -n)),
    form: fc.constantFrom('short' as const, 'long' as const),
  });
}

/** A loop as people write it: a counter, a step, a check, each in one of its places, with something else in between. */
function idiom(depth: number): fc.Arbitrary<Statement> {
  return fc.record({ counter: counterIndex, up: fc.boolean() }).chain(({ counter, up }) =>
    fc
      .record({
        form: fc.constantFrom('for' as const, 'while' as const, 'doWhile' as const),
        head: fc.constantFrom('count', 'count', 'count', 'verdict', 'both', 'both', 'either', 'none', 'none'),
        going: count(fc.constant(counter), up ? ['<', '<', '<=', '!=='] : ['>', '>', '>=', '!=='], up),
        done: count(fc.constant(counter), up ? ['>=', '>=', '>', '==='] : ['<=', '<=', '<', '==='], up),
        verdict,
        start: fc.option(up ? fc.integer({ min: -1, max: 2 }) : fc.integer({ min: 1, max: 5 }), { nil: undefined }),
        declares: fc.boolean(),
        step: stepOf(counter, up),
        stepAt: fc.constantFrom(
          'update',
          'update',
          'update',
          'top',
          'top',
          'bottom',
          'bottom',
          'some',
          'handler',
          'nowhere',
        ),
        checkAt: fc.constantFrom('top', 'top', 'bottom', 'bottom', 'some', 'handler', 'nowhere', 'nowhere'),
        leave: fc.constantFrom<Statement>({ do: 'break', outer: false }, { do: 'return' }, { do: 'throw' }),
        retry: fc.integer({ min: 0, max: 3 }).map(n => n === 0),
        first: block(depth - 1, 1),
        middle: block(depth - 1, 2),
        when: condition(0),
      })
      .map((one): Statement => {
        const check: Statement = { do: 'if', test: one.done, yes: [one.leave], no: [] };
        const at = (place: string): Statement[] => [
          ...(one.stepAt === place ? [one.step] : []),
          ...(one.checkAt === place ? [check] : []),
        ];
        const both = (is: 'and' | 'or'): Condition => ({ is, left: one.verdict, right: one.going });
        const test =
          one.head === 'count'
            ? one.going
            : one.head === 'verdict'
              ? one.verdict
              : one.head === 'both'
                ? both('and')
                : one.head === 'either'
                  ? both('or')
                  : undefined;
        const some = at('some');
        const inside: Statement[] = [
          ...at('top'),
          ...one.first,
          { do: 'ask', count: 1 },
          ...(some.length > 0 ? [{ do: 'if' as const, test: one.when, yes: some, no: [] }] : []),
          ...one.middle,
          ...at('bottom'),
        ];
        const handler = at('handler');
        const body: Statement[] =
          one.retry || handler.length > 0
            ? [
                {
                  do: 'try',
                  body: one.retry ? [...inside, { do: 'break', outer: false }] : inside,
                  handler,
                  finalizer: undefined,
                },
              ]
            : inside;
        return {
          do: 'loop',
          loop: {
            form: one.form,
            test,
            counter,
            start: one.start,
            declares: one.declares,
            update: one.stepAt === 'update' ? one.step : undefined,
            body,
          },
        };
      }),
  );
}

function statement(depth: number): fc.Arbitrary<Statement> {
  const simple: { weight: number; arbitrary: fc.Arbitrary<Statement> }[] = [
    { weight: 6, arbitrary: ask },
    {
      weight: 3,
      arbitrary: fc.tuple(counterIndex, fc.integer({ min: 0, max: 3 })).chain(([of, up]) => stepOf(of, up > 0)),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('set' as const), of: counterIndex, to: small }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('flag' as const), of: fc.nat(1), to: fc.boolean() }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom('break' as const, 'continue' as const),
        outer: fc.integer({ min: 0, max: 4 }).map(n => n === 4),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('return' as const, 'throw' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('help' as const),
        helper: fc.nat(2),
        itself: fc.boolean(),
        by: fc.constantFrom(1, 1, -1, 2, 0),
      }),
    },
  ];
  if (depth <= 0) return fc.oneof(...simple);
  return fc.oneof(
    ...simple,
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('if' as const),
        test: condition(
          1,
          fc.oneof({ weight: 4, arbitrary: counterIndex }, { weight: 1, arbitrary: fc.constant('depth' as const) }),
        ),
        yes: block(depth - 1, 2),
        no: fc.oneof({ weight: 3, arbitrary: fc.constant<Block>([]) }, { weight: 1, arbitrary: block(depth - 1, 2) }),
      }),
    },
    { weight: 4, arbitrary: idiom(depth) },
    { weight: 1, arbitrary: soup(depth) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('each' as const), count: fc.nat(3), body: block(depth - 1, 3) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('drain' as const),
        count: fc.nat(3),
        refill: fc.option(condition(0), { nil: undefined }),
        body: block(depth - 1, 2),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('try' as const),
        body: block(depth - 1, 3),
        handler: block(depth - 1, 2),
        finalizer: fc.option(block(0, 1), { nil: undefined, freq: 5 }),
      }),
    },
  );
}

/** A loop of anything. */
function soup(depth: number): fc.Arbitrary<Statement> {
  return fc.record({
    do: fc.constant('loop' as const),
    loop: fc.record({
      form: fc.constantFrom('for' as const, 'while' as const, 'doWhile' as const),
      test: fc.option(condition(1), { nil: undefined }),
      counter: counterIndex,
      start: fc.option(small, { nil: undefined }),
      declares: fc.boolean(),
      update: fc.option(
        counterIndex.chain(of => stepOf(of, true)),
        { nil: undefined },
      ),
      body: block(depth - 1, 4),
    }),
  });
}

function block(depth: number, size: number): fc.Arbitrary<Block> {
  return fc.array(
    fc.constant(0).chain(() => statement(Math.max(0, depth))),
    { maxLength: size },
  );
}

/** A helper that is called with a number and calls itself with another, or is anything. */
const helper: fc.Arbitrary<Block> = fc.oneof(
  { weight: 2, arbitrary: block(2, 3) },
  {
    weight: 1,
    arbitrary: fc
      .record({
        check: count(fc.constant('depth' as const)),
        checked: fc.boolean(),
        leave: fc.boolean(),
        before: block(1, 2),
        by: fc.constantFrom(1, 1, -1, 2),
        when: fc.option(verdict, { nil: undefined }),
        inHandler: fc.boolean(),
      })
      .map((one): Block => {
        const again: Statement = { do: 'help', helper: 0, itself: true, by: one.by };
        const gated: Statement = one.when ? { do: 'if', test: one.when, yes: [again], no: [] } : again;
        const rest: Block = one.inHandler
          ? [...one.before, { do: 'try', body: [{ do: 'ask', count: 1 }], handler: [gated], finalizer: undefined }]
          : [...one.before, { do: 'ask', count: 1 }, gated];
        if (!one.checked) return rest;
        if (one.leave) return [{ do: 'if', test: one.check, yes: [{ do: 'return' }], no: [] }, ...rest];
        return [{ do: 'if', test: one.check, yes: rest, no: [] }];
      }),
  },
);

/** Any plain program. */
export const plainProgram: fc.Arbitrary<PlainProgram> = fc.record({
  homes: fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant('local' as const) },
      {
        weight: 2,
        arbitrary: fc.constantFrom('module' as const, 'object' as const, 'passed' as const, 'field' as const),
      },
    ),
    { minLength: counters + 2, maxLength: counters + 2 },
  ),
  starts: fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: small }), {
    minLength: counters,
    maxLength: counters,
  }),
  flags: fc.array(fc.boolean(), { minLength: 2, maxLength: 2 }),
  asClass: fc.boolean(),
  main: fc.tuple(block(1, 1), idiom(2), block(2, 2)).map(([before, loop, after]): Block => [...before, loop, ...after]),
  helpers: fc.array(helper, { maxLength: 2 }),
});

// ---- Printing ---------------------------------------------------------------------------------------------------------

/** Marks a place that a run without end must come by; a comment for the analyzer. */
export const tick = '/*tick*/';

const other: { readonly [operator in Operator]: Operator } = {
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
  '!==': '!==',
  '===': '===',
};

/** The program's text: JavaScript that is TypeScript too. `main` is its entry. */
export function printPlain(program: PlainProgram): string {
  const predicates: string[] = [];
  const limits = new Map<number, string>();
  const names = new Set<string>();
  const home = (i: number): 'local' | 'module' | 'object' | 'passed' | 'field' => {
    const wanted = program.homes[i]!;
    return wanted === 'field' && !program.asClass ? 'object' : wanted;
  };
  const place = (i: number): string => {
    const name = i < counters ? `c${i}` : `f${i - counters}`;
    switch (home(i)) {
      case 'object':
        return `shared.${name}`;
      case 'passed':
        return `state.${name}`;
      case 'field':
        return `this.${name}`;
      default:
        return name;
    }
  };
  const begins = (i: number): string =>
    i < counters ? String(program.starts[i]) : String(program.flags[i - counters]);

  interface Here {
    readonly helper: number | undefined;
    /** Labels of the loops around, the innermost last. */
    readonly loops: readonly string[];
    /** Counters that a `for` around declares. */
    readonly shadowed: ReadonlySet<number>;
  }
  let loopNumber = 0;

  const isLocal = (i: number, here: Here): boolean => home(i) === 'local' || here.shadowed.has(i);
  const counterName = (of: Counter, here: Here): string => {
    if (of === 'depth') return here.helper === undefined ? '0' : 'depth';
    return here.shadowed.has(of) ? `c${of}` : place(of);
  };
  const usesLocal = (test: Condition, here: Here): boolean => {
    switch (test.is) {
      case 'verdict':
      case 'asks':
        return true;
      case 'count':
        return test.of === 'depth' || isLocal(test.of, here) || home(test.of) === 'passed';
      case 'flag':
        return isLocal(counters + test.of, here) || home(counters + test.of) === 'passed';
      case 'and':
      case 'or':
        return usesLocal(test.left, here) || usesLocal(test.right, here);
      default:
        return usesLocal(test.of, here);
    }
  };
  const limit = (value: number, named: boolean): string => {
    if (!named) return String(value);
    const name = `MAX_${value < 0 ? 'NONE' : value}`;
    limits.set(value, name);
    return name;
  };
  const condition = (test: Condition, here: Here): string => {
    switch (test.is) {
      case 'verdict':
        return test.want ? "reply.includes('yes')" : "!reply.includes('yes')";
      case 'asks':
        return "(await ask(reply)).includes('yes')";
      case 'count': {
        const name = counterName(test.of, here);
        const stepped =
          test.step === 'none' || (test.of === 'depth' && here.helper === undefined)
            ? name
            : test.step.replace('x', name);
        const against = limit(test.limit, test.named);
        return test.mirrored
          ? `${against} ${other[test.operator]} ${stepped}`
          : `${stepped} ${test.operator} ${against}`;
      }
      case 'flag':
        return `${test.want ? '' : '!'}${place(counters + test.of)}`;
      case 'and':
      case 'or':
        return `(${condition(test.left, here)} ${test.is === 'and' ? '&&' : '||'} ${condition(test.right, here)})`;
      case 'not':
        return `!(${condition(test.of, here)})`;
      case 'predicate': {
        if (usesLocal(test.of, here)) return condition(test.of, here);
        const name = `holds${predicates.length}`;
        const body = condition(test.of, here);
        if (program.asClass) {
          predicates.push(`  ${name}() {\n    return ${body};\n  }`);
          return `this.${name}()`;
        }
        predicates.push(`function ${name}() {\n  return ${body};\n}`);
        return `${name}()`;
      }
    }
  };

  const lines = (body: Block, here: Here, indent: string): string[] => body.flatMap(one => print(one, here, indent));
  const bare = (one: Statement, here: Here): string => {
    const text = print(one, here, '')[0] ?? '';
    return text.replace(/;$/, '');
  };
  const print = (one: Statement, here: Here, indent: string): string[] => {
    const deeper = `${indent}  `;
    switch (one.do) {
      case 'ask':
        return [`${indent}reply = await ask(reply);`];
      case 'askFor':
        return [
          `${indent}for (const topic of [${items(one.count)}]) {`,
          `${deeper}reply = await ask(topic);`,
          `${indent}}`,
        ];
      case 'askAll':
        return [`${indent}await Promise.all([${items(one.count)}].map(topic => ask(topic)));`];
      case 'step': {
        const name = counterName(one.of, here);
        if (one.form === 'long') return [`${indent}${name} = ${name} ${one.by < 0 ? '-' : '+'} ${Math.abs(one.by)};`];
        if (one.by === 1) return [`${indent}${name}++;`];
        if (one.by === -1) return [`${indent}${name}--;`];
        return [`${indent}${name} ${one.by < 0 ? '-' : '+'}= ${Math.abs(one.by)};`];
      }
      case 'set':
        return [`${indent}${counterName(one.of, here)} = ${one.to};`];
      case 'flag':
        return [`${indent}${place(counters + one.of)} = ${one.to};`];
      case 'if': {
        const then = lines(one.yes, here, deeper);
        const otherwise = lines(one.no, here, deeper);
        return [
          `${indent}if (${condition(one.test, here)}) {`,
          ...then,
          ...(otherwise.length > 0 ? [`${indent}} else {`, ...otherwise] : []),
          `${indent}}`,
        ];
      }
      case 'each': {
        const label = `loop${loopNumber++}`;
        const body = lines(one.body, { ...here, loops: [...here.loops, label] }, deeper);
        return labelled(label, indent, [
          `${indent}for (const topic of [${items(one.count)}]) {`,
          ...body,
          `${indent}}`,
        ]);
      }
      case 'drain': {
        const label = `loop${loopNumber++}`;
        const list = `todo${loopNumber}`;
        const inner = { ...here, loops: [...here.loops, label] };
        const refill = one.refill ? [`${deeper}if (${condition(one.refill, inner)}) ${list}.push('more');`] : [];
        const body = lines(one.body, inner, deeper);
        return [
          `${indent}const ${list} = [${items(one.count)}];`,
          ...labelled(label, indent, [
            `${indent}while (${list}.length > 0) {`,
            `${deeper}${tick}`,
            `${deeper}const item = ${list}.shift();`,
            `${deeper}reply = await ask(item);`,
            ...refill,
            ...body,
            `${indent}}`,
          ]),
        ];
      }
      case 'try': {
        const body = lines(one.body, here, deeper);
        const handler = lines(one.handler, here, deeper);
        const finalizer = one.finalizer
          ? lines(
              one.finalizer.filter(
                s => s.do !== 'break' && s.do !== 'continue' && s.do !== 'return' && s.do !== 'throw',
              ),
              here,
              deeper,
            )
          : [];
        return [
          `${indent}try {`,
          ...body,
          `${indent}} catch {`,
          ...handler,
          ...(finalizer.length > 0 ? [`${indent}} finally {`, ...finalizer] : []),
          `${indent}}`,
        ];
      }
      case 'break':
      case 'continue': {
        if (here.loops.length === 0) return [];
        const outer = one.outer && here.loops.length > 1 ? here.loops.at(-2)! : undefined;
        if (outer) names.add(outer);
        return [`${indent}${one.do}${outer ? ` ${outer}` : ''};`];
      }
      case 'return':
        return [`${indent}return reply;`];
      case 'throw':
        return [`${indent}throw new Error('given up');`];
      case 'help': {
        const target = one.itself && here.helper !== undefined ? here.helper : one.helper;
        const again = target === here.helper;
        // Helpers call later ones only, or themselves.
        if (target >= program.helpers.length || (!again && here.helper !== undefined && target < here.helper))
          return [];
        const depth = again
          ? one.by === 0
            ? 'depth'
            : `depth ${one.by < 0 ? '-' : '+'} ${Math.abs(one.by)}`
          : String(one.by + 1);
        const passed = passes ? ', state' : '';
        return [`${indent}reply = await ${program.asClass ? 'this.' : ''}helper${target}(reply, ${depth}${passed});`];
      }
      case 'loop':
        return loop(one.loop, here, indent);
    }
  };
  const loop = (one: Loop, here: Here, indent: string): string[] => {
    const label = `loop${loopNumber++}`;
    const deeper = `${indent}  `;
    const declares = one.form === 'for' && one.declares && one.start !== undefined;
    const inner: Here = {
      ...here,
      loops: [...here.loops, label],
      shadowed: declares ? new Set([...here.shadowed, one.counter]) : here.shadowed,
    };
    const test = one.test && condition(one.test, inner);
    const body = [`${deeper}${tick}`, ...lines(one.body, inner, deeper)];
    const first = one.start === undefined ? undefined : `${counterName(one.counter, inner)} = ${one.start}`;
    const update = one.update ? bare(one.update, inner) : undefined;
    switch (one.form) {
      case 'for':
        return labelled(label, indent, [
          `${indent}for (${declares ? 'let ' : ''}${first ?? ''}; ${test ?? ''}; ${update ?? ''}) {`,
          ...body,
          `${indent}}`,
        ]);
      default: {
        const turn = update ? [...body, `${deeper}${update};`] : body;
        const whole =
          one.form === 'while'
            ? [`${indent}while (${test ?? 'true'}) {`, ...turn, `${indent}}`]
            : [`${indent}do {`, ...turn, `${indent}} while (${test ?? 'true'});`];
        return [...(first ? [`${indent}${first};`] : []), ...labelled(label, indent, whole)];
      }
    }
  };
  const labelled = (label: string, indent: string, text: string[]): string[] =>
    names.has(label) ? [text[0]!.replace(indent, `${indent}${label}: `), ...text.slice(1)] : text;

  const passes = [...program.homes.keys()].some(i => home(i) === 'passed');
  const all = [...program.homes.keys()];
  const stateText = (kind: string): string =>
    `{ ${all
      .filter(i => home(i) === kind)
      .map(i => `${i < counters ? `c${i}` : `f${i - counters}`}: ${begins(i)}`)
      .join(', ')} }`;
  const locals = (indent: string, body: readonly string[]): string[] =>
    all
      .filter(i => home(i) === 'local' && body.some(line => new RegExp(`\\b${place(i)}\\b`).test(line)))
      .map(i => `${indent}let ${place(i)} = ${begins(i)};`);

  const indent = program.asClass ? '    ' : '  ';
  const keyword = program.asClass ? '  async ' : 'async function ';
  const helpers = program.helpers.map((body, i) => {
    const text = lines(body, { helper: i, loops: [], shadowed: new Set() }, indent);
    return [
      `${keyword}helper${i}(reply, depth${passes ? ', state' : ''}) {`,
      `${indent}${tick}`,
      ...locals(indent, text),
      ...text,
      `${indent}return reply;`,
      program.asClass ? '  }' : '}',
    ].join('\n');
  });
  const mainBody = lines(program.main, { helper: undefined, loops: [], shadowed: new Set() }, indent);
  const main = [
    program.asClass ? '  async run() {' : 'export async function main() {',
    `${indent}let reply = await ask('begin');`,
    ...(passes ? [`${indent}const state = ${stateText('passed')};`] : []),
    ...locals(indent, mainBody),
    ...mainBody,
    `${indent}return reply;`,
    program.asClass ? '  }' : '}',
  ].join('\n');

  const moduleState = [
    ...[...limits].map(([value, name]) => `const ${name} = ${value};`),
    ...all.filter(i => home(i) === 'module').map(i => `let ${place(i)} = ${begins(i)};`),
    ...(all.some(i => home(i) === 'object') ? [`const shared = ${stateText('object')};`] : []),
  ];
  const fields = all
    .filter(i => home(i) === 'field')
    .map(i => `  ${i < counters ? `c${i}` : `f${i - counters}`} = ${begins(i)};`);
  const rest = program.asClass
    ? [
        `class Agent {\n${[...fields, ...predicates, ...helpers, main].join('\n')}\n}`,
        'export async function main() {\n  return await new Agent().run();\n}',
      ]
    : [...predicates, ...helpers, main];
  return `${[
    "import OpenAI from 'openai';",
    'const client = new OpenAI();',
    ...moduleState,
    "async function ask(text) {\n  const answer = await client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: text }] });\n  return answer.choices[0].message.content;\n}",
    ...rest,
  ].join('\n')}\n`;
}

function items(count: number): string {
  return ["'a'", "'b'", "'c'"].slice(0, count).join(', ');
}
