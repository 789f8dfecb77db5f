import { beforeEach, describe, expect, test } from "vitest";
import { type Change, changeToRecord } from "./changes.ts";
import type { LogRecord } from "./keyspace.ts";
import { zxidOf } from "./keyspace.ts";
import { type ForeignBatch, missingData, Replica } from "./replica.ts";
import { Tree, type TreeListener } from "./tree.ts";

let told: string[] = [];
const listener: TreeListener = {
  created: (path, zxid) => void told.push(`created ${path} ${zxid}`),
  deleted: () => undefined,
  dataChanged: (path, zxid) => void told.push(`changed ${path} ${zxid}`),
  childrenChanged: () => undefined,
  sessionOpened: () => undefined,
  sessionClosed: () => undefined,
};

const setRoot = (text: string): Change => ({ is: "setData", path: "/", data: Buffer.from(text) });

function foreign(previous: number, revision: number, ...changes: Change[]): ForeignBatch {
  const records = changes.map((change) => changeToRecord(change, true));
  const transactions = records.length === 0 ? [] : [{ index: 1, timeMs: 7, changes: records }];
  const log: LogRecord = { batch: String(revision), previous, transactions };
  return { author: "other", revision, log, data: new Map() };
}

let replica: Replica;
beforeEach(() => {
  told = [];
  const tree = new Tree();
  tree.revision = 10;
  tree.zxid = zxidOf(10, 2);
  replica = new Replica(tree, listener);
});

describe("foreign batches", () => {
  test("apply at once when their predecessor is applied", () => {
    replica.receive(foreign(10, 12, setRoot("a")));
    expect(replica.tree).toMatchObject({ revision: 12, zxid: zxidOf(12, 1) });
    expect(told).toEqual([`changed / ${zxidOf(12, 1)}`]);
  });

  test("wait for their predecessor, whatever order they arrive in", () => {
    replica.receive(foreign(14, 16, setRoot("c")));
    replica.receive(foreign(12, 14, setRoot("b")));
    expect(told).toEqual([]);
    replica.receive(foreign(10, 12, setRoot("a")));
    expect(told).toEqual([12, 14, 16].map((revision) => `changed / ${zxidOf(revision, 1)}`));
    expect(replica.tree.get("/")?.data?.toString()).toBe("c");
  });

  test("wait for our own batch whose answer is still under way", () => {
    replica.receive(foreign(12, 14, setRoot("theirs")));
    expect(replica.tree.revision).toBe(10);
    replica.apply(setRoot("ours"), { zxid: zxidOf(12, 1), timeMs: 1 });
    replica.advance(12);
    expect(replica.tree.revision).toBe(14);
    expect(replica.tree.get("/")?.data?.toString()).toBe("theirs");
  });

  test("told twice apply once", () => {
    replica.receive(foreign(10, 12, setRoot("a")));
    replica.receive(foreign(10, 12, setRoot("a")));
    expect(replica.tree.get("/")?.version).toBe(1);
  });

  test("held twice apply once", () => {
    replica.receive(foreign(12, 14, setRoot("b")));
    replica.receive(foreign(12, 14, setRoot("b")));
    replica.receive(foreign(10, 12, setRoot("a")));
    expect(replica.tree.get("/")?.version).toBe(2);
  });

  test("contained in the snapshot are skipped", () => {
    replica.receive(foreign(8, 10, setRoot("old")));
    expect(told).toEqual([]);
  });

  test("without transactions move the zxid to what a fresh load shows", () => {
    replica.receive(foreign(10, 12));
    expect(replica.tree.zxid).toBe(zxidOf(12, 0));
  });
});

describe("reach", () => {
  test("resolves at once for what is there, later for what comes", async () => {
    await replica.reach(10);
    let isThere = false;
    const waiting = replica.reach(14).then(() => {
      isThere = true;
    });
    replica.receive(foreign(10, 12, setRoot("a")));
    await Promise.resolve();
    expect(isThere).toBe(false);
    replica.receive(foreign(12, 14, setRoot("b")));
    await waiting;
  });

  test("rejects when the tree is given up, then and from then on", async () => {
    const waiting = replica.reach(14);
    replica.abandon(new Error("given up"));
    await expect(waiting).rejects.toThrow("given up");
    await expect(replica.reach(15)).rejects.toThrow("given up");
    await expect(replica.reach(10)).resolves.toBeUndefined();
  });
});

test("large data is asked for once per path", () => {
  const change = changeToRecord({ is: "setData", path: "/a", data: Buffer.from("x") }, false);
  const small = changeToRecord({ is: "setData", path: "/b", data: Buffer.from("x") }, true);
  const changes = [change, small, change];
  expect(missingData({ batch: "", previous: 0, transactions: [{ index: 1, timeMs: 0, changes }] })).toEqual(["/a"]);
});

test("whose turn it is hangs on batches that all proxies see: refusals alone are none", () => {
  replica.advance(12);
  replica.receive(foreign(12, 14, setRoot("a")));
  replica.advance(16);
  replica.receive(foreign(16, 18, setRoot("b")));
  replica.advance(18);
  expect(replica.rotation.next).toBeUndefined();
  replica.advance(20);
  expect(replica.rotation.next).toBe("other");
});
