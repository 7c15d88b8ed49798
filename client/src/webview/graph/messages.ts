// What the graph view and the extension host say to each other. Plain JSON; knows neither the DOM nor vscode.

import type { Graph, GraphAnswer, GraphPlace } from '../../../../server/src/protocol.ts';

/** What the latest run did on the graph. */
export type Live = {
  run: string;
  status: string;
  /** Calls by step id. */
  calls: Record<string, number>;
  /** Steps at which something was stopped. */
  stopped: string[];
  /** Loops that tripped, by their id. */
  tripped: string[];
  /** Turns at most by loop id, and of how many recorded runs. */
  turns: Record<string, { most: number; runs: number }>;
};

/** What there is to show. */
export type Shown =
  | { is: 'graph'; graph: Graph; entries: GraphAnswer['entries'] }
  /** No entry here; `entries` are those of the folder. */
  | { is: 'none'; entries: GraphAnswer['entries']; file: string }
  | { is: 'starting' }
  /** No editor with code of an analysed language. */
  | { is: 'noEditor' }
  | { is: 'off' };

/** Host to view. `init` comes first. */
export type ToGraph =
  | { type: 'init'; strings: Record<string, string>; locale: string }
  | { type: 'show'; shown: Shown }
  | { type: 'live'; live: Live | null }
  /** The step at the cursor, if one is there. */
  | { type: 'cursor'; step: string | null }
  | { type: 'pinned'; pinned: boolean }
  | { type: 'export' };

/** View to host. `ready` comes first. */
export type FromGraph =
  | { type: 'ready' }
  | { type: 'open'; place: GraphPlace }
  | { type: 'choose'; entry: string }
  | { type: 'pin'; pinned: boolean }
  | { type: 'svg'; text: string; name: string }
  | { type: 'errand'; errand: 'copyMermaid' | 'exportSvg' | 'restart' | 'showLog' };

/** What the view remembers while it is hidden. */
export type GraphMemory = { as?: 'picture' | 'list'; zoom?: number };
