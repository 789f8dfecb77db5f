/** What a multi takes, and how it answers. Source: zookeeper-semantics sections 7.1 to 7.4. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { multiOp } from "../protocol/multi.ts";
import { openAcl } from "../protocol/opcodes.ts";
import { keys, settle, startCore, TestClient } from "./core.fixture.ts";
import type { Core } from "./core.ts";
import { FakeEtcd } from "./fake-etcd.fixture.ts";
import { loadSnapshot } from "./snapshot.ts";
import { dumpTree } from "./tree-dump.fixture.ts";

let etcd: FakeEtcd;
let core: Core;
let client: TestClient;
const start = async (version: "3.8" | "3.9"): Promise<void> => {
  etcd = new FakeEtcd();
  core = await startCore(etcd, "a", version);
  client = await TestClient.open(core, 100);
};
afterEach(() => core.close());

const acl = [...openAcl];
type Op = ReturnType<typeof multiOp>;
const create = (type: number, flags: number, ttl?: number): Op =>
  multiOp(type, { path: "/n", data: null, acl, flags, ...(ttl === undefined ? {} : { ttl }) });

/** One line per outcome: the code of the whole, or `type` per result, `!code` for failed ones. */
async function run(...ops: Op[]): Promise<string> {
  const xid = client.send("multi", ops as never);
  await settle(10);
  const { header, body } = client.reply(xid, "multi");
  if (header.err !== 0) return String(header.err);
  const results = body as unknown as { header: { type: number; err: number } }[];
  return results.map(({ header: { type, err } }) => (type === -1 ? `!${err}` : String(type))).join(" ");
}

const kinds = ["persistent", "ephemeral", "container", "ttl"];
const kindOf = (path: string): string | undefined => kinds[core.tree.get(path)?.kind ?? -1];

describe("a create inside a multi", () => {
  test.each<[string, Op, string, string | undefined, string, string | undefined]>([
    // what, request, result and kind in 3.8, result and kind in 3.9
    ["create", create(1, 0), "1", "persistent", "1", "persistent"],
    ["create, ephemeral", create(1, 1), "1", "ephemeral", "1", "ephemeral"],
    ["create2", create(15, 0), "1", "persistent", "15", "persistent"],
    ["create with the container flag", create(1, 4), "15", "container", "15", "container"],
    ["createContainer", create(19, 4), "15", "container", "15", "container"],
    ["createContainer without its flag", create(19, 0), "1", "persistent", "15", "container"],
    ["createTTL", create(21, 5, 1_000), "15", "ttl", "15", "ttl"],
    ["createTTL without its flag", create(21, 0, -5), "1", "persistent", "1", "persistent"],
    ["createTTL with the container flag", create(21, 4, -5), "15", "container", "15", "container"],
    ["createTTL with a bad ttl", create(21, 5, 0), "!-8", undefined, "!-8", undefined],
    ["create with a TTL flag", create(1, 5), "-5", undefined, "-5", undefined],
    ["create with unknown flags", create(1, 9), "!-8", undefined, "-5", undefined],
  ])("%s", async (_, op, olderResult, olderKind, newerResult, newerKind) => {
    await start("3.8");
    expect([await run(op), kindOf("/n")]).toEqual([olderResult, olderKind]);
    core.close();
    await start("3.9");
    expect([await run(op), kindOf("/n")]).toEqual([newerResult, newerKind]);
  });
});

