/** Lies about Stat fields. */
import type { Int64 } from "../../src/jute/int64.ts";
import { nth } from "./lying.ts";
import { type Mutant, statMutant } from "./mutant.ts";

const plus = (value: Int64, more: number): Int64 => (typeof value === "number" ? value + more : value + BigInt(more));
const times = (value: Int64, factor: number): Int64 => Number(value) * factor;

const serverStart = Date.now();

export const statMutants: readonly Mutant[] = [
  statMutant("stat-version-ahead", "version is one too high once the znode was changed", (stat) => {
    if (stat.version > 0) stat.version++;
  }),
  statMutant("stat-cversion-creates", "cversion counts creations only, not deletions", (stat) => {
    if (stat.cversion > 0) stat.cversion = (stat.cversion + stat.numChildren) >> 1;
  }),
  statMutant("stat-aversion-stuck", "setACL does not raise aversion", (stat) => {
    stat.aversion = Math.min(stat.aversion, 0);
  }),
  statMutant("stat-data-length-text", "dataLength is 1 where the data is empty", (stat) => {
    if (stat.dataLength === 0) stat.dataLength = 1;
  }),
  statMutant("stat-num-children-off", "numChildren counts the znode itself", (stat) => {
    stat.numChildren++;
  }),
  statMutant(
    "stat-num-children-byte",
    "numChildren is kept in a byte",
    (stat) => {
      stat.numChildren = (stat.numChildren << 24) >> 24;
    },
    true,
  ),
  statMutant("stat-owner-missing", "ephemeralOwner is always 0", (stat) => {
    stat.ephemeralOwner = 0;
  }),
  statMutant("stat-owner-foreign", "ephemeralOwner names another session", (stat) => {
    if (stat.ephemeralOwner !== 0) stat.ephemeralOwner = BigInt(stat.ephemeralOwner) + 1n;
  }),
  statMutant("stat-czxid-next", "czxid points at the write behind the creation", (stat) => {
    stat.czxid = plus(stat.czxid, 1);
  }),
  statMutant("stat-mzxid-stuck", "mzxid does not follow setData", (stat) => {
    stat.mzxid = stat.czxid;
  }),
  statMutant("stat-mzxid-children", "mzxid follows changes of the children", (stat) => {
    if (stat.pzxid > stat.mzxid) stat.mzxid = stat.pzxid;
  }),
  statMutant("stat-pzxid-stuck", "pzxid does not follow the children", (stat) => {
    stat.pzxid = stat.czxid;
  }),
  statMutant("stat-pzxid-data", "pzxid follows setData", (stat) => {
    if (stat.mzxid > stat.pzxid) stat.pzxid = stat.mzxid;
  }),
  statMutant("stat-ctime-microseconds", "ctime is in microseconds", (stat) => {
    stat.ctime = times(stat.ctime, 1000);
  }),
  statMutant("stat-mtime-microseconds", "mtime is in microseconds", (stat) => {
    stat.mtime = times(stat.mtime, 1000);
  }),
  statMutant("stat-mtime-ahead", "mtime is later than ctime at birth", (stat) => {
    if (stat.mzxid === stat.czxid && stat.czxid !== 0) stat.mtime = plus(stat.mtime, 3);
  }),
  statMutant("stat-ctime-follows", "setData moves ctime too", (stat) => {
    stat.ctime = stat.mtime;
  }),
  statMutant("stat-mtime-unstable", "each reading shows another mtime", (stat, { memory }) => {
    const reads = nth(memory, "reads");
    if (stat.mzxid > stat.czxid) stat.mtime = plus(stat.mtime, reads);
  }),
  statMutant(
    "stat-root-dated",
    "what stands from the beginning is as old as the server",
    (stat) => {
      if (stat.ctime === 0) stat.ctime = serverStart;
      if (stat.mtime === 0) stat.mtime = serverStart;
    },
    true,
  ),
  statMutant(
    "stat-many-children",
    "numChildren stops at 3",
    (stat) => {
      stat.numChildren = Math.min(stat.numChildren, 3);
    },
    true,
  ),
];
