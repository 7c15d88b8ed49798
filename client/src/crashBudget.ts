// How often a crashed server is started again: five times in three minutes, then the user decides.
// Pure; time is given.

/** Restarts allowed within the window. */
export const RESTARTS = 5;
/** Length of the window in milliseconds. */
export const WINDOW_MS = 3 * 60_000;

/** A budget of restarts. `spend` is asked at each crash and says whether to restart. */
export const crashBudget = (now: () => number): { spend(): boolean } => {
  let crashes: number[] = [];
  return {
    spend() {
      const time = now();
      crashes = [...crashes.filter(crash => time - crash < WINDOW_MS), time];
      return crashes.length <= RESTARTS;
    },
  };
};
