// Sees that an agent goes in circles: cycles of calls whose results do not change, and the rungs that cycles miss.
// Says what it saw, before the call runs; whether that stops anything is the guard's business.

import { TRANSIENT } from './retryable.ts';
import { Runs } from './runs.ts';
import { countsUp, samenessOf } from './sameRequest.ts';
import { type Signature, sameSignature } from './signature.ts';
import { kindOf, looksAround, onlyLooks, type ToolKind } from './toolKind.ts';
import { ARGUMENT, isAllVolatile, stripVolatile, surelyDiffer, type VolatileOptions } from './volatile.ts';

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
  /** The same request to one tool in other words, or tuned anew, in a row with one and the same result. Default 6. */
  reworded?: number;
  /** Calls of one tool in a row that only count up (page, offset, line ...). Default 64. */
  sweep?: number;
  /** Calls in all that start further agents. Default 50. */
  spawn?: number;
  /** Which calls start further agents. Default: by name, such as `spawn_agent`, `delegate`, `Task`. */
  spawns?: (name: string) => boolean;
  /** The repeat that is stopped of a call that waits, or whose result says `pending`, `running` or `busy`. Default 8. */
  patience?: number;
  /** Calls that poll on purpose: their unchanged results count as cycles only after `pollRepeats`. Default: none. */
  polls?: (name: string) => boolean;
  /** Repeats of a declared poll with an unchanged result. Default 30. */
  pollRepeats?: number;
  /** Retryable failures of one tool in a row that are skipped; more of them are a loop like any other. Default 10. */
  retries?: number;
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
  readonly name: string;
  readonly signature: Signature;
  readonly time: number;
  /** What is known of all calls of this name. */
  readonly tool: Tool;
  /** The latest call before it that was equal, while this one runs. */
  previous: Remembered | undefined;
  /** Whether the window knew it already. */
  readonly repeated: boolean;
  /** How often in a row this call gave this result, itself included. */
  streak: number;
  /** Whether its result was ever another one: then it can be one again. */
  moves: boolean;
  /** Text of the result; undefined while it runs or if it gave none. */
  result: string | undefined;
  /** What tells the failure apart, if it failed. */
  error: string | undefined;
  /** The result without what is volatile; made when first compared. */
  stripped: string | undefined;
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

type Tool = {
  readonly kind: ToolKind;
  /** Whether it starts further agents. */
  readonly spawns: boolean;
  /** Whether it was declared as a poll. */
  readonly polls: boolean;
  lastError: string | undefined;
  /** The same error in a row; one after a change elsewhere counts less. */
  errors: number;
  failedAt: number;
  retries: number;
  lastResult: string | undefined;
  sameResults: number;
  /** New calls in a row, how many of them only counted up, and one of them. */
  fresh: number;
  sweep: number;
  swept: Signature | undefined;
};

/** Calls of one tool from which on a sweep is looked for, and every how many of them: a sweep is long. */
const SWEEP_FROM = 16;
const SWEEP_EVERY = 8;

/** What a repeat counts when something was changed since the last one: an edit that did not help, then a test. */
const AFTER_A_CHANGE = 0.25;

/** Looking around between pieces of new work: a habit, and cheap. */
const LOOKS = 8;

/** New calls with new results between two repeats, from which on the repeat is part of other work. */
const OTHER_WORK = 3;

/** Results of calls that have not come to an end. */
const PENDING =
  /\b(?:pending|queued|waiting|in[ _-]?progress|running|processing|building|starting|started|provisioning|initiali[sz]ing|scheduled|deploying|rendering|loading|exporting|uploading|downloading|not (?:yet|ready)|still|busy|try again)\b/i;

/** Results that are short enough to be nothing but a state. */
const STATE = 240;

const EMPTY = /^\s*(?:\[\]|\{\}|""|null)?\s*$/;

