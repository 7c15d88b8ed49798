// Finds the place in the user's code from a stack trace. Only called when something trips, never on the hot path.
// Uses the stack as text, so source maps count where the process has them enabled.

import { fileURLToPath } from 'node:url';
import type { Place } from './protocol/trip.ts';

const FRAME = /^\s*at (?:async )?(?:(.*?) \()?((?:file:\/\/|\/|[A-Za-z]:[\\/]).*?):(\d+):(\d+)\)?$/;

const ownFolder = (): string | undefined => {
  for (const line of (new Error().stack ?? '').split('\n')) {
    const frame = FRAME.exec(line);
    if (!frame) continue;
    const file = pathOf(frame[2]!);
    // In somebody's bundle this file is their file: then only the functions given to placeOf are left out.
    const match = /^(.*[\\/](?:loopbound|runtime)[\\/](?:dist|src)[\\/])/.exec(file);
    return match?.[1];
  }
  return undefined;
};

const pathOf = (file: string): string => {
  if (!file.startsWith('file://')) return file;
  try {
    return fileURLToPath(file);
  } catch {
    // A file URL of another host: shown as it is.
    return file;
  }
};

let own: string | undefined | null = null;

const DEPTH = 60;

/**
 * The innermost frame of the user's code: not of this library, of `node_modules` or of Node. `above` and everything
 * that it called are left out. Undefined if there is none.
 */
export const placeOf = (above?: (...args: never[]) => unknown): Place | undefined => {
  if (own === null) own = ownFolder();
  const limit = Error.stackTraceLimit;
  const holder: { stack?: string } = {};
  try {
    Error.stackTraceLimit = DEPTH;
    Error.captureStackTrace(holder, above);
    return placeIn(String(holder.stack ?? ''));
  } finally {
    Error.stackTraceLimit = limit;
  }
};

/** The innermost frame of the user's code in a stack trace. */
export const placeIn = (stack: string): Place | undefined => {
  for (const line of stack.split('\n')) {
    const frame = FRAME.exec(line);
    if (!frame) continue;
    const file = pathOf(frame[2]!);
    if (/[\\/]node_modules[\\/]/.test(file) || (own && file.startsWith(own))) continue;
    const name = frame[1]?.replace(/^new /, '');
    const place: Place = { file, line: Number(frame[3]), column: Number(frame[4]) };
    if (name && name !== '<anonymous>') place.function = name;
    return place;
  }
  return undefined;
};
