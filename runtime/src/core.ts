// The guard itself, without the wrapping: checks a call before it runs and takes its outcome in afterwards.
// Wrappers and adapters are built on begin(); everything before the call runs is synchronous, so it cannot be raced.

import { Breaker, type BreakerSnapshot, type Pass } from './breaker.ts';
import { Budget, isShort, type Reservation, type Shortage, type Spend, shortageText } from './budget.ts';
import { type Clock, systemClock } from './clock.ts';
import { ContextGuard } from './context.ts';
import { Detector, type Remembered, type Sighting } from './detector.ts';
import { digestKey, digestOf } from './digest.ts';
import { emit, stateDir } from './emit/channel.ts';
import { complain } from './emit/complain.ts';
import { type Controllable, register, shared } from './emit/shared.ts';
import { BreakerOpenError, errorOf, PreflightTripError, TripError } from './errors.ts';
import type { AnyFunction, GuardOptions, Warning } from './options.ts';
import { placeOf } from './place.ts';
import type { Amounts, CallEvent, Operation } from './protocol/event.ts';
import { LIMITS } from './protocol/limits.ts';
import {
  type Evidence,
  type MatchedCall,
  type Place,
  TRIP_REASONS,
  type Trip,
  type TripReason,
} from './protocol/trip.ts';
import { makeTrip } from './raise.ts';
import { isRetryable } from './retryable.ts';
import { currentRun, isThenable, type Run } from './run.ts';
import {
  type Signature,
  type SignatureOptions,
  sameSignature,
  signatureLength,
  signatureOf,
  signatureText,
  VOLATILE_KEYS,
} from './signature.ts';
import { type Usage, usageOf } from './usage.ts';
import { errorName, errorText, resultText, stripVolatile } from './volatile.ts';

type Above = ((...args: never[]) => unknown) | undefined;

/** A call as it is handed to a guard. */
export type CallFacts = {
  /** Tool, model or step. */
  name: string;
  /** What tells calls apart. */
  input: unknown;
  /** What tokens are counted of and what `cost` gets. Default: `input`. */
  payload?: unknown;
  op?: Operation;
  /** The worst case, held in the budget. */
  estimate?: Partial<Spend> | undefined;
};

/** A call that `onWarn` answered in place of the tool. */
export type Answered = { readonly instead: unknown };

/** What a call cost, where the caller knows it better than the result says. */
export type Outcome = { usd?: number; inputTokens?: number; outputTokens?: number };

/** What a guard shows of itself. */
export type GuardView = {
  label: string;
  calls: number;
  budget: { spent: Required<Amounts>; reserved: Required<Amounts>; limit: Amounts } | undefined;
  breaker: BreakerSnapshot | undefined;
  /** Names of the remembered calls, oldest first. */
  window: readonly string[];
};

/** A guard's state and checks. Shared by every function that it wraps. */
export class GuardCore implements Controllable {
  readonly label: string;
  readonly op: Operation;
  readonly budget: Budget | undefined;
  readonly breaker: Breaker | undefined;
  readonly options: GuardOptions;
  readonly clock: Clock;
  readonly context: ContextGuard | undefined;
  readonly #loop: boolean;
  readonly #ownWindow: boolean;
  readonly #signatureOptions: SignatureOptions;
  readonly #made: Place | undefined;
  #detector: Detector | undefined;
  #preflight: Trip | undefined | null = null;
  #calls = 0;
  #monitored = new Set<string>();
  #last: { run: Run; signature: Signature | undefined; trip: Trip } | undefined;
  #until = 0;

