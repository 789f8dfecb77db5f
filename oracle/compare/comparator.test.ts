import { describe, expect, test } from "vitest";
import type { Int64 } from "../../src/jute/int64.ts";
import { encodeConnectResponse } from "../../src/protocol/connect.ts";
import { errorCodes } from "../../src/protocol/error-codes.ts";
import type { OpName, ReplyOf } from "../../src/protocol/opcodes.ts";
import type { Stat } from "../../src/protocol/records.ts";
import { eventFrame, replyFrame, stat } from "../crosscheck/scripted.fixture.ts";
import { compareConnects, compareEvents, compareReplies, type ReplyScene } from "./comparator.ts";
import type { Difference } from "./difference.ts";
import { freshTrack } from "./header-rules.ts";
import { Witness } from "./witness.ts";

const now = 1_700_000_000_000;

/** A run in which write n of the candidate is zxid n, of the oracle 100 + n. */
class Run {
  readonly witness = new Witness();
  readonly track = freshTrack();

  compare<Op extends OpName>(
    op: Op,
    candidate: Uint8Array,
    oracle: Uint8Array,
    how: Partial<ReplyScene> = {},
  ): Difference[] {
    const floor = { ...this.witness.newestWrite };
    const scene = {
      witness: this.witness,
      track: this.track,
      op,
      floor,
      now,
      skewMs: 60_000,
      hidesPeer: false,
      print: { reveal: true },
      ...how,
    };
    return [...compareReplies({ candidate, oracle }, scene).differences];
  }

  /** A write that both sides did right. */
  write(n: number): this {
    const reply = (zxid: Int64) => replyFrame("delete", { xid: n, zxid });
    expect(this.compare("delete", reply(n), reply(100 + n))).toEqual([]);
    this.witness.sawWrite("candidate", n);
    this.witness.sawWrite("oracle", 100 + n);
    return this;
  }

  /** Replies to one getData whose Stats differ as told. */
  read(candidate: Partial<Stat>, oracle: Partial<Stat>, header: [Int64, Int64] = [50, 150]): Difference[] {
    const body = (fields: Partial<Stat>): ReplyOf<"getData"> => ({ data: null, stat: stat(fields) });
    return this.compare(
      "getData",
      replyFrame("getData", { xid: 1, zxid: header[0], body: body(candidate) }),
      replyFrame("getData", { xid: 1, zxid: header[1], body: body(oracle) }),
    );
  }
}

const places = (differences: readonly Difference[]) => differences.map(({ at }) => at);
const relationAt = (differences: readonly Difference[], at: string) =>
  differences.flatMap((one) => (one.is === "value" && one.at === at ? [one.relation] : []));

