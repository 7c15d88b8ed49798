// A circuit breaker: CLOSED lets through, OPEN rejects until its cooldown is over, HALF_OPEN lets a few probes through.
// Probes have a deadline, and results of an older epoch count nowhere. Pure state and a clock; no timers.

import type { Clock } from './clock.ts';
import type { BreakerState } from './protocol/event.ts';

/** Options of a breaker. */
export type BreakerOptions = {
  /** First cooldown in milliseconds. Default 60,000. */
  cooldownMs?: number;
  /** Factor between two cooldowns. Default 2. */
  base?: number;
  /** Longest cooldown in milliseconds. Default 900,000. */
  maxCooldownMs?: number;
  /** Part of a cooldown that chance takes off, 0 to 1. Default 0.1, so that many processes do not come back at once. */
  jitter?: number;
  /** Probes at once in HALF_OPEN. Default 2. */
  probes?: number;
  /** How long a probe may take before it counts as failed, in milliseconds. Default 120,000. */
  probeDeadlineMs?: number;
  /** Failures in a row that open a closed breaker. Default 0: only trips open it. */
  failures?: number;
  /** A saved state to start with: what {@link Breaker.snapshot} gave, in another process perhaps. */
  initial?: BreakerSnapshot;
  /** 0 to below 1. Default `Math.random`. */
  random?: () => number;
  /** Called on every change of state. */
  onChange?: (view: BreakerSnapshot) => void;
};

/** What a breaker says about itself; can be saved and restored. */
export type BreakerSnapshot = {
  state: BreakerState;
  /** Trips in a row without a success between them. */
  trips: number;
  /** When the next probe is let through, milliseconds since the epoch; 0 if closed. */
  retryAt: number;
  /** Why it opened last. */
  reason: string | undefined;
};

/** A call that was let through. Report exactly one outcome; `release` if the call did not happen. */
export type Pass = { readonly rejected?: never; success(): void; failure(reason?: string): void; release(): void };

/** A call that was rejected, and when to try again (milliseconds since the epoch). */
export type Rejection = { rejected: true; retryAt: number; reason: string | undefined };

type State =
  | { is: 'closed' }
  | { is: 'open'; until: number }
  | { is: 'halfOpen'; probes: Set<{ deadline: number }>; probed: boolean };

/** See {@link BreakerOptions}. */
export class Breaker {
  readonly #options: Required<Omit<BreakerOptions, 'onChange' | 'initial'>> & Pick<BreakerOptions, 'onChange'>;
  readonly #clock: Clock;
  #state: State = { is: 'closed' };
  #trips = 0;
  #failures = 0;
  #epoch = 0;
  #pass: (Pass & { epoch: number }) | undefined;
  #reason: string | undefined;

  /** Throws `RangeError` for options that cannot work. */
  constructor(options: BreakerOptions, clock: Clock) {
    const all = {
      cooldownMs: options.cooldownMs ?? 60_000,
      base: options.base ?? 2,
      maxCooldownMs: options.maxCooldownMs ?? 900_000,
      jitter: options.jitter ?? 0.1,
      probes: options.probes ?? 2,
      probeDeadlineMs: options.probeDeadlineMs ?? 120_000,
      failures: options.failures ?? 0,
      random: options.random ?? Math.random,
      onChange: options.onChange,
    };
    const check = (name: keyof typeof all, is: boolean, expected: string): void => {
      if (!is) throw new RangeError(`breaker.${name} must be ${expected}, not ${String(all[name])}`);
    };
    check('cooldownMs', all.cooldownMs > 0, 'positive');
    check('base', all.base >= 1, 'at least 1');
    check('maxCooldownMs', all.maxCooldownMs >= all.cooldownMs, 'at least cooldownMs');
    check('jitter', all.jitter >= 0 && all.jitter <= 1, 'between 0 and 1');
    check('probes', Number.isSafeInteger(all.probes) && all.probes >= 1, 'a whole number of at least 1');
    check('probeDeadlineMs', all.probeDeadlineMs > 0, 'positive');
    check('failures', Number.isSafeInteger(all.failures) && all.failures >= 0, 'a whole number of at least 0');
    this.#options = all;
    this.#clock = clock;
    if (options.initial) this.restore(options.initial);
  }

