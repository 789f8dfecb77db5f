/** Who checks the checker? Two real ZooKeepers must agree, and a server that lies must be caught. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bridge } from "../oracle/bridge.ts";
import { DirectClient, type OpenSession, opener, runTraffic } from "../oracle/crosscheck/traffic.fixture.ts";
import { type CrossCheckOptions, crosscheck } from "../oracle/crosscheck.ts";
import type { JournalLine } from "../oracle/journal.ts";
import { startBridge, startCrossCheck } from "../oracle/live.ts";
import { mutants } from "../oracle/mutants.ts";
import { freePort } from "../oracle/servers/ports.ts";
import { startZooKeeper, type ZooKeeperServer } from "../oracle/servers/zookeeper.ts";

let twins: readonly [ZooKeeperServer, ZooKeeperServer];
beforeAll(async () => {
  // Unlike ticks: the two expire one session up to two seconds apart.
  const config = { minSessionTimeout: "1000", maxSessionTimeout: "40000" };
  twins = await Promise.all([
    startZooKeeper({ config: { ...config, tickTime: "500" } }),
    startZooKeeper({ config: { ...config, tickTime: "2000" } }),
  ]);
});
afterAll(() => Promise.all(twins.map((server) => server.stop())));

const acl = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];
let roots = 0;

/** A cross-check of the twins; `open` names each connection. */
function compare(options: Partial<CrossCheckOptions> = {}) {
  const lines: JournalLine[] = [];
  const check = crosscheck({
    candidate: bridge(twins[0]),
    oracle: bridge(twins[1]),
    answerFrom: "oracle",
    emit: (line) => lines.push(line),
    settleMs: 300,
    replyWaitMs: 2_000,
    serial: false,
    keepAnswers: true,
    reveal: true,
    ...options,
  });
  const divergences = () => lines.flatMap((line) => (line.event === "divergence" ? [line] : []));
  const root = `/x${process.pid}-${++roots}`;
  const open =
    (session: string): OpenSession =>
    (hello, downstream) =>
      check.openAs({ case: root, session }, hello, downstream);
  return { check, lines, divergences, root, open };
}

describe("two real ZooKeepers", () => {
  test.each([
    [1, "oracle", false],
    [2, "oracle", false],
    [3, "candidate", false],
    [4, "oracle", true],
  ] as const)("agree on seed %i, answered by the %s, serial %s", async (seed, answerFrom, serial) => {
    const { check, divergences, root } = compare({ answerFrom, serial });
    await runTraffic({ seed, sessions: 4, requests: 400, root, open: opener(check), fence: () => check.fence() });
    expect(divergences()).toEqual([]);
    expect(check.counters).toMatchObject({ compared: 409, unchecked: 0 });
    expect(check.counters.notifications).toBeGreaterThan(20);
    await check.close();
  });

  test("agree on a session that expires, but for the moment", { timeout: 30_000 }, async () => {
    const { check, lines, divergences, root, open } = compare({ settleMs: 2_500 });
    const [owner, watcher] = [
      await DirectClient.open(open("owner"), { timeoutMs: 1_500 }),
      await DirectClient.open(open("watcher")),
    ];
    watcher.send("create", { path: root, data: null, acl, flags: 0 });
    await watcher.idle();
    for (const name of ["a", "b"]) owner.send("create", { path: `${root}/${name}`, data: null, acl, flags: 1 });
    await owner.idle();
    watcher.send("addWatch", { path: root, mode: 1 });
    watcher.send("getChildren", { path: root, watch: true });
    await watcher.idle();
    owner.close();
    for (const until = Date.now() + 6_000; Date.now() < until; await sleep(100)) {
      watcher.send("getChildren2", { path: root, watch: false });
      watcher.send("exists", { path: `${root}/a`, watch: false });
      await watcher.idle();
    }
    await check.settled();
    expect(divergences().filter(({ verdict }) => verdict !== "timing")).toEqual([]);
    expect(lines.filter((line) => line.event === "notification")).toHaveLength(3);
    await check.close();
  });
});

