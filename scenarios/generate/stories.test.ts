import fc from "fast-check";
import { expect, test } from "vitest";
import { hazardOf } from "./hazards.ts";
import { loadProfile } from "./profile.ts";
import { generator } from "./sequence.ts";
import { storyBeginning } from "./stories.ts";

const told = fc.sample(storyBeginning(fc.constant("a"), ["a", "b", "c"]), 300);

test("each story is told by two sessions; none is a hazard", () => {
  const openings = new Set(
    told.map((steps) => JSON.stringify(steps.slice(0, 3).map(({ by: _, ...action }) => action))),
  );
  expect(openings.size).toBe(7);
  for (const steps of told) {
    expect(new Set(steps.map(({ by }) => by)).size).toBe(2);
    expect(steps.flatMap((step) => hazardOf(step) ?? [])).toEqual([]);
  }
});

test("sequences begin with them now and then", () => {
  const profile = { ...loadProfile("default"), surface: "full" as const };
  const at = generator({ seed: 7, profile, allowHazards: false });
  const found = Array.from({ length: 3_000 }, (_, i) => at(i).steps).filter((steps) =>
    steps.some((step) => "path" in step && step.path === "/a/s-0000000003"),
  );
  expect(found.length).toBeGreaterThan(1);
});
