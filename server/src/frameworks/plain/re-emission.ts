// Handlers of events that emit their own event again after a failure: a retry that goes round through the emitter. And
// handlers that emit their own event, or each other's, whenever they have answered.
import type { Loop } from '../../graph/model.ts';
import { pathOf } from '../../program/access.ts';
import type { CallExpression, Expression } from '../../program/model.ts';
import { type FunctionInfo, indexOf } from '../../program/scope.ts';
import { functionWays, type Way } from '../../program/ways.ts';
import type { Place } from '../../rules/finding.ts';
import type { Reader } from '../reading.ts';
import { asksPerson, describe } from './bounds.ts';
import { type Given, taint } from './taint.ts';
import { allOf, workOf } from './work.ts';

/** Retries of a handler through its own event, where nothing on the way is set against a limit. */
export function readReemissions(own: FunctionInfo, reader: Reader): Loop[] {
  const { module, outer } = own;
  if (!outer || !own.node) return [];
  return handlersIn(outer)
    .filter(({ info }) => info === own)
    .flatMap(handler =>
      emits(handler, handler).flatMap((call): Loop[] => {
        if (!openWays(handler, call, 'fails', reader)) return [];
        const place: Place = { path: module.path, span: call.span };
        return [
          {
            id: `${module.path}@emits${call.span[0]}`,
            shape: 'retry',
            framework: 'plain',
            name: `the handler of '${handler.event}'`,
            place,
            witness: [
              { path: module.path, span: handler.listens.callee.span, message: `'${handler.event}' is handled here` },
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
          },
        ];
      }),
    );
}

interface Handler {
  readonly event: string;
  readonly emitter: string | undefined;
  readonly info: FunctionInfo;
  readonly listens: CallExpression;
}

/** Handlers that are written where they are given to the emitter, in one function. */
function handlersIn(outer: FunctionInfo): Handler[] {
  return outer.calls.flatMap(listens => {
    const event = eventOf(listens, /^(on|addListener|addEventListener|prependListener)$/);
    const handler = listens.arguments[1]?.value;
    if (event === undefined || handler?.kind !== 'functionExpression') return [];
    const info = indexOf(outer.module).info(handler.function);
    return [{ event, emitter: receiverPath(listens, outer), info, listens }];
  });
}

interface Emission {
  readonly from: Handler;
  readonly call: CallExpression;
  readonly ways: readonly Way[];
}

/** Where a handler emits the event of another, or of itself. */
function emits(from: Handler, to: Handler): CallExpression[] {
  return from.info.calls.filter(
    one => eventOf(one, /^(emit|dispatch)$/) === to.event && receiverPath(one, from.info) === to.emitter,
  );
}

/** The ways to an emission after a failure or after an answer, if none of them asks a person or is set against a limit. */
function openWays(
  from: Handler,
  call: CallExpression,
  after: 'fails' | 'answers',
  reader: Reader,
): readonly Way[] | undefined {
  const { ways, complete } = functionWays(from.info, {
    resolver: reader.resolver,
    watch: (one, at) =>
      one === call ||
      asksPerson(one, at, reader) ||
      (after === 'answers' && reader.effect(one, at)?.effect === 'guard'),
  });
  const through = ways.filter(way => way.calls.some(one => one.node === call));
  const open =
    complete &&
    through.length > 0 &&
    through.every(
      way =>
        way.caught.length > 0 === (after === 'fails') &&
        !way.facts.some(fact => compares(fact.test)) &&
        !way.calls.some(one => one.node !== call),
    );
  return open ? through : undefined;
}

/** The first place where a handler emits an event when it has answered; none where that is not sure. */
function emissionOf(from: Handler, to: Handler, reader: Reader): Emission | undefined {
  const [call] = emits(from, to);
  const ways = call && openWays(from, call, 'answers', reader);
  return ways && { from, call, ways };
}

/** Rings of one or two handlers that keep each other going, one loop for each, at the handler that is registered first. */
export function readEventRings(own: FunctionInfo, reader: Reader): Loop[] {
  const { module, outer } = own;
  if (!outer || !own.node) return [];
  const handlers = handlersIn(outer);
  return handlers.flatMap(mine => {
    if (mine.info !== own) return [];
    return handlers.flatMap((next): Loop[] => {
      if (next.emitter !== mine.emitter || next.listens.span[0] < mine.listens.span[0]) return [];
      const there = emissionOf(mine, next, reader);
      const back = there && (next === mine ? there : emissionOf(next, mine, reader));
      if (!back) return [];
      const ring = next === mine ? [there] : [there, back];
      if (!ring.some(({ from }) => from.info.calls.some(call => reader.costs(call, module)))) return [];
      const place: Place = { path: module.path, span: back.call.span };
      const events = [...new Set([mine.event, next.event])].map(event => `'${event}'`).join(' and ');
      return [
        {
          id: `${module.path}@emits${back.call.span[0]}`,
          shape: 'loop',
          framework: 'plain',
          name: `the handler${ring.length > 1 ? 's' : ''} of ${events}`,
          place,
          witness: ring.flatMap(({ from, call }) => [
            { path: module.path, span: from.listens.callee.span, message: `'${from.event}' is handled here` },
            { path: module.path, span: call.span, message: 'and emits the next event here' },
          ]),
          coverage: 'missing',
          rounds: 'endless',
          bounds: [],
          steps: ring.map(({ from }) => reader.stepId(from.info)),
          body: allOf(ring.map(({ from }) => workOf(from.info, reader))),
          fixes: [],
          ...whoKeepsItGoing(ring, reader),
        },
      ];
    });
  });
}

function whoKeepsItGoing(ring: readonly Emission[], reader: Reader): Pick<Loop, 'controller' | 'reason' | 'sure'> {
  const given = (to: Handler): Given =>
    ring.flatMap(({ from, call }) => {
      if (eventOf(call, /./) !== to.event) return [];
      const tainted = taint(from.info.node!.body, from.info.module, reader);
      return call.arguments.slice(1).flatMap(({ value }, at) => {
        const by = tainted(value);
        const parameter = to.info.node!.parameters[at];
        return by && parameter ? [{ target: parameter.target, by }] : [];
      });
    });
  for (const { from, ways } of ring) {
    const tainted = taint(from.info.node!.body, from.info.module, reader, given(from));
    const fact = ways.flatMap(way => way.facts).find(({ test }) => tainted(test));
    const by = fact && tainted(fact.test);
    if (by)
      return {
        controller: by,
        reason: `${describe(fact.test)} decides, and that comes from ${by === 'model' ? 'the model' : 'a tool'}`,
        sure: true,
      };
  }
  const asked = ring.some(({ ways }) => ways.some(way => way.facts.length > 0));
  return asked
    ? { controller: 'external', reason: 'events keep each other going', sure: false }
    : { controller: 'deterministic', reason: 'every event leads to the next one', sure: true };
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
