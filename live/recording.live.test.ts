/** What clients ask `bin/zetcd --record` can be asked again of two servers, by `bin/xchk replay`. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import zookeeper, { type Client } from "node-zookeeper-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startProxy } from "../oracle/commands/proxy.ts";
import type { EndLine } from "../oracle/journal.ts";
import { type EtcdServer, startEtcd } from "../oracle/servers/etcd.ts";
import { fourLetterWord } from "../oracle/servers/readiness.ts";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";
import type { Summary } from "../reports/summary.ts";
import { multiOp } from "../src/protocol/multi.ts";
import { parseEvent, type RecordingEvent } from "../src/recording/format.ts";
import { runBin, summaryIn } from "./bin.fixture.ts";
import { connectTo, creation, setting, startProxy as startRecorder } from "./etcd.fixture.ts";
import { startRelay } from "./relay.fixture.ts";

const { ACL, CreateMode, createClient } = zookeeper;
const home = mkdtempSync(join(tmpdir(), "zetcd-recording-"));
let etcd: EtcdServer;
let bridged: ZooKeeperServer;
beforeAll(async () => {
  [etcd, bridged] = await Promise.all([startEtcd(), startZooKeeper()]);
});
afterAll(async () => {
  await Promise.all([etcd?.stop(), bridged?.stop()]);
  rmSync(home, { recursive: true, force: true });
});

const overEtcd = (prefix: string) => ["--endpoints", etcd.endpoints.join(","), "--prefix", prefix];
const eventsIn = (file: string): RecordingEvent[] =>
  readFileSync(file, "latin1")
    .split("\n")
    .flatMap((line) => parseEvent(line) ?? []);

/** Runs `bin/xchk replay`; without servers among the words on private ones. */
async function replay(
  ...words: string[]
): Promise<{ code: number | null; out: string; ms: number; dir: string; summary: Summary }> {
  const dir = mkdtempSync(join(home, "report-"));
  const started = performance.now();
  const { code, out, err } = await runBin("xchk", ["replay", ...words, "--report-dir", dir]);
  const ms = performance.now() - started;
  const summary = existsSync(join(dir, "summary.json")) ? summaryIn(dir) : ({} as Summary);
  return { code, out: out + err, ms, dir, summary };
}

const connection = (client: Client) => new Promise<void>((resolve) => void client.once("connected", resolve));

async function connected(servers: string): Promise<Client> {
  const client = createClient(servers, { sessionTimeout: 10_000, spinDelay: 50 });
  const isConnected = connection(client);
  client.connect();
  await isConnected;
  return client;
}

const answer = (start: (done: (error: unknown, ...results: unknown[]) => void) => void) =>
  new Promise<unknown>((resolve) => start((error, result) => resolve(error ?? result)));

/** Two sessions of a stock client: all kinds of znodes, watches, a password, and a cable that is pulled. */
async function useStockClient(port: number): Promise<void> {
  const relay = await startRelay({ host: "127.0.0.1", port });
  const [a, b] = [await connected(relay.address), await connected(`127.0.0.1:${port}`)];
  const create = (client: Client, path: string, mode = CreateMode.PERSISTENT, acl = ACL.OPEN_ACL_UNSAFE) =>
    answer((done) => client.create(path, Buffer.from("what is in it"), acl, mode, done));
  a.addAuthInfo("digest", Buffer.from("joe:joes-password"));
  await create(a, "/app");
  await create(a, "/app/private", CreateMode.PERSISTENT, ACL.CREATOR_ALL_ACL);
  await create(a, "/app/queue");
  for (let i = 0; i < 5; i++) await create(i % 2 ? a : b, "/app/queue/item-", CreateMode.PERSISTENT_SEQUENTIAL);
  await create(a, "/app/me", CreateMode.EPHEMERAL);
  await create(b, "/app/lock-", CreateMode.EPHEMERAL_SEQUENTIAL);
  const told: string[] = [];
  const tell = (event: { getName(): string }) => void told.push(event.getName());
  await answer((done) => a.getData("/app", tell, done));
  await answer((done) => a.getChildren("/app/queue", tell, done));
  await answer((done) => b.exists("/app/later", tell, done));
  await answer((done) => b.setData("/app", Buffer.from("changed"), -1, done));
  await create(a, "/app/later");
  // A new watch that fires while its session is away.
  await answer((done) => a.getData("/app", tell, done));
  const connections = async () =>
    Number(/Connections: (\d+)/.exec((await fourLetterWord({ host: "127.0.0.1", port }, "srvr")) ?? "")?.[1]);
  const before = await connections();
  relay.isolate();
  // Until the server has noticed: a busy one would still send the event, into a connection that is gone.
  while ((await connections()) >= before) await sleep(10);
  await answer((done) => b.setData("/app", Buffer.from("meanwhile"), -1, done));
  const back = connection(a);
  relay.heal();
  await back;
  await answer((done) => a.setData("/app/private", Buffer.from("still mine"), -1, done));
  await answer((done) => b.remove("/app/queue/item-0000000001", -1, done));
  for (const until = Date.now() + 5_000; told.length < 4 && Date.now() < until; ) await sleep(20);
  expect(told.sort()).toEqual([...["NODE_CHILDREN_CHANGED", "NODE_CREATED", "NODE_DATA_CHANGED", "NODE_DATA_CHANGED"]]);
  a.close();
  await answer((done) => b.exists("/app/me", done));
  b.close();
  await relay.close();
}

