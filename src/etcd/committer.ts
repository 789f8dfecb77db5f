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
import { EtcdLost, EtcdRefused, type EtcdStore } from "./store.ts";

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

/** Bounds of a batch, and of patience. */
const limits = { opsMax: 1_000, bytesMax: 1_000_000, writesMax: 4_000, refusedRetryMs: 500, writeWaitMs: 15_000 };

/** Turns of the event loop between two batches: replies leave in the first, the next requests come in with the second at the earliest. */
const gatherTurns = { min: 2, max: 8 };

interface Batch {
  readonly id: string;
  readonly writes: readonly Write[];
  readonly prepared: readonly (readonly Change[] | null)[];
  readonly draft: Draft;
  readonly transactions: readonly Transaction[];
}

/** `isLost`: its client was dropped while the fate of its batch was in doubt. */
interface Queued {
  readonly write: Write;
  readonly sinceMs: number;
  isLost: boolean;
}

const asError = (cause: unknown): Error => (cause instanceof Error ? cause : new Error(String(cause)));

/** Commits through one store onto one replica. */
export class Committer {
  readonly #store: Pick<EtcdStore, "txn" | "range">;
  readonly #keys: Keyspace;
  readonly #logId: string;
  readonly #replica: Replica;
  readonly #log: Logger;
  readonly #onBroken: (cause: Error) => void;
  #queue: Queued[] = [];
  #isRunning = false;
  #closed: Error | undefined;
  #writesMax = limits.writesMax;

  /** `logId` names our log key and must not be used by anybody else, not even by our own past. `onBroken`: the tree is useless from now on. */
  constructor(wiring: {
    store: Pick<EtcdStore, "txn" | "range">;
    keys: Keyspace;
    logId: string;
    replica: Replica;
    log: Logger;
    onBroken: (cause: Error) => void;
  }) {
    this.#store = wiring.store;
    this.#keys = wiring.keys;
    this.#logId = wiring.logId;
    this.#replica = wiring.replica;
    this.#log = wiring.log;
    this.#onBroken = wiring.onBroken;
  }

  /** Writes waiting or in flight. */
  get pending(): number {
    return this.#queue.length;
  }

