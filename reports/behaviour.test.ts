import { expect, test } from "vitest";
import type { BehaviourTable } from "../oracle/journal.ts";
import { behaviourOf } from "./behaviour.ts";
import { summaryOf } from "./summary.ts";
import { journal } from "./testdata/journals.ts";
import { behaviourLine, mixedTraffic } from "./testdata/runs.ts";
import { viewOf } from "./view.ts";

test("the table reaches view and summary and decides nothing", () => {
  const view = viewOf(journal([...mixedTraffic(240), behaviourLine]));
  expect(view.behaviour).toMatchObject({ operations: 3, differing: ["delete"] });
  expect(view.behaviour?.rows[2]).toMatchObject({ differs: true, cells: [["unchanged"], ["+1"], ["unchanged", "op"]] });
  expect(summaryOf(view)).toMatchObject({ verdict: "conforms", behaviour: { operations: 3, differing: ["delete"] } });
});

test("a run without one says so", () => {
  expect(summaryOf(viewOf(journal([...mixedTraffic(240)]))).behaviour).toBeNull();
});

test("of a foreign journal's table only so much is kept, and all of it printable", () => {
  const row = { operation: "\u202eevil".repeat(1_000), on: "node", result: ["<b>", "<b>"], cells: [] } as const;
  const table: BehaviourTable = { servers: [], fields: Array(1_000).fill("f"), rows: Array(10_000).fill(row) };
  const view = behaviourOf(table);
  expect(view.rows.length).toBeLessThanOrEqual(300);
  expect(view.fields.length).toBeLessThanOrEqual(20);
  expect(view.rows[0]?.operation).not.toContain("\u202e");
  expect(JSON.stringify(view).length).toBeLessThan(200_000);
});
