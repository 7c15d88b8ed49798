// This process as a hub sees it: who it is, what waits to be sent, and what it leaves on disk if it never could be.

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { AgentEvent } from '../protocol/event.ts';
import { LIMITS, PROTOCOL_VERSION } from '../protocol/limits.ts';
import type { AgentHello, EventsMessage, OpenRun } from '../protocol/message.ts';
import type { Trip } from '../protocol/trip.ts';
import { tailFolder } from '../tripFile.ts';
import { complain } from './complain.ts';
import type { DropOldest } from './queue.ts';
import { shared } from './shared.ts';

/** Version of this library, as it says hello. */
export const VERSION = '0.1.0';

/** What the connection to a hub needs of the channel. */
export type Outbox = {
  readonly agentId: string;
  readonly stateDir: string | undefined;
  readonly events: DropOldest<AgentEvent>;
  /** Trips of this process that no hub has acknowledged, by id. */
  readonly trips: Map<string, Trip>;
  /** Set by the connection: called when there is something new to send. */
  wake: () => void;
  /** Set by the connection: sends what waits, resolves when it is out or the time is over. */
  drain: (ms: number) => Promise<void>;
};

/** Name of the application: as configured, or the file that node runs. */
export const appName = (): string =>
  shared.settings.app ?? process.env.LOOPBOUND_APP ?? (process.argv[1] ? basename(process.argv[1]) : 'node');

/** The first message of this process. Its totals leave out what `outbox` (and `taken` from it) will still tell. */
export const helloOf = (outbox: Outbox, taken: readonly AgentEvent[] = []): AgentHello => ({
  type: 'hello',
  version: PROTOCOL_VERSION,
  role: 'agent',
  agent: {
    id: outbox.agentId,
    pid: process.pid,
    app: appName(),
    language: 'javascript',
    runtime: `node ${process.versions.node}`,
    library: VERSION,
  },
  runs: [...shared.runs.values()]
    .slice(-LIMITS.runsPerHello)
    .map(({ id, name, startedAt, calls, inFlight, tokens, usd }) => {
      const told: OpenRun = { runId: id, name, time: startedAt, calls: Math.max(0, calls - inFlight), tokens, usd };
      for (const event of taken) leaveOut(told, event);
      for (const event of outbox.events) leaveOut(told, event);
      return told;
    }),
  pendingTrips: outbox.trips.size,
});

// The hub adds a call when its event arrives; counted in the totals of the hello too, it would count twice.
const leaveOut = (run: OpenRun, event: AgentEvent): void => {
  if (event.kind !== 'call' || event.runId !== run.runId) return;
  if (event.outcome !== 'blocked') run.calls = Math.max(0, run.calls - 1);
  run.tokens = Math.max(0, run.tokens - (event.inputTokens ?? 0) - (event.outputTokens ?? 0));
  run.usd = Math.max(0, run.usd - (event.usd ?? 0));
};

/** The next batch of telemetry; undefined if nothing waits. */
export const batchOf = ({ events }: Outbox): EventsMessage | undefined =>
  events.size === 0
    ? undefined
    : { type: 'events', dropped: events.dropped, events: events.take(LIMITS.eventsPerMessage / 2) };

/** Leaves telemetry that could not be sent any more where the hub collects it. */
export const leaveTail = (outbox: Outbox): void => {
  const events = batchOf(outbox);
  if (!events || outbox.stateDir === undefined) return;
  const folder = tailFolder(outbox.stateDir);
  const path = join(folder, `${Date.now()}-${outbox.agentId}.json`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.part`, JSON.stringify({ hello: helloOf(outbox, events.events), events }), { mode: 0o600 });
    renameSync(`${path}.part`, path);
  } catch (error) {
    complain(`cannot leave telemetry: ${String(error)}`);
  }
};
