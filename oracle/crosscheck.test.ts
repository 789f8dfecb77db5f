import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import type { SequenceItem } from "../src/jute/kinds.ts";
import { errorCodes } from "../src/protocol/error-codes.ts";
import { multiOp } from "../src/protocol/multi.ts";
import { eventTypes, opcodes } from "../src/protocol/opcodes.ts";
import { sides } from "./compare/sides.ts";
import { unlabelled } from "./crosscheck/options.ts";
import { Bench, eventFrame, gotOps, replyFrame, type ScriptedClient, stat } from "./crosscheck/scripted.fixture.ts";

const acl = [{ perms: 31, id: { scheme: "world", id: "anyone" } }];

/** Both sides answer alike, the oracle 100 zxids ahead. */
function answer(client: ScriptedClient, make: (zxid: number) => Buffer, zxid = 1): void {
  client.at.candidate?.send(make(zxid));
  client.at.oracle?.send(make(zxid + 100));
}

const exists = (xid: number) => (zxid: number) => replyFrame("exists", { xid, zxid, body: { stat: stat() } });
const deleted = (xid: number) => (zxid: number) => replyFrame("delete", { xid, zxid });

describe("requests and replies", () => {
  test("go to both, and the client is answered from the truth at once", async () => {
    const bench = new Bench();
    const client = await bench.client("s");
    client.send(1, "exists", { path: "/a", watch: false });
    expect(gotOps(client, "candidate")).toEqual(["exists"]);
    client.at.oracle?.send(exists(1)(7));
    expect(client.frames).toEqual([exists(1)(7)]);
    expect(bench.steps()).toEqual([]);
    client.at.candidate?.send(exists(1)(3));
    expect(bench.steps()).toMatchObject([
      { op: "exists", path: "/a", verdict: "match", err: { candidate: "OK", oracle: "OK" } },
    ]);
    expect(client.frames.length).toBe(1);
    await bench.crosscheck.close();
  });

  test("with the candidate as truth, its frames are the client's", async () => {
    const bench = new Bench({ answerFrom: "candidate" });
    const client = await bench.client("s");
    client.send(1, "exists", { path: "/a", watch: false });
    client.at.oracle?.send(exists(1)(7));
    expect(client.frames).toEqual([]);
    client.at.candidate?.send(exists(1)(3));
    expect(client.frames).toEqual([exists(1)(3)]);
    await bench.crosscheck.close();
  });

  test("a difference becomes a divergence with its request, answers and fingerprint", async () => {
    const bench = new Bench();
    const client = await bench.client("s");
    client.send(1, "getData", { path: "/a", watch: true });
    client.at.candidate?.send(replyFrame("getData", { xid: 1, err: "NONODE" }));
    client.at.oracle?.send(replyFrame("getData", { xid: 1, body: { data: null, stat: stat() } }));
    const [step] = bench.steps();
    expect(bench.divergences()).toMatchObject([
      {
        n: step?.n,
        case: "c",
        session: "s",
        fingerprint: "getData err value NONODE≠OK",
        request: { op: "getData", path: { exact: "/a" }, watch: true },
        answers: { candidate: { err: "NONODE" }, oracle: { err: "OK", body: { data: null } } },
      },
    ]);
    await bench.crosscheck.close();
  });

  test("conflicting requests of two sessions go one behind the other, others overlap", async () => {
    const bench = new Bench();
    const [x, y] = [await bench.client("x"), await bench.client("y")];
    x.send(1, "delete", { path: "/p/a", version: -1 });
    y.send(1, "exists", { path: "/elsewhere", watch: false });
    y.send(2, "exists", { path: "/p/a", watch: false });
    y.send(3, "exists", { path: "/elsewhere", watch: false });
    expect(gotOps(y, "oracle").length).toBe(1);
    x.at.oracle?.send(deleted(1)(101));
    expect(gotOps(y, "oracle").length).toBe(1);
    x.at.candidate?.send(deleted(1)(1));
    expect(gotOps(y, "oracle").length).toBe(3);
    await bench.crosscheck.close();
  });

  describe("of a candidate that keeps the order of submission", () => {
    const make = (xid: number, client: ScriptedClient) =>
      client.send(xid, "create", { path: "/p/n-", data: null, acl, flags: 2 });
    const made = (name: string, zxid: number) => replyFrame("create", { xid: 1, zxid, body: { path: name } });

    /** One write under way, and three in convoy behind it. */
    async function convoy() {
      const bench = new Bench({ candidateKeepsOrder: true });
      const clients = [];
      for (const name of ["first", "x", "y", "z"]) clients.push(await bench.client(name));
      const [first, x, y, z] = clients as [ScriptedClient, ScriptedClient, ScriptedClient, ScriptedClient];
      const order: string[] = [];
      for (const [name, client] of Object.entries({ x, y, z })) {
        const { candidate } = client.at;
        const submit = candidate?.submit.bind(candidate);
        if (candidate !== undefined)
          candidate.submit = (frame) => {
            order.push(name);
            submit?.(frame);
          };
      }
      for (const client of [first, x, y, z]) make(1, client);
      answer(first, (zxid) => made("/p/n-0", zxid), 1);
      return { bench, x, y, z, order };
    }

    test("conflicting writes go to the oracle together, and to the candidate in the order of the oracle's zxids", async () => {
      const { bench, x, y, z, order } = await convoy();
      for (const client of [x, y, z]) expect(gotOps(client, "oracle")).toEqual(["create"]);
      z.at.oracle?.send(made("/p/n-1", 102));
      y.at.oracle?.send(made("/p/n-3", 104));
      expect(order).toEqual([]);
      expect(y.frames).toEqual([made("/p/n-3", 104)]);
      x.at.oracle?.send(made("/p/n-2", 103));
      expect(order).toEqual(["z", "x", "y"]);
      z.at.candidate?.send(made("/p/n-1", 2));
      x.at.candidate?.send(made("/p/n-2", 3));
      y.at.candidate?.send(made("/p/n-2", 4));
      expect(bench.divergences().map(({ session }) => session)).toEqual(["y"]);
      await bench.crosscheck.close();
    });

    test("what comes behind such a write on its connection reaches the candidate behind it", async () => {
      const { bench, x, y, z, order } = await convoy();
      x.send(2, "exists", { path: "/elsewhere", watch: false });
      expect(gotOps(x, "oracle")).toEqual(["create", "exists"]);
      expect(gotOps(x, "candidate")).toEqual([]);
      for (const [zxid, client] of [x, y, z].entries()) client.at.oracle?.send(made(`/p/n-${zxid + 1}`, 102 + zxid));
      expect(order).toEqual(["x", "x", "y", "z"]);
      expect(gotOps(x, "candidate")).toEqual(["create", "exists"]);
      await bench.crosscheck.close();
    });

    test("a write that the oracle never answers goes last, and holds nobody up for ever", async () => {
      const { bench, x, y, z, order } = await convoy();
      y.at.oracle?.send(made("/p/n-1", 102));
      x.at.oracle?.send(made("/p/n-2", 103));
      z.at.oracle?.hangUp();
      expect(order).toEqual(["y", "x", "z"]);
      await bench.crosscheck.close();
    });
  });

  test("a serial cross-check takes one request at a time", async () => {
    const bench = new Bench({ serial: true });
    const [x, y] = [await bench.client("x"), await bench.client("y")];
    x.send(1, "exists", { path: "/a", watch: false });
    y.send(1, "exists", { path: "/b", watch: false });
    expect(gotOps(y, "oracle")).toEqual([]);
    answer(x, exists(1));
    expect(gotOps(y, "oracle")).toEqual(["exists"]);
    await bench.crosscheck.close();
  });

  test("auth waits for what was asked before, and may be answered ahead of what is asked behind it", async () => {
    const bench = new Bench();
    const client = await bench.client("s");
    client.send(1, "exists", { path: "/a", watch: false });
    client.send(-4, "auth", { type: 0, scheme: "digest", auth: Buffer.from("u:p") });
    client.send(2, "exists", { path: "/a", watch: false });
    expect(gotOps(client, "oracle")).toEqual(["exists"]);
    answer(client, exists(1));
    expect(gotOps(client, "candidate")).toEqual(["exists", "auth", "exists"]);
    const auth = replyFrame("auth", { xid: -4, zxid: 0 });
    client.at.oracle?.send(auth);
    client.at.oracle?.send(exists(2)(101));
    client.at.candidate?.send(exists(2)(1));
    client.at.candidate?.send(auth);
    const steps = bench.steps().map(({ op, verdict }) => `${op} ${verdict}`);
    expect(steps).toEqual(["exists match", "exists match", "auth match"]);
    expect(JSON.stringify(bench.lines)).not.toContain("u:p");
    await bench.crosscheck.close();
  });

  test("an unknown opcode, which ends the connection, waits for what was asked before on both sides", async () => {
    const bench = new Bench();
    const client = await bench.client("s");
    client.send(1, "delete", { path: "/a", version: -1 });
    client.raw(Buffer.from("0000000200000063", "hex"));
    client.at.oracle?.send(deleted(1)(101));
    expect([gotOps(client, "candidate"), gotOps(client, "oracle")]).toEqual([["delete"], ["delete"]]);
    client.at.candidate?.send(deleted(1)(1));
    expect([gotOps(client, "candidate").length, gotOps(client, "oracle").length]).toEqual([2, 2]);
    await bench.crosscheck.close();
  });

  test("an xid used twice, inside and outside the pipeline, is told apart", async () => {
    const bench = new Bench();
    const client = await bench.client("s");
    client.raw(Buffer.from("0000000100000063", "hex"));
    client.send(1, "delete", { path: "/a", version: -1 });
    const unknown = replyFrame("ping", { xid: 1, zxid: -1, err: "UNIMPLEMENTED" });
    client.at.oracle?.send(unknown);
    client.at.oracle?.send(deleted(1)(101));
    client.at.candidate?.send(deleted(1)(1));
    client.at.candidate?.send(unknown);
    expect(bench.divergences()).toEqual([]);
    expect(bench.steps().length).toBe(2);
    await bench.crosscheck.close();
  });

  test("a later answer shows that an earlier one is not coming", async () => {
    const bench = new Bench();
    const client = await bench.client("s");
    client.send(1, "sync", { path: "/" });
    client.send(2, "exists", { path: "/a", watch: false });
    client.at.oracle?.send(replyFrame("sync", { xid: 1, zxid: 101, body: { path: "/" } }));
    client.at.oracle?.send(exists(2)(101));
    client.at.candidate?.send(exists(2)(1));
    expect(bench.divergences()).toMatchObject([
      { operation: "sync", differences: [{ is: "absent", at: "reply", on: "candidate" }] },
    ]);
    await bench.crosscheck.close();
  });

  test("silence on both sides agrees", async () => {
    const bench = new Bench();
    const client = await bench.client("s");
    client.send(1, "check", { path: "/a", version: -1 });
    client.send(2, "exists", { path: "/a", watch: false });
    answer(client, exists(2));
    expect(bench.steps()).toMatchObject([
      { op: "check", verdict: "match", err: { candidate: "none", oracle: "none" } },
      { op: "exists" },
    ]);
    await bench.crosscheck.close();
  });

  test("an answer that stays out on one side is stalled, and holds nobody up for ever", async () => {
    const bench = new Bench();
    const [x, y] = [await bench.client("x"), await bench.client("y")];
    x.send(1, "delete", { path: "/a", version: -1 });
    y.send(1, "exists", { path: "/a", watch: false });
    x.at.oracle?.send(deleted(1)(101));
    await expect.poll(() => gotOps(y, "oracle"), { interval: 5 }).toEqual(["exists"]);
    expect(bench.divergences()).toMatchObject([{ differences: [{ is: "stalled", on: "candidate" }] }]);
    const [stalled] = bench.steps();
    expect(stalled?.ms.candidate).toBe(-1);
    expect(stalled?.ms.oracle).toBeGreaterThan(0);
    expect(stalled?.ms.oracle).toBeLessThan(1_000);
    x.at.candidate?.send(deleted(1)(1));
    expect(bench.divergences().length).toBe(1);
    await bench.crosscheck.close();
  });

  test("an answer to nothing is reported", async () => {
    const bench = new Bench();
    const client = await bench.client("s");
    client.send(1, "exists", { path: "/a", watch: false });
    answer(client, exists(1));
    client.at.candidate?.send(exists(1)(1));
    client.at.candidate?.send(exists(9)(1));
    expect(bench.divergences().map(({ differences }) => differences[0]?.at)).toEqual([
      "reply.duplicate",
      "reply.extra",
    ]);
    await bench.crosscheck.close();
  });

  test("an answer sent twice does not pass for the next one", async () => {
    const bench = new Bench();
    const client = await bench.client("s");
    client.send(1, "exists", { path: "/a", watch: false });
    answer(client, exists(1));
    client.send(2, "exists", { path: "/a", watch: false });
    client.at.candidate?.send(exists(1)(1));
    answer(client, exists(2));
    expect(bench.divergences().map(({ differences }) => differences[0]?.at)).toEqual(["reply.duplicate"]);
    expect(bench.steps().at(-1)).toMatchObject({ op: "exists", verdict: "match" });
    await bench.crosscheck.close();
  });

  test("known divergences keep their id and are not counted", async () => {
    const bench = new Bench({ known: ({ operation }) => (operation === "exists" ? "D-001" : undefined) });
    const client = await bench.client("s");
    client.send(1, "exists", { path: "/a", watch: false });
    client.at.candidate?.send(exists(1)(1));
    client.at.oracle?.send(replyFrame("exists", { xid: 1, err: "NONODE" }));
    expect(bench.divergences()).toMatchObject([{ verdict: "known", known: "D-001" }]);
    expect(bench.crosscheck.counters.divergences).toBe(0);
    await bench.crosscheck.close();
  });
});

