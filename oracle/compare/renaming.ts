/** A one-to-one relation between two sets of names, learnt pair by pair: session ids of the two sides, or passwords. */
import type { Int64 } from "../../src/jute/int64.ts";
import type { Both } from "./difference.ts";

/** Grows with what it is shown. 0 stands for "none" and belongs to 0. Holds the newest `pairsMax` pairs. */
export class Renaming<Name extends Int64 | string> {
  readonly #forth = new Map<Name, Name>();
  readonly #back = new Map<Name, Name>();
  readonly #pairsMax: number;

  constructor(pairsMax = 200_000) {
    this.#pairsMax = pairsMax;
  }

  /** Whether the two may name the same thing; learns the pair when both are new. */
  pairs(both: Both<Name>): boolean {
    const { candidate, oracle } = both;
    if (candidate === 0 || oracle === 0) return candidate === oracle;
    if (!this.#forth.has(candidate) && !this.#back.has(oracle)) {
      this.#forth.set(candidate, oracle);
      this.#back.set(oracle, candidate);
      this.#prune();
    }
    return this.#forth.get(candidate) === oracle && this.#back.get(oracle) === candidate;
  }

  /** Which of two names belong to something already. */
  knows({ candidate, oracle }: Both<Name>): Both<boolean> {
    return { candidate: this.#forth.has(candidate), oracle: this.#back.has(oracle) };
  }

  /** Forgetting both halves together makes an old pair unknown, never wrong. */
  #prune(): void {
    if (this.#forth.size <= this.#pairsMax) return;
    for (const [candidate, oracle] of this.#forth) {
      this.#forth.delete(candidate);
      this.#back.delete(oracle);
      return;
    }
  }
}
