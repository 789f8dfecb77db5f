/** Walking over the two sides in their fixed order. */
import type { Both, Side } from "./difference.ts";

/** Candidate first, always. */
export const sides = ["candidate", "oracle"] as const satisfies readonly Side[];

/** The one that is not this one. */
export const otherSide = (side: Side): Side => (side === "candidate" ? "oracle" : "candidate");

/** One thing for each side, made by a function. */
export const both = <T>(make: (side: Side) => T): Record<Side, T> => ({
  candidate: make("candidate"),
  oracle: make("oracle"),
});

/** Both things through one function. */
export const eachOf = <T, U>(things: Both<T>, change: (thing: T, side: Side) => U): Record<Side, U> =>
  both((side) => change(things[side], side));
