/** zkctl's `cp` and `mirror` between a real ZooKeeper and `bin/zetcd`, in both directions. */
import { beforeAll, describe, expect, test } from "vitest";
import { startEtcd } from "../oracle/servers/etcd.ts";
import { startZooKeeper } from "../oracle/servers/zookeeper.ts";
import { openAcl } from "../src/protocol/opcodes.ts";
import { verifyCopy } from "../src/zkctl/copy-verify.ts";
import { openSession } from "../src/zkctl/session.ts";
import { startBin } from "./bin.fixture.ts";
import { type Name, plant, startBoth } from "./both-servers.fixture.ts";
import { connectTo, creation, startProxy } from "./etcd.fixture.ts";
import { zkctlOf } from "./zkctl.fixture.ts";

const { ports, zookeeper } = startBoth();

describe.each<[Name, Name]>([
  ["ZooKeeper", "zetcd"],
  ["zetcd", "ZooKeeper"],
  ["ZooKeeper", "ZooKeeper"],
])("from %s to %s", (fromName, toName) => {
  const fromAt = () => `127.0.0.1:${ports[fromName]()}`;
  const toAt = () => `127.0.0.1:${ports[toName]()}`;
  const from = zkctlOf(fromAt);
  const to = zkctlOf(toAt);
  const root = `/${fromName}-${toName}`;
  const [source, target] = [`${root}/source`, `${root}/target`];
  const copying = async (...argv: string[]) => {
    const { code, out, err } = await from.run("--json", ...argv, "--from", fromAt(), "--to", toAt());
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/^(zkctl: (copied|compared) .*\n)*$/) });
    return JSON.parse(out) as unknown;
  };

  beforeAll(async () => {
    await from.printed("create", root);
    if (fromName !== toName) await to.printed("create", root);
  });

  test("data and ACLs come along, thousands of them; ephemerals stay", async () => {
    await plant(ports[fromName](), source, 1_000);
    const client = await connectTo(ports[fromName]());
    const acl = [...openAcl, { perms: 1, id: { scheme: "digest", id: "joe:aGFzaA==" } }];
    const replies = await Promise.all([
      client.call("create", { ...creation(`${source}/guarded`), acl }),
      client.call("create", creation(`${source}/empty`, 0, Buffer.alloc(0))),
      client.call("create", creation(`${source}/bytes`, 0, Buffer.from([0, 255, 128]))),
      client.call("create", creation(`${source}/none`)),
    ]);
    expect(replies.map(({ header }) => header.err)).toEqual([0, 0, 0, 0]);
    client.close();
    await from.printed("create", "-e", `${source}/mine`, "--timeout", "40000");
    const counts = { updated: 0, unchanged: 0, deleted: 0, ephemerals: [`${source}/mine`], failed: [] };
    const clean = { ...counts, verified: true, differing: [] };
    expect(await copying("cp", source, target)).toMatchObject({ ...clean, created: 2_005 });
    expect(await copying("cp", source, target)).toMatchObject({ ...clean, created: 0, unchanged: 2_005 });
    expect(await to.printed("getacl", `${target}/guarded`)).toBe("world:anyone:cdrwa\ndigest:joe:aGFzaA==:r\n");
    expect(await to.json("get", `${target}/bytes`)).toMatchObject({ hex: "00ff80" });
    expect(await to.json("get", `${target}/empty`)).toMatchObject({ hex: "" });
    expect(await to.json("get", `${target}/none`)).toMatchObject({ hex: null });
    const listed = async (side: typeof from, path: string) =>
      (await side.printed("ls", "-R", path)).split("\n").map((each) => each.slice(path.length));
    const kept = (await listed(from, source)).filter((path) => path !== "/mine");
    expect(await listed(to, target)).toEqual(kept);
  });

  test("cp leaves what else is there, mirror deletes it", async () => {
    await plant(ports[fromName](), `${source}-m`, 3);
    expect(await copying("cp", `${source}-m`, `${target}-m`)).toMatchObject({ created: 7 });
    await to.printed("set", `${target}-m/00000`, "changed");
    await to.printed("setacl", `${target}-m/00001`, "world:anyone:cdrwa,ip:10.0.0.1:r");
    await to.printed("delete", `${target}-m/00002/below`);
    for (const path of ["/extra", "/extra/below", "/00002/extra"]) await to.printed("create", `${target}-m${path}`);
    expect(await copying("cp", `${source}-m`, `${target}-m`)).toMatchObject({
      ...{ created: 1, updated: 2, unchanged: 4, deleted: 0, verified: true },
    });
    expect((await to.run("exists", `${target}-m/extra/below`)).out).toBe("true\n");
    expect(await copying("mirror", `${source}-m`, `${target}-m`)).toMatchObject({
      ...{ created: 0, unchanged: 7, deleted: 3, verified: true },
    });
    expect((await to.run("exists", `${target}-m/extra`)).out).toBe("false\n");
  });

  test("a missing source deletes nothing, and an ephemeral target is left alone", async () => {
    await plant(ports[toName](), `${target}-n`, 1);
    const argv = ["--from", fromAt(), "--to", toAt()];
    expect(await from.run("mirror", `${source}-nowhere`, `${target}-n`, ...argv)).toMatchObject({
      ...{ code: 1, out: "", err: expect.stringMatching(/^zkctl: NONODE: /) },
    });
    expect((await to.run("exists", `${target}-n/00000/below`)).out).toBe("true\n");
    await plant(ports[fromName](), `${source}-n`, 1);
    await to.printed("deleteall", `${target}-n/00000`);
    await to.printed("create", "-e", `${target}-n/00000`, "theirs", "--timeout", "40000");
    const { code, out } = await from.run("cp", `${source}-n`, `${target}-n`, ...argv);
    expect({ code, out }).toEqual({
      ...{ code: 1, out: expect.stringContaining(`failed ${target}-n/00000: there is an ephemeral znode\n`) },
    });
    expect(await to.printed("get", `${target}-n/00000`)).toBe("theirs\n");
    await to.printed("delete", `${target}-n/00000`);
  });

  test("the second look finds every kind of difference", async () => {
    await plant(ports[fromName](), `${source}-v`, 5);
    await copying("cp", `${source}-v`, `${target}-v`);
    await to.printed("set", `${target}-v/00000`, "other");
    await to.printed("setacl", `${target}-v/00001/below`, "world:anyone:r");
    await to.printed("deleteall", `${target}-v/00002`);
    await to.printed("create", `${target}-v/00003/extra`);
    await to.printed("delete", `${target}-v/00004/below`);
    await to.printed("create", "-e", `${target}-v/00004/below`, `data of ${source}-v/00004/below`);
    const settings = { timeoutMs: 10_000, connectWaitMs: 5_000, credentials: [], json: false };
    const [fromSession, toSession] = await Promise.all(
      [ports[fromName](), ports[toName]()].map((port) =>
        openSession({ ...settings, endpoints: [{ host: "127.0.0.1", port }] }),
      ),
    );
    if (fromSession === undefined || toSession === undefined) throw new Error("no sessions");
    const job = { verb: "copy", source: `${source}-v`, target: `${target}-v`, parents: false, verifies: true } as const;
    const ends = { from: fromSession, to: toSession };
    const found = async (deletes: boolean) =>
      (await verifyCopy({ ...job, deletes }, ends, () => undefined)).map(({ path, in: what }) => [
        ...[path.slice(target.length + 2), what],
      ]);
    const differing = [
      ["/00000", "data"],
      ["/00001/below", "acl"],
      ["/00002", "missing"],
    ];
    expect(await found(false)).toEqual([...differing, ["/00004/below", "ephemeral"]]);
    expect(await found(true)).toEqual([...differing, ["/00003/extra", "extra"], ["/00004/below", "ephemeral"]]);
    await Promise.all([fromSession, toSession].map((session) => session.end({ keep: false })));
  });

  test("what cannot be copied is listed, and is exit code 1", async () => {
    await plant(ports[fromName](), `${source}-f`, 2);
    await from.printed("--auth", "digest:joe:pw", "setacl", `${source}-f/00000`, "world:anyone:r,auth::cdrwa");
    const argv = ["cp", `${source}-f`, `${target}-f`, "--from", fromAt(), "--to", toAt()];
    const refused = await from.run(...argv);
    expect(refused.code).toBe(1);
    expect(refused.out).toContain(`failed ${target}-f/00000: its ACL hides a digest`);
    expect(refused.out).toContain(`differs ${target}-f/00000: missing`);
    expect(refused.err).toMatch(/^zkctl: 1 znodes could not be copied.*\n$/);
    expect((await from.run(...argv, "--auth", "digest:joe:pw", "--to-auth", "digest:jim:pw")).out).toContain(
      `failed ${target}-f/00000/below: NOAUTH`,
    );
    const both = await from.run(...argv, "--auth", "digest:joe:pw");
    expect(both).toMatchObject({ code: 0, err: "", out: expect.stringMatching(/1 created.* verified\n$/) });
    await from.printed("--auth", "digest:joe:pw", "deleteall", `${source}-f`);
    await to.printed("--auth", "digest:joe:pw", "deleteall", `${target}-f`);
  });

  test("asks for the target's parent, or makes it", async () => {
    await plant(ports[fromName](), `${source}-p`, 1);
    const deep = `${root}/made/deep/target`;
    const argv = [`${source}-p`, deep, "--from", fromAt(), "--to", toAt()];
    expect(await from.run("cp", ...argv)).toMatchObject({ code: 1, err: expect.stringMatching(/NONODE.*made\/deep/) });
    expect((await from.run("cp", ...argv, "-p")).code).toBe(0);
    expect(await to.printed("get", `${deep}/00000/below`)).toBe(`data of ${source}-p/00000/below\n`);
  });
});

