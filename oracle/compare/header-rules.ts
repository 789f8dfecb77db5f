/** What must hold between the zxids in reply headers: of one session over time, and of writes. Which zxids a server burns on failed requests is no
 *  semantics, so only successful writes are paired; everything else may only not go backwards. */
import type { Int64 } from "../../src/jute/int64.ts";
import type { Both, Difference } from "./difference.ts";
import { both, sides } from "./sides.ts";
import type { Witness } from "./witness.ts";

/** One session's progress through each side's history. */
export interface SessionTrack {
  /** The newest header zxid that the session was shown. */
  readonly newest: Record<"candidate" | "oracle", Int64>;
  /** The zxid of the session's newest successful write. */
  readonly newestWrite: Record<"candidate" | "oracle", Int64>;
}

/** A session that has seen nothing. */
export const freshTrack = (): SessionTrack => ({ newest: both(() => 0), newestWrite: both(() => 0) });

/** A reply as far as its header goes. `isWrite`: it succeeded on both sides and changed something. `floor`: per side the newest write that had been
 *  answered when this request was sent. */
export interface HeaderScene {
  readonly witness: Witness;
  readonly track: SessionTrack;
  readonly isWrite: boolean;
  readonly floor: Both<Int64>;
  /** Our clock, ms. */
  readonly now: number;
}

const value = (zxid: Both<Int64>, relation: string): Difference => ({
  is: "value",
  at: "zxid",
  kind: "headerZxid",
  candidate: String(zxid.candidate),
  oracle: String(zxid.oracle),
  relation,
});

/** At most one difference, at `zxid`. A rule broken by both sides is none. Learns from the header. */
export function compareHeaders(zxid: Both<Int64>, scene: HeaderScene): Difference[] {
  const { witness, track } = scene;
  const oneSided = (breaks: (side: "candidate" | "oracle") => boolean) => breaks("candidate") !== breaks("oracle");
  const out: Difference[] = [];
  const ordinary = zxid.candidate > 0 && zxid.oracle > 0;
  if (zxid.candidate > 0 !== zxid.oracle > 0 || (!ordinary && zxid.candidate !== zxid.oracle))
    out.push(value(zxid, "both a zxid, or the same special value"));
  else if (ordinary && oneSided((side) => zxid[side] < track.newest[side]))
    out.push(value(zxid, "never backwards within a session"));
  else if (ordinary && scene.isWrite) {
    const isPaired = witness.writes.record(zxid, scene.now);
    if (oneSided((side) => zxid[side] <= scene.floor[side]))
      out.push(value(zxid, "greater than that of every write answered before"));
    else if (oneSided((side) => zxid[side] <= track.newestWrite[side]))
      out.push(value(zxid, "greater than that of the session's write before"));
    else if (!isPaired) out.push(value(zxid, "one zxid per write"));
  }
  for (const side of sides) {
    if (zxid[side] > track.newest[side]) track.newest[side] = zxid[side];
    if (scene.isWrite && zxid[side] > track.newestWrite[side]) track.newestWrite[side] = zxid[side];
  }
  return out;
}
