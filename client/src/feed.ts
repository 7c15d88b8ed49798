// Feeds one view with the model: only while it is visible, at most ten times a second, only what changed.
// Remembers nothing but the model that was sent last, so a fast agent cannot pile anything up here.

import type { Model } from '../../runtime/src/protocol/index.ts';
import type { Patch } from './webview/view/messages.ts';
import { diff } from './webview/view/patch.ts';

/** Least milliseconds between two patches. */
export const SPACING_MS = 100;

/** Timers, so that tests can hold the clock. */
export type Timers = { now(): number; after(ms: number, run: () => void): () => void };

const realTimers: Timers = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** A feed of one view. */
export type Feed = {
  /** The model changed. */
  changed(): void;
  /** The view is there with nothing in it: it gets everything. */
  rehydrate(): void;
  /** The view was shown or hidden. */
  visible(visible: boolean): void;
  dispose(): void;
};

/** `send` gets each patch; `model` gives the model as it is now. */
export const feed = (model: () => Model, send: (patch: Patch) => void, timers: Timers = realTimers): Feed => {
  let sent: Model | undefined;
  let last = Number.NEGATIVE_INFINITY;
  let cancel: (() => void) | undefined;
  let shown = false;

  const flush = (): void => {
    cancel = undefined;
    const current = model();
    if (!shown || current === sent) return;
    const patch = diff(sent, current);
    sent = current;
    last = timers.now();
    send(patch);
  };
  const schedule = (): void => {
    if (!shown || cancel) return;
    const wait = last + SPACING_MS - timers.now();
    if (wait <= 0) flush();
    else cancel = timers.after(wait, flush);
  };

  return {
    changed: schedule,
    rehydrate() {
      sent = undefined;
      last = Number.NEGATIVE_INFINITY;
      cancel?.();
      cancel = undefined;
      schedule();
    },
    visible(visible) {
      shown = visible;
      if (visible) schedule();
      else {
        cancel?.();
        cancel = undefined;
      }
    },
    dispose() {
      shown = false;
      cancel?.();
    },
  };
};
