// How the calls of a run fall on the steps of a graph, and how far the run took each loop. Shared by server and client;
// it imports nothing but the protocol's types. A run belongs to a graph if steps there have the names of its calls.
import type { RecordedRun } from './protocol.ts';

/** What of a graph matters here. */
export interface StepsAndLoops {
  readonly steps: readonly { readonly id: string; readonly kind: string; readonly name: string }[];
  readonly transitions: readonly { readonly from: string; readonly to: string; readonly kind: string }[];
  readonly loops: readonly { readonly id: string; readonly kind: string; readonly steps: readonly string[] }[];
}

/** Names that guards give by themselves: they tell nothing of the code. */
const generic: ReadonlySet<string> = new Set([
  'model',
  'tool',
  'tools',
  'agent',
  'llm',
  'chat',
  '(other)',
  '(unnamed)',
]);

/**
 * Calls of a run by step id; undefined if no step of the graph has the name of one of its calls. `belongs`: it is known
 * from elsewhere (a trip at one of its lines) that the run is one of this graph.
 */
export function callsOn(
  graph: StepsAndLoops,
  calls: RecordedRun['calls'],
  belongs = false,
): Record<string, number> | undefined {
  const byName = new Map<string, string>();
  // Which of several steps of one name it was is not known: the first stands for all.
  for (const step of graph.steps) {
    for (const name of namesOf(step.name)) if (!byName.has(name)) byName.set(name, step.id);
  }
  const counts: Record<string, number> = {};
  let found = false;
  let requests = 0;
  for (const { name, op, calls: count } of calls) {
    const id = generic.has(name) ? undefined : byName.get(plain(name));
    if (id !== undefined) {
      found = true;
      counts[id] = (counts[id] ?? 0) + count;
    } else if (op === 'model') requests += count;
  }
  // Requests carry the model's name, not that of the code: where one step alone makes them, it was that.
  const makers = graph.steps.filter(({ kind }) => kind === 'model' || kind === 'agent');
  const only = makers.length === 1 ? makers[0] : undefined;
  if (only && requests > 0 && counts[only.id] === undefined) counts[only.id] = requests;
  return found || belongs ? counts : undefined;
}

/** Turns that a run took in each loop, in the unit of the loop's bound: visits of a graph's nodes, turns of a loop. */
export function turnsOn(graph: StepsAndLoops, counts: Readonly<Record<string, number>>): Record<string, number> {
  const turns: Record<string, number> = {};
  for (const loop of graph.loops) {
    const all = loop.kind === 'cycle' ? machineOf(graph, loop.steps) : loop.steps;
    const each = all.map(id => counts[id] ?? 0);
    const count = loop.kind === 'cycle' ? each.reduce((sum, one) => sum + one, 0) : Math.max(0, ...each);
    if (count > 0) turns[loop.id] = count;
  }
  return turns;
}

/** Names by which a guard may know a step: `client.chat.completions.create` is `completions.create` and `create` too. */
export function namesOf(name: string): string[] {
  const parts = plain(name).split('.');
  return parts.map((_, at) => parts.slice(at).join('.'));
}

function plain(name: string): string {
  return name.replace(/\(.*$/s, '');
}

/** The steps that a limit of the whole graph counts: all that the cycle is joined to by other ways than calls. */
function machineOf(graph: StepsAndLoops, steps: readonly string[]): string[] {
  const met = new Set(steps);
  const ways = graph.transitions.filter(({ kind }) => kind !== 'call' && kind !== 'repeat' && kind !== 'retry');
  for (const step of met) {
    for (const { from, to } of ways) {
      if (from === step) met.add(to);
      if (to === step) met.add(from);
    }
  }
  return [...met].filter(id => graph.steps.some(step => step.id === id && /^(node|agent)$/.test(step.kind)));
}
