import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Deaths } from "./deaths.ts";
import { Bench, gotOps, replyFrame, type ScriptedClient, stat } from "./scripted.fixture.ts";

const acl = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];

/** Three clients in three cases, each with another request under way. */
async function threeAsking(bench: Bench): Promise<ScriptedClient[]> {
  const clients = [];
  for (const name of ["x", "y", "z"]) clients.push(await bench.client("s", { case: name }));
  const [x, y, z] = clients;
  x?.send(1, "create", { path: "/x", data: null, acl, flags: 0 });
  y?.send(1, "setData", { path: "/y", data: null, version: -1 });
  z?.send(1, "getData", { path: "/z", watch: false });
  return clients;
}

/** The candidate hangs up on everybody, and is gone or back at once. */
function die(bench: Bench, clients: readonly ScriptedClient[]): void {
  bench.servers.candidate.serving = false;
  for (const client of clients) client.at.candidate?.hangUp();
}

describe("a candidate that dies over several requests", () => {
  test("is one finding that blames none of them", async () => {
    const bench = new Bench();
    die(bench, await threeAsking(bench));
    await bench.crosscheck.settled();
    expect(bench.divergences()).toMatchObject([
      {
        fingerprint: "server connection closed candidate died",
        differences: [{ is: "closed", died: true, underWay: [{ op: "create" }, { op: "setData" }, { op: "getData" }] }],
      },
    ]);
    expect(bench.steps().filter(({ op }) => op !== "server")).toMatchObject([
      { op: "create", verdict: "unchecked" },
      { op: "setData", verdict: "unchecked" },
      { op: "getData", verdict: "unchecked" },
    ]);
    await bench.crosscheck.close();
  });

  test("and is started again at once has died all the same", async () => {
    const bench = new Bench();
    const clients = await threeAsking(bench);
    die(bench, clients);
    bench.servers.candidate.serving = true;
    for (const client of clients) client.at.oracle?.send(replyFrame("exists", { xid: 1, err: "NONODE" }));
    await bench.crosscheck.settled();
    expect(bench.divergences()).toMatchObject([{ fingerprint: "server connection closed candidate died" }]);
    expect(bench.lines.filter(({ event }) => event === "side")).toEqual([]);
    await bench.crosscheck.close();
  });

  test("is left to whoever watches the deaths of several cross-checks", async () => {
    const deaths: Deaths = new Deaths(() => benches.every(({ servers }) => servers.candidate.serving));
    const benches = [new Bench({ deaths }), new Bench({ deaths })];
    const clients = await Promise.all(benches.map((bench) => threeAsking(bench)));
    for (const [i, bench] of benches.entries()) die(bench, clients[i] ?? []);
    await Promise.all(benches.map((bench) => bench.crosscheck.settled()));
    expect(benches.flatMap((bench) => bench.divergences())).toEqual([]);
    expect(deaths.untold().map((underWay) => underWay.length)).toEqual([6]);
    expect(deaths.untold()).toEqual([]);
    for (const bench of benches) await bench.crosscheck.close();
  });

  test("over one request of the only case, that one is to blame, whoever watches", async () => {
    const deaths: Deaths = new Deaths(() => bench.servers.candidate.serving);
    const bench = new Bench({ deaths });
    const idle = await bench.client("idle");
    const client = await bench.client("s");
    client.send(1, "delete", { path: "/a", version: -1 });
    die(bench, [idle, client]);
    await bench.crosscheck.settled();
    expect(bench.divergences()).toMatchObject([{ fingerprint: "delete connection closed candidate died" }]);
    expect(deaths.untold()).toEqual([]);
    expect(deaths.count).toBe(1);
    await bench.crosscheck.close();
  });
});

test("a server that closes connections and serves on has not died", async () => {
  const bench = new Bench();
  const clients = await threeAsking(bench);
  for (const client of clients) client.at.candidate?.hangUp();
  await bench.crosscheck.settled();
  expect(bench.divergences().map(({ fingerprint }) => fingerprint)).toEqual([
    "create(flags=persistent) connection closed candidate",
    "setData connection closed candidate",
    "getData connection closed candidate",
  ]);
  await bench.crosscheck.close();
});

test("each absence is a death of its own", () => {
  let isServing = true;
  const deaths = new Deaths(() => isServing);
  deaths.hungUp(Date.now(), "c", []);
  expect(deaths.count).toBe(0);
  for (const serving of [false, false, true, false]) {
    isServing = serving;
    deaths.isDeath(Date.now());
  }
  expect(deaths.count).toBe(2);
});

