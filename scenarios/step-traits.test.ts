import { expect, test } from "vitest";
import { replyXidOf } from "./step-traits.ts";

test("a frame is answered under its own xid, a ping under −2, and one without a header not at all", () => {
  expect(replyXidOf(Buffer.from("0000000700000009000000012f", "hex"))).toBe(7);
  expect(replyXidOf(Buffer.from("000000070000000b", "hex"))).toBe(-2);
  expect(replyXidOf(Buffer.from("00000007", "hex"))).toBeUndefined();
  expect(replyXidOf(Buffer.alloc(0))).toBeUndefined();
});