describe("events", () => {
  const changed = eventFrame(eventTypes.dataChanged, "/a");

  async function watching(bench: Bench): Promise<ScriptedClient> {
    const client = await bench.client("watcher");
    client.send(1, "exists", { path: "/a", watch: true });
    answer(client, exists(1));
    return client;
  }

  test("agree in their place and reach the client in the truth's order", async () => {
    const bench = new Bench();
    const client = await watching(bench);
    for (const side of sides) client.at[side]?.send(changed);
    expect(bench.notifications()).toMatchObject([
      { type: "NodeDataChanged", path: "/a", verdict: "match", session: "watcher" },
    ]);
    expect(client.frames.at(-1)).toEqual(changed);
    await bench.crosscheck.close();
  });

  test("a fence makes a missing event a fact without waiting for the window", async () => {
    const bench = new Bench({ settleMs: 60_000 });
    const client = await watching(bench);
    client.at.oracle?.send(changed);
    for (let round = 0; round < 2; round++) {
      const fenced = bench.crosscheck.fence();
      if (round === 0) void fenced;
      answer(client, (zxid) => replyFrame("ping", { xid: -2, zxid }));
      if (round === 1) await fenced;
    }
    expect(bench.divergences()).toMatchObject([{ differences: [{ is: "absent", at: "event", on: "candidate" }] }]);
    expect(client.frames.some((frame) => frame.readInt32BE(0) === -2)).toBe(false);
    await bench.crosscheck.close();
  });

  test("a write that fires another session's watch waits for that session, so that its event has one place", async () => {
    const bench = new Bench();
    const watcher = await watching(bench);
    const writer = await bench.client("writer");
    watcher.send(2, "exists", { path: "/elsewhere", watch: false });
    writer.send(1, "setData", { path: "/a", data: null, version: -1 });
    expect(gotOps(writer, "oracle")).toEqual([]);
    answer(watcher, exists(2));
    expect(gotOps(writer, "oracle")).toEqual(["setData"]);
    watcher.send(3, "exists", { path: "/elsewhere", watch: false });
    expect(gotOps(watcher, "oracle").length).toBe(2);
    await bench.crosscheck.close();
  });
});

