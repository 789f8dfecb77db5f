import { expect, test } from "vitest";
import { bounds, grouped, shortened, tally } from "./bounds.ts";

test.each([
  ["plain", "plain"],
  ["a\u202eb", "a\\u202eb"],
  ["tab\tnul\u0000esc\u001b", "tab\\u0009nul\\u0000esc\\u001b"],
  ["lone\ud800", "lone\\ud800"],
  ["pair\u{1d11e}", "pair\u{1d11e}"],
  ["عربي", "عربي"],
])("%j is shown as %j", (text, shown) => {
  expect(shortened(text)).toBe(shown);
});

test("a cut says how much is missing, and what stays is printable", () => {
  expect(shortened("ab\u0000cdef", 3)).toBe("ab\\u0000… (4 more characters)");
});

test("a cut never goes through a character", () => {
  expect(shortened("ab\u{1d11e}cd", 3)).toBe("ab… (4 more characters)");
  expect(shortened("ab\u{1d11e}cd", 4)).toBe("ab\u{1d11e}… (2 more characters)");
});

test("thousands stand apart", () => {
  expect([0, 999, 1_000, 1_048_576].map(grouped)).toEqual(["0", "999", "1,000", "1,048,576"]);
});

test("a tally counts what does not fit together", () => {
  const counts = new Map<string, number>();
  for (let at = 0; at < 10; at++) tally(counts, `n${at}`, 3);
  tally(counts, "n1", 3);
  expect([...counts]).toEqual([
    ["n0", 1],
    ["n1", 2],
    ["n2", 1],
    ["(others)", 7],
  ]);
  expect(bounds.namesMax).toBeGreaterThan(3);
});
