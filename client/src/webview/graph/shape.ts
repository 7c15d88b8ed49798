// A graph made ready to be drawn: which transitions go round which loop, which of them lead back, how each is worded.
// Pure; knows neither the DOM nor a layout.

import type { Graph, GraphCalls, GraphLoop, GraphStep, GraphTransition } from '../../../../server/src/protocol.ts';
import { t } from '../view/text.ts';

/** A transition with the innermost loop that it goes round, and whether it is the way back of that loop. */
export type Way = { key: string; transition: GraphTransition; loop: GraphLoop | undefined; back: boolean };

/** The transitions of a graph, each with its loop. Of several loops the innermost counts. */
export const waysOf = (graph: Graph): Way[] => {
  const order = new Map(graph.steps.map((step, at) => [step.id, at]));
  const bySize = [...graph.loops].sort((a, b) => a.steps.length - b.steps.length);
  const rounds = new Map(bySize.map(loop => [loop.id, roundOf(graph, loop)]));
  const told = new Set<string>();
  return graph.transitions.map((transition, at) => {
    const loop = bySize.find(candidate => rounds.get(candidate.id)?.has(transition));
    const leadsBack = (order.get(transition.to) ?? 0) <= (order.get(transition.from) ?? 0);
    // A loop's bound is said once, on its first way back.
    const back = loop !== undefined && leadsBack && !told.has(loop.id);
    if (back) told.add(loop.id);
    return { key: `${transition.from}>${transition.to}#${at}`, transition, loop, back };
  });
};

/** How a step lies: on a way round that nothing bounds, on bounded ones only, or on none. */
export const layOf = (ways: readonly Way[], step: string): 'unbounded' | 'bounded' | undefined => {
  const loops = ways.flatMap(({ transition, loop }) =>
    loop && (transition.from === step || transition.to === step) ? [loop] : [],
  );
  if (loops.length === 0) return undefined;
  return loops.every(loop => loop.covered) ? 'bounded' : 'unbounded';
};

/** The transitions on a way round: those whose end leads to their beginning again within the loop. */
const roundOf = (graph: Graph, { steps }: GraphLoop): Set<GraphTransition> => {
  const inside = new Set(steps);
  const edges = graph.transitions.filter(({ from, to }) => inside.has(from) && inside.has(to));
  const reach = new Map<string, Set<string>>();
  const from = (start: string): Set<string> => {
    const known = reach.get(start);
    if (known) return known;
    const met = new Set([start]);
    for (const step of met) for (const edge of edges) if (edge.from === step) met.add(edge.to);
    reach.set(start, met);
    return met;
  };
  return new Set(edges.filter(edge => from(edge.to).has(edge.from)));
};

/** `5 calls`, `no bound`, an expression; empty for none. */
export const callsWord = (calls: GraphCalls): string => {
  if (calls === 0) return '';
  if (calls === null) return t('no bound');
  if (calls === 1) return t('1 call');
  // An expression may say by itself what it counts.
  return typeof calls === 'string' && /\bcalls\b/.test(calls) ? calls : t('{0} calls', calls);
};

/** What a step is, in a word. */
export const kindWord = (step: GraphStep): string => {
  switch (step.kind) {
    case 'entry':
      return t('entry');
    case 'function':
      return t('function');
    case 'agent':
      return t('agent');
    case 'node':
      return t('node');
    case 'machine':
      return t('graph');
    case 'loop':
      return t('loop');
    case 'model':
      return t('model');
    case 'tool':
      return t('tool');
  }
};

/** How a transition leads on, in a word. */
export const wayWord = ({ kind, label }: GraphTransition): string => {
  switch (kind) {
    case 'next':
      return label || t('then');
    case 'call':
      return label || t('calls');
    case 'route':
      return label === '' ? t('routes') : t('routes ({0})', label);
    case 'listen':
      return label === '' ? t('listens') : t('listens ({0})', label);
    case 'handoff':
      return t('hands off');
    case 'emit':
      return label === '' ? t('emits') : t('emits ({0})', label);
    case 'repeat':
      return t('again');
    case 'retry':
      return label === '' ? t('retries') : t('retries ({0})', label);
  }
};

/** `recursionLimit 25 (default)` or `no bound`. */
export const boundWord = (loop: GraphLoop): string => (loop.covered ? loop.bound : t('no bound'));