describe("every field of a Stat", () => {
  const born = {
    czxid: 1,
    mzxid: 2,
    pzxid: 3,
    ctime: now,
    mtime: now + 5,
    version: 1,
    cversion: 2,
    aversion: 3,
    dataLength: 4,
    numChildren: 1,
  };
  const same = { ...born, czxid: 101, mzxid: 102, pzxid: 103, ctime: now + 900, mtime: now + 910 };
  const run = () => new Run().write(1).write(2).write(3).write(4);

  test("agrees when its zxids name the same writes and its times are both plausible", () => {
    expect(run().read(born, same)).toEqual([]);
  });

  test.each<[keyof Stat, Partial<Stat>, string]>([
    ["version", { version: 2 }, "equal"],
    ["cversion", { cversion: 3 }, "equal"],
    ["aversion", { aversion: 4 }, "equal"],
    ["dataLength", { dataLength: 5 }, "equal"],
    ["numChildren", { numChildren: 2 }, "equal"],
    ["ephemeralOwner", { ephemeralOwner: 7 }, "same session"],
    ["czxid", { czxid: 2 }, "same write"],
    ["mzxid", { mzxid: 1, mtime: now }, "same write"],
    ["mzxid", { mzxid: 3 }, "same write"],
    ["mzxid", { mzxid: 40 }, "same write"],
    ["pzxid", { pzxid: 4 }, "same write"],
    ["czxid", { czxid: 0 }, "same write"],
    ["ctime", { ctime: now * 1000 }, "both 0 or both milliseconds"],
    ["mtime", { mtime: now * 1000 }, "both 0 or both milliseconds"],
    ["ctime", { ctime: 0 }, "both 0 or both milliseconds"],
    ["mtime", { mtime: now - 10 }, "mtime ≥ ctime"],
    ["ctime", { ctime: now - 61_000 }, "near our clock at the write"],
    ["mtime", { mtime: now + 61_000 }, "near our clock at the write"],
  ])("%s: %o is caught (%s)", (field, lie, relation) => {
    expect(relationAt(run().read({ ...born, ...lie }, same), `stat.${field}`)).toEqual([relation]);
  });

  test("ctime = mtime holds until the znode is modified, also where the clock stood still", () => {
    const fresh = { czxid: 1, mzxid: 1, pzxid: 1, ctime: now, mtime: now };
    const other = { czxid: 101, mzxid: 101, pzxid: 101, ctime: now, mtime: now };
    expect(run().read(fresh, other)).toEqual([]);
    expect(relationAt(run().read({ ...fresh, mtime: now + 3 }, other), "stat.mtime")).toEqual([
      "ctime = mtime until modified",
    ]);
    const modified = { ...fresh, mzxid: 2 };
    expect(run().read(modified, { ...other, mzxid: 102, mtime: now + 7 })).toEqual([]);
  });

  test("a write has one time, whoever reads it", () => {
    const twice = run();
    expect(twice.read(born, same)).toEqual([]);
    expect(relationAt(twice.read({ ...born, mtime: now + 6 }, same), "stat.mtime")).toEqual(["one time per write"]);
  });

  test("times advance with the writes, but for the little that clocks of one ensemble differ", () => {
    const early = { ...born, mzxid: 4, mtime: now + 1000 };
    const first = run();
    expect(first.read(early, { ...same, mzxid: 104, mtime: now + 1000 })).toEqual([]);
    first.write(5);
    const back = { ...same, mzxid: 105, mtime: now + 2000 };
    expect(relationAt(first.read({ ...born, mzxid: 5, mtime: now + 500 }, back), "stat.mtime")).toEqual([
      "later writes have later times",
    ]);
  });

  test("no field is newer than the reply that shows it", () => {
    expect(relationAt(run().read({ ...born, pzxid: 3 }, same, [2, 150]), "stat.pzxid")).toEqual([
      "pzxid ≤ the reply's zxid",
    ]);
  });

  test("zxids that nobody's reply told are accepted in the run, and paired for good before it", () => {
    const expired = run();
    expect(expired.read({ ...born, pzxid: 20 }, { ...same, pzxid: 133 })).toEqual([]);
    const before = new Run();
    expect(
      before.read(
        { czxid: 7, mzxid: 7, pzxid: 7, ctime: now, mtime: now },
        { czxid: 9, mzxid: 9, pzxid: 9, ctime: now, mtime: now },
      ),
    ).toEqual([]);
    expect(
      places(
        before.read(
          { czxid: 6, mzxid: 6, pzxid: 7, ctime: now, mtime: now },
          { czxid: 9, mzxid: 9, pzxid: 9, ctime: now, mtime: now },
        ),
      ),
    ).toContain("stat.czxid");
  });

  test("one side's znode from before the run against the other's from within is a difference, except for pzxid", () => {
    const mixed = new Run().write(11);
    const old = { czxid: 3, mzxid: 3, pzxid: 3 };
    const fresh = { czxid: 133, mzxid: 133, pzxid: 133 };
    expect(places(mixed.read(old, fresh, [50, 150]))).toEqual(["stat.czxid", "stat.mzxid"]);
  });
});

