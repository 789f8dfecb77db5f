/** Watches that may stand on one side of a connection alone, because a znode went by itself on one side first: which events they bring is nobody's fault. */
import { BoundedMap } from "../../src/bounded-map.ts";
import type { Difference } from "../compare/difference.ts";
import { watchesOf } from "./footprint.ts";
import { isOfAbsence } from "./judge.ts";
import type { Request } from "./request.ts";

/** Paths remembered. */
const pathsMax = 1_000;

export class UnsureWatches {
  readonly #paths = new BoundedMap<string, true>(pathsMax);
  readonly #isUnsteady: (path: string) => boolean;

  /** `isUnsteady`: whether a znode may just now go by itself, or one right below it. */
  constructor(isUnsteady: (path: string) => boolean) {
    this.#isUnsteady = isUnsteady;
  }

  /** A request was answered on both sides. A read of a znode that is there on one side alone leaves another watch there, or none; what setWatches finds
   *  shows in no answer. */
  note(request: Request, differences: readonly Difference[]): void {
    const isSilent = request.op === "setWatches" || request.op === "setWatches2";
    if (!isSilent && !differences.some(isOfAbsence)) return;
    for (const { path } of watchesOf(request)) if (this.#isUnsteady(path)) this.#paths.set(path, true);
  }

  has(path: string): boolean {
    return this.#paths.get(path) === true;
  }
}
