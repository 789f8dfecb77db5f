/** Moods: sequences of one profile that each dwell on something else. Traffic that always has the same mix spreads itself thin, and states that
 *  take three or four related steps hardly ever come up in it; see "Swarm Testing" (Groce et al., ISSTA 2012). */
import { reachable } from "../coverage/cells.ts";
import type { Step } from "../format.ts";
import type { Profile, Weights } from "./profile.ts";
import { quotaMakers } from "./quotas.ts";
import { operationsOf } from "./steps.ts";

/** How often some operations come, compared to the profile. */
type Factors = Weights;

interface Mood {
  /** How often sequences are in it, compared to the other moods. */
  readonly weight: number;
  readonly factors?: Factors;
  readonly changes?: Partial<Pick<Profile, "names" | "watchPercent" | "ephemeralPercent">>;
  /** Sets quotas and reads what they count. */
  readonly isOfQuotas?: boolean;
  /** What its sequences may begin with. */
  readonly begins?: Beginning;
}

/** A way to begin: with a session that is somebody twice, with watches of several kinds on one znode, with a recursive watch on a whole branch or
 *  seventeen levels, with a family that one multi has made, with many siblings, with many ephemerals of one session, with one znode again and again,
 *  with a long value, with a session that expires, with containers and TTL znodes that go by themselves, with one of
 *  a few short stories. */
export type Beginning =
  | "identities"
  | "watches"
  | "branch"
  | "transaction"
  | "crowd"
  | "family"
  | "repetition"
  | "bulk"
  | "silence"
  | "decay"
  | "story";

/** The first is none. */
const moods: readonly Mood[] = [
  { weight: 6 },
  // The same znodes again and again: old versions, second lives, watches that meet.
  { weight: 2, changes: { names: "narrow", watchPercent: 50 }, begins: "repetition" },
  // Many siblings.
  { weight: 2, changes: { names: "wide" }, factors: { create: 2, getChildren: 2, getChildren2: 3 }, begins: "crowd" },
  { weight: 1, changes: { names: "deep" }, factors: { addWatch: 3, getAllChildrenNumber: 2 }, begins: "branch" },
  // Text of which a character is more than a byte, and long values.
  {
    weight: 2,
    changes: { names: "beyond-ascii" },
    factors: { getChildren: 2, getChildren2: 2, getEphemerals: 2 },
    begins: "bulk",
  },
  // Sessions that leave ephemerals behind, while others look on.
  {
    weight: 2,
    changes: { names: "narrow", watchPercent: 60, ephemeralPercent: 70 },
    factors: { closeSession: 4, drop: 2, reconnect: 2, getEphemerals: 4, exists: 2 },
    begins: "family",
  },
  // Watches that are listed, renewed and taken back.
  {
    weight: 2,
    changes: { names: "narrow", watchPercent: 60 },
    factors: { addWatch: 3, removeWatches: 4, checkWatches: 2, setWatches: 3, setWatches2: 4, getChildren: 2 },
    begins: "watches",
  },
  // Several operations on one znode in one multi.
  { weight: 1, changes: { names: "narrow" }, factors: { multi: 5, multiRead: 3 }, begins: "transaction" },
  // Permissions that change hands.
  {
    weight: 2,
    changes: { names: "narrow" },
    factors: { setACL: 4, getACL: 3, auth: 3, whoAmI: 3 },
    begins: "identities",
  },
  // What one step changes for the next.
  { weight: 2, changes: { names: "narrow" }, begins: "story" },
  // What is counted, created or not, by whomever.
  { weight: 1, isOfQuotas: true, changes: { names: "narrow" }, factors: { setData: 2, setACL: 0.5, auth: 0.5 } },
];

/** A session falls silent until it expires. That takes seconds, so such sequences come by themselves, not by weight: see `moodsBySeed`. */
const expiring: Mood = { weight: 0, changes: { names: "narrow", watchPercent: 50 }, begins: "silence" };

/** Servers remove containers and TTL znodes by themselves. That takes a second, and where it would take longer, nobody waits. */
const decaying: Mood = { weight: 0, changes: { names: "narrow", watchPercent: 50 }, begins: "decay" };

/** How often sequences are in a mood of the list above, compared to one that has an aim: three of four, because steering adds aims enough. */
const listedWeight = 15;

