import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { workOff } from "./work-off.ts";

test("works on what is added too, never on more than allowed", async () => {
  const done: number[] = [];
  let underWay = 0;
  let most = 0;
  await workOff([1], 3, async (item, add) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await turn();
    if (item < 32) for (const more of [2 * item, 2 * item + 1]) add(more);
    underWay -= 1;
    done.push(item);
  });
  expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: 63 }, (_, index) => index + 1));
  expect(most).toBe(3);
});

test("an empty pile is done", async () => {
  await expect(workOff([], 1, () => Promise.reject(new Error("never called")))).resolves.toBeUndefined();
});

test("the first failure is told when nothing is under way, and ends the work", async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const work = workOff([1, 2, 3], 2, async (item) => {
    begun.push(item);
    if (item === 3) throw new Error("three");
    await turn();
    ended.push(item);
  });
  await expect(work).rejects.toThrow("three");
  expect({ begun, ended }).toEqual({ begun: [3, 2], ended: [2] });
});
