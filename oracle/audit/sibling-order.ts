/** Whether two servers created, and changed, the znodes below one parent in the same order. Numbers of two servers cannot be compared; their
 *  order can. 32 bytes a sibling. */
import type { Stat } from "../../src/protocol/records.ts";
import type { Both } from "../compare/difference.ts";

/** Two siblings, by index, that the sides have the other way round. `candidate` and `oracle` say how the second lies to the first. */
export interface Inversion extends Both<"earlier" | "same" | "later"> {
  readonly field: "creation-order" | "change-order";
  readonly first: number;
  readonly second: number;
}

/** Inversions told of one parent. */
const inversionsMax = 100;

const relation = (difference: number) => (difference < 0 ? "earlier" : difference === 0 ? "same" : "later");

/** Zxids of one parent's children by their index. */
export class SiblingOrder {
  readonly #created: Both<Float64Array>;
  readonly #changed: Both<Float64Array>;
  readonly #size: number;

  constructor(size: number) {
    const column = () => new Float64Array(size).fill(Number.NaN);
    this.#size = size;
    this.#created = { candidate: column(), oracle: column() };
    this.#changed = { candidate: column(), oracle: column() };
  }

  /** Takes a sibling that both sides have. A zxid beyond 2^53 (an ensemble's two-millionth epoch) stays out. */
  add(at: number, { candidate, oracle }: Both<Stat>): void {
    const zxids = [candidate.czxid, oracle.czxid, candidate.mzxid, oracle.mzxid];
    if (zxids.some((zxid) => typeof zxid === "bigint")) return;
    this.#created.candidate[at] = Number(candidate.czxid);
    this.#created.oracle[at] = Number(oracle.czxid);
    this.#changed.candidate[at] = Number(candidate.mzxid);
    this.#changed.oracle[at] = Number(oracle.mzxid);
  }

  /** Neighbours in the candidate's order that the oracle has otherwise, the first ones. `withChanges` looks at the last changes too. */
  inversions(withChanges: boolean): Inversion[] {
    const created = this.#inversionsOf("creation-order", this.#created);
    return withChanges ? [...created, ...this.#inversionsOf("change-order", this.#changed)] : created;
  }

  #inversionsOf(field: Inversion["field"], { candidate, oracle }: Both<Float64Array>): Inversion[] {
    const value = (column: Float64Array, at: number) => column[at] ?? Number.NaN;
    const indices = Uint32Array.from({ length: this.#size }, (_, at) => at).filter(
      (at) => !Number.isNaN(value(candidate, at)),
    );
    indices.sort((a, b) => value(candidate, a) - value(candidate, b) || value(oracle, a) - value(oracle, b));
    const found: Inversion[] = [];
    for (let i = 1; i < indices.length && found.length < inversionsMax; i++) {
      const first = indices[i - 1] ?? 0;
      const second = indices[i] ?? 0;
      const ours = relation(value(candidate, second) - value(candidate, first));
      const theirs = relation(value(oracle, second) - value(oracle, first));
      if (ours !== theirs) found.push({ field, first, second, candidate: ours, oracle: theirs });
    }
    return found;
  }
}
