// Drives the built language server with Neovim: finding, fix, lens, undo, in TypeScript and Python. Installs Neovim by
// apt-get where it may; where it cannot be had, says so loudly and passes, under CI=true it fails.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const server = join(root, 'dist/server.js');
const script = fileURLToPath(new URL('client.lua', import.meta.url));

const hasNeovim = () => spawnSync('nvim', ['--version'], { stdio: 'ignore' }).status === 0;

function install() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'not installed, and not root';
  console.log('installing Neovim with apt-get');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['-q', 'update'],
    ['-q', 'install', '-y', '--no-install-recommends', 'neovim'],
  ]) {
    const { status, stderr, error } = spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    if (status !== 0) return `apt-get ${args[1]} failed: ${error ?? stderr}`;
  }
  return hasNeovim() ? undefined : 'apt-get installed no nvim';
}

const missing = hasNeovim() ? undefined : install();
if (missing) {
  console.log(`\n!!! SKIPPED: the Neovim test did not run (${missing})\n`);
  process.exit(process.env.CI === 'true' ? 1 : 0);
}
if (!existsSync(server)) {
  console.error('dist/server.js is missing: npm run build');
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), 'loopbound-neovim-'));
const files = {
  'agent.ts': `import OpenAI from 'openai';

const client = new OpenAI();

export async function run(messages: OpenAI.ChatCompletionMessageParam[]) {
  while (true) {
    const reply = await client.chat.completions.create({ model: 'm', messages });
    if (reply.choices[0]?.finish_reason === 'stop') return reply;
  }
}
`,
  'agent.py': `from openai import OpenAI

client = OpenAI()


def run(messages):
    while True:
        reply = client.chat.completions.create(model="m", messages=messages)
        if reply.choices[0].finish_reason == "stop":
            return reply
`,
};
try {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  for (const [name, text] of Object.entries(files)) {
    const { status, signal } = spawnSync('nvim', ['--headless', '--clean', '-S', script], {
      stdio: 'inherit',
      timeout: 240_000,
      env: {
        ...process.env,
        NODE: process.execPath,
        SERVER: server,
        FOLDER: folder,
        FILE: name,
        LOOPBOUND_CACHE: join(folder, 'cache'),
        XDG_STATE_HOME: join(folder, 'state'),
      },
    });
    if (status !== 0) throw new Error(`nvim ended with ${signal ?? status}`);
    if (readFileSync(join(folder, name), 'utf8') === text) throw new Error(`${name} was not changed`);
  }
  console.log('\nNeovim: all checks passed');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
