// The canonical form of a call's arguments: equal calls have equal forms, whatever the key order or formatting.
// A flat list of the values themselves, so nothing is copied or escaped; a 32-bit hash beside it may suspect, the form decides.

/** Marks in a form. Symbols, so that no argument can look like one. */
const LIST = Symbol('[');
const JSON_TEXT = Symbol('json');
const DATE = Symbol('date');
const BAG = Symbol('bag');
const NAN = Symbol('nan');
const OTHER = Symbol('function');
const CYCLE = Symbol('cycle');
const DEEP = Symbol('deep');

/** The keys of an object, one of these for every set of keys: what follows are the values in this order. */
class Keys {
  readonly keys: readonly string[];
  readonly hash: number;

  constructor(keys: readonly string[]) {
    this.keys = keys;
    let mixed = keys.length;
    for (const key of keys) mixed = (Math.imul(mixed, 31) + key.length + key.charCodeAt(0)) | 0;
    this.hash = mixed;
  }
}

type Part = string | number | boolean | bigint | symbol | null | undefined | Keys;

/** A canonical form with its hash. Equal forms have equal hashes; 32 bits, not cryptographic. */
export type Signature = { readonly parts: readonly Part[]; readonly hash: number };

/** What is left out of a signature. */
export type SignatureOptions = {
  /** Keys whose values change from call to call without meaning anything. Default {@link VOLATILE_KEYS}. */
  volatileKeys?: ReadonlySet<string>;
};

