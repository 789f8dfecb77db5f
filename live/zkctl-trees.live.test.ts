/** zkctl's commands for whole trees, on a real ZooKeeper and on `bin/zetcd`. */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { startBin } from "./bin.fixture.ts";
import { type Name, plant, startBoth } from "./both-servers.fixture.ts";
import { zkctlOf } from "./zkctl.fixture.ts";

const { ports } = startBoth();

describe.each<[Name]>([["ZooKeeper"], ["zetcd"]])("on %s", (name) => {
  const address = () => `127.0.0.1:${ports[name]()}`;
  const { run, printed, json } = zkctlOf(address);

  test("deleteall deletes children first, in batches, and says how many", async () => {
    await plant(ports[name](), "/all", 1_500);
    expect(await json("deleteall", "/all")).toEqual({ deleted: "/all", znodes: 3_001 });
    expect((await run("exists", "/all")).out).toBe("false\n");
    await plant(ports[name](), "/few", 3);
    expect(await printed("deleteall", "-b", "2", "/few")).toBe("");
    expect((await run("deleteall", "/few")).err).toMatch(/^zkctl: NONODE: /);
  });

  test("deleteall goes no further than it may", async () => {
    await plant(ports[name](), "/kept", 2);
    await printed("setacl", "/kept/00001", "world:anyone:r");
    expect(await run("deleteall", "/kept")).toMatchObject({ code: 1, err: expect.stringMatching(/^zkctl: NOAUTH: /) });
    expect((await run("exists", "/kept/00001/below")).out).toBe("true\n");
  });

  test("ls -R lists a tree in order", async () => {
    await plant(ports[name](), "/listed", 2);
    await printed("create", "/listed/00000-", "x");
    const paths = ["/listed", "/listed/00000", "/listed/00000/below", "/listed/00000-"];
    expect(await printed("ls", "-R", "/listed")).toBe(
      `${[...paths, "/listed/00001", "/listed/00001/below"].join("\n")}\n`,
    );
    expect(await printed("ls", "-R", "-s", "/listed")).toMatch(/below\ncZxid = [\s\S]*numChildren = 3\n$/);
  });

  test("who stops reading hears no complaint", () => {
    const { stderr } = spawnSync("sh", ["-c", `bin/zkctl --endpoints ${address()} ls -R / | true`], {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
  });

  test.each([
    ["get", ["set", "/w", "new"], "dataChanged /w"],
    ["stat", ["set", "/w", "new"], "dataChanged /w"],
    ["ls", ["create", "-s", "/w/n-"], "childrenChanged /w"],
  ])("%s -w answers, then prints one change", async (verb, change, event) => {
    await run("create", "/w", "old");
    const watcher = startBin("zkctl", ["--endpoints", address(), "--json", verb, "-w", "/w"]);
    await watcher.hasSaid(/"path":"\/w"/);
    await printed(...change);
    const { code, out } = await watcher.ended;
    expect(code).toBe(0);
    const [, seen] = out.trimEnd().split("\n");
    expect(JSON.parse(seen ?? "")).toEqual({ event: event.split(" ")[0], path: "/w" });
  });

  test("setacl -R goes all the way down", async () => {
    await plant(ports[name](), "/acls", 2);
    await printed("setacl", "-R", "/acls", "world:anyone:cdra");
    expect(await printed("getacl", "/acls/00001/below")).toBe("world:anyone:cdra\n");
    expect(await printed("getacl", "-s", "/acls")).toMatch(/^world:anyone:cdra\ncZxid[\s\S]*aclVersion = 1\n/);
  });
});
