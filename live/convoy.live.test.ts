/** Conflicting writes that go in convoy: a real ZooKeeper decides their order, the backend of this process follows it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { bridge } from "../oracle/bridge.ts";
import { DirectClient, opener, randomFrom, runTraffic } from "../oracle/crosscheck/traffic.fixture.ts";
import { crosscheck } from "../oracle/crosscheck.ts";
import type { JournalLine } from "../oracle/journal.ts";
import { type EtcdServer, startEtcd } from "../oracle/servers/etcd.ts";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import type { Backend } from "../src/backend.ts";
import { creation, setting, startBackend } from "./etcd.fixture.ts";

let etcd: EtcdServer;
let zooKeeper: ZooKeeperServer;
let candidate: Backend;
beforeAll(async () => {
  [etcd, zooKeeper] = await Promise.all([startEtcd(), startZooKeeper()]);
  candidate = (await startBackend(etcd, { zkVersion: "3.8", tickTimeMs: 2_000 })).backend;
});
afterAll(async () => {
  await candidate?.close();
  await Promise.all([etcd?.stop(), zooKeeper?.stop()]);
});

let roots = 0;

function compare(backend: Backend) {
  const lines: JournalLine[] = [];
  const check = crosscheck({
    ...{ candidate: backend, oracle: bridge(zooKeeper), answerFrom: "oracle", candidateKeepsOrder: true },
    ...{ settleMs: 500, replyWaitMs: 5_000, serial: false, keepAnswers: true, reveal: true },
    emit: (line) => lines.push(line),
  });
  const divergences = () => lines.flatMap((line) => (line.event === "divergence" ? [line] : []));
  return { check, divergences, root: `/convoy${++roots}` };
}

/** Twenty clients that write to one znode and below one parent as fast as they are answered. */
async function crowd(backend: Backend) {
  const { check, divergences, root } = compare(backend);
  const clients = await Promise.all(Array.from({ length: 20 }, () => DirectClient.open(opener(check))));
  clients[0]?.send("create", creation(root));
  await clients[0]?.idle();
  const random = randomFrom(roots);
  const work = async (client: DirectClient, name: number): Promise<void> => {
    for (let round = 0; round < 40; round++) {
      const path = `${root}/${Math.floor(random() * 4)}`;
      const of = Math.floor(random() * 6);
      if (of < 2) client.send("create", creation(`${root}/s-`, of === 0 ? 2 : 3));
      else if (of === 2) client.send("create2", creation(path));
      else if (of === 3) client.send("delete", { path, version: -1 });
      else client.send("setData", setting(path, `${name}`, of === 4 ? -1 : round % 3));
      if (round % 20 === 19) client.send("getChildren2", { path: root, watch: true });
      if (round % 4 !== 0) await client.idle();
    }
    await client.idle();
  };
  await Promise.all(clients.map(work));
  await check.fence();
  return { divergences: divergences(), counters: check.counters };
}

test.each([1, 2, 3])("pipelined traffic of twelve sessions agrees, seed %i", async (seed) => {
  const { check, divergences, root } = compare(candidate);
  await runTraffic({ seed, sessions: 12, requests: 1_200, root, open: opener(check), fence: () => check.fence() });
  expect(divergences()).toEqual([]);
  expect(check.counters.unchecked).toBe(0);
});

test("a crowd that writes to the same znodes agrees in every name, version and refusal", async () => {
  const { divergences, counters } = await crowd(candidate);
  expect(divergences).toEqual([]);
  expect(counters.compared).toBeGreaterThan(800);
  expect(counters.unchecked).toBe(0);
});

test("a candidate that does not keep the order of submission is found out", async () => {
  const dawdling: Backend = {
    ...{
      name: candidate.name,
      status: () => candidate.status(),
      list: () => candidate.list(),
      close: async () => undefined,
    },
    open: async (hello, downstream) => {
      const opened = await candidate.open(hello, downstream);
      if (opened.is !== "granted") return opened;
      const { session } = opened;
      const delayMs = Math.random() * 30;
      const submit = (frame: Buffer): void => void setTimeout(() => session.submit(frame), delayMs);
      const { granted } = session;
      return { ...opened, session: { granted, submit, close: (why) => session.close(why) } };
    },
  };
  const { divergences } = await crowd(dawdling);
  // One convoy out of order would do for a few.
  expect(divergences.length).toBeGreaterThan(50);
});
