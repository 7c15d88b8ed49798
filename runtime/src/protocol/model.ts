// The picture of all runs that the hub, the VS Code panel and the watch page share. Bounded in every direction.
// Plain JSON data; how it changes is in fold.ts.

import type { AgentEvent, Amounts, BreakerState, Operation, RunStatus } from './event.ts';
import type { AgentInfo, OpenRun } from './message.ts';
import type { Trip, TripReason } from './trip.ts';

/** How many of each thing the model keeps; the oldest go first. */
export const MODEL_LIMITS = {
  runs: 200,
  trips: 500,
  agents: 64,
  apps: 64,
  spenders: 128,
  steps: 64,
  breakers: 32,
  budgets: 32,
  routes: 10,
  warnings: 10,
  points: 60,
  states: 60,
} as const;

/** Totals. */
export type Totals = { calls: number; tokens: number; usd: number };

/** One process that has spoken to the hub. */
export type AgentView = AgentInfo & {
  connected: boolean;
  firstSeen: number;
  lastSeen: number;
  /** Events that the agent dropped because the hub was away or slow. */
  dropped: number;
};

/** What one step, tool or model did in a run. */
export type StepView = Totals & {
  name: string;
  op: Operation;
  errors: number;
  blocked: number;
  /** Sum of durations. */
  durationMs: number;
};

/** Last known state of a breaker. */
export type BreakerView = { breaker: string; state: BreakerState; time: number; reason?: string; retryAt?: number };

/** Last known state of a budget. */
export type BudgetView = { guard: string; spent: Amounts; reserved: Amounts; limit: Amounts; time: number };

/** Running totals at one time, for trends. Spacing widens as a run grows. */
export type Point = Totals & { time: number };

/** State size at one time. */
export type StatePoint = { time: number; tokens: number; limit?: number; largest?: string };

/** A warning that was given. */
export type WarningView = { time: number; reason: TripReason; guard: string; message: string };

/** One run. `lost`: its process went away without ending it. */
export type RunView = Totals & {
  runId: string;
  agentId: string;
  app: string;
  name: string;
  status: 'running' | RunStatus | 'lost';
  startedAt: number;
  endedAt?: number;
  error?: string;
  user?: string;
  feature?: string;
  errors: number;
  blocked: number;
  /** Ids of its trips, oldest first. */
  trips: string[];
  /** By first appearance; beyond the limit all share the name `(other)`. */
  steps: StepView[];
  breakers: BreakerView[];
  budgets: BudgetView[];
  /** The last routes, oldest first. */
  routes: { route: string; step?: string; streak: number; time: number }[];
  warnings: WarningView[];
  points: Point[];
  /** Calls between two points. */
  pointEvery: number;
  states: StatePoint[];
};

/** Trip rate of one app. */
export type AppView = { app: string; runs: number; tripped: number; trips: number };

/** What one user or feature spent. */
export type SpendView = Totals & { name: string };

/** Everything that a panel shows. Lists are ordered oldest first. */
export type Model = {
  agents: AgentView[];
  runs: RunView[];
  trips: Trip[];
  apps: AppView[];
  users: SpendView[];
  features: SpendView[];
  totals: Totals & { runs: number; trips: number; dropped: number };
};

/** One change of the model: what the hub took in, with the agent that it came from. */
export type Delta =
  | { kind: 'agentJoined'; agent: AgentInfo; runs: OpenRun[]; time: number }
  | { kind: 'agentLeft'; agentId: string; time: number }
  | { kind: 'events'; agentId: string; time: number; dropped: number; events: AgentEvent[] }
  | { kind: 'trip'; agentId: string; trip: Trip };
