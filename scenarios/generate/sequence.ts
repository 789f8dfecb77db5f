/** Whole sequences: a seed and a number name one, for ever. */
import fc from "fast-check";
import { expires, type Scenario, type Step } from "../format.ts";
import { beginningArbitrary, moodBeginning } from "./beginnings.ts";
import { type MoodProfile, moodsOf } from "./moods.ts";
import { type Profile, profileHash } from "./profile.ts";
import { quotaBeginning } from "./quotas.ts";
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

/** What sequences of a mood begin with, where they do not begin like any other. */
function beginningOf(
  { profile, aim, begins }: Omit<MoodProfile, "weight">,
  sessions: readonly string[],
): fc.Arbitrary<Step[]> | undefined {
  if (aim !== undefined) return beginningArbitrary(profile, aim.meets, sessions);
  if (begins !== undefined) return moodBeginning(profile, begins, sessions);
  return profile.quotaPercent > 0 ? quotaBeginning(sessions) : undefined;
}

/** The sequences of a mood as an arbitrary: mostly all sessions together, some with fewer, some long ones of a single session. Unbiased, because
 *  fast-check's bias would make half of them short. */
function moodArbitrary(
  { profile, allowHazards }: Omit<Plan, "seed">,
  mood: Omit<MoodProfile, "weight"> = { profile },
): fc.Arbitrary<Step[]> {
  const labels = sessionLabels(profile.sessions);
  const shape = (count: number, stepsMax: number) => {
    const sessions = labels.slice(0, count);
    const steps = fc.array(stepArbitrary(mood.profile, sessions, allowHazards), {
      minLength: Math.ceil(stepsMax / 2),
      maxLength: stepsMax,
      size: "max",
    });
    const beginning = beginningOf(mood, sessions);
    if (beginning === undefined) return steps;
    return fc.tuple(beginning, steps).map(([first, then]) => [...first, ...then]);
  };
  return fc.noBias(
    fc.oneof(
      { weight: 14, arbitrary: shape(labels.length, profile.stepsMax) },
      { weight: 4, arbitrary: shape(Math.ceil(labels.length / 2), profile.stepsMax) },
      { weight: 1, arbitrary: shape(1, profile.stepsMax * longFactor) },
    ),
  );
}

/** Of so many sequences these are of the moods that come by themselves, a few of each, which take turns: early, so that a short run has them and need
 *  not wait for them at its end. */
const period = 2_048;
const slow = { from: 40, each: 4 } as const;

/** Tells the mood of each sequence of a seed, as a position in the list. */
export function moodsBySeed(moods: readonly MoodProfile[], seed: number): (index: number) => number {
  const slots = moods.flatMap(({ weight }, mood) => Array.from({ length: weight }, () => mood));
  const weightless = moods.flatMap(({ weight }, mood) => (weight === 0 ? [mood] : []));
  return (index) => {
    const turn = (index % period) - slow.from;
    if (turn >= 0 && turn < slow.each * weightless.length) return weightless[turn % weightless.length] ?? 0;
    return slots[(seedOf(~seed, index) >>> 0) % slots.length] ?? 0;
  };
}

/** What one sequence of a plan is drawn from. */
export function sequenceArbitrary(plan: Plan, index: number): fc.Arbitrary<Step[]> {
  const moods = moodsOf(plan.profile);
  return moodArbitrary(plan, moods[moodsBySeed(moods, plan.seed)(index)]);
}

/** The seed of one sequence: neighbours share nothing (the finalizer of MurmurHash3). */
export function seedOf(seed: number, index: number): number {
  let h = (seed ^ Math.imul(index + 1, 0x9e3779b1)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

/** Generates sequences of one plan; keeps the arbitraries, which are costly to build. */
export function generator(plan: Plan): (index: number) => Scenario {
  const moods = moodsOf(plan.profile);
  const moodAt = moodsBySeed(moods, plan.seed);
  const arbitraries = new Map<number, fc.Arbitrary<Step[]>>();
  return (index) => {
    const mood = moodAt(index);
    const arbitrary = arbitraries.get(mood) ?? moodArbitrary(plan, moods[mood]);
    arbitraries.set(mood, arbitrary);
    const [steps = []] = fc.sample(arbitrary, { seed: seedOf(plan.seed, index), numRuns: 1 });
    return scenarioOf(steps, plan, index);
  };
}

/** The least that a ZooKeeper with ticks of two seconds grants, ms. */
const expiringTimeoutMs = 4_000;

/** The session timeout that a sequence asks for, ms: nobody waits longer than must be for a session that is to expire. */
export const timeoutOf = (steps: readonly Step[], { timeoutMs }: Profile): number =>
  expires(steps) ? Math.min(timeoutMs, expiringTimeoutMs) : timeoutMs;

/** Every so many sequences one waits for each answer before it asks on: some states are there only between two requests. */
const serialEvery = 8;

/** A sequence as a scenario. Only sessions that do something are opened. */
export function scenarioOf(steps: readonly Step[], plan: Plan, index: number): Scenario {
  return {
    why: `generated: sequence ${index} of seed ${plan.seed}`,
    source: `profile ${plan.profile.name} (${profileHash(plan.profile)})`,
    pace: index % serialEvery === serialEvery - 1 ? "serial" : "pipelined",
    timeoutMs: timeoutOf(steps, plan.profile),
    sessions: sessionsIn(steps),
    steps,
  };
}

/** The session labels that steps use, in alphabetical order; "a" when there are no steps. */
export function sessionsIn(steps: readonly Step[]): string[] {
  const used = [...new Set(steps.map((step) => step.by))].sort();
  return used.length === 0 ? ["a"] : used;
}
