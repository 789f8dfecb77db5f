import { describe, expect, test } from "vitest";
import type { Difference } from "../../oracle/compare/difference.ts";
import type { Observation } from "../../oracle/crosscheck.ts";
import type { Step } from "../format.ts";
import { headline, inWords, storyOf } from "./counterexample.ts";

const value: Difference = {
  ...{ is: "value", at: "stat.version", kind: "version", candidate: "2", oracle: "1", relation: "equal" },
};
const seen = (n: number, session: string, op: string, differences: Difference[] = []): Observation => ({
  ...{ is: "step", n, label: { case: "c", session }, op, request: { op }, differences, verdict: "match" },
  answers: { candidate: { is: "reply", zxid: String(n) }, oracle: { is: "reply", zxid: String(n) } },
});
const event = (n: number): Observation => ({
  ...seen(n, "b", "event"),
  is: "notification",
  answers: { candidate: { is: "none" }, oracle: { is: "event" } },
  differences: [{ is: "absent", at: "event", on: "candidate", other: "NodeDeleted" }],
});

describe("a story", () => {
  const steps: Step[] = [
    { by: "b", op: "reconnect" },
    { by: "a", op: "create", path: "/n" },
    { by: "a", op: "drop" },
    { by: "a", op: "delete", path: "/n" },
  ];
  const scenery = [seen(1, "a", "connect"), seen(2, "b", "connect"), seen(3, "a", "create"), seen(4, "a", "create")];

  test("tells each step with its own answers, and leaves the scenery out", () => {
    const story = storyOf(
      steps,
      [...scenery, seen(5, "b", "connect"), seen(6, "a", "create"), seen(8, "a", "delete")],
      "/x1/r",
    );
    expect(story.map((step) => [step.by, step.answers.oracle.zxid])).toEqual([
      ["b", "5"],
      ["a", "6"],
      ["a", undefined],
      ["a", "8"],
    ]);
    expect(story[1]?.request).toEqual({ op: "create", path: "/n" });
  });

  test("puts an event under the step before it, and shows the runner's own requests where they diverged", () => {
    const own = [seen(10, "b", "exists", [value]), seen(11, "a", "exists")];
    const story = storyOf(steps.slice(1, 2), [...scenery, seen(6, "a", "create"), event(7), ...own], "/x1/r");
    expect(story).toHaveLength(2);
    expect(story[0]?.events).toEqual({ candidate: [], oracle: [{ is: "event" }] });
    expect(story[0]?.differences).toHaveLength(1);
    expect(story[1]).toMatchObject({ by: "b", request: { op: "exists" }, differences: [value] });
  });
});

test("what servers do while they are given time stands under that step", () => {
  const steps: Step[] = [
    { by: "a", op: "delete", path: "/c/x" },
    { by: "a", op: "reap" },
  ];
  const story = storyOf(steps, [seen(6, "a", "delete"), seen(7, "a", "ping"), event(8)], "/x1/r");
  expect(story.map((step) => step.events.oracle.length)).toEqual([0, 1]);
  expect(story[1]).toMatchObject({ request: { op: "reap" }, answers: { oracle: { zxid: "7" } } });
});

describe("a difference in words", () => {
  test.each<[Difference, string]>([
    [value, "stat.version is 2, must be 1 (equal)"],
    [
      { is: "absent", at: "event", on: "candidate", other: "NodeDeleted /xmwp1-a/r/a" },
      "event is missing on the candidate (the other has NodeDeleted ~/a)",
    ],
    [
      { is: "members", at: "children", only: { candidate: ["a"], oracle: [] } },
      "children has a too much and lacks nothing",
    ],
    [{ is: "closed", at: "reply", on: "candidate", died: true }, "the candidate died"],
    [{ is: "stalled", at: "reply", on: "oracle", waitedMs: 9 }, "reply: no answer from the oracle within 9 ms"],
  ])("%j", (difference, words) => {
    expect(inWords(difference)).toBe(words);
  });

  test("a headline names the operation", () => {
    const none = { candidate: { is: "none" }, oracle: { is: "none" } } as const;
    expect(
      headline({
        ...{ event: "divergence", n: 1, case: "c", session: "a", fingerprint: "f", operation: "setData" },
        ...{ verdict: "diverges", differences: [value], request: {}, answers: none },
      }),
    ).toBe("setData: stat.version is 2, must be 1 (equal)");
  });
});