  /** Throws `RangeError` for options that cannot work. `maker` is the public function that the user called. */
  constructor(options: GuardOptions, label: string, maker?: AnyFunction) {
    this.options = options;
    this.label = label;
    this.op = options.op ?? 'tool';
    this.clock = options.clock ?? systemClock;
    this.#loop = options.loop !== false;
    this.#ownWindow = options.scope === 'guard';
    this.#signatureOptions = { volatileKeys: options.volatileKeys ? new Set(options.volatileKeys) : VOLATILE_KEYS };
    this.#made = placeOf(maker);
    const { budget, breaker, context, storeTtlMs } = options;
    if (budget) this.budget = budget instanceof Budget ? budget : new Budget(budget, this.clock);
    if (breaker) {
      const given = breaker === true ? {} : breaker;
      this.breaker = new Breaker(
        { ...given, onChange: view => this.#breakerChanged(view, given.onChange) },
        this.clock,
      );
    }
    if (context) {
      this.context = new ContextGuard(
        context === true ? {} : context,
        options.tokens as ((input: unknown) => number) | undefined,
      );
    }
    if (storeTtlMs !== undefined && !(storeTtlMs > 0)) throw new RangeError('storeTtlMs must be positive');
    // Found out at once, not at the first call.
    if (this.#loop) this.#detector = this.#newDetector();
    register(label, this);
  }

  /** Checks a call. Gives a running call, an answer of `onWarn`, or the trip, which the caller throws. */
  check(facts: CallFacts, above: Above): GuardedCall | TripError | Answered {
    const run = currentRun();
    const stopped = run.stopped;
    if (stopped !== undefined) return this.#trip('kill', `The run was stopped. ${stopped}`, {}, facts, run, above)!;
    if (this.#preflight !== undefined) {
      const held = this.#heldBack(this.clock());
      if (held) return this.#blocked(new PreflightTripError(held), facts, run);
    }
    if (!this.breaker || this.#monitors()) return this.#admitted(facts, run, above, undefined);
    const pass = this.breaker.admit();
    if (pass.rejected) return this.#blocked(this.#rejection(pass.retryAt, pass.reason, run), facts, run);
    try {
      return this.#admitted(facts, run, above, pass);
    } catch (error) {
      // An option that throws is no outcome of the call: a probe must not be lost to it.
      pass.release();
      throw error;
    }
  }

  #admitted(facts: CallFacts, run: Run, above: Above, pass: Pass | undefined): GuardedCall | TripError | Answered {
    const { context, budget } = this;
    const { name } = facts;
    const detector = this.#loop ? this.#detectorOf(run) : undefined;
    // Most of what a guard costs: made only where something looks at it.
    const looked = detector !== undefined || shared.active;
    const time = looked ? this.clock() : 0;
    const signature = looked ? signatureOf(name, facts.input, this.#signatureOptions) : undefined;
    let answered: Answered | undefined;
    if (detector && signature) {
      const seen = detector.look(name, signature, time);
      if (seen) {
        if (!seen.stop) answered = this.#warn(facts, seen, signature, run, time);
        else {
          const evidence = (): Evidence => this.#loopEvidence(facts, signature, seen);
          const trip = this.#trip('loop', () => loopMessage(name, seen), evidence, facts, run, above, signature);
          if (trip) return failing(pass, trip);
        }
      }
    }
    let raw = 0;
    if (context) {
      const measured = context.measure(payloadOf(facts));
      raw = measured.raw;
      if (measured.tokens > context.limit) {
        const message = `The input of ${name} has about ${measured.tokens} tokens, ${context.limit} fit. Summarise it or drop the oldest part.`;
        const evidence: Evidence = { limit: context.limit, observed: measured.tokens, unit: 'tokens', subject: name };
        const trip = this.#trip('context', message, evidence, facts, run, above, signature);
        if (trip) return failing(pass, trip);
      }
    }
    if (answered) {
      pass?.release();
      return answered;
    }
    let reservation: Reservation | undefined;
    if (budget) {
      const held = budget.reserve(facts.estimate);
      if (isShort(held)) {
        const trip = this.#trip('budget', shortageText(held), this.#budgetEvidence(held), facts, run, above, signature);
        if (trip) return failing(pass, trip);
      } else reservation = held;
    }
    const remembered = signature && detector?.push(name, signature, time);
    this.#calls++;
    run.calls++;
    run.inFlight++;
    const op = facts.op ?? this.op;
    if (op === 'model') run.modelCalls++;
    if (op === 'step') run.steps.set(name, (run.steps.get(name) ?? 0) + 1);
    return new GuardedCall(this, facts, signature, detector, remembered, reservation, pass, run, time, raw);
  }

  #monitors(): boolean {
    return this.options.monitor ?? shared.settings.monitor;
  }

  /** Like {@link check}, but throws the trip. For adapters with hooks before and after a call. */
  begin(facts: CallFacts, above: Above = this.begin): GuardedCall {
    const checked = this.check(facts, above);
    if (checked instanceof GuardedCall) return checked;
    if (checked instanceof TripError) {
      const told = this.options.onTrip?.(checked);
      if (isThenable(told)) told.then(undefined, error => complain(`onTrip rejected: ${String(error)}`));
      throw checked;
    }
    // Hooks cannot answer in place of a call: it goes on, warned.
    const run = currentRun();
    run.inFlight++;
    return new GuardedCall(this, facts, undefined, undefined, undefined, undefined, undefined, run, 0, 0);
  }

  /** Like {@link begin} for callers that can wait: `onTrip` is awaited, and an answer of `onWarn` is given as it is. */
  async enter(facts: CallFacts, above: Above = this.enter): Promise<GuardedCall | Answered> {
    const checked = this.check(facts, above);
    if (!(checked instanceof TripError)) return checked;
    await this.options.onTrip?.(checked);
    throw checked;
  }

  /** Forgets windows, budget, breaker and stored trips. */
  reset(): void {
    this.#detector?.clear();
    currentRun().root.kept.delete(this);
    for (const run of shared.runs.values()) run.kept.delete(this);
    this.budget?.reset();
    this.breaker?.reset();
    this.options.store?.clear(this.label);
    this.#preflight = undefined;
    this.#last = undefined;
    this.#monitored.clear();
  }

  /** A person spoke, or another round began: what was called before is no part of a loop. Budget and breaker stay. */
  newTurn(): void {
    if (this.#loop) this.#detectorOf(currentRun()).clear();
    this.#last = undefined;
  }

  /** Raises the budget once; false if there is none. Throws `RangeError` for negative amounts. */
  raise(by: Amounts): boolean {
    this.budget?.raise(by);
    this.#last = undefined;
    return this.budget !== undefined;
  }

  /** What the guard shows of itself. */
  view(): GuardView {
    return {
      label: this.label,
      calls: this.#calls,
      budget: this.budget && { spent: this.budget.spent, reserved: this.budget.reserved, limit: this.budget.limit },
      breaker: this.breaker?.snapshot(),
      window: this.#loop ? this.#detectorOf(currentRun()).window.map(call => call.name) : [],
    };
  }

  #newDetector(): Detector {
    const { loop } = this.options;
    return new Detector(typeof loop === 'object' ? loop : {});
  }

  #detectorOf(run: Run): Detector {
    if (this.#ownWindow || run === shared.processRun) {
      this.#detector ??= this.#newDetector();
      return this.#detector;
    }
    const { kept } = run.root;
    let detector = kept.get(this) as Detector | undefined;
    if (!detector) {
      detector = this.#newDetector();
      kept.set(this, detector);
    }
    return detector;
  }

  /** The stored trip of an earlier process, while it holds. A store that fails stops the call: closed, not open. */
  #heldBack(time: number): Trip | undefined {
    if (this.#preflight === null) {
      const stored = this.options.store?.load(this.label);
      this.#preflight = stored && stored.until > time ? stored.trip : undefined;
      this.#until = stored?.until ?? 0;
    }
    if (this.#preflight && this.#until <= time) this.#preflight = undefined;
    return this.#preflight ?? undefined;
  }

  /** Makes the trip; in monitoring mode records it once and gives undefined, so that the call goes on. */
  #trip(
    reason: TripReason,
    message: string | (() => string),
    evidenceOf: Evidence | (() => Evidence),
    facts: CallFacts,
    run: Run,
    above: Above,
    signature?: Signature,
  ): TripError | undefined {
    const monitored = reason !== 'kill' && this.#monitors();
    if (monitored) {
      const key = `${reason}\n${run.id}\n${signature ? signatureText(signature) : ''}`;
      if (this.#monitored.has(key)) return undefined;
      if (this.#monitored.size > 1_000) this.#monitored.clear();
      this.#monitored.add(key);
    }
    // A caller that swallows a trip and tries the same again gets the same trip: told and journalled once.
    const last = this.#last;
    if (!monitored && last && last.run === run && last.trip.reason === reason) {
      const again =
        reason !== 'loop' || (last.signature && signature ? sameSignature(last.signature, signature) : false);
      if (again) return this.#blocked(quick(errorOf, last.trip), facts, run);
    }
    const { store, storeTtlMs = 900_000 } = this.options;
    const evidence = typeof evidenceOf === 'function' ? evidenceOf() : evidenceOf;
    if (this.breaker && !monitored) {
      this.breaker.trip(reason);
      evidence.retryAt = this.breaker.snapshot().retryAt;
    }
    const time = this.clock();
    const trip = makeTrip({
      reason,
      guard: this.label,
      message: typeof message === 'function' ? message() : message,
      evidence,
      run,
      time,
      above,
      made: this.#made,
      monitored,
    });
    if (monitored) return undefined;
    this.#last = this.breaker ? undefined : { run, signature, trip };
    store?.save(this.label, { trip, until: time + storeTtlMs, window: this.#windowDigests(run) });
    return this.#blocked(errorOf(trip), facts, run);
  }

  #blocked(error: TripError, facts: CallFacts, run: Run): TripError {
    if (shared.active) {
      run.announce();
      emit({
        kind: 'call',
        runId: run.id,
        time: this.clock(),
        op: facts.op ?? this.op,
        name: facts.name.slice(0, LIMITS.name),
        durationMs: 0,
        outcome: 'blocked',
        error: error.reason,
      });
    }
    return error;
  }

  #rejection(retryAt: number, reason: string | undefined, run: Run): BreakerOpenError {
    const time = this.clock();
    const seconds = Math.max(0, Math.ceil((retryAt - time) / 1000));
    return quick(rejected => new BreakerOpenError(rejected), {
      id: 'breaker-open',
      runId: run.id,
      run: run.name,
      app: '',
      pid: process.pid,
      time,
      // What opened it may be a failure's name: then no limit was reached, and `loop` stands for it.
      reason: isReason(reason) ? reason : 'loop',
      guard: this.label,
      message: `The breaker of ${this.label} is open for another ${seconds} s.`,
      evidence: { retryAt },
    });
  }

  #warn(facts: CallFacts, sighting: Sighting, signature: Signature, run: Run, time: number): Answered | undefined {
    const message = `${loopMessage(facts.name, sighting)} One more and it is stopped.`;
    if (shared.active) {
      run.announce();
      emit({ kind: 'warning', runId: run.id, time, reason: 'loop', guard: this.label, message });
    }
    if (!this.options.onWarn) return undefined;
    const warning: Warning = {
      reason: 'loop',
      guard: this.label,
      message,
      evidence: this.#loopEvidence(facts, signature, sighting),
      runId: run.id,
    };
    return this.options.onWarn(warning);
  }

  #loopEvidence(facts: CallFacts, signature: Signature, sighting: Sighting): Evidence {
    const { period, repeats, rung, limit, calls } = sighting;
    const cut = calls.slice(-(LIMITS.calls - 1));
    const now: MatchedCall = { name: facts.name, digest: '', length: signatureLength(signature) };
    const key = digestKey(stateDir());
    now.digest = digestOf(key, signature);
    if (shared.settings.recordArguments) now.args = signatureText(signature).slice(0, LIMITS.args);
    const names = [...calls.map(call => call.name), facts.name];
    return {
      limit,
      observed: repeats,
      unit: 'repeats',
      period,
      repeats,
      rung,
      pattern: rung === 'cycle' ? names.slice(-period) : [facts.name],
      calls: [...cut.map(call => this.#matched(call)), now],
    };
  }

  #matched(call: Remembered): MatchedCall {
    const key = digestKey(stateDir());
    const matched: MatchedCall = {
      name: call.name,
      digest: digestOf(key, call.signature),
      length: signatureLength(call.signature),
      time: call.time,
    };
    if (call.result !== undefined) matched.resultDigest = digestOf(key, call.stripped ?? call.result);
    if (call.error !== undefined) matched.error = call.error.split(' ', 1)[0]!;
    if (shared.settings.recordArguments) matched.args = signatureText(call.signature).slice(0, LIMITS.args);
    return matched;
  }

  #windowDigests(run: Run): MatchedCall[] {
    return this.#loop ? this.#detectorOf(run).window.map(call => this.#matched(call)) : [];
  }

