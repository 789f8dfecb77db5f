import { describe, expect, test } from "vitest";
import { openAcl } from "../protocol/opcodes.ts";
import { parseArguments } from "./arguments.ts";
import type { Job, Settings } from "./job.ts";

function run(...argv: string[]): { job: Job; settings: Settings } {
  const parsed = parseArguments(argv, "1.2.3");
  if (parsed.is !== "run") throw new Error(JSON.stringify(parsed));
  return parsed;
}

function bad(...argv: string[]): string {
  const parsed = parseArguments(argv, "1.2.3");
  return parsed.is === "bad" ? parsed.line : `not bad: ${JSON.stringify(parsed)}`;
}

const plain = { acl: openAcl, flags: 0, hold: false };

const copying = {
  ...({ verb: "copy", source: "/a", target: "/b" } as const),
  ...{ deletes: false, parents: false, verifies: true },
};

describe("commands", () => {
  test.each<[string[], Job]>([
    [["create", "/a"], { verb: "create", path: "/a", data: null, ...plain }],
    [["create", "/a", "x"], { verb: "create", path: "/a", data: Buffer.from("x"), ...plain }],
    [
      ["create", "/a", "x", "world:anyone:r"],
      {
        verb: "create",
        path: "/a",
        data: Buffer.from("x"),
        ...plain,
        acl: [{ perms: 1, id: { scheme: "world", id: "anyone" } }],
      },
    ],
    [["create", "/a", ""], { verb: "create", path: "/a", data: Buffer.alloc(0), ...plain }],
    [["create", "-e", "-s", "/a", "x"], { verb: "create", path: "/a", data: Buffer.from("x"), ...plain, flags: 3 }],
    [["create", "--ephemeral", "--sequence", "/a"], { verb: "create", path: "/a", data: null, ...plain, flags: 3 }],
    [["create", "-sequential", "/a"], { verb: "create", path: "/a", data: null, ...plain, flags: 2 }],
    [["create", "-e", "--hold", "/a"], { verb: "create", path: "/a", data: null, ...plain, flags: 1, hold: true }],
    [["create", "-c", "/a"], { verb: "create", path: "/a", data: null, ...plain, flags: 4 }],
    [["create", "-t", "500", "/a"], { verb: "create", path: "/a", data: null, ...plain, flags: 5, ttlMs: 500 }],
    [["create", "-s", "--ttl=500", "/a"], { verb: "create", path: "/a", data: null, ...plain, flags: 6, ttlMs: 500 }],
    [["delete", "/a"], { verb: "delete", path: "/a", version: -1 }],
    [["delete", "-v", "3", "/a"], { verb: "delete", path: "/a", version: 3 }],
    [["delete", "/a", "-v", "-1"], { verb: "delete", path: "/a", version: -1 }],
    [["get", "/a"], { verb: "get", path: "/a", withStat: false, watch: false }],
    [["get", "-s", "-w", "/a"], { verb: "get", path: "/a", withStat: true, watch: true }],
    [["set", "/a", "x"], { verb: "set", path: "/a", data: Buffer.from("x"), version: -1, withStat: false }],
    [
      ["set", "/a", "-v", "0", "--", "-x"],
      { verb: "set", path: "/a", data: Buffer.from("-x"), version: 0, withStat: false },
    ],
    [["ls"], { verb: "ls", path: "/", recursive: false, withStat: false, watch: false }],
    [["ls", "-R", "/a"], { verb: "ls", path: "/a", recursive: true, withStat: false, watch: false }],
    [["ls", "-s", "-w", "/a"], { verb: "ls", path: "/a", recursive: false, withStat: true, watch: true }],
    [["watch"], { verb: "watch", path: "/", recursive: false, events: 1 }],
    [["watch", "/a", "-R", "-n", "2"], { verb: "watch", path: "/a", recursive: true, events: 2 }],
    [["watch", "/a", "--follow"], { verb: "watch", path: "/a", recursive: false, events: Number.POSITIVE_INFINITY }],
    [["stat", "/a"], { verb: "stat", path: "/a", watch: false }],
    [["stat", "-w", "/a"], { verb: "stat", path: "/a", watch: true }],
    [["set", "/a", "x", "3"], { verb: "set", path: "/a", data: Buffer.from("x"), version: 3, withStat: false }],
    [["delete", "/a", "3"], { verb: "delete", path: "/a", version: 3 }],
    [
      ["setquota", "-n", "5", "-B", "0", "/a"],
      { verb: "setquota", path: "/a", limits: { count: 5n, byteHardLimit: 0n } },
    ],
    [["listquota", "/a"], { verb: "listquota", path: "/a" }],
    [["listquotas"], { verb: "listquota" }],
    [["delquota", "/a"], { verb: "delquota", path: "/a", limits: [] }],
    [["delquota", "-b", "-N", "/a"], { verb: "delquota", path: "/a", limits: ["bytes", "countHardLimit"] }],
    [["cp", "/a", "/b"], copying],
    [["mirror", "/a", "/b"], { ...copying, deletes: true }],
    [
      ["cp", "--delete", "-p", "--no-verify", "/a", "/b"],
      { ...copying, deletes: true, parents: true, verifies: false },
    ],
    [
      ["cp", "--from", "a:1", "-to", "b:2", "--to-auth", "digest:x:y", "/a", "/a/b"],
      {
        ...{ ...copying, target: "/a/b", from: [{ host: "a", port: 1 }], to: [{ host: "b", port: 2 }] },
        toCredentials: [{ scheme: "digest", auth: Buffer.from("x:y") }],
      },
    ],
    [["multi"], { verb: "multi", operations: "stdin" }],
    [
      ["transaction", "delete /a 1", "check /b 2"],
      {
        verb: "multi",
        operations: [
          { op: "delete", path: "/a", body: { path: "/a", version: 1 } },
          { op: "check", path: "/b", body: { path: "/b", version: 2 } },
        ],
      },
    ],
    [["whoami"], { verb: "whoami" }],
    [["getEphemerals"], { verb: "getephemerals", path: "/" }],
    [["getallchildrennumber", "/a"], { verb: "getallchildrennumber", path: "/a" }],
    [
      ["addwatch", "/a"],
      { verb: "addwatch", path: "/a", mode: "PERSISTENT_RECURSIVE", events: Number.POSITIVE_INFINITY },
    ],
    [
      ["addWatch", "-m", "PERSISTENT", "--count", "2", "/a"],
      { verb: "addwatch", path: "/a", mode: "PERSISTENT", events: 2 },
    ],
    [["removewatches", "/a"], { verb: "removewatches", path: "/a", kind: "any" }],
    [["removewatches", "-c", "/a"], { verb: "removewatches", path: "/a", kind: "children" }],
    [["removewatches", "-d", "/a"], { verb: "removewatches", path: "/a", kind: "data" }],
    [["session"], { verb: "session", action: "open", hold: false }],
    [["config", "-c"], { verb: "config", clientsOnly: true, withStat: false, watch: false }],
    [
      ["reconfig", "--add", "server.4=d:1:2;3", "-remove", "1,2", "-a", "server.5=e:1:2;3"],
      {
        ...{ verb: "reconfig", joining: "server.4=d:1:2;3,server.5=e:1:2;3", leaving: "1,2" },
        ...{ members: null, version: -1, withStat: false },
      },
    ],
    [
      ["reconfig", "-m", "server.1=a:1:2;3", "-v", "1f"],
      {
        ...{ verb: "reconfig", joining: null, leaving: null },
        ...{ members: "server.1=a:1:2;3", version: 31, withStat: false },
      },
    ],
    [["deleteall", "/a"], { verb: "deleteall", path: "/a", batch: 1000 }],
    [["deleteall", "-b", "7", "/a"], { verb: "deleteall", path: "/a", batch: 7 }],
    [["exists", "/a"], { verb: "exists", path: "/a" }],
    [["getacl", "/a"], { verb: "getacl", path: "/a", withStat: false }],
    [["getAcl", "-s", "/a"], { verb: "getacl", path: "/a", withStat: true }],
    [["sync", "/a"], { verb: "sync", path: "/a" }],
    [
      ["setacl", "/a", "world:anyone:r", "-v", "2"],
      {
        ...{ verb: "setacl", path: "/a", acl: [{ perms: 1, id: { scheme: "world", id: "anyone" } }], version: 2 },
        ...{ recursive: false, withStat: false },
      },
    ],
  ])("%j", (argv, job) => {
    expect(run(...argv).job).toEqual(job);
  });
});

