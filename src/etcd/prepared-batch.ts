/** Writes that go to etcd together: prepared one behind the other on a draft, and, once committed, applied in the same order. */
import type { Logger } from "../logger.ts";
import { draftCost, newBatchId, type Transaction } from "./batch.ts";
import { Bundle } from "./bundles.ts";
import type { Change } from "./changes.ts";
import { Draft } from "./draft.ts";
import { zxidOf } from "./keyspace.ts";
import type { Replica } from "./replica.ts";
import { bundleOf, type NewBundle } from "./state-ops.ts";
import type { Tree } from "./tree.ts";

/** A write as the committer sees it. `prepare` may be called again and again; only the last call counts. */
export interface Write {
  /** Rough size, bytes: what a batch may not have too much of. */
  readonly bytes: number;
  /** Validates on the draft and applies the changes to it at `at`; `null` when the write is refused (it keeps its code to itself). */
  prepare(draft: Draft, at: { zxid: number; timeMs: number }): readonly Change[] | null;
  /** The change at this position of what `prepare` answered has just been applied to the tree; behind its end stand quota statistics. */
  changed(index: number): void;
  /** All of it is applied, or it was refused: answer. `zxid` is its own, or the last processed one. */
  settled(zxid: number): void;
  /** It will never be known to have happened: drop the client, without an answer. */
  lost(cause: Error): void;
}

/** `prepared` holds a transaction per write, null where it was refused; `transactions` those that are some. */
export interface PreparedBatch {
  readonly id: string;
  readonly writes: readonly Write[];
  readonly prepared: readonly (Transaction | null)[];
  readonly draft: Draft;
  readonly transactions: readonly Transaction[];
  readonly bundle: NewBundle | null;
}

/** How much may go together. */
const limits = { opsMax: 1_000, bytesMax: 1_000_000 };

export const asError = (cause: unknown): Error => (cause instanceof Error ? cause : new Error(String(cause)));

/** Prepares as many of the waiting writes as fit, at least one and at most `writesMax`; or names the one that could not be judged. */
export function prepareBatch(
  waiting: readonly Write[],
  tree: Tree,
  writesMax: number,
): { is: "prepared"; batch: PreparedBatch } | { is: "broken"; culprit: Write; error: Error } {
  const draft = new Draft(tree);
  const timeMs = Date.now();
  const writes: Write[] = [];
  const prepared: (Transaction | null)[] = [];
  const transactions: Transaction[] = [];
  let bytes = 0;
  for (const write of waiting) {
    bytes += write.bytes;
    const isFull = bytes > limits.bytesMax || draftCost(draft) > limits.opsMax || writes.length >= writesMax;
    if (isFull && writes.length > 0) break;
    const index = transactions.length + 1;
    let changes: readonly Change[] | null;
    try {
      changes = write.prepare(draft, { zxid: index, timeMs });
    } catch (error) {
      return { is: "broken", culprit: write, error: asError(error) };
    }
    const transaction = changes === null ? null : { index, timeMs, changes: [...changes, ...draft.takeStats()] };
    if (transaction !== null) transactions.push(transaction);
    writes.push(write);
    prepared.push(transaction);
  }
  const bundle = bundleOf(transactions, draft, tree.revision);
  return { is: "prepared", batch: { id: newBatchId(), writes, prepared, draft, transactions, bundle } };
}

/** Applies a batch that was committed at `revision`: change by change, each write answered before the next one starts. */
export function applyBatch(batch: PreparedBatch, revision: number, to: { replica: Replica; log: Logger }): void {
  const { tree } = to.replica;
  for (const [position, write] of batch.writes.entries()) {
    const transaction = batch.prepared[position] ?? null;
    if (transaction !== null) {
      const at = { zxid: zxidOf(revision, transaction.index), timeMs: transaction.timeMs };
      tree.zxid = at.zxid;
      for (const [index, change] of transaction.changes.entries()) {
        to.replica.apply(change, at);
        write.changed(index);
      }
    }
    settle(write, tree.zxid, to.log);
  }
  if (batch.bundle !== null) tree.bundle(new Bundle({ base: batch.bundle.base, revision }, batch.bundle.bytes));
  to.replica.advance(revision);
}

/** An answer that cannot be given concerns its own client alone. */
function settle(write: Write, zxid: number, log: Logger): void {
  try {
    write.settled(zxid);
  } catch (error) {
    log.error({ error }, "a bug: a write cannot be answered, dropping its client");
    write.lost(asError(error));
  }
}
