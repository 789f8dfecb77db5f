/** etcd goes away, stands still, forgets: no acknowledged write is lost, none is applied twice, and everybody finds the way back. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type EtcdServer, startEtcd } from "../oracle/servers/etcd.ts";
import { SeamClient } from "../src/backend.contract.ts";
import { creation, etcdCall, eventually, type LoggingBackend, setting, startBackend, walk } from "./etcd.fixture.ts";

let etcd: EtcdServer;
let proxies: LoggingBackend[] = [];
const start = async (count: number, members: 1 | 3 = 1): Promise<void> => {
  etcd = await startEtcd({ members });
  proxies = await Promise.all(Array.from({ length: count }, () => startBackend(etcd)));
};
afterEach(async () => {
  await Promise.all(proxies.map(({ backend }) => backend.close()));
  await etcd.stop();
});

/** Counts up a znode with compare-and-set until told to stop, over as many connections as it takes. An attempt without an answer is looked up:
 *  the version says whether it happened, so at the end every version is accounted for. */
class Counter {
  acknowledged = 0;
  silent = 0;
  isStopped = false;
  readonly path: string;
  readonly #proxy: LoggingBackend;
  readonly done: Promise<void>;

  constructor(proxy: LoggingBackend, path: string) {
    this.#proxy = proxy;
    this.path = path;
    this.done = this.#run();
  }

