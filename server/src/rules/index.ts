// Every rule, in the order of the documentation.
import { deadCycle } from './dead-cycle.ts';
import { defaultBound } from './default-bound.ts';
import { fanOut } from './fan-out.ts';
import { ineffectiveBound } from './ineffective-bound.ts';
import { retryAmplification } from './retry-amplification.ts';
import type { Rule } from './rule.ts';
import { swallowedTrip } from './swallowed-trip.ts';
import { unboundedCycle } from './unbounded-cycle.ts';
import { unboundedLoop } from './unbounded-loop.ts';
import { unboundedState } from './unbounded-state.ts';
import { unguardedRetry } from './unguarded-retry.ts';

export const rules: readonly Rule[] = [
  unboundedCycle,
  unboundedLoop,
  unguardedRetry,
  unboundedState,
  fanOut,
  ineffectiveBound,
  defaultBound,
  retryAmplification,
  deadCycle,
  swallowedTrip,
];
