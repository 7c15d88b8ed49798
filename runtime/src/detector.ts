// Sees that an agent goes in circles: cycles of calls whose results do not change, and the rungs that cycles miss.
// Says what it saw, before the call runs; whether that stops anything is the guard's business.

import { Runs } from './runs.ts';
import { type Signature, sameSignature, signatureText } from './signature.ts';
import { stripVolatile, type VolatileOptions } from './volatile.ts';

/** Options of the loop detector. Counts of 0 switch a rung off. */
export type LoopOptions = {
  /** `progress`: repeats must also have equal results. `strict`: arguments alone decide. Default `progress`. */
  mode?: 'progress' | 'strict';
  /** Calls that are remembered. Default 32. */
  windowSize?: number;
  /** Shortest cycle, in calls. Default 1. */
  minCycleLength?: number;
  /** Longest cycle, in calls. Default 8. */
  maxCycleLength?: number;
  /** The repeat that is stopped. Default 3: two pass, the third does not run. */
  repeats?: number;
  /** The same call with the same result this often, with others between; the next one is stopped. Default 3. */
  interleaved?: number;
  /** The same tool with the same error this often in a row, whatever the arguments. Default 3. */
  sameError?: number;
  /** Calls in a row that only repeat known calls with known results. Default 16, so that cycles are seen as cycles. */
  stagnation?: number;
  /** Reworded calls of one tool in a row with one and the same result. Default 6. */
  reworded?: number;
  /** Calls of one tool in a row that only count up (page, offset, line ...). Default 100. */
  sweep?: number;
  /** Calls in all that start further agents. Default 100. */
  spawn?: number;
  /** Which calls start further agents. Default: names such as `spawn_agent`, `delegate`, `task`. */
  spawns?: (name: string) => boolean;
  /** Calls that poll on purpose: their unchanged results count as cycles only after `pollRepeats`. Default: none. */
  polls?: (name: string) => boolean;
  /** Repeats of a declared poll with an unchanged result. Default 30. */
  pollRepeats?: number;
  /** Silence after which the window is forgotten, in milliseconds. Default 600,000. */
  forgetAfterMs?: number;
  /** What does not count as a change of a result. */
  volatile?: VolatileOptions;
};

/** Which rung of the detector saw a loop. */
export type Rung = 'cycle' | 'interleaved' | 'sameError' | 'stagnation' | 'reworded' | 'sweep' | 'spawn';

/** One remembered call. */
export type Remembered = {
  readonly id: number;
  /** What is known of all calls of this name. */
  readonly tool: Tool;
  readonly name: string;
  readonly signature: Signature;
  readonly time: number;
  /** Whether the window knew it already. */
  readonly repeated: boolean;
  /** Text of the result; undefined while it runs or if it gave none. */
  result: string | undefined;
  /** What tells the failure apart, if it failed. */
  error: string | undefined;
  /** The result without what is volatile; made when first compared. */
  stripped: string | undefined;
  /** Prose of the arguments, kept only where rewording is suspected. */
  prose: string | undefined;
};

/** What the detector saw. `stop` false: the stage before, one repeat earlier. */
export type Sighting = {
  readonly stop: boolean;
  readonly rung: Rung;
  readonly period: number;
  readonly repeats: number;
  readonly limit: number;
  readonly calls: readonly Remembered[];
};

const SPAWN =
  /^(?:spawn|delegate|launch|start|create|run|call)[_-]?(?:a_)?(?:sub)?-?_?(?:agents?|task|coworker|crew)|^(?:task|delegate|handoff|subagent|transfer_to)/i;

/** Calls that only let time pass. */
const WAIT = /^(?:sleep|wait|delay|pause|idle)(?:[_-]?(?:for|ms|seconds?|until))?$/i;

/** Calls of one tool in a row from which on a sweep is looked for. */
const SWEEP_FROM = 16;

/** Only every so many of them are looked at: a sweep is long. */
const SWEEP_EVERY = 8;

const sighting = (rung: Rung, limit: number, repeats: number, calls: Remembered[]): Sighting => ({
  stop: true,
  rung,
  period: 1,
  repeats,
  limit,
  calls,
});

