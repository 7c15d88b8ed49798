// Costs of the guard, as ratios against floors and peers in the same run. CPU time, best of several rounds; nothing asserted.
// Run with a Node that strips types: node --single-threaded-gc test/bench/guard.ts

import { createHash } from 'node:crypto';
import { ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel';
import { guard } from '../../runtime/src/index.ts';
import { Runs } from '../../runtime/src/runs.ts';
import { signatureOf } from '../../runtime/src/signature.ts';

const ROUNDS = 9;
let sink = 0;

const spent = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) * 1_000;
};

const sync = (name: string, times: number, run: (turn: number) => void): number => {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    for (let turn = 0; turn < times; turn++) run(turn);
    best = Math.min(best, spent(start) / times);
  }
  console.log(`${name.padEnd(52)}${best.toFixed(0).padStart(8)} ns`);
  return best;
};

const awaited = async (name: string, times: number, run: (turn: number) => Promise<unknown>): Promise<number> => {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    for (let turn = 0; turn < times; turn++) await run(turn);
    best = Math.min(best, spent(start) / times);
  }
  console.log(`${name.padEnd(52)}${best.toFixed(0).padStart(8)} ns`);
  return best;
};

type Args = { path: string; query: string; limit: number; deep: boolean };
// Made beforehand and flat, as arguments that came out of JSON are.
const small: Args[] = Array.from({ length: 4_096 }, (_, turn) =>
  JSON.parse(
    JSON.stringify({
      path: `/src/features/agents/file${turn}.ts`,
      query: 'where is the loop detector',
      limit: turn & 63,
      deep: true,
    }),
  ),
);
// Each answer is another, as for honest work.
const text = 'lorem ipsum dolor sit amet '.repeat(760);
const large = Array.from(
  { length: 256 },
  (_, turn) => JSON.parse(JSON.stringify({ text: `${turn} ${text}` })) as { text: string },
);

const runs = new Runs(8);
sync('detector step (peek and push)', 1_000_000, turn => {
  const id = (turn * 7_919) % 101;
  sink += runs.peek(id, 3, 1);
  runs.push(id);
});
sync('detector step, a call that is new', 1_000_000, turn => runs.push(turn, true));
const json = sync('floor: JSON.stringify, 90 B', 300_000, turn => {
  sink += JSON.stringify(small[turn & 4_095]).length;
});
sync('signature, 90 B', 300_000, turn => {
  sink += signatureOf('search', small[turn & 4_095]).hash;
});
const window: string[] = [];
const peer = sync('peer style: sha256 of JSON, naive window, 90 B', 200_000, turn => {
  window.push(
    createHash('sha256')
      .update(`search${JSON.stringify(small[turn & 4_095])}`)
      .digest('hex'),
  );
  if (window.length > 32) window.shift();
  for (let period = 1; period <= 8; period++) {
    let same = window.length >= 3 * period;
    for (let back = 1; same && back <= 2 * period; back++) same = window.at(-back) === window.at(-back - period);
    if (same) sink++;
  }
});
const search = (args: Args): number => args.limit;
const guarded = guard(search);
const whole = sync('guard, sync, 90 B', 200_000, turn => {
  sink += guarded(small[turn & 4_095]!);
});
let answers = 0;
const read = guard((_: { text: string }): number => answers++);
sync('guard, sync, 20 KB text', 50_000, turn => {
  sink += read(large[turn & 255]!);
});
const spentOut = guard((_: number) => 1, { budget: { maxCalls: 0 }, loop: false });
const refuse = (): void => {
  try {
    spentOut(1);
  } catch {
    sink++;
  }
};
refuse();
sync('guard, rejected', 100_000, refuse);

const bareAsync = async (args: Args): Promise<number> => args.limit;
const guardedAsync = guard(bareAsync);
const unlooped = guard(bareAsync, { loop: false, budget: { maxCalls: 1e12 } });
const breaker = circuitBreaker(handleAll, { halfOpenAfter: 1_000, breaker: new ConsecutiveBreaker(5) });
const opened = guard(bareAsync, { loop: false, breaker: true });
const bare = await awaited('floor: bare await', 200_000, turn => bareAsync(small[turn & 4_095]!));
const cockatiel = await awaited('cockatiel breaker', 200_000, turn =>
  breaker.execute(() => bareAsync(small[turn & 4_095]!)),
);
const ours = await awaited('guard, await, breaker only', 200_000, turn => opened(small[turn & 4_095]!));
await awaited('guard, await, budget only', 200_000, turn => unlooped(small[turn & 4_095]!));
await awaited('guard, await, loop detector', 200_000, turn => guardedAsync(small[turn & 4_095]!));
console.log(
  `whole guard over peer style ${(whole / peer).toFixed(2)}, over JSON.stringify ${(whole / json).toFixed(2)}; ` +
    `breaker over a bare await: ours ${(ours - bare).toFixed(0)} ns, cockatiel ${(cockatiel - bare).toFixed(0)} ns (${sink & 1})`,
);
