// What the panel and its host say to each other. Plain JSON, so that it goes through postMessage and over HTTP alike.
// Knows neither the DOM nor vscode.

import type { ControlAction, Model, Place } from '../../../../runtime/src/protocol/index.ts';

/** The static finding that had predicted a trip. */
export type Prediction = {
  /** Rule id, e.g. `unbounded-cycle`. */
  rule: string;
  /** First sentence of the finding. */
  message: string;
  place: Place;
};

/** What is known of a trip's prediction by trip id; null: looked for, and nothing had predicted it. */
export type Predictions = Record<string, Prediction | null>;

/** Whether anything can arrive, and if not, why. */
export type HubState =
  | { is: 'starting' }
  | { is: 'listening' }
  | { is: 'off'; why: 'setting' | 'untrusted' | 'stopped' }
  | { is: 'failed'; message: string };

/** What changed in the model. Run and trip lists hold only what is new or different. */
export type Patch = {
  /** Everything before is void. */
  reset: boolean;
  runs: Model['runs'];
  /** All run ids in order; absent if the set of runs is as before. */
  runIds?: string[];
  trips: Model['trips'];
  /** How many trips there are now; the oldest beyond it are gone. */
  tripCount: number;
  agents?: Model['agents'];
  apps?: Model['apps'];
  users?: Model['users'];
  features?: Model['features'];
  totals: Model['totals'];
};

/** What the host lets the panel do. */
export type Abilities = {
  /** Clicking a place opens the file. */
  open: boolean;
  /** Reset a breaker, stop a run, raise a budget. */
  control: boolean;
  /** Terminal, run and settings buttons of the empty state. */
  editor: boolean;
};

/** Host to panel. `init` comes first. */
export type ToPanel =
  | { type: 'init'; abilities: Abilities; strings: Record<string, string>; locale: string }
  | { type: 'hub'; state: HubState }
  | { type: 'patch'; patch: Patch }
  | { type: 'predictions'; predictions: Predictions }
  | { type: 'reveal'; tripId: string }
  | { type: 'controlResult'; id: string; ok: boolean; message?: string };

/** Things outside the panel that its buttons can ask for. */
export type Errand = 'clear' | 'openTerminal' | 'runFile' | 'manageTrust' | 'openSettings' | 'showLog' | 'docs';

/** Panel to host. `ready` comes first. */
export type FromPanel =
  | { type: 'ready' }
  | { type: 'open'; place: Place }
  | { type: 'control'; id: string; agentId: string; action: ControlAction }
  | { type: 'copy'; text: string }
  | { type: 'report'; tripId: string }
  | { type: 'errand'; errand: Errand };

/** What the panel remembers while it is hidden. */
export type Memory = { selected?: string; tab?: 'runs' | 'trips'; filter?: string; only?: Only };

/** Which runs are listed: all, those that go on, or those that did not end well. */
export type Only = 'all' | 'running' | 'tripped' | 'failed';

/** How the panel reaches its host: postMessage in VS Code, server-sent events and POST in the watch page. */
export type Transport = {
  send(message: FromPanel): void;
  /** Calls `listener` with every message, from now on. */
  listen(listener: (message: ToPanel) => void): void;
  recall(): Memory | undefined;
  remember(memory: Memory): void;
};
