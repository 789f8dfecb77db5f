/** Which paths steps name. */
import type { PathValue } from "./format.ts";

/** The fields of setWatches that list paths. */
export const watchLists = ["data", "exist", "child", "persistent", "recursive"];

/** Every path that a step or several name, wherever it stands. */
export function pathsIn(value: unknown): PathValue[] {
  const paths: PathValue[] = [];
  collect(value, paths);
  return paths;
}

function collect(value: unknown, into: PathValue[]): void {
  if (typeof value !== "object" || value === null) return;
  for (const key in value) {
    const field = (value as Record<string, unknown>)[key];
    if (key === "path") into.push(field as PathValue);
    else if (typeof field !== "object" || field === null) continue;
    else if (Array.isArray(field) && watchLists.includes(key)) into.push(...(field as PathValue[]));
    else collect(field, into);
  }
}
