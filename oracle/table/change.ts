/** What an operation did to a Stat, in words that two servers can agree on: no clocks, no zxids, no session ids. */
import { highHalf, type Int64 } from "../../src/jute/int64.ts";
import type { Stat } from "../../src/protocol/records.ts";

/** The Stat fields in the order of the table. */
export const statFields = [
  "czxid",
  "mzxid",
  "pzxid",
  "ctime",
  "mtime",
  "version",
  "cversion",
  "aversion",
  "ephemeralOwner",
  "dataLength",
  "numChildren",
] as const satisfies readonly (keyof Stat)[];

type Field = (typeof statFields)[number];

/** What a change is told relative to. `nowMs` is our clock. */
export interface Occasion {
  /** Of the operation's reply; undefined when there was none. */
  readonly zxid: Int64 | undefined;
  readonly sessionId: Int64;
  readonly nowMs: number;
}

/** Further from our clock than this is no time of the operation, ms. */
const skewMs = 60_000;

/** The cells of one znode: one word per field of {@link statFields}. */
export function changeOf(before: Stat | undefined, after: Stat | undefined, occasion: Occasion): string[] {
  return statFields.map((field) => {
    if (after === undefined) return before === undefined ? "absent" : "gone";
    if (before !== undefined && before[field] === after[field]) return "unchanged";
    return wordFor(field, before, after, occasion);
  });
}

/** A field that has changed, or that is new with its znode. */
function wordFor(field: Field, before: Stat | undefined, after: Stat, occasion: Occasion): string {
  switch (field) {
    case "czxid":
    case "mzxid":
    case "pzxid":
      return zxidWord(before?.[field], after[field], occasion.zxid);
    case "ctime":
      return timeWord(before?.ctime, after.ctime, occasion.nowMs);
    case "mtime":
      return before === undefined && after.mtime === after.ctime
        ? "ctime"
        : timeWord(before?.mtime, after.mtime, occasion.nowMs);
    case "ephemeralOwner":
      return ownerWord(after.ephemeralOwner, occasion.sessionId);
    default:
      return before === undefined ? String(after[field]) : signed(after[field] - before[field]);
  }
}

const signed = (delta: number): string => (delta > 0 ? `+${delta}` : String(delta));

function zxidWord(before: Int64 | undefined, after: Int64, ofOperation: Int64 | undefined): string {
  if (after === ofOperation) return "op";
  if (after === 0) return "0";
  if (before === undefined) return "not op";
  return after > before ? "later, not op" : "earlier";
}

function timeWord(before: Int64 | undefined, after: Int64, nowMs: number): string {
  if (Math.abs(Number(after) - nowMs) > skewMs) return "off";
  if (before === undefined) return "now";
  return after > before ? "now" : "earlier";
}

/** What an owner says of a znode's kind. `own` is the session that a reader calls its own. Source: EphemeralType (3.9). */
export function ownerWord(owner: Int64, own: Int64): string {
  if (owner === 0) return "0";
  if (owner === own) return "session";
  const high = highHalf(owner) >>> 0;
  if (high === 0x8000_0000 && BigInt.asUintN(64, BigInt(owner)) === 1n << 63n) return "container";
  if (high >>> 24 === 0xff) return `TTL ${BigInt.asUintN(40, BigInt(owner))}`;
  return "other session";
}
