import { expect, test } from "vitest";
import type { Stat } from "../../src/protocol/records.ts";
import { SiblingOrder } from "./sibling-order.ts";

const stat = (czxid: number | bigint, mzxid = czxid): Stat => ({
  ...{ czxid, mzxid, pzxid: czxid, ctime: 0, mtime: 0, version: 0, cversion: 0, aversion: 0 },
  ...{ ephemeralOwner: 0, dataLength: 0, numChildren: 0 },
});
const orderOf = (...pairs: readonly (readonly [candidate: Stat, oracle: Stat])[]): SiblingOrder => {
  const order = new SiblingOrder(pairs.length);
  for (const [at, [candidate, oracle]] of pairs.entries()) order.add(at, { candidate, oracle });
  return order;
};

test("other numbers in the same order are no inversion", () => {
  const order = orderOf([stat(7), stat(100)], [stat(3), stat(50)], [stat(9), stat(101)], [stat(9), stat(101)]);
  expect(order.inversions(true)).toEqual([]);
});

test("two the other way round are told once", () => {
  const order = orderOf([stat(1), stat(5)], [stat(2), stat(4)], [stat(3), stat(6)]);
  expect(order.inversions(false)).toEqual([
    { field: "creation-order", first: 0, second: 1, candidate: "later", oracle: "earlier" },
  ]);
});

test("together on one side alone is an inversion", () => {
  const [found] = orderOf([stat(1), stat(5)], [stat(1), stat(6)]).inversions(false);
  expect(found).toMatchObject({ candidate: "same", oracle: "later" });
});

test("last changes are looked at when asked for", () => {
  const order = orderOf([stat(1, 9), stat(1, 3)], [stat(2, 8), stat(2, 4)]);
  expect(order.inversions(false)).toEqual([]);
  expect(order.inversions(true)).toMatchObject([{ field: "change-order", first: 1, second: 0 }]);
});

test("siblings that were not added, or are too large to order, stay out", () => {
  const order = new SiblingOrder(3);
  order.add(0, { candidate: stat(2n ** 60n), oracle: stat(1) });
  order.add(2, { candidate: stat(1), oracle: stat(9) });
  expect(order.inversions(true)).toEqual([]);
});
