/** Group commit: one ordered queue of writes, one transaction in flight. What queues up while it flies becomes the next batch, prepared on the
 *  tree as it is then; so a conflict with another proxy means preparing the same writes again, and nothing else.
 *  A lost answer is cleared up before anything else happens: either the batch is found in etcd, or the fence is moved so that it can never
 *  arrive any more. Acknowledged writes are never lost, unacknowledged ones applied at most once. */
import type { Logger } from "../logger.ts";
import { batchOps, draftCost, fenceGuard, newBatchId, type Transaction } from "./batch.ts";
import type { Change } from "./changes.ts";
import { Draft } from "./draft.ts";
import { decodeRecord, type Keyspace, LogRecord, zxidOf } from "./keyspace.ts";
import type { Replica } from "./replica.ts";
import { EtcdRefused, type EtcdStore } from "./store.ts";

/** A write as the committer sees it. `prepare` may be called again and again; only the last call counts. */
export interface Write {
  /** Rough size, bytes: what a batch may not have too much of. */
  readonly bytes: number;
  /** Validates on the draft and applies the changes to it at `at`; `null` when the write is refused (it keeps its code to itself). */
  prepare(draft: Draft, at: { zxid: number; timeMs: number }): readonly Change[] | null;
  /** The change at this position of what `prepare` answered has just been applied to the tree. */
  changed(index: number): void;
  /** All of it is applied, or it was refused: answer. `zxid` is its own, or the last processed one. */
  settled(zxid: number): void;
  /** It will never be known to have happened: drop the client, without an answer. */
  lost(cause: Error): void;
}

/** Bounds of a batch, and of patience. */
const limits = { opsMax: 1_000, bytesMax: 1_000_000, writesMax: 4_000, refusedRetryMs: 500, writeWaitMs: 15_000 };

interface Batch {
  readonly id: string;
  readonly writes: readonly Write[];
  readonly prepared: readonly (readonly Change[] | null)[];
  readonly draft: Draft;
  readonly transactions: readonly Transaction[];
}

interface Queued {
  readonly write: Write;
  readonly sinceMs: number;
}

/** Commits through one store onto one replica. */
export class Committer {
  readonly #store: EtcdStore;
  readonly #keys: Keyspace;
  readonly #proxy: string;
  readonly #replica: Replica;
  readonly #log: Logger;
  #queue: Queued[] = [];
  #isRunning = false;
  #closed: Error | undefined;
  #writesMax = limits.writesMax;

  constructor(wiring: { store: EtcdStore; keys: Keyspace; proxy: string; replica: Replica; log: Logger }) {
    this.#store = wiring.store;
    this.#keys = wiring.keys;
    this.#proxy = wiring.proxy;
    this.#replica = wiring.replica;
    this.#log = wiring.log;
  }

  /** Writes waiting or in flight. */
  get pending(): number {
    return this.#queue.length;
  }

  /** Queues a write. The first one of an idle moment waits for the other sockets of the same turn of the event loop. */
  submit(write: Write): void {
    if (this.#closed !== undefined) return write.lost(this.#closed);
    this.#queue.push({ write, sinceMs: Date.now() });
    if (this.#isRunning) return;
    this.#isRunning = true;
    setImmediate(() => void this.#run());
  }

  /** Drops what is queued; a batch in flight is finished or abandoned by its own. */
  close(cause: Error): void {
    this.#closed = cause;
    const queue = this.#queue;
    this.#queue = [];
    for (const { write } of queue) write.lost(cause);
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0 && this.#closed === undefined) {
      const batch = this.#form();
      try {
        const revision = await this.#commit(batch);
        if (revision === undefined) continue;
        this.#queue.splice(0, batch.writes.length);
        this.#apply(batch, revision);
      } catch (error) {
        await this.#refused(batch, error instanceof Error ? error : new Error(String(error)));
      }
    }
    this.#isRunning = false;
  }

  #form(): Batch {
    const draft = new Draft(this.#replica.tree);
    const timeMs = Date.now();
    const writes: Write[] = [];
    const prepared: (readonly Change[] | null)[] = [];
    const transactions: Transaction[] = [];
    let bytes = 0;
    for (const { write } of this.#queue) {
      bytes += write.bytes;
      const isFull = bytes > limits.bytesMax || draftCost(draft) > limits.opsMax || writes.length >= this.#writesMax;
      if (isFull && writes.length > 0) break;
      const index = transactions.length + 1;
      const changes = write.prepare(draft, { zxid: index, timeMs });
      if (changes !== null) transactions.push({ index, timeMs, changes });
      writes.push(write);
      prepared.push(changes);
    }
    return { id: newBatchId(), writes, prepared, draft, transactions };
  }

  /** The revision at which the batch stands, or undefined when it has to be prepared again. Errors: `EtcdRefused`. */
  async #commit(batch: Batch): Promise<number | undefined> {
    const { tree } = this.#replica;
    const ops =
      batch.transactions.length === 0
        ? []
        : batchOps(this.#keys, {
            id: batch.id,
            proxy: this.#proxy,
            draft: batch.draft,
            tree,
            transactions: batch.transactions,
          });
    try {
      const result = await this.#store.txn(fenceGuard(this.#keys, tree.revision), ops);
      if (!result.succeeded) {
        await this.#replica.reach(result.revision);
        return undefined;
      }
      return batch.transactions.length === 0 ? tree.revision : result.revision;
    } catch (error) {
      if (error instanceof EtcdRefused || this.#closed !== undefined) throw error;
      this.#log.warn(
        { error, writes: batch.writes.length },
        "lost etcd's answer to a batch, finding out what became of it",
      );
      return this.#clearUp(batch);
    }
  }

