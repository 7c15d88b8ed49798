// Calls that run what they are given again and again: how often, and what is left open where nothing ends it.
// It must not know any library: each says how to read the attempts and the work of one.
import type { FixPlan, Loop, Work } from '../graph/model.ts';
import { nothing } from '../graph/model.ts';
import type { CallExpression } from '../program/model.ts';
import { nameOf, type Quantity, symbol } from '../program/quantity.ts';
import type { In } from '../program/values.ts';
import { madeAt, packageCalls, placeOfCall } from './calls.ts';
import type { CallPattern, External, Framework } from './framework.ts';
import { headOf } from './literals.ts';
import { isNothing } from './plain/work.ts';
import type { Reader } from './reading.ts';

/** How often a call runs its work, and why that has no end. */
export interface Attempts {
  readonly count: Quantity;
  readonly endless: string | undefined;
  /** It goes on after a success too. */
  readonly always?: boolean;
  readonly fixes: readonly FixPlan[];
}

/** One kind of call that repeats. */
export interface Repeater {
  readonly packages: readonly string[];
  readonly path: RegExp;
  /** What the call is where it repeats nothing: a model request with attempts. Absent: a `retry` of what it is given. */
  readonly effect?: 'model';
  readonly when?: NonNullable<CallPattern['when']>;
  /** In words, for a count: `attempts of pRetry`. */
  readonly what: (call: In<CallExpression>) => string;
  /** Undefined: this call repeats nothing. */
  readonly attempts: (call: In<CallExpression>, value: External, reader: Reader) => Attempts | undefined;
  /** What one attempt does. */
  readonly body: (call: In<CallExpression>, value: External, reader: Reader) => Work;
}

/** A framework's patterns and loops for its repeaters. */
export function repeating(id: string, repeaters: readonly Repeater[]): Pick<Framework, 'calls' | 'read'> {
  const packages = new Set(repeaters.flatMap(repeater => repeater.packages));
  return {
    calls: repeaters.map(
      (repeater): CallPattern => ({
        packages: repeater.packages,
        path: repeater.path,
        effect: repeater.effect ?? 'retry',
        ...(repeater.when && { when: repeater.when }),
        work(call, value, reader): Work {
          const attempts = repeater.attempts(call, value, reader);
          const body = attempts || repeater.effect ? repeater.body(call, value, reader) : nothing;
          if (!attempts || isNothing(body)) return body;
          if (attempts.endless !== undefined) return { do: 'repeat', loop: madeAt(id, call), body };
          const place = { path: call.module.path, span: headOf(call.node) };
          return {
            do: 'times',
            count: attempts.count,
            body,
            place,
            what: repeater.what(call),
            retry: !attempts.always,
          };
        },
      }),
    ),
    read(reader) {
      const loops: Loop[] = [];
      for (const { call, value, head, path } of packageCalls(reader, name => packages.has(name))) {
        const repeater = repeaters.find(
          one => one.packages.includes(head) && one.path.test(path) && one.when?.(call, value, reader) !== false,
        );
        const attempts = repeater?.attempts(call, value, reader);
        if (!repeater || attempts?.endless === undefined) continue;
        const body = repeater.body(call, value, reader);
        if (!isNothing(body)) loops.push(endlessLoop(id, call, attempts, attempts.endless, body));
      }
      return { loops };
    },
  };
}

function endlessLoop(id: string, call: In<CallExpression>, attempts: Attempts, reason: string, body: Work): Loop {
  const again = attempts.always ? 'run again' : 'retried';
  return {
    id: madeAt(id, call),
    shape: attempts.always ? 'loop' : 'retry',
    framework: id,
    name: nameOf(call.node.callee),
    place: { path: call.module.path, span: headOf(call.node) },
    witness: [{ ...placeOfCall(call), message: `${again} for ever: ${reason}` }],
    controller: attempts.always ? 'deterministic' : 'exception',
    coverage: 'missing',
    reason,
    rounds: 'endless',
    bounds: [],
    sure: true,
    steps: [],
    body,
    fixes: attempts.fixes,
  };
}

/** Attempts that may be limited, by something that was not read. */
export function unread(call: In<CallExpression>): Attempts {
  return { count: symbol(`attempts of ${nameOf(call.node.callee)}`), endless: undefined, fixes: [] };
}
