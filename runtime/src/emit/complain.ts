// Says on stderr, a few times at most, what went wrong on the side; the agent goes on.

let complained = 0;

/** Emits a `LoopboundWarning`. */
export const complain = (message: string): void => {
  if (complained++ < 5) process.emitWarning(message, 'LoopboundWarning');
};
