// Random agents with tools that run other agents, as source text for the AI SDK, OpenAI Agents, AgentKit and Mastra.
// One draft, four printers: what a framework has no word for is left out of its text.
import fc from 'fast-check';

/** What limits the turns of an agent or the rounds of a loop. */
export type Limit =
  | { readonly is: 'none' | 'endless' | 'condition' }
  | { readonly is: 'number'; readonly n: number }
  /** A number beside a condition. */
  | { readonly is: 'both'; readonly n: number };

/** Something that a tool, a step or the caller does. */
interface Act {
  /** Index of the agent that is run, if the framework's printer has one; `undefined`: one request. */
  readonly runs: number | undefined;
  readonly how: 'once' | 'for' | 'all' | 'retry' | 'until';
  readonly n: number;
}

interface AgentDraft {
  readonly limit: Limit;
  readonly tools: readonly (readonly Act[])[];
  /** Agents that it hands over to, by index; any agent. */
  readonly handoffs: readonly number[];
  /** Offered to others as a tool, where the framework has that. */
  readonly asTool: boolean;
  readonly style: 'object' | 'function';
}

export interface AgentsProgram {
  readonly agents: readonly AgentDraft[];
  readonly main: readonly Act[];
}

const act: fc.Arbitrary<Act> = fc.record({
  runs: fc.oneof(
    { weight: 2, arbitrary: fc.constant<number | undefined>(undefined) },
    { weight: 3, arbitrary: fc.nat(2) },
  ),
  how: fc.oneof(
    { weight: 6, arbitrary: fc.constant('once' as const) },
    { weight: 3, arbitrary: fc.constantFrom('for' as const, 'all' as const, 'retry' as const) },
    { weight: 1, arbitrary: fc.constant('until' as const) },
  ),
  n: fc.integer({ min: 1, max: 3 }),
});

