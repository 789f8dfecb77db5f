import { expect, test } from "vitest";
import { parseOptions } from "./options.ts";

const sections = { one: "the first", two: "the second" };
const run = (...argv: string[]) => {
  const parsed = parseOptions(argv, sections);
  if (parsed.is !== "run") throw new Error(JSON.stringify(parsed));
  return parsed.options;
};

test("defaults", () => {
  expect(run()).toEqual({ quick: false, rounds: 3, only: [], znodes: 1_000_000 });
  expect(run("--quick")).toMatchObject({ quick: true, znodes: 50_000 });
});

test("what may be said", () => {
  expect(run("--only", "two", "--only", "one").only).toEqual(["two", "one"]);
  expect(run("--quick", "--znodes", "77", "--rounds", "5", "--out", "o", "--zetcd-go", "z")).toEqual({
    ...{ quick: true, znodes: 77, rounds: 5, only: [], out: "o", zetcdGo: "z" },
  });
});

test("help names the sections", () => {
  const parsed = parseOptions(["--help"], sections);
  expect(parsed.is === "say" && parsed.text).toContain("  two  the second\n");
});

test.each([
  [["--only", "three"], /one of one, two/],
  [["--rounds", "0"], /whole number from 1/],
  [["--znodes", "1e3"], /whole number from 1/],
  [["stray"], /see --help/],
])("%j is refused in one line", (argv, line) => {
  const parsed = parseOptions(argv, sections);
  expect(parsed.is === "bad" && parsed.line).toMatch(line);
  expect(parsed.is === "bad" && parsed.line).not.toContain("\n");
});
