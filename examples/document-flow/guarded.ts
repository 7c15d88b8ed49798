// The same flow, bounded by its own counter: the router reads `attempts` and settles for the third revision.

import './script.ts';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { ChatOpenAI } from '@langchain/openai';

const MAX_ATTEMPTS = 3;

const model = new ChatOpenAI({ model: 'gpt-4.1-mini' });

const Document = Annotation.Root({
  brief: Annotation<string>,
  text: Annotation<string>,
  approved: Annotation<boolean>,
  attempts: Annotation<number>({ reducer: (_, next) => next, default: () => 0 }),
});

async function write(state: typeof Document.State) {
  const reply = await model.invoke(`Write or revise: ${state.brief}\n\n${state.text ?? ''}`);
  return { text: reply.text, attempts: state.attempts + 1 };
}

async function review(state: typeof Document.State) {
  const reply = await model.invoke(`Does this document meet the brief? Answer YES or NO.\n\n${state.text}`);
  return { approved: reply.text.startsWith('YES') };
}

function next(state: typeof Document.State) {
  if (state.approved || state.attempts >= MAX_ATTEMPTS) return END;
  return 'write';
}

const graph = new StateGraph(Document)
  .addNode('write', write)
  .addNode('review', review)
  .addEdge(START, 'write')
  .addEdge('write', 'review')
  .addConditionalEdges('review', next, ['write', END])
  .compile();

const document = await graph.invoke({ brief: 'A privacy notice for a weather app' });
console.log(document.text);
console.log(`Stopped: ${document.approved ? 'approved' : `counter, ${document.attempts} attempts`}`);
