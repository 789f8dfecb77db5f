/** etcd's bounds, and what many sessions cost. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EtcdServer, startEtcd } from "../oracle/servers/etcd.ts";
import { SeamClient } from "../src/backend.contract.ts";
import { multiOp } from "../src/protocol/multi.ts";
import { openAcl } from "../src/protocol/opcodes.ts";
import {
  creation,
  etcdCall,
  etcdMetric,
  eventually,
  type LoggingBackend,
  setting,
  startBackend,
  walk,
} from "./etcd.fixture.ts";

describe("on an etcd with default bounds", () => {
  let etcd: EtcdServer;
  let one: LoggingBackend;
  let two: LoggingBackend;
  beforeAll(async () => {
    etcd = await startEtcd();
    [one, two] = await Promise.all([startBackend(etcd), startBackend(etcd)]);
  });
  afterAll(async () => {
    await Promise.all([one.backend.close(), two.backend.close()]);
    await etcd.stop();
  });

  test("a megabyte in one znode is written, read, and read through the other proxy", async () => {
    const [writer, reader] = [await SeamClient.granted(one.backend), await SeamClient.granted(two.backend)];
    const data = Buffer.alloc(1_048_000, "x");
    expect((await writer.call("create", creation("/big", 0, data))).header.err).toBe(0);
    data.fill("y");
    expect((await writer.call("setData", { path: "/big", data, version: 0 })).header.err).toBe(0);
    for (const client of [writer, reader]) {
      await client.call("sync", { path: "/" });
      const { body } = await client.call("getData", { path: "/big", watch: false });
      expect(body?.stat?.dataLength).toBe(data.length);
      expect(Buffer.from(body?.data ?? []).equals(data)).toBe(true);
    }
  });

  test("a multi of five hundred creations is one transaction", async () => {
    const client = await SeamClient.granted(one.backend);
    await client.call("create", creation("/many"));
    const ops = Array.from({ length: 500 }, (_, i) =>
      multiOp(1, { path: `/many/n${i}`, data: null, acl: openAcl, flags: 0 }),
    );
    const { header, body } = await client.call("multi", ops as never);
    expect([header.err, body?.length]).toEqual([0, 500]);
    const { body: parent } = await client.call("exists", { path: "/many", watch: false });
    expect(parent?.stat).toMatchObject({ numChildren: 500, cversion: 500, pzxid: header.zxid });
    const other = await SeamClient.granted(two.backend);
    expect(await walk(other, "/many")).toEqual(await walk(client, "/many"));
  });

  test("a session takes three thousand ephemerals along, under one zxid", async () => {
    const [owner, watcher] = [await SeamClient.granted(one.backend), await SeamClient.granted(two.backend)];
    await owner.call("create", creation("/crowd"));
    const made = Array.from({ length: 3_000 }, (_, i) => owner.send("create", creation(`/crowd/member-${i}`, 1)));
    await owner.reply("create", made.at(-1) ?? 0);
    const { header } = await owner.call("closeSession", {});
    await watcher.call("sync", { path: "/" });
    const { body } = await watcher.call("exists", { path: "/crowd", watch: false });
    expect(body?.stat).toMatchObject({ numChildren: 0, cversion: 6_000, pzxid: header.zxid });
  });

  test("a write too large for etcd drops its client and nobody else", async () => {
    const [greedy, modest] = [await SeamClient.granted(one.backend), await SeamClient.granted(one.backend)];
    const data = Buffer.alloc(700_000, "x");
    const half = (path: string) => multiOp(1, { path, data, acl: openAcl, flags: 0 });
    greedy.send("multi", [half("/h1"), half("/h2"), half("/h3"), half("/h4")] as never);
    const fine = modest.call("create", creation("/fine"));
    await greedy.until(() => greedy.hasEnded);
    expect((await fine).header.err).toBe(0);
    expect((await modest.call("exists", { path: "/h1", watch: false })).header.err).toBe(-101);
  });
});

test("ten thousand idle sessions cost etcd nothing while they ping", { timeout: 60_000 }, async () => {
  const etcd = await startEtcd();
  const proxies = await Promise.all([startBackend(etcd), startBackend(etcd)]);
  const [{ backend }] = proxies;
  const clients: SeamClient[] = [];
  const startMs = performance.now();
  for (let i = 0; i < 20; i++)
    clients.push(
      ...(await Promise.all(Array.from({ length: 500 }, () => SeamClient.granted(backend, { timeOut: 60_000 })))),
    );
  const openedMs = performance.now() - startMs;
  const calls = (): Promise<number> => etcdMetric(etcd, "grpc_server_started_total{");
  const received = (): Promise<number> => etcdMetric(etcd, "grpc_server_msg_received_total{");
  const [callsBefore, receivedBefore, pingMs] = [await calls(), await received(), performance.now()];
  for (let round = 0; round < 3; round++)
    for (const [index, client] of clients.entries()) {
      expect((await client.call("ping", {})).header.err).toBe(0);
      if (index % 100 === 0) await sleep(1);
    }
  const elapsedS = (performance.now() - pingMs) / 1_000;
  expect((await calls()) - callsBefore).toBeLessThanOrEqual(2);
  // Presence of two proxies, once a second each.
  expect((await received()) - receivedBefore).toBeLessThanOrEqual(2 * (elapsedS + 2));
  console.log(
    `10,000 sessions opened in ${openedMs.toFixed(0)} ms; 30,000 pings in ${(elapsedS * 1_000).toFixed(0)} ms`,
  );
  expect(backend.status().sessionCount).toBe(10_000);
  const closeMs = performance.now();
  for (const client of clients) client.send("closeSession", {});
  await clients.at(-1)?.until(() => clients.at(-1)?.hasEnded === true);
  console.log(`and closed in ${(performance.now() - closeMs).toFixed(0)} ms`);
  await Promise.all(proxies.map((proxy) => proxy.backend.close()));
  await etcd.stop();
});

test("an etcd without space: reads go on, writes end in a disconnect, and all is well once there is room", {
  timeout: 90_000,
}, async () => {
  const etcd = await startEtcd({ flags: { "quota-backend-bytes": String(8 * 1024 * 1024) } });
  const { backend, said } = await startBackend(etcd);
  try {
    const reader = await SeamClient.granted(backend, { timeOut: 60_000 });
    await reader.call("create", creation("/filler"));
    const writer = await SeamClient.granted(backend, { timeOut: 60_000 });
    let written = 0;
    for (let i = 0; i < 60 && !said.includes("etcd refused a batch"); i++) {
      const data = Buffer.alloc(500_000, String.fromCharCode(97 + (i % 26)));
      const xid = writer.send("setData", { path: "/filler", data, version: -1 });
      await writer.until(() => writer.order.includes(xid) || said.includes("etcd refused a batch"));
      if (writer.order.includes(xid)) written++;
    }
    expect(said).toContain("etcd refused a batch");
    const startMs = Date.now();
    while (!writer.hasEnded && Date.now() - startMs < 25_000) {
      const { body } = await reader.call("exists", { path: "/filler", watch: false });
      expect(body?.stat?.version).toBe(written);
      await sleep(200);
    }
    expect(writer.hasEnded).toBe(true);
    expect(reader.hasEnded).toBe(false);
    const { header } = (await etcdCall(etcd, "kv/range", { key: "eA==" })) as { header: { revision: string } };
    await etcdCall(etcd, "kv/compaction", { revision: header.revision, physical: true });
    await etcdCall(etcd, "maintenance/defragment", {});
    const { alarms } = (await etcdCall(etcd, "maintenance/alarm", { action: "GET" })) as { alarms: object[] };
    for (const alarm of alarms) await etcdCall(etcd, "maintenance/alarm", { ...alarm, action: "DEACTIVATE" });
    const again = await eventually(backend);
    await again.call("sync", { path: "/filler" });
    // The write that was never answered may have been etcd's last before it was full.
    const version = (await again.call("exists", { path: "/filler", watch: false })).body?.stat?.version ?? -1;
    expect([written, written + 1]).toContain(version);
    const { header: set } = await again.call("setData", setting("/filler", "small", version));
    expect(set.err).toBe(0);
    console.log(`full after ${written} writes; the writer was dropped after ${Date.now() - startMs} ms`);
  } finally {
    await backend.close();
    await etcd.stop();
  }
});
