/** Which paths steps name. */
import type { PathValue } from "./format.ts";

/** The fields of setWatches that list paths. */
export const watchLists = ["data", "exist", "child", "persistent", "recursive"];

/** Every path that a step or several name, wherever it stands. */
export function pathsIn(value: unknown): PathValue[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, field]): PathValue[] => {
    if (key === "path") return [field as PathValue];
    return watchLists.includes(key) && Array.isArray(field) ? (field as PathValue[]) : pathsIn(field);
  });
}
