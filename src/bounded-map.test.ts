import { expect, test } from "vitest";
import { BoundedMap } from "./bounded-map.ts";

const filled = (sizeMin: number, count: number) => {
  const map = new BoundedMap<number, string>(sizeMin);
  for (let key = 0; key < count; key++) map.set(key, `value ${key}`);
  return map;
};

test.each([1, 2, 10, 100])("keeps the newest and at most twice as many: %i", (sizeMin) => {
  for (let count = 0; count <= 5 * sizeMin; count++) {
    const map = filled(sizeMin, count);
    for (let key = Math.max(0, count - sizeMin); key < count; key++) expect(map.get(key)).toBe(`value ${key}`);
    expect([...map.entries()].length).toBeLessThanOrEqual(2 * sizeMin);
  }
});

test("a key that is set again is new, and has one value", () => {
  const map = new BoundedMap<string, number>(3);
  for (const [at, key] of ["a", "b", "c", "a", "d", "e"].entries()) map.set(key, at);
  expect(map.get("a")).toBe(3);
  expect([...map.entries()].filter(([key]) => key === "a")).toEqual([["a", 3]]);
});

test("what was deleted is gone, however old", () => {
  const map = filled(4, 7);
  for (const key of [1, 5]) map.delete(key);
  expect([map.get(1), map.get(5), map.get(6)]).toEqual([undefined, undefined, "value 6"]);
});
