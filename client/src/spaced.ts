// Work that is asked for often and done seldom: never closer together than a spacing, or only once the asking has ended.

/** `soon` asks; `now` does it at once, in place of what was asked for. */
export type Spaced = { soon(): void; now(): void; dispose(): void };

/** `run` is called at most once in `ms` milliseconds, and once more after the last asking. */
export const spaced = (ms: number, run: () => void): Spaced => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const now = (): void => {
    clearTimeout(timer);
    timer = undefined;
    run();
  };
  return {
    soon() {
      timer ??= setTimeout(now, ms);
    },
    now,
    dispose() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
};

/** `run` is called once nobody has asked for `ms` milliseconds. */
export const settled = (ms: number, run: () => void): Spaced => {
  const inner = spaced(ms, run);
  return {
    soon() {
      inner.dispose();
      inner.soon();
    },
    now: inner.now,
    dispose: inner.dispose,
  };
};
