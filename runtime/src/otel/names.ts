// Every name that goes to OpenTelemetry, in one place: the conventions for generative AI where they have one (all of them
// still "development", so they may change: here), and our own under `loopbound.` for trips, limits and money.

import type { Operation } from '../protocol/event.ts';

/** Name of the instrumentation. */
export const SCOPE = 'loopbound';

/** Attributes of the conventions. */
export const GEN_AI = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  model: 'gen_ai.request.model',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  tool: 'gen_ai.tool.name',
  workflow: 'gen_ai.workflow.name',
  tokenType: 'gen_ai.token.type',
  errorType: 'error.type',
  user: 'user.id',
} as const;

/** Values of `gen_ai.operation.name`; steps and other calls have none. */
export const OPERATION = { model: 'chat', tool: 'execute_tool', run: 'invoke_workflow' } as const;

/** Our own attributes. */
export const OWN = {
  run: 'loopbound.run.id',
  app: 'loopbound.app',
  feature: 'loopbound.feature',
  step: 'loopbound.step',
  outcome: 'loopbound.outcome',
  usd: 'loopbound.cost.usd',
  digest: 'loopbound.arguments.digest',
  reason: 'loopbound.trip.reason',
  trip: 'loopbound.trip.id',
  guard: 'loopbound.guard',
  message: 'loopbound.trip.message',
  limit: 'loopbound.trip.limit',
  observed: 'loopbound.trip.observed',
  unit: 'loopbound.trip.unit',
  period: 'loopbound.trip.period',
  repeats: 'loopbound.trip.repeats',
  rung: 'loopbound.trip.rung',
  monitored: 'loopbound.trip.monitored',
  file: 'code.file.path',
  line: 'code.line.number',
  function: 'code.function.name',
  breaker: 'loopbound.breaker',
  state: 'loopbound.breaker.state',
  budgetUnit: 'loopbound.budget.unit',
} as const;

/** Events, on spans and as log records. */
export const EVENT = { trip: 'loopbound.trip', warning: 'loopbound.warning', breaker: 'loopbound.breaker' } as const;

/** Metrics: name, unit, what it says. */
export const METRIC = {
  tokens: ['gen_ai.client.token.usage', '{token}', 'Tokens of one request, by type.'],
  duration: ['gen_ai.client.operation.duration', 's', 'How long guarded calls took.'],
  trips: ['loopbound.trips', '{trip}', 'Trips, by reason and guard.'],
  warnings: ['loopbound.warnings', '{warning}', 'Warnings one stage before a trip.'],
  blocked: ['loopbound.blocked', '{call}', 'Calls that were stopped before they ran.'],
  cost: ['loopbound.cost', '{USD}', 'Dollars of guarded calls.'],
  spent: ['loopbound.budget.spent', '1', 'What a budget has spent and holds.'],
  limit: ['loopbound.budget.limit', '1', 'What a budget may spend.'],
  breaker: ['loopbound.breaker.open', '1', '0 closed, 0.5 half open, 1 open.'],
} as const satisfies Record<string, readonly [string, string, string]>;

/** Name of a call's span. */
export const spanName = (op: Operation, name: string): string =>
  op === 'model' ? `${OPERATION.model} ${name}` : op === 'tool' ? `${OPERATION.tool} ${name}` : name;

/** `error.type` of what a guard stopped. */
export const tripType = (reason: string): string => `loopbound.${reason}`;
