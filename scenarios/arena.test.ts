import { expect, test } from "vitest";
import { AgreeableDoor } from "./agreeable-door.fixture.ts";
import { Arena } from "./arena.ts";
import { Casebook } from "./casebook.ts";
import { CellCount } from "./coverage/cells.ts";
import type { Scenario } from "./format.ts";

const scenario: Scenario = {
  ...{ why: "w", source: "s", sessions: ["a"] },
  steps: [{ by: "a", op: "exists", path: "", watch: true }],
};

function arenaWith(cells?: CellCount): Arena {
  const door = new AgreeableDoor();
  const check = { openAs: door.open, settled: door.settled };
  return new Arena(check, new Casebook(() => undefined), { chroot: "/chroot", ...(cells && { cells }) });
}

test("cells are counted over all cases, and each case says how many it was the first to hit", async () => {
  const cells = new CellCount();
  const arena = arenaWith(cells);
  // The root is made, watched, read for the fence, and the session closed.
  expect((await arena.run(scenario, "one")).newCells).toBe(4);
  expect((await arena.run(scenario, "two")).newCells).toBe(0);
  expect(cells.cells).toBe(4);
  expect([...cells.beyond]).toEqual([]);
  const exists = cells.line().pairs.find(({ op, result }) => op === "exists" && result === "OK");
  expect(exists?.times).toBe(4);
});

test("nothing is counted where nobody asks", async () => {
  const arena = arenaWith();
  expect((await arena.run(scenario, "one")).newCells).toBe(0);
  expect(arena.cells).toBeUndefined();
});
