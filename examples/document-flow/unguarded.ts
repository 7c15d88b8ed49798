// Writes a document and revises it until an editor approves.
// `attempts` is counted up on every revision, and nobody ever reads it.

import './script.ts';
import { Annotation, END, GraphRecursionError, MemorySaver, START, StateGraph } from '@langchain/langgraph';
import { ChatOpenAI } from '@langchain/openai';

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

const graph = new StateGraph(Document)
  .addNode('write', write)
  .addNode('review', review)
  .addEdge(START, 'write')
  .addEdge('write', 'review')
  .addConditionalEdges('review', state => (state.approved ? END : 'write'), ['write', END])
  .compile({ checkpointer: new MemorySaver() });

const thread = { configurable: { thread_id: 'privacy-notice' } };
let input: { brief: string } | null = { brief: 'A privacy notice for a weather app' };

// The recursion limit only interrupts: every turn goes on from the checkpoint with a fresh 25 steps.
while (true) {
  try {
    const document = await graph.invoke(input, thread);
    console.log(document.text);
    break;
  } catch (error) {
    if (!(error instanceof GraphRecursionError)) throw error;
    input = null;
  }
}
