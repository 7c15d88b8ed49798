// The fixture harness itself: what it misses would be missed by every fixture.
import { expect, test } from 'vitest';
import { fixtureTexts, runFixture } from './fixture.ts';

const loop = `import OpenAI from 'openai';
const client = new OpenAI();
export async function run(messages: string[]) {
  while (true) {
    const reply = await client.chat.completions.create({ model: 'm', messages });
    if (reply.choices[0]?.finish_reason === 'stop') return;
  }
}
`;
const marked = (mark: string) => loop.replace('{\n    const', `{\n${mark}\n    const`);
const short = async (text: string) => {
  const { missed, unexpected } = await runFixture('a.ts', text);
  const name = ({ line, rule, severity }: { line: number; rule: string; severity: string }) =>
    `${line} ${rule} ${severity}`;
  return { missed: missed.map(name), unexpected: unexpected.map(name) };
};
const carets = '^'.repeat('while (true)'.length);

test('marks are taken out of the text, whatever they say', () => {
  expect(fixtureTexts('a.ts', marked(`//${carets} anything: at all`))).toEqual({ 'a.ts': loop });
  expect(fixtureTexts('m.ts', '// a remark\n//- a.ts\nlet a;\n#- b/c.py\nx = 1\n# ^ rule(hint)\n')).toEqual({
    'm.ts.remark': '// a remark',
    'a.ts': 'let a;',
    'b/c.py': 'x = 1\n',
  });
});

test('a right mark is matched; a wrong rule, place, text or severity is missed and unexpected', async () => {
  expect(await short(marked(`//${carets} unbounded-loop: no bound`))).toEqual({ missed: [], unexpected: [] });
  const wrong = { missed: [expect.anything()], unexpected: ['4 unbounded-loop warning'] };
  expect(await short(marked(`//${carets} fan-out: no bound`))).toEqual(wrong);
  expect(await short(marked(`//${carets} unbounded-loop: all is well`))).toEqual(wrong);
  expect(await short(marked(`//${carets} unbounded-loop(hint): no bound`))).toEqual(wrong);
  expect(await short(marked(`// ${carets} unbounded-loop: no bound`))).toEqual(wrong);
  expect(await short(marked(`//${carets.slice(1)} unbounded-loop: no bound`))).toEqual(wrong);
  expect(await short(loop)).toEqual({ missed: [], unexpected: ['4 unbounded-loop warning'] });
});

test('the updated text has the marks that are right, with the words that were there', async () => {
  const right = marked(`//${carets} unbounded-loop: has no bound`);
  expect((await runFixture('a.ts', right)).updated).toBe(right);
  const { updated } = await runFixture('a.ts', loop);
  expect(updated).not.toBe(loop);
  expect(await short(updated)).toEqual({ missed: [], unexpected: [] });
  expect((await runFixture('a.ts', `${updated.replace(`//${carets}`, '//^')}`)).updated).toBe(updated);
});

test('entries are compared where one is marked', async () => {
  const text = loop.replace('run(messages: string[]) {\n', 'run(messages: string[]) {\n//^ entry: no bound\n');
  const { missed, unexpected, updated } = await runFixture('a.ts', text);
  expect([missed.length, unexpected.some(mark => mark.rule === 'entry')]).toEqual([1, true]);
  const again = await runFixture('a.ts', updated);
  expect([again.missed, again.unexpected]).toEqual([[], []]);
});
