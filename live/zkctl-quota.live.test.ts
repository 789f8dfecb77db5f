/** zkctl's quotas on a real ZooKeeper and on `bin/zetcd`, beside those of ZooKeeper's own client. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { type Name, startBoth } from "./both-servers.fixture.ts";
import { zkCliMain } from "./zkcli.fixture.ts";
import { zkctlOf } from "./zkctl.fixture.ts";

const { ports } = startBoth({ config: { enforceQuota: "true" }, flags: ["--enforce-quota"] });

/** What ZooKeeper's own client prints for one command. */
async function zkCli(port: number, ...command: string[]): Promise<string> {
  const [program, ...args] = zkCliMain();
  const child = spawn(program, [...args, "-server", `127.0.0.1:${port}`, ...command]);
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (printed += text));
  await once(child, "close");
  return printed;
}

describe.each<[Name]>([["ZooKeeper"], ["zetcd"]])("on %s", (name) => {
  const { run, printed, json } = zkctlOf(() => `127.0.0.1:${ports[name]()}`);
  const tree = async (): Promise<string[]> => (await printed("ls", "-R", "/zookeeper/quota")).trimEnd().split("\n");

  test("lays quotas out as zkCli does, and reads and removes zkCli's", async () => {
    for (const path of ["/ours", "/ours/a", "/theirs", "/theirs/a"]) await printed("create", path, "four");
    await printed("setquota", "-n", "5", "-B", "100", "/ours/a");
    await zkCli(ports[name](), "setquota", "-n", "5", "/theirs/a");
    await zkCli(ports[name](), "setquota", "-B", "100", "/theirs/a");
    const quota = "/zookeeper/quota";
    expect(await tree()).toEqual([
      quota,
      ...["/ours", "/ours/a", "/ours/a/zookeeper_limits", "/ours/a/zookeeper_stats"].map((path) => quota + path),
      ...["/theirs", "/theirs/a", "/theirs/a/zookeeper_limits", "/theirs/a/zookeeper_stats"].map(
        (path) => quota + path,
      ),
    ]);
    for (const file of ["zookeeper_limits", "zookeeper_stats"])
      expect(await printed("get", `${quota}/ours/a/${file}`)).toBe(await printed("get", `${quota}/theirs/a/${file}`));
    const lines = (await printed("listquota", "/ours/a")).trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    expect((await zkCli(ports[name](), "listquota", "/ours/a")).split("\n")).toEqual(expect.arrayContaining(lines));
    const [limits, used] = [{ count: "5", bytes: null, countHardLimit: null, byteHardLimit: "100" }, { count: "1" }];
    expect(await json("listquotas")).toMatchObject({
      quotas: [
        { path: "/ours/a", limits, used },
        { path: "/theirs/a", limits, used },
      ],
    });
    await printed("delquota", "/theirs/a");
    await printed("delquota", "-n", "/ours/a");
    expect(await json("listquota", "/ours/a")).toMatchObject({ limits: { count: null, byteHardLimit: "100" } });
    await zkCli(ports[name](), "delquota", "/ours/a");
    expect(await tree()).toEqual([quota]);
    expect(await json("listquotas")).toEqual({ quotas: [] });
  });

  test("limits are enforced, and raised", async () => {
    await printed("create", "/full");
    await printed("setquota", "-N", "2", "/full");
    await printed("create", "/full/a");
    expect(await run("create", "/full/b")).toMatchObject({ code: 1, err: expect.stringMatching(/QUOTAEXCEEDED/) });
    await printed("setquota", "-N", "3", "/full");
    await printed("create", "/full/b");
    await printed("delquota", "/full");
  });

  test("refuses quotas above and below each other, quotas of nothing, and to show or remove none", async () => {
    for (const path of ["/q", "/q/r", "/q/r/s", "/q/rr"]) await printed("create", path);
    await printed("setquota", "-b", "10", "/q/r");
    for (const path of ["/q", "/q/r/s"])
      expect(await run("setquota", "-n", "1", path)).toMatchObject({
        ...{ code: 1, out: "", err: expect.stringMatching(/^zkctl: \/q\/r has a quota.*\n$/) },
      });
    await printed("setquota", "-n", "1", "/q/rr");
    await printed("delquota", "/q/r");
    expect(await tree()).toContain("/zookeeper/quota/q/rr/zookeeper_stats");
    expect(await tree()).not.toContain("/zookeeper/quota/q/r");
    for (const argv of [
      ["setquota", "-n", "1", "/none"],
      ["listquota", "/q"],
      ["delquota", "/q"],
    ])
      expect(await run(...argv)).toMatchObject({ code: 1, out: "" });
    await printed("delquota", "/q/rr");
  });
});
