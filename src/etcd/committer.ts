/** Group commit: one ordered queue of writes, one transaction in flight. What queues up while it flies becomes the next batch, prepared on the
 *  tree as it is then; so a conflict with another proxy means preparing the same writes again, and nothing else.
 *  A lost answer is cleared up (in-doubt.ts) before anything else happens. */
import type { Logger } from "../logger.ts";
import { batchOps, fenceGuard } from "./batch.ts";
import { type CommitTarget, InDoubt } from "./in-doubt.ts";
import { applyBatch, asError, type PreparedBatch, prepareBatch, type Write } from "./prepared-batch.ts";
import { EtcdLost, EtcdRefused } from "./store.ts";

/** Bounds of a batch, and of patience. */
const limits = { writesMax: 4_000, refusedRetryMs: 500, writeWaitMs: 15_000 };

/** How long the next batch waits for clients that were just answered, ms: since the last of them came back with a write; three times as long in all. */
const gatherMs = 0.3;
/** A batch of so many is worth its transaction without those who are late. */
const crowd = 32;

/** `isLost`: its client was dropped while the fate of its batch was in doubt. */
interface Queued {
  readonly write: Write;
  readonly sinceMs: number;
  isLost: boolean;
}

/** Commits through one store onto one replica. */
export class Committer {
  readonly #target: CommitTarget;
  readonly #log: Logger;
  readonly #onBroken: (cause: Error) => void;
  readonly #gatherMs: number;
  #queue: Queued[] = [];
  #isRunning = false;
  #closed: Error | undefined;
  #writesMax = limits.writesMax;

  /** `onBroken`: the tree is useless from now on. `gatherMs`: 0 waits for nobody but who comes in the same turns of the event loop. */
  constructor(
    wiring: CommitTarget & {
      readonly log: Logger;
      readonly onBroken: (cause: Error) => void;
      readonly gatherMs?: number | undefined;
    },
  ) {
    this.#target = wiring;
    this.#log = wiring.log;
    this.#onBroken = wiring.onBroken;
    this.#gatherMs = wiring.gatherMs ?? gatherMs;
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
    const { rotation } = this.#target.replica;
    while (this.#queue.length > 0 && this.#closed === undefined) {
      const { next } = rotation;
      if (next !== undefined) {
        await rotation.giveWayTo(next);
        continue;
      }
      const batch = this.#form();
      if (batch === undefined) continue;
      try {
        const revision = await this.#commit(batch);
        if (this.#closed !== undefined) break;
        if (revision === undefined) continue;
        this.#queue.splice(0, batch.writes.length);
        this.#writesMax = Math.min(this.#writesMax * 2, limits.writesMax);
        applyBatch(batch, revision, { replica: this.#target.replica, log: this.#log });
        await this.#gather(batch.writes.length);
      } catch (cause) {
        const error = asError(cause);
        if (this.#closed !== undefined) break;
        if (error instanceof EtcdRefused) await this.#refused(batch, error);
        else return this.#onBroken(error);
      }
    }
    this.#isRunning = false;
  }

  /** Lets the clients that were just answered join the next batch. Otherwise those that waited meanwhile fly alone, the others wait for them, and
   *  every batch is half of what it could be; larger ones cost etcd and us less per write. Nobody else is worth waiting for. */
  async #gather(answered: number): Promise<void> {
    const all = this.#queue.length + answered;
    if (all === 1) return;
    const quietMs = all < crowd ? this.#gatherMs : 0;
    const startedAt = performance.now();
    let grewAt = startedAt;
    let waiting = this.#queue.length;
    // Replies leave in the first turn of the event loop, the next requests come in with the second at the earliest.
    for (let turn = 1; ; turn++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      const now = performance.now();
      if (this.#queue.length > waiting) grewAt = now;
      waiting = this.#queue.length;
      if (turn >= 2 && (waiting >= all || now - grewAt > quietMs || now - startedAt > 3 * this.#gatherMs)) return;
    }
  }

  /** The next batch; `undefined` when a write could not even be judged, which is its own fault and costs nobody else. */
  #form(): PreparedBatch | undefined {
    this.#queue = this.#queue.filter((queued) => !queued.isLost);
    const formed = prepareBatch(
      this.#queue.map(({ write }) => write),
      this.#target.replica.tree,
      this.#writesMax,
    );
    if (formed.is === "prepared") return formed.batch;
    this.#log.error({ error: formed.error }, "a bug: a write cannot be prepared, dropping its client");
    this.#queue = this.#queue.filter(({ write }) => write !== formed.culprit);
    formed.culprit.lost(formed.error);
    return undefined;
  }

  /** The revision at which the batch stands, or undefined when it has to be prepared again. Errors: `EtcdRefused`, `HistoryBroken`. */
  async #commit(batch: PreparedBatch): Promise<number | undefined> {
    this.#target.replica.isOwnUnderWay = true;
    try {
      return await this.#send(batch);
    } finally {
      this.#target.replica.isOwnUnderWay = false;
    }
  }

  async #send(batch: PreparedBatch): Promise<number | undefined> {
    const { store, keys, logId, replica, isFollowed } = this.#target;
    const { tree } = replica;
    const isUntold = isFollowed?.() === false;
    const ops = batch.transactions.length === 0 ? [] : batchOps(keys, { ...batch, logId, tree, isUntold });
    const base = tree.revision;
    const startedAt = performance.now();
    try {
      const result = await store.txn(fenceGuard(keys, base), ops);
      replica.rotation.took(performance.now() - startedAt);
      if (!result.succeeded) {
        replica.isOwnUnderWay = false;
        await replica.follow(base, result.revision);
        return undefined;
      }
      // Refusals alone were confirmed on a state that another proxy may have moved on from before we heard: then they are judged again.
      if (batch.transactions.length === 0) return tree.revision === base ? base : undefined;
      return result.revision;
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
  async #clearUp(batch: PreparedBatch): Promise<number | undefined> {
    const doubt = new InDoubt(this.#target, batch.id);
    for (let waitMs = 50; this.#closed === undefined; waitMs = Math.min(waitMs * 2, 2_000)) {
      try {
        return await doubt.settle();
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

  /** etcd said no to a whole batch. One write alone that is refused for its size is dropped; anything else is tried again in smaller portions,
   *  until its writes have waited too long (etcd's space is exhausted, say): then their clients lose the connection, not the truth. */
  async #refused(batch: PreparedBatch, error: Error): Promise<void> {
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
