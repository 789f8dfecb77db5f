/** Order on one connection: whatever is pipelined is answered in order, and each read sees exactly what stood before it. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { multiOp } from "../protocol/multi.ts";
import { openAcl } from "../protocol/opcodes.ts";
import { keys, settle, startCore, TestClient } from "./core.fixture.ts";
import type { Core } from "./core.ts";
import { FakeEtcd } from "./fake-etcd.fixture.ts";
import { moveSession, PlainWrite } from "./session-writes.ts";
import { loadSnapshot } from "./snapshot.ts";
import { dumpTree } from "./tree-dump.fixture.ts";

let etcd: FakeEtcd;
let core: Core;
let client: TestClient;
beforeEach(async () => {
  etcd = new FakeEtcd();
  core = await startCore(etcd, "a");
  client = await TestClient.open(core, 100);
});
afterEach(() => core.close());

const acl = [...openAcl];
const make = (who: TestClient, path: string, flags = 0): number =>
  who.send("create", { path, data: Buffer.from("v0"), acl, flags });
const put = (who: TestClient, path: string, text: string, version = -1): number =>
  who.send("setData", { path, data: Buffer.from(text), version });
const get = (who: TestClient, path: string, watch = false): number => who.send("getData", { path, watch });
const dataOf = (who: TestClient, xid: number): string =>
  Buffer.from(who.reply(xid, "getData").body?.data ?? []).toString();

test("reads between pipelined writes see exactly the writes before them", async () => {
  make(client, "/n");
  const reads = [get(client, "/n")];
  for (let i = 1; i <= 20; i++) {
    put(client, "/n", `v${i}`);
    reads.push(get(client, "/n"));
  }
  client.send("delete", { path: "/n", version: 20 });
  const missing = get(client, "/n");
  await settle();
  expect(reads.map((xid) => dataOf(client, xid))).toEqual(reads.map((_, index) => `v${index}`));
  expect(client.reply(missing, "getData").header.err).toBe(-101);
  const xids = client.frames.map((frame) => frame.readInt32BE(0));
  expect(xids).toEqual(xids.map((_, index) => index + 1));
});

test("zxids never go back in the replies of a connection, failing writes and reads included", async () => {
  make(client, "/n");
  for (let i = 0; i < 10; i++) {
    put(client, "/n", "x", i % 3 === 0 ? 77 : -1);
    get(client, "/n");
    make(client, "/n");
  }
  await settle();
  const zxids = client.frames.map((frame) => Number(frame.readBigInt64BE(4)));
  expect(zxids).toHaveLength(31);
  expect(zxids).toEqual([...zxids].sort((a, b) => a - b));
});

test("a sync is answered in its place and shows what others wrote before it", async () => {
  const other = await startCore(etcd, "b");
  const elsewhere = await TestClient.open(other, 200);
  make(elsewhere, "/theirs");
  await settle();
  for (const stream of etcd.streams) stream.ranges.splice(0); // a's feed is cut off and hears nothing by itself
  put(elsewhere, "/theirs", "new");
  await settle();
  const before = get(client, "/theirs");
  client.send("sync", { path: "/theirs" });
  const after = get(client, "/theirs");
  await settle();
  expect(dataOf(client, before)).toBe("v0");
  expect(client.heard).toEqual(["getData"]);
  for (const stream of etcd.streams) stream.fail();
  await new Promise((resolve) => setTimeout(resolve, 80));
  await settle();
  expect(client.heard).toEqual(["getData", "sync", "getData"]);
  expect(dataOf(client, after)).toBe("new");
  other.close();
});

test("writes behind a sync wait for it, reads behind them too", async () => {
  make(client, "/n");
  client.send("sync", { path: "/n" });
  put(client, "/n", "1");
  const first = get(client, "/n");
  client.send("sync", { path: "/n" });
  put(client, "/n", "2");
  const second = get(client, "/n");
  await settle(60);
  expect([dataOf(client, first), dataOf(client, second)]).toEqual(["1", "2"]);
  expect(client.heard).toEqual(["create", "sync", "setData", "getData", "sync", "setData", "getData"]);
});

test("syncs made while one is under way share the next, never the older one", async () => {
  const before = etcd.reads;
  const first = core.sync();
  const others = Array.from({ length: 50 }, () => core.sync());
  await Promise.all([first, ...others]);
  expect(etcd.reads - before).toBe(2);
});

test("events come before the reply of the write that caused them, and before reads that show it", async () => {
  make(client, "/n");
  get(client, "/n", true);
  client.send("getChildren", { path: "/", watch: true });
  put(client, "/n", "1");
  get(client, "/n");
  client.send("delete", { path: "/n", version: -1 });
  await settle();
  const order = ["create", "getData", "getChildren", "[dataChanged /n]", "setData", "getData"];
  expect(client.heard).toEqual([...order, "[childrenChanged /]", "delete"]);
});

test("a malformed record is answered in its turn and hurts nothing", async () => {
  make(client, "/n");
  client.session.submit(Buffer.from("0000004d0000000500000063", "hex"));
  client.session.submit(Buffer.from("0000004e0000000400000063", "hex"));
  get(client, "/n");
  await settle();
  expect(client.heard).toEqual(["create", "77 -5", "78 -5", "getData"]);
});

test("an unknown opcode overtakes everything and ends the connection, not the session", async () => {
  make(client, "/n");
  client.session.submit(Buffer.from("0000004d0000006300000000", "hex"));
  await settle();
  expect(client.heard).toEqual(["77 -6", "end"]);
  expect(core.tree.session(100)).toBeDefined();
  expect(core.tree.get("/n")).toBeDefined();
});

describe("closeSession", () => {
  test("comes behind what was sent before it, takes the ephemerals, and silences what follows", async () => {
    make(client, "/eph", 1);
    get(client, "/eph", true);
    const close = client.send("closeSession", {});
    make(client, "/late");
    get(client, "/");
    client.send("auth", { type: 0, scheme: "digest", auth: Buffer.from("u:p") });
    await settle();
    expect(client.heard).toEqual(["create", "getData", "[deleted /eph]", "closeSession", "end"]);
    expect([core.tree.get("/eph"), core.tree.get("/late"), core.tree.session(100)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(Number(client.reply(close, "closeSession").header.zxid)).toBe(core.tree.zxid);
  });

  test("waits for a sync before it", async () => {
    client.send("sync", { path: "/" });
    make(client, "/n");
    client.send("closeSession", {});
    await settle(60);
    expect(client.heard).toEqual(["sync", "create", "closeSession", "end"]);
  });

  test("of a session with very many ephemerals leaves none", async () => {
    for (let i = 0; i < 4_500; i++) make(client, `/e${i}`, 1);
    await settle(400);
    expect(core.tree.ephemeralsCount).toBe(4_500);
    const before = etcd.txns;
    client.send("closeSession", {});
    await settle(60);
    expect(core.tree.ephemeralsCount).toBe(0);
    expect(etcd.txns - before).toBe(2);
    expect(client.heard.slice(-2)).toEqual(["closeSession", "end"]);
    expect(dumpTree((await loadSnapshot(etcd.store, keys)).tree)).toEqual(dumpTree(core.tree));
  });
});

test("a session that moves away while its writes fly: those that were answered are there, no others", async () => {
  const other = await startCore(etcd, "b");
  make(client, "/before");
  await settle();
  etcd.hold();
  make(client, "/flying");
  await settle(3);
  const moved = new Promise((resolve) => {
    other.committer.submit(new PlainWrite(moveSession(100, 4_000, "b"), resolve));
  });
  make(client, "/queued");
  etcd.release();
  await moved;
  await settle();
  expect(client.hasEnded).toBe(true);
  const made = ["/before", "/flying", "/queued"].filter((path) => core.tree.get(path) !== undefined);
  expect(client.heard).toEqual([...made.map(() => "create"), "end"]);
  put(client, "/before", "too late");
  await settle();
  expect(core.tree.get("/before")?.version).toBe(0);
  expect(dumpTree(other.tree)).toEqual(dumpTree(core.tree));
  other.close();
});

test("a request is judged with the identities of its arrival", async () => {
  const secret = [{ perms: 31, id: { scheme: "auth", id: "" } }];
  client.send("auth", { type: 0, scheme: "digest", auth: Buffer.from("u:p") });
  client.send("create", { path: "/mine", data: null, acl: secret, flags: 0 });
  await settle();
  const stranger = await TestClient.open(core, 300);
  make(stranger, "/x");
  const early = get(stranger, "/mine");
  stranger.send("auth", { type: 0, scheme: "digest", auth: Buffer.from("u:p") });
  const late = get(stranger, "/mine");
  await settle();
  expect([stranger.reply(early, "getData").header.err, stranger.reply(late, "getData").header.err]).toEqual([-102, 0]);
  expect(stranger.heard[0]).toBe("auth");
});

test("watches of a connection that is gone are gone, and so is the connection", async () => {
  for (let id = 1_000; id < 1_200; id++) {
    const one = await TestClient.open(core, id);
    get(one, "/", true);
    one.send("addWatch", { path: "/", mode: 1 });
    one.session.close("client");
  }
  expect([core.watches.count, core.connections.size]).toEqual([0, 1]);
});

test("a multi of all or nothing leaves no trace for what follows in the pipeline", async () => {
  const bad = [
    multiOp(1, { path: "/s-", data: null, acl, flags: 2 }),
    multiOp(2, { path: "/missing", version: -1 }),
    multiOp(13, { path: "/", version: -1 }),
  ];
  const failed = client.send("multi", bad as never);
  const next = make(client, "/s-", 2);
  await settle();
  const reply = client.reply(failed, "multi");
  expect(reply.header.err).toBe(0);
  expect(reply.body).toMatchObject([0, -101, -2].map((err) => ({ header: { type: -1, err }, body: { err } })));
  expect(client.reply(next, "create").body).toEqual({ path: "/s-0000000000" });
});
