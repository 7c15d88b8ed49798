// One agent that goes round by itself as a machine: a turn, which may lead to another.
// It must not know any framework: they hand in what a turn costs and what limits it.
import { type Bound, type Counter, type FixPlan, type Machine, nothing, type Work } from '../graph/model.ts';
import { number, type Quantity, symbol } from '../program/quantity.ts';
import type { Place } from '../rules/finding.ts';

/** What an agent's own loop is made of. */
export interface AgentLoop {
  readonly id: string;
  readonly framework: string;
  readonly name: string;
  readonly place: Place;
  /** What one turn costs: the request and the dearest tool. */
  readonly turn: Work;
  readonly limit: Bound | undefined;
  readonly disabled?: string | undefined;
  readonly onLimit: string;
  readonly counters?: readonly Counter[];
  readonly fixes: readonly FixPlan[];
}

/** The machine of an agent's loop: the limit counts its turns, the model decides on the next one. */
export function loopMachine(loop: AgentLoop): Machine {
  const counters = loop.counters ?? [];
  const keys = counters.map(counter => counter.key);
  return {
    id: loop.id,
    framework: loop.framework,
    name: loop.name,
    place: loop.place,
    states: [
      { id: 'turn', name: loop.name, place: loop.place, work: loop.turn, raises: keys, resets: [], human: false },
    ],
    transitions: [
      {
        from: 'turn',
        to: 'turn',
        kind: 'route',
        label: 'tool calls',
        place: loop.place,
        checks: keys,
        controller: 'model',
      },
    ],
    start: ['turn'],
    unit: 'visit',
    limit: loop.limit,
    perUnit: nothing,
    counters,
    onLimit: loop.onLimit,
    open: false,
    fixes: loop.fixes,
    disabled: loop.disabled,
  };
}

/** A limit that the framework sets by itself. */
export function defaultLimit(text: string, value: number): Bound {
  return {
    kind: 'frameworkLimit',
    limit: number(value),
    text: `${text} (default)`,
    place: undefined,
    source: 'default',
    configured: false,
  };
}

/** A limit that may be there but cannot be read: nothing is claimed about it. */
export function unreadLimit(option: string, place: Place): Bound {
  return {
    kind: 'frameworkLimit',
    limit: symbol(`turns of ${option}`),
    text: `${option} (not read)`,
    place,
    source: 'code',
    configured: true,
  };
}

/** A limit that the code sets. */
export function codeLimit(text: string, limit: Quantity, place: Place, configured = false): Bound {
  return { kind: 'frameworkLimit', limit, text, place, source: 'code', configured };
}