const limit: fc.Arbitrary<Limit> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Limit>({ is: 'none' }) },
  { weight: 6, arbitrary: fc.record({ is: fc.constant('number' as const), n: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('both' as const), n: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.constantFrom<Limit>({ is: 'endless' }, { is: 'condition' }) },
);

/** Any program. */
export const agentsProgram: fc.Arbitrary<AgentsProgram> = fc.record({
  agents: fc.array(
    fc.record({
      limit,
      tools: fc.array(fc.array(act, { minLength: 0, maxLength: 2 }), { minLength: 0, maxLength: 2 }),
      handoffs: fc.oneof(
        { weight: 4, arbitrary: fc.constant<number[]>([]) },
        { weight: 2, arbitrary: fc.uniqueArray(fc.nat(2), { minLength: 1, maxLength: 2 }) },
      ),
      asTool: fc.boolean(),
      style: fc.constantFrom('object' as const, 'function' as const),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  main: fc.array(act, { minLength: 1, maxLength: 2 }),
});

/** Prints acts; `run` gives the expression that runs an agent, and the test that its answer is a yes. */
function printActs(
  acts: readonly Act[],
  from: number,
  count: number,
  run: (agent: number) => { call: string; yes: (answer: string) => string },
): string[] {
  const asking = {
    call: "client.chat.completions.create({ model: 'm', messages: [] })",
    yes: (answer: string) => `${answer}.choices[0].message.content.includes('yes')`,
  };
  return acts.flatMap(({ runs, how, n }): string[] => {
    // An agent runs later ones only: no recursion.
    const later = runs === undefined ? undefined : from + 1 + runs;
    const { call, yes } = later === undefined || later >= count ? asking : run(later);
    switch (how) {
      case 'for':
        return [`for (let i = 0; i < ${n}; i++) {`, `  await ${call};`, '}'];
      case 'all':
        return [`await Promise.all([${Array.from({ length: n }, () => call).join(', ')}]);`];
      case 'retry':
        return [
          `for (let i = 0; i < ${n}; i++) {`,
          '  try {',
          `    await ${call};`,
          '    break;',
          '  } catch {',
          "    console.log('again');",
          '  }',
          '}',
        ];
      case 'until':
        return ['while (true) {', `  const answer = await ${call};`, `  if (${yes('answer')}) break;`, '}'];
      default:
        return [`await ${call};`];
    }
  });
}

const indent = (lines: readonly string[], by = 2): string[] => lines.map(line => `${' '.repeat(by)}${line}`);

const clientLines = ["import OpenAI from 'openai';", 'const client = new OpenAI();'];

/** The text for the AI SDK (`ai` 6): tool loops in functions and in agents. */
export function printAi({ agents, main }: AgentsProgram): string {
  const stop = (one: Limit): string => {
    switch (one.is) {
      case 'none':
        return '';
      case 'endless':
        return ', stopWhen: []';
      case 'condition':
        return ", stopWhen: hasToolCall('none')";
      case 'number':
        return `, stopWhen: stepCountIs(${one.n})`;
      case 'both':
        return `, stopWhen: [hasToolCall('none'), stepCountIs(${one.n})]`;
    }
  };
  const run = (i: number) => ({
    call: agents[i]!.style === 'object' ? `agent${i}.generate({ prompt: 'go' })` : `agent${i}()`,
    yes: (answer: string) => `${answer}.text.includes('yes')`,
  });
  const made = agents.map(({ tools, limit: one, style }, i) => {
    const list = tools.map((acts, t) => [
      `    t${t}: tool({`,
      '      inputSchema: z.object({}),',
      '      execute: async () => {',
      ...indent(printActs(acts, i, agents.length, run), 8),
      "        return 'done';",
      '      },',
      '    }),',
    ]);
    const options = ['{', '  model,', '  tools: {', ...list.flat(), `  }${stop(one)},`];
    return style === 'object'
      ? [`const agent${i} = new ToolLoopAgent(${options.join('\n')}\n});`]
      : [`async function agent${i}() {`, `  return generateText(${options.join('\n')}\n  prompt: 'go',\n});`, '}'];
  });
  return `${[
    "import { generateText, hasToolCall, stepCountIs, ToolLoopAgent, tool } from 'ai';",
    "import { z } from 'zod';",
    ...clientLines,
    "const model = 'openai/gpt-4o';",
    // Later agents are run by earlier ones.
    ...made.reverse().flat(),
    'export async function main() {',
    ...indent(printActs(main, -1, agents.length, run)),
    '}',
  ].join('\n')}\n`;
}

/** The text for OpenAI Agents: tools, handoffs that are added late, agents as tools, limits of runs. */
export function printOpenaiAgents({ agents, main }: AgentsProgram): string {
  const options = (one: Limit): string => {
    switch (one.is) {
      case 'none':
      case 'condition':
        return '';
      case 'endless':
        return ', { maxTurns: null }';
      default:
        return `, { maxTurns: ${one.n} }`;
    }
  };
  const run = (i: number) => ({
    call: `run(agent${i}, 'go'${options(agents[i]!.limit)})`,
    yes: (answer: string) => `String(${answer}.finalOutput).includes('yes')`,
  });
  const made = agents.map(({ tools, asTool }, i) => {
    const list = tools.map((acts, t) => [
      '    tool({',
      `      name: 't${t}',`,
      "      description: 'Does it.',",
      '      parameters: z.object({}),',
      '      execute: async () => {',
      ...indent(printActs(acts, i, agents.length, run), 8),
      "        return 'done';",
      '      },',
      '    }),',
    ]);
    const next = asTool && i + 1 < agents.length ? [`    agent${i + 1}.asTool({ toolName: 'ask${i + 1}' }),`] : [];
    return [
      `const agent${i} = new Agent({`,
      `  name: 'agent${i}',`,
      '  tools: [',
      ...list.flat(),
      ...next,
      '  ],',
      '});',
    ];
  });
  const late = agents.flatMap(({ handoffs }, i) =>
    handoffs.filter(to => to < agents.length && to !== i).map(to => `agent${i}.handoffs.push(agent${to});`),
  );
  return `${[
    "import { Agent, run, tool } from '@openai/agents';",
    "import { z } from 'zod';",
    ...clientLines,
    ...made.reverse().flat(),
    ...late,
    'export async function main() {',
    ...indent(printActs(main, -1, agents.length, run)),
    '}',
  ].join('\n')}\n`;
}

/** The text for AgentKit: networks with a router of code, limited by maxIter, by callCount or by what an agent says. */
export function printAgentkit({ agents, main }: AgentsProgram): string {
  const run = (i: number) => ({
    call: `network${i}.run('go')`,
    yes: (answer: string) => `said(${answer}.state.results.at(-1))`,
  });
  const made = agents.map(({ limit: one, handoffs, tools }, i) => {
    const members = [i, ...handoffs.map(to => 10 * (i + 1) + to)];
    const router = [
      '    if (said(lastResult)) return undefined;',
      ...(one.is === 'condition' || one.is === 'both'
        ? [`    if (callCount >= ${one.is === 'both' ? one.n : 3}) return undefined;`]
        : []),
      members.length === 1
        ? `    return one${i};`
        : `    return callCount % 2 === 0 ? one${members[0]} : one${members[1]};`,
    ];
    const cap = one.is === 'number' ? [`  maxIter: ${one.n},`] : one.is === 'endless' ? ['  maxIter: 0,'] : [];
    const list = tools.map((acts, t) => [
      '    createTool({',
      `      name: 't${t}',`,
      '      handler: async () => {',
      ...indent(printActs(acts, i, agents.length, run), 8),
      "        return 'done';",
      '      },',
      '    }),',
    ]);
    return [
      ...members.map(
        (name, m) =>
          `const one${name} = createAgent({ name: 'one${name}', system: 'Go on.', model${
            m === 0 && list.length > 0 ? `, tools: [\n${list.flat().join('\n')}\n  ]` : ''
          } });`,
      ),
      `const network${i} = createNetwork({`,
      `  name: 'network${i}',`,
      `  agents: [${members.map(name => `one${name}`).join(', ')}],`,
      ...cap,
      '  router: ({ lastResult, callCount }) => {',
      ...router,
      '  },',
      '});',
    ];
  });
  return `${[
    "import { createAgent, createNetwork, createTool, openai } from '@inngest/agent-kit';",
    ...clientLines,
    "const model = openai({ model: 'm', apiKey: 'k' });",
    'function said(result) {',
    "  return JSON.stringify(result?.output ?? '').includes('yes');",
    '}',
    ...made.reverse().flat(),
    'export async function main() {',
    ...indent(printActs(main, -1, agents.length, run)),
    '}',
  ].join('\n')}\n`;
}

/** The text for Mastra: workflows with loops whose condition counts or does not, branches, steps side by side. */
export function printMastra({ agents, main }: AgentsProgram): string {
  const run = (i: number) => ({
    call: `runFlow(flow${i})`,
    yes: (answer: string) => `${answer}.result.verdict.includes('yes')`,
  });
  const made = agents.map(({ limit: one, tools, style }, i) => {
    const bodies = tools.length > 0 ? tools : [[{ runs: undefined, how: 'once', n: 1 } satisfies Act]];
    const steps = bodies.map((acts, t) => [
      `const step${i}_${t} = createStep({`,
      `  id: 'step${i}_${t}',`,
      '  inputSchema: shape,',
      '  outputSchema: shape,',
      '  execute: async () => {',
      ...indent(printActs(acts, i, agents.length, run), 4),
      "    const last = await client.chat.completions.create({ model: 'm', messages: [] });",
      '    return { verdict: last.choices[0].message.content };',
      '  },',
      '});',
    ]);
    const loop = style === 'object' ? 'dountil' : 'dowhile';
    const over = (test: string): string => (loop === 'dountil' ? test : `!(${test})`);
    const said = "inputData.verdict.includes('yes')";
    const chain = bodies.map((_, t): string => {
      const step = `step${i}_${t}`;
      if (t > 0) return `  .then(${step})`;
      switch (one.is) {
        case 'endless':
        case 'condition':
          return `  .${loop}(${step}, async ({ inputData }) => ${over(said)})`;
        case 'number':
          return `  .${loop}(${step}, async ({ iterationCount }) => ${over(`iterationCount >= ${one.n}`)})`;
        case 'both':
          return `  .${loop}(${step}, async ({ inputData, iterationCount }) => ${over(`${said} || iterationCount >= ${one.n}`)})`;
        default:
          return `  .then(${step})`;
      }
    });
    return [
      ...steps.flat(),
      `const flow${i} = createWorkflow({ id: 'flow${i}', inputSchema: shape, outputSchema: shape })`,
      ...chain,
      '  .commit();',
    ];
  });
  return `${[
    "import { createStep, createWorkflow } from '@mastra/core/workflows';",
    "import { z } from 'zod';",
    ...clientLines,
    'const shape = z.object({ verdict: z.string() });',
    'async function runFlow(flow) {',
    '  const run = await flow.createRun();',
    "  return run.start({ inputData: { verdict: '' } });",
    '}',
    ...made.reverse().flat(),
    'export async function main() {',
    ...indent(printActs(main, -1, agents.length, run)),
    '}',
  ].join('\n')}\n`;
}
