// The typed errors of trips, with a common base. Narrow by `reason`, or by class.
// `instanceof` works over ESM and CJS copies of this package in one process.

import type { Evidence, MatchedCall, Place, Trip, TripReason } from './protocol/trip.ts';

/** Exit code for processes that end because of a trip; no shell, Node or Python code has it. */
export const TRIP_EXIT_CODE = 86;

const KINDS = Symbol.for('loopbound.error.kinds');

/** The base of all trips. */
export class TripError<R extends TripReason = TripReason> extends Error {
  /** Why it tripped. */
  readonly reason: R;
  /** The whole trip, as it is journalled and shown. */
  readonly trip: Trip;

  constructor(trip: Trip) {
    super(trip.message);
    this.name = new.target.kind;
    this.reason = trip.reason as R;
    this.trip = trip;
    const kinds: string[] = [];
    for (let type = new.target; type.kind !== undefined; type = Object.getPrototypeOf(type)) {
      kinds.push(type.kind);
    }
    Object.defineProperty(this, KINDS, { value: kinds });
  }

  /** Name of the class, kept by minifiers. */
  static kind = 'TripError';

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return false;
    const kinds = (value as { [KINDS]?: unknown })[KINDS];
    return Array.isArray(kinds) && kinds.includes(this.kind);
  }

  /** What the trip is based on. */
  get evidence(): Evidence {
    return this.trip.evidence;
  }

  /** Where in the user's code; undefined if the stack shows only libraries. */
  get place(): Place | undefined {
    return this.trip.place;
  }

  /** Milliseconds since the epoch at which trying again makes sense; undefined if it never does by itself. */
  get retryAt(): number | undefined {
    return this.trip.evidence.retryAt;
  }
}

/** The agent goes in circles. */
export class LoopDetectedError extends TripError<'loop'> {
  static override kind = 'LoopDetectedError';
  /** Calls in one cycle. */
  get cycleLength(): number {
    return this.evidence.period ?? 1;
  }
  /** How often the cycle was seen, the stopped one included. */
  get repeats(): number {
    return this.evidence.repeats ?? 0;
  }
  /** Names of the calls of one cycle. */
  get pattern(): readonly string[] {
    return this.evidence.pattern ?? [];
  }
  /** The calls that matched, oldest first. */
  get calls(): readonly MatchedCall[] {
    return this.evidence.calls ?? [];
  }
}

/** A budget of dollars, tokens or calls does not cover the call. */
export class BudgetExceededError extends TripError<'budget'> {
  static override kind = 'BudgetExceededError';
}

/** The input would not fit the model's context with its headroom. */
export class ContextOverflowError extends TripError<'context'> {
  static override kind = 'ContextOverflowError';
}

/** A step ran more often than it may. */
export class StepBudgetExceededError extends TripError<'step'> {
  static override kind = 'StepBudgetExceededError';
  /** All steps of the run with their counts. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries((this.evidence.counts ?? []).map(({ name, count }) => [name, count]));
  }
}

/** A router takes the same route again and again. */
export class RouterLoopError extends TripError<'route'> {
  static override kind = 'RouterLoopError';
  /** The last routes, oldest first. */
  get routes(): readonly string[] {
    return this.evidence.routes ?? [];
  }
}

/** The state grew beyond its ceiling. */
export class StateBudgetError extends TripError<'state'> {
  static override kind = 'StateBudgetError';
  /** The largest field. */
  get field(): string | undefined {
    return this.evidence.subject;
  }
}

/** The same agents delegate to each other in circles. */
export class DelegationLoopError extends TripError<'delegation'> {
  static override kind = 'DelegationLoopError';
}

/** One tool fails again and again within a task. */
export class ToolStormError extends TripError<'toolStorm'> {
  static override kind = 'ToolStormError';
}

/** A manager reassigns one task again and again. */
export class ReassignmentError extends TripError<'reassignment'> {
  static override kind = 'ReassignmentError';
}

/** Steps become ever more expensive. */
export class CostDriftError extends TripError<'drift'> {
  static override kind = 'CostDriftError';
}

/** One user spends tokens too fast. */
export class VelocityExceededError extends TripError<'velocity'> {
  static override kind = 'VelocityExceededError';
}

/** A user's cap of the plan does not cover the call. */
export class CapReachedError extends TripError<'cap'> {
  static override kind = 'CapReachedError';
  readonly planName: string;
  readonly userId: string;
  /** Dollars spent and held in reserve this month. */
  readonly spent: number;
  /** Dollars of the plan. */
  readonly cap: number;

