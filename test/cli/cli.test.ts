// The command line as a process: output, exit codes, bad input. Bundled without its packages, as loading the sources one
// by one takes longer than the work.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonReport } from '../../server/src/report/json.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const node = process.execPath;
// Below node_modules, so that the packages are found from there.
const built = mkdtempSync(join(root, 'node_modules/.loopbound-cli-'));
const cli = join(built, 'cli.cjs');
const cache = mkdtempSync(join(tmpdir(), 'loopbound-cli-cache-'));
const folders = [cache, built];
beforeAll(async () => {
  await build({
    entryPoints: [join(root, 'server/src/cli.ts')],
    outfile: cli,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    packages: 'external',
    define: { 'import.meta.url': '__url', LOOPBOUND_VERSION: '"1.2.3"', LOOPBOUND_BUILD: '"test"' },
    banner: { js: "const __url = require('node:url').pathToFileURL(__filename).href;" },
    logLevel: 'silent',
  });
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const agent = `import OpenAI from 'openai';
const client = new OpenAI();
export async function run(messages: { role: 'user'; content: string }[]) {
  while (true) {
    const reply = await client.chat.completions.create({ model: 'm', messages });
    if (reply.choices[0]?.finish_reason === 'stop') break;
  }
}
`;

function make(texts: Record<string, string | Buffer>): string {
  const folder = mkdtempSync(join(tmpdir(), 'loopbound-cli-'));
  folders.push(folder);
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const env = { ...process.env, LOOPBOUND_CACHE: cache, NODE_NO_WARNINGS: '1', NO_COLOR: '', FORCE_COLOR: '' };

const childEnv = Object.fromEntries(
  Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined),
);

function run(cwd: string, ...args: string[]): Promise<Result> {
  return new Promise(resolve => {
    execFile(node, [cli, ...args], { cwd, env, maxBuffer: 1 << 28 }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}

const json = async (cwd: string, ...args: string[]) => {
  const result = await run(cwd, 'check', ...args, '--format', 'json');
  return { ...result, report: JSON.parse(result.out) as JsonReport };
};

describe('mcp', () => {
  test('gives a real client the tools, and answers them over the folder', async () => {
    const folder = make({ 'src/a.ts': agent });
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StdioClientTransport({ command: node, args: [cli, 'mcp'], cwd: folder, env: childEnv }));
    try {
      const { tools } = await client.listTools();
      expect(tools.map(tool => tool.name)).toEqual(['check', 'explain', 'graph', 'trips']);
      const ask = async (name: string, input: Record<string, unknown>) => {
        const { content, isError } = await client.callTool({ name, arguments: input });
        return { isError, value: JSON.parse((content as { text: string }[])[0]?.text ?? '') };
      };
      const { value: check } = await ask('check', {});
      expect(check.findings).toMatchObject([{ rule: 'unbounded-loop', place: 'src/a.ts:4', worstCase: 'no bound' }]);
      const { value: explained } = await ask('explain', { file: 'a.ts', line: 4 });
      expect(explained.findings[0]).toMatchObject({ rule: 'unbounded-loop', why: expect.any(String) });
      expect(explained.findings[0].fixes.length).toBeGreaterThan(0);
      expect((await ask('graph', { file: 'a.ts' })).value.graphs[0].mermaid).toMatch(/^flowchart TD/);
      expect((await ask('trips', {})).value).toEqual({ trips: [] });
      expect(await ask('explain', { file: 'a.ts', line: 1 })).toMatchObject({
        isError: true,
        value: { error: 'There is no finding at a.ts:1.' },
      });
      // What changed on the disk is seen by the next question.
      writeFileSync(join(folder, 'src/a.ts'), 'export {};\n');
      expect((await ask('check', {})).value.findings).toEqual([]);
    } finally {
      await client.close();
    }
  });
});

describe('graph', () => {
  test('of the entry at a line as text, Mermaid and JSON', async () => {
    const folder = make({ 'a.ts': agent });
    const text = await run(folder, 'graph', 'a.ts:4');
    expect(text.code).toBe(0);
    expect(text.out).toContain('run: no bound  a.ts:3:23');
    expect(text.out).toContain('loop in run: no bound: ');
    expect((await run(folder, 'graph', 'a.ts:4', '--format', 'mermaid')).out).toMatch(/^%% run\nflowchart TD\n/);
    const { version, graphs } = JSON.parse((await run(folder, 'graph', '.', '--format', 'json')).out);
    expect([version, graphs.length, graphs[0].loops[0].covered]).toEqual([1, 1, false]);
  });

  test('of a file without agent code, of none at all, and with a wrong format', async () => {
    const folder = make({ 'a.ts': agent, 'quiet.ts': 'export const one = 1;\n' });
    const quiet = await run(folder, 'graph', 'quiet.ts:1');
    expect([quiet.code, quiet.out, quiet.err]).toEqual([
      1,
      '',
      expect.stringContaining('no agent entry in quiet.ts:1'),
    ]);
    expect(await run(folder, 'graph', 'gone.ts')).toMatchObject({ code: 2, err: expect.stringContaining('gone.ts') });
    expect(await run(folder, 'graph', 'a.ts', '--format', 'svg')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--format is one of text, mermaid, json, not "svg"'),
    });
  });
});

describe('check', () => {
  test('text: the code, the way round, the worst case; exit 1', async () => {
    const { code, out } = await run(make({ 'src/agent.ts': agent }), 'check');
    expect(code).toBe(1);
    expect(out).toContain('warning unbounded-loop: ');
    expect(out).toContain('--> src/agent.ts:4:3\n  4 |   while (true) {\n    |   ^^^^^^^^^^^^\n');
    expect(out).toMatch(/= 1\. .*src\/agent\.ts:4:3/);
    expect(out).toMatch(/worst case: no bound, 1 model call per turn; another turn is decided by the model/);
    expect(out).not.toContain('\u001b[');
  });

  test('JSON as promised, with paths relative to the working directory', async () => {
    const { code, report } = await json(make({ 'src/agent.ts': agent }), 'src');
    expect(code).toBe(1);
    expect(Object.keys(report)).toEqual(['version', 'findings', 'entries', 'summary']);
    expect(report.findings[0]).toEqual({
      rule: 'unbounded-loop',
      severity: 'warning',
      message: expect.any(String),
      file: 'src/agent.ts',
      range: { start: { line: 4, column: 3 }, end: { line: 4, column: 15 } },
      related: expect.arrayContaining([
        { file: 'src/agent.ts', range: expect.anything(), message: expect.any(String) },
      ]),
      controller: 'model',
      coverage: 'missing',
      callsPerTurn: 1,
      worstCase: null,
      framework: 'plain',
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      fixes: expect.arrayContaining([{ title: expect.any(String), safe: expect.any(Boolean) }]),
    });
    expect(report.entries[0]).toMatchObject({ file: 'src/agent.ts', worstCase: null, boundedBy: [] });
    expect(report.summary).toMatchObject({ files: 1, parsed: 1, byRule: { 'unbounded-loop': 1 } });
  });

  test('a folder elsewhere: paths are relative to it', async () => {
    const { report } = await json(make({}), make({ 'src/agent.ts': agent }));
    expect(report.findings.map(({ file }) => file)).toEqual(['src/agent.ts']);
  });

  test('SARIF and GitHub annotations', async () => {
    const folder = make({ 'a b.ts': agent });
    const sarif = JSON.parse((await run(folder, 'check', '--format', 'sarif')).out);
    expect(sarif.runs[0].results[0]).toMatchObject({
      ruleId: 'unbounded-loop',
      level: 'warning',
      locations: [
        { physicalLocation: { artifactLocation: { uri: 'a%20b.ts' }, region: { startLine: 4, startColumn: 3 } } },
      ],
    });
    const driver = sarif.runs[0].tool.driver;
    expect(driver.rules[sarif.runs[0].results[0].ruleIndex].id).toBe('unbounded-loop');
    const github = (await run(folder, 'check', '--format', 'github')).out;
    expect(github).toMatch(
      /^::warning file=a b\.ts,line=4,endLine=4,col=3,endColumn=15,title=Loopbound%3A unbounded-loop::\S/,
    );
  });

  test('--max-severity decides the exit code, --quiet what is shown', async () => {
    const folder = make({ 'a.ts': agent });
    expect((await run(folder, 'check', '--max-severity', 'error')).code).toBe(0);
    expect((await run(folder, 'check', '--max-severity', 'error', '--quiet')).out).toContain('No findings');
    expect((await run(make({ 'a.ts': 'export {};' }), 'check')).code).toBe(0);
  });

  test('--fix writes the safe fixes, and nothing is left of them', async () => {
    const folder = make({ 'a.ts': agent });
    const before = await json(folder);
    expect(before.report.findings[0]?.fixes.some(fix => fix.safe)).toBe(true);
    const after = await json(folder, '--fix');
    expect(after.report.findings.filter(({ rule }) => rule === 'unbounded-loop')).toEqual([]);
    expect(readFileSync(join(folder, 'a.ts'), 'utf8')).not.toBe(agent);
    expect((await json(folder)).report.findings).toEqual(after.report.findings);
  });

  test('the cache changes nothing but the time', async () => {
    const folder = make({ 'a.ts': agent, 'b.ts': "import { run } from './a';\nawait run([]);\n" });
    const strip = ({ report }: { report: JsonReport }) => ({
      ...report,
      summary: { ...report.summary, milliseconds: 0 },
    });
    const cold = strip(await json(folder, '--no-cache'));
    expect(strip(await json(folder))).toEqual(cold);
    expect(strip(await json(folder))).toEqual(cold);
    writeFileSync(join(folder, 'a.ts'), `\n${agent}`);
    expect((await json(folder)).report.findings[0]?.range.start.line).toBe(5);
  });
});

describe('bad input', () => {
  test('usage errors name the way out, exit 2', async () => {
    const folder = make({});
    for (const [args, message] of [
      [['chek'], 'there is no command "chek"'],
      [['check', '--format', 'xml'], '--format is one of text, json, sarif, github, not "xml"'],
      [['check', '--max-severity', 'loud'], '--max-severity is one of'],
      [['check', '--nope'], "Unknown option '--nope'"],
      [['watch', '--'], 'after -- comes the command'],
      [['watch', '--port', 'x', '--', 'true'], '--port is a number'],
    ] as const) {
      const { code, err } = await run(folder, ...args);
      expect([code, err]).toEqual([2, expect.stringContaining(message)]);
    }
    const missing = await run(folder, 'check', 'nowhere');
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('there is no nowhere')]);
    expect((await run(folder, '--help')).out).toContain('loopbound check [paths]');
    expect((await run(folder, '--version')).out).toBe('1.2.3\n');
  });

  test('a broken config: its place, the findings all the same, exit 2', async () => {
    const folder = make({ 'a.ts': agent, 'loopbound.config.json': '{\n  "rules": { "fan-uot": "off" }\n}' });
    const { code, err, report } = await json(folder);
    expect(code).toBe(2);
    expect(err).toMatch(/^loopbound\.config\.json:2:14: error: .*did you mean "fan-out"\?/m);
    expect(report.findings.length).toBeGreaterThan(0);
  });

  test('broken, binary and huge files are no reason to stop', async () => {
    const folder = make({
      'half.ts': `${agent}\nexport function (`,
      'zero.ts': Buffer.from(`${agent}\0`),
      'huge.ts': `${agent}//${'x'.repeat(5 * 1024 * 1024)}`,
    });
    const { code, out, err } = await run(folder, 'check', '--verbose', '--format', 'json');
    expect(code).toBe(1);
    expect(new Set((JSON.parse(out) as JsonReport).findings.map(({ file }) => file))).toEqual(new Set(['half.ts']));
    expect(err).toContain('Skipped zero.ts: binary (holds a NUL byte)');
    expect(err).toContain('Skipped huge.ts: too large (5.0 MB');
  });

  test('a large report reaches a slow reader whole, and a reader that leaves is no crash', async () => {
    const folder = make(Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`f${at}.ts`, agent])));
    const slow = spawn(node, [cli, 'check', '--format', 'json'], { cwd: folder, env });
    slow.stdout.pause();
    const chunks: Buffer[] = [];
    slow.stdout.on('data', chunk => chunks.push(chunk));
    slow.stdout.resume();
    await ended(slow);
    expect((JSON.parse(Buffer.concat(chunks).toString()) as JsonReport).summary.files).toBe(400);

    const gone = spawn(node, [cli, 'check', '--format', 'json'], { cwd: folder, env });
    let err = '';
    gone.stderr.on('data', chunk => {
      err += chunk;
    });
    gone.stdout.destroy();
    await ended(gone);
    expect(err).toBe('');
  });
});

