import { expect, describe as group, test } from "vitest";
import { describe, hasGap, median, medians, overFirst, type Result } from "./result.ts";

group("medians", () => {
  test.each([
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2],
    [[7], 7],
    [[10, 9, 100], 10],
  ])("the median of %j is %i", (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  test("of nothing there is none", () => {
    expect(median([])).toBeNaN();
    expect(medians([])).toBeUndefined();
  });

  test("each figure has its own", () => {
    const rounds = [
      { a: 1, b: 30 },
      { a: 2, b: 10 },
      { a: 3, b: 20 },
    ];
    expect(medians(rounds)).toEqual({ a: 2, b: 20 });
  });
});

test("everyone is compared with the first", () => {
  expect(overFirst(["ZooKeeper", "zetcd", "other"])).toEqual([
    ["zetcd", "ZooKeeper"],
    ["other", "ZooKeeper"],
  ]);
});

test("a contender without figures is a gap", () => {
  const result = { contenders: ["a", "b"], rows: [{ workload: "w", figures: { a: {}, b: {} } }] } as unknown as Result;
  expect(hasGap(result)).toBe(false);
  expect(hasGap({ ...result, contenders: ["a", "b", "c"] })).toBe(true);
});

test("a run is told with its machine and its date", () => {
  const head = {
    date: "2030-01-02T03:04:05Z",
    cpus: 2,
    cpu: "Some CPU",
    memoryGiB: 16,
    node: "24.0.0",
    stores: "/tmp",
  };
  expect(describe({ ...head, quick: true, rounds: 3 })).toBe(
    "2030-01-02, 2 x Some CPU, 16 GiB, Node 24.0.0, stores in /tmp; medians of 3 quick rounds",
  );
});
