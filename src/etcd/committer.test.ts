/** The committer against an etcd that loses answers on command. What must hold: an acknowledged write is there, an unacknowledged one is there at
 *  most once, and everybody ends up with the same tree. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { silentLogger } from "../logger.ts";
import type { Change } from "./changes.ts";
import { Committer } from "./committer.ts";
import type { Draft } from "./draft.ts";
import { FakeEtcd } from "./fake-etcd.fixture.ts";
import { Feed } from "./feed.ts";
import { Keyspace, zxidsPerRevision } from "./keyspace.ts";
import type { Write } from "./prepared-batch.ts";
import { HistoryBroken, Replica } from "./replica.ts";
import { loadSnapshot } from "./snapshot.ts";
import { dumpTree } from "./tree-dump.fixture.ts";

const keys = new Keyspace("/t");
const deaf = {
  created() {},
  deleted() {},
  dataChanged() {},
  childrenChanged() {},
  sessionOpened() {},
  sessionClosed() {},
};

interface Names {
  readonly id: string;
  readonly load: number;
  /** Turns of the event loop are counted here, so mostly 0. */
  readonly gatherMs: number;
}

/** A proxy without clients: replica, feed and committer. */
class Member {
  readonly broken: Error[] = [];
  readonly replica: Replica;
  readonly committer: Committer;
  readonly feed: Feed;

  constructor(etcd: FakeEtcd, names: Names, snapshot: Awaited<ReturnType<typeof loadSnapshot>>) {
    this.replica = new Replica(snapshot.tree, deaf);
    const onBroken = (cause: Error) => void this.broken.push(cause);
    const shared = {
      store: etcd.store,
      keys,
      logId: `${names.id}.${names.load}`,
      replica: this.replica,
      log: silentLogger,
    };
    this.committer = new Committer({ ...shared, onBroken, gatherMs: names.gatherMs });
    const listener = { proxyAppeared: () => undefined, proxyGone: () => undefined, broken: onBroken };
    this.feed = new Feed({ ...shared, proxy: names.id, revision: snapshot.revision, listener });
  }

  static async start(etcd: FakeEtcd, id: string, { load = 1, gatherMs = 0 } = {}): Promise<Member> {
    const proxy = new Member(etcd, { id, load, gatherMs }, await loadSnapshot(etcd.store, keys));
    await settle();
    return proxy;
  }

  close(): void {
    this.feed.close();
    this.committer.close(new Error("closed"));
    this.replica.abandon(new Error("closed"));
  }
}

/** Sets the root's data if its version is still `expected` (−1: always), and remembers what became of it. */
class SetRoot implements Write {
  readonly bytes: number;
  readonly #text: string;
  readonly #expected: number;
  prepared = 0;
  #isRefused = false;
  outcome: "waiting" | "done" | "refused" | "lost" = "waiting";
  zxid = 0;

  constructor(text: string, expected = -1, bytes = 10) {
    this.#text = text;
    this.#expected = expected;
    this.bytes = bytes;
  }

  prepare(draft: Draft, at: { zxid: number; timeMs: number }): readonly Change[] | null {
    this.prepared++;
    this.#isRefused = this.#expected !== -1 && draft.get("/")?.version !== this.#expected;
    if (this.#isRefused) return null;
    const change: Change = { is: "setData", path: "/", data: Buffer.from(this.#text) };
    draft.apply(change, at);
    return [change];
  }
  changed(): void {}
  settled(zxid: number): void {
    this.zxid = zxid;
    this.outcome = this.#isRefused ? "refused" : "done";
  }
  lost(): void {
    this.outcome = "lost";
  }
}

const settle = async (turns = 30): Promise<void> => {
  for (let i = 0; i < turns; i++) await nextTurn();
};

let etcd: FakeEtcd;
let a: Member;
let b: Member;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "Date"] });
  etcd = new FakeEtcd();
  a = await Member.start(etcd, "a");
  b = await Member.start(etcd, "b");
});
afterEach(() => {
  a.close();
  b.close();
  vi.useRealTimers();
});

/** Lets waiting retries happen until nothing waits any more. */
async function ripen(...writes: SetRoot[]): Promise<void> {
  for (let i = 0; i < 40 && writes.some(({ outcome }) => outcome === "waiting"); i++) {
    await settle();
    await vi.advanceTimersByTimeAsync(2_100);
  }
  await settle();
}

const submit = (proxy: Member, ...writes: SetRoot[]): void => {
  for (const write of writes) proxy.committer.submit(write);
};
const rootVersion = (proxy: Member): number => proxy.replica.tree.get("/")?.version ?? -1;

