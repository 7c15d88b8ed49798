// Budgets, caps and velocity over several machines, in Redis or Valkey: reserve and settle are one script each, a crashed
// holder's reservation runs out. Works with the client that the application has (`ioredis`, `iovalkey`, `redis`); imports none.

import { createHash, randomUUID } from 'node:crypto';
import type { Shortage, Spend } from '../budget.ts';
import type { Clock } from '../clock.ts';
import type { AnyFunction } from '../options.ts';
import type { Amounts } from '../protocol/event.ts';
import { type Account, type Balance, type Hold, type Ledger, LedgerUnavailableError } from './ledger.ts';
import { NANO, NONE, SCRIPT } from './redisScript.ts';

export { FleetBudget, type FleetOptions, fleetBudget } from './fleet.ts';
export { type Account, type Balance, type Hold, type Ledger, LedgerUnavailableError } from './ledger.ts';

/** A connected client: of `ioredis` or `iovalkey` (`evalsha`), or of `redis` 4 or newer (`evalSha`); clusters too. */
export type RedisClient = { evalsha: AnyFunction; eval: AnyFunction } | { evalSha: AnyFunction; eval: AnyFunction };

/** Options of {@link redisLedger}. */
export type RedisLedgerOptions = {
  /** Begins every key. Default `loopbound`. */
  prefix?: string;
  /** After this long without a sign of life a reservation is given back. Default 60,000 ms; renewed every third of it. */
  ttlMs?: number;
  /** After this long a call that never ended (a stream that nobody reads) is no longer renewed. Default 900,000 ms. */
  maxHoldMs?: number;
  /** After this long without an answer Redis counts as gone. Default 2,000 ms. */
  timeoutMs?: number;
  /** Accounts that nobody touches are forgotten after this long. Default 90 days. */
  keepMs?: number;
  /**
   * What happens to calls while Redis is gone. `closed` (default): they are refused with `LedgerUnavailableError`. `open`:
   * they pass, and what they cost is written when Redis is back.
   */
  whenUnavailable?: 'closed' | 'open';
  /** Time. Default: the Redis server's, so that machines need not agree. */
  clock?: Clock;
};

type Operation = 'reserve' | 'renew' | 'settle' | 'release' | 'reset' | 'balance';
type Task = { account: Account; op: Operation; id: string; usd: number; tokens: number; done: () => void };
type Open = { account: Account; usd: number; tokens: number; since: number };

const UNITS = ['calls', 'usd', 'tokens'] as const;
const DAY = 86_400_000;
/** What waits to be written while Redis is gone; beyond it the oldest goes and is counted. */
const WAITING = 100_000;
const RETRY_MS = 1_000;
const SHA = createHash('sha1').update(SCRIPT).digest('hex');

/** See the file header. Made by {@link redisLedger}. */
export class RedisLedger implements Ledger {
  readonly #evaluate: (sha: boolean, keys: string[], args: string[]) => Promise<unknown>;
  readonly #options: Required<Omit<RedisLedgerOptions, 'clock'>> & { clock: Clock | undefined };
  readonly #open = new Map<string, Open>();
  #waiting: Task[] = [];
  #draining: Promise<void> | undefined;
  #heart: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** Calls that passed unreserved while Redis was gone. */
  passed = 0;
  /** Operations that were given up because Redis was gone for too long. */
  dropped = 0;

