import { expect, test } from "vitest";
import { withTwoDashes } from "./dashes.ts";

test.each<[string[], string[]]>([
  [
    ["-endpoints", "a:1"],
    ["--endpoints", "a:1"],
  ],
  [["-endpoints=a:1"], ["--endpoints=a:1"]],
  [["--endpoints=a:1"], ["--endpoints=a:1"]],
  [
    ["-e", "-v", "-1"],
    ["-e", "-v", "-1"],
  ],
  [["-unknown"], ["-unknown"]],
  [
    ["set", "/a", "--", "-json"],
    ["set", "/a", "--", "-json"],
  ],
  [
    ["-json", "--", "-json"],
    ["--json", "--", "-json"],
  ],
  [["-"], ["-"]],
])("%j becomes %j", (argv, expected) => {
  expect(withTwoDashes(["--endpoints", "--json"], argv)).toEqual(expected);
});
