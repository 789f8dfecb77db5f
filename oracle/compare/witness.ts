/** What a run has learnt so far about how the two sides' names and times correspond. Relations are judged against it. */
import type { Int64 } from "../../src/jute/int64.ts";
import type { Both, Side } from "./difference.ts";
import { Renaming } from "./renaming.ts";
import { both } from "./sides.ts";
import { WriteMap } from "./write-map.ts";

/** A Map that forgets what was set first. Forgetting loosens a check, it never breaks one. */
export class BoundedMap<K, V> {
  readonly #map = new Map<K, V>();
  readonly #sizeMax: number;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  entries(): Iterable<readonly [K, V]> {
    return this.#map;
  }

  delete(key: K): void {
    this.#map.delete(key);
  }

  set(key: K, value: V): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size <= this.#sizeMax) return;
    for (const oldest of this.#map.keys()) {
      this.#map.delete(oldest);
      return;
    }
  }
}

/** A znode's last known change on one side. */
export interface LastChange {
  readonly mzxid: Int64;
  readonly mtime: Int64;
}

/** One witness per run. Bounded: about 200 000 writes and 50 000 znodes are remembered. */
export class Witness {
  readonly writes = new WriteMap();
  readonly sessions = new Renaming();
  /** Each write has one time, whatever znodes it changed: by zxid, per side. */
  readonly timeOf: Both<BoundedMap<Int64, Int64>> = both(() => new BoundedMap(200_000));
  readonly lastChange: Both<BoundedMap<string, LastChange>> = both(() => new BoundedMap(50_000));
  /** The latest time that any write of a side bore, and that write. */
  readonly latest: Record<Side, LastChange> = both(() => ({ mzxid: 0, mtime: 0 }));
  /** The largest zxid seen in any reply header of a side. */
  readonly newest: Record<Side, Int64> = both(() => 0 as Int64);
  /** The largest zxid of a side's successful write whose reply has come: every write submitted later must be above it. */
  readonly newestWrite: Record<Side, Int64> = both(() => 0 as Int64);

  /** Takes notice of a reply header. */
  sawHeader(side: Side, zxid: Int64): void {
    if (zxid > this.newest[side]) this.newest[side] = zxid;
  }

  /** Takes notice of a successful write's reply. */
  sawWrite(side: Side, zxid: Int64): void {
    if (zxid > this.newestWrite[side]) this.newestWrite[side] = zxid;
  }
}
