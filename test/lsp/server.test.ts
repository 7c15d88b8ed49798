// The language server over a stream pair, as any editor sees it.
import { afterEach, describe, expect, test } from 'vitest';
import type { CodeAction, CodeLens, Diagnostic, Hover, WorkspaceDiagnosticReport } from 'vscode-languageserver/node';
import {
  fixAllKind,
  openRuleCommand,
  type StatusParams,
  seenAtRuntimeNotification,
  statusNotification,
} from '../../server/src/protocol.ts';
import { fakeEngine } from '../harness/fake-engine.ts';
import { type ClientOptions, startClient, type TestClient } from './client.ts';

const agent =
  "import OpenAI from 'openai';\n\nexport async function run() {\n  while (true) {\n    await ask();\n  }\n}\n";
const loopRange = { start: { line: 3, character: 2 }, end: { line: 3, character: 14 } };

const clients: TestClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.dispose();
});
async function start(options: Partial<ClientOptions> = {}): Promise<TestClient> {
  const client = await startClient({ engine: fakeEngine(), ...options });
  clients.push(client);
  return client;
}
type Full = { kind: string; resultId: string; items: Diagnostic[] };
const pull = (client: TestClient, path: string, previousResultId?: string) =>
  client.request<Full>('textDocument/diagnostic', { textDocument: { uri: client.uri(path) }, previousResultId });
const actionsAt = (client: TestClient, path: string, only?: string[], diagnostics: Diagnostic[] = []) =>
  client.request<CodeAction[]>('textDocument/codeAction', {
    textDocument: { uri: client.uri(path) },
    range: loopRange,
    context: { diagnostics, ...(only ? { only } : {}) },
  });

