// The messages between agents, the hub and its viewers, one union per direction. One websocket text frame = one message.
// Plain JSON; knows nothing of sockets.

import type { AgentEvent, Amounts } from './event.ts';
import type { Delta, Model } from './model.ts';
import type { Trip } from './trip.ts';

/** A run that is still open when an agent connects (again), with its totals so far. */
export type OpenRun = { runId: string; name: string; time: number; calls: number; tokens: number; usd: number };

/** Who an agent process is. `id` stays the same over reconnects of one process. */
export type AgentInfo = {
  id: string;
  pid: number;
  app: string;
  /** `javascript`, `python`, ... */
  language: string;
  /** Version of the runtime, e.g. `node 24.1.0`. */
  runtime?: string;
  /** Version of the guard library. */
  library?: string;
};

/** First message of an agent. Must arrive before the hub's hello deadline. */
export type AgentHello = {
  type: 'hello';
  version: number;
  role: 'agent';
  agent: AgentInfo;
  /** Runs that are open now. */
  runs: OpenRun[];
  /** Trips in the journal that no hub has acknowledged yet; they follow as `trips`. */
  pendingTrips: number;
};

/** A batch of telemetry. `dropped` counts all events that this process dropped so far. */
export type EventsMessage = { type: 'events'; dropped: number; events: AgentEvent[] };

/** Trips, new or replayed. The hub answers each with an `ack`. */
export type TripsMessage = { type: 'trips'; trips: Trip[] };

/** What can be asked of a running agent; needs the control capability. */
export type ControlAction =
  | { do: 'resetBreaker'; breaker: string }
  | { do: 'stopRun'; runId: string }
  | { do: 'raiseBudget'; guard: string; by: Amounts };

/** The answer to a `control`. */
export type ControlResult = { type: 'controlResult'; id: string; ok: boolean; message?: string };

/** Agent to hub. */
export type AgentMessage = AgentHello | EventsMessage | TripsMessage | ControlResult;

/** First message of a viewer. Whether it may control was decided by its token, never by what it says. */
export type ViewerHello = { type: 'hello'; version: number; role: 'viewer' };

/** A viewer asks for a control action on one agent. */
export type ControlRequest = { type: 'control'; id: string; agentId: string; action: ControlAction };

/** Viewer to hub. */
export type ViewerMessage = ViewerHello | ControlRequest;

/** The hub accepts a hello. `control`: whether control requests of this connection are honoured. */
export type Welcome = { type: 'welcome'; version: number; hub: string; control: boolean };

/** The hub has these trips: the agent may forget them. */
export type Ack = { type: 'ack'; trips: string[] };

/** The hub passes a control action on. */
export type Control = { type: 'control'; id: string; action: ControlAction };

/** Why the hub is about to close the connection. */
export type Refusal = { type: 'refused'; reason: RefusalReason; message: string };

/** Why the hub closes a connection after the upgrade. */
export const REFUSALS = ['version', 'malformed', 'helloTimeout', 'role', 'replaced', 'shutdown'] as const;

/** Why the hub closes a connection after the upgrade. */
export type RefusalReason = (typeof REFUSALS)[number];

/** Hub to agent. */
export type HubToAgent = Welcome | Ack | Control | Refusal;

/** The whole model. Sent first, and again to a viewer that fell behind. */
export type Snapshot = { type: 'snapshot'; model: Model };

/** Changes since the last message, to be folded in order. */
export type Deltas = { type: 'deltas'; deltas: Delta[] };

/** Hub to viewer. */
export type HubToViewer = Welcome | Snapshot | Deltas | ControlResult | Refusal;