/** Keys of arguments that never tell two calls apart. */
export const VOLATILE_KEYS: ReadonlySet<string> = new Set([
  'timestamp',
  'ts',
  'now',
  'currentTime',
  'current_time',
  'attempt',
  'attemptNumber',
  'attempt_number',
  'retry',
  'retryCount',
  'retry_count',
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

/** Texts longer than this are taken as they are: no JSON is read from them, no white space normalised. */
const LONG = 2_048;
/** Texts up to this length are mixed in whole. */
const SHORT = 128;
/** Depth from which on cycles are looked for, and the depth at which a form ends. */
const DEEP_FROM = 24;
const DEEPEST = 96;

/** A scratch folder with a name made up by the system, as `mkdtemp` does; not a file that somebody named. */
const SCRATCH =
  /\/tmp\/(?:tmp[a-z0-9_]{6,}|[\w.-]*[-_.](?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{6,}|[\w.-]*\d{5,})(?=[/\s"']|$)/i;
const SCRATCH_ALL = new RegExp(`(/tmp/)${SCRATCH.source.slice(7)}`, 'gi');

const scratch: Part[] = [];
let size = 0;
let hash = 0;
let depth = 0;
let skip: ReadonlySet<string> = VOLATILE_KEYS;
let path: object[] = [];

/** The canonical form of a call: its name and any value. Never throws; cycles become a mark. */
export const signatureOf = (name: string, value: unknown, options?: SignatureOptions): Signature => {
  size = 0;
  hash = name.length;
  depth = 0;
  const volatile = options?.volatileKeys ?? VOLATILE_KEYS;
  if (volatile !== skip) {
    skip = volatile;
    recent.fill(undefined);
  }
  if (path.length > 0) path = [];
  put(name);
  mixText(name);
  try {
    walk(value);
  } catch {
    // A getter that throws says nothing; the call itself is to find out.
    put(OTHER);
  }
  const signature = { parts: scratch.slice(0, size), hash };
  if (scratch.length > 4_096) scratch.length = 0;
  return signature;
};

/** Whether two signatures are the same, decided on the forms themselves. */
export const sameSignature = (a: Signature, b: Signature): boolean => {
  if (a.hash !== b.hash || a.parts.length !== b.parts.length) return false;
  for (let index = 0; index < a.parts.length; index++) {
    const one = a.parts[index];
    const other = b.parts[index];
    if (one === other) continue;
    // Made before and after the known sets of keys were forgotten.
    if (!(one instanceof Keys && other instanceof Keys) || JSON.stringify(one.keys) !== JSON.stringify(other.keys))
      return false;
  }
  return true;
};

/** A signature as text, the same in every process: for digests, and for people who opted in to see arguments. */
export const signatureText = ({ parts }: Signature): string => {
  let at = 1;
  const text = (): string => {
    const part = parts[at++];
    switch (typeof part) {
      case 'string':
        return `s${part.length}:${part}`;
      case 'number':
      case 'bigint':
        return `n${part};`;
      case 'boolean':
        return part ? 't' : 'f';
      case 'symbol':
        break;
      default:
        if (!(part instanceof Keys)) return part === null ? '0' : 'u';
        return `o{${part.keys
          .map(key => [key, text()] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, field]) => `${key.length}:${key}${field}`)
          .join('')}}`;
    }
    if (part === LIST) {
      let left = Number(parts[at++]);
      let out = `a${left}[`;
      while (left-- > 0) out += text();
      return out;
    }
    if (part === JSON_TEXT || part === DATE || part === BAG) return `${part.description}${text()}`;
    return `${part.description};`;
  };
  return `${String(parts[0])}\n${text()}`;
};

/** The single values in the arguments behind a signature, each with the key it stands under; items of a list under the list's. */
export const leavesOf = ({ parts }: Signature): [key: string, value: unknown][] => {
  const leaves: [string, unknown][] = [];
  let at = 1;
  const walkPart = (key: string): void => {
    const part = parts[at++];
    if (part instanceof Keys) for (const inner of part.keys) walkPart(inner);
    else if (part === LIST) {
      let left = Number(parts[at++]);
      while (left-- > 0) walkPart(key);
    } else if (part === JSON_TEXT || part === DATE || part === BAG) walkPart(key);
    else leaves.push([key, part]);
  };
  walkPart('');
  return leaves;
};

/** Characters of the arguments behind a signature, about. */
export const signatureLength = ({ parts }: Signature): number => {
  let length = 0;
  for (let index = 1; index < parts.length; index++) {
    const part = parts[index];
    length += part instanceof Keys ? part.keys.join('').length : typeof part === 'string' ? part.length + 2 : 2;
  }
  return length;
};

/** Sets of keys by their text, and those seen last by their first key: arguments of a tool look alike. */
const known = new Map<string, Keys>();
const recent = new Array<Keys | undefined>(64).fill(undefined);
const MOST_KNOWN = 2_000;

/** The one `Keys` of a set of keys, in the order in which they first came. */
const keysOf = (keys: readonly string[]): Keys => {
  const text = JSON.stringify(keys);
  let one = known.get(text);
  if (one) return one;
  const sorted = JSON.stringify(keys.slice().sort());
  one = known.get(sorted) ?? new Keys(keys);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(sorted, one).set(text, one);
  return one;
};

const put = (part: Part): void => {
  scratch[size++] = part;
};

const mix = (value: number): void => {
  hash = (Math.imul(hash ^ value, 0x9e3779b1) ^ (hash >>> 15)) | 0;
};

/** Mixes a text in: samples of it and its length. */
const mixText = (text: string): void => {
  const { length } = text;
  const stride = (length >> 5) + 1;
  let mixed = Math.imul(hash, 31) ^ length;
  for (let index = 0; index < length; index += stride) {
    mixed = (mixed + Math.imul(text.charCodeAt(index), index + 17)) | 0;
  }
  hash = mixed;
};

const walk = (value: unknown): void => {
  switch (typeof value) {
    case 'string':
      walkText(value);
      return;
    case 'number':
      if (Number.isNaN(value)) {
        put(NAN);
        return;
      }
      mix(Number.isInteger(value) ? value | 0 : (value * 65_536) | 0);
      // Minus zero is zero.
      put(value + 0);
      return;
    case 'object':
      if (value !== null) {
        walkObject(value);
        return;
      }
      break;
    case 'boolean':
      mix(value ? 3 : 5);
      break;
    case 'undefined':
      mix(7);
      break;
    case 'bigint':
      mix(Number(value & 0xffffn));
      break;
    default:
      put(OTHER);
      return;
  }
  put(value as Part);
};

const walkText = (value: string): void => {
  const { length } = value;
  if (length > 1 && length <= LONG) {
    const first = value.charCodeAt(0);
    if ((first === 123 || first === 91) && walkJson(value)) return;
    if (length > SHORT) {
      if (first <= 32 || value.charCodeAt(length - 1) <= 32 || /[^\S ]| {2}|\/tmp\//.test(value)) {
        putPlain(value);
        return;
      }
    } else {
      // One pass both mixes it in and looks for odd white space: a bit of `odd` is its sign after a control character
      // or two spaces in a row, one of `spaces` after any. Branches would cost more than the sums.
      let mixed = Math.imul(hash, 31) ^ length;
      let odd = 0;
      let spaces = first === 47 ? -1 : 0;
      let last = 32;
      for (let index = 0; index < length; index++) {
        const code = value.charCodeAt(index);
        odd |= (code - 32) | (((code ^ 32) | (last ^ 32)) - 1);
        spaces |= (code ^ 32) - 1;
        last = code;
        mixed = (mixed + Math.imul(code, index + 17)) | 0;
      }
      if (odd < 0 || last === 32 || (spaces < 0 && value.includes('/tmp/'))) {
        putPlain(value);
        return;
      }
      hash = mixed;
      put(value);
      return;
    }
  }
  put(value);
  mixText(value);
};

const putPlain = (value: string): void => {
  const plain = value.trim().replace(/\s+/g, ' ').replace(SCRATCH_ALL, '$1');
  put(plain);
  mixText(plain);
};

const walkJson = (value: string): boolean => {
  const last = value.trimEnd().at(-1);
  if (last !== '}' && last !== ']') return false;
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch {
    // Not JSON after all: plain text then.
    return false;
  }
  put(JSON_TEXT);
  walk(json);
  return true;
};

const walkObject = (value: object): void => {
  if (++depth > DEEP_FROM) {
    if (depth > DEEPEST || path.includes(value)) {
      // Far too deep to be arguments: the rest does not tell calls apart.
      put(depth > DEEPEST ? DEEP : CYCLE);
      depth--;
      return;
    }
    path.push(value);
    walkContent(value);
    path.pop();
    depth--;
    return;
  }
  walkContent(value);
  depth--;
};

const walkContent = (value: object): void => {
  if (Array.isArray(value)) {
    const { length } = value;
    mix(length + 17);
    put(LIST);
    put(length);
    for (let index = 0; index < length; index++) walk(value[index]);
    return;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype) {
    if (prototype !== null && walkSpecial(value)) return;
    walkKeys(value as Record<string, unknown>);
    return;
  }
  // Most objects have the keys of one that was seen before, in the same order: then none are looked up or sorted.
  const started = size;
  const startedHash = hash;
  const fields = value as Record<string, unknown>;
  let like: Keys | undefined;
  let at = 0;
  for (const key in fields) {
    if (at === 0) {
      like = recent[(key.length * 5 + key.charCodeAt(0)) & 63];
      if (!like) break;
      put(like);
      mix(like.hash);
    }
    const field = fields[key];
    if (key !== like!.keys[at] || field === undefined) {
      at = -1;
      break;
    }
    at++;
    walk(field);
  }
  if (like && at === like.keys.length) return;
  size = started;
  hash = startedHash;
  walkKeys(fields);
};

const walkKeys = (fields: Record<string, unknown>): void => {
  const all = Object.keys(fields);
  // An absent field and an undefined one are the same call.
  const given = all.filter(key => fields[key] !== undefined);
  const kept = given.filter(key => !skip.has(key));
  // Where a time or an attempt is all that is given, it is what the call is about.
  const one = keysOf(kept.length > 0 ? kept : given);
  if (one.keys.length === all.length && all.length > 0) recent[(all[0]!.length * 5 + all[0]!.charCodeAt(0)) & 63] = one;
  put(one);
  mix(one.hash);
  for (const key of one.keys) walk(fields[key]);
};

const walkSpecial = (value: object): boolean => {
  if (value instanceof Date) {
    put(DATE);
    walk(value.getTime());
    return true;
  }
  if (value instanceof Map || value instanceof Set) {
    put(BAG);
    // Entries come in any order: each is a signature of its own, and they are sorted.
    const outer = { parts: scratch.slice(0, size), hash, depth };
    const entries: string[] = [];
    for (const entry of value) {
      size = 0;
      put('');
      walk(entry);
      entries.push(signatureText({ parts: scratch.slice(0, size), hash: 0 }));
    }
    size = 0;
    for (const part of outer.parts) put(part);
    hash = outer.hash;
    walkText(entries.sort().join(''));
    return true;
  }
  if (value instanceof RegExp || value instanceof URL) {
    walkText(String(value));
    return true;
  }
  if (value instanceof Error) {
    walkText(`${value.name}: ${value.message}`);
    return true;
  }
  if (ArrayBuffer.isView(value)) {
    const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
    put(text);
    mixText(text);
    return true;
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
    let json: unknown;
    try {
      json = (value as { toJSON(): unknown }).toJSON();
    } catch {
      // A toJSON that throws says nothing about the value: its own fields do.
      return false;
    }
    walk(json);
    return true;
  }
  return false;
};
