/** The tree of this proxy and the one way it moves: batch after batch, own and foreign, each behind the batch it was prepared on. */
import { setWakingTimeout } from "../protocol/waking-timeout.ts";
import { Bundle, bundleBytes, type Entry } from "./bundles.ts";
import { changeFromRecord } from "./changes.ts";
import { type LogRecord, zxidOf } from "./keyspace.ts";
import { Rotation } from "./rotation.ts";
import type { Tree, TreeListener } from "./tree.ts";

/** A foreign batch as its log key told it. */
export interface ForeignBatch {
  /** The key of its proxy's log. */
  readonly author: string;
  readonly revision: number;
  readonly log: LogRecord;
  /** Znodes whose data did not travel in the log, by path. */
  readonly data: ReadonlyMap<string, Buffer | null>;
}

/** Waits for a revision: resolves when the tree has reached it, rejects when the replica is given up. */
interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
  readonly reject: (cause: Error) => void;
}

/** etcd's history does not continue what we hold: it was wiped, restored from a backup, or a committed batch does not fit our tree. */
export class HistoryBroken extends Error {
  constructor(what: string, cause?: unknown) {
    super(what, { cause });
    this.name = "HistoryBroken";
  }
}

/** How long the tree may stand still while etcd says that there is more. */
const stallMs = 5_000;

/** Large data that a foreign batch refers to, to be read from these znodes' keys at the batch's revision. */
export function missingData(log: LogRecord): string[] {
  const paths = new Set<string>();
  for (const transaction of log.transactions ?? [])
    for (const change of transaction.changes ?? []) if (!change.inline && change.path !== null) paths.add(change.path);
  return [...paths];
}

/** Applies batches in the order of the fence. A foreign batch whose predecessor has not been applied yet (its own answer is still under way)
 *  waits here. */
export class Replica {
  readonly tree: Tree;
  readonly rotation: Rotation;
  /** A batch of our own was sent and nobody knows yet what became of it: it may be what is missing between the tree and the fence. */
  isOwnUnderWay = false;
  readonly #listener: TreeListener;
  #held: ForeignBatch[] = [];
  #waiters: Waiter[] = [];
  #abandoned: Error | undefined;

  /** `ownLog`: the key of this proxy's log. */
  constructor(tree: Tree, listener: TreeListener, ownLog = "") {
    this.tree = tree;
    this.rotation = new Rotation(ownLog);
    this.#listener = listener;
  }

  /** Applies a change of our own batch; the caller goes through the batch in order and then calls `advance`. */
  apply(change: Parameters<Tree["apply"]>[0], at: { zxid: number; timeMs: number }): void {
    this.tree.apply(change, at, this.#listener);
  }

  /** Our own batch is applied up to its end. */
  advance(revision: number): void {
    // Refusals alone leave nothing in etcd that the others could have seen.
    if (revision > this.tree.revision) this.rotation.own();
    this.#moveTo(revision);
    this.#drain();
  }

  /** A batch of another proxy, at once or when its turn comes. Batches already contained in the snapshot are skipped. */
  receive(batch: ForeignBatch): void {
    if (batch.revision <= this.tree.revision) return;
    this.#held.push(batch);
    this.#held.sort((a, b) => a.revision - b.revision);
    this.#drain();
  }

  /** Resolves once the tree contains everything up to the fence revision. */
  reach(revision: number): Promise<void> {
    if (this.tree.revision >= revision) return Promise.resolve();
    if (this.#abandoned !== undefined) return Promise.reject(this.#abandoned);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ revision, resolve, reject });
    });
  }

  /** Follows the fence, which was found at `revision` after our state had been at `base`. Errors: `HistoryBroken` when it has gone back, or when
   *  what led there never comes and is not our own batch; what the replica was abandoned with. */
  async follow(base: number, revision: number): Promise<void> {
    if (revision < base) throw new HistoryBroken(`the fence went back from revision ${base} to ${revision}`);
    const arrival = this.reach(revision).then(() => true);
    for (let last = this.tree.revision; ; last = this.tree.revision) {
      const { promise: patience, resolve } = Promise.withResolvers<boolean>();
      const giveUp = setWakingTimeout(() => resolve(false), stallMs);
      const hasArrived = await Promise.race([arrival, patience]).finally(giveUp);
      if (hasArrived) return;
      if (this.tree.revision === last && !this.isOwnUnderWay)
        throw new HistoryBroken(
          `the fence is at revision ${revision}, but nothing leads there from ${last}${this.#heldWords()}`,
        );
    }
  }

  /** Nobody will move this tree any more. */
  abandon(cause: Error): void {
    this.#abandoned = cause;
    const waiters = this.#waiters;
    this.#waiters = [];
    this.#held = [];
    for (const waiter of waiters) waiter.reject(cause);
  }

  #heldWords(): string {
    const held = this.#held.slice(0, 3).map(({ revision, log }) => `${revision} behind ${log.previous}`);
    return held.length === 0 ? "" : `; waiting: ${held.join(", ")}`;
  }

  #drain(): void {
    for (;;) {
      const next = this.#held[0];
      if (next === undefined || Number(next.log.previous) > this.tree.revision) break;
      this.#held.shift();
      if (next.revision > this.tree.revision) this.#applyForeign(next);
    }
    const arrived = this.#waiters.filter((waiter) => waiter.revision <= this.tree.revision);
    if (arrived.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.revision > this.tree.revision);
    for (const waiter of arrived) waiter.resolve();
  }

  #applyForeign(batch: ForeignBatch): void {
    for (const transaction of batch.log.transactions ?? []) {
      const at = { zxid: zxidOf(batch.revision, transaction.index), timeMs: Number(transaction.timeMs) };
      for (const record of transaction.changes ?? [])
        this.apply(
          changeFromRecord(record, (path) => batch.data.get(path) ?? null),
          at,
        );
      this.tree.zxid = at.zxid;
    }
    this.#bundle(batch);
    this.#moveTo(batch.revision);
    this.rotation.other(batch.author);
  }

  /** Makes the bundle that a batch just applied has put into etcd, out of the znodes it has left. */
  #bundle({ revision, log }: ForeignBatch): void {
    const entries: Entry[] = [];
    for (const { index, changes } of log.transactions ?? [])
      for (const { path, isBundled } of changes ?? []) {
        if (!isBundled) continue;
        const node = this.tree.get(path ?? "");
        if (path === null || node?.czxid !== zxidOf(revision, index)) throw new Error(`no ${path} for the bundle`);
        entries.push({ path, index, node });
      }
    if (entries.length === 0) return;
    this.tree.bundle(new Bundle({ base: Number(log.previous), revision }, bundleBytes(entries)));
  }

  /** A batch without transactions moves the zxid too, since a proxy that loads its tree now knows the fence's revision and nothing less. */
  #moveTo(revision: number): void {
    if (revision < this.tree.revision)
      throw new HistoryBroken(`a bug: the tree would go back from revision ${this.tree.revision} to ${revision}`);
    this.tree.revision = revision;
    this.tree.settle();
    this.tree.zxid = Math.max(this.tree.zxid, zxidOf(revision, 0));
  }
}
