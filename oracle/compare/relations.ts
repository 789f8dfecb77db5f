/** What must hold between the two sides' values of a field, by the field's kind: the whole policy on one screen. The compiler asks for a
 *  relation when a kind is declared. Rules that join several fields of one Stat are in stat-rules.ts, those of reply headers in header-rules.ts. */
import type { Int64 } from "../../src/jute/int64.ts";
import type { Kind, WireType } from "../../src/jute/kinds.ts";
import type * as records from "../../src/protocol/records.ts";
import type { Witness } from "./witness.ts";

/** The tag of every kind that records.ts declares. */
export type KindTag = {
  [Name in keyof typeof records]: (typeof records)[Name] extends Kind<infer Tag, WireType> ? Tag : never;
}[keyof typeof records];

/** `words` say what should hold; values arrive decoded, by the kind's wire type. `field` is the name of what is compared. */
export interface Relation {
  readonly words: string;
  holds(candidate: unknown, oracle: unknown, witness: Witness, field: string): boolean;
}

const exact: Relation = {
  words: "equal",
  holds: (candidate, oracle) =>
    candidate instanceof Uint8Array && oracle instanceof Uint8Array
      ? Buffer.compare(candidate, oracle) === 0
      : candidate === oracle,
};

/** A pzxid may name a write that no client asked for and that the sides make at different moments: the end of an expired session. */
const sameWrite: Relation = {
  words: "same write",
  holds: (candidate, oracle, witness, field) => {
    const kinship = witness.writes.kinship({ candidate: candidate as Int64, oracle: oracle as Int64 });
    return kinship === "straddles" ? field === "pzxid" : kinship !== "different";
  },
};

/** Both an ordinary zxid, or both the same special one: 0 outside the request pipeline, −1 for an unknown operation. */
const bothOrdinary: Relation = {
  words: "both a zxid, or the same special value",
  holds: (candidate, oracle) => ((candidate as Int64) > 0 && (oracle as Int64) > 0 ? true : candidate === oracle),
};

/** Clocks differ, units do not: microseconds for milliseconds are a factor of 1000. Closeness is judged per write, in stat-rules.ts. */
const sameUnit: Relation = {
  words: "both 0 or both milliseconds",
  holds: (candidate, oracle) => {
    const [a, b] = [Number(candidate), Number(oracle)];
    return a > 0 && b > 0 ? a < 2 * b && b < 2 * a : a === b;
  },
};

const renamed: Relation = {
  words: "same session",
  holds: (candidate, oracle, witness) =>
    witness.sessions.pairs({ candidate: candidate as Int64, oracle: oracle as Int64 }),
};

const presence: Relation = {
  words: "same presence and length",
  holds: (candidate, oracle) => (candidate as Uint8Array | null)?.length === (oracle as Uint8Array | null)?.length,
};

export const relations = {
  zxid: sameWrite,
  headerZxid: bothOrdinary,
  timestampMs: sameUnit,
  sessionId: renamed,
  secret: presence,
  ttlMs: exact,
  configId: exact,
  xid: exact,
  opcode: exact,
  errorCode: exact,
  version: exact,
  count: exact,
  mode: exact,
  perms: exact,
  eventType: exact,
  keeperState: exact,
  durationMs: exact,
  filler: exact,
  flag: exact,
  path: exact,
  childName: exact,
  scheme: exact,
  identity: exact,
  text: exact,
  data: exact,
} satisfies Record<KindTag, Relation>;
