// OpenTelemetry with the real SDK and in-memory exporters: spans of runs and calls, trips as events, metrics, log records.

import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { guard, LoopDetectedError, withRun } from '../../runtime/src/index.ts';
import { createMeter } from '../../runtime/src/meter/index.ts';
import { type OpenTelemetryOptions, openTelemetry } from '../../runtime/src/otel/index.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterAll(() => context.disable());

const setUp = (options: OpenTelemetryOptions = {}) => {
  const spans = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const points = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const meterProvider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter: points, exportIntervalMillis: 3_600_000 })],
  });
  closers.push(() => meterProvider.shutdown());
  closers.push(openTelemetry({ tracerProvider, meterProvider, ...options }));
  return {
    tracer: tracerProvider.getTracer('app'),
    spans: () => spans.getFinishedSpans(),
    span: (name: string): ReadableSpan => spans.getFinishedSpans().find(span => span.name === name)!,
    metrics: async (): Promise<Record<string, { attributes: object; value: unknown }[]>> => {
      await meterProvider.forceFlush();
      const [last] = points.getMetrics().slice(-1);
      const all = last!.scopeMetrics.flatMap(({ metrics }) => metrics);
      return Object.fromEntries(
        all.map(({ descriptor, dataPoints }) => [
          descriptor.name,
          dataPoints.map(({ attributes, value }) => ({ attributes, value })),
        ]),
      );
    },
  };
};
const answer = async (_: string) => ({ usage: { prompt_tokens: 100, completion_tokens: 20 } });

describe('spans', () => {
  it('of a run and its calls hang together, with the names of the conventions, and without arguments', async () => {
    const { span, spans } = setUp({ provider: 'openai' });
    const model = guard(answer, { op: 'model', name: 'gpt-5', cost: () => 0.25 });
    const tool = guard(async (_: { secret: string }) => 'result text', { name: 'search' });
    await withRun({ name: 'research', user: 'ada', feature: 'report' }, async () => {
      await model('hunter2');
      await tool({ secret: 'hunter2' });
    });
    const run = span('invoke_workflow research');
    expect(run.attributes).toMatchObject({
      'gen_ai.operation.name': 'invoke_workflow',
      'gen_ai.workflow.name': 'research',
      'loopbound.feature': 'report',
      'loopbound.outcome': 'ok',
      'user.id': 'ada',
    });
    const chat = span('chat gpt-5');
    expect(chat.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'gpt-5',
      'gen_ai.provider.name': 'openai',
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 20,
      'loopbound.cost.usd': 0.25,
    });
    expect(span('execute_tool search').attributes).toMatchObject({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'search',
    });
    for (const child of [chat, span('execute_tool search')]) {
      expect(child.parentSpanContext?.spanId).toBe(run.spanContext().spanId);
    }
    expect(spans()).toHaveLength(3);
    expect(JSON.stringify(spans().map(({ attributes, events }) => ({ attributes, events })))).not.toMatch(
      /hunter2|result text/,
    );
  });

  it('take their place among the application’s own', async () => {
    const { tracer, span, spans } = setUp();
    const tool = guard(async (_: number) => 1, { name: 'search' });
    await tracer.startActiveSpan('request', async request => {
      await withRun('job', async () => {
        await tool(1);
        await tracer.startActiveSpan('inner', async inner => {
          await tool(2);
          inner.end();
        });
      });
      request.end();
    });
    const [first, second] = spans().filter(({ name }) => name === 'execute_tool search');
    const run = span('invoke_workflow job');
    expect(run.parentSpanContext?.spanId).toBe(span('request').spanContext().spanId);
    expect(first!.parentSpanContext?.spanId).toBe(run.spanContext().spanId);
    expect(second!.parentSpanContext?.spanId).toBe(span('inner').spanContext().spanId);
    expect(run.spanContext().traceId).toBe(span('request').spanContext().traceId);
  });

  it('say what was blocked, and why', async () => {
    const { spans, span } = setUp();
    const tool = guard((_: string) => 'same', { name: 'search' });
    const ended = await withRun('looping', async () => {
      tool('x');
      tool('x');
      tool('x');
    }).catch(error => error);
    expect(ended).toBeInstanceOf(LoopDetectedError);
    const calls = spans().filter(({ name }) => name === 'execute_tool search');
    expect(calls).toHaveLength(3);
    expect(calls[2]!.status.code).toBe(2);
    expect(calls[2]!.attributes).toMatchObject({
      'error.type': 'loopbound.loop',
      'loopbound.outcome': 'blocked',
      'loopbound.trip.reason': 'loop',
      'loopbound.trip.rung': 'cycle',
      'loopbound.trip.period': 1,
      'loopbound.trip.repeats': 3,
      'code.file.path': expect.stringContaining('otel.test.ts'),
    });
    const run = span('invoke_workflow looping');
    expect(run.attributes).toMatchObject({ 'loopbound.outcome': 'tripped', 'error.type': 'loopbound.tripped' });
    expect(run.events.map(({ name }) => name)).toEqual(['loopbound.warning', 'loopbound.trip']);
    expect(run.events[1]!.attributes).toMatchObject({
      'loopbound.trip.id': ended.trip.id,
      'loopbound.guard': 'search',
    });
  });

  it('name failures by their type alone', async () => {
    const { span } = setUp({ users: false });
    const tool = guard(
      async () => {
        throw new TypeError('hunter2 is not a function');
      },
      { name: 'broken' },
    );
    await withRun({ name: 'failing', user: 'ada' }, () => tool()).catch(() => undefined);
    expect(span('execute_tool broken').attributes).toMatchObject({ 'error.type': 'TypeError' });
    expect(span('invoke_workflow failing').attributes).toMatchObject({
      'error.type': 'TypeError',
      'loopbound.outcome': 'error',
    });
    expect(span('invoke_workflow failing').attributes).not.toHaveProperty('user.id');
  });
});