describe("settings", () => {
  test("defaults", () => {
    expect(run("ls").settings).toEqual({
      endpoints: [{ host: "127.0.0.1", port: 2181 }],
      timeoutMs: 10_000,
      connectWaitMs: 5_000,
      credentials: [],
      json: false,
    });
  });

  test("before or behind the command, with one dash or two", () => {
    const endpoints = [
      { host: "a", port: 1 },
      { host: "b", port: 2181 },
      { host: "::1", port: 3 },
    ];
    expect(run("--endpoints", "a:1,b,[::1]:3", "ls").settings.endpoints).toEqual(endpoints);
    expect(run("ls", "-endpoints=a:1, b ,[::1]:3", "-json").settings).toMatchObject({ endpoints, json: true });
  });

  test("a session to resume", () => {
    const resume = { id: 26, password: Buffer.alloc(16, 0xab) };
    expect(run("--resume", `0x1a:${"ab".repeat(16)}`, "session", "close").settings.resume).toEqual(resume);
  });

  test("credentials in order, colons and all", () => {
    expect(run("ls", "--auth", "digest:joe:a:b", "--auth", "super:").settings.credentials).toEqual([
      { scheme: "digest", auth: Buffer.from("joe:a:b") },
      { scheme: "super", auth: Buffer.alloc(0) },
    ]);
  });
});

