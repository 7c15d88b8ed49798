// A cycle that only a framework's default covers: how many calls that allows, and what happens then.
import { asNumber, report } from '../program/quantity.ts';
import type { Finding } from './finding.ts';
import { calls, cycleFixes, type Rule, type Subject } from './rule.ts';
import { ring } from './unbounded-cycle.ts';

export const defaultBound = {
  id: 'default-bound',
  what: 'A loop that is covered by a framework’s default limit only.',
  why: 'The default was not chosen for this agent: it can allow more calls than the task is worth, and its error can lose the work done.',
  do: 'Set the limit yourself, to the turns that an honest run needs and a few more.',
  severity: 'hint',
  bad: {
    language: 'typescript',
    code: `import { END, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph';
import { ChatOpenAI } from '@langchain/openai';

const model = new ChatOpenAI({ model: 'gpt-4o' });
const write = async (state: typeof MessagesAnnotation.State) => ({ messages: [await model.invoke(state.messages)] });
const judge = async (state: typeof MessagesAnnotation.State) =>
  String((await model.invoke(state.messages)).content).includes('approved') ? END : 'write';

export const graph = new StateGraph(MessagesAnnotation)
  .addNode('write', write)
  .addEdge(START, 'write')
  .addConditionalEdges('write', judge, ['write', END])
  .compile();

await graph.invoke({ messages: [] });
`,
  },
  good: {
    language: 'typescript',
    code: `import { END, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph';
import { ChatOpenAI } from '@langchain/openai';

const model = new ChatOpenAI({ model: 'gpt-4o' });
const write = async (state: typeof MessagesAnnotation.State) => ({ messages: [await model.invoke(state.messages)] });
const judge = async (state: typeof MessagesAnnotation.State) =>
  String((await model.invoke(state.messages)).content).includes('approved') ? END : 'write';

export const graph = new StateGraph(MessagesAnnotation)
  .addNode('write', write)
  .addEdge(START, 'write')
  .addConditionalEdges('write', judge, ['write', END])
  .compile();

await graph.invoke({ messages: [] }, { recursionLimit: 10 });
`,
  },
  check(subject: Subject): Finding[] {
    return subject.cycles
      .filter(cycle => cycle.coverage === 'framework-default')
      .map(cycle => {
        const bound = cycle.bounds[0]!;
        const worstCase = report(subject.worst.machine(cycle.machine, bound));
        return {
          rule: 'default-bound',
          severity: (asNumber(bound.limit) ?? 0) >= subject.highCap ? 'info' : 'hint',
          message: `The cycle ${ring(cycle)} is covered only by the framework's ${bound.text}: at worst ${calls(worstCase)} in one run, which then ${cycle.machine.onLimit}. Set the limit that this agent needs.`,
          place: cycle.place,
          related: cycle.witness,
          controller: cycle.controller,
          coverage: 'framework-default',
          callsPerTurn: null,
          worstCase,
          framework: cycle.machine.framework,
          subject: `${cycle.machine.name}: ${ring(cycle)}`,
          fixes: cycleFixes('default-bound', cycle),
        };
      });
  },
} satisfies Rule;
