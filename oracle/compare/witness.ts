/** What a run has learnt so far about how the two sides' names and times correspond. Relations are judged against it. */
import { BoundedMap } from "../../src/bounded-map.ts";
import type { Int64 } from "../../src/jute/int64.ts";
import type { Both, Side } from "./difference.ts";
import { Renaming } from "./renaming.ts";
import { both } from "./sides.ts";
import { WriteMap } from "./write-map.ts";

/** A znode's last known change on one side. */
export interface LastChange {
  readonly mzxid: Int64;
  readonly mtime: Int64;
}

/** How many sessions' passwords are remembered. */
const passwordsMax = 20_000;

/** How many writes are remembered if nobody says otherwise. */
const writesDefault = 200_000;

/** One witness per cross-check. Bounded: the newest `writesMin` writes and a quarter as many znodes are remembered, and up to twice as many. What is
 *  forgotten loosens the check and never makes it wrong. */
export class Witness {
  readonly writes: WriteMap;
  readonly sessions = new Renaming<Int64>();
  /** By case, in hex. */
  readonly passwords = new Renaming<string>(passwordsMax);
  /** Each write has one time, whatever znodes it changed: by zxid, per side. */
  readonly timeOf: Both<BoundedMap<Int64, Int64>>;
  readonly lastChange: Both<BoundedMap<string, LastChange>>;
  /** The latest time that any write of a side bore, and that write. */
  readonly latest: Record<Side, LastChange> = both(() => ({ mzxid: 0, mtime: 0 }));
  /** The largest zxid seen in any reply header of a side. */
  readonly newest: Record<Side, Int64> = both(() => 0 as Int64);
  /** The largest zxid of a side's successful write whose reply has come: every write submitted later must be above it. */
  readonly newestWrite: Record<Side, Int64> = both(() => 0 as Int64);

  constructor(writesMin: number = writesDefault) {
    this.writes = new WriteMap(writesMin);
    this.timeOf = both(() => new BoundedMap(writesMin));
    this.lastChange = both(() => new BoundedMap(Math.ceil(writesMin / 4)));
  }

  /** Takes notice of a reply header. */
  sawHeader(side: Side, zxid: Int64): void {
    if (zxid > this.newest[side]) this.newest[side] = zxid;
  }

  /** Takes notice of a successful write's reply. */
  sawWrite(side: Side, zxid: Int64): void {
    if (zxid > this.newestWrite[side]) this.newestWrite[side] = zxid;
  }
}
