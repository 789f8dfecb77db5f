import { expect, test } from "vitest";
import { outcomeOf } from "./transaction.ts";

const failed = (err: number) => ({ header: { type: -1, done: false, err }, body: { err } });
const done = (type: number, body: Record<string, unknown> = {}) => ({ header: { type, done: false, err: 0 }, body });

test.each([
  ["in front of others", [0, -101, -2, -2], 1],
  ["behind others", [0, 0, -103], 2],
  ["alone", [-110], 0],
  ["without a reason of its own", [0, -2], 1],
])("the refused operation %s", (_name, codes, refusedAt) => {
  expect(outcomeOf(codes.map(failed))).toEqual({ is: "refused", codes, refusedAt });
});

test("results in order, with what a create was named", () => {
  const outcome = outcomeOf([done(1, { path: "/n-0000000001" }), done(2), done(13)]);
  expect(outcome).toEqual({ is: "done", results: [{ path: "/n-0000000001" }, {}, {}] });
});
