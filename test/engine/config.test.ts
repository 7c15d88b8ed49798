// The config file: what it changes, and what is said about a broken one.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { configNames, parseConfig, severityOf } from '../../server/src/engine/config.ts';
import { ruleIds } from '../../server/src/rules/finding.ts';
import { sessionOver } from '../harness/analyze.ts';
import { fakeEngine } from '../harness/fake-engine.ts';

const engine = fakeEngine();
const agent = "import 'openai';\nwhile (true) {}\n";
const check = (texts: Record<string, string>, starts?: readonly string[]) =>
  sessionOver({ 'a.ts': agent, ...texts }, starts ? { engine, starts } : { engine }).check();

describe('config', () => {
  test('severities, in a file of its own or in package.json', async () => {
    const off = await check({ 'loopbound.config.json': '{ "rules": { "unbounded-loop": "off" } }' });
    expect(off.findings).toEqual([]);
    const error = await check({ 'package.json': '{ "loopbound": { "rules": { "unbounded-loop": "error" } } }' });
    expect(error.findings.map(found => found.severity)).toEqual(['error']);
  });

  test('the nearest config to what is checked', async () => {
    const texts = {
      'loopbound.config.json': '{ "rules": { "unbounded-loop": "off" } }',
      'sub/loopbound.config.json': '{ "rules": { "unbounded-loop": "error" } }',
      'sub/b.ts': agent,
    };
    expect((await check(texts)).findings).toEqual([]);
    expect((await check(texts, ['sub'])).findings.map(found => found.severity)).toEqual(['error']);
  });

  test('exclude, include and size', async () => {
    const texts = { 'gen/b.ts': agent };
    const paths = async (config: string) =>
      (await check({ ...texts, 'loopbound.config.json': config })).findings.map(found => found.path);
    expect(await paths('{ "exclude": ["gen"] }')).toEqual(['a.ts']);
    expect(await paths('{ "include": ["gen/**"] }')).toEqual(['gen/b.ts']);
    const small = await check({ ...texts, 'loopbound.config.json': '{ "maxFileSize": 10 }' });
    expect(small.findings).toEqual([]);
    expect(small.skipped.map(({ path }) => path)).toEqual(['a.ts', 'gen/b.ts']);
  });

  test('callees that it names make a file worth reading', async () => {
    const own = {
      'own.ts': 'while (true) await askModel();\n',
      'pkg.ts': "import { ask } from '@acme/llm';\nwhile (true) ask();\n",
    };
    const paths = async (config: string) =>
      (await check({ ...own, 'loopbound.config.json': config })).findings.map(found => found.path);
    expect(await paths('{}')).toEqual(['a.ts']);
    expect(await paths('{ "modelCallees": ["*.askModel", "@acme/llm#ask"] }')).toEqual(['a.ts', 'own.ts', 'pkg.ts']);
  });

  test('a cap that the team accepts is not noted', async () => {
    const capped = `import OpenAI from 'openai';
const client = new OpenAI();
for (let turn = 0; turn < 800; turn++) await client.chat.completions.create({ model: 'm', messages: [] });
`;
    const severities = async (config: string) =>
      (await sessionOver({ 'a.ts': capped, 'loopbound.config.json': config }).check()).findings.map(f => f.severity);
    expect(await severities('{}')).toEqual(['info']);
    expect(await severities('{ "acceptedCap": 800 }')).toEqual([]);
    const broken = await check({ 'loopbound.config.json': '{ "acceptedCap": "many" }' });
    expect(broken.problems[0]?.message).toContain('"acceptedCap" must be a whole number of turns, not "many"');
  });

  test('a broken one is reported where it is broken, and the defaults apply', async () => {
    const broken = await check({ 'loopbound.config.json': '{\n  "rules": { "unbounded-lop": "off" }\n}' });
    expect(broken.findings).toHaveLength(1);
    expect(broken.problems).toMatchObject([
      {
        path: 'loopbound.config.json',
        severity: 'error',
        range: { start: { line: 2, column: 14 }, end: { line: 2, column: 29 } },
        message: expect.stringContaining('did you mean "unbounded-loop"?'),
      },
    ]);
  });

  test('a change of the config is a change of the answer', async () => {
    const session = sessionOver({ 'a.ts': agent }, { engine });
    expect((await session.check()).findings).toHaveLength(1);
    session.setBuffer('loopbound.config.json', '{ "rules": { "unbounded-loop": "off" } }');
    expect((await session.check()).findings).toHaveLength(0);
    session.setBuffer('loopbound.config.json', '{ "rules": ');
    const check = await session.check();
    expect(check.findings).toHaveLength(1);
    expect(check.problems[0]?.message).toContain('no valid JSON');
  });

  test.each([
    ['[]', 'must be an object, not a list'],
    ['', 'empty'],
    ['{ "rules": { "fan-out": "loud" } }', 'one of off, hint, info, warning, error, not "loud"'],
    ['{ "exclude": "a" }', 'must be a list of texts, not "a"'],
    ['{ "exclude": [1] }', 'Each item of "exclude" must be a text, not 1'],
    ['{ "maxFileSize": -1 }', 'bytes above 0, not -1'],
    ['{ "exlude": [] }', 'did you mean "exclude"?'],
    ['{ "rules": {', 'no valid JSON'],
  ])('%s: %s', (text, message) => {
    expect(parseConfig('loopbound.config.json', text)?.problems[0]?.message).toContain(message);
  });

  test('a package.json without our key, or a broken one, is none of our business', () => {
    expect(parseConfig('package.json', '{ "name": "x" }')).toBeUndefined();
    expect(configNames.at(-1)).toBe('package.json');
  });

  test('quiet findings stay quiet', () => {
    const config = parseConfig(
      'c.json',
      '{ "rules": { "unbounded-loop": "error", "default-bound": "warning", "fan-out": "hint" } }',
    )!.config;
    expect(severityOf(config, 'unbounded-loop', 'warning', 'warning')).toBe('error');
    expect(severityOf(config, 'unbounded-loop', 'info', 'warning')).toBe('info');
    expect(severityOf(config, 'default-bound', 'hint', 'hint')).toBe('warning');
    expect(severityOf(config, 'fan-out', 'warning', 'warning')).toBe('hint');
    expect(severityOf(config, 'dead-cycle', 'info', 'warning')).toBe('info');
  });

  test('the schema knows the same options and rules', () => {
    const schema = JSON.parse(
      readFileSync(fileURLToPath(new URL('../../server/schema/config.schema.json', import.meta.url)), 'utf8'),
    );
    expect(Object.keys(schema.properties.rules.properties)).toEqual([...ruleIds]);
    for (const option of Object.keys(schema.properties).filter(name => name !== '$schema' && name !== 'rules')) {
      const example = option === 'maxFileSize' ? 1 : ['x'];
      expect(parseConfig('c.json', JSON.stringify({ [option]: example }))?.problems).toEqual([]);
    }
  });
});
