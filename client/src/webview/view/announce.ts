// Tells screen readers of trips: politely, at most once in five seconds, several trips in one sentence.

import type { Trip } from '../../../../runtime/src/protocol/index.ts';
import { h } from './dom.ts';
import { reasonTitle } from './reasons.ts';
import { t } from './text.ts';

const SPACING_MS = 5_000;

/** The live region, and the function that is told of each new trip. */
export const announcer = (): { element: HTMLElement; announce(trips: readonly Trip[]): void } => {
  const element = h('div', { class: 'only-read', role: 'status', 'aria-live': 'polite', 'aria-atomic': 'true' });
  let waiting: Trip[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const speak = (): void => {
    timer = undefined;
    const last = waiting.at(-1);
    if (!last) return;
    const what = t('{0} in run {1}', reasonTitle(last), last.run);
    element.textContent = waiting.length === 1 ? what : t('{0} trips, the last: {1}', waiting.length, what);
    waiting = [];
    timer = setTimeout(speak, SPACING_MS);
  };
  return {
    element,
    announce(trips) {
      if (trips.length === 0) return;
      waiting = [...waiting, ...trips].slice(-99);
      if (timer === undefined) speak();
    },
  };
};
