import { describe, expect, test } from "vitest";
import type { Verdict } from "../oracle/compare/difference.ts";
import { bounds } from "./bounds.ts";
import { summaryOf } from "./summary.ts";
import {
  divergence,
  endLine,
  journal,
  notificationLine,
  runLine,
  stepLine,
  valueDifference,
} from "./testdata/journals.ts";
import {
  cleanRun,
  diedRun,
  divergingRun,
  hostileRun,
  interruptedRun,
  mixedTraffic,
  sideLostRun,
  thirtyCauses,
} from "./testdata/runs.ts";
import { cversionStory } from "./testdata/stories.ts";
import { ViewBuilder, viewOf } from "./view.ts";

describe("the verdict", () => {
  test("a run in which all agrees conforms", () => {
    const { verdict, counts } = viewOf(cleanRun(240));
    expect(verdict).toMatchObject({ is: "conforms", exitCode: 0, reasons: [] });
    expect(verdict.headline).toContain("240 replies and 30 watch events agree");
    expect(counts).toMatchObject({ operations: 240, checkedReplies: 240, checkedEvents: 30, opsPerSecond: 96 });
  });

  test("a run that goes on is judged so far, and needs no end for it", () => {
    const builder = new ViewBuilder();
    const [head, ...rest] = divergingRun(24).filter((line) => line.event !== "end");
    if (head !== undefined) builder.add(head);
    expect(builder.view(10).verdict).toMatchObject({
      headline: "Undecided: nothing is proven either way so far.",
      reasons: ["Not a single reply was compared."],
    });
    for (const line of mixedTraffic(24)) builder.add(line);
    const view = builder.view(2_000);
    expect(view).toMatchObject({ isRunning: true, counts: { durationMs: 2_000, opsPerSecond: 12 } });
    expect(view.verdict.headline).toMatch(/^So far the candidate conforms: 24 replies/);
    for (const line of rest) builder.add(line);
    expect(builder.view(3_000).verdict.headline).toMatch(/^So far the candidate diverges/);
    builder.add({ ...endLine([]), steps: 48 + 17 + 4 + 3 + 2, durationMs: 5_000 });
    expect(builder.view(9_000)).not.toHaveProperty("isRunning");
    expect(builder.view(9_000)).toMatchObject({ counts: { durationMs: 5_000 }, verdict: { is: "diverges" } });
    expect(builder.view().verdict.headline).toMatch(/^The candidate diverges/);
  });

  test("known divergences are allowed, and said", () => {
    const view = viewOf(journal([...mixedTraffic(20), ...divergence(21, { known: "D-1" }, "known")]));
    expect(view.verdict).toMatchObject({ is: "conforms", exitCode: 0 });
    expect(view.verdict.headline).toContain("known divergences aside");
    expect(view.causes.known).toMatchObject([{ known: "D-1", occurrences: 1 }]);
    expect(view.causes.diverges).toEqual([]);
  });

  test("a divergence that healed decides nothing and stands apart", () => {
    const view = viewOf(journal([...mixedTraffic(20), ...divergence(21, {}, "timing")]));
    expect(view.verdict.is).toBe("conforms");
    expect(view.causes.timing).toHaveLength(1);
    expect(view.causes.diverges).toEqual([]);
  });

  test("a divergence decides, and its causes are counted once", () => {
    const { verdict } = viewOf(divergingRun());
    expect(verdict).toMatchObject({ is: "diverges", exitCode: 1 });
    expect(verdict.headline).toContain("23 times, for 4 causes");
  });

  test("a diverging step without its divergence line is red all the same", () => {
    expect(viewOf(journal([...mixedTraffic(20), stepLine(21, { verdict: "diverges" })])).verdict.exitCode).toBe(1);
  });

  test("a divergence line without its step is red all the same", () => {
    expect(viewOf(journal([...mixedTraffic(20), divergence(21)[1]])).verdict.exitCode).toBe(1);
  });

  test("a divergence decides in a run that died", () => {
    const { verdict } = viewOf([runLine(), ...mixedTraffic(20), ...divergence(21)]);
    expect(verdict).toMatchObject({ is: "diverges", exitCode: 1 });
    expect(verdict.reasons.join()).toContain("the run died");
  });

  const doubtful: Readonly<Record<string, { lines: Parameters<typeof viewOf>[0]; because: string }>> = {
    "nothing at all": { lines: [], because: "no header" },
    "no end": { lines: diedRun(), because: "the run died" },
    "nothing compared": { lines: journal([]), because: "Not a single reply" },
    "everything unchecked": { lines: journal([stepLine(1, { verdict: "unchecked" })]), because: "Not a single reply" },
    "below the floor": { lines: journal([...mixedTraffic(4)]), because: "Only 4 replies" },
    "fewer lines than the end says": {
      lines: journal([...mixedTraffic(20)], { end: { steps: 21 } }),
      because: "speaks of 21",
    },
    "an unstable oracle": {
      lines: journal([...mixedTraffic(20), ...divergence(21, {}, "oracle-unstable")]),
      because: "disagrees with itself",
    },
    "a side lost for good": { lines: sideLostRun(false), because: "never came back" },
    "a newer format": { lines: journal([...mixedTraffic(20)], { run: { format: 2 as 1 } }), because: "newer version" },
    "a verdict nobody knows": {
      lines: journal([...mixedTraffic(20), stepLine(21, { verdict: "fine" as Verdict })]),
      because: "cannot be read",
    },
  };
  test.each(Object.entries(doubtful))("%s is undecided, never green", (_, { lines, because }) => {
    const { verdict } = viewOf(lines);
    expect(verdict).toMatchObject({ is: "undecided", exitCode: 2 });
    expect(verdict.reasons.join("\n")).toContain(because);
  });

  test("a side that came back leaves the run green, and what it missed is said", () => {
    const { verdict, sides } = viewOf(sideLostRun(true));
    expect(verdict).toMatchObject({ is: "conforms", exitCode: 0 });
    expect(verdict.reasons).toEqual(["3 operations not checked: a side had gone or hung up, or a doubt was left."]);
    expect(sides.map((side) => side.state)).toEqual(["lost", "back"]);
  });

  test("an interrupted run counts for what it checked", () => {
    const { verdict } = viewOf(interruptedRun());
    expect(verdict.is).toBe("conforms");
    expect(verdict.reasons.join()).toContain("interrupted");
  });
});