/** Both proxies hold what a third one would load. */
async function expectAgreement(): Promise<void> {
  await settle();
  const loaded = dumpTree((await loadSnapshot(etcd.store, keys)).tree);
  expect(dumpTree(a.replica.tree)).toEqual(loaded);
  expect(dumpTree(b.replica.tree)).toEqual(loaded);
}

test("writes of one turn become one transaction, in order, each with its own zxid", async () => {
  const writes = [new SetRoot("1"), new SetRoot("2", 1), new SetRoot("never", 7), new SetRoot("3", 2)];
  const before = etcd.txns;
  submit(a, ...writes);
  await ripen(...writes);
  expect(writes.map(({ outcome }) => outcome)).toEqual(["done", "done", "refused", "done"]);
  expect(etcd.txns - before).toBe(1);
  const [first, second, refused, last] = writes.map(({ zxid }) => zxid);
  expect([second, refused, last]).toEqual([(first ?? 0) + 1, (first ?? 0) + 1, (first ?? 0) + 2]);
  await expectAgreement();
});

test("clients that were just answered and come back at once fly with those that waited", async () => {
  const patient = await Member.start(etcd, "c", { gatherMs: 60 });
  const [first, waiting, back] = [new SetRoot("1"), new SetRoot("2"), new SetRoot("3")];
  submit(patient, first);
  await nextTurn();
  submit(patient, waiting);
  while (first.outcome === "waiting") await nextTurn();
  await settle();
  expect(waiting.outcome).toBe("waiting");
  submit(patient, back);
  await settle();
  expect([waiting.outcome, back.outcome]).toEqual(["done", "done"]);
  expect(Math.floor(back.zxid / zxidsPerRevision)).toBe(Math.floor(waiting.zxid / zxidsPerRevision));
  patient.close();
});

test("who was waited for and does not come back holds nobody up for long", async () => {
  const patient = await Member.start(etcd, "c", { gatherMs: 20 });
  const [first, waiting] = [new SetRoot("1"), new SetRoot("2")];
  submit(patient, first);
  await nextTurn();
  submit(patient, waiting);
  while (waiting.outcome === "waiting") await nextTurn();
  expect(waiting.zxid).toBeGreaterThan(first.zxid);
  patient.close();
});

test("refused writes alone are judged against etcd's present state, and write nothing", async () => {
  submit(b, new SetRoot("theirs"));
  const [stale, revision] = [new SetRoot("never", 0), etcd.revision];
  submit(a, stale);
  await ripen(stale);
  expect(stale.outcome).toBe("refused");
  expect(etcd.revision).toBe(revision + 1);
});

test("a lost race is prepared again on the winner's state", async () => {
  etcd.hold();
  const [mine, theirs] = [new SetRoot("a", 0), new SetRoot("b", 0)];
  submit(b, theirs);
  submit(a, mine);
  await settle();
  etcd.release();
  await ripen(mine, theirs);
  expect([mine.outcome, theirs.outcome].sort()).toEqual(["done", "refused"]);
  expect(rootVersion(a)).toBe(1);
  await expectAgreement();
});

test("a proxy that waits for its own slow answer is not cut off from history", async () => {
  etcd.fates = ["answered slowly"];
  const [mine, theirs] = [new SetRoot("a"), new SetRoot("b")];
  submit(a, mine);
  await settle();
  submit(b, theirs);
  await settle();
  const caughtUp = a.replica.follow(a.replica.tree.revision, etcd.revision);
  await ripen(mine, theirs);
  await caughtUp;
  expect([mine.outcome, theirs.outcome, a.broken]).toEqual(["done", "done", []]);
  await expectAgreement();
});

test("a refusal confirmed on a state that is no longer ours is judged again", async () => {
  etcd.fates = ["answered slowly"];
  const [refused, theirs] = [new SetRoot("a", 1), new SetRoot("b")];
  submit(a, refused);
  await settle();
  submit(b, theirs);
  await ripen(refused, theirs);
  expect([refused.outcome, refused.prepared, rootVersion(a), a.broken]).toEqual(["done", 2, 2, []]);
  await expectAgreement();
});

