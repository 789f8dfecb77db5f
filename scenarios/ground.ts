/** The znodes that a case stands on: its root, and where the quotas of what is below it are kept. */
import { parentOf, quotaRoot } from "../src/protocol/paths.ts";
import type { Step } from "./format.ts";
import { pathsIn } from "./paths.ts";

/** Every level of a path, the top one first. */
const levelsOf = (path: string): string[] =>
  path.split("/").flatMap((_, i, names) => (i === 0 ? [] : [names.slice(0, i + 1).join("/")]));

/** Two levels, so that a case that deletes, numbers or protects its root keeps to itself even then. Without them there is no case. */
export const rootLevels = (root: string): string[] => [parentOf(root), root];

/** What is created before the first step, in this order. Whether there is room for quotas is for the steps to find out. */
export function groundOf(root: string, steps: readonly Step[]): string[] {
  const namesQuotas = pathsIn(steps).some((path) => typeof path === "object" && path !== null && "quota" in path);
  return [...rootLevels(root), ...(namesQuotas ? levelsOf(root).map((level) => quotaRoot + level) : [])];
}
