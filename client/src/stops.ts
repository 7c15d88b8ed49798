// What a debug session tells of itself, and how a stop is worded when a trip is behind it. Pure: messages of the debug
// adapter go in, and only the wording of a `stopped` event is ever changed.

/** A message of the debug adapter protocol, as far as it matters here. */
export type AdapterMessage = { type?: string; event?: string; body?: Record<string, unknown> };

/** What is known of a session. */
export type Session = {
  /** Takes in a message that is on its way to the editor; a stop that a trip is behind gets its words. */
  observe(message: AdapterMessage): void;
  /** Whether the session debugs this process; undefined if it has not said which one it debugs. */
  debugs(pid: number): boolean | undefined;
  /** A thread that can be paused. */
  thread(): number | undefined;
  /** The next stop is because of this trip. */
  expect(trip: { reason: string; message: string }): void;
};

/** Errors that guards throw. */
const TRIP_ERRORS =
  /\b(?:Trip|LoopDetected|BudgetExceeded|ContextOverflow|StepBudgetExceeded|RouterLoop|StateBudget|DelegationLoop|ToolStorm|Reassignment|CostDrift|VelocityExceeded|CapReached|RunStopped|BreakerOpen|PreflightTrip)Error\b/;

/** `say` words a reason for the user. */
export const session = (say: (reason: string) => string): Session => {
  let pid: number | undefined;
  const threads = new Set<number>();
  let expected: { reason: string; message: string } | undefined;
  return {
    observe({ type, event, body }) {
      if (type !== 'event' || !body) return;
      if (event === 'process' && typeof body.systemProcessId === 'number') pid = body.systemProcessId;
      if (event === 'thread' && typeof body.threadId === 'number') {
        if (body.reason === 'exited') threads.delete(body.threadId);
        else threads.add(body.threadId);
      }
      if (event !== 'stopped') return;
      if (typeof body.threadId === 'number') threads.add(body.threadId);
      if (expected && body.reason === 'pause') {
        body.description = say(expected.reason);
        body.text = expected.message;
        expected = undefined;
        return;
      }
      const words = [body.text, body.description].filter(text => typeof text === 'string').join('\n');
      const error = body.reason === 'exception' ? TRIP_ERRORS.exec(words)?.[0] : undefined;
      if (error !== undefined) body.description = say(error);
    },
    debugs: other => (pid === undefined ? undefined : pid === other),
    thread: () => threads.values().next().value,
    expect(trip) {
      expected = trip;
    },
  };
};
