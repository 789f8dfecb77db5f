import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import { runBin, startBin } from "./bin.fixture.ts";
import { zkctlOf } from "./zkctl.fixture.ts";

let server: ZooKeeperServer;

beforeAll(async () => {
  server = await startZooKeeper();
});
afterAll(() => server.stop());

const { run: zkctl, printed } = zkctlOf(() => server.address);

describe("zkctl and a real ZooKeeper", () => {
  test("creates, reads, writes, lists and deletes", async () => {
    expect(await printed("create", "/zkctl")).toBe("/zkctl\n");
    expect(await printed("create", "/zkctl/a", "one")).toBe("/zkctl/a\n");
    expect(await printed("get", "/zkctl/a")).toBe("one\n");
    expect(await printed("set", "/zkctl/a", "two", "-v", "0")).toBe("");
    expect(await printed("get", "-s", "/zkctl/a")).toMatch(/^two\ncZxid = 0x[0-9a-f]+\n[\s\S]*dataVersion = 1\n/);
    expect(await printed("create", "-s", "/zkctl/a/n-")).toBe("/zkctl/a/n-0000000000\n");
    expect(await printed("ls", "/zkctl")).toBe("a\n");
    expect(await printed("ls", "-R", "/zkctl")).toBe("/zkctl\n/zkctl/a\n/zkctl/a/n-0000000000\n");
    expect(await printed("stat", "/zkctl")).toContain("numChildren = 1\n");
    expect(await printed("sync", "/zkctl")).toBe("");
    expect(await printed("delete", "/zkctl/a/n-0000000000")).toBe("");
    expect(await printed("exists", "/zkctl/a")).toBe("true\n");
    expect(await printed("create", "-c", "/zkctl/c")).toBe("/zkctl/c\n");
  });

  test("speaks JSON", async () => {
    await printed("create", "/json", "é");
    expect(JSON.parse(await printed("get", "/json", "--json"))).toMatchObject({
      ...{ path: "/json", data: "é", hex: "c3a9" },
      stat: { version: 0, dataLength: 2, czxid: expect.stringMatching(/^\d+$/) },
    });
    expect(JSON.parse(await printed("-json", "ls", "/json"))).toMatchObject({ path: "/json", children: [] });
  });

  test("guards znodes and shows credentials", async () => {
    await printed("create", "/guarded", "secret");
    expect(await printed("getacl", "/guarded")).toBe("world:anyone:cdrwa\n");
    await printed("--auth", "digest:joe:pw", "setacl", "/guarded", "auth::rwa", "-v", "0");
    expect(await printed("--auth", "digest:joe:pw", "get", "/guarded")).toBe("secret\n");
    const refused = await zkctl("get", "/guarded");
    expect(refused).toMatchObject({ code: 1, out: "" });
    expect(refused.err).toMatch(/^zkctl: NOAUTH: .*--auth.*\n$/);
  });

  test("an error is exit code 1 and said by name", async () => {
    await printed("create", "/errors");
    await printed("create", "/errors/child");
    const errors: Record<string, string[]> = {
      NONODE: ["get", "/nowhere"],
      NODEEXISTS: ["create", "/errors"],
      BADVERSION: ["delete", "/errors/child", "-v", "7"],
      NOTEMPTY: ["delete", "/errors"],
      BADARGUMENTS: ["create", "/errors/"],
      INVALIDACL: ["setacl", "/errors", "nobody:x:r"],
    };
    for (const [name, argv] of Object.entries(errors)) {
      const { code, out, err } = await zkctl(...argv);
      expect(err).toMatch(new RegExp(`^zkctl: ${name}: .*\n$`));
      expect({ code, out }).toEqual({ code: 1, out: "" });
    }
  });

  test("exists of a missing znode is false and exit code 1", async () => {
    expect(await zkctl("exists", "/nowhere")).toEqual({ code: 1, out: "false\n", err: "" });
  });

  test("an ephemeral znode lives as long as it is held", async () => {
    const holder = startBin("zkctl", ["--endpoints", server.address, "create", "-e", "--hold", "/held"]);
    await holder.hasSaid(/held/);
    expect(await printed("get", "/held")).toBe("\n");
    holder.child.kill("SIGINT");
    expect((await holder.ended).code).toBe(0);
    expect((await zkctl("exists", "/held")).out).toBe("false\n");
  });

  test("without --hold it lives for the session's timeout", async () => {
    expect(await printed("create", "-e", "/brief", "--timeout", "60000")).toBe("/brief\n");
    expect((await zkctl("exists", "/brief")).out).toBe("true\n");
  });

  test.each([["one-shot watches"], ["a recursive watch", "-R"]])("tells changes, with %s", async (_name, ...flags) => {
    const path = `/seen${flags.join("")}`;
    const watcher = startBin("zkctl", ["--endpoints", server.address, "watch", path, "--follow", "--json", ...flags]);
    /** A watch says nothing when it is set, so the change is made until it is seen. */
    const until = async (event: RegExp, ...changes: string[][]) => {
      let isSeen = false;
      const seen = watcher.hasSaid(event).then(() => {
        isSeen = true;
      });
      while (!isSeen) for (const change of changes) await zkctl(...change);
      await seen;
    };
    await until(/created/, ["create", path], ["delete", path]);
    await zkctl("create", path);
    await until(/dataChanged/, ["set", path, "x"]);
    if (flags.length === 0) await until(/childrenChanged/, ["create", "-s", `${path}/n-`]);
    else await until(/created.*n-/, ["create", "-s", `${path}/n-`]);
    watcher.child.kill("SIGTERM");
    const { code, out } = await watcher.ended;
    expect(code).toBe(0);
    for (const line of out.trimEnd().split("\n"))
      expect(JSON.parse(line)).toEqual({
        event: expect.stringMatching(/^(created|deleted|dataChanged|childrenChanged)$/),
        path: expect.stringMatching(new RegExp(`^${path}(/n-\\d{10})?$`)),
      });
  });

  test("watch ends after the changes asked for", async () => {
    await printed("create", "/counted");
    const watcher = startBin("zkctl", ["--endpoints", server.address, "watch", "/counted"]);
    let hasEnded = false;
    const ended = watcher.ended.then((how) => {
      hasEnded = true;
      return how;
    });
    while (!hasEnded) await zkctl("set", "/counted", "x");
    expect(await ended).toEqual({ code: 0, out: "dataChanged /counted\n", err: "" });
  });

  test("tries the next server, and says so when there is none", async () => {
    const next = await runBin("zkctl", ["--endpoints", `127.0.0.1:1,${server.address}`, "exists", "/"]);
    expect(next).toEqual({ code: 0, out: "true\n", err: "" });
    const none = await runBin("zkctl", ["--endpoints", "127.0.0.1:1", "ls"]);
    expect(none.code).toBe(255);
    expect(none.err).toMatch(/^zkctl: no server answered \(.*127\.0\.0\.1:1.*\); .*--endpoints\n$/);
  });

  test("bad arguments are exit code 254", async () => {
    expect(await zkctl("get")).toMatchObject({ code: 254, out: "" });
  });
});
