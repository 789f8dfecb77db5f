import { expect, test } from "vitest";
import { AgreeableDoor } from "../../scenarios/agreeable-door.fixture.ts";
import type { Scenario } from "../../scenarios/format.ts";
import type { Downstream, Hello } from "../../src/backend.ts";
import type { Contender, Duel } from "./servers.ts";
import { openChecks } from "./stage.ts";

/** A side that agrees to everything. */
function agreeable(): Contender {
  const door = new AgreeableDoor();
  const backend = {
    status: () => ({}),
    open: (hello: Hello, downstream: Downstream) => door.open({ case: "c", session: "s" }, hello, downstream),
    close: async () => undefined,
  } as unknown as Contender["backend"];
  return { backend, description: { name: "agreeable", address: "", version: "3.9.0" } } as unknown as Contender;
}

const scenario: Scenario = { ...{ why: "w", source: "s", sessions: ["a"] }, steps: [{ by: "a", op: "ping" }] };

test("the run's cases count for coverage, the trials of a shrink do not", async () => {
  const duel: Duel = { candidate: agreeable(), oracle: agreeable(), chroot: "", stop: async () => undefined };
  const { arena, lab, cells, close } = openChecks(
    { candidate: "auto", oracle: "auto", answerFrom: "oracle", settleMs: 50, cleanup: false },
    { duel, known: [], lie: (backend) => backend, journal: () => undefined },
  );
  await lab.run(scenario, "trial-1");
  expect(cells.cells).toBe(0);
  await arena.run(scenario, "seq-1");
  expect(cells.cells).toBe(4);
  expect(arena.cells).toBe(cells);
  await close();
});