  /** Queues a write. The first one of an idle moment waits for the other sockets of the same turn of the event loop. */
  submit(write: Write): void {
    if (this.#closed !== undefined) return write.lost(this.#closed);
    this.#queue.push({ write, sinceMs: Date.now(), isLost: false });
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

  /** Ends for good when the tree is broken. */
  async #run(): Promise<void> {
    while (this.#queue.length > 0 && this.#closed === undefined) {
      const batch = this.#form();
      if (batch === undefined) continue;
      try {
        const revision = await this.#commit(batch);
        if (this.#closed !== undefined) break;
        if (revision === undefined) continue;
        this.#queue.splice(0, batch.writes.length);
        this.#writesMax = Math.min(this.#writesMax * 2, limits.writesMax);
        this.#apply(batch, revision);
        await this.#gather();
      } catch (cause) {
        const error = asError(cause);
        if (this.#closed !== undefined) break;
        if (error instanceof EtcdRefused) await this.#refused(batch, error);
        else return this.#onBroken(error);
      }
    }
    this.#isRunning = false;
  }

  /** Lets the clients that were just answered join the next batch: a few turns of the event loop, for as long as each brings more writes. Larger
   *  batches cost etcd and us less per write, and on an idle server a turn takes microseconds. */
  async #gather(): Promise<void> {
    for (let turn = 0, before = -1; turn < gatherTurns.max; turn++) {
      if (turn >= gatherTurns.min && this.#queue.length === before) return;
      before = this.#queue.length;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  /** The next batch; `undefined` when a write could not even be judged, which is its own fault and costs nobody else. */
  #form(): Batch | undefined {
    const draft = new Draft(this.#replica.tree);
    const timeMs = Date.now();
    const writes: Write[] = [];
    const prepared: (readonly Change[] | null)[] = [];
    const transactions: Transaction[] = [];
    let bytes = 0;
    this.#queue = this.#queue.filter((queued) => !queued.isLost);
    for (const [position, { write }] of this.#queue.entries()) {
      bytes += write.bytes;
      const isFull = bytes > limits.bytesMax || draftCost(draft) > limits.opsMax || writes.length >= this.#writesMax;
      if (isFull && writes.length > 0) break;
      const index = transactions.length + 1;
      let changes: readonly Change[] | null;
      try {
        changes = write.prepare(draft, { zxid: index, timeMs });
      } catch (error) {
        this.#log.error({ error }, "a bug: a write cannot be prepared, dropping its client");
        this.#queue.splice(position, 1);
        write.lost(asError(error));
        return undefined;
      }
      if (changes !== null) transactions.push({ index, timeMs, changes: [...changes, ...draft.takeStats()] });
      writes.push(write);
      prepared.push(changes);
    }
    return { id: newBatchId(), writes, prepared, draft, transactions };
  }

  /** The revision at which the batch stands, or undefined when it has to be prepared again. Errors: `EtcdRefused`, `HistoryBroken`. */
  async #commit(batch: Batch): Promise<number | undefined> {
    const { tree } = this.#replica;
    const ops =
      batch.transactions.length === 0
        ? []
        : batchOps(this.#keys, {
            id: batch.id,
            logId: this.#logId,
            draft: batch.draft,
            tree,
            transactions: batch.transactions,
          });
    const base = tree.revision;
    try {
      const result = await this.#store.txn(fenceGuard(this.#keys, base), ops);
      if (!result.succeeded) {
        await this.#replica.follow(base, result.revision);
        return undefined;
      }
      return batch.transactions.length === 0 ? base : result.revision;
    } catch (error) {
      if (!(error instanceof EtcdLost) || this.#closed !== undefined) throw error;
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
        const base = this.#replica.tree.revision;
        const moved = await this.#moveFence(bumps);
        if (moved === undefined) return undefined;
        // The fence had moved, by the lost batch or by another proxy: either way the lost batch can no longer arrive later.
        const after = await this.#ownLog();
        if (after?.batch === batch.id) return after.revision;
        if (after !== undefined && bumps.has(after.batch)) continue;
        await this.#replica.follow(base, moved);
        return undefined;
      } catch (error) {
        // A refusal says nothing of the batch in doubt: it may have been taken before etcd's space ran out.
        if (!(error instanceof EtcdLost || error instanceof EtcdRefused)) throw error;
        this.#log.warn({ error, retryMs: waitMs }, "etcd does not answer");
        this.#dropOld(batch.writes.length, error);
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
    throw this.#closed;
  }

  /** Drops the clients of writes that have waited too long. The first `inDoubt` of the queue keep their places: they may have happened. */
  #dropOld(inDoubt: number, cause: Error): void {
    const oldestMs = Date.now() - limits.writeWaitMs;
    const old = this.#queue.filter((queued) => !queued.isLost && queued.sinceMs < oldestMs);
    for (const queued of old) queued.isLost = true;
    this.#queue = this.#queue.filter((queued, index) => index < inDoubt || !queued.isLost);
    for (const { write } of old) write.lost(cause);
  }

  /** The batch that our log key holds, and where it was committed. */
  async #ownLog(): Promise<{ batch: string; revision: number } | undefined> {
    const [stored] = (await this.#store.range(this.#keys.log(this.#logId))).keys;
    if (stored === undefined) return undefined;
    return { batch: decodeRecord(LogRecord, stored.value).batch ?? "", revision: stored.modRevision };
  }

  /** Commits an empty batch: undefined when it went through, else the revision at which the fence stands. */
  async #moveFence(bumps: Set<string>): Promise<number | undefined> {
    const { tree } = this.#replica;
    const id = newBatchId();
    bumps.add(id);
    const ops = batchOps(this.#keys, { id, logId: this.#logId, draft: new Draft(tree), tree, transactions: [] });
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
        this.#settle(write, tree.zxid);
        continue;
      }
      const transaction = batch.transactions[next++];
      if (transaction === undefined) throw new Error("a batch has fewer transactions than accepted writes");
      const at = { zxid: zxidOf(revision, transaction.index), timeMs: transaction.timeMs };
      tree.zxid = at.zxid;
      for (const [index, change] of transaction.changes.entries()) {
        this.#replica.apply(change, at);
        write.changed(index);
      }
      this.#settle(write, at.zxid);
    }
    this.#replica.advance(revision);
  }

  /** An answer that cannot be given concerns its own client alone. */
  #settle(write: Write, zxid: number): void {
    try {
      write.settled(zxid);
    } catch (error) {
      this.#log.error({ error }, "a bug: a write cannot be answered, dropping its client");
      write.lost(asError(error));
    }
  }

  /** etcd said no to a whole batch. One write alone that is refused for its size is dropped; anything else is tried again in smaller portions,
   *  until its writes have waited too long (etcd's space is exhausted, say): then their clients lose the connection, not the truth. */
  async #refused(batch: Batch, error: Error): Promise<void> {
    this.#log.error({ error, writes: batch.writes.length }, "etcd refused a batch");
    const tooMuch = /too large|too many operations|larger than max/.test(error.message);
    if (tooMuch && batch.writes.length > 1) {
      this.#writesMax = Math.max(1, Math.floor(batch.writes.length / 2));
      return;
    }
    if (tooMuch) return this.#queue.shift()?.write.lost(error);
    this.#dropOld(0, error);
    await new Promise((resolve) => setTimeout(resolve, limits.refusedRetryMs));
  }
}
