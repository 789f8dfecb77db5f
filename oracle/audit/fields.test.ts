import { describe, expect, test } from "vitest";
import type { Stat } from "../../src/protocol/records.ts";
import { mismatchesOf, type Znode } from "./fields.ts";
import { Owners } from "./owners.ts";

const znode = (over: Partial<Stat> = {}, data: string | null = "abc"): Znode => ({
  is: "znode",
  data: data === null ? null : Buffer.from(data),
  acl: [{ perms: 31, id: { scheme: "digest", id: "joe:hash=" } }],
  stat: {
    ...{ czxid: 1, mzxid: 1, pzxid: 1, ctime: 5, mtime: 5, version: 0, cversion: 0, aversion: 0 },
    ...{ ephemeralOwner: 0, dataLength: data?.length ?? 0, numChildren: 0 },
    ...over,
  },
});
const compare = (candidate: Znode, oracle: Znode) => mismatchesOf({ candidate, oracle }, new Owners());

describe("two znodes", () => {
  test("that differ by right agree: zxids and clocks of their own", () => {
    expect(compare(znode(), znode({ czxid: 7, mzxid: 7, pzxid: 7, ctime: 9, mtime: 9 }))).toEqual([]);
  });

  test("differ in data, null and empty told apart, and the data is not shown", () => {
    expect(compare(znode({}, null), znode({}, ""))).toMatchObject([{ field: "data", candidate: "null" }]);
    const [found] = compare(znode({}, "secret"), znode({}, "secreT"));
    expect(found?.candidate).toMatch(/^<6 bytes sha256:/);
  });

  test("differ in their lists, digests told apart by hash", () => {
    const other = { ...znode(), acl: [{ perms: 31, id: { scheme: "digest", id: "joe:other=" } }] };
    const [found] = compare(znode(), other);
    expect(found?.field).toBe("acl");
    expect(found?.candidate).toMatch(/^digest:joe:#[\da-f]{8}:cdrwa$/);
    expect(found?.candidate).not.toBe(found?.oracle);
  });

  test.each([
    [{ version: 1 }, ["version"]],
    [{ cversion: 1 }, ["cversion"]],
    [{ aversion: 1 }, ["aversion"]],
    [{ numChildren: 1 }, ["numChildren"]],
    [{ dataLength: 4 }, ["dataLength"]],
    [{ pzxid: 2 }, ["zxids"]],
    [{ mtime: 6 }, ["times"]],
    [{ ephemeralOwner: 3 }, ["ephemeralOwner"]],
  ])("%j alone differs in %j", (over, fields) => {
    expect(compare(znode(over), znode()).map(({ field }) => field)).toEqual(fields);
  });
});

test("one that is missing, and one that is not shown", () => {
  const owners = new Owners();
  const missing = { is: "missing" } as const;
  const refused = { is: "refused", err: "NOAUTH" } as const;
  expect(mismatchesOf({ candidate: missing, oracle: missing }, owners)).toEqual([]);
  expect(mismatchesOf({ candidate: refused, oracle: refused }, owners)).toEqual([]);
  expect(mismatchesOf({ candidate: missing, oracle: znode({ numChildren: 2 }) }, owners)).toEqual([
    { field: "presence", candidate: "missing", oracle: "present, with 2 children" },
  ]);
  expect(mismatchesOf({ candidate: refused, oracle: znode() }, owners)).toMatchObject([{ field: "readable" }]);
});