/** Results that say that nothing was found or done. `ok` and `sent` to many similar requests is a batch. */
const FRUITLESS =
  /^\s*(?:\[\]|\{\}|""|null|undefined|false|0)?\s*$|\b(?:no|not|none|nothing|empty|unable|cannot|can't|couldn't|fail\w*|errors?|invalid|denied|unknown|sorry|unavailable)\b|:\[\]/i;

/** Results that are failures, though the tool did not throw; and those of them that may well be about the target. */
const FAILED =
  /^\W*(?:\w*error|\w*exception|failed|failure|fatal|traceback)\b|"isError":true|^\{"error":(?!null|false)|\bcommand not found\b|\bunauthori[sz]ed\b|\bforbidden\b|\bpermission denied\b|\binvalid api key\b/i;
const NOT_THERE = /\bnot found\b|\bno such\b|\bdoes not exist\b|\b404\b/i;

/** Remembers calls and sees loops in them. */
export class Detector {
  readonly #options: Required<Omit<LoopOptions, 'spawns' | 'polls' | 'volatile'>> & LoopOptions;
  readonly #runs: Runs;
  /** Ring of the calls in the window, with their hashes beside it: looking one up touches no string. */
  readonly #ring: Remembered[] = [];
  readonly #hashes: Int32Array;
  /** How many calls in the window have a hash with this end: mostly 0, and then nothing is searched. */
  readonly #ends = new Uint8Array(256);
  #count = 0;
  /** Where in the ring the next call comes. */
  #next = 0;
  #looked: Signature | undefined;
  #found: Remembered | undefined;
  readonly #tools = new Map<string, Tool>();
  readonly #warned = new Set<string>();
  #nextId = 1;
  #lastTime = 0;
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
      sweep: options.sweep ?? 64,
      spawn: options.spawn ?? 50,
      patience: options.patience ?? Math.max(8, options.repeats ?? 3),
      pollRepeats: options.pollRepeats ?? Math.max(30, options.repeats ?? 3),
      retries: options.retries ?? 10,
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
    for (const rung of ['interleaved', 'sameError', 'stagnation', 'reworded', 'sweep', 'spawn', 'retries'] as const) {
      whole(rung, all[rung], 0);
    }
    whole('patience', all.patience, all.repeats);
    whole('pollRepeats', all.pollRepeats, all.repeats);
    if (!(all.forgetAfterMs > 0)) throw new RangeError(`loop.forgetAfterMs must be positive, not ${all.forgetAfterMs}`);
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
    const head = this.#next;
    return [...this.#ring.slice(head), ...this.#ring.slice(0, head)];
  }

  /** What would be seen if this call came next; undefined if nothing. Takes nothing in, but forgets after silence. */
  look(name: string, signature: Signature, time: number): Sighting | undefined {
    if (this.#lastTime > 0 && time - this.#lastTime > this.#options.forgetAfterMs) this.clear();
    const { repeats, mode } = this.#options;
    const before = this.#find(signature);
    let soon: Sighting | undefined;
    if (before) {
      const seen = this.#cycle(before, repeats);
      if (seen?.stop) return seen;
      soon = seen ?? (repeats > 2 ? this.#cycle(before, repeats - 1) : undefined);
      if (mode === 'progress') {
        const again = this.#interleaved(before) ?? this.#stagnates(before);
        if (again?.stop) return again;
        soon ??= again;
      }
    }
    if (mode === 'progress') {
      const tool = this.#tools.get(name);
      if (tool) {
        const seen = this.#ofTool(name, tool, signature, before !== undefined);
        if (seen?.stop) return seen;
        soon ??= seen;
      }
    }
    if (!soon) return undefined;
    const key = `${soon.rung}/${soon.period}/${before ? before.id : name}`;
    if (this.#warned.has(key)) return undefined;
    if (this.#warned.size > 1_000) this.#warned.clear();
    this.#warned.add(key);
    return soon;
  }

  /** Takes a call in that now runs. Hand its result to {@link done} or {@link failed}. */
  push(name: string, signature: Signature, time: number): Remembered {
    const previous = this.#find(signature);
    const tool = this.#tool(name);
    const call: Remembered = {
      id: previous ? previous.id : this.#nextId++,
      name,
      signature,
      time,
      tool,
      previous,
      repeated: previous !== undefined,
      streak: 0,
      moves: previous?.moves ?? false,
      result: undefined,
      error: undefined,
      stripped: undefined,
    };
    this.#put(call);
    this.#lastTime = time;
    if (tool.spawns) this.#spawns++;
    if (previous) tool.fresh = 0;
    else if (++tool.fresh >= SWEEP_FROM && tool.fresh % SWEEP_EVERY === 0) this.#noteSweep(tool, signature);
    return call;
  }

  /** The call gave a result; `undefined` is a missing one. */
  done(call: Remembered, result: string | undefined): void {
    call.result = result;
    if (this.#options.mode === 'strict') return;
    const { tool } = call;
    tool.errors = 0;
    tool.retries = 0;
    tool.lastError = undefined;
    // Compared as it is: stripping every result would cost more than all the rest.
    tool.sameResults = result !== undefined && result === tool.lastResult ? tool.sameResults + 1 : 1;
    tool.lastResult = result;
    this.#ended(call);
  }

  /** The call failed. `retryable`: it counts as if it had not been made, unless there are too many of them. */
  failed(call: Remembered, error: string, retryable = false): void {
    const { tool } = call;
    if (retryable && ++tool.retries <= this.#options.retries) {
      this.forget(call);
      return;
    }
    if (!retryable) tool.retries = 0;
    call.error = error;
    if (this.#options.mode === 'strict') return;
    if (tool.lastError !== error) tool.errors = 1;
    else tool.errors += this.#changedSince(tool.failedAt, this.#count) ? AFTER_A_CHANGE : 1;
    tool.failedAt = this.#count;
    tool.lastError = error;
    tool.sameResults = 0;
    tool.lastResult = undefined;
    this.#ended(call);
  }

  /** The call is to count as if it had not been made. */
  forget(call: Remembered): void {
    const kept = this.window.filter(other => other !== call);
    if (kept.length === this.#ring.length) return;
    this.#runs.clear();
    this.#ring.length = 0;
    this.#ends.fill(0);
    this.#count = 0;
    this.#next = 0;
    for (const other of kept) this.#put(other);
    if (call.tool.spawns) this.#spawns--;
  }

  /** Forgets everything. */
  clear(): void {
    this.#runs.clear();
    this.#ring.length = 0;
    this.#ends.fill(0);
    this.#count = 0;
    this.#next = 0;
    this.#looked = undefined;
    this.#found = undefined;
    this.#tools.clear();
    this.#warned.clear();
    this.#lastTime = 0;
    this.#stale = 0;
    this.#spawns = 0;
  }

  /** A cycle of which this call would complete the given repeat. */
  #cycle(before: Remembered, repeats: number): Sighting | undefined {
    const { minCycleLength, maxCycleLength, mode } = this.#options;
    let moving = 0;
    for (let from = minCycleLength; from <= maxCycleLength; ) {
      const period = this.#runs.peek(before.id, repeats, from);
      if (period === 0) return undefined;
      from = period + 1;
      // A shorter cycle whose results change makes progress, even where they come round again.
      if (moving > 0 && period % moving === 0) continue;
      if (mode === 'strict' || this.#resultsRepeat(period, repeats)) {
        const patience = mode === 'strict' ? 0 : this.#patience(before, period);
        const made = patience > 0 ? this.#madeOf(period) + 1 : 0;
        if (patience > 0 && made < patience - 1) return undefined;
        const stop = patience > 0 ? made >= patience : repeats === this.#options.repeats;
        return {
          stop,
          rung: 'cycle',
          period,
          repeats: patience > 0 ? made : repeats,
          limit: patience > 0 ? patience : this.#options.repeats,
          calls: this.window.slice(-(period * repeats - 1)),
        };
      }
      moving = period;
    }
    return undefined;
  }

  /** The repeat that is stopped if the last cycle waits for something; 0 if it does not. */
  #patience(before: Remembered, period: number): number {
    const { patience, pollRepeats } = this.#options;
    let waits = before.moves;
    let pending = true;
    for (let back = 1; back <= period; back++) {
      const call = this.#back(back)!;
      const { polls, kind } = call.tool;
      if (polls || kind.draws) return pollRepeats;
      waits ||= kind.waits;
      // Of several calls each has to ask: agents that wait for each other wait for ever.
      pending &&= isPending(call) && (period === 1 || kind.asks);
    }
    waits ||= pending;
    return waits ? patience : 0;
  }

  /** How often in a row every call of the last cycle gave its result. */
  #madeOf(period: number): number {
    let made = Number.POSITIVE_INFINITY;
    for (let back = 1; back <= period; back++) made = Math.min(made, this.#streakOf(this.#back(back)!));
    return made;
  }

  /** How often in a row the call gave its result, those that still run included. */
  #streakOf(call: Remembered): number {
    let one = call;
    let running = 0;
    while (one.streak === 0 && one.previous) {
      one = one.previous;
      running++;
    }
    return running + Math.max(1, one.streak);
  }

  /** Whether every completed call of the last `repeats` cycles gave what its predecessor one period before gave. */
  #resultsRepeat(period: number, repeats: number): boolean {
    const known = Math.min(this.#count, this.#options.windowSize);
    const length = period * repeats - 1;
    if (length > known) return false;
    for (let back = length - period; back >= 1; back--) {
      if (!this.#same(this.#back(back + period)!, this.#back(back)!)) return false;
    }
    return true;
  }

  /** The same call with the same result again and again, with others between that do not explain it. */
  #interleaved(before: Remembered): Sighting | undefined {
    const { interleaved, patience } = this.#options;
    const { tool } = before;
    if (interleaved === 0 || tool.polls || tool.kind.waits || tool.kind.draws) return undefined;
    const looks = looksAround(tool.kind, before.signature);
    const { window } = this;
    const calls: Remembered[] = [];
    let weight = 0;
    let later = window.length;
    let worked = 0;
    let waited = false;
    for (let index = window.length - 1; index >= 0; index--) {
      const call = window[index]!;
      if (call.id !== before.id || (call.result === undefined && call.error === undefined)) continue;
      if (calls.length > 0 && !this.#same(call, calls[0]!)) break;
      const between = window.slice(index + 1, later);
      const work = between.filter(isWork).length;
      if (work > OTHER_WORK && !looks) break;
      worked += work;
      waited ||= between.some(other => other.tool.kind.waits);
      const changed = between.some(isChange);
      // What stays well after a change was only checked; what stays bad was not mended by it.
      if (changed && !isFruitless(call)) break;
      weight += changed ? AFTER_A_CHANGE : 1;
      calls.unshift(call);
      later = index;
    }
    const limit =
      waited || isPending(before) || before.moves
        ? Math.max(interleaved, patience - 1)
        : looks && worked >= calls.length
          ? Math.max(interleaved, LOOKS)
          : interleaved;
    if (weight < limit - 1 || calls.length < 2 || this.#movesSince(window, later)) return undefined;
    return sighting('interleaved', limit, weight >= limit, calls.length + 1, calls);
  }

  /** Whether since then some other call was made again and gave something new: a poll that moves, a test that changes. */
  #movesSince(window: readonly Remembered[], first: number): boolean {
    const last = new Map<number, Remembered>();
    for (let index = first; index < window.length; index++) {
      const call = window[index]!;
      const earlier = last.get(call.id);
      // Clocks and thoughts always move.
      if (earlier && !call.tool.kind.notes && !this.#same(earlier, call, true)) return true;
      last.set(call.id, call);
    }
    return false;
  }

  #stagnates(before: Remembered): Sighting | undefined {
    const { stagnation } = this.#options;
    if (stagnation === 0 || this.#stale < stagnation - 1 || before.tool.polls || before.tool.kind.waits)
      return undefined;
    if (isPending(before)) return undefined;
    const calls = this.window.slice(-stagnation);
    return sighting('stagnation', stagnation, this.#stale >= stagnation, this.#stale + 1, calls);
  }

  /** What is seen in the calls of one tool, whatever their arguments. */
  #ofTool(name: string, tool: Tool, signature: Signature, known: boolean): Sighting | undefined {
    const { sameError, reworded, sweep, spawn } = this.#options;
    const calls = (count: number): Remembered[] => this.window.filter(call => call.name === name).slice(-count);
    if (sameError > 0 && tool.lastError !== undefined) {
      const limit = tool.lastError.includes(ARGUMENT) ? sameError * 2 : sameError;
      if (tool.errors >= limit - 1 && tool.errors > 1)
        return sighting('sameError', limit, tool.errors >= limit, Math.ceil(tool.errors) + 1, calls(limit));
    }
    const { sameResults, lastResult } = tool;
    if (sameResults > 1 && lastResult !== undefined && !known && !tool.polls) {
      if (sameError > 0 && sameResults >= sameError - 1 && lastResult.length < 2_000) {
        const failed =
          FAILED.test(lastResult) &&
          !TRANSIENT.test(lastResult) &&
          !NOT_THERE.test(lastResult.replace(/command not found/gi, ''));
        if (failed)
          return sighting('sameError', sameError, sameResults >= sameError, sameResults + 1, calls(sameError));
      }
      if (reworded > 0 && sameResults >= reworded - 1 && !PENDING.test(lastResult.slice(0, STATE))) {
        const same = calls(reworded);
        const sure = lastResult.length < 2_000 && FRUITLESS.test(lastResult) ? 0.5 : 0.8;
        if (same.length >= reworded - 1 && samenessOf([...same.map(call => call.signature), signature]) >= sure)
          return sighting('reworded', reworded, sameResults >= reworded, sameResults + 1, same);
      }
    }
    if (sweep > 0 && tool.sweep >= sweep - 1 && !known && tool.swept && countsUp(tool.swept, signature))
      return sighting('sweep', sweep, tool.sweep >= sweep, tool.sweep + 1, calls(32));
    if (spawn > 0 && tool.spawns && this.#spawns >= spawn - 1) {
      const started = this.window.filter(call => call.tool.spawns);
      return sighting('spawn', spawn, this.#spawns >= spawn, this.#spawns + 1, started);
    }
    return undefined;
  }

  /** Whether two completed calls gave the same; missing results equal anything. `loosely`: a clock gives always the same. */
  #same(a: Remembered, b: Remembered, loosely = false): boolean {
    if (a.error !== undefined || b.error !== undefined) {
      // A failure differs from a result, but not from a call that is still running.
      if (a.error !== undefined && b.error !== undefined) return a.error === b.error;
      return (a.error === undefined && a.result === undefined) || (b.error === undefined && b.result === undefined);
    }
    if (a.result === undefined || b.result === undefined || a.result === b.result) return true;
    // Volatile parts change a length by little.
    if (Math.abs(a.result.length - b.result.length) > 200) return false;
    if (surelyDiffer(a.result, b.result, this.#options.volatile)) return false;
    a.stripped ??= stripVolatile(a.result, this.#options.volatile);
    b.stripped ??= stripVolatile(b.result, this.#options.volatile);
    // Where nothing but a time or an id is given, that is what was asked for.
    return a.stripped === b.stripped && (loosely || !isAllVolatile(a.stripped));
  }

  /** Counts how often in a row the call gave this, and calls in a row that brought nothing new: known call, known result. */
  #ended(call: Remembered): void {
    const { previous } = call;
    call.previous = undefined;
    if (!previous) {
      call.streak = 1;
      this.#stale = 0;
      return;
    }
    const same = this.#same(previous, call);
    call.moves ||= !same;
    call.streak = same ? this.#streakOf(previous) + 1 : 1;
    const seen =
      same ||
      this.#ring.some(other => other !== call && other.id === call.id && isEnded(other) && this.#same(other, call));
    this.#stale = seen && isEnded(call) && isEnded(previous) ? this.#stale + 1 : 0;
  }

  /** Whether something was changed between two counts of calls. */
  #changedSince(from: number, to: number): boolean {
    for (let back = this.#count - to + 1; back < this.#count - from + 1; back++) {
      const call = this.#back(back);
      if (call && isChange(call)) return true;
    }
    return false;
  }

  #noteSweep(tool: Tool, signature: Signature): void {
    if (this.#options.sweep === 0) return;
    const { swept } = tool;
    const counts = swept !== undefined && countsUp(swept, signature);
    tool.sweep = counts ? tool.sweep + (tool.sweep === 0 ? SWEEP_FROM : SWEEP_EVERY) : 0;
    tool.swept = signature;
    // Other targets each time: looked at again after as many calls.
    if (swept && !counts) tool.fresh = 0;
  }

  #tool(name: string): Tool {
    let tool = this.#tools.get(name);
    if (!tool) {
      const { spawn, spawns, polls } = this.#options;
      const kind = kindOf(name);
      tool = {
        kind,
        spawns: spawn > 0 && (spawns ? spawns(name) : kind.spawns),
        polls: polls?.(name) ?? false,
        lastError: undefined,
        errors: 0,
        failedAt: 0,
        retries: 0,
        lastResult: undefined,
        sameResults: 0,
        fresh: 0,
        sweep: 0,
        swept: undefined,
      };
      if (this.#tools.size >= 1_000) this.#tools.clear();
      this.#tools.set(name, tool);
    }
    return tool;
  }

  /** The call so many before the next one; 1 is the latest. */
  #back(back: number): Remembered | undefined {
    return this.#ring[(this.#count - back) % this.#options.windowSize];
  }

  /** The latest call in the window that equals this one. The hash suspects, the form decides. */
  #find(signature: Signature): Remembered | undefined {
    if (this.#looked === signature) return this.#found;
    const { hash } = signature;
    let found: Remembered | undefined;
    if (this.#ends[hash & 255] !== 0) {
      const hashes = this.#hashes;
      const ring = this.#ring;
      const size = ring.length;
      let at = this.#next;
      for (let left = size; left > 0; left--) {
        at = at === 0 ? size - 1 : at - 1;
        if (hashes[at] !== hash || !sameSignature(ring[at]!.signature, signature)) continue;
        found = ring[at];
        break;
      }
    }
    this.#looked = signature;
    this.#found = found;
    return found;
  }

  #put(call: Remembered): void {
    const slot = this.#next;
    const { hash } = call.signature;
    if (slot < this.#ring.length) this.#ends[this.#hashes[slot]! & 255]!--;
    this.#ends[hash & 255]!++;
    this.#ring[slot] = call;
    this.#hashes[slot] = hash;
    this.#count++;
    this.#next = slot + 1 === this.#options.windowSize ? 0 : slot + 1;
    this.#looked = undefined;
    this.#runs.push(call.id, !call.repeated);
  }
}

const sighting = (
  rung: Rung,
  limit: number,
  stop: boolean,
  repeats: number,
  calls: readonly Remembered[],
): Sighting => ({
  stop,
  rung,
  period: 1,
  repeats,
  limit,
  calls,
});

const isEnded = (call: Remembered): boolean => call.result !== undefined || call.error !== undefined;

const isPending = ({ result, tool }: Remembered): boolean =>
  result !== undefined &&
  result.length <= STATE &&
  (PENDING.test(result) || TRANSIENT.test(result) || (tool.kind.receives && EMPTY.test(result)));

const isFruitless = ({ result, error }: Remembered): boolean =>
  error !== undefined || (result !== undefined && FRUITLESS.test(result.slice(0, 2_000)));

/** A call that was new and brought something. */
const isWork = (call: Remembered): boolean =>
  !call.repeated && call.error === undefined && !call.tool.kind.notes && !call.tool.kind.waits;

/** A call that was new and changed something. */
const isChange = (call: Remembered): boolean =>
  call.tool.kind.changes && !call.repeated && call.error === undefined && !onlyLooks(call.signature);
