// Alert sinks: a webhook in Slack's shape, a callback. A failing or hanging sink never harms the call that caused it.

/** Something worth a person's attention. */
export type Alert = {
  reason: 'velocity' | 'cap';
  userId: string;
  message: string;
  time: number;
  observed: number;
  limit: number;
};

/** Takes an alert. May fail. */
export type AlertSink = (alert: Alert) => void | Promise<void>;

/** Posts alerts as `{ text }`, as Slack and its kin take them; gives up after `timeoutMs`. */
export const webhook =
  (url: string, timeoutMs = 5_000): AlertSink =>
  async alert => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: `Loopbound: ${alert.message}`, alert }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
  };

/** Sends alerts to sinks, each user and reason at most once in `everyMs`. */
export class Alerts {
  readonly #sinks: readonly AlertSink[];
  readonly #everyMs: number;
  readonly #last = new Map<string, number>();
  readonly #pending = new Set<Promise<void>>();
  /** Sinks that failed so far. */
  failed = 0;

  constructor(sinks: readonly AlertSink[], everyMs: number) {
    this.#sinks = sinks;
    this.#everyMs = everyMs;
  }

  send(alert: Alert): void {
    const key = `${alert.reason}\n${alert.userId}`;
    const last = this.#last.get(key);
    if (last !== undefined && alert.time - last < this.#everyMs) return;
    this.#last.delete(key);
    this.#last.set(key, alert.time);
    if (this.#last.size > 10_000) this.#last.delete(this.#last.keys().next().value!);
    for (const sink of this.#sinks) {
      const sent = (async () => sink(alert))().catch(() => {
        this.failed++;
      });
      this.#pending.add(sent);
      void sent.then(() => this.#pending.delete(sent));
    }
  }

  /** Resolves when every sink has answered or failed. */
  async flush(): Promise<void> {
    await Promise.all(this.#pending);
  }
}