describe('metrics', () => {
  it('count tokens, dollars, durations, trips, budgets and breakers, never users', async () => {
    const { metrics } = setUp();
    const model = guard(answer, {
      op: 'model',
      name: 'gpt-5',
      cost: () => 0.25,
      budget: { maxUsd: 0.5 },
      breaker: true,
    });
    await withRun({ name: 'r', user: 'ada' }, async () => {
      await model('a');
      await model('b');
      await model('c').catch(() => undefined);
      await model('d').catch(() => undefined);
    });
    const meter = createMeter({ plans: { pro: 29 }, prices: { m: { input: 10, output: 10 } } });
    await meter.chat(async () => ({ usage: { input_tokens: 1_000, output_tokens: 0 } }), {
      model: 'm',
      messages: [],
      userId: 'bob',
      plan: 'pro',
      feature: 'f',
    });
    const seen = await metrics();
    const model5 = { 'gen_ai.request.model': 'gpt-5' };
    expect(seen['gen_ai.client.token.usage']).toEqual(
      expect.arrayContaining([
        {
          attributes: expect.objectContaining({ ...model5, 'gen_ai.token.type': 'input' }),
          value: expect.objectContaining({ sum: 200, count: 2 }),
        },
        {
          attributes: expect.objectContaining({ ...model5, 'gen_ai.token.type': 'output' }),
          value: expect.objectContaining({ sum: 40 }),
        },
        {
          attributes: expect.objectContaining({ 'gen_ai.request.model': 'm' }),
          value: expect.objectContaining({ sum: 1_000 }),
        },
      ]),
    );
    expect(seen['loopbound.cost']).toEqual(
      expect.arrayContaining([
        { attributes: expect.objectContaining(model5), value: 0.5 },
        { attributes: expect.objectContaining({ 'gen_ai.request.model': 'm', 'loopbound.feature': 'f' }), value: 0.01 },
      ]),
    );
    expect(seen['gen_ai.client.operation.duration']![0]!.value).toMatchObject({ count: 2 });
    expect(seen['loopbound.trips']).toEqual([
      { attributes: { 'loopbound.trip.reason': 'budget', 'loopbound.guard': 'gpt-5' }, value: 1 },
    ]);
    expect(seen['loopbound.blocked']!.reduce((sum, { value }) => sum + (value as number), 0)).toBe(2);
    const budget = { 'loopbound.guard': 'gpt-5', 'loopbound.budget.unit': 'usd' };
    expect(seen['loopbound.budget.spent']).toEqual([{ attributes: budget, value: 0.5 }]);
    expect(seen['loopbound.budget.limit']).toEqual([{ attributes: budget, value: 0.5 }]);
    expect(seen['loopbound.breaker.open']).toEqual([{ attributes: { 'loopbound.breaker': 'gpt-5' }, value: 1 }]);
    expect(JSON.stringify(seen)).not.toMatch(/ada|bob/);
  });
});

describe('log records', () => {
  it('tell trips to a logger that is given', async () => {
    const exporter = new InMemoryLogRecordExporter();
    const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] });
    closers.push(() => provider.shutdown());
    const { tracer } = setUp({ logger: provider.getLogger('loopbound') });
    expect(trace.getActiveSpan()).toBeUndefined();
    const tool = guard((_: string) => 'same', { name: 'search' });
    tracer.startActiveSpan('request', request => {
      tool('y');
      tool('y');
      expect(() => tool('y')).toThrow(LoopDetectedError);
      request.end();
    });
    await provider.forceFlush();
    expect(exporter.getFinishedLogRecords().map(({ eventName, body }) => [eventName, body])).toEqual([
      ['loopbound.warning', expect.stringMatching(/One more and it is stopped/)],
      ['loopbound.trip', expect.stringMatching(/third time in a row/)],
    ]);
  });
});