  /** Throws `RangeError` for a client or options that cannot work. */
  constructor(client: RedisClient, options: RedisLedgerOptions = {}) {
    this.#evaluate = evaluatorOf(client);
    this.#options = {
      prefix: options.prefix ?? 'loopbound',
      ttlMs: options.ttlMs ?? 60_000,
      maxHoldMs: options.maxHoldMs ?? 900_000,
      timeoutMs: options.timeoutMs ?? 2_000,
      keepMs: options.keepMs ?? 90 * DAY,
      whenUnavailable: options.whenUnavailable ?? 'closed',
      clock: options.clock,
    };
    for (const key of ['ttlMs', 'maxHoldMs', 'timeoutMs', 'keepMs'] as const) {
      const value = this.#options[key];
      if (!Number.isSafeInteger(value) || value < 1) {
        throw new RangeError(`redisLedger: ${key} must be a whole number of milliseconds, not ${value}`);
      }
    }
  }

  async reserve(account: Account, estimate: Partial<Spend> = {}): Promise<Hold | Shortage> {
    checkAccount(account);
    const id = randomUUID();
    const usd = estimate.usd === undefined ? NONE : nano(estimate.usd, 'up');
    const tokens = estimate.tokens === undefined ? NONE : Math.ceil(finite(estimate.tokens));
    let answer: number[];
    try {
      answer = await this.#ask('reserve', account, id, usd, tokens);
    } catch (cause) {
      // It may have arrived all the same, and would hold until it runs out.
      this.#later({ account, op: 'release', id, usd: 0, tokens: 0, done: () => undefined });
      if (this.#options.whenUnavailable === 'closed') throw new LedgerUnavailableError(account.key, cause);
      this.passed++;
      return this.#holdOf(account, randomUUID());
    }
    if (answer[0] === 1) {
      this.#open.set(id, { account, usd: Math.max(0, usd), tokens: Math.max(0, tokens), since: performance.now() });
      this.#beat();
      return this.#holdOf(account, id);
    }
    const unit = UNITS[answer[7]! - 1]!;
    const { spent, reserved } = balanceOf(answer);
    const wanted = unit === 'usd' ? answer[8]! / NANO : answer[8]!;
    return { unit, limit: account.limit[unit]!, spent: spent[unit], reserved: reserved[unit], wanted };
  }

  async charge(account: Account, spend: Spend): Promise<Balance | undefined> {
    checkAccount(account);
    return this.#write(account, 'settle', randomUUID(), spend);
  }

  async balance(account: Account): Promise<Balance> {
    checkAccount(account);
    try {
      return balanceOf(await this.#ask('balance', account, 'none', 0, 0));
    } catch (cause) {
      throw new LedgerUnavailableError(account.key, cause);
    }
  }

  /** Forgets what an account has spent and holds. Calls in flight count when they end. */
  async reset(account: Account): Promise<void> {
    checkAccount(account);
    try {
      await this.#ask('reset', account, 'none', 0, 0);
    } catch (cause) {
      throw new LedgerUnavailableError(account.key, cause);
    }
  }

  /** Tells Redis that the calls in flight are alive. Done by itself every third of the time to live. */
  async renew(): Promise<void> {
    const old = performance.now() - this.#options.maxHoldMs;
    await Promise.all(
      [...this.#open].map(async ([id, { account, usd, tokens, since }]) => {
        if (since < old) {
          this.#open.delete(id);
          return;
        }
        // Missed once, it is tried again at the next beat, and held anew should it have run out.
        await this.#ask('renew', account, id, usd, tokens).catch(() => undefined);
      }),
    );
    if (this.#open.size === 0) this.#rest();
  }

  /** Operations that wait until Redis is back. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Writes what waits. Rejects with `LedgerUnavailableError` if Redis is still gone. */
  async flush(): Promise<void> {
    await this.#drain();
  }

  #holdOf(account: Account, id: string): Hold {
    let ended: Promise<void> | undefined;
    const end = (op: 'settle' | 'release', spend: Spend): Promise<void> => {
      ended ??= (async () => {
        this.#open.delete(id);
        if (this.#open.size === 0) this.#rest();
        await this.#write(account, op, id, spend);
      })();
      return ended;
    };
    return { settle: spend => end('settle', spend), release: () => end('release', { usd: 0, tokens: 0 }) };
  }

  /** Writes now, or keeps it until Redis is back. */
  async #write(account: Account, op: 'settle' | 'release', id: string, spend: Spend): Promise<Balance | undefined> {
    const usd = nano(spend.usd, 'nearest');
    const tokens = Math.round(finite(spend.tokens));
    try {
      return balanceOf(await this.#ask(op, account, id, usd, tokens));
    } catch {
      this.#later({ account, op, id, usd, tokens, done: () => undefined });
      return undefined;
    }
  }

  #later(task: Task): void {
    this.#waiting.push(task);
    if (this.#waiting.length > WAITING) {
      this.#waiting.shift();
      this.dropped++;
    }
    this.#retry ??= setInterval(() => void this.#drain().catch(() => undefined), RETRY_MS).unref();
  }

  #drain(): Promise<void> {
    this.#draining ??= this.#drainAll().finally(() => {
      this.#draining = undefined;
    });
    return this.#draining;
  }

  async #drainAll(): Promise<void> {
    for (let task = this.#waiting[0]; task; task = this.#waiting[0]) {
      const { account, op, id, usd, tokens } = task;
      try {
        await this.#ask(op, account, id, usd, tokens);
      } catch (cause) {
        throw new LedgerUnavailableError(account.key, cause);
      }
      // Another task may have been dropped meanwhile; this one is done.
      const at = this.#waiting.indexOf(task);
      if (at >= 0) this.#waiting.splice(at, 1);
    }
    clearInterval(this.#retry);
    this.#retry = undefined;
  }

  #beat(): void {
    this.#heart ??= setInterval(() => void this.renew(), Math.max(1, Math.floor(this.#options.ttlMs / 3))).unref();
  }

  #rest(): void {
    clearInterval(this.#heart);
    this.#heart = undefined;
  }

  async #ask(op: Operation, account: Account, id: string, usd: number, tokens: number): Promise<number[]> {
    const { prefix, ttlMs, keepMs, clock, timeoutMs } = this.#options;
    const base = `${prefix}:{${account.key}}`;
    const keys = [base, `${base}:holds`, `${base}:window`];
    const { limit, windowMs = 0 } = account;
    const args = [
      op,
      id,
      clock ? Math.floor(clock()) : NONE,
      ttlMs,
      windowMs,
      Math.max(keepMs, 2 * windowMs),
      usd,
      tokens,
      limit.calls ?? NONE,
      limit.usd === undefined ? NONE : nano(limit.usd, 'nearest'),
      limit.tokens ?? NONE,
    ].map(String);
    const answer = await within(timeoutMs, async () => {
      try {
        return await this.#evaluate(true, keys, args);
      } catch (error) {
        if (!/NOSCRIPT/.test(String((error as Error)?.message))) throw error;
        return this.#evaluate(false, keys, args);
      }
    });
    if (!Array.isArray(answer)) throw new Error(`Redis answered ${String(answer)}`);
    return answer.map(Number);
  }
}