describe('pulled diagnostics', () => {
  test('of an unsaved buffer, with code, page, witness path and fingerprint', async () => {
    const client = await start({ folders: { w: new Map([['a.ts', '']]) } });
    client.open('w/a.ts', agent);
    const { items } = await pull(client, 'w/a.ts');
    expect(items).toEqual([
      {
        range: loopRange,
        severity: 2,
        code: 'unbounded-loop',
        codeDescription: { href: expect.stringMatching(/docs\/rules\/unbounded-loop\.md$/) },
        source: 'loopbound',
        message: 'Nothing ends this loop.',
        relatedInformation: [
          {
            location: {
              uri: client.uri('w/a.ts'),
              range: { start: { line: 0, character: 7 }, end: { line: 0, character: 13 } },
            },
            message: 'openai is package',
          },
        ],
        data: { fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/), seenAtRuntime: false },
      },
    ]);
  });

  test('unchanged by result id, and an edit elsewhere changes the answer', async () => {
    const client = await start({ folders: { w: new Map([['b.ts', 'export const x = 1;\n']]) } });
    client.open('w/a.ts', `import './b';\n${agent}`);
    const first = await pull(client, 'w/a.ts');
    expect(first.items[0]?.relatedInformation?.[0]?.message).toBe('./b is module of 1 statements');
    expect(await pull(client, 'w/a.ts', first.resultId)).toEqual({ kind: 'unchanged', resultId: first.resultId });
    client.open('w/b.ts', 'export const x = 1;\nexport const y = 2;\n');
    const second = await pull(client, 'w/a.ts', first.resultId);
    expect(second.kind).toBe('full');
    expect(second.items[0]?.relatedInformation?.[0]?.message).toBe('./b is module of 2 statements');
    client.close('w/b.ts');
    expect((await pull(client, 'w/a.ts')).resultId).toBe(first.resultId);
  });

  test('of the workspace, over several folders and into closed files', async () => {
    const client = await start({
      folders: {
        w: new Map([
          ['a.ts', agent],
          ['quiet.ts', ''],
        ]),
        v: new Map([['flow.py', 'import openai\nwhile True: pass\n']]),
      },
    });
    const ask = (previousResultIds: { uri: string; value: string }[]) =>
      client.request<WorkspaceDiagnosticReport>('workspace/diagnostic', { previousResultIds });
    const first = await ask([]);
    expect(first.items.map(({ uri, kind, version }) => [uri, kind, version])).toEqual([
      [client.uri('w/a.ts'), 'full', null],
      [client.uri('v/flow.py'), 'full', null],
    ]);
    const ids = first.items.map(item => ({ uri: item.uri, value: item.resultId as string }));
    expect((await ask(ids)).items.map(item => item.kind)).toEqual(['unchanged', 'unchanged']);
    client.open('w/a.ts', 'export {};\n');
    const mended = (await ask(ids)).items.find(item => item.uri === client.uri('w/a.ts'));
    expect(mended).toMatchObject({ kind: 'full', items: [] });
  });

  test('of an open file before its folder was checked', async () => {
    const looked: string[][] = [];
    const engine = fakeEngine({ onAnalyze: program => void looked.push([...program.paths]) });
    const folders = {
      w: new Map([
        ['b.ts', agent],
        ['a.ts', agent],
      ]),
    };
    const client = await start({ engine, folders });
    client.open('w/a.ts', agent);
    expect((await pull(client, 'w/a.ts')).items).toHaveLength(1);
    expect(looked[0]).toEqual(['a.ts']);
    await client.request('workspace/diagnostic', { previousResultIds: [] });
    expect(looked.at(-1)).toEqual(['a.ts', 'b.ts']);
    expect((await pull(client, 'w/a.ts')).items).toHaveLength(1);
    expect(looked).toHaveLength(2);
  });

  test('of a config file that is broken', async () => {
    const client = await start();
    client.open('w/loopbound.config.json', '{ "rules": 1 }', 'json');
    expect((await pull(client, 'w/loopbound.config.json')).items).toMatchObject([
      {
        severity: 1,
        code: 'config',
        range: { start: { line: 0, character: 11 } },
        message: expect.stringContaining('must be an object'),
      },
    ]);
  });

  test('of a document outside all folders, and of an untitled one', async () => {
    const client = await start({ folders: {} });
    client.open('elsewhere/a.ts', agent);
    expect((await pull(client, 'elsewhere/a.ts')).items).toHaveLength(1);
    const uri = 'untitled:Untitled-1';
    client.notify('textDocument/didOpen', { textDocument: { uri, languageId: 'typescript', version: 1, text: agent } });
    const report = await client.request<Full>('textDocument/diagnostic', { textDocument: { uri } });
    expect(report.items).toHaveLength(1);
  });

  test('a file on the disk changes: the client is asked to pull again', async () => {
    const texts = new Map([['a.ts', agent]]);
    const client = await start({ folders: { w: texts } });
    expect((await pull(client, 'w/a.ts')).items).toHaveLength(1);
    texts.set('a.ts', '');
    client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: client.uri('w/a.ts'), type: 2 }] });
    await client.next('workspace/diagnostic/refresh');
    expect((await pull(client, 'w/a.ts')).items).toEqual([]);
  });

  test('settings per resource: what is not enabled is quiet, and a change is noticed', async () => {
    let enable = false;
    const client = await start({ settings: () => ({ enable }) });
    client.open('w/a.ts', agent);
    expect((await pull(client, 'w/a.ts')).items).toEqual([]);
    enable = true;
    client.notify('workspace/didChangeConfiguration', { settings: null });
    await client.next('workspace/diagnostic/refresh');
    expect((await pull(client, 'w/a.ts')).items).toHaveLength(1);
  });

  test('folders come and go', async () => {
    const client = await start({ folders: { w: new Map(), v: new Map([['helper.ts', 'export const a = 1;\n']]) } });
    client.notify('workspace/didChangeWorkspaceFolders', {
      event: { added: [], removed: [{ uri: 'file:///v', name: 'v' }] },
    });
    client.open('v/a.ts', agent);
    expect((await pull(client, 'v/a.ts')).items).toHaveLength(1);
    const workspace = await client.request<WorkspaceDiagnosticReport>('workspace/diagnostic', {
      previousResultIds: [],
    });
    expect(workspace.items.map(item => item.uri)).toEqual([client.uri('v/a.ts')]);
  });
});