  async #run(): Promise<void> {
    let client = await eventually(this.#proxy.backend);
    await client.call("create", creation(this.path));
    let version = 0;
    while (!this.isStopped) {
      const xid = client.send("setData", setting(this.path, String(version), version));
      try {
        await client.until(() => client.hasEnded || client.order.includes(xid));
        const { header } = await client.reply("setData", xid);
        if (header.err !== 0) throw new Error(`counter answered ${header.err} at version ${version}`);
        version++;
        this.acknowledged++;
        if (client.frames.length > 500) client.frames.length = 0;
      } catch (error) {
        if (!client.hasEnded && !/in vain/.test(String(error))) throw error;
        if (!client.hasEnded) client.leave();
        client = await eventually(this.#proxy.backend);
        await client.call("sync", { path: this.path });
        const { body } = await client.call("exists", { path: this.path, watch: false });
        const found = body?.stat?.version ?? -1;
        if (found !== version && found !== version + 1) throw new Error(`at ${version}, but etcd says ${found}`);
        this.silent += found - version;
        version = found;
      }
    }
    const { body } = await client.call("exists", { path: this.path, watch: false });
    expect(body?.stat?.version).toBe(this.acknowledged + this.silent);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.done;
  }
}

/** Each counter is acknowledged 20 more writes. How long the members take to elect a leader is theirs: waited for, printed, not judged. */
const progress = async (counters: readonly Counter[]): Promise<void> => {
  const goals = counters.map(({ acknowledged }) => acknowledged + 20);
  const since = Date.now();
  const isThere = () => counters.every(({ acknowledged }, index) => acknowledged >= (goals[index] ?? 0));
  await expect.poll(isThere, { timeout: 30_000 }).toBe(true);
  console.log(`writes went on, 20 of each acknowledged after ${Date.now() - since} ms`);
};

describe("with one member", () => {
  beforeEach(() => start(2));

  test("killed and restarted, again and again: nothing is lost or done twice", { timeout: 60_000 }, async () => {
    const counters = proxies.map((proxy, index) => new Counter(proxy, `/count${index}`));
    for (let round = 0; round < 3; round++) {
      await sleep(600);
      await etcd.kill();
      await sleep(round * 300);
      await etcd.restart();
    }
    await sleep(1_500);
    const before = counters.map(({ acknowledged }) => acknowledged);
    await sleep(500);
    for (const [index, counter] of counters.entries()) expect(counter.acknowledged).toBeGreaterThan(before[index] ?? 0);
    await Promise.all(counters.map((counter) => counter.stop()));
    console.log(
      `three kills: ${counters.map((one) => `${one.acknowledged} acknowledged, ${one.silent} silent`).join("; ")}`,
    );
    const [one, two] = await Promise.all(proxies.map(({ backend }) => eventually(backend)));
    if (one !== undefined && two !== undefined) expect(await walk(one)).toEqual(await walk(two));
    expect(proxies[0]?.said.join("\n")).toMatch(/lost etcd's answer to a batch|lost the watch on etcd/);
  });

  test("paused for a moment: reads go on, writes wait, nothing is lost or done twice", {
    timeout: 60_000,
  }, async () => {
    const [one] = proxies;
    if (one === undefined) return;
    const counter = new Counter(one, "/count");
    const reader = await SeamClient.granted(one.backend);
    await sleep(500);
    etcd.pause();
    await sleep(300);
    const stuck = counter.acknowledged;
    for (let i = 0; i < 20; i++) {
      const startMs = performance.now();
      expect((await reader.call("exists", { path: "/", watch: false })).header.err).toBe(0);
      expect(performance.now() - startMs).toBeLessThan(500);
      await sleep(50);
    }
    expect(counter.acknowledged - stuck).toBeLessThanOrEqual(1);
    etcd.resume();
    await sleep(1_000);
    expect(counter.acknowledged).toBeGreaterThan(stuck + 10);
    expect(reader.hasEnded).toBe(false);
    await counter.stop();
  });

  test("paused past our trust: clients are dropped, nobody is served meanwhile, sessions survive", {
    timeout: 90_000,
  }, async () => {
    const [one, two] = proxies;
    if (one === undefined || two === undefined) return;
    const client = await SeamClient.granted(one.backend, { timeOut: 2_000 });
    await client.call("create", creation("/eph", 1));
    const counter = new Counter(two, "/count");
    await sleep(300);
    etcd.pause();
    const pausedMs = Date.now();
    while (!client.hasEnded && Date.now() - pausedMs < 20_000) {
      await sleep(200);
      if (!client.hasEnded) client.send("ping", {});
    }
    const droppedMs = Date.now() - pausedMs;
    expect(client.hasEnded).toBe(true);
    expect(droppedMs).toBeLessThan(10_000);
    expect(one.backend.status().serving).toBe(false);
    expect((await SeamClient.open(one.backend, client.ticket)).opened.is).toBe("closed");
    await sleep(Math.max(0, 12_000 - droppedMs));
    etcd.resume();
    const again = await eventually(one.backend, client.ticket, 1_900);
    expect((await again.call("exists", { path: "/eph", watch: false })).header.err).toBe(0);
    await sleep(500);
    await counter.stop();
    console.log(`dropped after ${droppedMs} ms; ${counter.acknowledged} acknowledged, ${counter.silent} silent`);
    expect(one.said).toContain("etcd has not confirmed our presence in time, dropping clients");
    expect(one.said).toContain("etcd confirms our presence again, serving");
  });

  test("history compacted away while a proxy's watch was cut: it loads anew, and its clients come back", {
    timeout: 60_000,
  }, async () => {
    const [one, two] = proxies;
    if (one === undefined || two === undefined) return;
    // It may take many restarts, and its session is to outlive them.
    const watcher = await SeamClient.granted(one.backend, { timeOut: 40_000 });
    const writer = await SeamClient.granted(two.backend);
    await writer.call("create", creation("/gap"));
    await etcd.kill();
    await etcd.restart();
    // Whoever opens the watch again first wins; compaction is asked for until one proxy was too late.
    for (let round = 0; round < 20 && !one.said.some((line) => /loading the tree anew/.test(line)); round++) {
      await etcd.kill();
      await etcd.restart();
      const { header } = (await etcdCall(etcd, "kv/put", { key: "eA==", value: "eA==" })) as {
        header: { revision: string };
      };
      await etcdCall(etcd, "kv/compaction", { revision: header.revision });
    }
    const again = await eventually(one.backend, watcher.ticket);
    const there = await eventually(two.backend);
    await there.call("create", creation("/gap/after"));
    await again.call("sync", { path: "/" });
    expect((await again.call("exists", { path: "/gap/after", watch: false })).header.err).toBe(0);
    expect(await walk(again)).toEqual(await walk(there));
  });

  test("wiped: everybody starts over on an empty tree instead of hanging", { timeout: 60_000 }, async () => {
    const [one, two] = proxies;
    if (one === undefined || two === undefined) return;
    const client = await SeamClient.granted(one.backend);
    await client.call("create", creation("/old"));
    const all = { key: Buffer.from("/z/").toString("base64"), range_end: Buffer.from("/z0").toString("base64") };
    await etcdCall(etcd, "kv/deleterange", all);
    client.send("setData", setting("/old", "x"));
    await client.until(() => client.hasEnded);
    const fresh = await eventually(one.backend);
    expect((await fresh.call("exists", { path: "/old", watch: false })).header.err).toBe(-101);
    await fresh.call("create", creation("/new"));
    const other = await eventually(two.backend);
    await other.call("sync", { path: "/" }).catch(() => undefined);
    const again = await eventually(two.backend);
    expect((await again.call("exists", { path: "/new", watch: false })).header.err).toBe(0);
  });
});

describe("with three members", () => {
  beforeEach(() => start(2, 3));

  test("one dies, another stands still: writes go on through the others, nothing is lost or done twice", {
    timeout: 180_000,
  }, async () => {
    const counters = proxies.map((proxy, index) => new Counter(proxy, `/count${index}`));
    for (const member of etcd.members) {
      await sleep(500);
      await member.kill();
      await progress(counters);
      await member.restart();
    }
    const [member] = etcd.members;
    const [first] = proxies;
    if (first === undefined) return;
    const client = await eventually(first.backend, { timeOut: 30_000 });
    member?.pause();
    await sleep(8_000);
    await progress(counters);
    expect(client.hasEnded).toBe(false);
    member?.resume();
    await Promise.all(counters.map((counter) => counter.stop()));
    console.log(
      `members lost: ${counters.map((one) => `${one.acknowledged} acknowledged, ${one.silent} silent`).join("; ")}`,
    );
    const [one, two] = await Promise.all(proxies.map(({ backend }) => eventually(backend)));
    if (one !== undefined && two !== undefined) expect(await walk(one)).toEqual(await walk(two));
  });
});
