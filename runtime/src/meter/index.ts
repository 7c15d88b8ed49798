// The meter: attributes every model call to a user, feature and plan, and holds monthly caps by reservation.
// Works with OpenAI-shaped and Anthropic-shaped clients and with any function. Knows no price but the ones it is given.

import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import {
  Budget,
  CapReachedError,
  type Clock,
  currentRun,
  estimateTokens,
  isShort,
  makeTrip,
  type Reservation,
  systemClock,
  type Usage,
  usageOf,
  VelocityExceededError,
} from '../index.ts';
import { isStream, watchStream } from '../stream.ts';
import { type AlertSink, Alerts } from './alerts.ts';
import { costOf, type Prices, priceOf } from './prices.ts';

export { type Alert, type AlertSink, webhook } from './alerts.ts';
export { costOf, type Price, type Prices, priceOf, UnknownModelError } from './prices.ts';

/** Whom a call is for. */
export type Attribution = { userId: string; feature: string; plan: string };

/** What happens when a user's cap does not cover a call. */
export type CapPolicy = 'block' | 'downgrade';

/** One call, as it is delivered. */
export type MeterRecord = Attribution & {
  id: string;
  time: number;
  model: string;
  /** The model that was asked for, if the call was downgraded. */
  downgradedFrom?: string;
  inputTokens: number;
  outputTokens: number;
  usd: number;
  outcome: 'ok' | 'error';
};

/** Options of {@link createMeter}. */
export type MeterOptions = {
  /** Dollars a month, by plan name. */
  plans: Readonly<Record<string, number>>;
  /** What happens at the cap, for all plans or by plan. Default `block`. */
  onCap?: CapPolicy | Readonly<Record<string, CapPolicy>>;
  prices: Prices;
  /** The cheaper model of the same provider, by model. */
  cheaper?: Readonly<Record<string, string>>;
  /** Tokens of one user in a window that raise an alert, or trip. Default 50,000 in 300,000 ms; false for none. */
  velocity?: false | { tokens?: number; windowMs?: number; trip?: boolean };
  sinks?: readonly AlertSink[];
  /** The same alert for the same user at most once in this time. Default 300,000 ms. */
  alertEveryMs?: number;
  /** Output tokens reserved for a request that sets no limit itself. Default 4,096. */
  maxOutputTokens?: number;
  /** Takes records in the background. May fail: its records are tried again with the next ones. */
  deliver?: (records: readonly MeterRecord[]) => void | Promise<void>;
  clock?: Clock;
};

/** A request: the provider's own, with the attribution beside it. */
export type MeterRequest = { model: string } & Partial<Attribution> & Record<string, unknown>;

/** What a cheaper model would have cost for the same traffic of a feature. */
export type Recommendation = { feature: string; model: string; cheaper: string; usd: number; cheaperUsd: number };

type Send = (request: Record<string, unknown>) => PromiseLike<unknown>;

const KEPT = 10_000;
const BATCH = 500;

/** See the file header. */
export class Meter {
  readonly #options: MeterOptions;
  readonly #clock: Clock;
  readonly #context = new AsyncLocalStorage<Partial<Attribution>>();
  readonly #users = new Map<string, { month: string; plan: string; budget: Budget; velocity: Budget | undefined }>();
  readonly #traffic = new Map<string, { feature: string; model: string; usd: number; usage: Usage }>();
  readonly #alerts: Alerts;
  #queue: MeterRecord[] = [];
  #delivering: Promise<void> | undefined;
  /** Records that could not be kept because delivery failed for too long. */
  dropped = 0;
  /** Id of the last record; undefined before the first. */
  lastEventId: string | undefined;

  constructor(options: MeterOptions) {
    for (const [plan, usd] of Object.entries(options.plans)) {
      if (!(usd >= 0)) throw new RangeError(`the cap of plan ${plan} must not be ${usd}`);
    }
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#alerts = new Alerts(options.sinks ?? [], options.alertEveryMs ?? 300_000);
  }

  /** Calls within `fn` are for this user, unless they say otherwise. Concurrent requests never mix. */
  withUser<T>(attribution: Partial<Attribution>, fn: () => T): T {
    return this.#context.run({ ...this.#context.getStore(), ...attribution }, fn);
  }

