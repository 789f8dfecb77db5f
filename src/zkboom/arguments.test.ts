import { expect, test } from "vitest";
import { parseArguments } from "./arguments.ts";

function run(...argv: string[]) {
  const parsed = parseArguments(argv, "1.2.3");
  if (parsed.is !== "run") throw new Error(JSON.stringify(parsed));
  return parsed;
}

const common = {
  endpoints: [{ host: "127.0.0.1", port: 2181 }],
  ...{ readPercent: 100, batch: 1 },
  ...{ connections: 1, total: 10_000, rate: 0, timeoutMs: 5_000, pipeline: 1 },
};

test("defaults of create", () => {
  expect(run("create")).toEqual({
    is: "run",
    load: { op: "create", keys: [], prefix: "/k-", keyBytes: 8, valueBytes: 8, flags: 0, ...common },
    telling: { precise: false, json: false, samples: 0 },
  });
});

test.each([
  [["--ephemeral"], 1],
  [["--sequential"], 2],
  [["-ephemeral", "-sequential"], 3],
])("create %j has flags %i", (flags, expected) => {
  expect(run("create", ...flags).load.flags).toBe(expected);
});

test("keys by position and by flag, in this order", () => {
  expect(run("get", "/a", "--key", "/c", "--key", "/d", "/b").load.keys).toEqual(["/a", "/b", "/c", "/d"]);
  expect(run("set", "-key", "/a", "--val-size", "100").load).toMatchObject({
    op: "set",
    keys: ["/a"],
    valueBytes: 100,
  });
});

test("mixed says how many are gets, multi how many creates are in a request", () => {
  expect(run("mixed", "/a").load).toMatchObject({ op: "mixed", keys: ["/a"], readPercent: 90, valueBytes: 8 });
  expect(run("mixed", "--reads", "50", "--key", "/a").load.readPercent).toBe(50);
  expect(run("multi", "--prefix", "/m/").load).toMatchObject({ op: "multi", prefix: "/m/", batch: 10, flags: 0 });
  expect(run("multi", "-size", "7").load.batch).toBe(7);
});

test("common flags before and behind the operation, with one dash or two", () => {
  const load = { connections: 50, total: 7, rate: 100, pipeline: 9, timeoutMs: 250 };
  const flags = ["--conns", "50", "-total=7", "--rate=100", "-pipeline", "9", "-timeout", "250"];
  expect(run(...flags, "create").load).toMatchObject(load);
  expect(run("create", ...flags).load).toMatchObject(load);
  expect(run("create", "--precise", "-json", "--samples", "5").telling).toEqual({
    precise: true,
    json: true,
    samples: 5,
  });
  expect(run("get", "/a", "--endpoints", "a:1,[::1]:2").load.endpoints).toEqual([
    { host: "a", port: 1 },
    { host: "::1", port: 2 },
  ]);
});

test("help and version are said, not done", () => {
  expect(parseArguments(["--version"], "1.2.3")).toEqual({ is: "say", text: "1.2.3\n" });
  const help = parseArguments(["create", "-help"], "1.2.3");
  expect(help.is === "say" && help.text).toContain("--key-size");
});

test.each([
  [[], /create, set, get, mixed or multi/],
  [["burn"], /burn/],
  [["get"], /--key/],
  [["get", "/a", "/bb"], /one length/],
  [["get", "a"], /path/],
  [["mixed", "/a", "--reads", "101"], /0 to 100/],
  [["multi", "--size", "0"], /whole number from 1/],
  [["--conns", "0", "create"], /whole number from 1/],
  [["--total", "x", "create"], /whole number/],
  [["--rate", "-1", "create"], /whole number/],
  [["--endpoints", "nowhere:x", "create"], /HOST:PORT/],
  [["create", "--prefix", "k"], /path/],
  [["create", "--nope"], /--nope/],
] as const)("%j is refused in one line", (argv, line) => {
  const parsed = parseArguments(argv, "1.2.3");
  expect(parsed.is === "bad" && parsed.line).toMatch(line);
  expect(parsed.is === "bad" && parsed.line).not.toContain("\n");
});
