// The meter: attributes every model call to a user, feature and plan, and holds monthly caps by reservation.
// Works with OpenAI-shaped and Anthropic-shaped clients, with the AI SDK's models and with any function. Knows no price but
// the ones it is given. Caps and velocity are kept in this process, or in a ledger that many processes share.

import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { type AlertSink, Alerts, panel, type Timer } from '../alerts/alerts.ts';
import type { Shortage } from '../budget.ts';
import { emit } from '../emit/channel.ts';
import { shared } from '../emit/shared.ts';
import {
  CapReachedError,
  type Clock,
  currentRun,
  estimateTokens,
  isShort,
  makeTrip,
  type Run,
  systemClock,
  type Usage,
  usageOf,
  VelocityExceededError,
} from '../index.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { Trip } from '../protocol/trip.ts';
import type { Account, Hold, Ledger } from '../store/ledger.ts';
import { localLedger } from '../store/localLedger.ts';
import { followed, isStream, replaced, Speech, watchStream } from '../stream.ts';
import { costOf, type Prices, priceOf, worstCostOf, worstUsageOf } from './prices.ts';

export { type Alert, type AlertSink, panel, webhook } from '../alerts/alerts.ts';
export { type Account, type Balance, type Hold, type Ledger, LedgerUnavailableError } from '../store/ledger.ts';
export * from './prices.ts';

/** Whom a call is for. */
export type Attribution = { userId: string; feature: string; plan: string };

/** What happens when a user's cap does not cover a call. */
export type CapPolicy = 'block' | 'downgrade';

/** One call, as it is delivered. */
export type MeterRecord = Attribution & {
  id: string;
  /** Start, milliseconds since the epoch. */
  time: number;
  durationMs: number;
  model: string;
  /** The model that was asked for, if the call was downgraded. */
  downgradedFrom?: string;
  inputTokens: number;
  outputTokens: number;
  usd: number;
  outcome: 'ok' | 'error';
  /** The provider gave no usage figures (a stream that was left, or not asked for them): the tokens are an estimate. */
  estimated?: true;
};

/** Options of {@link createMeter}. */
export type MeterOptions = {
  /** Dollars a month, by plan name. */
  plans: Readonly<Record<string, number>>;
  /** What happens at the cap, for all plans or by plan. Default `block`. */
  onCap?: CapPolicy | Readonly<Record<string, CapPolicy>>;
  prices: Prices;
  /** Cheaper models of the same provider, by model; a downgrade goes to the first. */
  cheaper?: Readonly<Record<string, string | readonly string[]>>;
  /** The AI SDK's models by name, for downgrades of calls with such models. */
  models?: Readonly<Record<string, object>>;
  /** Tokens of one user in a window that raise an alert, or trip. Default 50,000 in 300,000 ms; false for none. */
  velocity?: false | { tokens?: number; windowMs?: number; trip?: boolean };
  /** Where alerts go besides the panel. */
  sinks?: readonly AlertSink[];
  /** The same alert for the same user at most once in this time. Default 300,000 ms. */
  alertEveryMs?: number;
  /** After this long a sink is given up. Default 5,000 ms. */
  sinkTimeoutMs?: number;
  /** Output tokens reserved for a request that sets no limit itself. Default 4,096. */
  maxOutputTokens?: number;
  /** Takes records in the background. May fail: its records are tried again with the next ones. */
  deliver?: (records: readonly MeterRecord[]) => void | Promise<void>;
  /** Keeps caps and velocity for many processes, e.g. `redisLedger(client)`. Default: this process. */
  ledger?: Ledger;
  /** Tells panels and `runSummary` of the calls. Default true; false where the client is guarded too, and tells them itself. */
  observe?: boolean;
  clock?: Clock;
  /** Times sinks out. Default: the machine's timers. */
  timer?: Timer;
};

/** A request: the provider's own, with the attribution beside it. `model` may be a model of the AI SDK. */
export type MeterRequest = { model: string | object } & Partial<Attribution> & Record<string, unknown>;

/** What a cheaper model would have cost for the same traffic of a feature. */
export type Recommendation = { feature: string; model: string; cheaper: string; usd: number; cheaperUsd: number };

type Send = (request: Record<string, unknown>) => PromiseLike<unknown>;
type Request = Readonly<Record<string, unknown>>;

/** A call under way: settle it once. */
type Metered = {
  model: string;
  settle(usage: Usage | undefined, estimate: Usage, failed?: boolean): void;
  failed(): void;
};

const KEPT = 10_000;
const BATCH = 500;

