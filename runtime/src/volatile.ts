// What changes in a result without meaning progress: times, durations, request ids, process ids, temporary paths.
// Percentages, counts, names and plain numbers are left alone: when they change, something happened.

import { leavesOf, type Signature } from './signature.ts';

/** Stands in an error for an argument that it names. */
export const ARGUMENT = '<argument>';

/** Keys without case, `_` and `-`, so that one entry stands for all spellings. */
export const plainKey = (key: string): string => key.replace(/[_-]/g, '').toLowerCase();

/** Keys of results whose values never count as progress; compared without case, `_` and `-`. */
export const VOLATILE_RESULT_KEYS: ReadonlySet<string> = new Set(
  (
    'timestamp timestamps ts time date datetime now createdat updatedat fetchedat checkedat servedat generatedat ' +
    'lastchecked lastcheckedat lastpolled lastpolledat lastseen lastseenat lastupdated nextcheck nextpoll retryafter ' +
    'duration elapsed latency took uptime loadtime responsetime totaltime ' +
    'requestid xrequestid traceid traceparent spanid correlationid receipt receiptid callid toolcallid sessionid nonce uuid ' +
    'etag pid processid cwd workdir tmpdir attempt attempts retrycount'
  ).split(' '),
);

/** How keys of measured times end, whatever was measured. */
const TIMING_KEY =
  /(?:time|duration|elapsed|latency|took|waited|uptime)(?:in)?(?:ms|millis|milliseconds|s|secs?|seconds|ns|us)$/;

/** Keys whose times and durations are the progress itself. */
const PROGRESS_KEY =
  /until|upto|through|cursor|watermark|checkpoint|last|latest|synced|processed|position|offset|eta|remaining|left/;

/** A pattern and the mark that takes its place. */
export type VolatilePattern = readonly [pattern: RegExp, mark: string];

// Before and after a time or a duration: words that make it the progress itself.
const NO_PROGRESS_BEFORE =
  '(?<!\\b(?:until|up to|through|cursor|watermark|checkpoint|offset|position|processed|synced|eta|remaining|left|to go|last \\w+)[\\s:=~]{1,4})';
const NO_PROGRESS_AFTER = '(?! ?(?:remaining|left|to go|of \\d|/ ?\\d))';
const around = (pattern: string, flags: string): RegExp =>
  new RegExp(`(?=\\d)${NO_PROGRESS_BEFORE}${pattern}${NO_PROGRESS_AFTER}`, flags);

