/** The gate is tested by mutation: each of its conditions is broken once, and the situations below must notice. A condition that can be broken
 *  unnoticed would let something through in CI. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import type { KnownDivergence } from "../oracle/compare/known.ts";
import { knownMatcher } from "../oracle/compare/known.ts";
import type { JournalLine } from "../oracle/journal.ts";
import { type GateOptions, judge } from "./gate.ts";
import { cellsLine, divergence, journal } from "./testdata/journals.ts";
import { cleanRun, diedRun, divergingRun, mixedTraffic } from "./testdata/runs.ts";
import { ViewBuilder } from "./view.ts";

const entry: KnownDivergence = {
  id: "D-1",
  match: "**",
  field: "stat.cversion",
  why: "counted otherwise",
  issue: "https://example.org/1",
  owner: "someone",
  expires: "2026-12-31",
};
const today = "2026-11-21";
const counted = (hit: string): JournalLine[] => journal([...mixedTraffic(20), cellsLine(hit)]);
const cversion = (): JournalLine[] => journal([...mixedTraffic(20), ...divergence(21)]);

/** What a gate may have to judge: journals, and what is demanded of them. */
const situations: readonly { readonly runs: JournalLine[][]; readonly options: Partial<GateOptions> }[] = [
  { runs: [cleanRun()], options: {} },
  { runs: [], options: {} },
  { runs: [cleanRun(), divergingRun(), divergingRun()], options: {} },
  { runs: [diedRun()], options: {} },
  { runs: [diedRun(), cversion()], options: {} },
  { runs: [cversion()], options: { known: [entry] } },
  { runs: [cleanRun()], options: { known: [entry] } },
  { runs: [[]], options: { known: [entry] } },
  { runs: [cversion()], options: { known: [entry], today: "2027-01-01" } },
  { runs: [cleanRun(240), cleanRun(240)], options: { minOperations: 480 } },
  { runs: [cleanRun(240), cleanRun(240)], options: { minOperations: 481 } },
  { runs: [cleanRun()], options: { coverageFloor: 0.01 } },
  { runs: [cleanRun()], options: { coverageFloor: 0.99 } },
  { runs: [counted("0100"), counted("4100")], options: { minCells: 2 } },
  { runs: [counted("0100"), counted("4100")], options: { minCells: 3 } },
  { runs: [cleanRun()], options: { minCells: 1 } },
  { runs: [cversion()], options: { baseline: ["getData stat.cversion value", "exists err value"] } },
];

/** A gate's word on every situation. */
function verdicts(decide: typeof judge): string {
  return JSON.stringify(
    situations.map(({ runs, options }) => {
      const all: GateOptions = { known: [], today, ...options };
      const shards = runs.map((lines, at) => {
        const builder = new ViewBuilder(knownMatcher(all.known));
        for (const line of lines) builder.add(line);
        return { name: `run ${at + 1}`, view: builder.view() };
      });
      const { exitCode, reasons, change } = decide(shards, all);
      return { exitCode, reasons: reasons.map(({ of, text }) => `${of}: ${text}`), change };
    }),
  );
}

/** What is broken: a text of the gate's source, and what stands there instead. */
const mutations: readonly (readonly [string, string])[] = [
  ["...divergenceReasons(shards),", ""],
  ["...knownReasons(shards, options),", ""],
  ["...doubts(shards),", ""],
  ["...floorReasons({ checkedReplies, coverage }, options),", ""],
  ["reason.exitCode === 1) ? 1", "reason.exitCode === 1) ? 2"],
  ["reasons.length > 0 ? 2 : 0", "0"],
  ["reasons.length > 0 ? 2", "reasons.length > 1 ? 2"],
  ["seen.times += cause.occurrences", "seen.times = cause.occurrences"],
  ["(looked ? stale : [])", "stale"],
  ["(looked ? stale : [])", "([] as typeof stale)"],
  ["...expired.map", "...[].slice(0, 0).concat(expired.slice(0, 0) as never).map"],
  ["if (shards.length === 0)", "if (false)"],
  ['view.verdict.is === "conforms" ?', "true ?"],
  ["checkedReplies < minOperations", "checkedReplies <= minOperations"],
  ["checkedReplies < minOperations", "false"],
  ["share < coverageFloor", "false"],
  ["share < coverageFloor", "share > coverageFloor"],
  ["sum + view.counts.checkedReplies, 0)", "view.counts.checkedReplies, 0)"],
  ["for (const { view } of shards) merged.merge(view.coverage);", ""],
  ["...cellReasons(cells?.hit ?? 0, options),", ""],
  ["hit < minCells", "hit <= minCells"],
  ["if (view.cells !== undefined) all.add(view.cells.sum);", ";"],
  ["cells?.hit ?? 0", "cells?.hit ?? 1"],
  ["options.baseline === undefined", "true"],
];

const dir = mkdtempSync(join(tmpdir(), "gate-mutants-"));
afterAll(() => rmSync(dir, { recursive: true }));
const source = readFileSync(join(import.meta.dirname, "gate.ts"), "utf8");
const sound = verdicts(judge);

/** The verdicts of a gate whose source reads so. */
async function verdictsOf(name: string, text: string): Promise<string> {
  const file = join(dir, `${name}.ts`);
  const absolute = (from: string): string => `from "${new URL(from.slice(6, -1), import.meta.url).href}"`;
  writeFileSync(file, text.replace(/from "\.\.?\/[^"]*"/g, absolute));
  const mutant = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { judge: typeof judge };
  return verdicts(mutant.judge);
}

test("an unbroken copy decides as the gate does", async () => {
  expect(await verdictsOf("sound", source)).toBe(sound);
});

test.each(mutations.map(([was, is], at) => ({ at, was, is })))("$was → $is is noticed", async ({ at, was, is }) => {
  expect(source).toContain(was);
  expect(await verdictsOf(`mutant-${at}`, source.replace(was, is))).not.toBe(sound);
});