describe("connections", () => {
  test("a session is resumed on each side under that side's id, password and zxid", async () => {
    const bench = new Bench();
    const first = await bench.client("s");
    first.send(1, "exists", { path: "/a", watch: false });
    answer(first, exists(1), 7);
    first.close();
    await sleep(10);
    expect(first.at.candidate?.closedWith).toBeDefined();
    const second = await bench.client("s", {
      sessionId: 5000,
      passwd: Buffer.alloc(16, 5000 % 251),
      lastZxidSeen: 107,
    });
    expect(second.at.candidate?.hello.request).toMatchObject({
      sessionId: 1000,
      passwd: new Uint8Array(16).fill(1000 % 251),
      lastZxidSeen: 7,
    });
    expect(second.at.oracle?.hello.request).toMatchObject({ sessionId: 5000, lastZxidSeen: 107 });
    expect(bench.divergences()).toEqual([]);
    await bench.crosscheck.close();
  });

  test("a wrong password stays wrong", async () => {
    const bench = new Bench();
    await bench.client("s");
    const wrong = Buffer.alloc(16, 9);
    const second = await bench.client("s", { sessionId: 5000, passwd: wrong });
    expect(second.at.candidate?.hello.request).toMatchObject({ sessionId: 1000, passwd: wrong });
    await bench.crosscheck.close();
  });

  test("a server that refuses a session has to hang up", async () => {
    const bench = new Bench();
    for (const side of sides) bench.servers[side].answer = "refused";
    await bench.client("s", { sessionId: 77 });
    expect(bench.divergences()).toEqual([]);
    bench.servers.candidate.isLeftOpen = true;
    await bench.client("s", { sessionId: 77 });
    expect(bench.divergences()).toMatchObject([
      { operation: "connect", differences: [{ is: "closed", on: "oracle" }] },
    ]);
    await bench.crosscheck.close();
  });

  test("a password that is almost right is as wrong on both sides", async () => {
    const bench = new Bench();
    await bench.client("s");
    const right = { candidate: Buffer.alloc(16, 1000 % 251), oracle: Buffer.alloc(16, 5000 % 251) };
    const almost = Buffer.concat([right.oracle.subarray(0, 12), Buffer.from([1, 2, 3])]);
    const second = await bench.client("s", { sessionId: 5000, passwd: almost });
    const candidates = second.at.candidate?.hello.request.passwd ?? [];
    expect(candidates.length).toBe(15);
    expect(Buffer.from(candidates.slice(0, 12))).toEqual(right.candidate.subarray(0, 12));
    expect(Buffer.from(candidates.slice(12)).equals(right.candidate.subarray(12, 15))).toBe(false);
    await bench.crosscheck.close();
  });

  test("a session that was closed is asked for by the id and password that each side gave it", async () => {
    const bench = new Bench();
    const first = await bench.client("s");
    first.send(1, "closeSession", {});
    for (const side of sides) first.at[side]?.send(replyFrame("closeSession", { xid: 1, zxid: 100 }));
    for (const side of sides) first.at[side]?.hangUp();
    await bench.crosscheck.settled();
    for (const side of sides) bench.servers[side].answer = "refused";
    bench.servers.candidate.answer = "granted";
    const again = await bench.client("s", { sessionId: 5000, passwd: Buffer.alloc(16, 5000 % 251) });
    expect(again.at.candidate?.hello.request).toMatchObject({
      sessionId: 1000,
      passwd: new Uint8Array(16).fill(1000 % 251),
    });
    expect(bench.divergences()).toMatchObject([{ operation: "connect" }]);
    await bench.crosscheck.close();
  });

  test("a zxid from the future is one on both sides, one from before the run on neither", async () => {
    const bench = new Bench();
    const first = await bench.client("a");
    first.send(1, "exists", { path: "/a", watch: false });
    answer(first, exists(1), 7);
    const future = await bench.client("b", { lastZxidSeen: 107 + 2 ** 40 });
    expect(future.at.candidate?.hello.request.lastZxidSeen).toBe(7 + 2 ** 40);
    const fresh = new Bench();
    const old = await fresh.client("old", { lastZxidSeen: 90 });
    expect(old.at.candidate?.hello.request.lastZxidSeen).toBe(0);
    await bench.crosscheck.close();
    await fresh.crosscheck.close();
  });

  test("handshakes are compared", async () => {
    const bench = new Bench();
    bench.servers.candidate.timeOut = 9_999;
    await bench.client("s");
    expect(bench.divergences()).toMatchObject([{ operation: "connect", differences: [{ at: "connect.timeOut" }] }]);
    bench.servers.candidate.answer = "refused";
    await bench.client("t");
    expect(bench.divergences().at(-1)).toMatchObject({
      differences: [{ at: "connect", candidate: "refused", oracle: "granted" }],
    });
    await bench.crosscheck.close();
  });

  test("a resume that one side takes and the other drops is told before the old connection that goes with it", async () => {
    const bench = new Bench({ settleMs: 20, replyWaitMs: 1_000 });
    const first = await bench.client("s");
    bench.servers.oracle.answer = "closed";
    bench.servers.oracle.opensInMs = 150;
    const resumed = bench.client("s", { sessionId: 5000, passwd: Buffer.alloc(16, 5000 % 251) });
    first.at.candidate?.hangUp();
    await resumed;
    await bench.crosscheck.settled();
    expect(bench.divergences()).toMatchObject([
      { operation: "connect", differences: [{ at: "connect", candidate: "granted", oracle: "closed" }] },
      { differences: [{ is: "closed", at: "connection", on: "candidate" }] },
    ]);
    await bench.crosscheck.close();
  });

  test("both sides hanging up ends the client's connection, without complaint", async () => {
    const bench = new Bench();
    const client = await bench.client("s");
    client.at.oracle?.hangUp();
    expect(client.hasEnded()).toBe(false);
    client.at.candidate?.hangUp();
    expect(client.hasEnded()).toBe(true);
    expect(bench.divergences()).toEqual([]);
    await bench.crosscheck.close();
  });

  test("a write that both sides leave unanswered may still happen: who would see it waits a while", async () => {
    const bench = new Bench();
    const [writer, reader] = [await bench.client("writer"), await bench.client("reader")];
    writer.send(1, "create", { path: "/a", data: null, acl, flags: 0 });
    for (const side of sides) writer.at[side]?.hangUp();
    reader.send(1, "exists", { path: "/b", watch: false });
    reader.send(2, "exists", { path: "/a", watch: false });
    expect(reader.at.candidate?.got.map(({ xid }) => xid)).toEqual([1]);
    await expect.poll(() => reader.at.candidate?.got.map(({ xid }) => xid)).toEqual([1, 2]);
    await bench.crosscheck.close();
  });

  test("what is behind a closeSession may be refused or not answered at all, but not carried out", async () => {
    const expired = replyFrame("create", { xid: 2, zxid: 101, err: "SESSIONEXPIRED" });
    const created = replyFrame("create", { xid: 2, zxid: 101, body: { path: "/a" } });
    for (const [answer, isWrong] of [
      [undefined, false],
      [expired, false],
      [created, true],
    ] as const) {
      const bench = new Bench();
      const client = await bench.client("s");
      client.send(1, "closeSession", {});
      client.send(2, "create", { path: "/a", data: null, acl, flags: 0 });
      for (const side of sides) client.at[side]?.send(replyFrame("closeSession", { xid: 1, zxid: 100 }));
      if (answer !== undefined) client.at.candidate?.send(answer);
      for (const side of sides) client.at[side]?.hangUp();
      await bench.crosscheck.settled();
      expect(bench.steps().map(({ op, verdict }) => `${op} ${verdict}`)).toEqual([
        "closeSession match",
        isWrong ? "create diverges" : "create match",
      ]);
      await bench.crosscheck.close();
    }
  });

  test("what a session should hear of before it is closed is missed when it does not come", async () => {
    const bench = new Bench();
    const client = await bench.client("s");
    client.send(1, "exists", { path: "/a", watch: true });
    answer(client, exists(1), 7);
    client.send(2, "closeSession", {});
    client.at.oracle?.send(eventFrame(eventTypes.deleted, "/a"));
    for (const side of sides) client.at[side]?.send(replyFrame("closeSession", { xid: 2, zxid: 200 }));
    for (const side of sides) client.at[side]?.hangUp();
    await bench.crosscheck.settled();
    expect(bench.divergences()).toMatchObject([{ differences: [{ is: "absent", at: "event", on: "candidate" }] }]);
    await bench.crosscheck.close();
  });

  test("a reply that a reset lost, because a server hung up with something unread, proves nothing", async () => {
    for (const isUnread of [false, true]) {
      const bench = new Bench();
      const client = await bench.client("s");
      client.send(1, "closeSession", {});
      if (isUnread) client.send(2, "create", { path: "/a", data: null, acl, flags: 0 });
      client.at.oracle?.send(replyFrame("closeSession", { xid: 1, zxid: 100 }));
      for (const side of sides) client.at[side]?.hangUp();
      await bench.crosscheck.settled();
      expect(bench.steps()[0]).toMatchObject({ op: "closeSession", verdict: isUnread ? "unchecked" : "diverges" });
      await bench.crosscheck.close();
    }
  });

  test("one side hanging up over a request is a divergence; the client is served on", async () => {
    const bench = new Bench();
    const client = await bench.client("s");
    client.send(1, "delete", { path: "/a", version: -1 });
    client.at.candidate?.hangUp();
    client.at.oracle?.send(deleted(1)(101));
    await bench.crosscheck.settled();
    expect(bench.divergences()).toMatchObject([
      { operation: "delete", differences: [{ is: "closed", on: "candidate", died: false }] },
    ]);
    client.send(2, "delete", { path: "/b", version: -1 });
    client.at.oracle?.send(deleted(2)(102));
    expect(client.frames.length).toBe(2);
    expect(bench.steps().at(-1)).toMatchObject({ verdict: "unchecked" });
    expect(bench.divergences().length).toBe(1);
    await bench.crosscheck.close();
  });

  test.each([
    ["behind a request is put down to it", 0, "delete"],
    ["after a silence is put down to that", 1_100, "expire"],
  ])("one side hanging up %s", async (_, silentMs, operation) => {
    const bench = new Bench();
    const client = await bench.client("s");
    client.send(1, "delete", { path: "/a", version: -1 });
    answer(client, deleted(1));
    await sleep(silentMs);
    client.at.candidate?.hangUp();
    await bench.crosscheck.settled();
    expect(bench.divergences()).toMatchObject([{ operation, differences: [{ is: "closed", on: "candidate" }] }]);
    await bench.crosscheck.close();
  });

  test("a candidate that dies over a request is named; an oracle that dies is an event of operations", async () => {
    for (const side of sides) {
      const bench = new Bench({ answerFrom: side === "candidate" ? "oracle" : "candidate" });
      const client = await bench.client("s");
      client.send(1, "delete", { path: "/a", version: -1 });
      bench.servers[side].serving = false;
      client.at[side]?.hangUp();
      await bench.crosscheck.settled();
      expect(bench.lines).toContainEqual(expect.objectContaining({ event: "side", on: side, state: "lost" }));
      const died = side === "candidate" ? [{ differences: [{ is: "closed", on: side, died: true }] }] : [];
      expect(bench.divergences()).toMatchObject(died);
      await bench.crosscheck.close();
    }
  });

  test("when the truth dies the survivor's answers go on to the client, from where they were", async () => {
    const bench = new Bench();
    const client = await bench.client("s");
    client.send(1, "exists", { path: "/a", watch: true });
    answer(client, exists(1));
    client.send(2, "exists", { path: "/b", watch: false });
    client.at.candidate?.send(eventFrame(eventTypes.created, "/a"));
    client.at.candidate?.send(exists(2)(2));
    bench.servers.oracle.serving = false;
    client.at.oracle?.hangUp();
    await bench.crosscheck.settled();
    client.send(3, "exists", { path: "/c", watch: false });
    client.at.candidate?.send(exists(3)(2));
    expect(client.frames.map((frame) => frame.readInt32BE(0))).toEqual([1, -1, 2, 3]);
    expect(client.hasEnded()).toBe(false);
    await bench.crosscheck.close();
  });

  test("a truth that dies over a request leaves the client the survivor's answer to it", async () => {
    for (const isAnsweredBefore of [true, false]) {
      const bench = new Bench({ answerFrom: "candidate" });
      const client = await bench.client("s");
      client.send(1, "delete", { path: "/a", version: -1 });
      if (isAnsweredBefore) client.at.oracle?.send(deleted(1)(101));
      bench.servers.candidate.serving = false;
      client.at.candidate?.hangUp();
      await bench.crosscheck.settled();
      if (!isAnsweredBefore) client.at.oracle?.send(deleted(1)(101));
      expect(client.frames).toEqual([deleted(1)(101)]);
      expect(bench.divergences()).toMatchObject([{ differences: [{ is: "closed", on: "candidate", died: true }] }]);
      await bench.crosscheck.close();
    }
  });

  test("what differs after one-sided writes of a case is unchecked, other cases are not touched", async () => {
    const bench = new Bench();
    const client = await bench.client("s");
    client.at.candidate?.hangUp();
    await bench.crosscheck.settled();
    client.send(1, "create", { path: "/a", data: null, acl, flags: 0 });
    client.at.oracle?.send(replyFrame("create", { xid: 1, zxid: 101, body: { path: "/a" } }));
    const verdictOf = async (name: string) => {
      const reader = await bench.client("reader", { case: name });
      reader.send(1, "exists", { path: "/a", watch: false });
      reader.at.candidate?.send(replyFrame("exists", { xid: 1, err: "NONODE" }));
      reader.at.oracle?.send(exists(1)(101));
      return bench.steps().at(-1)?.verdict;
    };
    expect(await verdictOf("c")).toBe("unchecked");
    expect(await verdictOf("other")).toBe("diverges");
    expect(bench.divergences().map(({ verdict }) => verdict)).not.toContain("unchecked");
    await bench.crosscheck.close();
  });

  test("a closing session hears of its own ephemerals in any order", async () => {
    const bench = new Bench();
    const client = await bench.client("s");
    for (const [xid, path] of [[1, "/a"] as const, [2, "/b"] as const]) {
      client.send(xid, "create", { path, data: null, acl, flags: 1 });
      answer(client, (zxid) => replyFrame("create", { xid, zxid, body: { path } }), xid);
      client.send(xid + 2, "exists", { path, watch: true });
      answer(client, exists(xid + 2), xid);
    }
    client.send(5, "closeSession", {});
    const [a, b] = [eventFrame(eventTypes.deleted, "/a"), eventFrame(eventTypes.deleted, "/b")];
    for (const frame of [a, b]) client.at.candidate?.send(frame);
    for (const frame of [b, a]) client.at.oracle?.send(frame);
    answer(client, (zxid) => replyFrame("closeSession", { xid: 5, zxid }), 3);
    expect(bench.lines.filter((line) => line.event === "notification")).toMatchObject([
      { verdict: "match" },
      { verdict: "match" },
    ]);
    expect(bench.divergences()).toEqual([]);
    await bench.crosscheck.close();
  });

  test("an event that one side sends when the client has left still meets its other half", async () => {
    const bench = new Bench();
    const client = await bench.client("s");
    client.send(1, "exists", { path: "/a", watch: true });
    answer(client, exists(1));
    client.send(2, "delete", { path: "/a", version: -1 });
    client.at.oracle?.send(eventFrame(eventTypes.deleted, "/a"));
    client.at.oracle?.send(deleted(2)(102));
    client.send(3, "closeSession", {});
    client.at.oracle?.send(replyFrame("closeSession", { xid: 3, zxid: 103 }));
    client.close();
    client.at.candidate?.send(eventFrame(eventTypes.deleted, "/a"));
    client.at.candidate?.send(deleted(2)(2));
    client.at.candidate?.send(replyFrame("closeSession", { xid: 3, zxid: 3 }));
    expect(bench.lines.filter((line) => line.event === "notification")).toMatchObject([{ verdict: "match" }]);
    expect(bench.divergences()).toEqual([]);
    await bench.crosscheck.close();
  });

  test("requests sent before the client left are still sent and compared", async () => {
    const bench = new Bench();
    const [x, y] = [await bench.client("x"), await bench.client("y")];
    x.send(1, "delete", { path: "/a", version: -1 });
    y.send(1, "delete", { path: "/a", version: -1 });
    y.close();
    expect(y.at.oracle?.closedWith).toBeUndefined();
    answer(x, deleted(1), 1);
    expect(gotOps(y, "oracle")).toEqual(["delete"]);
    answer(y, (zxid) => replyFrame("delete", { xid: 1, zxid, err: "NONODE" }), 2);
    expect(bench.steps().map(({ session, verdict }) => `${session} ${verdict}`)).toEqual(["x match", "y match"]);
    expect(y.at.oracle?.closedWith).toBeDefined();
    expect(y.frames).toEqual([]);
    await bench.crosscheck.close();
  });
});

