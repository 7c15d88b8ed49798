// Answers that outlive a snapshot: each is kept with what it was made from, and falls when any of that changes.
// It must not know what the answers say.
import type { Module } from './model.ts';

/** What can be asked about beside modules: who calls a function, what it reaches, which methods have a name. */
export type Topic = 'callers' | 'reach' | 'methods';

const topics: readonly Topic[] = ['callers', 'reach', 'methods'];

/** What an answer was made from. */
export interface Trail {
  /** Paths of the modules that were read. */
  readonly modules: Set<string>;
  /** Functions or names, by what was asked about them. */
  readonly asked: { readonly [topic in Topic]: Set<unknown> };
  /** The whole program was looked at: any change counts. */
  whole: boolean;
}

export interface Kept<T> {
  readonly answer: T;
  readonly trail: Trail;
  /** Something that it was made from has changed. */
  fallen: boolean;
}

/** A trail on which nothing was asked yet. */
export function trail(): Trail {
  return { modules: new Set(), asked: { callers: new Set(), reach: new Set(), methods: new Set() }, whole: false };
}

type Users = Set<Kept<unknown>>;

export class Ledger {
  private readonly modules = new Map<string, { readonly module: Module | undefined; readonly users: Users }>();
  private readonly asked: { readonly [topic in Topic]: Map<unknown, Users> } = {
    callers: new Map(),
    reach: new Map(),
    methods: new Map(),
  };
  private readonly whole: Users = new Set();

  /** Keeps an answer; `moduleOf` gives the modules that it has read. */
  keep<T>(answer: T, trail: Trail, moduleOf: (path: string) => Module | undefined): Kept<T> {
    const kept: Kept<T> = { answer, trail, fallen: false };
    for (const path of trail.modules) {
      const known = this.modules.get(path);
      if (known) known.users.add(kept);
      else this.modules.set(path, { module: moduleOf(path), users: new Set([kept]) });
    }
    for (const topic of topics) {
      const users = this.asked[topic];
      for (const item of trail.asked[topic]) {
        const known = users.get(item);
        if (known) known.add(kept);
        else users.set(item, new Set([kept]));
      }
    }
    if (trail.whole) this.whole.add(kept);
    return kept;
  }

  /** Forgets an answer. */
  drop(kept: Kept<unknown>): void {
    if (kept.fallen) return;
    kept.fallen = true;
    for (const path of kept.trail.modules) {
      const known = this.modules.get(path);
      known?.users.delete(kept);
      if (known?.users.size === 0) this.modules.delete(path);
    }
    for (const topic of topics) {
      const users = this.asked[topic];
      for (const item of kept.trail.asked[topic]) {
        const known = users.get(item);
        known?.delete(kept);
        if (known?.size === 0) users.delete(item);
      }
    }
    this.whole.delete(kept);
  }

  /** Drops what has read a module that is another one now, and what had looked at the whole program. */
  modulesChanged(isSame: (path: string, module: Module | undefined) => boolean): void {
    const changed: Kept<unknown>[] = [...this.whole];
    for (const [path, { module, users }] of this.modules) if (!isSame(path, module)) changed.push(...users);
    for (const kept of changed) this.drop(kept);
  }

  /** Drops what has asked about these functions or names. */
  changed(topic: Topic, items: Iterable<unknown>): void {
    const users = this.asked[topic];
    for (const item of items) for (const kept of [...(users.get(item) ?? [])]) this.drop(kept);
  }

  /** All paths that what is kept has read. */
  paths(): Iterable<string> {
    return this.modules.keys();
  }
}
