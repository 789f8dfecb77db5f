import { expect, test } from "vitest";
import { variantOf } from "./variants.ts";

test("variants", () => {
  expect(variantOf({ op: "create", path: "/n", flags: "ttl" })).toBe("other");
  expect(variantOf({ op: "delete", path: "/n" })).toBe("any");
  expect(variantOf({ op: "delete", path: "/n", version: { last: 0 } })).toBe("last");
  expect(variantOf({ op: "delete", path: "/n", version: { last: -1 } })).toBe("other");
  expect(variantOf({ by: "a", op: "exists", path: "/n", watch: true })).toBe("watch");
});