/** Requests 1 and 2: a container, and its child `x`. From now on it may be reaped. */
function containerWithChild(client: ScriptedClient, path: string): void {
  client.send(1, "createContainer", { path, data: null, acl, flags: 4 });
  answer(client, (zxid) => replyFrame("createContainer", { xid: 1, zxid, body: { path, stat: stat() } }));
  client.send(2, "create", { path: `${path}/x`, data: null, acl, flags: 0 });
  answer(client, (zxid) => replyFrame("create", { xid: 2, zxid, body: { path: `${path}/x` } }), 2);
}

test.each([
  ["both in the end", "NONODE", "timing"],
  ["one side alone", "OK", "diverges"],
] as const)("a container that is gone on %s is given a reaper's time", async (_, oracleSays, verdict) => {
  const bench = new Bench({ reapEveryMs: 150 });
  const client = await bench.client("s");
  containerWithChild(client, "/c");
  client.send(3, "delete", { path: "/c/x", version: -1 });
  answer(client, deleted(3), 3);
  client.send(4, "exists", { path: "/c", watch: false });
  const gone = (xid: number, zxid = 4) => replyFrame("exists", { xid, zxid, err: "NONODE" });
  const there = (xid: number) => replyFrame("exists", { xid, zxid: 104, body: { stat: stat() } });
  client.at.candidate?.send(gone(4));
  client.at.oracle?.send(there(4));
  await sleep(100);
  expect(gotOps(client, "candidate")).toEqual(["createContainer", "create", "delete", "exists"]);
  await expect.poll(() => gotOps(client, "oracle")[4], { interval: 5 }).toBe("exists");
  const again = client.at.oracle?.got.at(-1);
  client.at.candidate?.send(gone(again?.xid ?? 0));
  client.at.oracle?.send(oracleSays === "OK" ? there(again?.xid ?? 0) : gone(again?.xid ?? 0, 104));
  expect(bench.steps().map((step) => step.verdict)).toEqual(["match", "match", "match", verdict]);
  await bench.crosscheck.close();
});

