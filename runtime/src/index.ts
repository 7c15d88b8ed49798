// loopbound: a guard for agent loops. Zero dependencies; everything works alone, and a hub only watches.

export { BoundedArray, keepFirstAndLast, keepLast, truncateTokens } from './bounded.ts';
export { Breaker, type BreakerOptions, type BreakerSnapshot, type Pass, type Rejection } from './breaker.ts';
export { Budget, type BudgetOptions, isShort, type Reservation, type Shortage, type Spend } from './budget.ts';
export { type Clock, systemClock } from './clock.ts';
export { ContextGuard, type ContextOptions } from './context.ts';
export { type Answered, type CallFacts, GuardCore, GuardedCall, type GuardView, type Outcome } from './core.ts';
export { CrewBreaker, type CrewOptions, type CrewView, crewBreaker, driftOf } from './crew.ts';
export { Detector, type LoopOptions, type Remembered, type Rung, type Sighting } from './detector.ts';
export { configure, flush, listen } from './emit/channel.ts';
export { VERSION } from './emit/outbox.ts';
export type { Listener } from './emit/shared.ts';
export * from './errors.ts';
export {
  FlowGuard,
  type FlowOptions,
  failSoft,
  flowGuard,
  guardedStep,
  type StepDecorator,
  type StepOptions,
  TERMINAL_ROUTES,
} from './flow.ts';
export { type Guard, type GuardHandle, guard, guardOf } from './guard.ts';
export { LoopBudget, loopBudget } from './loopBudget.ts';
export type { AnyFunction, GuardOptions, InputOf, OutputOf, Warning } from './options.ts';
export type { Amounts, BreakerState, Operation } from './protocol/event.ts';
export type { Evidence, MatchedCall, Place, Trip, TripReason } from './protocol/trip.ts';
export { makeTrip, type TripFacts } from './raise.ts';
export { isRetryable } from './retryable.ts';
export { activeRun, currentRun, Run, type RunOptions, type RunSummary, runSummary, withRun } from './run.ts';
export { type Signature, sameSignature, signatureOf, signatureText, VOLATILE_KEYS } from './signature.ts';
export { fileStore } from './store/file.ts';
export { memoryStore } from './store/memory.ts';
export type { GuardStore, StoredGuard } from './store/store.ts';
export { Calibration, estimateText, estimateTokens } from './tokens.ts';
export { type Usage, usageOf } from './usage.ts';
export { stripVolatile, VOLATILE_PATTERNS, VOLATILE_RESULT_KEYS, type VolatileOptions } from './volatile.ts';
