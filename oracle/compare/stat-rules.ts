/** What must hold inside one side's Stat, and between it and what that side said before. Times and zxids differ between servers, but these relations
 *  hold on each ZooKeeper: a side that breaks one where the other side keeps it has diverged. */
import type { Int64 } from "../../src/jute/int64.ts";
import type { Stat } from "../../src/protocol/records.ts";
import type { Both, Difference, Side } from "./difference.ts";
import { sides } from "./sides.ts";
import type { Witness } from "./witness.ts";

/** Where a Stat was found. `path` is the znode it describes, when the request names one; `header` the zxid of the reply that carried it. */
export interface StatScene {
  readonly witness: Witness;
  readonly header: Both<Int64>;
  readonly path?: string;
  readonly skewMs: number;
}

interface StatRule {
  readonly field: keyof Stat;
  readonly words: string;
  holds(stat: Stat, side: Side, scene: StatScene): boolean;
}

/** A header zxid of 0 or less says nothing. */
const notAfterReply = (zxid: Int64, header: Int64): boolean => header <= 0 || zxid <= header;

const oneTime = (zxid: Int64, time: Int64, side: Side, { witness }: StatScene): boolean => {
  const known = witness.timeOf[side].get(zxid);
  return known === undefined || known === time;
};

const near = (zxid: Int64, time: Int64, side: Side, { witness, skewMs }: StatScene): boolean => {
  const answeredAt = witness.writes.answeredAt(side, zxid);
  return answeredAt === undefined || Math.abs(Number(time) - answeredAt) <= skewMs;
};

/** How far the times of two writes may go back against their order: several servers of one ensemble have several clocks. */
const clockStepMs = 250;

/** In the order in which they are reported; one difference a field is enough. */
const rules: readonly StatRule[] = [
  {
    field: "czxid",
    words: "czxid ≤ the reply's zxid",
    holds: (s, side, { header }) => notAfterReply(s.czxid, header[side]),
  },
  {
    field: "mzxid",
    words: "mzxid ≤ the reply's zxid",
    holds: (s, side, { header }) => notAfterReply(s.mzxid, header[side]),
  },
  {
    field: "pzxid",
    words: "pzxid ≤ the reply's zxid",
    holds: (s, side, { header }) => notAfterReply(s.pzxid, header[side]),
  },
  { field: "mzxid", words: "mzxid ≥ czxid", holds: (s) => s.mzxid >= s.czxid },
  { field: "pzxid", words: "pzxid ≥ czxid", holds: (s) => s.pzxid >= s.czxid },
  { field: "mtime", words: "ctime = mtime until modified", holds: (s) => s.czxid !== s.mzxid || s.ctime === s.mtime },
  { field: "mtime", words: "mtime ≥ ctime", holds: (s) => s.mtime >= s.ctime },
  { field: "ctime", words: "one time per write", holds: (s, side, scene) => oneTime(s.czxid, s.ctime, side, scene) },
  { field: "mtime", words: "one time per write", holds: (s, side, scene) => oneTime(s.mzxid, s.mtime, side, scene) },
  {
    field: "ctime",
    words: "near our clock at the write",
    holds: (s, side, scene) => near(s.czxid, s.ctime, side, scene),
  },
  {
    field: "mtime",
    words: "near our clock at the write",
    holds: (s, side, scene) => near(s.mzxid, s.mtime, side, scene),
  },
  {
    field: "mtime",
    words: "mtime advances with mzxid",
    holds: (s, side, { witness, path }) => {
      const last = path === undefined ? undefined : witness.lastChange[side].get(path);
      return last === undefined || s.mzxid <= last.mzxid || s.mtime >= last.mtime;
    },
  },
  {
    field: "mtime",
    words: "later writes have later times",
    holds: (s, side, { witness }) => {
      const latest = witness.latest[side];
      return s.mzxid <= latest.mzxid || Number(s.mtime) >= Number(latest.mtime) - clockStepMs;
    },
  },
];

/** Differences of two Stats of the same znode beyond those of its single fields, at `at.field`. Learns from both Stats. */
export function compareStats(stats: Both<Stat>, at: string, scene: StatScene): Difference[] {
  const broken: StatRule[] = [];
  for (const rule of rules) {
    const candidate = rule.holds(stats.candidate, "candidate", scene);
    if (candidate === rule.holds(stats.oracle, "oracle", scene)) continue;
    if (!broken.some(({ field }) => field === rule.field)) broken.push(rule);
  }
  for (const side of sides) learn(stats[side], side, scene);
  return broken.map(({ field, words }) => {
    const kind = field.endsWith("time") ? "timestampMs" : "zxid";
    const printed = { candidate: String(stats.candidate[field]), oracle: String(stats.oracle[field]) };
    return { is: "value", at: `${at}.${field}`, kind, ...printed, relation: words };
  });
}

/** The first time seen for a write stays, so that a later lie is the one reported. */
function learn(stat: Stat, side: Side, { witness, path }: StatScene): void {
  const times = witness.timeOf[side];
  if (times.get(stat.czxid) === undefined) times.set(stat.czxid, stat.ctime);
  if (times.get(stat.mzxid) === undefined) times.set(stat.mzxid, stat.mtime);
  if (stat.mtime > witness.latest[side].mtime) witness.latest[side] = { mzxid: stat.mzxid, mtime: stat.mtime };
  if (path === undefined) return;
  const last = witness.lastChange[side].get(path);
  if (last === undefined || stat.mzxid > last.mzxid)
    witness.lastChange[side].set(path, { mzxid: stat.mzxid, mtime: stat.mtime });
}