describe('cancellation', () => {
  test('a pull that is cancelled while the check runs is answered as cancelled, and the next one is right', async () => {
    let during: () => void = () => undefined;
    const client = await start({
      engine: fakeEngine({ onAnalyze: () => during() }),
      folders: { w: new Map(Array.from({ length: 300 }, (_, at) => [`f${at}.ts`, agent.repeat(20)])) },
    });
    const { CancellationTokenSource } = await import('vscode-languageserver/node');
    const source = new CancellationTokenSource();
    let analysed = false;
    during = () => {
      analysed = true;
    };
    const first = client.connection.sendRequest(
      'textDocument/diagnostic',
      { textDocument: { uri: client.uri('w/f0.ts') } },
      source.token,
    );
    await client.next<StatusParams>(statusNotification, status => status.busy);
    source.cancel();
    await expect(first).rejects.toMatchObject({ code: -32802 });
    expect(analysed).toBe(false);
    expect((await pull(client, 'w/f0.ts')).items).toHaveLength(20);
  });
});

describe('clients that cannot pull', () => {
  test('get a push, and an empty one when all is well again', async () => {
    const client = await start({ capabilities: {} });
    type Push = { uri: string; version?: number; diagnostics: Diagnostic[] };
    client.open('w/a.ts', agent);
    const first = await client.next<Push>('textDocument/publishDiagnostics', push => push.diagnostics.length > 0);
    expect(first).toMatchObject({ uri: client.uri('w/a.ts'), version: 1, diagnostics: [{ code: 'unbounded-loop' }] });
    client.change('w/a.ts', 'export {};\n');
    await client.next<Push>('textDocument/publishDiagnostics', push => push.diagnostics.length === 0);
  });
});

describe('code actions', () => {
  test('quick fixes, the preferred one first, resolved when chosen', async () => {
    const client = await start();
    client.open('w/a.ts', agent);
    const diagnostics = (await pull(client, 'w/a.ts')).items;
    const actions = await actionsAt(client, 'w/a.ts', undefined, diagnostics);
    expect(actions.map(({ title, kind, isPreferred, edit }) => [title, kind, isPreferred, edit])).toEqual([
      ['Count the turns', 'quickfix', true, undefined],
      ['Stop at once', 'quickfix', undefined, undefined],
      ['Disable unbounded-loop for this line', 'quickfix', undefined, undefined],
      ['Open the page of unbounded-loop', 'quickfix', undefined, undefined],
    ]);
    expect(actions[0]?.diagnostics).toEqual(diagnostics);
    const resolved = await client.request<CodeAction>('codeAction/resolve', actions[0]);
    expect(resolved.edit).toEqual({
      documentChanges: [
        {
          textDocument: { uri: client.uri('w/a.ts'), version: 1 },
          edits: [
            { range: { start: { line: 3, character: 9 }, end: { line: 3, character: 13 } }, newText: 'turns-- > 0' },
          ],
        },
      ],
    });
  });

  test('silencing a line writes a comment with a place for the reason', async () => {
    const client = await start();
    client.open('w/a.ts', agent);
    const action = (await actionsAt(client, 'w/a.ts')).find(({ title }) => title.startsWith('Disable'));
    const { edit } = await client.request<CodeAction>('codeAction/resolve', action);
    const [change] = (edit?.documentChanges ?? []) as { edits: { range: Diagnostic['range']; newText: string }[] }[];
    expect(change?.edits[0]?.newText).toBe(
      '  // loopbound-ignore-next-line unbounded-loop -- say here why this loop is fine\n',
    );
    expect(change?.edits[0]?.range.start).toEqual({ line: 3, character: 0 });
    const lines = agent.split('\n');
    client.change(
      'w/a.ts',
      [...lines.slice(0, 3), (change?.edits[0]?.newText ?? '').trimEnd(), ...lines.slice(3)].join('\n'),
    );
    expect((await pull(client, 'w/a.ts')).items).toEqual([]);
  });

  test('fix-all takes the safe fixes of the file, and only when asked for', async () => {
    const client = await start();
    client.open('w/a.ts', `import 'openai';\nwhile (true) {}\nwhile (true) {}\n`);
    expect((await actionsAt(client, 'w/a.ts')).some(({ kind }) => kind === fixAllKind)).toBe(false);
    for (const only of [fixAllKind, 'source.fixAll', 'source']) {
      const actions = await actionsAt(client, 'w/a.ts', [only]);
      expect(actions.map(({ kind }) => kind)).toEqual([fixAllKind]);
      const [change] = (actions[0]?.edit?.documentChanges ?? []) as { edits: unknown[] }[];
      expect(change?.edits).toHaveLength(2);
    }
  });

  test('old clients get the edit at once, in the old form', async () => {
    const client = await start({ capabilities: { textDocument: { diagnostic: {} } } });
    client.open('w/a.ts', agent);
    const [fix, ...rest] = await actionsAt(client, 'w/a.ts', ['quickfix']);
    expect(fix?.edit?.changes?.[client.uri('w/a.ts')]).toHaveLength(1);
    expect(rest.some(({ command }) => command)).toBe(false);
  });

  test('the page of a rule is opened by the client', async () => {
    const client = await start();
    client.notify('initialized', {});
    const asked = client.next<{ uri: string; external: boolean }>('window/showDocument');
    await client.request('workspace/executeCommand', { command: openRuleCommand, arguments: ['fan-out'] });
    expect(await asked).toMatchObject({ uri: expect.stringMatching(/fan-out\.md$/), external: true });
  });
});

