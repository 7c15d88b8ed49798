// Tokens: 256 random bits, compared in constant time. Knows nothing of who holds which.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A fresh token: 256 bits, base64url, so that it is also a valid websocket subprotocol. */
export const makeToken = (): string => randomBytes(32).toString('base64url');

/** Whether two tokens are equal, in a time that does not depend on where or how they differ. */
export const sameToken = (given: string, expected: string): boolean =>
  timingSafeEqual(createHash('sha256').update(given).digest(), createHash('sha256').update(expected).digest());
