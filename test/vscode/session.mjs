// One real VS Code: code-server with the packaged extension, a workspace of its own, and a headless Chromium on it.
// Everything is new in each session but the installed extension; all of it ends with the session, also on failure.

import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { CODE_SERVER, node24 } from './setup.mjs';
import { Workbench } from './workbench.mjs';

const { chromium: browser } = createRequire(import.meta.url)('playwright-core');

/** Polls until `probe` gives something truthy, and returns that. */
export const until = async (what, probe, seconds = 120) => {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await new Promise(r => setTimeout(r, 100))) {
    const value = await probe();
    if (value) return value;
  }
  throw new Error(`not within ${seconds} s: ${what}`);
};

const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = net
      .createServer()
      .once('error', reject)
      .listen(0, '127.0.0.1', () => {
        const { port } = probe.address();
        probe.close(() => resolve(port));
      });
  });

/** Installs the package into a folder of extensions that all sessions of a run share. */
export const installExtension = ({ codeServer, vsix, state }) => {
  const extensions = path.join(state, 'extensions');
  const entry = path.join(codeServer, 'node_modules/code-server/out/node/entry.js');
  const log = fs.openSync(path.join(state, 'install.log'), 'a');
  execFileSync(
    node24,
    [
      entry,
      ...['--config', path.join(state, 'config.yaml'), '--user-data-dir', path.join(state, 'install')],
      ...['--extensions-dir', extensions, '--install-extension', vsix],
    ],
    { stdio: ['ignore', log, log], env: environment(state) },
  );
  return extensions;
};

// A home of its own. An empty gallery keeps the workbench from asking the network; a short TMPDIR keeps the paths of
// VS Code's sockets under their limit of 107 bytes.
const environment = state => ({
  ...process.env,
  EXTENSIONS_GALLERY: '{}',
  HOME: state,
  TMPDIR: state,
  PATH: `${path.dirname(node24)}${path.delimiter}${process.env.PATH}`,
  // The real one's hub must not reach into the test.
  LOOPBOUND_HUB: undefined,
  LOOPBOUND_TOKEN: undefined,
});

