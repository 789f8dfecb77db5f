import { expect, test } from "vitest";
import type { JournalLine } from "../oracle/journal.ts";
import { summaryOf } from "./summary.ts";
import { divergence, journal } from "./testdata/journals.ts";
import { mixedTraffic } from "./testdata/runs.ts";
import { viewOf } from "./view.ts";

const calibration = (causes: number): JournalLine => ({
  ...{ event: "calibration", operations: 90, compared: 100, causes, durationMs: 50 },
  twin: { name: "zookeeper", version: "3.8.0", address: "127.0.0.1:2183" },
});

test("a twin that agrees is told in a note and in the summary, and decides nothing", () => {
  const view = viewOf(journal([calibration(0), ...mixedTraffic(240)]));
  expect(view.verdict.is).toBe("conforms");
  expect(view.notes[0]).toBe(
    "Calibration: the oracle against its twin, zookeeper 3.8.0 at 127.0.0.1:2183: 100 replies, no difference.",
  );
  expect(summaryOf(view)).toMatchObject({ calibration: { operations: 90, compared: 100, causes: 0 }, unstable: [] });
});

test("a twin that disagrees leaves a run undecided though the candidate was never caught", () => {
  const noise = divergence(1, {}, "oracle-unstable").filter((line) => line.event === "divergence");
  const view = viewOf(journal([...noise, calibration(1), ...mixedTraffic(240)]));
  expect(view.verdict).toMatchObject({ is: "undecided", exitCode: 2 });
  expect(view.verdict.reasons.join()).toContain("disagrees with itself");
  expect(summaryOf(view)).toMatchObject({ divergences: [], calibration: { causes: 1 } });
  expect(summaryOf(view).unstable).toHaveLength(1);
});

test("the calibrations of shards add up", () => {
  const view = viewOf([calibration(1), calibration(2)]);
  expect(view.calibration).toMatchObject({ operations: 180, compared: 200, causes: 3 });
});
