// The graph of an entry: drawn from code as text and Mermaid, and as a view gets it over the language server.
import { afterEach, describe, expect, test } from 'vitest';
import type {
  CallHierarchyIncomingCall,
  CallHierarchyItem,
  CallHierarchyOutgoingCall,
  InlayHint,
} from 'vscode-languageserver/node';
import { engine } from '../../server/src/compose.ts';
import { outlinesAt } from '../../server/src/engine/outline.ts';
import { outlineToMermaid, outlineToText } from '../../server/src/graph/print.ts';
import { askRequest, type GraphAnswer, graphRequest } from '../../server/src/protocol.ts';
import { sessionOver } from '../harness/analyze.ts';
import { startClient, type TestClient } from './client.ts';

const flow = `import { END, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph';
import { ChatOpenAI } from '@langchain/openai';

const model = new ChatOpenAI({ model: 'gpt-4o' });
async function write(state: typeof MessagesAnnotation.State) {
  return { messages: [await model.invoke(state.messages)] };
}
const judge = async (state: typeof MessagesAnnotation.State) =>
  String((await model.invoke(state.messages)).content).includes('approved') ? END : 'write';

const graph = new StateGraph(MessagesAnnotation)
  .addNode('write', write)
  .addEdge(START, 'write')
  .addConditionalEdges('write', judge)
  .compile();

export async function answer(topic: string) {
  return graph.invoke({ messages: [topic] });
}
`;
const loop = `import OpenAI from 'openai';

const client = new OpenAI();

async function ask(prompt: string): Promise<string> {
  const reply = await client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: prompt }] });
  return reply.choices[0]?.message.content ?? '';
}

export async function review(text: string): Promise<string> {
  while (true) {
    text = await ask(text);
    if (text.includes('DONE')) return text;
  }
}

export async function plan(text: string): Promise<string> {
  for (let turn = 0; turn < 4; turn++) text = await ask(await ask(text));
  return text;
}
`;

const where = ({ at }: { at: { path: string; range: { start: { line: number } } } }) =>
  `${at.path}:${at.range.start.line}`;

async function textOf(text: string): Promise<string> {
  const outlines = await sessionOver({ 'a.ts': text }).outlines();
  return outlines.map(outline => outlineToText(outline, where)).join('\n');
}

test('a graph that a framework runs: its nodes, routes and the cycle with its bound', async () => {
  expect(await textOf(flow)).toMatchInlineSnapshot(`
    "answer: at most 50 model calls (recursionLimit 25 (default))  a.ts:17
      node write, 2 model calls  a.ts:5
        route write -> write
      cycle write → write: bounded by recursionLimit 25 (default), 2 model calls per turn; decided by: model  a.ts:14
    "
  `);
});

test('loops of plain code, with and without a bound', async () => {
  expect(await textOf(loop)).toMatchInlineSnapshot(`
    "review: no bound  a.ts:10
      entry review, no bound  a.ts:10
        call -> loop in review
      loop in review, no bound  a.ts:11
        next -> ask
      function ask, 1 model call  a.ts:5
        repeat -> loop in review
      loop in review: no bound: only text.includes(…) ends it, and that comes from the model, 1 model call per turn; decided by: model  a.ts:11

    plan: at most 8 model calls (turn < 4)  a.ts:17
      entry plan, 8 model calls  a.ts:17
        call -> loop in plan
      loop in plan, 8 model calls  a.ts:18
        next -> ask
      function ask, 1 model call  a.ts:5
        next -> ask
      function ask, 1 model call  a.ts:5
        repeat -> loop in plan
      loop in plan: bounded by turn < 4, 2 model calls per turn; decided by: deterministic  a.ts:18
    "
  `);
});

test('as Mermaid', async () => {
  const [outline] = await sessionOver({ 'a.ts': loop }).outlines();
  expect(outlineToMermaid(outline!)).toMatchInlineSnapshot(`
    "flowchart TD
      s1(["review<br/>no bound"])
      s2{{"loop in review<br/>no bound"}}
      s3["ask<br/>1 model call"]
      s2 --> s3
      s3 -->|"no bound"| s2
      s1 -.-> s2
      linkStyle 1 stroke:#c0392b,stroke-width:2px
    "
  `);
});

test('a recursion leads back to its step and is a loop; a function that two call makes none', async () => {
  const text = `import OpenAI from 'openai';
const client = new OpenAI();
async function ask(text: string) {
  return (await client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: text }] })).choices[0];
}
export async function dig(text: string): Promise<void> {
  const answer = await ask(text);
  if (answer?.message.content === 'more') await dig(text);
}
export async function twice(text: string) {
  await ask(text);
  await ask(text);
}
`;
  const outlines = await sessionOver({ 'a.ts': text }).outlines();
  expect(outlines.map(({ name, loops }) => [name, loops.map(one => [one.kind, one.covered])])).toEqual([
    ['dig', [['recursion', false]]],
    ['twice', []],
  ]);
});