/** Patterns of text that never count as progress. */
export const VOLATILE_PATTERNS: readonly VolatilePattern[] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<uuid>'],
  [around('\\b\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(?::\\d\\d(?:[.,]\\d+)?)?(?:Z|[+-]\\d\\d:?\\d\\d)?', 'g'), '<time>'],
  [
    /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (?:\d{1,2} )?[A-Z][a-z]{2}(?: \d{1,2})?,? (?:\d{4} )?\d\d:\d\d:\d\d(?: \d{4})?(?: [A-Z]{2,4})?/g,
    '<time>',
  ],
  [around('\\b\\d{1,2}:\\d\\d:\\d\\d(?:[.,]\\d+)?(?: ?[AP]M)?\\b', 'gi'), '<time>'],
  [around('\\b1[5-9]\\d{8}(?:\\.\\d+|\\d{3})?\\b', 'g'), '<epoch>'],
  [around('\\b(?:\\d+ ?h ?)?\\d+ ?m(?:in)? ?\\d+(?:\\.\\d+)? ?s(?:ec)?\\b', 'gi'), '<duration>'],
  [around('\\b\\d+(?:\\.\\d+)? ?(?:ms|µs|us|ns|milliseconds?|microseconds?|seconds?|secs?)\\b', 'gi'), '<duration>'],
  [around('\\b\\d+\\.\\d+ ?s\\b', 'gi'), '<duration>'],
  [/\(\d+(?:\.\d+)? ?(?:s|m|min)\)/g, '(<duration>)'],
  [
    /\b((?:took|elapsed|duration|after|in|waited|uptime)[ :=]+)\d+(?:\.\d+)? ?(?:s|m|h|min|minutes?|hours?)\b/gi,
    '$1<duration>',
  ],
  [/\b(pid|process(?: id)?|job|PID)([ :=#]+)\d+\b/gi, '$1$2<pid>'],
  [/\b((?:attempt|retry|try)(?: no\.?)?[ :=#]+)\d+(?:(?: of |\/)\d+)?/gi, '$1<attempt>'],
  [
    /\b(?:req|request|call|msg|run|trace|span|rcpt|receipt|evt|chatcmpl|resp|toolu|sess|session|corr|txn?|op)[_-][A-Za-z0-9]*\d[A-Za-z0-9]*\b/g,
    '<id>',
  ],
  [
    /\b(?:id|job|task|inc|incident|event|error|err|ref|worker|pod|container|upload|batch|exec|deploy|ticket)[_-](?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{5,}\b/gi,
    '<id>',
  ],
  [
    /\b((?:request|trace|span|correlation|receipt|session|call|message|reference|incident|confirmation)[ _-]?(?:id|no|number)?[ :=#.]+)(?=[\w.-]*\d)[\w.-]+/gi,
    '$1<id>',
  ],
  [/((?:localhost|\b127\.0\.0\.1|\b0\.0\.0\.0|\[::1?\]):|\bport )\d{4,5}\b/gi, '$1<port>'],
  [/\b0x[0-9a-f]{6,}\b/gi, '<address>'],
  [/(?:\/private)?\/(?:tmp|var\/tmp|var\/folders\/[^/\s"']+\/[^/\s"']+\/T)\/[^/\s"',:)]+/g, '<temp>'],
  [/[A-Z]:\\(?:[^\\\s"']{1,64}\\){0,12}Temp\\[^\\\s"',:)]+/gi, '<temp>'],
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
  // Of a long one the end counts as well: that is where a log grows.
  let out = text.length > MAX ? text.slice(0, MAX / 2) + text.slice(-MAX / 2) : text;
  const first = out.charCodeAt(0);
  if (first === 123 || first === 91) out = stripKeys(out, plainKeys(options.keys ?? VOLATILE_RESULT_KEYS));
  for (const [pattern, mark] of options.patterns ?? VOLATILE_PATTERNS) out = out.replace(pattern, mark);
  return out.replace(/\s+/g, ' ').trim();
};

/** What is looked at around the first difference of two long texts, and how much of its end a cut may have spoiled. */
const AROUND = 400;
const SPOILED = 60;

/** Whether two long texts surely differ in more than what is volatile: told by the place where they first do. */
export const surelyDiffer = (a: string, b: string, options: VolatileOptions = {}): boolean => {
  const first = a.charCodeAt(0);
  // Keys decide in JSON, and they stand anywhere.
  if (a.length < 4 * AROUND || first === 123 || first === 91) return false;
  let at = 0;
  while (at < b.length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  const from = Math.max(0, at - AROUND / 2);
  const one = stripVolatile(a.slice(from, at + AROUND), options);
  const other = stripVolatile(b.slice(from, at + AROUND), options);
  const length = Math.min(one.length, other.length) - SPOILED;
  return length > 0 && one.slice(0, length) !== other.slice(0, length);
};

/** Whether nothing is left of a stripped result: then what was taken out was all that it said. */
export const isAllVolatile = (stripped: string): boolean => !/[\p{L}\p{N}]/u.test(stripped.replace(/<\w+>/g, ''));

let plainFrom: ReadonlySet<string> | undefined;
let plain: ReadonlySet<string> = VOLATILE_RESULT_KEYS;

const plainKeys = (keys: ReadonlySet<string>): ReadonlySet<string> => {
  if (keys === VOLATILE_RESULT_KEYS) return keys;
  if (keys !== plainFrom) {
    plainFrom = keys;
    plain = new Set([...keys].map(plainKey));
  }
  return plain;
};

/** Digits that no pattern knows. */
const shield = (text: string): string => text.replace(/\d/g, digit => String.fromCharCode(0xe000 + Number(digit)));

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
    const fields: [string, unknown][] = [];
    for (const key of Object.keys(value).sort()) {
      const name = plainKey(key);
      if (keys.has(name) || TIMING_KEY.test(name)) continue;
      const field = (value as Record<string, unknown>)[key];
      const kept = PROGRESS_KEY.test(name) && (typeof field === 'string' || typeof field === 'number');
      fields.push([key, kept ? shield(String(field)) : sorted(field)]);
    }
    return fields;
  };
  return JSON.stringify(sorted(json));
};

/** A result as text, taken at once because the caller may change the value later. Undefined if there is none. */
export const resultText = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value;
  if (value === undefined) return undefined;
  if (typeof value !== 'object') return String(value);
  try {
    const text = JSON.stringify(value) ?? String(value);
    return text === '{}' && isOpaque(value) ? opaqueText(value) : text;
  } catch {
    // Cyclic or with a bigint: its kind is all that can be compared.
    return Object.prototype.toString.call(value);
  }
};

const isOpaque = (value: object | null): value is object => {
  const prototype = value === null ? null : Object.getPrototypeOf(value);
  return prototype !== null && prototype !== Object.prototype;
};

let opaque = 0;

/** Of a stream, a response or another thing that shows nothing, nobody can say that it is the same again. */
const opaqueText = (value: object): string => {
  if (value instanceof Map || value instanceof Set) return JSON.stringify([...value]);
  if (value instanceof Error) return errorText(value);
  return `${Object.prototype.toString.call(value)} number ${++opaque}`;
};

/**
 * What tells failures apart: name, status, code and the stripped first line of the message. Arguments that the message
 * names are taken out: the same error for another file is the same error.
 */
export const errorText = (error: unknown, signature?: Signature): string => {
  if (typeof error !== 'object' || error === null) return lineOf(String(error), signature);
  const { name, status, statusCode, code, message, title } = error as Record<string, unknown>;
  const line = lineOf(String(title ?? message ?? ''), signature);
  return `${String(name ?? 'Error')} ${String(status ?? statusCode ?? '')} ${String(code ?? '')} ${line}`;
};

const lineOf = (message: string, signature: Signature | undefined): string => {
  let line = message.split('\n', 1)[0]!.slice(0, 500);
  if (signature) {
    for (const [, value] of leavesOf(signature)) {
      if (typeof value === 'string' && value.length > 2) line = line.replaceAll(value, ARGUMENT);
    }
  }
  return stripVolatile(line);
};

/** A short name of a failure for people and events; never its message. */
export const errorName = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return typeof error;
  const { name, status, statusCode, code } = error as Record<string, unknown>;
  const number = status ?? statusCode ?? code;
  return number === undefined ? String(name ?? 'Error') : `${String(name ?? 'Error')} ${String(number)}`;
};
