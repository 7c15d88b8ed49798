// Records of runs: survive cut lines, can be queried; calibration proposes P95 x 2 to 3; replay tells what would have tripped.

import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { crewBreaker, flowGuard, guard, withRun } from '../../runtime/src/index.ts';
import {
  calibrate,
  type Policy,
  PolicyError,
  policyFrom,
  policyOptions,
  type RecordedCall,
  type RunRecord,
  readPolicy,
  readRuns,
  recordRun,
  recordRuns,
  replay,
  runRecords,
  runsFile,
  totalsOnly,
} from '../../runtime/src/records/index.ts';

const folders: string[] = [];
const closers: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const fileIn = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'loopbound-records-'));
  folders.push(folder);
  return join(folder, 'state/runs.jsonl');
};
const run = (over: Partial<RunRecord> = {}): RunRecord => ({
  app: 'demo',
  status: 'ok',
  modelCalls: 4,
  tokens: 100,
  usd: 0.01,
  elapsedSeconds: 2,
  ...over,
});

describe('records', () => {
  it('are kept, queried, and survive a line that was cut', () => {
    const file = fileIn();
    let now = 1_000;
    const records = runRecords(file, () => now);
    records.record(run());
    appendFileSync(file, '\n{"app":"demo","modelC');
    now = 2_000;
    records.record(run({ status: 'tripped', error: 'LoopDetectedError', metadata: { user: 'u' } }));
    records.record(run({ app: 'other' }));
    expect(runRecords(file).query()).toHaveLength(3);
    expect(records.query({ app: 'demo', status: 'tripped' })).toMatchObject([
      { error: 'LoopDetectedError', time: 2_000 },
    ]);
    expect(records.query({ since: 1_500 })).toHaveLength(2);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(() => records.record(run({ usd: -1 }))).toThrow(RangeError);
    expect(runRecords(fileIn()).query()).toEqual([]);
  });
});

describe('calibration', () => {
  it('proposes twice to three times the 95th percentile of good runs', () => {
    const runs = Array.from({ length: 20 }, (_, index) =>
      run({ modelCalls: index + 1, observed: { delegation: index % 2 } }),
    );
    runs.push(run({ status: 'tripped', modelCalls: 1_000 }));
    const proposals = calibrate(runs);
    expect(proposals.find(({ signal }) => signal === 'modelCalls')).toEqual({
      signal: 'modelCalls',
      p95: 19,
      from: 38,
      to: 57,
      runs: 20,
    });
    expect(proposals.find(({ signal }) => signal === 'delegation')).toMatchObject({ p95: 1, from: 2, to: 3 });
    expect(() => calibrate(runs.slice(0, 9))).toThrow(RangeError);
  });

  it('makes a policy that guards take, with no limit below their defaults', () => {
    const runs = Array.from({ length: 12 }, () => run({ observed: { toolStorm: 0, delegation: 2, odd: 7 } }));
    const proposals = calibrate(runs);
    expect(proposals.find(({ signal }) => signal === 'toolStorm')).toMatchObject({ p95: 0, from: 0, to: 0 });
    const policy = policyFrom(proposals);
    expect(policy).toEqual({
      version: 1,
      limits: { modelCalls: 12, tokens: 300, usd: 0.03, elapsedSeconds: 6, toolStorm: 3, delegation: 6 },
      loop: { mode: 'progress', repeats: 3 },
    });
    expect(readPolicy(JSON.stringify(policy), 'p')).toEqual(policy);
    const { guard: options, crew, flow } = policyOptions(policy);
    expect(options).toEqual({ budget: { maxCalls: 12, maxTokens: 300, maxUsd: 0.03 }, loop: policy.loop });
    expect(() => guard(() => 1, options)()).not.toThrow();
    expect(() => crewBreaker(crew)).not.toThrow();
    expect(() => flowGuard(flow)).not.toThrow();
    expect(() => policyFrom(proposals, 4)).toThrow(RangeError);
  });
});

