// Time, injectable: everything that waits or measures takes a Clock, so that tests need no sleeping.

/** Milliseconds since the epoch. */
export type Clock = () => number;

/** The clock of the machine. */
export const systemClock: Clock = Date.now;
