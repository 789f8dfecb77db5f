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

/** A reply as far as its header goes. `floor`: per side the newest write that had been answered when this request was sent. */
export interface HeaderScene {
  readonly witness: Witness;
  readonly track: SessionTrack;
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

/** The difference, if there is one. A rule broken by both sides is none. `isWrite`: it succeeded on both sides and changed something. Learns from the
 *  header. */
export function compareHeaders(zxid: Both<Int64>, isWrite: boolean, scene: HeaderScene): Difference | undefined {
  const { track } = scene;
  const broken = brokenRule(zxid, isWrite, scene);
  for (const side of sides) {
    if (zxid[side] > track.newest[side]) track.newest[side] = zxid[side];
    if (isWrite && zxid[side] > track.newestWrite[side]) track.newestWrite[side] = zxid[side];
  }
  return broken === undefined ? undefined : value(zxid, broken);
}

function brokenRule(
  zxid: Both<Int64>,
  isWrite: boolean,
  { witness, track, floor, now }: HeaderScene,
): string | undefined {
  const { candidate, oracle } = zxid;
  if (candidate <= 0 || oracle <= 0) return candidate === oracle ? undefined : "both a zxid, or the same special value";
  if (candidate < track.newest.candidate !== oracle < track.newest.oracle) return "never backwards within a session";
  if (!isWrite) return undefined;
  const isPaired = witness.writes.record(zxid, now);
  if (candidate <= floor.candidate !== oracle <= floor.oracle)
    return "greater than that of every write answered before";
  const { newestWrite } = track;
  if (candidate <= newestWrite.candidate !== oracle <= newestWrite.oracle)
    return "greater than that of the session's write before";
  return isPaired ? undefined : "one zxid per write";
}
