// Edits that bound plain code: a loop budget from the guard, a counter, a guarded call, a window over a list.
import type { FixPlan } from '../../graph/model.ts';
import type { CallExpression, Expression, FunctionNode, LoopStatement, Module } from '../../program/model.ts';

/** Turns that an inserted bound allows: enough for honest work, cheap when it is not. */
export const suggestedTurns = 10;

/**
 * Bounds for a loop that has none: the guard first, then a bare counter. The guard's is `safe` where an honest run takes
 * few turns: where the model or a failure decides, not where people or messages come in.
 */
export function boundLoopFixes(loop: LoopStatement, safe: boolean, module: Module): FixPlan[] {
  const { path } = module;
  const python = module.language === 'python';
  const budget = python ? 'loop_budget' : 'loopBudget';
  const next = python ? '$turns.next()' : '$turns.next();';
  const make = python ? `$turns = $${budget}(${suggestedTurns})` : `const $turns = $${budget}(${suggestedTurns});`;
  const count = python
    ? {
        before: '$attempts = 0',
        inside: [
          '$attempts += 1',
          `if $attempts > ${suggestedTurns}:`,
          `    raise RuntimeError("gave up after ${suggestedTurns} turns")`,
        ],
      }
    : {
        before: 'let $attempts = 0;',
        inside: [
          '$attempts += 1;',
          `if ($attempts > ${suggestedTurns}) throw new Error('gave up after ${suggestedTurns} turns');`,
        ],
      };
  return [
    {
      title: `Bound the loop with a budget of ${suggestedTurns} turns (loopbound)`,
      safe,
      rules: ['unbounded-loop', 'unguarded-retry'],
      operations: [
        { do: 'name', path, at: loop.span, name: 'turns' },
        { do: 'import', path, specifier: 'loopbound', imported: budget },
        { do: 'insertBefore', path, at: loop.span, lines: [make] },
        { do: 'insertInLoop', path, at: loop.span, lines: [next] },
      ],
    },
    {
      title: `Bound the loop with a counter of ${suggestedTurns} turns`,
      safe: false,
      rules: ['unbounded-loop', 'unguarded-retry'],
      operations: [
        { do: 'name', path, at: loop.span, name: 'attempts' },
        { do: 'insertBefore', path, at: loop.span, lines: [count.before] },
        { do: 'insertInLoop', path, at: loop.span, lines: count.inside },
      ],
    },
  ];
}

/** Gives the prompt a window over what grows: the first message (the system's) and the last ones. */
export function boundGrowthFixes(places: readonly Expression[], name: string, module: Module): FixPlan[] {
  const first = places[0];
  if (!first) return [];
  const keep = module.language === 'python' ? 'keep_first_and_last' : 'keepFirstAndLast';
  return [
    {
      title: `Send only the first and the last 10 of ${name} (loopbound)`,
      safe: false,
      rules: ['unbounded-state'],
      operations: [
        { do: 'import', path: module.path, specifier: 'loopbound', imported: keep },
        ...places.map(place => ({
          do: 'replace' as const,
          path: module.path,
          at: place.span,
          text: `$${keep}(${name}, 10)`,
        })),
      ],
    },
  ];
}

/** A counter parameter, raised by the recursive call and checked at the function's start. */
export function boundRecursionFixes(fn: FunctionNode, call: CallExpression, module: Module): FixPlan[] {
  const last = fn.parameters.at(-1);
  const first = fn.body[0];
  const argument = call.arguments.at(-1);
  const python = module.language === 'python';
  const given = call.arguments.length;
  if (!last || !first || !argument || given !== fn.parameters.length || last.rest !== 'none') return [];
  if (call.arguments.some(one => one.spread !== 'none' || one.name !== undefined)) return [];
  const check = python
    ? [`if $attempt >= ${suggestedTurns}:`, `    raise RuntimeError("gave up after ${suggestedTurns} attempts")`]
    : [`if ($attempt >= ${suggestedTurns}) throw new Error('gave up after ${suggestedTurns} attempts');`];
  return [
    {
      title: `Stop the recursion after ${suggestedTurns} calls`,
      safe: false,
      rules: ['unbounded-loop', 'unguarded-retry'],
      operations: [
        { do: 'name', path: module.path, at: first.span, name: 'attempt' },
        { do: 'replace', path: module.path, at: [last.span[1], last.span[1]], text: ', $attempt = 0' },
        { do: 'insertBefore', path: module.path, at: first.span, lines: check },
        { do: 'replace', path: module.path, at: [argument.span[1], argument.span[1]], text: ', $attempt + 1' },
      ],
    },
  ];
}
