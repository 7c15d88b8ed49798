// Runs inside the extension host of a real VS Code, where it can ask the API what a user could. What is measured is told,
// not asserted. The checks follow each other: a later one finds what an earlier one has opened.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, beforeEach } = require('mocha');
const vscode = require('vscode');

const EXTENSION = 'loopbound.loopbound-vscode';
const folder = () => vscode.workspace.workspaceFolders[0].uri;
const uriOf = file => vscode.Uri.joinPath(folder(), file);
const run = (command, ...args) => vscode.commands.executeCommand(command, ...args);

/** Polls: right after startup VS Code cancels requests, or answers them with nothing, when a provider registers meanwhile. */
const until = async (what, probe, seconds = 120) => {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await new Promise(r => setTimeout(r, 20))) {
    try {
      const value = await probe();
      if (value) return value;
    } catch (error) {
      if (!/cancel/i.test(`${error.name} ${error.message}`)) throw error;
    }
  }
  throw new Error(`not within ${seconds} s: ${what}`);
};

const findings = uri => vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'loopbound');
const ruleOf = ({ code }) => (typeof code === 'object' ? code.value : code);
const show = async file => vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uriOf(file)));
const set = (name, value) =>
  vscode.workspace.getConfiguration('loopbound').update(name, value, vscode.ConfigurationTarget.Workspace);

const actionsAt = (uri, range, kind) => run('vscode.executeCodeActionProvider', uri, range, kind, 50);
const hoverAt = async (uri, position) =>
  (await run('vscode.executeHoverProvider', uri, position))
    .flatMap(hover => hover.contents)
    .map(content => content.value ?? content)
    .join('\n');

/** Runs a file of the workspace with Run with Guard; gives the exit code. */
const runFile = async name => {
  const ended = new Promise(resolve => {
    const watch = vscode.tasks.onDidEndTaskProcess(({ exitCode, execution }) => {
      if (!execution.task.name.endsWith(name)) return;
      watch.dispose();
      resolve(exitCode);
    });
  });
  await run('loopbound.runFile', uriOf(name));
  return ended;
};

let current;
/** Adds what was measured to the line of the check. */
const tell = note => {
  current.note = note;
};

