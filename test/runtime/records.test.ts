// Records of runs: survive cut lines, can be queried; calibration proposes P95 x 2 to 3; replay tells what would have tripped.

import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { calibrate, type RunRecord, replay, runRecords } from '../../runtime/src/records.ts';

const folders: string[] = [];
afterEach(() => {
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

  it('replays runs against a policy', () => {
    const runs = [run(), run({ modelCalls: 30 }), run({ observed: { toolStorm: 5 } })];
    expect(replay(runs, { modelCalls: 10, toolStorm: 3 }).map(({ signal, observed }) => [signal, observed])).toEqual([
      ['modelCalls', 30],
      ['toolStorm', 5],
    ]);
    expect(replay(runs, { modelCalls: 100 })).toEqual([]);
  });
});
