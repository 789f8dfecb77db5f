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

test("cells are counted over all cases", async () => {
  const cells = new CellCount();
  const door = new AgreeableDoor();
  const check = { openAs: door.open, settled: door.settled };
  const arena = new Arena(check, new Casebook(() => undefined), { chroot: "/chroot", cells });
  // The root is made, watched, read for the fence, and the session closed.
  await arena.run(scenario, "one");
  expect(cells.cells).toBe(4);
  await arena.run(scenario, "two");
  expect(cells.cells).toBe(4);
  expect([...cells.beyond]).toEqual([]);
  const exists = cells.line().pairs.find(({ op, result }) => op === "exists" && result === "OK");
  expect(exists?.times).toBe(4);
});
