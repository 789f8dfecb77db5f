/** A batch: prepared writes turned into one etcd transaction, and into the log entry that other proxies follow. */
import { randomBytes } from "node:crypto";
import type { ICompare, IRequestOp } from "etcd3";
import { type Change, changeToRecord } from "./changes.ts";
import type { Draft } from "./draft.ts";
import { encodeRecord, FenceRecord, type Keyspace, LogRecord } from "./keyspace.ts";
import { type NewBundle, put, stateOps } from "./state-ops.ts";
import type { Tree } from "./tree.ts";

/** One accepted transaction of a batch: its zxid index, time and changes. */
export interface Transaction {
  readonly index: number;
  readonly timeMs: number;
  readonly changes: readonly Change[];
}

/** etcd's default --max-txn-ops. Larger batches nest; each level may have as many operations as those above it have left of the limit.
 *  Source: etcd server/etcdserver/api/v3rpc/key.go, checkTxnRequest. */
export const opsPerTxnMax = 128;
/** Data of a batch that travels in the log; the rest is fetched by those who need it. */
const inlineBytesMax = 256 * 1024;

/** What identifies a batch in etcd, so that a lost answer can be found out about. */
export const newBatchId = (): string => randomBytes(8).toString("hex");

/** The guard of every batch: nothing was committed since the state it was prepared on. */
export const fenceGuard = (keys: Keyspace, revision: number): ICompare[] => [
  { key: Buffer.from(keys.fence), result: "Equal", target: "Mod", mod_revision: revision },
];

/** How many etcd operations a draft amounts to, at most: what bounds a batch while it is filled. */
export const draftCost = (draft: Draft): number => draft.nodes.size * 2 + draft.sessions.size;

/** Data of bundled znodes always travels along: they have no key that it could be fetched from. */
function logValue({ id, isUntold = false, transactions, bundle }: BatchContent, previous: number): Buffer {
  if (isUntold) return encodeRecord(LogRecord, { batch: id, previous, transactions: null });
  let inlineBytes = 0;
  const inline = (change: Change, isBundled: boolean): boolean => {
    if (change.is !== "create" && change.is !== "setData") return true;
    const bytes = change.data?.length ?? 0;
    if (!isBundled && inlineBytes + bytes > inlineBytesMax) return false;
    inlineBytes += bytes;
    return true;
  };
  return encodeRecord(LogRecord, {
    batch: id,
    previous,
    transactions: transactions.map(({ index, timeMs, changes }) => ({
      index,
      timeMs,
      changes: changes.map((change) => {
        const isBundled = bundle?.creations.has(change) === true;
        return changeToRecord(change, inline(change, isBundled), isBundled);
      }),
    })),
  });
}

/** A batch to be committed. `tree` is what the draft was written over, `bundle` what `bundleOf` found in it; `isUntold` leaves its changes out of
 *  the log: nobody follows it. */
export interface BatchContent {
  readonly id: string;
  readonly logId: string;
  readonly draft: Draft;
  readonly tree: Tree;
  readonly transactions: readonly Transaction[];
  readonly bundle: NewBundle | null;
  readonly isUntold?: boolean;
}

/** Everything that commits a batch: state, log and fence in one transaction. */
export function batchOps(keys: Keyspace, batch: BatchContent): IRequestOp[] {
  const own = [
    put(keys.log(batch.logId), logValue(batch, batch.tree.revision)),
    put(keys.fence, encodeRecord(FenceRecord, { batch: batch.id, zxids: batch.transactions.at(-1)?.index ?? 0 })),
  ];
  return nested([...own, ...stateOps(keys, batch)], opsPerTxnMax);
}

/** Splits operations so that they pass with `left` of etcd's limit: on two levels up to 4,096 of them, on three up to 77,000. */
function nested(ops: IRequestOp[], left: number): IRequestOp[] {
  if (ops.length <= left || left < 4) return ops;
  let partsCount = 2;
  while (partsCount < left / 2 && partsCount * (left - partsCount) < ops.length) partsCount++;
  if (partsCount * (left - partsCount) < ops.length) partsCount = Math.floor(left / 3);
  const size = Math.ceil(ops.length / partsCount);
  const parts: IRequestOp[] = [];
  for (let at = 0; at < ops.length; at += size) {
    const success = nested(ops.slice(at, at + size), left - partsCount);
    parts.push({ request_txn: { compare: [], success, failure: [] } });
  }
  return parts;
}
