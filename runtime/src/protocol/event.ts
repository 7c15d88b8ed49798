// Telemetry of a run: what agents tell the hub in batches. Events may be dropped (oldest first, counted); trips may not.
// Plain JSON; knows nothing of transport.

import type { TripReason } from './trip.ts';

/** What an operation is. */
export const OPERATIONS = ['model', 'tool', 'step', 'other'] as const;

/** What an operation is: a request to a model, a tool, a step of a flow, or anything else that is guarded. */
export type Operation = (typeof OPERATIONS)[number];

/** How a guarded call ended. `blocked`: the guard stopped it before it ran. */
export type Outcome = 'ok' | 'error' | 'blocked';

/** State of a breaker. */
export type BreakerState = 'closed' | 'open' | 'halfOpen';

/** How a run ended. */
export type RunStatus = 'ok' | 'tripped' | 'error';

/** Amounts of a budget. Absent means not limited or not counted. */
export type Amounts = { usd?: number; tokens?: number; calls?: number };

type Common = {
  runId: string;
  /** Milliseconds since the epoch. */
  time: number;
};

/** A run began. */
export type RunStarted = Common & { kind: 'runStarted'; name: string; user?: string; feature?: string; plan?: string };

/** A run ended. `error` is the name and message of what it threw, cut. */
export type RunEnded = Common & { kind: 'runEnded'; status: RunStatus; error?: string };

/** A guarded call ended (or was blocked). */
export type CallEvent = Common & {
  kind: 'call';
  op: Operation;
  /** Tool, model or step name. */
  name: string;
  /** Keyed digest of the canonical arguments. */
  digest?: string;
  /** Characters of the canonical arguments. */
  length?: number;
  /** Keyed digest of the volatile-stripped result; only where runs are recorded. */
  resultDigest?: string;
  inputTokens?: number;
  outputTokens?: number;
  usd?: number;
  durationMs: number;
  outcome: Outcome;
  /** Name of the error (`TypeError`, `429 rate_limit`), never its message. */
  error?: string;
  user?: string;
  feature?: string;
};

/** A breaker changed its state. */
export type BreakerEvent = Common & {
  kind: 'breaker';
  /** Label of the breaker, unique within the process. */
  breaker: string;
  state: BreakerState;
  reason?: string;
  /** When the next probe is let through, milliseconds since the epoch. */
  retryAt?: number;
};

/** A router chose a route. */
export type RouteEvent = Common & {
  kind: 'route';
  route: string;
  /** Router step that chose it. */
  step?: string;
  /** How often in a row, this one included. */
  streak: number;
};

/** The size of the state before a step. */
export type StateEvent = Common & {
  kind: 'state';
  step?: string;
  tokens: number;
  limit?: number;
  /** The field with the most tokens. */
  largest?: string;
};

/** What a budget has spent and holds in reserve. */
export type BudgetEvent = Common & {
  kind: 'budget';
  /** Label of the budget's guard. */
  guard: string;
  spent: Amounts;
  reserved: Amounts;
  limit: Amounts;
  /** Length of the rolling window; absent if cumulative. */
  windowMs?: number;
};

/** The stage before a stop: nothing was blocked yet. */
export type WarningEvent = Common & { kind: 'warning'; reason: TripReason; guard: string; message: string };

/** One event of a run. Receivers skip kinds that they do not know. */
export type AgentEvent =
  | RunStarted
  | RunEnded
  | CallEvent
  | BreakerEvent
  | RouteEvent
  | StateEvent
  | BudgetEvent
  | WarningEvent;
