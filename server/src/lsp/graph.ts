// The graph request: the entry at a place as plain data for a view, with its Mermaid.
import { type LocatedOutline, type Location, outlinesAt } from '../engine/outline.ts';
import { outlineToMermaid } from '../graph/print.ts';
import { type Graph, type GraphAnswer, type GraphParams, type GraphPlace, graphRequest } from '../protocol.ts';
import { answer, type Context } from './context.ts';
import type { Home } from './homes.ts';

const none: GraphAnswer = { entries: [], graph: null };

/** Installs the feature. */
export function serveGraph(context: Context): void {
  context.connection.onRequest(graphRequest, ({ uri, line, entry }: GraphParams, token) =>
    answer<GraphAnswer>(context, graphRequest, none, async () => {
      const home = context.homes.of(uri);
      const path = home?.pathOf(uri);
      if (!home || path === undefined || !(await context.settings.of(uri)).enable) return none;
      const outlines = await home.session.outlines({ cancelled: () => token.isCancellationRequested });
      const here = outlinesAt(outlines, path, line + 1);
      const named = outlines.find(outline => outline.id === entry);
      const shown = named ?? here[0];
      const listed = here.length > 0 ? here : outlines;
      return {
        entries: [...new Set(named ? [named, ...listed] : listed)].map(({ id, name, worstCase }) => ({
          id,
          name,
          worstCase,
        })),
        graph: shown ? graphOf(home, shown) : null,
      };
    }),
  );
}

function graphOf(home: Home, outline: LocatedOutline): Graph {
  const placed = <T extends { readonly at: Location }>({ at, ...rest }: T): Omit<T, 'at'> & { place: GraphPlace } => ({
    ...rest,
    place: {
      uri: home.uriOf(at.path),
      line: at.range.start.line - 1,
      character: at.range.start.column - 1,
    },
  });
  return {
    ...placed(outline),
    steps: outline.steps.map(placed),
    transitions: outline.transitions.map(placed),
    loops: outline.loops.map(placed),
    mermaid: outlineToMermaid(outline),
  };
}
