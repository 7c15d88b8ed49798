// CrewAI flows: which cycles come round, what the default limit is, and that the analysis says the same of random flows.
// Run against the installed package.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { python, pythonLacks } from '../../scripts/python.mjs';
import { analyzeFiles } from '../harness/analyze.ts';

type Seed = number | 'yes' | 'no';
interface Ran {
  readonly ended: string;
  readonly calls: number;
}

const head = `from crewai import LLM
from crewai.flow.flow import Flow, listen, or_, router, start

llm = LLM(model="gpt-4o")

`;

function run(flows: readonly { source: string; seeds: readonly Seed[]; options?: object }[]): Ran[][] {
  const { stdout, stderr } = spawnSync(python(), [join(import.meta.dirname, 'crewai_flows.py')], {
    input: JSON.stringify(flows),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (!stdout) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** What is found in a flow that a project with the proven version runs. */
async function rulesOf(source: string): Promise<{ rules: string[]; worst: number | string | null | undefined }> {
  const { findings, entries } = await analyzeFiles({
    'flow.py': source,
    'uv.lock': 'version = 1\n\n[[package]]\nname = "crewai"\nversion = "1.15.30"\n',
  });
  return { rules: findings.map(one => one.rule), worst: entries[0]?.worstCase };
}

const shapes = {
  labelled: `${head}class Subject(Flow):
    @start()
    def begin(self):
        pass

    @listen(or_(begin, "again"))
    def write(self):
        llm.call("write")

    @router(write)
    def judge(self):
        return "again"
`,
  restarted: `${head}class Subject(Flow):
    @start("again")
    def write(self):
        llm.call("write")

    @router(write)
    def judge(self):
        return "again"
`,
  byName: `${head}class Subject(Flow):
    @start()
    def begin(self):
        pass

    @listen(or_(begin, "revise"))
    def write(self):
        llm.call("write")

    @listen(write)
    def revise(self):
        pass
`,
  direct: `${head}class Subject(Flow):
    @start()
    def write(self):
        llm.call("write")

    @listen(write)
    def judge(self):
        if llm.call("judge") == "no":
            self.write()
`,
};

describe.skipIf(pythonLacks())('CrewAI flows', () => {
  const names = Object.keys(shapes) as (keyof typeof shapes)[];
  const ran = run([
    ...names.map(name => ({ source: shapes[name], seeds: ['no'] as const })),
    { source: shapes.labelled, seeds: ['no'], options: { max_method_calls: 7 } },
  ]);
  const of = Object.fromEntries(names.map((name, i) => [name, ran[i]![0]!]));

  test('a method is called 100 times at most by default, then RecursionError is raised', () => {
    expect(of.labelled).toEqual({ ended: 'RecursionError', calls: 100 });
  });

  test('a start that a label starts again is not counted itself; the router is', () => {
    expect(of.restarted?.ended).toBe('RecursionError');
    expect(of.restarted?.calls).toBe(101);
  });

  test('max_method_calls limits each method', () => {
    expect(ran.at(-1)).toEqual([{ ended: 'RecursionError', calls: 7 }]);
  });

  test('a listener with several triggers is not started again by a method’s name', () => {
    expect(of.byName).toEqual({ ended: 'done', calls: 1 });
  });

  test('a step that is called directly starts nothing', () => {
    expect(of.direct).toEqual({ ended: 'done', calls: 3 });
  });

  test('the analysis says which of them come round', async () => {
    const found = Object.fromEntries(await Promise.all(names.map(async n => [n, (await rulesOf(shapes[n])).rules])));
    expect(found).toEqual({
      labelled: ['default-bound'],
      restarted: ['default-bound'],
      byName: ['dead-cycle'],
      direct: ['dead-cycle'],
    });
  });

  test('random flows come round where the analysis says so, and make no more calls than it says', async () => {
    const most = 12;
    const sources = Array.from({ length: 30 }, (_, seed) => randomFlow(seed + 1));
    const seeds: Seed[] = ['yes', 'no', 1, 2, 3, 4];
    const limited = (source: string): string =>
      source.replace('class Subject(Flow):\n', `class Subject(Flow):\n    max_method_calls: int = ${most}\n\n`);
    const outcomes = run(sources.map(source => ({ source: limited(source), seeds })));
    const wrong: { source: string; what: string }[] = [];
    let round = 0;
    let tooCareful = 0;
    for (const [i, source] of sources.entries()) {
      const loops = outcomes[i]!.some(one => one.ended === 'RecursionError' || one.ended === 'Runaway');
      const { rules } = await rulesOf(source);
      const said = rules.includes('default-bound') || rules.includes('unbounded-cycle');
      if (loops) round++;
      if (loops && !said) wrong.push({ source, what: 'comes round, and nothing was said' });
      // Some answers that would lead round are not among those tried.
      if (!loops && said) tooCareful++;
      const { worst } = await rulesOf(limited(source));
      const calls = Math.max(...outcomes[i]!.map(one => one.calls));
      if (typeof worst !== 'number' || calls > worst) wrong.push({ source, what: `${calls} calls, at most ${worst}` });
    }
    console.log(`${sources.length} random flows: ${round} come round, ${tooCareful} said to and not seen`);
    expect(wrong).toEqual([]);
    expect(round).toBeGreaterThan(8);
    expect(tooCareful).toBeLessThan(4);
  }, 300_000);
});

/** A flow of up to five steps whose routers give out labels as the model says. */
function randomFlow(seed: number): string {
  let state = seed * 2_654_435_761;
  const pick = (n: number): number => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 374_761_393) >>> 0;
    return (state >>> 8) % n;
  };
  const steps = 2 + pick(4);
  const labels = ['one', 'two'];
  const names = Array.from({ length: steps }, (_, i) => `s${i}`);
  let text = `${head}class Subject(Flow):\n    @start()\n    def s0(self):\n        llm.call("s0")\n`;
  for (let i = 1; i < steps; i++) {
    const earlier = `"${names[pick(i)]}"`;
    const others = [...labels, ...labels, ...names.filter(name => name !== names[i])].map(name => `"${name}"`);
    const second = others[pick(others.length)]!;
    const condition = pick(4) === 0 ? earlier : `or_(${earlier}, ${second})`;
    const isRouter = pick(2) === 0 || i === steps - 1;
    text += `\n    @${isRouter ? 'router' : 'listen'}(${condition})\n    def s${i}(self):\n`;
    text += isRouter
      ? `        if llm.call("s${i}") == "yes":\n            return "${labels[pick(2)]}"\n        return "${labels[pick(2)]}"\n`
      : `        llm.call("s${i}")\n`;
  }
  return text;
}