  /** After a lost answer: the revision at which the batch stands, or undefined once it is certain that it never will. */
  async #clearUp(batch: Batch): Promise<number | undefined> {
    const bumps = new Set<string>();
    for (let waitMs = 50; this.#closed === undefined; waitMs = Math.min(waitMs * 2, 2_000)) {
      try {
        const own = await this.#ownLog();
        if (own?.batch === batch.id) return own.revision;
        if (own !== undefined && bumps.has(own.batch)) {
          this.#replica.advance(own.revision);
          return undefined;
        }
        const moved = await this.#moveFence(bumps);
        if (moved === undefined) return undefined;
        // The fence had moved, by the lost batch or by another proxy: either way the lost batch can no longer arrive later.
        const after = await this.#ownLog();
        if (after?.batch === batch.id) return after.revision;
        if (after !== undefined && bumps.has(after.batch)) continue;
        await this.#replica.reach(moved);
        return undefined;
      } catch (error) {
        if (error instanceof EtcdRefused) throw error;
        this.#log.warn({ error, retryMs: waitMs }, "etcd does not answer");
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
    throw this.#closed;
  }

  /** The batch that our log key holds, and where it was committed. */
  async #ownLog(): Promise<{ batch: string; revision: number } | undefined> {
    const [stored] = (await this.#store.range(this.#keys.log(this.#proxy))).keys;
    if (stored === undefined) return undefined;
    return { batch: decodeRecord(LogRecord, stored.value).batch ?? "", revision: stored.modRevision };
  }

  /** Commits an empty batch: undefined when it went through, else the revision at which the fence stands. */
  async #moveFence(bumps: Set<string>): Promise<number | undefined> {
    const { tree } = this.#replica;
    const id = newBatchId();
    bumps.add(id);
    const ops = batchOps(this.#keys, { id, proxy: this.#proxy, draft: new Draft(tree), tree, transactions: [] });
    const bump = await this.#store.txn(fenceGuard(this.#keys, tree.revision), ops);
    if (!bump.succeeded) return bump.revision;
    this.#replica.advance(bump.revision);
    return undefined;
  }

  #apply(batch: Batch, revision: number): void {
    const { tree } = this.#replica;
    let next = 0;
    for (const [position, write] of batch.writes.entries()) {
      const changes = batch.prepared[position];
      if (changes === null || changes === undefined) {
        write.settled(tree.zxid);
        continue;
      }
      const transaction = batch.transactions[next++];
      if (transaction === undefined) throw new Error("a batch has fewer transactions than accepted writes");
      const at = { zxid: zxidOf(revision, transaction.index), timeMs: transaction.timeMs };
      tree.zxid = at.zxid;
      for (const [index, change] of changes.entries()) {
        this.#replica.apply(change, at);
        write.changed(index);
      }
      write.settled(at.zxid);
    }
    this.#replica.advance(revision);
  }

  /** etcd said no to a whole batch. One write alone that is refused for its size is dropped; anything else is tried again in smaller portions,
   *  until its writes have waited too long (etcd's space is exhausted, say): then their clients lose the connection, not the truth. */
  async #refused(batch: Batch, error: Error): Promise<void> {
    this.#log.error({ error, writes: batch.writes.length }, "etcd refused a batch");
    const tooMuch = /too large|too many operations/.test(error.message);
    if (tooMuch && batch.writes.length > 1) {
      this.#writesMax = Math.max(1, Math.floor(batch.writes.length / 2));
      return;
    }
    this.#writesMax = limits.writesMax;
    const oldestMs = Date.now() - limits.writeWaitMs;
    const given = this.#queue.filter((queued, index) => queued.sinceMs < oldestMs || (tooMuch && index === 0));
    this.#queue = this.#queue.filter((queued) => !given.includes(queued));
    for (const { write } of given) write.lost(error);
    if (!tooMuch) await new Promise((resolve) => setTimeout(resolve, limits.refusedRetryMs));
  }
}