describe("reply headers", () => {
  const reply = (zxid: Int64, xid = 1) => replyFrame("delete", { xid, zxid });

  test("a write's zxid may not repeat, or be below a write that was answered before", () => {
    const run = new Run().write(5);
    expect(relationAt(run.compare("delete", reply(5), reply(106)), "zxid")).toEqual([
      "greater than that of every write answered before",
    ]);
    const back = new Run().write(5);
    expect(relationAt(back.compare("delete", reply(3), reply(106)), "zxid")[0]).toMatch(/never backwards/);
  });

  test("concurrent writes of different sessions may have changed places", () => {
    const run = new Run();
    const floor = { candidate: 0, oracle: 0 };
    const other = { track: freshTrack(), floor };
    expect(run.compare("delete", reply(7), reply(108), { floor })).toEqual([]);
    expect(run.compare("delete", reply(8), reply(107), other)).toEqual([]);
  });

  test("a reused zxid is caught where no order is known", () => {
    const run = new Run();
    const floor = { candidate: 0, oracle: 0 };
    run.compare("delete", reply(7), reply(107), { floor });
    const other = { track: freshTrack(), floor };
    expect(relationAt(run.compare("delete", reply(7), reply(108), other), "zxid")).toEqual(["one zxid per write"]);
  });

  test("what failed requests and reads show is free, but never goes backwards in a session", () => {
    const run = new Run().write(5);
    const failed = (zxid: Int64) => replyFrame("delete", { xid: 2, zxid, err: "NONODE" });
    expect(run.compare("delete", failed(5), failed(190))).toEqual([]);
    expect(relationAt(run.compare("delete", failed(4), failed(190)), "zxid")).toEqual([
      "never backwards within a session",
    ]);
  });

  test("special zxids must be the same", () => {
    expect(places(new Run().compare("auth", reply(0, -4), reply(0, -4)))).toEqual([]);
    expect(places(new Run().compare("auth", reply(7, -4), reply(0, -4)))).toEqual(["zxid"]);
    expect(
      places(
        new Run().compare(
          "sync",
          replyFrame("sync", { xid: 1, zxid: 0, body: { path: "/" } }),
          replyFrame("sync", { xid: 1, zxid: 9, body: { path: "/" } }),
        ),
      ),
    ).toEqual(["zxid"]);
  });

  test("the write's own Stat names the write", () => {
    const run = new Run();
    const body = (czxid: number) => ({
      path: "/a",
      stat: stat({ czxid, mzxid: czxid, pzxid: czxid, ctime: now, mtime: now }),
    });
    const created = (zxid: number, czxid = zxid) => replyFrame("create2", { xid: 1, zxid, body: body(czxid) });
    expect(run.compare("create2", created(3), created(103))).toEqual([]);
    expect(places(run.compare("create2", created(5, 4), created(105)))).toEqual([
      "stat.czxid",
      "stat.mzxid",
      "stat.pzxid",
    ]);
  });
});

