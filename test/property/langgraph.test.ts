// Random graphs on the real LangGraph.js: no run makes more model calls than the analyzer's worst case says.
import * as langgraph from '@langchain/langgraph';
import { test } from 'vitest';
import { graphProgram, printGraph } from './langgraph.ts';
import { holdsFor } from './measure.ts';
import { type Adversary, type Outcome, Script } from './run.ts';

/** Makes a printed graph ready to run, with the real package and a scripted model. */
function load(text: string): (adversary: Adversary, most: number) => Promise<Outcome> {
  const code = text
    .replaceAll(/^import .*$/gm, '')
    // A graph can go round without asking: nothing but its steps can cut it off.
    .replaceAll(/^async function .*\{$/gm, '$& await tick();')
    .replace('export async', 'async');
  const body = `return (async () => {
const { Annotation, Command, END, Send, START, StateGraph } = langgraph;
${code}
return await main();
})();`;
  // The text is made by the generator beside this file, and nothing else.
  const module = new Function('langgraph', 'ChatOpenAI', 'tick', 'console', body) as (
    ...given: unknown[]
  ) => Promise<unknown>;
  return (adversary, most) => {
    const script = new Script(adversary, most);
    class ChatOpenAI {
      async invoke(): Promise<{ content: string }> {
        return { content: await script.answer() };
      }
    }
    return script.outcome(module(langgraph, ChatOpenAI, () => script.tick(), { log: () => undefined }));
  };
}

test('LangGraph: a run never makes more calls than its worst case', { timeout: 1_200_000 }, async () => {
  await holdsFor('LangGraph.js', graphProgram, 0.2, program => {
    const text = printGraph(program);
    return { shown: text, entry: 'main', run: load(text) };
  });
});
