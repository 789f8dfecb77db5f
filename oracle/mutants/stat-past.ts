/** Lies about Stat fields that show only on znodes with a past. */
import type { Int64 } from "../../src/jute/int64.ts";
import type { Stat } from "../../src/protocol/records.ts";
import type { LyingReply } from "./lying.ts";
import { type Mutant, mutant } from "./mutant.ts";
import { doneBy, type PathHistory } from "./world.ts";

/** A rare lie about the Stat of a znode, which sees the znode's past. */
const pastStatMutant = (
  name: string,
  lie: string,
  change: (stat: Stat, page: PathHistory, reply: LyingReply, path: string) => void,
): Mutant =>
  mutant(
    { name, class: "stat", lie, rare: true },
    {
      reply: (reply) => {
        for (const { body, path } of doneBy(reply.request, reply.body))
          if (body !== undefined && "stat" in body) change(body.stat as Stat, reply.world.at(path), reply, path);
        return undefined;
      },
    },
  );

const lessOne = (value: Int64): Int64 => (typeof value === "number" ? value - 1 : value - 1n);

/** In the order of the fields. */
export const pastStatMutants: readonly Mutant[] = [
  pastStatMutant("stat-czxid-reborn", "a znode made again keeps an older czxid", (stat, { births }) => {
    if (births > 1) stat.czxid = lessOne(stat.czxid);
  }),
  pastStatMutant("stat-ctime-reborn", "a znode made again is a second older", (stat, { births }) => {
    if (births > 1) stat.ctime = Number(stat.ctime) - 1_000;
  }),
  pastStatMutant("stat-version-reborn", "a znode made again goes on with the old version", (stat, { births }) => {
    if (births > 1) stat.version++;
  }),
  pastStatMutant("stat-cversion-reborn", "a znode made again goes on with the old cversion", (stat, { births }) => {
    if (births > 1) stat.cversion++;
  }),
  pastStatMutant("stat-version-third", "the third change does not count", (stat) => {
    if (stat.version >= 3) stat.version--;
  }),
  pastStatMutant("stat-cversion-fifth", "cversion stops at 5", (stat) => {
    stat.cversion = Math.min(stat.cversion, 5);
  }),
  pastStatMutant("stat-cversion-second-death", "the second deletion of a child does not count", (stat, page) => {
    if (page.childDeaths > 1) stat.cversion--;
  }),
  pastStatMutant("stat-aversion-second", "the second setACL does not count", (stat) => {
    stat.aversion = Math.min(stat.aversion, 1);
  }),
  pastStatMutant(
    "stat-pzxid-deletions",
    "pzxid does not follow deletions of children",
    (stat, page, { world }, path) => {
      if (page.childDeaths === 0) return;
      const births = world.childrenOf(path).map((child) => world.at(child).bornAt);
      for (const birth of births) if (birth < stat.pzxid && birth > stat.czxid) stat.pzxid = birth;
    },
  ),
  pastStatMutant("stat-orphans-counted", "numChildren counts ephemerals that went with their session", (stat, page) => {
    stat.numChildren += page.orphans;
  }),
  pastStatMutant(
    "stat-orphans-cversion",
    "ephemerals that go with their session leave cversion alone",
    (stat, page) => {
      stat.cversion -= page.orphans;
    },
  ),
  pastStatMutant("stat-owner-resumed", "who resumes its session owns nothing any more", (stat, _, reply) => {
    if (reply.resumes > 0 && stat.ephemeralOwner === reply.session) stat.ephemeralOwner = 0;
  }),
  pastStatMutant("stat-mzxid-multi", "what a multi writes keeps its mzxid", (stat, page, { request }) => {
    if (page.isMultis && request.op !== "multi" && stat.version > 0) stat.mzxid = stat.czxid;
  }),
];
