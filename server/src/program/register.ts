// What modules contribute to a table, module by module: the call sites of a function, the methods of a name.
// When a module changes, its part is replaced, and the keys that this touches are told. It must not know what it holds.

/** A module's part: values by key. */
export type Part<K, V> = ReadonlyMap<K, readonly V[]>;

export class Register<K, V> {
  private readonly parts = new Map<string, Part<K, V>>();
  private readonly byKey = new Map<K, Map<string, readonly V[]>>();
  private readonly joined = new Map<K, readonly V[]>();
  private readonly same: (a: V, b: V) => boolean;

  constructor(same: (a: V, b: V) => boolean = (a, b) => a === b) {
    this.same = same;
  }

  /** All values of a key, in the order of the modules' paths. */
  get(key: K): readonly V[] {
    let known = this.joined.get(key);
    if (!known) {
      const parts = [...(this.byKey.get(key) ?? [])];
      known = parts.sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, values]) => values);
      this.joined.set(key, known);
    }
    return known;
  }

  /** Takes the parts of all modules as they are now; gives the keys whose values are others than before. */
  update(now: ReadonlyMap<string, Part<K, V>>): ReadonlySet<K> {
    const changed = new Set<K>();
    for (const path of [...this.parts.keys()]) if (!now.has(path)) this.replace(path, undefined, changed);
    for (const [path, part] of now) if (this.parts.get(path) !== part) this.replace(path, part, changed);
    for (const key of changed) this.joined.delete(key);
    return changed;
  }

  private replace(path: string, now: Part<K, V> | undefined, changed: Set<K>): void {
    const old = this.parts.get(path);
    for (const [key, values] of old ?? []) {
      const next = now?.get(key);
      if (next?.length === values.length && next.every((value, at) => this.same(value, values[at]!))) continue;
      changed.add(key);
      const byPath = this.byKey.get(key);
      byPath?.delete(path);
      if (byPath?.size === 0) this.byKey.delete(key);
    }
    for (const [key, values] of now ?? []) {
      if (!old?.has(key)) changed.add(key);
      const byPath = this.byKey.get(key);
      if (byPath) byPath.set(path, values);
      else this.byKey.set(key, new Map([[path, values]]));
    }
    if (now) this.parts.set(path, now);
    else this.parts.delete(path);
  }
}
