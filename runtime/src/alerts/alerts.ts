// Alerts: something worth a person's attention, sent to sinks. The same for the same user at most once in a while. A sink
// that fails or hangs is told on stderr, given up after a time, and never harms the call that caused the alert.

import type { Clock } from '../clock.ts';
import { emit } from '../emit/channel.ts';
import { complain } from '../emit/complain.ts';
import { shared } from '../emit/shared.ts';
import { currentRun, type TripReason } from '../index.ts';

/** Something worth a person's attention. */
export type Alert = {
  reason: TripReason;
  /** Empty where nobody is known. */
  userId: string;
  message: string;
  /** Milliseconds since the epoch. */
  time: number;
  /** Label of the guard or meter. */
  guard: string;
  observed?: number;
  limit?: number;
  feature?: string;
  /** The same for the same user, held back since the last one that was sent. */
  heldBack: number;
};

/** Takes an alert; `signal` is aborted when it takes too long. May fail. */
export type AlertSink = (alert: Alert, signal: AbortSignal) => unknown;

/** Calls back after some milliseconds, unless what it gives is called before. */
export type Timer = (work: () => void, ms: number) => () => void;

/** How alerts are sent. */
export type AlertOptions = {
  sinks: readonly AlertSink[];
  /** The same alert for the same user at most once in this time. Default 300,000 ms. */
  everyMs?: number;
  /** After this long a sink is given up. Default 5,000 ms. */
  timeoutMs?: number;
  clock?: Clock;
  /** Default: the machine's timers, which keep no process alive. */
  timer?: Timer;
};

/** Posts alerts as `{ text }`, as Slack and its kin take them, with the alert itself beside it. Fails on any answer but 2xx. */
export const webhook =
  (url: string, headers: Readonly<Record<string, string>> = {}): AlertSink =>
  async (alert, signal) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ text: textOf(alert), alert }),
      signal,
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
  };

/** Shows alerts in the panel, as warnings of the run. */
export const panel = (): AlertSink => alert => {
  if (!shared.active) return;
  const run = currentRun();
  run.announce();
  const { reason, guard, message, time } = alert;
  emit({ kind: 'warning', runId: run.id, time, reason, guard, message });
};

/** An alert in one or two sentences. */
export const textOf = ({ message, heldBack }: Alert): string =>
  `Loopbound: ${message}${heldBack > 0 ? ` (${heldBack} more like it since the last alert)` : ''}`;

/** Sinks under way at most: where all of them hang, further alerts are lost and counted. */
const UNDER_WAY = 100;
const KEYS = 10_000;

const machineTimer: Timer = (work, ms) => {
  const timer = setTimeout(work, ms).unref();
  return () => clearTimeout(timer);
};

/** Sends alerts. See the file header. */
export class Alerts {
  readonly #options: Required<AlertOptions>;
  readonly #told = new Map<string, { at: number; heldBack: number }>();
  readonly #pending = new Set<Promise<void>>();
  /** Alerts that a sink did not take: it failed, took too long, or too many were under way. */
  failed = 0;

  /** Throws `RangeError` for times that cannot be. */
  constructor({ sinks, everyMs = 300_000, timeoutMs = 5_000, clock = Date.now, timer = machineTimer }: AlertOptions) {
    for (const [name, ms] of Object.entries({ everyMs, timeoutMs })) {
      if (!(ms >= 0)) throw new RangeError(`alerts: ${name} must not be ${ms}`);
    }
    this.#options = { sinks, everyMs, timeoutMs, clock, timer };
  }

  /** Sends an alert unless the same was sent just now. Never throws. */
  send(alert: Omit<Alert, 'time' | 'heldBack'>): void {
    const { sinks, everyMs, clock } = this.#options;
    const time = clock();
    const key = `${alert.reason}\n${alert.userId}\n${alert.guard}`;
    const last = this.#told.get(key);
    if (last && time - last.at < everyMs) {
      last.heldBack++;
      return;
    }
    this.#told.delete(key);
    this.#told.set(key, { at: time, heldBack: 0 });
    if (this.#told.size > KEYS) this.#told.delete(this.#told.keys().next().value!);
    for (const sink of sinks) this.#give(sink, { ...alert, time, heldBack: last?.heldBack ?? 0 });
  }

  /** Resolves when every sink has answered, failed or been given up. */
  async flush(): Promise<void> {
    await Promise.all(this.#pending);
  }

  #give(sink: AlertSink, alert: Alert): void {
    if (this.#pending.size >= UNDER_WAY) {
      this.failed++;
      complain(`an alert was not sent: ${UNDER_WAY} are under way`);
      return;
    }
    const { timer, timeoutMs } = this.#options;
    const control = new AbortController();
    const late = new Promise<never>((_, reject) => {
      control.signal.addEventListener('abort', () => reject(control.signal.reason));
    });
    const cancel = timer(() => control.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const given = (async () => sink(alert, control.signal))();
    const sent = Promise.race([given, late]).then(
      () => cancel(),
      (error: unknown) => {
        cancel();
        this.failed++;
        complain(`an alert was not sent: ${error instanceof Error ? error.message : String(error)}`);
      },
    );
    // What comes after it was given up interests nobody.
    given.catch(() => undefined);
    late.catch(() => undefined);
    this.#pending.add(sent);
    void sent.then(() => this.#pending.delete(sent));
  }
}
