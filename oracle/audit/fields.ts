/** What is compared of a znode, and how each disagreement is told. */
import { createHash } from "node:crypto";
import { type Int64, int64Hex } from "../../src/jute/int64.ts";
import { type ACL, data as dataKind, type Stat } from "../../src/protocol/records.ts";
import { printPerms } from "../../src/zkctl/acl-text.ts";
import type { Both } from "../compare/difference.ts";
import { printValue } from "../compare/print.ts";
import { both } from "../compare/sides.ts";
import type { Reading } from "./audited.ts";
import type { Owners } from "./owners.ts";

/** The fields that differences are grouped by, in the order of the report. `change-order` is looked at only when asked for: writes to different
 *  znodes may be ordered differently by right. */
export const auditFields = [
  "presence",
  "readable",
  "data",
  "acl",
  "version",
  "cversion",
  "aversion",
  "ephemeralOwner",
  "dataLength",
  "numChildren",
  "zxids",
  "times",
  "creation-order",
  "change-order",
  "quota",
] as const;
export type AuditField = (typeof auditFields)[number];

/** One disagreement at a znode, in printed values. Data is shown as length and hash, digests as hash. */
export interface Mismatch extends Both<string> {
  readonly field: AuditField;
}

/** A znode that both sides have. */
export type Znode = Extract<Reading, { is: "znode" }>;

const counters = ["version", "cversion", "aversion", "numChildren"] as const;

/** Compares two readings of one path. `owners` pairs the sessions of both sides. */
export function mismatchesOf(pair: Both<Reading>, owners: Owners): Mismatch[] {
  const { candidate, oracle } = pair;
  if (candidate.is === "znode" && oracle.is === "znode") return znodeMismatches({ candidate, oracle }, owners);
  if (candidate.is === "missing" && oracle.is === "missing") return [];
  const field = candidate.is === "missing" || oracle.is === "missing" ? "presence" : "readable";
  const told = both((side) => presence(pair[side]));
  return told.candidate === told.oracle ? [] : [{ field, ...told }];
}

function presence(reading: Reading): string {
  if (reading.is === "missing") return "missing";
  if (reading.is === "refused") return reading.err;
  const { numChildren } = reading.stat;
  return numChildren === 0 ? "present" : `present, with ${numChildren} children`;
}

function znodeMismatches(pair: Both<Znode>, owners: Owners): Mismatch[] {
  const found: Mismatch[] = [];
  const add = (field: AuditField, tell: (znode: Znode) => string) =>
    found.push({ field, ...both((s) => tell(pair[s])) });
  const { candidate, oracle } = pair;
  if (!sameBytes(candidate.data, oracle.data)) add("data", ({ data }) => printValue(dataKind, data, { reveal: false }));
  if (aclText(candidate.acl) !== aclText(oracle.acl)) add("acl", ({ acl }) => aclText(acl));
  for (const field of counters)
    if (candidate.stat[field] !== oracle.stat[field]) add(field, ({ stat }) => String(stat[field]));
  // The length is the data's: it tells nothing new unless a side contradicts itself.
  const isHonest = (znode: Znode) => znode.stat.dataLength === (znode.data?.length ?? 0);
  if (!isHonest(candidate) || !isHonest(oracle))
    add("dataLength", ({ stat, data }) => `${stat.dataLength} for ${data?.length ?? 0} bytes`);
  const zxids = both((side) => zxidRelations(pair[side].stat));
  if (zxids.candidate !== zxids.oracle) found.push({ field: "zxids", ...zxids });
  const hasOddTimes = (stat: Stat) => stat.mzxid === stat.czxid && stat.mtime !== stat.ctime;
  if (hasOddTimes(candidate.stat) || hasOddTimes(oracle.stat))
    add("times", ({ stat }) => (hasOddTimes(stat) ? "mzxid = czxid, mtime ≠ ctime" : "mtime fits mzxid"));
  const owner = { candidate: candidate.stat.ephemeralOwner, oracle: oracle.stat.ephemeralOwner };
  // A pair is learnt only from znodes that agree in all else.
  if (!owners.fit(owner, found.length === 0))
    found.push({ field: "ephemeralOwner", ...both((s) => ownerText(owner[s])) });
  return found;
}

const ownerText = (owner: Int64): string => (owner === 0 ? "none" : int64Hex(owner));

function sameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b;
  return Buffer.compare(a, b) === 0;
}

/** How a znode's three zxids lie to each other: what must be the same on both sides, whatever the numbers. */
const zxidRelations = ({ czxid, mzxid, pzxid }: Stat): string =>
  `czxid ${sign(czxid, mzxid)} mzxid, mzxid ${sign(mzxid, pzxid)} pzxid, czxid ${sign(czxid, pzxid)} pzxid`;

const sign = (a: Int64, b: Int64): string => (a === b ? "=" : a < b ? "<" : ">");

const aclText = (acl: readonly ACL[]): string =>
  acl.map(({ perms, id }) => `${id.scheme}:${identityText(id.id ?? "")}:${printPerms(perms) || "-"}`).join(",");

/** An identity with its password's digest as a hash: told apart, not shown. */
const identityText = (identity: string): string =>
  identity.replace(
    /:(.*)$/s,
    (_, secret: string) => `:#${createHash("sha256").update(secret).digest("hex").slice(0, 8)}`,
  );
