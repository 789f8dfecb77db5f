/** The sessions of two servers, paired by the ephemerals that they own: session ids differ by right, who owns what together does not. */
import type { Int64 } from "../../src/jute/int64.ts";
import type { Both } from "../compare/difference.ts";

/** Sessions remembered; owners beyond are compared for presence alone. */
const sessionsMax = 200_000;

/** A one-to-one map of sessions that grows as ephemerals are met. */
export class Owners {
  readonly #theirs = new Map<Int64, Int64>();
  readonly #ours = new Map<Int64, Int64>();

  /** How many pairs of sessions own something. */
  get size(): number {
    return this.#theirs.size;
  }

  /** Whether two owners may be the same session; with `learn` they are from now on, where neither was known. */
  fit({ candidate, oracle }: Both<Int64>, learn: boolean): boolean {
    if (candidate === 0 || oracle === 0) return candidate === oracle;
    const theirs = this.#theirs.get(candidate);
    const ours = this.#ours.get(oracle);
    if (theirs !== undefined || ours !== undefined) return theirs === oracle && ours === candidate;
    if (learn && this.#theirs.size < sessionsMax) {
      this.#theirs.set(candidate, oracle);
      this.#ours.set(oracle, candidate);
    }
    return true;
  }
}
