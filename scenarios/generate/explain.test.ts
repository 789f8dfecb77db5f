import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { DivergenceLine, JournalLine } from "../../oracle/journal.ts";
import type { Arena } from "../arena.ts";
import type { Scenario, Step } from "../format.ts";
import { explain } from "./explain.ts";
import { loadProfile } from "./profile.ts";
import { scenarioOf } from "./sequence.ts";

const plan = { seed: 7, profile: loadProfile("default"), allowHazards: false };

const divergenceOf = (fingerprint: string): DivergenceLine => ({
  ...{ event: "divergence", n: 1, case: "c", session: "a", fingerprint, operation: "exists", verdict: "diverges" },
  ...{
    differences: [],
    request: { op: "exists", path: "/n" },
    answers: { candidate: { is: "none" }, oracle: { is: "none" } },
  },
});

/** A lab in which nothing is answered any more. */
const stuckLab = {
  run: (_: Scenario, __: string, { giveUp }: { giveUp: AbortSignal }) =>
    new Promise((resolve) => {
      const result = { outcome: { is: "given-up", steps: 1 }, record: { fingerprints: new Set() } };
      if (giveUp.aborted) resolve(result);
      else giveUp.addEventListener("abort", () => resolve(result));
    }),
} as unknown as Arena;

type Shown = (steps: readonly Step[], pace: Scenario["pace"]) => string | undefined;

/** A lab in which a sequence shows what somebody says. */
const labIn = (shown: Shown): Arena =>
  ({
    run: async ({ steps, pace }: Scenario) => {
      const fingerprint = shown(steps, pace);
      const divergence = fingerprint === undefined ? undefined : divergenceOf(fingerprint);
      const fingerprints = new Set(fingerprint === undefined ? [] : [fingerprint]);
      return {
        outcome: { is: "done", steps: steps.length },
        record: { divergence, fingerprints },
        seen: [],
        root: "/x/r",
      };
    },
  }) as unknown as Arena;

/** The counterexample, what was saved of it, and the notes about it. */
async function explained(steps: readonly Step[], shown: Shown) {
  const reportDir = mkdtempSync(join(tmpdir(), "zetcd-explain-"));
  const lines: JournalLine[] = [];
  const counterexample = await explain(scenarioOf(steps, plan, 0), divergenceOf("first"), {
    ...{ lab: labIn(shown), journal: (line) => void lines.push(line), reportDir, replayFile: (name) => name },
    ...{ stop: new AbortController().signal, shrinkMs: 5_000, plan, index: 0, replay: "" },
  });
  const saved: Scenario = JSON.parse(readFileSync(join(reportDir, counterexample?.file ?? ""), "utf8"));
  rmSync(reportDir, { recursive: true });
  return { counterexample, saved, notes: lines.flatMap((line) => (line.event === "note" ? [line.text] : [])) };
}

const steps: readonly Step[] = [
  { by: "a", op: "exists", path: "/m" },
  { by: "a", op: "createContainer", path: "/n" },
  { by: "b", op: "setData", path: "/m" },
  { by: "b", op: "exists", path: "/n" },
];
const has = (some: readonly Step[], ...ops: readonly Step["op"][]) =>
  ops.every((op) => some.some((step) => step.op === op));

test("what shows itself again is shrunk as it is", async () => {
  const { counterexample, notes } = await explained(steps, (some) => (has(some, "setData") ? "first" : undefined));
  expect(counterexample).toMatchObject({ fingerprint: "first", operations: 1, reproduced: 3, attempts: 3 });
  expect(notes).toEqual([]);
});

test("what shows itself in a pipeline by chance, and always one request at a time, is shrunk so", async () => {
  const { counterexample, saved } = await explained(steps, (some, pace) =>
    has(some, "setData") && (pace === "serial" || some.length > 2) ? "first" : undefined,
  );
  expect(counterexample).toMatchObject({ operations: 1, reproduced: 3 });
  expect(saved.pace).toBe("serial");
});

test("what shows itself in a pipeline alone stays in one", async () => {
  const { counterexample, saved } = await explained(steps, (some, pace) =>
    has(some, "setData") && pace === "pipelined" ? "first" : undefined,
  );
  expect(counterexample).toMatchObject({ operations: 1, reproduced: 3 });
  expect(saved.pace).toBe("pipelined");
});

test("what does not, where znodes go by themselves, is given time, and what it shows then stands for it", async () => {
  const { counterexample, notes } = await explained(steps, (some) =>
    has(some, "createContainer", "reap") ? "second" : undefined,
  );
  expect(counterexample).toMatchObject({ fingerprint: "first", operations: 2, reproduced: 3 });
  expect(notes).toEqual([expect.stringContaining("given time")]);
});

test("what shows itself by chance alone is given time, or keeps the time that it had", async () => {
  for (const found of [steps, [...steps, { by: "a", op: "reap" } as const]]) {
    const runs = new Map<string, number>();
    const byChance: Shown = (some) => {
      const run = runs.get(JSON.stringify(some)) ?? 0;
      runs.set(JSON.stringify(some), run + 1);
      return has(some, "createContainer") && (has(some, "reap") || run % 3 === 0) ? "first" : undefined;
    };
    const { counterexample, saved } = await explained(found, byChance);
    expect(saved.steps.map(({ op }) => op)).toEqual(["createContainer", "reap"]);
    expect(counterexample).toMatchObject({ reproduced: 3 });
  }
});

test("where nothing goes by itself nobody waits", async () => {
  const calm = steps.filter(({ op }) => op !== "createContainer");
  const { counterexample, notes } = await explained(calm, (some) => (has(some, "reap") ? "second" : undefined));
  expect(counterexample).toMatchObject({ fingerprint: "first", operations: 3, reproduced: 0 });
  expect(notes).toEqual([expect.stringContaining("does not show itself again")]);
});

test("an interruption ends it also where trials wait for a stuck server, and leaves no counterexample that nobody has seen", async () => {
  const stop = new AbortController();
  const lines: JournalLine[] = [];
  const running = explain(scenarioOf(steps, plan, 0), divergenceOf("first"), {
    ...{ lab: stuckLab, journal: (line) => void lines.push(line), reportDir: "", replayFile: (name) => name },
    ...{ stop: stop.signal, shrinkMs: 60_000, plan, index: 0, replay: "" },
  });
  stop.abort();
  expect(await running).toBeUndefined();
  expect(lines).toEqual([]);
});