describe("a stock client's sessions", () => {
  const file = join(home, "stock.jsonl");
  beforeAll(async () => {
    const proxy = await startProxy([...overEtcd("/stock"), "--record", file]);
    await useStockClient(proxy.port);
    expect(await proxy.stop()).toBe("exit code 0");
  });

  test("are recorded, for their owner alone and without passwords", () => {
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const events = eventsIn(file);
    const opened = events.filter(({ event }) => event === "open");
    expect(opened.length).toBeGreaterThanOrEqual(3);
    expect(new Set(events.flatMap((each) => (each.event === "granted" ? [each.session] : []))).size).toBe(2);
    expect(events.at(-1)?.event).toBe("end");
    const frames = events.flatMap((each) =>
      "frame" in each ? [Buffer.from(each.frame, "base64").toString("latin1")] : [],
    );
    expect(frames.join()).toContain("what is in it");
    expect(frames.join()).toContain("joe:");
    expect(frames.join()).not.toContain("joes-password");
  });

  test.each(["max", "1"])("zetcd answers as ZooKeeper does, at speed %s", async (speed) => {
    const { code, out, summary } = await replay(file, "--speed", speed);
    expect({ code, divergences: summary.divergences }, out).toEqual({ code: 0, divergences: [] });
    expect(summary).toMatchObject({ mode: "replay", verdict: "conforms" });
    expect(summary.checkedReplies).toBeGreaterThan(25);
    expect(summary.checkedEvents, out).toBeGreaterThanOrEqual(4);
    expect(out).not.toContain("no session");
  });

  test("take the time they took", async () => {
    const events = eventsIn(file);
    const lastedMs = ((events.at(-1)?.at ?? 0) - (events[0]?.at ?? 0)) / 1_000;
    const { dir } = await replay(file, "--speed", "0.2");
    const end = JSON.parse(readFileSync(join(dir, "journal.jsonl"), "utf8").trim().split("\n").at(-1) ?? "") as EndLine;
    expect(end.durationMs).toBeGreaterThan(lastedMs * 4.9);
  });

  test.each(["data-truncated", "name-sequence-ahead", "watch-exists-deaf", "session-replaced"])(
    "show up a candidate that lies: %s",
    async (lie) => {
      const { code, out, summary } = await replay(file, "--speed", "max", "--mutant", lie);
      expect(code, out).toBe(1);
      expect(summary.divergences.length).toBeGreaterThan(0);
    },
  );
});

describe("bin/zetcd", () => {
  test.each([
    ["bridge", () => ["--debug-zkbridge", bridged.address]],
    ["cross-check", () => [...overEtcd("/checked"), "--debug-zkbridge", bridged.address, "--debug-oracle", "zk"]],
  ])("records as a %s, and nothing that is secret when told so", async (mode, flags) => {
    const file = join(home, `${mode}.jsonl`);
    const proxy = await startProxy([...flags(), "--record", file, "--record-redact"]);
    const client = await connectTo(proxy.port);
    await client.call("create", creation(`/${mode}`, 0, Buffer.from("the data of it")));
    await client.call("setData", setting(`/${mode}`, "other data"));
    client.close();
    await proxy.stop();
    const frames = eventsIn(file).flatMap((each) =>
      each.event === "frame" ? [Buffer.from(each.frame, "base64")] : [],
    );
    expect(frames.map((frame) => frame.readInt32BE(4))).toEqual(expect.arrayContaining([1, 5]));
    const text = Buffer.concat(frames).toString("latin1");
    expect(text).toContain(`/${mode}`);
    expect(text).not.toContain("data");
  });

  test("goes on when the disk is full, and says so", async () => {
    const proxy = await startRecorder(etcd, ["--record", "/dev/full"]);
    const client = await connectTo(proxy.port);
    await client.call("create", creation("/full"));
    await expect.poll(proxy.output).toContain("the recording cannot be written");
    expect((await client.call("exists", { path: "/full", watch: false })).header.err).toBe(0);
    client.close();
    await proxy.kill();
  });
});