  /** Lets a call through or rejects it. */
  admit(): Pass | Rejection {
    if (this.#state.is === 'closed') return this.#options.failures === 0 ? CLOSED_PASS : this.#closedPass();
    const now = this.#clock();
    if (this.#state.is === 'open') {
      if (now < this.#state.until) return { rejected: true, retryAt: this.#state.until, reason: this.#reason };
      this.#epoch++;
      this.#state = { is: 'halfOpen', probes: new Set(), probed: false };
      this.#changed();
    }
    const half = this.#state;
    if (half.is !== 'halfOpen') return CLOSED_PASS;
    for (const probe of half.probes) {
      if (probe.deadline > now) continue;
      this.trip('a probe did not end in time');
      return { rejected: true, retryAt: this.snapshot().retryAt, reason: this.#reason };
    }
    if (half.probes.size >= this.#options.probes) {
      let soonest = Number.POSITIVE_INFINITY;
      for (const probe of half.probes) soonest = Math.min(soonest, probe.deadline);
      return { rejected: true, retryAt: soonest, reason: this.#reason };
    }
    const probe = { deadline: now + this.#options.probeDeadlineMs };
    half.probes.add(probe);
    const epoch = this.#epoch;
    return {
      success: () => {
        if (epoch !== this.#epoch) return;
        half.probes.delete(probe);
        this.#close();
      },
      failure: reason => {
        if (epoch !== this.#epoch) return;
        half.probes.delete(probe);
        this.trip(reason ?? this.#reason);
      },
      release: () => {
        half.probes.delete(probe);
      },
    };
  }

  /** Opens it. The cooldown grows with every trip in a row. While open already: changes nothing. */
  trip(reason?: string): void {
    if (this.#state.is === 'open') return;
    const { cooldownMs, base, maxCooldownMs, jitter, random } = this.#options;
    this.#trips++;
    this.#epoch++;
    this.#failures = 0;
    this.#reason = reason;
    const cooldown = Math.min(maxCooldownMs, cooldownMs * base ** (this.#trips - 1));
    this.#state = { is: 'open', until: this.#clock() + cooldown * (1 - jitter * random()) };
    this.#changed();
  }

  /** Closes it and restores the configured cooldown. */
  reset(): void {
    const was = this.#state.is;
    this.#epoch++;
    this.#trips = 0;
    this.#failures = 0;
    this.#reason = undefined;
    this.#state = { is: 'closed' };
    if (was !== 'closed') this.#changed();
  }

  /** Its state now. */
  snapshot(): BreakerSnapshot {
    return {
      state: this.#state.is,
      trips: this.#trips,
      retryAt: this.#state.is === 'open' ? this.#state.until : 0,
      reason: this.#reason,
    };
  }

  /** Takes a saved state up again. HALF_OPEN becomes OPEN and due: its probes are gone with their process. */
  restore(saved: BreakerSnapshot): void {
    this.#epoch++;
    this.#trips = saved.trips;
    this.#reason = saved.reason;
    this.#state = saved.state === 'closed' ? { is: 'closed' } : { is: 'open', until: saved.retryAt };
  }

  /** One for all calls of an epoch. */
  #closedPass(): Pass {
    const epoch = this.#epoch;
    if (this.#pass?.epoch === epoch) return this.#pass;
    this.#pass = {
      epoch,
      success: () => {
        if (epoch === this.#epoch) this.#failures = 0;
      },
      failure: reason => {
        if (epoch === this.#epoch && ++this.#failures >= this.#options.failures) this.trip(reason);
      },
      release: () => undefined,
    };
    return this.#pass;
  }

  #close(): void {
    this.#epoch++;
    this.#trips = 0;
    this.#failures = 0;
    this.#reason = undefined;
    this.#state = { is: 'closed' };
    this.#changed();
  }

  #changed(): void {
    this.#options.onChange?.(this.snapshot());
  }
}

const CLOSED_PASS: Pass = { success: () => undefined, failure: () => undefined, release: () => undefined };