describe("a server that lies", () => {
  const chosen = [
    "stat-mzxid-children",
    "stat-pzxid-stuck",
    "stat-ctime-microseconds",
    "stat-owner-foreign",
    "error-precedence-delete",
    "name-sequence-ahead",
    "data-null-is-empty",
    "children-missing",
    "multi-later-codes",
    "zxid-repeats",
    "layout-body-short",
    "layout-extra-bytes",
    "reply-dropped",
    "reply-hangs-up",
    "watch-lost",
    "watch-twice",
    "watch-late",
    "watch-exists-deaf",
    "session-ephemerals-stay",
    "session-timeout-off",
  ];
  test.each(mutants.filter(({ name }) => chosen.includes(name)))("is caught: $lie", async ({ wrap }) => {
    const { check, divergences, root } = compare({ candidate: wrap(bridge(twins[0])) });
    await runTraffic({
      seed: roots,
      sessions: 4,
      requests: 400,
      root,
      open: opener(check),
      fence: () => check.fence(),
    });
    expect(divergences().filter(({ verdict }) => verdict === "diverges")).not.toEqual([]);
    await check.close();
  });

  test("is caught replacing a session that should be resumed", async () => {
    const liar = mutants.find(({ name }) => name === "session-replaced");
    const { check, divergences, open } = compare({ ...(liar && { candidate: liar.wrap(bridge(twins[0])) }) });
    const first = await DirectClient.open(open("s"));
    const granted = first.session?.granted;
    first.close();
    await check.settled();
    if (granted === undefined) throw new Error("no session");
    await DirectClient.open(open("s"), { sessionId: granted.sessionId, passwd: granted.passwd ?? Buffer.alloc(0) });
    expect(divergences()[0]?.differences[0]).toMatchObject({
      at: "connect.sessionId",
      candidate: "another session",
      oracle: "resumed",
    });
    await check.close();
  });
});

describe("a bridge", () => {
  test("answers closed when nobody is there, and says that it does not serve", async () => {
    const nowhere = bridge({ host: "127.0.0.1", port: await freePort() });
    const client = await DirectClient.open(opener(nowhere));
    expect(client.opened?.is).toBe("closed");
    expect(nowhere.status().serving).toBe(false);
    await expect(startBridge({ host: "127.0.0.1", port: await freePort() })).rejects.toThrow(/no ZooKeeper answers/);
  });

  test("lets requests that were sent before the client left take effect", async () => {
    const through = await startBridge(twins[0]);
    expect(through.status().version).toMatch(/^\d+\.\d+/);
    const path = `/bridge${process.pid}`;
    const writer = await DirectClient.open(opener(through));
    for (let i = 0; i < 50; i++) writer.send("create", { path: `${path}-${i}`, data: null, acl, flags: 0 });
    writer.close();
    await sleep(200);
    const reader = await DirectClient.open(opener(through));
    reader.send("exists", { path: `${path}-49`, watch: false });
    await reader.idle();
    expect(reader.frames[0]?.readInt32BE(12)).toBe(0);
    reader.close();
    await through.close();
  });
});

describe("live traffic", () => {
  test("leaves a journal with an end, and reports", async () => {
    const reportDir = mkdtempSync(join(tmpdir(), "live-report-"));
    const live = await startCrossCheck({
      candidate: bridge(twins[0]),
      bridge: twins[1],
      answerFrom: "oracle",
      serial: false,
      reportDir,
    });
    await runTraffic({
      seed: 9,
      sessions: 3,
      requests: 100,
      root: `/live${process.pid}`,
      open: opener(live.backend),
      fence: () => live.backend.fence(),
    });
    await live.finish();
    const journal = readFileSync(join(reportDir, "journal.jsonl"), "utf8").trim().split("\n");
    expect(JSON.parse(journal[0] ?? "")).toMatchObject({
      event: "run",
      mode: "live",
      oracle: { version: expect.stringMatching(/^3\./) },
    });
    expect(JSON.parse(journal.at(-1) ?? "")).toMatchObject({ event: "end", compared: live.backend.counters.compared });
    expect(JSON.parse(readFileSync(join(reportDir, "summary.json"), "utf8"))).toMatchObject({ verdict: "conforms" });
    await live.backend.close();
    rmSync(reportDir, { recursive: true });
  });

  test("goes on when the server that answers is killed, and says from where on nothing was checked", {
    timeout: 60_000,
  }, async () => {
    const { check, lines, divergences, root, open } = compare({ settleMs: 500 });
    const client = await DirectClient.open(open("s"));
    client.send("create", { path: root, data: null, acl, flags: 0 });
    await client.idle();
    await check.settled();
    await twins[1].kill();
    client.send("create", { path: `${root}/a`, data: null, acl, flags: 0 });
    await client.idle();
    client.send("exists", { path: `${root}/a`, watch: false });
    await client.idle();
    await check.settled();
    expect(client.hasEnded).toBe(false);
    expect(client.frames.map((frame) => frame.readInt32BE(12))).toEqual([0, 0, 0]);
    expect(lines).toContainEqual(expect.objectContaining({ event: "side", on: "oracle", state: "lost" }));
    expect(divergences()).toEqual([]);
    expect(lines.at(-1)).toMatchObject({ event: "step", verdict: "unchecked" });
    await check.close();
    await twins[1].restart();
  });
});