describe("a lost answer", () => {
  test("of a batch that was applied acknowledges it once", async () => {
    etcd.fates = ["applied, not answered"];
    const [write, next] = [new SetRoot("1"), new SetRoot("2", 1)];
    submit(a, write);
    await ripen(write);
    submit(a, next);
    await ripen(next);
    expect([write.outcome, write.prepared, next.outcome, rootVersion(a)]).toEqual(["done", 1, "done", 2]);
    await expectAgreement();
  });

  test("of a batch that never arrived prepares it again, behind a moved fence", async () => {
    etcd.fates = ["not applied"];
    const write = new SetRoot("1");
    submit(a, write);
    await ripen(write);
    expect([write.outcome, write.prepared, rootVersion(a)]).toEqual(["done", 2, 1]);
    await expectAgreement();
  });

  test("of a batch that arrives when all is over changes nothing", async () => {
    etcd.fates = ["late"];
    const write = new SetRoot("1", 0);
    submit(a, write);
    await ripen(write);
    etcd.arrive();
    expect([write.outcome, rootVersion(a)]).toEqual(["done", 1]);
    await expectAgreement();
  });

  test("of a batch that arrives while the fence is being moved is found out", async () => {
    etcd.fates = ["late"];
    const write = new SetRoot("1", 0);
    const range = etcd.range.bind(etcd);
    vi.spyOn(etcd, "range").mockImplementationOnce(async (from, end) => {
      const answer = await range(from, end);
      etcd.arrive();
      return answer;
    });
    submit(a, write);
    await ripen(write);
    expect([write.outcome, write.prepared, rootVersion(a)]).toEqual(["done", 1, 1]);
    await expectAgreement();
  });

  test.each(["applied, not answered", "not applied", "late"] as const)(
    "of the moved fence itself (%s) does no harm",
    async (fate) => {
      etcd.fates = ["not applied", fate, fate];
      const write = new SetRoot("1", 0);
      submit(a, write);
      await ripen(write);
      etcd.arrive();
      expect([write.outcome, rootVersion(a)]).toEqual(["done", 1]);
      await expectAgreement();
    },
  );

  test("of the moved fence that arrives while the fence is being moved again is found out", async () => {
    etcd.fates = ["not applied", "late"];
    const range = etcd.range.bind(etcd);
    let looks = 0;
    vi.spyOn(etcd, "range").mockImplementation(async (from, end) => {
      const answer = await range(from, end);
      if (++looks === 2) etcd.arrive();
      return answer;
    });
    const write = new SetRoot("1", 0);
    submit(a, write);
    await ripen(write);
    expect([write.outcome, rootVersion(a), a.broken]).toEqual(["done", 1, []]);
    await expectAgreement();
  });

  test("is cleared up when another proxy has written since", async () => {
    etcd.fates = ["applied, not answered"];
    const mine = new SetRoot("a");
    submit(a, mine);
    await settle(3);
    const theirs = new SetRoot("b");
    submit(b, theirs);
    await ripen(mine, theirs);
    expect([mine.outcome, theirs.outcome, rootVersion(a)]).toEqual(["done", "done", 2]);
    await expectAgreement();
  });

  test("is not taken for a refusal when etcd's space runs out before the fence can be moved", async () => {
    const full = { refused: "etcdserver: mvcc: database space exceeded" };
    etcd.fates = ["late", full, full];
    const write = new SetRoot("1", 0);
    submit(a, write);
    await settle();
    etcd.arrive();
    await ripen(write);
    expect([write.outcome, rootVersion(a)]).toEqual(["done", 1]);
    await expectAgreement();
  });

  test("leaves the client without an answer after a while, but the write's place stays", async () => {
    etcd.fates = ["late", ...Array.from({ length: 12 }, () => "not applied" as const)];
    const [write, behind] = [new SetRoot("1", 0), new SetRoot("2")];
    submit(a, write);
    await settle();
    submit(a, behind);
    await ripen(write, behind);
    expect([write.outcome, behind.outcome]).toEqual(["lost", "lost"]);
    const fresh = new SetRoot("3");
    submit(a, fresh);
    etcd.fates = [];
    etcd.arrive();
    await ripen(fresh);
    expect([fresh.outcome, rootVersion(a)]).toEqual(["done", 2]);
    await expectAgreement();
  });
});

test("random losses at random times never lose or repeat an acknowledged write", async () => {
  const fates = ["answered", "applied, not answered", "not applied", "late"] as const;
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
  const writes: SetRoot[] = [];
  for (let round = 0; round < 60; round++) {
    etcd.fates = Array.from({ length: random(4) }, () => fates[random(4)] ?? "answered");
    for (const proxy of [a, b]) {
      const some = Array.from({ length: random(4) }, () => new SetRoot(String(round)));
      writes.push(...some);
      submit(proxy, ...some);
    }
    await settle(random(40));
    if (random(3) === 0) etcd.arrive();
    await vi.advanceTimersByTimeAsync(random(300));
  }
  etcd.fates = [];
  await ripen(...writes);
  expect(new Set(writes.map(({ outcome }) => outcome))).toEqual(new Set(["done"]));
  expect(rootVersion(a)).toBe(writes.length);
  expect(new Set(writes.map(({ zxid }) => zxid)).size).toBe(writes.length);
  await expectAgreement();
});

