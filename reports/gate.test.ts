import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JournalLine } from "../oracle/journal.ts";
import { gate, judge } from "./gate.ts";
import { divergence, journal } from "./testdata/journals.ts";
import { asText, cleanRun, diedRun, divergingRun, mixedTraffic, sideLostRun } from "./testdata/runs.ts";
import { viewOf } from "./view.ts";

const today = "2026-03-14";
const entry = {
  id: "D-1",
  match: "**/getData",
  field: "stat.cversion",
  why: "counted otherwise",
  issue: "https://example.org/1",
  expires: "2026-12-31",
};

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gate-"));
});
afterEach(() => rmSync(root, { recursive: true }));

/** A report directory with this journal. */
function shard(lines: readonly JournalLine[]): string {
  const dir = mkdtempSync(join(root, "shard-"));
  writeFileSync(join(dir, "journal.jsonl"), asText(lines));
  return dir;
}
const cversion = () => journal([...mixedTraffic(20), ...divergence(21)]);
const decide = async (
  journals: readonly (readonly JournalLine[])[],
  options: Partial<Parameters<typeof gate>[1]> = {},
) => {
  const { exitCode, reasons } = await gate(journals.map(shard), { known: [], today, ...options });
  return { exitCode, text: reasons.map((reason) => reason.text).join("\n") };
};

describe("the gate", () => {
  test("opens for shards that conform", async () => {
    expect(await decide([cleanRun(), cleanRun()], { minOperations: 480, coverageFloor: 0.1 })).toEqual({
      exitCode: 0,
      text: "",
    });
  });

  test("is shut by one diverging shard among many, one reason per cause", async () => {
    const { exitCode, text } = await decide([cleanRun(), divergingRun(), divergingRun()]);
    expect(exitCode).toBe(1);
    expect(text).toContain("getData stat.cversion value × 34");
    expect(text.match(/^diverges: /gm)).toHaveLength(5);
  });

  test("applies today's list, not the journal's", async () => {
    expect(await decide([cversion()], { known: [entry] })).toEqual({ exitCode: 0, text: "" });
    const recorded = journal([...mixedTraffic(20), ...divergence(21, { known: "D-1" }, "known")]);
    expect(await decide([recorded], { known: [entry] })).toEqual({ exitCode: 0, text: "" });
    expect((await decide([recorded])).exitCode).toBe(1);
  });

  test("is shut by a stale entry and names the line to delete", async () => {
    const { exitCode, text } = await decide([cleanRun()], { known: [entry] });
    expect({ exitCode, text }).toEqual({ exitCode: 1, text: "stale: D-1 did not occur any more; delete its entry" });
  });

  test("an entry that one shard saw is not stale", async () => {
    expect((await decide([cleanRun(), cversion()], { known: [entry] })).exitCode).toBe(0);
  });

  test("is shut by an expired entry from the day after", async () => {
    expect((await decide([cversion()], { known: [entry], today: "2026-12-31" })).exitCode).toBe(0);
    const { exitCode, text } = await decide([cversion()], { known: [entry], today: "2027-01-01" });
    expect(exitCode).toBe(1);
    expect(text).toContain("expired: D-1 was tolerated until 2026-12-31");
  });

  test.each([
    ["a journal without its end", diedRun()],
    ["a side lost for good", sideLostRun(false)],
    ["nothing compared", journal([])],
    ["an empty journal", []],
    ["an unstable oracle", journal([...mixedTraffic(20), ...divergence(21, {}, "oracle-unstable")])],
  ])("%s leaves it undecided, also beside a good shard", async (_, lines) => {
    expect((await decide([cleanRun(), lines])).exitCode).toBe(2);
  });

  test("a run that checked nothing makes no entry stale", async () => {
    expect((await decide([[]], { known: [entry] })).exitCode).toBe(2);
  });

  test("no directory at all is undecided", async () => {
    const { exitCode, text } = await decide([]);
    expect(exitCode).toBe(2);
    expect(text).toContain("no report directory");
  });

  test("the traffic floor counts all shards together, and is exact", async () => {
    expect((await decide([cleanRun(240), cleanRun(240)], { minOperations: 480 })).exitCode).toBe(0);
    const { exitCode, text } = await decide([cleanRun(240), cleanRun(240)], { minOperations: 481 });
    expect({ exitCode, text }).toEqual({
      exitCode: 2,
      text: "too little traffic: 480 replies compared, the floor is 481",
    });
  });

  test("the coverage floor counts what any shard reached", () => {
    const views = [cleanRun()].map((lines) => ({ name: "a", view: viewOf(lines) }));
    const { coverage } = judge(views, { known: [], today });
    const share = coverage.exercised / coverage.plausible;
    expect(judge(views, { known: [], today, coverageFloor: share }).exitCode).toBe(0);
    expect(judge(views, { known: [], today, coverageFloor: share + 0.001 })).toMatchObject({ exitCode: 2 });
  });

  test("a divergence outweighs a doubt", async () => {
    expect((await decide([diedRun(), divergingRun()])).exitCode).toBe(1);
  });

  test("compares with an earlier run: new, gone, still there", async () => {
    const { change } = await gate([shard(cversion())], {
      known: [],
      today,
      baseline: ["getData stat.cversion value", "exists err value"],
    });
    expect(change).toEqual({ fresh: [], gone: ["exists err value"], still: ["getData stat.cversion value"] });
  });

  test("a directory without a journal is an error, not a verdict", async () => {
    await expect(gate([root], { known: [], today })).rejects.toMatchObject({ code: "ENOENT" });
  });
});
