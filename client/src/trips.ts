// Trips as news: which are new in this session, which the user has not seen yet, and one notification per run at most.
// Trips of earlier sessions, which the hub brings along, are never news.

import { type Disposable, EventEmitter, l10n, window } from 'vscode';
import type { Model, Trip } from '../../runtime/src/protocol/index.ts';
import type { HubHost } from './hub.ts';
import { setting } from './settings.ts';

/** Trips of this session. */
export type TripNews = Disposable & {
  readonly onDidTrip: EventEmitter<readonly Trip[]>['event'];
  readonly onDidChangeCounts: EventEmitter<void>['event'];
  /** Trips of this session, and those of them that were not looked at. */
  counts(): { total: number; unseen: number };
  /** The user looks at the panel. */
  seen(): void;
};

/** Picks the new trips out of successive models. Runs notified of are remembered, a bounded number of them. */
export const tripNews = (hub: HubHost, now: () => number = Date.now): TripNews => {
  const began = now();
  const news = new EventEmitter<readonly Trip[]>();
  const changes = new EventEmitter<void>();
  let last: Model['trips'] = hub.model().trips;
  let total = 0;
  let unseen = 0;

  const follow = hub.onDidChangeModel(({ trips }) => {
    if (trips === last) return;
    const before = last.at(-1);
    const fresh = trips
      .slice(before ? trips.findLastIndex(trip => trip.id === before.id) + 1 : 0)
      .filter(trip => trip.time >= began);
    if (trips.length === 0) {
      total = 0;
      unseen = 0;
    }
    last = trips;
    total += fresh.length;
    unseen += fresh.length;
    changes.fire();
    if (fresh.length > 0) news.fire(fresh);
  });

  return {
    onDidTrip: news.event,
    onDidChangeCounts: changes.event,
    counts: () => ({ total, unseen }),
    seen() {
      if (unseen === 0) return;
      unseen = 0;
      changes.fire();
    },
    dispose() {
      follow.dispose();
      news.dispose();
      changes.dispose();
    },
  };
};

const REMEMBERED_RUNS = 500;

/** Notifies of the first trip of each run while the panel is hidden. */
export const notifyOfTrips = (
  news: TripNews,
  panelIsVisible: () => boolean,
  show: (trip: Trip) => void,
): Disposable => {
  const told = new Set<string>();
  return news.onDidTrip(trips => {
    for (const trip of trips) {
      if (told.has(trip.runId)) continue;
      told.add(trip.runId);
      for (const oldest of told) {
        if (told.size <= REMEMBERED_RUNS) break;
        told.delete(oldest);
      }
      if (panelIsVisible() || setting('panel.notify') === 'never') continue;
      const look = l10n.t('Show Trip');
      void window
        .showWarningMessage(l10n.t('Loopbound stopped "{0}": {1}', trip.run, trip.message), look)
        .then(chosen => {
          if (chosen === look) show(trip);
        });
    }
  });
};
