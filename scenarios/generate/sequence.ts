/** Whole sequences: a seed and a number name one, for ever. */
import fc from "fast-check";
import type { Scenario, Step } from "../format.ts";
import { moodsOf } from "./moods.ts";
import { type Profile, profileHash } from "./profile.ts";
import { stepArbitrary } from "./steps.ts";

/** All that determines what is generated. */
export interface Plan {
  /** 32 bits. */
  readonly seed: number;
  readonly profile: Profile;
  readonly allowHazards: boolean;
}

/** Session labels: a, b, c … and s27 behind z. */
export const sessionLabels = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => (i < 26 ? String.fromCharCode(97 + i) : `s${i + 1}`));

/** Steps of one session alone, per step of the profile's longest: what shows only with the tenth request of a session needs long ones. */
const longFactor = 3;

/** The sequences of a plan as an arbitrary: mostly all sessions together, some with fewer, some long ones of a single session; each in a mood of its
 *  own. Unbiased, because fast-check's bias would make half of them short. */
export function sequenceArbitrary({ profile, allowHazards }: Omit<Plan, "seed">): fc.Arbitrary<Step[]> {
  const labels = sessionLabels(profile.sessions);
  const shape = (mood: Profile, sessions: number, stepsMax: number) =>
    fc.array(stepArbitrary(mood, labels.slice(0, sessions), allowHazards), {
      minLength: Math.ceil(stepsMax / 2),
      maxLength: stepsMax,
      size: "max",
    });
  const inMood = (mood: Profile) =>
    fc.oneof(
      { weight: 14, arbitrary: shape(mood, labels.length, profile.stepsMax) },
      { weight: 4, arbitrary: shape(mood, Math.ceil(labels.length / 2), profile.stepsMax) },
      { weight: 1, arbitrary: shape(mood, 1, profile.stepsMax * longFactor) },
    );
  const each = moodsOf(profile).map((mood) => ({ weight: mood.weight, arbitrary: inMood(mood.profile) }));
  return fc.noBias(fc.oneof(...each));
}

/** The seed of one sequence: neighbours share nothing (the finalizer of MurmurHash3). */
export function seedOf(seed: number, index: number): number {
  let h = (seed ^ Math.imul(index + 1, 0x9e3779b1)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

/** Generates sequences of one plan; keeps the arbitrary, which is costly to build. */
export function generator(plan: Plan): (index: number) => Scenario {
  const arbitrary = sequenceArbitrary(plan);
  return (index) => {
    const [steps = []] = fc.sample(arbitrary, { seed: seedOf(plan.seed, index), numRuns: 1 });
    return scenarioOf(steps, plan, index);
  };
}

/** A sequence as a scenario. Only sessions that do something are opened. */
export function scenarioOf(steps: readonly Step[], plan: Plan, index: number): Scenario {
  return {
    why: `generated: sequence ${index} of seed ${plan.seed}`,
    source: `profile ${plan.profile.name} (${profileHash(plan.profile)})`,
    pace: "pipelined",
    timeoutMs: plan.profile.timeoutMs,
    sessions: sessionsIn(steps),
    steps,
  };
}

/** The session labels that steps use, in alphabetical order; "a" when there are no steps. */
export function sessionsIn(steps: readonly Step[]): string[] {
  const used = [...new Set(steps.map((step) => step.by))].sort();
  return used.length === 0 ? ["a"] : used;
}
