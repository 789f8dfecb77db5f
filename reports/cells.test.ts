import { describe, expect, test } from "vitest";
import type { CellsLine, JournalLine } from "../oracle/journal.ts";
import { Cells } from "./cells.ts";
import { judge } from "./gate.ts";
import { gateText } from "./gate-wording.ts";
import { pageDataOf } from "./html.ts";
import { markdownOf } from "./markdown.ts";
import { summaryOf } from "./summary.ts";
import { cellsLine, journal } from "./testdata/journals.ts";
import { mixedTraffic } from "./testdata/runs.ts";
import { type View, viewOf } from "./view.ts";

const run = (line: CellsLine, cellsFloor?: number): JournalLine[] =>
  journal([...mixedTraffic(24), line], cellsFloor === undefined ? {} : { run: { cellsFloor } });
const cellsOf = (...lines: readonly CellsLine[]) => {
  const cells = new Cells();
  for (const line of lines) cells.add(line);
  return cells.view();
};
const decide = (views: readonly View[], minCells?: number) =>
  judge(
    views.map((view, at) => ({ name: `run ${at}`, view })),
    { known: [], today: "2026-11-21", ...(minCells === undefined ? {} : { minCells }) },
  );

describe("a cells line", () => {
  test("is counted by pair, and names the states that a pair never met", () => {
    // delete OK: cells 0-3 of persistent, 4-5 of ttl; delete NOTEMPTY: 6-7 of parent; multi/delete OK: 8.
    const view = cellsOf(cellsLine("0501"));
    expect(view).toMatchObject({ hit: 3, reachable: 9, never: ["delete → NOTEMPTY"], neverCut: 0 });
    expect(view?.rows[0]?.entries[0]).toMatchObject({ result: "OK", hit: 2, reachable: 6, unmet: ["ttl"] });
    expect(view?.rows.map(({ op }) => op)).toEqual(["delete", "multi/delete"]);
  });

  test("of another shard adds its cells, each once", () => {
    const view = cellsOf(cellsLine("0100"), cellsLine("4100"));
    expect(view).toMatchObject({ hit: 2, never: ["multi/delete → OK"] });
    expect(view?.rows[0]?.entries[0]?.times).toBe(14);
    expect(cellsOf(view?.sum ?? cellsLine("00"))).toEqual(view);
  });

  test("that numbers its cells otherwise is not added up", () => {
    const other: CellsLine = { ...cellsLine("ff01"), pairs: cellsLine("").pairs.slice(1) };
    expect(cellsOf(cellsLine("0100"), other)?.hit).toBe(1);
  });

  test("of a broken journal is bounded", () => {
    const pairs = Array.from({ length: 5_000 }, (_, n) => ({
      ...{ op: `op${n}\u202e`, result: "x".repeat(500), times: Number.NaN },
      nodes: [["n", 3]] as const,
    }));
    const view = cellsOf({ event: "cells", pairs, hit: "zz".repeat(1_000_000), beyond: -1 });
    expect(view).toMatchObject({ hit: 0, reachable: 3_000, beyond: 0, neverCut: 800 });
    expect(view?.never[0]).not.toContain("\u202e");
    const huge = { event: "cells", pairs: [{ ...cellsLine("").pairs[0], nodes: [["n", 1e9]] }], hit: "", beyond: 0 };
    expect(() => cellsOf(huge as unknown as CellsLine)).toThrow(TypeError);
    expect(() => cellsOf({ event: "cells" } as CellsLine)).toThrow(TypeError);
  });
});

describe("the floor", () => {
  test("of a run leaves it undecided, and says which and how many", () => {
    expect(viewOf(run(cellsLine("0501"), 3)).verdict).toMatchObject({ is: "conforms", exitCode: 0 });
    expect(viewOf(run(cellsLine("0501"), 4)).verdict).toMatchObject({
      exitCode: 2,
      reasons: ["Only 3 coverage cells were hit; the floor is 4."],
    });
    expect(viewOf(journal([...mixedTraffic(24)], { run: { cellsFloor: 1 } })).verdict.exitCode).toBe(2);
  });

  test("of the gate is held against all shards together", () => {
    const views = [viewOf(run(cellsLine("0100"))), viewOf(run(cellsLine("4100")))];
    expect(decide(views, 2)).toMatchObject({ exitCode: 0, cells: { hit: 2, reachable: 9 } });
    expect(decide(views, 3)).toMatchObject({
      exitCode: 2,
      reasons: [{ of: "floor", text: "too few cells: 2 coverage cells hit, the floor is 3" }],
    });
    expect(decide([viewOf(journal([...mixedTraffic(24)]))], 1).exitCode).toBe(2);
    expect(gateText(decide(views))).toContain(", 2 of 9 cells");
  });
});

test("the other reports have a line of it, the page has all but the bits", () => {
  const view = viewOf(run(cellsLine("0501")));
  expect(summaryOf(view).coverage.cells).toEqual({ hit: 3, reachable: 9, never: ["delete → NOTEMPTY"], neverCut: 0 });
  expect(markdownOf(view)).toContain("3 of 9 coverage cells");
  expect(pageDataOf(view).view.cells).toMatchObject({ hit: 3 });
  expect(pageDataOf(view).view.cells).not.toHaveProperty("sum");
});
