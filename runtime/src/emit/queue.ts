// A bounded queue that drops its oldest item when full, and counts what it dropped.

/** See the file header. */
export class DropOldest<T> {
  readonly #items: (T | undefined)[];
  #head = 0;
  #size = 0;
  #dropped = 0;

  constructor(capacity: number) {
    this.#items = new Array(capacity);
  }

  /** Items waiting. */
  get size(): number {
    return this.#size;
  }

  /** Items dropped since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  push(item: T): void {
    const capacity = this.#items.length;
    if (this.#size === capacity) {
      this.#items[this.#head] = item;
      this.#head = (this.#head + 1) % capacity;
      this.#dropped++;
      return;
    }
    this.#items[(this.#head + this.#size) % capacity] = item;
    this.#size++;
  }

  /** The items that wait, oldest first; they stay. */
  *[Symbol.iterator](): Generator<T> {
    for (let i = 0; i < this.#size; i++) yield this.#items[(this.#head + i) % this.#items.length]!;
  }

  /** Takes the oldest items out, at most `max`. */
  take(max: number): T[] {
    const taken: T[] = [];
    while (taken.length < max && this.#size > 0) {
      taken.push(this.#items[this.#head]!);
      this.#items[this.#head] = undefined;
      this.#head = (this.#head + 1) % this.#items.length;
      this.#size--;
    }
    return taken;
  }
}
