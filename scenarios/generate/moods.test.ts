import { expect, test } from "vitest";
import { moodsOf } from "./moods.ts";
import { loadProfile, type Profile } from "./profile.ts";
import { operationsOf } from "./steps.ts";

const profile = loadProfile("default");

test("the first mood is the profile itself, but for quotas", () => {
  expect(moodsOf(profile)[0]?.profile).toEqual({ ...profile, quotaPercent: 0 });
});

test("one mood is of quotas, unless the profile leaves them or what they take out", () => {
  const ofQuotas = (changes: Partial<Profile>) =>
    moodsOf({ ...profile, ...changes }).filter((mood) => mood.profile.quotaPercent > 0).length;
  expect(ofQuotas({})).toBe(1);
  expect(ofQuotas({ quotaPercent: 0 })).toBe(0);
  expect(ofQuotas({ weights: { getData: 1, exists: 1 } })).toBe(0);
});

test("moods make operations more frequent, and bring in none that the profile leaves out", () => {
  const { closeSession, ...weights } = profile.weights;
  const moods = moodsOf({ ...profile, weights });
  for (const mood of moods) expect(mood.profile.weights.closeSession).toBeUndefined();
  expect(moodsOf(profile).some((mood) => (mood.profile.weights.closeSession ?? 0) > (closeSession ?? 0))).toBe(true);
});

test("an aim's operation comes most often, and needs what the profile sends", () => {
  const full = moodsOf({ ...profile, surface: "full" }).filter(({ aim }) => aim !== undefined);
  for (const { aim, profile: mood } of full) {
    const share =
      (mood.weights[aim?.op ?? "ping"] ?? 0) / operationsOf(mood).reduce((sum, op) => sum + (mood.weights[op] ?? 0), 0);
    expect(share, aim?.op).toBeCloseTo(0.4);
  }
  const standing = (moods: typeof full) => new Set(moods.map(({ aim }) => aim?.meets));
  expect(standing(full)).toEqual(new Set(["persistent", "again", "emptied", "ephemeral", "container", "ttl"]));
  const core = moodsOf(profile).filter(({ aim }) => aim !== undefined);
  expect(standing(core)).toEqual(new Set(["persistent", "again", "emptied", "ephemeral"]));
  expect(core.map(({ aim }) => aim?.op)).not.toContain("addWatch");
  expect(full.map(({ aim }) => aim?.op)).not.toContain("whoAmI");
});

test("names and watches that somebody chose stay", () => {
  for (const mood of moodsOf({ ...profile, names: "deep", watchPercent: 90 }))
    expect(mood.profile).toMatchObject({ names: "deep", watchPercent: 90 });
});
