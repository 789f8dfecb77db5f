import { expect, test } from "vitest";
import type { TrialResult } from "./mutant-trial.ts";
import { judgeMutants } from "./mutants-verdict.ts";

const result = (name: string, rest: Partial<TrialResult> = {}): TrialResult => ({
  ...{ name, class: "stat", rare: false, lie: "", seed: 1, killed: true, seconds: 1, operations: 100 },
  ...{ steps: 2, by: "exists stat.version value version" },
  ...rest,
});

const alive = { killed: false, seconds: 60, steps: null, by: null };

test("every plain lie must be found out", () => {
  expect(judgeMutants([result("a"), result("b")]).isGood).toBe(true);
  const { isGood, text } = judgeMutants([result("a"), result("b", alive)]);
  expect(isGood).toBe(false);
  expect(text).toContain("not found out: b");
});

test("of the rare ones, one in ten may pass", () => {
  const nine = Array.from({ length: 9 }, (_, i) => result(`r${i}`, { rare: true }));
  expect(judgeMutants([...nine, result("r9", { rare: true, ...alive })]).isGood).toBe(true);
  expect(judgeMutants([...nine.slice(1), result("r9", { rare: true, ...alive })]).isGood).toBe(false);
});

test("tells the median, and what did not become small", () => {
  const { text } = judgeMutants([result("a", { steps: 1 }), result("b", { steps: 3 }), result("c", { steps: 9 })]);
  expect(text).toContain("median 3 operations, most 9");
  expect(text).toContain("more than 6 operations: c");
});
