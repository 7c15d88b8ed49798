// The crew breaker: several agents that work together, watched for delegation loops, tool storms, reassignment, cost drift
// and their total budget. Told what happens by hooks; knows no framework. One crew, one run: reset() begins anew.

import { Breaker, type BreakerOptions, type BreakerSnapshot } from './breaker.ts';
import { type Clock, systemClock } from './clock.ts';
import { emit } from './emit/channel.ts';
import { register, shared } from './emit/shared.ts';
import { BreakerOpenError, errorOf } from './errors.ts';
import type { AnyFunction } from './options.ts';
import type { Amounts } from './protocol/event.ts';
import type { Count, Evidence, TripReason } from './protocol/trip.ts';
import { makeTrip } from './raise.ts';
import { currentRun } from './run.ts';

/** Thresholds of a crew; false switches a signal off. */
export type CrewOptions = {
  /** Label in panels and controls. Default `crew`. */
  name?: string;
  /** The same from-to pair this often among the last delegations. Default 3 among 10. */
  delegation?:
    | false
    | {
        limit?: number;
        among?: number;
        /** Only delegations of the last so many milliseconds count. */
        windowMs?: number;
        /** Only delegations with the same task text count together. Default false. */
        sameTask?: boolean;
      };
  /** The same tool failing this often in a row within one task. Default 3. */
  toolStorm?: false | { limit?: number };
  /** Reassignments of one task. Default 3. */
  reassignment?: false | { limit?: number };
  /** Average cost of the later half of the steps over that of the earlier half. Default 3.0, from 6 steps on. */
  drift?: false | { ratio?: number; minSteps?: number };
  /** Dollars of the whole crew. Default 5. */
  maxUsd?: false | number;
  /** How long a tripped crew stays stopped. */
  breaker?: BreakerOptions;
  /** Records without stopping. Default: as configured. */
  monitor?: boolean;
  clock?: Clock;
};

/** A crew's state, readable at any time. */
export type CrewView = {
  breaker: BreakerSnapshot;
  reason: TripReason | undefined;
  /** `from > to` with their counts among the last delegations. */
  delegations: Count[];
  /** Calls per task and tool, as `task/tool`. */
  toolCalls: Count[];
  reassignments: Count[];
  usd: number;
  tokens: number;
  /** Dollars of each step, oldest first; the last 1,000. */
  stepCosts: number[];
};

const STEPS = 1_000;
const TASKS = 1_000;

const bump = (counts: Map<string, number>, key: string, by = 1): number => {
  const count = (counts.get(key) ?? 0) + by;
  counts.set(key, count);
  if (counts.size > TASKS) counts.delete(counts.keys().next().value!);
  return count;
};

const list = (counts: Map<string, number>): Count[] => [...counts].map(([name, count]) => ({ name, count }));

/** See the file header. Every method throws the typed trip, or `BreakerOpenError` while an earlier one holds. */
export class CrewBreaker {
  readonly label: string;
  readonly #options: CrewOptions;
  readonly #clock: Clock;
  readonly #breaker: Breaker;
  #delegations: { pair: string; task: string; time: number }[] = [];
  readonly #toolCalls = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  readonly #reassignments = new Map<string, number>();
  #costs: number[] = [];
  #usd = 0;
  #tokens = 0;
  #reason: TripReason | undefined;
  #maxUsd: number;

  /** Throws `RangeError` for thresholds that cannot work. */
  constructor(options: CrewOptions = {}) {
    this.label = options.name ?? 'crew';
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#maxUsd = options.maxUsd === false ? Number.POSITIVE_INFINITY : (options.maxUsd ?? 5);
    const positive = (name: string, value: number | undefined): void => {
      if (value !== undefined && !(value > 0)) throw new RangeError(`crew.${name} must be positive, not ${value}`);
    };
    const { delegation, toolStorm, reassignment, drift } = options;
    positive('maxUsd', this.#maxUsd);
    if (delegation) {
      positive('delegation.limit', delegation.limit);
      positive('delegation.among', delegation.among);
      positive('delegation.windowMs', delegation.windowMs);
    }
    if (toolStorm) positive('toolStorm.limit', toolStorm.limit);
    if (reassignment) positive('reassignment.limit', reassignment.limit);
    if (drift) {
      positive('drift.ratio', drift.ratio);
      positive('drift.minSteps', drift.minSteps);
    }
    this.#breaker = new Breaker(
      {
        ...options.breaker,
        onChange: view => {
          this.#told(view);
          options.breaker?.onChange?.(view);
        },
      },
      this.#clock,
    );
    register(this.label, this);
  }

