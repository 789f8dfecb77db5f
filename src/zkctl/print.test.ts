import { expect, test } from "vitest";
import { dataJson, statJson, statLines } from "./print.ts";

const stat = {
  czxid: 256,
  mzxid: 2n ** 62n,
  ctime: 0,
  mtime: 2n ** 62n,
  version: 1,
  cversion: 2,
  aversion: 3,
  ephemeralOwner: 0x100012345670000,
  dataLength: 4,
  numChildren: 5,
  pzxid: -1,
};

test("a Stat as zkCli shows it", () => {
  expect(statLines(stat)).toEqual([
    "cZxid = 0x100",
    "ctime = 1970-01-01T00:00:00.000Z",
    "mZxid = 0x4000000000000000",
    "mtime = 4611686018427387904",
    "pZxid = 0xffffffffffffffff",
    "cversion = 2",
    "dataVersion = 1",
    "aclVersion = 3",
    "ephemeralOwner = 0x100012345670000",
    "dataLength = 4",
    "numChildren = 5",
  ]);
});

test("a Stat as JSON loses no digit", () => {
  const back = JSON.parse(JSON.stringify(statJson(stat)));
  expect(back.mzxid).toBe("4611686018427387904");
  expect(Object.keys(back)).toEqual(Object.keys(stat));
});

test("data is text only where it is", () => {
  expect(dataJson(null)).toEqual({ data: null, hex: null });
  expect(dataJson(Buffer.alloc(0))).toEqual({ data: "", hex: "" });
  expect(dataJson(Buffer.from("é"))).toEqual({ data: "é", hex: "c3a9" });
  expect(dataJson(Buffer.from([0xff]))).toEqual({ data: null, hex: "ff" });
});
