// What the API of VS Code says of the extension: the checks of host/ run in the extension host, over a workspace of 2,000 files.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { withVsCode } from '../session.mjs';

const FILES = Number(process.env.LOOPBOUND_FILES ?? 2_000);
const fixture = name => fs.readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');

export const scenario = async setup => {
  const report = path.join(setup.out, 'host.json');
  fs.rmSync(report, { force: true });
  const installed = fs.readdirSync(setup.extensions).find(name => name.startsWith('loopbound.'));
  let code;
  await withVsCode(
    {
      ...setup,
      hostTests: {
        extension: path.join(setup.extensions, installed),
        tests: fileURLToPath(new URL('../host/index.cjs', import.meta.url)),
        environment: { LOOPBOUND_REPORT: report },
      },
      files: Object.fromEntries(
        ['agent.mjs', 'records.mjs', 'research.ts', 'support.ts'].map(name => [name, fixture(name)]),
      ),
      prepare: fill,
      onExit: value => {
        code = value;
      },
    },
    bench => bench.until('the checks in the extension host have ended', () => code !== undefined, 900),
  );
  const checks = JSON.parse(fs.readFileSync(report, 'utf8'));
  for (const { name, note, error } of checks) if (!error) setup.step(note ? `${name} (${note})` : name);
  const failed = checks.filter(({ error }) => error);
  assert.deepEqual(
    failed.map(({ name, error }) => `${name}: ${error}`),
    [],
  );
  // No check at all is a failure too.
  assert.ok(checks.length > 10 && code === 0, `${checks.length} checks, exit code ${code}`);
};

/** Two thousand files of ordinary code, a tenth of it about agents. */
export const fill = workspace => {
  fs.mkdirSync(path.join(workspace, 'lib'));
  for (let at = 0; at < FILES; at++) {
    const agent = at % 10 === 0;
    const lines = Array.from(
      { length: 60 },
      (_, line) => `export const value${line} = (input: number): number => input * ${line} + ${at};`,
    );
    const text = agent
      ? `import OpenAI from 'openai';\nconst client = new OpenAI();\nexport async function ask${at}(text: string) {\n  for (let turn = 0; turn < 3; turn++) await client.responses.create({ model: 'm', input: text });\n}\n`
      : '';
    fs.writeFileSync(path.join(workspace, 'lib', `part${at}.ts`), `${text}${lines.join('\n')}\n`);
  }
};
