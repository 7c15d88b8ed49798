// Counters in what outlives a step, as one way through the step compares them: the state, a field, an event's data.
// It must not know what a place means: `keyOf` says which places outlive the step, and under which name.
import type { Counter } from '../graph/model.ts';
import { limitOf, number, symbol } from '../program/quantity.ts';
import type { FunctionInfo } from '../program/scope.ts';
import type { Fact, Way } from '../program/ways.ts';
import { atomsOf, describe } from './plain/bounds.ts';
import type { Reader } from './reading.ts';

/** A counter with the comparison that it was found in. */
export interface ComparedCounter extends Counter {
  readonly fact: Fact;
}

/** The counters that hold a way back at a limit. Keys are the name and `<` for one that goes up, `>` for one that goes down. */
export function comparedCounters(
  way: Way,
  info: FunctionInfo,
  keyOf: (path: string) => string | undefined,
  reader: Reader,
): ComparedCounter[] {
  const site = { module: info.module, span: info.node?.span ?? ([0, 0] as const), initial: () => undefined };
  const found: ComparedCounter[] = [];
  for (const fact of way.facts) {
    for (const atom of atomsOf(fact, site)) {
      const key = keyOf(atom.path);
      const up = atom.operator === '<' || atom.operator === '<=';
      // `if (state.budget)`: above zero.
      const left = atom.operator === 'truthy' && !atom.limit;
      const down = atom.operator === '>' || atom.operator === '>=' || left;
      if (key === undefined || (!up && !down)) continue;
      const limit = atom.limit ? limitOf(atom.limit, reader.resolver) : ({ kind: 'number', value: 0 } as const);
      if (limit.kind === 'number' && !Number.isFinite(limit.value)) continue;
      if (limit.kind === 'config' && limit.canBeEndless) continue;
      const turns =
        limit.kind === 'number' ? Math.ceil(limit.value - atom.offset) + (atom.operator === '<=' ? 1 : 0) : 0;
      const name = limit.kind === 'number' ? String(limit.value) : limit.name;
      found.push({
        fact,
        key: `${key}${up ? '<' : '>'}`,
        bound: {
          kind: 'counter',
          limit: up && limit.kind === 'number' ? number(Math.max(0, turns)) : symbol(up ? name : key),
          text: describe(fact.test),
          place: { path: fact.module.path, span: fact.test.span },
          source: 'code',
          configured: limit.kind !== 'number' || down,
        },
      });
    }
  }
  return found;
}

/** True if one of the counters is compared before the way raises it. */
export function comparedEarly(
  counters: readonly ComparedCounter[],
  way: Way,
  keyOf: (path: string) => string | undefined,
): boolean {
  return counters.some(
    ({ key, fact }) => !way.changes.slice(0, fact.seen).some(change => keyOf(change.path) === key.slice(0, -1)),
  );
}