test("numbers of sequential znodes are those of the replay, also in a pipeline and in a multi", async () => {
  const file = join(home, "numbers.jsonl");
  const proxy = await startProxy([...overEtcd("/numbers"), "--record", file]);
  const client = await connectTo(proxy.port);
  await client.call("create", creation("/n"));
  for (let i = 0; i < 3; i++) await client.call("create", creation("/n/before-", 2));
  const { body } = await client.call("create", creation("/n/job-", 2));
  const multi = await client.call("multi", [multiOp(1, creation("/n/two-", 2)), multiOp(1, creation("/n/three-", 2))]);
  const paths = [body, ...(multi.body ?? []).map((item) => item.body)].map((each) => String(each?.path));
  expect(paths).toEqual(["/n/job-0000000003", "/n/two-0000000004", "/n/three-0000000005"]);
  for (const path of paths) await client.call("setData", setting(path, "done"));
  client.close();
  await proxy.stop();
  // Without those that were made before, the others get lower numbers.
  const lines = readFileSync(file, "latin1").split("\n");
  const isBefore = (line: string) => {
    const event = parseEvent(line);
    if (event?.event === "named") return event.paths.some((path) => path.includes("before"));
    return event?.event === "frame" && Buffer.from(event.frame, "base64").includes("before");
  };
  writeFileSync(file, lines.filter((line) => !isBefore(line)).join("\n"));
  const { code, out, dir, summary } = await replay(file, "--speed", "max");
  expect({ code, divergences: summary.divergences }, out).toEqual({ code: 0, divergences: [] });
  const steps = readFileSync(join(dir, "journal.jsonl"), "utf8")
    .split("\n")
    .filter((line) => line.includes('"setData"'));
  expect(steps.map((line) => JSON.parse(line)).map(({ path, err }) => [path, err.candidate, err.oracle])).toEqual(
    ["/n/job-0000000000", "/n/two-0000000001", "/n/three-0000000002"].map((path) => [path, "OK", "OK"]),
  );
});

test("sessions from before the recording go on as new ones, and those left alone expire", async () => {
  const file = join(home, "before.jsonl");
  const first = await startProxy(overEtcd("/before"));
  const old = await connectTo(first.port);
  await old.call("create", creation("/old", 1));
  await first.stop();
  const proxy = await startProxy([...overEtcd("/before"), "--record", file]);
  const { sessionId, passwd } = old.granted;
  const [resumed, left] = [await connectTo(proxy.port, { sessionId, passwd }), await connectTo(proxy.port)];
  await resumed.call("create", creation("/new"));
  await left.call("create", creation("/new/left", 1));
  await resumed.call("exists", { path: "/new/left", watch: true });
  left.close();
  // Servers may let a session live for a tick or two more than zetcd did: the replay has to see it.
  let asksLeft = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 60 && asksLeft > 0; i++, asksLeft--) {
    await sleep(500);
    const { header } = await resumed.call("exists", { path: "/new/left", watch: false });
    if (header.err !== 0 && asksLeft > 10) asksLeft = 10;
  }
  expect(asksLeft).toBe(0);
  await resumed.call("closeSession", {});
  await proxy.stop();
  const { code, out, dir, summary } = await replay(file);
  expect({ code, divergences: summary.divergences }, out).toEqual({ code: 0, divergences: [] });
  expect(out).toContain("sessions older than it, played as new ones: 1");
  expect(summary.checkedEvents).toBe(1);
  const journal = readFileSync(join(dir, "journal.jsonl"), "utf8");
  expect(journal).toContain('"type":"NodeDeleted","path":"/new/left"');
});

test("10,000 requests are replayed in seconds", async () => {
  const file = join(home, "many.jsonl");
  const proxy = await startProxy([...overEtcd("/many"), "--record", file]);
  const clients = await Promise.all([1, 2, 3, 4].map(() => connectTo(proxy.port)));
  await clients[0]?.call("create", creation("/many"));
  for (const [at, client] of clients.entries()) await client.call("create", creation(`/many/${at}`));
  await Promise.all(
    clients.flatMap((client, at) =>
      Array.from({ length: 2_500 }, (_, i) =>
        i % 4 === 0
          ? client.call("setData", setting(`/many/${at}`, `value ${i}`))
          : client.call("getData", { path: `/many/${(at + i) % 4}`, watch: i % 10 === 1 }),
      ),
    ),
  );
  for (const client of clients) client.close();
  await proxy.stop();
  const { code, out, summary, ms } = await replay(file, "--speed", "max");
  expect({ code, divergences: summary.divergences }, out).toEqual({ code: 0, divergences: [] });
  expect(summary.checkedReplies, out).toBeGreaterThanOrEqual(10_000);
  expect(ms).toBeLessThan(40_000);
  process.stdout.write(`replayed ${summary.checkedReplies} in ${Math.round(ms)} ms, servers included\n`);
});
