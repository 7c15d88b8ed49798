// Trips where a debugger is attached: a stop that a trip is behind says so, and with `loopbound.debug.pauseOnTrip` the
// process is paused as soon as its trip arrives. Which session a trip belongs to is told by the process.

import { type DebugSession, type Disposable, debug, l10n } from 'vscode';
import type { Trip } from '../../runtime/src/protocol/index.ts';
import { log } from './log.ts';
import { setting } from './settings.ts';
import { type AdapterMessage, session as makeSession, type Session } from './stops.ts';
import type { TripNews } from './trips.ts';

/** Debug types whose processes can be agents. */
const TYPES = ['node', 'pwa-node', 'node-terminal', 'debugpy', 'python'] as const;

/** Follows debug sessions. */
export const tripsInDebugger = (news: TripNews): Disposable[] => {
  const sessions = new Map<DebugSession, Session>();
  const say = (reason: string): string => l10n.t('Paused on Loopbound trip: {0}', reason);

  const factory = {
    createDebugAdapterTracker(debugSession: DebugSession) {
      const known = makeSession(say);
      sessions.set(debugSession, known);
      return {
        onDidSendMessage: (message: AdapterMessage) => known.observe(message),
        onWillStopSession: () => void sessions.delete(debugSession),
        onExit: () => void sessions.delete(debugSession),
      };
    },
  };

  const pause = async (trip: Trip): Promise<void> => {
    const found = sessionOf(sessions, trip.pid);
    const threadId = found?.[1].thread();
    if (!found || threadId === undefined) return;
    found[1].expect(trip);
    await found[0].customRequest('pause', { threadId });
  };

  return [
    ...TYPES.map(type => debug.registerDebugAdapterTrackerFactory(type, factory)),
    news.onDidTrip(trips => {
      const [first] = trips;
      if (!first || !setting('debug.pauseOnTrip')) return;
      pause(first).catch(error => log().warn('could not pause on a trip', error));
    }),
  ];
};

/** The session of a process; where sessions do not say what they debug, the only one that could be it. */
const sessionOf = (sessions: ReadonlyMap<DebugSession, Session>, pid: number): [DebugSession, Session] | undefined => {
  const all = [...sessions].filter(([, known]) => known.thread() !== undefined);
  const sure = all.find(([, known]) => known.debugs(pid));
  if (sure) return sure;
  const open = all.filter(([, known]) => known.debugs(pid) === undefined);
  return open.length === 1 ? open[0] : undefined;
};