  /**
   * Sends a request through a client (or a function) and gives the provider's answer unchanged; a stream is settled when
   * it ends. Rejects with `CapReachedError`, `VelocityExceededError` or `UnknownModelError` before the request, and with
   * the provider's own errors.
   */
  async chat(client: object | Send, request: MeterRequest): Promise<unknown> {
    const { userId, feature, plan, ...rest } = { ...this.#context.getStore(), ...request } as MeterRequest;
    if (!userId || !plan) throw new RangeError('a metered call needs userId and plan, from the request or withUser()');
    const who: Attribution = { userId, plan, feature: feature ?? 'default' };
    const send = senderOf(client);
    const { model, reservation } = this.#admit(who, rest as { model: string } & Record<string, unknown>);
    const record: MeterRecord = {
      ...who,
      id: randomUUID(),
      time: this.#clock(),
      model,
      inputTokens: 0,
      outputTokens: 0,
      usd: 0,
      outcome: 'ok',
      ...(model === rest.model ? {} : { downgradedFrom: String(rest.model) }),
    };
    let answer: unknown;
    try {
      answer = await send({ ...rest, model });
    } catch (error) {
      reservation.settle({ usd: 0, tokens: 0 });
      this.#record({ ...record, outcome: 'error' });
      throw error;
    }
    const settle = (usage: Usage | undefined, outcome: 'ok' | 'error' = 'ok'): void => {
      const used = usage ?? { inputTokens: estimateTokens(rest.messages ?? rest.input), outputTokens: 0 };
      const usd = costOf(priceOf(this.#options.prices, model), used);
      reservation.settle({ usd, tokens: used.inputTokens + used.outputTokens });
      this.#noteTraffic(who.feature, model, usd, used);
      this.#noteVelocity(who, used.inputTokens + used.outputTokens);
      this.#record({ ...record, inputTokens: used.inputTokens, outputTokens: used.outputTokens, usd, outcome });
    };
    if (isStream(answer)) {
      let done = false;
      watchStream(answer, {
        ended: usage => {
          if (!done) settle(usage);
          done = true;
        },
        failed: () => {
          if (!done) settle(undefined, 'error');
          done = true;
        },
      });
    } else settle(usageOf(answer));
    return answer;
  }

  /** What a user has spent and holds in reserve this month. */
  spentBy(userId: string): { usd: number; reserved: number; calls: number } {
    const user = this.#users.get(userId);
    if (!user || user.month !== monthOf(this.#clock())) return { usd: 0, reserved: 0, calls: 0 };
    return { usd: user.budget.spent.usd, reserved: user.budget.reserved.usd, calls: user.budget.spent.calls };
  }

  /** Per feature: what the same traffic would have cost on the cheaper model. Dearest saving first. */
  recommend(): Recommendation[] {
    const { cheaper = {}, prices } = this.#options;
    const found: Recommendation[] = [];
    for (const { feature, model, usd, usage } of this.#traffic.values()) {
      const other = cheaper[model];
      if (other === undefined) continue;
      found.push({ feature, model, cheaper: other, usd, cheaperUsd: costOf(priceOf(prices, other), usage) });
    }
    return found.sort((a, b) => b.usd - b.cheaperUsd - (a.usd - a.cheaperUsd));
  }

  /** Resolves when all records and alerts are delivered; rejects with what delivery failed with. */
  async flush(): Promise<void> {
    await this.#delivering?.catch(() => undefined);
    await this.#alerts.flush();
    while (this.#queue.length > 0 && this.#options.deliver) await this.#deliver();
  }

  #admit(
    who: Attribution,
    request: { model: string } & Record<string, unknown>,
  ): { model: string; reservation: Reservation } {
    const { plans, onCap = 'block', cheaper = {} } = this.#options;
    const cap = Object.hasOwn(plans, who.plan) ? plans[who.plan] : undefined;
    if (cap === undefined) throw new RangeError(`there is no plan ${who.plan}`);
    const user = this.#user(who, cap);
    const { velocity } = this.#options;
    if (velocity && velocity.trip && user.velocity && user.velocity.spent.tokens >= (velocity.tokens ?? 50_000)) {
      throw new VelocityExceededError(
        this.#tripOf(
          who,
          'velocity',
          `${who.userId} spends tokens too fast.`,
          velocity.tokens ?? 50_000,
          user.velocity.spent.tokens,
          'tokens',
        ),
      );
    }
    const held = user.budget.reserve({ usd: this.#worst(request, request.model), tokens: 0 });
    if (!isShort(held)) return { model: request.model, reservation: held };
    const policy = typeof onCap === 'string' ? onCap : (onCap[who.plan] ?? 'block');
    const other = cheaper[request.model];
    const message = `${who.userId} reached the cap of plan ${who.plan}: $${held.spent.toFixed(4)} of $${cap}.`;
    this.#alerts.send({
      reason: 'cap',
      userId: who.userId,
      message,
      time: this.#clock(),
      observed: held.spent,
      limit: cap,
    });
    if (policy === 'downgrade' && other !== undefined) {
      const less = user.budget.reserve({ usd: this.#worst(request, other), tokens: 0 });
      if (!isShort(less)) return { model: other, reservation: less };
      // The workflow completes on the cheaper model; what it costs is counted all the same.
      priceOf(this.#options.prices, other);
      return {
        model: other,
        reservation: { settle: spend => user.budget.add(spend, 1), release: () => undefined },
      };
    }
    const spent = held.spent + held.reserved;
    throw new CapReachedError(this.#tripOf(who, 'cap', message, cap, spent, 'usd'), {
      planName: who.plan,
      userId: who.userId,
      spent,
      cap,
    });
  }

  #worst(request: Record<string, unknown>, model: string): number {
    const price = priceOf(this.#options.prices, model);
    const input = estimateTokens([request.messages, request.input, request.system, request.tools]);
    const limit = request.max_completion_tokens ?? request.max_tokens ?? request.max_output_tokens;
    const output = typeof limit === 'number' ? limit : (this.#options.maxOutputTokens ?? 4_096);
    // The estimate may be low by half; a reservation that is too low would be an overshoot.
    return costOf(price, { inputTokens: Math.ceil(input * 1.5) + 16, outputTokens: output });
  }

  #user(who: Attribution, cap: number): { budget: Budget; velocity: Budget | undefined } {
    const month = monthOf(this.#clock());
    let user = this.#users.get(who.userId);
    if (user?.month !== month || user.plan !== who.plan) {
      const { velocity } = this.#options;
      const before = user?.month === month ? user.budget.spent : undefined;
      const budget = new Budget({ maxUsd: cap }, this.#clock);
      // A user who changes plans takes along what was spent.
      if (before) budget.add({ usd: before.usd, tokens: before.tokens }, before.calls);
      user = {
        month,
        plan: who.plan,
        budget,
        velocity:
          velocity === false
            ? undefined
            : new Budget(
                { maxTokens: velocity?.tokens ?? 50_000, windowMs: velocity?.windowMs ?? 300_000 },
                this.#clock,
              ),
      };
      this.#users.set(who.userId, user);
    }
    return user;
  }

  #noteVelocity(who: Attribution, tokens: number): void {
    const velocity = this.#users.get(who.userId)?.velocity;
    if (!velocity) return;
    velocity.add({ usd: 0, tokens }, 1);
    const limit = velocity.limit.tokens!;
    const observed = velocity.spent.tokens;
    if (observed <= limit) return;
    const message = `${who.userId} used ${observed} tokens within the window; ${limit} are usual.`;
    this.#alerts.send({ reason: 'velocity', userId: who.userId, message, time: this.#clock(), observed, limit });
  }

  #noteTraffic(feature: string, model: string, usd: number, usage: Usage): void {
    const key = `${feature}\n${model}`;
    const traffic = this.#traffic.get(key) ?? {
      feature,
      model,
      usd: 0,
      usage: { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0 },
    };
    traffic.usd += usd;
    traffic.usage.inputTokens += usage.inputTokens;
    traffic.usage.outputTokens += usage.outputTokens;
    traffic.usage.cacheReadTokens = (traffic.usage.cacheReadTokens ?? 0) + (usage.cacheReadTokens ?? 0);
    this.#traffic.set(key, traffic);
  }

  #tripOf(
    who: Attribution,
    reason: 'cap' | 'velocity',
    message: string,
    limit: number,
    observed: number,
    unit: 'usd' | 'tokens',
  ) {
    const trip = makeTrip({
      reason,
      guard: `meter/${who.plan}`,
      message,
      evidence: { limit, observed, unit, subject: who.userId },
      run: currentRun(),
      time: this.#clock(),
    });
    return { ...trip, user: who.userId, feature: who.feature };
  }

  #record(record: MeterRecord): void {
    this.lastEventId = record.id;
    if (!this.#options.deliver) return;
    this.#queue.push(record);
    if (this.#queue.length > KEPT) {
      this.#queue.shift();
      this.dropped++;
    }
    // Delivery fails on the side; flush() tells.
    this.#delivering ??= Promise.resolve()
      .then(() => this.#deliver())
      .catch(() => undefined)
      .finally(() => {
        this.#delivering = undefined;
      });
  }

  async #deliver(): Promise<void> {
    const batch = this.#queue.splice(0, BATCH);
    if (batch.length === 0) return;
    try {
      await this.#options.deliver?.(batch);
    } catch (error) {
      this.#queue.unshift(...batch);
      throw error;
    }
  }
}

const monthOf = (time: number): string => new Date(time).toISOString().slice(0, 7);

const senderOf = (client: object | Send): Send => {
  if (typeof client === 'function') return client as Send;
  const { chat, messages, responses } = client as {
    chat?: { completions?: { create?: Send } };
    messages?: { create?: Send };
    responses?: { create?: Send };
  };
  const resource = chat?.completions?.create ? chat.completions : messages?.create ? messages : responses;
  if (typeof resource?.create !== 'function') {
    throw new RangeError('the client has neither chat.completions.create nor messages.create nor responses.create');
  }
  return request => resource.create!(request);
};

/** Makes a meter. Throws `RangeError` for caps that cannot work. */
export const createMeter = (options: MeterOptions): Meter => new Meter(options);
