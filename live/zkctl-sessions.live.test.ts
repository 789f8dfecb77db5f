/** zkctl's multis, sessions, persistent watches and shell, on a real ZooKeeper and on `bin/zetcd`. */
import { describe, expect, test } from "vitest";
import { startBin } from "./bin.fixture.ts";
import { type Name, startBoth } from "./both-servers.fixture.ts";
import { zkctlOf } from "./zkctl.fixture.ts";

const { ports } = startBoth();

describe.each<[Name]>([["ZooKeeper"], ["zetcd"]])("on %s", (name) => {
  const address = () => `127.0.0.1:${ports[name]()}`;
  const { run, printed, json } = zkctlOf(address);
  const typed = (input: string, ...argv: string[]) =>
    startBin("zkctl", ["--endpoints", address(), ...argv], input).ended;
  const objects = (out: string) =>
    out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  test("a multi does all, with a result for each operation", async () => {
    const operations = ["create /m one", "create -s /m/n-", "create -c /m/c", "set /m 'two words' 0", "check /m 1"];
    expect(await json("multi", ...operations, "delete /m/c")).toMatchObject({
      done: true,
      results: [
        { op: "create", path: "/m" },
        { op: "create", path: "/m/n-0000000000" },
        { op: "create", path: "/m/c" },
        { op: "set", path: "/m", stat: { version: 1 } },
        { op: "check", path: "/m" },
        { op: "delete", path: "/m/c" },
      ],
    });
    expect(await printed("get", "/m")).toBe("two words\n");
    expect(await printed("ls", "/m")).toBe("n-0000000000\n");
  });

  test("or none, and says which was refused; operations may come from stdin", async () => {
    const lines = "# all or none\ncreate /none x\n\nset /none y 7\ndelete /none\n";
    expect(await typed(lines, "transaction")).toEqual({
      code: 1,
      out: "create /none: not done\nset /none: BADVERSION\ndelete /none: not done\n",
      err: "zkctl: BADVERSION: operation 2 (set /none) was refused, so none was done\n",
    });
    const told = await typed(lines, "--json", "multi");
    expect(JSON.parse(told.out)).toMatchObject({
      done: false,
      results: [{ error: "OK" }, { error: "BADVERSION" }, { error: "RUNTIMEINCONSISTENCY" }],
    });
    expect((await run("exists", "/none")).out).toBe("false\n");
    expect(await typed("create /none\nrename /none", "multi")).toMatchObject({ code: 254, out: "" });
  });

  test("a refusal at the end is one too", async () => {
    expect(await run("multi", "create /last", "check /last 3")).toMatchObject({
      ...{ code: 1, out: "create /last: not done\ncheck /last: BADVERSION\n" },
    });
  });

  test("a session is opened, resumed with its ephemerals, and closed", async () => {
    const { session, timeoutMs } = await json("session", "--timeout", "20000");
    expect(timeoutMs).toBe(20_000);
    const resumed = ["--resume", String(session), "--timeout", "30000"];
    await printed(...resumed, "create", "-e", "/mine");
    await printed(...resumed, "multi", "create -e /mine-too");
    expect(await printed(...resumed, "getephemerals")).toBe("/mine\n/mine-too\n");
    expect(await json(...resumed, "getEphemerals", "/mine-")).toEqual({ path: "/mine-", ephemerals: ["/mine-too"] });
    expect(await printed("getephemerals")).toBe("");
    expect(await json(...resumed, "session")).toMatchObject({ session, timeoutMs: 30_000 });
    const wrong = String(session).replace(/.{4}$/, (end) => (end === "0000" ? "1111" : "0000"));
    expect(await run("--resume", wrong, "ls")).toMatchObject({ code: 1, err: expect.stringMatching(/password/) });
    expect((await run("exists", "/mine")).out).toBe("true\n");
    await printed(...resumed, "session", "close");
    expect((await run("exists", "/mine")).out).toBe("false\n");
    expect(await run(...resumed, "ls")).toMatchObject({ code: 1, err: expect.stringMatching(/has ended/) });
  });

  test("whoami, descendants, the configuration", async () => {
    expect(await json("--auth", "digest:joe:secret", "whoami")).toEqual({
      identities: [
        { scheme: "digest", user: "joe" },
        { scheme: "ip", user: "127.0.0.1" },
      ],
    });
    await printed("multi", "create /n", "create /n/a", "create /n/a/b", "create /n/c");
    expect(await printed("getallchildrennumber", "/n")).toBe("3\n");
    expect(await json("config")).toMatchObject({ path: "/zookeeper/config", data: "" });
    expect(await json("config", "-c")).toEqual({ version: "", servers: [] });
    const refused = await run("reconfig", "--remove", "4");
    expect(refused).toMatchObject({ code: 1, out: "", err: expect.stringMatching(/^zkctl: [A-Z]{4,}: /) });
  });

  test("addwatch prints as many changes as asked for, below too unless told otherwise", async () => {
    await printed("create", "/w");
    const start = (...argv: string[]) =>
      startBin("zkctl", ["--endpoints", address(), "--json", "addwatch", "/w", ...argv]);
    const [recursive, flat] = [start("-n", "3"), start("-m", "PERSISTENT", "-n", "2")];
    await Promise.all([recursive, flat].map((each) => each.hasSaid(/"watching":"\/w"/)));
    for (const argv of [
      ["create", "/w/a"],
      ["set", "/w/a", "x"],
      ["set", "/w", "y"],
    ])
      await printed(...argv);
    expect(objects((await recursive.ended).out).slice(1)).toEqual([
      { event: "created", path: "/w/a" },
      { event: "dataChanged", path: "/w/a" },
      { event: "dataChanged", path: "/w" },
    ]);
    expect(objects((await flat.ended).out).slice(1)).toEqual([
      { event: "childrenChanged", path: "/w" },
      { event: "dataChanged", path: "/w" },
    ]);
    const endless = start();
    await endless.hasSaid(/watching/);
    endless.child.kill("SIGINT");
    expect((await endless.ended).code).toBe(0);
  });

  test("a shell is one session: ephemerals and watches last from line to line", async () => {
    const lines = `
# comments and empty lines are nothing
create -e /s "in a shell"
getephemerals /s
addwatch -m PERSISTENT /s
set /s changed
removewatches /s
set /s 'not seen'
removewatches /s
get /s
frobnicate
addauth digest joe:secret
whoami
multi "create /s2" "delete /s2"
quit
create /s-never`;
    const { code, out, err } = await typed(lines, "--json", "shell");
    expect(code).toBe(1);
    expect(err).toMatch(/^zkctl: NOWATCHER: .*\nzkctl: .*frobnicate.*\n$/);
    const said = objects(out);
    expect(said.filter((each) => "event" in each)).toEqual([{ event: "dataChanged", path: "/s" }]);
    expect(said.filter((each) => !("event" in each))).toMatchObject([
      { created: "/s" },
      { ephemerals: ["/s"] },
      { watching: "/s" },
      { path: "/s" },
      { removedWatches: "/s" },
      { path: "/s" },
      { error: expect.stringMatching(/^NOWATCHER/) },
      { data: "not seen" },
      { error: expect.stringMatching(/frobnicate/) },
      { auth: "digest" },
      { identities: [{ scheme: "digest", user: "joe" }, { scheme: "ip" }] },
      { done: true },
    ]);
    for (const path of ["/s", "/s-never"]) expect((await run("exists", path)).out).toBe("false\n");
  });
});