describe('in the extension host', () => {
  beforeEach(function () {
    current = this.currentTest;
  });

  it('the first finding of the open file', async () => {
    const extension = vscode.extensions.getExtension(EXTENSION);
    assert.equal(extension.isActive, false, 'nothing may start before it is needed');
    const opened = performance.now();
    await show('research.ts');
    await until('the extension is active', () => extension.isActive);
    const active = performance.now();
    await until('a finding', () => findings(uriOf('research.ts')).length > 0);
    const files = fs.readdirSync(path.join(folder().fsPath, 'lib')).length;
    tell(
      `${files} files: active after ${Math.round(active - opened)} ms, finding ${Math.round(performance.now() - active)} ms later`,
    );
  });

  it('problems of files that are not open', async () => {
    await until('the other file has its problem', () => findings(uriOf('support.ts')).length > 0);
    assert.ok(!vscode.workspace.textDocuments.some(({ uri }) => uri.path.endsWith('support.ts')));
  });

  it('a finding with its page, its way round and its head', async () => {
    const [finding] = findings(uriOf('research.ts'));
    assert.equal(ruleOf(finding), 'unbounded-loop');
    assert.match(String(finding.code.target), /docs\/rules\/unbounded-loop\.md$/);
    assert.ok(finding.relatedInformation.length > 0);
    assert.ok(finding.range.end.line - finding.range.start.line <= 1);
  });

  it('the hover says what, why and what to do', async () => {
    const [finding] = findings(uriOf('research.ts'));
    const text = await until('a hover', () => hoverAt(uriOf('research.ts'), finding.range.start));
    for (const part of ['unbounded-loop', '*Why:*', '*Do:*', 'no bound']) assert.ok(text.includes(part), part);
  });

  it('the lens says loops, worst case and bound, and leads to the graph', async () => {
    await show('support.ts');
    const lenses = await until('lenses', async () => {
      const all = await run('vscode.executeCodeLensProvider', uriOf('support.ts'), 50);
      return all.length > 0 && all;
    });
    const ours = lenses.map(({ command }) => command).filter(command => command?.command === 'loopbound.showGraph');
    assert.ok(
      ours.some(({ title }) => title === '2 loops, no bound'),
      ours.map(({ title }) => title).join(' | '),
    );
    assert.ok(ours.some(({ title }) => title === '1 loop, at most 3 model calls (turn < 3)'));
  });

  it('code actions: one preferred, one that silences with a reason, one that opens the page', async () => {
    const uri = uriOf('research.ts');
    const [{ range }] = findings(uri);
    const actions = await until('actions', async () => {
      const all = await actionsAt(uri, range, vscode.CodeActionKind.QuickFix.value);
      return all.some(({ isPreferred }) => isPreferred) && all;
    });
    assert.equal(actions.filter(({ isPreferred }) => isPreferred).length, 1);
    assert.ok(actions.some(({ title }) => title === 'Open the page of unbounded-loop'));
    const silence = actions.find(({ title }) => title.startsWith('Disable unbounded-loop'));
    assert.ok(await vscode.workspace.applyEdit(silence.edit));
    await until('the finding is silenced', () => findings(uri).every(one => ruleOf(one) !== 'unbounded-loop'));
    const { document } = await show('research.ts');
    assert.match(document.getText(), /loopbound-ignore-next-line unbounded-loop -- say here why/);
    await run('undo');
    await until('it is back', () => findings(uri).some(one => ruleOf(one) === 'unbounded-loop'));
  });

  it('fix-all takes the safe fixes away', async () => {
    const uri = uriOf('research.ts');
    await show('research.ts');
    const kind = 'source.fixAll.loopbound';
    const [action] = await until('a fix-all', async () => {
      const all = await actionsAt(uri, new vscode.Range(0, 0, 30, 0), kind);
      return all.length > 0 && all;
    });
    assert.ok(await vscode.workspace.applyEdit(action.edit));
    await until('no finding is left', () => findings(uri).length === 0);
    await run('undo');
    await until('it is back', () => findings(uri).length > 0);
  });

  it('typing elsewhere lets no finding flicker', async () => {
    const uri = uriOf('research.ts');
    const editor = await show('research.ts');
    let gaps = 0;
    const watch = vscode.languages.onDidChangeDiagnostics(({ uris }) => {
      if (uris.some(one => one.toString() === uri.toString()) && findings(uri).length === 0) gaps++;
    });
    await editor.edit(edit => edit.insert(new vscode.Position(4, 0), '\n'));
    for (let key = 0; key < 20; key++) await run('type', { text: key === 0 ? '//' : 'x' });
    // The analysis of the last key is through once its finding stands one line lower.
    await until('the finding has moved', () => findings(uri)[0]?.range.start.line === 9);
    watch.dispose();
    assert.equal(gaps, 0);
    await run('workbench.action.files.revert');
  });

  it('inlay hints are off, and come with their setting', async () => {
    const ask = () =>
      run('vscode.executeInlayHintProvider', uriOf('research.ts'), new vscode.Range(0, 0, 30, 0)).then(hints =>
        hints.map(({ label }) => (typeof label === 'string' ? label : label.map(part => part.value).join(''))),
      );
    assert.ok(!(await ask()).includes('no bound'));
    await set('inlayHints.enable', true);
    await until('the hint is there', async () => (await ask()).includes('no bound'));
    await set('inlayHints.enable', undefined);
  });

  it('the call hierarchy goes over steps and loops', async () => {
    const uri = uriOf('support.ts');
    await show('support.ts');
    const [item] = await until('an item', async () => {
      const items = await run('vscode.prepareCallHierarchy', uri, new vscode.Position(17, 16));
      return items?.length > 0 && items;
    });
    assert.equal(item.name, 'draft');
    const incoming = await run('vscode.provideIncomingCalls', item);
    assert.deepEqual(incoming.map(({ from }) => from.name).sort(), ['research', 'review', 'triage']);
    const outgoing = await run('vscode.provideOutgoingCalls', item);
    assert.deepEqual(
      outgoing.map(({ to }) => to.name),
      ['review'],
    );
  });

  it('the config file is completed and checked', async () => {
    const uri = uriOf('loopbound.config.json');
    fs.writeFileSync(uri.fsPath, '{\n  "rules": { "unbounded-loop": "loud",  }\n}\n');
    await show('loopbound.config.json');
    await until('the wrong level is told', () =>
      vscode.languages.getDiagnostics(uri).some(({ message }) => /off|error|warning/.test(message)),
    );
    await until('rules are offered', async () => {
      const { items } = await run('vscode.executeCompletionItemProvider', uri, new vscode.Position(1, 40));
      return items.some(({ label }) => /unbounded-cycle/.test(label.label ?? label));
    });
    fs.rmSync(uri.fsPath);
  });

  it('language models can ask', async () => {
    const names = ['loopbound_findings', 'loopbound_explain', 'loopbound_graph', 'loopbound_trips'];
    for (const name of names)
      assert.ok(
        vscode.lm.tools.some(tool => tool.name === name),
        name,
      );
    const ask = async (name, input) => {
      const { content } = await vscode.lm.invokeTool(name, { input, toolInvocationToken: undefined });
      return JSON.parse(content.map(part => part.value).join(''));
    };
    const { findings: all } = await ask('loopbound_findings', { file: 'research.ts' });
    assert.equal(all[0].rule, 'unbounded-loop');
    const { findings: explained } = await ask('loopbound_explain', { file: 'research.ts', line: 9 });
    assert.ok(explained[0].fixes.length > 0);
    const { graphs } = await ask('loopbound_graph', { file: 'support.ts', line: 39 });
    assert.match(graphs[0].mermaid, /^flowchart TD/);
    assert.deepEqual((await ask('loopbound_trips', {})).trips, []);
  });

  it('the check task ends with a finding', async () => {
    const [task] = await until('the task', async () => {
      const all = await vscode.tasks.fetchTasks({ type: 'loopbound' });
      return all.length > 0 && all;
    });
    assert.deepEqual([task.name, ...task.problemMatchers], ['check', '$loopbound']);
    const ended = new Promise(resolve => vscode.tasks.onDidEndTaskProcess(({ exitCode }) => resolve(exitCode)));
    await vscode.tasks.executeTask(task);
    assert.equal(await ended, 1);
  });

  it('a run with guard finds the hub: Node, Node on types, tsx, Python, a virtual environment', async () => {
    const out = path.join(folder().fsPath, 'probe.out');
    const say = `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(out)}, process.env.LOOPBOUND_HUB ?? '');\n`;
    const python = `import os, sys\nopen(${JSON.stringify(out)}, 'w').write(os.environ.get('LOOPBOUND_HUB', ''))\n`;
    const link = (target, name) => {
      const file = path.join(folder().fsPath, name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.symlinkSync(target, file);
    };
    await runs('probe.mjs', say);
    await runs('probe.ts', `const out: string = '';\n${say}`);
    // Node alone runs no enum; where the project has tsx, that is what runs it.
    link(path.dirname(require.resolve('tsx/package.json')), 'node_modules/tsx');
    await runs('typed.ts', `enum Way { On }\nif (Way.On !== 0) throw new Error();\n${say}`);
    await runs('probe.py', python);
    const { stdout } = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' });
    link(stdout.trim(), '.venv/bin/python');
    await runs('venv.py', `${python}assert '.venv' in sys.executable, sys.executable\n`);

    async function runs(name, text) {
      fs.writeFileSync(uriOf(name).fsPath, text);
      fs.rmSync(out, { force: true });
      assert.equal(await runFile(name), 0, name);
      assert.match(fs.readFileSync(out, 'utf8'), /^ws:\/\/127\.0\.0\.1:\d+$/, name);
    }
  });

  it('a finding says how near recorded runs came to its bound, and a fix takes the bound from them', async () => {
    const uri = uriOf('support.ts');
    const { document } = await show('support.ts');
    assert.equal(await runFile('records.mjs'), 0);
    const ran = 'ran 8 of 25 turns at most in 20 recorded runs';
    await until('the lens says so', async () => {
      const lenses = await run('vscode.executeCodeLensProvider', uri, 50);
      return lenses.some(({ command }) => command?.title.includes('recorded runs'));
    });
    const { range } = await until('the finding', () => findings(uri).find(one => ruleOf(one) === 'default-bound'));
    const hover = await hoverAt(uri, range.start);
    assert.ok(hover.includes(ran), hover);
    const fix = await until('the fix', async () => {
      const all = await actionsAt(uri, range, vscode.CodeActionKind.QuickFix.value);
      return all.find(({ title }) => title.startsWith('Set the bound from recorded runs (P95 x 2)'));
    });
    assert.ok(await vscode.workspace.applyEdit(fix.edit));
    assert.match(document.getText(), /recursionLimit: \d+/);
    await run('workbench.action.files.revert');
    await run('workbench.action.closeActiveEditor');
  });

  it('a document of a virtual file system is analysed by itself', async () => {
    const text = fs.readFileSync(uriOf('research.ts').fsPath);
    const changes = new vscode.EventEmitter();
    const provider = vscode.workspace.registerFileSystemProvider(
      'vscode-vfs',
      {
        onDidChangeFile: changes.event,
        watch: () => changes,
        stat: () => ({ type: vscode.FileType.File, ctime: 0, mtime: 0, size: text.length }),
        readFile: () => text,
        readDirectory: () => [],
        ...Object.fromEntries(
          ['createDirectory', 'writeFile', 'delete', 'rename'].map(name => [name, () => undefined]),
        ),
      },
      { isReadonly: true },
    );
    const uri = vscode.Uri.parse('vscode-vfs://somewhere/agents/research.ts');
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
    const [finding] = await until('its finding', () => findings(uri).length > 0 && findings(uri));
    assert.equal(ruleOf(finding), 'unbounded-loop');
    await run('workbench.action.closeActiveEditor');
    provider.dispose();
  });

  it('a trip pauses the debugger, which says why', async () => {
    await set('debug.pauseOnTrip', true);
    const stops = [];
    const heard = [];
    const watch = vscode.debug.registerDebugAdapterTrackerFactory('*', {
      createDebugAdapterTracker: () => ({
        onDidSendMessage(message) {
          // Looked at later: other trackers may still be at work on it.
          if (message.event === 'stopped') stops.push(message.body);
          if (message.type === 'event' && message.event !== 'loadedSource')
            heard.push(`${message.event} ${JSON.stringify(message.body ?? {}).slice(0, 160)}`);
        },
      }),
    });
    const started = await vscode.debug.startDebugging(vscode.workspace.workspaceFolders[0], {
      type: 'node',
      request: 'launch',
      name: 'agent',
      program: path.join(folder().fsPath, 'agent.mjs'),
      args: ['20', '60'],
      // Else a pause within Node's own code goes on until it is out of there, which on a busy machine takes long.
      skipFiles: [],
      smartStep: false,
      console: 'internalConsole',
    });
    assert.ok(started);
    const stop = await until('the process is paused', () =>
      stops.find(({ description }) => /Loopbound/.test(description)),
    ).catch(error => {
      throw new Error(`${error.message}; the adapter said:\n${heard.slice(0, 60).join('\n')}`);
    });
    assert.equal(stop.description, 'Paused on Loopbound trip: loop');
    await vscode.debug.stopDebugging();
    watch.dispose();
    await set('debug.pauseOnTrip', undefined);
  });
});