describe("causes", () => {
  test("the worst come first, then the most frequent, each with its rule and story", () => {
    const { causes } = viewOf(divergingRun());
    expect(causes.diverges.map((cause) => [cause.severity, cause.operation, cause.occurrences])).toEqual([
      ["critical", "getChildren", 4],
      ["critical", "addWatch", 1],
      ["critical", "create", 1],
      ["major", "getData", 17],
    ]);
    const [, unshrunk, , cversion] = causes.diverges;
    expect(cversion).toMatchObject({
      field: "stat.cversion",
      candidate: "1",
      oracle: "2",
      firstSeen: { n: 961 },
      lastSeen: 977,
      shrinking: { operations: 4, reproduced: 5 },
      story: { shrunk: true, sessions: ["a", "b"] },
    });
    expect(cversion?.rule?.source).toContain("DataNode.copyStat");
    expect(unshrunk).toMatchObject({ story: { shrunk: false, steps: [{ op: "addWatch" }] } });
    expect(unshrunk?.replay).toBeUndefined();
  });

  test("a reproduction that was seen again goes before a shorter one that was not, which is none", () => {
    const unseen = { ...cversionStory, fingerprint: divergence(1)[1].fingerprint, reproduced: 0 };
    const seen = { ...unseen, operations: 6, reproduced: 3 };
    const whatStays = (...stories: (typeof unseen)[]) => {
      const view = viewOf(journal([...divergence(1), ...stories]));
      return [view.causes.diverges[0]?.shrinking?.operations, summaryOf(view).divergences[0]?.minimalOperations];
    };
    expect(whatStays(unseen)).toEqual([4, null]);
    expect(whatStays(unseen, seen)).toEqual([6, 6]);
    expect(whatStays(seen, unseen)).toEqual([6, 6]);
    expect(whatStays(seen, { ...seen, operations: 5 })).toEqual([5, 5]);
  });

  test("the same fingerprint with another verdict is another row", () => {
    const view = viewOf(
      journal([...divergence(1), ...divergence(2, {}, "timing"), ...divergence(3, { known: "D-1" }, "known")]),
    );
    expect([view.causes.diverges.length, view.causes.timing.length, view.causes.known.length]).toEqual([1, 1, 1]);
  });

  test("of several stories the shortest stays", () => {
    const longer = { ...cversionStory, operations: 9, replay: "longer" };
    const view = viewOf(journal([...divergence(1), cversionStory, longer]));
    expect(view.causes.diverges[0]?.replay).toBe(cversionStory.replay);
  });

  test("a result code leads, whatever else differs", () => {
    const differences = [valueDifference("stat.version", "1", "2"), valueDifference("err", "OK", "NONODE")];
    const [cause] = viewOf(journal([...divergence(1, { differences })])).causes.diverges;
    expect(cause).toMatchObject({ field: "err", severity: "critical" });
    expect(cause?.words).toContain("and 1 more");
  });

  test("beyond the bound they are counted, not kept", () => {
    const lines = Array.from({ length: bounds.causesMax + 30 }, (_, at) =>
      divergence(at + 1, { fingerprint: `cause ${at}` }),
    );
    const view = viewOf(journal(lines.flat()));
    expect(view.causes.diverges).toHaveLength(bounds.causesMax);
    expect(view.causesCut).toBe(30);
    expect(view.verdict.headline).toContain("530 times");
  });

  test("a list takes the place of the journal's own word on what is known", () => {
    const lines = journal([
      ...mixedTraffic(20),
      ...divergence(21),
      ...divergence(22, { fingerprint: "old", known: "D-old" }, "known"),
    ]);
    const builder = new ViewBuilder((line) => (line.fingerprint === "old" ? undefined : "D-new"));
    for (const line of lines) builder.add(line);
    const view = builder.view();
    expect(view.causes.known).toMatchObject([{ known: "D-new" }]);
    expect(view.causes.diverges).toMatchObject([{ fingerprint: "old" }]);
    expect(view.causes.diverges[0]?.known).toBeUndefined();
    expect(view.verdict).toMatchObject({ is: "diverges" });
    expect(view.verdict.headline).toContain("once, for one cause");
  });
});

