// Run lengths per period over a ring of ids: how long the tail has been equal to itself, shifted by each period.
// Exact for every phase; one step is a handful of integer compares. Knows nothing of calls or results.

/** Incremental periodicity. `run[p]` counts the latest items in a row that equal the item `p` before. */
export class Runs {
  readonly #ring: Int32Array;
  readonly #run: Int32Array;
  readonly #mask: number;
  readonly #max: number;
  #count = 0;
  #quiet = true;

  /** `maxPeriod` from 1; the ring holds the next power of two above it. */
  constructor(maxPeriod: number) {
    let size = 1;
    while (size <= maxPeriod) size *= 2;
    this.#ring = new Int32Array(size);
    this.#run = new Int32Array(maxPeriod + 1);
    this.#mask = size - 1;
    this.#max = maxPeriod;
  }

  /** Takes an id in. `fresh`: it is surely not in the ring, so nothing can have repeated. */
  push(id: number, fresh = false): void {
    const count = this.#count;
    const ring = this.#ring;
    const run = this.#run;
    if (fresh) {
      if (!this.#quiet) {
        run.fill(0);
        this.#quiet = true;
      }
      ring[count & this.#mask] = id;
      this.#count = count + 1;
      return;
    }
    const mask = this.#mask;
    const top = count < this.#max ? count : this.#max;
    if (this.#quiet) {
      // Nothing runs: then only what begins is written.
      for (let period = 1; period <= top; period++) {
        if (ring[(count - period) & mask] !== id) continue;
        run[period] = 1;
        this.#quiet = false;
      }
    } else {
      let runs = 0;
      for (let period = 1; period <= top; period++) {
        const length = ring[(count - period) & mask] === id ? run[period]! + 1 : 0;
        run[period] = length;
        runs |= length;
      }
      this.#quiet = runs === 0;
    }
    ring[count & mask] = id;
    this.#count = count + 1;
  }

  /**
   * The smallest period, from `from` on, of which `repeats` repeats would be complete if `id` came next; 0 if none.
   * Does not take the id in.
   */
  peek(id: number, repeats: number, from: number): number {
    const count = this.#count;
    const ring = this.#ring;
    const mask = this.#mask;
    const top = count < this.#max ? count : this.#max;
    // What would be the first repeat of its period completes nothing from three repeats on, or two of a longer one.
    if (this.#quiet && repeats > 2) return 0;
    for (let period = from; period <= top; period++) {
      if (ring[(count - period) & mask] === id && this.#run[period]! + 1 >= (repeats - 1) * period) return period;
    }
    return 0;
  }

  /** Forgets everything. */
  clear(): void {
    this.#count = 0;
    this.#quiet = true;
    this.#run.fill(0);
  }
}