  #budgetEvidence(short: Shortage): Evidence {
    const evidence: Evidence = {
      limit: short.limit,
      observed: short.spent + short.reserved + short.wanted,
      unit: short.unit,
    };
    const retryAt = this.budget?.retryAt;
    if (retryAt !== undefined) evidence.retryAt = retryAt;
    return evidence;
  }

  #breakerChanged(view: BreakerSnapshot, told: ((view: BreakerSnapshot) => void) | undefined): void {
    if (shared.active) {
      const run = currentRun();
      run.announce();
      emit({
        kind: 'breaker',
        runId: run.id,
        time: this.clock(),
        breaker: this.label,
        state: view.state,
        ...(view.reason === undefined ? {} : { reason: view.reason }),
        ...(view.retryAt === 0 ? {} : { retryAt: view.retryAt }),
      });
    }
    told?.(view);
  }
}

/** Makes an error without its stack: rejections come in numbers, and the place was in the first trip. */
const quick = <E>(make: (trip: Trip) => E, trip: Trip): E => {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return make(trip);
  } finally {
    Error.stackTraceLimit = limit;
  }
};

const isReason = (reason: string | undefined): reason is TripReason =>
  (TRIP_REASONS as readonly (string | undefined)[]).includes(reason);

const payloadOf = (facts: CallFacts): unknown => ('payload' in facts ? facts.payload : facts.input);

