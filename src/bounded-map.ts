/** A Map that forgets what was set long ago: the `sizeMin` keys that were set last are there, and at most twice as many. The older half goes at once,
 *  because taking the first key out of a full Map, again and again, costs a hundred times what setting one does: V8 looks for it past all those that
 *  were taken out before. */
export class BoundedMap<K, V> {
  #young = new Map<K, V>();
  #old = new Map<K, V>();
  readonly #sizeMin: number;

  constructor(sizeMin: number) {
    this.#sizeMin = sizeMin;
  }

  get(key: K): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  *entries(): Generator<readonly [K, V]> {
    yield* this.#young;
    for (const entry of this.#old) if (!this.#young.has(entry[0])) yield entry;
  }

  delete(key: K): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  set(key: K, value: V): void {
    this.#young.set(key, value);
    if (this.#young.size < this.#sizeMin) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