describe("bodies", () => {
  const list = (children: string[] | null) => replyFrame("getChildren", { xid: 1, body: { children } });
  const data = (bytes: Buffer | null) => replyFrame("getData", { xid: 1, body: { data: bytes, stat: stat() } });

  test("children are a set", () => {
    expect(new Run().compare("getChildren", list(["a", "b"]), list(["b", "a"]))).toEqual([]);
    expect(new Run().compare("getChildren", list(["a", "a"]), list(["b", "a"]))).toEqual([
      { is: "members", at: "children", only: { candidate: ["a"], oracle: ["b"] } },
    ]);
    expect(places(new Run().compare("getChildren", list(null), list([])))).toEqual(["children"]);
  });

  test("null data is not empty data, and shown data says so", () => {
    expect(new Run().compare("getData", data(null), data(Buffer.alloc(0)))).toEqual([
      { is: "value", at: "data", kind: "data", candidate: "null", oracle: '""', relation: "equal" },
    ]);
    const hidden = new Run().compare("getData", data(Buffer.from("secret")), data(null), { print: { reveal: false } });
    expect(JSON.stringify(hidden)).not.toContain("secret");
    expect(hidden[0]).toMatchObject({ candidate: expect.stringMatching(/^<6 bytes sha256:[0-9a-f]{8}>$/) });
  });

  test("an error code differs and nothing else is said of that reply", () => {
    const none = replyFrame("getData", { xid: 1, err: "NONODE" });
    expect(new Run().compare("getData", none, data(null))).toEqual([
      { is: "value", at: "err", kind: "errorCode", candidate: "NONODE", oracle: "OK", relation: "equal" },
    ]);
  });

  test("digests are compared in clear and printed without", () => {
    const acl = (hash: string) =>
      replyFrame("getACL", {
        xid: 1,
        body: { acl: [{ perms: 31, id: { scheme: "digest", id: `u:${hash}` } }], stat: stat() },
      });
    const [difference] = new Run().compare("getACL", acl("one="), acl("two="));
    expect(difference).toEqual({
      is: "value",
      at: "acl.0.id.id",
      kind: "identity",
      candidate: "u:x (what is hidden of it differs)",
      oracle: "u:x",
      relation: "equal",
    });
  });

  test("identities of the peer's address are compared only when both servers see the same peer", () => {
    const who = (address: string) =>
      replyFrame("whoAmI", {
        xid: 1,
        body: {
          clientInfo: [
            { authScheme: "ip", user: address },
            { authScheme: "digest", user: "u" },
          ],
        },
      });
    expect(places(new Run().compare("whoAmI", who("10.0.0.9"), who("127.0.0.1")))).toEqual(["clientInfo"]);
    expect(new Run().compare("whoAmI", who("10.0.0.9"), who("127.0.0.1"), { hidesPeer: true })).toEqual([]);
  });

  test("a path in a sequential create's reply is exact", () => {
    const made = (path: string) => replyFrame("create", { xid: 1, zxid: 9, body: { path } });
    expect(places(new Run().compare("create", made("/n-0000000001"), made("/n-0000000000")))).toEqual(["path"]);
  });
});

describe("multis", () => {
  const failed = (codes: number[]) =>
    replyFrame("multi", {
      xid: 1,
      body: codes.map((err) => ({ header: { type: -1, done: false, err }, body: { err } })),
    });
  const deleted = { header: { type: 2, done: false, err: 0 }, body: {} };
  const set = (fields: Partial<Stat>) => ({ header: { type: 5, done: false, err: 0 }, body: { stat: stat(fields) } });

  test("are compared operation by operation", () => {
    expect(new Run().compare("multi", failed([0, -101, -2]), failed([0, -101, -2]))).toEqual([]);
    expect(new Run().compare("multi", failed([0, -101, 0]), failed([0, -101, -2]))).toEqual([
      {
        is: "value",
        at: "results.2.err",
        kind: "errorCode",
        candidate: "OK",
        oracle: "RUNTIMEINCONSISTENCY",
        relation: "equal",
      },
    ]);
  });

  test("the error inside a result counts where the header agrees", () => {
    const lying = failed([0, -101]);
    lying.writeInt32BE(errorCodes.NODEEXISTS, 16 + 9 + 4 + 9);
    expect(places(new Run().compare("multi", lying, failed([0, -101])))).toEqual(["results.1.code"]);
  });

  test("a Stat inside names the same write too", () => {
    const run = new Run().write(1);
    const reply = (zxid: number, mzxid: number, czxid: number) =>
      replyFrame("multi", {
        xid: 2,
        zxid,
        body: [deleted, set({ czxid, mzxid, pzxid: czxid, ctime: now, mtime: now })],
      });
    expect(run.compare("multi", reply(2, 2, 1), reply(102, 102, 101))).toEqual([]);
    expect(places(new Run().write(1).compare("multi", reply(2, 1, 1), reply(102, 102, 101)))).toEqual([
      "results.1.stat.mzxid",
    ]);
  });

  test("other results, more results", () => {
    const ok = replyFrame("multi", { xid: 1, zxid: 5, body: [deleted, deleted] });
    expect(places(new Run().compare("multi", replyFrame("multi", { xid: 1, zxid: 5, body: [deleted] }), ok))).toEqual([
      "results.length",
    ]);
    expect(places(new Run().compare("multi", failed([0, -101]), ok))).toContain("results.0.type");
  });

  test("a failed one, or one of checks alone, pairs no zxids", () => {
    const run = new Run();
    run.compare("multi", failed([0, -101]), failed([0, -101]));
    expect(run.write(2).witness.writes.kinship({ candidate: 1, oracle: 7 })).toBe("same");
  });
});