type Tool = {
  /** Whether it starts further agents. */
  spawns: boolean;
  lastError: string | undefined;
  errors: number;
  lastResult: Remembered | undefined;
  sameResults: number;
  lastShape: string | undefined;
  sweep: number;
};

/** Remembers calls and sees loops in them. */
export class Detector {
  readonly #options: Required<Omit<LoopOptions, 'spawns' | 'polls' | 'volatile'>> & LoopOptions;
  readonly #runs: Runs;
  /** Ring of the calls in the window, with their hashes beside it: looking one up touches no string. */
  readonly #ring: Remembered[] = [];
  readonly #hashes: Int32Array;
  #count = 0;
  #looked: Signature | undefined;
  #found = 0;
  readonly #tools = new Map<string, Tool>();
  readonly #warned = new Set<string>();
  #nextId = 1;
  #lastTime = 0;
  #streakName = '';
  #streak = 0;
  #stale = 0;
  #spawns = 0;

  /** Throws `RangeError` for options that cannot work. */
  constructor(options: LoopOptions = {}) {
    const all = {
      mode: options.mode ?? 'progress',
      windowSize: options.windowSize ?? 32,
      minCycleLength: options.minCycleLength ?? 1,
      maxCycleLength: options.maxCycleLength ?? 8,
      repeats: options.repeats ?? 3,
      interleaved: options.interleaved ?? 3,
      sameError: options.sameError ?? 3,
      stagnation: options.stagnation ?? 16,
      reworded: options.reworded ?? 6,
      sweep: options.sweep ?? 100,
      spawn: options.spawn ?? 100,
      pollRepeats: options.pollRepeats ?? 30,
      forgetAfterMs: options.forgetAfterMs ?? 600_000,
      spawns: options.spawns,
      polls: options.polls,
      volatile: options.volatile,
    };
    const whole = (name: string, value: number, least: number): void => {
      if (!Number.isSafeInteger(value) || value < least) {
        throw new RangeError(`loop.${name} must be a whole number of at least ${least}, not ${value}`);
      }
    };
    if (all.mode !== 'progress' && all.mode !== 'strict') {
      throw new RangeError(`loop.mode must be 'progress' or 'strict', not ${String(all.mode)}`);
    }
    whole('windowSize', all.windowSize, 2);
    whole('minCycleLength', all.minCycleLength, 1);
    whole('maxCycleLength', all.maxCycleLength, all.minCycleLength);
    whole('repeats', all.repeats, 2);
    for (const rung of ['interleaved', 'sameError', 'stagnation', 'reworded', 'sweep', 'spawn'] as const) {
      whole(rung, all[rung], 0);
    }
    whole('pollRepeats', all.pollRepeats, all.repeats);
    if (all.maxCycleLength * all.repeats > all.windowSize) {
      throw new RangeError(
        `loop.windowSize ${all.windowSize} cannot hold ${all.repeats} repeats of a cycle of ${all.maxCycleLength}`,
      );
    }
    this.#options = all;
    this.#runs = new Runs(all.maxCycleLength);
    this.#hashes = new Int32Array(all.windowSize);
  }

