import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Arena } from "../arena.ts";
import { CellCount } from "../coverage/cells.ts";
import type { Scenario } from "../format.ts";
import { moodsOf } from "./moods.ts";
import { loadProfile } from "./profile.ts";
import { type FuzzLimits, fuzz } from "./property.ts";
import { generator, moodsBySeed } from "./sequence.ts";

const plan = { seed: 7, profile: loadProfile("default"), allowHazards: false };
const limits: FuzzLimits = {
  ...{ runs: 4, operations: Number.POSITIVE_INFINITY, timeLimitMs: 60_000, inFlight: 2 },
  ...{ maxCauses: 5, shrinkMs: 0, endOnFailure: false, isSteered: false },
};

/** The sequences that a run sends, by name and content. */
async function sequencesOf(own: FuzzLimits, cells?: CellCount): Promise<Map<string, Scenario>> {
  const sent = new Map<string, Scenario>();
  const arena = {
    cells,
    run: async (scenario: Scenario, name: string) => {
      sent.set(name, scenario);
      return { outcome: { is: "done", steps: scenario.steps.length }, record: { name } };
    },
  } as unknown as Arena;
  const nothing = () => "";
  await fuzz(plan, own, {
    ...{ arena, lab: arena, journal: () => undefined, reportDir: "", replayOf: nothing, replayFile: nothing },
    stop: new AbortController().signal,
  });
  return sent;
}

test("shards send each sequence of the seed once", async () => {
  const whole = await sequencesOf({ ...limits, runs: 12 });
  const shards = await Promise.all([1, 2, 3].map((index) => sequencesOf({ ...limits, shard: { index, count: 3 } })));
  expect(shards.map((shard) => [...shard.keys()])[1]).toEqual(["seq-1", "seq-4", "seq-7", "seq-10"]);
  const all = shards.flatMap((shard) => [...shard]);
  expect(all).toHaveLength(12);
  expect(new Map(all)).toEqual(new Map([...whole].sort()));
});

test("a steered run prefers aims that have cells to hit, and its numbers name the same sequences", async () => {
  const moods = moodsOf(plan.profile);
  const moodAt = moodsBySeed(moods, plan.seed);
  const cells = new CellCount();
  const steered = await sequencesOf({ ...limits, runs: 60, isSteered: true }, cells);
  const inOrder = await sequencesOf({ ...limits, runs: 60 }, cells);
  const aims = (sent: Map<string, Scenario>) =>
    [...sent.keys()].filter((name) => moods[moodAt(Number(name.slice("seq-".length)))]?.aim !== undefined).length;
  expect(aims(steered)).toBeGreaterThan(aims(inOrder) + 10);
  const at = generator(plan);
  for (const [name, scenario] of steered) expect(scenario).toEqual(at(Number(name.slice("seq-".length))));
});

test("an interrupted run gives up what waits for a server that is stuck", async () => {
  const stop = new AbortController();
  const arena = {
    run: async (_: Scenario, name: string, { giveUp }: { giveUp: AbortSignal }) => {
      await new Promise((resolve) => giveUp.addEventListener("abort", resolve));
      return { outcome: { is: "given-up", steps: 3 }, record: { name } };
    },
  } as unknown as Arena;
  const means = {
    arena,
    lab: arena,
    journal: () => undefined,
    reportDir: "",
    replayOf: () => "",
    replayFile: () => "",
  };
  const running = fuzz(plan, limits, { ...means, stop: stop.signal });
  await sleep(0);
  stop.abort();
  expect(await running).toMatchObject({ ended: "interrupted", runs: 2, operations: 6 });
});

test.each([
  { what: "eight cases at once are one mishap", lostFrom: 0, lostTo: 8, ended: "limit" },
  { what: "a server that gives no session any more is lost", lostFrom: 8, lostTo: 1_000, ended: "lost" },
])("cases without a session: $what", async ({ lostFrom, lostTo, ended }) => {
  let begun = 0;
  const arena = {
    run: async (_: Scenario, name: string) => {
      const number = begun++;
      await sleep(1);
      const isLost = number >= lostFrom && number < lostTo;
      return {
        outcome: isLost ? { is: "lost", steps: 0, reason: "none" } : { is: "done", steps: 3 },
        record: { name },
      };
    },
  } as unknown as Arena;
  const means = {
    ...{ arena, lab: arena, journal: () => undefined, reportDir: "", replayOf: () => "", replayFile: () => "" },
    stop: new AbortController().signal,
  };
  const own = { ...limits, runs: 60, operations: Number.POSITIVE_INFINITY, inFlight: 8 };
  expect((await fuzz(plan, own, means)).ended).toBe(ended);
});

/** What a run makes of sequences that each diverge in a way of their own, which nothing shorter shows: how long it shrank each cause, ms. */
async function shrinkTimes(own: FuzzLimits, trialMs: number): Promise<number[]> {
  const reportDir = mkdtempSync(join(tmpdir(), "zetcd-property-"));
  const whole = new Map<number, string>();
  const resultOf = (fingerprints: readonly string[]) => {
    const [fingerprint] = fingerprints;
    const line = { event: "divergence", n: 1, case: "c", operation: "exists", verdict: "diverges", differences: [] };
    const divergence = fingerprint === undefined ? undefined : { ...line, fingerprint };
    const record = { name: "c", divergence, fingerprints: new Set(fingerprints) };
    return { outcome: { is: "done", steps: 1 }, record, seen: [], root: "/x/r" };
  };
  const arena = {
    run: async (scenario: Scenario, name: string) => {
      whole.set(scenario.steps.length, `${name} ${scenario.steps.length}`);
      await sleep(own.timeLimitMs);
      return resultOf([`${name} ${scenario.steps.length}`]);
    },
  } as unknown as Arena;
  const lab = {
    run: async ({ steps }: Scenario) => {
      await sleep(trialMs);
      const shown = whole.get(steps.length);
      return resultOf(shown === undefined ? [] : [shown]);
    },
  } as unknown as Arena;
  const times: number[] = [];
  await fuzz(plan, own, {
    ...{ arena, lab, reportDir, replayOf: () => "", replayFile: () => "", stop: new AbortController().signal },
    journal: (line) => void (line.event === "counterexample" && times.push(line.shrinkMs)),
  });
  rmSync(reportDir, { recursive: true });
  return times;
}

test("what is left to shrink when the time is over shares as much time once more", async () => {
  const own = { ...limits, runs: 3, inFlight: 3, shrinkMs: 1_800, timeLimitMs: 200 };
  const sum = (times: readonly number[]) => times.reduce((total, time) => total + time, 0);
  const late = await shrinkTimes(own, 100);
  expect(late).toHaveLength(3);
  expect(sum(late)).toBeLessThan(3_500);
});
