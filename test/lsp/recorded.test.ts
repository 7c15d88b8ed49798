// Recorded runs at findings: how far a loop went, in hovers and lenses, and the fix that takes its number from them.
import { afterEach, describe, expect, test } from 'vitest';
import type { CodeAction, CodeLens, Diagnostic, Hover } from 'vscode-languageserver/node';
import { engine } from '../../server/src/compose.ts';
import { type RecordedRun, recordedRunsNotification } from '../../server/src/protocol.ts';
import { callsOn, turnsOn } from '../../server/src/recorded.ts';
import { modern, startClient, type TestClient } from './client.ts';

const code = `import { END, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph';
import { ChatOpenAI } from '@langchain/openai';

const model = new ChatOpenAI({ model: 'gpt-4o' });
async function write(state: typeof MessagesAnnotation.State) {
  return { messages: [await model.invoke(state.messages)] };
}
async function check(state: typeof MessagesAnnotation.State) {
  return { messages: [await model.invoke(state.messages)] };
}

const graph = new StateGraph(MessagesAnnotation)
  .addNode('write', write)
  .addNode('check', check)
  .addEdge(START, 'write')
  .addEdge('write', 'check')
  .addConditionalEdges('check', state => (String(state.messages.at(-1)).includes('ok') ? END : 'write'))
  .compile();

export async function answer(topic: string) {
  return graph.invoke({ messages: [topic] });
}
`;

const clients: TestClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.dispose();
});

const ran = (write: number, check: number, ok = true): RecordedRun => ({
  ok,
  calls: [
    { name: 'write', op: 'step', calls: write },
    { name: 'check', op: 'step', calls: check },
    { name: 'gpt-4o', op: 'model', calls: write + check },
  ],
});

async function start(runs: readonly RecordedRun[]): Promise<TestClient> {
  const capabilities = { ...modern, workspace: { ...modern.workspace, codeLens: { refreshSupport: true } } };
  const client = await startClient({ engine, folders: { w: new Map([['a.ts', code]]) }, capabilities });
  clients.push(client);
  client.open('w/a.ts', code);
  client.notify(recordedRunsNotification, { runs });
  await client.next('workspace/codeLens/refresh');
  return client;
}

async function finding(client: TestClient): Promise<Diagnostic> {
  const { items } = await client.request<{ items: Diagnostic[] }>('textDocument/diagnostic', {
    textDocument: { uri: client.uri('w/a.ts') },
  });
  return items.find(item => item.code === 'default-bound') as Diagnostic;
}

const actions = async (client: TestClient) => {
  const diagnostic = await finding(client);
  return client.request<CodeAction[]>('textDocument/codeAction', {
    textDocument: { uri: client.uri('w/a.ts') },
    range: diagnostic.range,
    context: { diagnostics: [diagnostic], only: ['quickfix'] },
  });
};

describe('a loop that recorded runs entered', () => {
  test('says in hover and lens how near to its bound they came', async () => {
    const client = await start([ran(1, 1), ran(2, 2), ran(4, 3, false), { ok: true, calls: [] }]);
    const diagnostic = await finding(client);
    const at = { textDocument: { uri: client.uri('w/a.ts') }, position: diagnostic.range.start };
    const hover = await client.request<Hover>('textDocument/hover', at);
    expect((hover.contents as { value: string }).value).toContain('ran 7 of 25 turns at most in 3 recorded runs');
    const lenses = await client.request<CodeLens[]>('textDocument/codeLens', { textDocument: at.textDocument });
    expect(lenses.map(lens => lens.command?.title)).toContain(
      '1 loop, at most 25 model calls (recursionLimit 25, default) · ran 7 of 25 turns at most in 3 recorded runs',
    );
  });

  test('gets the fix whose number is twice what 95 of 100 honest runs needed', async () => {
    const client = await start([ran(1, 1), ran(3, 3), ran(9, 9, false)]);
    const offered = (await actions(client)).find(action => action.title.includes('recorded runs'));
    expect(offered?.title).toMatch(/^Set the bound from recorded runs \(P95 x 2\): .*\b12\b/);
    const resolved = await client.request<CodeAction>('codeAction/resolve', offered);
    expect(JSON.stringify(resolved.edit)).toContain('recursionLimit: 12');
    expect((await actions(client)).filter(action => action.isPreferred)).toHaveLength(1);
  });

  test('has no such fix where no run ended by itself, and says nothing where none entered it', async () => {
    const tripped = await start([ran(9, 9, false)]);
    expect((await actions(tripped)).some(action => action.title.includes('recorded'))).toBe(false);
    const other = await start([{ ok: true, calls: [{ name: 'search', op: 'tool', calls: 4 }] }]);
    const { range } = await finding(other);
    const hover = await other.request<Hover>('textDocument/hover', {
      textDocument: { uri: other.uri('w/a.ts') },
      position: range.start,
    });
    expect((hover.contents as { value: string }).value).not.toContain('recorded');
  });
});

describe('calls on a graph', () => {
  const graph = {
    steps: [
      { id: 'a', kind: 'agent', name: 'generateText' },
      { id: 'b', kind: 'tool', name: 'search' },
    ],
    transitions: [
      { from: 'a', to: 'a', kind: 'route' },
      { from: 'a', to: 'b', kind: 'call' },
    ],
    loops: [{ id: 'l', kind: 'cycle', steps: ['a'] }],
  };

  test('requests belong to the one step that makes them, if a tool shows that it is this graph', () => {
    const calls = [
      { name: 'gpt-4o', op: 'model', calls: 5 },
      { name: 'search', op: 'tool', calls: 4 },
    ];
    expect(callsOn(graph, calls)).toEqual({ a: 5, b: 4 });
    expect(turnsOn(graph, { a: 5, b: 4 })).toEqual({ l: 5 });
    expect(callsOn(graph, calls.slice(0, 1))).toBeUndefined();
  });

  test('names that every guard has by itself tell nothing', () => {
    const tools = { ...graph, steps: [{ id: 'b', kind: 'tool', name: 'tools' }] };
    expect(callsOn(tools, [{ name: 'tools', op: 'tool', calls: 4 }])).toBeUndefined();
  });
});
