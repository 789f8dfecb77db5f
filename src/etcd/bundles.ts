/** Bundles: znodes that were created in one batch and lie in etcd under one key, until something happens to them. Fifty creations are one put
 *  instead of fifty, and a million znodes some thousand keys to load.
 *
 *  A bundle is written once. A znode that is written again gets a key of its own, which counts from then on; one that is deleted is marked in the
 *  bundle's second key. When three quarters of a bundle are gone, what is left moves into keys of its own and the bundle goes.
 *  Every proxy keeps the same bundles: they are part of the replicated state. */
import { zxidsPerRevision } from "./keyspace.ts";
import type { Znode } from "./znode.ts";

/** Bounds of a bundle: the bytes of data one znode may bring, the bytes of paths and data altogether, and how few are not worth it. */
export const bundleLimits = { dataMax: 4_096, bytesMax: 128 * 1024, entriesMin: 2 };

/** A bundle. `base` is the fence's revision that its batch was prepared on: only one batch can be committed on each, so it names the key. */
export class Bundle {
  readonly base: number;
  /** Positions of the creations in the batch, ascending: what the znodes' czxids end in. */
  readonly indices: readonly number[];
  /** Path by entry; null where the znode is gone. */
  readonly paths: (string | null)[];
  live: number;

  constructor(base: number, indices: readonly number[], paths: (string | null)[]) {
    this.base = base;
    this.indices = indices;
    this.paths = paths;
    this.live = paths.reduce((count, path) => count + (path === null ? 0 : 1), 0);
  }

  /** Which entry a position has; -1 where none. */
  entryOf(index: number): number {
    let from = 0;
    for (let to = this.indices.length - 1; from <= to; ) {
      const middle = (from + to) >>> 1;
      const found = this.indices[middle] ?? 0;
      if (found === index) return middle;
      if (found < index) from = middle + 1;
      else to = middle - 1;
    }
    return -1;
  }

  /** Whether it is to be given up once only `live` of its znodes are left. */
  isWorn(live = this.live): boolean {
    return live * 4 <= this.indices.length;
  }

  /** One bit per entry, set where the znode is gone or among `leaving`. */
  goneBits(leaving: ReadonlySet<number>): Buffer {
    const bits = Buffer.alloc((this.paths.length + 7) >> 3);
    for (const [entry, path] of this.paths.entries())
      if (path === null || leaving.has(entry)) bits[entry >> 3] = (bits[entry >> 3] ?? 0) | (1 << (entry & 7));
    return bits;
  }
}

/** Whether an entry's bit is set in what `goneBits` made. */
export const isGone = (bits: Uint8Array | undefined, entry: number): boolean =>
  (((bits?.[entry >> 3] ?? 0) >> (entry & 7)) & 1) === 1;

/** Where a znode's creation lies. */
export interface Home {
  readonly bundle: Bundle;
  readonly entry: number;
}

/** All bundles, by the revision at which they were committed. */
export class Bundles {
  readonly #byRevision = new Map<number, Bundle>();
  /** Those that have lost znodes since the last `settle`. */
  readonly #touched = new Set<number>();

  add(revision: number, bundle: Bundle): void {
    this.#byRevision.set(revision, bundle);
  }

  /** The bundle that a living znode was created in, if it still exists. */
  homeOf(node: Znode): Home | undefined {
    const bundle = this.#byRevision.get(Math.floor(node.czxid / zxidsPerRevision));
    if (bundle === undefined) return undefined;
    const entry = bundle.entryOf(node.czxid % zxidsPerRevision);
    return entry < 0 ? undefined : { bundle, entry };
  }

  /** Whether etcd has a key of its own for a znode: it never was in a bundle, or was written since. */
  hasOwnKey(node: Znode): boolean {
    return node.mzxid !== node.czxid || node.aversion !== 0 || this.homeOf(node) === undefined;
  }

  /** A znode is deleted. */
  leave(node: Znode): void {
    const home = this.homeOf(node);
    if (home === undefined) return;
    home.bundle.paths[home.entry] = null;
    home.bundle.live--;
    this.#touched.add(Math.floor(node.czxid / zxidsPerRevision));
  }

  /** A batch has been applied to its end: what it wore out is no longer a bundle, as the batch has written (see state-ops.ts). */
  settle(): void {
    for (const revision of this.#touched)
      if (this.#byRevision.get(revision)?.isWorn()) this.#byRevision.delete(revision);
    this.#touched.clear();
  }

  /** Everything, for comparisons. */
  *entries(): IterableIterator<[number, Bundle]> {
    yield* this.#byRevision;
  }
}