describe("bounds", () => {
  test("thirty causes and hostile text stay small and printable", () => {
    expect(viewOf(thirtyCauses()).causes.diverges).toHaveLength(30);
    const text = JSON.stringify(viewOf(hostileRun()));
    expect(text.length).toBeLessThan(500_000);
    expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028]/);
    expect(text).toContain("more characters");
  });

  test("invented operations, codes and shapes are lumped together", () => {
    const builder = new ViewBuilder();
    for (let n = 0; n < 2_000; n++)
      builder.add(stepLine(n, { op: `op${n}`, shape: `x${n}`, err: { candidate: `E${n}`, oracle: `E${n}` } }));
    const { coverage } = builder.view();
    expect(coverage.rows.length).toBeLessThan(200);
    expect(coverage.rows.at(-1)?.op).not.toBe("op1999");
  });
});

describe("watches", () => {
  const watch = (op: string, changes = {}) =>
    stepLine(1, { op, path: "/n", session: "a", case: "case-0", shape: "watch", ...changes });
  const seen = (lines: Parameters<typeof journal>[0]) => {
    const { rows, unmatched } = viewOf(journal(lines)).watches;
    return {
      unmatched,
      hits: rows.flatMap((row) =>
        row.events.flatMap(([type, count]) => (count ? [`${row.kind} ${type} ${count}`] : [])),
      ),
    };
  };

  test("each event is told to the watches that asked for it, once", () => {
    const event = notificationLine(2, { type: "NodeDataChanged" });
    expect(seen([watch("getData"), event, event])).toEqual({ unmatched: 1, hits: ["data dataChanged 1"] });
  });

  test("a watch on a missing znode waits for its creation", () => {
    const missing = watch("exists", { err: { candidate: "NONODE", oracle: "NONODE" } });
    expect(seen([missing, notificationLine(2, { type: "created" })]).hits).toEqual(["exists created 1"]);
  });

  test("a recursive watch hears of descendants, again and again", () => {
    const armed = watch("addWatch", { shape: "mode=recursive" });
    const below = notificationLine(2, { type: "created", path: "/n/x/y" });
    expect(seen([armed, below, below]).hits).toEqual(["recursive created 2"]);
  });

  test("a watch that is not recursive hears nothing of descendants", () => {
    const armed = watch("addWatch", { shape: "mode=persistent" });
    const below = notificationLine(2, { type: "created", path: "/n/x" });
    expect(seen([armed, watch("getData"), below])).toEqual({ unmatched: 1, hits: [] });
  });

  test("what comes with a setWatches, before its reply or after, is its own", () => {
    const reset = stepLine(3, { op: "setWatches", session: "a", case: "case-0" });
    const event = notificationLine(2, { type: "deleted" });
    expect(seen([event, reset, event, notificationLine(4, { session: "b" })])).toEqual({
      unmatched: 1,
      hits: ["setWatches deleted 2"],
    });
  });

  test("a refused read leaves no watch, another session's watch hears nothing", () => {
    const refused = watch("getData", { err: { candidate: "NONODE", oracle: "NONODE" } });
    expect(seen([refused, notificationLine(2)])).toEqual({ unmatched: 1, hits: [] });
    expect(seen([watch("getData", { session: "b" }), notificationLine(2)])).toEqual({ unmatched: 1, hits: [] });
  });
});
