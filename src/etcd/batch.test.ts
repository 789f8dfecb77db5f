import { expect, test } from "vitest";
import { openAcl } from "../protocol/opcodes.ts";
import { batchOps, newBatchId } from "./batch.ts";
import type { Change } from "./changes.ts";
import { Draft } from "./draft.ts";
import { FakeEtcd } from "./fake-etcd.fixture.ts";
import { Keyspace } from "./keyspace.ts";
import { Tree } from "./tree.ts";

const keys = new Keyspace("/t");

test.each([1, 125, 126, 127, 300, 4_000, 4_100, 30_000])(
  "a batch of %i creations passes etcd's limit",
  async (count) => {
    const tree = new Tree();
    const draft = new Draft(tree);
    const changes: Change[] = [];
    for (let creates = 1; creates <= count; creates++) {
      const change = {
        is: "create",
        path: `/n${creates}`,
        data: null,
        acl: openAcl,
        kind: 0,
        owner: 0,
        ttlMs: 0,
        creates,
      } as const;
      draft.apply(change, { zxid: 1, timeMs: 1 });
      changes.push(change);
    }
    const transactions = [{ index: 1, timeMs: 1, changes }];
    const etcd = new FakeEtcd();
    await etcd.txn([], batchOps(keys, { id: newBatchId(), logId: "p.1", draft, tree, transactions, bundle: null }));
    // Each znode, its parent's counter, the log and the fence.
    expect(etcd.data.size).toBe(count + 3);
  },
);
