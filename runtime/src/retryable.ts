// Which failures a provider asks to try again: the loop detector skips a few of them in a row.

const STATUSES = new Set([408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529]);
const CODES = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ETIMEDOUT',
  'EPIPE',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
]);

/** Whether an error is marked retryable (`retryable`, `isRetryable`) or is one of the usual transient failures. */
export const isRetryable = (error: unknown): boolean => {
  if (typeof error !== 'object' || error === null) return false;
  const { retryable, isRetryable: flagged, status, statusCode, code } = error as Record<string, unknown>;
  if (typeof retryable === 'boolean') return retryable;
  if (typeof flagged === 'boolean') return flagged;
  return (
    STATUSES.has(typeof status === 'number' ? status : Number(statusCode)) ||
    (typeof code === 'string' && CODES.has(code))
  );
};
