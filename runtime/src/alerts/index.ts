// Alerts for people: webhook, e-mail, panel, callback. A meter takes sinks; alertOnTrips() tells of every trip of this process.

import { basename, relative } from 'node:path';
import { listen } from '../index.ts';
import { type AlertOptions, Alerts } from './alerts.ts';

export { type Alert, type AlertOptions, type AlertSink, Alerts, panel, type Timer, textOf, webhook } from './alerts.ts';
export { type Mailer, type MailOptions, mail } from './mail.ts';

/** Alerts of a process. */
export type TripAlerts = {
  /** Sends no more. */
  stop(): void;
  /** Resolves when every sink has answered, failed or been given up. */
  flush(): Promise<void>;
  /** Alerts that a sink did not take. */
  readonly failed: number;
};

/** Sends every trip of this process to the sinks, recorded ones (monitoring mode) included. Throws `RangeError` for odd times. */
export const alertOnTrips = (options: AlertOptions): TripAlerts => {
  const alerts = new Alerts(options);
  const stop = listen({
    onTrip: ({ reason, user, feature, guard, message, evidence, place, monitored }) =>
      alerts.send({
        reason,
        userId: user ?? '',
        guard,
        message: `${message}${monitored ? ' It was recorded, not stopped.' : ''}${place ? ` (${shown(place.file)}:${place.line})` : ''}`,
        ...(feature === undefined ? {} : { feature }),
        ...(evidence.observed === undefined ? {} : { observed: evidence.observed }),
        ...(evidence.limit === undefined ? {} : { limit: evidence.limit }),
      }),
  });
  return {
    stop,
    flush: () => alerts.flush(),
    get failed() {
      return alerts.failed;
    },
  };
};

/** Paths above the folder of the process are nobody's business elsewhere. */
const shown = (file: string): string => {
  const path = relative(process.cwd(), file);
  return path.startsWith('..') ? basename(file) : path;
};
