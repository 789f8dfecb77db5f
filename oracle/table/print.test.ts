import { expect, test } from "vitest";
import type { BehaviourTable } from "../journal.ts";
import { type PrintedTable, printTable, tableHeadline } from "./print.ts";

const server = (name: string) => ({ name, version: "1|2", address: "127.0.0.1:1" });
const table: BehaviourTable = {
  servers: [server("a"), server("b")],
  fields: ["version", "pzxid"],
  rows: [
    ["setData", "node", "OK", "OK", "+1", "+1", "unchanged", "unchanged"],
    ["delete", "parent", "OK", "OK", "unchanged", "unchanged", "unchanged", "op"],
  ].map(([operation = "", on, r1 = "", r2 = "", v1 = "", v2 = "", p1 = "", p2 = ""]) => ({
    ...{ operation, on: on === "node" ? "node" : "parent", result: [r1, r2] },
    cells: [
      [v1, v2],
      [p1, p2],
    ],
  })),
};

test("text marks the rows and cells that differ", () => {
  const lines = printTable(table, "text").split("\n");
  expect(lines[0]).toBe("a 1|2 (127.0.0.1:1) against b 1|2 (127.0.0.1:1)");
  expect(lines[2]).toBe("  operation  on      result  version  pzxid");
  expect(lines[3]).toBe("  setData    node    OK      +1       ·");
  expect(lines[4]).toBe("≠ delete     parent  OK      ·        · ≠ op");
  expect(lines.at(-2)).toBe("1 of 2 operations differ.");
});

test("Markdown escapes names and sets differences in bold", () => {
  const lines = printTable(table, "markdown").split("\n");
  expect(lines[0]).toContain("a 1\\|2");
  expect(lines[2]).toBe("| operation | on | result | version | pzxid |");
  expect(lines[5]).toBe("| delete | parent | OK | · | **· ≠ op** |");
});

test("JSON says of each row whether it differs", () => {
  const printed = JSON.parse(printTable(table, "json")) as PrintedTable;
  expect(printed.rows.map(({ differs }) => differs)).toEqual([false, true]);
  expect(printed.rows[1]?.cells[1]).toEqual(["unchanged", "op"]);
});

test("one server alone differs from nobody", () => {
  const alone = {
    ...table,
    servers: [server("a")],
    rows: table.rows.map((row) => ({ ...row, result: ["OK"], cells: row.cells.map(([first = ""]) => [first]) })),
  };
  expect(tableHeadline(alone)).toBe("2 operations observed.");
  expect(printTable(alone, "text")).not.toContain("≠");
});
