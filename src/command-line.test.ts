import { Command } from "commander";
import { expect, test } from "vitest";
import { withTwoDashes } from "./command-line.ts";

const program = new Command().option("--endpoints <list>");
program.command("set").option("-v, --version <n>").option("--json");

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
  [["-help"], ["--help"]],
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
  expect(withTwoDashes(program, argv)).toEqual(expected);
});
