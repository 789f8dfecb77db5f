import { describe, expect, test } from "vitest";
import { opcodes } from "../../src/protocol/opcodes.ts";
import { type Cell, CellCount, cellsReachable, reachable } from "./cells.ts";

const cell = (changes: Partial<Cell> = {}): Cell => ({
  ...{ op: "delete", variant: "any", result: "OK", node: "persistent", watch: "none", session: "fresh" },
  ...changes,
});

describe("cells", () => {
  test("are declared for operations of the protocol", () => {
    for (const op of Object.keys(reachable))
      for (const part of op.split("/")) expect(Object.keys(opcodes)).toContain(part);
    expect(cellsReachable()).toBeGreaterThan(5_000);
    expect(cellsReachable()).toBeLessThan(50_000);
  });

  test("count once each, however often they come", () => {
    const count = new CellCount();
    expect([count.add(cell()), count.add(cell()), count.add(cell({ session: "resumed" }))]).toEqual([
      true,
      false,
      true,
    ]);
    expect(count.cells).toBe(2);
    const pair = count.line().pairs.find(({ op, result }) => op === "delete" && result === "OK");
    expect(pair?.times).toBe(3);
  });

  test("that cannot be are told apart, and counted apart", () => {
    const count = new CellCount();
    const impossible = [
      cell({ node: "missing" }),
      cell({ node: "parent" }),
      cell({ result: "NOWATCHER" }),
      cell({ node: "ephemeral-own", session: "resumed" }),
      cell({ op: "exists", variant: "plain", result: "NONODE", node: "missing", watch: "children" }),
      cell({ variant: "any", result: "BADVERSION" }),
    ];
    for (const one of impossible) expect(count.add(one), JSON.stringify(one)).toBe(false);
    expect(count.cells).toBe(0);
    expect(count.line().beyond).toBe(impossible.length);
  });

  test("what is left of an operation goes down with each that is hit, those inside a multi included", () => {
    const count = new CellCount();
    const before = count.unhit("multi", "missing");
    count.add(cell());
    count.add(cell({ op: "multi/create", variant: "persistent", node: "missing" }));
    count.add(cell({ op: "multi/create", variant: "persistent", node: "missing" }));
    expect(count.unhit("multi", "missing")).toBe(before - 1);
    expect(count.unhit("delete", "persistent")).toBe(new CellCount().unhit("delete", "persistent") - 1);
    expect(count.unhit("ping", "ttl")).toBe(0);
  });

  test("a request that cannot be read is refused whole, alone and as a multi", () => {
    const count = new CellCount();
    const refused = { variant: "any", result: "MARSHALLINGERROR", node: "outside" } as const;
    expect(count.add(cell(refused))).toBe(true);
    expect(count.add(cell({ ...refused, op: "multi", variant: "several" }))).toBe(true);
    expect(count.add(cell({ ...refused, op: "multi/delete" }))).toBe(false);
  });

  test("a line has one bit for each declared cell", () => {
    const count = new CellCount();
    count.add(cell());
    const { pairs, hit } = count.line();
    const declared = pairs.flatMap(({ nodes }) => nodes.map(([, cells]) => cells)).reduce((sum, n) => sum + n, 0);
    expect(declared).toBe(cellsReachable());
    expect(hit.length).toBe(2 * Math.ceil(cellsReachable() / 8));
    expect(hit.replaceAll("0", "")).toHaveLength(1);
  });
});
