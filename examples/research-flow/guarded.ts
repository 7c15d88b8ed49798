// The same flow. Every request to the model goes through one guard, and its budget ends the flow after eight of them.

import './script.ts';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { ChatOpenAI } from '@langchain/openai';
import { guard, TripError, withRun } from 'loopbound';

const model = new ChatOpenAI({ model: 'gpt-4.1-mini' });

const ask = guard(async (prompt: string) => await model.invoke(prompt), {
  name: 'ask',
  op: 'model',
  budget: { maxCalls: 8 },
});

const Research = Annotation.Root({
  question: Annotation<string>,
  draft: Annotation<string>,
  review: Annotation<string>,
});

async function generate(state: typeof Research.State) {
  const reply = await ask(`Answer in three sentences, with sources: ${state.question}`);
  return { draft: reply.text };
}

async function evaluate(state: typeof Research.State) {
  const reply = await ask(`Review this answer. Start with ACCEPT or REFINE.\n\n${state.draft}`);
  return { review: reply.text };
}

async function refine(state: typeof Research.State) {
  const reply = await ask(`Improve the answer.\n\n${state.draft}\n\nReview: ${state.review}`);
  return { draft: reply.text };
}

function verdict(state: typeof Research.State) {
  return state.review.startsWith('ACCEPT') ? END : 'refine';
}

const graph = new StateGraph(Research)
  .addNode('generate', generate)
  .addNode('evaluate', evaluate)
  .addNode('refine', refine)
  .addEdge(START, 'generate')
  .addEdge('generate', 'evaluate')
  .addConditionalEdges('evaluate', verdict, ['refine', END])
  .addEdge('refine', 'evaluate')
  .compile();

try {
  const result = await withRun('research-flow', () =>
    graph.invoke({ question: 'Do heat pumps work below freezing?' }, { recursionLimit: Number.POSITIVE_INFINITY }),
  );
  console.log(result.draft);
} catch (error) {
  if (!(error instanceof TripError)) throw error;
  console.log(`Stopped: ${error.reason}: ${error.message}`);
}
