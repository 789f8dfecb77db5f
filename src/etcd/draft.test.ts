/** A draft, the batch made of it, the log and the tree must all come to the same state. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { batchOps, newBatchId, type Transaction } from "./batch.ts";
import { type Change, type ZnodeKind, znodeKinds } from "./changes.ts";
import { Draft } from "./draft.ts";
import { FakeEtcd } from "./fake-etcd.fixture.ts";
import { decodeRecord, Keyspace, LogRecord, ZnodeRecord, zxidOf } from "./keyspace.ts";
import { missingData, Replica } from "./replica.ts";
import { loadSnapshot } from "./snapshot.ts";
import type { Tree, TreeListener } from "./tree.ts";
import { dumpTree } from "./tree-dump.fixture.ts";
import { openAcl } from "./znode.ts";

const keys = new Keyspace("/t");
const deaf: TreeListener = {
  created() {},
  deleted() {},
  dataChanged() {},
  childrenChanged() {},
  sessionOpened() {},
  sessionClosed() {},
};
const closedAcl = [{ perms: 1, id: { scheme: "digest", id: "a:b" } }];
const paths = ["/a", "/a/b", "/a/b/c", "/d", "/d/e", "/zookeeper/quota/q"];
/** Two quotas, one inside the other. */
const quotaPaths = ["", "/zookeeper_limits", "/zookeeper_stats", "/b", "/b/zookeeper_limits", "/b/zookeeper_stats"].map(
  (below) => `/zookeeper/quota/a${below}`,
);

/** What a step tries to do; what would not be valid is left out. */
const stepAmong = (names: readonly string[]) =>
  fc.record({
    does: fc.constantFrom("create", "create", "delete", "setData", "setAcl", "openSession", "closeSession"),
    path: fc.constantFrom(...names, "/", "/zookeeper", "/zookeeper/config"),
    kind: fc.constantFrom<ZnodeKind>(0, 0, 1, 2, 3),
    session: fc.constantFrom<number | bigint>(1, 2n ** 56n),
    data: fc.constantFrom(
      null,
      Buffer.alloc(0),
      Buffer.from("x"),
      Buffer.from("count=7;z=1"),
      Buffer.alloc(300_000, "y"),
    ),
    acl: fc.constantFrom(openAcl, closedAcl),
  });
const step = stepAmong(paths);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";

function changeFor(draft: Draft, { does, path, kind, session, data, acl }: Step): Change | undefined {
  const node = draft.get(path);
  const isSession = draft.session(session) !== undefined;
  switch (does) {
    case "create": {
      const parent = draft.get(parentOf(path));
      if (node !== undefined || parent === undefined || parent.kind === znodeKinds.ephemeral) return undefined;
      if (kind === znodeKinds.ephemeral && !isSession) return undefined;
      const owner = kind === znodeKinds.ephemeral ? session : 0;
      const ttlMs = kind === znodeKinds.ttl ? 1_000 : 0;
      return { is: "create", path, data, acl, kind, owner, ttlMs, creates: parent.creates + 1 };
    }
    case "delete":
      return node === undefined || node.childCount > 0 || ![...paths, ...quotaPaths].includes(path)
        ? undefined
        : { is: "delete", path };
    case "setData":
      return node === undefined ? undefined : { is: "setData", path, data };
    case "setAcl":
      return node === undefined ? undefined : { is: "setAcl", path, acl };
    case "openSession":
      return { is: "openSession", session, timeoutMs: 4_000, owner: "p" };
    default:
      return isSession ? { is: "closeSession", session } : undefined;
  }
}

/** One batch of one transaction per inner list, committed to `etcd` and applied to both trees. */
async function commitBatch(etcd: FakeEtcd, own: Replica, foreign: Replica, batch: Step[][]): Promise<void> {
  const draft = new Draft(own.tree);
  const transactions: Transaction[] = [];
  for (const steps of batch) {
    const at = { zxid: transactions.length + 1, timeMs: 1_000 + transactions.length };
    const above = new Draft(draft);
    const changes: Change[] = [];
    for (const one of steps) {
      const change = changeFor(above, one);
      if (change === undefined) continue;
      above.apply(change, at);
      changes.push(change);
    }
    draft.merge(above);
    transactions.push({ index: at.zxid, timeMs: at.timeMs, changes: [...changes, ...draft.takeStats()] });
  }
  const ops = batchOps(keys, { id: newBatchId(), logId: "p.1", draft, tree: own.tree, transactions });
  const { revision } = await etcd.txn([], ops);
  for (const { index, timeMs, changes } of transactions) {
    own.tree.zxid = zxidOf(revision, index);
    for (const change of changes) own.apply(change, { zxid: zxidOf(revision, index), timeMs });
  }
  own.advance(revision);
  const log = decodeRecord(LogRecord, etcd.data.get(keys.log("p.1"))?.value ?? Buffer.alloc(0));
  const data = new Map<string, Buffer | null>();
  for (const path of missingData(log)) {
    const stored = etcd.data.get(keys.znode(path));
    const bytes = stored === undefined ? null : decodeRecord(ZnodeRecord, stored.value).data;
    data.set(path, bytes === null ? null : Buffer.from(bytes));
  }
  foreign.receive({ revision, log, data });
}