/** See the file header. */
export class Meter {
  readonly #options: MeterOptions;
  readonly #clock: Clock;
  readonly #context = new AsyncLocalStorage<Partial<Attribution>>();
  readonly #ledger: Ledger;
  readonly #traffic = new Map<string, { feature: string; model: string; usd: number; cheaper: Map<string, number> }>();
  readonly #alerts: Alerts;
  readonly #settling = new Set<Promise<unknown>>();
  /** Trips that still hold, by user and reason: who goes on asking is refused again, and journalled once. */
  readonly #refused = new Map<string, Trip>();
  /** Settles streams that nobody read to their end before they were thrown away. */
  readonly #unread = new FinalizationRegistry<() => void>(settle => settle());
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
    // Found out now, not when the cap is reached.
    for (const others of Object.values(options.cheaper ?? {}))
      for (const other of [others].flat()) priceOf(options.prices, other);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#ledger = options.ledger ?? localLedger(this.#clock);
    this.#alerts = new Alerts({
      sinks: [panel(), ...(options.sinks ?? [])],
      clock: this.#clock,
      ...(options.alertEveryMs === undefined ? {} : { everyMs: options.alertEveryMs }),
      ...(options.sinkTimeoutMs === undefined ? {} : { timeoutMs: options.sinkTimeoutMs }),
      ...(options.timer === undefined ? {} : { timer: options.timer }),
    });
  }

  /** Calls within `fn` are for this user, unless they say otherwise. Concurrent requests never mix. */
  withUser<T>(attribution: Partial<Attribution>, fn: () => T): T {
    return this.#context.run({ ...this.#context.getStore(), ...attribution }, fn);
  }

  /**
   * Sends a request through a client (or a function) and gives the provider's answer unchanged; a stream is settled when
   * it ends, fails or is left. A request with a model of the AI SDK goes to `generateText` and its kin: each request that
   * they make is metered. Rejects with `CapReachedError`, `VelocityExceededError`, `UnknownModelError` or
   * `LedgerUnavailableError` before the request, and with the provider's own errors.
   */
  async chat(client: object | Send, request: MeterRequest): Promise<unknown> {
    const { userId, feature, plan, ...rest } = { ...this.#context.getStore(), ...request } as MeterRequest;
    if (!userId || !plan) throw new RangeError('a metered call needs userId and plan, from the request or withUser()');
    const who: Attribution = { userId, plan, feature: feature ?? 'default' };
    if (isLanguageModel(rest.model)) {
      // What cannot be covered at all is refused here, since streams tell errors only to their readers.
      const { hold, velocity } = await this.#admit(who, rest, rest.model.modelId);
      await Promise.all([hold.release(), velocity?.release()]);
      if (typeof client !== 'function') throw new RangeError('a request with a model of the AI SDK wants its function');
      return (client as Send)({ ...rest, model: this.#modelFor(who, rest.model) });
    }
    const name = rest.model;
    if (typeof name !== 'string')
      throw new RangeError('a metered request needs a model: its name, or a model of the AI SDK');
    const send = senderOf(client, rest);
    const call = await this.#begin(who, rest, name);
    let answer: unknown;
    try {
      answer = await send({ ...rest, model: call.model });
    } catch (error) {
      call.failed();
      throw error;
    }
    const asked = (spoken: number): Usage => ({
      inputTokens: estimateTokens([rest.messages, rest.input, rest.prompt, rest.system, rest.instructions, rest.tools]),
      outputTokens: spoken,
    });
    if (isStream(answer)) {
      this.#unread.register(answer, () => call.settle(undefined, asked(0), true));
      watchStream(answer, {
        ended: (usage, _text, spoken) => call.settle(usage, asked(spoken())),
        failed: (_error, usage, spoken) => call.settle(usage, asked(spoken()), true),
      });
    } else {
      const usage = usageOf(answer);
      call.settle(usage, asked(usage ? 0 : saidIn(answer)));
    }
    return answer;
  }

  /** What a user has spent and holds in reserve this month. Rejects with `LedgerUnavailableError`. */
  async spentBy(userId: string): Promise<{ usd: number; reserved: number; calls: number }> {
    const { spent, reserved } = await this.#ledger.balance({ key: this.#capKey(userId), limit: {} });
    return { usd: spent.usd, reserved: reserved.usd, calls: spent.calls };
  }

  /** Per feature: what the same traffic would have cost on the cheaper models of that provider. Dearest saving first. */
  recommend(): Recommendation[] {
    const found = [...this.#traffic.values()].flatMap(({ feature, model, usd, cheaper }) =>
      [...cheaper].map(([other, cheaperUsd]) => ({ feature, model, cheaper: other, usd, cheaperUsd })),
    );
    return found.sort((a, b) => b.usd - b.cheaperUsd - (a.usd - a.cheaperUsd));
  }

  /** Resolves when all records and alerts are delivered; rejects with what delivery failed with. */
  async flush(): Promise<void> {
    await Promise.all(this.#settling);
    await this.#delivering?.catch(() => undefined);
    await this.#alerts.flush();
    while (this.#queue.length > 0 && this.#options.deliver) await this.#deliver();
  }

  /** A model of the AI SDK of which every request is metered. */
  #modelFor(who: Attribution, model: LanguageModel): object {
    const begin = async (request: Request): Promise<{ call: Metered; model: LanguageModel }> => {
      const call = await this.#begin(who, request, model.modelId);
      const other = call.model === model.modelId ? model : this.#options.models?.[call.model];
      return { call, model: (other ?? model) as LanguageModel };
    };
    const asked = (request: Request, spoken: number): Usage => ({
      inputTokens: estimateTokens([request.prompt, request.tools]),
      outputTokens: spoken,
    });
    return replaced(model, {
      doGenerate: async (request: Request) => {
        const { call, model: used } = await begin(request);
        try {
          const result = await used.doGenerate(request);
          const usage = usageOf(result);
          call.settle(usage, asked(request, usage ? 0 : saidIn(result)));
          return result;
        } catch (error) {
          call.failed();
          throw error;
        }
      },
      doStream: async (request: Request) => {
        const { call, model: used } = await begin(request);
        let result: Awaited<ReturnType<LanguageModel['doStream']>>;
        try {
          result = await used.doStream(request);
        } catch (error) {
          call.failed();
          throw error;
        }
        const speech = new Speech();
        let usage: Usage | undefined;
        const stream = followed(result.stream, {
          see: part => {
            const { delta } = part as { delta?: unknown };
            if (delta !== undefined) speech.hear(delta);
            usage = usageOf(part) ?? usage;
          },
          ended: () => call.settle(usage, asked(request, speech.tokens)),
          failed: () => call.settle(usage, asked(request, speech.tokens), true),
        });
        this.#unread.register(stream, () => call.settle(usage, asked(request, speech.tokens), true));
        return { ...result, stream };
      },
    });
  }

  /** Admits a call, and gives what settles it. */
  async #begin(who: Attribution, request: Request, name: string): Promise<Metered> {
    const run = currentRun();
    const time = this.#clock();
    const { model, hold, velocity } = await this.#admit(who, request, name);
    if (this.#options.observe !== false) {
      run.calls++;
      run.modelCalls++;
    }
    let open = true;
    const end = (used: Usage, outcome: 'ok' | 'error', estimated: boolean): void => {
      if (!open) return;
      open = false;
      const { inputTokens, outputTokens } = used;
      const tokens = inputTokens + outputTokens;
      const usd = tokens === 0 ? 0 : costOf(priceOf(this.#options.prices, model), used);
      this.#settle(hold.settle({ usd, tokens }));
      if (velocity) this.#settle(velocity.settle({ usd: 0, tokens }).then(() => this.#noteVelocity(who, 0)));
      else if (tokens > 0) this.#settle(this.#noteVelocity(who, tokens));
      if (tokens > 0) this.#noteTraffic(who.feature, model, usd, used);
      const record: MeterRecord = {
        ...who,
        id: randomUUID(),
        time,
        durationMs: Math.max(0, this.#clock() - time),
        model,
        inputTokens,
        outputTokens,
        usd,
        outcome,
        ...(model === name ? {} : { downgradedFrom: name }),
        ...(estimated ? { estimated } : {}),
      };
      this.#tell(run, record);
      this.#record(record);
    };
    return {
      model,
      settle: (usage, estimate, failed = false) => end(usage ?? estimate, failed ? 'error' : 'ok', usage === undefined),
      failed: () => end({ inputTokens: 0, outputTokens: 0 }, 'error', false),
    };
  }

  async #admit(
    who: Attribution,
    request: Request,
    name: string,
  ): Promise<{ model: string; hold: Hold; velocity: Hold | undefined }> {
    const { plans, onCap = 'block', cheaper = {}, prices, velocity: speed, maxOutputTokens } = this.#options;
    const cap = Object.hasOwn(plans, who.plan) ? plans[who.plan] : undefined;
    if (cap === undefined)
      throw new RangeError(`there is no plan ${who.plan}; there are ${Object.keys(plans).join(', ')}`);
    const account: Account = { key: this.#capKey(who.userId), limit: { usd: cap } };
    const worst = worstCostOf(prices, name, request, maxOutputTokens);
    let velocity: Hold | undefined;
    const rate = this.#rate(who);
    if (speed !== false && speed?.trip && rate) {
      const { inputTokens, outputTokens } = worstUsageOf(request, maxOutputTokens);
      const held = await this.#ledger.reserve(rate, { tokens: inputTokens + outputTokens });
      if (!isShort(held)) this.#refused.delete(`velocity ${rate.key}`);
      velocity = isShort(held) ? this.#tooFast(who, name, rate, held) : held;
    }
    let held: Hold | Shortage;
    try {
      held = await this.#ledger.reserve(account, { usd: worst, tokens: 0 });
      if (!isShort(held)) {
        this.#refused.delete(`cap ${account.key}`);
        return { model: name, hold: held, velocity };
      }
      const message = `${who.userId} reached the cap of plan ${who.plan}: $${Number((held.spent + held.reserved).toFixed(4))} of $${cap} are spent or held.`;
      const about = { userId: who.userId, guard: `meter/${who.plan}`, feature: who.feature };
      this.#alerts.send({ reason: 'cap', message, observed: held.spent, limit: cap, ...about });
      const policy = typeof onCap === 'string' ? onCap : (onCap[who.plan] ?? 'block');
      const [other] = Object.hasOwn(cheaper, name) ? [cheaper[name]!].flat() : [];
      const usable = !isLanguageModel(request.model) || other === undefined || this.#options.models?.[other];
      if (policy === 'downgrade' && other !== undefined && usable) {
        const less = await this.#ledger.reserve(account, {
          usd: worstCostOf(prices, other, request, maxOutputTokens),
          tokens: 0,
        });
        // The workflow completes on the cheaper model; what it costs is counted all the same.
        return { model: other, hold: isShort(less) ? this.#chargeOnly(account) : less, velocity };
      }
      return { model: name, hold: this.#atCap(who, name, account, cap, held, message), velocity };
    } catch (error) {
      await velocity?.release();
      throw error;
    }
  }

  /** Throws the trip; in monitoring mode records it, and the call goes on. */
  #atCap(
    who: Attribution,
    model: string,
    account: Account,
    cap: number,
    { spent, reserved }: Shortage,
    message: string,
  ): Hold {
    const all = spent + reserved;
    const trip = this.#tripOf(who, model, account, 'cap', message, cap, all, 'usd');
    if (trip.monitored) return this.#chargeOnly(account);
    throw new CapReachedError(trip, { planName: who.plan, userId: who.userId, spent: all, cap });
  }

  #tooFast(who: Attribution, model: string, rate: Account, { limit, spent, reserved, wanted }: Shortage): Hold {
    const message = `${who.userId} spends tokens too fast: ${spent + reserved} of ${limit} within the window, and ${wanted} more may come.`;
    this.#alerts.send({
      reason: 'velocity',
      message,
      observed: spent,
      limit,
      userId: who.userId,
      guard: `meter/${who.plan}`,
      feature: who.feature,
    });
    const trip = this.#tripOf(who, model, rate, 'velocity', message, limit, spent + reserved + wanted, 'tokens');
    if (trip.monitored) return this.#chargeOnly(rate);
    throw new VelocityExceededError(trip);
  }

  #chargeOnly(account: Account): Hold {
    return {
      settle: async spend => void (await this.#ledger.charge(account, spend)),
      release: () => Promise.resolve(),
    };
  }

  #capKey(userId: string): string {
    return `cap:${encodeURIComponent(userId)}:${monthOf(this.#clock())}`;
  }

  #rate(who: Attribution): Account | undefined {
    const { velocity } = this.#options;
    if (velocity === false) return undefined;
    return {
      key: `velocity:${encodeURIComponent(who.userId)}`,
      limit: { tokens: velocity?.tokens ?? 50_000 },
      windowMs: velocity?.windowMs ?? 300_000,
    };
  }

  /** Counts tokens (0: they are counted already) and alerts where they are too many. */
  async #noteVelocity(who: Attribution, tokens: number): Promise<void> {
    const rate = this.#rate(who);
    if (!rate) return;
    const balance =
      tokens > 0
        ? await this.#ledger.charge(rate, { usd: 0, tokens })
        : // Only an alert hangs on it, and the ledger tells of its failure where calls are admitted.
          await this.#ledger.balance(rate).catch(() => undefined);
    const observed = balance?.spent.tokens ?? 0;
    const limit = rate.limit.tokens!;
    if (observed <= limit) return;
    this.#alerts.send({
      reason: 'velocity',
      message: `${who.userId} used ${observed} tokens within ${(rate.windowMs ?? 0) / 1000} s; ${limit} are usual.`,
      observed,
      limit,
      userId: who.userId,
      guard: `meter/${who.plan}`,
      feature: who.feature,
    });
  }

  #noteTraffic(feature: string, model: string, usd: number, used: Usage): void {
    const { cheaper = {}, prices } = this.#options;
    if (!Object.hasOwn(cheaper, model)) return;
    const key = `${feature}\n${model}`;
    const traffic = this.#traffic.get(key) ?? { feature, model, usd: 0, cheaper: new Map<string, number>() };
    traffic.usd += usd;
    for (const other of [cheaper[model]!].flat()) {
      traffic.cheaper.set(other, (traffic.cheaper.get(other) ?? 0) + costOf(priceOf(prices, other), used));
    }
    this.#traffic.set(key, traffic);
  }

  /** Makes the trip, or gives the one that holds already; tells that the call was blocked. */
  #tripOf(
    who: Attribution,
    model: string,
    account: Account,
    reason: 'cap' | 'velocity',
    message: string,
    limit: number,
    observed: number,
    unit: 'usd' | 'tokens',
  ): Trip {
    const key = `${reason} ${account.key}`;
    const run = currentRun();
    let trip = this.#refused.get(key);
    if (!trip) {
      trip = makeTrip({
        reason,
        guard: `meter/${who.plan}`,
        message,
        evidence: { limit, observed, unit, subject: who.userId },
        run,
        time: this.#clock(),
        user: who.userId,
        feature: who.feature,
        monitored: shared.settings.monitor,
      });
      this.#refused.set(key, trip);
      if (this.#refused.size > KEPT) this.#refused.delete(this.#refused.keys().next().value!);
    }
    if (trip.monitored) return trip;
    run.tripped = true;
    if (shared.active && this.#options.observe !== false) {
      run.announce();
      const { userId: user, feature } = who;
      const name = model.slice(0, LIMITS.name);
      emit({
        kind: 'call',
        runId: run.id,
        time: this.#clock(),
        op: 'model',
        name,
        durationMs: 0,
        outcome: 'blocked',
        error: reason,
        user,
        feature,
      });
    }
    return trip;
  }

  /** Tells panels, and counts in the run. */
  #tell(
    run: Run,
    { time, durationMs, model, inputTokens, outputTokens, usd, outcome, userId, feature }: MeterRecord,
  ): void {
    if (this.#options.observe === false) return;
    run.tokens += inputTokens + outputTokens;
    run.usd += usd;
    if (!shared.active) return;
    run.announce();
    emit({
      kind: 'call',
      runId: run.id,
      time,
      op: 'model',
      name: model.slice(0, LIMITS.name),
      durationMs,
      outcome,
      user: userId,
      feature,
      ...(inputTokens > 0 ? { inputTokens } : {}),
      ...(outputTokens > 0 ? { outputTokens } : {}),
      ...(usd > 0 ? { usd } : {}),
    });
  }

  #settle(work: Promise<unknown>): void {
    this.#settling.add(work);
    void work.finally(() => this.#settling.delete(work));
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

type LanguageModel = {
  modelId: string;
  doGenerate(request: Request): PromiseLike<unknown>;
  doStream(request: Request): PromiseLike<{ stream: ReadableStream<unknown> }>;
};

const isLanguageModel = (model: unknown): model is LanguageModel =>
  typeof model === 'object' &&
  model !== null &&
  typeof (model as Partial<LanguageModel>).doGenerate === 'function' &&
  typeof (model as Partial<LanguageModel>).modelId === 'string';

/** Tokens of what an answer without usage figures says. */
const saidIn = (answer: unknown): number => {
  const { choices, output, content, text } = (answer ?? {}) as Record<string, unknown>;
  const speech = new Speech();
  speech.hear(choices ?? output ?? content ?? text);
  return speech.tokens;
};

const senderOf = (client: object | Send, request: Request): Send => {
  if (typeof client === 'function') return client as Send;
  const { chat, messages, responses } = client as {
    chat?: { completions?: { create?: Send } };
    messages?: { create?: Send };
    responses?: { create?: Send };
  };
  // A request of the Responses API has `input` where the others have `messages`.
  const order =
    request.messages === undefined
      ? [responses, chat?.completions, messages]
      : [chat?.completions, messages, responses];
  const resource = order.find(candidate => typeof candidate?.create === 'function');
  if (!resource) {
    throw new RangeError('the client has neither chat.completions.create nor messages.create nor responses.create');
  }
  return call => resource.create!(call);
};

/** Makes a meter. Throws `RangeError` for caps that cannot work, and `UnknownModelError` for a cheaper model without a price. */
export const createMeter = (options: MeterOptions): Meter => new Meter(options);