test('a cursor finds the entry whose step is nearest above it', async () => {
  const outlines = await sessionOver({ 'a.ts': loop }).outlines();
  const at = (line: number) => outlinesAt(outlines, 'a.ts', line).map(outline => outline.name);
  expect(at(1)[0]).toBe('review');
  expect(at(11)[0]).toBe('review');
  expect(at(18)[0]).toBe('plan');
  expect(outlinesAt(outlines, 'b.ts', 1)).toEqual([]);
  // A node's code belongs to the graph that goes round through it.
  const graphs = await sessionOver({ 'a.ts': flow }).outlines();
  expect(outlinesAt(graphs, 'a.ts', 6).map(outline => outline.name)).toEqual(['answer']);
});

describe('over the language server', () => {
  const clients: TestClient[] = [];
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.dispose();
  });
  const start = async (settings?: () => unknown) => {
    const folders = {
      w: new Map([
        ['a.ts', ''],
        ['b.ts', 'export const nothing = 1;\n'],
      ]),
    };
    const client = await startClient({ engine, folders, ...(settings ? { settings } : {}) });
    clients.push(client);
    client.open('w/a.ts', loop);
    return client;
  };
  const ask = (client: TestClient, path: string, line: number, entry?: string) =>
    client.request<GraphAnswer>(graphRequest, { uri: client.uri(path), line, entry });

  test('the entry at the cursor, of the text that is not saved', async () => {
    const client = await start();
    const { entries, graph } = await ask(client, 'w/a.ts', 17);
    expect(entries.map(({ name, worstCase }) => [name, worstCase])).toEqual([
      ['plan', 8],
      ['review', null],
    ]);
    expect(graph).toMatchObject({
      name: 'plan',
      worstCase: 8,
      place: { uri: client.uri('w/a.ts'), line: 16, character: 22 },
      loops: [{ kind: 'loop', covered: true, bound: 'turn < 4', turns: 4, callsPerTurn: 2 }],
      mermaid: expect.stringMatching(/^flowchart TD\n/),
    });
  });

  test('another entry by its id, and where a file has none the list of all', async () => {
    const client = await start();
    const { entries } = await ask(client, 'w/a.ts', 17);
    const named = await ask(client, 'w/a.ts', 17, entries[1]!.id);
    expect(named.graph?.name).toBe('review');
    expect(named.entries).toHaveLength(2);
    const elsewhere = await ask(client, 'w/b.ts', 0);
    expect([elsewhere.graph, elsewhere.entries.length]).toEqual([null, 2]);
  });

  test('what a language model asks', async () => {
    const client = await start();
    const graphs = await client.request<{ graphs: { name: string }[] }>(askRequest, {
      question: 'graph',
      input: { file: 'a.ts', line: 18 },
    });
    expect(graphs.graphs.map(({ name }) => name)).toEqual(['plan']);
    const explained = await client.request(askRequest, { question: 'explain', input: { rule: 'unbounded-loop' } });
    expect(explained).toMatchObject({ rule: 'unbounded-loop', do: expect.any(String) });
    const nothing = await client.request(askRequest, { question: 'explain', input: {} });
    expect(nothing).toEqual({ error: expect.stringContaining('Name a rule (unbounded-cycle, ') });
  });

  test('inlay hints at the heads of loops, only where they are switched on', async () => {
    const range = { start: { line: 0, character: 0 }, end: { line: 30, character: 0 } };
    const hints = (client: TestClient) =>
      client.request<InlayHint[]>('textDocument/inlayHint', { textDocument: { uri: client.uri('w/a.ts') }, range });
    expect(await hints(await start())).toEqual([]);
    const client = await start(() => ({ inlayHints: { enable: true } }));
    expect((await hints(client)).map(({ position, label }) => [position.line, label])).toEqual([
      [10, 'no bound'],
      [17, '≤ turn < 4'],
    ]);
  });

  test('the call hierarchy goes along the ways of the graph, both ways', async () => {
    const client = await start();
    const [item] = await client.request<CallHierarchyItem[]>('textDocument/prepareCallHierarchy', {
      textDocument: { uri: client.uri('w/a.ts') },
      position: { line: 4, character: 18 },
    });
    expect(item).toMatchObject({ name: 'ask', detail: 'function, 1 model call' });
    const incoming = await client.request<CallHierarchyIncomingCall[]>('callHierarchy/incomingCalls', { item });
    expect(incoming.map(({ from }) => from.name)).toEqual(['loop in review', 'ask', 'loop in plan']);
    const loopItem = incoming[0]?.from;
    const outgoing = await client.request<CallHierarchyOutgoingCall[]>('callHierarchy/outgoingCalls', {
      item: loopItem,
    });
    expect(outgoing.map(({ to }) => to.name)).toEqual(['ask']);
  });

  test('nothing where the analysis is off', async () => {
    const client = await start(() => ({ enable: false }));
    expect(await ask(client, 'w/a.ts', 17)).toEqual({ entries: [], graph: null });
  });
});
