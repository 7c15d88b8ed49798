// Random LangGraph.js graphs: nodes that ask, counters in the state, routers, fan-out, limits of a run, as source text.
import fc from 'fast-check';

const names = ['a', 'b', 'c'] as const;
type Target = (typeof names)[number] | 'end';

type Condition =
  | { readonly is: 'verdict'; readonly want: boolean }
  | {
      readonly is: 'count';
      readonly of: number;
      readonly operator: '<' | '<=' | '>' | '>=' | '!==';
      readonly limit: number;
    }
  | { readonly is: 'both'; readonly left: Condition; readonly right: Condition };

/** What a node writes: a step, a constant, or nothing. */
type Update = { readonly to: 'step' | 'set' | 'none'; readonly by: number };

interface NodeDraft {
  readonly asks: number;
  /** By counter. */
  readonly updates: readonly Update[];
  /** Another answer, where the condition holds. */
  readonly sometimes: { readonly when: Condition; readonly updates: readonly Update[] } | undefined;
  readonly leaves:
    | { readonly by: 'edge'; readonly to: readonly Target[] }
    | {
        readonly by: 'router' | 'command';
        readonly first: readonly { readonly when: Condition; readonly to: Target }[];
        readonly rest: Target;
        readonly map: 'none' | 'list' | 'labels';
        readonly sends: number;
      };
}

/** A whole graph with the code that runs it. */
export interface GraphProgram {
  readonly nodes: readonly NodeDraft[];
  readonly starts: readonly Target[];
  /** By counter: adds up with a reducer, or is replaced; whether it has a default; what the input gives. */
  readonly counters: readonly { readonly sums: boolean; readonly input: number | undefined }[];
  readonly limit: number | undefined;
  readonly around: 'nothing' | 'twice' | 'retry' | 'untilYes';
}

const condition: fc.Arbitrary<Condition> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ is: fc.constant('verdict' as const), want: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      is: fc.constant('count' as const),
      of: fc.nat(1),
      operator: fc.constantFrom(
        '<' as const,
        '<=' as const,
        '>' as const,
        '>=' as const,
        '>=' as const,
        '!==' as const,
      ),
      limit: fc.integer({ min: 0, max: 4 }),
    }),
  },
);
const compound: fc.Arbitrary<Condition> = fc.oneof(
  { weight: 4, arbitrary: condition },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('both' as const), left: condition, right: condition }) },
);
const target: fc.Arbitrary<Target> = fc.constantFrom<Target>('a', 'b', 'c', 'end', 'end');
const updates: fc.Arbitrary<readonly Update[]> = fc.array(
  fc.record({
    to: fc.oneof(
      { weight: 5, arbitrary: fc.constant('step' as const) },
      { weight: 1, arbitrary: fc.constant('set' as const) },
      { weight: 3, arbitrary: fc.constant('none' as const) },
    ),
    by: fc.oneof({ weight: 6, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constantFrom(2, -1) }),
  }),
  { minLength: 2, maxLength: 2 },
);

const node: fc.Arbitrary<NodeDraft> = fc.record({
  asks: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constantFrom(0, 2) }),
  updates,
  sometimes: fc.option(fc.record({ when: compound, updates }), { nil: undefined, freq: 5 }),
  leaves: fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        by: fc.constant('edge' as const),
        to: fc.oneof(
          { weight: 5, arbitrary: fc.tuple(target) },
          { weight: 1, arbitrary: fc.uniqueArray(target, { minLength: 2, maxLength: 2 }) },
        ),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        by: fc.constantFrom('router' as const, 'router' as const, 'command' as const),
        first: fc.array(fc.record({ when: compound, to: target }), { minLength: 1, maxLength: 2 }),
        rest: target,
        map: fc.constantFrom('none' as const, 'list' as const, 'labels' as const),
        sends: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(2, 3) }),
      }),
    },
  ),
});

/** Any graph program. */
export const graphProgram: fc.Arbitrary<GraphProgram> = fc.record({
  nodes: fc.array(node, { minLength: 1, maxLength: 3 }),
  starts: fc.oneof(
    { weight: 5, arbitrary: fc.constant<readonly Target[]>(['a']) },
    { weight: 1, arbitrary: fc.constant<readonly Target[]>(['a', 'b']) },
  ),
  counters: fc.array(
    fc.record({
      sums: fc.boolean(),
      input: fc.oneof(
        { weight: 6, arbitrary: fc.constant<number | undefined>(0) },
        { weight: 2, arbitrary: fc.constantFrom<number | undefined>(1, -2, undefined) },
      ),
    }),
    { minLength: 2, maxLength: 2 },
  ),
  limit: fc.oneof(
    { weight: 2, arbitrary: fc.constant<number | undefined>(undefined) },
    { weight: 2, arbitrary: fc.integer({ min: 2, max: 12 }) },
    { weight: 2, arbitrary: fc.constant(Number.POSITIVE_INFINITY) },
  ),
  around: fc.oneof(
    { weight: 6, arbitrary: fc.constant('nothing' as const) },
    { weight: 1, arbitrary: fc.constantFrom('twice' as const, 'retry' as const, 'untilYes' as const) },
  ),
});

