// Alerts by e-mail, through `nodemailer`, which the application installs beside this package; loaded with the first alert.

import { type Alert, type AlertSink, textOf } from './alerts.ts';

/** What is used of a transporter of nodemailer. */
export type Mailer = {
  sendMail(mail: { from: string; to: string; subject: string; text: string }): Promise<unknown>;
  close?(): void;
};

/** Where alerts are sent to. */
export type MailOptions = {
  /** An SMTP server: a url (`smtps://user:password@mail.example.com`), nodemailer's options, or its transporter. */
  transport: string | Record<string, unknown> | Mailer;
  from: string;
  to: string | readonly string[];
};

type Nodemailer = { createTransport(options: unknown): Mailer };

/** Sends alerts by e-mail. Fails where nodemailer is not installed, and with what the server says. */
export const mail = ({ transport, from, to }: MailOptions): AlertSink => {
  const receivers = typeof to === 'string' ? to : to.join(', ');
  return async (alert, signal) => {
    const mailer = isMailer(transport) ? transport : await open(transport);
    // A connection of its own for each alert: there are few, and a hanging one is closed with it.
    const close = () => mailer.close?.();
    if (mailer !== transport) signal.addEventListener('abort', close);
    try {
      await mailer.sendMail({ from, to: receivers, subject: subjectOf(alert), text: bodyOf(alert) });
    } finally {
      signal.removeEventListener('abort', close);
      if (mailer !== transport) close();
    }
  };
};

const isMailer = (transport: MailOptions['transport']): transport is Mailer =>
  typeof transport === 'object' && typeof (transport as Partial<Mailer>).sendMail === 'function';

const open = async (transport: string | Record<string, unknown>): Promise<Mailer> => {
  let nodemailer: Nodemailer;
  try {
    const loaded = (await import('nodemailer')) as unknown as Nodemailer & { default?: Nodemailer };
    nodemailer = loaded.default ?? loaded;
  } catch (error) {
    throw new Error('alerts by e-mail need the package nodemailer: npm install nodemailer', { cause: error });
  }
  // Without limits of its own a silent server would keep the connection for minutes.
  const patience = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000 };
  return nodemailer.createTransport(
    typeof transport === 'string' ? { url: transport, ...patience } : { ...patience, ...transport },
  );
};

const subjectOf = ({ reason, userId }: Alert): string =>
  `Loopbound: ${reason}${userId ? ` of ${userId}` : ''}`.replace(/[\r\n]+/g, ' ').slice(0, 200);

const bodyOf = (alert: Alert): string => {
  const { time, guard, userId, feature, observed, limit } = alert;
  const rows = { guard, user: userId || undefined, feature, observed, limit, time: new Date(time).toISOString() };
  const lines = Object.entries(rows).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return `${textOf(alert)}\n\n${lines.join('\n')}\n`;
};