test.each([
  ["is quick", 60, true],
  ["takes its time", 1_000, false],
] as const)(
  "a case does not end before a doubt is resolved whose reaper %s: %i ms, %s",
  async (_, reapEveryMs, isWaitedFor) => {
    const bench = new Bench({ settleMs: 40, reapEveryMs });
    const client = await bench.client("s");
    containerWithChild(client, "/c");
    client.send(3, "exists", { path: "/c", watch: false });
    client.at.candidate?.send(replyFrame("exists", { xid: 3, zxid: 4, err: "NONODE" }));
    client.at.oracle?.send(replyFrame("exists", { xid: 3, zxid: 104, body: { stat: stat() } }));
    let isSettled = false;
    const settled = bench.crosscheck.settled("c").then(() => {
      isSettled = true;
    });
    await expect.poll(() => isSettled || gotOps(client, "oracle")[3] === "exists", { interval: 5 }).toBe(true);
    expect(isSettled).toBe(!isWaitedFor);
    await bench.crosscheck.close();
    await settled;
  },
);

test.each([
  ["both count the same in the end", 1, "timing"],
  ["they never do", 2, "diverges"],
] as const)("a quota counts a container that may be gone, and %s", async (_, oracleSays, verdict) => {
  const bench = new Bench({ reapEveryMs: 150 });
  const client = await bench.client("s");
  containerWithChild(client, "/c");
  const counted = (xid: number, zxid: number, count: number) =>
    replyFrame("getData", { xid, zxid, body: { data: Buffer.from(`count=${count},bytes=0`), stat: stat() } });
  client.send(3, "getData", { path: "/zookeeper/quota/c/zookeeper_stats", watch: false });
  client.at.candidate?.send(counted(3, 2, 1));
  client.at.oracle?.send(counted(3, 102, 2));
  await expect.poll(() => gotOps(client, "oracle")[3], { interval: 5 }).toBe("getData");
  const again = client.at.oracle?.got.at(-1)?.xid ?? 0;
  client.at.candidate?.send(counted(again, 2, 1));
  client.at.oracle?.send(counted(again, 102, oracleSays));
  expect(bench.steps().map((step) => step.verdict)).toEqual(["match", "match", verdict]);
  await bench.crosscheck.close();
});

test("a quota that counts something else is excused by no container", async () => {
  const bench = new Bench({ reapEveryMs: 150 });
  const client = await bench.client("s");
  containerWithChild(client, "/c");
  client.send(3, "getData", { path: "/zookeeper/quota/d/zookeeper_stats", watch: false });
  client.at.candidate?.send(replyFrame("getData", { xid: 3, zxid: 2, body: { data: Buffer.from("1"), stat: stat() } }));
  client.at.oracle?.send(replyFrame("getData", { xid: 3, zxid: 102, body: { data: Buffer.from("2"), stat: stat() } }));
  expect(bench.steps().map((step) => step.verdict)).toEqual(["match", "match", "diverges"]);
  await bench.crosscheck.close();
});

test("above a container that may have gone, which child was the last to come or go is timing; at the container itself it is not", async () => {
  const bench = new Bench();
  const client = await bench.client("s");
  containerWithChild(client, "/p/c");
  for (const [xid, path] of [
    [3, "/p"],
    [4, "/p/c/x"],
    [5, "/p/c"],
  ] as const) {
    client.send(xid, "exists", { path, watch: false });
    client.at.candidate?.send(replyFrame("exists", { xid, zxid: 2, body: { stat: stat({ pzxid: 1 }) } }));
    client.at.oracle?.send(replyFrame("exists", { xid, zxid: 102, body: { stat: stat({ pzxid: 102 }) } }));
  }
  expect(bench.steps().map((step) => step.verdict)).toEqual(["match", "match", "timing", "diverges", "diverges"]);
  await bench.crosscheck.close();
});

test.each([
  ["create", "may have gone", "/c/y", "timing"],
  ["delete", "may have gone", "/c/y", "timing"],
  ["create", "stays", "/p/y", "diverges"],
  ["delete", "stays", "/p/y", "diverges"],
] as const)("whether a %s below what %s lacks permission or a parent", async (op, _, path, verdict) => {
  const bench = new Bench();
  const client = await bench.client("s");
  containerWithChild(client, "/c");
  client.send(3, "delete", { path: "/c/x", version: -1 });
  answer(client, deleted(3), 3);
  if (op === "create") client.send(4, op, { path, data: null, acl, flags: 0 });
  else client.send(4, op, { path, version: -1 });
  client.at.candidate?.send(replyFrame(op, { xid: 4, zxid: 4, err: "NOAUTH" }));
  client.at.oracle?.send(replyFrame(op, { xid: 4, zxid: 104, err: "NONODE" }));
  expect(bench.steps().map((step) => step.verdict)).toEqual(["match", "match", "match", verdict]);
  await bench.crosscheck.close();
});

test.each([
  ["holds a container that may be gone", "/p/c", "timing"],
  ["holds something else", "/q/c", "diverges"],
] as const)("a multi that deletes what %s may be refused on one side alone", async (_, path, verdict) => {
  const bench = new Bench();
  const client = await bench.client("s");
  containerWithChild(client, path);
  const ops = [1, 2].map((n) => multiOp(opcodes.delete.code, { path: n === 1 ? "/p" : "/d", version: -1 }));
  client.send(3, "multi", ops);
  const result = (type: number, err: number) => ({
    header: { type, done: false, err: type < 0 ? err : 0 },
    body: { err },
  });
  const reply = (zxid: number, body: SequenceItem[]) => replyFrame("multi", { xid: 3, zxid, body });
  client.at.candidate?.send(
    reply(
      3,
      ops.map(() => result(opcodes.delete.code, 0)),
    ),
  );
  client.at.oracle?.send(reply(103, [result(-1, errorCodes.NOTEMPTY), result(-1, errorCodes.RUNTIMEINCONSISTENCY)]));
  expect(bench.steps().at(-1)?.verdict).toBe(verdict);
  await bench.crosscheck.close();
});