describe('watch', () => {
  test('announces the hub to the command and passes on its exit code', async () => {
    const script =
      'process.exit(process.env.LOOPBOUND_HUB.startsWith("ws://127.0.0.1:") && process.env.LOOPBOUND_TOKEN ? 7 : 1)';
    const { code } = await run(make({}), 'watch', '--', process.execPath, '-e', script);
    expect(code).toBe(7);
  });

  test('a command that does not exist', async () => {
    const { code, err } = await run(make({}), 'watch', '--', 'loopbound-no-such-command');
    expect([code, err]).toEqual([127, expect.stringContaining('there is no such command')]);
  });

  test('passes on signals', async () => {
    const script = 'process.on("SIGTERM", () => process.exit(3)); console.log("up"); setInterval(() => {}, 1000)';
    const child = spawn(node, [cli, 'watch', '--', process.execPath, '-e', script], { cwd: make({}), env });
    await new Promise(resolve => child.stdout.once('data', resolve));
    child.kill('SIGTERM');
    expect(await ended(child)).toBe(3);
  });
});

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise(resolve => child.once('close', code => resolve(code)));
}

describe('recorded runs', () => {
  const call = (at: number, over: object = {}) => ({
    at,
    op: 'model',
    name: 'gpt-5',
    outcome: 'ok',
    digest: `d${at}`,
    result: `r${at}`,
    tokens: 100,
    usd: 0.1,
    ...over,
  });
  const record = (index: number, over: object = {}) => ({
    app: index % 2 ? 'shop' : 'blog',
    run: `run ${index}`,
    status: 'ok',
    modelCalls: 4,
    tokens: 400,
    usd: 0.4,
    elapsedSeconds: 2,
    time: Date.UTC(2026, 0, 1 + index),
    observed: { toolStorm: 1 },
    calls: [0, 1, 2, 3].map(at => call(at * 500)),
    ...over,
  });
  const looping = record(12, {
    status: 'tripped',
    reason: 'loop',
    modelCalls: 6,
    tokens: 600,
    usd: 0.6,
    calls: [0, 1, 2, 3, 4, 5].map(at => call(at * 1_000, { digest: 'same', result: 'same' })),
  });
  const runsOf = (...extra: unknown[]) =>
    [...Array.from({ length: 12 }, (_, index) => record(index)), looping, ...extra]
      .map(one => `\n${JSON.stringify(one)}`)
      .join('');

  test('runs: by app, status, reason and time, as table and JSON', async () => {
    const folder = make({ '.loopbound/runs.jsonl': runsOf() });
    const all = await run(folder, 'runs');
    expect(all.code).toBe(0);
    expect(all.out.split('\n')[0]).toMatch(
      /^ended \(UTC\) +app +run +status +reason +model calls +tokens +usd +seconds$/,
    );
    expect(all.out).toMatch(/^2026-01-13 00:00:00 +blog +run 12 +tripped +loop +6 +600 +0\.6 +2$/m);
    expect(all.err).toBe('13 of 13 runs, 1 tripped, $5.4 in all.\n');
    const some = async (...args: string[]) => JSON.parse((await run(folder, 'runs', '--format', 'json', ...args)).out);
    expect((await some('--reason', 'loop')).runs).toMatchObject([{ run: 'run 12', calls: 6 }]);
    expect((await some('--app', 'shop', '--last', '2')).runs).toMatchObject([{ run: 'run 9' }, { run: 'run 11' }]);
    expect((await some('--since', '2026-01-10', '--until', '2026-01-12')).runs).toHaveLength(3);
    expect((await some('--status', 'ok', '--since', '1d')).runs).toEqual([]);
  });

  test('calibrate writes a policy, and replay holds the runs against it', async () => {
    const folder = make({ 'runs.jsonl': runsOf() });
    const shown = await run(folder, 'calibrate', '--runs', 'runs.jsonl', '--out', 'policy.json', '--factor', '2');
    expect(shown.code).toBe(0);
    expect(shown.out).toMatch(/^From 12 good runs:$/m);
    expect(shown.out).toMatch(/^modelCalls +4 +8 +12 +8$/m);
    expect(shown.out).toMatch(/^toolStorm +1 +2 +3 +3$/m);
    const policy = JSON.parse(readFileSync(join(folder, 'policy.json'), 'utf8'));
    expect(policy).toEqual({
      version: 1,
      limits: { toolStorm: 3, modelCalls: 8, tokens: 800, usd: 0.8, elapsedSeconds: 4 },
      loop: { mode: 'progress', repeats: 3 },
    });
    const json = await run(folder, 'calibrate', '--runs', 'runs.jsonl', '--format', 'json');
    expect(JSON.parse(json.out)).toMatchObject({ version: 1, runs: 12, policy: { limits: { modelCalls: 12 } } });

    const replayed = await run(folder, 'replay', 'runs.jsonl', '--policy', 'policy.json');
    expect(replayed.code).toBe(1);
    expect(replayed.out).toMatch(
      /blog +run 12 +tripped +loop \(cycle\) +3 +3 +call 3, gpt-5, after 2 s +4 model calls, \$0\.4$/m,
    );
    expect(replayed.err).toBe('1 of 13 runs would have tripped; 0 of them went well.\n');
    writeFileSync(join(folder, 'strict.json'), '{ "version": 1, "limits": { "modelCalls": 3 } }');
    const strict = await run(folder, 'replay', 'runs.jsonl', '--policy', 'strict.json', '--format', 'json');
    expect(JSON.parse(strict.out)).toMatchObject({ version: 1, runs: 13, good: 12 });
    expect(JSON.parse(strict.out).tripped[0]).toMatchObject({
      signal: 'modelCalls',
      observed: 4,
      where: { call: 4, at: 1_500 },
    });
    writeFileSync(join(folder, 'wide.json'), '{ "version": 1, "limits": { "modelCalls": 300 } }');
    expect((await run(folder, 'replay', 'runs.jsonl', '--policy', 'wide.json')).code).toBe(0);
  });

  test('bad input: what is wrong, where, and the way out', async () => {
    const folder = make({
      'few.jsonl': `${JSON.stringify(record(1))}\n{"app":"x","stat`,
      'policy.json': '{ "version": 1,\n  "limits": { "modelCals": 3 } }',
      'broken.json': '{ "version": 1,\n  "limits": { ',
      'fine.json': '{ "version": 1, "limits": { "usd": 3 } }',
    });
    const fails = async (...args: string[]) => {
      const { code, err, out } = await run(folder, ...args);
      expect([code, out]).toEqual([2, '']);
      return err;
    };
    expect(await fails('runs')).toMatch(
      /there is no .*\.loopbound.runs\.jsonl\. Agents record their runs there with recordRuns\(\)/,
    );
    expect(await fails('calibrate', '--runs', 'few.jsonl')).toMatch(
      /few\.jsonl:2: skipped: no JSON, or cut short\n.*calibration needs 10 good runs, there are 1/,
    );
    expect(await fails('replay', 'few.jsonl', '--policy', 'policy.json')).toMatch(
      /policy\.json:2: limits\.modelCals is no signal; there are modelCalls/,
    );
    expect(await fails('replay', 'few.jsonl', '--policy', 'broken.json')).toMatch(/broken\.json:2:15: /);
    expect(await fails('replay', 'few.jsonl', '--policy', 'gone.json')).toMatch(
      /there is no policy gone\.json\. loopbound calibrate --out gone\.json writes one/,
    );
    expect(await fails('replay', 'gone.jsonl', '--policy', 'fine.json')).toMatch(/there is no .*gone\.jsonl/);
    expect(await fails('replay', '--policy', 'fine.json')).toMatch(/replay takes one recording/);
    expect(await fails('replay', 'few.jsonl')).toMatch(/replay needs a policy: --policy FILE/);
    expect(await fails('runs', '--since', 'yesterday')).toMatch(
      /--since is a date \(2026-05-01\) or a time ago \(30m, 24h, 7d\), not "yesterday"/,
    );
    expect(await fails('runs', '--status', 'fine')).toMatch(/--status is one of ok, tripped, error, not "fine"/);
    expect(await fails('runs', '--reason', 'bored')).toMatch(/--reason is one of loop, budget/);
    expect(await fails('runs', '--last', '0')).toMatch(/--last is a whole number above 0, not "0"/);
    expect(await fails('calibrate', '--factor', '5')).toMatch(/--factor is a number from 2 to 3, not "5"/);
  });
});