/** The graph's text; `main` runs it. */
export function printGraph(program: GraphProgram): string {
  const known = names.slice(0, program.nodes.length);
  const place = (to: Target): string => {
    if (to === 'end') return 'END';
    return `'${known.includes(to) ? to : known[0]}'`;
  };
  const condition = (one: Condition): string => {
    switch (one.is) {
      case 'verdict':
        return `${one.want ? '' : '!'}state.verdict.includes('yes')`;
      case 'count':
        return `state.n${one.of} ${one.operator} ${one.limit}`;
      case 'both':
        return `${condition(one.left)} && ${condition(one.right)}`;
    }
  };
  const written = (one: readonly Update[], asks: boolean): string => {
    const parts = asks ? ['verdict: reply.content'] : [];
    one.forEach((update, i) => {
      if (update.to === 'none') return;
      if (update.to === 'set') parts.push(`n${i}: 0`);
      else if (program.counters[i]!.sums) parts.push(`n${i}: ${update.by}`);
      else parts.push(`n${i}: state.n${i} ${update.by < 0 ? '-' : '+'} ${Math.abs(update.by)}`);
    });
    return `{ ${parts.join(', ')} }`;
  };

  const functions: string[] = [];
  const calls: string[] = [];
  program.nodes.forEach((draft, i) => {
    const name = known[i]!;
    const { leaves } = draft;
    const asks = Array.from(
      { length: draft.asks },
      (_, n) => `  const ${n === 0 ? 'reply' : 'second'} = await model.invoke('go on');`,
    );
    const answer = (one: readonly Update[]): string[] => {
      const update = written(one, draft.asks > 0);
      if (leaves.by !== 'command') return [`return ${update};`];
      return [
        ...leaves.first.map(
          ({ when, to }) => `if (${condition(when)}) return new Command({ goto: ${place(to)}, update: ${update} });`,
        ),
        `return new Command({ goto: ${place(leaves.rest)}, update: ${update} });`,
      ];
    };
    functions.push(
      [
        `async function ${name}(state) {`,
        ...asks,
        ...(draft.sometimes
          ? [
              `  if (${condition(draft.sometimes.when)}) {`,
              ...answer(draft.sometimes.updates).map(line => `    ${line}`),
              '  }',
            ]
          : []),
        ...answer(draft.updates).map(line => `  ${line}`),
        '}',
      ].join('\n'),
    );
    if (leaves.by === 'edge') {
      calls.push(`.addNode('${name}', ${name})`);
      for (const to of new Set(leaves.to.map(place))) calls.push(`.addEdge('${name}', ${to})`);
      return;
    }
    const ends = [...new Set([...leaves.first.map(one => place(one.to)), place(leaves.rest)])];
    if (leaves.by === 'command') {
      calls.push(`.addNode('${name}', ${name}, { ends: [${ends.join(', ')}] })`);
      return;
    }
    calls.push(`.addNode('${name}', ${name})`);
    const labelled = leaves.map === 'labels' && leaves.sends === 0;
    const label = (to: Target): string => (labelled ? `'to_${place(to).replaceAll("'", '')}'` : place(to));
    const rest =
      leaves.sends > 0 && place(leaves.rest) !== 'END'
        ? `[${Array.from({ length: leaves.sends }, () => `new Send(${place(leaves.rest)}, state)`).join(', ')}]`
        : label(leaves.rest);
    functions.push(
      [
        `function after_${name}(state) {`,
        ...leaves.first.map(({ when, to }) => `  if (${condition(when)}) return ${label(to)};`),
        `  return ${rest};`,
        '}',
      ].join('\n'),
    );
    const map = labelled
      ? `, { ${ends.map(to => `to_${to.replaceAll("'", '')}: ${to}`).join(', ')} }`
      : leaves.map === 'list'
        ? `, [${ends.join(', ')}]`
        : '';
    calls.push(`.addConditionalEdges('${name}', after_${name}${map})`);
  });
  const starts = new Set(program.starts.map(place));
  for (const to of starts) calls.push(`.addEdge(START, ${to})`);
  // Edges need their nodes first.
  calls.sort((x, y) => Number(y.startsWith('.addNode')) - Number(x.startsWith('.addNode')));

  const input = program.counters.flatMap(({ input: value }, i) => (value === undefined ? [] : [`n${i}: ${value}`]));
  const limit =
    program.limit === undefined
      ? ''
      : `, { recursionLimit: ${program.limit === Number.POSITIVE_INFINITY ? 'Infinity' : program.limit} }`;
  const invoke = `await graph.invoke({ ${["verdict: ''", ...input].join(', ')} }${limit})`;
  const around: { readonly [kind in GraphProgram['around']]: readonly string[] } = {
    nothing: [`  return ${invoke};`],
    twice: ['  for (let i = 0; i < 2; i++) {', `    ${invoke};`, '  }'],
    retry: [
      '  for (let tries = 0; tries < 3; tries++) {',
      '    try {',
      `      return ${invoke};`,
      '    } catch {',
      "      console.log('again');",
      '    }',
      '  }',
    ],
    untilYes: [
      '  for (let tries = 0; tries < 2; tries++) {',
      `    const end = ${invoke};`,
      "    if (end.verdict.includes('yes')) return end;",
      '  }',
    ],
  };
  return `${[
    "import { Annotation, Command, END, Send, START, StateGraph } from '@langchain/langgraph';",
    "import { ChatOpenAI } from '@langchain/openai';",
    "const model = new ChatOpenAI({ model: 'm' });",
    'const State = Annotation.Root({',
    "  verdict: Annotation({ reducer: (_, b) => b, default: () => '' }),",
    ...program.counters.map(({ sums }, i) =>
      sums ? `  n${i}: Annotation({ reducer: (a, b) => a + b, default: () => 0 }),` : `  n${i}: Annotation,`,
    ),
    '});',
    ...functions,
    'const graph = new StateGraph(State)',
    ...calls.map(call => `  ${call}`),
    '  .compile();',
    'export async function main() {',
    ...around[program.around],
    '}',
  ].join('\n')}\n`;
}
