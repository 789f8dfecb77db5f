/** Sessions by the clock. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EtcdServer, startEtcd } from "../oracle/servers/etcd.ts";
import { SeamClient } from "../src/backend.contract.ts";
import { creation, eventually, type LoggingBackend, setting, startBackend } from "./etcd.fixture.ts";

let etcd: EtcdServer;
let proxy: LoggingBackend;
beforeAll(async () => {
  etcd = await startEtcd();
  proxy = await startBackend(etcd);
});
afterAll(async () => {
  await proxy.backend.close();
  await etcd.stop();
});

test("silence ends a session between its timeout and a tick later; pings and failing requests keep it", async () => {
  const watcher = await SeamClient.granted(proxy.backend);
  const names = ["silent", "pinging", "failing", "authenticating"] as const;
  const clients = await Promise.all(names.map(() => SeamClient.granted(proxy.backend, { timeOut: 1_500 })));
  await Promise.all(clients.map((client, i) => client.call("create", creation(`/${names[i]}`, 1))));
  const startMs = performance.now();
  const endedMs = names.map(() => 0);
  for (let i = 0; i < 30; i++) {
    await sleep(100);
    const [, pinging, failing, authenticating] = clients;
    pinging?.send("ping", {});
    failing?.send("delete", { path: "/missing", version: -1 });
    authenticating?.send("auth", { type: 0, scheme: "digest", auth: Buffer.from("u:p") });
    watcher.send("ping", {});
    for (const [index, client] of clients.entries())
      if (client.hasEnded && endedMs[index] === 0) endedMs[index] = performance.now() - startMs;
  }
  const [silent = 0, pinging, failing, authenticating = 0] = endedMs;
  expect([pinging, failing]).toEqual([0, 0]);
  for (const ms of [silent, authenticating]) {
    expect(ms).toBeGreaterThan(1_300);
    expect(ms).toBeLessThan(2_700);
  }
  const { body } = await watcher.call("getChildren", { path: "/", watch: false });
  expect([...(body?.children ?? [])].sort()).toEqual(["failing", "pinging", "zookeeper"]);
  const [first] = clients;
  if (first !== undefined) expect((await SeamClient.open(proxy.backend, first.ticket)).opened.is).toBe("refused");
});

test("a resumed session goes by its new timeout", async () => {
  const first = await SeamClient.granted(proxy.backend, { timeOut: 1_000 });
  const second = await SeamClient.granted(proxy.backend, { ...first.ticket, timeOut: 4_000 });
  await sleep(2_500);
  expect((await second.call("ping", {})).header.err).toBe(0);
  const third = await SeamClient.granted(proxy.backend, { ...first.ticket, timeOut: 1_000 });
  await sleep(1_900);
  expect(third.hasEnded).toBe(true);
});

test("sessions and their ephemerals outlive a restart of all proxies", async () => {
  const client = await SeamClient.granted(proxy.backend, { timeOut: 3_000 });
  await client.call("create", creation("/kept", 1));
  await proxy.backend.close();
  proxy = await startBackend(etcd);
  const again = await eventually(proxy.backend, client.ticket);
  expect((await again.call("setData", setting("/kept", "x", 0))).header.err).toBe(0);
});

test("one writer at a time waits for one round trip to etcd, also after a pause", async () => {
  const client = await SeamClient.granted(proxy.backend, { timeOut: 60_000 });
  await client.call("create", creation("/latency"));
  const timed = async (): Promise<number> => {
    const startMs = performance.now();
    await client.call("setData", setting("/latency", "x"));
    return performance.now() - startMs;
  };
  const busy: number[] = [];
  for (let i = 0; i < 200; i++) busy.push(await timed());
  const idle: number[] = [];
  for (let i = 0; i < 10; i++) {
    await sleep(150);
    idle.push(await timed());
  }
  const median = (all: number[]): number => [...all].sort((a, b) => a - b)[all.length >> 1] ?? 0;
  console.log(`a write takes ${median(busy).toFixed(1)} ms, after 150 ms of silence ${median(idle).toFixed(1)} ms`);
  expect(median(busy)).toBeLessThan(50);
  expect(median(idle)).toBeLessThan(70);
});