test("help and version are said, not done", () => {
  expect(parseArguments(["--version"], "1.2.3")).toEqual({ is: "say", text: "1.2.3\n" });
  const help = parseArguments(["--help"], "1.2.3");
  expect(help.is === "say" && help.text).toMatch(/create .*[\s\S]*254 bad arguments/);
  const verbHelp = parseArguments(["create", "-help"], "1.2.3");
  expect(verbHelp.is === "say" && verbHelp.text).toContain("--ephemeral");
});

test.each([
  [[], /name a command/],
  [["frobnicate"], /frobnicate/],
  [["get"], /path/],
  [["get", "a"], /slash/],
  [["create", "", "x"], /slash/],
  [["ls", "a/b"], /slash/],
  [["set", "/a"], /value/],
  [["get", "/a", "/b"], /too many|excess/i],
  [["get", "--nope", "/a"], /--nope/],
  [["delete", "-v", "x", "/a"], /whole number/],
  [["delete", "-v", "-2", "/a"], /whole number/],
  [["delete", "-v", "2147483648", "/a"], /whole number/],
  [["setquota", "/a"], /-n, -b, -N or -B/],
  [["setquota", "-n", "-1", "/a"], /whole number/],
  [["setquota", "-b", "9223372036854775808", "/a"], /whole number/],
  [["setquota", "-n", "1", "/zookeeper/quota/a"], /no quota/],
  [["cp", "/a", "/a/b"], /overlap/],
  [["cp", "/a/b", "/a"], /overlap/],
  [["mirror", "/a", "/a"], /overlap/],
  [["cp", "/", "/b"], /overlap/],
  [["cp", "/a", "/zookeeper/quota"], /ZooKeeper's own/],
  [["multi", "frob /a"], /operation 1: .*frob/],
  [["addwatch", "-m", "SOMETIMES", "/a"], /PERSISTENT_RECURSIVE/],
  [["addwatch", "-n", "0", "/a"], /above 0/],
  [["session", "close"], /--resume/],
  [["session", "pause"], /open or close/],
  [["--resume", "1:2", "ls"], /ID:PASSWORD/],
  [["--resume", `1:${"0".repeat(32)}`, "cp", "/a", "/b"], /--resume/],
  [["reconfig"], /--add and --remove/],
  [["reconfig", "--add", "a", "--members", "b"], /--add and --remove/],
  [["reconfig", "--file", "/no/such/file"], /cannot read/],
  [["deleteall", "/"], /stays/],
  [["deleteall", "/zookeeper"], /stays/],
  [["deleteall", "/a/"], /no path/],
  [["deleteall", "-b", "0", "/a"], /whole number/],
  [["--endpoints", "a:99999", "ls"], /HOST:PORT/],
  [["--endpoints", "", "ls"], /HOST:PORT/],
  [["--auth", "digest", "ls"], /SCHEME:CREDENTIAL/],
  [["setacl", "/a", "nobody"], /cdrwa/],
  [["create", "-c", "-e", "/a"], /--container/],
  [["create", "-t", "5", "-e", "/a"], /--ttl/],
] as const)("%j is refused in one line that says what is wanted", (argv, line) => {
  expect(bad(...argv)).toMatch(line);
  expect(bad(...argv)).not.toContain("\n");
});