describe("layout", () => {
  const ok = replyFrame("setData", { xid: 1, zxid: 9, body: { stat: stat() } });
  const none = replyFrame("exists", { xid: 1, err: "NONODE" });

  test("missing bytes, bytes left over, and no bytes at all are differences, not crashes", () => {
    expect(new Run().compare("setData", ok.subarray(0, -4), ok)[0]).toMatchObject({ is: "layout", at: "body" });
    expect(new Run().compare("setData", Buffer.concat([ok, Buffer.alloc(4)]), ok)).toEqual([
      { is: "layout", at: "frame", candidate: "88 bytes, 4 of them left over", oracle: "84 bytes" },
    ]);
    expect(new Run().compare("exists", Buffer.concat([none, Buffer.alloc(4)]), none)[0]).toMatchObject({
      is: "layout",
    });
    expect(new Run().compare("setData", Buffer.alloc(3), ok)[0]).toMatchObject({ is: "layout", at: "frame" });
  });

  test("an event that is none", () => {
    const event = eventFrame(1, "/a");
    const scene = { witness: new Witness(), eventZxid: "strict" } as const;
    expect(compareEvents({ candidate: event.subarray(0, -1), oracle: event }, scene)[0]).toMatchObject({
      is: "layout",
      at: "event",
    });
  });
});

describe("event zxids", () => {
  const compare = (
    candidate: Int64,
    oracle: Int64,
    eventZxid: "strict" | "version-dependent",
    witness = new Witness(),
  ) =>
    places(
      compareEvents(
        { candidate: eventFrame(1, "/a", candidate), oracle: eventFrame(1, "/a", oracle) },
        { witness, eventZxid },
      ),
    );

  test("−1 against a txn's is a matter of version", () => {
    expect(compare(-1, -1, "strict")).toEqual([]);
    expect(compare(-1, 7, "strict")).toEqual(["event.zxid"]);
    expect(compare(-1, 7, "version-dependent")).toEqual([]);
    expect(compare(7, -1, "version-dependent")).toEqual([]);
  });

  test("two txns must be the same write, whether its reply came before or comes after", () => {
    const run = new Run().write(1).write(2);
    expect(compare(1, 101, "version-dependent", run.witness)).toEqual([]);
    expect(compare(1, 102, "version-dependent", run.witness)).toEqual(["event.zxid"]);
    expect(compare(3, 104, "strict", run.witness)).toEqual([]);
    const reply = (zxid: Int64) => replyFrame("delete", { xid: 9, zxid });
    expect(places(run.compare("delete", reply(3), reply(103)))).toEqual(["zxid"]);
  });
});

