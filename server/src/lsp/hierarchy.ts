// Call hierarchy over agents: steps, tools and agents as items, with the ways of the graph as calls.
import {
  type CallHierarchyIncomingCall,
  type CallHierarchyItem,
  type CallHierarchyOutgoingCall,
  SymbolKind,
} from 'vscode-languageserver/node';
import type { LocatedOutline } from '../engine/outline.ts';
import { callsInWords } from '../graph/print.ts';
import { answer, type Context } from './context.ts';
import { toLspRange } from './convert.ts';
import type { Home } from './homes.ts';

type Step = LocatedOutline['steps'][number];
type Way = LocatedOutline['transitions'][number];

/** What an item carries until its calls are asked for: the step's identity across outlines. */
interface ItemData {
  readonly uri: string;
  readonly key: string;
}

const kinds: { readonly [kind in Step['kind']]: SymbolKind } = {
  entry: SymbolKind.Function,
  function: SymbolKind.Function,
  agent: SymbolKind.Class,
  node: SymbolKind.Method,
  machine: SymbolKind.Module,
  loop: SymbolKind.Operator,
  model: SymbolKind.Event,
  tool: SymbolKind.Interface,
};

/** Installs the feature. */
export function serveHierarchy(context: Context): void {
  const { connection, homes } = context;

  connection.languages.callHierarchy.onPrepare(({ textDocument: { uri }, position }, token) =>
    answer<CallHierarchyItem[] | null>(context, 'textDocument/prepareCallHierarchy', null, async () => {
      const home = homes.of(uri);
      const path = home?.pathOf(uri);
      if (!home || path === undefined || !(await context.settings.of(uri)).enable) return null;
      const outlines = await home.session.outlines({ cancelled: () => token.isCancellationRequested });
      const line = position.line + 1;
      const here = outlines
        .flatMap(outline => outline.steps)
        .filter(({ at }) => at.path === path && at.range.start.line <= line && line <= at.range.end.line);
      const items = unique(here).map(step => itemOf(home, uri, step));
      return items.length > 0 ? items : null;
    }),
  );

  connection.languages.callHierarchy.onIncomingCalls(({ item }) =>
    answer<CallHierarchyIncomingCall[]>(context, 'callHierarchy/incomingCalls', [], async () =>
      (await callsOf(item, 'to')).map(({ item: from, ranges }) => ({ from, fromRanges: ranges })),
    ),
  );

  connection.languages.callHierarchy.onOutgoingCalls(({ item }) =>
    answer<CallHierarchyOutgoingCall[]>(context, 'callHierarchy/outgoingCalls', [], async () =>
      (await callsOf(item, 'from')).map(({ item: to, ranges }) => ({ to, fromRanges: ranges })),
    ),
  );

  /** The steps at the other end of the ways that have the item at their `end`. */
  async function callsOf({ data }: CallHierarchyItem, end: 'from' | 'to') {
    const { uri, key } = data as ItemData;
    const home = homes.of(uri);
    if (!home) return [];
    const found = new Map<string, { step: Step; ways: Way[] }>();
    for (const { steps, transitions } of await home.session.outlines()) {
      const byId = new Map(steps.map(step => [step.id, step]));
      for (const way of transitions) {
        const self = byId.get(way[end]);
        const other = byId.get(way[end === 'from' ? 'to' : 'from']);
        if (!self || !other || keyOf(self) !== key) continue;
        const known = found.get(keyOf(other)) ?? { step: other, ways: [] };
        known.ways.push(way);
        found.set(keyOf(other), known);
      }
    }
    return [...found.values()].map(({ step, ways }) => ({
      item: itemOf(home, uri, step),
      // Ranges are within the caller: where a way stands in another file it has none to show.
      ranges: ways.map(way => toLspRange(way.at.range)),
    }));
  }
}

function itemOf(home: Home, uri: string, step: Step): CallHierarchyItem {
  const range = toLspRange(step.at.range);
  return {
    name: step.name,
    kind: kinds[step.kind],
    detail: step.calls === 0 ? step.kind : `${step.kind}, ${callsInWords(step.calls)}`,
    uri: home.uriOf(step.at.path),
    range,
    selectionRange: range,
    data: { uri, key: keyOf(step) } satisfies ItemData,
  };
}

function unique(steps: readonly Step[]): Step[] {
  return [...new Map(steps.map(step => [keyOf(step), step])).values()];
}

/** One step may be drawn in several graphs. */
function keyOf({ name, at }: Step): string {
  return `${name}\0${at.path}\0${at.range.start.line}:${at.range.start.column}`;
}
