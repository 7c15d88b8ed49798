// The one state of this library in a process, shared by its ESM and CJS copies: configuration, listeners, runs, guards.

import type { AsyncLocalStorage } from 'node:async_hooks';
import type { AgentEvent, Amounts } from '../protocol/event.ts';
import type { Trip } from '../protocol/trip.ts';
import type { Run } from '../run.ts';

/** Something that a hub may control by its label. */
export type Controllable = { reset(): void; raise(by: Amounts): boolean };

/** Told about every event and trip in this process. */
export type Listener = { onEvent?(event: AgentEvent): void; onTrip?(trip: Trip): void };

/** How this process guards; see {@link configure}. */
export type Settings = {
  app: string | undefined;
  stateDir: string | undefined;
  recordArguments: boolean;
  hub: { url: string; token: string } | false | undefined;
  monitor: boolean;
  /** Whether call events have digests of results; set by a recorder. */
  recordResults?: boolean;
};

/** What the copies share. */
export type Shared = {
  settings: Settings;
  listeners: Set<Listener>;
  scope: AsyncLocalStorage<Run> | undefined;
  processRun: Run | undefined;
  runs: Map<string, Run>;
  guards: Map<string, Set<WeakRef<Controllable>>>;
  /** Whether anything wants events; looked at on the hot path. */
  active: boolean;
  channel: unknown;
};

const KEY = Symbol.for('loopbound.shared.v1');

const make = (): Shared => ({
  settings: { app: undefined, stateDir: undefined, recordArguments: false, hub: undefined, monitor: false },
  listeners: new Set(),
  scope: undefined,
  processRun: undefined,
  runs: new Map(),
  guards: new Map(),
  active: false,
  channel: undefined,
});

const holder = globalThis as { [KEY]?: Shared };

/** The shared state. */
holder[KEY] ??= make();
export const shared: Shared = holder[KEY];

/** Makes a guard known to controls under its label. Weakly: a guard that nobody uses goes. */
export const register = (label: string, guard: Controllable): void => {
  let same = shared.guards.get(label);
  if (!same) {
    same = new Set();
    shared.guards.set(label, same);
  }
  same.add(new WeakRef(guard));
  if (same.size > 256) for (const ref of same) if (!ref.deref()) same.delete(ref);
};
