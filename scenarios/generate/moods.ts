/** Moods: sequences of one profile that each dwell on something else. Traffic that always has the same mix spreads itself thin, and states that
 *  take three or four related steps hardly ever come up in it; see "Swarm Testing" (Groce et al., ISSTA 2012). */
import type { Profile, Weights } from "./profile.ts";

/** How often some operations come, compared to the profile. */
type Factors = Weights;

interface Mood {
  /** How often sequences are in it, compared to the other moods. */
  readonly weight: number;
  readonly factors?: Factors;
  readonly changes?: Partial<Pick<Profile, "names" | "watchPercent" | "ephemeralPercent">>;
}

/** The first is none. */
const moods: readonly Mood[] = [
  { weight: 6 },
  // The same znodes again and again: old versions, second lives, watches that meet.
  { weight: 2, changes: { names: "narrow", watchPercent: 50 } },
  // Many siblings.
  { weight: 2, changes: { names: "wide" }, factors: { create: 2, getChildren: 2, getChildren2: 3 } },
  { weight: 1, changes: { names: "deep" }, factors: { addWatch: 3, getAllChildrenNumber: 2 } },
  { weight: 1, changes: { names: "beyond-ascii" }, factors: { getChildren: 2, getChildren2: 2, getEphemerals: 2 } },
  // Sessions that leave ephemerals behind, while others look on.
  {
    weight: 2,
    changes: { names: "narrow", watchPercent: 60, ephemeralPercent: 70 },
    factors: { closeSession: 4, drop: 2, reconnect: 2, getEphemerals: 4, exists: 2 },
  },
  // Watches that are listed, renewed and taken back.
  {
    weight: 2,
    changes: { names: "narrow", watchPercent: 60 },
    factors: { addWatch: 3, removeWatches: 4, checkWatches: 2, setWatches: 3, setWatches2: 4, getChildren: 2 },
  },
  // Several operations on one znode in one multi.
  { weight: 1, changes: { names: "narrow" }, factors: { multi: 5, multiRead: 3 } },
  // Permissions that change hands.
  { weight: 2, changes: { names: "narrow" }, factors: { setACL: 4, getACL: 3, auth: 3 } },
];

const scaled = (weights: Weights, factors: Factors): Weights =>
  Object.fromEntries(
    Object.entries(weights).map(([op, weight]) => [op, weight * (factors[op as keyof Weights] ?? 1)] as const),
  );

/** The profile in each mood, with weights. Names that somebody chose stay. */
export const moodsOf = (profile: Profile): { weight: number; profile: Profile }[] =>
  moods.map(({ weight, changes = {}, factors = {} }) => ({
    weight,
    profile: {
      ...profile,
      ...changes,
      ...(profile.names === "everyday" ? {} : { names: profile.names }),
      watchPercent: Math.max(profile.watchPercent, changes.watchPercent ?? 0),
      weights: scaled(profile.weights, factors),
    },
  }));
