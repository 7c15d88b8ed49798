// An error as the user should see it: what went wrong and where, without our stack unless it is our bug.
import { ConfigError } from '../engine/config.ts';

/** One paragraph. */
export function describeError(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (error instanceof Error && typeof code === 'string' && /^E[A-Z]+$/.test(code)) return error.message;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `this is a bug, please report it with the lines below.\n${text}`;
}
