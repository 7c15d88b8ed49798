// Which failures a provider asks to try again: the loop detector skips a few of them in a row.

const STATUSES = new Set([408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529]);
const CODES = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ETIMEDOUT',
  'EPIPE',
  'EBUSY',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
]);

const NAMES =
  /^(?:RateLimit|TooManyRequests|Overloaded|ServiceUnavailable|InternalServer|APIConnection|APIConnectionTimeout|Timeout|Throttling)(?:Error|Exception)?$/;

/** How transient failures put it, where nothing but a message is given. */
export const TRANSIENT =
  /\b(?:408|429|500|502|503|504|520|522|524|529)\b.*\b(?:error|unavailable|gateway|time-?out|requests|overloaded)\b|\brate.?limit(?:ed|s)? (?:exceeded|reached|hit)|\btoo many requests\b|\boverloaded(?:_error)?\b|\b(?:temporarily|service) unavailable\b|\brequest timed out\b|\btry again (?:later|in)\b|\bsocket hang up\b/i;

/** Whether an error is marked retryable (`retryable`, `isRetryable`) or is one of the usual transient failures. */
export const isRetryable = (error: unknown): boolean => {
  if (typeof error !== 'object' || error === null) return false;
  const { retryable, isRetryable: flagged, status, statusCode, code, name, message } = error as Record<string, unknown>;
  if (typeof retryable === 'boolean') return retryable;
  if (typeof flagged === 'boolean') return flagged;
  return (
    STATUSES.has(typeof status === 'number' ? status : Number(statusCode)) ||
    (typeof code === 'string' && CODES.has(code)) ||
    (typeof name === 'string' && NAMES.test(name)) ||
    // A status that is there has said what it is.
    (status === undefined &&
      statusCode === undefined &&
      typeof message === 'string' &&
      TRANSIENT.test(message.slice(0, 300)))
  );
};