const startCodeServer = async ({ codeServer, out, state, extensions, settings, workspace, hostTests }) => {
  const data = path.join(state, 'data');
  fs.mkdirSync(path.join(data, 'User'), { recursive: true });
  const base = JSON.parse(fs.readFileSync(new URL('settings.json', import.meta.url), 'utf8'));
  fs.writeFileSync(path.join(data, 'User/settings.json'), JSON.stringify({ ...base, ...settings }));
  const log = fs.openSync(path.join(out, 'code-server.log'), 'a');
  const port = await freePort();
  const trust = settings['security.workspace.trust.enabled'] === true;
  const server = spawn(
    node24,
    [
      path.join(codeServer, 'node_modules/code-server/out/node/entry.js'),
      ...['--config', path.join(state, 'config.yaml'), '--user-data-dir', data, '--extensions-dir', extensions],
      ...['--bind-addr', `127.0.0.1:${port}`, '--auth', 'none', '--disable-telemetry', '--disable-update-check'],
      '--disable-getting-started-override',
      ...(trust ? [] : ['--disable-workspace-trust']),
      // A recent workbench ignores extensionDevelopmentPath and extensionTestsPath without this.
      ...(hostTests ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
    ],
    { stdio: ['ignore', log, log], env: environment(state), detached: true },
  );
  // The extension host outlives code-server by some seconds, so the whole process group ends.
  const kill = signal => {
    try {
      process.kill(-server.pid, signal);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  };
  const gone = new Promise(done => server.once('exit', done));
  const onExit = () => kill('SIGKILL');
  process.prependOnceListener('exit', onExit);
  const stop = async () => {
    server.kill('SIGTERM');
    await gone;
    kill('SIGKILL');
    process.removeListener('exit', onExit);
  };
  try {
    await until('code-server answers', () => {
      if (server.exitCode !== null) throw new Error(`code-server exited with ${server.exitCode}`);
      return fetch(`http://127.0.0.1:${port}/healthz`).then(
        response => response.ok,
        () => false,
      );
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    stop,
    pid: server.pid,
    // The web workbench takes startup options as pairs in the `payload` query parameter.
    url: file => {
      const url = new URL(`http://127.0.0.1:${port}/`);
      url.searchParams.set(workspace.endsWith('.code-workspace') ? 'workspace' : 'folder', workspace);
      const payload = [
        ['skipWelcome', 'true'],
        ['skipReleaseNotes', 'true'],
      ];
      const remote = path => `vscode-remote://127.0.0.1:${port}${path}`;
      if (hostTests) {
        payload.push(['extensionDevelopmentPath', remote(hostTests.extension)]);
        payload.push(['extensionTestsPath', remote(hostTests.tests)]);
        payload.push(['extensionEnvironment', JSON.stringify(hostTests.environment)]);
      }
      if (file) payload.push(['openFile', remote(file)]);
      url.searchParams.set('payload', JSON.stringify(payload));
      return url.href;
    },
  };
};

/**
 * Runs `scenario(workbench)` in a new VS Code.
 * `files` is what the workspace starts with (name to text, or `{ link: path }` for a symbolic link);
 * `prepare(folder)` may do more; `hostTests` runs a file in the extension host, whose end `onExit` is told; `open` names the file to open; `workspaceFile` opens that instead of the folder.
 */
export const withVsCode = async (setup, scenario) => {
  const { name, codeServer, chromium, extensions, out, settings = {}, files = {}, open, viewport, prepare } = setup;
  const folder = path.join(out, name);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const state = fs.mkdtempSync(path.join(os.tmpdir(), 'lb-'));
  const cleanUp = () => fs.rmSync(state, { recursive: true, force: true, maxRetries: 5 });
  process.once('exit', cleanUp);
  const workspace = path.join(state, setup.folder ?? 'agents');
  fs.mkdirSync(workspace);
  // A prompt without user, machine or path, so that pictures of the terminal show none; and the same Node everywhere.
  fs.writeFileSync(path.join(state, '.bashrc'), `PS1='$ '\nPATH='${path.dirname(node24)}':"$PATH"\n`);
  fs.writeFileSync(path.join(state, '.bash_profile'), '. ~/.bashrc\n');
  for (const [file, text] of Object.entries(files)) {
    const target = path.join(workspace, file);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    if (typeof text === 'string') fs.writeFileSync(target, text);
    else fs.symlinkSync(text.link, target);
  }
  await prepare?.(workspace);

  let server;
  let context;
  try {
    server = await startCodeServer({
      codeServer,
      out: folder,
      state,
      extensions,
      settings,
      hostTests: setup.hostTests,
      workspace: setup.workspaceFile ? path.join(workspace, setup.workspaceFile) : workspace,
    });
    context = await browser.launchPersistentContext(path.join(state, 'chromium'), {
      executablePath: chromium,
      headless: true,
      env: { ...process.env, HOME: state },
      viewport: viewport ?? { width: 1400, height: 900 },
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
      ].concat(['--disable-component-update', '--disable-sync', '--font-render-hinting=none']),
    });
    context.setDefaultTimeout(120_000);
    const page = context.pages()[0] ?? (await context.newPage());
    const browserLog = fs.openSync(path.join(folder, 'browser.log'), 'a');
    page.on('console', message => fs.writeSync(browserLog, `${message.type()} ${message.text()}\n`));
    // A test that needs the internet passes here and fails elsewhere. Webview files have addresses under
    // vscode-cdn.net, but a service worker answers them, so they do not count.
    const foreign = new Set();
    const note = url => {
      const { protocol, host, hostname } = new URL(url);
      if (/^(https?|wss?):$/.test(protocol) && hostname !== '127.0.0.1') foreign.add(host);
    };
    context.on('response', response => response.fromServiceWorker() || note(response.url()));
    context.on('requestfailed', request => note(request.url()));

    if (setup.hostTests) {
      // VS Code calls these two where the page has them: its log lines, and the exit code of the host.
      const log = fs.openSync(path.join(folder, 'host.log'), 'a');
      await page.exposeFunction('codeAutomationLog', (type, args) => fs.writeSync(log, `${type} ${args.join(' ')}\n`));
      await page.exposeFunction('codeAutomationExit', code => setup.onExit(code));
    }
    const workbench = new Workbench({ page, workspace, out: folder, server, state, until, pictures: setup.pictures });
    await page.goto(server.url(open && path.join(workspace, open)));
    await scenario(workbench);
    if (foreign.size) throw new Error(`the workbench asked for ${[...foreign].join(', ')}`);
  } catch (error) {
    await context
      ?.pages()[0]
      ?.screenshot({ path: path.join(folder, 'failure.png') })
      .catch(reason => console.error(`no picture of the failure: ${reason.message}`));
    throw error;
  } finally {
    await context?.close();
    await server?.stop();
    const logs = path.join(state, 'data/logs');
    if (fs.existsSync(logs)) fs.cpSync(logs, path.join(folder, 'vscode-logs'), { recursive: true });
    process.removeListener('exit', cleanUp);
    cleanUp();
  }
};

/** For the header of a run. */
export const versions = `code-server ${CODE_SERVER}`;