describe('replay', () => {
  const policy = (limits: Policy['limits'], loop?: Policy['loop']): Policy => ({
    version: 1,
    limits,
    ...(loop === undefined ? {} : { loop }),
  });

  it('of totals: caps are passed, counts are reached', () => {
    const runs = [run(), run({ modelCalls: 30 }), run({ observed: { toolStorm: 3 } }), run({ modelCalls: 10 })];
    const found = replay(runs, policy({ modelCalls: 10, toolStorm: 3 }));
    expect(found.map(({ signal, observed }) => [signal, observed])).toEqual([
      ['modelCalls', 30],
      ['toolStorm', 3],
    ]);
    expect(replay(runs, policy({ modelCalls: 100 }))).toEqual([]);
  });

  it('of a run that was recorded in monitoring mode: what trips, at which call, and what it had cost', async () => {
    const file = fileIn();
    const stop = recordRuns({ file, metadata: { ticket: 7 } });
    closers.push(stop);
    const search = guard(async (_: string) => ({ found: [], at: new Date().toISOString() }), {
      name: 'search',
      monitor: true,
    });
    const model = guard(async (turn: number) => ({ turn, usage: { input_tokens: 90, output_tokens: 10 } }), {
      name: 'gpt-5',
      op: 'model',
      cost: () => 0.5,
    });
    await withRun({ name: 'looping', user: 'ada' }, async () => {
      for (let turn = 0; turn < 8; turn++) {
        await model(turn);
        await search('hunter2');
      }
    });
    await withRun('failing', async () => {
      await model(1);
      throw new TypeError('hunter2');
    }).catch(() => undefined);
    stop();
    await withRun('later', () => model(1));
    const [looping, failing, ...more] = runRecords(file).query();
    expect(more).toEqual([]);
    expect(looping).toMatchObject({
      run: 'looping',
      status: 'ok',
      modelCalls: 8,
      tokens: 800,
      usd: 4,
      metadata: { user: 'ada', ticket: 7 },
      observed: { toolStorm: 0, drift: 1 },
    });
    expect(looping!.calls).toHaveLength(16);
    expect(failing).toMatchObject({ run: 'failing', status: 'error', error: 'TypeError' });
    expect(readFileSync(file, 'utf8')).not.toContain('hunter2');

    const at = (limits: Policy['limits'], loop?: Policy['loop']) => {
      const [found] = replay([looping!], policy(limits, loop));
      return found && [found.signal, found.where?.call, found.where?.name, found.where?.usd, found.rung];
    };
    // The same search with the same result three times, with other calls between: the fourth does not run.
    expect(at({}, true)).toEqual(['loop', 8, 'search', 2, 'interleaved']);
    expect(at({}, { interleaved: 5 })).toEqual(['loop', 12, 'search', 3, 'interleaved']);
    expect(at({}, false)).toBeUndefined();
    expect(at({ modelCalls: 5 })).toEqual(['modelCalls', 11, 'gpt-5', 2.5, undefined]);
    expect(at({ modelCalls: 8 })).toBeUndefined();
    expect(at({ usd: 1.5 })).toEqual(['usd', 6, 'search', 1.5, undefined]);
    expect(at({ tokens: 1_000 })).toBeUndefined();
    expect(totalsOnly(policy({ route: 4, usd: 1 }))).toEqual(['route']);
  });

  it('finds tool storms and drift where they happen', () => {
    const call = (over: Partial<RecordedCall>, at: number): RecordedCall => ({
      at,
      op: 'tool',
      name: 't',
      outcome: 'ok',
      ...over,
    });
    const storm = run({ calls: [1, 2, 3, 4].map(at => call({ outcome: 'error', error: 'E', digest: `d${at}` }, at)) });
    expect(replay([storm], policy({ toolStorm: 3 }))).toMatchObject([
      { signal: 'toolStorm', observed: 3, where: { call: 3 } },
    ]);
    const costs = [1, 1, 1, 1, 4, 5, 6, 9];
    const drifting = run({ calls: costs.map((usd, at) => call({ op: 'model', name: 'm', usd }, at)) });
    expect(replay([drifting], policy({ drift: 3 }))).toMatchObject([{ signal: 'drift', where: { call: 6 } }]);
  });
});

describe('a policy that is wrong', () => {
  it.each([
    ['{', /^p\.json:1:2: /],
    ['{\n  "version": 1,\n  "limits": { "usd": 1, }\n}', /^p\.json:3:25: /],
    ['[]', /the policy must be an object/],
    ['{ "version": 2, "limits": {} }', /^p\.json:1: version must be 1, not 2/],
    [
      '{ "version": 1,\n"limits": {\n"modelCals": 3 } }',
      /^p\.json:3: limits\.modelCals is no signal; there are modelCalls, tokens/,
    ],
    ['{ "version": 1, "limits": { "usd": -1 } }', /limits\.usd must be a number above 0, not -1/],
    ['{ "version": 1, "limits": { "usd": "5" } }', /not "5"/],
    ['{ "version": 1, "limit": {} }', /limit is unknown; there are version, limits and loop/],
    ['{ "version": 1, "loop": { "mode": "fast" } }', /loop\.mode must be "progress" or "strict"/],
    ['{ "version": 1, "loop": { "repeats": 1 } }', /loop\.repeats must be a whole number/],
    ['{ "version": 1 }', /limits has none/],
  ])('%s says where and why', (text, message) => {
    expect(() => readPolicy(text, 'p.json')).toThrow(message);
    expect(() => readPolicy(text, 'p.json')).toThrow(PolicyError);
  });
});

describe('a file with odd lines', () => {
  it('names each with its number, and gives the rest', () => {
    const file = fileIn();
    runRecords(file).record(run());
    appendFileSync(file, '\n{"app":"x"\n[]\n{"app":"x","status":"fine"}\n{"app":"x","status":"ok","modelCalls":-1}');
    const { runs, odd } = readRuns(file);
    expect(runs).toHaveLength(1);
    expect(odd).toEqual([
      { line: 3, why: 'no JSON, or cut short' },
      { line: 4, why: 'app is no text' },
      { line: 5, why: 'status is none of ok, tripped, error' },
      { line: 6, why: 'modelCalls is no amount' },
    ]);
  });

  it('and recordRun() appends to the file of the state folder', () => {
    const file = fileIn();
    recordRun(run({ status: 'tripped', reason: 'loop' }), file);
    expect(runRecords(file).query({ reason: 'loop', last: 5 })).toHaveLength(1);
    expect(runRecords(file).query({ reason: 'budget' })).toEqual([]);
    process.env.LOOPBOUND_STATE = join(file, '..');
    closers.push(() => delete process.env.LOOPBOUND_STATE);
    expect(runsFile()).toBe(file);
  });
});
