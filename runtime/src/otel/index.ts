// Runs, calls and trips as spans, metrics and events of OpenTelemetry, through `@opentelemetry/api` and the SDK that the
// application brings. Reads what the guards tell anyway; never holds a call up, sends no argument and no result.

import {
  type Context,
  context,
  type MeterProvider,
  metrics,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { shared } from '../emit/shared.ts';
import { listen, type Trip, VERSION } from '../index.ts';
import type { AgentEvent, CallEvent, RunEnded, RunStarted } from '../protocol/event.ts';
import { EVENT, GEN_AI, METRIC, OPERATION, OWN, SCOPE, spanName, tripType } from './names.ts';

export { EVENT, GEN_AI, METRIC, OPERATION, OWN } from './names.ts';

/** Plain attributes: nothing nested. */
export type Attributes = Record<string, string | number | boolean>;

/** A logger of `@opentelemetry/api-logs`, as far as it is used. */
export type EventLogger = {
  emit(record: {
    eventName: string;
    body?: string;
    severityText?: string;
    attributes?: Attributes;
    timestamp?: number;
  }): void;
};

/** Options of {@link openTelemetry}. */
export type OpenTelemetryOptions = {
  /** Default: the global one, as the application's SDK has registered it. */
  tracerProvider?: TracerProvider;
  /** Default: the global one. */
  meterProvider?: MeterProvider;
  /** Takes trips and warnings as log records too: `logs.getLogger('loopbound')`. They are span events in any case. */
  logger?: EventLogger;
  /** Who serves a model, where you know it (`openai`, `anthropic` ...). Default: not said. */
  provider?: string | ((model: string) => string | undefined);
  /** Whether spans say for which user. Default true; metrics never do. */
  users?: boolean;
};

type OpenRun = { span: Span; context: Context; outer: Span | undefined };

/** Runs whose span is open at most; of further ones the calls are told alone. */
const RUNS = 10_000;
const STATES = { closed: 0, halfOpen: 0.5, open: 1 } as const;

/** Tells OpenTelemetry from now on; gives how to stop that. */
export const openTelemetry = (options: OpenTelemetryOptions = {}): (() => void) => {
  const tracer = (options.tracerProvider ?? trace.getTracerProvider()).getTracer(SCOPE, VERSION);
  const meter = (options.meterProvider ?? metrics.getMeterProvider()).getMeter(SCOPE, VERSION);
  const described = ([, unit, description]: readonly [string, string, string]) => ({ unit, description });
  const tokens = meter.createHistogram(METRIC.tokens[0], described(METRIC.tokens));
  const duration = meter.createHistogram(METRIC.duration[0], described(METRIC.duration));
  const trips = meter.createCounter(METRIC.trips[0], described(METRIC.trips));
  const warnings = meter.createCounter(METRIC.warnings[0], described(METRIC.warnings));
  const blocked = meter.createCounter(METRIC.blocked[0], described(METRIC.blocked));
  const cost = meter.createCounter(METRIC.cost[0], described(METRIC.cost));
  const spent = meter.createGauge(METRIC.spent[0], described(METRIC.spent));
  const limit = meter.createGauge(METRIC.limit[0], described(METRIC.limit));
  const breaker = meter.createGauge(METRIC.breaker[0], described(METRIC.breaker));

  const runs = new Map<string, OpenRun>();
  let last: Trip | undefined;
  const providerOf = (model: string): string | undefined =>
    typeof options.provider === 'function' ? options.provider(model) : options.provider;
  const userOf = (user: string | undefined): Attributes =>
    user === undefined || options.users === false ? {} : { [GEN_AI.user]: user };

  const started = (event: RunStarted): void => {
    // The process itself is a run that ends when nobody exports any more.
    if (runs.size >= RUNS || event.runId === shared.processRun?.id) return;
    const span = tracer.startSpan(`${OPERATION.run} ${event.name}`, {
      kind: SpanKind.INTERNAL,
      startTime: event.time,
      attributes: {
        [GEN_AI.operation]: OPERATION.run,
        [GEN_AI.workflow]: event.name,
        [OWN.run]: event.runId,
        ...(event.feature === undefined ? {} : { [OWN.feature]: event.feature }),
        ...userOf(event.user),
      },
    });
    runs.set(event.runId, { span, context: trace.setSpan(context.active(), span), outer: trace.getActiveSpan() });
  };

  const ended = ({ runId, status, error, time }: RunEnded): void => {
    const run = runs.get(runId);
    if (!run) return;
    runs.delete(runId);
    run.span.setAttribute(OWN.outcome, status);
    if (status !== 'ok') {
      run.span.setStatus({ code: SpanStatusCode.ERROR });
      // The first word is the error's name; its message may quote what a model or a user said.
      const type = status === 'tripped' ? 'loopbound.tripped' : (/^[\w.$-]+/.exec(error ?? '')?.[0] ?? 'error');
      run.span.setAttribute(GEN_AI.errorType, type);
    }
    run.span.end(time);
  };

  /** Where a span belongs: below the application's own span if one was begun within the run, else below the run's. */
  const parentOf = (runId: string): Context => {
    const run = runs.get(runId);
    const active = trace.getActiveSpan();
    return run && (active === undefined || active === run.outer) ? run.context : context.active();
  };

  const called = (event: CallEvent): void => {
    const { op, name, outcome, runId, time, durationMs, inputTokens, outputTokens, usd } = event;
    const trip = outcome === 'blocked' && last?.runId === runId ? last : undefined;
    last = undefined;
    const provider = op === 'model' ? providerOf(name) : undefined;
    const type = outcome === 'blocked' ? tripType(event.error ?? 'trip') : event.error;
    const common: Attributes = {
      ...(op === 'model' ? { [GEN_AI.operation]: OPERATION.model, [GEN_AI.model]: name } : {}),
      ...(op === 'tool' ? { [GEN_AI.operation]: OPERATION.tool, [GEN_AI.tool]: name } : {}),
      ...(op === 'step' ? { [OWN.step]: name } : {}),
      ...(provider === undefined ? {} : { [GEN_AI.provider]: provider }),
      ...(outcome === 'ok' || type === undefined ? {} : { [GEN_AI.errorType]: type }),
    };
    const feature: Attributes = event.feature === undefined ? {} : { [OWN.feature]: event.feature };
    const span = tracer.startSpan(
      spanName(op, name),
      {
        kind: op === 'model' ? SpanKind.CLIENT : SpanKind.INTERNAL,
        startTime: time,
        attributes: {
          ...common,
          ...feature,
          [OWN.run]: runId,
          [OWN.outcome]: outcome,
          ...(inputTokens === undefined ? {} : { [GEN_AI.inputTokens]: inputTokens }),
          ...(outputTokens === undefined ? {} : { [GEN_AI.outputTokens]: outputTokens }),
          ...(usd === undefined ? {} : { [OWN.usd]: usd }),
          ...(event.digest === undefined ? {} : { [OWN.digest]: event.digest }),
          ...userOf(event.user),
          ...(trip ? attributesOf(trip) : {}),
        },
      },
      parentOf(runId),
    );
    if (outcome !== 'ok') span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(time + durationMs);

    if (outcome === 'blocked') {
      blocked.add(1, { ...common, ...feature });
      return;
    }
    duration.record(durationMs / 1000, common);
    if (inputTokens !== undefined) tokens.record(inputTokens, { ...common, [GEN_AI.tokenType]: 'input' });
    if (outputTokens !== undefined) tokens.record(outputTokens, { ...common, [GEN_AI.tokenType]: 'output' });
    if (usd !== undefined) cost.add(usd, { ...common, ...feature });
  };

  /** On the span of the run, or of the application; and to the logger, if there is one. */
  const tell = (eventName: string, runId: string, time: number, attributes: Attributes, body?: string): void => {
    const span = runs.get(runId)?.span ?? trace.getActiveSpan();
    span?.addEvent(eventName, attributes, time);
    options.logger?.emit({
      eventName,
      severityText: eventName === EVENT.trip ? 'ERROR' : 'WARN',
      timestamp: time,
      attributes,
      ...(body === undefined ? {} : { body }),
    });
  };

  return listen({
    onEvent: (event: AgentEvent) => {
      switch (event.kind) {
        case 'runStarted':
          return started(event);
        case 'runEnded':
          return ended(event);
        case 'call':
          return called(event);
        case 'warning': {
          const { reason, guard, message, runId, time } = event;
          const attributes = { [OWN.reason]: reason, [OWN.guard]: guard };
          warnings.add(1, attributes);
          return tell(EVENT.warning, runId, time, { ...attributes, [OWN.message]: message }, message);
        }
        case 'breaker': {
          const { breaker: label, state, reason, runId, time } = event;
          breaker.record(STATES[state], { [OWN.breaker]: label });
          const why: Attributes = reason === undefined ? {} : { [OWN.reason]: reason };
          return tell(EVENT.breaker, runId, time, { [OWN.breaker]: label, [OWN.state]: state, ...why });
        }
        case 'budget': {
          for (const unit of ['usd', 'tokens', 'calls'] as const) {
            const most = event.limit[unit];
            if (most === undefined) continue;
            const labels = { [OWN.guard]: event.guard, [OWN.budgetUnit]: unit };
            spent.record((event.spent[unit] ?? 0) + (event.reserved[unit] ?? 0), labels);
            limit.record(most, labels);
          }
          return;
        }
        default:
          return;
      }
    },
    onTrip: trip => {
      last = trip;
      const attributes = attributesOf(trip);
      trips.add(1, {
        [OWN.reason]: trip.reason,
        [OWN.guard]: trip.guard,
        ...(trip.monitored ? { [OWN.monitored]: true } : {}),
      });
      tell(EVENT.trip, trip.runId, trip.time, { ...attributes, ...userOf(trip.user) }, trip.message);
    },
  });
};

/** What a trip says, but for the calls that it is based on. */
const attributesOf = ({ id, reason, guard, message, evidence, place, monitored, app, feature }: Trip): Attributes => {
  const all: Record<string, string | number | boolean | undefined> = {
    [OWN.trip]: id,
    [OWN.reason]: reason,
    [OWN.guard]: guard,
    [OWN.message]: message,
    [OWN.app]: app,
    [OWN.feature]: feature,
    [OWN.limit]: evidence.limit,
    [OWN.observed]: evidence.observed,
    [OWN.unit]: evidence.unit,
    [OWN.period]: evidence.period,
    [OWN.repeats]: evidence.repeats,
    [OWN.rung]: evidence.rung,
    [OWN.monitored]: monitored,
    [OWN.file]: place?.file,
    [OWN.line]: place?.line,
    [OWN.function]: place?.function,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Attributes;
};
