// Costs of the guard, as ratios against floors and peers in the same run: all cases take turns, the best turn of each
// counts, in CPU time. Nothing is asserted; the last lines say which targets of DESIGN.md hold.

import { createHash } from 'node:crypto';
import { ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel';
// @ts-expect-error: opossum brings no types.
import CircuitBreaker from 'opossum';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { guard } from '../../runtime/src/index.ts';
import { Runs } from '../../runtime/src/runs.ts';
import { signatureOf } from '../../runtime/src/signature.ts';

const ROUNDS = 15;
let sink = 0;

type Case = { name: string; times: number; run: (turn: number) => unknown; awaited?: boolean };

type Args = { path: string; query: string; limit: number; deep: boolean };
const fresh = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
// Made beforehand and flat, as arguments that came out of JSON are; each another, as in honest work.
const small: Args[] = Array.from({ length: 4_096 }, (_, turn) =>
  fresh({
    path: `/src/features/agents/file${turn}.ts`,
    query: 'where is the loop detector',
    limit: turn & 63,
    deep: true,
  }),
);
const prose = 'lorem ipsum dolor sit amet '.repeat(760);
const text = Array.from({ length: 256 }, (_, turn) => fresh({ text: `${turn} ${prose}` }));
const nested = Array.from({ length: 256 }, (_, turn) =>
  fresh({
    items: Array.from({ length: 160 }, (_, row) => ({
      id: turn * 1_000 + row,
      name: `record number ${row} of ${turn}`,
      tags: ['open', 'urgent', 'billing'],
      size: { width: row, height: turn, unit: 'mm' },
    })),
  }),
);

const search = (args: Args): number => args.limit;
let answers = 0;
const any = (_: object): number => answers++;
const searchAsync = async (args: Args): Promise<number> => args.limit;
const window: string[] = [];

const guarded = guard(search);
const readText = guard(any);
const readNested = guard(any);
const spentOut = guard((_: number) => 1, { budget: { maxCalls: 0 }, loop: false });
const looped = guard(searchAsync);
const budgeted = guard(searchAsync, { loop: false, budget: { maxCalls: 1e12 } });
const opened = guard(searchAsync, { loop: false, breaker: { failures: 5 } });
const tripped = guard(
  async (fail: boolean) => {
    if (fail) throw new Error('down');
  },
  { loop: false, breaker: { failures: 1, cooldownMs: 1e9, maxCooldownMs: 1e9 } },
);
await tripped(true).catch(() => undefined);
const cockatiel = circuitBreaker(handleAll, { halfOpenAfter: 1_000, breaker: new ConsecutiveBreaker(5) });
const isolated = circuitBreaker(handleAll, { halfOpenAfter: 1_000, breaker: new ConsecutiveBreaker(5) });
isolated.isolate();
const opossum = new CircuitBreaker(searchAsync, { timeout: false });
const opossumOpen = new CircuitBreaker(searchAsync, { timeout: false, resetTimeout: 1e9 });
opossumOpen.open();
const limiter = new RateLimiterMemory({ points: 1e12, duration: 3_600 });
const limiterSpent = new RateLimiterMemory({ points: 1, duration: 3_600 });
await limiterSpent.consume('k');

const runs = new Runs(8);
const refused = (run: () => unknown): void => {
  try {
    run();
  } catch {
    sink++;
  }
};
const rejected = async (promise: Promise<unknown>): Promise<void> => {
  try {
    await promise;
  } catch {
    sink++;
  }
};

const CASES = {
  step: {
    name: 'detector step: look and take in, any call',
    times: 200_000,
    run: turn => {
      const id = (turn * 7_919) % 101;
      sink += runs.peek(id, 3, 1);
      runs.push(id);
    },
  },
  stepNew: {
    name: 'detector step: a call that is new',
    times: 200_000,
    run: turn => runs.push(1_000 + turn, true),
  },
  json: {
    name: 'floor: JSON.stringify, 90 B',
    times: 50_000,
    run: turn => {
      sink += JSON.stringify(small[turn & 4_095]).length;
    },
  },
  signature: {
    name: 'signature, 90 B',
    times: 50_000,
    run: turn => {
      sink += signatureOf('search', small[turn & 4_095]).hash;
    },
  },
  peer: {
    name: 'as peers do: sha256 of JSON, window scan, 90 B',
    times: 20_000,
    run: turn => {
      const json = `search${JSON.stringify(small[turn & 4_095])}`;
      window.push(createHash('sha256').update(json).digest('hex'));
      if (window.length > 32) window.shift();
      for (let period = 1; period <= 8; period++) {
        let same = window.length >= 3 * period;
        for (let back = 1; same && back <= 2 * period; back++) same = window.at(-back) === window.at(-back - period);
        if (same) sink++;
      }
    },
  },
  guard: {
    name: 'guard, whole call, 90 B',
    times: 50_000,
    run: turn => {
      sink += guarded(small[turn & 4_095]!);
    },
  },
  guardText: {
    name: 'guard, whole call, 20 KB of text',
    times: 10_000,
    run: turn => {
      sink += readText(text[turn & 255]!);
    },
  },
  guardNested: {
    name: 'guard, whole call, 20 KB nested',
    times: 1_000,
    run: turn => {
      sink += readNested(nested[turn & 255]!);
    },
  },
  jsonNested: {
    name: 'floor: JSON.stringify, 20 KB nested',
    times: 1_000,
    run: turn => {
      sink += JSON.stringify(nested[turn & 255]).length;
    },
  },
  refused: { name: 'guard, rejected (budget)', times: 20_000, run: () => refused(() => spentOut(1)) },
  bare: { name: 'floor: bare await', times: 50_000, awaited: true, run: turn => searchAsync(small[turn & 4_095]!) },
  breaker: { name: 'guard, breaker only', times: 50_000, awaited: true, run: turn => opened(small[turn & 4_095]!) },
  budget: { name: 'guard, budget only', times: 50_000, awaited: true, run: turn => budgeted(small[turn & 4_095]!) },
  loop: { name: 'guard, loop detector', times: 30_000, awaited: true, run: turn => looped(small[turn & 4_095]!) },
  cockatiel: {
    name: 'cockatiel breaker',
    times: 50_000,
    awaited: true,
    run: turn => cockatiel.execute(() => searchAsync(small[turn & 4_095]!)),
  },
  opossum: { name: 'opossum breaker', times: 20_000, awaited: true, run: turn => opossum.fire(small[turn & 4_095]!) },
  limiter: { name: 'rate-limiter-flexible, memory', times: 30_000, awaited: true, run: () => limiter.consume('k') },
  breakerOpen: { name: 'guard, breaker open', times: 10_000, awaited: true, run: () => rejected(tripped(false)) },
  cockatielOpen: {
    name: 'cockatiel, breaker open',
    times: 10_000,
    awaited: true,
    run: () => rejected(isolated.execute(() => searchAsync(small[0]!))),
  },
  opossumOpen: {
    name: 'opossum, breaker open',
    times: 10_000,
    awaited: true,
    run: () => rejected(opossumOpen.fire(small[0]!)),
  },
  limiterSpent: {
    name: 'rate-limiter-flexible, spent',
    times: 10_000,
    awaited: true,
    run: () => rejected(limiterSpent.consume('k')),
  },
} satisfies Record<string, Case>;

type Name = keyof typeof CASES;
const best = new Map<Name, number>();
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, one] of Object.entries(CASES) as [Name, Case][]) {
    const { times, run } = one;
    const start = process.cpuUsage();
    if (one.awaited) for (let turn = 0; turn < times; turn++) await run(turn);
    else for (let turn = 0; turn < times; turn++) run(turn);
    const { user, system } = process.cpuUsage(start);
    best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, ((user + system) * 1_000) / times));
  }
}
opossum.shutdown();
opossumOpen.shutdown();