describe("handshakes", () => {
  const response = (fields: Record<string, unknown> = {}) => ({
    protocolVersion: 0,
    timeOut: 4000,
    sessionId: 1,
    passwd: new Uint8Array(16),
    readOnly: false,
    ...fields,
  });
  interface Resumed {
    id: Int64;
    passwd: Uint8Array;
  }
  const compare = (
    candidate: Record<string, unknown>,
    { resumed, oracle = {}, witness = new Witness() }: { resumed?: Resumed; oracle?: object; witness?: Witness } = {},
  ) => {
    const granted = { candidate: response(candidate), oracle: response({ sessionId: 9, ...oracle }) };
    const raw = { candidate: encodeConnectResponse(granted.candidate), oracle: encodeConnectResponse(granted.oracle) };
    const asked =
      resumed === undefined ? {} : { resumed: { candidate: resumed, oracle: { id: 9, passwd: new Uint8Array(16) } } };
    return places(compareConnects(granted, raw, { witness, case: "one", print: { reveal: false }, ...asked }));
  };

  test("timeouts, password lengths, the readOnly byte and resumed ids", () => {
    expect(compare({})).toEqual([]);
    expect(compare({ timeOut: 4001 })).toEqual(["connect.timeOut"]);
    expect(compare({ passwd: new Uint8Array(8) })).toEqual(["connect.passwd"]);
    expect(compare({ readOnly: undefined })).toEqual(["connect.readOnly"]);
    expect(compare({}, { resumed: { id: 1, passwd: new Uint8Array(16) } })).toEqual([]);
    expect(compare({}, { resumed: { id: 2, passwd: new Uint8Array(16) } })).toEqual(["connect.sessionId"]);
    const resumed = { id: 1, passwd: new Uint8Array(16) };
    expect(compare({ passwd: new Uint8Array(16).fill(7) }, { resumed })).toEqual(["connect.passwd"]);
  });

  test("a password belongs to one session, unless both sides give it to several", () => {
    const passwd = (byte: number) => new Uint8Array(16).fill(byte);
    const witness = new Witness();
    const open = (sessionId: number, candidate: number, oracle: number) =>
      compare({ sessionId, passwd: passwd(candidate) }, { oracle: { sessionId, passwd: passwd(oracle) }, witness });
    expect([open(1, 7, 1), open(2, 8, 2)]).toEqual([[], []]);
    expect(open(3, 7, 3)).toEqual(["connect.passwd"]);
    expect(open(4, 7, 1)).toEqual([]);
    expect([open(0, 0, 9), open(0, 0, 0), open(5, 0, 5)].flat()).toEqual([]);
  });
});

describe("what stands on every server", () => {
  const seen = (children: string[], fields: Partial<Stat> = {}, of: { isShared?: boolean } = {}) => {
    const listing = (names: string[], zxid: Int64, it: Partial<Stat>) =>
      replyFrame("getChildren2", { xid: 1, zxid, body: { children: names, stat: stat(it) } });
    const candidate = listing(children, 50, { cversion: 7, pzxid: 40, numChildren: children.length, ...fields });
    const oracle = listing(["zookeeper", "x1"], 150, { cversion: 2, pzxid: 120, numChildren: 2, aversion: 3 });
    return places(new Run().compare("getChildren2", candidate, oracle, { isShared: of.isShared ?? true }));
  };

  test("is compared but for what others have done to it", () => {
    expect(seen(["x1", "other", "zookeeper"])).toEqual([]);
    expect(seen(["x1", "other", "zookeeper"], {}, { isShared: false })).not.toEqual([]);
  });

  test.each([
    ["lacks a child that all have", ["x1"], {}, "children"],
    ["was created by somebody", ["zookeeper"], { czxid: 3, mzxid: 3 }, "stat.czxid"],
    ["belongs to a session", ["zookeeper"], { ephemeralOwner: 5 }, "stat.ephemeralOwner"],
    ["has data", ["zookeeper"], { dataLength: 5 }, "stat.dataLength"],
  ])("diverges where it %s", (_, children, fields, at) => {
    expect(seen(children, fields)).toContain(at);
  });

  test("has some access control list", () => {
    const read = (zxid: Int64, perms: number) =>
      replyFrame("getACL", {
        ...{ xid: 1, zxid },
        body: { acl: [{ perms, id: { scheme: "world", id: "anyone" } }], stat: stat() },
      });
    expect(new Run().compare("getACL", read(50, 31), read(150, 1), { isShared: true })).toEqual([]);
    expect(places(new Run().compare("getACL", read(50, 31), read(150, 1)))).toEqual(["acl.0.perms"]);
  });

  test("names the ensemble that a server belongs to, in one place", () => {
    const read = (zxid: Int64, data: string, it: Partial<Stat>) =>
      replyFrame("getData", { ...{ xid: 1, zxid }, body: { data: Buffer.from(data), stat: stat(it) } });
    const alone = read(50, "", {});
    const member = read(150, "server.1=…", { version: 9, dataLength: 12, mtime: now - 500 });
    const differences = (path: string) => places(new Run().compare("getData", alone, member, { isShared: true, path }));
    expect(differences("/zookeeper/config")).toEqual([]);
    expect(differences("/zookeeper")).toEqual(expect.arrayContaining(["data", "stat.version", "stat.dataLength"]));
  });
});