/** Znodes that stand when a sequence with an aim begins; `again`: made, deleted and made once more, `emptied`: without the child that they had. */
export type Standing = "persistent" | "again" | "emptied" | "container" | "ttl" | "ephemeral";

/** An operation that a sequence sends more than any other, and what it is to meet. */
export interface Aim {
  readonly op: Step["op"];
  readonly meets: Standing;
}

/** A profile in one mood, and how often sequences are in it. */
export interface MoodProfile {
  readonly weight: number;
  readonly profile: Profile;
  readonly aim?: Aim;
  readonly begins?: Beginning;
}

const scaled = (weights: Weights, factors: Factors): Weights =>
  Object.fromEntries(
    Object.entries(weights).map(([op, weight]) => [op, weight * (factors[op as keyof Weights] ?? 1)] as const),
  );

const inMood = (profile: Profile, { changes = {}, factors = {}, isOfQuotas }: Omit<Mood, "weight">): Profile => ({
  ...profile,
  ...changes,
  quotaPercent: isOfQuotas === true ? profile.quotaPercent : 0,
  ...(profile.names === "everyday" ? {} : { names: profile.names }),
  watchPercent: Math.max(profile.watchPercent, changes.watchPercent ?? 0),
  weights: scaled(profile.weights, factors),
});

/** What stands stays, and is watched. */
const aiming: Omit<Mood, "weight"> = {
  changes: { names: "flat", watchPercent: 65 },
  factors: { addWatch: 2, multi: 2, delete: 0.5, auth: 0.5, ping: 0.5, whoAmI: 0.5 },
};

/** Of 100 steps of a sequence with an aim, how many are the operation. */
const aimPercent = 40;

/** What a profile must send for such znodes to be made. */
const makers: Readonly<Record<Standing, readonly Step["op"][]>> = {
  ...{ persistent: ["create"], ephemeral: ["create"], again: ["create", "delete"], emptied: ["create", "delete"] },
  ...{ container: ["createContainer"], ttl: ["createTTL"] },
};

/** Whether sessions are made to expire by a mood: unless the profile has an opinion of its own, or ends none. */
const mayExpire = (profile: Profile): boolean =>
  profile.weights.expire === undefined && operationsOf(profile).includes("closeSession");

/** Whether znodes are made to go by themselves, on the same terms. */
const mayDecay = (profile: Profile): boolean => {
  const ops = operationsOf(profile);
  return profile.weights.reap === undefined && ops.includes("createContainer") && ops.includes("createTTL");
};

const setsQuotas = (profile: Profile): boolean =>
  profile.quotaPercent > 0 && quotaMakers.every((op) => operationsOf(profile).includes(op));

/** Every aim that a profile's operations allow. */
function aims(profile: Profile): Aim[] {
  const ops = operationsOf(profile);
  const standing = (Object.keys(makers) as Standing[]).filter((each) => makers[each].every((op) => ops.includes(op)));
  return standing.flatMap((meets) => ops.filter(meetsZnodes).map((op) => ({ op, meets })));
}

/** Whether an operation meets znodes: the others have few cells. */
const meetsZnodes = (op: Step["op"]): boolean =>
  op === "multi" ||
  op === "multiRead" ||
  Object.values(reachable[op] ?? {}).some((results) => results.OK?.some((node) => node !== "outside"));

/** The profile with one operation more frequent than all others. */
function aimedAt(profile: Profile, { op }: Aim): Profile {
  const calm = inMood(profile, aiming);
  const others = operationsOf(profile).filter((other) => other !== op);
  const sum = others.reduce((total, other) => total + (calm.weights[other] ?? 0), 0);
  return { ...calm, weights: { ...calm.weights, [op]: (sum * aimPercent) / (100 - aimPercent) } };
}

/** The profile in each mood: those listed above, then one for each aim. Names that somebody chose stay. */
export const moodsOf = (profile: Profile): MoodProfile[] => [
  ...[...moods, ...(mayExpire(profile) ? [expiring] : []), ...(mayDecay(profile) ? [decaying] : [])]
    .filter(({ isOfQuotas }) => isOfQuotas !== true || setsQuotas(profile))
    .map((mood) => ({
      weight: listedWeight * mood.weight,
      profile: inMood(profile, mood),
      ...(mood.begins === undefined ? {} : { begins: mood.begins }),
    })),
  ...aims(profile).map((aim) => ({ weight: 1, profile: aimedAt(profile, aim), aim })),
];