const failing = (pass: Pass | undefined, trip: TripError): TripError => {
  pass?.failure(trip.reason);
  return trip;
};

/** A call that was let through. Tell it exactly once how the call ended. */
export class GuardedCall {
  readonly #core: GuardCore;
  readonly #facts: CallFacts;
  readonly #signature: Signature | undefined;
  readonly #detector: Detector | undefined;
  readonly #remembered: Remembered | undefined;
  readonly #reservation: Reservation | undefined;
  readonly #pass: Pass | undefined;
  readonly #run: Run;
  readonly #time: number;
  readonly #raw: number;
  #open = true;

  /** Only guards make calls. */
  constructor(
    core: GuardCore,
    facts: CallFacts,
    signature: Signature | undefined,
    detector: Detector | undefined,
    remembered: Remembered | undefined,
    reservation: Reservation | undefined,
    pass: Pass | undefined,
    run: Run,
    time: number,
    raw: number,
  ) {
    this.#core = core;
    this.#facts = facts;
    this.#signature = signature;
    this.#detector = detector;
    this.#remembered = remembered;
    this.#reservation = reservation;
    this.#pass = pass;
    this.#run = run;
    this.#time = time;
    this.#raw = raw;
  }

  /**
   * The call gave `output`. What it cost is read from there, or given; what nobody tells counts as it was estimated.
   * Throws what the options `cost`, `usage` and `result` throw, after everything is settled.
   */
  succeed(output: unknown, known?: Outcome): void {
    if (!this.#open) return;
    this.#open = false;
    this.#run.inFlight--;
    const { options, context, budget } = this.#core;
    const facts = this.#facts;
    const run = this.#run;
    this.#pass?.success();
    let inputTokens = known?.inputTokens ?? 0;
    let outputTokens = known?.outputTokens ?? 0;
    let usd = known?.usd ?? facts.estimate?.usd ?? 0;
    let tokens = inputTokens + outputTokens;
    try {
      if (!known) {
        const usage = options.usage
          ? (options.usage as (output: unknown) => Usage | undefined)(output)
          : usageOf(output);
        inputTokens = usage?.inputTokens ?? 0;
        outputTokens = usage?.outputTokens ?? 0;
        tokens = usage ? inputTokens + outputTokens : (facts.estimate?.tokens ?? 0);
      }
      if (known?.usd === undefined && options.cost) {
        const cost = (options.cost as (input: unknown, output: unknown) => number)(payloadOf(facts), output);
        if (!Number.isFinite(cost) || cost < 0) throw new RangeError(`cost of ${facts.name} must not be ${cost}`);
        usd = cost;
      }
    } finally {
      this.#reservation?.settle({ usd, tokens });
      run.tokens += tokens;
      run.usd += usd;
      if (context && this.#raw > 0 && inputTokens > 0) context.learn(this.#raw, inputTokens);
    }
    let result: string | undefined;
    if (this.#remembered) {
      result = resultText(options.result ? (options.result as (output: unknown) => unknown)(output) : output);
      this.#detector?.done(this.#remembered, result);
    }
    if (shared.active) {
      this.#emit('ok', usd, inputTokens, outputTokens, undefined, result);
      if (budget) this.#emitBudget(budget);
    }
  }

  /** The call failed. */
  fail(error: unknown): void {
    if (!this.#open) return;
    this.#open = false;
    this.#run.inFlight--;
    this.#pass?.failure(errorName(error));
    this.#reservation?.settle({ usd: 0, tokens: 0 });
    if (this.#remembered && this.#detector) {
      const retryable = (this.#core.options.isRetryable ?? isRetryable)(error);
      this.#detector.failed(this.#remembered, errorText(error, this.#signature), retryable);
    }
    if (shared.active) this.#emit('error', 0, 0, 0, errorName(error));
  }

  /** The call did not happen: nothing is counted. */
  release(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#run.inFlight--;
    this.#reservation?.release();
    if (this.#remembered) this.#detector?.forget(this.#remembered);
    this.#pass?.release();
  }

  #emit(
    outcome: 'ok' | 'error',
    usd: number,
    inputTokens: number,
    outputTokens: number,
    error?: string,
    result?: string,
  ): void {
    const run = this.#run;
    const now = this.#core.clock();
    // Where nobody looked when it began, no time was taken.
    const time = this.#time || now;
    run.announce();
    const event: CallEvent = {
      kind: 'call',
      runId: run.id,
      time,
      op: this.#facts.op ?? this.#core.op,
      name: this.#facts.name.slice(0, LIMITS.name),
      durationMs: Math.max(0, now - time),
      outcome,
    };
    if (this.#signature) {
      event.digest = digestOf(digestKey(stateDir()), this.#signature);
      event.length = signatureLength(this.#signature);
    }
    if (this.#remembered && shared.settings.recordResults)
      event.resultDigest = digestOf(digestKey(stateDir()), stripVolatile(result ?? ''));
    if (inputTokens > 0) event.inputTokens = inputTokens;
    if (outputTokens > 0) event.outputTokens = outputTokens;
    if (usd > 0) event.usd = usd;
    if (error !== undefined) event.error = error.slice(0, LIMITS.name);
    if (run.user !== undefined) event.user = run.user;
    if (run.feature !== undefined) event.feature = run.feature;
    emit(event);
  }

  #emitBudget(budget: Budget): void {
    emit({
      kind: 'budget',
      runId: this.#run.id,
      time: this.#core.clock(),
      guard: this.#core.label,
      spent: budget.spent,
      reserved: budget.reserved,
      limit: budget.limit,
    });
  }
}

const loopMessage = (name: string, { rung, period, repeats, calls }: Sighting): string => {
  switch (rung) {
    case 'cycle':
      return period === 1
        ? `${name} is called for the ${ordinal(repeats)} time in a row with the same arguments, and nothing changed.`
        : `The same ${period} calls (${[...calls.map(call => call.name), name].slice(-period).join(' > ')}) come for the ${ordinal(repeats)} time, and nothing changed.`;
    case 'interleaved':
      return `${name} is called again with arguments that gave the same result ${repeats - 1} times already.`;
    case 'sameError':
      return `${name} failed ${repeats - 1} times in a row with the same error, whatever the arguments.`;
    case 'stagnation':
      return `The last ${repeats - 1} calls repeated known calls with known results.`;
    case 'reworded':
      return `${name} gave the same result ${repeats - 1} times to the same request, in other words or with other settings.`;
    case 'sweep':
      return `${name} was called ${repeats} times on end, counting up and nothing else.`;
    case 'spawn':
      return `${repeats - 1} agents were started in this run already.`;
  }
};

const ordinal = (count: number): string =>
  count === 2 ? 'second' : count === 3 ? 'third' : count === 4 ? 'fourth' : `${count}th`;
