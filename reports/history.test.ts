import { expect, test } from "vitest";
import type { HistoryLine } from "../oracle/journal.ts";
import { historyOf, moreTelling } from "./history.ts";
import { journal } from "./testdata/journals.ts";
import { historyLine, mixedTraffic } from "./testdata/runs.ts";
import { viewOf } from "./view.ts";

test("of several histories the first that breaks something is shown, else the last", () => {
  const clean = historyOf(historyLine(10, { name: "one", broken: false }));
  const broken = historyOf(historyLine(10, { name: "two" }));
  const late = historyOf(historyLine(10, { name: "three" }));
  expect(moreTelling(moreTelling(moreTelling(undefined, clean), broken), late).name).toBe("two");
  expect(moreTelling(clean, { ...clean, name: "last" }).name).toBe("last");
});

test("the picture decides nothing", () => {
  const view = viewOf(journal([...mixedTraffic(240), historyLine(10)]));
  expect(view.history?.calls.start).toHaveLength(10);
  expect(view.verdict.is).toBe("conforms");
});

test("of a foreign journal only whole calls are kept, names printable, positions inside", () => {
  const line = historyLine(10);
  const hostile: HistoryLine = {
    ...line,
    paths: ["\u202eevil"],
    calls: { ...line.calls, took: line.calls.took.slice(0, 4) },
    violations: [{ rule: "sync", call: 7, witness: null, expected: "", found: "" }],
    diverging: 9,
  };
  expect(historyOf(hostile)).toMatchObject({ cut: 6, violations: [], diverging: null });
  expect(historyOf(hostile).paths[0]).not.toContain("\u202e");
});