  /** The calls in the window, oldest first. */
  get window(): readonly Remembered[] {
    const size = this.#options.windowSize;
    if (this.#count <= size) return this.#ring.slice();
    const head = this.#count % size;
    return [...this.#ring.slice(head), ...this.#ring.slice(0, head)];
  }

  /** What would be seen if this call came next; undefined if nothing. Takes nothing in, but forgets after silence. */
  look(name: string, signature: Signature, time: number): Sighting | undefined {
    if (this.#lastTime > 0 && time - this.#lastTime > this.#options.forgetAfterMs) this.clear();
    const { repeats, mode } = this.#options;
    const id = this.#find(signature);
    if (id > 0) {
      const stop = this.#cycle(id, name, repeats, true);
      if (stop) return stop;
    }
    if (mode === 'progress') {
      const stop = this.#rungs(id, name, signature);
      if (stop) return stop;
    }
    if (id > 0 && repeats > 2) {
      const soon = this.#cycle(id, name, repeats - 1, false);
      if (soon && !this.#warned.has(`${id}/${soon.period}`)) {
        this.#warned.add(`${id}/${soon.period}`);
        return soon;
      }
    }
    return undefined;
  }

  /** Takes a call in that now runs. Hand its result to {@link done} or {@link failed}. */
  push(name: string, signature: Signature, time: number, args?: unknown): Remembered {
    const found = this.#find(signature);
    const id = found > 0 ? found : this.#nextId++;
    const tool = this.#tool(name);
    const call: Remembered = {
      id,
      tool,
      repeated: found > 0,
      name,
      signature,
      time,
      result: undefined,
      error: undefined,
      stripped: undefined,
      prose: undefined,
    };
    this.#put(call, found === 0);
    this.#lastTime = time;
    if (this.#options.mode === 'progress') {
      if (this.#streakName === name) this.#streak++;
      else {
        this.#streakName = name;
        this.#streak = 1;
      }
      if (this.#streak >= SWEEP_FROM && this.#streak % SWEEP_EVERY === 0) this.#noteSweep(name, signature);
      if (tool.sameResults >= 2) call.prose = proseOf(args);
      if (tool.spawns) this.#spawns++;
    }
    return call;
  }

  /** The call gave a result; `undefined` is a missing one. */
  done(call: Remembered, result: string | undefined): void {
    call.result = result;
    if (this.#options.mode === 'strict') return;
    const { tool } = call;
    tool.errors = 0;
    tool.lastError = undefined;
    // Compared as it is: stripping every result would cost more than all the rest.
    tool.sameResults = result !== undefined && result === tool.lastResult?.result ? tool.sameResults + 1 : 1;
    tool.lastResult = call;
    this.#noteStale(call);
  }

  /** The call failed. */
  failed(call: Remembered, error: string): void {
    call.error = error;
    if (this.#options.mode === 'strict') return;
    const { tool } = call;
    tool.errors = tool.lastError === error ? tool.errors + 1 : 1;
    tool.lastError = error;
    tool.sameResults = 0;
    tool.lastResult = undefined;
    this.#noteStale(call);
  }

  /** The call is to count as if it had not been made: a retryable failure. */
  forget(call: Remembered): void {
    const kept = this.window.filter(other => other !== call);
    if (kept.length === this.#ring.length) return;
    this.#runs.clear();
    this.#ring.length = 0;
    this.#count = 0;
    for (const other of kept) this.#put(other);
  }

  /** Forgets everything. */
  clear(): void {
    this.#runs.clear();
    this.#ring.length = 0;
    this.#count = 0;
    this.#looked = undefined;
    this.#tools.clear();
    this.#warned.clear();
    this.#lastTime = 0;
    this.#streak = 0;
    this.#streakName = '';
    this.#stale = 0;
    this.#spawns = 0;
  }

  #cycle(id: number, name: string, repeats: number, stop: boolean): Sighting | undefined {
    const { minCycleLength, maxCycleLength, mode, polls, pollRepeats } = this.#options;
    for (let from = minCycleLength; from <= maxCycleLength; ) {
      const period = this.#runs.peek(id, repeats, from);
      if (period === 0) return undefined;
      if (mode === 'strict' || this.#resultsRepeat(period, repeats)) {
        if (mode === 'progress' && polls && this.window.slice(-period).some(call => polls(call.name))) {
          if (!stop || this.#pollsInARow(id) < pollRepeats - 1) return undefined;
        }
        const calls = this.window.slice(-(period * repeats - 1));
        return { stop, rung: 'cycle', period, repeats, limit: this.#options.repeats, calls };
      }
      from = period + 1;
    }
    return undefined;
  }

  /** Whether every completed call of the last `repeats` cycles gave what its predecessor one period before gave. */
  #resultsRepeat(period: number, repeats: number): boolean {
    const { window } = this;
    const first = window.length - (period * repeats - 1);
    if (first < 0) return false;
    for (let index = first + period; index < window.length; index++) {
      if (!this.#same(window[index - period]!, window[index]!)) return false;
    }
    return true;
  }

  #pollsInARow(id: number): number {
    let count = 0;
    let last: Remembered | undefined;
    const { window } = this;
    for (let index = window.length - 1; index >= 0; index--) {
      const call = window[index]!;
      if (call.id !== id) continue;
      if (last && !this.#same(call, last)) break;
      last = call;
      count++;
    }
    return count;
  }

  #rungs(id: number, name: string, signature: Signature): Sighting | undefined {
    const { interleaved, sameError, stagnation, reworded, sweep, spawn, polls } = this.#options;
    const polling = polls?.(name) ?? false;
    if (id > 0 && interleaved > 0 && !polling) {
      const calls: Remembered[] = [];
      const { window } = this;
      for (let index = window.length - 1; index >= 0; index--) {
        const call = window[index]!;
        if (call.id !== id) continue;
        if (call.result === undefined && call.error === undefined) continue;
        if (calls.length > 0 && !this.#same(call, calls[0]!)) break;
        calls.unshift(call);
      }
      if (calls.length >= interleaved && !WAIT.test(name) && !this.#movesSince(calls[0]!)) {
        return sighting('interleaved', interleaved, calls.length + 1, calls);
      }
    }
    const tool = this.#tools.get(name);
    if (tool) {
      if (sameError > 0 && tool.errors >= sameError) {
        const calls = this.window.filter(call => call.name === name && call.error === tool.lastError);
        return sighting('sameError', sameError, tool.errors + 1, calls);
      }
      if (reworded > 0 && id === 0 && tool.sameResults >= reworded && !polling) {
        const calls = this.window.filter(call => call.name === name).slice(-reworded);
        if (FRUITLESS.test(calls.at(-1)?.result ?? '') && isReworded(calls))
          return sighting('reworded', reworded, tool.sameResults + 1, calls);
      }
      if (sweep > 0 && tool.sweep + SWEEP_FROM > sweep && this.#streakName === name && this.#sweeps(tool, signature)) {
        return sighting(
          'sweep',
          sweep,
          tool.sweep + SWEEP_FROM,
          this.window.filter(call => call.name === name),
        );
      }
    }
    if (id > 0 && stagnation > 0 && this.#stale >= stagnation && !polling) {
      return sighting('stagnation', stagnation, this.#stale + 1, this.window.slice(-stagnation));
    }
    if (spawn > 0 && this.#spawns >= spawn && this.#isSpawn(name)) {
      return sighting(
        'spawn',
        spawn,
        this.#spawns + 1,
        this.window.filter(call => this.#isSpawn(call.name)),
      );
    }
    return undefined;
  }

  /** Whether since then some call was made again and gave something new: a poll that moves, a test that changes. */
  #movesSince(first: Remembered): boolean {
    const last = new Map<number, Remembered>();
    const { window } = this;
    for (let index = window.indexOf(first); index < window.length; index++) {
      const call = window[index]!;
      const before = last.get(call.id);
      if (before && !this.#same(before, call)) return true;
      last.set(call.id, call);
    }
    return false;
  }

  #isSpawn(name: string): boolean {
    return this.#options.spawns ? this.#options.spawns(name) : SPAWN.test(name);
  }

  #same(a: Remembered, b: Remembered): boolean {
    if (a.error !== undefined || b.error !== undefined) {
      // A failure differs from a result, but not from a call that is still running.
      if (a.error !== undefined && b.error !== undefined) return a.error === b.error;
      return (a.error === undefined && a.result === undefined) || (b.error === undefined && b.result === undefined);
    }
    if (a.result === undefined || b.result === undefined) return true;
    return this.#sameText(a, b);
  }

  #sameText(a: Remembered, b: Remembered): boolean {
    if (a.result === b.result) return true;
    if (a.result === undefined || b.result === undefined) return false;
    // Volatile parts change a length by little.
    if (Math.abs(a.result.length - b.result.length) > 200) return false;
    a.stripped ??= stripVolatile(a.result, this.#options.volatile);
    b.stripped ??= stripVolatile(b.result, this.#options.volatile);
    return a.stripped === b.stripped;
  }

  /** Counts calls in a row that brought nothing new: known call, known result. */
  #noteStale(call: Remembered): void {
    if (this.#options.stagnation === 0) return;
    if (!call.repeated) {
      this.#stale = 0;
      return;
    }
    const seen = this.#ring.some(
      other =>
        other !== call &&
        other.id === call.id &&
        (other.result !== undefined || other.error !== undefined) &&
        (call.result !== undefined || call.error !== undefined) &&
        this.#same(other, call),
    );
    this.#stale = seen ? this.#stale + 1 : 0;
  }

  #noteSweep(name: string, signature: Signature): void {
    const tool = this.#tool(name);
    const shape = shapeOf(signature);
    tool.sweep = shape !== undefined && shape === tool.lastShape ? tool.sweep + SWEEP_EVERY : 0;
    tool.lastShape = shape;
  }

  #sweeps(tool: Tool, signature: Signature): boolean {
    return tool.lastShape !== undefined && tool.lastShape === shapeOf(signature);
  }

  #tool(name: string): Tool {
    let tool = this.#tools.get(name);
    if (!tool) {
      tool = {
        spawns: this.#options.spawn > 0 && this.#isSpawn(name),
        lastError: undefined,
        errors: 0,
        lastResult: undefined,
        sameResults: 0,
        lastShape: undefined,
        sweep: 0,
      };
      if (this.#tools.size >= 1_000) this.#tools.clear();
      this.#tools.set(name, tool);
    }
    return tool;
  }

  /** Id of the calls in the window that are equal to this one; 0 if there are none. The hash suspects, the form decides. */
  #find(signature: Signature): number {
    if (this.#looked === signature) return this.#found;
    const { hash } = signature;
    const hashes = this.#hashes;
    const ring = this.#ring;
    let found = 0;
    for (let index = 0; index < ring.length; index++) {
      if (hashes[index] !== hash || !sameSignature(ring[index]!.signature, signature)) continue;
      found = ring[index]!.id;
      break;
    }
    this.#looked = signature;
    this.#found = found;
    return found;
  }

  #put(call: Remembered, fresh = false): void {
    const slot = this.#count++ % this.#options.windowSize;
    this.#ring[slot] = call;
    this.#hashes[slot] = call.signature.hash;
    this.#looked = undefined;
    this.#runs.push(call.id, fresh);
  }
}

const PAGING =
  /(\d+:(?:page|offset|start|skip|from|cursor|line|index|position|pos|begin|chunk|part|start_?line|startLine|page_?number|pageNumber|end|to|end_?line|endLine))(?:n-?[\d.e+]+;|s\d+:\d+(?=\d+:|\}))/g;

/** The signature with what counts up taken out; undefined if nothing does. */
const shapeOf = (signature: Signature): string | undefined => {
  const text = signatureText(signature);
  const shape = text.replace(PAGING, '$1#');
  return shape === text ? undefined : shape;
};

/** The prose in arguments: texts of three words or more. */
const proseOf = (value: unknown, depth = 0): string => {
  if (typeof value === 'string') return /\S\s+\S+\s+\S/.test(value) ? value.slice(0, 1_000) : '';
  if (typeof value !== 'object' || value === null || depth > 4) return '';
  let prose = '';
  for (const field of Object.values(value)) prose += ` ${proseOf(field, depth + 1)}`;
  return prose.trim();
};

/** Results that say that nothing was found or done. `ok` and `sent` to many similar requests is a batch. */
const FRUITLESS =
  /^\s*(?:\[\]|\{\}|""|null|false|0)?\s*$|\b(?:no|not|none|nothing|empty|unable|cannot|can't|couldn't|fail\w*|error|invalid|denied|unknown|sorry|unavailable)\b/i;

/** Whether these calls say the same in other words: each shares most of its words with the one before, but not all. */
const isReworded = (calls: readonly Remembered[]): boolean => {
  const words = calls
    .filter(call => call.prose !== undefined)
    .map(call => new Set(call.prose!.toLowerCase().match(/\p{L}{2,}/gu) ?? []));
  if (words.length < 3) return false;
  for (let index = 1; index < words.length; index++) {
    const a = words[index - 1]!;
    const b = words[index]!;
    if (a.size < 3 || b.size < 3 || a.size > 60) return false;
    let shared = 0;
    for (const word of a) if (b.has(word)) shared++;
    const all = a.size + b.size - shared;
    // Equal words with other numbers are a numbered batch.
    if (shared === all || shared / all < 0.6) return false;
  }
  return true;
};
