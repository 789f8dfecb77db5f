import { expect, test } from "vitest";
import { moodsOf } from "./moods.ts";
import { loadProfile } from "./profile.ts";

const profile = loadProfile("default");

test("the first mood is the profile itself", () => {
  expect(moodsOf(profile)[0]?.profile).toEqual(profile);
});

test("moods make operations more frequent, and bring in none that the profile leaves out", () => {
  const { closeSession, ...weights } = profile.weights;
  const moods = moodsOf({ ...profile, weights });
  for (const mood of moods) expect(mood.profile.weights.closeSession).toBeUndefined();
  expect(moodsOf(profile).some((mood) => (mood.profile.weights.closeSession ?? 0) > (closeSession ?? 0))).toBe(true);
});

test("names and watches that somebody chose stay", () => {
  for (const mood of moodsOf({ ...profile, names: "deep", watchPercent: 90 }))
    expect(mood.profile).toMatchObject({ names: "deep", watchPercent: 90 });
});