test("a case in which a container's end let a write through on one side alone has drifted", async () => {
  const bench = new Bench();
  const client = await bench.client("s", { case: "short" });
  containerWithChild(client, "/c");
  client.send(3, "delete", { path: "/c/x", version: -1 });
  answer(client, deleted(3), 3);
  client.send(4, "setData", { path: "/c", data: null, version: -1 });
  client.at.candidate?.send(replyFrame("setData", { xid: 4, zxid: 4, body: { stat: stat({ version: 1 }) } }));
  client.at.oracle?.send(replyFrame("setData", { xid: 4, zxid: 104, err: "NONODE" }));
  client.send(5, "create", { path: "/d", data: null, acl, flags: 0 });
  client.at.candidate?.send(replyFrame("create", { xid: 5, zxid: 5, body: { path: "/d" } }));
  client.at.oracle?.send(replyFrame("create", { xid: 5, zxid: 105, err: "NODEEXISTS" }));
  expect(bench.steps().map((step) => step.verdict)).toEqual(["match", "match", "match", "timing", "unchecked"]);
  await bench.crosscheck.close();
});

test.each([
  ["may be gone", true, "timing"],
  ["stands", false, "diverges"],
] as const)("a container that %s may be watched on one side alone", async (_, isEmpty, verdict) => {
  const bench = new Bench({ settleMs: 50, reapEveryMs: 50 });
  const client = await bench.client("s");
  client.send(1, "createContainer", { path: "/c", data: null, acl, flags: 4 });
  answer(client, (zxid) => replyFrame("createContainer", { xid: 1, zxid, body: { path: "/c", stat: stat() } }));
  if (isEmpty) {
    client.send(2, "create", { path: "/c/x", data: null, acl, flags: 0 });
    answer(client, (zxid) => replyFrame("create", { xid: 2, zxid, body: { path: "/c/x" } }), 2);
    client.send(3, "delete", { path: "/c/x", version: -1 });
    answer(client, deleted(3), 3);
  }
  client.send(4, "setWatches", { relativeZxid: 3, dataWatches: [], existWatches: ["/c"], childWatches: [] });
  client.at.candidate?.send(eventFrame(eventTypes.created, "/c"));
  answer(client, (zxid) => replyFrame("setWatches", { xid: 4, zxid }), 3);
  const event = () => bench.lines.filter((line) => line.event === "notification");
  await expect.poll(event, { interval: 5 }).toMatchObject([{ type: "NodeCreated", verdict }]);
  await bench.crosscheck.close();
});

test.each([
  ["a child of it may be gone", "/p/c", "match"],
  ["that is no child of it", "/q/c", "diverges"],
] as const)("news of a znode's data and of its children change places where %s", async (_, path, verdict) => {
  const bench = new Bench();
  const client = await bench.client("s");
  containerWithChild(client, path);
  client.send(3, "delete", { path: `${path}/x`, version: -1 });
  answer(client, deleted(3), 3);
  client.send(4, "addWatch", { path: "/p", mode: 0 });
  answer(client, (zxid) => replyFrame("addWatch", { xid: 4, zxid }), 3);
  const [data, children] = [eventFrame(eventTypes.dataChanged, "/p"), eventFrame(eventTypes.childrenChanged, "/p")];
  for (const frame of [data, children]) client.at.candidate?.send(frame);
  for (const frame of [children, data]) client.at.oracle?.send(frame);
  client.send(5, "exists", { path: "/e", watch: false });
  answer(client, (zxid) => replyFrame("exists", { xid: 5, zxid, err: "NONODE" }), 4);
  expect(bench.lines.filter((line) => line.event === "notification")).toMatchObject([
    { verdict: "match" },
    { verdict },
  ]);
  await bench.crosscheck.close();
});

test.each([
  ["below another that may go", "/c/d"],
  ["below a znode that stays", "/p/d"],
])("the end of a container %s is told late by the slower reaper", async (_, path) => {
  const bench = new Bench({ settleMs: 20, reapEveryMs: 2_000 });
  const client = await bench.client("s");
  const parent = path.slice(0, 2);
  if (parent === "/c") containerWithChild(client, parent);
  containerWithChild(client, path);
  client.send(3, "addWatch", { path: parent, mode: 0 });
  answer(client, (zxid) => replyFrame("addWatch", { xid: 3, zxid }), 3);
  const news = eventFrame(eventTypes.childrenChanged, parent);
  client.at.candidate?.send(news);
  await sleep(100);
  client.at.oracle?.send(news);
  client.send(4, "ping", {});
  answer(client, () => replyFrame("ping", { xid: -2, zxid: 9 }), 4);
  const told = () => bench.lines.filter((line) => line.event === "notification");
  await expect.poll(told, { interval: 5 }).toMatchObject([{ type: "NodeChildrenChanged", verdict: "match" }]);
  await bench.crosscheck.close();
});

test.each([
  ["may be gone", "after", "timing"],
  ["cannot be gone yet", "before", "diverges"],
] as const)(
  "a watch that stays, set when a container below it %s, tells of it on one side alone or not",
  async (_, set, verdict) => {
    const bench = new Bench({ settleMs: 50, reapEveryMs: 50 });
    const client = await bench.client("s");
    const watch = () => {
      client.send(7, "addWatch", { path: "/", mode: 1 });
      answer(client, (zxid) => replyFrame("addWatch", { xid: 7, zxid }), 1);
    };
    if (set === "before") watch();
    await sleep(5);
    containerWithChild(client, "/c");
    await sleep(5);
    if (set === "after") watch();
    client.at.oracle?.send(eventFrame(eventTypes.deleted, "/c"));
    const deleted = () => bench.lines.filter((line) => line.event === "notification" && line.type === "NodeDeleted");
    await expect.poll(deleted, { interval: 5 }).toMatchObject([{ verdict }]);
    await bench.crosscheck.close();
  },
);

test.each([
  ["in the same millisecond", 0],
  ["later", 1],
])("a watch that stays is there before what its request held up, which is sent %s", async (_, tickMs) => {
  const clock = vi.spyOn(Date, "now");
  let now = Date.now();
  const bench = new Bench({ settleMs: 50, reapEveryMs: 50 });
  const [watcher, maker] = [await bench.client("s"), await bench.client("o")];
  watcher.send(1, "addWatch", { path: "/", mode: 1 });
  maker.send(1, "createTTL", { path: "/t", data: null, acl, flags: 5, ttl: 1n });
  expect(gotOps(maker, "oracle")).toEqual([]);
  clock.mockImplementation(() => {
    now += tickMs;
    return now;
  });
  answer(watcher, (zxid) => replyFrame("addWatch", { xid: 1, zxid }));
  clock.mockRestore();
  answer(maker, (zxid) => replyFrame("createTTL", { xid: 1, zxid, body: { path: "/t", stat: stat() } }), 2);
  watcher.at.oracle?.send(eventFrame(eventTypes.deleted, "/t"));
  const event = () => bench.lines.filter((line) => line.event === "notification");
  await expect.poll(event, { interval: 5 }).toMatchObject([{ type: "NodeDeleted", verdict: "diverges" }]);
  await bench.crosscheck.close();
});

test("a list without a container that one side still shows is watched on both, but not for its going", async () => {
  const bench = new Bench({ settleMs: 50, reapEveryMs: 50 });
  const client = await bench.client("s");
  containerWithChild(client, "/c");
  client.send(3, "getChildren", { path: "/", watch: true });
  client.at.candidate?.send(replyFrame("getChildren", { xid: 3, zxid: 3, body: { children: [] } }));
  client.at.oracle?.send(replyFrame("getChildren", { xid: 3, zxid: 103, body: { children: ["c"] } }));
  client.at.oracle?.send(eventFrame(eventTypes.childrenChanged, "/"));
  const event = () => bench.lines.filter((line) => line.event === "notification");
  await expect.poll(event, { interval: 5 }).toMatchObject([{ type: "NodeChildrenChanged", verdict: "timing" }]);
  await bench.crosscheck.close();
});

