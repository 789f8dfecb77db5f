/** A history of batches: committed to an etcd in memory, applied by their writer, followed by another proxy, and loaded by a third. */
import { expect } from "vitest";
import { batchOps, newBatchId, type Transaction } from "./batch.ts";
import { Bundle } from "./bundles.ts";
import type { Change } from "./changes.ts";
import { Draft } from "./draft.ts";
import { FakeEtcd } from "./fake-etcd.fixture.ts";
import { decodeRecord, Keyspace, LogRecord, ZnodeRecord, zxidOf } from "./keyspace.ts";
import { missingData, Replica } from "./replica.ts";
import { loadSnapshot } from "./snapshot.ts";
import { bundleOf } from "./state-ops.ts";
import type { Tree, TreeListener } from "./tree.ts";
import type { Znode } from "./znode.ts";

const deaf: TreeListener = {
  created() {},
  deleted() {},
  dataChanged() {},
  childrenChanged() {},
  sessionOpened() {},
  sessionClosed() {},
};

/** One transaction: what it does to the draft, as changes that it has applied there. */
export type MakeTransaction = (draft: Draft, at: { zxid: number; timeMs: number }) => Change[];

/** A transaction that is known beforehand. */
export const plainly =
  (...changes: Change[]): MakeTransaction =>
  (draft, at) => {
    for (const change of changes) draft.apply(change, at);
    return changes;
  };

/** What a draft knows of a znode without knowing its revision. */
function essence(node: Znode | null | undefined) {
  if (node === null || node === undefined) return null;
  const { version, aversion, creates, childCount, kind, owner, ttlMs, ctime, mtime, acl } = node;
  return {
    version,
    aversion,
    creates,
    childCount,
    kind,
    owner,
    ttlMs,
    ctime,
    mtime,
    acl,
    data: node.data?.toString("hex"),
  };
}

/** The trees of writer and follower start equal and must stay so. */
export class History {
  readonly etcd: FakeEtcd;
  readonly keys: Keyspace;
  readonly own: Replica;
  readonly foreign: Replica;

  private constructor(etcd: FakeEtcd, keys: Keyspace, trees: { own: Tree; foreign: Tree }) {
    this.etcd = etcd;
    this.keys = keys;
    this.own = new Replica(trees.own, deaf);
    this.foreign = new Replica(trees.foreign, deaf);
  }

  static async begin(): Promise<History> {
    const etcd = new FakeEtcd();
    const keys = new Keyspace("/t");
    const own = (await loadSnapshot(etcd.store, keys)).tree;
    return new History(etcd, keys, { own, foreign: (await loadSnapshot(etcd.store, keys)).tree });
  }

  /** The tree of a proxy that starts now. */
  async loaded(): Promise<Tree> {
    return (await loadSnapshot(this.etcd.store, this.keys)).tree;
  }

  /** Commits one batch. */
  async commit(batch: readonly MakeTransaction[]): Promise<void> {
    const { keys, etcd, own } = this;
    const draft = new Draft(own.tree);
    const transactions: Transaction[] = [];
    for (const make of batch) {
      const at = { zxid: transactions.length + 1, timeMs: 1_000 + transactions.length };
      const above = new Draft(draft);
      const changes = make(above, at);
      draft.merge(above);
      transactions.push({ index: at.zxid, timeMs: at.timeMs, changes: [...changes, ...draft.takeStats()] });
    }
    const bundle = bundleOf(transactions, draft, own.tree.revision);
    const ops = batchOps(keys, { id: newBatchId(), logId: "p.1", draft, tree: own.tree, transactions, bundle });
    const { revision } = await etcd.txn([], ops);
    for (const { index, timeMs, changes } of transactions) {
      own.tree.zxid = zxidOf(revision, index);
      for (const change of changes) own.apply(change, { zxid: zxidOf(revision, index), timeMs });
    }
    if (bundle !== null) own.tree.bundle(new Bundle({ base: bundle.base, revision }, bundle.bytes));
    own.advance(revision);
    for (const [path, drafted] of draft.nodes) expect(essence(own.tree.get(path))).toEqual(essence(drafted));
    this.#follow(revision);
  }

  #follow(revision: number): void {
    const log = decodeRecord(LogRecord, this.etcd.data.get(this.keys.log("p.1"))?.value ?? Buffer.alloc(0));
    const data = new Map<string, Buffer | null>();
    for (const path of missingData(log)) {
      const stored = this.etcd.data.get(this.keys.znode(path));
      const bytes = stored === undefined ? null : decodeRecord(ZnodeRecord, stored.value).data;
      data.set(path, bytes === null ? null : Buffer.from(bytes));
    }
    this.foreign.receive({ author: "own", revision, log, data });
  }
}
