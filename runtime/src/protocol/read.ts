// Readers: unknown JSON in, a typed and bounded copy out, or an Unreadable with the path of what is wrong.
// Copies only known fields, so nothing that a peer adds travels further.

/** Why a value could not be read; `message` names the path. Never leaves the protocol room. */
export class Unreadable extends Error {
  override name = 'Unreadable';
}

/** Reads a value at `path` or throws {@link Unreadable}. */
export type Reader<T> = (value: unknown, path: string) => T;

/** What a parser gives back. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; reason: string };

const fail = (path: string, expected: string): never => {
  throw new Unreadable(`${path}: expected ${expected}`);
};

/** Text, cut at `max` characters. */
export const text =
  (max: number): Reader<string> =>
  (value, path) => {
    if (typeof value !== 'string') return fail(path, 'text');
    return value.length > max ? value.slice(0, max) : value;
  };

/** An id: 1 to 64 of `A-Za-z0-9_.:-`. */
export const id: Reader<string> = (value, path) =>
  typeof value === 'string' && /^[\w.:-]{1,64}$/.test(value) ? value : fail(path, 'an id');

/** A finite number that is not negative. */
export const amount: Reader<number> = (value, path) =>
  typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
    ? value
    : fail(path, 'a number that is not negative');

/** A whole number that is not negative. */
export const whole: Reader<number> = (value, path) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : fail(path, 'a whole number');

/** True or false. */
export const flag: Reader<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : fail(path, 'true or false');

/** One of the given words. */
export const oneOf =
  <T extends string>(words: readonly T[]): Reader<T> =>
  (value, path) =>
    words.includes(value as T) ? (value as T) : fail(path, words.join(' | '));

/** A list of at most `max` items. */
export const list =
  <T>(item: Reader<T>, max: number): Reader<T[]> =>
  (value, path) => {
    if (!Array.isArray(value)) return fail(path, 'a list');
    if (value.length > max) return fail(path, `at most ${max} items`);
    return value.map((entry, index) => item(entry, `${path}[${index}]`));
  };

type Fields<T> = { [K in keyof T]-?: undefined extends T[K] ? Optional<Exclude<T[K], undefined>> : Reader<T[K]> };

/** A reader of a field that may be absent or null. */
export type Optional<T> = { optional: Reader<T> };

/** A field that may be absent; null counts as absent. */
export const optional = <T>(reader: Reader<T>): Optional<T> => ({ optional: reader });

/** An object with exactly these fields; others are left behind. */
export const object = <T extends object>(fields: Fields<T>): Reader<T> => {
  const entries = Object.entries(fields) as [string, Reader<unknown> | Optional<unknown>][];
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(path, 'an object');
    const from = value as Record<string, unknown>;
    const to: Record<string, unknown> = {};
    for (const [key, reader] of entries) {
      const field = from[key];
      if (typeof reader === 'function') to[key] = reader(field, `${path}.${key}`);
      else if (field !== undefined && field !== null) to[key] = reader.optional(field, `${path}.${key}`);
    }
    return to as T;
  };
};

/** The text at `key` of an object, to choose a reader by. */
export const tag = (value: unknown, key: string, path: string): string => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(path, 'an object');
  const found = (value as Record<string, unknown>)[key];
  return typeof found === 'string' ? found : fail(`${path}.${key}`, 'text');
};

/** Runs a reader and turns {@link Unreadable} into a reason. */
export const parsed = <T>(read: () => T): Parsed<T> => {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, reason: error.message };
    throw error;
  }
};
