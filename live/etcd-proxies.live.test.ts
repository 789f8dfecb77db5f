/** Several proxies on one etcd are one ZooKeeper. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EtcdServer, startEtcd } from "../oracle/servers/etcd.ts";
import { SeamClient } from "../src/backend.contract.ts";
import {
  connectTo,
  creation,
  eventually,
  type LoggingBackend,
  setting,
  startBackend,
  startProxy,
  walk,
} from "./etcd.fixture.ts";

let etcd: EtcdServer;
let proxies: LoggingBackend[];
beforeAll(async () => {
  etcd = await startEtcd();
  proxies = await Promise.all([startBackend(etcd), startBackend(etcd), startBackend(etcd)]);
});
afterAll(async () => {
  await Promise.all(proxies.map(({ backend }) => backend.close()));
  await etcd.stop();
});

const clients = (): Promise<SeamClient[]> => Promise.all(proxies.map(({ backend }) => SeamClient.granted(backend)));

test("what is written through one is read through the others after a sync", async () => {
  const all = await clients();
  for (const [index, writer] of all.entries()) {
    await writer.call("create", creation(`/w${index}`, 0, Buffer.from(`by ${index}`)));
    for (const reader of all) {
      await reader.call("sync", { path: "/" });
      const { body } = await reader.call("getData", { path: `/w${index}`, watch: false });
      expect(Buffer.from(body?.data ?? []).toString()).toBe(`by ${index}`);
    }
  }
});

test("watches fire across proxies, in the order of the writes", async () => {
  const [writer, watcher] = await clients();
  if (writer === undefined || watcher === undefined) return;
  await writer.call("create", creation("/watched"));
  await watcher.call("sync", { path: "/" });
  await watcher.call("addWatch", { path: "/watched", mode: 1 });
  const from = watcher.frames.length;
  for (let i = 0; i < 20; i++) await writer.call("create", creation(`/watched/${i}`));
  await watcher.until(() => watcher.frames.length - from >= 20);
  const paths = watcher.frames.slice(from).map((frame) => frame.subarray(28).toString());
  expect(paths).toEqual(Array.from({ length: 20 }, (_, index) => `/watched/${index}`));
});

test("sequential names are unique, however many write at once", async () => {
  const all = await clients();
  await all[0]?.call("create", creation("/seq"));
  const made = await Promise.all(
    all.flatMap((client) => Array.from({ length: 100 }, () => client.call("create", creation("/seq/n-", 2)))),
  );
  const names = made.map(({ body }) => body?.path).sort();
  expect(names).toEqual(Array.from({ length: 300 }, (_, index) => `/seq/n-${String(index).padStart(10, "0")}`));
});

test("concurrent writers end with one tree, equal on all proxies and on one that starts afterwards", async () => {
  const all = await clients();
  await all[0]?.call("create", creation("/mix"));
  const outcomes = await Promise.all(
    all.map(async (client, who) => {
      for (let i = 0; i < 60; i++) {
        const path = `/mix/${(i * 7 + who) % 5}`;
        client.send("create", creation(path, i % 4 === 0 ? 1 : 0, Buffer.from(`${who}.${i}`)));
        client.send("setData", setting(path, `${who}-${i}`));
        client.send("create", creation(`${path}/k-`, 2));
        client.send("delete", { path, version: -1 });
        if (i % 10 === 0) await client.call("setACL", { path, acl: [], version: -1 });
      }
      return client.call("exists", { path: "/mix", watch: false });
    }),
  );
  expect(outcomes.map(({ header }) => header.err)).toEqual([0, 0, 0]);
  const fresh = await startBackend(etcd);
  const newcomer = await SeamClient.granted(fresh.backend);
  const [reference, ...others] = await Promise.all([...all, newcomer].map((client) => walk(client)));
  for (const other of others) expect(other).toEqual(reference);
  await newcomer.call("closeSession", {});
  await fresh.backend.close();
});

test("two proxies under contention both come through, and neither starves", async () => {
  const [one, two] = await clients();
  if (one === undefined || two === undefined) return;
  await one.call("create", creation("/counter"));
  const endMs = Date.now() + 2_000;
  const worst = { ms: 0 };
  const write = async (client: SeamClient): Promise<number> => {
    let count = 0;
    for (; Date.now() < endMs; count++) {
      const startMs = performance.now();
      expect((await client.call("setData", setting("/counter", String(count)))).header.err).toBe(0);
      worst.ms = Math.max(worst.ms, performance.now() - startMs);
    }
    return count;
  };
  const [a = 0, b = 0] = await Promise.all([write(one), write(two)]);
  const { body } = await one
    .call("sync", { path: "/" })
    .then(() => one.call("exists", { path: "/counter", watch: false }));
  expect(body?.stat?.version).toBe(a + b);
  console.log(`contention: ${a} and ${b} writes in 2 s, the slowest took ${worst.ms.toFixed(0)} ms`);
  expect(Math.min(a, b) / Math.max(a, b)).toBeGreaterThan(0.2);
  expect(worst.ms).toBeLessThan(1_000);
});

test("a wrong password does not end a session, wherever it is tried", async () => {
  const [one] = await clients();
  const elsewhere = proxies[1]?.backend;
  if (one === undefined || elsewhere === undefined) return;
  const { opened } = await SeamClient.open(elsewhere, { sessionId: one.id, passwd: Buffer.alloc(16, 9) });
  expect(opened.is).toBe("refused");
  expect((await (await SeamClient.granted(elsewhere, one.ticket)).call("ping", {})).header.err).toBe(0);
});

test("a session moves with its ephemerals; the former connection ends and writes no more", async () => {
  const [one, two] = proxies;
  if (one === undefined || two === undefined) return;
  const before = await SeamClient.granted(one.backend);
  await before.call("create", creation("/moving", 1));
  const pipelined = Array.from({ length: 200 }, (_, i) => before.send("setData", setting("/moving", String(i))));
  const after = await SeamClient.granted(two.backend, before.ticket);
  await before.until(() => before.hasEnded);
  const acknowledged = pipelined.filter((xid) => before.order.includes(xid)).length;
  const { body } = await after.call("exists", { path: "/moving", watch: false });
  expect(body?.stat?.ephemeralOwner).toBe(before.id);
  expect(body?.stat?.version).toBe(acknowledged);
  const back = await SeamClient.granted(one.backend, after.ticket);
  await after.until(() => after.hasEnded);
  expect((await back.call("delete", { path: "/moving", version: acknowledged })).header.err).toBe(0);
});

test("a client that has seen more than a proxy is not sent back in time", async () => {
  const [one, two] = proxies;
  if (one === undefined || two === undefined) return;
  const writer = await SeamClient.granted(one.backend);
  for (let i = 0; i < 20; i++) {
    const made = await writer.call("create", creation("/time-", 2));
    const reader = await SeamClient.granted(two.backend, { lastZxidSeen: made.header.zxid });
    expect((await reader.call("exists", { path: String(made.body?.path), watch: false })).header.err).toBe(0);
    reader.leave();
  }
});

test("kill -9 of a proxy: its client goes on elsewhere with session, ephemerals and watches; who stays away expires", {
  timeout: 60_000,
}, async () => {
  const [doomed, survivor] = await Promise.all([startProxy(etcd), startProxy(etcd)]);
  const loyal = await connectTo(doomed.port, { timeoutMs: 6_000 });
  const lost = await connectTo(doomed.port, { timeoutMs: 2_000 });
  await loyal.call("create", creation("/loyal", 1));
  await lost.call("create", creation("/lost", 1));
  const { header } = await loyal.call("getData", { path: "/loyal", watch: true });
  await doomed.kill();
  const { sessionId, passwd } = loyal.granted;
  const events: Buffer[] = [];
  const back = await connectTo(survivor.port, {
    ...{ sessionId, passwd, lastZxidSeen: header.zxid, timeoutMs: 6_000 },
    onFrame: (frame) => void (frame.readInt32BE(0) === -1 && events.push(frame)),
  });
  expect(back.granted.sessionId).toBe(sessionId);
  const watches = { relativeZxid: header.zxid, dataWatches: ["/loyal"], existWatches: [], childWatches: [] };
  await back.call("setWatches", watches);
  expect(events).toEqual([]);
  expect((await back.call("exists", { path: "/lost", watch: true })).header.err).toBe(0);
  await back.call("setData", setting("/loyal", "changed"));
  expect(events.map((frame) => frame.readInt32BE(16))).toEqual([3]);
  const expectedMs = Date.now();
  while (events.length < 2 && Date.now() - expectedMs < 25_000) {
    await back.call("ping", {});
    await sleep(200);
  }
  expect(events.at(1)?.readInt32BE(16)).toBe(2);
  console.log(`the lost session's ephemeral went ${Date.now() - expectedMs} ms after the kill`);
  expect((await back.call("exists", { path: "/loyal", watch: false })).header.err).toBe(0);
  await back.call("closeSession", {});
  await survivor.kill();
});

test("a proxy that stops in good order hands its sessions over at once", async () => {
  const leaving = await startBackend(etcd);
  const client = await SeamClient.granted(leaving.backend, { timeOut: 2_000 });
  const stranger = await SeamClient.granted(leaving.backend, { timeOut: 1_000 });
  await client.call("create", creation("/handed", 1));
  await stranger.call("create", creation("/orphan", 1));
  await leaving.backend.close();
  const staying = proxies[0]?.backend;
  if (staying === undefined) return;
  const again = await eventually(staying, client.ticket);
  expect((await again.call("exists", { path: "/handed", watch: false })).header.err).toBe(0);
  await again.call("exists", { path: "/orphan", watch: true });
  await again.until(() => again.order.includes(-1));
});
