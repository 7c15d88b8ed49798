// What changes in a result without meaning progress: times, durations, request ids, process ids, temporary paths.
// Percentages, counts, names and plain numbers are left alone: when they change, something happened.

/** Keys of results whose values never count as progress. */
export const VOLATILE_RESULT_KEYS: ReadonlySet<string> = new Set([
  'timestamp',
  'timestamps',
  'ts',
  'time',
  'date',
  'datetime',
  'now',
  'createdAt',
  'created_at',
  'updatedAt',
  'updated_at',
  'fetchedAt',
  'fetched_at',
  'checkedAt',
  'checked_at',
  'duration',
  'durationMs',
  'duration_ms',
  'elapsed',
  'elapsedMs',
  'elapsed_ms',
  'latency',
  'latencyMs',
  'latency_ms',
  'took',
  'tookMs',
  'took_ms',
  'uptime',
  'requestId',
  'request_id',
  'traceId',
  'trace_id',
  'spanId',
  'span_id',
  'correlationId',
  'correlation_id',
  'receipt',
  'receiptId',
  'receipt_id',
  'callId',
  'call_id',
  'toolCallId',
  'tool_call_id',
  'sessionId',
  'session_id',
  'nonce',
  'uuid',
  'etag',
  'pid',
  'processId',
  'process_id',
  'cwd',
  'workdir',
  'tmpdir',
]);

/** A pattern and the mark that takes its place. */
export type VolatilePattern = readonly [pattern: RegExp, mark: string];

/** Patterns of text that never count as progress. */
export const VOLATILE_PATTERNS: readonly VolatilePattern[] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<uuid>'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?/g, '<time>'],
  [
    /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (?:\d{1,2} )?[A-Z][a-z]{2}(?: \d{1,2})?,? (?:\d{4} )?\d\d:\d\d:\d\d(?: \d{4})?(?: [A-Z]{2,4})?/g,
    '<time>',
  ],
  [/\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?(?: ?[AP]M)?\b/gi, '<time>'],
  [/\b1[5-9]\d{8}(?:\.\d+|\d{3})?\b/g, '<epoch>'],
  [/\b\d+(?:\.\d+)? ?(?:ms|µs|us|ns|milliseconds?|microseconds?|seconds?|secs?)\b/gi, '<duration>'],
  [/\b\d+\.\d+ ?s\b/g, '<duration>'],
  [
    /\b((?:took|elapsed|duration|after|in|waited|uptime)[ :=]+)\d+(?:\.\d+)? ?(?:s|m|h|min|minutes?|hours?)\b/gi,
    '$1<duration>',
  ],
  [/\b(pid|process(?: id)?|job|PID)([ :=#]+)\d+\b/gi, '$1$2<pid>'],
  [
    /\b(?:req|request|call|msg|run|trace|span|rcpt|receipt|evt|chatcmpl|resp|toolu|sess|session|corr|txn?|op)[_-][A-Za-z0-9]*\d[A-Za-z0-9]*\b/g,
    '<id>',
  ],
  [
    /\b((?:request|trace|span|correlation|receipt|session|call|message)[ _-]?(?:id|no|number)?[ :=#]+)(?=[\w-]*\d)[\w-]+/gi,
    '$1<id>',
  ],
  [/\b0x[0-9a-f]{6,}\b/gi, '<address>'],
  [/(?:\/private)?\/(?:tmp|var\/tmp|var\/folders\/[^/\s"']+\/[^/\s"']+\/T)\/[^/\s"',:)]+/g, '<temp>'],
  [/[A-Z]:\\(?:[^\\\s"']+\\)*Temp\\[^\\\s"',:)]+/gi, '<temp>'],
];

/** Configures the stripping. */
export type VolatileOptions = {
  /** Result keys to ignore. Default {@link VOLATILE_RESULT_KEYS}. */
  keys?: ReadonlySet<string>;
  /** Patterns to replace. Default {@link VOLATILE_PATTERNS}. */
  patterns?: readonly VolatilePattern[];
};

/** The part of a result that is looked at, in characters: a loop shows long before. */
const MAX = 64 * 1024;

/** A result, as {@link resultText} gave it, without what is volatile in it. */
export const stripVolatile = (text: string, options: VolatileOptions = {}): string => {
  let out = text.length > MAX ? text.slice(0, MAX) : text;
  const first = out.charCodeAt(0);
  if (first === 123 || first === 91) out = stripKeys(out, options.keys ?? VOLATILE_RESULT_KEYS);
  for (const [pattern, mark] of options.patterns ?? VOLATILE_PATTERNS) out = out.replace(pattern, mark);
  return out.replace(/\s+/g, ' ').trim();
};

const stripKeys = (text: string, keys: ReadonlySet<string>): string => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Text that only looks like JSON.
    return text;
  }
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value === 'string') {
      const inner = value.charCodeAt(0);
      return inner === 123 || inner === 91 ? stripKeys(value, keys) : value;
    }
    if (typeof value !== 'object' || value === null) return value;
    return Object.entries(value)
      .filter(([key]) => !keys.has(key))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => [key, sorted(field)]);
  };
  return JSON.stringify(sorted(json));
};

/** A result as text, taken at once because the caller may change the value later. Undefined if there is none. */
export const resultText = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value;
  if (value === undefined) return undefined;
  if (typeof value !== 'object') return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Cyclic or with a bigint: its kind is all that can be compared.
    return Object.prototype.toString.call(value);
  }
};

/** What tells failures apart: name, status, code and the stripped first line of the message. */
export const errorText = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return stripVolatile(String(error).slice(0, 500));
  const { name, status, statusCode, code, message, title } = error as Record<string, unknown>;
  const line = String(title ?? message ?? '').split('\n', 1)[0]!;
  return `${String(name ?? 'Error')} ${String(status ?? statusCode ?? '')} ${String(code ?? '')} ${stripVolatile(line.slice(0, 500))}`;
};

/** A short name of a failure for people and events; never its message. */
export const errorName = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return typeof error;
  const { name, status, statusCode, code } = error as Record<string, unknown>;
  const number = status ?? statusCode ?? code;
  return number === undefined ? String(name ?? 'Error') : `${String(name ?? 'Error')} ${String(number)}`;
};