test("a server lost on the way is exit code 255, and named", async () => {
  const [etcdOfItsOwn, source] = [await startEtcd(), `127.0.0.1:${zookeeper().port}`];
  const lost = await startProxy(etcdOfItsOwn);
  try {
    await plant(zookeeper().port, "/lost", 2_000);
    const copy = startBin("zkctl", ["cp", "/lost", "/lost", "--from", source, "--to", `127.0.0.1:${lost.port}`]);
    const client = await connectTo(lost.port);
    while ((await client.call("exists", { path: "/lost/00000", watch: false })).header.err !== 0);
    await lost.kill();
    const { code, err } = await copy.ended;
    expect({ code, err }).toEqual({
      ...{ code: 255, err: expect.stringMatching(new RegExp(`^zkctl: 127.0.0.1:${lost.port}: connection lost`, "m")) },
    });
  } finally {
    await etcdOfItsOwn.stop();
  }
});

test("one server under two names is no place to copy a tree into itself", async () => {
  const { run, printed } = zkctlOf(() => zookeeper().address);
  await printed("create", "/self");
  const argv = ["/self", "/self/copy", "--from", zookeeper().address, "--to", `localhost:${zookeeper().port}`];
  expect(await run("cp", ...argv)).toMatchObject({ code: 1, err: expect.stringMatching(/overlap/) });
  expect((await run("cp", "/", "/copy", ...argv.slice(2))).err).toMatch(/overlap/);
  expect(await printed("ls", "/self")).toBe("");
});

test("a whole server onto another, with its ephemerals and its own znodes left out", async () => {
  const fresh = await startZooKeeper();
  try {
    const { run, printed } = zkctlOf(() => zookeeper().address);
    await printed("create", "-e", "/mine", "--timeout", "40000");
    const { code, out } = await run("--json", "mirror", "/", "/", "--to", fresh.address);
    expect(code, out).toBe(0);
    const copied = JSON.parse(out) as { readonly verified: boolean; readonly ephemerals: readonly string[] };
    expect(copied).toMatchObject({ verified: true, ephemerals: expect.arrayContaining(["/mine"]) });
    const kept = (await printed("ls", "-R", "/")).split("\n").filter((path) => !copied.ephemerals.includes(path));
    expect((await zkctlOf(() => fresh.address).printed("ls", "-R", "/")).split("\n")).toEqual(kept);
  } finally {
    await fresh.stop();
  }
});