/** Keeps accounts in Redis or Valkey. The client stays the caller's to connect, to listen for its errors and to close. */
export const redisLedger = (client: RedisClient, options: RedisLedgerOptions = {}): RedisLedger =>
  new RedisLedger(client, options);

const evaluatorOf = (client: RedisClient): ((sha: boolean, keys: string[], args: string[]) => Promise<unknown>) => {
  // Both have eval(); what they take differs, and only evalSha against evalsha tells them apart.
  if ('evalSha' in client && typeof client.evalSha === 'function') {
    const { evalSha, eval: evaluate } = client as unknown as Record<
      'evalSha' | 'eval',
      (script: string, options: { keys: string[]; arguments: string[] }) => Promise<unknown>
    >;
    return (sha, keys, args) => (sha ? evalSha : evaluate).call(client, sha ? SHA : SCRIPT, { keys, arguments: args });
  }
  if ('evalsha' in client && typeof client.evalsha === 'function') {
    const { evalsha, eval: evaluate } = client as unknown as Record<
      'evalsha' | 'eval',
      (script: string, keys: number, ...rest: string[]) => Promise<unknown>
    >;
    return (sha, keys, args) =>
      (sha ? evalsha : evaluate).call(client, sha ? SHA : SCRIPT, keys.length, ...keys, ...args);
  }
  throw new RangeError(
    'redisLedger needs a client of ioredis, iovalkey or redis: this one has neither evalsha nor evalSha',
  );
};

const within = async <T>(ms: number, work: () => Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    // One more turn of the loop: where the process itself was busy, the answer may be there already.
    timer = setTimeout(() => setImmediate(() => reject(new Error(`no answer within ${ms} ms`))), ms);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
};

const checkAccount = ({ key, limit, windowMs }: Account): void => {
  if (key === '' || /[{}]/.test(key))
    throw new RangeError(`an account's key must have characters, and no braces: "${key}"`);
  for (const unit of UNITS) {
    const value = limit[unit];
    const most = unit === 'usd' ? Number.MAX_SAFE_INTEGER / NANO : Number.MAX_SAFE_INTEGER;
    if (value !== undefined && !(value >= 0 && value <= most)) {
      throw new RangeError(`the limit of ${unit} of ${key} must be from 0 to ${most}, not ${value}`);
    }
  }
  if (windowMs !== undefined && !(windowMs >= 60))
    throw new RangeError(`the window of ${key} must not be ${windowMs} ms`);
};

const finite = (value: number): number => (Number.isFinite(value) && value > 0 ? value : 0);

const nano = (usd: number, rounded: 'up' | 'nearest'): number => {
  const amount = finite(usd) * NANO;
  // Without the slack 0.1 + 0.2 would be rounded up to a billionth more than 0.3.
  return rounded === 'up' ? Math.ceil(amount - 1e-3) : Math.round(amount);
};

const balanceOf = ([, usd = 0, tokens = 0, calls = 0, heldUsd = 0, heldTokens = 0, heldCalls = 0]: number[]): {
  spent: Required<Amounts>;
  reserved: Required<Amounts>;
} => ({
  spent: { usd: usd / NANO, tokens, calls },
  reserved: { usd: heldUsd / NANO, tokens: heldTokens, calls: heldCalls },
});
