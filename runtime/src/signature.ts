// The canonical form of a call's arguments: equal calls have equal forms, whatever the key order or formatting.
// Length prefixes make escaping unnecessary; long texts stay beside the form, uncopied. Knows nothing of windows or hashes.

/** A canonical form: `text`, by reference the texts too long to be copied into it, and a hash that may suspect. */
export type Signature = {
  readonly text: string;
  readonly longs: readonly string[] | undefined;
  /** Equal forms have equal hashes. 32 bits, not cryptographic: the form decides. */
  readonly hash: number;
};

/** What is left out of a signature. */
export type SignatureOptions = {
  /** Keys whose values change from call to call without meaning anything. Default {@link VOLATILE_KEYS}. */
  volatileKeys?: ReadonlySet<string>;
};

/** Keys of arguments that never tell two calls apart. */
export const VOLATILE_KEYS: ReadonlySet<string> = new Set([
  'timestamp',
  'requestId',
  'request_id',
  'traceId',
  'trace_id',
  'spanId',
  'span_id',
  'correlationId',
  'correlation_id',
  'idempotencyKey',
  'idempotency_key',
  'nonce',
  'toolCallId',
  'tool_call_id',
  'callId',
  'call_id',
]);

/** Texts longer than this stay beside the form. */
const LONG = 512;
/** JSON in a text is read, up to this length, so that its formatting does not matter. */
const JSON_TEXT = 2_048;
const DEEP = 24;

let hash = 0;
let longs: string[] | undefined;
let skip: ReadonlySet<string> = VOLATILE_KEYS;
let depth = 0;
let path: object[] = [];

/** The canonical form of a call: its name and any value. Never throws; cycles become a mark. */
export const signatureOf = (name: string, value: unknown, options?: SignatureOptions): Signature => {
  longs = undefined;
  skip = options?.volatileKeys ?? VOLATILE_KEYS;
  depth = 0;
  if (path.length > 0) path = [];
  hash = 0;
  mixText(name);
  const text = `${name}\n${form(value)}`;
  const kept = longs;
  longs = undefined;
  return { text, longs: kept, hash };
};

/** Whether two signatures are the same, decided on the forms themselves. */
export const sameSignature = (a: Signature, b: Signature): boolean => {
  if (a.hash !== b.hash || a.text !== b.text) return false;
  if (a.longs === b.longs) return true;
  if (a.longs?.length !== b.longs?.length) return false;
  for (let index = 0; index < a.longs!.length; index++) if (a.longs![index] !== b.longs![index]) return false;
  return true;
};

/** Characters of the arguments behind a signature, about. */
export const signatureLength = (signature: Signature): number => {
  let length = signature.text.length;
  for (const long of signature.longs ?? []) length += long.length;
  return length;
};

const mix = (value: number): void => {
  hash = (Math.imul(hash ^ value, 0x9e3779b1) ^ (hash >>> 15)) | 0;
};

/** Mixes a text in: whole if it is short, else samples of it. */
const mixText = (text: string): void => {
  const { length } = text;
  const stride = length <= LONG ? 1 : length >> 6;
  let mixed = hash ^ length;
  for (let index = 0; index < length; index += stride) mixed = (Math.imul(mixed, 31) + text.charCodeAt(index)) | 0;
  hash = mixed;
};

const form = (value: unknown): string => {
  switch (typeof value) {
    case 'string':
      return textForm(value);
    case 'number':
      mix(Number.isInteger(value) ? value | 0 : (value * 65_536) | 0);
      return `n${value};`;
    case 'boolean':
      mix(value ? 3 : 5);
      return value ? 't' : 'f';
    case 'undefined':
      mix(7);
      return 'u';
    case 'object':
      if (value !== null) return objectForm(value);
      mix(11);
      return '0';
    case 'bigint':
      mixText(String(value));
      return `b${value};`;
    default:
      return 'x';
  }
};

const textForm = (value: string): string => {
  const { length } = value;
  if (length > LONG) {
    const json = length <= JSON_TEXT ? jsonForm(value) : undefined;
    if (json !== undefined) return json;
    longs ??= [];
    longs.push(value);
    mixText(value);
    return `l${length}:${value.slice(0, 16)}${value.slice(-16)}`;
  }
  if (length > 1) {
    const first = value.charCodeAt(0);
    if (first === 123 || first === 91) {
      const json = jsonForm(value);
      if (json !== undefined) return json;
    }
  }
  // One pass over the text both mixes it in and looks for odd white space.
  let mixed = hash ^ length;
  let last = 32;
  let odd = false;
  for (let index = 0; index < length; index++) {
    const code = value.charCodeAt(index);
    if (code <= 32 && (code !== 32 || last === 32)) odd = true;
    last = code;
    mixed = (Math.imul(mixed, 31) + code) | 0;
  }
  if (odd || (last === 32 && length > 0)) {
    const plain = value.trim().replace(/\s+/g, ' ');
    mixText(plain);
    return `s${plain.length}:${plain}`;
  }
  hash = mixed;
  return `s${length}:${value}`;
};

const jsonForm = (value: string): string | undefined => {
  const last = value.trimEnd().at(-1);
  if (last !== '}' && last !== ']') return undefined;
  try {
    return `j${form(JSON.parse(value))}`;
  } catch {
    // Not JSON after all: plain text then.
    return undefined;
  }
};

const objectForm = (value: object): string => {
  if (++depth > DEEP) {
    if (path.includes(value)) {
      depth--;
      return 'c';
    }
    path.push(value);
    // Far too deep to be arguments: the rest does not tell calls apart.
    if (depth > 4 * DEEP) {
      depth--;
      path.pop();
      return 'd';
    }
  }
  const out = contentForm(value);
  if (depth-- > DEEP) path.pop();
  return out;
};

const contentForm = (value: object): string => {
  if (Array.isArray(value)) {
    mix(value.length + 17);
    let out = `a${value.length}[`;
    for (let index = 0; index < value.length; index++) out += form(value[index]);
    return out;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    const special = specialForm(value);
    if (special !== undefined) return special;
  }
  return keysForm(value as Record<string, unknown>);
};

const keysForm = (value: Record<string, unknown>): string => {
  const keys = Object.keys(value);
  for (let index = 1; index < keys.length; index++) {
    if (keys[index - 1]! > keys[index]!) {
      keys.sort();
      break;
    }
  }
  let out = 'o{';
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    const field = value[key];
    // An absent field and an undefined one are the same call.
    if (field === undefined || skip.has(key)) continue;
    mixText(key);
    out += `${key.length}:${key}${form(field)}`;
  }
  return `${out}}`;
};

const specialForm = (value: object): string | undefined => {
  if (value instanceof Date) {
    mix(value.getTime() | 0);
    return `D${value.getTime()};`;
  }
  if (value instanceof Map || value instanceof Set) {
    // Entries come in any order, so their own hashes are not mixed in.
    const before = hash;
    const entries = [...value].map(entry => form(entry)).sort();
    hash = before;
    return `M${form(entries)}`;
  }
  if (value instanceof RegExp || value instanceof URL) return textForm(String(value));
  if (value instanceof Error) return `E${textForm(`${value.name}: ${value.message}`)}`;
  if (ArrayBuffer.isView(value)) {
    return textForm(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1'));
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
    try {
      return form((value as { toJSON(): unknown }).toJSON());
    } catch {
      // A toJSON that throws says nothing about the value: its own fields do.
      return undefined;
    }
  }
  return undefined;
};
