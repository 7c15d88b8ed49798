// An outline with its places as lines and columns, and which outline a line of code belongs to. Plain data, pure.
import type { Outline } from '../rules/analyze.ts';
import type { Place } from '../rules/finding.ts';
import { fileStart, type Range, rangeOf } from './position.ts';

/** Where a step, transition or loop stands. */
export interface Location {
  readonly path: string;
  readonly range: Range;
}

/** What has a place, with it as a location. */
type Located<T> = Omit<T, 'place'> & { readonly at: Location };

/** An outline as it is shown. */
export type LocatedOutline = Omit<Located<Outline>, 'steps' | 'transitions' | 'loops'> & {
  readonly steps: readonly Located<Outline['steps'][number]>[];
  readonly transitions: readonly Located<Outline['transitions'][number]>[];
  readonly loops: readonly Located<Outline['loops'][number]>[];
};

/** `lineStarts` of a module; undefined for one that cannot be read. */
export function locate(outline: Outline, lineStarts: (path: string) => readonly number[] | undefined): LocatedOutline {
  const located = <T extends { readonly place: Place }>({ place, ...rest }: T): Located<T> => {
    const starts = lineStarts(place.path);
    return { ...rest, at: { path: place.path, range: starts ? rangeOf(starts, place.span) : fileStart } };
  };
  return {
    ...located(outline),
    steps: outline.steps.map(located),
    transitions: outline.transitions.map(located),
    loops: outline.loops.map(located),
  };
}

/**
 * The outlines that a line of a file takes part in, best first: those with the nearest step or loop that begins on the
 * line or above it, then all others that stand in the file. `line` counts from 1.
 */
export function outlinesAt(outlines: readonly LocatedOutline[], path: string, line: number): LocatedOutline[] {
  const nearest = (outline: LocatedOutline): number => {
    // A request says less about where a line belongs than the step that makes it.
    const steps = outline.steps.filter(({ kind }) => kind !== 'model' && kind !== 'tool');
    const lines = [outline, ...steps, ...outline.loops]
      .filter(({ at }) => at.path === path)
      .map(({ at }) => at.range.start.line);
    if (lines.length === 0) return Number.NEGATIVE_INFINITY;
    // What begins below the line is only better than nothing.
    return Math.max(...lines.map(at => (at <= line ? at : -at)));
  };
  return (
    outlines
      .map((outline, order) => ({ outline, order, near: nearest(outline) }))
      .filter(({ near }) => near !== Number.NEGATIVE_INFINITY)
      // A step that is an entry by itself as well is shown in the graph that loops through it.
      .sort((a, b) => b.near - a.near || loops(b.outline) - loops(a.outline) || a.order - b.order)
      .map(({ outline }) => outline)
  );
}

function loops(outline: LocatedOutline): number {
  return outline.loops.length > 0 ? 1 : 0;
}
