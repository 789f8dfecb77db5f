import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countedAt, isValidPath, isWithin, nameOf, parentOf, reservedPaths } from "./paths.ts";

const unit = (code: number) => `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;

describe("isValidPath", () => {
  test.each([
    "/",
    "/a",
    "/a/b/c",
    "/...",
    "/.a",
    "/a.",
    "/..a",
    "/a..",
    "/a..b",
    "/a/.../b",
    "/ ",
    "/a b",
    "/日本",
    "/.a/..b",
  ])("allows %j", (path) => expect(isValidPath(path)).toBe(true));

  test.each([
    null,
    "",
    "a",
    "a/",
    "//",
    "/a/",
    "/a//b",
    "//a",
    "/.",
    "/..",
    "/./a",
    "/a/.",
    "/a/..",
    "/a/../b",
    "/a/./b",
    "/a/b//",
  ])("refuses %j", (path) => expect(isValidPath(path)).toBe(false));

  test.each([0x20, 0x7e, 0xa0, 0xd7ff, 0xf900, 0xffef].map((code) => [unit(code), code] as const))(
    "allows %s",
    (_name, code) => {
      expect(isValidPath(`/a${String.fromCharCode(code)}b`)).toBe(true);
    },
  );

  test.each(
    [0x00, 0x01, 0x09, 0x1f, 0x7f, 0x9f, 0xd800, 0xdbff, 0xdc00, 0xe000, 0xf8ff, 0xfff0, 0xfffd, 0xffff].map(
      (code) => [unit(code), code] as const,
    ),
  )("refuses %s", (_name, code) => {
    expect(isValidPath(`/a${String.fromCharCode(code)}b`)).toBe(false);
    expect(isValidPath(`/${String.fromCharCode(code)}`)).toBe(false);
  });

  test("a supplementary character is two surrogates, so refused", () => {
    expect(isValidPath("/😀")).toBe(false);
  });

  test("is what the rules say, component by component", () => {
    const component = fc.string({ unit: fc.constantFrom(".", "a", "\x01", "é"), maxLength: 4 });
    fc.assert(
      fc.property(fc.array(component, { minLength: 1, maxLength: 4 }), (components) => {
        const valid = components.every(
          (name) => name !== "" && name !== "." && name !== ".." && !name.includes("\x01"),
        );
        const isRoot = components.length === 1 && components[0] === "";
        expect(isValidPath(`/${components.join("/")}`)).toBe(valid || isRoot);
      }),
    );
  });
});

test.each([
  ["/a", "", "a"],
  ["/a/b", "/a", "b"],
  ["/a/b/c", "/a/b", "c"],
  ["/a/", "/a", ""],
  ["//", "/", ""],
  ["/", "", ""],
])("%j has parent %j and name %j", (path, parent, name) => {
  expect([parentOf(path), nameOf(path)]).toEqual([parent, name]);
});

test("every reserved path is a valid one", () => {
  expect(reservedPaths.size).toBe(4);
  for (const path of reservedPaths) expect(isValidPath(path)).toBe(true);
});

test("a path is within itself and all above it", () => {
  for (const above of ["/", "/a", "/a/b"]) expect(isWithin("/a/b", above), above).toBe(true);
  for (const above of ["/a/b/c", "/a/", "/b", "/a/bc"]) expect(isWithin("/a/b", above), above).toBe(false);
  expect(isWithin("/ab", "/a")).toBe(false);
});

test.each([
  ["/zookeeper/quota/a/b/zookeeper_stats", "/a/b"],
  ["/zookeeper/quota/zookeeper_stats", undefined],
  ["/zookeeper/quota/a/zookeeper_limits", undefined],
  ["/a/zookeeper_stats", undefined],
  ["zookeeper_stats", undefined],
])("the statistics %s count %s", (path, counted) => expect(countedAt(path)).toBe(counted));
