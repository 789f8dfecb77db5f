import { expect, test } from "vitest";
import { inTheWay, ruledBy, withLimits } from "./quota.ts";

test.each([
  ["none", null, { count: 5n }, "count=5,bytes=-1=;byteHardLimit=-1;countHardLimit=-1"],
  ["one", "count=5,bytes=-1=;byteHardLimit=7", { count: -1n }, "count=-1,bytes=-1=;byteHardLimit=7;countHardLimit=-1"],
  [
    "old",
    "count=1,bytes=2",
    { bytes: 2n ** 62n },
    "count=1,bytes=4611686018427387904=;byteHardLimit=-1;countHardLimit=-1",
  ],
] as const)("limits where there were %s", (_name, before, changes, after) => {
  expect(String(withLimits(before === null ? null : Buffer.from(before), changes))).toBe(after);
});

test("limits that cannot be read are left alone", () => {
  expect(withLimits(Buffer.from("count=many"), { count: 1n })).toBeUndefined();
});

test("finds what is ruled in the tree of quotas", () => {
  const paths = ["", "/a", "/a/b/zookeeper_limits", "/a/b/zookeeper_stats", "/zookeeper_limits"];
  expect(ruledBy(paths.map((path) => `/zookeeper/quota${path}`))).toEqual(["/a/b", "/"]);
});

test.each([
  ["/a", ["/a"], undefined],
  ["/a", ["/ab", "/b"], undefined],
  ["/a", ["/a/b"], "/a/b"],
  ["/a/b/c", ["/a"], "/a"],
  ["/a", ["/"], undefined],
  ["/", ["/a"], "/a"],
])("a quota on %s, with quotas on %j", (path, ruled, other) => {
  expect(inTheWay(path, ruled)).toBe(other);
});