describe("a refusal", () => {
  test("for want of space is tried again, and given up for a client that has waited too long", async () => {
    const full = { refused: "etcdserver: mvcc: database space exceeded" };
    etcd.fates = [full, full];
    const [soon, late] = [new SetRoot("1"), new SetRoot("2")];
    submit(a, soon);
    await ripen(soon);
    expect([soon.outcome, soon.prepared]).toEqual(["done", 3]);
    etcd.fates = Array.from({ length: 100 }, () => full);
    submit(a, late);
    await ripen(late);
    expect([late.outcome, rootVersion(a)]).toEqual(["lost", 1]);
  });

  test("for size halves the batch until the one that is too large stands alone, and drops only that one", async () => {
    const txn = etcd.txn.bind(etcd);
    const big = new SetRoot("big ".repeat(1_000));
    vi.spyOn(etcd, "txn").mockImplementation((compare, ops) => {
      const bytes = ops.reduce((sum, op) => sum + Buffer.from((op.request_put?.value ?? "") as Buffer).length, 0);
      if (bytes > 4_000) etcd.fates.unshift({ refused: "etcdserver: request is too large" });
      return txn(compare, ops);
    });
    const small = Array.from({ length: 9 }, (_, index) => new SetRoot(String(index)));
    submit(a, ...small.slice(0, 6), big, ...small.slice(6));
    await ripen(big, ...small);
    expect(big.outcome).toBe("lost");
    expect(small.every(({ outcome }) => outcome === "done")).toBe(true);
    expect(rootVersion(a)).toBe(9);
    const before = etcd.txns;
    const later = Array.from({ length: 40 }, (_, index) => new SetRoot(String(index)));
    submit(a, ...later);
    await ripen(...later);
    expect(etcd.txns - before).toBeLessThanOrEqual(6);
    await expectAgreement();
  });
});

test("a write that cannot even be prepared costs nobody else", async () => {
  const bad = new SetRoot("bad");
  bad.prepare = () => {
    throw new Error("a bug");
  };
  const [before, after] = [new SetRoot("1"), new SetRoot("2")];
  submit(a, before, bad, after);
  await ripen(before, bad, after);
  expect([before.outcome, bad.outcome, after.outcome, rootVersion(a)]).toEqual(["done", "lost", "done", 2]);
});

test("an answer that cannot be given costs nobody else", async () => {
  const bad = new SetRoot("bad");
  bad.settled = () => {
    throw new Error("a bug");
  };
  const after = new SetRoot("2");
  submit(a, bad, after);
  await ripen(after);
  expect([bad.outcome, after.outcome, rootVersion(a)]).toEqual(["lost", "done", 2]);
  expect(a.broken).toEqual([]);
});

test.each(["wiped", "restored from a backup"])("an etcd that was %s is noticed, not hammered", async (what) => {
  const first = new SetRoot("1");
  const old = etcd.data.get(keys.fence);
  submit(a, first);
  await ripen(first);
  if (what === "wiped") etcd.data.clear();
  else if (old !== undefined) etcd.data.set(keys.fence, old);
  const before = etcd.txns;
  submit(a, new SetRoot("2"));
  await settle(200);
  expect(a.broken[0]).toBeInstanceOf(HistoryBroken);
  expect(etcd.txns - before).toBeLessThan(300);
});

test("closing drops what is queued and what is in flight", async () => {
  etcd.hold();
  const [flying, queued] = [new SetRoot("1"), new SetRoot("2")];
  submit(a, flying);
  await settle();
  submit(a, queued);
  a.close();
  expect([flying.outcome, queued.outcome]).toEqual(["lost", "lost"]);
  etcd.release();
  await settle();
  expect(rootVersion(a)).toBe(0);
  const late = new SetRoot("3");
  submit(a, late);
  expect(late.outcome).toBe("lost");
});

test("a proxy that loads anew follows what its former load still commits", async () => {
  etcd.hold();
  submit(a, new SetRoot("from the past"));
  await settle();
  a.close();
  const again = await Member.start(etcd, "a", { load: 2 });
  etcd.release();
  await settle();
  const write = new SetRoot("now");
  submit(again, write);
  await ripen(write);
  expect([write.outcome, rootVersion(again)]).toEqual(["done", 2]);
  again.close();
});
