/** Watches that may stand on one side of a connection alone, because a znode went by itself on one side first: which events they bring is nobody's fault. */
import { BoundedMap } from "../../src/bounded-map.ts";
import { isWithin } from "../../src/protocol/paths.ts";
import type { Difference } from "../compare/difference.ts";
import { watchesOf } from "./footprint.ts";
import type { Request } from "./request.ts";

/** Paths remembered, and watches that stay. */
const pathsMax = 1_000;
const lastingMax = 100;

export class UnsureWatches {
  readonly #paths = new BoundedMap<string, true>(pathsMax);
  /** Watches that stay, and when each was known to stand on both sides, our clock, ms: what one side had lost by then, it tells of no more. */
  readonly #lasting: { readonly path: string; readonly at: number }[] = [];
  readonly #wasUnsteady: (path: string, at: number) => boolean;

  /** `wasUnsteady`: whether a znode might go by itself at a time, or one right below it. */
  constructor(wasUnsteady: (path: string, at: number) => boolean) {
    this.#wasUnsteady = wasUnsteady;
  }

  /** A request was answered on both sides. A read that finds something else on one side leaves another watch there, or none, or one of what is gone
   *  already; what setWatches and addWatch find shows in no answer. */
  note(request: Request, differences: readonly Difference[], now: number): void {
    const isSilent = request.op === "setWatches" || request.op === "setWatches2";
    for (const { path, table } of watchesOf(request)) {
      if (table === "lasting") this.#lasting.push({ path, at: now });
      if ((isSilent || differences.length > 0) && this.#wasUnsteady(path, now)) this.#paths.set(path, true);
    }
    if (this.#lasting.length > lastingMax) this.#lasting.splice(0, this.#lasting.length - lastingMax);
  }

  /** Whether what happens to a znode may be watched on one side alone. What was made in the millisecond of a watch could not be gone by then. */
  has(path: string): boolean {
    if (this.#paths.get(path) === true) return true;
    return this.#lasting.some((watch) => isWithin(path, watch.path) && this.#wasUnsteady(path, watch.at - 1));
  }
}