test("a hang-up is of the death that it takes a while to find out about", async () => {
  let isServing = true;
  const deaths = new Deaths(
    () => isServing,
    async () => {
      await sleep(20);
      isServing = false;
    },
  );
  const longAgo = Date.now() - 5_000;
  deaths.hungUp(longAgo, "c", []);
  expect(deaths.isDeath(longAgo)).toBe(false);
  await deaths.known();
  expect(deaths.isDeath(longAgo)).toBe(true);
  expect(deaths.count).toBe(1);
});

test("a server that is gone cannot close a connection for another reason until it is back", () => {
  let isServing = false;
  const deaths = new Deaths(() => isServing);
  const later = Date.now() + 5_000;
  expect(deaths.isDeath(later)).toBe(true);
  isServing = true;
  expect(deaths.isDeath(later)).toBe(false);
  expect(deaths.isDeath(Date.now())).toBe(true);
});

test("a server comes back from the death that it is dead of, whichever other one was asked about meanwhile", () => {
  let isServing = false;
  const deaths = new Deaths(() => isServing);
  const later = Date.now() + 5_000;
  expect(deaths.isDeath(later)).toBe(true);
  deaths.sceneAt(Date.now() - 10_000);
  isServing = true;
  expect(deaths.isDeath(later)).toBe(false);
});

test("whoever asks since when is told whether it was away", () => {
  let isServing = true;
  const deaths = new Deaths(() => isServing);
  const before = Date.now();
  expect(deaths.wasAway(before)).toBe(false);
  isServing = false;
  expect(deaths.wasAway(before)).toBe(true);
  isServing = true;
  expect(deaths.wasAway(before)).toBe(true);
  expect(deaths.wasAway(Date.now() + 1)).toBe(false);
});

test("an oracle that dies is nobody's fault, and is asked once more for a handshake that it dropped", async () => {
  const bench = new Bench();
  const client = await bench.client("s");
  client.send(1, "create", { path: "/x", data: null, acl, flags: 0 });
  bench.servers.oracle.serving = false;
  client.at.oracle?.hangUp();
  bench.servers.oracle.answer = "closed";
  setTimeout(() => {
    bench.servers.oracle.serving = true;
    bench.servers.oracle.answer = "granted";
  }, 50);
  const later = await bench.client("t");
  client.at.candidate?.send(replyFrame("create", { xid: 1, zxid: 1, body: { path: "/x" } }));
  await bench.crosscheck.settled();
  expect(bench.divergences()).toEqual([]);
  expect(bench.steps().map(({ op, verdict }) => `${op} ${verdict}`)).toEqual(["create unchecked"]);
  later.send(1, "exists", { path: "/x", watch: false });
  expect(gotOps(later, "oracle")).toEqual(["exists"]);
  await bench.crosscheck.close();
});

describe("a side that drops the handshake of a new session", () => {
  const connects = (bench: Bench) =>
    bench.lines.flatMap((line) => (line.event === "step" && line.op === "connect" ? [line.verdict] : []));

  test("is asked once more when it is the oracle, which may have just started", async () => {
    const bench = new Bench();
    bench.servers.oracle.drops = 1;
    await bench.client("s");
    bench.servers.oracle.drops = 2;
    await bench.client("t");
    expect(connects(bench)).toEqual(["match", "diverges"]);
    await bench.crosscheck.close();
  });

  test("is told of when it is the candidate, unless that was away meanwhile", async () => {
    const bench = new Bench();
    bench.servers.candidate.drops = 1;
    await bench.client("s");
    bench.servers.candidate.drops = 1;
    bench.servers.candidate.awayAt = Date.now() + 10;
    await bench.client("t");
    expect(connects(bench)).toEqual(["diverges", "match"]);
    await bench.crosscheck.close();
  });
});

test("what an oracle left unanswered when it died, a closing session's ephemerals too, is held against nobody later", async () => {
  const bench = new Bench();
  const leaving = await bench.client("s", { case: "x" });
  const staying = await bench.client("t", { case: "x" });
  leaving.send(1, "closeSession", {});
  leaving.at.candidate?.send(replyFrame("closeSession", { xid: 1, zxid: 1 }));
  bench.servers.oracle.serving = false;
  leaving.at.oracle?.hangUp();
  leaving.at.candidate?.hangUp();
  bench.servers.oracle.serving = true;
  await expect.poll(() => bench.steps().map(({ verdict }) => verdict)).toEqual(["unchecked"]);
  staying.send(1, "exists", { path: "/ephemeral", watch: false });
  staying.at.candidate?.send(replyFrame("exists", { xid: 1, zxid: 1, err: "NONODE" }));
  staying.at.oracle?.send(replyFrame("exists", { xid: 1, zxid: 101, body: { stat: stat() } }));
  await bench.crosscheck.settled();
  expect(bench.steps().map(({ op, verdict }) => `${op} ${verdict}`)).toEqual([
    "closeSession unchecked",
    "exists unchecked",
  ]);
  await bench.crosscheck.close();
});
