import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeStep, type RequestStep } from "../encode.ts";
import type { Step } from "../format.ts";
import { Memory } from "../references.ts";
import { bulkBeginning, crowdBeginning, familyBeginning, lineageBeginning, repetitionBeginning } from "./masses.ts";

const drawn = (beginning: typeof crowdBeginning): Step[][] => fc.sample(beginning(fc.constant("a")), 300);

/** Sizes of what a step holds many of, by what that is. */
function sizes(sequence: readonly Step[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const step of sequence) {
    found[step.op] = (found[step.op] ?? 0) + 1;
    if (step.op === "multi" || step.op === "multiRead") found[`${step.op} of`] = step.ops.length;
    if (step.op === "setWatches") found["setWatches on"] = step.data?.length ?? 0;
    if (step.op === "setWatches2") found["setWatches2 on"] = step.persistent?.length ?? 0;
    if (step.op === "setACL" && Array.isArray(step.acl)) found["setACL to"] = step.acl.length;
    if ("data" in step && step.data !== null && typeof step.data === "object" && "times" in step.data)
      found[`${step.op} with bytes`] = step.data.times * step.data.repeat.length;
  }
  return found;
}

test.each([
  [
    "siblings",
    crowdBeginning,
    {
      ...{ "multi of": 130, "multiRead of": 130, "setWatches on": 130, "setWatches2 on": 130 },
      ...{ getData: 11, exists: 1, create: 3 },
    },
  ],
  ["generations", lineageBeginning, { create: 18 }],
  // More than 64 would make a cross-check forget which they are.
  ["ephemerals", familyBeginning, { "multi of": 40, closeSession: 1 }],
  [
    "one thing",
    repetitionBeginning,
    { "multi of": 130, "multiRead of": 130, exists: 130, setACL: 11, "setACL to": 131, auth: 11, addWatch: 1 },
  ],
  ["bytes", bulkBeginning, { "create with bytes": 1_047_999, "setData with bytes": 1_047_999 }],
] as const)("sequences may begin with many %s, all of which can be sent", (_what, beginning, most) => {
  const all = drawn(beginning);
  for (const step of all.flat()) if (step.op !== "closeSession") encodeStep(step as RequestStep, new Memory("/x1"), 1);
  const found = all.map(sizes);
  for (const [what, size] of Object.entries(most))
    expect(Math.max(...found.map((each) => each[what] ?? 0)), what).toBe(size);
});