describe('lenses, hovers, status, trips', () => {
  test('a lens over each entry with its worst case', async () => {
    const client = await start();
    client.open('w/a.ts', `${agent}function once() {}\n`);
    const lenses = await client.request<CodeLens[]>('textDocument/codeLens', {
      textDocument: { uri: client.uri('w/a.ts') },
    });
    expect(lenses.map(({ range, command }) => [range.start.line, command?.title])).toEqual([
      [2, '1 loop, no bound'],
      [7, 'at most 1 model call'],
    ]);
  });

  test('a hover says what, why and what to do', async () => {
    const client = await start();
    client.open('w/a.ts', agent);
    const at = (line: number, character: number) =>
      client.request<Hover | null>('textDocument/hover', {
        textDocument: { uri: client.uri('w/a.ts') },
        position: { line, character },
      });
    const hover = await at(3, 4);
    expect(hover?.range).toEqual(loopRange);
    expect((hover?.contents as { value: string } | undefined)?.value).toMatch(
      /unbounded-loop.*no bound[\s\S]*A loop\.[\s\S]*It costs\.[\s\S]*Bound it\./,
    );
    expect(await at(1, 0)).toBeNull();
  });

  test('settings switch lenses and hovers off', async () => {
    const client = await start({ settings: () => ({ codeLens: { enable: false }, hover: { enable: false } }) });
    client.open('w/a.ts', agent);
    const textDocument = { uri: client.uri('w/a.ts') };
    expect(await client.request('textDocument/codeLens', { textDocument })).toEqual([]);
    expect(
      await client.request('textDocument/hover', { textDocument, position: { line: 3, character: 4 } }),
    ).toBeNull();
  });

  test('status: busy, then the figures', async () => {
    const client = await start();
    client.open('w/a.ts', agent);
    await pull(client, 'w/a.ts');
    await client.next<StatusParams>(statusNotification, status => status.busy);
    expect(await client.next<StatusParams>(statusNotification, status => !status.busy)).toMatchObject({
      files: 1,
      parsed: 1,
      milliseconds: expect.any(Number),
      megabytes: expect.any(Number),
    });
  });

  test('a trip marks its finding, also after edits above it', async () => {
    const client = await start();
    client.open('w/a.ts', agent);
    await pull(client, 'w/a.ts');
    const trip = { uri: client.uri('w/a.ts'), line: 3, rule: 'unbounded-loop', reason: 'loop', time: 1 };
    client.notify(seenAtRuntimeNotification, { ...trip, rule: 'fan-out' });
    client.notify(seenAtRuntimeNotification, trip);
    await client.next('workspace/diagnostic/refresh');
    const seen = {
      message: 'Nothing ends this loop. Seen at run time: the guard tripped (loop).',
      data: { seenAtRuntime: true },
    };
    expect((await pull(client, 'w/a.ts')).items).toMatchObject([seen]);
    client.change('w/a.ts', `\n${agent}`);
    expect((await pull(client, 'w/a.ts')).items).toMatchObject([seen]);
  });
});

describe('a bug of ours', () => {
  test('is logged, the request is answered empty, the server lives on', async () => {
    let broken = true;
    const client = await start({ engine: fakeEngine({ broken: () => broken }) });
    client.open('w/a.ts', agent);
    expect((await pull(client, 'w/a.ts')).items).toEqual([]);
    expect(client.log.join()).toContain('a rule fell over');
    broken = false;
    client.change('w/a.ts', `${agent}\n`);
    expect((await pull(client, 'w/a.ts')).items).toHaveLength(1);
  });
});
