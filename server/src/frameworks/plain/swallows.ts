// Catches that take the error of a limit and go round again: the guard or the framework stopped the run, the loop undid it.
// It must not know frameworks: limit errors are known by their names.
import type { FixPlan, Loop, Swallow } from '../../graph/model.ts';
import type { Expression, Handler, LoopStatement, Module, Statement, TryStatement } from '../../program/model.ts';
import { nameOf } from '../../program/quantity.ts';
import type { Way } from '../../program/ways.ts';
import type { Reader } from '../reading.ts';
import { isGuarded, swallowsTrip } from './bounds.ts';

/** Errors with which a guard or a framework ends a run. */
const limitError =
  /\b(GraphRecursionError|MaxTurnsExceeded(?:Error)?|ModelCallLimitMiddlewareError|ToolCallLimitExceededError|UsageLimitExceeded|(?:\w*Trip|LoopDetected|\w*BudgetExceeded|RouterLoop|CapReached|RunStopped|BreakerOpen)Error)\b/;

/** What the catches on the ways round an uncovered loop swallow. */
export function swallowsOf(
  loop: Loop,
  statement: LoopStatement,
  ways: readonly Way[],
  module: Module,
  reader: Reader,
): Swallow[] {
  if (!/^(missing|ineffective|bypassed|disabled)$/.test(loop.coverage)) return [];
  const found = new Map<TryStatement, Swallow>();
  for (const way of ways) {
    if (way.end.kind !== 'again') continue;
    for (const one of way.caught) {
      if (found.has(one) || one.span[0] < statement.span[0] || one.span[1] > statement.span[1]) continue;
      const swallow = named(one, way, module) ?? unnamed(one, way, module, reader);
      if (swallow) found.set(one, { ...swallow, place: { path: module.path, span: swallow.head }, loop: loop.id });
    }
  }
  return [...found.values()];
}

type Found = Pick<Swallow, 'error' | 'fixes'> & { readonly head: Handler['head'] };

/** The handler asks for the limit's error, and goes on. */
function named(one: TryStatement, way: Way, module: Module): Found | undefined {
  for (const handler of one.handlers) {
    for (const type of handler.types) {
      const error = limitError.exec(nameOf(type))?.[1];
      if (error && !leavesLoop(handler.body)) return { error, head: handler.head, fixes: raiseAgain(handler, module) };
    }
  }
  const handler = one.handlers[0];
  if (!handler) return undefined;
  for (const fact of way.facts) {
    const { test, truth } = plainTest(fact.test, fact.truth);
    if (!truth || test.kind !== 'binary' || test.span[0] < handler.span[0] || test.span[1] > handler.span[1]) continue;
    const error = limitError.exec(`${textOf(test.left)} ${textOf(test.right)}`)?.[1];
    if (error) return { error, head: handler.head, fixes: raiseAgain(handler, module) };
  }
  return undefined;
}

/** The handler takes whatever comes, and a guard's error is among it. */
function unnamed(one: TryStatement, way: Way, module: Module, reader: Reader): Found | undefined {
  const call = way.calls.find(
    made =>
      made.module === module &&
      (reader.effect(made.node, module)?.effect === 'guard' || isGuarded(made, reader)) &&
      swallowsTrip(way, made),
  );
  const handler = one.handlers[0];
  if (!call || !handler || call.node.span[0] < one.span[0] || call.node.span[1] > handler.head[0]) return undefined;
  return { error: 'TripError', head: handler.head, fixes: letThrough(handler, module) };
}

function letThrough(handler: Handler, module: Module): FixPlan[] {
  const first = handler.body[0];
  if (module.language !== 'typescript' || handler.parameter?.kind !== 'name' || !first) return [];
  const error = handler.parameter.name;
  return [
    {
      title: 'Let the guard’s error through',
      safe: true,
      rules: ['swallowed-trip'],
      operations: [
        { do: 'import', path: module.path, specifier: 'loopbound', imported: 'isTripError' },
        {
          do: 'insertBefore',
          path: module.path,
          at: first.span,
          lines: [`if ($isTripError(${error})) throw ${error};`],
        },
      ],
    },
  ];
}

/** Raises what was caught before anything else in the handler: what follows no longer runs. */
function raiseAgain(handler: Handler, module: Module): FixPlan[] {
  const first = handler.body[0];
  const error = handler.parameter?.kind === 'name' ? handler.parameter.name : undefined;
  const python = module.language === 'python';
  if (!first || (!python && error === undefined)) return [];
  return [
    {
      title: 'Let the error of the limit through',
      safe: false,
      rules: ['swallowed-trip'],
      operations: [
        { do: 'insertBefore', path: module.path, at: first.span, lines: [python ? 'raise' : `throw ${error};`] },
      ],
    },
  ];
}

function plainTest(test: Expression, truth: boolean): { test: Expression; truth: boolean } {
  return test.kind === 'unary' && test.operator === 'not' ? plainTest(test.operand, !truth) : { test, truth };
}

function textOf(node: Expression): string {
  return node.kind === 'literal' ? String(node.value) : nameOf(node);
}

function leavesLoop(body: readonly Statement[]): boolean {
  const last = body.at(-1);
  return last !== undefined && /^(return|raise|break)$/.test(last.kind);
}
