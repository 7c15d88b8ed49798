// Where a room says what it did or could not do. It knows no console, no editor and no format.

/** A place to write lines to. Never throws. */
export interface Log {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Says nothing. */
export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
