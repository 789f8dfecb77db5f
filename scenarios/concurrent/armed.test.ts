/** Which watches a client registers again. */
import { expect, test } from "vitest";
import { errorCodes } from "../../src/protocol/error-codes.ts";
import { eventTypes, type OpName } from "../../src/protocol/opcodes.ts";
import { Armed } from "./armed.ts";

const { OK, NONODE, BADVERSION } = errorCodes;

/** After these answers and events. */
function armed(...seen: ([OpName, number, boolean?] | keyof typeof eventTypes)[]): unknown {
  const watches = new Armed();
  for (const one of seen) {
    if (typeof one === "string") watches.fired(eventTypes[one], "/n");
    else watches.answered({ op: one[0], path: "/n", body: { path: "/n", watch: one[2] ?? true } }, one[1]);
  }
  const asked = watches.asked(7);
  return asked && [asked.dataWatches.length, asked.existWatches.length, asked.childWatches.length, asked.relativeZxid];
}

test("by what was asked and how it was answered", () => {
  expect(armed(["getData", OK])).toEqual([1, 0, 0, 7]);
  expect(armed(["exists", OK])).toEqual([1, 0, 0, 7]);
  expect(armed(["exists", NONODE])).toEqual([0, 1, 0, 7]);
  expect(armed(["getChildren2", OK])).toEqual([0, 0, 1, 7]);
  expect(armed(["getData", NONODE], ["getChildren2", NONODE], ["exists", BADVERSION])).toBeUndefined();
  expect(armed(["getData", OK, false], ["multi", OK, false])).toBeUndefined();
});

test("until an event consumes them", () => {
  const all = [
    ["getData", OK],
    ["exists", NONODE],
    ["getChildren2", OK],
  ] as [OpName, number][];
  expect(armed(...all, "dataChanged")).toEqual([0, 0, 1, 7]);
  expect(armed(...all, "created")).toEqual([0, 0, 1, 7]);
  expect(armed(...all, "childrenChanged")).toEqual([1, 1, 0, 7]);
  expect(armed(...all, "deleted")).toBeUndefined();
});
