import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JournalLine, RunLine } from "../oracle/journal.ts";
import { readMergedView } from "./read.ts";
import { divergence, journal } from "./testdata/journals.ts";
import { asText, cleanRun, diedRun, divergingRun, mixedTraffic, sideLostRun } from "./testdata/runs.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "merge-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function file(lines: readonly JournalLine[]): string {
  const dir = mkdtempSync(join(root, "shard-"));
  writeFileSync(join(dir, "journal.jsonl"), asText(lines));
  return join(dir, "journal.jsonl");
}
const merged = (...journals: readonly (readonly JournalLine[])[]) => readMergedView(journals.map(file));
const shard = (run: Partial<RunLine>, durationMs = 1_000): JournalLine[] =>
  journal([...mixedTraffic(24)], { run, end: { durationMs } });

describe("shards merged", () => {
  test("conform together, with sums", async () => {
    const { verdict, counts, run } = await merged(cleanRun(), cleanRun(), cleanRun());
    expect(verdict).toMatchObject({ is: "conforms", reasons: [] });
    expect(counts).toMatchObject({ operations: 720, runs: 12 });
    expect(run).toMatchObject({ operationsFloor: 15, options: { shards: 3 }, seed: "1234567" });
  });

  test("a shard that died leaves the whole undecided", async () => {
    expect((await merged(cleanRun(), diedRun(), cleanRun())).verdict.reasons).toContain(
      "The journal has no end: the run died.",
    );
  });

  test("a side that one shard lost is not given back by another", async () => {
    const lost = sideLostRun(false);
    const on = lost.find((line) => line.event === "side")?.on ?? "candidate";
    const back: JournalLine = { event: "side", n: 1, on, state: "back", reason: "" };
    const { verdict } = await merged(lost, journal([back, ...mixedTraffic(24)]));
    expect(verdict.reasons.join()).toContain("never came back");
  });

  test("a cause of several shards is one row that names the first of them", async () => {
    const [first, second] = [cleanRun(), divergingRun()];
    const { causes, verdict } = await merged(first, second, second);
    expect(verdict.is).toBe("diverges");
    const cause = causes.diverges.find(({ operation }) => operation === "getData");
    expect(cause?.occurrences).toBe(34);
    expect(cause?.firstSeen.case).toMatch(/^2\/case-/);
    expect(cause?.firstSeen.n).toBe(240 + 961);
    expect(cause?.shrinking?.file.startsWith(root)).toBe(true);
  });

  test("a known list is asked about the case as its shard named it", async () => {
    const files = [cleanRun(), journal([...mixedTraffic(20), ...divergence(21, { case: "watch/one" })])].map(file);
    const asked: string[] = [];
    await readMergedView(files, (line) => void asked.push(line.case));
    expect(asked).toEqual(["watch/one"]);
  });

  test("what they do not share is left out; the duration reaches from the first start to the last end", async () => {
    const options = { profile: "mixed", shard: "1/2" };
    const early = shard({ startedAt: "2026-03-14T09:00:00.000Z", seed: "1", replayToken: "zx1:a", options }, 60_000);
    const beside = shard({ startedAt: "2026-03-14T09:00:01.000Z", seed: "2", replayToken: "zx1:b" }, 60_000);
    const { run, counts } = await merged(early, beside);
    expect(run?.options).toEqual({ profile: "mixed", shards: 2 });
    expect(run).not.toHaveProperty("seed");
    expect(run).not.toHaveProperty("replayToken");
    expect(counts.durationMs).toBe(61_000);
    const later = shard({ startedAt: "2026-03-14T09:02:00.000Z" }, 60_000);
    expect((await merged(later, early)).counts.durationMs).toBe(180_000);
    expect((await merged(later, early)).run?.startedAt).toBe("2026-03-14T09:00:00.000Z");
  });
});
