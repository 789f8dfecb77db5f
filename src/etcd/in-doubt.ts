/** What became of a batch whose answer was lost. Nothing else may happen before that is known: either the batch is found in etcd, or the fence is
 *  moved so that it can never arrive any more. So acknowledged writes are never lost, and unacknowledged ones applied at most once. */
import { batchOps, fenceGuard, newBatchId } from "./batch.ts";
import { Draft } from "./draft.ts";
import { decodeRecord, type Keyspace, LogRecord } from "./keyspace.ts";
import type { Replica } from "./replica.ts";
import type { EtcdStore } from "./store.ts";

/** Where the committer writes. `logId` names our log key and must not be used by anybody else, not even by our own past. */
export interface CommitTarget {
  readonly store: Pick<EtcdStore, "txn" | "range">;
  readonly keys: Keyspace;
  readonly logId: string;
  readonly replica: Replica;
  /** Whether other proxies live, who must be told what a batch changes; true when left out. */
  readonly isFollowed?: () => boolean;
}

/** One batch in doubt. `settle` is called until it answers. */
export class InDoubt {
  readonly #target: CommitTarget;
  readonly #batch: string;
  /** Empty batches sent to move the fence: each of them may be lost and found as well. */
  readonly #bumps = new Set<string>();

  constructor(target: CommitTarget, batch: string) {
    this.#target = target;
    this.#batch = batch;
  }

  /** The revision at which the batch stands, or undefined once it is certain that it never will. Errors: those of the store, upon which it is
   *  to be called again; `HistoryBroken`. */
  async settle(): Promise<number | undefined> {
    for (;;) {
      const own = await this.#ownLog();
      if (own?.batch === this.#batch) return own.revision;
      if (own !== undefined && this.#bumps.has(own.batch)) {
        this.#target.replica.advance(own.revision);
        return undefined;
      }
      const base = this.#target.replica.tree.revision;
      const moved = await this.#moveFence();
      if (moved === undefined) return undefined;
      // The fence had moved, by the lost batch or by another proxy: either way the lost batch can no longer arrive later.
      const after = await this.#ownLog();
      if (after?.batch === this.#batch) return after.revision;
      if (after !== undefined && this.#bumps.has(after.batch)) continue;
      this.#target.replica.isOwnUnderWay = false;
      await this.#target.replica.follow(base, moved);
      return undefined;
    }
  }

  /** The batch that our log key holds, and where it was committed. */
  async #ownLog(): Promise<{ batch: string; revision: number } | undefined> {
    const { store, keys, logId } = this.#target;
    const [stored] = (await store.range(keys.log(logId))).keys;
    if (stored === undefined) return undefined;
    return { batch: decodeRecord(LogRecord, stored.value).batch ?? "", revision: stored.modRevision };
  }

  /** Commits an empty batch: undefined when it went through, else the revision at which the fence stands. */
  async #moveFence(): Promise<number | undefined> {
    const { store, keys, logId, replica } = this.#target;
    const { tree } = replica;
    const id = newBatchId();
    this.#bumps.add(id);
    const ops = batchOps(keys, { id, logId, draft: new Draft(tree), tree, transactions: [], bundle: null });
    const bump = await store.txn(fenceGuard(keys, tree.revision), ops);
    if (!bump.succeeded) return bump.revision;
    replica.advance(bump.revision);
    return undefined;
  }
}