for (const [name, one] of Object.entries(CASES) as [Name, Case][]) {
  console.log(`${one.name.padEnd(50)}${best.get(name)!.toFixed(0).padStart(8)} ns`);
}
const of = (name: Name): number => best.get(name)!;
const over = (name: Name): number => of(name) - of('bare');
const line = (what: string, value: string, target: string, holds: boolean): void =>
  console.log(`${holds ? 'holds' : 'FAILS'}  ${what}: ${value} (${target})`);
console.log();
line(
  'whole call, 90 B',
  `${of('guard').toFixed(0)} ns, ${(of('guard') / of('peer')).toFixed(2)} of what peers take`,
  '600 ns, or 0.6',
  of('guard') <= Math.max(600, 0.6 * of('peer')),
);
line('whole call, 20 KB of text', `${of('guardText').toFixed(0)} ns`, '4 us', of('guardText') <= 4_000);
line('detector step, new call', `${of('stepNew').toFixed(1)} ns`, '10 ns', of('stepNew') <= 10);
line('detector step, any call', `${of('step').toFixed(1)} ns`, '10 ns', of('step') <= 10);
line(
  'breaker over a bare await',
  `${over('breaker').toFixed(0)} ns, cockatiel ${over('cockatiel').toFixed(0)} ns, opossum ${over('opossum').toFixed(0)} ns`,
  'less than cockatiel',
  over('breaker') < over('cockatiel'),
);
line(
  'budget over a bare await',
  `${over('budget').toFixed(0)} ns, rate-limiter-flexible ${over('limiter').toFixed(0)} ns`,
  'less than the limiter',
  over('budget') < over('limiter'),
);
line(
  'rejected',
  `${of('breakerOpen').toFixed(0)} ns, cockatiel ${of('cockatielOpen').toFixed(0)} ns, opossum ${of('opossumOpen').toFixed(0)} ns, limiter ${of('limiterSpent').toFixed(0)} ns`,
  'less than cockatiel',
  of('breakerOpen') < of('cockatielOpen'),
);
console.log(sink === 0 ? '' : ' ');
