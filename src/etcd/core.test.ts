/** Sessions of several proxies: whose clock runs where, and what an outage does to them. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openAcl } from "../protocol/opcodes.ts";
import { keys, settle, startCore, TestClient } from "./core.fixture.ts";
import type { Core } from "./core.ts";
import { FakeEtcd } from "./fake-etcd.fixture.ts";

let etcd: FakeEtcd;
let a: Core;
let b: Core;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "setTimeout", "Date", "performance"] });
  etcd = new FakeEtcd();
  a = await startCore(etcd, "a");
  b = await startCore(etcd, "b");
});
afterEach(() => {
  a.close();
  b.close();
  vi.useRealTimers();
});

/** Time passes, and etcd keeps up with it. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) {
    await vi.advanceTimersByTimeAsync(250);
    await settle(6);
  }
}

async function withEphemeral(core: Core, id: number): Promise<TestClient> {
  const client = await TestClient.open(core, id);
  client.send("create", { path: `/e${id}`, data: null, acl: [...openAcl], flags: 1 });
  await settle();
  return client;
}

test("a silent session ends where it is served, with its ephemerals, on all proxies", async () => {
  const client = await withEphemeral(a, 100);
  await pass(6_000);
  expect(client.hasEnded).toBe(true);
  for (const core of [a, b]) expect([core.tree.session(100), core.tree.get("/e100")]).toEqual([undefined, undefined]);
});

describe("an expiry that cannot be committed yet", () => {
  beforeEach(async () => {
    (await withEphemeral(a, 100)).session.close("client");
    etcd.hold();
    etcd.fates = ["not applied"];
    await pass(6_000);
  });

  test("is taken back when the client has come again meanwhile", async () => {
    a.tracker.track(100, 4_000);
    etcd.release();
    await settle();
    expect(a.tree.get("/e100")).toBeDefined();
    await pass(6_000);
    expect(a.tree.get("/e100")).toBeUndefined();
  });

  test("is committed when nobody came", async () => {
    etcd.release();
    await settle();
    expect(a.tree.session(100)).toBeUndefined();
  });
});

test("an expiry that etcd refuses is tried again, so that no session lives for ever", async () => {
  (await withEphemeral(a, 100)).session.close("client");
  etcd.fates = Array.from({ length: 60 }, () => ({ refused: "etcdserver: mvcc: database space exceeded" }));
  await pass(25_000);
  expect(a.tree.session(100)).toBeDefined();
  etcd.fates = [];
  await pass(10_000);
  expect(a.tree.session(100)).toBeUndefined();
});

test("nothing ends while suspended, whoever was connected is dropped, and clocks start anew", async () => {
  const client = await withEphemeral(a, 100);
  a.suspend();
  expect(client.hasEnded).toBe(true);
  await pass(30_000);
  a.resume();
  await pass(3_000);
  expect(a.tree.session(100)).toBeDefined();
  await pass(3_000);
  expect(a.tree.session(100)).toBeUndefined();
});

describe("a proxy that is gone", () => {
  test("leaves its sessions to the others, which start their clocks then", async () => {
    await withEphemeral(a, 100);
    a.close();
    await pass(20_000);
    expect(b.tree.session(100)).toBeDefined();
    etcd.remove(keys.proxy("a"));
    await pass(3_500);
    expect(b.tree.session(100)).toBeDefined();
    await pass(2_500);
    expect([b.tree.session(100), b.tree.get("/e100")]).toEqual([undefined, undefined]);
  });

  test("takes them back when it appears again in time", async () => {
    const client = await withEphemeral(a, 100);
    etcd.remove(keys.proxy("a"));
    await pass(1_000);
    etcd.put(keys.proxy("a"), Buffer.from("1"));
    for (let i = 0; i < 5; i++) {
      client.session.submit(Buffer.from("fffffffe0000000b", "hex"));
      await pass(2_000);
    }
    expect(b.tree.session(100)).toBeDefined();
    expect(client.hasEnded).toBe(false);
  });

  test("leaves a log that is removed once nobody can ask for it", async () => {
    await withEphemeral(a, 100);
    await withEphemeral(b, 200);
    const logs = () => [...etcd.data.keys()].filter((key) => key.startsWith(keys.logs)).map((key) => keys.proxyOf(key));
    await b.removeOldLogs(etcd.revision + 1);
    expect(logs().sort()).toEqual(["a", "b"]);
    etcd.remove(keys.proxy("a"));
    await settle();
    await b.removeOldLogs(2);
    expect(logs().sort()).toEqual(["a", "b"]);
    await b.removeOldLogs(etcd.revision + 1);
    expect(logs()).toEqual(["b"]);
  });
});

test("sync on a state that has been given up fails instead of waiting", async () => {
  await withEphemeral(b, 200);
  a.close();
  await withEphemeral(b, 201);
  await expect(a.sync()).rejects.toThrow();
});

test("a watch that breaks goes on where it stopped: nothing missed, nothing twice", async () => {
  const writer = await TestClient.open(a, 100);
  const watcher = await TestClient.open(b, 200);
  watcher.send("addWatch", { path: "/", mode: 1 });
  for (let i = 0; i < 30; i++) {
    watcher.send("ping", {});
    writer.send("create", { path: `/n${i}`, data: null, acl: [...openAcl], flags: 0 });
    if (i % 7 === 3) for (const stream of [...etcd.streams]) stream.fail();
    await pass(250);
  }
  const events = watcher.heard.filter((line) => line.startsWith("["));
  expect(events).toEqual(Array.from({ length: 30 }, (_, index) => `[created /n${index}]`));
});

test("history compacted away before it was read ends the load, not the process", async () => {
  const client = await TestClient.open(b, 200);
  const writer = await TestClient.open(a, 100);
  for (const stream of [...etcd.streams]) stream.fail();
  writer.send("create", { path: "/gap", data: null, acl: [...openAcl], flags: 0 });
  await settle();
  etcd.compacted = etcd.revision;
  await pass(1_000);
  expect(client.hasEnded).toBe(true);
});
