// Where steps and ways of a graph go. The only file that knows dagre; pure but for the measure of text that it is given.

import { layout as arrange, Graph as Dagre } from '@dagrejs/dagre';
import type { Graph } from '../../../../server/src/protocol.ts';
import type { Way } from './shape.ts';

/** A box and its middle. */
export type Box = { x: number; y: number; width: number; height: number };

/** A way as points, and where its label goes. */
export type Line = { points: { x: number; y: number }[]; label: { x: number; y: number } | undefined };

/** Everything's place. */
export type Layout = { width: number; height: number; boxes: Map<string, Box>; lines: Map<string, Line> };

const HEIGHT = 40;
const LABEL_HEIGHT = 16;
const MARGIN = 12;

/** `width` measures a step's box and a way's label; 0 for a way without a label. */
export const layoutOf = (
  graph: Graph,
  ways: readonly Way[],
  width: { step(id: string): number; way(way: Way): number },
): Layout => {
  const dagre = new Dagre({ multigraph: true });
  dagre.setGraph({ rankdir: 'TB', nodesep: 28, ranksep: 38, edgesep: 16, marginx: MARGIN, marginy: MARGIN });
  for (const { id } of graph.steps) dagre.setNode(id, { width: width.step(id), height: HEIGHT });
  for (const way of ways) {
    const label = width.way(way);
    dagre.setEdge(
      way.transition.from,
      way.transition.to,
      // A way back bends least if the way there is the one that is kept short.
      {
        width: label,
        height: label > 0 ? LABEL_HEIGHT : 0,
        labelpos: 'c',
        weight: way.back ? 1 : 2,
        ...(label > 0 ? {} : { minlen: 1 }),
      },
      way.key,
    );
  }
  arrange(dagre);
  const { width: whole = 0, height = 0 } = dagre.graph() as { width?: number; height?: number };
  const boxes = new Map(
    graph.steps.map(({ id }) => {
      const { x, y, width: w, height: h } = dagre.node(id) as Box;
      return [id, { x, y, width: w, height: h }];
    }),
  );
  const lines = new Map(
    ways.map(way => {
      const edge = dagre.edge({ v: way.transition.from, w: way.transition.to, name: way.key }) as {
        points: { x: number; y: number }[];
        x?: number;
        y?: number;
      };
      const label = edge.x === undefined || edge.y === undefined ? undefined : { x: edge.x, y: edge.y };
      return [way.key, { points: edge.points, label }];
    }),
  );
  return { width: Math.ceil(whole), height: Math.ceil(height), boxes, lines };
};

/** The points as a smooth path. */
export const pathOf = (points: readonly { x: number; y: number }[]): string => {
  const [first, ...rest] = points;
  if (!first) return '';
  const say = ({ x, y }: { x: number; y: number }): string => `${x.toFixed(1)} ${y.toFixed(1)}`;
  const parts = [`M${say(first)}`];
  for (let at = 0; at < rest.length - 1; at++) {
    const here = rest[at]!;
    const next = rest[at + 1]!;
    const middle = at === rest.length - 2 ? next : { x: (here.x + next.x) / 2, y: (here.y + next.y) / 2 };
    parts.push(`Q${say(here)} ${say(middle)}`);
  }
  if (rest.length === 1) parts.push(`L${say(rest[0]!)}`);
  return parts.join('');
};
