// Handlers of events that emit their own event again after a failure: a retry that goes round through the emitter.
import type { Loop } from '../../graph/model.ts';
import { pathOf } from '../../program/access.ts';
import type { CallExpression, Expression } from '../../program/model.ts';
import type { FunctionInfo } from '../../program/scope.ts';
import { functionWays } from '../../program/ways.ts';
import type { Place } from '../../rules/finding.ts';
import type { Reader } from '../reading.ts';
import { asksPerson } from './bounds.ts';
import { workOf } from './work.ts';

/** Retries of a handler through its own event, where nothing on the way is set against a limit. */
export function readReemissions(own: FunctionInfo, reader: Reader): Loop[] {
  const { module, outer } = own;
  const found: Loop[] = [];
  for (const listens of outer?.calls ?? []) {
    const event = eventOf(listens, /^(on|addListener|addEventListener|prependListener)$/);
    const handler = listens.arguments[1]?.value;
    if (event === undefined || handler?.kind !== 'functionExpression' || handler.function !== own.node) continue;
    const emitter = receiverPath(listens, own);
    for (const emits of own.calls) {
      if (eventOf(emits, /^(emit|dispatch)$/) !== event || receiverPath(emits, own) !== emitter) continue;
      const { ways, complete } = functionWays(own, {
        resolver: reader.resolver,
        watch: (call, at) => call === emits || asksPerson(call, at, reader),
      });
      const through = ways.filter(way => way.calls.some(call => call.node === emits));
      const open = through.every(
        way =>
          way.caught.length > 0 &&
          !way.facts.some(fact => compares(fact.test)) &&
          !way.calls.some(call => call.node !== emits),
      );
      if (!complete || through.length === 0 || !open) continue;
      const place: Place = { path: module.path, span: emits.span };
      found.push({
        id: `${module.path}@emits${emits.span[0]}`,
        shape: 'retry',
        framework: 'plain',
        name: `the handler of '${event}'`,
        place,
        witness: [
          { path: module.path, span: listens.callee.span, message: `'${event}' is handled here` },
          { ...place, message: 'and emitted again here, after a failure' },
        ],
        controller: 'exception',
        coverage: 'missing',
        reason: 'every failure emits the same event again',
        rounds: 'endless',
        bounds: [],
        sure: true,
        steps: [reader.stepId(own)],
        body: workOf(own, reader),
        fixes: [],
      });
    }
  }
  return found;
}

function eventOf(call: CallExpression, methods: RegExp): string | undefined {
  const event = call.arguments[0]?.value;
  if (call.callee.kind !== 'member' || !methods.test(call.callee.property)) return undefined;
  return event?.kind === 'literal' && typeof event.value === 'string' ? event.value : undefined;
}

function receiverPath(call: CallExpression, { module }: FunctionInfo): string | undefined {
  return call.callee.kind === 'member' ? pathOf({ node: call.callee.object, module, env: undefined }) : undefined;
}

function compares(test: Expression): boolean {
  if (test.kind === 'logical') return compares(test.left) || compares(test.right);
  return test.kind === 'binary' && /^[<>]=?$/.test(test.operator);
}