test("a read that finds a container on one side alone leaves a watch there alone", async () => {
  const bench = new Bench({ settleMs: 50, reapEveryMs: 50 });
  const client = await bench.client("s");
  containerWithChild(client, "/c");
  client.send(3, "delete", { path: "/c/x", version: -1 });
  answer(client, deleted(3), 3);
  client.send(4, "getData", { path: "/c", watch: true });
  client.at.candidate?.send(replyFrame("getData", { xid: 4, zxid: 4, err: "NONODE" }));
  client.at.oracle?.send(replyFrame("getData", { xid: 4, zxid: 103, body: { data: null, stat: stat() } }));
  client.at.oracle?.send(eventFrame(eventTypes.deleted, "/c"));
  const event = () => bench.lines.filter((line) => line.event === "notification");
  await expect.poll(event, { interval: 5 }).toMatchObject([{ type: "NodeDeleted", verdict: "timing" }]);
  await bench.crosscheck.close();
});

test.each([
  ["may go by itself", true, "match"],
  ["was made by somebody", false, "diverges"],
] as const)("the removal of a znode that %s may come before or behind what others do", async (_, isEmpty, verdict) => {
  const bench = new Bench({ settleMs: 50, reapEveryMs: 50 });
  const client = await bench.client("s");
  containerWithChild(client, isEmpty ? "/c" : "/d");
  const [gone, written] = [eventFrame(eventTypes.deleted, "/c"), eventFrame(eventTypes.dataChanged, "/b")];
  for (const frame of [gone, written]) client.at.candidate?.send(frame);
  for (const frame of [written, gone]) client.at.oracle?.send(frame);
  client.send(3, "ping", {});
  answer(client, (zxid) => replyFrame("ping", { xid: 3, zxid }), 3);
  const events = () => bench.lines.filter((line) => line.event === "notification");
  await expect.poll(events, { interval: 5 }).toHaveLength(2);
  expect(events().map((line) => line.verdict)).toContain(verdict);
  expect(bench.divergences()).toHaveLength(isEmpty ? 0 : 1);
  await bench.crosscheck.close();
});

test("two watches on a container that was made anew as something that stays, each on one side alone, are nobody's fault", async () => {
  const bench = new Bench({ settleMs: 50, reapEveryMs: 50 });
  const [client, watcher] = [await bench.client("s"), await bench.client("w")];
  containerWithChild(client, "/c");
  client.send(3, "delete", { path: "/c/x", version: -1 });
  answer(client, deleted(3), 3);
  watcher.send(1, "exists", { path: "/c", watch: true });
  watcher.at.candidate?.send(replyFrame("exists", { xid: 1, zxid: 4, err: "NONODE" }));
  watcher.at.oracle?.send(exists(1)(103));
  watcher.at.oracle?.send(eventFrame(eventTypes.deleted, "/c"));
  client.send(4, "create", { path: "/c", data: null, acl, flags: 0 });
  answer(client, (zxid) => replyFrame("create", { xid: 4, zxid, body: { path: "/c" } }), 5);
  watcher.at.candidate?.send(eventFrame(eventTypes.created, "/c"));
  const events = () => bench.lines.filter((line) => line.event === "notification");
  await expect.poll(events, { interval: 5 }).toHaveLength(2);
  expect(events().map((line) => line.verdict)).toEqual(["timing", "timing"]);
  await bench.crosscheck.close();
});

test.each(["removeWatches", "checkWatches"] as const)(
  "%s is answered by chance where a watch may stand on one side alone",
  async (op) => {
    const bench = new Bench({ settleMs: 50, reapEveryMs: 50 });
    const client = await bench.client("s");
    containerWithChild(client, "/c");
    client.send(3, "getChildren", { path: "/c", watch: true });
    client.at.candidate?.send(replyFrame("getChildren", { xid: 3, zxid: 3, err: "NONODE" }));
    client.at.oracle?.send(replyFrame("getChildren", { xid: 3, zxid: 103, body: { children: [] } }));
    for (const [xid, path] of [
      [4, "/c"],
      [5, "/elsewhere"],
    ] as const) {
      client.send(xid, op, { path, type: 3 });
      client.at.candidate?.send(replyFrame(op, { xid, zxid: 3, err: "NOWATCHER" }));
      client.at.oracle?.send(replyFrame(op, { xid, zxid: 103 }));
    }
    const verdicts = bench.steps().filter((step) => step.op === op);
    expect(verdicts).toMatchObject([
      { path: "/c", verdict: "timing" },
      { path: "/elsewhere", verdict: "diverges" },
    ]);
    await bench.crosscheck.close();
  },
);

const listed = (xid: number, zxid: number, children: readonly string[]) =>
  replyFrame("getChildren", { xid, zxid, body: { children: [...children] } });

test.each([
  ["the same children", ["c", "d"], ["c", "d"], "OK", ["diverges"]],
  ["children that cannot be gone", ["c"], ["c", "d"], "OK", ["diverges"]],
  ["the same children, and agree now", ["c", "d"], ["c", "d"], "agree", ["timing"]],
  ["a container less on one side", ["d"], ["c", "d"], "OK", []],
] as const)("a count of children is looked into at once: %s", async (_, mine, theirs, again, verdicts) => {
  const bench = new Bench({ reapEveryMs: 150 });
  const client = await bench.client("s");
  containerWithChild(client, "/p/c");
  const counted = (xid: number, zxid: number, numChildren: number) =>
    replyFrame("exists", { xid, zxid, body: { stat: stat({ numChildren }) } });
  client.send(3, "exists", { path: "/p", watch: true });
  client.at.candidate?.send(counted(3, 2, 1));
  client.at.oracle?.send(counted(3, 102, 2));
  await expect
    .poll(() => gotOps(client, "oracle").slice(3), { interval: 1 })
    .toEqual(["getChildren", "exists", "getChildren"]);
  for (const [i, { xid }] of (client.at.oracle?.got ?? []).slice(3).entries())
    for (const side of sides) {
      const zxid = side === "oracle" ? 102 : 2;
      const children = side === "oracle" ? theirs : mine;
      const agrees = side === "oracle" || again === "agree";
      const frame = i === 1 ? counted(xid, zxid, agrees ? 2 : 1) : listed(xid, zxid, children);
      client.at[side]?.send(frame);
    }
  expect(bench.steps().map((step) => step.verdict)).toEqual(["match", "match", ...verdicts]);
  await bench.crosscheck.close();
});

test.each([
  ["createContainer", { flags: 4 }],
  ["createTTL", { flags: 5, ttl: 60_000 }],
] as const)("what a %s has made cannot be gone yet", async (op, how) => {
  const bench = new Bench({ reapEveryMs: 150 });
  const client = await bench.client("s");
  client.send(1, op, { path: "/c", data: null, acl, ...how });
  answer(client, (zxid) => replyFrame(op, { xid: 1, zxid, body: { path: "/c", stat: stat() } }));
  client.send(2, "exists", { path: "/c", watch: false });
  client.at.candidate?.send(replyFrame("exists", { xid: 2, zxid: 1, err: "NONODE" }));
  client.at.oracle?.send(replyFrame("exists", { xid: 2, zxid: 101, body: { stat: stat() } }));
  expect(bench.steps().map((step) => step.verdict)).toEqual(["match", "diverges"]);
  await bench.crosscheck.close();
});

test.each([
  ["may expire on one side first", 1_000, "timing"],
  ["must expire on the other side too, within the window", 150, "diverges"],
] as const)(
  "a session of which the servers have heard nothing %s, whatever waits for its turn",
  async (_what, timeOut, verdict) => {
    const bench = new Bench({ settleMs: 160, replyWaitMs: 5_000 });
    for (const side of sides) bench.servers[side].timeOut = timeOut;
    const [x, y] = [await bench.client("x"), await bench.client("y")];
    x.send(1, "delete", { path: "/a", version: -1 });
    await sleep(600);
    y.send(1, "delete", { path: "/a", version: -1 });
    expect(gotOps(y, "oracle")).toEqual([]);
    y.at.oracle?.hangUp();
    const verdicts = () => bench.lines.flatMap((line) => (line.event === "step" ? [line.verdict] : []));
    await expect.poll(verdicts, { interval: 5, timeout: 5_000 }).toContain(verdict);
    const others = bench.divergences().filter((line) => line.verdict === "diverges" && verdict === "timing");
    expect(others).toEqual([]);
    await bench.crosscheck.close();
  },
);

