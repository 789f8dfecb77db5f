/** Which zxid of the candidate names the same write as which zxid of the oracle. Absolute zxids mean nothing across servers; that both sides'
 *  Stats point at the same writes means everything. */
import type { Int64 } from "../../src/jute/int64.ts";
import type { Both, Side } from "./difference.ts";
import { otherSide, sides } from "./sides.ts";

/** One write. `answeredAt` is our clock when both replies were there, ms; absent for a write from before the run. */
interface Pair extends Both<Int64> {
  readonly answeredAt?: number;
}

/** How a pair of zxids read from two Stats relates. `unknown`: nobody saw that write's replies (an expired session's, say), so nothing can be said.
 *  `straddles`: as unknown, but one is older than the run and the other is not. */
export type Kinship = "same" | "different" | "unknown" | "straddles";

/** Keeps the newest `pairsMax` writes; what is older is unknown again, which loosens the check and never makes it wrong. */
export class WriteMap {
  readonly #by: Record<Side, Map<Int64, Pair>> = { candidate: new Map(), oracle: new Map() };
  /** Event headers name writes before the writers' replies do: the other side's zxid, by side. */
  readonly #announced: Record<Side, Map<Int64, Int64>> = { candidate: new Map(), oracle: new Map() };
  /** All pairs, ascending by each side's zxid, for translating a zxid that is between two writes. */
  readonly #ascending: Record<Side, Pair[]> = { candidate: [], oracle: [] };
  readonly #pairsMax: number;
  /** The run's first write: what is smaller on both sides is older than the run. */
  #first: Pair | undefined;

  constructor(pairsMax: number) {
    this.#pairsMax = pairsMax;
  }

  /** Takes the header zxids of a write that succeeded on both sides. False if one of them already names another write, or an event named another. */
  record(both: Both<Int64>, answeredAt: number): boolean {
    const candidate = this.#by.candidate.get(both.candidate);
    const oracle = this.#by.oracle.get(both.oracle);
    if (candidate !== undefined || oracle !== undefined) return candidate === oracle;
    const isAsAnnounced = this.#wasAnnounced("candidate", both) && this.#wasAnnounced("oracle", both);
    const pair = { candidate: both.candidate, oracle: both.oracle, answeredAt };
    this.#first ??= pair;
    this.#insert(pair);
    return isAsAnnounced;
  }

  #wasAnnounced(side: Side, both: Both<Int64>): boolean {
    const other = this.#announced[side].get(both[side]);
    this.#announced[side].delete(both[side]);
    return other === undefined || other === both[otherSide(side)];
  }

  /** Whether two Stats' zxids name the same write. Two that are both older than the run are paired as they come. */
  kinship(both: Both<Int64>): Kinship {
    if (both.candidate <= 0 || both.oracle <= 0) return both.candidate === both.oracle ? "same" : "different";
    const candidate = this.#by.candidate.get(both.candidate);
    const oracle = this.#by.oracle.get(both.oracle);
    if (candidate !== undefined || oracle !== undefined) return candidate === oracle ? "same" : "different";
    const first = this.#first;
    const isOld = (side: Side) => first === undefined || both[side] < first[side];
    if (isOld("candidate") && isOld("oracle")) {
      this.#insert({ candidate: both.candidate, oracle: both.oracle });
      return "same";
    }
    return isOld("candidate") === isOld("oracle") ? "unknown" : "straddles";
  }

  /** Compares the txn zxids of two event headers; a write whose replies are still to come is checked when they do. */
  announce(both: Both<Int64>): Kinship {
    const candidate = this.#by.candidate.get(both.candidate);
    const oracle = this.#by.oracle.get(both.oracle);
    if (candidate !== undefined || oracle !== undefined) return candidate === oracle ? "same" : "different";
    for (const side of sides) {
      if (this.#announced[side].size > 10_000) this.#announced[side].clear();
      this.#announced[side].set(both[side], both[otherSide(side)]);
    }
    return "unknown";
  }

  /** When the write was answered, ms on our clock; undefined for writes that are unknown or older than the run. */
  answeredAt(side: Side, zxid: Int64): number | undefined {
    return this.#by[side].get(zxid)?.answeredAt;
  }

  /** The other side's zxid that separates the same writes: the newest write not newer than `zxid`. Undefined where none is known.
   *  Neighbouring writes may stand in another order on the other side, so the newest of the last few counts. */
  translate(from: Side, zxid: Int64): Int64 | undefined {
    const exact = this.#by[from].get(zxid);
    const to = otherSide(from);
    if (exact !== undefined) return exact[to];
    const pairs = this.#ascending[from];
    let newest: Int64 | undefined;
    for (let at = above(pairs, from, zxid) - 1, looked = 0; at >= 0 && looked < 32; at--, looked++) {
      const here = pairs[at]?.[to];
      if (here !== undefined && (newest === undefined || here > newest)) newest = here;
    }
    return newest;
  }

  #insert(pair: Pair): void {
    for (const side of sides) {
      this.#by[side].set(pair[side], pair);
      const pairs = this.#ascending[side];
      pairs.splice(above(pairs, side, pair[side]), 0, pair);
    }
    if (this.#by.candidate.size > this.#pairsMax * 1.25) this.#prune();
  }

  /** Drops the oldest fifth in one go, so that the cost is spread. */
  #prune(): void {
    const { candidate, oracle } = this.#ascending;
    for (const pair of candidate.splice(0, candidate.length - this.#pairsMax)) {
      this.#by.candidate.delete(pair.candidate);
      this.#by.oracle.delete(pair.oracle);
    }
    this.#ascending.oracle = oracle.filter((pair) => this.#by.oracle.has(pair.oracle));
  }
}

/** Index of the first pair above a zxid. New writes come last, so the end is looked at first. */
function above(pairs: readonly Pair[], side: Side, zxid: Int64): number {
  let low = 0;
  let high = pairs.length;
  const last = pairs[high - 1];
  if (last === undefined || last[side] <= zxid) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    const here = pairs[middle];
    if (here !== undefined && here[side] <= zxid) low = middle + 1;
    else high = middle;
  }
  return low;
}