  /** Throws while the crew is stopped. Ask before each step. */
  check(): void {
    const stopped = currentRun().stopped;
    if (stopped !== undefined) this.#trip('kill', `The run was stopped. ${stopped}`, {}, this.check);
    const admitted = this.#breaker.admit();
    if (!admitted.rejected) {
      // Asking is no work: the probe is given back as passed, and the next signal decides.
      admitted.success();
      return;
    }
    throw new BreakerOpenError({
      id: 'breaker-open',
      runId: currentRun().id,
      run: currentRun().name,
      app: '',
      pid: process.pid,
      time: this.#clock(),
      reason: this.#reason ?? 'kill',
      guard: this.label,
      message: `The crew ${this.label} is stopped until ${new Date(admitted.retryAt).toISOString()}.`,
      evidence: { retryAt: admitted.retryAt },
    });
  }

  /** One agent hands work to another. */
  delegate(from: string, to: string, task = ''): void {
    this.check();
    const { delegation } = this.#options;
    if (delegation === false) return;
    const { limit = 3, among = 10, windowMs = Number.POSITIVE_INFINITY, sameTask = false } = delegation ?? {};
    const time = this.#clock();
    const pair = `${from} > ${to}`;
    const text = task.trim().replace(/\s+/g, ' ').toLowerCase();
    this.#delegations.push({ pair, task: text, time });
    this.#delegations = this.#delegations.slice(-among);
    const same = this.#delegations.filter(
      one => one.pair === pair && time - one.time <= windowMs && (!sameTask || one.task === text),
    );
    if (same.length < limit) return;
    this.#trip(
      'delegation',
      `${from} delegated to ${to} ${same.length} times among the last ${this.#delegations.length} delegations.`,
      { limit, observed: same.length, unit: 'repeats', subject: pair, counts: this.view().delegations },
      this.delegate,
    );
  }

  /** A tool was called within a task; `ok` tells whether it worked. */
  tool(name: string, ok: boolean, task = ''): void {
    this.check();
    bump(this.#toolCalls, `${task}/${name}`);
    const { toolStorm } = this.#options;
    const key = `${task}\n${name}`;
    if (ok || toolStorm === false) {
      this.#failures.delete(key);
      return;
    }
    const limit = toolStorm?.limit ?? 3;
    const failures = bump(this.#failures, key);
    if (failures < limit) return;
    this.#trip(
      'toolStorm',
      `${name} failed ${failures} times in a row${task ? ` within ${task}` : ''}.`,
      { limit, observed: failures, unit: 'calls', subject: name, counts: this.view().toolCalls.slice(-64) },
      this.tool,
    );
  }

  /** A manager gives a task to somebody else. */
  reassign(task: string): void {
    this.check();
    const { reassignment } = this.#options;
    const count = bump(this.#reassignments, task);
    if (reassignment === false) return;
    const limit = reassignment?.limit ?? 3;
    if (count < limit) return;
    this.#trip(
      'reassignment',
      `The task ${task.slice(0, 100)} was reassigned ${count} times.`,
      { limit, observed: count, unit: 'repeats', subject: task.slice(0, 200) },
      this.reassign,
    );
  }

  /** A step ended and cost this much. */
  step(cost: { usd?: number; tokens?: number }): void {
    this.check();
    const usd = cost.usd ?? 0;
    if (!(usd >= 0)) throw new RangeError(`a step cannot cost ${usd}`);
    this.#usd += usd;
    this.#tokens += cost.tokens ?? 0;
    this.#costs.push(usd);
    if (this.#costs.length > STEPS) this.#costs.shift();
    if (this.#usd >= this.#maxUsd) {
      this.#trip(
        'budget',
        `The crew spent $${Number(this.#usd.toFixed(6))} of $${this.#maxUsd}.`,
        { limit: this.#maxUsd, observed: this.#usd, unit: 'usd' },
        this.step,
      );
    }
    const { drift } = this.#options;
    if (drift === false) return;
    const { ratio = 3, minSteps = 6 } = drift ?? {};
    const measured = driftOf(this.#costs, minSteps);
    if (measured === undefined || measured < ratio) return;
    this.#trip(
      'drift',
      `Steps cost ${measured.toFixed(1)} times what they cost in the earlier half.`,
      { limit: ratio, observed: measured, unit: 'ratio', counts: [{ name: 'steps', count: this.#costs.length }] },
      this.step,
    );
  }

  /** State at this moment. */
  view(): CrewView {
    const delegations = new Map<string, number>();
    for (const { pair } of this.#delegations) bump(delegations, pair);
    return {
      breaker: this.#breaker.snapshot(),
      reason: this.#reason,
      delegations: list(delegations),
      toolCalls: list(this.#toolCalls),
      reassignments: list(this.#reassignments),
      usd: this.#usd,
      tokens: this.#tokens,
      stepCosts: this.#costs.slice(),
    };
  }

  /** Forgets everything and closes the breaker. */
  reset(): void {
    this.#forget();
    this.#usd = 0;
    this.#tokens = 0;
    this.#reason = undefined;
    this.#breaker.reset();
  }

  /** Raises the crew's budget once. */
  raise(by: Amounts): boolean {
    if (!((by.usd ?? 0) >= 0)) throw new RangeError(`cannot raise usd by ${by.usd}`);
    this.#maxUsd += by.usd ?? 0;
    return true;
  }

  #forget(): void {
    this.#delegations = [];
    this.#toolCalls.clear();
    this.#failures.clear();
    this.#reassignments.clear();
    this.#costs = [];
  }

  #trip(reason: TripReason, message: string, evidence: Evidence, above: AnyFunction): void {
    const monitored = reason !== 'kill' && (this.#options.monitor ?? shared.settings.monitor);
    if (!monitored) {
      this.#reason = reason;
      this.#breaker.trip(reason);
      evidence.retryAt = this.#breaker.snapshot().retryAt;
    }
    const run = currentRun();
    const trip = makeTrip({ reason, guard: this.label, message, evidence, run, time: this.#clock(), above, monitored });
    // Signals start anew: after the cooldown the same ones would otherwise trip at once. What was spent stays spent.
    this.#forget();
    if (!monitored) throw errorOf(trip);
  }

  #told(view: BreakerSnapshot): void {
    if (!shared.active) return;
    const run = currentRun();
    run.announce();
    emit({
      kind: 'breaker',
      runId: run.id,
      time: this.#clock(),
      breaker: this.label,
      state: view.state,
      ...(view.reason === undefined ? {} : { reason: view.reason }),
      ...(view.retryAt === 0 ? {} : { retryAt: view.retryAt }),
    });
  }
}

/** Average of the later half of the costs over that of the earlier half; undefined with too few steps or a free start. */
export const driftOf = (costs: readonly number[], minSteps: number): number | undefined => {
  if (costs.length < minSteps) return undefined;
  const half = Math.floor(costs.length / 2);
  const average = (part: readonly number[]): number => part.reduce((sum, cost) => sum + cost, 0) / part.length;
  const earlier = average(costs.slice(0, half));
  return earlier > 0 ? average(costs.slice(-half)) / earlier : undefined;
};

/** Makes a crew breaker. Throws `RangeError` for thresholds that cannot work. */
export const crewBreaker = (options: CrewOptions = {}): CrewBreaker => new CrewBreaker(options);
