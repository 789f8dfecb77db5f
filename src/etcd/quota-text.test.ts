/** Rows as ZooKeeper's StatsTrack reads and prints them; `undefined` where it ends its process instead. */
import { expect, test } from "vitest";
import { parseQuota, printQuota } from "./quota-text.ts";

const still = { count: 0, bytes: 0 };

test.each<[string | null, string | undefined]>([
  ["count=3,bytes=20", "count=3,bytes=20"],
  ["bytes=20;count=3", "count=3,bytes=20"],
  ["count=-1,bytes=-1=;byteHardLimit=20;countHardLimit=8", "count=-1,bytes=-1=;byteHardLimit=20;countHardLimit=8"],
  ["countHardLimit=8,;,byteHardLimit=20,", "count=-1,bytes=-1=;byteHardLimit=20;countHardLimit=8"],
  ["", "count=-1,bytes=-1"],
  [",;", "count=-1,bytes=-1"],
  ["count=+3", "count=3,bytes=-1"],
  ["count==3", "count=-1,bytes=-1"],
  ["count=1,count=2", "count=2,bytes=-1"],
  ["count=9223372036854775807", "count=9223372036854775807,bytes=-1"],
  ["b=2,a=1", "count=-1,bytes=-1=;a=1;b=2"],
  ["=5", "count=-1,bytes=-1=;=5"],
  ["count=9223372036854775808", undefined],
  ["count=", undefined],
  ["count", undefined],
  [",count=1", undefined],
  ["count=x", undefined],
  ["count= 1", undefined],
  ["garbage", undefined],
  [null, undefined],
])("%s", (text, printed) => {
  const quota = parseQuota(text === null ? null : Buffer.from(text));
  expect(quota && printQuota(quota, still).toString()).toBe(printed);
});

test("what is missing counts from -1, and counting wraps like a long", () => {
  const printed = (text: string, count: number): string | undefined => {
    const quota = parseQuota(Buffer.from(text));
    return quota && printQuota(quota, { count, bytes: 5 }).toString();
  };
  expect(printed("", 1)).toBe("count=0,bytes=4");
  expect(printed("count=9223372036854775807,bytes=1", 1)).toBe("count=-9223372036854775808,bytes=6");
});