  constructor(trip: Trip, detail: { planName: string; userId: string; spent: number; cap: number }) {
    super(trip);
    this.planName = detail.planName;
    this.userId = detail.userId;
    this.spent = detail.spent;
    this.cap = detail.cap;
  }
}

/** Somebody stopped the run. */
export class RunStoppedError extends TripError<'kill'> {
  static override kind = 'RunStoppedError';
}

/** The breaker is open: an earlier trip still holds. `reason` is that trip's. */
export class BreakerOpenError extends TripError {
  static override kind = 'BreakerOpenError';
}

/** An earlier process tripped and nothing was reset: refused before the first request. `reason` is the earlier trip's. */
export class PreflightTripError extends TripError {
  static override kind = 'PreflightTripError';
}

/** Every trip that a limit raised itself: narrows by `reason`. */
export type AnyTripError =
  | LoopDetectedError
  | BudgetExceededError
  | ContextOverflowError
  | StepBudgetExceededError
  | RouterLoopError
  | StateBudgetError
  | DelegationLoopError
  | ToolStormError
  | ReassignmentError
  | CostDriftError
  | VelocityExceededError
  | CapReachedError
  | RunStoppedError;

type ErrorOf<R extends TripReason> = Extract<AnyTripError, { reason: R }>;

const CLASSES = {
  loop: LoopDetectedError,
  budget: BudgetExceededError,
  context: ContextOverflowError,
  step: StepBudgetExceededError,
  route: RouterLoopError,
  state: StateBudgetError,
  delegation: DelegationLoopError,
  toolStorm: ToolStormError,
  reassignment: ReassignmentError,
  drift: CostDriftError,
  velocity: VelocityExceededError,
  kill: RunStoppedError,
} as const satisfies Record<Exclude<TripReason, 'cap'>, new (trip: Trip) => TripError>;

/** The error of a trip. */
export const errorOf = (trip: Trip): TripError =>
  trip.reason === 'cap' ? new TripError(trip) : new CLASSES[trip.reason](trip);

/**
 * Whether an error is a trip, or the very error of a limit if its reason is given: an open breaker and a trip of an
 * earlier process, which only repeat a reason, are none. For wrapped errors see {@link tripOf}.
 */
export function isTripError(error: unknown): error is TripError;
export function isTripError<R extends TripReason>(error: unknown, reason: R): error is ErrorOf<R>;
export function isTripError(error: unknown, reason?: TripReason): boolean {
  if (reason === undefined) return error instanceof TripError;
  return error instanceof (reason === 'cap' ? CapReachedError : CLASSES[reason]);
}

/** The trip behind an error that a framework may have wrapped (`cause`, `errors`, `originalError`); undefined if none. */
export const tripOf = (error: unknown, depth = 0): TripError | undefined => {
  if (error instanceof TripError) return error;
  if (typeof error !== 'object' || error === null || depth > 8) return undefined;
  const { cause, errors, originalError } = error as Record<string, unknown>;
  for (const inner of [cause, originalError, ...(Array.isArray(errors) ? errors : [])]) {
    const found = inner === undefined ? undefined : tripOf(inner, depth + 1);
    if (found) return found;
  }
  return undefined;
};

/** Whether a meter refused the call because of a user's cap. */
export const isCapError = (error: unknown): error is CapReachedError => error instanceof CapReachedError;
