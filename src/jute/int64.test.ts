import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalInt64, highHalf, type Int64, int64, int64Hex, lowHalf } from "./int64.ts";

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

describe("int64", () => {
  test.each<[string, number, number, Int64]>([
    ["zero", 0, 0, 0],
    ["one", 0, 1, 1],
    ["minus one", -1, 0xffffffff, -1],
    ["2^32", 1, 0, 2 ** 32],
    ["-2^32", -1, 0, -(2 ** 32)],
    ["the largest number", 0x1fffff, 0xffffffff, Number.MAX_SAFE_INTEGER],
    ["the first bigint above", 0x200000, 0, 2n ** 53n],
    ["its neighbour, which a double cannot hold", 0x200000, 1, 2n ** 53n + 1n],
    ["the smallest number", -0x200000, 1, Number.MIN_SAFE_INTEGER],
    ["the first bigint below", -0x200000, 0, -(2n ** 53n)],
    ["its neighbour below", -0x200001, 0xffffffff, -(2n ** 53n) - 1n],
    ["the largest", 0x7fffffff, 0xffffffff, 2n ** 63n - 1n],
    ["the smallest", -0x80000000, 0, -(2n ** 63n)],
  ])("joins and splits %s", (_name, high, low, value) => {
    expect(int64(high, low)).toBe(value);
    expect([highHalf(value), lowHalf(value)]).toEqual([high, low]);
  });

  test("every value has one form: a number inside the safe range, a bigint outside", () => {
    fc.assert(
      fc.property(long, (wide) => {
        const value = canonicalInt64(wide);
        expect(BigInt(value)).toBe(wide);
        expect(typeof value).toBe(Number.isSafeInteger(Number(wide)) ? "number" : "bigint");
        expect(int64(highHalf(value), lowHalf(value))).toBe(value);
        expect(canonicalInt64(value)).toBe(value);
      }),
    );
  });

  test("wider values wrap as Java's long does", () => {
    expect(canonicalInt64(2n ** 63n)).toBe(-(2n ** 63n));
    expect(canonicalInt64(-(2n ** 63n) - 1n)).toBe(2n ** 63n - 1n);
    expect(canonicalInt64(2n ** 64n + 5n)).toBe(5);
    expect(canonicalInt64(2 ** 64)).toBe(0);
    expect(canonicalInt64(2 ** 60)).toBe(2n ** 60n);
  });

  test.each<[Int64, string]>([
    [0, "0x0"],
    [255, "0xff"],
    [0x100012345670000, "0x100012345670000"],
    [-1, "0xffffffffffffffff"],
    [-(2n ** 63n), "0x8000000000000000"],
  ])("%s prints as %s", (value, hex) => {
    expect(int64Hex(value)).toBe(hex);
  });
});