const fresh = async (etcd: FakeEtcd): Promise<Tree> => (await loadSnapshot(etcd.store, keys)).tree;

/** A quota on /a and one on /a/b, statistics and all, to begin with. */
const quotas: Step[] = ["/a", "/a/b", ...quotaPaths].map((path) => {
  return { does: "create", path, kind: 0, session: 1, data: Buffer.alloc(0), acl: openAcl };
});

test.each<[string, Step[], typeof step]>([
  ["without quotas", [], step],
  ["with quotas", quotas, stepAmong([...paths, ...quotaPaths])],
])("committed, followed and freshly loaded trees are equal in every field, %s", async (_, first, one) => {
  const batches = fc.array(fc.array(fc.array(one, { maxLength: 4 }), { minLength: 1, maxLength: 5 }), {
    minLength: 1,
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(batches, async (history) => {
      const etcd = new FakeEtcd();
      const own = new Replica(await fresh(etcd), deaf);
      const foreign = new Replica(await fresh(etcd), deaf);
      for (const batch of [[first], ...history]) {
        await commitBatch(etcd, own, foreign, batch);
        const loaded = dumpTree(await fresh(etcd));
        expect(dumpTree(own.tree)).toEqual(loaded);
        expect(dumpTree(foreign.tree)).toEqual(loaded);
      }
    }),
    { numRuns: 80 },
  );
});

const plain = { data: null, acl: openAcl, kind: 0, owner: 0, ttlMs: 0 } as const;

/** Commits batches given as plain changes, each a transaction of its own, and answers both sides' trees. */
async function committed(...batches: Change[][]): Promise<unknown[]> {
  const etcd = new FakeEtcd();
  const own = new Replica(await fresh(etcd), deaf);
  for (const changes of batches) {
    const draft = new Draft(own.tree);
    const transactions = changes.map((change, index) => ({ index: index + 1, timeMs: 1, changes: [change] }));
    for (const { index, changes } of transactions)
      for (const change of changes) draft.apply(change, { zxid: index, timeMs: 1 });
    const ops = batchOps(keys, { id: newBatchId(), logId: "p.1", draft, tree: own.tree, transactions });
    const { revision } = await etcd.txn([], ops);
    for (const { index, changes } of transactions) {
      own.tree.zxid = zxidOf(revision, index);
      for (const change of changes) own.apply(change, { zxid: zxidOf(revision, index), timeMs: 1 });
    }
    own.advance(revision);
  }
  return [dumpTree(own.tree), dumpTree(await fresh(etcd))];
}

test("a znode deleted and made again in one batch starts with a fresh counter", async () => {
  const make = (path: string, creates: number): Change => ({ is: "create", path, creates, ...plain });
  const [live, loaded] = await committed(
    [make("/a", 1), make("/a/b", 1), { is: "delete", path: "/a/b" }],
    [{ is: "delete", path: "/a" }, make("/a", 2)],
  );
  expect(live).toEqual(loaded);
});

test("a session that ends in the batch that touched its ephemeral takes it along once", async () => {
  const open: Change = { is: "openSession", session: 1, timeoutMs: 4_000, owner: "p" };
  const make: Change = { is: "create", path: "/e", creates: 1, ...plain, kind: 1, owner: 1 };
  const [live, loaded] = await committed(
    [open, make],
    [
      { is: "setData", path: "/e", data: null },
      { is: "closeSession", session: 1 },
      { is: "create", path: "/f", creates: 2, ...plain },
    ],
  );
  expect(live).toEqual(loaded);
  const draft = new Draft(await fresh(new FakeEtcd()));
  for (const change of [open, make, { is: "setData", path: "/e", data: null } as const])
    draft.apply(change, { zxid: 1, timeMs: 1 });
  const above = new Draft(draft);
  above.apply({ is: "setData", path: "/e", data: null }, { zxid: 1, timeMs: 1 });
  expect([...above.ephemeralsOf(1)]).toEqual(["/e"]);
});

test("a draft does not touch what it is drawn over", async () => {
  const tree = await fresh(new FakeEtcd());
  const before = dumpTree(tree);
  const draft = new Draft(tree);
  const create: Change = {
    is: "create",
    path: "/a",
    data: null,
    acl: openAcl,
    kind: 0,
    owner: 0,
    ttlMs: 0,
    creates: 1,
  };
  draft.apply(create, { zxid: 1, timeMs: 5 });
  draft.apply({ is: "setData", path: "/", data: Buffer.from("r") }, { zxid: 1, timeMs: 5 });
  expect(draft.get("/a")?.czxid).toBe(1);
  expect(draft.get("")?.childCount).toBe(2);
  expect(dumpTree(tree)).toEqual(before);
});