describe("a multi", () => {
  beforeEach(() => start("3.9"));
  const make = (path: string, flags = 0): Op => multiOp(1, { path, data: null, acl, flags });
  const remove = (path: string): Op => multiOp(2, { path, version: -1 });
  const put = (path: string, version: number): Op => multiOp(5, { path, data: Buffer.from("x"), version });
  const check = (path: string, version: number): Op => multiOp(13, { path, version });

  test.each<[string, string, Op[]]>([
    ["empty", "", []],
    ["of checks alone", "13 13", [check("/", 0), check("/zookeeper", -1)]],
    ["that builds on itself", "1 5 13 2", [make("/n"), put("/n", 0), check("/n", 1), remove("/n")]],
    ["that deletes a parent first", "!0 !0 !-111 !-2", [make("/n"), make("/n/k"), remove("/n"), remove("/n/k")]],
    ["that creates twice", "!0 !-110 !-2", [make("/n"), make("/n"), remove("/n")]],
    ["whose first operation fails", "!-101 !-2", [remove("/n"), make("/n")]],
    ["with a null path", "-5", [make("/n"), multiOp(2, { path: null, version: -1 })]],
  ])("%s answers %s", async (_, expected, ops) => {
    expect(await run(...ops)).toBe(expected);
  });

  test("numbers its sequential creates one after the other, under one zxid", async () => {
    const xid = client.send("multi", [make("/s-", 2), make("/s-", 2)] as never);
    await settle();
    const { header, body } = client.reply(xid, "multi");
    expect(body).toMatchObject([{ body: { path: "/s-0000000000" } }, { body: { path: "/s-0000000001" } }]);
    const zxids = ["/s-0000000000", "/s-0000000001"].map((path) => core.tree.get(path)?.czxid);
    expect(zxids).toEqual([header.zxid, header.zxid]);
    expect(core.tree.get("/")).toMatchObject({ pzxid: header.zxid, creates: 2 });
    expect(dumpTree((await loadSnapshot(etcd.store, keys)).tree)).toEqual(dumpTree(core.tree));
  });

  test("answers the Stat of each place, not of the end", async () => {
    const xid = client.send("multi", [
      multiOp(15, { path: "/n", data: null, acl, flags: 0 }),
      put("/n", 0),
      put("/n", 1),
    ] as never);
    await settle();
    const stats = (client.reply(xid, "multi").body as unknown as { body: { stat: { version: number } } }[]).map(
      ({ body }) => body.stat.version,
    );
    expect(stats).toEqual([0, 1, 2]);
  });

  test("fires one-shot watches once, in the order of its operations, before its reply", async () => {
    client.send("exists", { path: "/n", watch: true });
    await run(make("/n"), remove("/n"));
    expect(client.heard).toEqual(["exists -101", "[created /n]", "multi"]);
  });

  test("that fails fires nothing and changes nothing", async () => {
    client.send("exists", { path: "/n", watch: true });
    const before = core.tree.zxid;
    expect(await run(make("/n"), check("/n", 7))).toBe("!0 !-103");
    expect([core.tree.get("/n"), core.tree.zxid, core.watches.count]).toEqual([undefined, before, 1]);
  });
});

describe("alone", () => {
  beforeEach(() => start("3.9"));
  test("a container comes from its opcode, whatever the flags", async () => {
    client.send("createContainer", { path: "/c", data: null, acl, flags: 0 });
    client.send("create2", { path: "/p", data: null, acl, flags: 4 });
    await settle();
    expect([kindOf("/c"), kindOf("/p")]).toEqual(["container", "persistent"]);
  });
  test("deleteContainer takes any childless znode from anybody, check ends the connection", async () => {
    client.send("create", {
      path: "/shut",
      data: null,
      acl: [{ perms: 0, id: { scheme: "world", id: "anyone" } }],
      flags: 0,
    });
    client.send("deleteContainer", { path: "/shut" });
    client.send("deleteContainer", { path: "/shut" });
    client.send("deleteContainer", { path: "/" });
    client.send("deleteContainer", { path: null });
    await settle();
    client.send("check", { path: "/", version: -1 });
    const refusals = ["deleteContainer -101", "deleteContainer -8", "deleteContainer -5"];
    expect(client.heard).toEqual(["create", "deleteContainer", ...refusals, "check -6", "end"]);
  });
  test("up to 3.8 deleteContainer is refused for everybody, and check is judged", async () => {
    await start("3.8");
    client.send("deleteContainer", { path: "/" });
    client.send("check", { path: "/", version: -1 });
    client.send("check", { path: "/", version: 7 });
    client.send("check", { path: "/nope", version: -1 });
    await settle();
    expect(client.heard).toEqual(["deleteContainer -8", "check", "check -103", "check -101"]);
  });
});

test("a znode made and set in one multi keeps its version beside others of the batch", async () => {
  await start("3.9");
  client.send("multi", [
    multiOp(1, { path: "/m", data: null, acl, flags: 0 }),
    multiOp(1, { path: "/m/c", data: null, acl, flags: 0 }),
    multiOp(5, { path: "/m", data: null, version: 0 }),
    multiOp(2, { path: "/m/c", version: -1 }),
  ]);
  for (const path of ["/a", "/b"]) client.send("create", { path, data: null, acl, flags: 0 });
  await settle();
  const late = await startCore(etcd, "late", "3.9");
  expect([core.tree.get("/m")?.version, dumpTree(late.tree)]).toEqual([1, dumpTree(core.tree)]);
  late.close();
});