test.each([
  ["and was heard of all along cannot have expired", 0, "answered", "diverges"],
  ["behind a long silence may have expired all the same", 700, "answered", "timing"],
  ["but got no answer may have expired", 0, "open", "timing"],
] as const)("a session that asked just before one side hung up %s", async (_what, silenceMs, is, verdict) => {
  const bench = new Bench({ settleMs: 700, replyWaitMs: 5_000 });
  for (const side of sides) bench.servers[side].timeOut = 1_000;
  const client = await bench.client("x");
  await sleep(silenceMs);
  client.send(1, "getData", { path: "/a", watch: false });
  const absent = replyFrame("getData", { xid: 1, zxid: 1, err: "NONODE" });
  client.at.oracle?.send(absent);
  if (is === "answered") client.at.candidate?.send(absent);
  await sleep(100);
  client.at.candidate?.hangUp();
  await expect.poll(() => bench.steps().at(-1)?.verdict, { interval: 5, timeout: 5_000 }).toBe(verdict);
  await bench.crosscheck.close();
});

test("of a case whose session was resumed on one side, just before it expired there too, nothing is held against anybody", async () => {
  const bench = new Bench();
  for (const side of sides) bench.servers[side].timeOut = 200;
  const first = await bench.client("x");
  first.close();
  await sleep(150);
  bench.servers.candidate.answer = "refused";
  await bench.client("x", { sessionId: 5000, passwd: Buffer.alloc(16, 5000 % 251) });
  bench.servers.candidate.answer = "granted";
  const other = await bench.client("y");
  other.send(1, "getChildren", { path: "/a", watch: false });
  other.at.candidate?.send(replyFrame("getChildren", { xid: 1, body: { children: [] } }));
  other.at.oracle?.send(replyFrame("getChildren", { xid: 1, zxid: 101, body: { children: ["e"] } }));
  const verdicts = bench.lines.flatMap((line) => (line.event === "step" ? [line.verdict] : []));
  expect(verdicts).toEqual(["match", "timing", "match", "unchecked"]);
  await bench.crosscheck.close();
});

test("a session that one side granted long after the other may be over on that one first", async () => {
  const bench = new Bench({ settleMs: 20, replyWaitMs: 1_000 });
  for (const side of sides) bench.servers[side].timeOut = 300;
  bench.servers.oracle.opensInMs = 250;
  const client = await bench.client("x");
  client.at.candidate?.hangUp();
  client.send(1, "exists", { path: "/a", watch: false });
  client.at.oracle?.send(exists(1)(101));
  await bench.crosscheck.settled();
  const verdicts = bench.lines.flatMap((line) => (line.event === "step" ? [line.verdict] : []));
  expect(verdicts).toEqual(["match", "timing", "unchecked"]);
  await bench.crosscheck.close();
});

test.each(["while a server was away", "before a server died under it"])(
  "a session that stood on one side alone may be gone from the other: begun %s",
  async (begun) => {
    const bench = new Bench();
    const { oracle } = bench.servers;
    const goes = () => Object.assign(oracle, { serving: false, answer: "closed" });
    if (begun === "while a server was away") goes();
    const first = await bench.client("x", { case: unlabelled });
    goes();
    if (begun === "before a server died under it") first.at.oracle?.hangUp();
    await bench.crosscheck.settled();
    first.send(1, "exists", { path: "/a", watch: false });
    first.at.candidate?.send(exists(1)(1));
    const { sessionId } = first.opened.is === "granted" ? first.opened.session.granted : { sessionId: 0 };
    first.close();
    await bench.crosscheck.settled();
    Object.assign(oracle, { serving: true, answer: "refused" });
    const passwd = Buffer.alloc(16, Number(sessionId) % 251);
    await bench.client("x", { case: unlabelled, sessionId, passwd });
    expect(bench.divergences()).toEqual([]);
    expect(bench.lines.findLast((line) => line.event === "step")).toMatchObject({
      op: "connect",
      verdict: "unchecked",
    });
    await bench.crosscheck.close();
  },
);

test("a session's znodes may go from the side that died under it while the other side keeps it alive", async () => {
  const bench = new Bench();
  const x = await bench.client("x");
  bench.servers.oracle.serving = false;
  x.at.oracle?.hangUp();
  await bench.crosscheck.settled();
  bench.servers.oracle.serving = true;
  const y = await bench.client("y");
  y.send(1, "exists", { path: "/a", watch: false });
  y.at.candidate?.send(exists(1)(1));
  y.at.oracle?.send(replyFrame("exists", { xid: 1, zxid: 101, err: "NONODE" }));
  await bench.crosscheck.settled();
  expect(bench.steps().map((step) => step.verdict)).toEqual(["unchecked"]);
  await bench.crosscheck.close();
});

test.each([
  ["has left", "when the other side has noticed too", "NOWATCHER", "timing"],
  ["has left", "if one side goes on seeing them", "OK", "diverges"],
  ["is leaving", "when the other side has noticed too", "NOWATCHER", "timing"],
] as const)("watches of a client that %s are asked after again: %s", async (how, _, again, verdict) => {
  const bench = new Bench({ settleMs: 40 });
  const [x, y] = [await bench.client("x"), await bench.client("y")];
  const check = (xid: number, zxid: number, err: "OK" | "NOWATCHER") =>
    replyFrame("checkWatches", { xid, zxid, ...(err === "OK" ? {} : { err }) });
  if (how === "has left") x.close();
  else x.send(1, "closeSession", {});
  y.send(1, "checkWatches", { path: "/a", type: 3 });
  y.at.candidate?.send(check(1, 1, "OK"));
  y.at.oracle?.send(check(1, 101, "NOWATCHER"));
  expect(bench.steps()).toEqual([]);
  await expect.poll(() => gotOps(y, "oracle")[1], { interval: 1 }).toBe("checkWatches");
  const xid = y.at.oracle?.got.at(-1)?.xid ?? 0;
  y.at.candidate?.send(check(xid, 1, again));
  y.at.oracle?.send(check(xid, 101, "NOWATCHER"));
  expect(bench.steps().map((step) => step.verdict)).toEqual([verdict]);
  await bench.crosscheck.close();
});

test("what a client still watches on one side alone is held against nobody who asks after it", async () => {
  const bench = new Bench({ settleMs: 40 });
  const [x, y] = [await bench.client("x"), await bench.client("y")];
  x.at.oracle?.hangUp();
  y.send(1, "checkWatches", { path: "/a", type: 3 });
  y.at.candidate?.send(replyFrame("checkWatches", { xid: 1, zxid: 1 }));
  y.at.oracle?.send(replyFrame("checkWatches", { xid: 1, zxid: 101, err: "NOWATCHER" }));
  expect(bench.steps()).toMatchObject([{ session: "y", verdict: "unchecked" }]);
  await bench.crosscheck.close();
});

test("settled waits for the case asked about, and for no other", async () => {
  const bench = new Bench();
  const busy = await bench.client("x", { case: "busy" });
  busy.send(1, "exists", { path: "/a", watch: false });
  await bench.crosscheck.settled("idle");
  let isSettled = false;
  const settled = bench.crosscheck.settled("busy").then(() => {
    isSettled = true;
  });
  await sleep(15);
  expect(isSettled).toBe(false);
  answer(busy, exists(1));
  await settled;
  await bench.crosscheck.close();
});

test("a setWatches is asked with each side's own zxid", async () => {
  const bench = new Bench();
  const client = await bench.client("s");
  client.send(1, "delete", { path: "/a", version: -1 });
  answer(client, deleted(1), 7);
  client.send(-8, "setWatches", { relativeZxid: 107, dataWatches: ["/a"], existWatches: [], childWatches: [] });
  const asked = (side: "candidate" | "oracle") => client.at[side]?.got.at(-1)?.frame.readBigInt64BE(8);
  expect([asked("candidate"), asked("oracle")]).toEqual([7n, 107n]);
  await bench.crosscheck.close();
});
